//! A measurement of the principles as plain data: part of what goes out of the training thread.

use serde::{Deserialize, Serialize};

/// How far a measurement of the principles is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measuring {
    /// Steps done by the policy that is measured.
    pub step: u32,
    /// Responses done and all of them.
    pub done: usize,
    pub total: usize,
    /// It was ended before it was done.
    pub over: bool,
}

/// What each principle of a set does to the guided response, measured on held-out queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectRecord {
    /// Steps done by the policy that was measured.
    pub step: u32,
    /// Version of the principles.
    pub version: u32,
    pub queries: usize,
    /// Seed of the random streams.
    pub seed: u64,
    /// Without any principle, and with all that are on.
    pub none: ArmRecord,
    pub all: ArmRecord,
    /// In the order of the set.
    pub principles: Vec<PrincipleEffect>,
    /// Wall-clock seconds. Not part of what determinism promises.
    pub seconds: f64,
}

/// The responses under one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmRecord {
    pub reward: Estimate,
    /// `None` where the grammar does not know every query.
    pub truth: Option<Estimate>,
    /// Mean tokens of a response, end of sequence included.
    pub length: f64,
    /// Tokens that the principles add to the prompt.
    pub prompt_tokens: usize,
}

/// A mean with its 95 percent interval (percentile bootstrap over queries). NaN where no value was finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

/// What one principle does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrincipleEffect {
    pub name: String,
    pub text: String,
    /// It is part of the set that is measured as "all".
    pub on: bool,
    /// Tokens that it costs in the prompt.
    pub tokens: usize,
    /// On: all but this one. Off: all and this one.
    pub other: ArmRecord,
    /// This one alone.
    pub alone: ArmRecord,
    /// With it minus without it, beside the others that are on.
    pub adds: Difference,
    /// With it alone minus with none.
    pub adds_alone: Difference,
    /// By the interval of `adds.reward`.
    pub verdict: Verdict,
}

impl PrincipleEffect {
    /// Alone it raises the reward, though beside the others nothing clear is left of that.
    pub fn works_alone(&self) -> bool {
        self.verdict == Verdict::NoClearEffect && self.adds_alone.reward.low > 0.0
    }
}

/// One prompt's responses minus another's, query by query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub reward: Estimate,
    pub truth: Option<Estimate>,
    /// Tokens of the response.
    pub length: f64,
}

/// Whether a principle is worth its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval is above 0.
    Earns,
    NoClearEffect,
    /// The whole interval is below 0.
    Hurts,
    /// Too few queries to say.
    TooFew,
}

impl Verdict {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Earns => "earns",
            Verdict::NoClearEffect => "no clear effect",
            Verdict::Hurts => "hurts",
            Verdict::TooFew => "too few queries",
        }
    }
}
