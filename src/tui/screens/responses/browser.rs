//! The list of pairs: the newest batch as it comes, or a window into everything the store holds.

use crate::run::{Asker, PairFilter, PairOrder, PairPage};
use crate::train::{Branch, PairRecord};
use crate::tui::run_view::RunView;

/// Pairs asked of the store at a time.
const WINDOW: u64 = 200;
/// Closer than this to the end of the window, the next one is asked for.
const MARGIN: u64 = 50;

/// Which pairs are listed, those at hand, and the one under the cursor.
#[derive(Debug)]
pub struct Browser {
    /// The list is the newest batch and changes with every step.
    pub follow: bool,
    pub branch: Option<Branch>,
    pub order: PairOrder,
    pub search: String,
    pub step: Option<u32>,
    /// The rows at hand, of which the first is row `offset` of the list.
    rows: Vec<PairRecord>,
    offset: u64,
    total: u64,
    cursor: u64,
    waiting: Option<Waiting>,
    last_id: u64,
    /// Newest step whose pairs were counted; in the past the step whose pairs are shown.
    seen: Option<u32>,
    /// A step of the past is looked at: its pairs stand still, and moving among them holds nothing.
    past: bool,
    /// Steps done when a stored run was last asked for its newest pairs.
    asked_at: Option<u32>,
}

/// A question the store has not answered yet.
#[derive(Debug)]
struct Waiting {
    filter: PairFilter,
    /// The list changed: its cursor starts at the top again.
    fresh: bool,
}

impl Default for Browser {
    fn default() -> Self {
        Self {
            follow: true,
            branch: None,
            order: PairOrder::Newest,
            search: String::new(),
            step: None,
            rows: Vec::new(),
            offset: 0,
            total: 0,
            cursor: 0,
            waiting: None,
            last_id: 0,
            seen: None,
            past: false,
            asked_at: None,
        }
    }
}

/// The step whose pairs are followed: the one looked at, once its pairs are there, or the newest.
fn followed_step(run: &RunView) -> Option<u32> {
    match &run.past {
        Some(past) => past.pairs_of,
        None => run.recent.back().map(|p| p.step),
    }
}

/// Its pairs at hand.
fn batch(run: &RunView) -> Box<dyn Iterator<Item = &PairRecord> + '_> {
    let step = followed_step(run);
    match &run.past {
        Some(past) => Box::new(past.pairs.iter()),
        None => Box::new(run.recent.iter().rev().take_while(move |p| Some(p.step) == step)),
    }
}

impl Browser {
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Rows of the list, at hand or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// A question is with the store.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// A row of the list, if it is at hand.
    pub fn row(&self, index: u64) -> Option<&PairRecord> {
        let place = index.checked_sub(self.offset)?;
        self.rows.get(usize::try_from(place).ok()?)
    }

    /// The pair under the cursor, if it is at hand.
    pub fn selected(&self) -> Option<&PairRecord> {
        self.row(self.cursor)
    }

    /// The run changed. Gives the question to ask, if any.
    pub fn on_event(&mut self, run: &RunView) -> Option<PairFilter> {
        self.past = run.past.is_some();
        let newest = followed_step(run);
        let fresh = newest.is_some() && newest != self.seen;
        if self.follow {
            self.seen = newest;
            if fresh || self.rows.is_empty() {
                self.show_newest(run);
            }
            return self.ask_stored(run);
        }
        if fresh {
            self.make_room(run);
            self.seen = newest;
        }
        self.ask_if_near_edge()
    }

    /// Follows the newest step again: newest first, every step, no search.
    pub fn start_following(&mut self, run: &RunView) {
        self.follow = true;
        self.order = PairOrder::Newest;
        self.search.clear();
        self.step = None;
        self.waiting = None;
        self.cursor = 0;
        self.past = run.past.is_some();
        self.seen = followed_step(run);
        self.asked_at = None;
        self.show_newest(run);
    }

    /// Another step is looked at: the list follows it, unless it is held and only a film went on.
    pub fn travelled(&mut self, run: &RunView, by_hand: bool) -> Option<PairFilter> {
        let was_past = std::mem::replace(&mut self.past, run.past.is_some());
        if !self.follow {
            if by_hand {
                self.start_following(run);
            }
            return None;
        }
        // What was asked for the list before is not wanted any more.
        self.waiting = None;
        if was_past && run.past.is_none() && run.recent.is_empty() {
            self.asked_at = None;
        }
        self.on_event(run)
    }

    /// Keeps the list as it is, and lets the rest of the run join it.
    pub fn hold(&mut self) -> Option<PairFilter> {
        if !self.follow {
            return None;
        }
        self.follow = false;
        Some(self.ask(0, false))
    }

    /// Asks for the list anew, from its top, after a filter or the order changed.
    pub fn renew(&mut self) -> PairFilter {
        self.follow = false;
        self.ask(0, true)
    }

    /// Changes the branch: within the newest batch while following, else in the store.
    pub fn set_branch(&mut self, branch: Option<Branch>, run: &RunView) -> Option<PairFilter> {
        self.branch = branch;
        if self.follow && followed_step(run).is_some() {
            self.cursor = 0;
            self.show_newest(run);
            return None;
        }
        if self.follow {
            return Some(self.ask(0, true));
        }
        Some(self.renew())
    }

    /// Moves the cursor, which ends following. Gives the question to ask, if any.
    pub fn move_to(&mut self, row: u64) -> Option<PairFilter> {
        let held = if self.past { None } else { self.hold() };
        self.cursor = row.min(self.total.saturating_sub(1));
        held.or_else(|| self.ask_if_near_edge())
    }

    /// Takes in an answer of the store; answers to anything but the last question are ignored.
    pub fn page(&mut self, page: PairPage) {
        let Some(waiting) = self.waiting.take_if(|w| w.filter.id == page.filter.id) else {
            return;
        };
        let key = self.selected().filter(|_| !waiting.fresh).map(|p| (p.step, p.index));
        self.rows = page.pairs;
        self.offset = page.filter.offset;
        self.total = page.total.max(self.offset + self.rows.len() as u64);
        if waiting.fresh {
            self.cursor = 0;
        }
        let found = key.and_then(|k| self.rows.iter().position(|p| (p.step, p.index) == k));
        if let Some(place) = found {
            self.cursor = self.offset + place as u64;
        }
        self.cursor = self.cursor.min(self.total.saturating_sub(1));
    }

    fn show_newest(&mut self, run: &RunView) {
        if followed_step(run).is_none() {
            return;
        }
        let mut rows: Vec<PairRecord> = batch(run)
            .filter(|p| self.branch.is_none_or(|b| b == p.branch))
            .cloned()
            .collect();
        rows.sort_by_key(|p| p.index);
        self.total = rows.len() as u64;
        self.rows = rows;
        self.offset = 0;
        self.cursor = self.cursor.min(self.total.saturating_sub(1));
        self.waiting = None;
    }

    /// A stored run may tell its steps without its pairs: then the store is asked, once for each state of the run.
    fn ask_stored(&mut self, run: &RunView) -> Option<PairFilter> {
        let steps = run.steps_done();
        if self.past || run.live || !run.recent.is_empty() || steps == 0 || self.asked_at == Some(steps) {
            return None;
        }
        self.asked_at = Some(steps);
        Some(self.ask(0, true))
    }

    /// New pairs come in front of the newest first, and behind the oldest first; the cursor stays with its pair.
    fn make_room(&mut self, run: &RunView) {
        let is_new = |p: &&PairRecord| self.seen.is_none_or(|s| p.step > s) && self.matches(p);
        // The store may have answered with pairs whose event comes only now.
        let known = |p: &&PairRecord| self.rows.iter().any(|r| (r.step, r.index) == (p.step, p.index));
        let new = run.recent.iter().filter(|p| is_new(p) && !known(p)).count() as u64;
        if self.order == PairOrder::Newest && self.total > 0 {
            self.offset += new;
            self.cursor += new;
        }
        self.total += new;
    }

    fn matches(&self, pair: &PairRecord) -> bool {
        let search = self.search.to_ascii_lowercase();
        let has = |text: &str| text.to_ascii_lowercase().contains(&search);
        self.branch.is_none_or(|b| b == pair.branch)
            && self.step.is_none_or(|s| s == pair.step)
            && (search.is_empty() || has(&pair.query) || has(&pair.original) || has(&pair.guided))
    }

    fn ask_if_near_edge(&mut self) -> Option<PairFilter> {
        let end = self.offset + self.rows.len() as u64;
        let near_start = self.offset > 0 && self.cursor < self.offset + MARGIN;
        let near_end = end < self.total && self.cursor + MARGIN >= end;
        if self.follow || !(near_start || near_end) {
            return None;
        }
        let offset = self.cursor.saturating_sub(WINDOW / 2);
        let close = |w: &Waiting| w.fresh || w.filter.offset.abs_diff(offset) < MARGIN;
        if self.waiting.as_ref().is_some_and(close) {
            return None;
        }
        Some(self.ask(offset, false))
    }

    fn ask(&mut self, offset: u64, fresh: bool) -> PairFilter {
        self.last_id += 1;
        let filter = PairFilter {
            id: self.last_id,
            asker: Asker::List,
            search: self.search.clone(),
            branch: self.branch,
            step: self.step,
            order: self.order,
            offset,
            limit: WINDOW,
        };
        self.waiting = Some(Waiting {
            filter: filter.clone(),
            fresh,
        });
        filter
    }
}
