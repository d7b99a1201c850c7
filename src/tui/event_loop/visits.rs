//! Looking at another run while one is trained here, and the way back.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::never;

use super::{Host, Loop};
use crate::train::Event;
use crate::tui::TuiError;
use crate::tui::action::{Action, Screen};
use crate::tui::screens::runs;
use crate::tui::visit::{Arrival, Forked, Home, Opened};

impl<H: Host> Loop<'_, H> {
    /// Shows another run, or the one that is trained here again.
    pub(super) fn open(&mut self, path: PathBuf) {
        let is_home = |home: &Home| runs::is_open(&path, &home.state.run);
        if self.home.as_deref().is_some_and(is_home) {
            return self.go_home();
        }
        let (open, arrived) = (Arc::clone(&self.ports.desk.open), self.arrived.0.clone());
        std::thread::spawn(move || arrived.send(Arrival::Opened(open(&path))).ok());
    }

    pub(super) fn on_arrival(&mut self, arrival: Arrival) -> Result<(), TuiError> {
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
    pub(super) fn go_home(&mut self) {
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
    pub(super) fn on_news_from_home(&mut self, event: Option<Event>) {
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
}
