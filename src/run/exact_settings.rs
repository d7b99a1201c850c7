//! The numbers of an experiment's settings, in the order in which they are kept.
//!
//! Newer settings come last: a run that is older than they are has no number for them, and its own still fit.

use crate::config::{
    AdaptiveKl, Bounds, Clip, DataSettings, DpoSettings, Experiment, GenerationSettings, KlTarget, LengthRule, Lora,
    LoraAdapter, MethodSettings, PolicySettings, PpoSettings, RaftSettings, RegexRule, RewardSettings, Rule,
    ScheduleEntry, SftSettings, StabiliseSettings, TruthRule,
};

pub(super) fn visit_experiment(experiment: &mut Experiment, f: &mut dyn FnMut(&mut f64)) {
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
        schedule,
    } = experiment;
    let MethodSettings {
        name: _,
        steps: _,
        queries_per_step: _,
        learning_rate,
        tau0,
        decay,
        schedule: _,
        purity,
        replay: _,
        eq4: _,
        reduction: _,
        rank: _,
        weighted_sft: _,
        stabilise,
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
    f(purity);
    visit_stabilise(stabilise, f);
    for ScheduleEntry {
        step: _,
        principles: _,
        switch_on: _,
        switch_off: _,
        tau,
        decay,
        learning_rate,
        checkpoint: _,
        pause: _,
    } in schedule
    {
        [tau, decay, learning_rate].into_iter().flatten().for_each(&mut *f);
    }
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

/// Each is there only where the experiment has it.
fn visit_stabilise(stabilise: &mut StabiliseSettings, f: &mut dyn FnMut(&mut f64)) {
    let StabiliseSettings {
        importance,
        clip,
        hinge,
        sigmoid,
        kl,
        sft,
    } = stabilise;
    [importance, clip, hinge, sigmoid, kl, sft]
        .into_iter()
        .flatten()
        .for_each(f);
}

/// All of these are absent in a run made before they were there, and so are their numbers.
fn visit_reward(reward: &mut RewardSettings, f: &mut dyn FnMut(&mut f64)) {
    let RewardSettings {
        model: _,
        dtype: _,
        template: _,
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
