//! What the screen knows of a model's own training.

use crate::train::{FitEvaluation, FitRecord, FitSplit};

use super::history::{Column, Table};

/// The curves. Between two evaluations the last one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitSeries {
    Loss,
    Accuracy,
    ValidationLoss,
    ValidationAccuracy,
    /// Wilson's interval.
    Low,
    High,
    /// Accuracy of length alone.
    Baseline,
    GradNorm,
    LearningRate,
}

const SERIES: usize = FitSeries::LearningRate as usize + 1;

/// The training of a model, as far as events told.
#[derive(Clone, Debug, Default)]
pub struct FitView {
    table: Table<SERIES>,
    pub latest: Option<FitRecord>,
    /// While it trains, oldest first: on the validation rows, or without such on the held-out ones.
    pub validations: Vec<FitEvaluation>,
    /// Of the kept weights, at the end.
    pub held_out: Option<FitEvaluation>,
}

impl FitView {
    /// Takes in an update.
    pub fn push(&mut self, r: FitRecord) {
        let gap = f64::NAN;
        let last = self.validations.last();
        let quality = last.and_then(|e| e.quality.as_ref());
        self.table.push(
            r.step,
            [
                r.loss,
                r.accuracy.unwrap_or(gap),
                last.map_or(gap, |e| e.loss),
                quality.map_or(gap, |q| q.accuracy),
                quality.map_or(gap, |q| q.low),
                quality.map_or(gap, |q| q.high),
                quality.map_or(gap, |q| q.baseline),
                r.grad_norm,
                r.learning_rate,
            ],
        );
        self.latest = Some(r);
    }

    /// Takes in an evaluation.
    pub fn evaluated(&mut self, e: FitEvaluation) {
        match e.split {
            FitSplit::HeldOut if e.best => self.held_out = Some(e),
            _ => {
                // What is done again after a resume replaces what came before.
                self.validations.retain(|v| v.step < e.step);
                self.validations.push(e);
            }
        }
    }

    /// The step of each point.
    pub fn steps(&self) -> &[u32] {
        self.table.steps()
    }

    /// One series, point for point with [`FitView::steps`].
    pub fn column(&self, series: FitSeries) -> &Column {
        self.table.column(series as usize)
    }

    /// The evaluation of the weights that would be kept now.
    pub fn best(&self) -> Option<&FitEvaluation> {
        self.validations
            .iter()
            .rev()
            .find(|e| e.best)
            .or(self.validations.last())
    }

    /// The newest evaluation there is: of the held-out rows at the end, else of the validation rows.
    pub fn newest(&self) -> Option<&FitEvaluation> {
        self.held_out.as_ref().or(self.validations.last())
    }

    /// Mean seconds of the newest updates.
    pub fn seconds_of_update(&self) -> Option<f64> {
        self.latest.as_ref().map(|r| r.seconds)
    }
}
