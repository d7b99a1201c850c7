//! The estimate in words, and what would need less.

use super::{Demand, Estimate};

impl Demand {
    /// Settings that would need less, each with what it needs, and the first that fits `available` bytes if one does.
    pub fn alternative(&self, available: Option<u64>) -> Option<(String, Estimate)> {
        let mut last = None;
        let half = self.minibatch.max(self.sft_batch).div_ceil(2);
        let at_once = self.micro_batch.unwrap_or(half).min(half);
        let mut sizes: Vec<usize> = [32, 16, 8, 4, 2, 1].into_iter().filter(|n| *n < at_once).collect();
        if sizes.is_empty() && !self.checkpointing {
            sizes.push(at_once);
        }
        for checkpointing in [self.checkpointing, true] {
            for &n in &sizes {
                let less = Self {
                    checkpointing,
                    micro_batch: Some(n),
                    ..self.clone()
                };
                let mut words = Vec::new();
                if n < at_once {
                    words.push(format!("method.micro_batch = {n}"));
                }
                if checkpointing && !self.checkpointing {
                    words.push("policy.checkpointing = true".into());
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
        b => format!("{:.0} MB", b / 1e6),
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
