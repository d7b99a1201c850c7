//! The floating-point numbers of a model's own training, taken apart field by field as in [`super::exact`].

use crate::config::{FitData, FitExperiment, FitMethod, FitModel, ModelShape};
use crate::train::{Bin, FitEvaluation, FitRecord, FitSample, RewardQuality};

pub(super) fn visit_record(record: &mut FitRecord, f: &mut dyn FnMut(&mut f64)) {
    let FitRecord {
        step: _,
        loss,
        accuracy,
        learning_rate,
        grad_norm,
        epoch,
        seconds,
    } = record;
    [loss, learning_rate, grad_norm, seconds]
        .into_iter()
        .chain(accuracy)
        .chain(epoch)
        .for_each(f);
}

pub(super) fn visit_evaluation(evaluation: &mut FitEvaluation, f: &mut dyn FnMut(&mut f64)) {
    let FitEvaluation {
        step: _,
        split: _,
        rows: _,
        loss,
        quality,
        samples,
        best: _,
    } = evaluation;
    f(loss);
    if let Some(quality) = quality {
        visit_quality(quality, f);
    }
    for sample in samples {
        let FitSample {
            label: _,
            query: _,
            response: _,
            other: _,
            score,
            other_score,
        } = sample;
        score.iter_mut().chain(other_score).for_each(&mut *f);
    }
}

fn visit_quality(quality: &mut RewardQuality, f: &mut dyn FnMut(&mut f64)) {
    let RewardQuality {
        accuracy,
        low,
        high,
        margin,
        margins,
        calibration,
        calibration_error,
        length_correlation,
        baseline,
        baseline_rule: _,
        against_length: _,
        accuracy_against_length,
        warning: _,
    } = quality;
    [
        accuracy,
        low,
        high,
        margin,
        calibration_error,
        length_correlation,
        baseline,
        accuracy_against_length,
    ]
    .into_iter()
    .chain(margins)
    .for_each(&mut *f);
    for bin in calibration {
        let Bin {
            rows: _,
            predicted,
            observed,
        } = bin;
        [predicted, observed].into_iter().for_each(&mut *f);
    }
}

pub(super) fn visit_experiment(experiment: &mut FitExperiment, f: &mut dyn FnMut(&mut f64)) {
    let FitExperiment {
        title: _,
        about: _,
        task: _,
        seed: _,
        model: FitModel {
            start: _,
            shape,
            template: _,
        },
        data:
            FitData {
                rows: _,
                test: _,
                prefix_words: _,
                max_query_tokens: _,
                max_tokens: _,
                keep: _,
                held_out,
                validation,
                corrupted,
                windows,
                token_dropout,
                guided,
                principles: _,
            },
        method:
            FitMethod {
                name: _,
                steps: _,
                batch: _,
                learning_rate,
                warm_up: _,
                weight_decay,
                beta2,
                max_grad_norm,
                label_smoothing,
                embedding_dropout,
                average,
                score_penalty,
            },
        eval: _,
        checkpoint: _,
    } = experiment;
    [
        held_out,
        validation,
        corrupted,
        windows,
        token_dropout,
        guided,
        learning_rate,
        weight_decay,
        beta2,
        max_grad_norm,
        label_smoothing,
        embedding_dropout,
        average,
        score_penalty,
    ]
    .into_iter()
    .for_each(&mut *f);
    if let Some(ModelShape {
        vocabulary: _,
        hidden: _,
        intermediate: _,
        layers: _,
        heads: _,
        norm_eps,
        deviation,
    }) = shape
    {
        [norm_eps, deviation].into_iter().for_each(f);
    }
}
