//! Inside a response: each of its tokens by its probability under the policy and the reference, and what became of the pair
//! as tau fell.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use unicode_width::UnicodeWidthStr;

use super::action::Effect;
use super::history::Series;
use super::popup::Popup;
use super::run_view::RunView;
use super::screens::live;
use super::state::State;
use super::update::admit;
use super::widgets::scale::short;
use super::widgets::wrap::clip;
use crate::config::{MethodName, Replay};
use crate::train::{Branch, Command, Inside as Answer, InsideToken, PairRecord};

/// What the tokens are tinted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    Policy,
    Reference,
    /// log pi - log pi_ref: what training pushed up and down.
    Difference,
}

impl Tint {
    pub const ALL: [Tint; 3] = [Tint::Policy, Tint::Reference, Tint::Difference];

    pub fn name(self) -> &'static str {
        match self {
            Tint::Policy => "policy",
            Tint::Reference => "reference",
            Tint::Difference => "difference",
        }
    }

    /// The number a token is tinted by, in nats.
    pub fn of(self, token: &InsideToken) -> Option<f64> {
        match self {
            Tint::Policy => Some(token.policy),
            Tint::Reference => token.reference,
            Tint::Difference => token.difference(),
        }
    }
}

/// A token's place on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub index: usize,
    pub text: String,
    pub width: usize,
}

/// The popup.
#[derive(Clone, Debug, PartialEq)]
pub struct Inside {
    pub pair: PairRecord,
    /// `None` until the answer is there.
    pub answer: Option<Answer>,
    /// 0: y, 1: y'.
    pub side: usize,
    pub tint: Tint,
    /// The token under the cursor.
    pub cursor: usize,
    /// The answer comes from a trainer, between two steps, and not from a checkpoint.
    pub live: bool,
}

impl Inside {
    /// The tokens of the side that is shown.
    pub fn tokens(&self) -> &[InsideToken] {
        match self.answer.as_ref().map(|a| &a.found) {
            Some(Ok(sides)) => &sides[self.side],
            _ => &[],
        }
    }

    /// Of a side: sum of log pi, and of log pi_ref where it is known.
    pub fn sums(&self, side: usize) -> Option<(f64, Option<f64>)> {
        let Some(Ok(sides)) = self.answer.as_ref().map(|a| &a.found) else {
            return None;
        };
        let tokens = &sides[side];
        let reference: Option<Vec<f64>> = tokens.iter().map(|t| t.reference).collect();
        let policy = tokens.iter().map(|t| t.policy).sum();
        (!tokens.is_empty()).then(|| (policy, reference.map(|all| all.iter().sum())))
    }

    /// The tokens as lines of a width. A line ends where a token would not fit, and after one that ends the line in the text.
    pub fn rows(&self, width: usize) -> Vec<Vec<Cell>> {
        let (mut rows, mut row, mut used) = (Vec::new(), Vec::new(), 0);
        for (index, token) in self.tokens().iter().enumerate() {
            let text = clip(&token.shown, width.max(1));
            // A token of no width, half a character of a longer one, has a place all the same.
            let text = if text.width() == 0 { "\u{B7}".to_string() } else { text };
            let wide = text.width();
            if used + wide > width && !row.is_empty() {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            used += wide;
            let ends = token.shown.ends_with('\u{21B5}');
            row.push(Cell {
                index,
                text,
                width: wide,
            });
            if ends {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
        }
        if !row.is_empty() {
            rows.push(row);
        }
        rows
    }

    /// A key while it is open; false if it closes it. `width` and `page` are the room of the tokens.
    pub fn key(&mut self, event: KeyEvent, width: usize, page: usize) -> bool {
        let last = self.tokens().len().saturating_sub(1);
        match event.code {
            KeyCode::Char('l') | KeyCode::Right => self.cursor = (self.cursor + 1).min(last),
            KeyCode::Char('h') | KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Char('j') | KeyCode::Down => self.move_rows(1, width),
            KeyCode::Char('k') | KeyCode::Up => self.move_rows(-1, width),
            KeyCode::PageDown => self.move_rows(page.max(1) as isize, width),
            KeyCode::PageUp => self.move_rows(-(page.max(1) as isize), width),
            KeyCode::Home | KeyCode::Char('g') => self.cursor = 0,
            KeyCode::End | KeyCode::Char('G') => self.cursor = last,
            KeyCode::Char('n') => self.next_pushed(),
            KeyCode::Char('v' | ' ') => {
                let at = Tint::ALL.iter().position(|t| *t == self.tint).unwrap_or(0);
                self.tint = Tint::ALL[(at + 1) % Tint::ALL.len()];
            }
            KeyCode::Tab | KeyCode::BackTab if !self.pair.is_single() => {
                self.side = 1 - self.side;
                self.cursor = 0;
            }
            KeyCode::Char('q') | KeyCode::Enter => return false,
            _ => {}
        }
        true
    }

    /// The token of another line that is nearest to the same column.
    fn move_rows(&mut self, by: isize, width: usize) {
        let rows = self.rows(width);
        let Some(here) = rows.iter().position(|row| row.iter().any(|c| c.index == self.cursor)) else {
            return;
        };
        let column: usize = rows[here]
            .iter()
            .take_while(|c| c.index != self.cursor)
            .map(|c| c.width)
            .sum();
        let there = here.saturating_add_signed(by).min(rows.len() - 1);
        let mut at = 0;
        for cell in &rows[there] {
            self.cursor = cell.index;
            at += cell.width;
            if at > column {
                break;
            }
        }
    }

    /// The next token that differs most: one nat or more from the reference, round and round.
    fn next_pushed(&mut self) {
        let tokens = self.tokens();
        let n = tokens.len();
        let found = (1..=n)
            .map(|i| (self.cursor + i) % n)
            .find(|i| tokens[*i].difference().is_some_and(|d| d.abs() >= 1.0));
        self.cursor = found.unwrap_or(self.cursor);
    }
}

/// Opens it for the pair under the cursor of the responses.
pub fn open(state: &mut State) -> Vec<Effect> {
    let Some(pair) = state.responses.pair().cloned() else {
        state.refuse("no sampled pair is under the cursor");
        return vec![];
    };
    let (step, index) = (pair.step, pair.index);
    // What a trainer in another process answers is told to nobody else.
    let live = live::why_no_answer(&state.run).is_none() && !state.run.remote;
    state.popup = Some(Popup::Inside(Box::new(Inside {
        pair,
        answer: None,
        side: 0,
        tint: Tint::Difference,
        cursor: 0,
        live,
    })));
    match live {
        true => admit(state, vec![Effect::Send(Command::LookInside { step, index })]),
        false => vec![Effect::LookInside { step, index }],
    }
}

/// Puts an answer where it was asked for.
pub fn answered(state: &mut State, answer: Answer) {
    if let Some(Popup::Inside(inside)) = &mut state.popup
        && (inside.pair.step, inside.pair.index) == (answer.step, answer.index)
    {
        let unknown = matches!(&answer.found, Ok(sides) if sides[0].iter().any(|t| t.reference.is_none()));
        if unknown {
            inside.tint = Tint::Policy;
        }
        inside.answer = Some(answer);
    }
}

/// How the pair's margin, weights and branch moved as tau fell, in lines of words. Of PLE alone.
pub fn fate(pair: &PairRecord, run: &RunView) -> Vec<String> {
    let Some(method) = run
        .experiment()
        .map(|e| &e.method)
        .filter(|m| m.name == MethodName::Ple)
    else {
        return Vec::new();
    };
    if !matches!(pair.branch, Branch::Ranked | Branch::Weighted) {
        return Vec::new();
    }
    let now = run.steps_done().saturating_sub(1);
    let last = match method.replay {
        Replay::All => now,
        Replay::Latest => pair.step,
        Replay::Window(n) => pair.step.saturating_add(n.max(1) - 1).min(now),
    };
    let mut lines = vec![format!(
        "s' - s {}, w {}, w' {}; learnt from {}",
        live::signed(pair.margin()),
        live::signed(pair.weight_original),
        live::signed(pair.weight_guided),
        match last {
            last if last == pair.step => format!("at step {} alone", pair.step),
            last => format!("at steps {} to {last}", pair.step),
        }
    )];
    let parts: Vec<String> = branches(pair, run, last)
        .into_iter()
        .map(|(from, to, tau, branch)| {
            let name = if branch == Branch::Ranked { "ranked" } else { "weighted" };
            let steps = if from == to {
                format!("{from}")
            } else {
                format!("{from}–{to}")
            };
            let taus = if from == to || tau.0 == tau.1 {
                short(f64::from(tau.0))
            } else {
                format!("{}→{}", short(f64::from(tau.0)), short(f64::from(tau.1)))
            };
            format!("{name} {steps} (tau {taus})")
        })
        .collect();
    if !parts.is_empty() {
        lines.push(parts.join(", then "));
    }
    lines
}

/// The stretches of steps, with tau at both ends, during which it was in one branch.
fn branches(pair: &PairRecord, run: &RunView, last: u32) -> Vec<(u32, u32, (f32, f32), Branch)> {
    let rank = run.experiment().is_some_and(|e| e.method.rank);
    let taus = run.history.column(Series::Tau).points();
    let mut all: Vec<(u32, u32, (f32, f32), Branch)> = Vec::new();
    for (step, tau) in run.history.steps().iter().zip(taus) {
        if *step < pair.step || *step > last || !tau.is_finite() {
            continue;
        }
        let ranked = rank && pair.margin() > f64::from(*tau);
        let branch = if ranked { Branch::Ranked } else { Branch::Weighted };
        match all.last_mut() {
            Some((_, to, taus, same)) if *same == branch => (*to, taus.1) = (*step, *tau),
            _ => all.push((*step, *step, (*tau, *tau), branch)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screens::fixtures;

    #[test]
    fn a_pair_changes_its_branch_as_tau_falls() {
        let run = fixtures::populated();
        let mut pair = fixtures::pair(2, 0);
        let tau = |step: u32| f64::from(run.history.column(Series::Tau).points()[step as usize]);
        (pair.reward_original, pair.reward_guided, pair.shaped) = (0.0, (tau(9) + tau(10)) / 2.0, None);
        let parts = branches(&pair, &run, 15);
        let found: Vec<(u32, u32, Branch)> = parts.iter().map(|p| (p.0, p.1, p.3)).collect();
        assert_eq!(found, [(2, 9, Branch::Weighted), (10, 15, Branch::Ranked)]);
    }
}
