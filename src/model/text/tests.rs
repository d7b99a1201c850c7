use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::*;

/// The folder of real tokenizers, or `None` with a word about it.
pub fn real() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/tok");
    if !folder.is_dir() {
        println!("skipped: no ../shared/data/tok");
        return None;
    }
    Some(folder)
}

/// `config.json` and `tokenizer.json` of the bundled policy.
pub fn bundled() -> (Vec<u8>, Vec<u8>) {
    match crate::assets::builtin_model("tiny").expect("bundled") {
        crate::model::ModelFiles::Embedded { config, tokenizer, .. } => (config.into_owned(), tokenizer.into_owned()),
        other => panic!("{other:?}"),
    }
}

/// Unpacks one of them.
pub fn unpacked(real: &Path, name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let archive = real.join(format!("{name}.tar.gz"));
    let done = std::process::Command::new("tar")
        .arg("xzf")
        .arg(&archive)
        .arg("-C")
        .arg(place.path())
        .status();
    assert!(done.unwrap().success(), "{}", archive.display());
    place
}

fn small(name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let path = place.path();
    // "l" and "o" join first, "h" and "e" after them, "Ġ" and "lo" at last.
    let tokens = [
        "h",
        "e",
        "l",
        "o",
        "\u{120}",
        "!",
        "lo",
        "he",
        "\u{120}lo",
        "<|endoftext|>",
    ];
    let vocab: Vec<String> = tokens.iter().enumerate().map(|(i, t)| format!("{t:?}: {i}")).collect();
    fs::write(path.join("vocab.json"), format!("{{{}}}", vocab.join(", "))).unwrap();
    fs::write(path.join("merges.txt"), "#version: 0.2\nl o\nh e\n\u{120} lo\n").unwrap();
    fs::write(path.join("name"), name).unwrap();
    place
}

fn told(folder: &Path, config: &str) -> String {
    let error = Text::read(folder, config.as_bytes()).unwrap_err().to_string();
    error.replace(&folder.display().to_string(), "F").replace('\\', "/")
}

#[test]
fn vocab_and_merges_are_enough_for_gpt2() {
    let place = small("gpt2");
    let folder = place.path();
    let text = Text::read(
        folder,
        br#"{"model_type": "gpt2", "bos_token_id": 9, "eos_token_id": 9}"#,
    )
    .unwrap();
    assert_eq!(text.encode("hello lo!"), [7, 2, 6, 8, 5]);
    // Nothing in front of a prompt, and a written token is text: "<", "|" and more are not in this vocabulary.
    assert_eq!(text.prompt("he"), [7]);
    assert!(!text.encode("he<|endoftext|>").contains(&9));
    assert_eq!(text.response(" lo "), [8, 9]);
    assert_eq!(text.decode(&[7, 2, 6, 9]), "hello");
    assert_eq!(text.special().stops, [9]);
    assert_eq!(text.check_vocabulary(10, folder), Ok(()));
    let error = text.check_vocabulary(9, folder).unwrap_err().to_string();
    let what = "its 10 tokens end with \"<|endoftext|>\" of id 9, and config.json says vocab_size = 9";
    assert!(error.contains("vocab.json: ") && error.contains(what), "{error}");
    // What is written is one tokenizer.json, which reads the same.
    let copy = tempfile::tempdir().unwrap();
    text.write(copy.path()).unwrap();
    let again = Text::read(copy.path(), br#"{"bos_token_id": 9, "eos_token_id": 9}"#).unwrap();
    assert_eq!(again.encode("hello lo!"), [7, 2, 6, 8, 5]);
    assert_eq!(again.special(), text.special());
}

#[test]
fn special_tokens_come_from_all_the_files() {
    let place = small("special");
    let folder = place.path();
    let config = br#"{"model_type": "gpt2", "bos_token_id": 1, "eos_token_id": [9, 5]}"#;
    let settings = r#"{"tokenizer_class": "GPT2TokenizerFast", "bos_token": null,
        "eos_token": {"__type": "AddedToken", "content": "<end>"}, "pad_token": "<pad>", "add_bos_token": true,
        "added_tokens_decoder": {"11": {"content": "<pad>", "special": true}, "10": {"content": "<end>", "special": true}}}"#;
    fs::write(folder.join("tokenizer_config.json"), settings).unwrap();
    let read = || Text::read(folder, config).unwrap();
    let text = read();
    // null says that there is no beginning, whatever config.json has.
    let want = Special {
        bos: None,
        begins: false,
        end: Some(10),
        stops: vec![10, 9, 5],
        pad: Some(11),
    };
    assert_eq!(*text.special(), want);
    assert_eq!(text.response("he"), [4, 7, 10]);
    fs::write(folder.join("generation_config.json"), r#"{"eos_token_id": [10, 3]}"#).unwrap();
    assert_eq!(read().special().stops, [10, 3]);
    fs::write(
        folder.join("special_tokens_map.json"),
        r#"{"bos_token": {"content": "<pad>"}}"#,
    )
    .unwrap();
    assert_eq!((read().special().bos, read().special().begins), (Some(11), true));
    assert_eq!(read().prompt("he"), [11, 7]);
}

#[test]
fn what_is_wrong_with_a_folder_is_said_with_its_file() {
    let place = small("wrong");
    let folder = place.path();
    let gpt2 = r#"{"model_type": "gpt2", "eos_token_id": 9}"#;
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    assert!(told(folder, "{}").starts_with("F/vocab.json: is without a tokenizer.json, and the folder says neither"));
    assert!(
        told(folder, r#"{"model_type": "t5"}"#).contains("says model_type \"t5\"; GPT2Tokenizer and Qwen2Tokenizer")
    );
    assert_eq!(
        told(folder, r#"{"model_type": "gpt2"}"#),
        "F/tokenizer_config.json: no token ends a response: add eos_token here, or eos_token_id to config.json"
    );
    write("added_tokens.json", r#"{"<a>": 12}"#);
    assert_eq!(
        told(folder, gpt2),
        "F/added_tokens.json: \"<a>\" has the id 12, and by vocab.json it has 10; the two do not belong together"
    );
    write("added_tokens.json", "[1]");
    assert!(told(folder, gpt2).starts_with("F/added_tokens.json: not a table of tokens and their ids"));
    fs::remove_file(folder.join("added_tokens.json")).unwrap();
    write("tokenizer_config.json", r#"{"eos_token": "<nowhere>"}"#);
    assert_eq!(
        told(folder, gpt2),
        "F/tokenizer_config.json: eos_token = \"<nowhere>\" is no token of the vocabulary"
    );
    write("tokenizer_config.json", "{");
    assert!(told(folder, gpt2).starts_with("F/tokenizer_config.json: not JSON: "));
    write(
        "tokenizer_config.json",
        r#"{"chat_template": [{"name": "rag", "template": ""}]}"#,
    );
    assert!(told(folder, gpt2).contains("none of the name \"default\"; there are: rag"));
    write("chat_template.jinja", "{{ messages");
    assert!(told(folder, gpt2).starts_with("F/chat_template.jinja: chat_template: line 1: "));
    fs::remove_file(folder.join("merges.txt")).unwrap();
    assert!(told(folder, gpt2).starts_with("F/merges.txt: "));
    fs::remove_file(folder.join("vocab.json")).unwrap();
    assert!(told(folder, gpt2).starts_with("F/tokenizer.json: is not there, nor are vocab.json and merges.txt"));
    write("tokenizer.model", "");
    assert!(told(folder, gpt2).contains("tokenizer.model is not read; write one with transformers'"));
    write("tokenizer.json", "{\"version\": 1}");
    assert!(told(folder, gpt2).starts_with("F/tokenizer.json: "));
}

#[test]
fn a_folder_of_a_bundled_model_reads_as_the_bundled_one() {
    let (config, tokenizer) = bundled();
    let bundled = Text::bundled(&tokenizer, &config).unwrap();
    let place = tempfile::tempdir().unwrap();
    bundled.write(place.path()).unwrap();
    let names: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["tokenizer.json"]);
    for text in [
        bundled,
        Text::read(place.path(), &config).unwrap(),
        Text::from_bytes(&tokenizer).unwrap(),
    ] {
        let want = Special {
            bos: Some(2),
            begins: true,
            end: Some(1),
            stops: vec![1],
            pad: Some(0),
        };
        assert_eq!(*text.special(), want);
        assert_eq!(text.prompt("a film")[0], 2);
        assert_eq!(text.response("fine").last(), Some(&1));
        // Nobody ends a text by writing the end into it.
        assert!(!text.encode("a film <eos> <bos><pad>").iter().any(|id| *id < 3));
        assert_eq!(text.check_vocabulary(text.vocabulary(), place.path()), Ok(()));
    }
}

/// Llama's and Gemma's kind of tokenizer: a space is a letter, and one may be put in front of every text.
#[test]
fn a_response_goes_on_without_a_space_of_the_tokenizers_own() {
    let json = |normalizer: &str| {
        format!(
            r#"{{"version": "1.0", "added_tokens": [{{"id": 0, "content": "<s>", "special": true, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false}}], "normalizer": {normalizer},
            "pre_tokenizer": null, "post_processor": null, "decoder": {{"type": "Replace", "pattern": {{"String": "▁"}},
            "content": " "}}, "model": {{"type": "BPE", "vocab": {{"<s>": 0, "▁": 1, "a": 2, "b": 3, "▁a": 4, "<0x0A>": 5,
            "\n": 6}}, "merges": ["▁ a"]}}}}"#
        )
    };
    let replace = r#"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#;
    let gemma = Text::from_bytes(json(replace).as_bytes()).unwrap();
    assert_eq!(
        (gemma.encode("a b"), gemma.encode_on(" a"), gemma.encode_on("a")),
        (vec![2, 1, 3], vec![4], vec![2])
    );
    let prepend =
        format!(r#"{{"type": "Sequence", "normalizers": [{{"type": "Prepend", "prepend": "▁"}}, {replace}]}}"#);
    let llama = Text::from_bytes(json(&prepend).as_bytes()).unwrap();
    assert_eq!(
        (llama.encode("a b"), llama.encode_on(" a"), llama.encode_on("a")),
        (vec![4, 1, 3], vec![4], vec![2])
    );
    assert_eq!(llama.token(4), " a");
}

#[derive(Deserialize)]
struct Golden {
    conversations: Vec<Conversation>,
    qwen: Vec<Written>,
}

#[derive(Deserialize)]
struct Conversation {
    messages: Vec<BTreeMap<String, String>>,
    answer: bool,
}

#[derive(Deserialize)]
struct Written {
    text: String,
    ids: Vec<u32>,
}

/// Hard strings and their ids, for both of the old formats.
#[test]
fn the_vectors_of_real_vocabularies_come_out() {
    let Some(real) = real() else { return };
    let names = [
        ("gpt-2", "gpt2", r#"{"model_type": "gpt2", "eos_token_id": 50256}"#),
        ("qwen2", "qwen2", "{}"),
    ];
    for (vectors, name, config) in names {
        let place = unpacked(&real, name);
        let text = Text::read(&place.path().join(name), config.as_bytes()).unwrap();
        let read = |end: &str| fs::read_to_string(real.join(format!("bpe-vectors/{vectors}.{end}"))).unwrap();
        let (inputs, outputs) = (read("inp"), read("out"));
        let inputs: Vec<&str> = inputs.split("\n__ggml_vocab_test__\n").collect();
        let outputs: Vec<&str> = outputs.lines().collect();
        assert!(
            inputs.len() >= 46 && outputs.len() + 1 >= inputs.len(),
            "{} {}",
            inputs.len(),
            outputs.len()
        );
        for (i, input) in inputs.iter().enumerate() {
            let line = outputs.get(i).copied().unwrap_or_default();
            let wanted: Vec<u32> = line.split_whitespace().map(|id| id.parse().unwrap()).collect();
            assert_eq!(text.encode(input), wanted, "{name} {i}: {input:?}");
            let spelled: String = text.tokens(input).iter().map(|t| text.token(t.id)).collect();
            assert!(
                spelled.contains("<0x") || spelled == *input || name == "qwen2",
                "{name} {i}: {spelled:?}"
            );
        }
        println!("{name}: {} vectors", inputs.len());
    }
}

#[test]
fn qwens_conversations_are_written_as_transformers_writes_them() {
    let Some(real) = real() else { return };
    let place = unpacked(&real, "qwen2");
    let folder = place.path().join("qwen2");
    fs::copy(
        folder.join("tokenizer_config.qwen2.5.json"),
        folder.join("tokenizer_config.json"),
    )
    .unwrap();
    fs::remove_file(folder.join("generation_config.json")).unwrap();
    let text = Text::read(&folder, &fs::read(folder.join("config.json")).unwrap()).unwrap();
    let want = Special {
        bos: None,
        begins: false,
        end: Some(151645),
        stops: vec![151645],
        pad: Some(151643),
    };
    assert_eq!(*text.special(), want);
    assert_eq!(text.check_vocabulary(151936, &folder), Ok(()));
    let golden: Golden = serde_json::from_str(include_str!("../../../tests/golden/chat_templates.json")).unwrap();
    assert_eq!(golden.conversations.len(), 20);
    let template = text.chat().expect("a chat template");
    for (conversation, wanted) in golden.conversations.iter().zip(&golden.qwen) {
        let message = |m: &BTreeMap<String, String>| {
            let role = match m["role"].as_str() {
                "system" => crate::model::Role::System,
                "user" => crate::model::Role::User,
                _ => crate::model::Role::Assistant,
            };
            crate::model::Message::new(role, m["content"].clone())
        };
        let messages: Vec<_> = conversation.messages.iter().map(message).collect();
        let found = template.render(&messages, conversation.answer).unwrap();
        assert_eq!(found, wanted.text);
        assert_eq!(text.encode_template(&found), wanted.ids, "{found}");
    }
}
