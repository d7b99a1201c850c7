//! The files of a folder that say how its model reads text.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};

use super::bpe::{self, Family};
use super::special::{Special, ids};
use super::{Text, TextError};
use crate::model::chat::{self, ChatTemplate};

/// What may lie beside the vocabulary.
const BESIDE: [&str; 6] = [
    TOKENIZER_CONFIG,
    SPECIAL_MAP,
    ADDED_TOKENS,
    CHAT_TEMPLATE,
    GENERATION_CONFIG,
    PROCESSOR_TEMPLATE,
];
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const SPECIAL_MAP: &str = "special_tokens_map.json";
const ADDED_TOKENS: &str = "added_tokens.json";
const CHAT_TEMPLATE: &str = "chat_template.jinja";
const GENERATION_CONFIG: &str = "generation_config.json";
/// Where models of pictures and text have it.
const PROCESSOR_TEMPLATE: &str = "chat_template.json";

/// The files beside a tokenizer, without what they say of a chat template.
pub(super) fn without_chat(beside: &BTreeMap<&'static str, Vec<u8>>) -> BTreeMap<&'static str, Vec<u8>> {
    let mut files = beside.clone();
    files.remove(CHAT_TEMPLATE);
    files.remove(PROCESSOR_TEMPLATE);
    if let Some(bytes) = files.get_mut(TOKENIZER_CONFIG)
        && let Ok(Value::Object(mut settings)) = serde_json::from_slice(bytes)
        && settings.remove("chat_template").is_some()
    {
        *bytes = serde_json::to_vec_pretty(&settings).unwrap_or_default();
    }
    files
}

/// The files of one folder, those that are JSON parsed.
struct Files<'a> {
    folder: &'a Path,
    bytes: BTreeMap<&'static str, Vec<u8>>,
    /// `config.json`.
    config: Value,
    tokenizer_config: Option<Value>,
    special_map: Option<Value>,
    generation: Option<Value>,
}

pub(super) fn read(folder: &Path, config: &[u8]) -> Result<Text, TextError> {
    let files = Files::read(folder, config)?;
    let (mut tokenizer, source) = files.tokenizer()?;
    files.add_tokens(&mut tokenizer, source)?;
    let special = files.special(&tokenizer)?;
    let chat = files.chat_template(&tokenizer, &special)?;
    Ok(Text::assembled(tokenizer, special, chat, source, files.bytes))
}

impl<'a> Files<'a> {
    fn read(folder: &'a Path, config: &[u8]) -> Result<Self, TextError> {
        let mut bytes = BTreeMap::new();
        for name in BESIDE {
            match std::fs::read(folder.join(name)) {
                Ok(found) => drop(bytes.insert(name, found)),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(wrong(folder, name, e)),
            }
        }
        let table = |name: &str, bytes: &[u8]| -> Result<Value, TextError> {
            let value: Value =
                serde_json::from_slice(bytes).map_err(|e| wrong(folder, name, format!("not JSON: {e}")))?;
            match value.is_object() {
                true => Ok(value),
                false => Err(wrong(folder, name, "not a table of keys and values")),
            }
        };
        let parsed = |name: &str| bytes.get(name).map(|b| table(name, b)).transpose();
        Ok(Self {
            folder,
            config: table("config.json", config)?,
            tokenizer_config: parsed(TOKENIZER_CONFIG)?,
            special_map: parsed(SPECIAL_MAP)?,
            generation: parsed(GENERATION_CONFIG)?,
            bytes,
        })
    }

    fn wrong(&self, file: &str, what: impl ToString) -> TextError {
        wrong(self.folder, file, what)
    }

    /// A key of `tokenizer_config.json`; null counts as absent.
    fn setting(&self, key: &str) -> Option<&Value> {
        self.tokenizer_config.as_ref()?.get(key).filter(|v| !v.is_null())
    }

    /// The vocabulary and the name of the file it is from.
    fn tokenizer(&self) -> Result<(Tokenizer, &'static str), TextError> {
        let path = self.folder.join("tokenizer.json");
        if path.exists() {
            let bytes = std::fs::read(&path).map_err(|e| self.wrong("tokenizer.json", e))?;
            let found = Tokenizer::from_bytes(bytes).map_err(|e| self.wrong("tokenizer.json", e))?;
            return Ok((found, "tokenizer.json"));
        }
        if !self.folder.join("vocab.json").exists() {
            let other = ["tokenizer.model", "spiece.model"]
                .into_iter()
                .find(|n| self.folder.join(n).exists());
            let what = match other {
                Some(name) => format!(
                    "is not there, and {name} is not read; write one with transformers' \
                     AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
                ),
                None => "is not there, nor are vocab.json and merges.txt; a model needs its tokenizer".into(),
            };
            return Err(self.wrong("tokenizer.json", what));
        }
        let class = self.setting("tokenizer_class").and_then(Value::as_str);
        let kind = self.config.get("model_type").and_then(Value::as_str);
        let family = class.and_then(Family::of).or_else(|| match class {
            Some(_) => None,
            None => kind.and_then(Family::of),
        });
        let Some(family) = family else {
            let found = match (class, kind) {
                (Some(class), _) => format!("tokenizer_class {class:?}"),
                (None, Some(kind)) => format!("model_type {kind:?}"),
                (None, None) => "neither tokenizer_class nor model_type".into(),
            };
            let what = format!(
                "is without a tokenizer.json, and the folder says {found}; GPT2Tokenizer and Qwen2Tokenizer are read from \
                 vocab.json and merges.txt"
            );
            return Err(self.wrong("vocab.json", what));
        };
        Ok((bpe::read(self.folder, family)?, "vocab.json"))
    }

    /// Adds the tokens that stand beside the vocabulary and not in it, at the ids they are given.
    fn add_tokens(&self, tokenizer: &mut Tokenizer, source: &str) -> Result<(), TextError> {
        let mut added: BTreeMap<u32, (AddedToken, &str)> = BTreeMap::new();
        if let Some(bytes) = self.bytes.get(ADDED_TOKENS) {
            let list: BTreeMap<String, u32> = serde_json::from_slice(bytes)
                .map_err(|e| self.wrong(ADDED_TOKENS, format!("not a table of tokens and their ids: {e}")))?;
            // Those the special token map names steer, and so do they all where it is missing.
            let tokens = list
                .into_iter()
                .map(|(name, id)| (id, (AddedToken::from(name, true).normalized(false), ADDED_TOKENS)));
            added.extend(tokens);
        }
        if let Some(Value::Object(list)) = self.setting("added_tokens_decoder") {
            for (id, token) in list {
                let place = format!("added_tokens_decoder.{id}");
                let number: u32 = id
                    .parse()
                    .map_err(|_| self.wrong(TOKENIZER_CONFIG, format!("{place}: not an id")))?;
                added.insert(
                    number,
                    (
                        added_token(token)
                            .ok_or_else(|| self.wrong(TOKENIZER_CONFIG, format!("{place}: no \"content\"")))?,
                        TOKENIZER_CONFIG,
                    ),
                );
            }
        }
        if source == "vocab.json" && added.is_empty() {
            // GPT-2's folder has its one special token in the vocabulary and names it nowhere.
            let id = tokenizer.token_to_id(END_OF_TEXT);
            added.extend(id.map(|id| {
                (
                    id,
                    (AddedToken::from(END_OF_TEXT, true).normalized(false), "vocab.json"),
                )
            }));
        }
        // In the order of their ids, because new ones are numbered as they come.
        for (id, (token, file)) in added {
            let name = token.content.clone();
            let known = tokenizer.get_added_vocabulary().get_vocab().contains_key(&name);
            if !known {
                tokenizer.add_tokens(&[token]);
            }
            let found = tokenizer.token_to_id(&name);
            if found != Some(id) {
                let found = found.map_or("none".to_string(), |id| id.to_string());
                let what =
                    format!("{name:?} has the id {id}, and by {source} it has {found}; the two do not belong together");
                return Err(self.wrong(file, what));
            }
        }
        Ok(())
    }

    /// The name of a special token, "bos_token" for example, and the file that gives it.
    ///
    /// `Some(None)`: a file says that there is none.
    fn named(&self, key: &str) -> Option<(Option<String>, &'static str)> {
        let tables = [
            (&self.tokenizer_config, TOKENIZER_CONFIG),
            (&self.special_map, SPECIAL_MAP),
        ];
        let found = tables
            .into_iter()
            .filter_map(|(table, file)| Some((table.as_ref()?.get(key)?, file)));
        let names = found.map(|(value, file)| (token_name(value), file));
        names.reduce(|first, second| if first.0.is_some() { first } else { second })
    }

    fn special(&self, tokenizer: &Tokenizer) -> Result<Special, TextError> {
        let by_ids = Special::of_ids(&self.config);
        let id = |key: &str, ids: Option<u32>| match self.named(key) {
            Some((Some(name), file)) => match tokenizer.token_to_id(&name) {
                Some(id) => Ok(Some(id)),
                None => Err(self.wrong(file, format!("{key} = {name:?} is no token of the vocabulary"))),
            },
            Some((None, _)) => Ok(None),
            None => Ok(ids),
        };
        let bos = id("bos_token", by_ids.bos)?;
        // A padding token that was never added does no harm: rows are filled with what the model does not look at.
        let pad = id("pad_token", by_ids.pad).unwrap_or(None);
        let generation = self
            .generation
            .as_ref()
            .map(|g| ids(g, "eos_token_id"))
            .unwrap_or_default();
        let first = generation.first().copied().or(by_ids.end);
        let Some(end) = id("eos_token", first)?.or(first) else {
            let what = "no token ends a response: add eos_token here, or eos_token_id to config.json";
            return Err(self.wrong(TOKENIZER_CONFIG, what));
        };
        let mut special = Special {
            bos,
            begins: self.begins(tokenizer, bos, &by_ids),
            end: Some(end),
            stops: vec![end],
            pad,
        };
        let more = if generation.is_empty() {
            by_ids.stops
        } else {
            generation
        };
        more.into_iter().for_each(|id| special.stop_at(id));
        Ok(special)
    }

    /// Whether the tokenizer puts the beginning of sequence in front of a text.
    fn begins(&self, tokenizer: &Tokenizer, bos: Option<u32>, by_ids: &Special) -> bool {
        let Some(bos) = bos else { return false };
        if let Some(says) = self.setting("add_bos_token").and_then(Value::as_bool) {
            return says;
        }
        let written = tokenizer.encode_fast("a", true);
        let processor = written.is_ok_and(|e| e.get_ids().first() == Some(&bos));
        // A folder with no more than ids, as those that are written here.
        processor || (self.tokenizer_config.is_none() && by_ids.begins)
    }

    fn chat_template(&self, tokenizer: &Tokenizer, special: &Special) -> Result<Option<ChatTemplate>, TextError> {
        let (source, file) = if let Some(bytes) = self.bytes.get(CHAT_TEMPLATE) {
            let text = String::from_utf8(bytes.clone()).map_err(|e| self.wrong(CHAT_TEMPLATE, e))?;
            (text, CHAT_TEMPLATE)
        } else if let Some(value) = self.setting("chat_template") {
            (self.named_template(value)?, TOKENIZER_CONFIG)
        } else {
            return Ok(None);
        };
        let name = |id: Option<u32>| id.and_then(|id| tokenizer.id_to_token(id));
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        for key in [
            "bos_token",
            "eos_token",
            "pad_token",
            "unk_token",
            "sep_token",
            "cls_token",
        ] {
            variables.extend(self.named(key).and_then(|(name, _)| Some((key.to_string(), name?))));
        }
        for (key, id) in [("bos_token", special.bos), ("eos_token", special.end)] {
            if let (false, Some(name)) = (self.named(key).is_some(), name(id)) {
                variables.insert(key.into(), name);
            }
        }
        let template = ChatTemplate::new(&source, variables, chat::today());
        template
            .map(Some)
            .map_err(|e| self.wrong(file, format!("chat_template: {e}")))
    }

    /// `chat_template` is a text, or a list of named ones of which "default" is for talk without tools.
    fn named_template(&self, value: &Value) -> Result<String, TextError> {
        let list = match value {
            Value::String(text) => return Ok(text.clone()),
            Value::Array(list) => list,
            _ => {
                return Err(self.wrong(
                    TOKENIZER_CONFIG,
                    "chat_template is neither a text nor a list of named ones",
                ));
            }
        };
        let part = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(String::from);
        let named: Vec<(String, String)> = list
            .iter()
            .filter_map(|entry| Some((part(entry, "name")?, part(entry, "template")?)))
            .collect();
        match named.iter().find(|(name, _)| name == "default") {
            Some((_, template)) => Ok(template.clone()),
            None => {
                let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
                let what = format!(
                    "chat_template has none of the name \"default\"; there are: {}",
                    names.join(", ")
                );
                Err(self.wrong(TOKENIZER_CONFIG, what))
            }
        }
    }
}

/// The special token of a vocabulary that names none.
const END_OF_TEXT: &str = "<|endoftext|>";

fn wrong(folder: &Path, file: &str, what: impl ToString) -> TextError {
    TextError {
        path: folder.join(file),
        what: what.to_string(),
    }
}

/// A token that is written as its text or as a table with it.
fn token_name(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| value.get("content")?.as_str())?;
    Some(text.to_string())
}

fn added_token(value: &Value) -> Option<AddedToken> {
    let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    let token = AddedToken::from(token_name(value)?, flag("special"));
    Some(
        token
            .lstrip(flag("lstrip"))
            .rstrip(flag("rstrip"))
            .normalized(flag("normalized"))
            .single_word(flag("single_word")),
    )
}
