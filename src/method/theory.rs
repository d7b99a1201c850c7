//! The theory of PLE, measured on sampled pairs: how far the order of their likelihoods agrees with that of their rewards.
//!
//! The paper calls a level set L(e) = { x : s' - s >= e } pure for a policy when pi(y'|x) > pi(y|x) for all of it. Its
//! Lemma 5.2 lets the threshold tau fall because training makes ever lower level sets pure. Eq. 7 lets it fall by itself; here
//! is what the pairs say.
//!
//! Likelihoods are compared as Eq. 3 compares them, by the mean over a response's tokens. By whole responses the order is at
//! first mostly that of their lengths: where the principles make answers longer, few pairs agree.

/// The name of e* among a step's metrics.
pub const BOUNDARY: &str = "theory/pure_margin";

/// The name of the share of consistent pairs at tau or above.
pub const AT_TAU: &str = "theory/consistent_at_tau";

/// The margins at which the share of consistent pairs is reported.
pub const MARGINS: [f64; 6] = [0.0, 0.25, 0.5, 1.0, 2.0, 4.0];

/// The name of the share of consistent pairs above a margin among a step's metrics, for one of [`MARGINS`].
pub fn share_name(margin: f64) -> String {
    format!("theory/consistent_{margin}")
}

/// A pair as the theory sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ordered {
    /// s' - s.
    pub margin: f64,
    /// log pi(y'|x) - log pi(y|x), of their tokens' means or of whole responses.
    pub lead: f64,
}

impl Ordered {
    /// The likelihoods are in the order of the rewards. Only for a margin above 0.
    fn agrees(&self) -> bool {
        self.lead > 0.0
    }
}

/// The share of pairs with s' - s >= `e` whose likelihoods are in the order of their rewards; `None` where there is no such
/// pair. Of pairs with s' <= s the theory says nothing.
pub fn consistent(pairs: &[Ordered], e: f64) -> Option<f64> {
    let above = pairs.iter().filter(|p| p.margin >= e && p.margin > 0.0);
    let (all, agree) = above.fold((0u32, 0u32), |(n, k), p| (n + 1, k + u32::from(p.agrees())));
    (all > 0).then(|| f64::from(agree) / f64::from(all))
}

/// e*, the boundary of the pure level set: above it all sampled pairs agree, and no smaller number would do. With `purity`
/// below 1 it is enough that this share of the pairs above it agrees. It is the margin of a pair, or 0 where all agree; `None`
/// where no pair has a margin above 0.
pub fn boundary(pairs: &[Ordered], purity: f64) -> Option<f64> {
    let mut above: Vec<&Ordered> = pairs.iter().filter(|p| p.margin > 0.0).collect();
    above.sort_by(|a, b| b.margin.total_cmp(&a.margin));
    let mut found = above.first()?.margin;
    let mut agree = 0u32;
    for (i, pair) in above.iter().enumerate() {
        agree += u32::from(pair.agrees());
        let below = above.get(i + 1).map_or(0.0, |p| p.margin);
        // Pairs of equal margins are in the same level set.
        if below < pair.margin && f64::from(agree) >= purity * (i + 1) as f64 {
            found = below;
        }
    }
    Some(found)
}

/// What is told of a step's pairs, by name. `tokens` has the lead of the tokens' means, by which Eq. 3 ranks; `whole` that of
/// whole responses.
pub fn report(tokens: &[Ordered], whole: &[Ordered], tau: f64, purity: f64) -> Vec<(String, f64)> {
    let mut out: Vec<(String, Option<f64>)> = vec![
        (BOUNDARY.into(), boundary(tokens, purity)),
        (AT_TAU.into(), consistent(tokens, tau)),
        ("theory/pure_margin_whole".into(), boundary(whole, purity)),
        ("theory/consistent_whole".into(), consistent(whole, 0.0)),
    ];
    out.extend(MARGINS.map(|e| (share_name(e), consistent(tokens, e))));
    out.into_iter().filter_map(|(name, x)| Some((name, x?))).collect()
}

/// tau of the next step where it falls as far as the boundary allows: tau_t = max( tau_(t-1) * decay, min( tau_(t-1), e* ) ).
///
/// So it never rises, never falls faster than Eq. 7, and stays where nothing was measured.
pub fn next_tau(tau: f64, decay: f64, boundary: Option<f64>) -> f64 {
    super::ple::next_tau(tau, decay).max(boundary.map_or(tau, |e| tau.min(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(numbers: &[(f64, f64)]) -> Vec<Ordered> {
        numbers.iter().map(|&(margin, lead)| Ordered { margin, lead }).collect()
    }

    #[test]
    fn shares_are_counted_by_hand() {
        let p = pairs(&[(3.0, 1.0), (2.0, -1.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0), (-1.0, 1.0)]);
        assert_eq!(consistent(&p, 0.0), Some(0.75));
        assert_eq!(consistent(&p, 1.0), Some(2.0 / 3.0));
        assert_eq!(consistent(&p, 2.5), Some(1.0));
        assert_eq!(consistent(&p, 3.5), None);
        assert_eq!(consistent(&p[4..], -5.0), None);
    }

    #[test]
    fn the_boundary_is_the_largest_margin_that_disagrees() {
        let p = pairs(&[(1.0, 1.0), (3.0, 1.0), (2.0, -1.0), (0.5, 0.2), (-4.0, 1.0)]);
        assert_eq!(boundary(&p, 1.0), Some(2.0));
        // Above it all agree, at it not.
        assert_eq!(consistent(&p, 2.0 + 1e-9), Some(1.0));
        assert!(consistent(&p, 2.0).unwrap() < 1.0);
        // Three of four will do.
        assert_eq!(boundary(&p, 0.75), Some(0.0));
        assert_eq!(boundary(&p, 0.76), Some(2.0));
        assert_eq!(boundary(&pairs(&[(1.0, 1.0), (2.0, 0.1)]), 1.0), Some(0.0));
        assert_eq!(boundary(&pairs(&[(1.0, 1.0), (2.0, -0.1)]), 1.0), Some(2.0));
        // Likelihoods that are equal are in no order; nor is a pair whose equal disagrees in a pure set.
        assert_eq!(boundary(&pairs(&[(1.0, 0.0)]), 1.0), Some(1.0));
        assert_eq!(boundary(&pairs(&[(2.0, 1.0), (2.0, -1.0), (1.0, 1.0)]), 1.0), Some(2.0));
        assert_eq!(boundary(&pairs(&[(0.0, 1.0), (-1.0, 1.0)]), 1.0), None);
    }

    #[test]
    fn tau_falls_only_as_far_as_it_may() {
        assert_eq!(next_tau(0.2, 0.9, Some(0.0)), 0.2 * 0.9);
        assert_eq!(next_tau(0.2, 0.9, Some(0.19)), 0.19);
        assert_eq!(next_tau(0.2, 0.9, Some(3.0)), 0.2);
        assert_eq!(next_tau(0.2, 0.9, None), 0.2);
        // A threshold below 0 does what Eq. 7 says of it: it rises towards 0, as the boundary does.
        assert_eq!(next_tau(-1.0, 0.9, Some(0.5)), -0.9);
    }
}
