//! The user's own keys put into the key table.

use super::bindings::slug;
use super::keymap::{Binding, Key, ctrl};
use crate::config::near_name;

/// The keys that a row is to have, by its name.
pub type Wish<'a> = (&'a str, &'a [String]);

/// Puts keys into a table; `elsewhere` are names of rows of other tables, whose wishes are left to those. The errors name the
/// wish by its place and say what is wrong with it.
pub fn rebind<A>(
    mut table: Vec<Binding<A>>,
    wishes: &[Wish],
    elsewhere: &[&str],
) -> Result<Vec<Binding<A>>, Vec<(usize, String)>> {
    let mut problems = Vec::new();
    for (i, (name, keys)) in wishes.iter().enumerate() {
        let Some(at) = table.iter().position(|row| row.name == *name) else {
            if !elsewhere.contains(name) {
                let names = table.iter().map(|row| row.name).chain(elsewhere.iter().copied());
                problems.push((i, unknown(near_name(name, names))));
            }
            continue;
        };
        let parsed: Result<Vec<Key>, String> = keys.iter().map(|text| Key::parse(text)).collect();
        match parsed {
            Err(why) => problems.push((i, why)),
            Ok(keys) if *name == "quit" && !keys.iter().any(|k| *k != LEAVE) => {
                problems.push((i, "there must be a key to leave with, besides Ctrl-c".into()));
            }
            Ok(mut keys) => {
                // The way out of a workbench whose keys one has forgotten.
                if *name == "quit" && !keys.contains(&LEAVE) {
                    keys.push(LEAVE);
                }
                // Once in a process, and the table lives as long.
                table[at].keys = Vec::leak(keys);
            }
        }
    }
    if problems.is_empty() {
        problems = conflicts(&table, wishes);
    }
    match problems.is_empty() {
        true => Ok(table),
        false => Err(problems),
    }
}

const LEAVE: Key = ctrl('c');

fn unknown(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("nothing is called so; did you mean '{near}'? `ple config keys` lists them all"),
        None => "nothing is called so; `ple config keys` lists the names".into(),
    }
}

/// Keys that would mean two things in one place, each told at the last of the wishes that it is about.
fn conflicts<A>(table: &[Binding<A>], wishes: &[Wish]) -> Vec<(usize, String)> {
    let wished = |row: &Binding<A>| wishes.iter().rposition(|(name, _)| *name == row.name);
    let mut problems = Vec::new();
    for (i, (name, _)) in wishes.iter().enumerate() {
        let Some(row) = table.iter().find(|row| row.name == *name) else {
            continue;
        };
        for key in row.keys {
            let meets = |other: &&Binding<A>| {
                other.name != row.name
                    && (row.screen.is_none() || other.screen.is_none() || row.screen == other.screen)
                    && other.keys.contains(key)
                    && wished(other).is_none_or(|j| j < i)
            };
            if let Some(other) = table.iter().find(meets) {
                let place = other.screen.map_or("everywhere".into(), |s| format!("on {}", slug(s)));
                problems.push((
                    i,
                    format!(
                        "{} is the key of {} ({place}) already; give one of the two another key",
                        key.label(),
                        other.name
                    ),
                ));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::action::{Action, Screen};
    use crate::tui::bindings::{find, table};
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn wish(pairs: &[(&str, &[&str])]) -> Result<Vec<Binding>, Vec<(usize, String)>> {
        let owned: Vec<(&str, Vec<String>)> = pairs
            .iter()
            .map(|(name, keys)| (*name, keys.iter().map(|k| k.to_string()).collect()))
            .collect();
        let wishes: Vec<Wish> = owned.iter().map(|(name, keys)| (*name, keys.as_slice())).collect();
        rebind(table(), &wishes, &[])
    }

    fn wrong(pairs: &[(&str, &[&str])]) -> String {
        let problems = wish(pairs).expect_err("a problem");
        problems.iter().map(|(i, why)| format!("{i}: {why}\n")).collect()
    }

    #[test]
    fn a_key_of_ones_own_acts_and_the_old_one_does_not() {
        let table = wish(&[("pause", &["F5"]), ("set-tau", &["F7", "Ctrl-t"])]).expect("no conflict");
        let press = |code, modifiers| find(&table, Screen::Dashboard, &KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::F(5), KeyModifiers::NONE), Some(Action::PauseOrContinue));
        assert_eq!(press(KeyCode::Char(' '), KeyModifiers::NONE), None);
        assert!(press(KeyCode::Char('t'), KeyModifiers::CONTROL).is_some());
        let swapped = wish(&[("step", &["t"]), ("set-tau", &["n"])]).expect("the two are exchanged");
        assert_eq!(swapped.len(), table.len());
        assert!(wish(&[("quit", &["Q"])]).is_ok_and(|t| t.iter().any(|r| r.name == "quit" && r.keys.contains(&LEAVE))));
    }

    #[test]
    fn what_cannot_be_is_told() {
        assert_eq!(
            wrong(&[("puase", &["p"])]),
            "0: nothing is called so; did you mean 'pause'? `ple config keys` lists them all\n"
        );
        assert!(wrong(&[("pause", &["Ctrl-"])]).contains("\"Ctrl-\" is no key; a key is one sign"));
        assert!(wrong(&[("pause", &["Ctrl-i"])]).contains("a terminal sends Tab for it"));
        assert!(wrong(&[("pause", &["q"])]).contains("q is the key of quit (everywhere) already"));
        assert!(wrong(&[("quit", &[])]).contains("a key to leave with"));
        assert_eq!(
            wrong(&[("pause", &["F6"]), ("step", &["F6"])]),
            "1: F6 is the key of pause (everywhere) already; give one of the two another key\n"
        );
    }

    #[test]
    fn every_key_of_the_table_can_be_written_as_it_is_shown() {
        for row in table() {
            for key in row.keys {
                assert_eq!(Key::parse(&key.label()), Ok(*key), "{}", row.name);
            }
        }
    }
}
