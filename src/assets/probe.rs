//! Does the policy obey its principles? Each one is switched on and off, and its attribute counted.

use serde::Serialize;

use crate::config::GenerationSettings;
use crate::grammar::{Scene, Split, Task, attributes, paper_prompt, preamble, prompt, query, render, truth};
use crate::model::{EOS, Model, Text};
use crate::random::{Purpose, stream};
use crate::sample::sample;

/// How often the guided responses have an attribute.
#[derive(Clone, Debug, Serialize)]
pub struct PrincipleEffect {
    pub task: Task,
    pub principle: String,
    /// No principles at all.
    pub none: f64,
    /// All principles of the bundled file.
    pub all: f64,
    /// All but this one.
    pub all_but: f64,
    /// This one alone, in a wording seen in training, and in one that was held out.
    pub alone: f64,
    pub alone_held_out: f64,
    /// Its opposite alone, in a wording seen in training.
    pub opposite: f64,
    /// The paper's prompt, word for word.
    pub paper: f64,
}

/// Measures every principle of a task on `n` held-out queries.
pub fn principle_effects(policy: &Model, text: &Text, task: Task, n: usize, seed: u64) -> Vec<PrincipleEffect> {
    let mut rng = stream(seed, Purpose::HeldOut, task as u64, 0);
    // 'ethical' only shows where a query is harmful; half of hh's are.
    let scenes: Vec<Scene> = (0..n).map(|_| query(task, &mut rng, Split::Test)).collect();
    let policy = policy.merged();
    let rates = |principles: Option<&str>| -> Vec<f64> {
        let settings = GenerationSettings {
            max_new_tokens: 72,
            ..GenerationSettings::default()
        };
        let prompts: Vec<_> = scenes
            .iter()
            .map(|s| text.prompt(&prompt(task, &s.query, principles)))
            .collect();
        let rngs = (0..n)
            .map(|i| stream(seed, Purpose::EvaluateGuided, task as u64, i as u64))
            .collect();
        let completions = sample(&policy, &prompts, &settings, &[EOS], rngs, &mut |_, _| {});
        let mut counts = vec![0u32; attributes(task).len()];
        for (scene, completion) in scenes.iter().zip(&completions) {
            if let Some(found) = truth(task, &scene.query, &text.decode(&completion.ids)) {
                for (count, (_, on)) in counts.iter_mut().zip(found.attributes) {
                    *count += u32::from(on);
                }
            }
        }
        counts.into_iter().map(|c| f64::from(c) / n as f64).collect()
    };
    let bundled = |keep: &dyn Fn(usize) -> bool| {
        let entries: Vec<&str> = attributes(task)
            .iter()
            .enumerate()
            .filter(|(i, _)| keep(*i))
            .map(|(_, a)| a.train[0])
            .collect();
        render(preamble(task), &entries, task == Task::Hh)
    };
    let (none, all, paper) = (
        rates(None),
        rates(Some(&bundled(&|_| true))),
        rates(Some(paper_prompt(task))),
    );
    attributes(task)
        .iter()
        .enumerate()
        .map(|(i, a)| PrincipleEffect {
            task,
            principle: a.name.to_string(),
            none: none[i],
            all: all[i],
            all_but: rates(Some(&bundled(&|j| j != i)))[i],
            alone: rates(Some(&render(preamble(task), &[a.train[0]], false)))[i],
            alone_held_out: rates(Some(&render(preamble(task), &[a.held_out[0]], false)))[i],
            opposite: rates(Some(&render(preamble(task), &[a.opposite[0]], false)))[i],
            paper: paper[i],
        })
        .collect()
}
