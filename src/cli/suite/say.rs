//! What a suite says while it goes on: two bars on a terminal, lines elsewhere, or JSON.

use std::io::{IsTerminal, Write};
use std::path::Path;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::Output;
use crate::report::TableFormat;
use crate::suite::{Job, Results, time_words};
use crate::train::{Event, FullEvaluation};

/// What becomes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Starts,
    Resumes,
    /// It was done already.
    Kept,
    Failed,
}

/// An event of the suite; those of the trainer come between them.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SuiteEvent<'a> {
    /// First of all.
    Suite {
        title: String,
        folder: String,
        runs: usize,
        /// Of them, done already.
        done: usize,
        /// An estimate; `null` before anything is known.
        seconds_left: Option<f64>,
    },
    SuiteRun {
        run: &'a str,
        contender: &'a str,
        task: &'a str,
        seed: u64,
        /// From 1.
        place: usize,
        runs: usize,
        state: RunState,
        message: Option<&'a str>,
        seconds_left: Option<f64>,
    },
    SuiteEvaluated {
        run: &'a str,
        step: u32,
        queries: usize,
        reward: f64,
        truth: Option<f64>,
        perplexity: Option<f64>,
        bleu: Option<f64>,
    },
    /// Last of all.
    SuiteDone {
        results: String,
        files: &'a [String],
        failed: &'a [String],
        tables: serde_json::Value,
    },
}

enum Way {
    Quiet,
    Json,
    Lines,
    Bars {
        all: MultiProgress,
        suite: ProgressBar,
        run: ProgressBar,
    },
}

/// Says what happens.
pub struct Say {
    way: Way,
    runs: usize,
    /// Runs before the present one.
    at: usize,
    left: Option<f64>,
}

impl Say {
    pub fn new(output: Output, runs: usize) -> Self {
        let terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let way = match output {
            Output { quiet: true, .. } => Way::Quiet,
            Output { json: true, .. } => Way::Json,
            _ if terminal => bars(runs),
            _ => Way::Lines,
        };
        Self {
            way,
            runs,
            at: 0,
            left: None,
        }
    }

    /// So many runs are over, and so many seconds are left.
    pub fn at(&mut self, done: usize, left: Option<f64>) {
        self.at = done;
        if let Way::Bars { suite, .. } = &self.way {
            suite.set_position(done as u64);
        }
        self.left(left);
    }

    /// What is left of the whole, in seconds.
    pub fn left(&mut self, seconds: Option<f64>) {
        self.left = seconds;
        if let Way::Bars { suite, .. } = &self.way {
            suite.set_message(time_words(seconds).map_or(String::new(), |words| format!("{words} to go")));
        }
        if self.at == self.runs {
            self.end();
        }
    }

    /// Takes the bars away.
    pub fn end(&self) {
        if let Way::Bars { suite, run, .. } = &self.way {
            run.finish_and_clear();
            suite.finish_and_clear();
        }
    }

    pub fn event(&self, event: &SuiteEvent) {
        match (&self.way, event) {
            (Way::Quiet, _) => {}
            (Way::Json, event) => json(event),
            (
                _,
                SuiteEvent::Suite {
                    title,
                    folder,
                    runs,
                    done,
                    seconds_left,
                },
            ) => {
                let kept = match done {
                    0 => String::new(),
                    n => format!(", {n} of them done"),
                };
                let time = time_words(*seconds_left).filter(|_| done < runs);
                let time = time.map_or(String::new(), |words| format!("; {words} to go"));
                self.say(&format!("{title}: {runs} runs in {folder}{kept}{time}"));
            }
            _ => {}
        }
    }

    /// A run begins, goes on, is kept or failed.
    pub fn run(&mut self, job: &Job, state: RunState, message: Option<&str>) {
        let (place, runs) = (self.at + 1, self.runs);
        if let Way::Bars { run, .. } = &self.way {
            run.set_prefix(job.title());
            run.set_length(u64::from(job.steps()));
            run.set_position(0);
            run.set_message("");
        }
        let told = match state {
            RunState::Kept => return self.as_json(job, state, message),
            RunState::Starts => "starts".to_string(),
            RunState::Resumes => "goes on from its last checkpoint".to_string(),
            RunState::Failed => format!("FAILED: {}", message.unwrap_or_default()),
        };
        self.as_json(job, state, message);
        let time = time_words(self.left).filter(|_| state != RunState::Failed);
        let time = time.map_or(String::new(), |words| format!("; {words} to go in all"));
        // On a terminal the bars say what begins.
        if state == RunState::Failed || matches!(self.way, Way::Lines) {
            self.say(&format!("{place}/{runs} {}: {told}{time}", job.title()));
        }
    }

    fn as_json(&self, job: &Job, state: RunState, message: Option<&str>) {
        if let Way::Json = self.way {
            json(&SuiteEvent::SuiteRun {
                run: &job.run,
                contender: &job.label,
                task: job.task.name(),
                seed: job.seed,
                place: self.at + 1,
                runs: self.runs,
                state,
                message,
                seconds_left: self.left,
            });
        }
    }

    /// An event of the run that is being trained.
    pub fn trained(&self, event: &Event) {
        match (&self.way, event) {
            // What is being written changes with every token; pairs are in the run's store.
            (Way::Json, Event::Writing(_) | Event::Measuring(_) | Event::Pairs { .. }) => {}
            (Way::Json, event) => json(event),
            (Way::Bars { run, .. }, Event::Stage { name, steps }) => {
                run.set_length(u64::from(*steps));
                run.set_position(0);
                run.set_message(name.clone());
            }
            (Way::Bars { run, .. }, Event::Sft(record)) => run.set_position(u64::from(record.step) + 1),
            (Way::Bars { run, .. }, Event::Step(record)) => {
                run.set_position(u64::from(record.step) + 1);
                if record.reward_original.is_finite() {
                    run.set_message(format!("reward {:+.2}", record.reward_original));
                }
            }
            (Way::Bars { .. } | Way::Lines, Event::Alarm(alarm)) => {
                self.say(&format!("  ALARM: {}; {}", alarm.message, alarm.suggestion));
            }
            _ => {}
        }
    }

    pub fn evaluating(&self, done: usize, total: usize) {
        if let Way::Bars { run, .. } = &self.way {
            run.set_length(total as u64);
            run.set_position(done as u64);
            run.set_message("evaluating");
        }
    }

    /// A run is over.
    pub fn evaluated(&self, job: &Job, e: &FullEvaluation) {
        let references = e.references.as_ref();
        let (perplexity, bleu) = (
            references.map(|r| r.perplexity.mean),
            references.map(|r| r.bleu_response.mean),
        );
        let truth = e.truth.map(|t| t.mean);
        if let Way::Json = self.way {
            return json(&SuiteEvent::SuiteEvaluated {
                run: &job.run,
                step: e.step,
                queries: e.queries,
                reward: e.reward.mean,
                truth,
                perplexity,
                bleu,
            });
        }
        let part = |name: &str, value: Option<f64>| value.map_or(String::new(), |v| format!(", {name} {v:.2}"));
        self.say(&format!(
            "{}/{} {}: done; reward {:+.3}{}{}{}",
            self.at + 1,
            self.runs,
            job.title(),
            e.reward.mean,
            part("truth", truth),
            part("perplexity", perplexity),
            part("BLEU", bleu)
        ));
    }

    /// The tables, and where they were written.
    pub fn results(
        &self,
        results: &Results,
        folder: &Path,
        made: Vec<String>,
        failed: &[String],
    ) -> Result<(), String> {
        match &self.way {
            Way::Quiet => {}
            Way::Json => {
                let all = results.tables.iter().chain(results.wins.iter().map(|wins| &wins.table));
                let all: Vec<_> = all.cloned().collect();
                let tables = crate::report::render(&all, TableFormat::Json)?;
                json(&SuiteEvent::SuiteDone {
                    results: folder.display().to_string(),
                    files: &made,
                    failed,
                    tables: serde_json::from_str(&tables).map_err(|e| e.to_string())?,
                });
            }
            _ => {
                let mut out = std::io::stdout();
                // A reader that went away is no failure.
                let _ = write!(
                    out,
                    "\n{}\nwritten to {}: {}\n",
                    results.text()?,
                    folder.display(),
                    made.join(", ")
                );
            }
        }
        Ok(())
    }

    /// A line that stays.
    pub fn say(&self, message: &str) {
        match &self.way {
            Way::Bars { all, .. } => all.suspend(|| eprintln!("{message}")),
            Way::Lines => {
                // A reader that went away does not end the suite.
                let _ = writeln!(std::io::stdout(), "{message}");
            }
            Way::Quiet | Way::Json => eprintln!("ple: {message}"),
        }
    }
}

fn bars(runs: usize) -> Way {
    let all = MultiProgress::new();
    let bar = |length: u64, template: &str| {
        let bar = all.add(ProgressBar::new(length));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    };
    let suite = bar(runs as u64, "{bar:24} {pos}/{len} runs  {msg}");
    let run = bar(0, "{bar:24} {pos}/{len}  {prefix}  {msg}");
    Way::Bars { all, suite, run }
}

fn json(event: &impl Serialize) {
    if let Ok(line) = serde_json::to_string(event) {
        let mut out = std::io::stdout();
        // A reader that went away does not end the suite.
        let _ = writeln!(out, "{line}");
        let _ = out.flush();
    }
}
