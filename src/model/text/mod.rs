//! Text to token ids and back, as a model's own tokenizer does it.

mod bpe;
mod read;
mod special;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokenizers::Tokenizer;
use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::normalizers::{Lowercase, NFC, Sequence};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, NormalizerWrapper, TokenizerBuilder};

use super::chat::ChatTemplate;
pub use special::Special;

/// What is wrong with the text side of a model's folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct TextError {
    /// The file.
    pub path: PathBuf,
    /// What was found there, and what would do.
    pub what: String,
}

/// The tokenizer of a model, its special tokens and its chat template. Copies share their tables.
#[derive(Clone, Debug)]
pub struct Text {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Takes special tokens that are written in a text as text.
    plain: Tokenizer,
    /// Reads them as what they are; only where there is a template to write them.
    control: Option<Tokenizer>,
    special: Special,
    /// Writes a space in front of every text it encodes.
    prepends: bool,
    /// Its vocabulary spells bytes, as GPT-2's does.
    byte_level: bool,
    chat: Option<ChatTemplate>,
    /// The file the vocabulary is from.
    source: &'static str,
    /// Files that belong to a tokenizer beside `tokenizer.json`, as they were read.
    beside: BTreeMap<&'static str, Vec<u8>>,
}

/// A token of a text with the bytes of the text that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: u32,
    /// First byte and the one after the last.
    pub at: (usize, usize),
    /// It steers the model: it is one of the tokenizer's special tokens and was read as such.
    pub control: bool,
}

impl Text {
    /// Reads the text side of a folder in Hugging Face's format: `tokenizer.json`, or GPT-2's or Qwen2's `vocab.json`
    /// and `merges.txt`; `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`,
    /// `chat_template.jinja` and `generation_config.json` where they are there.
    ///
    /// `config` is the text of the folder's `config.json`: its ids count where no other file names a token.
    pub fn read(folder: &Path, config: &[u8]) -> Result<Self, TextError> {
        read::read(folder, config)
    }

    /// The tokenizer of a bundled model, whose special tokens are the ids of `config.json`.
    pub fn bundled(tokenizer: &[u8], config: &[u8]) -> Result<Self, String> {
        let inner = Tokenizer::from_bytes(tokenizer).map_err(|e| e.to_string())?;
        let config: serde_json::Value = serde_json::from_slice(config).map_err(|e| e.to_string())?;
        let special = Special::of_ids(&config);
        Ok(Self::assembled(inner, special, None, "tokenizer.json", BTreeMap::new()))
    }

    /// A `tokenizer.json` alone, with the special tokens of [`Text::learn`] where it has them.
    pub fn from_bytes(json: &[u8]) -> Result<Self, String> {
        let inner = Tokenizer::from_bytes(json).map_err(|e| e.to_string())?;
        let special = Special::of_names(&inner);
        Ok(Self::assembled(inner, special, None, "tokenizer.json", BTreeMap::new()))
    }

    fn assembled(
        mut plain: Tokenizer,
        special: Special,
        chat: Option<ChatTemplate>,
        source: &'static str,
        beside: BTreeMap<&'static str, Vec<u8>>,
    ) -> Self {
        // Some folders keep the settings of their training here; neither cutting nor padding is a tokenizer's to do.
        let _ = plain.with_truncation(None);
        plain.with_padding(None);
        let control = chat.is_some().then(|| plain.clone());
        plain.set_encode_special_tokens(true);
        let first = plain.encode_fast("a", false).ok();
        let first = first.and_then(|e| plain.id_to_token(*e.get_ids().first()?));
        let json = serde_json::to_string(&plain.get_decoder()).unwrap_or_default();
        let inner = Inner {
            prepends: first.is_some_and(|token| token.starts_with(['\u{2581}', '\u{120}'])),
            byte_level: json.contains("ByteLevel"),
            plain,
            control,
            special,
            chat,
            source,
            beside,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Learns a byte-level BPE of `vocabulary` tokens. Text is lower-cased first: a model of a million parameters
    /// has none to spare for capitals.
    pub fn learn(documents: &[String], vocabulary: usize) -> Result<Self, String> {
        let special = special::LEARNT.map(|t| AddedToken::from(t, true)).to_vec();
        let mut trainer = BpeTrainerBuilder::new()
            .show_progress(false)
            .vocab_size(vocabulary)
            .special_tokens(special)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let mut tokenizer = TokenizerBuilder::new()
            .with_model(BPE::default())
            .with_normalizer(Some(NormalizerWrapper::Sequence(Sequence::new(vec![
                NFC.into(),
                Lowercase.into(),
            ]))))
            .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
            .with_post_processor(Some(ByteLevel::new(false, true, true)))
            .with_decoder(Some(ByteLevelDecoder::new(false, true, true)))
            .build()
            .map_err(|e| e.to_string())?;
        tokenizer
            .train(&mut trainer, documents.iter().map(String::as_str))
            .map_err(|e| e.to_string())?;
        // Through JSON, so that what was learnt and what is loaded later are one type.
        let json = tokenizer.to_string(false).map_err(|e| e.to_string())?;
        Self::from_bytes(json.as_bytes())
    }

    /// The `tokenizer.json`.
    pub fn to_json(&self) -> String {
        self.inner.plain.to_string(false).unwrap_or_default()
    }

    /// The same without its chat template, also in what [`Text::write`] writes: for a model that learns to read text
    /// without it.
    pub fn without_chat(&self) -> Self {
        let inner = &self.inner;
        let beside = read::without_chat(&inner.beside);
        Self::assembled(inner.plain.clone(), inner.special.clone(), None, inner.source, beside)
    }

    /// Writes `tokenizer.json`, and beside it what was read beside it, so that others read the same.
    pub fn write(&self, folder: &Path) -> Result<(), TextError> {
        let json = self.to_json();
        let files = self.inner.beside.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
        for (name, bytes) in std::iter::once(("tokenizer.json", json.as_bytes())).chain(files) {
            let path = folder.join(name);
            std::fs::write(&path, bytes).map_err(|e| TextError {
                path,
                what: e.to_string(),
            })?;
        }
        Ok(())
    }

    /// Tokens in the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.inner.plain.get_vocab_size(true)
    }

    /// Holds the ids against the rows of the model's embedding: an id without a row is an error that names both files.
    pub fn check_vocabulary(&self, vocab_size: usize, folder: &Path) -> Result<(), TextError> {
        let vocabulary = self.inner.plain.get_vocab(true);
        let last = vocabulary.iter().max_by_key(|(_, id)| **id);
        let rows = format!(
            "config.json says vocab_size = {vocab_size}, so the embedding ends at {}",
            vocab_size.max(1) - 1
        );
        let wrong = |what: String| {
            Err(TextError {
                path: folder.join(self.inner.source),
                what,
            })
        };
        if let Some((token, id)) = last.filter(|(_, id)| **id as usize >= vocab_size) {
            return wrong(format!(
                "its {} tokens end with {token:?} of id {id}, and {rows}; the two files are not of one model",
                vocabulary.len()
            ));
        }
        let special = &self.inner.special;
        let named = special.bos.iter().chain(&special.end).chain(&special.stops);
        match named.copied().find(|id| *id as usize >= vocab_size) {
            Some(id) => wrong(format!("a special token has the id {id}, and {rows}")),
            None => Ok(()),
        }
    }

    /// Beginning, end and padding.
    pub fn special(&self) -> &Special {
        &self.inner.special
    }

    /// The chat template, if the model has one.
    pub fn chat(&self) -> Option<&ChatTemplate> {
        self.inner.chat.as_ref()
    }

    /// Ids of a text, with no special tokens added. Special tokens written in the text are taken as text.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        // A byte-level tokenizer knows every byte; an error here would mean a broken tokenizer.json.
        self.inner
            .plain
            .encode_fast(text, false)
            .map(|e| e.get_ids().to_vec())
            .unwrap_or_default()
    }

    /// Ids of a text that goes on from another one: no space is put in front of it that it does not have.
    pub fn encode_on(&self, text: &str) -> Vec<u32> {
        if !self.inner.prepends {
            return self.encode(text);
        }
        if let Some(rest) = text
            .strip_prefix(' ')
            .filter(|rest| !rest.starts_with(' ') && !rest.is_empty())
        {
            return self.encode(rest);
        }
        // After a line break, which no token joins with a letter.
        let tokens = self.tokens(&format!("\n{text}"));
        tokens.into_iter().filter(|t| t.at.1 > 1).map(|t| t.id).collect()
    }

    /// Ids of what a template wrote: its special tokens steer.
    pub fn encode_template(&self, text: &str) -> Vec<u32> {
        let tokenizer = self.inner.control.as_ref().unwrap_or(&self.inner.plain);
        let found = tokenizer.encode_fast(text, false);
        found.map(|e| e.get_ids().to_vec()).unwrap_or_default()
    }

    /// [`Text::encode`] with the place of each token.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        self.placed(&self.inner.plain, text)
    }

    /// [`Text::encode_template`] with the place of each token.
    pub fn template_tokens(&self, text: &str) -> Vec<Token> {
        self.placed(self.inner.control.as_ref().unwrap_or(&self.inner.plain), text)
    }

    fn placed(&self, tokenizer: &Tokenizer, text: &str) -> Vec<Token> {
        let Ok(found) = tokenizer.encode(text, false) else {
            return vec![];
        };
        let reads = !tokenizer.get_encode_special_tokens();
        let ids = found.get_ids().iter().zip(found.get_offsets());
        ids.map(|(&id, &at)| Token {
            id,
            at,
            control: reads && self.is_special(id),
        })
        .collect()
    }

    /// Whether an id is a special token's.
    pub fn is_special(&self, id: u32) -> bool {
        let added = self.inner.plain.get_added_vocabulary();
        added
            .simple_id_to_token(id)
            .is_some_and(|token| added.is_special_token(&token))
    }

    /// Whether special tokens are written in a text, which a template's own tokenizer would read as such.
    pub fn names_special(&self, text: &str) -> bool {
        self.inner.control.is_some() && self.encode_template(text).into_iter().any(|id| self.is_special(id))
    }

    /// The text of one token as the model knows it: a part of a character is shown as its bytes, `<0xE2>`.
    pub fn token(&self, id: u32) -> String {
        let Some(token) = self.inner.plain.id_to_token(id) else {
            return format!("<{id}>");
        };
        if self.inner.plain.get_added_vocabulary().simple_id_to_token(id).is_some() {
            return token;
        }
        if self.inner.byte_level {
            return bpe::spelled(&token);
        }
        token.replace('\u{2581}', " ")
    }

    /// A prompt: beginning of sequence, where the tokenizer puts one, then the text.
    pub fn prompt(&self, text: &str) -> Vec<u32> {
        let special = &self.inner.special;
        let mut ids: Vec<u32> = special.bos.filter(|_| special.begins).into_iter().collect();
        ids.extend(self.encode(text));
        ids
    }

    /// A response to train on or score: a space, the text, end of sequence.
    pub fn response(&self, text: &str) -> Vec<u32> {
        let mut ids = self.encode_on(&format!(" {}", text.trim()));
        ids.extend(self.inner.special.end);
        ids
    }

    /// Text of ids, special tokens left out, without white space around it.
    pub fn decode(&self, ids: &[u32]) -> String {
        let special = &self.inner.special;
        let plain: Vec<u32> = ids.iter().copied().filter(|&id| !special.contains(id)).collect();
        self.inner
            .plain
            .decode(&plain, true)
            .unwrap_or_default()
            .trim()
            .to_string()
    }
}
