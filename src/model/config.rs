//! `config.json` of a Llama-architecture folder, in Hugging Face's words.

use serde::{Deserialize, Serialize};

/// Shape of a Llama model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// `LlamaForCausalLM` or `LlamaForSequenceClassification`.
    pub architectures: Vec<String>,
    pub model_type: String,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub max_position_embeddings: usize,
    pub rms_norm_eps: f64,
    pub rope_theta: f64,
    pub hidden_act: String,
    pub tie_word_embeddings: bool,
    pub attention_bias: bool,
    pub mlp_bias: bool,
    pub bos_token_id: u32,
    pub eos_token_id: u32,
    pub pad_token_id: u32,
    pub torch_dtype: String,
    /// Outputs of the score head of a sequence classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_labels: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id2label: Option<std::collections::BTreeMap<String, String>>,
}

impl ModelConfig {
    /// The bundled tiny policy: about one million parameters.
    pub fn tiny(vocab_size: usize) -> Self {
        Self {
            architectures: vec!["LlamaForCausalLM".into()],
            model_type: "llama".into(),
            vocab_size,
            hidden_size: 128,
            intermediate_size: 344,
            num_hidden_layers: 4,
            num_attention_heads: 4,
            num_key_value_heads: 4,
            max_position_embeddings: 1024,
            rms_norm_eps: 1e-5,
            rope_theta: 10_000.0,
            hidden_act: "silu".into(),
            tie_word_embeddings: true,
            attention_bias: false,
            mlp_bias: false,
            bos_token_id: super::BOS,
            eos_token_id: super::EOS,
            pad_token_id: super::PAD,
            torch_dtype: "float16".into(),
            num_labels: None,
            id2label: None,
        }
    }

    /// A new model of another shape.
    pub fn new(vocab_size: usize, shape: &crate::config::ModelShape, max_positions: usize) -> Self {
        Self {
            hidden_size: shape.hidden,
            intermediate_size: shape.intermediate,
            num_hidden_layers: shape.layers,
            num_attention_heads: shape.heads,
            num_key_value_heads: shape.heads,
            rms_norm_eps: shape.norm_eps,
            max_position_embeddings: max_positions,
            ..Self::tiny(vocab_size)
        }
    }

    /// The same body with a scalar score head: a reward model.
    pub fn as_reward_model(mut self) -> Self {
        self.architectures = vec!["LlamaForSequenceClassification".into()];
        self.num_labels = Some(1);
        self.id2label = Some([("0".to_string(), "LABEL_0".to_string())].into());
        self
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// It has a score head.
    pub fn is_reward_model(&self) -> bool {
        self.num_labels.is_some()
    }

    /// What about this configuration the code in `llama.rs` does not implement, if anything.
    pub fn unsupported(&self) -> Option<String> {
        let known = ["LlamaForCausalLM", "LlamaForSequenceClassification"];
        if !self.architectures.iter().any(|a| known.contains(&a.as_str())) {
            return Some(format!(
                "architectures = {:?}; this build reads {}",
                self.architectures,
                known.join(" and ")
            ));
        }
        if self.num_key_value_heads != self.num_attention_heads {
            return Some(format!(
                "num_key_value_heads = {} differs from num_attention_heads = {}; grouped queries are not read yet",
                self.num_key_value_heads, self.num_attention_heads
            ));
        }
        if self.hidden_act != "silu" {
            return Some(format!("hidden_act = \"{}\"; only \"silu\" is read", self.hidden_act));
        }
        if self.attention_bias || self.mlp_bias {
            return Some("attention_bias or mlp_bias = true; biases are not read".into());
        }
        if !self.tie_word_embeddings && !self.is_reward_model() {
            return Some("tie_word_embeddings = false; an untied head is not read yet".into());
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) || !self.head_dim().is_multiple_of(2) {
            return Some(format!(
                "hidden_size = {} over {} heads",
                self.hidden_size, self.num_attention_heads
            ));
        }
        None
    }
}
