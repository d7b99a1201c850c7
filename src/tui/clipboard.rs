//! The terminal's clipboard (OSC 52), which reaches the user's own machine over ssh and out of tmux and screen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of text that are put there at most: common terminals take 100,000 letters of Base64.
pub const MOST: usize = 74_994;
/// Bytes that GNU screen passes on in one piece.
const PIECE: usize = 700;

/// What stands between this program and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    Nothing,
    Tmux,
    Screen,
}

impl Between {
    /// As the environment tells.
    pub fn from_env() -> Self {
        let has = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        match () {
            () if has("TMUX") => Between::Tmux,
            () if has("STY") => Between::Screen,
            () => Between::Nothing,
        }
    }
}

/// As many whole lines as may be put there, and how many lines were left out.
pub fn fitting(text: &str) -> (&str, usize) {
    if text.len() <= MOST {
        return (text, 0);
    }
    let mut end = MOST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text[..end].rfind('\n').map_or(end, |at| at + 1);
    (&text[..end], text[end..].lines().count())
}

/// What puts a text on the clipboard when it is written to the terminal.
pub fn sequence(text: &str, between: Between) -> String {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match between {
        Between::Nothing => plain,
        // tmux itself takes the first where `set-clipboard` is on, and passes on the second where `allow-passthrough` is:
        // one of them will do, and both do no harm.
        Between::Tmux => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        // Base64 is of ASCII, so that any byte may end a piece.
        Between::Screen => plain
            .as_bytes()
            .chunks(PIECE)
            .map(|piece| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(piece)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_comes_out_as_it_went_in() {
        let text = "step\ts′\n0\t0.5\n🙂\n";
        let code = STANDARD.encode(text);
        assert_eq!(sequence(text, Between::Nothing), format!("\x1b]52;c;{code}\x07"));
        let tmux = sequence(text, Between::Tmux);
        assert!(
            tmux.ends_with(&format!("\x1bPtmux;\x1b\x1b]52;c;{code}\x07\x1b\\")),
            "{tmux:?}"
        );
        let long = "a line of text\n".repeat(500);
        let pieces = sequence(&long, Between::Screen);
        let joined: String = pieces
            .split("\x1b\\")
            .map(|p| p.strip_prefix("\x1bP").unwrap_or(p))
            .collect();
        assert_eq!(joined, sequence(&long, Between::Nothing));
        assert!(pieces.split("\x1b\\").all(|p| p.len() <= PIECE + 2));
    }

    #[test]
    fn too_long_a_text_loses_whole_lines() {
        assert_eq!(fitting("a\nb\n"), ("a\nb\n", 0));
        let long = "τ is small\n".repeat(10_000);
        let (kept, lost) = fitting(&long);
        assert!(kept.len() <= MOST && kept.ends_with("small\n"));
        assert_eq!(kept.lines().count() + lost, 10_000);
        let one = "長".repeat(40_000);
        let (kept, lost) = fitting(&one);
        assert!((MOST - 3..=MOST).contains(&kept.len()) && lost == 1);
    }
}
