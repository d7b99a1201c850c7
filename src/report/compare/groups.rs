//! Which runs are one row: those of one method with equal settings, whatever their seeds.

use std::collections::BTreeMap;

use super::Contender;

/// The rows of the paper, in its order; others come before PLE.
const ORDER: [&str; 6] = ["base", "sft", "dpo", "ppo", "raft", "ple"];

/// Runs that differ in nothing but their seed.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// For people: the method, and what tells it from the other groups of that method.
    pub name: String,
    pub members: Vec<&'a Contender>,
}

/// The groups of runs of one task, in the order of the paper.
pub fn groups<'a>(contenders: &[&'a Contender]) -> Vec<Group<'a>> {
    let mut found: Vec<Vec<&'a Contender>> = Vec::new();
    for &contender in contenders {
        let same = |members: &&mut Vec<&Contender>| {
            let first = members[0];
            first.method == contender.method && first.settings == contender.settings && first.label == contender.label
        };
        match found.iter_mut().find(same) {
            Some(members) => members.push(contender),
            None => found.push(vec![contender]),
        }
    }
    let names = names(&found);
    let mut groups: Vec<Group<'a>> = names
        .into_iter()
        .zip(found)
        .map(|(name, members)| Group { name, members })
        .collect();
    // Who names rows has put them in an order.
    if groups.iter().all(|group| group.members[0].label.is_some()) {
        return groups;
    }
    // PLE last, as in the paper; methods that it does not have stand before it.
    let rank = |group: &Group| {
        let place = ORDER.iter().position(|method| *method == group.members[0].method);
        place.map_or(2 * ORDER.len() - 3, |place| 2 * place)
    };
    groups.sort_by_key(rank);
    groups
}

/// "PLE", or "PLE (tau0 0.1)" where there are several; titles or names of runs where too much differs.
fn names(groups: &[Vec<&Contender>]) -> Vec<String> {
    let name = |members: &Vec<&Contender>| {
        let first = members[0];
        if let Some(label) = &first.label {
            return label.clone();
        }
        let method = first.method.to_uppercase();
        let others: Vec<&Contender> = groups
            .iter()
            .map(|g| g[0])
            .filter(|c| c.method == first.method)
            .collect();
        if others.len() == 1 {
            return method;
        }
        let differing = differing(&others);
        let words: Vec<String> = differing
            .iter()
            .filter_map(|key| words(key, first.settings.get(*key)))
            .collect();
        if differing.len() <= 3 && differing.iter().all(|key| short(first.settings.get(*key))) {
            return if words.is_empty() {
                method
            } else {
                format!("{method} ({})", words.join(", "))
            };
        }
        let titles_differ = others.iter().filter(|c| c.title == first.title).count() == 1;
        format!("{method} ({})", if titles_differ { &first.title } else { &first.name })
    };
    groups.iter().map(name).collect()
}

/// The keys whose values are not the same in all.
fn differing<'a>(contenders: &[&'a Contender]) -> Vec<&'a str> {
    let mut values: BTreeMap<&'a str, Vec<Option<&'a str>>> = BTreeMap::new();
    for contender in contenders {
        for key in contender.settings.keys() {
            values.entry(key).or_default();
        }
    }
    for (key, values) in &mut values {
        values.extend(contenders.iter().map(|c| c.settings.get(*key).map(String::as_str)));
    }
    values
        .into_iter()
        .filter(|(_, values)| values.iter().any(|value| *value != values[0]))
        .map(|(key, _)| key)
        .collect()
}

fn short(value: Option<&String>) -> bool {
    value.is_none_or(|value| value.chars().count() <= 24)
}

/// A setting in a name; the usual side of the paper's ablations says nothing.
fn words(key: &str, value: Option<&String>) -> Option<String> {
    let value = value?;
    match (key, &value[..]) {
        ("method.rank", "false") => Some("without L_rank".into()),
        ("method.weighted_sft", "false") => Some("without L_wsft".into()),
        ("method.rank" | "method.weighted_sft", _) => None,
        (key, value) => {
            let name = key.rsplit('.').next().unwrap_or(key);
            Some(format!("{name} {value}"))
        }
    }
}
