//! The numbers of steps and pairs as bytes.

use crate::train::{Metrics, PairRecord, Shaped, StepRecord};

/// The numbers of a step, whose counts are columns.
pub(super) fn pack_step(s: &StepRecord) -> Vec<u8> {
    let mut out = Vec::with_capacity(17 * 9);
    for x in [
        s.tau,
        s.decay,
        s.learning_rate,
        s.reward_original,
        s.reward_original_std,
        s.reward_guided,
        s.reward_guided_std,
        s.loss_rank,
        s.loss_wsft,
        s.loss,
        s.grad_norm,
        s.length_original,
        s.length_guided,
        s.ended,
        s.seconds,
    ] {
        out.extend_from_slice(&x.to_le_bytes());
    }
    pack_option(&mut out, s.truth_original);
    pack_option(&mut out, s.truth_guided);
    pack_metrics(&mut out, &s.metrics);
    out
}

/// The inverse of [`pack_step`]. A step of format 2 or older has no metrics.
pub(super) fn unpack_step(bytes: &[u8], s: &mut StepRecord) -> Result<(), String> {
    let mut from = Unpacker::new(bytes);
    for x in [
        &mut s.tau,
        &mut s.decay,
        &mut s.learning_rate,
        &mut s.reward_original,
        &mut s.reward_original_std,
        &mut s.reward_guided,
        &mut s.reward_guided_std,
        &mut s.loss_rank,
        &mut s.loss_wsft,
        &mut s.loss,
        &mut s.grad_norm,
        &mut s.length_original,
        &mut s.length_guided,
        &mut s.ended,
        &mut s.seconds,
    ] {
        *x = from.float()?;
    }
    s.truth_original = from.option()?;
    s.truth_guided = from.option()?;
    if !from.is_empty() {
        s.metrics = from.metrics()?;
    }
    from.end()
}

/// The numbers of a pair.
pub(super) fn pack_pair(p: &PairRecord) -> Vec<u8> {
    let mut out = Vec::with_capacity(7 * 9);
    for x in [
        p.reward_original,
        p.reward_guided,
        p.tau,
        p.weight_original,
        p.weight_guided,
    ] {
        out.extend_from_slice(&x.to_le_bytes());
    }
    pack_option(&mut out, p.truth_original);
    pack_option(&mut out, p.truth_guided);
    // Only where there are such: a pair without them is the same as before there was shaping.
    if p.metrics.is_empty() {
        for x in p.shaped.iter().flat_map(|s| [s.original, s.guided]) {
            out.extend_from_slice(&x.to_le_bytes());
        }
        return out;
    }
    // A pair of the formats before ends here, or after the 16 bytes of shaped rewards. What follows is never 16 bytes
    // long, since a name has two letters or more.
    pack_option(&mut out, p.shaped.map(|s| s.original));
    pack_option(&mut out, p.shaped.map(|s| s.guided));
    pack_metrics(&mut out, &p.metrics);
    out
}

/// The inverse of [`pack_pair`].
pub(super) fn unpack_pair(bytes: &[u8], p: &mut PairRecord) -> Result<(), String> {
    let mut from = Unpacker::new(bytes);
    for x in [
        &mut p.reward_original,
        &mut p.reward_guided,
        &mut p.tau,
        &mut p.weight_original,
        &mut p.weight_guided,
    ] {
        *x = from.float()?;
    }
    p.truth_original = from.option()?;
    p.truth_guided = from.option()?;
    let shaped = |original, guided| Shaped { original, guided };
    p.shaped = match from.rest.len() {
        0 => None,
        16 => Some(shaped(from.float()?, from.float()?)),
        _ => {
            let both = from.option()?.zip(from.option()?);
            p.metrics = from.metrics()?;
            both.map(|(original, guided)| shaped(original, guided))
        }
    };
    from.end()
}

/// Token ids, or the bits of f32 numbers, as little-endian bytes.
pub(super) fn pack_words(words: impl ExactSizeIterator<Item = u32>) -> Vec<u8> {
    let mut out = Vec::with_capacity(words.len() * 4);
    words.for_each(|w| out.extend_from_slice(&w.to_le_bytes()));
    out
}

/// The inverse of [`pack_words`].
pub(super) fn unpack_words(bytes: &[u8]) -> Result<impl Iterator<Item = u32>, String> {
    let (words, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{} bytes are not a whole number of 4-byte words", bytes.len()));
    }
    Ok(words.iter().map(|w| u32::from_le_bytes(*w)))
}

fn pack_option(out: &mut Vec<u8>, x: Option<f64>) {
    out.push(u8::from(x.is_some()));
    if let Some(x) = x {
        out.extend_from_slice(&x.to_le_bytes());
    }
}

fn pack_metrics(out: &mut Vec<u8>, metrics: &Metrics) {
    out.extend_from_slice(&(metrics.len() as u32).to_le_bytes());
    for (name, x) in metrics {
        out.push(name.len().min(255) as u8);
        out.extend_from_slice(&name.as_bytes()[..name.len().min(255)]);
        out.extend_from_slice(&x.to_le_bytes());
    }
}

/// Takes numbers off the front of bytes.
pub(super) struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn float(&mut self) -> Result<f64, String> {
        let (head, rest) = self.rest.split_first_chunk::<8>().ok_or("its numbers are cut off")?;
        self.rest = rest;
        Ok(f64::from_le_bytes(*head))
    }

    pub(super) fn option(&mut self) -> Result<Option<f64>, String> {
        let (some, rest) = self.rest.split_first().ok_or("its numbers are cut off")?;
        self.rest = rest;
        if *some == 0 { Ok(None) } else { self.float().map(Some) }
    }

    pub(super) fn metrics(&mut self) -> Result<Metrics, String> {
        let cut = || "its metrics are cut off".to_string();
        let (head, rest) = self.rest.split_first_chunk::<4>().ok_or_else(cut)?;
        self.rest = rest;
        let mut metrics = Metrics::new();
        for _ in 0..u32::from_le_bytes(*head) {
            let (length, rest) = self.rest.split_first().ok_or_else(cut)?;
            let (name, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(cut)?;
            self.rest = rest;
            let name = String::from_utf8(name.to_vec()).map_err(|_| "a metric's name is not text".to_string())?;
            metrics.insert(name, self.float()?);
        }
        Ok(metrics)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn end(&self) -> Result<(), String> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(format!("{} bytes too many of numbers", self.rest.len()))
        }
    }
}
