//! A run without a screen: the events of the trainer as lines, bars or JSON.

use std::io::{IsTerminal, Write};

use crossbeam_channel::{never, select};

use super::{Failure, Outcome, Output, exit, signals};
use crate::report::Progress;
use crate::train::{Command, Event, Running};

/// Follows a run to its end. The first Ctrl-C or SIGTERM stops it after a checkpoint.
pub fn follow(running: Running, output: Output) -> Outcome {
    let stop = signals::listen();
    let silenced = never();
    let mut requests = &stop.requests;
    let mut printer = Printer::new(output);
    loop {
        select! {
            recv(running.events) -> event => match event {
                Ok(event) => printer.print(&event),
                Err(_) => break,
            },
            recv(requests) -> _ => {
                requests = &silenced;
                printer.say("interrupted: finishing the step and writing a checkpoint; once more to leave at once");
                let _ = running.commands.send(Command::Stop);
            }
        }
    }
    printer.end();
    match running.join() {
        Ok(done) if stop.requested() && done.reason != "finished" => Ok(exit::INTERRUPTED),
        Ok(_) => Ok(exit::DONE),
        Err(message) => Err(Failure::failed(message)),
    }
}

enum Printer {
    Quiet,
    Json(std::io::Stdout),
    Progress(Progress),
}

impl Printer {
    fn new(output: Output) -> Self {
        match output {
            Output { quiet: true, .. } => Printer::Quiet,
            Output { json: true, .. } => Printer::Json(std::io::stdout()),
            _ => Printer::Progress(Progress::new(
                std::io::stderr().is_terminal() && std::io::stdout().is_terminal(),
            )),
        }
    }

    fn print(&mut self, event: &Event) {
        match self {
            Printer::Quiet => {}
            // What is being written changes with every token and is not worth a line.
            Printer::Json(_) if matches!(event, Event::Writing(_) | Event::Measuring(_) | Event::Inside(_)) => {}
            Printer::Json(out) => {
                if let Ok(line) = serde_json::to_string(event) {
                    // A reader that went away does not end the run.
                    let _ = writeln!(out, "{line}");
                    let _ = out.flush();
                }
            }
            Printer::Progress(progress) => progress.event(event),
        }
    }

    fn say(&self, message: &str) {
        match self {
            Printer::Progress(progress) => progress.say(message),
            _ => eprintln!("ple: {message}"),
        }
    }

    fn end(&mut self) {
        if let Printer::Progress(progress) = self {
            progress.end();
        }
    }
}
