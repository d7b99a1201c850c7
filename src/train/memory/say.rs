//! The estimate in words, and what would need less.

use super::{Demand, Estimate};

/// Bytes of a number of bf16.
const HALF: f64 = 2.0;

impl Demand {
    /// Settings that would need less, each with what it needs, and the first that fits `available` bytes if one does.
    ///
    /// Smaller pieces of an update cost little time, computing activations again more, and bf16 rounds weights that are stored
    /// in f32: so they are tried in this order.
    pub fn alternative(&self, available: Option<u64>) -> Option<(String, Estimate)> {
        let mut last = None;
        let half = self.minibatch.max(self.sft_batch).div_ceil(2);
        let at_once = match self.in_pieces {
            true => self.micro_batch.unwrap_or(half).min(half),
            false => self.minibatch,
        };
        let mut sizes: Vec<usize> = [32, 16, 8, 4, 2, 1].into_iter().filter(|n| *n < at_once).collect();
        let bytes = self.policy_bytes;
        let mut ways = vec![(self.checkpointing, bytes)];
        if self.in_pieces {
            ways.push((true, bytes));
            if self.adapters.is_some() && bytes > HALF {
                ways.push((true, HALF));
            }
            if sizes.is_empty() {
                sizes.push(at_once);
            }
        }
        for (checkpointing, bytes) in ways {
            for &n in &sizes {
                let mut less = Self {
                    checkpointing,
                    policy_bytes: bytes,
                    ..self.clone()
                };
                let mut words = Vec::new();
                if n < at_once && self.in_pieces {
                    less.micro_batch = Some(n);
                    words.push(format!("method.micro_batch = {n}"));
                } else if n < at_once {
                    less.minibatch = n;
                    words.push(format!("method.batch = {n}"));
                }
                if checkpointing && !self.checkpointing {
                    words.push("policy.checkpointing = true".into());
                }
                if bytes < self.policy_bytes {
                    words.push("policy.dtype = \"bf16\"".into());
                }
                if words.is_empty() {
                    continue;
                }
                let estimate = less.estimate();
                let fits = available.is_some_and(|room| estimate.peak <= room);
                last = Some((words.join(" with "), estimate));
                if fits {
                    return last;
                }
            }
        }
        last
    }
}

/// "18.2 GB", "870 MB".
pub fn readable(bytes: u64) -> String {
    match bytes as f64 {
        b if b >= 100e9 => format!("{:.0} GB", b / 1e9),
        b if b >= 1e9 => format!("{:.1} GB", b / 1e9),
        b if b >= 1e6 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.0} kB", b / 1e3),
    }
}

/// "needs about 18.2 GB of 24.0 GB; 'method.micro_batch = 2' needs 9.1 GB", and whether that is more than there is.
///
/// The alternative is named where less than a third of the memory would be left.
pub fn sentence(demand: &Demand, available: Option<u64>) -> (String, bool) {
    let peak = demand.estimate().peak;
    let Some(room) = available else {
        return (format!("needs about {}", readable(peak)), false);
    };
    let mut said = format!("needs about {} of {}", readable(peak), readable(room));
    if peak as f64 > 0.67 * room as f64
        && let Some((settings, less)) = demand.alternative(available)
        && less.peak < peak
    {
        said += &format!("; '{settings}' needs {}", readable(less.peak));
    }
    (said, peak > room)
}
