//! `ple suite`: a whole comparison, one run after another, and its tables.

mod judging;
mod say;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use crossbeam_channel::{never, select};
use serde_json::Value;

use super::{Failure, Outcome, Output, Place, exit, signals};
use crate::config::Experiment;
use crate::device::DeviceChoice;
use crate::grammar::Task;
use crate::report::{Contender, settings_of};
use crate::run::Store;
use crate::suite::{Clock, Job, Pick, Results, Standing, SuitePlan, found};
use crate::train::{self, Command, Event, FullEvaluation, Measurable, Running, State, Wanted};
use say::{RunState, Say, SuiteEvent};

#[derive(Debug, Args)]
pub struct SuiteArgs {
    /// SUITE.toml
    suite: PathBuf,
    /// Only these contenders and these tasks, by their names; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only these seeds of the suite
    #[arg(long, value_name = "N", value_delimiter = ',')]
    seeds: Vec<u64>,
    /// The folder of the suite's runs within the folder of runs; the default is the file's name
    #[arg(long)]
    name: Option<String>,
    /// Where tables and figures are written; the default is results/ beside the runs
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Say how far each run has come, and do nothing
    #[arg(long, conflicts_with = "tables")]
    list: bool,
    /// Train nothing and ask no judge model: write the tables of what is done
    #[arg(long)]
    tables: bool,
    /// Ask no judge model of the suite; what was asked before is in the tables
    #[arg(long)]
    no_judge: bool,
    /// Do not ask before a judge model costs something
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    print: Output,
}

/// How a run of the suite went.
enum End {
    Done,
    Interrupted,
    Failed(String),
}

pub fn suite(args: &SuiteArgs, place: &Place) -> Outcome {
    let plan = SuitePlan::at(&args.suite, &place.runs, args.name.as_deref(), place.device).map_err(Failure::input)?;
    let (only, seeds) = (args.only.clone(), args.seeds.clone());
    let chosen = Pick { only, seeds }.of(&plan).map_err(Failure::input)?;
    let standings = standings(&plan, &chosen)?;
    if args.list {
        list(&plan, &chosen, &standings, args.print.json);
        return Ok(exit::DONE);
    }
    let ask = !args.tables && !args.no_judge;
    let models = judging::models(&plan, ask, args.yes)?;
    let mut driver = Driver {
        say: Say::new(args.print, chosen.len()),
        clock: Clock::default(),
        stop: signals::listen(),
        device: place.device,
        plan: &plan,
    };
    let mut failed = Vec::new();
    if !args.tables {
        check_models(&plan, &chosen, &standings)?;
        match driver.all(&chosen, standings, &mut failed)? {
            End::Interrupted => return Ok(driver.interrupted()),
            End::Done | End::Failed(_) => {}
        }
    }
    let found = found(&plan).map_err(Failure::input)?;
    let judged = judging::judge(&plan, &found, &models, ask, &driver.stop)?;
    if judged.interrupted {
        return Ok(driver.interrupted());
    }
    // What a judge model said is kept with the runs by now.
    let found = match models.is_empty() {
        true => found,
        false => crate::suite::found(&plan).map_err(Failure::input)?,
    };
    let results = Results::of(&plan, &found, &judged.met);
    let folder = args.output.clone().unwrap_or_else(|| plan.folder.join("results"));
    if results.tables.is_empty() {
        let why = format!(
            "{}: no run of the suite has been evaluated yet, so there is nothing to put into a table",
            plan.folder.display()
        );
        return Err(if args.tables {
            Failure::input(why)
        } else {
            Failure::failed(why)
        });
    }
    let made = results.write(&plan, &folder).map_err(Failure::failed)?;
    driver
        .say
        .results(&results, &folder, made, &failed)
        .map_err(Failure::failed)?;
    match (failed.len(), judged.failed) {
        (0, None) => Ok(exit::DONE),
        (0, Some(failure)) => Err(failure),
        (n, _) => Err(Failure::failed(format!(
            "{n} of {} runs failed: {}; the tables have what they came to. The same command tries again from their last \
             checkpoints",
            chosen.len(),
            failed.join("; ")
        ))),
    }
}

/// How far the chosen runs have come. Everything that is wrong with them is said at once.
fn standings(plan: &SuitePlan, chosen: &[usize]) -> Result<Vec<Standing>, Failure> {
    let queries = plan.suite.settings.queries;
    let looked = chosen
        .iter()
        .map(|&place| &plan.jobs[place])
        .map(|job| Standing::of(job, &plan.run_of(job), queries));
    let (good, bad): (Vec<_>, Vec<_>) = looked.partition(Result::is_ok);
    if !bad.is_empty() {
        let all: Vec<String> = bad.into_iter().filter_map(Result::err).collect();
        return Err(Failure::input(all.join("\nple: ")));
    }
    Ok(good.into_iter().filter_map(Result::ok).collect())
}

/// What the runs to come would not start for: once for each contender and task, since seeds change nothing of it.
fn check_models(plan: &SuitePlan, chosen: &[usize], standings: &[Standing]) -> Result<(), Failure> {
    let mut seen: Vec<(usize, Task)> = Vec::new();
    for (&place, standing) in chosen.iter().zip(standings) {
        let job = &plan.jobs[place];
        if *standing == Standing::Done || seen.contains(&(job.contender, job.task)) {
            continue;
        }
        seen.push((job.contender, job.task));
        let wrong = |message: String| Failure::input(plan.suite.wrong(job.contender, "experiment", message));
        let checked = job.request.check().map_err(|e| wrong(e.to_string()))?;
        if let Some(line) = checked.lines.iter().find(|line| line.state == State::Wrong) {
            return Err(wrong(format!(
                "{}, {}: {}: {}",
                job.task, job.label, line.about, line.text
            )));
        }
    }
    Ok(())
}

fn list(plan: &SuitePlan, chosen: &[usize], standings: &[Standing], json: bool) {
    let jobs = || chosen.iter().map(|&place| &plan.jobs[place]).zip(standings);
    if json {
        for (job, standing) in jobs() {
            let told = serde_json::json!({
                "run": job.run, "contender": job.label, "task": job.task, "seed": job.seed, "steps": job.steps(),
                "sampled": job.responses.sampled, "given": job.responses.given, "state": standing.words(job.steps()),
            });
            println!("{told}");
        }
        return;
    }
    println!(
        "{}: {} runs in {}",
        plan.suite.settings.title,
        chosen.len(),
        plan.folder.display()
    );
    let width = jobs().map(|(job, _)| job.run.chars().count()).max().unwrap_or(0);
    for (job, standing) in jobs() {
        println!(
            "  {:width$}  {:>4} steps, {:>16}  {}",
            job.run,
            job.steps(),
            job.responses.to_string(),
            standing.words(job.steps())
        );
    }
}

/// Does the runs of a suite.
struct Driver<'a> {
    plan: &'a SuitePlan,
    say: Say,
    clock: Clock,
    stop: signals::Stop,
    device: DeviceChoice,
}

impl Driver<'_> {
    /// Does what is left to do of the chosen runs. What fails is named in `failed`, and the others go on.
    fn all(&mut self, chosen: &[usize], standings: Vec<Standing>, failed: &mut Vec<String>) -> Result<End, Failure> {
        let jobs: Vec<&Job> = chosen.iter().map(|&place| &self.plan.jobs[place]).collect();
        for (job, standing) in jobs.iter().zip(&standings) {
            if *standing == Standing::Done {
                self.learn_time(job);
            }
        }
        let left = |done: usize| {
            let waiting = jobs.iter().zip(&standings).skip(done);
            let shares = waiting.map(|(job, standing)| (job.contender, job.task, share_left(job, standing)));
            shares.collect::<Vec<_>>()
        };
        let done = standings.iter().filter(|s| **s == Standing::Done).count();
        self.say.event(&SuiteEvent::Suite {
            title: self.plan.suite.settings.title.clone(),
            folder: self.plan.folder.display().to_string(),
            runs: jobs.len(),
            done,
            seconds_left: self.clock.left(left(0)),
        });
        if let End::Interrupted = self.bases(&jobs)? {
            return Ok(End::Interrupted);
        }
        for (at, (job, standing)) in jobs.iter().zip(&standings).enumerate() {
            if self.stop.requested() {
                return Ok(End::Interrupted);
            }
            self.say.at(at, self.clock.left(left(at)));
            match self.one(job, standing, &left(at + 1)) {
                End::Done => {}
                End::Interrupted => return Ok(End::Interrupted),
                End::Failed(message) => {
                    self.say.run(job, RunState::Failed, Some(&message));
                    failed.push(format!("{} ({message})", job.run));
                }
            }
        }
        self.say.at(jobs.len(), Some(0.0));
        Ok(End::Done)
    }

    /// One run, from where it stands to its evaluation. `after`: the runs that come after it.
    fn one(&mut self, job: &Job, standing: &Standing, after: &[(usize, Task, f64)]) -> End {
        let folder = self.plan.run_of(job);
        let running = match standing {
            Standing::Done => {
                self.say.run(job, RunState::Kept, None);
                return End::Done;
            }
            Standing::Busy => {
                return End::Failed(format!(
                    "{}: another process writes this run; once it ends, the same command goes on",
                    folder.display()
                ));
            }
            Standing::Trained => None,
            Standing::New | Standing::Empty => {
                self.say.run(job, RunState::Starts, None);
                Some(self.start(job, &folder, *standing == Standing::Empty))
            }
            Standing::Begun { .. } => {
                self.say.run(job, RunState::Resumes, None);
                Some(self.resume(&folder))
            }
        };
        let mut broken = None;
        if let Some(running) = running {
            match running.map(|running| self.follow(job, running, after)) {
                Ok(End::Done) => {}
                Ok(End::Interrupted) => return End::Interrupted,
                Ok(End::Failed(message)) => broken = Some(message),
                Err(message) => return End::Failed(message),
            }
        }
        if self.stop.requested() {
            return End::Interrupted;
        }
        // What a failed run came to belongs into the table, too.
        match (self.evaluate(job, &folder), broken) {
            (End::Done, None) => {
                self.learn_time(job);
                End::Done
            }
            (End::Interrupted, _) => End::Interrupted,
            (_, Some(message)) | (End::Failed(message), None) => End::Failed(message),
        }
    }

    fn start(&self, job: &Job, folder: &Path, again: bool) -> Result<Running, String> {
        let setup = job.request.prepare().map_err(|e| e.to_string())?;
        if again {
            std::fs::remove_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        train::start(setup, &self.plan.folder, Some(&job.run), false).map_err(|e| e.to_string())
    }

    fn resume(&self, folder: &Path) -> Result<Running, String> {
        let store = Store::open(folder).map_err(|e| e.to_string())?;
        let experiment = store.started().experiment.clone();
        let first = store.principles().map_err(|e| e.to_string())?.into_iter().next();
        let principles = first.map(|version| version.principles);
        let setup = train::prepare_again(experiment, principles, folder, self.device).map_err(|e| e.to_string())?;
        Ok(train::resume(setup, store, false))
    }

    /// Follows a run to its end. A signal stops it after a checkpoint.
    fn follow(&mut self, job: &Job, running: Running, after: &[(usize, Task, f64)]) -> End {
        let silenced = never();
        let mut requests = &self.stop.requests;
        let (begun, mut first) = (Instant::now(), None);
        loop {
            select! {
                recv(running.events) -> event => match event {
                    Ok(event) => {
                        if let Event::Step(record) = &event {
                            let first = *first.get_or_insert(record.step);
                            let done = f64::from(record.step + 1 - first);
                            let to_do = f64::from(job.steps().saturating_sub(record.step + 1));
                            let rest = begun.elapsed().as_secs_f64() / done * to_do;
                            self.say.left(self.clock.left(after.iter().copied()).map(|s| s + rest));
                        }
                        self.say.trained(&event);
                    }
                    Err(_) => break,
                },
                recv(requests) -> _ => {
                    requests = &silenced;
                    self.say.say("interrupted: finishing the step and writing a checkpoint; once more to leave at once");
                    let _ = running.commands.send(Command::Stop);
                }
            }
        }
        match running.join() {
            Ok(done) if done.reason == "finished" => End::Done,
            Ok(_) => End::Interrupted,
            Err(message) => End::Failed(message),
        }
    }

    /// The whole evaluation of a run's last checkpoint, stored in it.
    fn evaluate(&mut self, job: &Job, folder: &Path) -> End {
        let queries = self.plan.suite.settings.queries;
        let wanted = Wanted {
            queries: Some(queries),
            ..Wanted::default()
        };
        let measured = Measurable::of_run(folder, Vec::new(), self.device, wanted)
            .map_err(|e| e.to_string())
            .and_then(|measurable| self.measure(&measurable, queries));
        let evaluation = match measured {
            Ok(Some(evaluation)) => evaluation,
            Ok(None) => return End::Interrupted,
            Err(message) => return End::Failed(message),
        };
        let stored = Store::open(folder).and_then(|mut store| store.record_evaluation(&evaluation));
        if let Err(error) = stored {
            return End::Failed(error.to_string());
        }
        self.say.evaluated(job, &evaluation);
        End::Done
    }

    /// `None`: interrupted.
    fn measure(&self, measurable: &Measurable, queries: usize) -> Result<Option<FullEvaluation>, String> {
        let mut go_on = |done: usize, total: usize| {
            self.say.evaluating(done, total);
            !self.stop.requested()
        };
        let found = measurable
            .evaluate(queries, &mut go_on)
            .map_err(|error| format!("the evaluation had no rewards: {error}"))?;
        if found.as_ref().is_some_and(|e| e.queries == 0) {
            return Err("no query is held out to evaluate on; set data.held_out or data.test".into());
        }
        Ok(found)
    }

    /// Evaluates the policy as it is before training, for each task and seed of these jobs.
    fn bases(&mut self, jobs: &[&Job]) -> Result<End, Failure> {
        let settings = &self.plan.suite.settings;
        if !settings.base {
            return Ok(End::Done);
        }
        // A task's contenders share their policy; the first is asked.
        let mut firsts: BTreeMap<(u64, &str), &Job> = BTreeMap::new();
        for job in jobs {
            let first = self.plan.jobs.iter().find(|j| (j.task, j.seed) == (job.task, job.seed));
            firsts.insert((job.seed, job.task.name()), first.unwrap_or(job));
        }
        for job in firsts.into_values() {
            let path = self.plan.base_of(job.task, job.seed);
            let about = base_settings(&job.experiment);
            if is_base(&path, &about, settings.queries) {
                continue;
            }
            if self.stop.requested() {
                return Ok(End::Interrupted);
            }
            let queries = settings.queries;
            let wanted = Wanted {
                queries: Some(queries),
                ..Wanted::default()
            };
            let measurable = Measurable::of_request(&job.request, wanted).map_err(Failure::input)?;
            let evaluation = match self.measure(&measurable, queries).map_err(Failure::failed)? {
                Some(evaluation) => evaluation,
                None => return Ok(End::Interrupted),
            };
            let (task, method) = measurable.task_and_method();
            let told = serde_json::json!({
                "title": measurable.title(), "task": task, "method": method, "settings": about,
                "asked": queries, "evaluation": evaluation,
            });
            let wrong = |e: std::io::Error| Failure::failed(format!("{}: {e}", path.display()));
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(wrong)?;
            }
            super::output::write(Some(&path), format!("{told}\n").as_bytes(), false)?;
        }
        Ok(End::Done)
    }

    /// How long a run of the store took.
    fn learn_time(&mut self, job: &Job) {
        if let Ok(run) = Contender::of_run(&self.plan.run_of(job)) {
            let trained: f64 = run.steps.iter().map(|s| s.seconds).sum();
            let evaluated = run.evaluation.map_or(0.0, |e| e.seconds);
            self.clock.saw(job.contender, job.task, trained + evaluated);
        }
    }

    fn interrupted(&self) -> u8 {
        self.say
            .say("interrupted; the same command goes on from here, and with --tables shows what is done");
        exit::INTERRUPTED
    }
}

fn share_left(job: &Job, standing: &Standing) -> f64 {
    match standing {
        Standing::Done | Standing::Busy => 0.0,
        // An evaluation takes a fraction of a run.
        Standing::Trained => 0.1,
        Standing::Begun { steps_done } => 1.0 - f64::from(*steps_done) / f64::from(job.steps().max(1)),
        Standing::New | Standing::Empty => 1.0,
    }
}

/// What the policy before training depends on.
fn base_settings(experiment: &Experiment) -> BTreeMap<String, String> {
    let mut settings = settings_of(experiment, None);
    settings.retain(|key, _| {
        ["policy.", "reward.", "data.", "generation.", "task"]
            .iter()
            .any(|of| key.starts_with(of))
    });
    settings.insert("seed".into(), experiment.seed.to_string());
    settings
}

/// The file is an evaluation of this policy on as many queries.
fn is_base(path: &Path, about: &BTreeMap<String, String>, queries: usize) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else {
        return false;
    };
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    let same = serde_json::to_value(about).is_ok_and(|about| told["settings"] == about);
    same && told["asked"] == queries
}
