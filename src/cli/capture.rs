//! `ple capture`: a picture of the workbench on a stored run, without a terminal. The captures of the documentation are
//! made with it.

use std::path::PathBuf;

use clap::Args;
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::{Failure, Outcome, Place, exit};
use crate::report::{Picture, draw_screen};
use crate::run::{Reader, resolve};
use crate::tui::action::{Action, Effect};
use crate::tui::input::input;
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
    let mut state = State::new(false, Theme::color());
    state.size = args.size;
    for event in reader.poll().map_err(Failure::failed)? {
        let effects = update(&mut state, Action::Event(Box::new(event)));
        answer(&mut state, &reader, effects)?;
    }
    for key in keys {
        let effects = input(&mut state, Input::Key(key)).unwrap_or_default();
        answer(&mut state, &reader, effects)?;
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

/// The store answers at once; whatever else is asked for is left out.
fn answer(state: &mut State, reader: &Reader, effects: Vec<Effect>) -> Result<(), Failure> {
    let mut left = effects;
    while let Some(effect) = left.pop() {
        if let Effect::QueryPairs(filter) = effect {
            let page = reader.pairs(&filter).map_err(Failure::failed)?;
            left.extend(update(state, Action::Pairs(page)));
        }
    }
    Ok(())
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
