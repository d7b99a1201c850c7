//! RAFT: Reward rAnked FineTuning (Dong et al., TMLR 2023), Algorithm 1.
//!
//! Each step samples responses from the present policy, keeps those that the reward model likes best, and fine-tunes on
//! them ([`super::sft`]). LMFlow offers two ways of choosing: `local` (the paper's: the best of K responses to each
//! query; RAFT-4 is K = 4) and `top` (a share of all responses of the step, whatever their queries).

/// `local`: the place of the best of each `k` rewards in a row, those of one query.
///
/// Of equals the first is taken. A reward that is not a finite number is never taken; a query without any such keeps none.
pub fn best_of_each(rewards: &[f64], k: usize) -> Vec<usize> {
    rewards
        .chunks(k.max(1))
        .enumerate()
        .filter_map(|(query, of_query)| {
            let (best, _) = ranked(of_query).first().copied()?;
            Some(query * k.max(1) + best)
        })
        .collect()
}

/// `top`: the places of the best `share` of all rewards, rounded down but at least one, the best first.
pub fn best_of_all(rewards: &[f64], share: f64) -> Vec<usize> {
    let kept = ((rewards.len() as f64 * share) as usize).max(1);
    ranked(rewards).into_iter().take(kept).map(|(place, _)| place).collect()
}

/// The rewards that are finite numbers with their places, the best first, of equals the first first.
fn ranked(rewards: &[f64]) -> Vec<(usize, f64)> {
    let mut found: Vec<(usize, f64)> = rewards
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, r)| r.is_finite())
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found
}
