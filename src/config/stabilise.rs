//! `[method.stabilise]`: named variants of PLE that keep replay from diverging. Without a key PLE is as printed.

use serde::{Deserialize, Serialize};

/// Every key switches on one variant and is its strength. `importance`, `clip`, `hinge` and `sigmoid` are forms of Eqs. 3
/// and 4, of which there is one; `kl` and `sft` are anchors and go with any. The equations are in `method/stabilise.rs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabiliseSettings {
    /// Each response weighs as much as it is likelier than when it was new, but not more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<f64>,
    /// A response stops counting once its likelihood is by this share away from when it was new (PPO's epsilon).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// A pair stops counting once its better response leads by so many nats a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hinge: Option<f64>,
    /// A pair counts less the more its better response leads, in units of so many nats a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigmoid: Option<f64>,
    /// What a divergence from the reference costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// Weight of Eq. 1 on a row of the data beside every pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sft: Option<f64>,
}

impl StabiliseSettings {
    /// The keys that are forms of the losses, in the order of messages.
    pub const FORMS: [&'static str; 4] = ["importance", "clip", "hinge", "sigmoid"];

    /// PLE as printed.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// The keys that are there with their values, the form of the losses first.
    pub fn on(&self) -> Vec<(&'static str, f64)> {
        let forms = [self.importance, self.clip, self.hinge, self.sigmoid];
        let anchors = [("kl", self.kl), ("sft", self.sft)];
        let named = Self::FORMS.into_iter().zip(forms).chain(anchors);
        named.filter_map(|(name, x)| Some((name, x?))).collect()
    }

    /// The losses ask how likely a response was when it was new.
    pub fn needs_ratio(&self) -> bool {
        self.importance.is_some() || self.clip.is_some()
    }
}

/// How tau falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Eq. 7: tau_t = tau_(t-1) * decay.
    #[default]
    Decay,
    /// As Eq. 7, but not below the boundary of the pure level set.
    Pure,
}
