//! How many numbers a model is made of, told by its `config.json` alone.

use super::{Architecture, ModelConfig};

/// Numbers of the parameters, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Embeddings and a head of its own; learnt positions.
    pub tables: usize,
    /// The larger of embeddings and head, `[vocab, hidden]`.
    pub table: usize,
    /// Shapes `[in, out]` of one layer's linear layers, by name.
    pub linears: Vec<(&'static str, [usize; 2])>,
    pub layers: usize,
    /// Norms, biases and a score head.
    pub vectors: usize,
}

impl ModelConfig {
    /// How many numbers the model is made of.
    pub fn size(&self) -> Size {
        let (d, f, vocab) = (self.hidden_size, self.intermediate_size, self.vocab_size);
        let (q, k) = self.widths();
        let gpt2 = self.architecture == Architecture::Gpt2;
        let linears = match gpt2 {
            true => vec![
                ("attn.c_attn", [d, 3 * d]),
                ("attn.c_proj", [d, d]),
                ("mlp.c_fc", [d, f]),
                ("mlp.c_proj", [f, d]),
            ],
            false => vec![
                ("self_attn.q_proj", [d, q]),
                ("self_attn.k_proj", [d, k]),
                ("self_attn.v_proj", [d, k]),
                ("self_attn.o_proj", [q, d]),
                ("mlp.gate_proj", [d, f]),
                ("mlp.up_proj", [d, f]),
                ("mlp.down_proj", [f, d]),
            ],
        };
        let one = !self.is_reward_model() && !self.tie_word_embeddings;
        let places = if gpt2 { self.max_position_embeddings * d } else { 0 };
        let has_bias = |name: &str| match name.split('.').next_back() {
            Some("q_proj" | "k_proj" | "v_proj" | "c_attn") => self.qkv_bias,
            Some("o_proj") => self.output_bias,
            Some("c_proj" | "c_fc") => true,
            _ => self.mlp_bias,
        };
        let biases: usize = linears.iter().filter(|(n, _)| has_bias(n)).map(|(_, s)| s[1]).sum();
        let norm = if gpt2 { 2 * d } else { d };
        Size {
            tables: vocab * d * if one { 2 } else { 1 } + places,
            table: vocab * d,
            vectors: self.num_hidden_layers * (2 * norm + biases) + norm + self.num_labels.map_or(0, |n| n * d),
            linears,
            layers: self.num_hidden_layers,
        }
    }
}

impl Size {
    /// Numbers of one layer's linear layers.
    pub fn linears_of_a_layer(&self) -> usize {
        self.linears.iter().map(|(_, [a, b])| a * b).sum()
    }

    /// All numbers.
    pub fn all(&self) -> usize {
        self.tables + self.layers * self.linears_of_a_layer() + self.vectors
    }

    /// Numbers of the adapters of this rank, on the linear layers that `adapted` names.
    pub fn adapters(&self, rank: usize, adapted: &dyn Fn(&str) -> bool) -> usize {
        let of = |(_, [a, b]): &(&str, [usize; 2])| rank * (a + b);
        let chosen = self.linears.iter().filter(|(name, _)| adapted(name));
        self.layers * chosen.map(of).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use crate::assets::{builtin_model, builtin_names};
    use crate::model::{Precision, Trained, add_adapter, load};

    #[test]
    fn as_many_numbers_as_are_loaded() {
        for name in builtin_names() {
            let files = builtin_model(name).expect("bundled");
            let (mut model, _) = load(&files, Precision::F32, &Device::flex()).expect("loads");
            let size = model.config.size();
            let (_, all) = Trained::of(&mut model).count(&mut model);
            assert_eq!(size.all(), all, "{name}");
            add_adapter(&mut model, 3, 6.0, 0);
            let (trained, _) = Trained::of(&mut model).count(&mut model);
            assert_eq!(size.adapters(3, &|_| true), trained, "{name}");
        }
    }
}
