//! The experiment file, the principles file and the user's settings: typed, read, checked and written.
//!
//! Reading goes text -> tree with line numbers (`tree`) -> `--set` (`overrides`) -> checked against the list of
//! keys (`schema`, `check`) -> types. Serde comes last and has nothing left to complain about, since its own
//! messages know neither the line nor what would do.

mod alter;
mod cases;
mod check;
mod error;
mod experiment;
mod find;
mod fit;
mod key;
mod load;
mod lora;
mod method;
mod methods;
mod numbering;
mod overrides;
mod places;
mod presets;
mod principles;
mod reward;
mod reward_check;
mod schedule;
mod schema;
mod settings;
mod stabilise;
mod suite;
mod task;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub use alter::{Altered, Change, Difference as SettingDifference, alter, differences, settings};
pub use cases::{Case, parse_cases};
pub use error::{ConfigError, Problem};
pub use experiment::*;
pub use find::find_file;
pub(crate) use find::{list_names, matches_pattern, near_name};
pub use fit::*;
pub use load::{Source, load_experiment, load_plan, parse_principles};
pub use lora::*;
pub use method::*;
pub use methods::*;
pub use numbering::Numbering;
pub use places::{Get, SettingsFile, environment, home, state_folder};
pub use presets::{PresetKey, preset_of};
pub use principles::*;
pub use reward::*;
pub(crate) use reward_check::unusable;
pub use schedule::{ScheduleEntry, check_schedule_names};
pub use settings::*;
pub use stabilise::*;
pub use suite::*;
pub use write::{experiment_to_toml, plan_to_toml, principles_to_toml};
