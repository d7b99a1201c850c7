//! What an action does to the state, and what it asks of the outside. Pure: no terminal, no channel, no file.

use crate::config::{MethodName, Notify, NotifyWhen};
use crate::train::{Command, Event};

use super::action::{Action, Effect, Number, Screen};
use super::popup::{Popup, Prompt};
use super::screens::{self, effect, principles, responses};
use super::state::{Leaving, State};
use super::steering;
use super::{take, time, write_form};
use crate::run::Asker;

/// Applies an action.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Event(event) => on_event(state, *event),
        Action::Pairs(page) if page.filter.asker == Asker::Cursor => {
            state.run.pairs_at(page.filter.step.unwrap_or(u32::MAX), page.pairs);
            let effects = state.responses.on_event(&state.run);
            admit(state, effects)
        }
        Action::Pairs(page) => {
            state.responses.page(page);
            vec![]
        }
        Action::Saved(path, outcome) => {
            match outcome {
                Ok(()) => {
                    state.say(format!("saved {}", path.display()));
                    state.principles.saved(path);
                }
                Err(why) => state.refuse(format!("not saved: {why}")),
            }
            vec![]
        }
        Action::ShowSent => super::sent::open(state),
        Action::ShowInside => super::inside::open(state),
        Action::Inside(answer) => {
            super::inside::answered(state, *answer);
            vec![]
        }
        Action::Sent(question, given) => {
            if let Some(Popup::Sent(sent)) = &mut state.popup
                && sent.question == question
            {
                sent.given = Some(given);
            }
            vec![]
        }
        Action::Show(screen) => show(state, screen),
        Action::NextScreen => show(state, neighbour(state, 1)),
        Action::PreviousScreen => show(state, neighbour(state, Screen::of(&state.run).len() - 1)),
        Action::ToggleHelp => {
            state.popup = match state.popup {
                Some(Popup::Help { .. }) => None,
                _ => Some(Popup::Help { scroll: 0 }),
            };
            vec![]
        }
        Action::OpenPalette => super::palette::open(state),
        Action::PauseOrContinue => pause_or_continue(state),
        Action::StepOnce => command(state, Command::StepOnce, "one step, then pause"),
        Action::Checkpoint => command(state, Command::Checkpoint, "a checkpoint is written after this step"),
        Action::Stop => {
            if can_command(state) {
                state.popup = Some(Popup::Stop);
            }
            vec![]
        }
        Action::Ask(number) => ask(state, number),
        Action::Set(number, value) => match why_not(state, &Action::Set(number, value)) {
            None => set_number(state, number, value),
            Some(why) => refused(state, why),
        },
        Action::SwitchPrinciple(name, on) => match why_not(state, &Action::SwitchPrinciple(name.clone(), on)) {
            None => switch_principle(state, &name, on),
            Some(why) => refused(state, why),
        },
        Action::LoadPrinciples(path) => vec![Effect::LoadPrinciples(path)],
        Action::Loaded(path, outcome) => {
            match outcome {
                Ok(principles) => state.principles.load(&path, principles),
                Err(why) => state.refuse(why),
            }
            vec![]
        }
        Action::Edited(edit, outcome) => {
            match outcome {
                Ok(text) => state.principles.edited(&edit, &text),
                Err(why) => state.refuse(why),
            }
            vec![]
        }
        Action::FileChanged(path, outcome) => {
            super::changed::notice(state, path, outcome);
            vec![]
        }
        Action::Steer(wish) => steering::wish(state, wish),
        Action::ToggleSteering => steering::toggle(state),
        Action::Steering(news) => {
            steering::news(state, news);
            vec![]
        }
        Action::ShowLog => {
            state.popup = Some(Popup::Log(0));
            vec![]
        }
        Action::SavePrinciples(path) => state.principles.save(path),
        Action::GoTo(step) => time::update(state, time::Action::To(step)),
        Action::Quit => quit(state),
        Action::QuitNow => quit_now(state),
        Action::SaveAndQuit => save_and_quit(state),
        Action::Dismiss => {
            state.popup = None;
            vec![]
        }
        Action::DismissAlarm => {
            state.alarms_seen = state.run.alarms.len();
            vec![]
        }
        Action::ToggleMouse => {
            state.mouse = !state.mouse;
            state.say(match state.mouse {
                true => "mouse on: click, drag and wheel work here",
                false => "mouse off: the terminal selects text",
            });
            vec![Effect::Mouse(state.mouse)]
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
        Action::Tour => {
            state.popup = Some(Popup::Tour(0));
            vec![]
        }
        Action::Dashboard(action) => {
            let area = state.body();
            let to = state.dashboard.update(action, &state.run, area);
            go(state, to)
        }
        Action::Time(action) => time::update(state, action),
        Action::Copy => take::copy(state),
        Action::OpenWrite => write_form::open(state),
        Action::Written(outcome) => {
            write_form::written(state, outcome);
            vec![]
        }
        Action::Responses(action) => {
            let effects = state.responses.update(action, &state.run);
            admit(state, effects)
        }
        Action::Principles(action) => {
            let effects = state.principles.update(action, &state.run);
            admit(state, effects)
        }
        Action::Cases(action) if state.cases.goes_to(&action, &state.run).is_some() => {
            let to = state.cases.goes_to(&action, &state.run);
            go(state, to)
        }
        Action::Cases(action) => {
            let effects = state.cases.update(action, &state.run);
            admit(state, effects)
        }
        Action::Effect(action) => {
            let effects = state.effect.update(action, &state.run);
            admit(state, effects)
        }
        Action::Runs(action) => {
            let effects = state.runs.update(action, &state.run);
            admit(state, effects)
        }
        Action::Desk(answer) => state.runs.answer(*answer),
        Action::Fit(action) => {
            state.fit.update(action, &state.run);
            vec![]
        }
    }
}

/// Goes where a screen's own keys, or its mouse, put the cursor over the steps.
pub fn go(state: &mut State, to: Option<time::Action>) -> Vec<Effect> {
    to.map_or(vec![], |to| time::update(state, to))
}

/// Lets the effects of a screen through, but no command to a trainer that is not there.
pub fn admit(state: &mut State, effects: Vec<Effect>) -> Vec<Effect> {
    // A trainer that has ended, and has not failed, still answers questions.
    let answers = state.run.live && state.run.failed.is_none();
    let commands = |e: &Effect| match e {
        Effect::Send(
            Command::Ask { .. } | Command::MeasureEffect { .. } | Command::CancelEffect | Command::LookInside { .. },
        ) => !answers,
        Effect::Send(_) => true,
        _ => false,
    };
    if effects.iter().any(commands) && !can_command(state) {
        return effects.into_iter().filter(|e| !matches!(e, Effect::Send(_))).collect();
    }
    effects
}

/// Sends a number that was typed into the prompt.
pub fn set_number(state: &mut State, number: Number, value: f64) -> Vec<Effect> {
    let (send, name) = match number {
        Number::Tau => (Command::SetTau(value), "tau"),
        Number::Decay => (Command::SetDecay(value), "decay"),
        Number::LearningRate => (Command::SetLearningRate(value), "learning rate"),
    };
    state.popup = None;
    command(state, send, &format!("{name} {value} acts from the next step on"))
}

fn on_event(state: &mut State, event: Event) -> Vec<Effect> {
    let over = matches!(event, Event::Done(_) | Event::Failed { .. });
    let told = notice(state, &event);
    match &event {
        // Before the first step there is nothing yet that a checkpoint could save from being lost.
        Event::Checkpoint { step: 0, .. } => {}
        // What a stored run tells is no news.
        _ if !state.run.live => {}
        Event::Checkpoint { step, .. } => state.mention(format!("checkpoint after step {step}")),
        Event::Mark(mark) => state.mention(format!("{} acts from step {} on", mark.label, mark.step)),
        _ => {}
    }
    if let Event::Inside(answer) = event {
        super::inside::answered(state, answer);
        return vec![];
    }
    state.run.apply(event);
    if !Screen::of(&state.run).contains(&state.screen) {
        state.screen = Screen::of(&state.run)[0];
    }
    let done = state.run.steps_done();
    if state
        .notice
        .as_ref()
        .and_then(|n| n.until)
        .is_some_and(|until| done >= until)
    {
        state.notice = None;
    }
    let mut effects = state.responses.on_event(&state.run);
    effects.extend(state.principles.on_event(&state.run));
    effects.extend(state.cases.on_event(&state.run));
    effects.extend(state.effect.on_event(&state.run));
    effects.extend(told.map(Effect::Notify));
    if over {
        if matches!(state.popup, Some(Popup::Quit | Popup::Stop | Popup::Number(_))) {
            state.popup = None;
        }
        if state.leaving == Leaving::AfterSave {
            effects.push(Effect::Quit);
        }
    }
    effects
}

/// What somebody who looks elsewhere is told of an event.
fn notice(state: &State, event: &Event) -> Option<String> {
    let (how, when) = state.notify;
    if how == Notify::Off || !state.run.live || (when == NotifyWhen::Unfocused && state.focused) {
        return None;
    }
    let run = state.run.started.as_ref().map_or("the run", |s| s.run.as_str());
    match event {
        Event::Done(done) => Some(format!("ple: {run} {} after {} steps", done.reason, done.steps)),
        Event::Failed { message } => Some(format!("ple: {run} failed: {message}")),
        Event::Alarm(alarm) => Some(format!("ple: {run}, step {}: {}", alarm.step, alarm.message)),
        _ => None,
    }
}

/// Shows a screen; where the run has others, the one under the same number.
fn show(state: &mut State, screen: Screen) -> Vec<Effect> {
    let screens = Screen::of(&state.run);
    let place = Screen::ALL.iter().position(|s| *s == screen);
    let found = match screens.contains(&screen) {
        true => Some(screen),
        false => place.and_then(|i| screens.get(i)).copied(),
    };
    let was = state.screen;
    match found {
        Some(screen) => state.screen = screen,
        None => state.refuse(format!(
            "a run that trains a model on rows has {} screens",
            screens.len()
        )),
    }
    match (was, state.screen) {
        (was, now) if was == now => vec![],
        (_, Screen::Runs) => state.runs.enter(),
        (Screen::Runs, _) => state.runs.leave(),
        _ => vec![],
    }
}

fn neighbour(state: &State, by: usize) -> Screen {
    let all = Screen::of(&state.run);
    let here = all.iter().position(|s| *s == state.screen).unwrap_or(0);
    all[(here + by) % all.len()]
}

/// Why a command cannot reach a trainer.
fn why_no_command(state: &State) -> Option<String> {
    let why = match () {
        () if state.run.ended() && state.run.live => None,
        () => steering::why_not(state),
    };
    if why.is_some() {
        return why;
    }
    let why = match () {
        () if !state.run.live => "this run is only shown: nothing to change (ple resume goes on with it)",
        () if state.run.failed.is_some() => "training failed, there is nothing to change any more",
        () if state.run.done.is_some() => "training is over; what was learnt is in the run's last checkpoint",
        () if state.leaving == Leaving::AfterSave => "already saving and leaving",
        () => return None,
    };
    Some(why.into())
}

/// Why an action cannot be done now, for a list of all of them. `None` also where only trying tells.
pub fn why_not(state: &State, action: &Action) -> Option<String> {
    if action.is_command()
        && let Some(why) = why_no_command(state)
    {
        return Some(why);
    }
    let of_rows = state.run.fit_experiment().is_some();
    let live = |why: Option<&str>| why.map(str::to_string);
    match action {
        Action::Ask(Number::Tau | Number::Decay) | Action::Set(Number::Tau | Number::Decay, _) => match () {
            () if of_rows => Some("only PLE has tau and its decay; this run trains a model on rows".into()),
            () if state.run.method() != MethodName::Ple => {
                let title = state.run.method().title();
                Some(format!("only PLE has tau and its decay; this run is {title}"))
            }
            () => None,
        },
        Action::SwitchPrinciple(..) | Action::Principles(principles::Action::Apply) if of_rows => {
            Some("this run trains a model on rows: there are no principles to switch".into())
        }
        Action::SwitchPrinciple(..) if state.principles.has_draft() => {
            Some("the draft has changes of its own: apply (p) or discard (z) them first".into())
        }
        Action::Principles(principles::Action::Apply) => live(screens::live::why_not(&state.run)),
        Action::Responses(responses::Action::OpenAsk | responses::Action::Ask(_))
        | Action::Effect(effect::Action::Measure | effect::Action::MeasureOn(_)) => {
            live(screens::live::why_no_answer(&state.run))
        }
        _ => None,
    }
}

fn refused(state: &mut State, why: String) -> Vec<Effect> {
    state.refuse(why);
    vec![]
}

/// Whether a command can reach a trainer; says why if not.
fn can_command(state: &mut State) -> bool {
    let why = why_no_command(state);
    match why {
        Some(why) => {
            state.refuse(why);
            false
        }
        None => true,
    }
}

/// Switches a principle of those in force, and nothing else.
fn switch_principle(state: &mut State, name: &str, on: bool) -> Vec<Effect> {
    let word = if on { "on" } else { "off" };
    let Some(newest) = state.run.principles.last() else {
        return refused(state, "the principles have not come yet".into());
    };
    let now = &newest.principles;
    match now.entries.iter().find(|e| e.name == name).map(|e| e.on) {
        None => refused(state, format!("no principle is named \"{name}\"")),
        Some(is) if is == on => refused(state, format!("{name} is {word} already")),
        Some(_) => {
            let switched = now.switched(|_, entry| if entry.name == name { on } else { entry.on });
            command(
                state,
                Command::SetPrinciples(switched),
                &format!("{name} is {word} from the next step on"),
            )
        }
    }
}

fn command(state: &mut State, command: Command, said: &str) -> Vec<Effect> {
    if !can_command(state) {
        return vec![];
    }
    state.say(said);
    vec![Effect::Send(command)]
}

fn pause_or_continue(state: &mut State) -> Vec<Effect> {
    match state.run.paused {
        true => command(state, Command::Continue, "going on"),
        false => command(state, Command::Pause, "pausing after this step"),
    }
}

fn ask(state: &mut State, number: Number) -> Vec<Effect> {
    match why_not(state, &Action::Ask(number)) {
        Some(why) => state.refuse(why),
        None => state.popup = Some(Popup::Number(Prompt::new(number))),
    }
    vec![]
}

fn quit(state: &mut State) -> Vec<Effect> {
    match state.popup {
        // Asked already: the second Ctrl-c means it.
        Some(Popup::Quit) => quit_now(state),
        _ if state.leaving == Leaving::AfterSave => quit_now(state),
        _ if state.run.unsaved_steps() > 0 => {
            state.popup = Some(Popup::Quit);
            vec![]
        }
        _ => quit_now(state),
    }
}

fn quit_now(state: &mut State) -> Vec<Effect> {
    let training = state.run.live && !state.run.remote && !state.run.ended();
    // A step under way comes to its end before the trainer hears of it. Where nobody was asked what may be lost, nothing is.
    let keeps = training && state.popup != Some(Popup::Quit) && state.run.unsaved_steps() == 0;
    state.leaving = if keeps { Leaving::AfterSave } else { Leaving::Now };
    let mut effects = Vec::new();
    if training {
        effects.push(Effect::Send(if keeps { Command::Stop } else { Command::Abandon }));
    }
    effects.push(Effect::Quit);
    effects
}

fn save_and_quit(state: &mut State) -> Vec<Effect> {
    state.popup = None;
    if !state.run.live || state.run.remote || state.run.ended() {
        state.leaving = Leaving::Now;
        return vec![Effect::Quit];
    }
    if state.leaving == Leaving::AfterSave {
        return vec![];
    }
    state.leaving = Leaving::AfterSave;
    state.say("finishing the step and writing a checkpoint, then leaving (Ctrl-c leaves at once)");
    vec![Effect::Send(Command::Stop)]
}
