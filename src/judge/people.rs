//! What several people say of the same pairs: each for themselves, together, and how much they agree.

use std::collections::HashMap;

use super::{Agreement, Label, Pair, Verdict, agreement};

/// People's verdicts on pairs, in the order of the pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct People {
    /// By name, in the order of the alphabet. `None`: skipped, or not judged yet.
    pub each: Vec<(String, Vec<Option<Verdict>>)>,
    /// What more of them say than anything else; where there is no such thing, a tie.
    pub together: Vec<Option<Verdict>>,
    /// On what all of them judged; `None` where that is nothing, or there is one of them.
    pub agreement: Option<Agreement>,
}

/// What the labels say of the pairs. A later label of the same person replaces an earlier one; equal texts are a tie for
/// everybody, and say nothing of their agreement. `seed`: of the interval.
pub fn people(pairs: &[Pair], labels: &[Label], seed: u64) -> People {
    let mut newest: HashMap<(&str, usize), &Label> = HashMap::new();
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, pair) in pairs.iter().enumerate() {
        places.entry(&pair.query).or_default().push(i);
    }
    for label in labels {
        for &i in places.get(&label.item.query[..]).into_iter().flatten() {
            if pairs[i].verdict(label).is_none() {
                continue;
            }
            let kept = newest.entry((&label.annotator, i)).or_insert(label);
            if label.at >= kept.at {
                *kept = label;
            }
        }
    }
    let mut names: Vec<&str> = newest.keys().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let verdict = |name: &str, i: usize| {
        if pairs[i].is_identical() {
            return Some(Verdict::Tie);
        }
        pairs[i].verdict(newest.get(&(name, i))?).flatten()
    };
    let each: Vec<(String, Vec<Option<Verdict>>)> = names
        .iter()
        .map(|name| (name.to_string(), (0..pairs.len()).map(|i| verdict(name, i)).collect()))
        .collect();
    let of_query = |i: usize| each.iter().filter_map(move |(_, verdicts)| verdicts[i]);
    let together = (0..pairs.len())
        .map(|i| majority(&of_query(i).collect::<Vec<_>>()))
        .collect();
    let table: Vec<Vec<usize>> = (0..pairs.len())
        .filter(|&i| !pairs[i].is_identical() && of_query(i).count() == each.len())
        .map(|i| {
            let count = |wanted| of_query(i).filter(|v| *v == wanted).count();
            vec![count(Verdict::Left), count(Verdict::Tie), count(Verdict::Right)]
        })
        .collect();
    let agreement = agreement(&table, seed);
    People {
        each,
        together,
        agreement,
    }
}

/// What is said more often than anything else; a tie where there is no such thing. `None` of nothing.
pub fn majority(verdicts: &[Verdict]) -> Option<Verdict> {
    let count = |wanted| verdicts.iter().filter(|v| **v == wanted).count();
    let (left, tie, right) = (count(Verdict::Left), count(Verdict::Tie), count(Verdict::Right));
    match () {
        () if verdicts.is_empty() => None,
        () if left > right && left > tie => Some(Verdict::Left),
        () if right > left && right > tie => Some(Verdict::Right),
        () => Some(Verdict::Tie),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mark, sheet, sheet::pairs};
    use super::*;

    /// Labels of an annotator who wants these verdicts, whatever side they are on.
    fn labels(pairs: &[Pair], annotator: &str, wanted: &[Option<Verdict>]) -> Vec<Label> {
        let items = sheet(pairs, annotator, 1);
        let label = |(item, wanted): (super::super::Item, &Option<Verdict>)| {
            let left_first = item.shown[0].starts_with("left");
            let mark = match (wanted, left_first) {
                (None, _) => Mark::Skip,
                (Some(Verdict::Tie), _) => Mark::Tie,
                (Some(Verdict::Left), true) | (Some(Verdict::Right), false) => Mark::First,
                _ => Mark::Second,
            };
            Label {
                annotator: annotator.into(),
                item,
                mark,
                took_ms: 900,
                at: 5,
            }
        };
        items.into_iter().zip(wanted).map(label).collect()
    }

    #[test]
    fn blinded_marks_become_verdicts_of_each_and_of_all() {
        use Verdict::{Left, Right, Tie};
        let pairs = pairs(5);
        let ann = [Some(Left), Some(Left), Some(Tie), None, Some(Right)];
        let bob = [Some(Left), Some(Right), Some(Tie), Some(Left), Some(Right)];
        let cem = [Some(Left), Some(Left), Some(Right), Some(Left)];
        let mut all = labels(&pairs, "cem", &cem);
        all.extend(labels(&pairs, "ann", &ann));
        all.extend(labels(&pairs, "bob", &bob));
        let found = people(&pairs, &all, 1);
        let names: Vec<&str> = found.each.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, ["ann", "bob", "cem"]);
        assert_eq!(found.each[0].1, ann);
        assert_eq!(found.each[2].1, [Some(Left), Some(Left), Some(Right), Some(Left), None]);
        assert_eq!(
            found.together,
            [Some(Left), Some(Left), Some(Tie), Some(Left), Some(Right)]
        );
        let agreement = found.agreement.expect("three people");
        assert_eq!((agreement.queries, agreement.raters), (3, 3), "what all of them judged");
        // Rows [3 0 0], [2 0 1], [0 2 1]: by hand P-bar = (1 + 1/3 + 1/3) / 3 and P-e = (25 + 4 + 4) / 81.
        let (observed, chance) = (5.0 / 9.0, 33.0 / 81.0);
        assert!((agreement.observed - observed).abs() < 1e-12);
        assert!((agreement.kappa.mean - (observed - chance) / (1.0 - chance)).abs() < 1e-12);
    }

    #[test]
    fn a_later_label_replaces_an_earlier_one() {
        let mut pairs = pairs(2);
        pairs[1].right = pairs[1].left.clone();
        let mut all = labels(&pairs, "ann", &[Some(Verdict::Left)]);
        let mut second = labels(&pairs, "ann", &[Some(Verdict::Right)]);
        second[0].at = 9;
        all.splice(0..0, second);
        let found = people(&pairs, &all, 1);
        assert_eq!(found.each[0].1, [Some(Verdict::Right), Some(Verdict::Tie)]);
        assert_eq!(found.agreement, None);
        assert_eq!(people(&pairs, &[], 1).each, []);
    }

    #[test]
    fn a_majority_is_more_than_anything_else() {
        use Verdict::{Left, Right, Tie};
        assert_eq!(majority(&[]), None);
        assert_eq!(majority(&[Left]), Some(Left));
        assert_eq!(majority(&[Left, Right]), Some(Tie));
        assert_eq!(majority(&[Left, Tie]), Some(Tie));
        assert_eq!(majority(&[Left, Right, Right]), Some(Right));
        assert_eq!(majority(&[Left, Left, Right, Right, Tie]), Some(Tie));
    }
}
