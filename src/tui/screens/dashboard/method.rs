//! What the dashboard of each method shows: the same places, each with what that method is about.

use ratatui::style::Style;

use super::Panel;
use crate::config::MethodName;
use crate::method::theory;
use crate::tui::history::{Column, History, Series};
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::Dash;

/// Where the points of a curve come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Series(Series),
    /// A number of `StepRecord::metrics`.
    Metric(&'static str),
}

impl Source {
    /// Its points; `None` where no step of the run has it.
    pub fn column(self, history: &History) -> Option<&Column> {
        match self {
            Source::Series(series) => Some(history.column(series)),
            Source::Metric(name) => history.metric(name),
        }
    }
}

/// A series with its name and looks. The first word of a name is what stays of it where there is little room.
pub type Named = (Source, &'static str, Style, Dash);

/// The title of a panel.
pub fn title(panel: Panel, method: MethodName) -> &'static str {
    use MethodName::{Dpo, Ple, Ppo, Raft, Sft};
    match (panel, method) {
        (Panel::Margins, Ple) => "Margins s′−s",
        (Panel::Margins, _) => "KL to reference",
        (Panel::Branches, Ple) => "D_train",
        (Panel::Branches, Sft) => "Tokens guessed",
        (Panel::Branches, Dpo) => "Implicit reward",
        (Panel::Branches, Ppo) => "Clipped",
        (Panel::Branches, Raft) => "Variety of text",
        (Panel::Reward, _) => "Reward",
        (Panel::Truth, _) => "Truth",
        (Panel::Losses, _) => "Loss",
        (Panel::Facts, _) => "What the step did",
        (Panel::Lengths, _) => "Tokens",
        (Panel::Gradient, _) => "Gradient norm",
        (Panel::Spread, _) => "Margins over steps",
    }
}

/// The curves of a panel; none where it is no line chart.
pub fn curves(panel: Panel, method: MethodName, theme: &Theme) -> Vec<Named> {
    let series = |s, name, style, dash| (Source::Series(s), name, style, dash);
    let metric = |m, name, style, dash| (Source::Metric(m), name, style, dash);
    let (first, second, solid, dashed) = (theme.original, theme.guided, Dash::Solid, Dash::Dashed);
    match (panel, method) {
        (Panel::Margins, MethodName::Ple) | (Panel::Facts, _) => vec![],
        (Panel::Losses, MethodName::Ple) => vec![
            series(Series::LossRank, "L_rank", second, dashed),
            series(Series::LossWsft, "L_wsft", first, Dash::Dotted),
            series(Series::Loss, "L", theme.title, solid),
        ],
        (Panel::Branches, MethodName::Ple) => vec![
            series(Series::Ranked, "ranked", second, solid),
            series(Series::Weighted, "weighted", first, solid),
        ],
        (Panel::Spread, MethodName::Ple) => vec![
            series(Series::MarginMiddle, "median", theme.truth, solid),
            series(Series::Tau, "τ", theme.tau, dashed),
            metric(theory::BOUNDARY, "e* pure above", second, Dash::Dotted),
        ],
        (Panel::Spread, _) => vec![],
        (Panel::Gradient, _) => vec![series(Series::GradNorm, "norm", theme.truth, solid)],
        (Panel::Margins, _) => vec![metric("diagnostics/kl", "KL a response", second, solid)],
        (panel, MethodName::Ple) => sides(panel, ["s original", "s′ guided"], ["y original", "y′ guided"], theme),
        (Panel::Reward, MethodName::Ppo) => vec![
            series(Series::RewardOriginal, "s", first, solid),
            metric("objective/rlhf_reward", "s−βKL", second, dashed),
        ],
        (Panel::Losses, MethodName::Ppo) => vec![
            metric("loss/policy_avg", "policy", first, solid),
            metric("loss/value_avg", "value", second, dashed),
        ],
        (Panel::Branches, MethodName::Ppo) => vec![
            metric("policy/clipfrac_avg", "ratios", first, solid),
            metric("val/clipfrac_avg", "values", second, dashed),
        ],
        (Panel::Branches, MethodName::Dpo) => vec![
            metric("rewards/chosen", "chosen", second, dashed),
            metric("rewards/rejected", "rejected", first, solid),
            metric("rewards/margins", "margin", theme.title, Dash::Dotted),
        ],
        (Panel::Branches, MethodName::Sft) => vec![metric("mean_token_accuracy", "right", first, solid)],
        (Panel::Branches, MethodName::Raft) => vec![
            metric("diagnostics/distinct_2", "distinct-2", first, solid),
            metric("diagnostics/repetition", "repeated", second, dashed),
        ],
        (Panel::Losses, _) => vec![series(Series::Loss, "L", theme.title, solid)],
        (panel, MethodName::Raft) => sides(panel, ["s all", "s kept"], ["all", "kept"], theme),
        (panel, MethodName::Sft) => sides(panel, ["s own", "s learnt"], ["own", "learnt"], theme),
        (panel, MethodName::Dpo | MethodName::Ppo) => sides(panel, ["s own", ""], ["own", ""], theme)
            .into_iter()
            .take(1)
            .collect(),
    }
}

/// The two sides of a batch in reward, truth and length.
fn sides(panel: Panel, rewards: [&'static str; 2], texts: [&'static str; 2], theme: &Theme) -> Vec<Named> {
    let (original, guided, names) = match panel {
        Panel::Reward => (Series::RewardOriginal, Series::RewardGuided, rewards),
        Panel::Truth => (Series::TruthOriginal, Series::TruthGuided, texts),
        Panel::Lengths => (Series::LengthOriginal, Series::LengthGuided, texts),
        _ => return vec![],
    };
    vec![
        (Source::Series(original), names[0], theme.original, Dash::Solid),
        (Source::Series(guided), names[1], theme.guided, Dash::Dashed),
    ]
}
