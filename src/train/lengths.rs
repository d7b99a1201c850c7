//! How long the rows of a run are, from its first queries: what the memory estimate begins with.

use super::memory::Lengths;
use crate::config::{Experiment, MethodName, Principles};
use crate::data::Pool;
use crate::prompt::Prompter;

/// How many of a run's first queries are looked at for the longest.
const LOOKED_AT: u64 = 512;

/// The longest texts of a run: of its first queries where they are there, else what the settings allow.
pub(super) fn lengths(
    experiment: &Experiment,
    principles: Option<&Principles>,
    prompter: Option<&Prompter>,
    pool: Option<&Pool>,
) -> Lengths {
    let mut response = experiment.generation.max_new_tokens;
    let most = experiment.data.max_response_tokens;
    let rendered = principles.and_then(Principles::render);
    let Some(prompter) = prompter else {
        let prompt = experiment.data.max_query_tokens + 16;
        return Lengths {
            prompt,
            guided_prompt: prompt + rendered.map_or(0, |text| text.len() / 4),
            response,
            example: most,
            mean_example: most,
            whole_example: prompt + most,
        };
    };
    let around = prompter.prompt("", None).len();
    let behind = prompter.prompt("", rendered.as_deref()).len() - around;
    let (prompt, [example, mean_example, whole_example]) = match pool {
        None => {
            let prompt = experiment.data.max_query_tokens + around;
            (prompt, [most, most, prompt + most])
        }
        Some(pool) => {
            let longest = (0..LOOKED_AT)
                .map(|i| prompter.prompt(&pool.query(i), None).len())
                .max();
            // The bundled policy writes as long as what it has learnt from.
            if experiment.policy.model.starts_with("builtin:")
                && let Pool::Grammar { .. } = pool
            {
                let learnt = (0..LOOKED_AT).filter_map(|i| pool.example(i));
                let longest = learnt.map(|e| prompter.response(&e.response).len()).max();
                response = response.min(longest.unwrap_or(response));
            }
            let learns_from_data = matches!(experiment.method.name, MethodName::Sft | MethodName::Dpo);
            let read = match learns_from_data {
                true => LOOKED_AT,
                false => LOOKED_AT.min(u64::from(experiment.sft.steps) * experiment.sft.batch as u64),
            };
            let examples: Vec<(usize, usize)> = (0..read)
                .filter_map(|i| pool.example(i))
                .map(|e| {
                    let y = prompter.response(&e.response).len().min(most);
                    (y, prompter.prompt(&e.query, None).len() + y)
                })
                .collect();
            let most = |f: &dyn Fn(&(usize, usize)) -> usize| examples.iter().map(f).max().unwrap_or(1);
            let mean = examples
                .iter()
                .map(|e| e.0)
                .sum::<usize>()
                .div_ceil(examples.len().max(1));
            (longest.unwrap_or(around), [most(&|e| e.0), mean, most(&|e| e.1)])
        }
    };
    Lengths {
        prompt,
        guided_prompt: prompt + behind,
        response,
        example,
        mean_example,
        whole_example,
    }
}
