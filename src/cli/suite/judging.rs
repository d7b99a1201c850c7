//! Who wins over whom, once the runs are evaluated: by the scores of the evaluations, or by asking a judge model.

use std::collections::BTreeMap;

use crate::cli::Failure;
use crate::cli::contest::Ready;
use crate::cli::judge_model::{Asking, ModelArgs, ModelSettings, Poll, agreed};
use crate::cli::signals::Stop;
use crate::config::{SuiteJudgeBy, find_file};
use crate::run::Judgements;
use crate::suite::{Found, Match, Met, SuitePlan, matches};

/// The judge models of a suite, by their places among its judges.
pub type Models = BTreeMap<usize, ModelSettings>;

/// Reads the files of the suite's judge models, before anything has begun: hours of training must not end at a missing key.
/// Where nobody is to be asked (`ask`), they only say whose answers are meant, and one that cannot be read is left out with a
/// word. `yes`: they may be asked without another word.
pub fn models(plan: &SuitePlan, ask: bool, yes: bool) -> Result<Models, Failure> {
    let mut found = Models::new();
    for (place, judge) in plan.suite.settings.judges.iter().enumerate() {
        let (SuiteJudgeBy::Http, Some(file)) = (judge.by, &judge.file) else {
            continue;
        };
        let file = find_file(file, plan.suite.source.path.as_deref()).map_err(Failure::input);
        let settings = file.and_then(|file| {
            let settings = ModelArgs::of_file(file, yes || !ask).settings()?;
            settings.can_be_agreed_to()?;
            Ok(settings)
        });
        match settings {
            Ok(settings) => {
                found.insert(place, settings);
            }
            Err(failure) if ask => return Err(failure),
            Err(failure) => eprintln!("ple: {}; what this judge said before is left out", failure.message),
        }
    }
    Ok(found)
}

/// What became of judging.
pub struct Judging {
    pub met: Vec<Met>,
    /// Why not everything was judged.
    pub failed: Option<Failure>,
    pub interrupted: bool,
}

/// All contests that can be had: by scores from the evaluations, by models from the answers that are kept and, where `ask`, from
/// those that are asked for now.
pub fn judge(
    plan: &SuitePlan,
    found: &[Found<'_>],
    models: &Models,
    ask: bool,
    stop: &Stop,
) -> Result<Judging, Failure> {
    let judges = &plan.suite.settings.judges;
    let all = matches(plan, found);
    let (mut met, mut failed, mut interrupted) = (Vec::new(), None, false);
    met.extend(all.iter().filter_map(|m| m.scored(&judges[m.judge])));
    for (place, settings) in models {
        let mut polls = Vec::new();
        for of in all.iter().filter(|m| m.judge == *place) {
            if let Some(ready) = ready(plan, of)? {
                polls.push((of, Poll::of(ready, settings)?, None));
            }
        }
        let open: Vec<&Poll<'_>> = polls
            .iter()
            .map(|(_, poll, _)| poll)
            .filter(|p| !p.is_answered())
            .collect();
        if ask && failed.is_none() && !interrupted && !open.is_empty() && agreed(settings, &open, stop)? {
            for (_, poll, refused) in polls.iter_mut().filter(|(_, poll, _)| !poll.is_answered()) {
                match poll.ask(stop) {
                    Ok(Asking::Done(found)) => *refused = Some(found),
                    Ok(Asking::Interrupted) => interrupted = true,
                    Err(failure) => failed = Some(failure),
                }
                if interrupted || failed.is_some() {
                    break;
                }
            }
        }
        for (of, poll, asked) in &mut polls {
            // A contest of which a part is still to be asked would be counted as if it were whole.
            if poll.is_answered() || asked.is_some() {
                let contest = poll.contest(asked.take().flatten())?;
                if ask {
                    poll.ready.keep(std::slice::from_ref(&contest))?;
                }
                met.push(of.met(contest));
            }
        }
    }
    Ok(Judging {
        met,
        failed,
        interrupted,
    })
}

/// A match as a judge model is asked about it. Answers are kept with the left run, which is one of the suite's; `None` where
/// there is none, since then nothing could be kept.
fn ready(plan: &SuitePlan, of: &Match) -> Result<Option<Ready>, Failure> {
    let Some(folder) = of.left.folder.as_ref().or(of.right.folder.as_ref()) else {
        return Ok(None);
    };
    let pairs = of.pairs();
    if pairs.is_empty() {
        return Ok(None);
    }
    let about = format!(
        "{} held-out queries a seed; both policies without the principles, from the same random streams",
        pairs.len()
    );
    let other = of.right.folder.as_ref().filter(|other| *other != folder);
    Ok(Some(Ready {
        task: of.task,
        title: plan.suite.settings.title.clone(),
        left: of.left.contestant.clone(),
        right: of.right.contestant.clone(),
        pairs,
        seed: of.seed,
        about: vec![about],
        scores: None,
        store: Judgements::open(folder).map_err(Failure::input)?,
        other: other.and_then(|folder| Judgements::open(folder).ok()),
    }))
}
