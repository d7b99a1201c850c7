//! Waits, drains, draws: one frame for everything that came in.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, never, select, unbounded};
use ratatui::crossterm::event::Event as Input;

use crate::config::Principles;
use crate::crash;
use crate::train::{Command, Event};

use super::action::{Action, Effect, Screen};
use super::answer::{Listener, Taken};
use super::bindings;
pub use super::ports::{Host, Job, LoadPrinciples, LookInside, Ports, ReadSent, SavePrinciples, UserFiles};
use super::screens::runs;
use super::state::{Leaving, State};
use super::visit::{Arrival, Forked, Home, Opened};
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
                let interval = this.state.film.interval(this.state.run.steps().len());
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

    fn perform(&mut self, effects: Vec<Effect>) -> Result<(), TuiError> {
        for effect in effects {
            match effect {
                Effect::Send(command) => {
                    let question = matches!(
                        command,
                        Command::Ask { .. }
                            | Command::MeasureEffect { .. }
                            | Command::CancelEffect
                            | Command::LookInside { .. }
                    );
                    let sent = self
                        .ports
                        .source
                        .commands
                        .as_ref()
                        .is_some_and(|c| c.try_send(command).is_ok());
                    if !sent && (question || !self.state.run.ended()) && self.state.leaving != Leaving::Now {
                        self.state.refuse("the training thread does not listen");
                    }
                }
                Effect::QueryPairs(filter) => {
                    if self.ports.source.queries.try_send(filter).is_err() {
                        self.state.refuse("the store of this run does not answer");
                    }
                }
                Effect::ReadSent(question) => {
                    let (read, said) = (Arc::clone(&self.ports.sent), self.found.0.clone());
                    std::thread::spawn(move || {
                        let given = read(&question);
                        said.send(Action::Sent(question, given)).ok();
                    });
                }
                Effect::LookInside { step, index } => {
                    let (look, said) = (Arc::clone(&self.ports.inside), self.found.0.clone());
                    std::thread::spawn(move || {
                        said.send(Action::Inside(Box::new(look(step, index)))).ok();
                    });
                }
                Effect::SavePrinciples {
                    path,
                    principles,
                    replace,
                } => {
                    let (save, said) = (self.ports.save, self.saved.0.clone());
                    std::thread::spawn(move || {
                        let outcome = write(save, &path, &principles, replace);
                        said.send((path, outcome)).ok();
                    });
                }
                Effect::Copy(text) => self.host.copy(&text)?,
                Effect::WriteView {
                    path,
                    view,
                    format,
                    replace,
                } => {
                    let said = self.found.0.clone();
                    std::thread::spawn(move || {
                        let outcome = crate::report::write_view(&path, &view, format, replace);
                        said.send(Action::Written(outcome)).ok();
                    });
                }
                Effect::LoadPrinciples(path) => {
                    let (load, said) = (self.ports.files.load, self.found.0.clone());
                    std::thread::spawn(move || {
                        let outcome = load(&path);
                        said.send(Action::Loaded(path, outcome)).ok();
                    });
                }
                Effect::Steer(wish) => {
                    if let Some(port) = self.ports.steering.as_ref().filter(|_| self.home.is_none()) {
                        port.wishes.send(wish).ok();
                    }
                }
                Effect::Edit(edit) => {
                    let outcome = self.host.edit(&edit.file, &edit.text)?;
                    self.state.size = self.host.size()?;
                    (self.dirty, self.urgent) = (true, true);
                    self.act(Action::Edited(edit, outcome))?;
                }
                Effect::Remember(line) => {
                    let remember = Arc::clone(&self.ports.files.remember);
                    std::thread::spawn(move || remember(&line));
                }
                Effect::Mouse(on) => self.host.mouse(on)?,
                Effect::Suspend => {
                    self.host.suspend()?;
                    self.state.size = self.host.size()?;
                    (self.dirty, self.urgent) = (true, true);
                }
                Effect::Redraw => self.host.redraw()?,
                Effect::AskDesk(question) => {
                    if self.ports.desk.questions.try_send(question).is_err() {
                        let gone = runs::Answer::Said(Err("nobody reads runs here".into()));
                        self.state.runs.answer(gone);
                    }
                }
                Effect::OpenRun(path) => self.open(path),
                Effect::ForkRun(wish) => {
                    let train = !self.state.run.live && self.home.is_none();
                    let (fork, arrived) = (Arc::clone(&self.ports.desk.fork), self.arrived.0.clone());
                    std::thread::spawn(move || arrived.send(Arrival::Forked(fork(&wish, train))).ok());
                }
                // What is trained here is not left behind: the question about its steps comes first.
                Effect::Quit if self.home.is_some() => {
                    self.go_home();
                    return self.act(Action::Quit);
                }
                Effect::Notify(text) => self.host.notify(&text)?,
                Effect::Toured => {
                    let toured = self.ports.toured;
                    std::thread::spawn(toured);
                }
                Effect::Quit => self.over = true,
            }
        }
        Ok(())
    }

    /// Shows another run, or the one that is trained here again.
    fn open(&mut self, path: PathBuf) {
        let is_home = |home: &Home| runs::is_open(&path, &home.state.run);
        if self.home.as_deref().is_some_and(is_home) {
            return self.go_home();
        }
        let (open, arrived) = (Arc::clone(&self.ports.desk.open), self.arrived.0.clone());
        std::thread::spawn(move || arrived.send(Arrival::Opened(open(&path))).ok());
    }

    fn on_arrival(&mut self, arrival: Arrival) -> Result<(), TuiError> {
        (self.dirty, self.urgent) = (true, true);
        let said = |text: Result<String, String>| Action::Desk(Box::new(runs::Answer::Said(text)));
        match arrival {
            Arrival::Opened(Ok(opened)) => {
                self.show(opened);
                Ok(())
            }
            Arrival::Forked(Ok(Forked { said: text, opened })) => {
                if let Some(opened) = opened {
                    self.show(opened);
                    self.state.say(text);
                    return Ok(());
                }
                self.act(said(Ok(text)))
            }
            Arrival::Opened(Err(why)) | Arrival::Forked(Err(why)) => self.act(said(Err(why))),
        }
    }

    /// Another run takes the place of the one that is shown.
    fn show(&mut self, opened: Opened) {
        let next = self.state.another(opened.source.commands.is_some());
        let state = std::mem::replace(self.state, next);
        let before = self.put(opened);
        if state.run.live {
            self.home = Some(Box::new(Home { state, opened: before }));
        }
    }

    /// Back to the run that is trained here.
    fn go_home(&mut self) {
        let Some(home) = self.home.take() else { return };
        let Home { mut state, opened } = *home;
        self.state.hand_over(&mut state);
        if state.screen == Screen::Runs {
            // It was left from the list to look at another run: now it is the run that is wanted.
            state.screen = Screen::of(&state.run)[0];
        }
        *self.state = state;
        self.put(opened);
        (self.dirty, self.urgent) = (true, true);
    }

    fn put(&mut self, opened: Opened) -> Opened {
        // The list is left.
        let _ = self.ports.desk.questions.try_send(runs::Question::Rest);
        Opened {
            source: std::mem::replace(&mut self.ports.source, opened.source),
            sent: std::mem::replace(&mut self.ports.sent, opened.sent),
            inside: std::mem::replace(&mut self.ports.inside, opened.inside),
            guard: std::mem::replace(&mut self.guard, opened.guard),
        }
    }

    /// What the run reports that is trained here while another one is looked at.
    fn on_news_from_home(&mut self, event: Option<Event>) {
        let Some(home) = &mut self.home else { return };
        let event = match event {
            Some(event) => event,
            None => {
                home.opened.source.events = never();
                if home.state.run.ended() {
                    return;
                }
                Event::Failed {
                    message: "the training thread ended without saying why".into(),
                }
            }
        };
        if let Some(news) = home.on_event(event) {
            self.state.say(news);
            self.dirty = true;
        }
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

/// Writes a principles file, but never over one that is not to be replaced.
fn write(save: SavePrinciples, path: &Path, principles: &Principles, replace: bool) -> Result<(), String> {
    if !replace && path.exists() {
        return Err(format!(
            "{} exists already; ⟨principles-save⟩ and another name",
            path.display()
        ));
    }
    save(path, principles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_somebody_else_is_not_replaced() {
        let (here, principles) = (Path::new("Cargo.toml"), Principles::default());
        let save: SavePrinciples = |_, _| Ok(());
        assert!(write(save, here, &principles, false).is_err_and(|why| why.contains("exists already")));
        assert_eq!(write(save, here, &principles, true), Ok(()));
        assert_eq!(write(save, Path::new("no-such-file.toml"), &principles, false), Ok(()));
    }
}
