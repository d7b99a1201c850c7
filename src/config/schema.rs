//! The keys of the two files: what each may be, and an example that would do.
//!
//! This says the same as the types in `experiment.rs` and `principles.rs`, with ranges and examples; a test holds the
//! two together, so a key added there and not here fails.

use super::key::{Key, Kind, MANY, Range, count, may, must};
use super::numbering::Numbering;
use super::presets::PRESETS;

/// The user's own settings.
pub(super) const SETTINGS: &[Key] = &[
    may("theme", Kind::Choice(&["auto", "light", "dark", "mono"]), "\"dark\""),
    may(
        "palette",
        Kind::Choice(&["default", "colour-blind"]),
        "\"colour-blind\"",
    ),
    may(
        "marker",
        Kind::Choice(&["auto", "braille", "block", "dot", "ascii"]),
        "\"braille\"",
    ),
    may("mouse", Kind::Flag, "true"),
    may("notify", Kind::Choice(&["off", "bell", "osc9"]), "\"bell\""),
    may("notify_when", Kind::Choice(&["unfocused", "always"]), "\"always\""),
    may("frames_per_second", Kind::Whole { min: 1, max: 120 }, "50"),
    may("tour", Kind::Flag, "true"),
    may(
        "right_to_left",
        Kind::Choice(&["auto", "workbench", "terminal"]),
        "\"auto\"",
    ),
    may("defaults", Kind::Section(DEFAULTS), ""),
    may("keys", Kind::Named, "pause = \"p\""),
];

const DEFAULTS: &[Key] = &[
    may("device", Kind::Text, "\"cpu\""),
    may("runs", Kind::Text, "\"~/runs\""),
];

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
    may("schedule", Kind::Sections(SCHEDULE), ""),
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
    may("adapter", Kind::Text, "\"runs/imdb-001/adapter\""),
    may("dtype", Kind::Choice(PRECISIONS), "\"bf16\""),
    may("checkpointing", Kind::Flag, "true"),
    may("template", Kind::Choice(TEMPLATES), "\"auto\""),
];

const TEMPLATES: &[&str] = &["auto", "chat", "plain"];

const PRECISIONS: &[&str] = &["f32", "bf16", "f16", "auto"];

const LORA: &[Key] = &[
    must("rank", Kind::Whole { min: 1, max: 1024 }, "8"),
    must("alpha", Kind::Number(Range::AboveZero), "16"),
    may(
        "targets",
        Kind::WordOrWords(&["all-linear"]),
        "[\"q_proj\", \"v_proj\"]",
    ),
    may("dropout", Kind::Number(Range::ZeroToBelowOne), "0.05"),
    may("rslora", Kind::Flag, "false"),
];

/// One of the first three is there: [`super::load`] looks at that.
const REWARD: &[Key] = &[
    may("model", Kind::Text, "\"builtin:imdb-sentiment\""),
    may("dtype", Kind::Choice(PRECISIONS), "\"bf16\""),
    may("template", Kind::Choice(TEMPLATES), "\"plain\""),
    may("url", Kind::Text, "\"http://127.0.0.1:5000/get_reward\""),
    may(
        "rules",
        Kind::Sorts(&[REGEX_RULE, LENGTH_RULE, TRUTH_RULE]),
        "[{ regex = \"thank you\", score = 1.0 }]",
    ),
    may("timeout_seconds", Kind::Whole { min: 1, max: 3600 }, "30"),
    may("retries", Kind::Whole { min: 0, max: 100 }, "3"),
    may("batch", Kind::Whole { min: 1, max: 4096 }, "64"),
    may("end", Kind::AnyText, "\"</s>\""),
    may("shape", Kind::Choice(&["none", "standardise"]), "\"standardise\""),
    may(
        "clip",
        Kind::WordOrTable {
            words: &["none"],
            keys: CLIP,
        },
        "{ low = -1.0, high = 1.0 }",
    ),
];

const REGEX_RULE: &[Key] = &[
    must("regex", Kind::Text, "\"thank you\""),
    may("score", Kind::Number(Range::Any), "1.0"),
    may("each", Kind::Flag, "true"),
];

const LENGTH_RULE: &[Key] = &[
    must("length", count(0), "40"),
    must("slope", Kind::Number(Range::Any), "-0.1"),
    may("count", Kind::Choice(&["words", "tokens"]), "\"words\""),
    may("side", Kind::Choice(&["both", "above", "below"]), "\"above\""),
];

const TRUTH_RULE: &[Key] = &[must("truth", Kind::Number(Range::Any), "1.0")];

const CLIP: &[Key] = &[
    must("low", Kind::Number(Range::Any), "-1.0"),
    must("high", Kind::Number(Range::Any), "1.0"),
];

const DATA: &[Key] = &[
    must("queries", Kind::Text, "\"builtin:imdb\""),
    may("test", Kind::Text, "\"data/test.jsonl\""),
    may("held_out", Kind::Number(Range::ZeroToBelowOne), "0.1"),
    may("prefix_words", Kind::Span, "[2, 8]"),
    may("max_query_tokens", count(1), "256"),
    may("max_response_tokens", count(1), "256"),
];

const PRINCIPLES_OF_RUN: &[Key] = &[must("file", Kind::Text, "\"principles/imdb.toml\"")];

const SFT: &[Key] = &[
    must("steps", count(0), "40"),
    must("learning_rate", Kind::Number(Range::AboveZero), "0.001"),
    may("batch", count(1), "24"),
];

const METHOD: &[Key] = &[
    must("name", Kind::Choice(&["ple", "sft", "dpo", "ppo", "raft"]), "\"ple\""),
    may("preset", Kind::Choice(PRESETS), "\"trl-0.11\""),
    must("steps", count(1), "40"),
    must("queries_per_step", Kind::Whole { min: 1, max: 4096 }, "24"),
    must("learning_rate", Kind::Number(Range::AboveZero), "0.001"),
    may("tau0", Kind::Number(Range::Any), "0.2"),
    may("decay", Kind::Number(Range::AboveZeroToOne), "0.9"),
    may("schedule", Kind::Choice(&["decay", "pure"]), "\"pure\""),
    may("purity", Kind::Number(Range::AboveZeroToOne), "0.9"),
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
    may("micro_batch", count(1), "4"),
    may("max_grad_norm", Kind::Number(Range::ZeroOrMore), "1.0"),
    may("weight_decay", Kind::Number(Range::ZeroOrMore), "0.0"),
    may("diagnostics", count(0), "1"),
    may("stabilise", Kind::Section(STABILISE), ""),
    may("dpo", Kind::Section(DPO), ""),
    may("ppo", Kind::Section(PPO), ""),
    may("raft", Kind::Section(RAFT), ""),
];

const STABILISE: &[Key] = &[
    may("importance", Kind::Number(Range::AboveZero), "2.0"),
    may("clip", Kind::Number(Range::AboveZeroToOne), "0.2"),
    may("hinge", Kind::Number(Range::AboveZero), "1.0"),
    may("sigmoid", Kind::Number(Range::AboveZero), "1.0"),
    may("kl", Kind::Number(Range::AboveZero), "0.05"),
    may("sft", Kind::Number(Range::AboveZero), "0.3"),
];

const DPO: &[Key] = &[
    may("beta", Kind::Number(Range::AboveZero), "0.1"),
    may("pairs", Kind::Text, "\"data/pairs.jsonl\""),
];

const PPO: &[Key] = &[
    may("epochs", count(1), "4"),
    may("kl_coef", Kind::Number(Range::ZeroOrMore), "0.05"),
    may(
        "adaptive_kl",
        Kind::WordOrTable {
            words: &["none"],
            keys: KL_TARGET,
        },
        "{ target = 6.0, horizon = 10000.0 }",
    ),
    may("clip", Kind::Number(Range::AboveZero), "0.2"),
    may("value_clip", Kind::Number(Range::AboveZero), "0.2"),
    may("value_coef", Kind::Number(Range::ZeroOrMore), "0.1"),
    may("gamma", Kind::Number(Range::AboveZeroToOne), "1.0"),
    may("lambda", Kind::Number(Range::AboveZeroToOne), "0.95"),
    may("whiten_rewards", Kind::Flag, "false"),
    may("missing_eos_penalty", Kind::Number(Range::ZeroOrMore), "1.0"),
];

const KL_TARGET: &[Key] = &[
    must("target", Kind::Number(Range::AboveZero), "6.0"),
    must("horizon", Kind::Number(Range::AboveZero), "10000.0"),
];

const RAFT: &[Key] = &[
    may("keep", Kind::Choice(&["local", "top"]), "\"local\""),
    may("samples", Kind::Whole { min: 1, max: 1024 }, "4"),
    may("share", Kind::Number(Range::AboveZeroToOne), "0.25"),
    may("epochs", count(1), "1"),
];

const WINDOW: &[Key] = &[must("window", count(1), "4")];

const GENERATION: &[Key] = &[
    must("max_new_tokens", Kind::Whole { min: 1, max: 4096 }, "32"),
    may("temperature", Kind::Number(Range::ZeroOrMore), "1.0"),
    may("top_p", Kind::Number(Range::AboveZeroToOne), "1.0"),
    may("top_k", count(0), "50"),
    may("min_p", Kind::Number(Range::ZeroToBelowOne), "0.05"),
    may("repetition_penalty", Kind::Number(Range::AboveZero), "1.1"),
    may("batch", count(0), "16"),
];

const EVAL: &[Key] = &[
    must("every", count(0), "10"),
    must("queries", count(0), "64"),
    may("cases", Kind::Text, "\"builtin:hh-full\""),
];

const SCHEDULE: &[Key] = &[
    must("step", count(0), "20"),
    may("principles", Kind::Text, "\"principles/imdb.toml\""),
    may("switch_on", Kind::Text, "\"positive\""),
    may("switch_off", Kind::Text, "\"positive\""),
    may("tau", Kind::Number(Range::Any), "0.1"),
    may("decay", Kind::Number(Range::AboveZeroToOne), "0.9"),
    may("learning_rate", Kind::Number(Range::AboveZero), "0.0005"),
    may("checkpoint", Kind::Flag, "true"),
    may("pause", Kind::Flag, "true"),
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

/// The methods that train a model on rows; their experiments have keys of their own.
pub(super) const FIT_METHODS: &[&str] = &["classifier", "bradley-terry", "language-model"];

pub(super) const FIT: &[Key] = &[
    must("title", Kind::Text, "\"Sentiment of movie reviews\""),
    may("about", Kind::AnyText, "\"What to expect of it\""),
    must("task", Kind::Choice(&["hh", "imdb", "tldr"]), "\"imdb\""),
    may("seed", Kind::Whole { min: 0, max: u64::MAX }, "1"),
    must("model", Kind::Section(FIT_MODEL), ""),
    must("data", Kind::Section(FIT_DATA), ""),
    must("method", Kind::Section(FIT_METHOD), ""),
    must("eval", Kind::Section(FIT_EVAL), ""),
    may("checkpoint", Kind::Section(CHECKPOINT), ""),
];

const FIT_MODEL: &[Key] = &[
    must("start", Kind::Text, "\"new\""),
    may("shape", Kind::Section(SHAPE), ""),
    may("template", Kind::Choice(TEMPLATES), "\"plain\""),
];

const SHAPE: &[Key] = &[
    must("vocabulary", Kind::Whole { min: 300, max: 1 << 20 }, "4096"),
    must("hidden", Kind::Whole { min: 2, max: 1 << 16 }, "128"),
    must("intermediate", count(1), "344"),
    must("layers", Kind::Whole { min: 1, max: 1000 }, "2"),
    must("heads", count(1), "4"),
    may("norm_eps", Kind::Number(Range::AboveZero), "1e-5"),
    may("deviation", Kind::Number(Range::AboveZero), "0.02"),
];

const FIT_DATA: &[Key] = &[
    must("rows", Kind::Text, "\"builtin:imdb\""),
    may("test", Kind::Text, "\"data/test.jsonl\""),
    may("prefix_words", Kind::Span, "[2, 8]"),
    may("max_query_tokens", count(1), "256"),
    must("max_tokens", Kind::Whole { min: 8, max: 1 << 20 }, "320"),
    may("keep", Kind::Choice(&["start", "end", "both"]), "\"start\""),
    may("held_out", Kind::Number(Range::ZeroToBelowOne), "0.1"),
    may("validation", Kind::Number(Range::ZeroToBelowOne), "0.1"),
    may("corrupted", Kind::Number(Range::ZeroToBelowOne), "0.0"),
    may("windows", Kind::Number(Range::ZeroToBelowOne), "0.0"),
    may("token_dropout", Kind::Number(Range::ZeroToBelowOne), "0.0"),
    may("guided", Kind::Number(Range::ZeroToBelowOne), "0.0"),
    may("principles", Kind::Text, "\"principles/imdb.toml\""),
];

const FIT_METHOD: &[Key] = &[
    must("name", Kind::Choice(FIT_METHODS), "\"classifier\""),
    must("steps", count(1), "400"),
    must("batch", Kind::Whole { min: 1, max: 1 << 16 }, "32"),
    must("learning_rate", Kind::Number(Range::AboveZero), "0.001"),
    may("warm_up", count(0), "50"),
    may("weight_decay", Kind::Number(Range::ZeroOrMore), "0.1"),
    may("beta2", Kind::Number(Range::ZeroToBelowOne), "0.999"),
    may("max_grad_norm", Kind::Number(Range::ZeroOrMore), "1.0"),
    may("label_smoothing", Kind::Number(Range::ZeroToBelowOne), "0.0"),
    may("embedding_dropout", Kind::Number(Range::ZeroToBelowOne), "0.3"),
    may("average", Kind::Number(Range::ZeroToBelowOne), "0.99"),
    may("score_penalty", Kind::Number(Range::ZeroOrMore), "0.0025"),
];

const FIT_EVAL: &[Key] = &[
    must("every", count(1), "25"),
    must("rows", count(1), "500"),
    may("keep", Kind::Choice(&["best", "last"]), "\"best\""),
];

pub(super) const SUITE: &[Key] = &[
    must("title", Kind::Text, "\"All methods on the bundled tasks\""),
    may("about", Kind::AnyText, "\"What to expect of it\""),
    must("tasks", Kind::Choices(&["hh", "imdb", "tldr"]), "[\"hh\", \"imdb\"]"),
    must("seeds", Kind::Wholes, "[1, 2, 3]"),
    may("responses", Kind::Whole { min: 1, max: MANY }, "1920"),
    may("queries", count(1), "256"),
    may("base", Kind::Flag, "true"),
    may("set", Kind::Words, "[\"eval.every=0\"]"),
    may("published", Kind::Text, "\"experiments/published/ple-2025.toml\""),
    must("contender", Kind::Sections(CONTENDER), ""),
    may("table", Kind::Sections(TABLE), ""),
    may("judge", Kind::Sections(SUITE_JUDGE), ""),
];

const CONTENDER: &[Key] = &[
    must("name", Kind::Text, "\"PLE\""),
    must("experiment", Kind::Text, "\"experiments/{task}.toml\""),
    may("set", Kind::Words, "[\"method.tau0=0.1\"]"),
];

const TABLE: &[Key] = &[
    must("title", Kind::Text, "\"Methods\""),
    must("contenders", Kind::Words, "[\"SFT\", \"PLE\"]"),
];

const SUITE_JUDGE: &[Key] = &[
    must("by", Kind::Choice(&["reward", "truth", "http"]), "\"reward\""),
    must("contender", Kind::Text, "\"PLE\""),
    may("against", Kind::Words, "[\"BASE\", \"SFT\"]"),
    may("queries", count(1), "256"),
    may("file", Kind::Text, "\"judge.toml\""),
];

/// Figures that somebody else has published.
pub(super) const PUBLISHED: &[Key] = &[
    may("source", Kind::Text, "\"Liu, Xu and Geng, ICML 2025, Table 1\""),
    may("label", Kind::Text, "\"paper\""),
    must("figure", Kind::Sections(FIGURE), ""),
];

const FIGURE: &[Key] = &[
    must("task", Kind::Choice(&["hh", "imdb", "tldr"]), "\"hh\""),
    may("method", Kind::Text, "\"PPO\""),
    must(
        "column",
        Kind::Choice(&["perplexity", "reward", "bleu", "bleu_with_prompt"]),
        "\"perplexity\"",
    ),
    may("value", Kind::Number(Range::Any), "1.5"),
    may("low", Kind::Number(Range::Any), "1.4"),
    may("high", Kind::Number(Range::Any), "1.6"),
    may("source", Kind::Text, "\"Liu, Xu and Geng, ICML 2025, Table 1\""),
    may("note", Kind::Text, "\"read from a figure\""),
];

/// The key under a dotted path of either kind of experiment.
pub(super) fn lookup(path: &str) -> Option<&'static Key> {
    lookup_in(EXPERIMENT, path).or_else(|| lookup_in(FIT, path))
}

fn lookup_in(top: &'static [Key], path: &str) -> Option<&'static Key> {
    let mut keys = top;
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
