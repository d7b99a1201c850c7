//! `ple steer`, and the thread by which a workbench keeps the steering of a run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use crossbeam_channel::{Receiver, Sender, never, select, tick, unbounded};

use super::user_files::read_principles;
use super::{Failure, Outcome, Place, exit};
use crate::config::{MethodName, Plan};
use crate::run::{Holder, Reader, SteeringFile, resolve};
use crate::train::{Actor, Command, Given, Via};
use crate::tui::{Port, Steering, Wish};

/// How often a workbench looks who steers, and says that it is still there.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub struct SteerArgs {
    /// The folder or name of a run that some process trains
    run: String,
    /// tau=X, decay=X, learning-rate=X, on=PRINCIPLE, off=PRINCIPLE, principles=FILE, pause, continue, step, checkpoint or
    /// stop, in this order; without any, who steers the run
    #[arg(value_name = "ACTION")]
    actions: Vec<String>,
    /// Also while a workbench steers it, which goes on to afterwards
    #[arg(long)]
    take: bool,
}

/// Leaves commands for the process that trains a run.
pub fn steer(args: &SteerArgs, place: &Place) -> Outcome {
    let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
    let commands = commands(&folder, &args.actions)?;
    if commands.is_empty() {
        return tell(&folder);
    }
    let run = folder.display();
    let reader = Reader::open(&folder).map_err(Failure::input)?;
    if !reader.is_being_written() {
        return Err(Failure::input(format!(
            "{run}: no process trains this run; ple resume {run} goes on with it"
        )));
    }
    let mut file = SteeringFile::create(&folder).map_err(Failure::input)?;
    let by = Actor::here(Via::Cli);
    for command in commands {
        let given = Given {
            command,
            by: by.clone(),
        };
        if args.take {
            file.put_even_so(&given).map_err(Failure::failed)?;
        } else if let Err(holder) = file.put(&given).map_err(Failure::failed)? {
            return Err(Failure::input(format!(
                "{run}: {} steers this run; --take does it all the same",
                holder.who.words()
            )));
        }
    }
    let start = Instant::now();
    while file.is_waiting().map_err(Failure::failed)? {
        if start.elapsed() > Duration::from_secs(5) {
            return Err(Failure::failed(format!(
                "{run}: the trainer has not taken it yet; it acts when it does (an older ple does not listen)"
            )));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{run}: {} acts from the next step on", args.actions.join(" "));
    Ok(exit::DONE)
}

fn tell(folder: &Path) -> Outcome {
    let file = SteeringFile::open(folder).map_err(Failure::input)?;
    let holder = match &file {
        Some(file) => file.holder().map_err(Failure::failed)?.filter(Holder::is_fresh),
        None => None,
    };
    let trained = Reader::open(folder).map_err(Failure::input)?.is_being_written();
    match (holder, trained) {
        (Some(holder), _) => println!("{}: steered by {}", folder.display(), holder.who.words()),
        (None, true) => println!("{}: is trained, and nobody steers it", folder.display()),
        (None, false) => println!("{}: no process trains it", folder.display()),
    }
    Ok(exit::DONE)
}

/// Why a run has no use for a command, where that follows from what it is.
fn useless(plan: &Plan, command: &Command) -> Option<String> {
    match (plan, command) {
        (Plan::Align(e), Command::SetTau(_) | Command::SetDecay(_)) if e.method.name != MethodName::Ple => {
            let title = e.method.name.title();
            Some(format!("only PLE has tau and its decay; this run is {title}"))
        }
        (Plan::Fit(_), Command::SetTau(_) | Command::SetDecay(_)) => {
            Some("only PLE has tau and its decay; this run trains a model on rows".into())
        }
        (Plan::Fit(_), Command::SetPrinciples(_)) => {
            Some("only a policy is guided by principles; this run trains a model on rows".into())
        }
        _ => None,
    }
}

fn commands(folder: &Path, actions: &[String]) -> Result<Vec<Command>, Failure> {
    let mut principles = None;
    let started = Reader::open(folder).and_then(|r| r.started()).map_err(Failure::input)?;
    let mut commands = Vec::new();
    for action in actions {
        let wrong = |message: String| Failure::input(format!("{action}: {message}"));
        let (word, value) = action
            .split_once('=')
            .map_or((action.as_str(), None), |(w, v)| (w, Some(v)));
        let number = |range: &str, fits: fn(f64) -> bool| -> Result<f64, Failure> {
            let value: f64 = value
                .unwrap_or_default()
                .parse()
                .map_err(|_| wrong(format!("wants a number {range}, for example {word}=0.1")))?;
            match fits(value) {
                true => Ok(value),
                false => Err(wrong(format!("is out of range: wants a number {range}"))),
            }
        };
        commands.push(match (word, value) {
            ("tau", _) => Command::SetTau(number("of any size", f64::is_finite)?),
            ("decay", _) => Command::SetDecay(number("above 0 and at most 1", |x| x > 0.0 && x <= 1.0)?),
            ("learning-rate" | "learning_rate" | "rate", _) => Command::SetLearningRate(number("from 0 to 1", |x| (0.0..=1.0).contains(&x))?),
            ("principles", Some(file)) => {
                let set = read_principles(Path::new(file)).map_err(Failure::input)?;
                principles = Some(set.clone());
                Command::SetPrinciples(set)
            }
            ("on" | "off", Some(name)) => {
                let now = match &principles {
                    Some(set) => Some(set),
                    None => {
                        let versions = Reader::open(folder).and_then(|r| r.principles()).map_err(Failure::input)?;
                        principles = versions.into_iter().next_back().map(|v| v.principles);
                        principles.as_ref()
                    }
                };
                let set = now.ok_or_else(|| wrong("this run has no principles".into()))?;
                if !set.entries.iter().any(|e| e.name == name) {
                    let names: Vec<&str> = set.entries.iter().map(|e| e.name.as_str()).collect();
                    return Err(wrong(format!("no principle has this name; there are {}", names.join(", "))));
                }
                let set = set.switched(|_, e| if e.name == name { word == "on" } else { e.on });
                principles = Some(set.clone());
                Command::SetPrinciples(set)
            }
            ("pause", None) => Command::Pause,
            ("continue", None) => Command::Continue,
            ("step", None) => Command::StepOnce,
            ("checkpoint", None) => Command::Checkpoint,
            ("stop", None) => Command::Stop,
            _ => {
                return Err(wrong(
                    "is no action; wants tau=X, decay=X, learning-rate=X, on=PRINCIPLE, off=PRINCIPLE, principles=FILE, pause, \
                     continue, step, checkpoint or stop"
                        .into(),
                ));
            }
        });
        if let Some(why) = commands
            .last()
            .and_then(|command| useless(&started.experiment, command))
        {
            return Err(wrong(why));
        }
    }
    Ok(commands)
}

/// The steering of a run, kept for a workbench by a thread of its own.
pub struct Link {
    pub port: Port,
    /// Commands for a trainer in another process.
    pub commands: Sender<Command>,
    folder: PathBuf,
}

impl Link {
    /// Keeps it. `remote`: another process trains the run. A workbench that trains itself steers from the start, unless
    /// another does.
    pub fn keep(folder: &Path, remote: bool) -> Self {
        let (wishes, wished) = unbounded();
        let (commands, given) = unbounded();
        let (send, news) = unbounded();
        let dir = folder.to_path_buf();
        std::thread::spawn(move || {
            let mut keeper = Keeper {
                dir,
                remote,
                me: Actor::here(Via::Workbench),
                file: None,
                told: None,
                send,
            };
            keeper.run(&wished, given);
        });
        Self {
            port: Port { wishes, news, remote },
            commands,
            folder: folder.to_path_buf(),
        }
    }
}

impl Drop for Link {
    /// Gives the steering up, if it is ours.
    fn drop(&mut self) {
        if let Ok(Some(file)) = SteeringFile::open(&self.folder) {
            let _ = file.release(&Actor::here(Via::Workbench));
        }
    }
}

struct Keeper {
    dir: PathBuf,
    remote: bool,
    me: Actor,
    file: Option<SteeringFile>,
    told: Option<Steering>,
    send: Sender<Steering>,
}

impl Keeper {
    fn run(&mut self, wishes: &Receiver<Wish>, mut commands: Receiver<Command>) {
        if !self.remote {
            self.take(false);
        }
        let ticks = tick(LOOK);
        loop {
            let refused = select! {
                recv(wishes) -> wish => match wish {
                    Ok(Wish::Take { even_so }) => self.take(even_so),
                    Ok(Wish::Release) => self.release(),
                    // The screen is gone.
                    Err(_) => return,
                },
                recv(commands) -> command => match command {
                    Ok(command) => self.put(command),
                    Err(_) => {
                        commands = never();
                        None
                    }
                },
                recv(ticks) -> _ => None,
            };
            if !self.tell(refused) {
                return;
            }
        }
    }

    fn open(&mut self, make: bool) -> Result<Option<&mut SteeringFile>, String> {
        if self.file.is_none() {
            let opened = match make {
                true => SteeringFile::create(&self.dir).map(Some),
                false => SteeringFile::open(&self.dir),
            };
            self.file = opened.map_err(|e| e.to_string())?;
        }
        Ok(self.file.as_mut())
    }

    fn is_trained(&self) -> bool {
        Reader::open(&self.dir).is_ok_and(|reader| reader.is_being_written())
    }

    /// Returns why not.
    fn take(&mut self, even_so: bool) -> Option<String> {
        if !self.is_trained() {
            return Some("no process trains this run: there is nothing to steer (ple resume goes on with it)".into());
        }
        let me = self.me.clone();
        let file = match self.open(true) {
            Ok(Some(file)) => file,
            Ok(None) => return None,
            Err(why) => return Some(why),
        };
        match file.take(&me, even_so) {
            Ok(Ok(_)) => self.put(Command::Steer { taken: true }),
            Ok(Err(holder)) => Some(format!(
                "{} steers this run; :steer take! takes it over",
                holder.who.words()
            )),
            Err(error) => Some(error.to_string()),
        }
    }

    fn release(&mut self) -> Option<String> {
        let told = self.put(Command::Steer { taken: false });
        let me = self.me.clone();
        let released = self.open(false).ok().flatten().map(|file| file.release(&me));
        told.or_else(|| released.and_then(Result::err).map(|e| e.to_string()))
    }

    fn put(&mut self, command: Command) -> Option<String> {
        let given = Given {
            command,
            by: self.me.clone(),
        };
        match self.open(false) {
            Ok(Some(file)) => match file.put(&given) {
                Ok(Ok(())) => None,
                Ok(Err(holder)) => Some(format!("{} steers this run now", holder.who.words())),
                Err(error) => Some(error.to_string()),
            },
            Ok(None) => Some("take the steering first: :steer take".into()),
            Err(why) => Some(why),
        }
    }

    /// Tells who steers, when it is news; false when nobody listens any more.
    fn tell(&mut self, refused: Option<String>) -> bool {
        let me = self.me.clone();
        let trained = self.is_trained();
        let holder = self.open(false).ok().flatten().and_then(|file| {
            let _ = file.beat(&me);
            file.holder().ok().flatten().filter(Holder::is_fresh)
        });
        let now = Steering {
            ours: holder.as_ref().is_some_and(|h| h.who.is_same_process(&me)),
            holder: holder.map(|h| h.who.words()),
            trained,
            refused: None,
        };
        if refused.is_none() && self.told.as_ref() == Some(&now) {
            return true;
        }
        self.told = Some(now.clone());
        self.send.send(Steering { refused, ..now }).is_ok()
    }
}
