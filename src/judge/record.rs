//! Two policies on the same queries as somebody judged them: what is stored, and what follows from it.

use serde::{Deserialize, Serialize};

use super::{Choice, Verdict};
use crate::evaluate::Bootstrap;
use crate::random::Purpose;
use crate::train::Estimate;

/// Two policies, judged query by query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contest {
    pub task: String,
    pub left: Contestant,
    pub right: Contestant,
    pub kind: JudgeKind,
    /// Who judged: a reward model's name, a judge model's, an annotator's, or "2 people".
    pub judge: String,
    /// What to know of the judging, for people.
    #[serde(default)]
    pub about: Vec<String>,
    /// Of the queries, of the sampling and of the intervals.
    pub seed: u64,
    pub rows: Vec<Judged>,
}

/// Who judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JudgeKind {
    Reward,
    /// The grammar's checker.
    Truth,
    /// A model behind an endpoint.
    Model,
    People,
}

/// One of the two: the policy of a run after some steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contestant {
    pub run: String,
    pub method: String,
    pub step: u32,
    pub sft_done: u32,
}

/// One query with its two answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub query: String,
    pub left: String,
    pub right: String,
    /// `None` where there is none: an answer of the judge that says nothing clear, or a query that people skipped.
    pub verdict: Option<Verdict>,
    /// Of a reward or of truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<[Option<f64>; 2]>,
    /// Of a judge model: with the left answer first, and with the right one first. None where both answers are one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<[Round; 2]>,
}

/// What a judge model said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    pub choice: Option<Choice>,
    pub said: String,
}

/// How often which side won.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Queries with a verdict.
    pub n: usize,
    /// Queries without.
    pub without: usize,
    pub wins: usize,
    pub ties: usize,
    pub losses: usize,
    /// The left side's shares, with intervals bootstrapped over queries.
    pub win: Estimate,
    pub tie: Estimate,
    pub lose: Estimate,
}

impl JudgeKind {
    /// "the reward model", for people.
    pub fn words(self) -> &'static str {
        match self {
            JudgeKind::Reward => "reward",
            JudgeKind::Truth => "truth",
            JudgeKind::Model => "judge model",
            JudgeKind::People => "people",
        }
    }
}

impl Contest {
    /// The verdicts, counted.
    pub fn outcome(&self) -> Outcome {
        let verdicts: Vec<Verdict> = self.rows.iter().filter_map(|row| row.verdict).collect();
        outcome(&verdicts, self.rows.len() - verdicts.len(), self.seed)
    }

    /// The queries of several contests as one, such as those of the same two methods with several seeds. Sides, judge and seed
    /// are the first one's. `None` of none.
    pub fn pooled(contests: &[&Contest]) -> Option<Self> {
        let first = contests.first()?;
        Some(Self {
            rows: contests.iter().flat_map(|c| c.rows.iter().cloned()).collect(),
            ..Contest::clone(first)
        })
    }

    /// The same seen from the other side.
    pub fn turned(&self) -> Self {
        let rows = self.rows.iter().map(|row| Judged {
            query: row.query.clone(),
            left: row.right.clone(),
            right: row.left.clone(),
            verdict: row.verdict.map(Verdict::turned),
            scores: row.scores.map(|[a, b]| [b, a]),
            rounds: row.rounds.clone().map(|[a, b]| [b, a]),
        });
        Self {
            left: self.right.clone(),
            right: self.left.clone(),
            rows: rows.collect(),
            ..self.clone()
        }
    }

    /// Queries whose two answers are one text, which nobody was asked about.
    pub fn identical(&self) -> usize {
        self.rows.iter().filter(|row| row.left == row.right).count()
    }

    /// Of the rounds that a judge model decided, the share in which it took the answer that stood first: 0.5 where the
    /// place does not matter to it. And the share of queries on which both rounds agree. `None` without rounds.
    pub fn by_place(&self) -> Option<(f64, f64)> {
        let rounds = || self.rows.iter().filter_map(|row| row.rounds.as_ref());
        let choices: Vec<Choice> = rounds().flatten().filter_map(|round| round.choice).collect();
        let (first, second) = (
            choices.iter().filter(|c| **c == Choice::First).count(),
            choices.iter().filter(|c| **c == Choice::Second).count(),
        );
        let both: Vec<[Choice; 2]> = rounds().filter_map(|[a, b]| Some([a.choice?, b.choice?])).collect();
        let agree = both.iter().filter(|[a, b]| a.of(false) == b.of(true)).count();
        (!both.is_empty()).then(|| {
            (
                first as f64 / (first + second).max(1) as f64,
                agree as f64 / both.len() as f64,
            )
        })
    }
}

/// Verdicts, counted, with intervals.
pub fn outcome(verdicts: &[Verdict], without: usize, seed: u64) -> Outcome {
    let bootstrap = Bootstrap {
        seed,
        purpose: Purpose::Judge,
    };
    let count = |wanted| verdicts.iter().filter(|v| **v == wanted).count();
    let share = |wanted| bootstrap.estimate(verdicts.iter().map(|v| f64::from(u8::from(*v == wanted))));
    Outcome {
        n: verdicts.len(),
        without,
        wins: count(Verdict::Left),
        ties: count(Verdict::Tie),
        losses: count(Verdict::Right),
        win: share(Verdict::Left),
        tie: share(Verdict::Tie),
        lose: share(Verdict::Right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(left: &str, right: &str, rounds: [Option<Choice>; 2]) -> Judged {
        Judged {
            query: "q".into(),
            left: left.into(),
            right: right.into(),
            verdict: super::super::both_orders(rounds),
            scores: None,
            rounds: Some(rounds.map(|choice| Round {
                choice,
                said: String::new(),
            })),
        }
    }

    fn contest(rows: Vec<Judged>) -> Contest {
        let side = |run: &str| Contestant {
            run: run.into(),
            method: "ple".into(),
            step: 3,
            sft_done: 1,
        };
        Contest {
            task: "hh".into(),
            left: side("a"),
            right: side("b"),
            kind: JudgeKind::Model,
            judge: "m".into(),
            about: vec![],
            seed: 1,
            rows,
        }
    }

    #[test]
    fn verdicts_are_counted_from_both_sides() {
        use Choice::{First, Second};
        let found = contest(vec![
            row("a", "b", [Some(First), Some(Second)]),
            row("a", "b", [Some(First), Some(Second)]),
            row("a", "b", [Some(Second), Some(First)]),
            row("a", "b", [Some(First), Some(First)]),
            row("a", "b", [None, Some(First)]),
        ]);
        let outcome = found.outcome();
        assert_eq!((outcome.n, outcome.without), (4, 1));
        assert_eq!((outcome.wins, outcome.ties, outcome.losses), (2, 1, 1));
        assert_eq!(
            (outcome.win.mean, outcome.tie.mean, outcome.lose.mean),
            (0.5, 0.25, 0.25)
        );
        assert!(outcome.win.low < 0.5 && outcome.win.high > 0.5);
        let turned = found.turned();
        assert_eq!((turned.outcome().wins, turned.outcome().losses), (1, 2));
        assert_eq!(turned.left.run, "b");
        assert_eq!(turned.turned(), found);
        let both = Contest::pooled(&[&found, &turned]).expect("two").outcome();
        assert_eq!((both.n, both.wins, both.ties, both.losses), (8, 3, 2, 3));
        assert_eq!(Contest::pooled(&[]), None);
        // The rule still holds: what was the second round is the first now.
        for row in &turned.rows {
            let rounds = row.rounds.as_ref().expect("rounds");
            assert_eq!(
                super::super::both_orders([rounds[0].choice, rounds[1].choice]),
                row.verdict
            );
        }
    }

    #[test]
    fn what_a_place_is_worth_to_the_judge_is_told() {
        use Choice::{First, Second, Tie};
        let biased = contest(vec![row("a", "b", [Some(First), Some(First)]); 10]);
        assert_eq!(biased.by_place(), Some((1.0, 0.0)));
        assert_eq!(biased.outcome().ties, 10);
        let fair = contest(vec![row("a", "b", [Some(First), Some(Second)]); 10]);
        assert_eq!(fair.by_place(), Some((0.5, 1.0)));
        let shy = contest(vec![row("a", "b", [Some(Tie), Some(Tie)])]);
        assert_eq!(shy.by_place(), Some((0.0, 1.0)));
        assert_eq!(contest(vec![]).by_place(), None);
    }
}
