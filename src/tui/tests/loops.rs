//! The loop: what waits is taken in together, and a frame is drawn for a reason.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, never, unbounded};
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::*;
use crate::train::*;
use crate::tui::event_loop::{Host, Ports, run};
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::{Left, Outcome, Source};

/// Counts what would be drawn.
#[derive(Default)]
struct Counter {
    drawn: usize,
    steps: Vec<u32>,
}

impl Host for Counter {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        self.drawn += 1;
        self.steps.push(state.run.steps_done());
        Ok(())
    }
    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn edit(&mut self, _: &str, text: &str) -> std::io::Result<Result<String, String>> {
        Ok(Ok(text.to_string()))
    }
    fn redraw(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((80, 24))
    }
}

struct Ends {
    input: Sender<Input>,
    events: Sender<Event>,
    commands: Receiver<Command>,
}

fn ports(live: bool) -> (Ports, Ends) {
    let (input, keys) = unbounded();
    let (events, told) = unbounded();
    let (send, commands) = unbounded();
    let source = Source {
        events: told,
        commands: live.then_some(send),
        queries: unbounded().0,
        pages: never(),
    };
    let ports = Ports::new(keys, source);
    (
        ports,
        Ends {
            input,
            events,
            commands,
        },
    )
}

fn key(c: char) -> Input {
    Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

fn go(live: bool, ports: Ports) -> (Counter, State, Outcome) {
    let (mut state, mut host) = (State::new(live, Theme::color()), Counter::default());
    let outcome = run(&mut state, &mut host, ports).expect("the counter does not fail");
    (host, state, outcome)
}

#[test]
fn what_waits_is_drawn_once() {
    let (ports, ends) = ports(false);
    ends.events.send(started(40)).ok();
    (0..40).for_each(|i| drop(ends.events.send(Event::Step(step(i)))));
    drop(ends.events);
    let user = thread::spawn(move || {
        thread::sleep(Duration::from_millis(150));
        ends.input.send(key('q')).ok();
        thread::sleep(Duration::from_millis(50));
    });
    let (host, state, outcome) = go(false, ports);
    user.join().ok();
    assert_eq!(state.run.steps_done(), 40);
    assert!(
        host.drawn <= 4,
        "{} frames for 41 events that waited together",
        host.drawn
    );
    assert_eq!(
        outcome,
        Outcome {
            left: Left::Closed,
            unsaved_steps: 0
        }
    );
}

#[test]
fn nothing_is_drawn_when_nothing_changes() {
    let (ports, ends) = ports(true);
    let user = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        ends.input.send(Input::FocusGained).ok();
        ends.input.send(key('~')).ok();
        let text = Writing {
            step: 0,
            query: "q".into(),
            guided: true,
            text: "t".into(),
            finished: false,
        };
        ends.events.send(Event::Writing(text)).ok();
        thread::sleep(Duration::from_millis(100));
        ends.input.send(key('q')).ok();
        ends.commands.recv().ok()
    });
    let (host, _, outcome) = go(true, ports);
    assert_eq!(user.join().ok().flatten(), Some(Command::Stop));
    assert_eq!(host.drawn, 1, "the first frame only");
    assert_eq!(outcome.left, Left::Saved);
}

#[test]
fn a_signal_saves_before_leaving() {
    let (mut ports, ends) = ports(true);
    let (signal, stop) = unbounded();
    ports.stop = stop;
    let trainer = thread::spawn(move || {
        ends.events.send(Event::Step(step(0))).ok();
        thread::sleep(Duration::from_millis(50));
        signal.send(()).ok();
        assert_eq!(ends.commands.recv(), Ok(Command::Stop));
        ends.events
            .send(Event::Checkpoint {
                step: 1,
                path: "p".into(),
            })
            .ok();
        let done = Done {
            run: "r".into(),
            path: "p".into(),
            steps: 1,
            reason: "stopped".into(),
            seconds: 1.0,
        };
        ends.events.send(Event::Done(done)).ok();
        ends.input
    });
    let (_, _, outcome) = go(true, ports);
    assert!(trainer.join().is_ok());
    assert_eq!(
        outcome,
        Outcome {
            left: Left::Saved,
            unsaved_steps: 0
        }
    );
}

#[test]
fn a_training_thread_that_dies_is_a_failure_and_not_a_busy_loop() {
    let (ports, ends) = ports(true);
    ends.events.send(started(40)).ok();
    drop(ends.events);
    let input = ends.input;
    let user = thread::spawn(move || {
        thread::sleep(Duration::from_millis(150));
        input.send(key('q')).ok();
        thread::sleep(Duration::from_millis(50));
    });
    let (host, state, outcome) = go(true, ports);
    user.join().ok();
    assert!(state.run.failed.is_some());
    assert!(host.drawn <= 4, "{}", host.drawn);
    assert_eq!(outcome.left, Left::Failed);
}
