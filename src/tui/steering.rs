//! Who steers a run that several workbenches may watch, as this one sees it.

use crossbeam_channel::{Receiver, Sender};

use super::action::Effect;
use super::state::State;

/// What is asked of the thread that keeps the steering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Steer the run. `even_so`: also when another workbench does.
    Take {
        even_so: bool,
    },
    Release,
}

/// Who steers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steering {
    /// In words; `None`: nobody.
    pub holder: Option<String>,
    /// It is this workbench.
    pub ours: bool,
    /// Some process trains the run.
    pub trained: bool,
    /// Why the last wish, or the last command, was not granted.
    pub refused: Option<String>,
}

/// The way to the thread that keeps the steering.
#[derive(Clone)]
pub struct Port {
    pub wishes: Sender<Wish>,
    pub news: Receiver<Steering>,
    /// Another process trains the run: commands reach it only while this workbench steers.
    pub remote: bool,
}

/// Takes in the news.
pub fn news(state: &mut State, mut news: Steering) {
    let refused = news.refused.take();
    let before = state.run.steering.replace(news.clone()).unwrap_or_default();
    if state.run.remote {
        state.run.live = news.ours && news.trained;
    }
    match (before.ours, news.ours, &news.holder) {
        (false, true, _) if state.run.remote => state.say("you steer this run now; :steer release gives it up"),
        (true, false, Some(holder)) => state.refuse(format!("{holder} steers this run now; you watch")),
        (true, false, None) => state.say("nobody steers this run now; you watch"),
        _ => {}
    }
    if let Some(why) = refused {
        state.refuse(why);
    }
}

/// Takes the steering or gives it up, where there is one.
pub fn wish(state: &mut State, wish: Wish) -> Vec<Effect> {
    match &state.run.steering {
        None => state.refuse("this run cannot be steered from here: nobody trains it, or its folder cannot be written"),
        Some(s) if s.ours && matches!(wish, Wish::Take { .. }) => state.say("you steer this run already"),
        Some(s) if !s.ours && wish == Wish::Release => state.refuse("you do not steer this run"),
        Some(_) => return vec![Effect::Steer(wish)],
    }
    vec![]
}

/// The wish of the key: give up what one has, else take it.
pub fn toggle(state: &mut State) -> Vec<Effect> {
    match state.run.steering.as_ref().is_some_and(|s| s.ours) {
        true => wish(state, Wish::Release),
        false => wish(state, Wish::Take { even_so: false }),
    }
}

/// Why commands of this workbench do not reach the trainer, where that is a matter of who steers.
pub fn why_not(state: &State) -> Option<String> {
    let steering = state.run.steering.as_ref()?;
    if steering.ours {
        return None;
    }
    match (&steering.holder, steering.trained) {
        (_, false) if state.run.remote => None,
        (Some(holder), _) => Some(format!("{holder} steers this run; :steer take! takes it over")),
        (None, _) => Some("nobody steers this run: take it with @ (:steer take), and then again".into()),
    }
}

/// For the head of the screen: who steers, where that may be somebody else.
pub fn words(state: &State) -> Option<String> {
    let steering = state.run.steering.as_ref()?;
    match (&steering.holder, steering.ours) {
        (_, true) if state.run.remote => Some("you steer".into()),
        (_, true) => None,
        (Some(holder), false) => Some(format!("steering: {holder}")),
        (None, false) if state.run.remote && steering.trained => Some("nobody steers".into()),
        (None, false) => None,
    }
}
