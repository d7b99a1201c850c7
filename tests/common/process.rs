//! A process whose lines are read while it runs, and what is left of it at its end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, unbounded};
use serde_json::Value;

use super::{PATIENCE, signal, until};

/// A process that ended.
#[derive(Debug)]
pub struct Ended {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        Process::start(command).end()
    }

    /// Every line of standard output as JSON.
    pub fn events(&self) -> Vec<Value> {
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(event) => event,
            Err(error) => panic!("not JSON ({error}): {line}"),
        };
        self.out.lines().map(parse).collect()
    }
}

/// A process that runs. It does not outlive the test.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    /// The lines read so far, with their ends.
    out: String,
    err: Option<JoinHandle<String>>,
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, lines) = unbounded();
        std::thread::spawn(move || {
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|n| n > 0) {
                if send.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let mut stderr = child.stderr.take().expect("a pipe");
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("UTF-8");
            text
        });
        Self {
            child,
            lines,
            out: String::new(),
            err: Some(err),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// The next line, or `None` after the last.
    pub fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.out.push_str(&line);
                Some(line)
            }
            Err(error) if error.is_timeout() => panic!("no line for {PATIENCE:?} after:\n{}", self.out),
            Err(_) => None,
        }
    }

    /// Reads up to the first line that holds this.
    pub fn until(&mut self, text: &str) -> String {
        while let Some(line) = self.line() {
            if line.contains(text) {
                return line;
            }
        }
        panic!("ended without {text:?}: {:?}", self.wait());
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        self.wait()
    }

    fn wait(&mut self) -> Ended {
        while self.line().is_some() {}
        let status: ExitStatus = until("the end of the process", || self.child.try_wait().expect("a child"));
        let err = self.err.take().map(|thread| thread.join().expect("standard error"));
        Ended {
            code: status.code(),
            out: std::mem::take(&mut self.out),
            err: err.unwrap_or_default(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
