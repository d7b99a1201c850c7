//! An experiment that trains a model on rows, looked at without the weights that it begins with.

use super::models::{Wanted, look, say_tokenizer, shape};
use super::{Checked, State};
use crate::config::{FitExperiment, find_file};
use crate::model::{ModelConfig, Text};
use crate::train::fit::{self, FitRows};
use crate::train::memory::{self, readable};
use crate::train::setup::{Request, SetupError};

impl Request {
    pub(super) fn check_fit(&self, mut experiment: FitExperiment, checked: &mut Checked) {
        let near = self.source.path.as_deref();
        let rows = match fit::rows_and_principles(&mut experiment, near, None) {
            Ok(found) => Some(found),
            Err(error) => {
                let data = &experiment.data;
                let absent = |name: &String| !name.starts_with("builtin:") && find_file(name, near).is_err();
                let state = match absent(&data.rows) || data.test.as_ref().is_some_and(absent) {
                    true => State::Unknown,
                    false => State::Wrong,
                };
                checked.say("data.rows", state, error.to_string());
                None
            }
        };
        let known = match (&experiment.model.shape, &rows) {
            (None, _) => {
                let wanted = match experiment.method.name.is_reward() {
                    true => Wanted::Any,
                    false => Wanted::Policy,
                };
                let known = look("model.start", &experiment.model.start, wanted, near, checked);
                known.and_then(|known| Some((known.config, known.text?)))
            }
            (Some(shape_wanted), Some((rows, _))) => match fit::learn_tokenizer(rows, shape_wanted.vocabulary) {
                Ok(text) => {
                    let config = fit::new_config(&experiment, &text, shape_wanted);
                    checked.say("model.shape", State::Good, shape(&config));
                    Some((config, text))
                }
                Err(error) => {
                    checked.say("model.shape", State::Wrong, error.to_string());
                    None
                }
            },
            (Some(_), None) => None,
        };
        let summary = rows.as_ref().map(|(rows, _)| rows.summary());
        let Some((config, text)) = known else {
            summary
                .into_iter()
                .for_each(|summary| checked.say("data.rows", State::Good, summary));
            return;
        };
        if let Err(error) = together(&experiment, rows, &config, text, checked) {
            checked.say("experiment", State::Wrong, error.to_string());
        }
        // What is trained, its two moments, and its moving average.
        let copies = if experiment.method.average > 0.0 { 4 } else { 3 };
        let bytes = config.size().all() as u64 * 4 * copies;
        checked.checkpoint_bytes = Some(bytes);
        checked.say("checkpoint", State::Good, format!("{} each", readable(bytes)));
    }
}

/// What shows only when rows and model are both there.
fn together(
    experiment: &FitExperiment,
    rows: Option<(FitRows, Option<String>)>,
    config: &ModelConfig,
    text: Text,
    checked: &mut Checked,
) -> Result<(), SetupError> {
    fit::fits(experiment, config)?;
    let prompter = fit::prompter(experiment, text)?;
    say_tokenizer(&prompter, "model.template", checked);
    let Some((mut rows, principles)) = rows else {
        return Ok(());
    };
    let principles = principles.as_deref();
    fit::leave_out_long(experiment, &mut rows, &prompter, principles, config)?;
    checked.say("data.rows", State::Good, rows.summary());
    let demand = fit::demand(experiment, &rows, &prompter, principles, config);
    let (said, short) = memory::sentence(&demand, checked.available);
    checked.say("memory", if short { State::Warning } else { State::Good }, said);
    checked.memory = Some(demand.estimate());
    Ok(())
}
