//! Every record comes back as it was.

use super::*;
use crate::config::{Bounds, Clip, Plan, RewardSettings, Rule};

fn effect(step: u32, x: f64) -> EffectRecord {
    let estimate = Estimate {
        mean: x,
        low: -x,
        high: x,
    };
    let arm = |truth: bool| ArmRecord {
        reward: estimate,
        truth: truth.then_some(estimate),
        length: x,
        prompt_tokens: 3,
    };
    let difference = Difference {
        reward: estimate,
        truth: None,
        length: x,
    };
    EffectRecord {
        step,
        version: 1,
        queries: 4,
        seed: u64::MAX,
        none: arm(true),
        all: arm(false),
        principles: vec![PrincipleEffect {
            name: "kind".into(),
            text: "be kind".into(),
            on: false,
            tokens: 2,
            other: arm(true),
            alone: arm(false),
            adds: difference.clone(),
            adds_alone: difference,
            verdict: Verdict::TooFew,
        }],
        seconds: x,
    }
}

#[test]
fn every_record_comes_back_bit_for_bit() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "all");
    let mut expected = Vec::new();
    for (i, &x) in (0u32..).zip(ODD.iter()) {
        let odd_step = StepRecord {
            reward_original: x,
            truth_original: Some(x),
            truth_guided: None,
            loss: x,
            seconds: x,
            ranked: 3,
            replay: 9,
            margins: vec![x as f32, 0.1],
            metrics: [("objective/kl".to_string(), x), ("lr".to_string(), 1e-4)].into(),
            ..step(i)
        };
        let odd_pair = PairRecord {
            reward_guided: x,
            weight_guided: x,
            shaped: i.is_multiple_of(2).then_some(Shaped {
                original: x,
                guided: 0.1 + 0.2,
            }),
            truth_guided: None,
            truth_original: Some(x),
            branch: [Branch::Kept, Branch::Dropped, Branch::Learnt][i as usize % 3],
            // One of two letters is the shortest there may be: without and with shaped rewards.
            metrics: match i % 4 {
                0 | 1 => Metrics::new(),
                _ => [("kl".to_string(), x)].into(),
            },
            ..pair(i, 0)
        };
        let case = CaseRecord {
            label: "everyday".into(),
            query: "q".into(),
            original: "o\0o".into(),
            guided: "g".into(),
            reward_original: x,
            reward_guided: 1.0,
            truth_original: None,
            truth_guided: Some(x),
        };
        expected.extend([
            Event::Stage {
                name: "sft".into(),
                steps: 5,
            },
            Event::Sft(SftRecord {
                step: i,
                loss: x,
                learning_rate: 1e-3,
                grad_norm: x,
            }),
            Event::Step(odd_step),
            Event::Pairs {
                step: i,
                pairs: vec![odd_pair, pair(i, 1)],
            },
            Event::Evaluation(EvaluationRecord {
                step: i,
                queries: 4,
                reward_original: x,
                reward_guided: 0.7,
                truth_original: Some(x),
                truth_guided: None,
                cases: vec![
                    case.clone(),
                    CaseRecord {
                        truth_original: Some(2.0),
                        ..case
                    },
                ],
            }),
            version(i + 1, i),
            mark(i, x),
            Event::Answer(Answer {
                id: u64::MAX,
                step: i,
                query: "why?".into(),
                original: "é".into(),
                guided: "".into(),
                reward_original: x,
                reward_guided: x,
                truth_original: None,
                truth_guided: Some(x),
                refused: (i % 2 == 0).then(|| "too long".into()),
            }),
            Event::Effect(effect(i, x)),
            Event::Alarm(Alarm {
                step: i,
                message: "m".into(),
                suggestion: "s".into(),
                paused: true,
            }),
            Event::Failed {
                message: "out of memory".into(),
            },
            Event::Done(Done {
                run: "r".into(),
                path: "p".into(),
                steps: i,
                reason: "stopped".into(),
                seconds: x,
            }),
        ]);
    }
    for event in &expected {
        store.record(event).unwrap();
    }
    for ignored in [
        Event::Paused { step: 1, paused: true },
        Event::Measuring(Measuring {
            step: 1,
            done: 1,
            total: 2,
            over: false,
        }),
        Event::Checkpoint {
            step: 1,
            path: "x".into(),
        },
    ] {
        store.record(&ignored).unwrap();
    }
    let mut reader = Reader::open(store.dir()).unwrap();
    let found = reader.poll().unwrap();
    assert_eq!(text(&found[0]), text(&Event::Started(store.started().clone())));
    assert_eq!(found.len(), expected.len() + 1);
    for (found, expected) in found[1..].iter().zip(&expected) {
        assert_eq!(text(found), text(expected));
    }
    assert!(reader.poll().unwrap().is_empty(), "nothing happened since");
    let steps: Vec<Event> = reader.steps().unwrap().into_iter().map(Event::Step).collect();
    assert_eq!(
        text(&steps),
        text(
            &expected
                .iter()
                .filter(|e| matches!(e, Event::Step(_)))
                .collect::<Vec<_>>()
        )
    );
    assert_eq!(store.pairs_between(1, 3).unwrap().len(), 4);
    assert_eq!(store.pairs_between(1, 3).unwrap()[1], pair(1, 1));
    assert_eq!(store.principles().unwrap().len(), ODD.len());
}

#[test]
fn settings_come_back_bit_for_bit() {
    let runs = tempfile::tempdir().unwrap();
    // Random-looking numbers of 17 digits, which serde_json's default reader gets wrong now and then.
    for i in 1..40u64 {
        let mut started = started();
        let x = f64::from_bits(0x3f50_0000_0000_0000 + i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (1 << 58));
        let Plan::Align(experiment) = &mut started.experiment else {
            panic!("the fixture aligns a policy")
        };
        experiment.method.learning_rate = x;
        experiment.generation.top_p = -x;
        let store = Store::create(runs.path(), None, &started).unwrap();
        let (dir, name) = (store.dir().to_path_buf(), store.name().to_string());
        assert_eq!(name, format!("imdb-{i:03}"));
        drop(store);
        let found = Store::open(&dir).unwrap().started().clone();
        let path = dir.to_string_lossy().into_owned();
        assert_eq!(
            text(&found),
            text(&Started {
                run: name,
                path,
                ..started
            })
        );
    }
}

#[test]
fn settings_of_rewards_come_back_bit_for_bit() {
    let runs = tempfile::tempdir().unwrap();
    let mut started = started();
    let x = 0.1 + 0.2;
    started.experiment.align_mut().unwrap().reward = serde_json::from_value(serde_json::json!({
        "rules": [{"regex": "a", "score": 1.5}, {"length": 4, "slope": 0.5}, {"truth": 2.0}],
        "clip": {"low": -1.0, "high": 1.0},
    }))
    .unwrap();
    let reward = &mut started.experiment.align_mut().unwrap().reward;
    if let [Rule::Regex(regex), Rule::Length(length), Rule::Truth(truth)] = &mut reward.rules[..] {
        (regex.score, length.slope, truth.truth) = (x, -x, 2.0 * x);
    }
    reward.clip = Clip::To(Bounds { low: -x, high: x });
    let dir = Store::create(runs.path(), None, &started).unwrap().dir().to_path_buf();
    assert_eq!(Store::open(&dir).unwrap().started().experiment, started.experiment);
}

/// A run of before there was shaping is read as it is, and goes on.
#[test]
fn a_database_of_format_1_is_read_and_written_on() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "old");
    store.record_step(&step(0), &[pair(0, 0), pair(0, 1)]).unwrap();
    let dir = store.dir().to_path_buf();
    drop(store);
    let database = rusqlite::Connection::open(dir.join("run.db")).unwrap();
    // As it was written then: with no such columns, and with settings that had the model alone.
    database
        .execute_batch(
            "ALTER TABLE pairs DROP COLUMN shaped_original; ALTER TABLE pairs DROP COLUMN shaped_guided;
             ALTER TABLE pairs DROP COLUMN metrics; ALTER TABLE steps DROP COLUMN metrics;
             UPDATE meta SET value = json_set(value, '$.experiment.reward', json('{\"model\":\"builtin:imdb-sentiment\"}'))
             WHERE key = 'started';
             DROP TABLE evaluations; DROP TABLE log;
             PRAGMA user_version = 1;",
        )
        .unwrap();
    let format = || {
        database
            .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let reader = Reader::open(&dir).unwrap();
    assert_eq!(reader.pairs_between(0, 9).unwrap(), [pair(0, 0), pair(0, 1)]);
    assert_eq!(
        reader.started().unwrap().experiment.align().unwrap().reward,
        RewardSettings::model("builtin:imdb-sentiment")
    );
    assert_eq!(reader.evaluations().unwrap(), []);
    assert_eq!(format(), 1, "reading changes nothing");

    let mut store = Store::open(&dir).unwrap();
    assert_eq!(format(), 4);
    let shaped = PairRecord {
        shaped: Some(Shaped {
            original: -0.5,
            guided: 0.25,
        }),
        ..pair(1, 0)
    };
    store.record_step(&step(1), std::slice::from_ref(&shaped)).unwrap();
    assert_eq!(store.pairs_between(0, 9).unwrap(), [pair(0, 0), pair(0, 1), shaped]);
    let seen = "SELECT reward_guided, shaped_guided, margin FROM pairs WHERE step = 1";
    let seen: (f64, f64, f64) = database
        .query_row(seen, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert_eq!(seen, (10.0, 0.25, 0.75));
    assert!(!store.has_evaluation(0).unwrap());
}

#[test]
fn a_run_of_format_2_is_read_as_it_is_and_goes_on_in_the_format_of_today() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "older");
    store.record_step(&step(0), &[pair(0, 0)]).unwrap();
    let dir = store.dir().to_path_buf();
    drop(store);
    let database = rusqlite::Connection::open(dir.join("run.db")).unwrap();
    // A step ended with its truths then: the empty count of metrics is four bytes.
    database
        .execute_batch(
            "UPDATE steps SET exact = substr(exact, 1, length(exact) - 4);
             ALTER TABLE pairs DROP COLUMN metrics; ALTER TABLE steps DROP COLUMN metrics;
             DROP TABLE evaluations; DROP TABLE log;
             PRAGMA user_version = 2;",
        )
        .unwrap();
    let reader = Reader::open(&dir).unwrap();
    assert_eq!(reader.steps().unwrap(), [step(0)]);
    assert_eq!(reader.pairs_between(0, 9).unwrap(), [pair(0, 0)]);
    let mut store = Store::open(&dir).unwrap();
    let with = StepRecord {
        metrics: [("loss/policy_avg".to_string(), 0.25)].into(),
        ..step(1)
    };
    store.record_step(&with, &[]).unwrap();
    assert_eq!(reader.steps().unwrap(), [step(0), with]);
    let seen = database.query_row("SELECT metrics FROM steps WHERE step = 1", [], |row| {
        row.get::<_, String>(0)
    });
    assert_eq!(seen.unwrap(), r#"{"loss/policy_avg":0.25}"#);
}

#[test]
fn the_log_only_grows_and_a_run_older_than_it_gets_one() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "log");
    let mut reader = Reader::open(store.dir()).unwrap();
    reader.poll().unwrap();
    let by = Actor::here(Via::Workbench);
    let entry = |step, action: &str| LogEntry {
        old: Some("0.2".into()),
        new: Some("0.1".into()),
        ..LogEntry::now(step, &by, action)
    };
    store.record(&Event::Log(entry(3, "tau"))).unwrap();
    store.record(&Event::Log(entry(3, "tau"))).unwrap();
    let twice = [Event::Log(entry(3, "tau")), Event::Log(entry(3, "tau"))];
    let same = |events: &[Event]| {
        events.len() == 2
            && events.iter().zip(&twice).all(|(a, b)| match (a, b) {
                (Event::Log(a), Event::Log(b)) => LogEntry { at: b.at, ..a.clone() } == *b,
                _ => false,
            })
    };
    assert!(same(&reader.poll().unwrap()), "the same thing twice is two lines");
    assert!(reader.poll().unwrap().is_empty());
    // A resume forgets nothing of it, and who follows is told again.
    store.rewind(0, 0).unwrap();
    assert!(same(&reader.poll().unwrap()[1..]));
    let dir = store.dir().to_path_buf();
    drop(store);
    let database = rusqlite::Connection::open(dir.join("run.db")).unwrap();
    database
        .execute_batch("DROP TABLE log; PRAGMA user_version = 3;")
        .unwrap();
    let mut reader = Reader::open(&dir).unwrap();
    assert_eq!((reader.log().unwrap().len(), reader.poll().unwrap().len()), (0, 1));
    let mut store = Store::open(&dir).unwrap();
    store.record(&Event::Log(entry(5, "decay"))).unwrap();
    assert_eq!(
        reader.poll().unwrap().len(),
        1,
        "brought to today's format while it was read"
    );
    assert_eq!(reader.log().unwrap()[0].action, "decay");
}

#[test]
fn a_step_and_its_pairs_are_recorded_together_or_not_at_all() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "whole");
    assert!(store.record_step(&step(3), &[pair(3, 0), pair(4, 0)]).is_err());
    let mut reader = Reader::open(store.dir()).unwrap();
    assert_eq!(reader.poll().unwrap().len(), 1, "only what the run is");
    // Recorded twice, it is there once, as recorded last.
    store.record_step(&step(3), &[pair(3, 0), pair(3, 1)]).unwrap();
    store
        .record_step(&StepRecord { ranked: 8, ..step(3) }, &[pair(3, 0)])
        .unwrap();
    assert_eq!(reader.steps().unwrap(), [StepRecord { ranked: 8, ..step(3) }]);
    assert_eq!(reader.pairs_between(0, 9).unwrap(), [pair(3, 0)]);
}
