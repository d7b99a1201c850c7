//! Keys and values of the tokens that were read already.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

/// A pair `[batch, kv_heads, seen, head_dim]` a layer, of rows that are padded on the left.
#[derive(Clone, Debug, Default)]
pub struct KvCache {
    layers: Vec<(Tensor<4>, Tensor<4>)>,
    /// Tokens at the beginning that all rows have in common.
    shared: usize,
    /// Padding of each row, after the shared tokens.
    padding: Vec<usize>,
    seen: usize,
}

impl KvCache {
    /// An empty cache for rows with so much padding each.
    pub fn new(padding: Vec<usize>) -> Self {
        Self {
            layers: Vec::new(),
            shared: 0,
            padding,
            seen: 0,
        }
    }

    /// What one row has read stands before each of several rows, with so much padding each between it and their own tokens.
    ///
    /// The rows' places count on from the shared tokens; their padding is not looked at.
    pub fn spread(&mut self, padding: Vec<usize>) {
        for (k, v) in &mut self.layers {
            *k = k.clone().repeat_dim(0, padding.len());
            *v = v.clone().repeat_dim(0, padding.len());
        }
        self.shared = self.seen;
        self.padding = padding;
    }

    /// Keeps only these rows of the batch.
    pub fn select(&mut self, rows: &[usize], device: &Device) {
        let indices: Vec<i32> = rows.iter().map(|&i| i as i32).collect();
        let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [rows.len()]), device);
        for (k, v) in &mut self.layers {
            *k = k.clone().select(0, indices.clone());
            *v = v.clone().select(0, indices.clone());
        }
        self.padding = rows.iter().map(|&i| self.padding[i]).collect();
    }

    /// Adds the keys and values of the new tokens to layer `i`, and returns all of them.
    pub(super) fn push(&mut self, i: usize, k: Tensor<4>, v: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let Some(past) = self.layers.get_mut(i) else {
            self.layers.push((k.clone(), v.clone()));
            return (k, v);
        };
        let k = Tensor::cat(vec![past.0.clone(), k], 2);
        let v = Tensor::cat(vec![past.1.clone(), v], 2);
        *past = (k.clone(), v.clone());
        (k, v)
    }

    /// Rows whose keys and values are kept.
    #[cfg(test)]
    pub fn rows(&self) -> usize {
        self.layers.first().map_or(0, |(k, _)| k.dims()[0])
    }

    /// Tokens that a row has read, padding counted.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// So many tokens were added to all layers.
    pub(super) fn grow(&mut self, new: usize) {
        self.seen += new;
    }

    /// The places of the new tokens in their own rows, padding not counted, `[batch * new]`.
    pub(super) fn positions(&self, new: usize, device: &Device) -> Tensor<1, Int> {
        let positions: Vec<i32> = self
            .padding
            .iter()
            .flat_map(|&padding| (self.seen..self.seen + new).map(move |place| place.saturating_sub(padding) as i32))
            .collect();
        let n = positions.len();
        Tensor::from_data(TensorData::new(positions, [n]), device)
    }

    /// True where a new token must not look, `[batch, 1, new, seen + new]`: padding, the future, what lies outside of the
    /// window; `None` where all may look everywhere.
    pub(super) fn mask(&self, new: usize, window: Option<usize>, device: &Device) -> Option<Tensor<4, Bool>> {
        let seen = self.seen + new;
        let padded = self.padding.iter().any(|&p| p > 0);
        if new == 1 && !padded && window.is_none_or(|w| seen <= w) {
            return None;
        }
        let mut hidden = Vec::with_capacity(self.padding.len() * new * seen);
        for &padding in &self.padding {
            // Where a column is in its own row.
            let own = |column: usize| match column < self.shared {
                true => column,
                false => column.saturating_sub(padding),
            };
            for place in self.seen..seen {
                let outside = |key: usize| window.is_some_and(|w| own(key) + w <= own(place));
                // A padding token looks at itself, because a softmax over nothing is NaN.
                let padded = |key: usize| (self.shared..self.shared + padding).contains(&key);
                hidden.extend((0..seen).map(|key| key != place && (padded(key) || key > place || outside(key))));
            }
        }
        let shape = [self.padding.len(), 1, new, seen];
        Some(Tensor::from_data(TensorData::new(hidden, shape), device))
    }
}
