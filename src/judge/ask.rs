//! Asks a judge model many questions, several at a time, with patience for a server that is busy, down for a while, or gone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, unbounded};

use super::Message;
use super::wire::{Manner, Said};
use crate::reward::http::{Client, Failed, LONGEST_PAUSE};

/// How often somebody who waits looks whether the end has come.
const TICK: Duration = Duration::from_millis(20);

/// How often the one who waits is told how things stand.
const TOLD: Duration = Duration::from_millis(200);

/// How the asking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every question has an answer, but for so many that the server refused; with what it said of the last.
    Done { refused: usize, why: String },
    /// Somebody wanted it to end. What was under way has been waited for.
    Interrupted,
    /// The server is gone, or will not answer; what it said.
    Failed(String),
}

/// A judge model behind an endpoint.
pub struct Judge {
    /// With its key, and with the patience for one question.
    pub client: Client,
    pub manner: Manner,
    /// Questions under way at once.
    pub concurrency: usize,
}

/// What the workers share.
struct Shared<'a> {
    judge: &'a Judge,
    questions: &'a [Message],
    stop: &'a (dyn Fn() -> bool + Sync),
    next: AtomicUsize,
    /// Something happened after which nothing more is asked.
    over: AtomicBool,
    /// A question was answered, so that the address, the model and the key are right.
    works: AtomicBool,
    /// The limit on a reply has the newer name.
    new_limit: AtomicBool,
    /// The server asked everybody to be quiet until then.
    quiet: Mutex<Instant>,
}

enum Told {
    Answer(usize, Said),
    Refused(String),
    Dead(String),
}

impl Judge {
    /// Asks all questions. `answered(place, said)` is called on this thread as answers come, in any order, so that nothing
    /// is lost that was paid for; an error of it ends the asking. `waiting()` is called now and then.
    ///
    /// When `stop` says so no further question is asked, and those under way are waited for.
    pub fn ask(
        &self,
        questions: &[Message],
        stop: &(dyn Fn() -> bool + Sync),
        answered: &mut dyn FnMut(usize, Said) -> Result<(), String>,
        waiting: &mut dyn FnMut(),
    ) -> Ended {
        let shared = Shared {
            judge: self,
            questions,
            stop,
            next: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            works: AtomicBool::new(false),
            new_limit: AtomicBool::new(false),
            quiet: Mutex::new(Instant::now()),
        };
        let (mut refused, mut why, mut dead, mut done) = (0, String::new(), None, 0);
        std::thread::scope(|scope| {
            let (send, told) = unbounded();
            for _ in 0..self.concurrency.clamp(1, questions.len().max(1)) {
                let (shared, send) = (&shared, send.clone());
                scope.spawn(move || shared.work(&mut |told| send.send(told).is_ok()));
            }
            drop(send);
            loop {
                match told.recv_timeout(TOLD) {
                    Ok(Told::Answer(place, said)) => {
                        done += 1;
                        if let Err(error) = answered(place, said) {
                            shared.over.store(true, Ordering::Relaxed);
                            dead.get_or_insert(error);
                        }
                    }
                    Ok(Told::Refused(what)) => (refused, why) = (refused + 1, what),
                    Ok(Told::Dead(what)) => {
                        dead.get_or_insert(what);
                    }
                    Err(RecvTimeoutError::Timeout) => waiting(),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        match dead {
            Some(what) => Ended::Failed(what),
            None if done + refused < questions.len() => Ended::Interrupted,
            None => Ended::Done { refused, why },
        }
    }
}

impl Shared<'_> {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) || (self.stop)()
    }

    /// Takes one question after the other.
    fn work(&self, tell: &mut dyn FnMut(Told) -> bool) {
        while !self.is_over() {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(question) = self.questions.get(place) else {
                return;
            };
            let told = match self.answer(question) {
                None => return,
                Some(Ok(said)) => {
                    self.works.store(true, Ordering::Relaxed);
                    Told::Answer(place, said)
                }
                // One question may be too long, or not to a filter's taste; the others can still be asked.
                Some(Err(failed))
                    if matches!(failed.status, Some(400 | 413 | 422)) && self.works.load(Ordering::Relaxed) =>
                {
                    Told::Refused(failed.what)
                }
                Some(Err(failed)) => {
                    self.over.store(true, Ordering::Relaxed);
                    Told::Dead(failed.what)
                }
            };
            if !tell(told) {
                return;
            }
        }
    }

    /// The answer to one question, or why there is none after every try. `None`: nobody wants it any more.
    fn answer(&self, question: &Message) -> Option<Result<Said, Failed>> {
        let Judge { client, manner, .. } = self.judge;
        let (mut pause, retries) = client.patience();
        let mut tries = 0;
        loop {
            self.wait_until_quiet_is_over()?;
            let new_limit = self.new_limit.load(Ordering::Relaxed);
            let body = manner.body(question, new_limit);
            // Waited for, whatever happens meanwhile: it is paid for.
            let attempt = client.attempt(&body, &|| false).ok()?;
            let mut failed = match attempt.and_then(|text| manner.said(&text).map_err(garbage)) {
                Ok(said) => return Some(Ok(said)),
                Err(failed) => failed,
            };
            let says_limit = failed.status == Some(400) && failed.what.contains("max_completion_tokens");
            // By what this request said: others that were under way with it are told the same.
            if says_limit && !new_limit {
                self.new_limit.store(true, Ordering::Relaxed);
                continue;
            }
            tries += 1;
            if !failed.may_pass || tries > retries {
                if tries > 1 {
                    failed.what += &format!(" ({tries} tries)");
                }
                return Some(Err(failed));
            }
            let end = Instant::now() + failed.wait.unwrap_or(pause).max(pause);
            if failed.wait.is_some() || failed.status == Some(429) {
                // Asking for other things meanwhile would be what the server complains of.
                let mut quiet = self.quiet.lock().unwrap_or_else(|e| e.into_inner());
                *quiet = (*quiet).max(end);
            }
            self.wait(end)?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn wait_until_quiet_is_over(&self) -> Option<()> {
        let end = *self.quiet.lock().unwrap_or_else(|e| e.into_inner());
        self.wait(end)
    }

    /// `None`: the end came before.
    fn wait(&self, end: Instant) -> Option<()> {
        loop {
            if self.is_over() {
                return None;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(());
            }
            std::thread::sleep(TICK.min(left));
        }
    }
}

/// A reply that is none may be better the next time.
fn garbage(what: String) -> Failed {
    Failed {
        what: format!("answered with {what}"),
        may_pass: true,
        status: None,
        wait: None,
    }
}
