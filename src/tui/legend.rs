//! What keys are called in texts.
//!
//! A text never writes a key of the table out: it names the row, "⟨principles-apply⟩ applies it", and whatever draws the text
//! puts the key there that is bound now. Keys of text fields and of what lies over a screen (Enter, Esc, `y`) are not in
//! the table, so they are written as they are.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::bindings;
use super::keymap::{Binding, Key};

/// The keys of every row by its name. Lives as long as the process, so that it can go along with a theme.
#[derive(Clone, Copy)]
pub struct Legend(&'static [(&'static str, &'static [Key])]);

impl std::fmt::Debug for Legend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Legend of {} rows", self.0.len())
    }
}

impl Legend {
    /// Of the table as it is without a user's own keys.
    pub fn usual() -> Self {
        static USUAL: LazyLock<Legend> = LazyLock::new(|| Legend::of(&bindings::table()));
        *USUAL
    }

    /// Of a table. It is never given back: to be made once for a table that stays.
    pub fn of<A>(table: &[Binding<A>]) -> Self {
        Self(Vec::leak(table.iter().map(|row| (row.name, row.keys)).collect()))
    }

    /// The first key of a row, or how it is called from the palette if it has none.
    pub fn key(self, name: &str) -> String {
        match self.keys(name) {
            [first, ..] => first.label(),
            [] => format!(":{name}"),
        }
    }

    /// All keys of a row, for where there is room.
    pub fn all_keys(self, name: &str) -> String {
        let keys: Vec<String> = self.keys(name).iter().map(|key| key.label()).collect();
        keys.join(" ")
    }

    fn keys(self, name: &str) -> &'static [Key] {
        let row = self.0.iter().find(|(row, _)| *row == name);
        row.map_or(&[], |(_, keys)| keys)
    }

    /// The text with keys in place of the names of rows. Other text between such brackets stays as it is.
    pub fn write(self, text: &str) -> Cow<'_, str> {
        if !text.contains('⟨') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('⟨') {
            out.push_str(before);
            match after.split_once('⟩') {
                Some((name, beyond)) if self.0.iter().any(|(row, _)| *row == name) => {
                    out.push_str(&self.key(name));
                    rest = beyond;
                }
                _ => {
                    out.push('⟨');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_keys_and_other_brackets_stay() {
        let legend = Legend::usual();
        assert_eq!(legend.write("⟨principles-apply⟩ applies it"), "p applies it");
        assert_eq!(legend.write("⟨principles-older⟩/⟨principles-newer⟩"), "h/l");
        assert_eq!(legend.write("⟨⟨pause⟩ or ⟨0|ψ⟩, ⟨"), "⟨Space or ⟨0|ψ⟩, ⟨");
        assert_eq!(legend.write("as it is"), "as it is");
    }

    /// A name that no table has would be shown with its brackets.
    #[test]
    fn every_name_in_the_source_is_a_row() {
        let names: Vec<&str> = bindings::table().iter().map(|row| row.name).collect();
        let judged: Vec<&str> = crate::tui::annotate::table().iter().map(|row| row.name).collect();
        let mut folders = vec![std::path::PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/tui"
        ))];
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder of the source") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("legend.rs") {
                    let text = std::fs::read_to_string(&path).expect("a file of the source");
                    for part in text.split('⟨').skip(1) {
                        let name = part.split('⟩').next().unwrap_or_default();
                        let known = match path.components().any(|c| c.as_os_str() == "annotate") {
                            true => judged.contains(&name),
                            false => names.contains(&name),
                        };
                        assert!(known, "{}: no row is called {name:?}", path.display());
                        found += 1;
                    }
                }
            }
        }
        assert!(found > 30, "{found} names: is the folder the right one?");
    }
}
