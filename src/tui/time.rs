//! Time travel: what moves the cursor over the steps, and the film that moves it by itself.

use std::time::Duration;

use super::action::{Effect, Screen};
use super::state::State;
use super::widgets::scale::thousands;
use crate::run::{Asker, PairFilter, PairOrder};

/// Steps a second that a film may have.
const SPEEDS: [f64; 16] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4,
];
/// A film nobody set a speed for takes about this long.
const SECONDS: f64 = 15.0;
/// Pictures of a film are at least this far apart: faster ones leave out steps.
const PICTURE: f64 = 1.0 / 25.0;
/// Pairs of a step that are asked of the store; no batch is that large.
const PAIRS: u64 = 4096;

/// What can be done with the cursor.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// So many steps on, or back.
    By(i64),
    First,
    To(u32),
    /// Back to the newest step as it comes.
    Live,
    /// Play, or hold.
    Play,
    Slower,
    Faster,
    /// So much time has gone by while playing.
    Tick(Duration),
}

/// The film: the steps of the run one after the other, from the cursor to the live edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Film {
    pub playing: bool,
    /// Steps a second, once somebody has chosen.
    speed: Option<f64>,
    /// Parts of a step that have gone by.
    carry: f64,
}

impl Film {
    /// Steps a second, for a run of so many.
    pub fn speed(&self, steps: usize) -> f64 {
        let wanted = steps as f64 / SECONDS;
        self.speed
            .unwrap_or_else(|| SPEEDS.into_iter().rfind(|s| *s <= wanted).unwrap_or(SPEEDS[1]))
    }

    /// Time from one picture to the next.
    pub fn interval(&self, steps: usize) -> Duration {
        Duration::from_secs_f64((1.0 / self.speed(steps)).max(PICTURE))
    }

    fn change(&mut self, by: isize, steps: usize) -> f64 {
        let now = self.speed(steps);
        let place = SPEEDS.iter().position(|s| *s >= now).unwrap_or(SPEEDS.len() - 1);
        let speed = SPEEDS[place.saturating_add_signed(by).min(SPEEDS.len() - 1)];
        self.speed = Some(speed);
        speed
    }
}

/// The steps that the cursor moves over, and where it is: of the run, or of all runs that are looked at beside each other.
pub fn ground(state: &State) -> (&[u32], Option<u32>) {
    match state.runs.steps().filter(|_| state.screen == Screen::Runs) {
        Some(ground) => ground,
        None => (state.run.steps(), state.run.at()),
    }
}

/// Moves the cursor.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    let (steps, at) = ground(state);
    let Some((&first, &last)) = steps.first().zip(steps.last()) else {
        if !matches!(action, Action::Tick(_)) {
            state.refuse("no step has been taken yet, so there is no past to look at");
        }
        return vec![];
    };
    let count = steps.len();
    let here = at.unwrap_or(last);
    let place = steps.partition_point(|s| *s < here);
    match action {
        Action::By(by) => {
            state.film.playing = false;
            if at.is_none() && by > 0 {
                state.say("this is the newest step already");
                return vec![];
            }
            match place.saturating_add_signed(by as isize) {
                to if to >= count => travel(state, None, true),
                to => {
                    let to = ground(state).0[to];
                    travel(state, Some(to), true)
                }
            }
        }
        Action::First => {
            state.film.playing = false;
            travel(state, Some(first), true)
        }
        Action::To(step) => {
            state.film.playing = false;
            let to = nearest(ground(state).0, step);
            travel(state, to, true)
        }
        Action::Live => {
            state.film.playing = false;
            travel(state, None, true)
        }
        Action::Play if state.film.playing => {
            state.film.playing = false;
            vec![]
        }
        Action::Play => {
            if count < 2 {
                state.refuse("one step makes no film");
                return vec![];
            }
            state.film.playing = true;
            state.film.carry = 0.0;
            match at {
                // At the live edge a film starts from the beginning.
                None => travel(state, Some(first), true),
                Some(_) => vec![],
            }
        }
        Action::Slower | Action::Faster => {
            let by = if action == Action::Faster { 1 } else { -1 };
            let speed = state.film.change(by, count);
            let hint = if state.film.playing { "" } else { " (⟨play⟩ plays)" };
            state.say(format!("the film shows {} a second{hint}", steps_of(speed)));
            vec![]
        }
        Action::Tick(time) => tick(state, time, place),
    }
}

/// Time goes by; at the live edge the film is over.
fn tick(state: &mut State, time: Duration, place: usize) -> Vec<Effect> {
    if !state.film.playing {
        return vec![];
    }
    let (steps, at) = ground(state);
    if at.is_none() {
        // The run was told anew.
        state.film.playing = false;
        return vec![];
    }
    let gone = state.film.carry + time.as_secs_f64() * state.film.speed(steps.len());
    let whole = gone.floor();
    let to = place.saturating_add(whole as usize);
    let next = steps.get(to).copied().filter(|_| to + 1 < steps.len());
    state.film.carry = gone - whole;
    if whole < 1.0 {
        return vec![];
    }
    let Some(to) = next else {
        state.film.playing = false;
        let effects = travel(state, None, false);
        state.say("the film is over: this is the newest step");
        return effects;
    };
    travel(state, Some(to), false)
}

/// Looks at a step on every screen. `by_hand`: not the film, so that lists that were held follow again.
pub fn travel(state: &mut State, to: Option<u32>, by_hand: bool) -> Vec<Effect> {
    let mut effects = state.runs.travelled(to);
    // Of runs beside each other one may have got further than the run that is open: that shows its newest step then.
    let newest = state.run.steps().last().copied();
    state
        .run
        .look_at(to.filter(|step| newest.is_some_and(|newest| *step <= newest)));
    effects.extend(question(state));
    effects.extend(state.responses.travelled(&state.run, by_hand));
    state.principles.travelled(&state.run);
    state.cases.travelled(&state.run);
    state.effect.travelled(&state.run);
    effects
}

/// The pairs of the step looked at, where they are not at hand.
fn question(state: &mut State) -> Vec<Effect> {
    let Some(past) = &state.run.past else { return vec![] };
    if past.pairs_of == Some(past.step) || state.run.history.is_empty() {
        return vec![];
    }
    vec![Effect::QueryPairs(PairFilter {
        id: u64::from(past.step),
        asker: Asker::Cursor,
        step: Some(past.step),
        order: PairOrder::Newest,
        limit: PAIRS,
        ..PairFilter::default()
    })]
}

/// Where one is, in words: "step 37, live is 60 · $ returns".
pub fn words(state: &State) -> Option<String> {
    let step = state.run.at()?;
    let last = state.run.steps().last().copied().unwrap_or(step);
    let number = |n: u32| thousands(n.into());
    let mut text = match state.run.ended() {
        true => format!("step {}, the last is {}", number(step), number(last)),
        false => format!("step {}, live is {}", number(step), number(last)),
    };
    if state.film.playing {
        let speed = state.film.speed(state.run.steps().len());
        text.push_str(&format!(" · playing {} a second", steps_of(speed)));
    }
    text.push_str(&state.theme.legend.write(" · ⟨live⟩ returns"));
    Some(text)
}

/// "5 steps", "one step", "half a step".
fn steps_of(speed: f64) -> String {
    match speed {
        s if s < 1.0 => "half a step".into(),
        s if s < 2.0 => "one step".into(),
        s => format!("{} steps", thousands(s as i64)),
    }
}

/// The step that is nearest to one.
pub fn nearest(steps: &[u32], step: u32) -> Option<u32> {
    let after = steps.partition_point(|&s| s < step);
    let candidates = [after.checked_sub(1), Some(after)]
        .into_iter()
        .flatten()
        .filter_map(|i| steps.get(i));
    candidates.min_by_key(|s| s.abs_diff(step)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_step_is_found() {
        assert_eq!(nearest(&[], 3), None);
        assert_eq!(nearest(&[2, 4, 9], 0), Some(2));
        assert_eq!(nearest(&[2, 4, 9], 8), Some(9));
        assert_eq!(nearest(&[2, 4, 9], 80), Some(9));
    }

    #[test]
    fn a_film_of_any_length_takes_seconds_until_somebody_chooses() {
        let mut film = Film::default();
        for steps in [20, 60, 1000, 1_000_000] {
            let seconds = steps as f64 / film.speed(steps);
            assert!((5.0..=60.0).contains(&seconds), "{steps}: {seconds}");
        }
        let chosen = film.change(1, 60);
        assert_eq!((film.speed(60), film.speed(1_000_000)), (chosen, chosen));
        for _ in 0..40 {
            film.change(-1, 60);
        }
        assert_eq!(film.speed(60), SPEEDS[0]);
    }
}
