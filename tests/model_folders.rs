//! Model folders of every architecture through the real binary: a good one trains, and what is wrong with a broken one is
//! said, with the file and the thing, before anything starts.

mod common;

use std::path::{Path, PathBuf};

use common::process::Ended;
use common::refusal::refused;
use common::{IMDB, Lab, repository};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};

/// A copy of one of the tiny checkpoints that a test may break.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(lab: &Lab, name: &str) -> Self {
        let path = lab.path().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        let from = repository().join("tests/golden/models").join(name);
        for entry in std::fs::read_dir(&from).expect("the checkpoint") {
            let file = entry.expect("an entry").path();
            std::fs::copy(&file, path.join(file.file_name().expect("a name"))).expect("a copy");
        }
        Self { path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// `policy.model=FOLDER` or `reward.model=FOLDER`.
    fn setting(&self, key: &str) -> String {
        format!("{key}={}", self.path.display())
    }

    /// Changes a JSON file.
    fn json(&self, name: &str, change: impl FnOnce(&mut Value)) -> &Self {
        let text = std::fs::read(self.file(name)).expect("a file");
        let mut value = serde_json::from_slice(&text).expect("JSON");
        change(&mut value);
        std::fs::write(self.file(name), value.to_string()).expect("written");
        self
    }

    /// Sets a key of `config.json`.
    fn config(&self, key: &str, value: Value) -> &Self {
        self.json("config.json", |config| config[key] = value)
    }

    /// Rewrites `model.safetensors` with each tensor as `change` gives it back, or without it.
    fn tensors(&self, change: impl Fn(&str, Tensor) -> Option<Tensor>) -> &Self {
        let path = self.file("model.safetensors");
        let bytes = std::fs::read(&path).expect("weights");
        let file = SafeTensors::deserialize(&bytes).expect("weights");
        let all = file.tensors().into_iter().filter_map(|(name, view)| {
            let tensor = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            Some((name.clone(), change(&name, tensor)?))
        });
        let all: Vec<(String, Tensor)> = all.collect();
        let views = all.iter().map(|(name, (dtype, shape, data))| {
            let view = TensorView::new(*dtype, shape.clone(), data).expect("a tensor");
            (name.clone(), view)
        });
        let written = safetensors::serialize(views, None).expect("weights");
        std::fs::write(path, written).expect("written");
        self
    }

    /// Leaves so many bytes of a file.
    fn cut(&self, name: &str, length: impl Fn(usize) -> usize) -> &Self {
        let bytes = std::fs::read(self.file(name)).expect("a file");
        std::fs::write(self.file(name), &bytes[..length(bytes.len())]).expect("written");
        self
    }

    fn remove(&self, name: &str) -> &Self {
        std::fs::remove_file(self.file(name)).expect("removed");
        self
    }
}

type Tensor = (Dtype, Vec<usize>, Vec<u8>);

/// Trying to train with this folder as the policy is refused for these reasons; the folder's path is among them.
fn not_a_policy(lab: &Lab, folder: &Folder, file: &str, reasons: &[&str]) {
    let place = folder.file(file).display().to_string();
    let command = lab.train(IMDB, &[&folder.setting("policy.model")]);
    refused(lab, command, &[&["policy.model", place.as_str()], reasons].concat());
}

/// Trains for one step.
fn trains(lab: &Lab, policy: &Folder, reward: &Folder, name: &str) {
    let (policy, reward) = (policy.setting("policy.model"), reward.setting("reward.model"));
    let sets = [&policy, &reward, "method.steps=1", "eval.every=0"];
    let ended = Ended::of(lab.train(IMDB, &sets).args(["--quiet", "--name", name]));
    assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
    assert!(Path::new(&lab.run(name)).exists());
}

#[test]
fn a_folder_of_every_architecture_trains() {
    let lab = Lab::new();
    for (name, reward) in [
        ("llama", "qwen2-reward"),
        ("llama-rope", "gemma-reward"),
        ("qwen2", "mistral-reward"),
        ("mistral", "llama-reward"),
        ("gemma", "llama-reward"),
    ] {
        let (policy, scorer) = (Folder::new(&lab, name), Folder::new(&lab, reward));
        // Rotary positions have no parameters, so there may be as many as the texts need.
        for folder in [&policy, &scorer] {
            folder.config("max_position_embeddings", json!(2048));
        }
        trains(&lab, &policy, &scorer, name);
    }
    let (policy, scorer) = (Folder::new(&lab, "gpt2"), Folder::new(&lab, "gpt2-reward"));
    for folder in [&policy, &scorer] {
        // Learnt positions are as many as there are: the same 64 again and again.
        folder.config("n_positions", json!(1024));
        folder.tensors(|name, (dtype, mut shape, mut data)| {
            if name.ends_with("wpe.weight") {
                (shape[0], data) = (1024, data.repeat(16));
            }
            Some((dtype, shape, data))
        });
    }
    trains(&lab, &policy, &scorer, "gpt2");
}

#[test]
fn weights_that_are_cut_short_are_named() {
    let lab = Lab::new();
    let folder = Folder::new(&lab, "llama");
    let shard = "model-00002-of-00003.safetensors";
    folder.cut(shard, |n| n - 1);
    not_a_policy(&lab, &folder, shard, &["cut short", "fetch it again"]);
    folder.cut(shard, |_| 20);
    not_a_policy(&lab, &folder, shard, &["cut short", "fetch it again"]);
    folder.cut(shard, |_| 0);
    not_a_policy(&lab, &folder, shard, &[]);
    let folder = Folder::new(&lab, "qwen2");
    folder.cut("model.safetensors", |n| n / 2);
    not_a_policy(&lab, &folder, "model.safetensors", &["cut short", "fetch it again"]);
    folder.remove("model.safetensors");
    not_a_policy(&lab, &folder, "model.safetensors", &["No such file"]);
}

#[test]
fn an_index_that_does_not_fit_the_folder_is_named() {
    let lab = Lab::new();
    let index = "model.safetensors.index.json";
    let folder = Folder::new(&lab, "llama");
    folder.remove("model-00003-of-00003.safetensors");
    not_a_policy(&lab, &folder, index, &["model-00003-of-00003.safetensors"]);
    let folder = Folder::new(&lab, "mistral");
    folder.json(index, |index| {
        index["weight_map"]["lm_head.weight"] = json!("../elsewhere.safetensors");
    });
    not_a_policy(&lab, &folder, index, &["../elsewhere.safetensors"]);
    folder.json(index, |index| *index = json!({ "metadata": {} }));
    not_a_policy(&lab, &folder, index, &["weight_map"]);
    folder.cut(index, |n| n / 2);
    not_a_policy(&lab, &folder, index, &[]);
}

#[test]
fn a_parameter_that_is_missing_or_of_another_shape_is_named() {
    let lab = Lab::new();
    let file = "model.safetensors";
    let missing = "model.layers.1.mlp.up_proj.weight";
    let folder = Folder::new(&lab, "qwen2");
    folder.tensors(|name, tensor| (name != missing).then_some(tensor));
    not_a_policy(&lab, &folder, file, &[missing, "missing"]);
    let turned = "model.layers.0.self_attn.k_proj.weight";
    let folder = Folder::new(&lab, "gemma");
    folder.tensors(|name, (dtype, mut shape, data)| {
        if name == turned {
            shape.reverse();
        }
        Some((dtype, shape, data))
    });
    not_a_policy(&lab, &folder, file, &[turned, "[20, 12]", "[12, 20]"]);
    // GPT-2 holds [in, out], the others [out, in]: one that was turned is noticed there too.
    let folder = Folder::new(&lab, "gpt2");
    let turned = "h.1.mlp.c_fc.weight";
    folder.tensors(|name, (dtype, mut shape, data)| {
        if name == turned {
            shape.reverse();
        }
        Some((dtype, shape, data))
    });
    not_a_policy(&lab, &folder, file, &[turned, "[80, 20]", "[20, 80]"]);
    // The shape that config.json promises is not the file's.
    let folder = Folder::new(&lab, "qwen2");
    folder.config("vocab_size", json!(100));
    not_a_policy(
        &lab,
        &folder,
        file,
        &["model.embed_tokens.weight", "[64, 24]", "[100, 24]"],
    );
    let folder = Folder::new(&lab, "qwen2");
    folder.config("num_hidden_layers", json!(3));
    folder.config("layer_types", Value::Null);
    not_a_policy(&lab, &folder, file, &["model.layers.2.", "missing"]);
}

#[test]
fn weights_that_are_not_numbers_are_named() {
    let lab = Lab::new();
    for (name, parameter, bytes) in [
        ("qwen2", "model.layers.0.mlp.down_proj.weight", &[0xC0, 0x7F][..]),
        ("gemma", "model.norm.weight", &[0x00, 0x7C]),
        ("gpt2", "h.0.ln_2.bias", &[0x00, 0x00, 0xC0, 0x7F]),
    ] {
        let folder = Folder::new(&lab, name);
        folder.tensors(|found, (dtype, shape, mut data)| {
            if found == parameter {
                let last = data.len() - bytes.len();
                data[last..].copy_from_slice(bytes);
            }
            Some((dtype, shape, data))
        });
        not_a_policy(&lab, &folder, "model.safetensors", &[parameter, "not numbers"]);
    }
}

#[test]
fn a_tokenizer_that_is_larger_than_the_embeddings_is_named() {
    let lab = Lab::new();
    let folder = Folder::new(&lab, "llama");
    folder.json("tokenizer.json", |tokenizer| {
        let mut more = tokenizer["added_tokens"][0].clone();
        (more["id"], more["content"]) = (json!(57), json!("<|one too many|>"));
        tokenizer["added_tokens"].as_array_mut().expect("a list").push(more);
    });
    let reasons = ["58 tokens", "<|one too many|>", "id 57", "vocab_size = 57"];
    not_a_policy(&lab, &folder, "tokenizer.json", &reasons);
    folder.cut("tokenizer.json", |n| n / 2);
    not_a_policy(&lab, &folder, "tokenizer.json", &[]);
    folder.remove("tokenizer.json");
    not_a_policy(&lab, &folder, "tokenizer.json", &[]);
}

#[test]
fn what_is_not_computed_is_named() {
    let lab = Lab::new();
    let cases = [
        (
            "llama",
            "architectures",
            json!(["BloomForCausalLM"]),
            "BloomForCausalLM",
        ),
        (
            "llama",
            "rope_scaling",
            json!({ "rope_type": "yarn", "factor": 4.0 }),
            "yarn",
        ),
        (
            "qwen2",
            "rope_parameters",
            json!({ "rope_type": "longrope", "rope_theta": 1e6 }),
            "longrope",
        ),
        (
            "llama",
            "quantization_config",
            json!({ "quant_method": "gptq", "bits": 4 }),
            "quantization_config",
        ),
        ("llama", "hidden_act", json!("mish"), "mish"),
        (
            "gpt2",
            "scale_attn_by_inverse_layer_idx",
            json!(true),
            "scale_attn_by_inverse_layer_idx",
        ),
        ("llama", "num_key_value_heads", json!(4), "num_key_value_heads = 4"),
        ("llama", "hidden_size", json!("wide"), "hidden_size"),
        ("gpt2", "n_embd", Value::Null, "n_embd"),
    ];
    for (name, key, value, reason) in cases {
        let folder = Folder::new(&lab, name);
        folder.config(key, value);
        not_a_policy(&lab, &folder, "config.json", &[reason]);
    }
    let folder = Folder::new(&lab, "llama");
    folder.cut("config.json", |n| n / 2);
    not_a_policy(&lab, &folder, "config.json", &[]);
    folder.remove("config.json");
    not_a_policy(&lab, &folder, "config.json", &[]);
    let folder = Folder::new(&lab, "gpt2");
    folder.tensors(|_, (_, shape, data)| {
        Some((
            Dtype::I32,
            shape.clone(),
            vec![0; 4 * data.len().min(shape.iter().product())],
        ))
    });
    not_a_policy(&lab, &folder, "model.safetensors", &["I32"]);
}

#[test]
fn a_reward_model_is_no_policy_and_a_broken_one_is_named() {
    let lab = Lab::new();
    let folder = Folder::new(&lab, "gemma-reward");
    let command = lab.train(IMDB, &[&folder.setting("policy.model")]);
    refused(&lab, command, &["policy.model", "this is a reward model"]);
    let policy = Folder::new(&lab, "mistral");
    let command = lab.train(IMDB, &[&policy.setting("reward.model")]);
    refused(&lab, command, &["reward.model", "this model has no score head"]);
    let broken = Folder::new(&lab, "gpt2-reward");
    broken.tensors(|name, tensor| (name != "score.weight").then_some(tensor));
    let place = broken.file("model.safetensors").display().to_string();
    let command = lab.train(IMDB, &[&broken.setting("reward.model")]);
    refused(&lab, command, &["reward.model", &place, "score.weight", "missing"]);
}

/// Said before a byte of them is read: the system would end the program in the middle of that.
#[test]
#[cfg(target_os = "linux")]
fn weights_that_no_machine_can_hold_are_refused() {
    let lab = Lab::new();
    let folder = Folder::new(&lab, "llama");
    folder.config("intermediate_size", json!(1_000_000_000_000u64));
    let command = lab.train(IMDB, &[&folder.setting("policy.model")]);
    refused(&lab, command, &["policy.model", "the weights alone", " need "]);
}
