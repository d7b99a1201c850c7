use super::*;
use crate::config::key::{Key, Kind};
use crate::config::schema;

/// The list of keys and the types say the same: same keys, same words, same ones required.
#[test]
fn the_list_of_keys_is_that_of_the_types() {
    let mut full = serde_json::to_value(load(GOOD, &[]).unwrap()).unwrap();
    // A file has only the table of its own method; the types know them all.
    full["method"]["dpo"] = serde_json::to_value(DpoSettings::default()).unwrap();
    full["method"]["ppo"] = serde_json::to_value(PpoSettings::default()).unwrap();
    full["method"]["raft"] = serde_json::to_value(RaftSettings::default()).unwrap();
    full["schedule"] = serde_json::json!([{
        "step": 1, "principles": "p.toml", "switch_on": "a", "switch_off": "b", "tau": 0.1, "decay": 0.9,
        "learning_rate": 0.1, "checkpoint": true, "pause": true
    }]);
    full["method"]["stabilise"] = serde_json::json!({});
    agrees::<Experiment>(schema::EXPERIMENT, &full, "");
    let Plan::Fit(fit) = load_plan(&source(FIT), &[]).unwrap() else {
        panic!("a classifier is no policy")
    };
    agrees::<FitExperiment>(schema::FIT, &serde_json::to_value(fit).unwrap(), "");
    let entries = serde_json::to_value(principles(TWO).unwrap()).unwrap();
    agrees::<Principles>(schema::PRINCIPLES, &entries, "");
    let suite = serde_json::to_value(super::suite::suite().settings).unwrap();
    agrees::<SuiteSettings>(schema::SUITE, &suite, "");
    let Kind::Choice(tasks) = schema::lookup("task").unwrap().kind else {
        panic!("a task is one of several words")
    };
    assert_eq!(tasks, crate::grammar::Task::ALL.map(|task| task.name()));
    for task in crate::grammar::Task::ALL {
        assert_eq!(load(GOOD, &[&format!("task={}", task.name())]).unwrap().task, task);
    }
}

fn agrees<T: serde::de::DeserializeOwned>(keys: &[Key], full: &serde_json::Value, pointer: &str) {
    use serde_json::Value as Json;
    let with = |edit: &dyn Fn(&mut serde_json::Map<String, Json>)| {
        let mut copy = full.clone();
        edit(copy.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
        serde_json::from_value::<T>(copy).map(drop).map_err(|e| e.to_string())
    };
    // Serde's own message lists what it knows between backticks, after the word it did not know.
    let known = |message: String| {
        let mut words: Vec<String> = message.split('`').skip(3).step_by(2).map(String::from).collect();
        words.sort();
        words
    };
    let sorted = |words: Vec<&str>| {
        let mut words: Vec<String> = words.into_iter().map(String::from).collect();
        words.sort();
        words
    };
    let message = with(&|table| drop(table.insert("?".into(), Json::Null))).unwrap_err();
    assert_eq!(
        known(message),
        sorted(keys.iter().map(|k| k.name).collect()),
        "{pointer}"
    );
    for key in keys {
        let name = key.name;
        let gone = with(&|table| drop(table.remove(name)));
        assert_eq!(gone.is_err(), key.required, "{pointer}/{name}");
        let below = format!("{pointer}/{name}");
        match &key.kind {
            Kind::Section(keys) => agrees::<T>(keys, full, &below),
            Kind::Sections(keys) => agrees::<T>(keys, full, &format!("{below}/0")),
            // The task's words are compared with `Task::ALL` by the caller.
            Kind::Choice(_) if name == "task" => {}
            // A preset is a name, and the list of names is that of `presets`.
            Kind::Choice(_) if name == "preset" => {}
            Kind::Choice(words) => {
                let message = with(&|table| drop(table.insert(name.into(), "?".into()))).unwrap_err();
                assert_eq!(known(message), sorted(words.to_vec()), "{below}");
            }
            Kind::WordOrTable { words, .. } => {
                for word in *words {
                    with(&|table| drop(table.insert(name.into(), (*word).into()))).unwrap();
                }
            }
            Kind::Sorts(sorts) => {
                let parse = |item: serde_json::Value| {
                    let typed = with(&|table| drop(table.insert(name.into(), Json::Array(vec![item.clone()]))));
                    typed.is_ok()
                };
                for sort in *sorts {
                    let item = written(sort);
                    assert!(parse(item.clone()), "{below}: {item}");
                    for key in *sort {
                        let mut less = item.clone();
                        less.as_object_mut().unwrap().remove(key.name);
                        assert_eq!(!parse(less), key.required, "{below}: {}", key.name);
                    }
                    let mut more = item.clone();
                    more.as_object_mut().unwrap().insert("?".into(), Json::Null);
                    assert!(!parse(more), "{below}");
                    // What the type has that the list has not would come back.
                    let rule: Rule = serde_json::from_value(item).unwrap();
                    let back = serde_json::to_value(rule).unwrap();
                    let mut names: Vec<&str> = sort.iter().map(|k| k.name).collect();
                    names.sort_unstable();
                    assert_eq!(back.as_object().unwrap().keys().collect::<Vec<_>>(), names, "{below}");
                }
            }
            _ => {}
        }
    }
}

/// A table of all these keys as their examples have them.
fn written(keys: &[Key]) -> serde_json::Value {
    let lines: Vec<String> = keys.iter().map(|k| format!("{} = {}", k.name, k.example)).collect();
    toml::from_str(&lines.join("\n")).unwrap()
}
