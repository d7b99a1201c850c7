//! The thread that reads, labels and deletes runs for the screen of runs, and what opens and forks them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::eyes::{Library, follow_stored};
use super::open::{insider, reader_of_prompts};
use crate::device::DeviceChoice;
use crate::run::{Reader, delete, list_runs, write_labels};
use crate::train::{ForkRequest, Running, resume};
use crate::tui::runs::{Answer, Compared, Listing, Question, Shared, Wish};
use crate::tui::{Desk, Forked, Opened, Source};

/// How often runs that are looked at are read again.
const AGAIN: Duration = Duration::from_millis(1000);
/// The words for how long ago something was change in a minute.
const MINUTE: Duration = Duration::from_secs(30);

/// A run that is trained here though it was not when the workbench was opened: a fork.
pub type Garage = Arc<Mutex<Option<Running>>>;

/// Starts the thread. It ends with the screen.
pub fn desk(runs: &Path, device: DeviceChoice, garage: &Garage) -> Desk {
    let (questions, asked) = unbounded();
    let (told, answers) = unbounded();
    let clerk = Clerk {
        runs: runs.to_path_buf(),
        told,
        watching: false,
        listed: None,
        compared: Vec::new(),
    };
    std::thread::spawn(move || clerk.work(&asked));
    let (runs, garage) = (runs.to_path_buf(), Arc::clone(garage));
    Desk {
        questions,
        answers,
        open: Arc::new(opened),
        fork: Arc::new(move |wish, train| fork(wish, train, &runs, device, &garage)),
    }
}

struct Clerk {
    runs: PathBuf,
    told: Sender<Answer>,
    watching: bool,
    listed: Option<(Listing, Instant)>,
    compared: Vec<Followed>,
}

/// A run that is compared.
struct Followed {
    path: PathBuf,
    reader: Result<Reader, String>,
    /// What was read of it: the one copy there is, also while the screen shows it.
    shared: Option<Shared>,
}

/// Nobody is there to hear an answer.
struct Gone;

impl Clerk {
    fn work(mut self, asked: &Receiver<Question>) {
        loop {
            let question = match asked.recv_timeout(AGAIN) {
                Ok(question) => Some(question),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let done = match question {
                Some(question) => self.answer(question),
                None => self.look_again(),
            };
            if done.is_err() {
                return;
            }
        }
    }

    fn tell(&self, answer: Answer) -> Result<(), Gone> {
        self.told.send(answer).map_err(|_| Gone)
    }

    fn answer(&mut self, question: Question) -> Result<(), Gone> {
        match question {
            Question::Watch => {
                (self.watching, self.listed) = (true, None);
                self.list()
            }
            Question::Rest => {
                self.watching = false;
                Ok(())
            }
            Question::Label { path, labels } => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let done = write_labels(&path, &labels).map_err(|e| e.to_string());
                self.tell(Answer::Said(done.map(|()| format!("{name}: labels stored"))))?;
                self.list()
            }
            Question::Delete(path) => {
                let done = delete(&path).map_err(|e| e.to_string());
                self.tell(Answer::Said(done.map(|()| format!("deleted {}", path.display()))))?;
                self.list()
            }
            Question::Compare(paths) => {
                // What was read of a run already is kept.
                let mut before: BTreeMap<PathBuf, Followed> =
                    self.compared.drain(..).map(|run| (run.path.clone(), run)).collect();
                self.compared = paths
                    .into_iter()
                    .map(|path| before.remove(&path).unwrap_or_else(|| Followed::open(path)))
                    .collect();
                for run in &mut self.compared {
                    run.read();
                }
                self.tell_compared()
            }
            Question::Pairs { step, paths } => {
                let read = |path: &PathBuf| {
                    let pairs = Reader::open(path).and_then(|r| r.pairs_between(step, step.saturating_add(1)));
                    pairs.unwrap_or_default()
                };
                let pairs = paths.iter().map(read).collect();
                self.tell(Answer::Pairs { step, pairs })
            }
        }
    }

    fn look_again(&mut self) -> Result<(), Gone> {
        if !self.watching {
            return Ok(());
        }
        let mut news = false;
        for run in &mut self.compared {
            news |= run.read();
        }
        if news {
            self.tell_compared()?;
        }
        self.list()
    }

    /// Tells the list if it is another than the last.
    fn list(&mut self) -> Result<(), Gone> {
        let found = list_runs(&self.runs);
        let mut listing = Listing {
            folder: self.runs.display().to_string(),
            now: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()),
            ..Listing::default()
        };
        match found {
            Ok(runs) => listing.runs = runs,
            Err(error) => listing.error = Some(error.to_string()),
        }
        let same = self.listed.as_ref().is_some_and(|(last, at)| {
            last.runs == listing.runs && last.error == listing.error && at.elapsed() < MINUTE
        });
        if same {
            return Ok(());
        }
        self.listed = Some((listing.clone(), Instant::now()));
        self.tell(Answer::List(listing))
    }

    fn tell_compared(&self) -> Result<(), Gone> {
        let compared = |run: &Followed| Compared {
            path: run.path.clone(),
            name: run.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            run: match (&run.reader, &run.shared) {
                (Err(why), _) => Err(why.clone()),
                (Ok(_), Some(shared)) => Ok(shared.clone()),
                (Ok(_), None) => Err("it cannot be read".to_string()),
            },
        };
        self.tell(Answer::Compared(self.compared.iter().map(compared).collect()))
    }
}

impl Followed {
    fn open(path: PathBuf) -> Self {
        Self {
            // Of the pairs only those of one step are looked at, and asked for by it.
            reader: Reader::open(&path)
                .map(|r| r.with_recent_pair_steps(0))
                .map_err(|e| e.to_string()),
            path,
            shared: None,
        }
    }

    /// Takes in what is new; false if nothing is.
    fn read(&mut self) -> bool {
        let Ok(reader) = &mut self.reader else { return false };
        // A writer in the middle of a checkpoint may hold the database for a moment: the next look finds it.
        let shared = &mut self.shared;
        let read = reader.poll_each(|event| {
            // Only where there is news while the screen holds what was told before is there a second copy, until the screen
            // has the new one.
            let Shared(whole) = shared.get_or_insert_with(|| Shared(Arc::default()));
            Arc::make_mut(whole).view.apply(event);
        });
        match read {
            Ok(0) => false,
            Ok(_) => {
                if let Some(Shared(whole)) = &mut self.shared {
                    Arc::make_mut(whole).refresh();
                }
                true
            }
            Err(_) => false,
        }
    }
}

/// A stored run, or one that another process trains, ready to be shown.
fn opened(folder: &Path) -> Result<Opened, String> {
    let wrong = |e: crate::run::StoreError| e.to_string();
    let library = Library::open(folder).map_err(wrong)?;
    let guard = Arc::new(());
    let alive = Arc::downgrade(&guard);
    let events = follow_stored(folder, move || alive.strong_count() > 0).map_err(wrong)?;
    Ok(Opened {
        source: Source {
            events,
            commands: None,
            queries: library.queries.clone(),
            pages: library.pages.clone(),
        },
        sent: reader_of_prompts(folder),
        inside: insider(folder),
        guard,
    })
}

/// Makes a fork; trained here if nothing else is.
fn fork(wish: &Wish, train: bool, runs: &Path, device: DeviceChoice, garage: &Garage) -> Result<Forked, String> {
    let request = ForkRequest {
        parent: wish.parent.clone(),
        step: wish.step,
        sets: wish.sets.clone(),
        redo: false,
        device,
    };
    let prepared = request.prepare().map_err(|e| e.to_string())?;
    let (setup, store) = prepared.create(runs, None).map_err(|e| e.to_string())?;
    let folder = store.dir().to_path_buf();
    if !train {
        return Ok(Forked {
            said: format!(
                "{} is made; train it with: ple resume {}",
                store.name(),
                folder.display()
            ),
            opened: None,
        });
    }
    let said = format!("{} is made and trains here", store.name());
    let library = Library::open(&folder).map_err(|e| e.to_string())?;
    let running = resume(setup, store, true);
    let opened = Opened {
        source: Source {
            events: running.events.clone(),
            commands: Some(running.commands.clone()),
            queries: library.queries.clone(),
            pages: library.pages.clone(),
        },
        sent: reader_of_prompts(&folder),
        inside: insider(&folder),
        guard: Arc::new(()),
    };
    *garage.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
    Ok(Forked {
        said,
        opened: Some(opened),
    })
}
