//! Which tokens begin, end and fill a sequence.

use serde_json::Value;
use tokenizers::Tokenizer;

/// Padding, end and beginning of a vocabulary that is learnt here, in the order of their ids.
pub(super) const LEARNT: [&str; 3] = ["<pad>", "<eos>", "<bos>"];

/// The special tokens of a model, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Special {
    /// Beginning of sequence, if the model has one.
    pub bos: Option<u32>,
    /// The tokenizer puts the beginning of sequence in front of a text.
    pub begins: bool,
    /// What ends a sequence; a chat template may end a turn with another token.
    pub end: Option<u32>,
    /// Everything at which sampling stops, `end` among it.
    pub stops: Vec<u32>,
    /// What fills rows up, if the model has one.
    pub pad: Option<u32>,
}

impl Special {
    /// The ids of a `config.json`, for a folder that says nothing else.
    pub(super) fn of_ids(config: &Value) -> Self {
        let stops = ids(config, "eos_token_id");
        let bos = ids(config, "bos_token_id").first().copied();
        Self {
            bos,
            // One token that both begins and ends, as GPT-2's does, is written between texts, not in front of each.
            begins: bos.is_some_and(|bos| !stops.contains(&bos)),
            end: stops.first().copied(),
            stops,
            pad: ids(config, "pad_token_id").first().copied(),
        }
    }

    /// The tokens that [`LEARNT`] names.
    pub(super) fn of_names(tokenizer: &Tokenizer) -> Self {
        let [pad, end, bos] = LEARNT.map(|name| tokenizer.token_to_id(name));
        Self {
            bos,
            begins: bos.is_some(),
            end,
            stops: end.into_iter().collect(),
            pad,
        }
    }

    /// Whether an id is one of these.
    pub fn contains(&self, id: u32) -> bool {
        [self.bos, self.end, self.pad].contains(&Some(id)) || self.stops.contains(&id)
    }

    /// One more token at which sampling stops.
    pub(super) fn stop_at(&mut self, id: u32) {
        if !self.stops.contains(&id) {
            self.stops.push(id);
        }
    }
}

/// A key that is a number, a list of numbers, null or absent.
pub(super) fn ids(table: &Value, key: &str) -> Vec<u32> {
    let id = |value: &Value| u32::try_from(value.as_u64()?).ok();
    match table.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(id).collect(),
        Some(value) => id(value).into_iter().collect(),
        None => vec![],
    }
}
