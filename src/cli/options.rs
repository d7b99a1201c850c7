//! Which of the options that every command takes its help shows: those that do something there.

use clap::{Arg, Command, CommandFactory};

use super::Cli;

/// The command line, with the options of a place hidden where they do nothing. They are taken everywhere all the same, so
/// that `ple --runs DIR COMMAND` and an alias of the shell go with every command.
pub(super) fn command() -> Command {
    let mut command = Cli::command();
    let everywhere: Vec<Arg> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set())
        .cloned()
        .collect();
    for sub in command.get_subcommands_mut() {
        let path = sub.get_name().to_string();
        settle(sub, &path, &everywhere);
    }
    command
}

fn settle(command: &mut Command, path: &str, everywhere: &[Arg]) {
    for sub in command.get_subcommands_mut() {
        let path = format!("{path} {}", sub.get_name());
        settle(sub, &path, everywhere);
    }
    // One that a command has already is not handed down to it.
    let own = everywhere.iter().map(|arg| {
        let hidden = arg.is_hide_set() || !acts(path, arg.get_id().as_str());
        arg.clone().hide(hidden)
    });
    *command = std::mem::take(command).args(own);
}

fn acts(path: &str, option: &str) -> bool {
    let word = path.split(' ').next().unwrap_or(path);
    // What is in force is shown by `ple config`, whatever it acts on.
    let shows = matches!(path, "config" | "config show");
    shows
        || match option {
            "runs" => {
                matches!(
                    word,
                    "open" | "train" | "resume" | "fork" | "steer" | "log" | "eval" | "compare" | "judge" | "annotate"
                ) || matches!(word, "suite" | "export" | "runs" | "capture")
                    || path == "principles effect"
            }
            "device" => {
                matches!(
                    word,
                    "open"
                        | "train"
                        | "resume"
                        | "fork"
                        | "eval"
                        | "judge"
                        | "annotate"
                        | "suite"
                        | "check"
                        | "capture"
                ) || matches!(path, "principles effect" | "assets build")
            }
            _ => matches!(word, "open" | "resume" | "fork" | "annotate"),
        }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    fn help(words: &[&str]) -> String {
        let words = ["ple"].iter().chain(words).chain(&["--help"]);
        command().try_get_matches_from(words).unwrap_err().to_string()
    }

    #[test]
    fn options_are_shown_where_they_act_and_taken_everywhere() {
        command().debug_assert();
        let said = |words: &[&str]| {
            let help = help(words);
            ["--runs", "--device", "--theme"].map(|option| help.contains(option))
        };
        assert_eq!(said(&["open"]), [true, true, true]);
        assert_eq!(said(&["train"]), [true, true, false]);
        assert_eq!(said(&["check"]), [false, true, false]);
        assert_eq!(said(&["runs", "label"]), [true, false, false]);
        assert_eq!(said(&["bleu"]), [false, false, false]);
        assert_eq!(said(&["principles", "list"]), [false, false, false]);
        assert_eq!(said(&["principles", "effect"]), [true, true, false]);
        assert_eq!(said(&["config", "show"]), [true, true, true]);
        for words in [
            ["ple", "--runs", "here", "devices"],
            ["ple", "devices", "--runs", "here"],
        ] {
            let found = command().try_get_matches_from(words).unwrap();
            let cli = Cli::from_arg_matches(&found).unwrap();
            assert_eq!(cli.place.runs, Some("here".into()), "{words:?}");
        }
    }
}
