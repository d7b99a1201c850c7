//! Byte-level BPE from `vocab.json` and `merges.txt`, for folders of before `tokenizer.json`.

use std::path::Path;

use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{SplitDelimiterBehavior, Tokenizer};

use super::TextError;

/// Whose rules for cutting a text into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Gpt2,
    Qwen2,
}

impl Family {
    /// By the `tokenizer_class` of `tokenizer_config.json`, or the `model_type` of `config.json`.
    pub fn of(name: &str) -> Option<Self> {
        match name.trim_end_matches("Fast") {
            "GPT2Tokenizer" | "gpt2" => Some(Family::Gpt2),
            "Qwen2Tokenizer" | "qwen2" => Some(Family::Qwen2),
            _ => None,
        }
    }
}

/// Qwen2's words: digits one by one, line breaks by themselves.
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Reads the two files of a folder, without added tokens.
pub(super) fn read(folder: &Path, family: Family) -> Result<Tokenizer, TextError> {
    let (vocab, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
    // The crate's own reader does not say which of the two files it could not read.
    for path in [&vocab, &merges] {
        std::fs::metadata(path).map_err(|e| TextError {
            path: path.clone(),
            what: format!("{e}; vocab.json and merges.txt belong together"),
        })?;
    }
    let names = (vocab.display().to_string(), merges.display().to_string());
    let model = BPE::from_file(&names.0, &names.1).build().map_err(|e| TextError {
        path: folder.join("vocab.json"),
        what: format!("with merges.txt: {e}"),
    })?;
    let mut tokenizer = Tokenizer::new(model);
    let (byte_level, decoder) = (
        ByteLevel::new(false, true, true),
        ByteLevelDecoder::new(false, true, true),
    );
    tokenizer.with_decoder(Some(decoder));
    match family {
        Family::Gpt2 => {
            tokenizer.with_pre_tokenizer(Some(byte_level));
        }
        Family::Qwen2 => {
            let pattern = SplitPattern::Regex(QWEN2.into());
            let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(|e| TextError {
                path: vocab,
                what: e.to_string(),
            })?;
            let words = Sequence::new(vec![split.into(), ByteLevel::new(false, true, false).into()]);
            tokenizer.with_normalizer(Some(NFC)).with_pre_tokenizer(Some(words));
        }
    }
    Ok(tokenizer)
}

/// A token of a byte-level vocabulary as text, with bytes that are no whole character as `<0xE2>`.
pub(super) fn spelled(token: &str) -> String {
    let bytes: Vec<u8> = token.chars().flat_map(bytes_of).collect();
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk
            .invalid()
            .iter()
            .for_each(|byte| text.push_str(&format!("<0x{byte:02X}>")));
    }
    text
}

/// The byte that GPT-2's alphabet writes as this character; another character stands for itself.
fn bytes_of(c: char) -> Vec<u8> {
    // Bytes that are printable Latin-1 are written as themselves, the others from U+0100 on, in their order.
    let printable = |byte: u8| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    match u32::from(c) {
        code @ 0..0x100 if printable(code as u8) => vec![code as u8],
        code @ 0x100..0x144 => {
            let hidden = (0..=255u8).filter(|byte| !printable(*byte)).nth(code as usize - 0x100);
            hidden.into_iter().collect()
        }
        _ => c.to_string().into_bytes(),
    }
}
