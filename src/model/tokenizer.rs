//! Text to token ids and back, by a `tokenizer.json`.

use tokenizers::Tokenizer;
use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::normalizers::{Lowercase, NFC, Sequence};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, NormalizerWrapper, TokenizerBuilder};

use super::{BOS, EOS, PAD};

/// A tokenizer.
#[derive(Clone, Debug)]
pub struct Text {
    inner: Tokenizer,
}

impl Text {
    /// Reads a `tokenizer.json`.
    pub fn from_bytes(json: &[u8]) -> Result<Self, String> {
        Tokenizer::from_bytes(json)
            .map(|inner| Self { inner })
            .map_err(|e| e.to_string())
    }

    /// Learns a byte-level BPE of `vocabulary` tokens. Text is lower-cased first: a model of a million parameters
    /// has none to spare for capitals.
    pub fn learn(documents: &[String], vocabulary: usize) -> Result<Self, String> {
        let special = ["<pad>", "<eos>", "<bos>"].map(|t| AddedToken::from(t, true)).to_vec();
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
        self.inner.to_string(false).unwrap_or_default()
    }

    /// Tokens in the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Ids of a text, with no special tokens added. Special tokens written in the text are taken as plain text
    /// only if the tokenizer says so.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        // A byte-level tokenizer knows every byte; an error here would mean a broken tokenizer.json.
        self.inner
            .encode_fast(text, false)
            .map(|e| e.get_ids().to_vec())
            .unwrap_or_default()
    }

    /// A prompt: beginning of sequence, then the text.
    pub fn prompt(&self, text: &str) -> Vec<u32> {
        let mut ids = vec![BOS];
        ids.extend(self.encode(text));
        ids
    }

    /// A response to train on or score: a space, the text, end of sequence.
    pub fn response(&self, text: &str) -> Vec<u32> {
        let mut ids = self.encode(&format!(" {}", text.trim()));
        ids.push(EOS);
        ids
    }

    /// Text of ids, special tokens left out, without white space around it.
    pub fn decode(&self, ids: &[u32]) -> String {
        let plain: Vec<u32> = ids
            .iter()
            .copied()
            .filter(|&i| i != PAD && i != EOS && i != BOS)
            .collect();
        self.inner.decode(&plain, true).unwrap_or_default().trim().to_string()
    }
}
