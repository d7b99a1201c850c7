//! `ple bleu`: BLEU of text files, a segment a line, as sacrebleu computes and prints it.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{Failure, Outcome, exit};
use crate::evaluate::bleu::{Bleu, Score, Smooth, Tokenize};

#[derive(Debug, Args)]
pub struct BleuArgs {
    /// Text to score, a segment a line; - is standard input
    hypotheses: PathBuf,
    /// References, each file with as many lines
    #[arg(required = true)]
    references: Vec<PathBuf>,
    /// How lines are cut into tokens
    #[arg(long, value_enum, default_value = "13a")]
    tokenize: Tokenize,
    /// What is done about orders at which nothing matches
    #[arg(long, value_enum, default_value = "exp")]
    smooth: Smooth,
    /// The number of floor (0.1 without this) or add-k (1)
    #[arg(long, value_name = "X")]
    smooth_value: Option<f64>,
    /// The longest n-grams
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    max_order: u8,
    /// Without regard to capitals
    #[arg(long)]
    lowercase: bool,
    /// An empty line of a reference file is no reference, not an empty one
    #[arg(long)]
    empty_is_missing: bool,
    /// A score for every line, with n-grams no longer than the line
    #[arg(long)]
    sentence_level: bool,
    /// As JSON, all digits; with --sentence-level an object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    name: &'static str,
    signature: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(flatten)]
    score: &'a Score,
}

pub fn bleu(args: &BleuArgs) -> Outcome {
    let bleu = settings(args)?;
    let hypotheses = read(&args.hypotheses)?;
    let hypotheses = lines(&args.hypotheses, &hypotheses)?;
    let texts: Vec<String> = args
        .references
        .iter()
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    let mut references = Vec::with_capacity(texts.len());
    for (path, text) in args.references.iter().zip(&texts) {
        let found = lines(path, text)?;
        if found.len() != hypotheses.len() {
            return Err(Failure::input(format!(
                "{} has {}, {} has {}: wants a reference for every hypothesis, each on the line of the same number",
                args.hypotheses.display(),
                counted(hypotheses.len()),
                path.display(),
                counted(found.len()),
            )));
        }
        let missing = |line: &&str| args.empty_is_missing && line.trim().is_empty();
        references.push(
            found
                .into_iter()
                .map(|line| (!missing(&line)).then_some(line))
                .collect::<Vec<_>>(),
        );
    }
    let signature = bleu.signature(&references, args.sentence_level);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut say = |line: Option<usize>, score: &Score| {
        let name = "BLEU";
        if !args.json {
            return writeln!(out, "{name}|{signature} = {}", score.words());
        }
        let told = Told {
            name,
            signature: &signature,
            line,
            score,
        };
        writeln!(out, "{}", serde_json::to_string(&told)?)
    };
    let told = if args.sentence_level {
        let scores = bleu.sentences(&hypotheses, &references);
        scores
            .iter()
            .enumerate()
            .try_for_each(|(i, score)| say(Some(i + 1), score))
    } else {
        say(None, &bleu.corpus(&hypotheses, &references))
    };
    match told.and_then(|()| out.flush()) {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(exit::DONE),
    }
}

fn settings(args: &BleuArgs) -> Result<Bleu, Failure> {
    if let Some(value) = args.smooth_value {
        let name = args.smooth.name();
        if args.smooth.usual_value().is_none() {
            return Err(Failure::input(format!(
                "--smooth-value {value}: --smooth {name} has no number; floor and add-k have one"
            )));
        }
        if !value.is_finite() || value < 0.0 {
            return Err(Failure::input(format!(
                "--smooth-value {value}: wants a number of 0 or more"
            )));
        }
    }
    Ok(Bleu {
        tokenize: args.tokenize,
        smooth: args.smooth,
        smooth_value: args.smooth_value,
        max_order: usize::from(args.max_order),
        lowercase: args.lowercase,
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    let wrong = |what: String| Failure::input(format!("{}: {what}", path.display()));
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|e| wrong(e.to_string()))?;
    } else {
        bytes = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..good].iter().filter(|b| **b == b'\n').count();
        wrong(format!("line {line} is not UTF-8; save the file as UTF-8 text"))
    })
}

/// A segment a line; only a line feed ends one, as with sacrebleu.
fn lines<'a>(path: &Path, text: &'a str) -> Result<Vec<&'a str>, Failure> {
    if text.is_empty() {
        return Err(Failure::input(format!(
            "{}: the file is empty; wants a segment a line",
            path.display()
        )));
    }
    Ok(text.strip_suffix('\n').unwrap_or(text).split('\n').collect())
}

fn counted(n: usize) -> String {
    format!("{n} line{}", if n == 1 { "" } else { "s" })
}
