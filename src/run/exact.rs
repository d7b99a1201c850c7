//! Numbers that come back bit for bit.
//!
//! JSON has no NaN or infinity, serde_json's default reader may be off by one unit in the last place, and SQLite stores
//! NaN as NULL. So every record is stored twice over: readable (JSON text or REAL columns), and its floating-point
//! numbers once more as little-endian bytes, which are the ones that count when it is read.

use super::packed::Unpacker;
use super::{exact_fit, exact_settings};
use crate::config::Plan;
use crate::train::{
    Answer, ArmRecord, CaseRecord, Command, Difference, Done, EffectRecord, Estimate, EvaluationRecord, Event, Mark,
    PrincipleEffect, SftRecord, Started,
};

/// The JSON text of an event and the bytes of its numbers.
pub(super) fn encode(event: &Event) -> serde_json::Result<(String, Vec<u8>)> {
    let mut event = event.clone();
    let mut bytes = Vec::new();
    visit_event(&mut event, &mut |x| {
        bytes.extend_from_slice(&x.to_le_bytes());
        // JSON would say null, which does not read back as a number.
        if !x.is_finite() {
            *x = 0.0;
        }
    });
    Ok((serde_json::to_string(&event)?, bytes))
}

/// The event again, or what is wrong with it.
pub(super) fn decode(text: &str, bytes: &[u8]) -> Result<Event, String> {
    let mut event: Event = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut numbers = Unpacker::new(bytes);
    let mut short = false;
    visit_event(&mut event, &mut |x| match numbers.float() {
        Ok(exact) => *x = exact,
        Err(_) => short = true,
    });
    // A run made before a setting was there has its default, whose number is only in the text.
    let older = short && matches!(event, Event::Started(_));
    if (short && !older) || !numbers.is_empty() {
        return Err("its numbers do not fit its text".to_string());
    }
    Ok(event)
}

/// Calls `f` on every f64 of an event that is stored as JSON, always in the same order. The structs are taken apart
/// field by field so that a number added to the protocol cannot be forgotten here.
fn visit_event(event: &mut Event, f: &mut dyn FnMut(&mut f64)) {
    match event {
        Event::Started(Started {
            experiment: Plan::Align(experiment),
            ..
        }) => exact_settings::visit_experiment(experiment, f),
        Event::Started(Started {
            experiment: Plan::Fit(experiment),
            ..
        }) => exact_fit::visit_experiment(experiment, f),
        Event::Fit(record) => exact_fit::visit_record(record, f),
        Event::FitEvaluation(evaluation) => exact_fit::visit_evaluation(evaluation, f),
        Event::Sft(SftRecord {
            step: _,
            loss,
            learning_rate,
            grad_norm,
        }) => {
            [loss, learning_rate, grad_norm].into_iter().for_each(f);
        }
        Event::Evaluation(evaluation) => visit_evaluation(evaluation, f),
        Event::Mark(Mark {
            step: _,
            label: _,
            command,
            by: _,
        }) => visit_command(command, f),
        Event::Answer(answer) => visit_answer(answer, f),
        Event::Effect(effect) => visit_effect(effect, f),
        Event::Done(Done {
            run: _,
            path: _,
            steps: _,
            reason: _,
            seconds,
        }) => f(seconds),
        // The log has a table of its own.
        Event::Log(_)
        | Event::Stage { .. }
        | Event::Writing(_)
        | Event::Measuring(_)
        | Event::Inside(_)
        | Event::Principles(_)
        | Event::Checkpoint { .. }
        | Event::Alarm(_)
        | Event::Paused { .. }
        | Event::Failed { .. } => {}
        // These two have tables of their own, and are never stored as JSON.
        Event::Step(_) | Event::Pairs { .. } => {}
    }
}

fn visit_command(command: &mut Command, f: &mut dyn FnMut(&mut f64)) {
    match command {
        Command::SetTau(x) | Command::SetDecay(x) | Command::SetLearningRate(x) => f(x),
        Command::Pause
        | Command::LookInside { .. }
        | Command::Continue
        | Command::StepOnce
        | Command::SetPrinciples(_)
        | Command::Checkpoint
        | Command::Stop
        | Command::Abandon
        | Command::Ask { .. }
        | Command::MeasureEffect { .. }
        | Command::CancelEffect
        | Command::Steer { .. }
        | Command::Changed(_) => {}
    }
}

fn visit_answer(answer: &mut Answer, f: &mut dyn FnMut(&mut f64)) {
    let Answer {
        id: _,
        step: _,
        query: _,
        original: _,
        guided: _,
        reward_original,
        reward_guided,
        truth_original,
        truth_guided,
        refused: _,
    } = answer;
    [reward_original, reward_guided]
        .into_iter()
        .chain(truth_original)
        .chain(truth_guided)
        .for_each(f);
}

fn visit_effect(effect: &mut EffectRecord, f: &mut dyn FnMut(&mut f64)) {
    let EffectRecord {
        step: _,
        version: _,
        queries: _,
        seed: _,
        none,
        all,
        principles,
        seconds,
    } = effect;
    visit_arm(none, f);
    visit_arm(all, f);
    for principle in principles {
        let PrincipleEffect {
            name: _,
            text: _,
            on: _,
            tokens: _,
            other,
            alone,
            adds,
            adds_alone,
            verdict: _,
        } = principle;
        visit_arm(other, f);
        visit_arm(alone, f);
        for Difference { reward, truth, length } in [adds, adds_alone] {
            visit_estimates(reward, truth, f);
            f(length);
        }
    }
    f(seconds);
}

fn visit_arm(arm: &mut ArmRecord, f: &mut dyn FnMut(&mut f64)) {
    let ArmRecord {
        reward,
        truth,
        length,
        prompt_tokens: _,
    } = arm;
    visit_estimates(reward, truth, f);
    f(length);
}

fn visit_estimates(reward: &mut Estimate, truth: &mut Option<Estimate>, f: &mut dyn FnMut(&mut f64)) {
    for Estimate { mean, low, high } in std::iter::once(reward).chain(truth) {
        [mean, low, high].into_iter().for_each(&mut *f);
    }
}

fn visit_evaluation(evaluation: &mut EvaluationRecord, f: &mut dyn FnMut(&mut f64)) {
    let EvaluationRecord {
        step: _,
        queries: _,
        reward_original,
        reward_guided,
        truth_original,
        truth_guided,
        cases,
    } = evaluation;
    [reward_original, reward_guided]
        .into_iter()
        .chain(truth_original)
        .chain(truth_guided)
        .for_each(&mut *f);
    for case in cases {
        let CaseRecord {
            label: _,
            query: _,
            original: _,
            guided: _,
            reward_original,
            reward_guided,
            truth_original,
            truth_guided,
        } = case;
        [reward_original, reward_guided]
            .into_iter()
            .chain(truth_original)
            .chain(truth_guided)
            .for_each(&mut *f);
    }
}
