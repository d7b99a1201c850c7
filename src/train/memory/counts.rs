//! What an update, the sampling, the scoring and a look at responses hold at their most, tensor by tensor, after the operations
//! of `model/` and `method/` and their rules in burn-autodiff. In numbers of four bytes where nothing else is said.

use super::super::diagnose::rows_at_once;
use super::{Demand, F32, Learnt, Lengths, THREADS};
use crate::model::{Activation, Architecture};

impl Learnt {
    /// Tokens a row in the fullest of many batches of so many rows: one alone may be the longest, many are near the mean.
    fn among(&self, rows: f64) -> f64 {
        let (most, mean) = (self.response as f64, self.mean as f64);
        mean + (most - mean).max(0.0) / rows.max(1.0).sqrt()
    }
}

impl Demand {
    /// Numbers that one token leaves behind in one layer for the way back, but for the squares of the attention.
    fn kept_per_token(&self) -> f64 {
        let c = &self.policy;
        let (d, f) = (c.hidden_size as f64, c.intermediate_size as f64);
        let (q, k) = c.widths();
        let (q, k) = (q as f64, k as f64);
        // A non-linearity x -> y keeps what it is made of: x and sigmoid(x), or four terms of the tanh form.
        let activation = f * match c.activation {
            Activation::Silu => 2.0,
            Activation::GeluTanh => 4.0,
            Activation::Gelu | Activation::Relu => 1.0,
        };
        // What goes into the norm (centred, in LayerNorm) and what comes out of it, which the next layers read; twice.
        let norms = 4.0 * d;
        // Queries, keys, values, and what attention gives to the output projection.
        let attention = 2.0 * (q + k);
        let feed_forward = match c.architecture {
            // What goes into the second layer.
            Architecture::Gpt2 => activation + f,
            // Activated gate, up, and their product.
            _ => activation + 3.0 * f,
        };
        // A norm's weight that is trained needs what it is multiplied with.
        let whole = if self.adapters.is_none() { 2.0 * d } else { 0.0 };
        // A mask and what is left, of everything that goes into an adapter.
        let read: usize = c.size().linears.iter().map(|(_, [inputs, _])| inputs).sum();
        let dropout = if self.dropout { 2.0 * read as f64 } else { 0.0 };
        norms + attention + feed_forward + whole + dropout
    }

    /// Numbers of the attention's squares that one row of `t` tokens leaves behind in one layer: the shifted scores, their
    /// exponentials, the softmax.
    fn squares(&self, t: f64) -> f64 {
        3.0 * self.policy.num_attention_heads as f64 * t * t
    }

    /// The most that one thread holds of a piece of `rows` rows of `t` tokens, of which `places` in all are predicted.
    fn piece(&self, rows: f64, t: f64, places: f64, whole_logits: bool) -> f64 {
        let c = &self.policy;
        let size = c.size();
        let (d, f, vocab) = (c.hidden_size as f64, c.intermediate_size as f64, c.vocab_size as f64);
        let layers = size.layers as f64;
        let layer = rows * t * self.kept_per_token() + rows * self.squares(t);
        let kept = match self.checkpointing {
            false => layers * layer,
            // What goes into each, and one whole.
            true => layers * rows * t * d + layer,
        };
        // Weights that are kept in halves are computed with in f32, and the graph holds what it was computed with.
        let cast = match self.policy_bytes < F32 {
            true if self.checkpointing => size.linears_of_a_layer() as f64,
            true => layers * size.linears_of_a_layer() as f64,
            false => 0.0,
        };
        let head = if self.policy_bytes < F32 {
            size.table as f64
        } else {
            0.0
        };
        // Shifted logits; on the way back their exponentials, that times its gradient, and the gradient by the target. The
        // hidden states they are of, and the gradient of all hidden states.
        let copies = if whole_logits { 6.0 } else { 4.0 };
        let logits = copies * places * vocab + 2.0 * places * d + rows * t * d;
        // On the way back through one layer: gradients of the widest part, and of the squares.
        let through = rows * t * (3.0 * f + 2.0 * d) + rows * self.squares(t) * 2.0 / 3.0;
        let first = match self.checkpointing {
            // No layer is computed while there are logits.
            true => (kept - layer + logits).max(kept + through),
            false => kept + logits.max(through),
        };
        first + cast + head
    }

    /// The most that an update holds beside weights and moments.
    pub(super) fn update(&self, trained: f64) -> f64 {
        let size = self.policy.size();
        let mut most = 0.0f64;
        let supervised = Learnt {
            rows: 1,
            response: self.tokens.example,
            mean: self.tokens.mean_example,
            row: self.tokens.whole_example,
            whole_logits: false,
        };
        for (items, learnt) in [(self.minibatch, self.learnt), (self.sft_batch, supervised)] {
            if items == 0 {
                continue;
            }
            let half = items.div_ceil(2).max(1);
            let at_once = self.micro_batch.unwrap_or(half).clamp(1, half);
            let threads = if items > 1 { THREADS } else { 1.0 };
            let rows = (learnt.rows * at_once) as f64;
            let t = learnt.row.saturating_sub(1).max(1) as f64;
            let piece = self.piece(rows, t, rows * learnt.among(rows), learnt.whole_logits);
            // The way back frees activations as it makes gradients; those of the head are there from its beginning.
            let gradients = if self.adapters.is_none() {
                size.table as f64
            } else {
                0.0
            };
            let sums = if at_once < half { trained } else { 0.0 };
            let back = (piece + gradients).max(trained + gradients);
            most = most.max(threads * (back + sums));
        }
        // Both threads' gradients are added, and the largest parameter's update is computed in a few copies.
        let widest = if self.adapters.is_none() {
            size.table as f64
        } else {
            0.0
        };
        most.max(THREADS * trained + 4.0 * widest) * F32
    }

    /// The most that sampling holds: in a step, or in an evaluation.
    pub(super) fn sampling(&self) -> f64 {
        let Lengths {
            prompt, guided_prompt, ..
        } = self.tokens;
        let of_step = match self.guided {
            true => self.answers(self.sampled, prompt) + self.answers(self.sampled, guided_prompt),
            false => THREADS * self.answers(self.sampled, prompt),
        };
        let of_evaluation = self.answers(self.evaluated, prompt) + self.answers(self.evaluated, guided_prompt);
        let size = self.policy.size();
        let linears = size.layers * size.linears_of_a_layer();
        // Adapters are merged into a copy where that is small.
        let merged = match self.adapters {
            Some(_) if linears <= crate::model::MOST_MERGED => linears as f64,
            _ => 0.0,
        };
        (of_step.max(of_evaluation) + merged) * F32
    }

    /// What one thread holds that answers so many prompts of so many tokens.
    fn answers(&self, rows: usize, prompt: usize) -> f64 {
        let c = &self.policy;
        let size = c.size();
        let rows = rows as f64;
        let (d, f, vocab) = (c.hidden_size as f64, c.intermediate_size as f64, c.vocab_size as f64);
        let (_, k) = c.widths();
        let t = (prompt + self.tokens.response) as f64;
        // Keys and values; while a token is added, one layer's are there twice.
        let cache = rows * t * 2.0 * k as f64 * (size.layers as f64 + 1.0);
        // The prompt at once: the widest part of a layer.
        let prompt = rows * prompt as f64 * (3.0 * f + 2.0 * d);
        let logits = 2.0 * rows * vocab;
        cache.max(prompt + cache / 2.0) + logits
    }

    /// The most that is held while every token of responses is looked at.
    pub(super) fn looking(&self) -> f64 {
        if self.looked_at == 0 {
            return 0.0;
        }
        let c = &self.policy;
        let response = self.learnt.response.max(1);
        let rows = rows_at_once(c.vocab_size, response)
            .min(self.looked_at.div_ceil(2))
            .max(1) as f64;
        let t = (self.tokens.prompt + response) as f64;
        let (d, f, vocab) = (c.hidden_size as f64, c.intermediate_size as f64, c.vocab_size as f64);
        // Logits, shifted, their exponentials, and those times the logits.
        let logits = 4.0 * rows * response as f64 * vocab;
        let layer = rows * t * (3.0 * f + 4.0 * d) + rows * self.squares(t);
        THREADS * logits.max(layer) * F32
    }

    /// The most that scoring holds.
    pub(super) fn scoring(&self) -> f64 {
        let Some((c, _)) = &self.reward else { return 0.0 };
        let rows = self.reward_batch.min(self.sampled.max(self.evaluated)).max(1) as f64;
        let t = (self.tokens.prompt + self.tokens.response) as f64;
        let (d, f) = (c.hidden_size as f64, c.intermediate_size as f64);
        THREADS * rows * t * (3.0 * f + 4.0 * d) * F32
    }
}
