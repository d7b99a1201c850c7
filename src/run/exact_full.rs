//! The numbers of a whole evaluation, bit for bit; see `exact`.

use crate::config::GenerationSettings;
use crate::train::{Estimate, EvaluatedRow, FullEvaluation, ReferenceRecord};

/// The JSON text of an evaluation and the bytes of its numbers.
pub(super) fn encode(evaluation: &FullEvaluation) -> serde_json::Result<(String, Vec<u8>)> {
    let mut readable = evaluation.clone();
    let mut bytes = Vec::new();
    visit(&mut readable, &mut |x| {
        bytes.extend_from_slice(&x.to_le_bytes());
        // JSON would say null, which does not read back as a number.
        if !x.is_finite() {
            *x = 0.0;
        }
    });
    Ok((serde_json::to_string(&readable)?, bytes))
}

/// The evaluation again, or what is wrong with it.
pub(super) fn decode(text: &str, bytes: &[u8]) -> Result<FullEvaluation, String> {
    let mut evaluation: FullEvaluation = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let (numbers, rest) = bytes.as_chunks::<8>();
    let mut numbers = numbers.iter();
    let mut short = false;
    visit(&mut evaluation, &mut |x| match numbers.next() {
        Some(exact) => *x = f64::from_le_bytes(*exact),
        None => short = true,
    });
    if short || numbers.next().is_some() || !rest.is_empty() {
        return Err("its numbers do not fit its text".to_string());
    }
    Ok(evaluation)
}

/// Calls `f` on every f64, always in the same order. The structs are taken apart field by field so that a number added
/// to them cannot be forgotten here.
fn visit(evaluation: &mut FullEvaluation, f: &mut dyn FnMut(&mut f64)) {
    let FullEvaluation {
        policy: _,
        step: _,
        sft_done: _,
        queries: _,
        seed: _,
        generation,
        reward,
        truth,
        length,
        ended,
        references,
        seconds,
        rows,
    } = evaluation;
    let GenerationSettings {
        max_new_tokens: _,
        temperature,
        top_p,
        top_k: _,
        min_p,
        repetition_penalty,
        batch: _,
    } = generation;
    [temperature, top_p, min_p, repetition_penalty, seconds]
        .into_iter()
        .for_each(&mut *f);
    [reward, length, ended]
        .into_iter()
        .chain(truth)
        .for_each(|e| visit_estimate(e, f));
    if let Some(ReferenceRecord {
        about: _,
        queries: _,
        cut: _,
        perplexity,
        perplexity_of_rows,
        bleu_response,
        bleu_with_prompt,
        signature: _,
    }) = references
    {
        [perplexity, perplexity_of_rows, bleu_response, bleu_with_prompt]
            .into_iter()
            .for_each(|e| visit_estimate(e, f));
    }
    for EvaluatedRow {
        query: _,
        response: _,
        reference: _,
        reward,
        truth,
        tokens: _,
        ended: _,
        reference_nll,
        reference_tokens: _,
    } in rows
    {
        f(reward);
        truth.iter_mut().chain(reference_nll).for_each(&mut *f);
    }
}

fn visit_estimate(Estimate { mean, low, high }: &mut Estimate, f: &mut dyn FnMut(&mut f64)) {
    [mean, low, high].into_iter().for_each(f);
}
