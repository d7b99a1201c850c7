//! What is kept of judgements, and what a resume forgets of it.

use tempfile::TempDir;

use crate::judge::wire::Said;
use crate::judge::{Contest, Contestant, Item, JudgeKind, Judged, Label, Mark, Verdict};
use crate::run::{Asked, Judgements, Sampled};
use crate::train::Reply;

fn contest(left: (&str, u32), right: (&str, u32), verdict: Verdict) -> Contest {
    let side = |(run, step): (&str, u32)| Contestant {
        run: run.into(),
        method: "ple".into(),
        step,
        sft_done: 0,
    };
    Contest {
        task: "hh".into(),
        left: side(left),
        right: side(right),
        kind: JudgeKind::Reward,
        judge: "builtin:hh-reward".into(),
        about: vec!["said once".into()],
        seed: 1,
        rows: vec![Judged {
            query: "q".into(),
            left: "l".into(),
            right: "r".into(),
            verdict: Some(verdict),
            scores: Some([Some(0.5), None]),
            rounds: None,
        }],
    }
}

#[test]
fn answers_of_judges_are_kept_by_what_was_asked() {
    let dir = TempDir::new().expect("a folder");
    assert!(Judgements::open_to_read(dir.path()).expect("readable").is_none());
    let asked = Asked {
        judge: "m",
        template: "which?",
        query: "q",
        first: "a",
        second: "b",
    };
    let said = Said {
        text: "[[A]]".into(),
        tokens: Some((12, 3)),
    };
    let mut store = Judgements::open(dir.path()).expect("a store");
    assert_eq!(store.reply(&asked).expect("readable"), None);
    store.put_reply(&asked, &said).expect("writable");
    drop(store);
    let store = Judgements::open_to_read(dir.path()).expect("readable").expect("a file");
    assert_eq!(store.reply(&asked).expect("readable"), Some(said));
    // Anything else that was asked has not been.
    for other in [
        Asked { judge: "n", ..asked },
        Asked {
            template: "who?",
            ..asked
        },
        Asked { query: "p", ..asked },
        Asked {
            first: "b",
            second: "a",
            ..asked
        },
    ] {
        assert_eq!(store.reply(&other).expect("readable"), None, "{other:?}");
    }
}

#[test]
fn a_person_may_change_their_mind() {
    let dir = TempDir::new().expect("a folder");
    let mut store = Judgements::open(dir.path()).expect("a store");
    let label = |annotator: &str, shown: [&str; 2], mark, at| Label {
        annotator: annotator.into(),
        item: Item {
            query: "q".into(),
            shown: shown.map(String::from),
        },
        mark,
        took_ms: 1500,
        at,
    };
    store
        .put_label(&label("ann", ["a", "b"], Mark::First, 1))
        .expect("writable");
    store
        .put_label(&label("bob", ["a", "b"], Mark::Skip, 2))
        .expect("writable");
    // The same two texts the other way round are the same question.
    let last = label("ann", ["b", "a"], Mark::Tie, 3);
    store.put_label(&last).expect("writable");
    let found = store.labels().expect("readable");
    assert_eq!(found, [label("bob", ["a", "b"], Mark::Skip, 2), last]);
}

#[test]
fn contests_are_replaced_and_forgotten_with_their_steps() {
    let dir = TempDir::new().expect("a folder");
    let mut store = Judgements::open(dir.path()).expect("a store");
    let old = contest(("a", 40), ("b", 40), Verdict::Left);
    store.put_contest(&old).expect("writable");
    assert_eq!(store.contests().expect("readable"), [old]);
    let again = contest(("b", 40), ("a", 40), Verdict::Tie);
    let early = contest(("a", 20), ("b", 40), Verdict::Right);
    store.put_contest(&again).expect("writable");
    store.put_contest(&early).expect("writable");
    assert_eq!(store.contests().expect("readable"), [again, early.clone()]);

    let queries = ["q".to_string()];
    let reply = Reply {
        text: "y".into(),
        tokens: 3,
        ended: true,
    };
    let sampled = |step| Sampled {
        step,
        sft_done: 0,
        seed: u64::MAX,
        generation: "{}",
    };
    for step in [20, 40] {
        store
            .put_answers(&sampled(step), &queries, std::slice::from_ref(&reply))
            .expect("writable");
    }
    assert_eq!(
        store.answers(&sampled(40), &queries).expect("readable"),
        Some(vec![reply.clone()])
    );
    assert_eq!(
        store.answers(&sampled(40), &["other".to_string()]).expect("readable"),
        None
    );

    store.forget_after("a", 20, 0).expect("writable");
    assert_eq!(store.contests().expect("readable"), [early]);
    assert_eq!(store.answers(&sampled(40), &queries).expect("readable"), None);
    assert_eq!(
        store.answers(&sampled(20), &queries).expect("readable"),
        Some(vec![reply])
    );
}
