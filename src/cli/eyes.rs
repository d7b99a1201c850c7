//! Threads that read a run for the screen, which itself never waits for a disk.

use std::path::Path;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::run::{PairFilter, PairPage, Reader, StoreError};
use crate::train::Event;

/// How often a run that another process trains is looked at.
const POLL: Duration = Duration::from_millis(200);

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

/// A thread that turns what is stored, and what another process adds to it, into events.
pub fn follow_stored(folder: &Path) -> Result<Receiver<Event>, StoreError> {
    let mut reader = Reader::open(folder)?;
    let (send, events) = unbounded();
    for event in reader.poll()? {
        let _ = send.send(event);
    }
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(POLL);
            // A writer in the middle of a checkpoint may hold the database for a moment: look again.
            let Ok(found) = reader.poll() else { continue };
            for event in found {
                if send.send(event).is_err() {
                    return;
                }
            }
        }
    });
    Ok(events)
}
