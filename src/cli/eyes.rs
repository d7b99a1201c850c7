//! Threads that read a run for the screen, which itself never waits for a disk.

use std::path::Path;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::run::{PairFilter, PairPage, Reader, StoreError};
use crate::train::Event;

/// How often a run that another process trains is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Events of a stored run that are in memory before the screen took them: a run of a million steps would be gigabytes.
const AHEAD: usize = 4096;

/// A thread that answers questions for pairs. It ends when the questions' sender is dropped.
pub struct Library {
    pub queries: Sender<PairFilter>,
    pub pages: Receiver<PairPage>,
}

impl Library {
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(folder)?;
        let (queries, asked) = unbounded::<PairFilter>();
        let (answers, pages) = unbounded();
        std::thread::spawn(move || {
            while let Ok(first) = asked.recv() {
                // Somebody who types a search asks faster than a large run answers: of each that asks, only the last
                // question counts.
                let mut questions = vec![first];
                while let Ok(newer) = asked.try_recv() {
                    questions.retain(|q| q.asker != newer.asker);
                    questions.push(newer);
                }
                for filter in questions {
                    let page = reader.pairs(&filter).unwrap_or(PairPage {
                        filter,
                        ..PairPage::default()
                    });
                    if answers.send(page).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { queries, pages })
    }
}

/// A thread that turns what is stored, and what another process adds to it, into events, while `wanted`. What a run begins
/// with is read here, so that a folder that is no run is told before there is a screen.
pub fn follow_stored(folder: &Path, wanted: impl Fn() -> bool + Send + 'static) -> Result<Receiver<Event>, StoreError> {
    let mut reader = Reader::open(folder)?;
    let (send, events) = bounded(2 * AHEAD);
    let begin = reader.poll_some(AHEAD)?;
    std::thread::spawn(move || {
        let more = begin.len() >= AHEAD;
        if begin.into_iter().all(|event| send.send(event).is_ok()) {
            follow(&mut reader, &send, more, wanted);
        }
    });
    Ok(events)
}

/// `more`: there is more to read at once.
fn follow(reader: &mut Reader, send: &Sender<Event>, mut more: bool, wanted: impl Fn() -> bool) {
    while wanted() {
        if !more {
            std::thread::sleep(POLL);
        }
        let found = match reader.poll_some(AHEAD) {
            Ok(found) => found,
            Err(e @ StoreError::Damaged { .. }) => {
                let message = format!("the rest of the run cannot be read: {e}");
                let _ = send.send(Event::Failed { message });
                return;
            }
            // A writer in the middle of a checkpoint may hold the database for a moment: look again.
            Err(_) => {
                more = false;
                continue;
            }
        };
        more = found.len() >= AHEAD;
        for event in found {
            if send.send(event).is_err() {
                return;
            }
        }
    }
}
