//! What the words and signs on the screens mean. The help shows this table where they are seen, the documentation has all of
//! it (a test holds them together).

use super::action::Screen;
use super::run_view::RunView;
use crate::config::MethodName;

/// A word or a sign, as the screens write it, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub word: &'static str,
    pub meaning: &'static str,
    /// Where it is seen.
    screens: &'static [Screen],
    /// Only PLE has it.
    ple: bool,
}

const NUMBERS: &[Screen] = &[
    Screen::Dashboard,
    Screen::Responses,
    Screen::Cases,
    Screen::Effect,
    Screen::Runs,
];
const CHARTS: &[Screen] = &[Screen::Dashboard, Screen::Training];
const PAIRS: &[Screen] = &[Screen::Dashboard, Screen::Responses];
const STEPS: &[Screen] = &[
    Screen::Dashboard,
    Screen::Responses,
    Screen::Principles,
    Screen::Cases,
    Screen::Training,
];

const fn of_all(screens: &'static [Screen], word: &'static str, meaning: &'static str) -> Word {
    Word {
        word,
        meaning,
        screens,
        ple: false,
    }
}

const fn of_ple(screens: &'static [Screen], word: &'static str, meaning: &'static str) -> Word {
    Word {
        word,
        meaning,
        screens,
        ple: true,
    }
}

/// Every word.
pub const WORDS: &[Word] = &[
    of_all(
        NUMBERS,
        "y, s",
        "what the model answers to the query alone, and the reward of that answer",
    ),
    of_ple(
        NUMBERS,
        "y′, s′",
        "what it answers with the principles before the query, and the reward of that",
    ),
    of_all(
        NUMBERS,
        "truth",
        "how well an answer does its task by the rules of the bundled texts, which no method and no reward model sees; no \
         fixed range: about 0 where the task is missed, several points where it is done well, below 0 for broken text; - \
         where the rules do not know the query",
    ),
    of_ple(
        &[Screen::Dashboard, Screen::Runs],
        "gap s′−s",
        "the mean of s′ less that of s in this step; \"was\" is that of the first step. It closes as s rises to s′",
    ),
    of_ple(
        PAIRS,
        "margin",
        "s′−s of one pair; the histogram has those of the newest step",
    ),
    of_ple(
        PAIRS,
        "τ",
        "pairs with a margin above tau are ranked, the others weighted; it falls from step to step (× decay)",
    ),
    of_ple(
        PAIRS,
        "ranked, rank",
        "Eq. 3: y′ is made likelier than y; L_rank is the loss of it",
    ),
    of_ple(
        PAIRS,
        "weighted, wsft",
        "Eq. 4: both answers are learnt by their weights w and w′; L_wsft is the loss of it",
    ),
    of_ple(
        &[Screen::Responses],
        "w, w′",
        "Eq. 5, from −1 to 1: above 0 an answer is made likelier, below 0 less likely",
    ),
    of_ple(
        &[Screen::Dashboard],
        "D_train",
        "the pairs learnt from, of all those held for replay",
    ),
    of_ple(
        &[Screen::Dashboard],
        "worse",
        "pairs whose s′ is below s: there the principles did not help, and y is pulled up",
    ),
    of_ple(
        &[Screen::Dashboard],
        "order of π",
        "the share of pairs with s′ above s of which the model, without the principles, already finds y′ the likelier (as \
         s); the same for margins above tau (at τ)",
    ),
    of_ple(
        &[Screen::Dashboard],
        "π agrees",
        "that share, for pairs with at least this margin",
    ),
    of_ple(
        &[Screen::Dashboard],
        "pure >, e*",
        "above this margin all pairs agree: the boundary of the pure level set, down to which tau may fall",
    ),
    of_all(
        PAIRS,
        "nats",
        "a difference of logarithms: one nat more is e (2.7) times as likely",
    ),
    of_all(
        &[Screen::Dashboard],
        "KL",
        "how far the model has moved from where the method began, in nats",
    ),
    of_all(
        &[Screen::Dashboard, Screen::Cases, Screen::Runs],
        "held out",
        "queries that no step trains on; runs in a list are compared by them",
    ),
    of_all(
        CHARTS,
        "dots, bands",
        "lines are moving averages, faint dots the single steps; rows of sparse dots are the edges of a band (mean ± \
         deviation, percentiles). Numbers in titles are of the step itself",
    ),
    of_all(
        STEPS,
        "step 22",
        "steps count from 0. 23/60 and \"after 23 steps\" say how many are done: the newest is then step 22",
    ),
    of_all(
        &[Screen::Runs],
        "▶ running",
        "some process trains it; ‖ paused: it waits, in this workbench",
    ),
    of_all(
        &[Screen::Runs],
        "■ stopped",
        "somebody ended it; ✓ finished: it has all its steps; ✗ failed: see why in its folder; ◌ interrupted: it ended \
         without a word. ple resume goes on with all but the finished",
    ),
];

impl Word {
    /// Whether it is seen on a screen of this run.
    fn is_of(&self, screen: Screen, run: &RunView) -> bool {
        let has_ple = run.fit_experiment().is_none() && run.method() == MethodName::Ple;
        self.screens.contains(&screen) && (has_ple || !self.ple)
    }
}

/// The words of a screen.
pub fn of(screen: Screen, run: &RunView) -> Vec<&'static Word> {
    WORDS.iter().filter(|word| word.is_of(screen, run)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One table: what is said on the screen is what is written.
    #[test]
    fn the_documentation_has_every_word() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/workbench.md");
        let page = std::fs::read_to_string(path).expect("the page");
        for Word { word, meaning, .. } in WORDS {
            let row = format!("| {word} | {meaning} |");
            assert!(page.contains(&row), "docs/workbench.md lacks:\n{row}");
        }
    }

    #[test]
    fn other_methods_are_spared_the_words_of_ple() {
        let mut run = crate::tui::screens::fixtures::started();
        let has = |run: &RunView, word| of(Screen::Dashboard, run).iter().any(|w| w.word == word);
        assert!(has(&run, "τ") && has(&run, "truth") && has(&run, "order of π"));
        if let Some(started) = &mut run.started {
            started.experiment.align_mut().unwrap().method.name = MethodName::Dpo;
        }
        assert!(!has(&run, "τ") && has(&run, "truth"));
        assert!(of(Screen::Rows, &run).is_empty());
    }
}
