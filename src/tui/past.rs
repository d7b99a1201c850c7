//! The step that is looked at: one cursor over the run that every screen follows.
//!
//! While it is set, nothing that comes in moves what is shown: charts end where the run was when the look back began,
//! and what was in force then (principles, answers, facts) is read from the run as of that step.

use super::run_view::RunView;
use crate::train::{PairRecord, PrinciplesVersion, StepRecord};

/// A step of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    pub step: u32,
    /// The newest step when the look back began; what came later is not drawn.
    pub edge: u32,
    /// The run had ended by then, so that the axis of its charts ends with it.
    pub ended: bool,
    /// The numbers of the step, as far as the history keeps them; none of a model's own training.
    pub record: Option<StepRecord>,
    /// The pairs of `pairs_of`: until the store has answered, those of the step looked at before.
    pub pairs: Vec<PairRecord>,
    pub pairs_of: Option<u32>,
}

impl RunView {
    /// The steps of the run, or the updates of a model's own training, rising.
    pub fn steps(&self) -> &[u32] {
        match self.history.is_empty() {
            true => self.fit.steps(),
            false => self.history.steps(),
        }
    }

    /// The steps that are drawn: all, or those up to where the look back began.
    pub fn drawn_steps(&self) -> &[u32] {
        self.until_edge(self.steps())
    }

    /// As many of these steps as are drawn.
    pub fn until_edge<'a>(&self, steps: &'a [u32]) -> &'a [u32] {
        match &self.past {
            Some(past) => &steps[..steps.partition_point(|s| *s <= past.edge)],
            None => steps,
        }
    }

    /// The step looked at, if it is not the newest as it comes.
    pub fn at(&self) -> Option<u32> {
        self.past.as_ref().map(|past| past.step)
    }

    /// Whether something of this step had come by the step looked at.
    pub fn is_known(&self, step: u32) -> bool {
        self.at().is_none_or(|at| step <= at)
    }

    /// The step looked at, whole: the newest, or that of the cursor.
    pub fn shown(&self) -> Option<&StepRecord> {
        match &self.past {
            Some(past) => past.record.as_ref(),
            None => self.latest.as_ref(),
        }
    }

    /// The place of the step looked at among the points of the history.
    pub fn shown_index(&self) -> Option<usize> {
        match self.at() {
            Some(step) => self.history.steps().binary_search(&step).ok(),
            None => self.history.len().checked_sub(1),
        }
    }

    /// The principles in force at the step looked at, as a place among the versions.
    pub fn version_shown(&self) -> Option<usize> {
        let known = |v: &PrinciplesVersion| self.is_known(v.from_step);
        self.principles.iter().rposition(known)
    }

    /// The newest evaluation by the step looked at: that of the policy that sampled the step's pairs, or of one before it.
    pub fn evaluation_shown(&self) -> Option<usize> {
        self.evaluations.iter().rposition(|e| self.is_known(e.step))
    }

    /// Looks at a step, or at the newest as it comes. A step that the run does not have is looked at all the same: what
    /// was known by then is shown.
    pub fn look_at(&mut self, step: Option<u32>) {
        let Some(step) = step else {
            self.past = None;
            return;
        };
        let before = self.past.take();
        let newest = self.steps().last().copied().unwrap_or(step);
        let (mut edge, mut ended) = (newest, self.ended());
        if let Some(before) = &before
            && step <= before.edge
        {
            (edge, ended) = (before.edge, before.ended);
        }
        let (pairs, pairs_of) = before.map_or((Vec::new(), None), |p| (p.pairs, p.pairs_of));
        let index = self.history.steps().binary_search(&step).ok();
        let mut record = index.and_then(|index| self.history.record(index));
        if let Some(record) = &mut record {
            let in_force = self.principles.iter().rfind(|v| v.from_step <= step);
            record.principles = in_force.map_or(0, |v| v.version);
            // Until its own are there.
            record.margins = margins(&pairs);
        }
        self.past = Some(Past {
            step,
            edge,
            ended,
            record,
            pairs,
            pairs_of,
        });
        let recent: Vec<PairRecord> = self.recent.iter().filter(|p| p.step == step).cloned().collect();
        // The oldest batch at hand may have lost its first pairs.
        let whole = recent.first().is_some_and(|p| p.index == 0);
        if whole {
            self.pairs_at(step, recent);
        }
    }

    /// The pairs of the step looked at have come; others come too late.
    pub fn pairs_at(&mut self, step: u32, mut pairs: Vec<PairRecord>) {
        let Some(past) = self.past.as_mut().filter(|past| past.step == step) else {
            return;
        };
        pairs.sort_by_key(|p| p.index);
        if let Some(record) = &mut past.record {
            record.margins = margins(&pairs);
        }
        past.pairs = pairs;
        past.pairs_of = Some(step);
    }
}

fn margins(pairs: &[PairRecord]) -> Vec<f32> {
    pairs.iter().map(|p| p.margin() as f32).collect()
}

#[cfg(test)]
mod tests {
    use crate::tui::screens::fixtures::{pair, populated, take_step};

    #[test]
    fn a_step_of_the_past_has_what_was_known_then() {
        let mut run = populated();
        assert_eq!((run.version_shown(), run.evaluation_shown()), (Some(1), Some(4)));
        run.look_at(Some(9));
        assert_eq!((run.version_shown(), run.evaluation_shown()), (Some(0), Some(2)));
        let shown = run.shown().expect("a step");
        assert_eq!((shown.step, shown.principles), (9, 1));
        assert!((shown.tau - 0.2 * 0.9f64.powi(9)).abs() < 1e-7, "{}", shown.tau);
        assert_eq!(shown.margins.len(), 24, "the newest 512 pairs are at hand");
        run.look_at(None);
        assert_eq!(run.shown().map(|s| s.step), Some(17));
    }

    #[test]
    fn what_comes_meanwhile_is_not_drawn() {
        let mut run = populated();
        run.look_at(Some(9));
        take_step(&mut run, 18, 24);
        assert_eq!(run.drawn_steps().last(), Some(&17));
        run.look_at(Some(10));
        assert_eq!(
            run.drawn_steps().last(),
            Some(&17),
            "moving about in the past changes nothing"
        );
        run.look_at(Some(18));
        assert_eq!(run.drawn_steps().last(), Some(&18));
    }

    #[test]
    fn pairs_that_come_too_late_are_not_shown() {
        let mut run = populated();
        run.recent.clear();
        run.look_at(Some(3));
        assert!(run.past.as_ref().is_some_and(|p| p.pairs_of.is_none()));
        run.look_at(Some(4));
        run.pairs_at(3, vec![pair(3, 0)]);
        assert!(run.past.as_ref().is_some_and(|p| p.pairs_of.is_none()));
        run.pairs_at(4, vec![pair(4, 1), pair(4, 0)]);
        let past = run.past.as_ref().expect("a past");
        assert_eq!(past.pairs.iter().map(|p| p.index).collect::<Vec<_>>(), [0, 1]);
    }
}
