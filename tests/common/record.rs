//! What a run left in its store, in a form in which two runs can be compared bit for bit.

use std::path::Path;

use ple::run::{Checkpoint, Reader};
use ple::train::{Event, StepRecord};

/// The numbers of a run that determinism promises. As text, which differs for every two numbers that differ in a bit
/// and is the same for two NaN.
#[derive(Debug)]
pub struct Record {
    pub sft: Vec<String>,
    pub steps: Vec<String>,
    /// With their token ids.
    pub pairs: Vec<String>,
    pub evaluations: Vec<String>,
    /// The newest one: the policy and the state of its optimizer.
    pub checkpoint: Option<Checkpoint>,
}

impl Record {
    /// Reads the run in a folder.
    pub fn of(run: &Path) -> Self {
        let mut reader = open(run);
        let steps = reader
            .steps()
            .expect("steps")
            .into_iter()
            .map(|s| StepRecord { seconds: 0.0, ..s });
        let steps = steps.map(|s| format!("{s:?}")).collect();
        let pairs = reader.pairs_between(0, u32::MAX).expect("pairs");
        let (checkpoint, warnings) = reader.latest_checkpoint().expect("checkpoints");
        assert!(warnings.is_empty(), "{warnings:?}");
        let events = reader.poll().expect("events");
        let texts = |wanted: fn(&Event) -> Option<String>| events.iter().filter_map(wanted).collect();
        Self {
            sft: texts(|e| {
                if let Event::Sft(r) = e {
                    Some(format!("{r:?}"))
                } else {
                    None
                }
            }),
            steps,
            pairs: pairs.iter().map(|p| format!("{p:?}")).collect(),
            evaluations: texts(|e| {
                if let Event::Evaluation(r) = e {
                    Some(format!("{r:?}"))
                } else {
                    None
                }
            }),
            checkpoint,
        }
    }

    /// Panics at the first difference.
    pub fn assert_same(&self, other: &Record) {
        same("supervised update", &self.sft, &other.sft);
        same("step", &self.steps, &other.steps);
        same("pair", &self.pairs, &other.pairs);
        same("evaluation", &self.evaluations, &other.evaluations);
        assert!(self.checkpoint == other.checkpoint, "the last checkpoints differ");
    }

    /// Panics if this is not how the other began, or if something before its own checkpoint is missing.
    pub fn assert_beginning_of(&self, whole: &Record, pairs_a_step: usize) {
        let done = self.steps.len();
        same("step", &self.steps, &whole.steps[..done.min(whole.steps.len())]);
        same(
            "pair",
            &self.pairs,
            &whole.pairs[..(done * pairs_a_step).min(whole.pairs.len())],
        );
        same(
            "supervised update",
            &self.sft,
            &whole.sft[..self.sft.len().min(whole.sft.len())],
        );
        if let Some(checkpoint) = &self.checkpoint {
            assert!(checkpoint.step as usize <= done, "steps before the checkpoint are lost");
            assert!(
                checkpoint.sft_done as usize <= self.sft.len(),
                "supervised updates before it are lost"
            );
        }
    }
}

fn same(what: &str, left: &[String], right: &[String]) {
    for (i, (l, r)) in left.iter().zip(right).enumerate() {
        assert_eq!(l, r, "{what} {i}");
    }
    assert_eq!(left.len(), right.len(), "{what}s");
}

/// A reader of a run that must be there.
pub fn open(run: &Path) -> Reader {
    Reader::open(run).unwrap_or_else(|e| panic!("the store does not open: {e}"))
}

/// Everything that happened.
pub fn events(run: &Path) -> Vec<Event> {
    open(run).poll().expect("events")
}
