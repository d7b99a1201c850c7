//! Reading a data file and encoding its texts: rows and tokens a second, and the peak of resident memory.
//!
//!     cargo bench --bench reading -- FILE [--task hh|imdb|tldr] [--tokenizer FILE] [--rounds N] [--keep queries]
//!
//! `benches/reading.sh` runs it and `reading_peer.py` in turn on the same file and prints the ratio. Prints one line a
//! round: seconds, rows, tokens; and at the end the peak in megabytes. RAYON_NUM_THREADS sets the threads.
//! `--keep queries` reads as a run does (queries of at most 256 tokens and their responses) and encodes nothing more.

use std::path::PathBuf;
use std::time::Instant;

use ple::data::{Limit, Reading, Want, guess_task, read_rows};
use ple::grammar::Task;
use ple::model::Text;
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let value = |name: &str| {
        let at = args.iter().position(|a| a == name)?;
        args.get(at + 1).cloned()
    };
    let Some(path) = args.first().filter(|a| !a.starts_with("--")).map(PathBuf::from) else {
        println!("reading: give a data file, see benches/reading.sh");
        return;
    };
    let rounds = value("--rounds").map_or(3, |n| n.parse().expect("--rounds takes a number"));
    let tokenizer = value("--tokenizer").unwrap_or("assets/tiny/tokenizer.json".into());
    let text = Text::from_bytes(&std::fs::read(tokenizer).expect("a tokenizer.json")).expect("a tokenizer.json");
    let task = value("--task").map(|t| t.parse().expect("--task takes hh, imdb or tldr"));
    let task = task
        .or_else(|| guess_task(&path).expect("a data file"))
        .unwrap_or(Task::Hh);
    let queries = value("--keep").is_some_and(|keep| keep == "queries");
    for _ in 0..rounds {
        let start = Instant::now();
        let (rows, tokens) = if queries {
            let limit = Limit {
                count_tokens: &|query| text.encode(query).len(),
                max_query_tokens: 256,
            };
            let found = read_rows(&path, &Reading::of(task, Want::Queries), Some(&limit)).expect("queries");
            println!("{}", found.account.summary());
            (found.account.rows(), 0)
        } else {
            let want = if task == Task::Imdb {
                Want::Labels
            } else {
                Want::Preferences
            };
            let found = read_rows(&path, &Reading::of(task, want), None).expect("rows");
            let tokens = found.records.par_iter().map(|record| {
                let pair = record
                    .preference
                    .iter()
                    .flat_map(|(chosen, rejected)| [chosen, rejected]);
                let texts = [&record.query].into_iter().chain(&record.completion).chain(pair);
                texts.map(|t| text.encode(t).len()).sum::<usize>()
            });
            (found.account.rows(), tokens.sum())
        };
        println!("{:.3}\t{rows}\t{tokens}", start.elapsed().as_secs_f64());
    }
    println!("peak\t{}", peak());
}

/// VmHWM in megabytes; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
