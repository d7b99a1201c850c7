//! Holds a tree against the list of keys and says what is wrong with it, all of it at once.

use super::error::{ConfigError, Problem};
use super::find::near_name;
use super::key::{Key, Kind, MANY};
use super::tree::{Node, Place, Value};

/// Checks a whole file: keys that are not known, values of the wrong kind or out of range, keys that are missing.
///
/// Missing keys are told only when nothing else is wrong: most of them are another key misspelt.
pub(super) fn check(file: &str, keys: &'static [Key], root: &Node, last_line: usize) -> Result<(), ConfigError> {
    let mut checker = Checker {
        file,
        top: keys,
        last_line,
        wrong: Vec::new(),
        missing: Vec::new(),
    };
    checker.table("", &Title::Top, keys, root);
    let mut problems = if checker.wrong.is_empty() {
        checker.missing
    } else {
        checker.wrong
    };
    problems.sort_by_key(|p| p.line.unwrap_or(usize::MAX));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ConfigError { problems })
    }
}

struct Checker<'a> {
    file: &'a str,
    top: &'static [Key],
    last_line: usize,
    wrong: Vec<Problem>,
    missing: Vec<Problem>,
}

/// How a table is called in a message.
enum Title {
    Top,
    Section(String),
    Sections(String),
    Inline(String),
}

impl Title {
    fn keys_of(&self) -> String {
        match self {
            Title::Top => "Keys at the top are".into(),
            Title::Section(name) => format!("Keys of [{name}] are"),
            Title::Sections(name) => format!("Keys of [[{name}]] are"),
            Title::Inline(path) => format!("Keys of {path} are"),
        }
    }

    fn add(&self) -> String {
        match self {
            Title::Top => "add it at the top".into(),
            Title::Section(name) => format!("add it under [{name}]"),
            Title::Sections(name) => format!("add it under [[{name}]]"),
            Title::Inline(path) => format!("add it to {path}"),
        }
    }
}

impl Checker<'_> {
    fn table(&mut self, path: &str, title: &Title, keys: &'static [Key], node: &Node) {
        for (name, child) in node.entries() {
            let path = join(path, name);
            match keys.iter().find(|k| k.name == name) {
                Some(key) => self.value(&path, key, child),
                None => self.unknown(&path, name, title, keys, child),
            }
        }
        for key in keys.iter().filter(|k| k.required && node.get(k.name).is_none()) {
            self.absent(path, title, key, &node.place);
        }
    }

    fn value(&mut self, path: &str, key: &'static Key, node: &Node) {
        match (&key.kind, &node.value) {
            (Kind::Text, Value::Text(text)) => {
                if text.trim().is_empty() {
                    self.wrong(path, node, format!("must not be empty (for example {})", key.example));
                }
            }
            (Kind::AnyText, Value::Text(_)) | (Kind::Flag, Value::Flag(_)) => {}
            (Kind::Whole { min, max }, Value::Whole(n)) => {
                if *n < i128::from(*min) || *n > i128::from(*max) {
                    let range = match *max {
                        u64::MAX => format!("from {min} to {max}"),
                        MANY if *n < i128::from(*min) => format!("of {min} or more"),
                        max => format!("from {min} to {max}"),
                    };
                    self.wrong(path, node, format!("must be a whole number {range}"));
                }
            }
            (Kind::Number(range), Value::Whole(_) | Value::Number(_)) => {
                let x = match node.value {
                    Value::Whole(n) => n as f64,
                    Value::Number(x) => x,
                    _ => f64::NAN,
                };
                if !range.holds(x) {
                    self.wrong(path, node, format!("must be {}", range.words()));
                }
            }
            (Kind::Span, Value::List(items)) => {
                let whole = |item: &Node| match item.value {
                    Value::Whole(n) => Some(n),
                    _ => None,
                };
                let ends: Vec<Option<i128>> = items.iter().map(whole).collect();
                if !matches!(ends[..], [Some(least), Some(most)] if 1 <= least && least <= most && most <= i128::from(MANY))
                {
                    self.wrong(path, node, format!("must be {}", wants(key)));
                }
            }
            (Kind::Choice(words), Value::Text(text)) => {
                if !words.contains(&text.as_str()) {
                    self.wrong(
                        path,
                        node,
                        format!("must be {}{}", wants(key), did_you_mean(text, words)),
                    );
                }
            }
            (Kind::FlagOrChoice(_), Value::Flag(_)) => {}
            (Kind::FlagOrChoice(words), Value::Text(text)) => {
                if !words.contains(&text.as_str()) {
                    self.wrong(path, node, format!("must be {}", wants(key)));
                }
            }
            (Kind::Words, Value::List(items)) => {
                let blank = |item: &Node| match &item.value {
                    Value::Text(text) => text.trim().is_empty(),
                    _ => true,
                };
                if let Some(item) = items.iter().find(|item| blank(item)) {
                    let found = if item.raw.is_empty() {
                        item.value.kind()
                    } else {
                        &item.raw
                    };
                    self.wrong(path, node, format!("{found} in it will not do, wants {}", wants(key)));
                }
            }
            (Kind::Choices(words), Value::List(items)) => {
                let known = |item: &Node| matches!(&item.value, Value::Text(text) if words.contains(&text.as_str()));
                self.each_once(path, key, items, known, node);
            }
            (Kind::Wholes, Value::List(items)) => {
                let whole = |item: &Node| matches!(item.value, Value::Whole(n) if u64::try_from(n).is_ok());
                self.each_once(path, key, items, whole, node);
            }
            (Kind::WordOrWords(words), Value::Text(text)) => {
                if !words.contains(&text.as_str()) {
                    self.wrong(path, node, format!("must be {}", wants(key)));
                }
            }
            (Kind::WordOrWords(_), Value::List(items)) => {
                let blank = |item: &Node| match &item.value {
                    Value::Text(text) => text.trim().is_empty(),
                    _ => true,
                };
                if items.is_empty() || items.iter().any(blank) {
                    self.wrong(path, node, format!("must be {}", wants(key)));
                }
            }
            (Kind::WordOrTable { words, .. }, Value::Text(text)) => {
                if !words.contains(&text.as_str()) {
                    self.wrong(
                        path,
                        node,
                        format!("must be {}{}", wants(key), did_you_mean(text, words)),
                    );
                }
            }
            (Kind::WordOrTable { keys, .. }, Value::Table(_)) => {
                self.table(path, &Title::Inline(path.into()), keys, node);
            }
            (Kind::Sorts(sorts), Value::List(items)) => self.sorts(path, key, sorts, items, node),
            (Kind::Section(keys), Value::Table(_)) => self.table(path, &Title::Section(path.into()), keys, node),
            (Kind::Sections(keys), Value::List(items)) => self.sections(path, key, keys, items, node),
            (Kind::Named, Value::Table(entries)) => self.named(path, key, entries),
            _ => self.wrong(path, node, format!("found {}, wants {}", node.value.kind(), wants(key))),
        }
    }

    fn each_once(&mut self, path: &str, key: &'static Key, items: &[Node], good: impl Fn(&Node) -> bool, node: &Node) {
        if items.is_empty() {
            self.wrong(path, node, format!("must not be empty (for example {})", key.example));
        } else if let Some(item) = items.iter().find(|item| !good(item)) {
            self.wrong(
                path,
                node,
                format!("{} in it will not do, wants {}", item.raw, wants(key)),
            );
        } else if let Some(twice) = (1..items.len()).find(|&i| items[..i].iter().any(|other| other.raw == items[i].raw))
        {
            self.wrong(path, node, format!("has {} twice", items[twice].raw));
        }
    }

    fn sections(&mut self, path: &str, key: &'static Key, keys: &'static [Key], items: &[Node], node: &Node) {
        if items.is_empty() {
            self.wrong(path, node, format!("must not be empty; {}", add_first(key.name, keys)));
        }
        for item in items {
            if let Value::Table(_) = item.value {
                self.table(path, &Title::Sections(path.into()), keys, item);
            } else {
                self.wrong(path, item, format!("found {}, wants {}", item.value.kind(), wants(key)));
            }
        }
    }

    fn sorts(&mut self, path: &str, key: &'static Key, sorts: &[&'static [Key]], items: &[Node], node: &Node) {
        if items.is_empty() {
            self.wrong(path, node, format!("must not be empty (for example {})", key.example));
        }
        let names = join_with_and(sorts.iter().filter_map(|sort| Some(sort.first()?.name)).collect());
        for item in items {
            let told: Vec<_> = sorts
                .iter()
                .filter(|sort| sort.first().is_some_and(|k| item.get(k.name).is_some()))
                .collect();
            match (&item.value, told.as_slice()) {
                (Value::Table(_), [sort]) => {
                    let title = Title::Inline(format!("a rule by {}", sort[0].name));
                    self.table(path, &title, sort, item);
                }
                (Value::Table(_), []) => {
                    self.wrong(
                        path,
                        item,
                        format!("must have one of {names} (for example {})", key.example),
                    );
                }
                (Value::Table(_), _) => self.wrong(path, item, format!("has more than one of {names}; make two of it")),
                (other, _) => self.wrong(path, item, format!("found {}, wants {}", other.kind(), wants(key))),
            }
        }
    }

    fn named(&mut self, path: &str, key: &'static Key, entries: &[(String, Node)]) {
        let word = |node: &Node| matches!(node.value, Value::Text(_));
        for (name, node) in entries {
            let right = match &node.value {
                Value::List(items) => items.iter().all(word),
                _ => word(node),
            };
            if !right {
                let example = key.example;
                let message = format!("wants a string or an array of strings (for example {example})");
                self.wrong(&join(path, name), node, message);
            }
        }
    }

    fn unknown(&mut self, path: &str, name: &str, title: &Title, keys: &'static [Key], node: &Node) {
        let homes: Vec<String> = self
            .top
            .iter()
            .filter(|section| match &section.kind {
                Kind::Section(inner) => inner.iter().any(|k| k.name == name),
                _ => false,
            })
            .map(|section| format!("[{}]", section.name))
            .collect();
        let names: Vec<&str> = keys.iter().map(|k| k.name).collect();
        let mut message = String::from("unknown key");
        if let Some(near) = near_name(name, names.iter().copied()) {
            message += &format!("; did you mean '{near}'?");
        } else if !homes.is_empty() {
            message += &format!("; it is a key of {}.", homes.join(" and of "));
        } else {
            message += ".";
        }
        message += &format!(" {}: {}", title.keys_of(), listed(keys));
        let (line, subject) = subject(self.file, path, None, &node.place);
        self.wrong.push(Problem { line, subject, message });
    }

    fn absent(&mut self, path: &str, title: &Title, key: &'static Key, place: &Place) {
        let path = join(path, key.name);
        let example = || format!("for example: {} = {}", key.name, key.example);
        let (name, place, message) = match &key.kind {
            Kind::Section(keys) => {
                let lines: Vec<String> = keys
                    .iter()
                    .filter(|k| k.required)
                    .chain(keys.first().filter(|_| !keys.iter().any(|k| k.required)))
                    .map(|k| format!("{} = {}", k.name, k.example))
                    .collect();
                let message = format!("missing; add [{}] with, for example: {}", key.name, lines.join(", "));
                (format!("[{path}]"), Place::Line(self.last_line), message)
            }
            Kind::Sections(keys) => (
                format!("[[{path}]]"),
                Place::Line(self.last_line),
                format!("missing; {}", add_first(key.name, keys)),
            ),
            _ => (path, place.clone(), format!("missing; {}, {}", title.add(), example())),
        };
        let (line, subject) = subject(self.file, &name, None, &place);
        self.missing.push(Problem { line, subject, message });
    }

    fn wrong(&mut self, path: &str, node: &Node, message: String) {
        let (line, subject) = subject(self.file, path, Some(node), &node.place);
        self.wrong.push(Problem { line, subject, message });
    }
}

/// `file:line: key = value`, or `--set key=value` and the key only where it is another.
pub(super) fn subject(file: &str, path: &str, node: Option<&Node>, place: &Place) -> (Option<usize>, String) {
    let found = match node {
        Some(node) if !node.raw.is_empty() => format!("{path} = {}", node.raw),
        _ => path.to_string(),
    };
    match place {
        Place::Line(line) => (Some(*line), format!("{file}:{line}: {found}")),
        Place::Set(set) if set.split('=').next().is_some_and(|key| key.trim() == path) => {
            (None, format!("--set {set}"))
        }
        Place::Set(set) => (None, format!("--set {set}: {found}")),
    }
}

/// What would do: "a whole number (for example 40)".
fn wants(key: &Key) -> String {
    let example = key.example;
    match &key.kind {
        Kind::Text | Kind::AnyText => format!("a string (for example {example})"),
        Kind::Flag => "true or false".into(),
        Kind::Whole { .. } => format!("a whole number (for example {example})"),
        Kind::Number(_) => format!("a number (for example {example})"),
        Kind::Span => {
            format!("two whole numbers of 1 or more, the smaller first (for example {example})")
        }
        Kind::Choice(words) => quoted(words),
        Kind::WordOrWords(words) => format!("{} or an array of names (for example {example})", quoted(words)),
        Kind::FlagOrChoice(words) => format!("true, false, {}", quoted(words)),
        Kind::Words => format!("an array of strings (for example {example})"),
        Kind::Choices(words) => format!("an array of {} (for example {example})", quoted(words)),
        Kind::Wholes => format!("an array of whole numbers of 0 or more (for example {example})"),
        Kind::WordOrTable { words, .. } => format!("{} or a table such as {example}", quoted(words)),
        Kind::Sorts(_) => format!("a list of tables (for example {example})"),
        Kind::Section(keys) => format!("a table [{}] of the keys: {}", key.name, listed(keys)),
        Kind::Sections(keys) => format!("tables [[{}]] of the keys: {}", key.name, listed(keys)),
        Kind::Named => format!("a table [{}] (for example {example})", key.name),
    }
}

fn add_first(name: &str, keys: &[Key]) -> String {
    let lines: Vec<String> = keys
        .iter()
        .filter(|k| k.required)
        .map(|k| format!("{} = {}", k.name, k.example))
        .collect();
    format!("add at least one [[{name}]] with, for example: {}", lines.join(", "))
}

fn did_you_mean(word: &str, words: &[&'static str]) -> String {
    near_name(word, words.iter().copied())
        .map(|near| format!("; did you mean \"{near}\"?"))
        .unwrap_or_default()
}

/// `"a", "b" or "c"`
fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("\"{w}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// `regex, length and truth`
fn join_with_and(names: Vec<&str>) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// `title, task, [policy]`
fn listed(keys: &[Key]) -> String {
    let names: Vec<String> = keys
        .iter()
        .map(|k| match k.kind {
            Kind::Section(_) | Kind::Named => format!("[{}]", k.name),
            Kind::Sections(_) => format!("[[{}]]", k.name),
            _ => k.name.to_string(),
        })
        .collect();
    names.join(", ")
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_string()
    } else {
        format!("{path}.{name}")
    }
}
