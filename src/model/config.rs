//! `config.json` of a model folder: which architecture, and its shape.
//!
//! Each architecture reads its own keys (`llama.rs`, `gpt2.rs`, ...). What it cannot compute is an error that names the
//! key, because a model that is read wrongly still writes fluent text.

use serde_json::{Map, Value, json};

use super::{gemma, gpt2, llama, mistral, qwen2};

/// The architectures that are computed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    Gpt2,
    Llama,
    Mistral,
    Qwen2,
    Gemma,
}

impl Architecture {
    const ALL: [Architecture; 5] = [
        Architecture::Llama,
        Architecture::Qwen2,
        Architecture::Gpt2,
        Architecture::Mistral,
        Architecture::Gemma,
    ];

    /// The beginning of its classes' names in `transformers`.
    fn class(self) -> &'static str {
        match self {
            Architecture::Gpt2 => "GPT2",
            Architecture::Llama => "Llama",
            Architecture::Mistral => "Mistral",
            Architecture::Qwen2 => "Qwen2",
            Architecture::Gemma => "Gemma",
        }
    }

    /// The class of a policy: `LlamaForCausalLM`, but `GPT2LMHeadModel`.
    fn policy_class(self) -> String {
        match self {
            Architecture::Gpt2 => "GPT2LMHeadModel".into(),
            other => format!("{}ForCausalLM", other.class()),
        }
    }

    /// The class of a reward model.
    fn reward_class(self) -> String {
        format!("{}ForSequenceClassification", self.class())
    }
}

/// What follows a linear layer of the feed-forward part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Silu,
    /// Exact, by erf.
    Gelu,
    /// By tanh, as GPT-2's and Gemma's.
    GeluTanh,
    Relu,
}

/// How rotary positions are stretched beyond what the model was first trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    None,
    /// Every position divided by the factor.
    Linear {
        factor: f64,
    },
    /// Llama 3.1: slow frequencies divided by the factor, fast ones kept, those between blended.
    Llama3 {
        factor: f64,
        low_freq_factor: f64,
        high_freq_factor: f64,
        original: f64,
    },
}

/// Shape of a model, in Hugging Face's words.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    pub architecture: Architecture,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    /// Heads of keys and values, each shared by a group of query heads.
    pub num_key_value_heads: usize,
    /// Width of one attention head; apart from hidden / heads in Gemma.
    pub head_dim: usize,
    pub max_position_embeddings: usize,
    /// Epsilon of the norms.
    pub norm_eps: f64,
    /// Base of the rotary frequencies; not read by GPT-2, whose positions are learnt.
    pub rope_theta: f64,
    pub rope_scaling: RopeScaling,
    /// How many tokens back each layer looks, itself included; `None`: all.
    pub windows: Vec<Option<usize>>,
    pub activation: Activation,
    /// The output head is the embeddings.
    pub tie_word_embeddings: bool,
    /// Biases of the query, key and value projections; of the attention's output; of the feed-forward layers.
    pub qkv_bias: bool,
    pub output_bias: bool,
    pub mlp_bias: bool,
    /// Outputs of the score head of a sequence classifier.
    pub num_labels: Option<usize>,
    /// `config.json` as it was found: what is written when the model is saved.
    pub source: Map<String, Value>,
}

impl ModelConfig {
    /// Reads `config.json`.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let source: Map<String, Value> = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        Self::from_map(source)
    }

    fn from_map(source: Map<String, Value>) -> Result<Self, String> {
        let keys = Keys(&source);
        let (architecture, is_reward_model) = architecture(&keys)?;
        keys.refuse("quantization_config", "quantised weights are not read")?;
        let mut config = match architecture {
            Architecture::Gpt2 => gpt2::config(&keys),
            Architecture::Llama => llama::config(&keys),
            Architecture::Mistral => mistral::config(&keys),
            Architecture::Qwen2 => qwen2::config(&keys),
            Architecture::Gemma => gemma::config(&keys),
        }?;
        if is_reward_model {
            config.num_labels = Some(labels(&keys)?);
        }
        config.check()?;
        config.source = source;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let (heads, kv) = (self.num_attention_heads, self.num_key_value_heads);
        if heads == 0 || kv == 0 || !heads.is_multiple_of(kv) {
            return Err(format!(
                "num_key_value_heads = {kv}: {heads} query heads are not a multiple of it"
            ));
        }
        if self.architecture != Architecture::Gpt2 && !self.head_dim.is_multiple_of(2) {
            return Err(format!("head_dim = {}: rotary positions turn pairs", self.head_dim));
        }
        let none = [
            self.vocab_size,
            self.hidden_size,
            self.num_hidden_layers,
            self.max_position_embeddings,
        ];
        if none.contains(&0) {
            return Err("a size of 0".into());
        }
        Ok(())
    }

    /// The bundled tiny policy: about one million parameters.
    pub fn tiny(vocab_size: usize) -> Self {
        Self {
            architecture: Architecture::Llama,
            vocab_size,
            hidden_size: 128,
            intermediate_size: 344,
            num_hidden_layers: 4,
            num_attention_heads: 4,
            num_key_value_heads: 4,
            head_dim: 32,
            max_position_embeddings: 1024,
            norm_eps: 1e-5,
            rope_theta: 10_000.0,
            rope_scaling: RopeScaling::None,
            windows: vec![None; 4],
            activation: Activation::Silu,
            tie_word_embeddings: true,
            qkv_bias: false,
            output_bias: false,
            mlp_bias: false,
            num_labels: None,
            source: Map::new(),
        }
        .with_source()
    }

    /// A new model of another shape.
    pub fn new(vocab_size: usize, shape: &crate::config::ModelShape, max_positions: usize) -> Self {
        Self {
            hidden_size: shape.hidden,
            intermediate_size: shape.intermediate,
            num_hidden_layers: shape.layers,
            num_attention_heads: shape.heads,
            num_key_value_heads: shape.heads,
            head_dim: shape.hidden / shape.heads,
            windows: vec![None; shape.layers],
            norm_eps: shape.norm_eps,
            max_position_embeddings: max_positions,
            ..Self::tiny(vocab_size)
        }
        .with_source()
    }

    /// The `config.json` of a model made here.
    fn with_source(mut self) -> Self {
        let source = json!({
            "architectures": [self.architecture.policy_class()],
            "model_type": "llama",
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.num_hidden_layers,
            "num_attention_heads": self.num_attention_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "max_position_embeddings": self.max_position_embeddings,
            "rms_norm_eps": self.norm_eps,
            "rope_theta": self.rope_theta,
            "hidden_act": "silu",
            "tie_word_embeddings": self.tie_word_embeddings,
            "attention_bias": false,
            "mlp_bias": false,
            "bos_token_id": super::BOS,
            "eos_token_id": super::EOS,
            "pad_token_id": super::PAD,
            "torch_dtype": "float16",
        });
        if let Value::Object(map) = source {
            self.source = map;
        }
        self
    }

    /// The same body with a scalar score head: a reward model.
    pub fn as_reward_model(mut self) -> Self {
        self.num_labels = Some(1);
        let class = json!([self.architecture.reward_class()]);
        self.source.insert("architectures".into(), class);
        self.source.insert("num_labels".into(), json!(1));
        self.source.insert("id2label".into(), json!({ "0": "LABEL_0" }));
        self
    }

    /// It has a score head.
    pub fn is_reward_model(&self) -> bool {
        self.num_labels.is_some()
    }

    /// Width of all query heads together, and of all heads of keys (or values).
    pub fn widths(&self) -> (usize, usize) {
        (
            self.num_attention_heads * self.head_dim,
            self.num_key_value_heads * self.head_dim,
        )
    }
}

/// Which architecture, and whether it has a score head.
fn architecture(keys: &Keys<'_>) -> Result<(Architecture, bool), String> {
    let found: Vec<&str> = match keys.0.get("architectures") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    for architecture in Architecture::ALL {
        for class in &found {
            if *class == architecture.policy_class() {
                return Ok((architecture, false));
            }
            if *class == architecture.reward_class() {
                return Ok((architecture, true));
            }
        }
    }
    let known: Vec<String> = Architecture::ALL
        .iter()
        .map(|a| format!("{} and {}", a.policy_class(), a.reward_class()))
        .collect();
    Err(format!(
        "architectures = {found:?}; this build reads {}",
        known.join(", ")
    ))
}

/// How many outputs a score head has: `num_labels`, or as many as `id2label` names (two, where neither is given).
fn labels(keys: &Keys<'_>) -> Result<usize, String> {
    match (keys.0.get("num_labels"), keys.0.get("id2label")) {
        (Some(_), _) => keys.whole("num_labels"),
        (None, Some(Value::Object(labels))) => Ok(labels.len()),
        _ => Ok(2),
    }
}

/// The keys of a `config.json`, asked for by type; an answer that will not do names the key.
pub struct Keys<'a>(pub &'a Map<String, Value>);

impl Keys<'_> {
    /// A key that is there and not null.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|v| !v.is_null())
    }

    pub fn whole(&self, key: &str) -> Result<usize, String> {
        self.whole_or_none(key)?.ok_or_else(|| format!("{key} is missing"))
    }

    pub fn whole_or_none(&self, key: &str) -> Result<Option<usize>, String> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let whole = value.as_u64().and_then(|n| usize::try_from(n).ok());
        whole
            .map(Some)
            .ok_or_else(|| format!("{key} = {value}: wants a whole number"))
    }

    pub fn whole_or(&self, key: &str, otherwise: usize) -> Result<usize, String> {
        Ok(self.whole_or_none(key)?.unwrap_or(otherwise))
    }

    pub fn number_or(&self, key: &str, otherwise: f64) -> Result<f64, String> {
        match self.get(key) {
            None => Ok(otherwise),
            Some(value) => value.as_f64().ok_or_else(|| format!("{key} = {value}: wants a number")),
        }
    }

    pub fn flag_or(&self, key: &str, otherwise: bool) -> Result<bool, String> {
        match self.get(key) {
            None => Ok(otherwise),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| format!("{key} = {value}: wants true or false")),
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<&str>, String> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => value
                .as_str()
                .map(Some)
                .ok_or_else(|| format!("{key} = {value}: wants a word")),
        }
    }

    /// An error if the key has a value other than false.
    pub fn refuse(&self, key: &str, why: &str) -> Result<(), String> {
        match self.get(key) {
            None | Some(Value::Bool(false)) => Ok(()),
            Some(value) => Err(format!("{key} = {}: {why}", short(value))),
        }
    }

    /// An activation by its name in `transformers`.
    pub fn activation(&self, key: &str, otherwise: &str) -> Result<Activation, String> {
        match self.text(key)?.unwrap_or(otherwise) {
            "silu" | "swish" => Ok(Activation::Silu),
            "gelu" => Ok(Activation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
            "relu" => Ok(Activation::Relu),
            other => Err(format!(
                "{key} = \"{other}\"; silu, gelu, gelu_new, gelu_pytorch_tanh and relu are computed"
            )),
        }
    }

    /// Base and scaling of the rotary positions, in the words of transformers 4 (`rope_theta`, `rope_scaling`) or 5
    /// (`rope_parameters`).
    pub fn rope(&self, theta: f64) -> Result<(f64, RopeScaling), String> {
        let (place, table) = match (self.get("rope_parameters"), self.get("rope_scaling")) {
            (Some(table), _) => ("rope_parameters", Some(table)),
            (None, table) => ("rope_scaling", table),
        };
        let theta = self.number_or("rope_theta", theta)?;
        let Some(Value::Object(table)) = table else {
            return Ok((theta, RopeScaling::None));
        };
        let table = Keys(table);
        let theta = table.number_or("rope_theta", theta)?;
        let kind = table.text("rope_type")?.or(table.text("type")?).unwrap_or("default");
        let number = |key: &str| match table.get(key) {
            Some(_) => table.number_or(key, 0.0),
            None => Err(format!("{place}.{key} is missing")),
        };
        let scaling = match kind {
            "default" => RopeScaling::None,
            "linear" => RopeScaling::Linear {
                factor: number("factor")?,
            },
            "llama3" => RopeScaling::Llama3 {
                factor: number("factor")?,
                low_freq_factor: number("low_freq_factor")?,
                high_freq_factor: number("high_freq_factor")?,
                original: number("original_max_position_embeddings")?,
            },
            other => {
                return Err(format!(
                    "{place}.rope_type = \"{other}\"; default, linear and llama3 are computed"
                ));
            }
        };
        if table.number_or("partial_rotary_factor", 1.0)? != 1.0 {
            return Err(format!("{place}.partial_rotary_factor: only whole heads are turned"));
        }
        Ok((theta, scaling))
    }

    /// How far back each layer looks: by `layer_types` where it is given, else `window` from layer `first` on.
    pub fn windows(&self, layers: usize, window: Option<usize>, first: usize) -> Result<Vec<Option<usize>>, String> {
        let Some(types) = self.get("layer_types") else {
            return Ok((0..layers).map(|i| window.filter(|_| i >= first)).collect());
        };
        let types: Vec<&str> = types
            .as_array()
            .map(|t| t.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        if types.len() != layers {
            return Err(format!("layer_types names {} of {layers} layers", types.len()));
        }
        types
            .into_iter()
            .map(|kind| match kind {
                "full_attention" => Ok(None),
                "sliding_attention" => window
                    .map(Some)
                    .ok_or_else(|| "layer_types has sliding_attention, but sliding_window is missing".to_string()),
                other => Err(format!(
                    "layer_types: \"{other}\"; full_attention and sliding_attention are computed"
                )),
            })
            .collect()
    }
}

/// The beginning of a value, for messages.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> ModelConfig {
        ModelConfig::tiny(2000)
    }

    fn with(key: &str, value: Value) -> Result<ModelConfig, String> {
        let mut source = tiny().source;
        source.insert(key.into(), value);
        ModelConfig::from_map(source)
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for config in [tiny(), tiny().as_reward_model()] {
            assert_eq!(ModelConfig::from_map(config.source.clone()), Ok(config));
        }
    }

    #[test]
    fn what_cannot_be_computed_is_named() {
        let error = |key, value| with(key, value).expect_err("refused");
        assert!(error("architectures", json!(["BloomForCausalLM"])).contains("BloomForCausalLM"));
        assert!(error("hidden_act", json!("mish")).contains("hidden_act = \"mish\""));
        assert!(error("rope_scaling", json!({ "rope_type": "yarn", "factor": 4 })).contains("yarn"));
        assert!(error("quantization_config", json!({ "bits": 4 })).contains("quantization_config"));
        assert!(error("num_key_value_heads", json!(3)).contains("num_key_value_heads = 3"));
        assert!(error("hidden_size", json!("wide")).contains("hidden_size = \"wide\""));
    }

    #[test]
    fn both_forms_of_rotary_keys_are_read() {
        let old = with(
            "rope_scaling",
            json!({ "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 8192 }),
        )
        .expect("read");
        assert!(matches!(old.rope_scaling, RopeScaling::Llama3 { factor: 8.0, .. }));
        let new = with(
            "rope_parameters",
            json!({ "rope_type": "default", "rope_theta": 500_000.0 }),
        )
        .expect("read");
        assert_eq!((new.rope_theta, new.rope_scaling), (500_000.0, RopeScaling::None));
    }
}
