//! Which of two answers is the better one: by a reward, by a judge model behind an HTTP endpoint, or by people.
//!
//! Everything here is plain data and what is asked of a server; what is kept of it is in `run::Judgements`.

pub mod ask;
mod choice;
mod cost;
mod file;
mod kappa;
mod people;
mod record;
mod rule;
mod sheet;
mod template;
pub mod wire;

pub use choice::choice;
pub use cost::{Cost, Prices, tokens_of};
pub use file::{JudgeFile, Temperature, check_judge, load_judge};
pub use kappa::{Agreement, agreement, fleiss};
pub use people::{People, majority, people};
pub use record::{Contest, Contestant, JudgeKind, Judged, Outcome, Round};
pub use rule::{Choice, EPSILON, Verdict, both_orders, by_score};
pub use sheet::{Item, Label, Mark, Pair, sheet};
pub use template::{Message, Template, TemplateError};
