//! From what a judge says of two texts to who won.

use serde::{Deserialize, Serialize};

/// What a judge says of two texts that stand one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    First,
    Second,
    Tie,
}

/// Who won a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Left,
    Tie,
    Right,
}

impl Choice {
    /// Who won, if the left answer stood first, or (`turned`) second.
    pub fn of(self, turned: bool) -> Verdict {
        match (self, turned) {
            (Choice::Tie, _) => Verdict::Tie,
            (Choice::First, false) | (Choice::Second, true) => Verdict::Left,
            (Choice::Second, false) | (Choice::First, true) => Verdict::Right,
        }
    }
}

impl Verdict {
    /// The same from the other side.
    pub fn turned(self) -> Self {
        match self {
            Verdict::Left => Verdict::Right,
            Verdict::Tie => Verdict::Tie,
            Verdict::Right => Verdict::Left,
        }
    }
}

/// The paper's rule: the judge is asked twice, with the left answer first and then with the right one first. One wins
/// where both rounds say so; everything else is a tie, so that a judge who likes a place more than an answer decides nothing.
/// `None` where a round said nothing that can be understood.
pub fn both_orders(rounds: [Option<Choice>; 2]) -> Option<Verdict> {
    let [first, second] = rounds;
    let (first, second) = (first?.of(false), second?.of(true));
    Some(if first == second { first } else { Verdict::Tie })
}

/// Scores no further apart are a tie: what is left of one number after two batches of another shape.
pub const EPSILON: f64 = 1e-4;

/// The higher score wins; scores no further apart than `epsilon` are a tie. `None` where one is no number.
pub fn by_score(left: f64, right: f64, epsilon: f64) -> Option<Verdict> {
    let by = left - right;
    if by.is_nan() {
        return None;
    }
    Some(match by {
        _ if by.abs() <= epsilon => Verdict::Tie,
        _ if by > 0.0 => Verdict::Left,
        _ => Verdict::Right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wins_only_where_both_rounds_say_so() {
        use Choice::{First, Second, Tie};
        let cases = [
            // The left one, whatever its place.
            (First, Second, Verdict::Left),
            (Second, First, Verdict::Right),
            // A place, whatever stands there.
            (First, First, Verdict::Tie),
            (Second, Second, Verdict::Tie),
            (Tie, Tie, Verdict::Tie),
            // Sure in one round only.
            (First, Tie, Verdict::Tie),
            (Tie, First, Verdict::Tie),
            (Second, Tie, Verdict::Tie),
        ];
        for (a, b, verdict) in cases {
            assert_eq!(both_orders([Some(a), Some(b)]), Some(verdict), "{a:?} {b:?}");
        }
        assert_eq!(both_orders([Some(First), None]), None);
        assert_eq!(both_orders([None, Some(Tie)]), None);
    }

    #[test]
    fn scores_within_epsilon_are_a_tie() {
        assert_eq!(by_score(0.5, 0.25, 0.0), Some(Verdict::Left));
        assert_eq!(by_score(0.25, 0.5, 0.0), Some(Verdict::Right));
        assert_eq!(by_score(0.25, 0.5, 0.25), Some(Verdict::Tie));
        assert_eq!(by_score(0.5, 0.5, 0.0), Some(Verdict::Tie));
        assert_eq!(by_score(f64::NAN, 0.5, 1.0), None);
        assert_eq!(by_score(f64::INFINITY, 0.5, 1.0), Some(Verdict::Left));
    }
}
