//! `[reward]`: where rewards come from, and what of them the losses see.

use serde::{Deserialize, Serialize};

use super::experiment::{Precision, Template};

/// `[reward]`: what scores responses, which never sees the principles, and how its scores are shaped.
///
/// Exactly one of `model`, `url` and `rules` is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardSettings {
    /// `builtin:NAME`, or a folder in Hugging Face format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// With `model`: what its weights are kept as.
    #[serde(default)]
    pub dtype: Precision,
    /// With `model`: how it reads a query and a response, as in `[policy]`.
    #[serde(default)]
    pub template: Template,
    /// A server that answers as OpenRLHF's `POST /get_reward` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Rules whose scores are added up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// With `url`: how long one request may take.
    #[serde(default = "defaults::timeout_seconds")]
    pub timeout_seconds: u32,
    /// With `url`: how often a request that failed is made again before the run pauses.
    #[serde(default = "defaults::retries")]
    pub retries: u32,
    /// With `url`: responses of one request. With `model`: rows that each of the two threads scores at once.
    #[serde(default = "defaults::batch")]
    pub batch: usize,
    /// With `url`: written after a response that ended by itself, as "</s>" for a model trained with it.
    #[serde(default)]
    pub end: String,
    /// What Eqs. 3 to 5 see of the scores of a step.
    #[serde(default)]
    pub shape: Shape,
    /// Bounds of what Eqs. 3 to 5 see, after `shape`.
    #[serde(default)]
    pub clip: Clip,
}

/// One of the rules of `rules`, told by its first key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Rule {
    Regex(RegexRule),
    Length(LengthRule),
    Truth(TruthRule),
}

/// `{ regex = "...", score = 1.0 }`: the score of a response that the expression matches somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegexRule {
    pub regex: String,
    #[serde(default = "defaults::one")]
    pub score: f64,
    /// The score once for every match, instead of once.
    #[serde(default)]
    pub each: bool,
}

/// `{ length = 40, slope = -0.1 }`: the slope times the distance from the length aimed at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthRule {
    pub length: u32,
    pub slope: f64,
    #[serde(default)]
    pub count: Count,
    #[serde(default)]
    pub side: Side,
}

/// What a length is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Count {
    /// What white space separates.
    #[default]
    Words,
    /// The policy's own tokens, end of sequence included.
    Tokens,
}

/// On which side of the length aimed at the distance counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    #[default]
    Both,
    /// Only what is longer.
    Above,
    /// Only what is shorter.
    Below,
}

/// `{ truth = 1.0 }`: so many times the grammar's truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthRule {
    pub truth: f64,
}

/// How the scores of a step become what Eqs. 3 to 5 see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// They are the same: the paper.
    #[default]
    None,
    /// Less the mean of the step's scores, s and s' together, over their standard deviation.
    Standardise,
}

/// `clip = { low = -1.0, high = 1.0 }` or `clip = "none"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Clip {
    To(Bounds),
    Off(NoClip),
}

/// The word `"none"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoClip {
    None,
}

/// The least and the greatest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    pub low: f64,
    pub high: f64,
}

impl Default for Clip {
    fn default() -> Self {
        Clip::Off(NoClip::None)
    }
}

impl RewardSettings {
    /// A reward model, and nothing else that is not usual.
    pub fn model(name: impl Into<String>) -> Self {
        Self {
            model: Some(name.into()),
            dtype: Precision::default(),
            template: Template::default(),
            url: None,
            rules: Vec::new(),
            timeout_seconds: defaults::timeout_seconds(),
            retries: defaults::retries(),
            batch: defaults::batch(),
            end: String::new(),
            shape: Shape::default(),
            clip: Clip::default(),
        }
    }

    /// Where the rewards come from, for people: a model's name, an address, or "2 rules: regex, length".
    pub fn source(&self) -> String {
        if let Some(name) = self.model.as_ref().or(self.url.as_ref()) {
            return name.clone();
        }
        let kinds: Vec<&str> = self.rules.iter().map(Rule::name).collect();
        let s = if kinds.len() == 1 { "" } else { "s" };
        format!("{} rule{s}: {}", kinds.len(), kinds.join(", "))
    }

    /// What is done to the scores, for people: "standardised, clipped to [-2, 2]". `None`: nothing.
    pub fn shaping(&self) -> Option<String> {
        let standardised = (self.shape == Shape::Standardise).then(|| "standardised".to_string());
        let clipped = match &self.clip {
            Clip::To(Bounds { low, high }) => Some(format!("clipped to [{low}, {high}]")),
            Clip::Off(_) => None,
        };
        match (standardised, clipped) {
            (Some(first), Some(then)) => Some(format!("{first}, {then}")),
            (first, then) => first.or(then),
        }
    }
}

impl Rule {
    /// The key that tells the rule.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Regex(_) => "regex",
            Rule::Length(_) => "length",
            Rule::Truth(_) => "truth",
        }
    }
}

mod defaults {
    pub fn timeout_seconds() -> u32 {
        30
    }
    pub fn retries() -> u32 {
        3
    }
    pub fn batch() -> usize {
        64
    }
    pub fn one() -> f64 {
        1.0
    }
}
