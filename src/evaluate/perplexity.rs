//! How likely references are under a policy: the prompt is read and not counted.

use rayon::join;

use crate::method::logprob::log_probs;
use crate::model::Model;
use crate::numbers::values;

/// Rows scored in one batch. Part of what makes a measurement repeatable: a batch's padding touches its last bits.
const BATCH: usize = 8;

/// A reference under a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likelihood {
    /// - sum_j log pi(y^j | y^<j, x), in nats.
    pub nll: f64,
    /// Tokens of y, end of sequence included.
    pub tokens: usize,
}

/// Scores (prompt ids, response ids), two batches at a time; `None` when `go_on(done)` says no. No response may be empty.
/// `policy` has its adapters merged.
pub fn likelihoods(
    policy: &Model,
    rows: &[(Vec<u32>, Vec<u32>)],
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Option<Vec<Likelihood>> {
    let one = |rows: &[(Vec<u32>, Vec<u32>)]| -> Vec<Likelihood> {
        if rows.is_empty() {
            return Vec::new();
        }
        let batch: Vec<(&[u32], &[u32])> = rows.iter().map(|(x, y)| (&x[..], &y[..])).collect();
        let sums = values(log_probs(policy, &batch).sum);
        let row = |((_, y), sum): (&(Vec<u32>, Vec<u32>), f32)| Likelihood {
            nll: -f64::from(sum),
            tokens: y.len(),
        };
        rows.iter().zip(sums).map(row).collect()
    };
    let mut found = Vec::with_capacity(rows.len());
    for two in rows.chunks(2 * BATCH) {
        if !go_on(found.len()) {
            return None;
        }
        let (a, b) = two.split_at(two.len().min(BATCH));
        let (a, b) = join(|| one(a), || one(b));
        found.extend(a);
        found.extend(b);
    }
    Some(found)
}

/// exp of the mean negative log-likelihood of a token, over all rows: every token counts the same. This is the figure
/// of a corpus. NaN without tokens.
pub fn of_tokens<'a>(rows: impl IntoIterator<Item = &'a Likelihood>) -> f64 {
    let (nll, tokens) = rows
        .into_iter()
        .fold((0.0, 0), |(nll, tokens), row| (nll + row.nll, tokens + row.tokens));
    (nll / tokens as f64).exp()
}

/// The mean over rows of each one's own perplexity: every response counts the same, however long. NaN without rows.
pub fn of_rows<'a>(rows: impl IntoIterator<Item = &'a Likelihood>) -> f64 {
    let own = |row: &Likelihood| (row.nll / row.tokens as f64).exp();
    let (sum, n) = rows.into_iter().fold((0.0, 0), |(sum, n), row| (sum + own(row), n + 1));
    sum / f64::from(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_rows_weigh_differently() {
        // 1 token at p = 1/2, 3 tokens at p = 1/8 each: 10 bits over 4 tokens, and the mean of 2 and 8.
        let bit = 2f64.ln();
        let rows = [
            Likelihood { nll: bit, tokens: 1 },
            Likelihood {
                nll: 9.0 * bit,
                tokens: 3,
            },
        ];
        assert!((of_tokens(&rows) - 2f64.powf(2.5)).abs() < 1e-12);
        assert!((of_rows(&rows) - 5.0).abs() < 1e-12);
        assert!(of_tokens(&[]).is_nan() && of_rows(&[]).is_nan());
    }
}
