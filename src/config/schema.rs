//! The keys of the two files: what each may be, and an example that would do.
//!
//! This says the same as the types in `experiment.rs` and `principles.rs`, with ranges and examples; a test holds the
//! two together, so a key added there and not here fails.

use super::numbering::Numbering;

/// One key of a table.
pub(super) struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// As it would be written in the file.
    pub example: &'static str,
}

/// What the value of a key may be.
pub(super) enum Kind {
    /// Text that must not be blank.
    Text,
    /// Text that may be empty.
    AnyText,
    Flag,
    Whole {
        min: u64,
        max: u64,
    },
    Number(Range),
    /// A list of words, none of them blank.
    Words,
    /// True, false, or one of these words.
    FlagOrChoice(&'static [&'static str]),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, or a table of these keys.
    WordOrTable {
        words: &'static [&'static str],
        keys: &'static [Key],
    },
    /// `[name]`
    Section(&'static [Key]),
    /// `[[name]]`, at least one.
    Sections(&'static [Key]),
}

/// Which finite numbers do.
#[derive(Clone, Copy)]
pub(super) enum Range {
    Any,
    AboveZero,
    ZeroOrMore,
    AboveZeroToOne,
}

impl Range {
    pub fn holds(self, x: f64) -> bool {
        x.is_finite()
            && match self {
                Range::Any => true,
                Range::AboveZero => x > 0.0,
                Range::ZeroOrMore => x >= 0.0,
                Range::AboveZeroToOne => x > 0.0 && x <= 1.0,
            }
    }

    /// "a number greater than 0"
    pub fn words(self) -> &'static str {
        match self {
            Range::Any => "a finite number",
            Range::AboveZero => "a number greater than 0",
            Range::ZeroOrMore => "a number of 0 or more",
            Range::AboveZeroToOne => "a number greater than 0 and at most 1",
        }
    }
}

/// Stands for "no limit": the counters of a run are 32 bits wide.
pub(super) const MANY: u64 = u32::MAX as u64;

const fn must(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        kind,
        required: true,
        example,
    }
}

const fn may(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        kind,
        required: false,
        example,
    }
}

const fn count(min: u64) -> Kind {
    Kind::Whole { min, max: MANY }
}

pub(super) const EXPERIMENT: &[Key] = &[
    must("title", Kind::Text, "\"Positive movie reviews\""),
    may("about", Kind::AnyText, "\"What to expect of it\""),
    must("task", Kind::Choice(&["hh", "imdb", "tldr"]), "\"imdb\""),
    may("seed", Kind::Whole { min: 0, max: u64::MAX }, "1"),
    must("policy", Kind::Section(POLICY), ""),
    must("reward", Kind::Section(REWARD), ""),
    must("data", Kind::Section(DATA), ""),
    must("principles", Kind::Section(PRINCIPLES_OF_RUN), ""),
    must("sft", Kind::Section(SFT), ""),
    must("method", Kind::Section(METHOD), ""),
    must("generation", Kind::Section(GENERATION), ""),
    must("eval", Kind::Section(EVAL), ""),
    may("checkpoint", Kind::Section(CHECKPOINT), ""),
];

const POLICY: &[Key] = &[
    must("model", Kind::Text, "\"builtin:tiny\""),
    may(
        "lora",
        Kind::WordOrTable {
            words: &["none"],
            keys: LORA,
        },
        "{ rank = 8, alpha = 16, targets = \"all-linear\" }",
    ),
];

const LORA: &[Key] = &[
    must("rank", Kind::Whole { min: 1, max: 1024 }, "8"),
    must("alpha", Kind::Number(Range::AboveZero), "16"),
    may("targets", Kind::Choice(&["all-linear"]), "\"all-linear\""),
];

const REWARD: &[Key] = &[must("model", Kind::Text, "\"builtin:imdb-sentiment\"")];

const DATA: &[Key] = &[
    must("queries", Kind::Text, "\"builtin:imdb\""),
    may("max_query_tokens", count(1), "256"),
];

const PRINCIPLES_OF_RUN: &[Key] = &[must("file", Kind::Text, "\"principles/imdb.toml\"")];

const SFT: &[Key] = &[
    must("steps", count(0), "40"),
    must("learning_rate", Kind::Number(Range::AboveZero), "0.001"),
    may("batch", count(1), "24"),
];

const METHOD: &[Key] = &[
    must("name", Kind::Choice(&["ple", "sft"]), "\"ple\""),
    must("steps", count(1), "40"),
    must("queries_per_step", Kind::Whole { min: 1, max: 4096 }, "24"),
    must("learning_rate", Kind::Number(Range::AboveZero), "0.001"),
    may("tau0", Kind::Number(Range::Any), "0.2"),
    may("decay", Kind::Number(Range::AboveZeroToOne), "0.9"),
    may(
        "replay",
        Kind::WordOrTable {
            words: &["all", "latest"],
            keys: WINDOW,
        },
        "{ window = 4 }",
    ),
    may("eq4", Kind::Choice(&["sum", "mean"]), "\"sum\""),
    may("reduction", Kind::Choice(&["sum", "mean"]), "\"sum\""),
    may("rank", Kind::Flag, "true"),
    may("weighted_sft", Kind::Flag, "true"),
    may("minibatch", count(1), "24"),
    may("max_grad_norm", Kind::Number(Range::ZeroOrMore), "1.0"),
    may("weight_decay", Kind::Number(Range::ZeroOrMore), "0.0"),
];

const WINDOW: &[Key] = &[must("window", count(1), "4")];

const GENERATION: &[Key] = &[
    must("max_new_tokens", Kind::Whole { min: 1, max: 4096 }, "32"),
    may("temperature", Kind::Number(Range::ZeroOrMore), "1.0"),
    may("top_p", Kind::Number(Range::AboveZeroToOne), "1.0"),
];

const EVAL: &[Key] = &[
    must("every", count(0), "10"),
    must("queries", count(0), "64"),
    may("cases", Kind::Text, "\"builtin:hh-full\""),
];

const CHECKPOINT: &[Key] = &[must("every", count(0), "10")];

pub(super) const PRINCIPLES: &[Key] = &[
    may("preamble", Kind::AnyText, "\"Your answers should follow these rules:\""),
    may("numbered", Kind::FlagOrChoice(Numbering::WORDS), "true"),
    must("principle", Kind::Sections(PRINCIPLE), ""),
];

const PRINCIPLE: &[Key] = &[
    must("name", Kind::Text, "\"kind\""),
    must("text", Kind::Text, "\"Be kind to everyone.\""),
    may("on", Kind::Flag, "true"),
    may("tags", Kind::Words, "[\"safety\"]"),
];

/// A file of queries for the case study.
pub(super) const CASES: &[Key] = &[must("case", Kind::Sections(CASE), "")];

const CASE: &[Key] = &[
    must("label", Kind::Text, "\"everyday\""),
    must("query", Kind::Text, "\"How do I ripen green tomatoes?\""),
];

/// The key under a dotted path.
pub(super) fn lookup(path: &str) -> Option<&'static Key> {
    let mut keys = EXPERIMENT;
    let mut found = None;
    for name in path.split('.') {
        let key = keys.iter().find(|k| k.name == name)?;
        keys = match &key.kind {
            Kind::Section(keys) | Kind::WordOrTable { keys, .. } => keys,
            _ => &[],
        };
        found = Some(key);
    }
    found
}
