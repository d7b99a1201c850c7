//! An order of all rows in which any place can be asked for, without a list of them.

use rand_chacha::rand_core::Rng;

use crate::random::{Purpose, stream};

/// A permutation of `0..n`, drawn by a seed and the number of the round: a Feistel network over the next power of four,
/// walked until it is inside. Asking for one place costs the same for ten rows as for ten million.
pub(super) struct Order {
    n: u64,
    /// Bits of one half.
    bits: u32,
    keys: [u64; 4],
}

impl Order {
    /// `n` is at least 1.
    pub fn new(n: u64, seed: u64, round: u64) -> Self {
        let mut rng = stream(seed, Purpose::Queries, round, 0);
        let bits = (u64::BITS - n.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
        Self {
            n,
            bits,
            keys: [(); 4].map(|()| rng.next_u64()),
        }
    }

    /// What stands at a place below `n`.
    pub fn at(&self, place: u64) -> u64 {
        let mut x = place;
        loop {
            x = self.turn(x);
            if x < self.n {
                return x;
            }
        }
    }

    fn turn(&self, x: u64) -> u64 {
        let mask = (1u64 << self.bits) - 1;
        let (mut left, mut right) = (x >> self.bits, x & mask);
        for key in self.keys {
            let mut z = (right ^ key).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (left, right) = (right, left ^ ((z ^ (z >> 32)) & mask));
        }
        left << self.bits | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_another_row() {
        for n in [1, 2, 3, 17, 64, 1000] {
            let order = Order::new(n, 5, 0);
            let mut all: Vec<u64> = (0..n).map(|i| order.at(i)).collect();
            let drawn = all.clone();
            all.sort();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
            if n > 16 {
                assert_ne!(drawn, all);
                assert_ne!(drawn, (0..n).map(|i| Order::new(n, 5, 1).at(i)).collect::<Vec<_>>());
            }
        }
    }
}
