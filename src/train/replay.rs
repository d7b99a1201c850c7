//! D_train, and which of its members a step updates on.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::Replay;
use crate::grammar::shuffle;
use crate::random::{Purpose, stream};
use crate::train::{Branch, PairRecord};

/// A member of D_train: (x, y, y', s, s'), s and s' as shaped when they were new. It keeps no branch: today's tau decides that.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Default))]
pub struct Member {
    /// The step at which it was new, and its place in that step's batch.
    pub step: u32,
    pub index: u32,
    /// Token ids of the prompt of x, without principles.
    pub x: Arc<[u32]>,
    pub y: Arc<[u32]>,
    pub y_guided: Arc<[u32]>,
    pub s: f64,
    pub s_guided: f64,
    /// log pi_t of y and y' given x alone, pi_t being the policy that was in force when it was new; where a variant asks for it.
    pub then: Option<(f64, f64)>,
    /// log pi_ref of them.
    pub reference: Option<(f64, f64)>,
}

/// The names under which a pair keeps what its member knows.
const THEN: [&str; 2] = ["logps/original", "logps/guided"];
const REFERENCE: [&str; 2] = ["ref_logps/original", "ref_logps/guided"];

impl Member {
    /// The member a sampled pair becomes; `None` if a reward is not a number, or if another method sampled it: a fork may
    /// have gone over to PLE.
    pub fn of(pair: &PairRecord) -> Option<Self> {
        let (s, s_guided) = pair.seen();
        let raw = [pair.reward_original, pair.reward_guided];
        if matches!(pair.branch, Branch::Kept | Branch::Dropped | Branch::Learnt) {
            return None;
        }
        let good = raw.into_iter().chain([s, s_guided]).all(f64::is_finite);
        let both = |[y, guided]: [&str; 2]| pair.metrics.get(y).copied().zip(pair.metrics.get(guided).copied());
        good.then(|| Self {
            step: pair.step,
            index: pair.index,
            x: pair.prompt_ids.as_slice().into(),
            y: pair.original_ids.as_slice().into(),
            y_guided: pair.guided_ids.as_slice().into(),
            s,
            s_guided,
            then: both(THEN),
            reference: both(REFERENCE),
        })
    }

    /// Keeps what it knows with its pair.
    pub fn tell(&self, pair: &mut PairRecord) {
        for (names, known) in [(THEN, self.then), (REFERENCE, self.reference)] {
            if let Some((y, guided)) = known {
                pair.metrics.insert(names[0].into(), y);
                pair.metrics.insert(names[1].into(), guided);
            }
        }
    }
}

/// The part of D_train that steps update on.
pub struct ReplayBuffer {
    replay: Replay,
    batches: VecDeque<(u32, Vec<Member>)>,
}

impl ReplayBuffer {
    /// An empty one.
    pub fn new(replay: Replay) -> Self {
        Self {
            replay,
            batches: VecDeque::new(),
        }
    }

    /// The first step whose pairs step `t` updates on.
    pub fn first_needed(&self, t: u32) -> u32 {
        match self.replay {
            Replay::All => 0,
            Replay::Latest => t,
            Replay::Window(n) => (t + 1).saturating_sub(n),
        }
    }

    /// Adds the pairs of step `t` and lets go of those no later step needs.
    pub fn add(&mut self, t: u32, members: Vec<Member>) {
        self.batches.push_back((t, members));
        let first = self.first_needed(t);
        while self.batches.front().is_some_and(|(step, _)| *step < first) {
            self.batches.pop_front();
        }
    }

    /// All members that are held, oldest first.
    pub fn members_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.batches.iter_mut().flat_map(|(_, members)| members)
    }

    /// The members step `t` updates on, in the order of its updates.
    pub fn shuffled(&self, seed: u64, t: u32) -> Vec<Member> {
        let mut members: Vec<Member> = self.batches.iter().flat_map(|(_, m)| m.iter().cloned()).collect();
        shuffle(&mut stream(seed, Purpose::ShuffleReplay, u64::from(t), 0), &mut members);
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(replay: Replay) -> Vec<usize> {
        let member = Member {
            x: [1].into(),
            y: [2].into(),
            y_guided: [3].into(),
            s: 0.0,
            s_guided: 1.0,
            ..Member::default()
        };
        let mut buffer = ReplayBuffer::new(replay);
        (0..5)
            .map(|t| {
                buffer.add(t, vec![member.clone(); 2]);
                buffer.shuffled(0, t).len()
            })
            .collect()
    }

    #[test]
    fn replay_holds_what_its_name_says() {
        assert_eq!(held(Replay::All), [2, 4, 6, 8, 10]);
        assert_eq!(held(Replay::Latest), [2, 2, 2, 2, 2]);
        assert_eq!(held(Replay::Window(3)), [2, 4, 6, 6, 6]);
    }
}
