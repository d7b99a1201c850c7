//! What Eqs. 3 to 5 made of a pair, in words.

use crate::config::MethodName;
use crate::run::PairOrder;
use crate::train::{Branch, PairRecord};
use crate::tui::run_view::RunView;
use crate::tui::screens::live::signed;
use crate::tui::widgets::scale::short;

/// Two numbers with as many decimals as it takes to see that they differ.
fn apart(a: f64, b: f64) -> (String, String) {
    for decimals in 2..6 {
        let (x, y) = (format!("{a:.decimals$}"), format!("{b:.decimals$}"));
        if x != y {
            // A threshold that is small is not zero.
            let none = y.chars().all(|c| matches!(c, '0' | '.' | '-'));
            return (x, if none && b != 0.0 { short(b) } else { y });
        }
    }
    (format!("{a:.2}"), format!("{b:.2}"))
}

/// What a list of a method holds, and what its columns are.
pub fn list(method: MethodName) -> (&'static str, &'static str) {
    match method {
        MethodName::Ple => ("Pairs", "  step.pair  s'-s  branch   query x"),
        MethodName::Dpo => ("Pairs", "  step.pair  r-r'  kind     query x"),
        MethodName::Sft => ("Rows", "  step.row   s'-s  kind     query x"),
        MethodName::Ppo | MethodName::Raft => ("Responses", "  step.no     s  kind     query x"),
    }
}

/// The headings of the two sides of a pair: what it is called and what its number is.
pub fn sides(branch: Branch, method: MethodName) -> [(&'static str, &'static str); 2] {
    match (branch, method) {
        (Branch::Learnt, MethodName::Dpo) => [("rejected", "implicit r'"), ("chosen", "implicit r")],
        (Branch::Learnt, MethodName::Sft) => [("own answer", "s"), ("learnt", "s'")],
        (Branch::Kept | Branch::Dropped | Branch::Learnt, _) => [("response", "s"), ("", "")],
        (Branch::Ranked | Branch::Weighted, _) => [("original", "s"), ("guided", "s'")],
    }
}

/// What the pairs of a run can be filtered by.
pub fn branches(run: &RunView) -> &'static [Branch] {
    match run.method() {
        MethodName::Ple => &[Branch::Ranked, Branch::Weighted],
        MethodName::Raft => &[Branch::Kept, Branch::Dropped],
        MethodName::Sft | MethodName::Dpo | MethodName::Ppo => &[],
    }
}

/// "ranked: s' - s = 0.61 > tau 0.13, Eq. 3".
pub fn branch(pair: &PairRecord, method: MethodName) -> String {
    let (margin, tau) = apart(pair.margin(), pair.tau);
    if method == MethodName::Dpo {
        let right = if pair.margin() > 0.0 { "right" } else { "wrong" };
        return format!(
            "the policy has this pair {right}: r - r' = {}, Eq. 7 pushes it up",
            signed(pair.margin())
        );
    }
    if method == MethodName::Sft {
        return "the response on the right is learnt, token by token, Eq. 1".to_string();
    }
    match pair.branch {
        Branch::Ranked => format!("ranked: s' - s = {margin} > tau {tau}, Eq. 3"),
        Branch::Weighted => format!("weighted: s' - s = {margin} <= tau {tau}, Eq. 4"),
        Branch::Kept => "kept: among the best, learnt as SFT would".to_string(),
        Branch::Dropped => "dropped: not learnt from".to_string(),
        Branch::Learnt if pair.is_single() => "learnt from: each token by its advantage".to_string(),
        Branch::Learnt => "learnt from".to_string(),
    }
}

/// What the branch does with the two responses.
pub fn effect(pair: &PairRecord) -> String {
    let (w, w2) = (pair.weight_original, pair.weight_guided);
    let weights = format!("w = {}, w' = {}", signed(w), signed(w2));
    match pair.branch {
        Branch::Ranked => format!("pulls the guided up, pushes the original down ({weights}: unused)"),
        Branch::Weighted if w > 0.0 => {
            format!(
                "w = {} pulls the original up, w' = {} pushes the guided down, Eq. 5",
                signed(w),
                signed(w2)
            )
        }
        Branch::Weighted if w < 0.0 => {
            format!(
                "w = {} pushes the original down, w' = {} pulls the guided up, Eq. 5",
                signed(w),
                signed(w2)
            )
        }
        Branch::Weighted => format!("{weights}, Eq. 5: this pair teaches nothing"),
        Branch::Kept | Branch::Dropped | Branch::Learnt => {
            let known = pair.metrics.iter().map(|(name, x)| format!("{name} {}", short(*x)));
            known.collect::<Vec<_>>().join("   ")
        }
    }
}

/// What the equations saw in place of the rewards that are shown.
pub fn shaped(pair: &PairRecord, run: &RunView) -> Option<String> {
    let shaped = pair.shaped?;
    let how = run.experiment().and_then(|e| e.reward.shaping());
    Some(format!(
        "Eqs. 3 to 5 see s = {}, s' = {}: {}",
        signed(shaped.original),
        signed(shaped.guided),
        how.unwrap_or_else(|| "shaped".to_string())
    ))
}

/// Whether the policy's order of the two responses was that of their rewards when the pair was new, where that is known.
pub fn likelihoods(pair: &PairRecord) -> Option<String> {
    if !matches!(pair.branch, Branch::Ranked | Branch::Weighted) {
        return None;
    }
    let of = |name| pair.metrics.get(name).copied();
    let mean = |sum: f64, ids: &[u32]| sum / ids.len().max(1) as f64;
    let (y, guided) = (of("logps/original")?, of("logps/guided")?);
    let lead = mean(guided, &pair.guided_ids) - mean(y, &pair.original_ids);
    let order = match (lead > 0.0, pair.margin()) {
        (_, 0.0) => "their rewards are equal",
        (true, m) if m > 0.0 => "as their rewards",
        (false, m) if m < 0.0 => "as their rewards",
        _ => "against their rewards",
    };
    Some(format!(
        "a token of y' was {} nats likelier than one of y without principles: {order}",
        signed(lead)
    ))
}

/// What has changed since the pair was new, or what the experiment switched off.
pub fn today(pair: &PairRecord, run: &RunView) -> Option<String> {
    let method = run.experiment().map(|e| &e.method);
    match pair.branch {
        Branch::Ranked if method.is_some_and(|m| !m.rank) => {
            return Some("but this experiment switches Eq. 3 off (rank = false)".to_string());
        }
        Branch::Weighted if method.is_some_and(|m| !m.weighted_sft) => {
            return Some("but this experiment switches Eq. 4 off (weighted_sft = false)".to_string());
        }
        _ => {}
    }
    if !matches!(pair.branch, Branch::Ranked | Branch::Weighted) {
        return None;
    }
    let tau = run.latest.as_ref().filter(|s| s.step > pair.step)?.tau;
    let now = if pair.margin() > tau {
        Branch::Ranked
    } else {
        Branch::Weighted
    };
    (now != pair.branch).then(|| format!("today's tau {tau:.3} puts it into the {} branch", name(now)))
}

pub fn name(branch: Branch) -> &'static str {
    match branch {
        Branch::Ranked => "ranked",
        Branch::Weighted => "weighted",
        Branch::Kept => "kept",
        Branch::Dropped => "dropped",
        Branch::Learnt => "learnt",
    }
}

pub fn order(order: PairOrder) -> &'static str {
    match order {
        PairOrder::Newest => "newest first",
        PairOrder::Oldest => "oldest first",
        PairOrder::LargestMargin => "largest margin first",
        PairOrder::SmallestMargin => "smallest margin first",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screens::fixtures;

    #[test]
    fn the_likelihoods_are_held_against_the_rewards() {
        let mut pair = fixtures::pair(0, 0);
        assert_eq!(likelihoods(&pair), None);
        let mut said = |lead: f64, reward: f64| {
            (pair.original_ids, pair.guided_ids) = (vec![1; 20], vec![2; 40]);
            pair.metrics.insert("logps/original".into(), -20.0);
            pair.metrics.insert("logps/guided".into(), 40.0 * (lead - 1.0));
            pair.reward_guided = reward;
            likelihoods(&pair).unwrap()
        };
        assert_eq!(
            said(3.0, 9.0),
            "a token of y' was +3.00 nats likelier than one of y without principles: as their rewards"
        );
        assert!(said(-3.0, 9.0).ends_with("against their rewards"));
        assert!(said(3.0, -9.0).ends_with("against their rewards"));
        assert!(said(-3.0, -9.0).ends_with(": as their rewards"));
        assert!(said(1.0, -0.42).ends_with("equal"));
    }
}
