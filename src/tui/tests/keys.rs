//! Keys of one's own are named wherever a key is named.

use std::sync::LazyLock;

use super::fixtures::*;
use crate::tui::action::{Action, Screen};
use crate::tui::bindings;
use crate::tui::keymap::{Key, ch};
use crate::tui::legend::Legend;
use crate::tui::state::State;
use crate::tui::update::update;

/// Keys that no text of the fixtures has, one for every row of the table.
static OTHERS: LazyLock<Vec<&'static [Key]>> = LazyLock::new(|| {
    let rows = bindings::table().len() as u32;
    let letters = (0..rows).filter_map(|i| char::from_u32(0xAC00 + 28 * i));
    letters.map(|c| &*Vec::leak(vec![ch(c)])).collect()
});

static LEGEND: LazyLock<Legend> = LazyLock::new(|| {
    let mut table = bindings::table();
    table
        .iter_mut()
        .zip(OTHERS.iter())
        .for_each(|(row, keys)| row.keys = keys);
    Legend::of(&table)
});

/// What those are called.
pub fn legend() -> Legend {
    *LEGEND
}

/// Gives every row another key. What was said before names keys of its own time, so it goes.
pub fn rebind_all(state: &mut State) {
    let rows = state.table.iter_mut().zip(OTHERS.iter());
    rows.for_each(|(row, keys)| row.keys = keys);
    state.theme.legend = *LEGEND;
    state.notice = None;
}

/// Words of a picture that read like a key of the usual table.
pub fn mentions(picture: &str) -> Vec<String> {
    const VERBS: &str = "applies takes brings opens saves shows measures cancels compares returns goes adds plays moves move \
                         leaves changes dismiss for opens";
    let alone = |key: &str| {
        let mut letters = key.chars();
        // A digit is a number far more often than the key of a screen.
        let graphic = |c: char| c.is_ascii_graphic() && !c.is_ascii_digit();
        let one = letters.next().is_some_and(graphic) && letters.next().is_none();
        one || ["End", "Home", "PgDn", "PgUp", "Space", "Tab"].contains(&key)
    };
    let words: Vec<&str> = picture.split_whitespace().collect();
    let mut found = vec![];
    for (i, word) in words.iter().enumerate() {
        let next = words.get(i + 1).copied().unwrap_or_default();
        let lower = next.starts_with(|c: char| c.is_ascii_lowercase());
        let inner = word.strip_prefix('(').and_then(|w| w.strip_suffix(')'));
        let label = word.trim_start_matches('(').strip_suffix(':');
        let bracketed = inner.is_some_and(|keys| keys.split('/').all(alone));
        let labelled = label.is_some_and(|key| alone(key) && !"xys".contains(key)) && lower;
        let does = alone(word)
            && VERBS
                .split(' ')
                .any(|verb| verb == next.trim_end_matches(['.', ',', ';']));
        if bracketed || labelled || does || (*word == "Esc" && next == "shows") || (*word == "[!]") {
            found.push(format!("{word} {next}"));
        }
    }
    found
}

#[test]
fn the_mentions_of_keys_are_found() {
    for text in [
        "Changes go into a draft; p applies it.",
        "by effect (o)",
        "2 of 3 (h/l)",
        "p: apply from the next step on",
        "newest: End shows it",
        "[!] dismiss",
        "· $ returns",
        "None. A adds one.",
    ] {
        assert!(!mentions(text).is_empty(), "{text}");
    }
    assert_eq!(
        mentions("y up, s' - s (Eq. 3) of tau (was 0.2): a reward"),
        Vec::<String>::new()
    );
}

/// Every other picture of the tests is looked at in the same way, see `fixtures::picture`.
#[test]
fn keys_of_ones_own_stand_on_every_screen() {
    let mut state = running(12);
    update(&mut state, Action::Time(crate::tui::time::Action::First));
    for screen in Screen::ALL {
        update(&mut state, Action::Show(screen));
        rebind_all(&mut state);
        let drawn = picture(&mut state, 120, 40);
        let live = state.theme.legend.key("live");
        assert!(drawn.contains(&format!("{live} returns")), "{drawn}");
        let help = state.theme.legend.key("help");
        assert!(drawn.contains(&format!("{help} help")), "{drawn}");
    }
    update(&mut state, Action::Time(crate::tui::time::Action::Faster));
    let said = state.notice.as_ref().map(|n| n.text.clone()).unwrap_or_default();
    assert!(
        said.contains(&format!("({} plays)", state.theme.legend.key("play"))),
        "{said}"
    );
}
