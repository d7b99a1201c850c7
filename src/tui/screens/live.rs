//! Why a command cannot reach a trainer, in words for people.

use crate::tui::run_view::RunView;

/// `None` when commands reach a trainer.
pub fn why_not(run: &RunView) -> Option<&'static str> {
    if run.failed.is_some() {
        return Some("this run failed");
    }
    if run.done.is_some() {
        return Some("this run has ended");
    }
    if !run.live {
        return Some("read-only (stored, or trained by another process)");
    }
    None
}

/// `None` when a question can be answered: a trainer that has done its steps still answers.
pub fn why_no_answer(run: &RunView) -> Option<&'static str> {
    match run.live && run.done.is_some() && run.failed.is_none() {
        true => None,
        false => why_not(run),
    }
}

/// Why a question cannot be answered, and what would do.
pub fn cannot_ask(run: &RunView) -> Option<String> {
    let why = why_no_answer(run)?;
    let name = run.started.as_ref().map_or("RUN", |s| s.run.as_str());
    Some(format!(
        "Cannot ask: {why}. Runs that train answer: ple resume {name} goes on with it, ple fork {name} with a copy."
    ))
}

/// A reward, a margin or a weight.
pub fn signed(value: f64) -> String {
    let text = format!("{value:+.2}");
    if text == "-0.00" { "+0.00".to_string() } else { text }
}

/// A ground truth, or "-" where the grammar does not know the query.
pub fn truth(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_string(), |v| format!("{v:.2}"))
}

/// The heading of one side: "original  s +0.32  truth 0.50".
pub fn heading(guided: bool, reward: f64, truth_value: Option<f64>) -> String {
    let (name, symbol) = if guided { ("guided", "s'") } else { ("original", "s") };
    headed(name, symbol, reward, truth_value)
}

/// The heading of a side of any name: "kept  s +0.32  truth 0.50".
pub fn headed(name: &str, symbol: &str, reward: f64, truth_value: Option<f64>) -> String {
    format!("{name}  {symbol} {}  truth {}", signed(reward), truth(truth_value))
}
