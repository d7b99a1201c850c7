//! `ple judge`: which of two policies answers better, query by query.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::contest::{ContestArgs, Ready, Scores, ready};
use super::judge_model::{self, ModelArgs};
use super::{Failure, Outcome, Place, exit, signals};
use crate::judge::{Agreement, Contest, EPSILON, JudgeKind, Verdict, by_score, people};
use crate::report::{TableFormat, render, wins_json, wins_table};

#[derive(Debug, Args)]
pub struct JudgeArgs {
    #[command(flatten)]
    contest: ContestArgs,
    /// Who judges; http without this where --judge, --url or --model is given, else reward
    #[arg(long, value_enum)]
    by: Option<By>,
    /// With reward: scores no further apart are a tie
    #[arg(long, value_name = "X", default_value_t = EPSILON, allow_negative_numbers = true)]
    epsilon: f64,
    #[command(flatten)]
    model: ModelArgs,
    /// Write one JSON object with every query, answer and verdict to standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// RUN_A's source of rewards, and truth where it is known
    Reward,
    /// A judge model behind an HTTP endpoint
    Http,
    /// What people said on the screen of ple annotate
    People,
}

pub fn judge(args: &JudgeArgs, place: &Place) -> Outcome {
    if !(args.epsilon.is_finite() && args.epsilon >= 0.0) {
        return Err(Failure::input(format!(
            "--epsilon {}: wants a number of 0 or more",
            args.epsilon
        )));
    }
    let by = match args.by {
        Some(by) if by != By::Http && args.model.is_given() => {
            return Err(Failure::input(
                "--judge, --url and --model name a judge model, which is for --by http",
            ));
        }
        Some(by) => by,
        None if args.model.is_given() => By::Http,
        None => By::Reward,
    };
    // Before anything is sampled.
    let model = match by {
        By::Http => Some(args.model.settings()?),
        _ => None,
    };
    let stop = signals::listen();
    let Some(mut ready) = ready(&args.contest, place, by == By::Reward, &stop)? else {
        eprintln!("ple: interrupted; nothing was judged");
        return Ok(exit::INTERRUPTED);
    };
    let (contests, agreement) = match (by, model) {
        (By::Http, Some(model)) => match judge_model::contest(ready, &model, &stop)? {
            Some((contest, back)) => {
                ready = back;
                (vec![contest], None)
            }
            None => return Ok(exit::INTERRUPTED),
        },
        (By::People, _) => of_people(&ready)?,
        _ => (by_reward(&ready, args.epsilon), None),
    };
    ready.keep(&contests)?;
    say(&ready, &contests, agreement.as_ref(), args.json)?;
    Ok(exit::DONE)
}

/// Prints contests of two policies: a table, or JSON.
pub fn say(ready: &Ready, contests: &[Contest], agreement: Option<&Agreement>, json: bool) -> Result<(), Failure> {
    let told = if json {
        format!("{}\n", wins_json(contests, agreement))
    } else {
        let title = format!("{}\n{}", ready.title, ready.who());
        let table = wins_table(&title, contests, agreement);
        render(&[table], TableFormat::Text).map_err(Failure::failed)?
    };
    // A reader that went away is no failure.
    let _ = std::io::stdout().write_all(told.as_bytes());
    Ok(())
}

fn by_reward(ready: &Ready, epsilon: f64) -> Vec<Contest> {
    let Some(Scores {
        source,
        rewards,
        truths,
    }) = &ready.scores
    else {
        return Vec::new();
    };
    let contest = |kind, judge: &str, scores: [Vec<Option<f64>>; 2], epsilon| {
        let [left, right] = scores;
        let verdicts: Vec<Option<Verdict>> = left
            .iter()
            .zip(&right)
            .map(|(a, b)| by_score((*a)?, (*b)?, epsilon))
            .collect();
        let mut contest = ready.contest(kind, judge.to_string(), &verdicts);
        for (row, scores) in contest.rows.iter_mut().zip(left.into_iter().zip(right)) {
            row.scores = Some([scores.0, scores.1]);
        }
        contest
    };
    // JSON has no word for a number that is none.
    let rewards = rewards
        .clone()
        .map(|r| r.into_iter().map(|x| x.is_finite().then_some(x)).collect());
    let mut found = vec![contest(JudgeKind::Reward, source, rewards, epsilon)];
    if truths.iter().flatten().all(Option::is_some) {
        found.push(contest(JudgeKind::Truth, "the grammar's checker", truths.clone(), 0.0));
    }
    found
}

/// What people said so far: each of them, and all together.
pub fn of_people(ready: &Ready) -> Result<(Vec<Contest>, Option<Agreement>), Failure> {
    let labels = ready.labels()?;
    let found = people(&ready.pairs, &labels, ready.seed);
    let some = |verdicts: &[Option<Verdict>]| verdicts.iter().any(Option::is_some);
    let each: Vec<_> = found.each.iter().filter(|(_, verdicts)| some(verdicts)).collect();
    if each.is_empty() {
        return Err(Failure::input(format!(
            "nobody has judged these answers yet: ple annotate {} {} --annotator NAME --queries {}",
            ready.left.run,
            ready.right.run,
            ready.pairs.len()
        )));
    }
    let mut contests: Vec<Contest> = each
        .iter()
        .map(|(name, verdicts)| ready.contest(JudgeKind::People, name.clone(), verdicts))
        .collect();
    if each.len() > 1 {
        let mut together = ready.contest(JudgeKind::People, "all together".into(), &found.together);
        let names: Vec<&str> = each.iter().map(|(name, _)| &name[..]).collect();
        together.about.push(format!(
            "all together: what most of {} say of a query; where there is no such thing, a tie",
            names.join(", ")
        ));
        contests.push(together);
    }
    Ok((contests, found.agreement))
}
