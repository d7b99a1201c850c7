//! Adapters as PEFT keeps them: a folder with `adapter_config.json` and `adapter_model.safetensors`.
//!
//! A is `[rank, in]` and B is `[out, rank]` there, the transposes of what they are here, also for GPT-2, whose own weights are
//! stored the other way round (`fan_in_fan_out`). What the numbers alone do not say, such as DoRA or a rank that differs from
//! layer to layer, is refused with the key that asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use half::{bf16, f16};
use regex::Regex;
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use super::adapter::is_named;
use super::config::{Architecture, Keys};
use super::weights::{Written, transposed};
use super::{Adapter, Model, ModelError};
use crate::config::{LoraAdapter, LoraTargets, TargetKind};

pub const CONFIG: &str = "adapter_config.json";
pub const WEIGHTS: &str = "adapter_model.safetensors";
const PREFIX: &str = "base_model.model.";

/// Keys that ask for something that is not computed here, unless they are null, false or empty.
const NOT_COMPUTED: [(&str, &str); 19] = [
    ("use_dora", "DoRA is not computed here"),
    ("lora_bias", "adapters have no bias here"),
    ("use_qalora", "QALoRA is not computed here"),
    ("use_bdlora", "BD-LoRA is not computed here"),
    ("rank_pattern", "all layers have one rank here"),
    ("alpha_pattern", "all layers have one alpha here"),
    (
        "modules_to_save",
        "modules that were trained whole are not read; merge the adapter in PEFT",
    ),
    ("layer_replication", "layers are not repeated here"),
    ("target_parameters", "only linear layers are adapted here"),
    ("trainable_token_indices", "only linear layers are adapted here"),
    ("alora_invocation_tokens", "aLoRA is not computed here"),
    ("arrow_config", "Arrow is not computed here"),
    (
        "corda_config",
        "the base's weights were changed; convert it to a plain LoRA in PEFT",
    ),
    ("kasa_config", "KaSA is not computed here"),
    (
        "lora_ga_config",
        "the base's weights were changed; convert it to a plain LoRA in PEFT",
    ),
    ("monteclora_config", "MonteCLoRA is not computed here"),
    ("velora_config", "VeLoRA is not computed here"),
    (
        "loftq_config",
        "the base's weights were changed; convert it to a plain LoRA in PEFT",
    ),
    ("megatron_config", "Megatron's layers are not read"),
];

/// An adapter that was read, not yet beside a model.
#[derive(Clone, Debug)]
pub struct PeftAdapter {
    folder: PathBuf,
    settings: LoraAdapter,
    /// Which modules it says it adapts.
    says: Says,
    /// A and B by module path.
    sides: BTreeMap<String, [Side; 2]>,
}

/// Shape and numbers as stored.
type Side = ([usize; 2], Vec<f32>);

/// `target_modules`.
#[derive(Clone, Debug)]
enum Says {
    AllLinear,
    Names(Vec<String>),
    Pattern(Regex),
    /// Together with other keys, so that the tensors decide.
    Less,
}

impl PeftAdapter {
    /// Reads an adapter's folder.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(CONFIG);
        let wrong = |what: String| ModelError::Unsupported {
            path: path.clone(),
            what,
        };
        let bytes = std::fs::read(&path).map_err(|e| {
            wrong(format!(
                "{e}; an adapter is a folder with {CONFIG} and {WEIGHTS}, as PEFT and `ple export RUN --format peft` write it"
            ))
        })?;
        let config: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        let (settings, says) = settings(&Keys(&config)).map_err(wrong)?;
        let sides = sides(&folder.join(WEIGHTS), settings.rank)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            settings,
            says,
            sides,
        })
    }

    /// What it is, for people: "rank 8, alpha 16, 224 modules".
    pub fn summary(&self) -> String {
        format!(
            "rank {}, alpha {}, {} modules",
            self.settings.rank,
            self.settings.alpha,
            self.sides.len()
        )
    }

    /// Puts the adapter beside the layers of a model, and says what it is in this program's settings.
    pub fn put(mut self, model: &mut Model) -> Result<LoraAdapter, ModelError> {
        let device = model.device();
        let (rank, scale) = (self.settings.rank, self.settings.scale());
        let (mut wrong, mut all, mut modules) = (None, true, BTreeSet::new());
        let path = self.folder.join(WEIGHTS);
        model.for_each_linear_mut(&mut |_, _, module, linear| {
            let sides = self.sides.remove(module);
            all &= sides.is_some();
            modules.extend(module.rsplit('.').next().map(str::to_string));
            if sides.is_some() != self.says.adapts(module).unwrap_or(sides.is_some()) && wrong.is_none() {
                let found = if sides.is_some() { "has" } else { "lacks" };
                let what = format!("{found} an adapter, which target_modules of {CONFIG} says otherwise");
                wrong = Some(ModelError::parameter(&path, module, what));
            }
            let Some([(a_shape, a), (b_shape, b)]) = sides else {
                return;
            };
            let [inputs, outputs] = linear.weight.dims();
            if (a_shape, b_shape) != ([rank, inputs], [outputs, rank]) {
                let what = format!(
                    "has A of {a_shape:?} and B of {b_shape:?}; this base and r = {rank} want [{rank}, {inputs}] and \
                     [{outputs}, {rank}]"
                );
                wrong.get_or_insert(ModelError::parameter(&path, module, what));
                return;
            }
            linear.adapter = Some(Adapter {
                a: turned(a, a_shape, &device),
                b: turned(b, b_shape, &device),
                scale,
            });
        });
        if let Some((module, _)) = self.sides.first_key_value() {
            let modules: Vec<String> = modules.into_iter().collect();
            let what = format!(
                "is no linear layer of this base, which has {} in {} layers",
                modules.join(", "),
                model.layers.len()
            );
            wrong.get_or_insert(ModelError::parameter(&path, module, what));
        }
        if let Some(error) = wrong {
            return Err(error);
        }
        if !all {
            let given = match self.says {
                Says::Names(names) => names,
                _ => adapted(model),
            };
            self.settings.targets = LoraTargets::Names(given);
        }
        Ok(self.settings)
    }
}

impl Says {
    /// This module is to have an adapter; `None` where that is not said.
    fn adapts(&self, module: &str) -> Option<bool> {
        match self {
            Says::AllLinear => Some(true),
            Says::Names(names) => Some(names.iter().any(|name| is_named(module, name))),
            Says::Pattern(pattern) => Some(pattern.is_match(module)),
            Says::Less => None,
        }
    }
}

/// The paths of the modules that have an adapter.
fn adapted(model: &mut Model) -> Vec<String> {
    let mut names = Vec::new();
    model.for_each_linear_mut(&mut |_, _, module, linear| {
        if linear.adapter.is_some() {
            names.push(module.to_string());
        }
    });
    names
}

fn settings(keys: &Keys<'_>) -> Result<(LoraAdapter, Says), String> {
    let word = |key: &str, wanted: &[&str]| match keys.text(key)? {
        Some(found) if !wanted.contains(&found) => Err(format!("{key} = \"{found}\": only {} is read", wanted[0])),
        _ => Ok(()),
    };
    word("peft_type", &["LORA"])?;
    word("task_type", &["CAUSAL_LM"])?;
    word("bias", &["none"])?;
    for (key, why) in NOT_COMPUTED {
        let nothing = match keys.get(key) {
            None | Some(Value::Bool(false)) => true,
            Some(Value::Object(table)) => table.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        };
        if !nothing {
            return Err(format!("{key} is set: {why}"));
        }
    }
    match keys.get("init_lora_weights") {
        None | Some(Value::Bool(_)) => {}
        Some(Value::String(way)) if ["gaussian", "eva", "orthogonal"].contains(&&way[..]) => {}
        Some(other) => {
            return Err(format!(
                "init_lora_weights = {other}: the base's weights were changed; convert it to a plain LoRA in PEFT"
            ));
        }
    }
    let unknown = |key: &&String| key.starts_with("use_") && key.as_str() != "use_rslora";
    if let Some(key) = keys
        .0
        .keys()
        .filter(unknown)
        .find(|key| keys.get(key) == Some(&Value::Bool(true)))
    {
        return Err(format!("{key} is set: it is not computed here"));
    }
    let rank = keys.whole("r")?;
    let settings = LoraAdapter {
        rank,
        alpha: match keys.get("lora_alpha") {
            Some(_) => keys.number_or("lora_alpha", 0.0)?,
            None => return Err("lora_alpha is missing".into()),
        },
        targets: LoraTargets::Kind(TargetKind::AllLinear),
        dropout: keys.number_or("lora_dropout", 0.0)?,
        rslora: keys.flag_or("use_rslora", false)?,
    };
    if rank == 0 || settings.alpha <= 0.0 || !(0.0..1.0).contains(&settings.dropout) {
        return Err(format!(
            "r = {rank}, lora_alpha = {}, lora_dropout = {}: r and alpha must be above 0, and dropout below 1",
            settings.alpha, settings.dropout
        ));
    }
    let narrowed = ["exclude_modules", "layers_to_transform"]
        .iter()
        .any(|key| keys.get(key).is_some());
    let says = match keys.get("target_modules") {
        _ if narrowed => Says::Less,
        None => Says::Less,
        Some(Value::String(word)) if word == "all-linear" => Says::AllLinear,
        Some(Value::String(pattern)) => match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(pattern) => Says::Pattern(pattern),
            Err(_) => Says::Less,
        },
        Some(Value::Array(names)) => Says::Names(names.iter().filter_map(Value::as_str).map(str::to_string).collect()),
        Some(other) => return Err(format!("target_modules = {other}: wants names or a pattern")),
    };
    Ok((settings, says))
}

/// A and B of every module of a file.
fn sides(path: &Path, rank: usize) -> Result<BTreeMap<String, [Side; 2]>, ModelError> {
    let wrong = |what: String| ModelError::Unsupported {
        path: path.to_path_buf(),
        what,
    };
    let bytes = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|e| wrong(format!("{e}: it is cut short or no safetensors file; fetch it again")))?;
    let mut found: BTreeMap<String, [Option<Side>; 2]> = BTreeMap::new();
    for (name, view) in file.tensors() {
        let error = |what: String| ModelError::parameter(path, &name, what);
        let module = name.strip_prefix(PREFIX).unwrap_or(&name);
        let (module, side) = match (
            module.strip_suffix(".lora_A.weight"),
            module.strip_suffix(".lora_B.weight"),
        ) {
            (Some(module), _) => (module, 0),
            (_, Some(module)) => (module, 1),
            _ => return Err(error("is neither lora_A nor lora_B of a linear layer".into())),
        };
        let &[rows, columns] = view.shape() else {
            return Err(error(format!("has shape {:?}", view.shape())));
        };
        let halves = || view.data().as_chunks::<2>().0.iter();
        let numbers: Vec<f32> = match view.dtype() {
            Dtype::F32 => view
                .data()
                .as_chunks()
                .0
                .iter()
                .map(|c| f32::from_le_bytes(*c))
                .collect(),
            Dtype::F16 => halves().map(|c| f16::from_le_bytes(*c).to_f32()).collect(),
            Dtype::BF16 => halves().map(|c| bf16::from_le_bytes(*c).to_f32()).collect(),
            other => return Err(error(format!("has dtype {other:?}; f32, f16 and bf16 are read"))),
        };
        if !numbers.iter().all(|x| x.is_finite()) {
            return Err(error("has values that are not numbers (NaN or infinite)".into()));
        }
        let sides = found.entry(module.to_string()).or_default();
        sides[side] = Some(([rows, columns], numbers));
    }
    if found.is_empty() {
        return Err(wrong("has no adapter in it".into()));
    }
    found
        .into_iter()
        .map(|(module, sides)| match sides {
            [Some(a), Some(b)] => Ok((module, [a, b])),
            [None, _] => Err(ModelError::parameter(
                path,
                &module,
                format!("has no lora_A of rank {rank}"),
            )),
            [_, None] => Err(ModelError::parameter(
                path,
                &module,
                format!("has no lora_B of rank {rank}"),
            )),
        })
        .collect()
}

/// `[rows, columns]` as stored to a tensor `[columns, rows]`.
fn turned(numbers: Vec<f32>, [rows, columns]: [usize; 2], device: &Device) -> Tensor<2> {
    let numbers = transposed(numbers, Some((rows, columns)));
    Tensor::from_data(TensorData::new(numbers, [columns, rows]), device)
}

/// A and B of every adapted module, as PEFT names and stores them: the name of the tensor in `checkpoint` terms is that of
/// [`Model::for_each_mut`].
pub type AdapterTensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Writes the two files of an adapter into `folder`, from A `[in, rank]` and B `[rank, out]` by their names here.
///
/// `base` is what PEFT loads the base model from.
pub fn write_peft(
    folder: &Path,
    architecture: Architecture,
    tensors: &AdapterTensors,
    settings: &LoraAdapter,
    base: &str,
) -> Result<(), ModelError> {
    let fail = |path: &Path, what: String| ModelError::Unsupported {
        path: path.to_path_buf(),
        what,
    };
    let of_adapter = tensors
        .iter()
        .filter(|(name, _)| name.ends_with(".lora_A.weight") || name.ends_with(".lora_B.weight"));
    let mut written = BTreeMap::new();
    let mut modules = BTreeSet::new();
    for (name, (shape, numbers)) in of_adapter {
        let (rows, columns) = (shape[0], shape[1]);
        let numbers = transposed(numbers.clone(), Some((rows, columns)));
        let tensor = Written {
            dtype: Dtype::F32,
            shape: vec![columns, rows],
            bytes: numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        let module = name.rsplit_once(".lora_").map_or("", |(module, _)| module);
        modules.extend(module.rsplit('.').next().map(str::to_string));
        written.insert(format!("{PREFIX}{name}"), tensor);
    }
    let targets: Vec<String> = match &settings.targets {
        // As PEFT writes it for a model of more than a few layers: the last parts of the names.
        LoraTargets::Kind(TargetKind::AllLinear) => modules.into_iter().collect(),
        LoraTargets::Names(names) => names.clone(),
    };
    let alpha = match settings.alpha {
        whole if whole.fract() == 0.0 && whole < 1e15 => json!(whole as u64),
        other => json!(other),
    };
    let config = json!({
        "alpha_pattern": {},
        "auto_mapping": null,
        "base_model_name_or_path": base,
        "bias": "none",
        "fan_in_fan_out": architecture == Architecture::Gpt2,
        "inference_mode": true,
        "init_lora_weights": true,
        "layers_pattern": null,
        "layers_to_transform": null,
        "lora_alpha": alpha,
        "lora_dropout": settings.dropout,
        "modules_to_save": null,
        "peft_type": "LORA",
        "r": settings.rank,
        "rank_pattern": {},
        "revision": null,
        "target_modules": targets,
        "task_type": "CAUSAL_LM",
        "use_dora": false,
        "use_rslora": settings.rslora,
    });
    let path = folder.join(WEIGHTS);
    let metadata = Some([("format".to_string(), "pt".to_string())].into());
    safetensors::serialize_to_file(written, metadata, &path).map_err(|e| fail(&path, e.to_string()))?;
    let path = folder.join(CONFIG);
    let json = serde_json::to_string_pretty(&config).map_err(|e| fail(&path, e.to_string()))?;
    std::fs::write(&path, json + "\n").map_err(|e| fail(&path, e.to_string()))
}
