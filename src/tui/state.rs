//! Everything the screen knows.

use ratatui::layout::Rect;

use super::action::Screen;
use super::bindings;
use super::changed::Changed;
use super::keymap::Binding;
use super::palette;
use super::popup::Popup;
use super::run_view::RunView;
use super::screens::{cases, dashboard, effect, fit, principles, responses, runs};
use super::theme::Theme;
use super::time::Film;
use super::view;
use crate::config::{Notify, NotifyWhen};

/// The state of the workbench. Only [`super::update::update`] and the input handling change it.
pub struct State {
    pub screen: Screen,
    pub run: RunView,
    pub dashboard: dashboard::State,
    pub responses: responses::State,
    pub principles: principles::State,
    pub cases: cases::State,
    pub effect: effect::State,
    pub fit: fit::State,
    pub runs: runs::State,
    /// The film of the run; the step that is looked at is the run's (`RunView::past`).
    pub film: Film,
    /// What lies over the screen.
    pub popup: Option<Popup>,
    /// The last thing to say; the next key takes it away.
    pub notice: Option<Notice>,
    /// Alarms the user has taken away.
    pub alarms_seen: usize,
    pub mouse: bool,
    pub leaving: Leaving,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub theme: Theme,
    /// How and when it is told that a run ended or an alarm rings.
    pub notify: (Notify, NotifyWhen),
    /// The terminal is looked at; true until it says otherwise.
    pub focused: bool,
    pub table: Vec<Binding>,
    /// The run that is trained here while another one is looked at: its name, and how far it is.
    pub home: Option<(String, String)>,
    /// A principles file that changed while the keys were wanted elsewhere.
    pub changed: Option<Changed>,
    /// Lines of the palette.
    pub history: palette::History,
}

/// Something to say in the last row.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub text: String,
    /// It is about something that was not done.
    pub refused: bool,
    /// Told by the run, not asked for: gone when so many steps are done, even without a key.
    pub until: Option<u32>,
}

/// How far the user is on the way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaving {
    #[default]
    No,
    /// Waiting for the checkpoint and the end of training.
    AfterSave,
    /// Leaving without a checkpoint.
    Now,
}

impl State {
    /// Before the first event. `live` says that commands reach a trainer.
    pub fn new(live: bool, theme: Theme) -> Self {
        Self {
            screen: Screen::Dashboard,
            run: RunView {
                live,
                ..RunView::default()
            },
            dashboard: Default::default(),
            responses: Default::default(),
            principles: Default::default(),
            cases: Default::default(),
            effect: Default::default(),
            fit: Default::default(),
            runs: Default::default(),
            film: Film::default(),
            popup: None,
            notice: None,
            alarms_seen: 0,
            mouse: true,
            leaving: Leaving::No,
            size: (80, 24),
            theme,
            notify: (Notify::Off, NotifyWhen::Unfocused),
            focused: true,
            table: bindings::table(),
            home: None,
            changed: None,
            history: Default::default(),
        }
    }

    /// The state for another run in the same workbench: what belongs to the user and not to the run goes with them.
    pub fn another(&mut self, live: bool) -> Self {
        let mut next = Self::new(live, self.theme);
        self.hand_over(&mut next);
        next
    }

    /// Gives what belongs to the user and not to the run to the state that takes the place of this one.
    pub fn hand_over(&mut self, next: &mut Self) {
        next.runs = std::mem::take(&mut self.runs);
        next.table = self.table.clone();
        (next.theme, next.mouse, next.size) = (self.theme, self.mouse, self.size);
        (next.notify, next.focused) = (self.notify, self.focused);
    }

    /// Where the present screen is drawn.
    pub fn body(&self) -> Rect {
        view::body(Rect::new(0, 0, self.size.0, self.size.1), self)
    }

    /// Says something until the next key.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: self.theme.legend.write(&text.into()).into_owned(),
            refused: false,
            until: None,
        });
    }

    /// Says for the next steps what the run did by itself, so that the keys below come back without a key.
    pub fn mention(&mut self, text: impl Into<String>) {
        const STEPS: u32 = 3;
        self.notice = Some(Notice {
            text: self.theme.legend.write(&text.into()).into_owned(),
            refused: false,
            until: Some(self.run.steps_done() + STEPS),
        });
    }

    /// Says why something was not done.
    pub fn refuse(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: self.theme.legend.write(&text.into()).into_owned(),
            refused: true,
            until: None,
        });
    }

    /// A text field of the present screen has the focus.
    pub fn wants_text(&self) -> bool {
        match self.screen {
            Screen::Dashboard | Screen::Training | Screen::Rows => false,
            Screen::Responses => self.responses.wants_text(),
            Screen::Principles => self.principles.wants_text(),
            Screen::Cases => self.cases.wants_text(),
            Screen::Effect => self.effect.wants_text(),
            Screen::Runs => self.runs.wants_text(),
        }
    }
}
