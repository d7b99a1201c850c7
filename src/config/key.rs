//! What a key of the files may be; which keys there are is in `schema.rs`.

/// One key of a table.
pub(super) struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// As it would be written in the file.
    pub example: &'static str,
}

/// What the value of a key may be.
pub(super) enum Kind {
    /// Text that must not be blank.
    Text,
    /// Text that may be empty.
    AnyText,
    Flag,
    Whole {
        min: u64,
        max: u64,
    },
    Number(Range),
    /// `[least, most]`: two whole numbers of 1 or more.
    Span,
    /// A list of words, none of them blank.
    Words,
    /// A list of one or more of these words, each once.
    Choices(&'static [&'static str]),
    /// A list of one or more whole numbers of 0 or more, each once.
    Wholes,
    /// One of these words, or a list of others, at least one.
    WordOrWords(&'static [&'static str]),
    /// True, false, or one of these words.
    FlagOrChoice(&'static [&'static str]),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, or a table of these keys.
    WordOrTable {
        words: &'static [&'static str],
        keys: &'static [Key],
    },
    /// A list of tables, each of one of these sorts. The first key of a sort is the one that tells it from the others.
    Sorts(&'static [&'static [Key]]),
    /// `[name]`
    Section(&'static [Key]),
    /// `[[name]]`, at least one.
    Sections(&'static [Key]),
    /// `[name]` whose keys are the user's words, each with a word or a list of words.
    Named,
}

/// Which finite numbers do.
#[derive(Clone, Copy)]
pub(super) enum Range {
    Any,
    AboveZero,
    ZeroOrMore,
    AboveZeroToOne,
    ZeroToBelowOne,
}

impl Range {
    pub fn holds(self, x: f64) -> bool {
        x.is_finite()
            && match self {
                Range::Any => true,
                Range::AboveZero => x > 0.0,
                Range::ZeroOrMore => x >= 0.0,
                Range::AboveZeroToOne => x > 0.0 && x <= 1.0,
                Range::ZeroToBelowOne => (0.0..1.0).contains(&x),
            }
    }

    /// "a number greater than 0"
    pub fn words(self) -> &'static str {
        match self {
            Range::Any => "a finite number",
            Range::AboveZero => "a number greater than 0",
            Range::ZeroOrMore => "a number of 0 or more",
            Range::AboveZeroToOne => "a number greater than 0 and at most 1",
            Range::ZeroToBelowOne => "a number of 0 or more and below 1",
        }
    }
}

/// Stands for "no limit": the counters of a run are 32 bits wide.
pub(super) const MANY: u64 = u32::MAX as u64;

pub(super) const fn must(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        kind,
        required: true,
        example,
    }
}

pub(super) const fn may(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        kind,
        required: false,
        example,
    }
}

pub(super) const fn count(min: u64) -> Kind {
    Kind::Whole { min, max: MANY }
}
