//! What is compiled into the program, so that it needs nothing but itself.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::model::ModelFiles;

macro_rules! model {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../assets/", $name, "/config.json")),
            include_bytes!(concat!("../../assets/", $name, "/model.safetensors")),
        )
    };
}

type Entry = (&'static str, &'static [u8], &'static [u8]);

/// All bundled models share the tokenizer of the policy.
const TOKENIZER: &[u8] = include_bytes!("../../assets/tiny/tokenizer.json");

fn models() -> [Entry; 4] {
    let entry = |(name, config, weights): (&'static str, &'static [u8], &'static [u8])| (name, config, weights);
    [
        entry(model!("tiny")),
        entry(model!("hh-preference")),
        entry(model!("imdb-sentiment")),
        entry(model!("tldr-preference")),
    ]
}

/// The files of `builtin:NAME`.
pub fn builtin_model(name: &str) -> Option<ModelFiles> {
    models()
        .into_iter()
        .find(|(n, _, _)| *n == name)
        .map(|(name, config, weights)| ModelFiles::Embedded {
            origin: PathBuf::from(format!("builtin:{name}")),
            config: Cow::Borrowed(config),
            weights,
            tokenizer: Cow::Borrowed(TOKENIZER),
        })
}

/// Names that [`builtin_model`] knows.
pub fn builtin_names() -> Vec<&'static str> {
    models().into_iter().map(|(name, _, _)| name).collect()
}

/// Bundled experiments by their paths in the repository.
pub const EXPERIMENTS: [(&str, &str); 27] = [
    ("experiments/imdb.toml", include_str!("../../experiments/imdb.toml")),
    ("experiments/hh.toml", include_str!("../../experiments/hh.toml")),
    ("experiments/tldr.toml", include_str!("../../experiments/tldr.toml")),
    (
        "experiments/as-printed/imdb.toml",
        include_str!("../../experiments/as-printed/imdb.toml"),
    ),
    (
        "experiments/as-printed/hh.toml",
        include_str!("../../experiments/as-printed/hh.toml"),
    ),
    (
        "experiments/as-printed/tldr.toml",
        include_str!("../../experiments/as-printed/tldr.toml"),
    ),
    (
        "experiments/methods/imdb-sft.toml",
        include_str!("../../experiments/methods/imdb-sft.toml"),
    ),
    (
        "experiments/methods/imdb-dpo.toml",
        include_str!("../../experiments/methods/imdb-dpo.toml"),
    ),
    (
        "experiments/methods/imdb-ppo.toml",
        include_str!("../../experiments/methods/imdb-ppo.toml"),
    ),
    (
        "experiments/methods/imdb-raft.toml",
        include_str!("../../experiments/methods/imdb-raft.toml"),
    ),
    (
        "experiments/methods/hh-sft.toml",
        include_str!("../../experiments/methods/hh-sft.toml"),
    ),
    (
        "experiments/methods/hh-dpo.toml",
        include_str!("../../experiments/methods/hh-dpo.toml"),
    ),
    (
        "experiments/methods/hh-ppo.toml",
        include_str!("../../experiments/methods/hh-ppo.toml"),
    ),
    (
        "experiments/methods/hh-raft.toml",
        include_str!("../../experiments/methods/hh-raft.toml"),
    ),
    (
        "experiments/methods/tldr-sft.toml",
        include_str!("../../experiments/methods/tldr-sft.toml"),
    ),
    (
        "experiments/methods/tldr-dpo.toml",
        include_str!("../../experiments/methods/tldr-dpo.toml"),
    ),
    (
        "experiments/methods/tldr-ppo.toml",
        include_str!("../../experiments/methods/tldr-ppo.toml"),
    ),
    (
        "experiments/methods/tldr-raft.toml",
        include_str!("../../experiments/methods/tldr-raft.toml"),
    ),
    (
        "experiments/methods/imdb-ple-clip.toml",
        include_str!("../../experiments/methods/imdb-ple-clip.toml"),
    ),
    (
        "experiments/methods/imdb-ple-importance.toml",
        include_str!("../../experiments/methods/imdb-ple-importance.toml"),
    ),
    (
        "experiments/methods/imdb-ple-pure.toml",
        include_str!("../../experiments/methods/imdb-ple-pure.toml"),
    ),
    (
        "experiments/methods/hh-ple-clip.toml",
        include_str!("../../experiments/methods/hh-ple-clip.toml"),
    ),
    (
        "experiments/methods/hh-ple-importance.toml",
        include_str!("../../experiments/methods/hh-ple-importance.toml"),
    ),
    (
        "experiments/methods/hh-ple-pure.toml",
        include_str!("../../experiments/methods/hh-ple-pure.toml"),
    ),
    (
        "experiments/methods/tldr-ple-clip.toml",
        include_str!("../../experiments/methods/tldr-ple-clip.toml"),
    ),
    (
        "experiments/methods/tldr-ple-importance.toml",
        include_str!("../../experiments/methods/tldr-ple-importance.toml"),
    ),
    (
        "experiments/methods/tldr-ple-pure.toml",
        include_str!("../../experiments/methods/tldr-ple-pure.toml"),
    ),
];

/// Bundled suites by their paths in the repository.
pub const SUITES: [(&str, &str); 2] = [
    (
        "experiments/suite-tiny.toml",
        include_str!("../../experiments/suite-tiny.toml"),
    ),
    (
        "experiments/suite-small.toml",
        include_str!("../../experiments/suite-small.toml"),
    ),
];

/// Bundled files of published figures by their paths in the repository.
pub const PUBLISHED: [(&str, &str); 1] = [(
    "experiments/published/ple-2025.toml",
    include_str!("../../experiments/published/ple-2025.toml"),
)];

/// Bundled principles files by their paths in the repository.
pub const PRINCIPLES: [(&str, &str); 7] = [
    ("principles/imdb.toml", include_str!("../../principles/imdb.toml")),
    ("principles/hh.toml", include_str!("../../principles/hh.toml")),
    ("principles/tldr.toml", include_str!("../../principles/tldr.toml")),
    ("principles/none.toml", include_str!("../../principles/none.toml")),
    (
        "principles/paper/imdb.toml",
        include_str!("../../principles/paper/imdb.toml"),
    ),
    (
        "principles/paper/hh.toml",
        include_str!("../../principles/paper/hh.toml"),
    ),
    (
        "principles/paper/tldr.toml",
        include_str!("../../principles/paper/tldr.toml"),
    ),
];
