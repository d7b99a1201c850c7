//! D_train, and which of its members a step updates on.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::Replay;
use crate::grammar::shuffle;
use crate::random::{Purpose, stream};
use crate::train::{Branch, PairRecord};

/// A member of D_train: (x, y, y', s, s'), s and s' as shaped when they were new. It keeps no branch: today's tau decides that.
#[derive(Clone, Debug)]
pub struct Member {
    /// Token ids of the prompt of x, without principles.
    pub x: Arc<[u32]>,
    pub y: Arc<[u32]>,
    pub y_guided: Arc<[u32]>,
    pub s: f64,
    pub s_guided: f64,
}

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
        good.then(|| Self {
            x: pair.prompt_ids.as_slice().into(),
            y: pair.original_ids.as_slice().into(),
            y_guided: pair.guided_ids.as_slice().into(),
            s,
            s_guided,
        })
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
