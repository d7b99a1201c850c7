//! `ple convert`: a real checkpoint of another format becomes a model that tells the same story.

mod common;

use std::path::PathBuf;

use burn::tensor::Device;
use common::process::Ended;
use common::{Lab, repository};
use ple::config::GenerationSettings;
use ple::model::{ModelFiles, Precision, load};
use ple::random::{Purpose, stream};
use ple::sample::sample;

/// The real checkpoint's folder, or `None` with a word about it.
fn stories() -> Option<PathBuf> {
    let folder = repository().join("../shared/data/ckpt/stories260K");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

fn convert(lab: &Lab, model: &str, tokenizer: &str) -> Ended {
    Ended::of(&mut lab.ple([
        "convert",
        "llama2c",
        model,
        tokenizer,
        "-o",
        &lab.path().join("out").display().to_string(),
    ]))
}

#[test]
fn a_converted_model_tells_its_story_byte_for_byte() {
    let Some(folder) = stories() else { return };
    let lab = Lab::new();
    let file = |name: &str| folder.join(name).display().to_string();
    let ended = convert(&lab, &file("stories260K.bin"), &file("tok512.bin"));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert!(
        ended
            .out
            .contains("a Llama of 260032 parameters: 5 layers of width 64, 8 heads with 4 for keys"),
        "{ended:?}"
    );
    let files = ModelFiles::Folder(lab.path().join("out"));
    let (model, text) = load(&files, Precision::F32, &Device::flex()).expect("what was converted loads");
    let expected = std::fs::read_to_string(folder.join("expected_greedy.json")).expect("the expected text");
    let expected: serde_json::Value = serde_json::from_str(&expected).expect("JSON");
    let settings = GenerationSettings {
        max_new_tokens: expected["steps"].as_u64().expect("a number") as usize,
        temperature: 0.0,
        top_p: 1.0,
        ..GenerationSettings::default()
    };
    let prompt = text.prompt(expected["prompt"].as_str().expect("a text"));
    assert_eq!(prompt, [expected["bos"].as_u64().expect("an id") as u32]);
    let rngs = vec![stream(0, Purpose::Ask, 0, 0)];
    let found = sample(
        &model,
        &[prompt],
        &settings,
        &text.special().stops,
        rngs,
        &mut |_, _| {},
    );
    assert_eq!(
        text.decode(&found[0].ids),
        expected["expected_stdout"].as_str().expect("a text")
    );
    assert!(
        !found[0].ended && found[0].ids.len() == 200,
        "{} tokens",
        found[0].ids.len()
    );
    // A second time would overwrite it.
    let again = convert(&lab, &file("stories260K.bin"), &file("tok512.bin"));
    assert_eq!(again.code, Some(2));
    assert!(
        again.err.contains("is there and not empty; name a new folder"),
        "{again:?}"
    );
}

#[test]
fn a_broken_checkpoint_is_bad_input() {
    let lab = Lab::new();
    let (model, tokenizer) = (lab.write("model.bin", "hello"), lab.write("tok.bin", ""));
    let ended = convert(&lab, &model, &tokenizer);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.err.contains("model.bin: 5 bytes; the header alone has 28"),
        "{ended:?}"
    );
    assert!(!lab.path().join("out").exists());
}
