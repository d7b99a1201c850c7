//! The draft in the user's own editor, as one text or as a whole file, and what comes back.

use super::state::State;
use crate::config::{Source, parse_principles, principles_to_toml};
use crate::tui::action::{Edit, Edited, Effect};
use crate::tui::run_view::RunView;

impl State {
    /// Opens the text of the selected principle.
    pub(super) fn edit_one(&mut self) -> Vec<Effect> {
        let Some((at, entry)) = self.selected_entry() else {
            return Vec::new();
        };
        let text = format!("{}\n", entry.text.trim_end());
        vec![Effect::Edit(Edit {
            what: Edited::Principle(at, entry.name.clone()),
            file: "principle.txt".into(),
            text,
        })]
    }

    /// Opens all of them as a principles file; what could not be used the last time, as it was left.
    pub(super) fn edit_all(&mut self, run: &RunView) -> Vec<Effect> {
        let Some(current) = self.draft.current() else {
            self.refuse("The principles have not come yet; they do with the first events of the run.");
            return Vec::new();
        };
        let name = run.started.as_ref().map_or("this run", |s| s.run.as_str());
        let fresh = format!(
            "# The principles of {name}. Save and leave the editor: this becomes the draft, and p applies it.\n\
             # Leave it as it is, or empty, and nothing changes.\n\n{}",
            principles_to_toml(current)
        );
        vec![Effect::Edit(Edit {
            what: Edited::All,
            file: "principles.toml".into(),
            text: self.rejected.clone().unwrap_or(fresh),
        })]
    }

    /// The editor was left with this text.
    pub fn edited(&mut self, edit: &Edit, text: &str) {
        self.message = None;
        match &edit.what {
            Edited::Principle(at, name) => self.put_text(*at, name, text),
            Edited::All => self.put_all(edit, text),
        }
        self.refresh();
    }

    fn put_text(&mut self, at: usize, name: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return self.say("The text was left empty: nothing was changed.");
        }
        // The run may have gone on to another version meanwhile.
        let place = self.draft.current().and_then(|p| {
            let same = |i: &usize| p.entries.get(*i).is_some_and(|e| e.name == name);
            Some(at)
                .filter(same)
                .or_else(|| p.entries.iter().position(|e| e.name == name))
        });
        match place {
            None => self.refuse(&format!(
                "There is no principle named {name} any more; nothing was changed."
            )),
            Some(i) => {
                let before = self.draft.current().cloned();
                self.draft.change(|p| p.entries[i].text = text.to_string());
                self.cursor = i;
                if before.as_ref() == self.draft.current() {
                    self.say("Nothing was changed.");
                }
            }
        }
    }

    fn put_all(&mut self, edit: &Edit, text: &str) {
        if text.trim().is_empty() {
            self.rejected = None;
            return self.say("The file was left empty: nothing was changed.");
        }
        if text == edit.text && self.rejected.is_none() {
            return self.say("Nothing was changed.");
        }
        let source = Source {
            path: None,
            name: edit.file.clone(),
            text: text.to_string(),
        };
        match parse_principles(&source) {
            Ok(principles) => {
                self.rejected = None;
                self.draft.change(|p| *p = principles);
                if self.draft.differs() {
                    self.say("What you wrote is the draft now; ⟨principles-apply⟩ applies it, ⟨principles-undo⟩ takes it back.");
                } else {
                    self.say("Nothing differs from the version in force.");
                }
            }
            Err(error) => {
                self.rejected = Some(text.to_string());
                let first = error.to_string().lines().next().unwrap_or_default().to_string();
                self.refuse(&format!(
                    "{first}. ⟨principles-editor-all⟩ opens your text again; emptied, it is dropped."
                ));
            }
        }
    }
}
