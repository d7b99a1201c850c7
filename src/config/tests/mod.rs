//! Every message is compared word for word: they are what a user has instead of a manual.

mod experiment;
mod files;
mod fit;
mod methods;
mod overrides;
mod principles;
mod published;
mod reward;
mod schema;
mod suite;

use super::*;

const GOOD: &str = r#"title = "Positive movie reviews"
task = "imdb"
[policy]
model = "builtin:tiny"
lora = { rank = 8, alpha = 16, targets = "all-linear" }
[reward]
model = "builtin:imdb-sentiment"
[data]
queries = "builtin:imdb"
[principles]
file = "principles/imdb.toml"
[sft]
steps = 40
learning_rate = 1e-3
[method]
name = "ple"
steps = 40
queries_per_step = 24
learning_rate = 1e-3
replay = { window = 4 }
[generation]
max_new_tokens = 32
temperature = 1
[eval]
every = 5
queries = 64
"#;

const FIT: &str = r#"title = "Sentiment"
task = "imdb"
[model]
start = "new"
shape = { vocabulary = 4000, hidden = 64, intermediate = 128, layers = 1, heads = 4 }
[data]
rows = "reviews.jsonl"
test = "test.jsonl"
max_tokens = 320
principles = "principles/imdb.toml"
[method]
name = "classifier"
steps = 400
batch = 32
learning_rate = 1e-3
[eval]
every = 25
rows = 500
"#;

fn source(text: &str) -> Source {
    Source {
        path: None,
        name: "experiments/imdb.toml".into(),
        text: text.into(),
    }
}

fn load(text: &str, sets: &[&str]) -> Result<Experiment, ConfigError> {
    load_experiment(&source(text), &sets.iter().map(|s| s.to_string()).collect::<Vec<_>>())
}

/// The message for the good experiment with one piece replaced.
fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    load(&GOOD.replacen(from, to, 1), &[]).unwrap_err().to_string()
}

fn refused_set(sets: &[&str]) -> String {
    load(GOOD, sets).unwrap_err().to_string()
}

fn principles(text: &str) -> Result<Principles, ConfigError> {
    parse_principles(&Source {
        path: None,
        name: "principles/hh.toml".into(),
        text: text.into(),
    })
}

const TWO: &str = "preamble = \"Rules:\"\n\n[[principle]]\nname = \"kind\"\ntext = \"Be kind.\"\n\n[[principle]]\nname = \
                   \"short\"\ntext = \"Be short.\"\non = false\n";
