//! The few random choices the grammars need.
//!
//! They are written out here, rather than taken from `rand`, so that a seed keeps giving the same corpus when that
//! crate changes how it draws from a range or shuffles.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The generator of one stream of documents.
pub fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A uniform number in `[0, 1)`.
pub fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// True with probability `p`.
pub fn chance(rng: &mut ChaCha8Rng, p: f64) -> bool {
    unit(rng) < p
}

/// A uniform index below `n`; 0 where `n` is 0.
pub fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

/// One of `items`, which must not be empty.
pub fn pick<'a, T: ?Sized>(rng: &mut ChaCha8Rng, items: &[&'a T]) -> &'a T {
    items[below(rng, items.len())]
}

/// `n` different indices below `len` in random order; all of them where `n` is larger.
pub fn sample(rng: &mut ChaCha8Rng, len: usize, n: usize) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..len).collect();
    shuffle(rng, &mut indices);
    indices.truncate(n);
    indices
}

/// Puts `items` in random order.
pub fn shuffle<T>(rng: &mut ChaCha8Rng, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_in_range_and_even() {
        let mut rng = seeded(1);
        let mut counts = [0_usize; 7];
        for _ in 0..7_000 {
            counts[below(&mut rng, 7)] += 1;
        }
        assert!(counts.iter().all(|&n| (850..1_150).contains(&n)), "{counts:?}");
    }

    #[test]
    fn chance_keeps_its_rate() {
        let mut rng = seeded(2);
        let hits = (0..10_000).filter(|_| chance(&mut rng, 0.3)).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
    }

    #[test]
    fn samples_do_not_repeat() {
        let mut rng = seeded(3);
        for _ in 0..200 {
            let mut drawn = sample(&mut rng, 9, 5);
            assert_eq!(drawn.len(), 5);
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), 5);
        }
    }

    #[test]
    fn the_stream_of_a_seed_is_fixed() {
        let mut rng = seeded(4);
        let drawn: Vec<usize> = (0..6).map(|_| below(&mut rng, 100)).collect();
        assert_eq!(drawn, FIXED, "corpora built from older seeds would change");
    }

    const FIXED: [usize; 6] = [98, 72, 64, 6, 48, 87];
}
