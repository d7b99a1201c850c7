//! The judges of a suite: who is put beside whom, and who says which of two answers is better.

use serde::{Deserialize, Serialize};

use super::check::subject;
use super::error::ConfigError;
use super::suite::Suite;
use super::tree::{Node, Value};

/// `[[judge]]`: one contender beside others on the same queries (the paper's Fig. 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteJudge {
    pub by: SuiteJudgeBy,
    /// The contender whose wins are counted.
    pub contender: String,
    /// Those it is judged against, [`BASE`] among them; without this all the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Vec<String>>,
    /// The first so many of the suite's queries; without this all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<usize>,
    /// The file of a judge model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SuiteJudgeBy {
    /// The reward that the runs were evaluated by.
    Reward,
    /// The grammar's checker, which no method sees.
    Truth,
    /// A judge model behind an HTTP endpoint.
    Http,
}

/// What the policy before any training is called among the contenders.
pub const BASE: &str = "BASE";

impl Suite {
    /// Those that a judge of the suite puts beside its contender, in the order of the rows.
    pub fn against<'a>(&'a self, judge: &'a SuiteJudge) -> Vec<&'a str> {
        match &judge.against {
            Some(names) => names.iter().map(|name| &name[..]).collect(),
            None => {
                let others = self.settings.contenders.iter().map(|c| &c.name[..]);
                let base = self.settings.base.then_some(BASE);
                base.into_iter()
                    .chain(others.filter(|name| *name != judge.contender))
                    .collect()
            }
        }
    }

    /// Judges name contenders, and ask for no more than is there.
    pub(super) fn check_judges(&self, root: &Node) -> Result<(), ConfigError> {
        let settings = &self.settings;
        let nodes: &[Node] = match root.get("judge").map(|node| &node.value) {
            Some(Value::List(nodes)) => nodes,
            _ => &[],
        };
        let names: Vec<&str> = settings.contenders.iter().map(|c| &c.name[..]).collect();
        for (judge, node) in settings.judges.iter().zip(nodes) {
            let wrong = |key: &str, message: String| {
                let node = node.get(key).unwrap_or(node);
                let (line, subject) = subject(&self.source.name, &format!("judge.{key}"), Some(node), &node.place);
                Err(ConfigError::one(line, subject, message))
            };
            if !names.contains(&&judge.contender[..]) {
                let message = format!(
                    "there is no contender \"{}\"; there are {}",
                    judge.contender,
                    names.join(", ")
                );
                return wrong("contender", message);
            }
            let against = judge.against.iter().flatten();
            for (place, other) in against.clone().enumerate() {
                if *other == judge.contender {
                    return wrong("against", format!("\"{other}\" cannot win over itself; leave it out"));
                }
                if against.clone().take(place).any(|earlier| earlier == other) {
                    return wrong("against", format!("\"{other}\" is named twice"));
                }
                if other == BASE && !settings.base {
                    return wrong("against", format!("\"{BASE}\" is not evaluated, since base = false"));
                }
                if other != BASE && !names.contains(&&other[..]) {
                    let message = format!(
                        "there is no contender \"{other}\"; there are {BASE}, {}",
                        names.join(", ")
                    );
                    return wrong("against", message);
                }
            }
            if self.against(judge).is_empty() {
                return wrong("against", "names nobody to judge the contender beside".into());
            }
            if judge.queries.is_some_and(|n| n > settings.queries) {
                let message = format!(
                    "the runs are evaluated on {} queries; no more can be judged",
                    settings.queries
                );
                return wrong("queries", message);
            }
            match (judge.by, &judge.file) {
                (SuiteJudgeBy::Http, None) => {
                    let message = "a judge model needs a file that says where it is; add file = \"judge.toml\" with url and model";
                    return wrong("by", message.into());
                }
                (SuiteJudgeBy::Reward | SuiteJudgeBy::Truth, Some(_)) => {
                    return wrong("file", "is for a judge model (by = \"http\"); leave it out".into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}
