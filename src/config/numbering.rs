//! What stands in front of each principle in the prompt.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `numbered = ...` of a principles file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbering {
    /// `false`: nothing.
    #[default]
    Off,
    /// `true`: "1 ", as in the paper's HH prompt.
    Plain,
    /// `"1."`
    Dot,
    /// `"(1)"`
    Parentheses,
    /// `"-"`
    Dash,
}

impl Numbering {
    /// Every style, in the order in which a key goes through them.
    pub const ALL: [Self; 5] = [Self::Off, Self::Plain, Self::Dot, Self::Parentheses, Self::Dash];
    /// The styles that are not `true` or `false`, as written in a file.
    pub(super) const WORDS: &'static [&'static str] = &["1.", "(1)", "-"];

    /// What stands in front of the entry at place `i`, counted from 0 among those that are on, with its blank.
    pub fn mark(self, i: usize) -> String {
        let n = i + 1;
        match self {
            Self::Off => String::new(),
            Self::Plain => format!("{n} "),
            Self::Dot => format!("{n}. "),
            Self::Parentheses => format!("({n}) "),
            Self::Dash => "- ".to_string(),
        }
    }

    /// The next style, the first after the last.
    pub fn next(self) -> Self {
        let here = Self::ALL.iter().position(|s| *s == self).unwrap_or(0);
        Self::ALL[(here + 1) % Self::ALL.len()]
    }

    /// As written in a file, without quotes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "false",
            Self::Plain => "true",
            Self::Dot => "1.",
            Self::Parentheses => "(1)",
            Self::Dash => "-",
        }
    }
}

impl Serialize for Numbering {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::Plain => serializer.serialize_bool(true),
            style => serializer.serialize_str(style.word()),
        }
    }
}

impl<'de> Deserialize<'de> for Numbering {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Flag(bool),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Flag(false) => Ok(Self::Off),
            Written::Flag(true) => Ok(Self::Plain),
            Written::Word(word) => Self::ALL
                .into_iter()
                .find(|style| style.word() == word)
                .ok_or_else(|| de::Error::custom(format!("no numbering is written {word:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_is_read_back_and_marks_its_entries() {
        let marks = Numbering::ALL.map(|style| style.mark(1));
        assert_eq!(marks, ["", "2 ", "2. ", "(2) ", "- "]);
        let mut style = Numbering::Off;
        for _ in Numbering::ALL {
            let written = serde_json::to_string(&style).unwrap();
            assert_eq!(serde_json::from_str::<Numbering>(&written).unwrap(), style, "{written}");
            style = style.next();
        }
        assert_eq!(style, Numbering::Off);
        assert_eq!(serde_json::to_string(&Numbering::Plain).unwrap(), "true");
    }
}
