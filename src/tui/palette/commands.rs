//! The commands of the palette that take an argument, and what a line of it means.

use std::path::PathBuf;

use super::fuzzy;
use crate::run::PairOrder;
use crate::tui::action::{Action, Number, Screen};
use crate::tui::bindings;
use crate::tui::keymap::Binding;
use crate::tui::popup::Prompt;
use crate::tui::screens::{effect, responses};
use crate::tui::state::State;
use crate::tui::steering::Wish;

/// A command with an argument.
pub struct Command {
    pub name: &'static str,
    /// How the argument is written: "X", "on|off NAME".
    pub argument: &'static str,
    pub help: &'static str,
    /// The row of the key table that asks for the same: its key is shown.
    pub row: Option<&'static str>,
    /// The action, or what is wrong with the argument.
    pub parse: fn(&State, &str) -> Result<Action, String>,
    /// What the argument may be, for completion, each with a word about it.
    pub arguments: fn(&State) -> Vec<(String, String)>,
    /// An action of this kind, to ask whether it can be done now.
    pub probe: fn() -> Option<Action>,
}

/// Every command with an argument. Rows of the key table are commands without one.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "tau",
        argument: "X",
        help: "set tau, the threshold between ranking and weighting",
        row: Some("set-tau"),
        parse: |_, text| number(Number::Tau, text),
        arguments: |_| vec![],
        probe: || Some(Action::Ask(Number::Tau)),
    },
    Command {
        name: "decay",
        argument: "X",
        help: "set the decay of tau (the paper's alpha)",
        row: Some("set-decay"),
        parse: |_, text| number(Number::Decay, text),
        arguments: |_| vec![],
        probe: || Some(Action::Ask(Number::Decay)),
    },
    Command {
        name: "learning-rate",
        argument: "X",
        help: "set the learning rate",
        row: Some("set-learning-rate"),
        parse: |_, text| number(Number::LearningRate, text),
        arguments: |_| vec![],
        probe: || Some(Action::Ask(Number::LearningRate)),
    },
    Command {
        name: "principle",
        argument: "on|off NAME",
        help: "switch a principle on or off, from the next step on",
        row: None,
        parse: principle,
        arguments: principles,
        probe: || Some(Action::SwitchPrinciple(String::new(), true)),
    },
    Command {
        name: "goto",
        argument: "STEP",
        help: "look at a step, on every screen",
        row: None,
        parse: |state, text| step(state, text).map(Action::GoTo),
        arguments: |_| vec![],
        probe: || None,
    },
    Command {
        name: "screen",
        argument: "NAME",
        help: "show a screen",
        row: None,
        parse: screen,
        arguments: |state| {
            let screens = Screen::of(&state.run).iter();
            screens
                .map(|s| (bindings::slug(*s).to_string(), s.title().to_string()))
                .collect()
        },
        probe: || None,
    },
    Command {
        name: "filter",
        argument: "all|BRANCH|WORDS",
        help: "show only the pairs of a branch, or with these words",
        row: Some("responses-branch"),
        parse: filter,
        arguments: |state| {
            let branches = responses::branches(&state.run).iter();
            let all = ("all".to_string(), "every pair".to_string());
            let rest = branches.map(|b| (responses::branch_word(*b), "only these".to_string()));
            std::iter::once(all).chain(rest).collect()
        },
        probe: || None,
    },
    Command {
        name: "order",
        argument: "ORDER",
        help: "order the pairs",
        row: Some("responses-order"),
        parse: |_, text| {
            let found = ORDERS.iter().find(|(name, ..)| *name == text);
            found
                .map(|(_, order, _)| Action::Responses(responses::Action::Order(*order)))
                .ok_or_else(|| one_of(text, ORDERS.iter().map(|(name, ..)| *name)))
        },
        arguments: |_| {
            ORDERS
                .iter()
                .map(|(name, _, help)| ((*name).into(), (*help).into()))
                .collect()
        },
        probe: || None,
    },
    Command {
        name: "ask",
        argument: "TEXT",
        help: "ask the model something of your own",
        row: Some("responses-ask"),
        parse: |_, text| Ok(Action::Responses(responses::Action::Ask(text.to_string()))),
        arguments: |_| vec![],
        probe: || Some(Action::Responses(responses::Action::OpenAsk)),
    },
    Command {
        name: "measure",
        argument: "QUERIES",
        help: "measure what each principle does, on so many held-out queries",
        row: Some("effect-measure"),
        parse: |_, text| match text.parse() {
            Ok(queries @ 1..=1024) => Ok(Action::Effect(effect::Action::MeasureOn(queries))),
            _ => Err(format!(
                "\"{text}\" is not a number of queries; wants 1 to 1024, for example measure 64"
            )),
        },
        arguments: |_| vec![],
        probe: || Some(Action::Effect(effect::Action::Measure)),
    },
    Command {
        name: "steer",
        argument: "take|take!|release",
        help: "steer a run that another process trains; take! also from another workbench",
        row: Some("steer-toggle"),
        parse: |_, text| match text {
            "take" => Ok(Action::Steer(Wish::Take { even_so: false })),
            "take!" => Ok(Action::Steer(Wish::Take { even_so: true })),
            "release" => Ok(Action::Steer(Wish::Release)),
            _ => Err(one_of(text, ["take", "take!", "release"].into_iter())),
        },
        arguments: |_| {
            let rows = [
                ("take", "where nobody steers"),
                ("release", "watch only"),
                ("take!", "also from another workbench"),
            ];
            rows.map(|(name, help)| (name.to_string(), help.to_string())).into()
        },
        probe: || None,
    },
    Command {
        name: "load",
        argument: "FILE",
        help: "read a principles file into the draft",
        row: None,
        parse: |_, text| Ok(Action::LoadPrinciples(PathBuf::from(text))),
        arguments: |state| principles_file(state).into_iter().collect(),
        probe: || None,
    },
    Command {
        name: "save",
        argument: "FILE",
        help: "write the principles as they stand to a file",
        row: Some("principles-save"),
        parse: |_, text| Ok(Action::SavePrinciples(PathBuf::from(text))),
        arguments: |_| vec![],
        probe: || None,
    },
];

const ORDERS: [(&str, PairOrder, &str); 4] = [
    ("newest", PairOrder::Newest, "newest step first"),
    ("oldest", PairOrder::Oldest, "oldest step first"),
    ("largest", PairOrder::LargestMargin, "largest margin first"),
    ("smallest", PairOrder::SmallestMargin, "smallest margin first"),
];

/// What a line means.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    /// The screen it belongs to; it is shown before the action.
    pub screen: Option<Screen>,
    pub action: Action,
}

/// Reads a line: the name of a row of the key table, or a command and its argument; a number alone is a step to go to.
pub fn parse(state: &State, line: &str) -> Result<Meaning, String> {
    let line = line.trim().trim_start_matches(':').trim_start();
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim();
    let anywhere = |action| Meaning { screen: None, action };
    if name.chars().all(|c| c.is_ascii_digit()) && argument.is_empty() {
        return step(state, name).map(|step| anywhere(Action::GoTo(step)));
    }
    if let Some(command) = COMMANDS.iter().find(|c| c.name == name) {
        if argument.is_empty() {
            return Err(format!("{name} wants {}: {}", command.argument, command.help));
        }
        let action = (command.parse)(state, argument)?;
        let screen = screen_of(&action);
        return Ok(Meaning { screen, action });
    }
    if let Some(row) = rows(state).find(|row| row.name == name) {
        if !argument.is_empty() {
            return Err(format!("{name} takes no argument; leave \"{argument}\" out"));
        }
        return Ok(Meaning {
            screen: row.screen,
            action: row.action.clone(),
        });
    }
    let names = rows(state).map(|r| r.name).chain(COMMANDS.iter().map(|c| c.name));
    let near = names.filter_map(|n| Some((fuzzy::score(name, n)?, n))).max();
    Err(match near {
        Some((_, near)) => format!("no command \"{name}\"; did you mean {near}? (Tab takes it)"),
        None => format!("no command \"{name}\"; an empty line lists all of them"),
    })
}

/// The rows of the key table for the screens of this run.
pub fn rows(state: &State) -> impl Iterator<Item = &Binding> {
    let screens = Screen::of(&state.run);
    let here = move |row: &&Binding| row.screen.is_none_or(|s| screens.contains(&s));
    let opens = |row: &&Binding| row.action != Action::OpenPalette;
    state.table.iter().filter(here).filter(opens)
}

/// The screen an action belongs to.
fn screen_of(action: &Action) -> Option<Screen> {
    match action {
        Action::Responses(_) => Some(Screen::Responses),
        Action::Effect(_) => Some(Screen::Effect),
        Action::LoadPrinciples(_) | Action::SavePrinciples(_) => Some(Screen::Principles),
        _ => None,
    }
}

fn number(number: Number, text: &str) -> Result<Action, String> {
    let prompt = Prompt {
        text: text.to_string(),
        ..Prompt::new(number)
    };
    prompt.value().map(|value| Action::Set(number, value))
}

fn step(state: &State, text: &str) -> Result<u32, String> {
    let Some(last) = state.run.steps_done().checked_sub(1) else {
        return Err("no step was taken yet".into());
    };
    match text.parse::<u32>() {
        Ok(step) if step <= last => Ok(step),
        Ok(step) => Err(format!("step {step} was not taken yet: the last one is {last}")),
        Err(_) => Err(format!("\"{text}\" is not a step: write a number from 0 to {last}")),
    }
}

fn principle(state: &State, text: &str) -> Result<Action, String> {
    let (word, name) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let on = match word {
        "on" => true,
        "off" => false,
        _ => return Err(format!("principle wants on or off, then a name; found \"{word}\"")),
    };
    let known: Vec<&str> = in_force(state).map(|(name, _)| name).collect();
    let name = name.trim();
    if known.contains(&name) {
        return Ok(Action::SwitchPrinciple(name.to_string(), on));
    }
    Err(match name {
        "" => format!("principle {word} wants a name: {}", known.join(", ")),
        _ => format!("no principle is named \"{name}\"; there are {}", known.join(", ")),
    })
}

/// Names of the principles in force, and whether they are on.
fn in_force(state: &State) -> impl Iterator<Item = (&str, bool)> {
    let newest = state.run.principles.last();
    let entries = newest.map(|v| v.principles.entries.as_slice()).unwrap_or_default();
    entries.iter().map(|e| (e.name.as_str(), e.on))
}

fn principles(state: &State) -> Vec<(String, String)> {
    in_force(state)
        .map(|(name, on)| match on {
            true => (format!("off {name}"), "on now".to_string()),
            false => (format!("on {name}"), "off now".to_string()),
        })
        .collect()
}

fn principles_file(state: &State) -> Option<(String, String)> {
    let experiment = state.run.experiment()?;
    Some((experiment.principles.file.clone(), "the experiment's".to_string()))
}

fn screen(state: &State, text: &str) -> Result<Action, String> {
    let screens = Screen::of(&state.run);
    let by_number = text.parse::<usize>().ok().and_then(|n| screens.get(n.checked_sub(1)?));
    let by_name = screens
        .iter()
        .find(|s| bindings::slug(**s) == text || s.title().eq_ignore_ascii_case(text));
    by_number
        .or(by_name)
        .map(|screen| Action::Show(*screen))
        .ok_or_else(|| one_of(text, screens.iter().map(|s| bindings::slug(*s))))
}

fn filter(state: &State, text: &str) -> Result<Action, String> {
    let branches = responses::branches(&state.run);
    let named = branches.iter().find(|b| responses::branch_word(**b) == text);
    Ok(Action::Responses(match (text, named) {
        ("all", _) => responses::Action::Filter(None, String::new()),
        (_, Some(branch)) => responses::Action::Filter(Some(*branch), String::new()),
        (words, None) => responses::Action::Filter(None, words.to_string()),
    }))
}

fn one_of<'a>(found: &str, wanted: impl Iterator<Item = &'a str>) -> String {
    let wanted: Vec<&str> = wanted.collect();
    format!("\"{found}\" is none of {}", wanted.join(", "))
}
