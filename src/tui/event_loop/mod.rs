//! Waits, drains, draws: one frame for everything that came in.

mod effects;
mod visits;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, never, select, unbounded};
use ratatui::crossterm::event::Event as Input;

use crate::crash;
use crate::train::Event;

use super::action::{Action, Effect, Screen};
use super::answer::{Listener, Taken};
use super::bindings;
pub use super::ports::{Host, Job, LoadPrinciples, LookInside, Ports, ReadSent, SavePrinciples, UserFiles};
use super::state::{Leaving, State};
use super::visit::{Arrival, Home};
use super::{Left, Outcome, TuiError, input::input, time, update::update};

/// Taking in news stops after this long to look at the keys.
const SLICE: Duration = Duration::from_millis(4);

/// Principles files that were written, or why not; from the threads that write them.
type Answers = (
    Sender<(PathBuf, Result<(), String>)>,
    Receiver<(PathBuf, Result<(), String>)>,
);

struct Loop<'a, H: Host> {
    state: &'a mut State,
    host: &'a mut H,
    ports: Ports,
    saved: Answers,
    /// Runs that were opened or forked, from the threads that do it.
    arrived: (Sender<Arrival>, Receiver<Arrival>),
    /// The run that is trained here, while another one is looked at.
    home: Option<Box<Home>>,
    /// Of the run that is shown.
    guard: Arc<()>,
    /// What threads beside the screen have found out.
    found: (Sender<Action>, Receiver<Action>),
    /// Something changed since the last frame, and whether it can wait.
    dirty: bool,
    urgent: bool,
    over: bool,
    /// The terminal's answers among the keys.
    answers: Listener,
}

/// Runs until the user or the world wants to leave.
pub fn run<H: Host>(state: &mut State, host: &mut H, ports: Ports) -> Result<Outcome, TuiError> {
    let mut this = Loop {
        state,
        host,
        ports,
        saved: unbounded(),
        arrived: unbounded(),
        home: None,
        guard: Arc::new(()),
        found: unbounded(),
        dirty: true,
        urgent: true,
        over: false,
        answers: Listener::default(),
    };
    let nothing = never();
    let frame = this.ports.frame;
    let mut drawn: Option<Instant> = None;
    let mut played: Option<Instant> = None;
    for event in std::mem::take(&mut this.ports.pressed) {
        this.on_input(Some(event))?;
    }
    while !this.over {
        let since = drawn.map_or(frame, |at| at.elapsed());
        if this.dirty && (this.urgent || since >= frame) {
            // Asked for, and not only told: of many resizes in a row the last may go untold.
            this.state.size = this.host.size()?;
            crash::rehearse("view", this.state.run.steps_done());
            this.host.draw(this.state)?;
            (this.dirty, this.urgent) = (false, false);
            drawn = Some(Instant::now());
            continue;
        }
        let timeout = if this.dirty {
            after(frame.saturating_sub(since))
        } else {
            never()
        };
        let away = this
            .home
            .as_ref()
            .map_or_else(never, |home| home.opened.source.events.clone());
        let film = match (this.state.film.playing, played) {
            (false, _) => {
                played = None;
                never()
            }
            (true, began) => {
                let began = *played.insert(began.unwrap_or_else(Instant::now));
                let interval = this.state.film.interval(super::time::ground(this.state).0.len());
                after(interval.saturating_sub(began.elapsed()))
            }
        };
        select! {
            recv(this.ports.input) -> got => this.on_input(got.ok())?,
            recv(this.ports.source.events) -> got => this.on_event(got.ok())?,
            recv(this.ports.source.pages) -> got => match got {
                Ok(page) => this.act(Action::Pairs(page))?,
                Err(_) => this.ports.source.pages = never(),
            },
            recv(this.saved.1) -> got => if let Ok((path, outcome)) = got {
                this.act(Action::Saved(path, outcome))?
            },
            recv(this.found.1) -> got => if let Ok(answer) = got {
                this.act(answer)?
            },
            recv(this.ports.desk.answers) -> got => match got {
                Ok(answer) => this.act(Action::Desk(Box::new(answer)))?,
                Err(_) => this.ports.desk.answers = never(),
            },
            recv(this.arrived.1) -> got => if let Ok(arrival) = got {
                this.on_arrival(arrival)?
            },
            recv(away) -> got => this.on_news_from_home(got.ok()),
            recv(this.ports.files.changed) -> got => match got {
                Ok((path, outcome)) => this.act(Action::FileChanged(path, outcome))?,
                Err(_) => this.ports.files.changed = never(),
            },
            recv(this.ports.steering.as_ref().map_or(&nothing, |port| &port.news)) -> got => match got {
                Ok(news) => match &mut this.home {
                    // Who steers is about the run at home, whatever is looked at.
                    Some(home) => drop(update(&mut home.state, Action::Steering(news))),
                    None => this.act(Action::Steering(news))?,
                },
                Err(_) => this.ports.steering = None,
            },
            recv(this.ports.stop) -> _ => {
                this.ports.stop = never();
                this.go_home();
                this.act(Action::SaveAndQuit)?;
            }
            recv(this.ports.jobs) -> job => match job {
                Ok(job) => this.on_job(job)?,
                Err(_) => this.ports.jobs = never(),
            },
            recv(film) -> _ => {
                let now = Instant::now();
                let gone = played.map_or(Duration::ZERO, |before| now - before);
                played = Some(now);
                this.act(Action::Time(time::Action::Tick(gone)))?;
            }
            recv(timeout) -> _ => {}
        }
        this.drain()?;
    }
    Ok(this.outcome())
}

impl<H: Host> Loop<'_, H> {
    /// Takes in everything that waits: keys first, news for a slice of time.
    fn drain(&mut self) -> Result<(), TuiError> {
        while let Ok(event) = self.ports.input.try_recv() {
            self.on_input(Some(event))?;
        }
        let start = Instant::now();
        while !self.over && start.elapsed() < SLICE {
            match self.ports.source.events.try_recv() {
                Ok(event) => self.on_event(Some(event))?,
                Err(_) => break,
            }
        }
        let home = self
            .home
            .as_ref()
            .map_or_else(never, |home| home.opened.source.events.clone());
        while !self.over && start.elapsed() < SLICE {
            match home.try_recv() {
                Ok(event) => self.on_news_from_home(Some(event)),
                Err(_) => break,
            }
        }
        while let Ok(page) = self.ports.source.pages.try_recv() {
            self.act(Action::Pairs(page))?;
        }
        Ok(())
    }

    fn on_input(&mut self, event: Option<Input>) -> Result<(), TuiError> {
        let Some(event) = event else {
            // The terminal is gone.
            self.ports.input = never();
            self.go_home();
            return self.act(Action::SaveAndQuit);
        };
        let events = match self.answers.take(event) {
            Taken::Held => return Ok(()),
            Taken::Background(background) => {
                self.state.theme = self.ports.look.on(background);
                (self.dirty, self.urgent) = (true, true);
                return Ok(());
            }
            Taken::Keys(events) => events,
        };
        for event in events {
            if let Some(what) = described(self.state, &event) {
                crash::note(what);
            }
            if let Some(effects) = input(self.state, event) {
                (self.dirty, self.urgent) = (true, true);
                self.perform(effects)?;
            }
        }
        Ok(())
    }

    fn on_job(&mut self, job: Job) -> Result<(), TuiError> {
        match job {
            Job::Stop => self.perform(vec![Effect::Suspend]),
            // After a stop that nobody announced (SIGSTOP) the terminal is the shell's.
            Job::Continue => {
                self.host.resume()?;
                (self.dirty, self.urgent) = (true, true);
                Ok(())
            }
        }
    }

    fn on_event(&mut self, event: Option<Event>) -> Result<(), TuiError> {
        let event = match event {
            Some(event) => event,
            None => {
                self.ports.source.events = never();
                if !self.state.run.live || self.state.run.remote || self.state.run.ended() {
                    return Ok(());
                }
                Event::Failed {
                    message: "the training thread ended without saying why".into(),
                }
            }
        };
        if let Some(what) = told(&event) {
            crash::note(what);
        }
        // Half-written texts are shown on one screen only.
        self.dirty |= !matches!(event, Event::Writing(_)) || self.state.screen == Screen::Responses;
        let effects = update(self.state, Action::Event(Box::new(event)));
        self.perform(effects)
    }

    fn act(&mut self, action: Action) -> Result<(), TuiError> {
        self.dirty = true;
        let effects = update(self.state, action);
        self.perform(effects)
    }

    fn outcome(&self) -> Outcome {
        let run = &self.state.run;
        let left = match () {
            () if run.failed.is_some() => Left::Failed,
            () if !run.live || run.remote => Left::Closed,
            () if self.state.leaving == Leaving::AfterSave => Left::Saved,
            () if run.done.is_some() => Left::Finished,
            () => Left::Abandoned,
        };
        Outcome {
            left,
            unsaved_steps: run.unsaved_steps(),
        }
    }
}

/// What a key or a size is about to do, for a report; what is typed into a field stays out of it.
fn described(state: &State, event: &Input) -> Option<String> {
    match event {
        Input::Resize(width, height) => Some(format!("size {width}x{height}")),
        Input::Paste(_) => Some("paste".into()),
        Input::Key(_) if state.popup.is_some() => Some("key in a popup".into()),
        Input::Key(_) if state.wants_text() => Some("key in a text field".into()),
        Input::Key(key) => bindings::row_of(&state.table, state.screen, key).map(|row| format!("key {}", row.name)),
        _ => None,
    }
}

/// What training told, for a report.
fn told(event: &Event) -> Option<String> {
    match event {
        Event::Stage { name, .. } => Some(format!("stage {name}")),
        Event::Step(record) => Some(format!("step {}", record.step)),
        Event::Fit(record) => Some(format!("update {}", record.step)),
        Event::Checkpoint { step, .. } => Some(format!("checkpoint after step {step}")),
        Event::Evaluation(record) => Some(format!("evaluation after step {}", record.step)),
        Event::Alarm(alarm) => Some(format!("alarm at step {}", alarm.step)),
        Event::Done(done) => Some(format!("done: {}", done.reason)),
        Event::Failed { .. } => Some("failed".into()),
        _ => None,
    }
}
