//! llama2.c's tokenizer as a `tokenizer.json`.

use std::collections::HashMap;

use serde_json::{Value, json};

/// Ids that llama2.c takes for granted.
pub const BOS: u32 = 1;
pub const EOS: u32 = 2;
const SPECIAL: [&str; 3] = ["<unk>", "<s>", "</s>"];
/// `<0x00>`..`<0xFF>` follow the special tokens.
const FIRST_LETTER: usize = 3 + 256;

/// The tokens with their scores, in the order of their ids.
#[derive(Debug)]
pub struct Tokens(Vec<(String, f32)>);

impl Tokens {
    /// Reads a file of `count` tokens. The error says what is wrong with it.
    pub fn read(bytes: &[u8], count: usize) -> Result<Self, String> {
        let mut rest = bytes;
        let longest = i32::from_le_bytes(four(&mut rest, "the length of the longest token")?);
        if !(1..=1 << 16).contains(&longest) {
            return Err(format!("longest token of {longest} bytes; not a tokenizer of llama2.c"));
        }
        let mut tokens = Vec::new();
        let mut seen = HashMap::new();
        for id in 0..count {
            let place = format!("token {id} of the {count} that the checkpoint has");
            let score = f32::from_le_bytes(four(&mut rest, &place)?);
            let length = i32::from_le_bytes(four(&mut rest, &place)?);
            if !(0..=longest).contains(&length) {
                return Err(format!(
                    "token {id} has {length} bytes, and the longest is said to have {longest}"
                ));
            }
            if !score.is_finite() {
                return Err(format!("token {id} has the score {score}"));
            }
            let (text, after) = rest
                .split_at_checked(length as usize)
                .ok_or_else(|| format!("ends in {place}"))?;
            rest = after;
            let text = std::str::from_utf8(text).map_err(|_| format!("token {id} is not UTF-8"))?;
            // Around the two marks llama2.c has line breaks, so that they show when they are printed.
            let text = match SPECIAL.get(id) {
                Some(name) if text.trim() == *name => name.to_string(),
                Some(name) => return Err(format!("token {id} is {text:?}, and llama2.c takes it for {name:?}")),
                None => text.replace(' ', "\u{2581}"),
            };
            let byte = (3..FIRST_LETTER).contains(&id).then(|| format!("<0x{:02X}>", id - 3));
            if let Some(byte) = byte.filter(|byte| *byte != text) {
                return Err(format!("token {id} is {text:?}, and llama2.c takes it for {byte:?}"));
            }
            if let Some(first) = seen.insert(text.clone(), id) {
                return Err(format!("tokens {first} and {id} are both {text:?}"));
            }
            tokens.push((text, score));
        }
        if count < FIRST_LETTER {
            return Err(format!(
                "{count} tokens; the marks and the single bytes alone are {FIRST_LETTER}"
            ));
        }
        if !rest.is_empty() {
            let more = rest.len();
            return Err(format!(
                "{more} bytes more than the {count} tokens that the checkpoint has; it belongs to another one"
            ));
        }
        Ok(Self(tokens))
    }

    /// llama2.c joins the two neighbours whose joint token scores highest, again and again. As BPE: every way to put a
    /// token together is a merge, and they are ranked by the score of what comes out.
    fn merges(&self) -> Vec<[&str; 2]> {
        let ids: HashMap<&str, usize> = self
            .0
            .iter()
            .enumerate()
            .map(|(id, (text, _))| (text.as_str(), id))
            .collect();
        let joins = |text: &str| ids.get(text).is_some_and(|id| *id >= FIRST_LETTER);
        let mut letters: Vec<&(String, f32)> = self.0.iter().skip(FIRST_LETTER).collect();
        letters.sort_by(|a, b| b.1.total_cmp(&a.1));
        let splits = |text: &'_ str| {
            let places: Vec<usize> = text.char_indices().skip(1).map(|(i, _)| i).collect();
            places
                .into_iter()
                .filter(|i| joins(&text[..*i]) && joins(&text[*i..]))
                .collect::<Vec<_>>()
        };
        let pairs = letters
            .iter()
            .flat_map(|(text, _)| splits(text).into_iter().map(|i| [&text[..i], &text[i..]]));
        pairs.collect()
    }

    /// The `tokenizer.json`.
    pub fn json(&self) -> Value {
        let vocab: serde_json::Map<String, Value> = self
            .0
            .iter()
            .enumerate()
            .map(|(id, (text, _))| (text.clone(), json!(id)))
            .collect();
        let added = |(id, name): (usize, &&str)| {
            json!({"id": id, "content": name, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
                   "special": true})
        };
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": SPECIAL.iter().enumerate().map(added).collect::<Vec<_>>(),
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "\u{2581}"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"},
            ]},
            "pre_tokenizer": null,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                         {"SpecialToken": {"id": "<s>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {"<s>": {"id": "<s>", "ids": [BOS], "tokens": ["<s>"]}},
            },
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ]},
            "model": {
                "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
                "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
                "vocab": vocab,
                "merges": self.merges(),
            },
        })
    }

    /// Tokens as llama2.c itself finds them: for tests.
    #[cfg(test)]
    pub fn greedy(&self, text: &str) -> Vec<u32> {
        let id = |text: &str| {
            self.0
                .iter()
                .position(|(token, _)| token == text)
                .filter(|id| *id >= FIRST_LETTER)
        };
        let mut ids: Vec<usize> = Vec::new();
        for c in format!(" {text}").replace(' ', "\u{2581}").chars() {
            match id(&c.to_string()) {
                Some(id) => ids.push(id),
                None => ids.extend(c.to_string().bytes().map(|b| usize::from(b) + 3)),
            }
        }
        loop {
            let mut best: Option<(f32, usize, usize)> = None;
            for i in 1..ids.len() {
                if let Some(joint) = id(&format!("{}{}", self.0[ids[i - 1]].0, self.0[ids[i]].0))
                    && best.is_none_or(|(score, ..)| self.0[joint].1 > score)
                {
                    best = Some((self.0[joint].1, i, joint));
                }
            }
            let Some((_, i, joint)) = best else {
                return ids.into_iter().map(|id| id as u32).collect();
            };
            ids[i - 1] = joint;
            ids.remove(i);
        }
    }
}

/// The next four bytes.
fn four(rest: &mut &[u8], what: &str) -> Result<[u8; 4], String> {
    let (found, after) = rest.split_first_chunk().ok_or_else(|| format!("ends in {what}"))?;
    *rest = after;
    Ok(*found)
}

/// The `tokenizer_config.json`.
pub fn config() -> Value {
    json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "add_bos_token": true,
        "clean_up_tokenization_spaces": false,
    })
}
