//! Numbers that come back bit for bit.
//!
//! JSON has no NaN or infinity, serde_json's default reader may be off by one unit in the last place, and SQLite stores
//! NaN as NULL. So every record is stored twice over: readable (JSON text or REAL columns), and its floating-point
//! numbers once more as little-endian bytes, which are the ones that count when it is read.

use super::exact_fit;
use crate::config::{
    AdaptiveKl, Bounds, Clip, DataSettings, DpoSettings, Experiment, GenerationSettings, KlTarget, LengthRule, Lora,
    LoraAdapter, MethodSettings, Plan, PolicySettings, PpoSettings, RaftSettings, RegexRule, RewardSettings, Rule,
    SftSettings, TruthRule,
};
use crate::train::{
    Answer, ArmRecord, CaseRecord, Command, Difference, Done, EffectRecord, Estimate, EvaluationRecord, Event, Mark,
    Metrics, PairRecord, PrincipleEffect, SftRecord, Shaped, Started, StepRecord,
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
        }) => visit_experiment(experiment, f),
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
        Event::Stage { .. }
        | Event::Writing(_)
        | Event::Measuring(_)
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
        | Command::Continue
        | Command::StepOnce
        | Command::SetPrinciples(_)
        | Command::Checkpoint
        | Command::Stop
        | Command::Abandon
        | Command::Ask { .. }
        | Command::MeasureEffect { .. }
        | Command::CancelEffect => {}
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

fn visit_experiment(experiment: &mut Experiment, f: &mut dyn FnMut(&mut f64)) {
    let Experiment {
        title: _,
        about: _,
        task: _,
        seed: _,
        policy,
        reward,
        data:
            DataSettings {
                queries: _,
                test: _,
                held_out,
                prefix_words: _,
                max_query_tokens: _,
                max_response_tokens: _,
            },
        principles: _,
        sft:
            SftSettings {
                steps: _,
                learning_rate: sft_learning_rate,
                batch: _,
            },
        method,
        generation:
            GenerationSettings {
                max_new_tokens: _,
                temperature,
                top_p,
                top_k: _,
                min_p,
                repetition_penalty,
                batch: _,
            },
        eval: _,
        checkpoint: _,
    } = experiment;
    let MethodSettings {
        name: _,
        steps: _,
        queries_per_step: _,
        learning_rate,
        tau0,
        decay,
        replay: _,
        eq4: _,
        reduction: _,
        rank: _,
        weighted_sft: _,
        minibatch: _,
        micro_batch: _,
        max_grad_norm,
        weight_decay,
        preset: _,
        diagnostics: _,
        dpo,
        ppo,
        raft,
    } = method;
    [
        sft_learning_rate,
        temperature,
        top_p,
        learning_rate,
        tau0,
        decay,
        max_grad_norm,
        weight_decay,
    ]
    .into_iter()
    .for_each(&mut *f);
    let PolicySettings {
        model: _,
        lora,
        adapter: _,
        template: _,
        dtype: _,
        checkpointing: _,
    } = policy;
    let mut dropout = None;
    match lora {
        Lora::Adapter(LoraAdapter {
            rank: _,
            alpha,
            targets: _,
            dropout: share,
            rslora: _,
        }) => {
            f(alpha);
            dropout = Some(share);
        }
        Lora::Off(_) => {}
    }
    visit_reward(reward, f);
    // Newer settings come last, so that the numbers of an older run still fit those before.
    f(held_out);
    visit_methods(dpo, ppo, raft, f);
    if let Some(dropout) = dropout {
        f(dropout);
    }
    f(min_p);
    f(repetition_penalty);
}

/// Absent in a run made before they were there.
fn visit_methods(
    dpo: &mut Option<DpoSettings>,
    ppo: &mut Option<PpoSettings>,
    raft: &mut Option<RaftSettings>,
    f: &mut dyn FnMut(&mut f64),
) {
    if let Some(DpoSettings { beta, pairs: _ }) = dpo {
        f(beta);
    }
    if let Some(PpoSettings {
        epochs: _,
        kl_coef,
        adaptive_kl,
        clip,
        value_clip,
        value_coef,
        gamma,
        lambda,
        whiten_rewards: _,
        missing_eos_penalty,
    }) = ppo
    {
        [
            kl_coef,
            clip,
            value_clip,
            value_coef,
            gamma,
            lambda,
            missing_eos_penalty,
        ]
        .into_iter()
        .for_each(&mut *f);
        match adaptive_kl {
            AdaptiveKl::To(KlTarget { target, horizon }) => [target, horizon].into_iter().for_each(&mut *f),
            AdaptiveKl::Off(_) => {}
        }
    }
    if let Some(RaftSettings {
        keep: _,
        samples: _,
        share,
        epochs: _,
    }) = raft
    {
        f(share);
    }
}

/// All of these are absent in a run made before they were there, and so are their numbers.
fn visit_reward(reward: &mut RewardSettings, f: &mut dyn FnMut(&mut f64)) {
    let RewardSettings {
        model: _,
        dtype: _,
        url: _,
        rules,
        timeout_seconds: _,
        retries: _,
        batch: _,
        end: _,
        shape: _,
        clip,
    } = reward;
    for rule in rules {
        match rule {
            Rule::Regex(RegexRule {
                regex: _,
                score,
                each: _,
            }) => f(score),
            Rule::Length(LengthRule {
                length: _,
                slope,
                count: _,
                side: _,
            }) => f(slope),
            Rule::Truth(TruthRule { truth }) => f(truth),
        }
    }
    match clip {
        Clip::To(Bounds { low, high }) => [low, high].into_iter().for_each(f),
        Clip::Off(_) => {}
    }
}

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

struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn float(&mut self) -> Result<f64, String> {
        let (head, rest) = self.rest.split_first_chunk::<8>().ok_or("its numbers are cut off")?;
        self.rest = rest;
        Ok(f64::from_le_bytes(*head))
    }

    fn option(&mut self) -> Result<Option<f64>, String> {
        let (some, rest) = self.rest.split_first().ok_or("its numbers are cut off")?;
        self.rest = rest;
        if *some == 0 { Ok(None) } else { self.float().map(Some) }
    }

    fn metrics(&mut self) -> Result<Metrics, String> {
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

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn end(&self) -> Result<(), String> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(format!("{} bytes too many of numbers", self.rest.len()))
        }
    }
}
