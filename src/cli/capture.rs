//! `ple capture`: a picture of the workbench on a stored run, without a terminal. The captures of the documentation are
//! made with it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::desk::{Garage, desk};
use super::open::{insider, reader_of_prompts};
use super::{Failure, Outcome, Place, exit};
use crate::report::{Picture, draw_screen};
use crate::run::{Reader, resolve};
use crate::tui;
use crate::tui::action::{Action, Effect};
use crate::tui::input::input;
use crate::tui::runs::Question;
use crate::tui::state::State;
use crate::tui::take::{Ground, buffer, screen, text};
use crate::tui::theme::Theme;
use crate::tui::update::update;

/// A picture of the workbench on a stored run, after some keys
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// A run's folder or name
    run: String,
    /// Where to: a file that ends in .svg, .png or .txt
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What is pressed first, for example "2jj" or "z<Left><Esc>"
    #[arg(long, default_value = "")]
    keys: String,
    /// Columns and rows of the terminal
    #[arg(long, default_value = "110x33", value_parser = size)]
    size: (u16, u16),
    /// On light ground
    #[arg(long)]
    light: bool,
}

/// Draws the workbench as the keys leave it.
pub fn capture(args: &CaptureArgs, place: &Place) -> Outcome {
    let keys = keys(&args.keys).map_err(Failure::input)?;
    let extension = args.out.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if !["svg", "png", "txt"].contains(&extension) {
        let name = args.out.display();
        return Err(Failure::input(format!(
            "{name}: name a file that ends in .svg, .png or .txt"
        )));
    }
    let folder = resolve(&args.run, &place.runs).map_err(Failure::input)?;
    let mut reader = Reader::open(&folder).map_err(Failure::input)?;
    let events = reader.poll().map_err(Failure::failed)?;
    let answers = Answers {
        sent: reader_of_prompts(&folder),
        inside: insider(&folder),
        desk: desk(folder.parent().unwrap_or(&folder), place.device, &Garage::default()),
        reader,
    };
    let mut state = State::new(false, Theme::color());
    state.size = args.size;
    for event in events {
        let effects = update(&mut state, Action::Event(Box::new(event)));
        answers.to(&mut state, effects)?;
    }
    for key in keys {
        let effects = input(&mut state, Input::Key(key)).unwrap_or_default();
        answers.to(&mut state, effects)?;
    }
    let ground = if args.light { Ground::Light } else { Ground::Dark };
    let bytes = match extension {
        "txt" => {
            let drawn = buffer(&state);
            text(&drawn, drawn.area).into_bytes()
        }
        "png" => draw_screen(&screen(&state, ground), Picture::Png).map_err(Failure::failed)?,
        _ => draw_screen(&screen(&state, ground), Picture::Svg).map_err(Failure::failed)?,
    };
    std::fs::write(&args.out, bytes).map_err(|e| Failure::failed(format!("{}: {e}", args.out.display())))?;
    println!("{}", args.out.display());
    Ok(exit::DONE)
}

/// Who answers what the screen asks: at once, where the workbench would wait.
struct Answers {
    reader: Reader,
    sent: tui::ReadSent,
    inside: tui::LookInside,
    desk: tui::Desk,
}

/// Longest wait for what is read of other runs.
const PATIENCE: Duration = Duration::from_secs(5);

impl Answers {
    /// Whatever changes something, or leaves the run, is left out.
    fn to(&self, state: &mut State, effects: Vec<Effect>) -> Result<(), Failure> {
        let mut left = effects;
        while let Some(effect) = left.pop() {
            let action = match effect {
                Effect::QueryPairs(filter) => Action::Pairs(self.reader.pairs(&filter).map_err(Failure::failed)?),
                Effect::ReadSent(question) => {
                    let given = (self.sent)(&question);
                    Action::Sent(question, given)
                }
                Effect::LookInside { step, index } => Action::Inside(Box::new((self.inside)(step, index))),
                Effect::AskDesk(question @ (Question::Watch | Question::Compare(_) | Question::Pairs { .. })) => {
                    if self.desk.questions.send(question).is_err() {
                        continue;
                    }
                    match self.desk.answers.recv_timeout(PATIENCE) {
                        Ok(answer) => Action::Desk(Box::new(answer)),
                        Err(_) => continue,
                    }
                }
                _ => continue,
            };
            left.extend(update(state, action));
        }
        Ok(())
    }
}

/// Keys as they are written: a letter each, others by their names between < and >.
fn keys(text: &str) -> Result<Vec<KeyEvent>, String> {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
        let code = named.and_then(|(name, _)| {
            Some(match name {
                "Enter" => KeyCode::Enter,
                "Esc" => KeyCode::Esc,
                "Tab" => KeyCode::Tab,
                "Left" => KeyCode::Left,
                "Right" => KeyCode::Right,
                "Up" => KeyCode::Up,
                "Down" => KeyCode::Down,
                "Home" => KeyCode::Home,
                "End" => KeyCode::End,
                "PgUp" => KeyCode::PageUp,
                "PgDn" => KeyCode::PageDown,
                "Space" => KeyCode::Char(' '),
                "lt" => KeyCode::Char('<'),
                _ => return None,
            })
        });
        match (code, named) {
            (Some(code), Some((_, after))) => {
                out.push(plain(code));
                rest = after;
            }
            (None, Some((name, _))) if !name.is_empty() && name.chars().all(char::is_alphabetic) => {
                return Err(format!(
                    "--keys: no key is called <{name}>; for example <Enter>, <Left>, <Esc>"
                ));
            }
            _ => {
                out.push(plain(KeyCode::Char(c)));
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    Ok(out)
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text
        .split_once('x')
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match parsed {
        Some((w @ 1..=500, h @ 1..=200)) => Ok((w, h)),
        _ => Err(format!("\"{text}\" is no size; for example 120x40, at most 500x200")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let codes = |text: &str| keys(text).map(|k| k.into_iter().map(|k| k.code).collect::<Vec<_>>());
        assert_eq!(
            codes("2j<Left><<"),
            Ok(vec![
                KeyCode::Char('2'),
                KeyCode::Char('j'),
                KeyCode::Left,
                KeyCode::Char('<'),
                KeyCode::Char('<'),
            ])
        );
        assert!(codes("<Bogus>").is_err_and(|e| e.contains("<Bogus>")));
        assert_eq!(size("120x40"), Ok((120, 40)));
        assert!(size("0x40").is_err() && size("80").is_err());
    }
}
