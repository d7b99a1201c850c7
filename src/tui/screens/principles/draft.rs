//! The principles in force, and the user's own changed copy of them.

use crate::config::Principles;
use crate::train::PrinciplesVersion;

/// Changes that can be undone.
const MOST_UNDO: usize = 200;

/// The draft: absent as long as nothing differs from what is in force.
#[derive(Debug, Default)]
pub struct Draft {
    in_force: Option<PrinciplesVersion>,
    edited: Option<Principles>,
    undo: Vec<Principles>,
    /// What undo took back, the newest last; a change of another kind forgets it.
    redo: Vec<Principles>,
    /// Sent to the trainer and not yet in force.
    sent: Option<Principles>,
}

impl Draft {
    pub fn in_force(&self) -> Option<&PrinciplesVersion> {
        self.in_force.as_ref()
    }

    /// The draft, or what is in force where there is none.
    pub fn current(&self) -> Option<&Principles> {
        self.edited.as_ref().or(self.in_force.as_ref().map(|v| &v.principles))
    }

    /// Something differs from what is in force.
    pub fn differs(&self) -> bool {
        self.edited.is_some()
    }

    /// The draft as it is was sent and waits for the step to end.
    pub fn is_sent(&self) -> bool {
        self.sent.is_some() && self.sent.as_ref() == self.current()
    }

    /// Changes the draft. Nothing happens before the first principles have come.
    pub fn change(&mut self, change: impl FnOnce(&mut Principles)) {
        let Some(before) = self.current().cloned() else { return };
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return;
        }
        if self.undo.len() == MOST_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(before);
        self.redo.clear();
        self.set(after);
    }

    /// Takes the last change back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.undo.pop() else { return false };
        self.redo.extend(self.current().cloned());
        self.set(before);
        true
    }

    /// Makes the change again that undo took back; false when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.redo.pop() else { return false };
        self.undo.extend(self.current().cloned());
        self.set(after);
        true
    }

    /// Back to what is in force. Can be undone.
    pub fn discard(&mut self) {
        if let Some(edited) = self.edited.take() {
            self.undo.push(edited);
            self.redo.clear();
        }
    }

    /// The draft to send to the trainer, once.
    pub fn send(&mut self) -> Option<Principles> {
        let draft = self.edited.clone().filter(|_| !self.is_sent())?;
        self.sent = Some(draft.clone());
        Some(draft)
    }

    /// The trainer did not take what was sent: it is a draft again. False when nothing was sent.
    pub fn take_back(&mut self) -> bool {
        self.sent.take().is_some()
    }

    /// Another version came into force. True when it is the one that was sent.
    pub fn put_in_force(&mut self, version: PrinciplesVersion) -> bool {
        let ours = self.sent.as_ref() == Some(&version.principles);
        if ours {
            self.sent = None;
        }
        if self.edited.as_ref() == Some(&version.principles) {
            self.edited = None;
        }
        self.in_force = Some(version);
        ours
    }

    fn set(&mut self, principles: Principles) {
        let same = self.in_force.as_ref().is_some_and(|v| v.principles == principles);
        self.edited = (!same).then_some(principles);
    }
}
