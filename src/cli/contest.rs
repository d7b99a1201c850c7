//! Two policies and what they answer to the same queries: what `ple judge` and `ple annotate` begin with.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::signals::Stop;
use super::{Failure, Place};
use crate::judge::{Contest, Contestant, JudgeKind, Judged, Label, Pair, Verdict};
use crate::run::{Judgements, Reader, Sampled, resolve};
use crate::train::{Measurable, Reply, Wanted};

/// Queries when nothing is said.
const USUAL: usize = 256;

/// Two policies, and on which queries they meet.
#[derive(Clone, Debug, Args)]
pub struct ContestArgs {
    /// A run's folder or name; RUN@STEP is its checkpoint after so many steps, not the last one
    #[arg(value_name = "RUN_A")]
    left: String,
    /// The run that is judged beside it
    #[arg(value_name = "RUN_B")]
    right: String,
    /// How many queries of RUN_A both answer; of data files no more than there are
    #[arg(long, value_name = "N", default_value_t = USUAL)]
    queries: usize,
    /// The checkpoints after so many steps, where RUN@STEP does not say another
    #[arg(long, value_name = "N")]
    step: Option<u32>,
    /// Which queries: those held out, or those trained on
    #[arg(long, value_enum, default_value = "test")]
    split: Split,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Split {
    Test,
    Train,
}

/// Two policies with their answers.
pub struct Ready {
    pub task: crate::grammar::Task,
    pub title: String,
    pub left: Contestant,
    pub right: Contestant,
    pub pairs: Vec<Pair>,
    pub seed: u64,
    /// What to know of the answers, for people.
    pub about: Vec<String>,
    /// Rewards and truths of the left and the right answers, if they were asked for.
    pub scores: Option<Scores>,
    /// The judgements of the left run, and of the right one where its folder can be written.
    pub store: Judgements,
    pub other: Option<Judgements>,
}

/// What scores answers: by the left run's source of rewards.
pub struct Scores {
    pub source: String,
    pub rewards: [Vec<f64>; 2],
    pub truths: [Vec<Option<f64>>; 2],
}

struct Side {
    folder: PathBuf,
    step: Option<u32>,
}

/// Answers of both policies to the same queries, sampled from the same streams. What they answered before is not sampled
/// again. `scored`: with rewards. `None` if `stop` says so.
pub fn ready(args: &ContestArgs, place: &Place, scored: bool, stop: &Stop) -> Result<Option<Ready>, Failure> {
    if args.queries == 0 {
        return Err(Failure::input("--queries 0: wants 1 or more (256 is usual)"));
    }
    let sides = [
        side(&args.left, args.step, place)?,
        side(&args.right, args.step, place)?,
    ];
    check(&sides, args)?;
    let mut store = Judgements::open(&sides[0].folder).map_err(Failure::input)?;
    let one_folder = whole(&sides[0].folder) == whole(&sides[1].folder);
    // A run that belongs to somebody else can be judged beside one's own; nothing is kept there then.
    let mut other = (!one_folder).then(|| Judgements::open(&sides[1].folder).ok()).flatten();
    let load = |side: &Side, scored: bool| {
        let wanted = Wanted {
            queries: Some(args.queries),
            step: side.step,
            unscored: !scored,
        };
        let found = Measurable::of_run(&side.folder, Vec::new(), place.device, wanted).map_err(Failure::input)?;
        for warning in &found.warnings {
            eprintln!("ple: {warning}; the checkpoint before it is judged");
        }
        Ok::<Measurable, Failure>(found)
    };
    let left = load(&sides[0], scored)?;
    let queries = match args.split {
        Split::Test => left.held_out(args.queries),
        Split::Train => left.training_queries(args.queries),
    };
    if queries.is_empty() {
        return Err(Failure::input(format!(
            "{}: no query is held out to judge on; set data.held_out or data.test, or take --split train",
            args.left
        )));
    }
    let (seed, source) = (left.seed(), left.reward_source());
    let left_side = contestant(&sides[0].folder, &left)?;
    let Some(of_left) = answers(&left, &sides[0], Some(&mut store), &queries, seed, stop)? else {
        return Ok(None);
    };
    // Two large models need not lie in memory together, where the first has nothing to score.
    let title = left.title().to_string();
    let generation = left.generation().clone();
    let judge = scored.then_some(left);
    // What scores both is the left run's.
    let right = load(&sides[1], false)?;
    let right_side = contestant(&sides[1].folder, &right)?;
    let right_store = if one_folder { Some(&mut store) } else { other.as_mut() };
    let Some(of_right) = answers(&right, &sides[1], right_store, &queries, seed, stop)? else {
        return Ok(None);
    };
    let mut about = vec![format!(
        "{} of {}, seed {seed}; both policies without the principles, from the same random streams",
        match args.split {
            Split::Test => format!("{} held-out queries", queries.len()),
            Split::Train => format!("{} queries trained on", queries.len()),
        },
        left_side.run
    )];
    if generation != *right.generation() {
        about.push("[generation] of the two differs: each is sampled by its own".into());
    }
    let learnt = match args.split {
        Split::Test => right.trained_on(&queries),
        Split::Train => vec![false; queries.len()],
    };
    let kept: Vec<usize> = (0..queries.len()).filter(|i| !learnt[*i]).collect();
    if kept.len() < queries.len() {
        about.push(format!(
            "{} of them left out: {} was trained on them",
            queries.len() - kept.len(),
            right_side.run
        ));
    }
    if kept.is_empty() {
        return Err(Failure::input(format!(
            "{} was trained on every query that {} holds out: nothing would be told by judging them",
            args.right, args.left
        )));
    }
    fn keep<T: Clone>(kept: &[usize], all: &[T]) -> Vec<T> {
        kept.iter().map(|i| all[*i].clone()).collect()
    }
    let queries = keep(&kept, &queries);
    let replies = [keep(&kept, &of_left), keep(&kept, &of_right)];
    let scores = match judge {
        None => None,
        Some(judge) => {
            let score = |replies: &[Reply]| {
                let found = judge.rewards(&queries, replies);
                found.map_err(|e| Failure::failed(format!("no rewards: {e}")))
            };
            Some(Scores {
                source,
                rewards: [score(&replies[0])?, score(&replies[1])?],
                truths: [judge.truths(&queries, &replies[0]), judge.truths(&queries, &replies[1])],
            })
        }
    };
    let [of_left, of_right] = replies;
    let pairs = queries
        .into_iter()
        .zip(of_left.into_iter().zip(of_right))
        .map(|(query, (left, right))| Pair {
            query,
            left: left.text,
            right: right.text,
        });
    Ok(Some(Ready {
        task: right.task(),
        title,
        left: left_side,
        right: right_side,
        pairs: pairs.collect(),
        seed,
        about,
        scores,
        store,
        other,
    }))
}

impl Ready {
    /// "a (PLE after 40 steps) against b (SFT after 40 steps)"
    pub fn who(&self) -> String {
        let side = |c: &Contestant| {
            let done = match (c.step, c.sft_done) {
                (0, n) if n > 0 => format!("{n} supervised updates"),
                (n, _) => format!("{n} steps"),
            };
            format!("{} ({} after {done})", c.run, c.method.to_uppercase())
        };
        format!("{} against {}", side(&self.left), side(&self.right))
    }

    /// A contest from a verdict for every pair.
    pub fn contest(&self, kind: JudgeKind, judge: String, verdicts: &[Option<Verdict>]) -> Contest {
        let row = |(pair, verdict): (&Pair, &Option<Verdict>)| Judged {
            query: pair.query.clone(),
            left: pair.left.clone(),
            right: pair.right.clone(),
            verdict: *verdict,
            scores: None,
            rounds: None,
        };
        Contest {
            task: self.task.to_string(),
            left: self.left.clone(),
            right: self.right.clone(),
            kind,
            judge,
            about: self.about.clone(),
            seed: self.seed,
            rows: self.pairs.iter().zip(verdicts).map(row).collect(),
        }
    }

    /// Keeps contests in both runs, so that either finds them.
    pub fn keep(&mut self, contests: &[Contest]) -> Result<(), Failure> {
        for contest in contests {
            self.store.put_contest(contest).map_err(Failure::failed)?;
            if let Some(other) = &mut self.other
                && let Err(error) = other.put_contest(contest)
            {
                eprintln!("ple: {error}; the contest is kept in the other run only");
            }
        }
        Ok(())
    }

    /// Everything people said of these two, wherever it is kept.
    pub fn labels(&self) -> Result<Vec<Label>, Failure> {
        let mut found = self.store.labels().map_err(Failure::failed)?;
        if let Some(other) = &self.other {
            found.extend(other.labels().map_err(Failure::failed)?);
        }
        found.sort_by_key(|label| label.at);
        Ok(found)
    }
}

/// The run's folder, and the step of `RUN@STEP`.
fn side(what: &str, step: Option<u32>, place: &Place) -> Result<Side, Failure> {
    match resolve(what, &place.runs) {
        Ok(folder) => Ok(Side { folder, step }),
        Err(error) => {
            let at = what.rsplit_once('@').and_then(|(run, step)| {
                let step = step.parse().ok()?;
                Some((resolve(run, &place.runs).ok()?, step))
            });
            let (folder, step) = at.ok_or_else(|| Failure::input(error))?;
            Ok(Side {
                folder,
                step: Some(step),
            })
        }
    }
}

/// What would make judging them senseless, before anything is loaded.
fn check(sides: &[Side; 2], args: &ContestArgs) -> Result<(), Failure> {
    let mut tasks = Vec::new();
    for side in sides {
        let reader = Reader::open(&side.folder).map_err(Failure::input)?;
        let started = reader.started().map_err(Failure::input)?;
        let Some(experiment) = started.experiment.align() else {
            return Err(Failure::input(format!(
                "{}: this run trains a model on rows; only policies can be judged",
                side.folder.display()
            )));
        };
        tasks.push(experiment.task);
        if reader.checkpoint_steps().map_err(Failure::input)?.is_empty() {
            return Err(Failure::input(format!(
                "{}: the run has no checkpoint yet, so there is no policy of it to judge",
                side.folder.display()
            )));
        }
    }
    if tasks[0] != tasks[1] {
        return Err(Failure::input(format!(
            "{} is a run on {}, {} one on {}: they have no queries in common",
            args.left, tasks[0], args.right, tasks[1]
        )));
    }
    if whole(&sides[0].folder) == whole(&sides[1].folder) && sides[0].step == sides[1].step {
        return Err(Failure::input(format!(
            "{} and {} are one policy; name two runs, or two checkpoints: {}@STEP",
            args.left, args.right, args.left
        )));
    }
    Ok(())
}

/// The folder's own path, whatever it was called by.
fn whole(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf())
}

fn contestant(folder: &Path, policy: &Measurable) -> Result<Contestant, Failure> {
    let started = Reader::open(folder).and_then(|reader| reader.started());
    let started = started.map_err(Failure::input)?;
    Ok(Contestant {
        run: started.run,
        method: policy.task_and_method().1,
        step: policy.step,
        sft_done: policy.sft_done,
    })
}

/// The answers of a policy: those that are kept, those of a whole evaluation, or new ones, which are kept then.
fn answers(
    policy: &Measurable,
    side: &Side,
    store: Option<&mut Judgements>,
    queries: &[String],
    seed: u64,
    stop: &Stop,
) -> Result<Option<Vec<Reply>>, Failure> {
    let generation = serde_json::to_string(policy.generation()).map_err(Failure::failed)?;
    let sampled = Sampled {
        step: policy.step,
        sft_done: policy.sft_done,
        seed,
        generation: &generation,
    };
    if let Some(store) = &store
        && let Some(found) = store.answers(&sampled, queries).map_err(Failure::failed)?
    {
        return Ok(Some(found));
    }
    if let Some(found) = evaluated(policy, &side.folder, queries, seed)? {
        return Ok(Some(found));
    }
    let bar = std::io::stderr().is_terminal();
    let name = side
        .folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut go_on = |done: usize, total: usize| {
        if bar {
            let end = if done == total { "\r\x1b[K" } else { "" };
            eprint!("\r{name} answers: {done} of {total} queries{end}");
            let _ = std::io::stderr().flush();
        }
        !stop.requested()
    };
    let Some(found) = policy.answers(queries, seed, &mut go_on) else {
        return Ok(None);
    };
    if let Some(store) = store {
        store.put_answers(&sampled, queries, &found).map_err(Failure::failed)?;
    }
    Ok(Some(found))
}

/// The answers of a whole evaluation of the same checkpoint to the same queries with the same dice.
fn evaluated(policy: &Measurable, folder: &Path, queries: &[String], seed: u64) -> Result<Option<Vec<Reply>>, Failure> {
    let stored = Reader::open(folder).and_then(|reader| reader.evaluations());
    let same = stored.map_err(Failure::failed)?.into_iter().rev().find(|e| {
        (e.step, e.sft_done, e.seed) == (policy.step, policy.sft_done, seed)
            && e.generation == *policy.generation()
            && e.rows.len() >= queries.len()
            && e.rows.iter().zip(queries).all(|(row, query)| row.query == *query)
    });
    let reply = |row: crate::train::EvaluatedRow| Reply {
        text: row.response,
        tokens: row.tokens,
        ended: row.ended,
    };
    Ok(same.map(|e| e.rows.into_iter().take(queries.len()).map(reply).collect()))
}
