//! Adapters and merged folders: written, read back, and refused where they ask for what is not computed here.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

use super::tests as oracle;
use super::{
    AdapterTensors, Changes, Model, ModelFiles, PeftAdapter, Precision, SHARD, adapt, load, write_merged, write_peft,
};
use crate::assets::builtin_model;
use crate::config::{LoraAdapter, LoraTargets};
use crate::numbers::values;

const ROWS: [&[i32]; 2] = [&[2, 300, 301, 302, 40, 41], &[2, 400, 17]];

fn tiny() -> (ModelFiles, Model) {
    let files = builtin_model("tiny").expect("bundled");
    let (model, _) = load(&files, Precision::F32, &Device::flex()).expect("loads");
    (files, model)
}

fn logits(model: &Model) -> Vec<f32> {
    let of = |row: &[i32]| {
        let ids = Tensor::<2, Int>::from_data(TensorData::new(row.to_vec(), [1, row.len()]), &Device::flex());
        values(model.logits(model.hidden(ids)))
    };
    ROWS.into_iter().flat_map(of).collect()
}

fn far(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// An adapter that does something, and its tensors by name.
fn trained(model: &mut Model, settings: &LoraAdapter) -> AdapterTensors {
    adapt(model, settings, 7).expect("these layers are there");
    let mut tensors = BTreeMap::new();
    model.for_each_mut(&mut |name, p| {
        if name.contains(".lora_B.") {
            let [rank, outputs] = p.dims();
            let numbers: Vec<f32> = (0..rank * outputs).map(|i| 0.05 * (i as f32 * 0.7).sin()).collect();
            *p = Tensor::from_data(TensorData::new(numbers, [rank, outputs]), &Device::flex());
        }
        if name.contains(".lora_") {
            tensors.insert(name.to_string(), (p.dims().to_vec(), values(p.clone())));
        }
    });
    tensors
}

fn some() -> LoraAdapter {
    LoraAdapter {
        rank: 4,
        alpha: 6.0,
        targets: LoraTargets::Names(vec!["q_proj".into(), "mlp.down_proj".into()]),
        dropout: 0.05,
        rslora: true,
    }
}

/// What [`trained`] makes, in a folder.
fn written(folder: &Path, settings: &LoraAdapter) -> Vec<f32> {
    let (_, mut model) = tiny();
    let tensors = trained(&mut model, settings);
    write_peft(folder, model.config.architecture, &tensors, settings, "base").expect("written");
    logits(&model)
}

#[test]
fn an_adapter_that_was_written_is_read_back_the_same() {
    for settings in [LoraAdapter::default(), some()] {
        let folder = tempfile::tempdir().expect("a folder");
        let wanted = written(folder.path(), &settings);
        let (_, mut model) = tiny();
        let found = PeftAdapter::read(folder.path()).and_then(|a| a.put(&mut model));
        assert_eq!(found.expect("read"), settings);
        assert_eq!(logits(&model), wanted);
    }
}

#[test]
fn names_stand_for_layers_as_in_peft() {
    let (_, mut model) = tiny();
    let names = |names: &[&str]| LoraAdapter {
        targets: LoraTargets::Names(names.iter().map(|n| n.to_string()).collect()),
        ..LoraAdapter::default()
    };
    adapt(&mut model, &names(&["layers.1.mlp.up_proj", "v_proj"]), 0).expect("there");
    let mut found = Vec::new();
    model.for_each_linear_mut(&mut |layer, _, module, linear| {
        if linear.adapter.is_some() {
            found.push((layer, module.to_string()));
        }
    });
    assert_eq!(found.len(), 5);
    assert!(found.contains(&(1, "model.layers.1.mlp.up_proj".into())));
    // "_proj" is the end of every name, but the whole name of none.
    for name in ["_proj", "lm_head", "c_attn"] {
        let message = adapt(&mut model, &names(&[name]), 0).expect_err("no such layer");
        assert!(
            message.contains(name) && message.contains("down_proj, gate_proj, k_proj"),
            "{message}"
        );
    }
}

#[test]
fn what_is_not_computed_is_refused_by_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path(), &some());
    let path = folder.path().join("adapter_config.json");
    let good: Value = serde_json::from_slice(&std::fs::read(&path).expect("written")).expect("JSON");
    let refused = |key: &str, value: Value| {
        let mut config = good.clone();
        config[key] = value;
        std::fs::write(&path, config.to_string()).expect("written");
        let (_, mut model) = tiny();
        let put = PeftAdapter::read(folder.path()).and_then(|a| a.put(&mut model));
        put.expect_err(key).to_string()
    };
    for (key, value) in [
        ("use_dora", json!(true)),
        ("bias", json!("all")),
        ("modules_to_save", json!(["lm_head"])),
        ("rank_pattern", json!({ "q_proj": 16 })),
        ("alpha_pattern", json!({ "q_proj": 32 })),
        ("peft_type", json!("IA3")),
        ("task_type", json!("SEQ_CLS")),
        ("init_lora_weights", json!("pissa")),
        ("use_something_new", json!(true)),
        ("r", json!(0)),
    ] {
        let message = refused(key, value);
        assert!(
            message.contains(key) && message.contains("adapter_config.json"),
            "{key}: {message}"
        );
    }
    let message = refused("r", json!(5));
    assert!(message.contains("r = 5") && message.contains("q_proj"), "{message}");
    let message = refused("target_modules", json!(["q_proj", "down_proj", "o_proj"]));
    assert!(message.contains("o_proj") && message.contains("lacks"), "{message}");
    std::fs::write(&path, good.to_string()).expect("written");
    let cut = folder.path().join("adapter_model.safetensors");
    let bytes = std::fs::read(&cut).expect("written");
    std::fs::write(&cut, &bytes[..bytes.len() - 8]).expect("written");
    let message = PeftAdapter::read(folder.path()).expect_err("cut short").to_string();
    assert!(
        message.contains("adapter_model.safetensors") && message.contains("cut short"),
        "{message}"
    );
}

#[test]
fn a_merged_folder_is_the_model_with_its_adapter() {
    let (files, mut model) = tiny();
    let settings = some();
    let tensors = trained(&mut model, &settings);
    let changes = Changes {
        tensors: &tensors,
        scale: settings.scale(),
    };
    let wanted = logits(&model);
    // In one file, and in several; f32 loses nothing, halves what they lose.
    for (shard, dtype, most) in [
        (SHARD, Some(Precision::F32), 1e-4),
        (300_000, Some(Precision::F32), 1e-4),
        (SHARD, None, 0.05),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write_merged(&files, &changes, dtype, folder.path(), shard).expect("written");
        let index = folder.path().join("model.safetensors.index.json");
        assert_eq!(index.exists(), shard < SHARD);
        let again = ModelFiles::Folder(folder.path().into());
        let (merged, text) = load(&again, Precision::F32, &Device::flex()).expect("loads");
        let apart = far(&logits(&merged), &wanted);
        assert!(apart < most, "{dtype:?}: {apart}");
        assert_eq!(text.vocabulary(), merged.config.vocab_size);
        let keys = |f: &ModelFiles| f.config().expect("read").0.source.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&again), keys(&files));
    }
}

#[test]
fn whole_weights_are_put_in_as_they_were_trained() {
    let (files, mut model) = tiny();
    let mut tensors = BTreeMap::new();
    model.for_each_mut(&mut |name, p| {
        *p = p.clone().mul_scalar(1.01);
        tensors.insert(name.to_string(), (p.dims().to_vec(), values(p.clone())));
    });
    let changes = Changes {
        tensors: &tensors,
        scale: 1.0,
    };
    let folder = tempfile::tempdir().expect("a folder");
    write_merged(&files, &changes, Some(Precision::F32), folder.path(), SHARD).expect("written");
    let again = ModelFiles::Folder(folder.path().into());
    let (merged, _) = load(&again, Precision::F32, &Device::flex()).expect("loads");
    assert_eq!(logits(&merged), logits(&model));
    // Of another model nothing is written.
    let other = BTreeMap::from([("model.layers.9.mlp.up_proj.weight".to_string(), (vec![1, 1], vec![0.0]))]);
    let changes = Changes {
        tensors: &other,
        scale: 1.0,
    };
    let refused = write_merged(&files, &changes, None, folder.path(), SHARD).expect_err("no such layer");
    assert!(refused.to_string().contains("layers.9"), "{refused}");
}

/// Adapters that PEFT saved give PEFT's logits, read by the code that reads them for users.
#[test]
fn adapters_of_peft_are_read_with_pefts_logits() {
    #[derive(serde::Deserialize)]
    struct Golden {
        base: String,
        rows: Vec<Vec<u32>>,
    }
    for name in [
        "gpt2-all-linear",
        "llama-all-linear",
        "qwen2-all-linear",
        "gpt2-c_attn",
        "llama-q-v",
    ] {
        let folder = oracle::golden("peft").join(name);
        let golden: Golden = oracle::json(folder.join("golden.json"));
        let wanted = oracle::tensors(folder.join("golden.safetensors"));
        let mut model = oracle::checkpoint(&golden.base, Precision::F32);
        let found = PeftAdapter::read(&folder)
            .and_then(|a| a.put(&mut model))
            .expect("read");
        let all = LoraTargets::default();
        assert_eq!(
            found.targets == all,
            name.ends_with("all-linear"),
            "{name}: {:?}",
            found.targets
        );
        assert_eq!((found.alpha, found.dropout), (16.0, 0.05), "{name}");
        for (i, row) in golden.rows.iter().enumerate() {
            let difference = oracle::far(&oracle::logits(&model, row), &wanted[&format!("logits.{i}")].1);
            assert!(difference < oracle::LIMIT, "{name}: differs by {difference:e}");
        }
    }
}

/// With `PLE_KEEP=FOLDER` the adapters stay there, for `tests/golden/check_peft.py`.
#[test]
fn an_adapter_written_here_is_read_the_same_of_every_architecture() {
    let keep = std::env::var_os("PLE_KEEP").map(std::path::PathBuf::from);
    for base in ["gpt2", "llama", "qwen2", "mistral", "gemma"] {
        let mut model = oracle::checkpoint(base, Precision::F32);
        let config = model.config.clone();
        let settings = LoraAdapter::default();
        let tensors = trained(&mut model, &settings);
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = keep
            .as_ref()
            .map_or(temporary.path().to_path_buf(), |keep| keep.join(base));
        std::fs::create_dir_all(&folder).expect("a folder");
        let place = oracle::golden("models").join(base).display().to_string();
        write_peft(&folder, config.architecture, &tensors, &settings, &place).expect("written");
        let rows: [Vec<u32>; 2] = [vec![1, 2, 3, 4, 5, 6], vec![9, 8, 7]];
        let wanted: Vec<Vec<f32>> = rows.iter().map(|row| oracle::logits(&model, row)).collect();
        let mut again = oracle::checkpoint(base, Precision::F32);
        let read = PeftAdapter::read(&folder).and_then(|a| a.put(&mut again));
        assert_eq!(read.expect("read"), settings, "{base}");
        for (row, wanted) in rows.iter().zip(&wanted) {
            assert_eq!(&oracle::logits(&again, row), wanted, "{base}");
        }
        if keep.is_some() {
            let mut kept = BTreeMap::new();
            for (i, (row, logits)) in rows.iter().zip(&wanted).enumerate() {
                let bytes = |values: &mut dyn Iterator<Item = [u8; 4]>| values.flatten().collect::<Vec<u8>>();
                let ids = bytes(&mut row.iter().map(|id| (*id as i32).to_le_bytes()));
                let numbers = bytes(&mut logits.iter().map(|x| x.to_le_bytes()));
                kept.insert(format!("ids.{i}"), (Dtype::I32, vec![row.len()], ids));
                kept.insert(
                    format!("logits.{i}"),
                    (Dtype::F32, vec![row.len(), config.vocab_size], numbers),
                );
            }
            let views = kept.iter().map(|(name, (dtype, shape, bytes))| {
                (name, TensorView::new(*dtype, shape.clone(), bytes).expect("a tensor"))
            });
            let file = safetensors::serialize(views, None).expect("written");
            std::fs::write(folder.join("ours.safetensors"), file).expect("written");
        }
    }
}
