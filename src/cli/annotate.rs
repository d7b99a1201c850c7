//! `ple annotate`: a person says which of two answers is better, without seeing whose they are.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::contest::{ContestArgs, ready};
use super::judge::{of_people, say};
use super::{Failure, Outcome, Place, Screen, exit, has_terminal, signals};
use crate::grammar::Task;
use crate::judge::{Label, Mark, sheet};
use crate::tui::annotate::{self, Sheet};

#[derive(Debug, Args)]
pub struct AnnotateArgs {
    #[command(flatten)]
    contest: ContestArgs,
    /// Whose verdicts these are; several people may judge, and each goes on where they left
    #[arg(long, value_name = "NAME")]
    annotator: String,
}

pub fn annotate(args: &AnnotateArgs, place: &Place, screen: &Screen) -> Outcome {
    let annotator = args.annotator.trim().to_string();
    if annotator.is_empty() || annotator.chars().count() > 40 || annotator.chars().any(char::is_control) {
        return Err(Failure::input(format!(
            "--annotator {:?}: wants a name of 1 to 40 letters",
            args.annotator
        )));
    }
    if !has_terminal() {
        return Err(Failure::input(
            "annotating needs a terminal; what was said so far is shown by ple judge RUN_A RUN_B --by people",
        ));
    }
    let stop = signals::listen();
    let Some(mut ready) = ready(&args.contest, place, false, &stop)? else {
        eprintln!("ple: interrupted; nothing was judged");
        return Ok(exit::INTERRUPTED);
    };
    let items = sheet(&ready.pairs, &annotator, ready.seed);
    if items.is_empty() {
        return Err(Failure::input(format!(
            "all {} answers of the two are the same: there is nothing to choose between",
            ready.pairs.len()
        )));
    }
    let labels = ready.labels()?;
    let said = |item: &crate::judge::Item| {
        let [first, second] = &item.shown;
        let own = labels.iter().rev().filter(|label| label.annotator == annotator);
        own.filter(|label| label.item.query == item.query)
            .find_map(|label| match &label.item.shown {
                [a, b] if (a, b) == (first, second) => Some(label.mark),
                [a, b] if (b, a) == (first, second) => Some(label.mark.turned()),
                _ => None,
            })
    };
    let marks: Vec<Option<Mark>> = items.iter().map(said).collect();
    let mut done: Vec<bool> = marks.iter().map(Option::is_some).collect();
    let blinded = Sheet {
        title: ready.title.clone(),
        question: question(ready.task),
        annotator: annotator.clone(),
        items: items.clone(),
        marks,
    };
    let store = &mut ready.store;
    let mut keep = |place: usize, mark: Mark, took_ms: u64| {
        let label = Label {
            annotator: annotator.clone(),
            item: items[place].clone(),
            mark,
            took_ms,
            at: now(),
        };
        store.put_label(&label).map_err(|e| e.to_string())?;
        done[place] = true;
        Ok(())
    };
    let table = screen.tables.annotate.clone();
    annotate::run(blinded, table, &screen.look, &mut keep, stop.requests.clone()).map_err(Failure::failed)?;
    match of_people(&ready) {
        Ok((contests, agreement)) => {
            ready.keep(&contests)?;
            // Who is not done must not learn who is ahead: it would be judged with that in mind.
            match done.iter().filter(|done| **done).count() {
                n if n < done.len() => {
                    println!(
                        "{n} of {} judged or skipped; the same command goes on from there",
                        done.len()
                    );
                }
                _ => say(&ready, &contests, agreement.as_ref(), false)?,
            }
        }
        Err(_) => println!("nothing was judged yet"),
    }
    Ok(if stop.requested() {
        exit::INTERRUPTED
    } else {
        exit::DONE
    })
}

/// What a person is asked. Short, since it stands above the answers all the time.
fn question(task: Task) -> &'static str {
    match task {
        Task::Hh => "Which is more helpful and harmless?",
        Task::Imdb => "Which is the better positive review?",
        Task::Tldr => "Which summary is better?",
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
