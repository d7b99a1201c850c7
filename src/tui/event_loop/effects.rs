//! What `update` asked for is done: sent, written by a thread of its own, or left to the terminal.

use std::path::Path;
use std::sync::Arc;

use super::{Host, Loop, SavePrinciples};
use crate::config::Principles;
use crate::train::Command;
use crate::tui::TuiError;
use crate::tui::action::{Action, Effect};
use crate::tui::screens::runs;
use crate::tui::state::Leaving;
use crate::tui::visit::Arrival;

impl<H: Host> Loop<'_, H> {
    pub(super) fn perform(&mut self, effects: Vec<Effect>) -> Result<(), TuiError> {
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
}

/// Writes a principles file, but never over one that is not to be replaced.
fn write(save: SavePrinciples, path: &Path, principles: &Principles, replace: bool) -> Result<(), String> {
    if !replace && path.exists() {
        return Err(format!("{} exists already; w and another name", path.display()));
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
