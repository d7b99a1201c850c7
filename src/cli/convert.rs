//! `ple convert`: models of other formats become folders that the rest of the program reads.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Failure, Outcome, exit};
use crate::model::convert_llama2c;

#[derive(Debug, Subcommand)]
pub enum ConvertCommand {
    /// A checkpoint of llama2.c's first format and its tokenizer
    Llama2c(Llama2cArgs),
}

#[derive(Debug, Args)]
pub struct Llama2cArgs {
    /// The checkpoint, stories260K.bin for example
    model: PathBuf,
    /// Its tokenizer, tok512.bin for example
    tokenizer: PathBuf,
    /// The folder to write, in Hugging Face's format
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Converts. A broken file is bad input, said before anything is written.
pub fn convert(command: ConvertCommand) -> Outcome {
    let ConvertCommand::Llama2c(args) = command;
    let found = convert_llama2c(&args.model, &args.tokenizer, &args.out).map_err(Failure::input)?;
    println!(
        "{}: a Llama of {} parameters: {} layers of width {}, {} heads with {} for keys and values, {} tokens, {} positions",
        args.out.display(),
        found.parameters,
        found.layers,
        found.width,
        found.heads,
        found.kv_heads,
        found.vocabulary,
        found.positions
    );
    Ok(exit::DONE)
}
