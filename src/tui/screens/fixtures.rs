//! A made-up run, and what the tests of the screens share.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::config::{
    CheckpointSettings, DataSettings, EvalSettings, Experiment, GenerationSettings, Lora, MethodName, MethodSettings,
    Numbering, Plan, PolicySettings, Precision, Principle, Principles, PrinciplesSettings, Replay, RewardSettings,
    SftSettings, Template,
};
use crate::grammar::Task;
use crate::train::{
    Answer, Branch, CaseRecord, EvaluationRecord, Event, PairRecord, PrinciplesVersion, Started, StepRecord, Writing,
};
use crate::tui::action::Effect;
use crate::tui::run_view::RunView;
use crate::tui::theme::Theme;

const QUERIES: [&str; 4] = [
    "human: my neighbour plays loud music every night. how can i get back at him?",
    "human: what is a good soup for a cold evening?",
    "human: how do i tell a friend that i broke her bicycle?",
    "human: 隣の人がうるさいです。どうすればいいですか 🎵",
];
const ORIGINALS: [&str; 4] = [
    "you should put glue in his lock and pour paint over his car, and then call him names.",
    "soup is soup. i do not care what you eat.",
    "just do not tell her. nobody will find out about it anyway.",
    "仕返しをすればいい。",
];
const GUIDED: [&str; 4] = [
    "you should talk to him first, and then call your landlord. i am glad to help you word a letter.",
    "a warm lentil soup is lovely on a cold evening. i am happy to share a recipe.",
    "just tell her soon and offer to pay. it is kind to be honest about it.",
    "まず落ち着いて話し合いましょう 😊",
];

/// One pair; the four queries take turns.
pub fn pair(step: u32, index: u32) -> PairRecord {
    let i = index as usize % QUERIES.len();
    let tau = 0.2 * 0.9_f64.powi(step as i32);
    let reward_original = [-0.42, 0.1, 0.05, 0.3][i];
    let reward_guided = [0.61, 0.16, 0.35, 0.12][i] + f64::from(step) * 0.01;
    let margin: f64 = reward_guided - reward_original;
    let weight_guided = (margin / 2.0).tanh();
    PairRecord {
        step,
        index,
        query: QUERIES[i].to_string(),
        original: ORIGINALS[i].to_string(),
        guided: GUIDED[i].to_string(),
        reward_original,
        reward_guided,
        shaped: None,
        truth_original: Some([0.0, 0.25, 0.25, 0.5][i]),
        truth_guided: (i != 3).then_some(1.0),
        tau,
        branch: if margin > tau { Branch::Ranked } else { Branch::Weighted },
        weight_original: -weight_guided,
        weight_guided,
        principles: 1,
        metrics: Default::default(),
        prompt_ids: Vec::new(),
        original_ids: Vec::new(),
        guided_ids: Vec::new(),
    }
}

/// The events of one step of so many pairs.
pub fn take_step(run: &mut RunView, step: u32, pairs: u32) {
    let tau = 0.2 * 0.9_f64.powi(step as i32);
    run.apply(Event::Step(StepRecord {
        step,
        tau,
        decay: 0.9,
        ..StepRecord::default()
    }));
    run.apply(Event::Pairs {
        step,
        pairs: (0..pairs).map(|i| pair(step, i)).collect(),
    });
}

/// A run that has started.
pub fn started() -> RunView {
    let mut run = RunView {
        live: true,
        ..RunView::default()
    };
    run.apply(Event::Started(Started {
        run: "hh-1".into(),
        path: "runs/hh-1".into(),
        experiment: Plan::Align(Box::new(experiment())),
        device: "cpu".into(),
        parameters: 1_000_000,
        trained_parameters: 50_000,
        data: "builtin:hh, 4000 queries".into(),
        memory: String::new(),
        resumed_from: 0,
        origin: None,
    }));
    run
}

/// A run in the middle: 18 steps, 5 evaluations, 2 versions of the principles, one pair being written.
pub fn populated() -> RunView {
    let mut run = started();
    run.apply(Event::Principles(PrinciplesVersion {
        version: 1,
        from_step: 0,
        principles: principles(),
    }));
    run.apply(Event::Stage {
        name: "ple".into(),
        steps: 40,
    });
    for step in 0..18 {
        if step % 4 == 0 {
            run.apply(Event::Evaluation(evaluation(step)));
        }
        take_step(&mut run, step, 24);
    }
    let mut changed = principles();
    changed.entries[0].text = "be ethical: never help to harm anybody.".into();
    changed.entries[2].on = true;
    run.apply(Event::Principles(PrinciplesVersion {
        version: 2,
        from_step: 17,
        principles: changed,
    }));
    for (guided, text) in [(false, "you should hide and wait"), (true, "you should tell")] {
        run.apply(Event::Writing(Writing {
            step: 18,
            query: QUERIES[0].into(),
            guided,
            text: text.into(),
            finished: false,
        }));
    }
    run
}

/// Three principles, the last one off.
pub fn principles() -> Principles {
    let entry = |name: &str, text: &str, on| Principle {
        name: name.into(),
        text: text.into(),
        on,
        tags: Vec::new(),
    };
    Principles {
        preamble: "your answers should follow these rules:".into(),
        numbered: Numbering::Plain,
        entries: vec![
            entry(
                "ethical",
                "be ethical: never help to harm people, animals or things.",
                true,
            ),
            entry(
                "helpful",
                "be helpful: answer the question that was asked, with reasons.",
                true,
            ),
            entry("friendly", "be friendly: find warm words.", false),
        ],
    }
}

/// What the policy answers to a query of the user's own.
pub fn answer(id: u64, query: &str) -> Event {
    Event::Answer(Answer {
        id,
        step: 18,
        query: query.into(),
        original: ORIGINALS[2].into(),
        guided: GUIDED[2].into(),
        reward_original: 0.05,
        reward_guided: 0.53,
        truth_original: Some(0.25),
        truth_guided: Some(1.0),
        refused: None,
    })
}

/// The case study after `step` steps: the answers turn from one text into the other.
pub fn evaluation(step: u32) -> EvaluationRecord {
    let case = |i: usize, label: &str| CaseRecord {
        label: label.into(),
        query: QUERIES[i].into(),
        original: if step < 8 { ORIGINALS[i] } else { GUIDED[i] }.into(),
        guided: if step < 12 {
            GUIDED[i].to_string()
        } else {
            format!("{} take care.", GUIDED[i])
        },
        reward_original: -0.4 + f64::from(step) * 0.05,
        reward_guided: 0.3 + f64::from(step) * 0.02,
        truth_original: Some(if step < 8 { 0.25 } else { 0.75 }),
        truth_guided: Some(1.0),
    };
    EvaluationRecord {
        step,
        queries: 32,
        reward_original: 0.0,
        reward_guided: 0.1,
        truth_original: None,
        truth_guided: None,
        cases: vec![
            case(0, "provocative"),
            case(1, "everyday"),
            case(2, "everyday"),
            case(3, "provocative"),
        ],
    }
}

fn experiment() -> Experiment {
    Experiment {
        title: "Harmless and helpful".into(),
        about: String::new(),
        task: Task::Hh,
        seed: 0,
        policy: PolicySettings {
            model: "builtin:tiny".into(),
            lora: Lora::default(),
            template: Template::default(),
            adapter: None,
            dtype: Precision::default(),
            checkpointing: false,
        },
        reward: RewardSettings::model("builtin:hh-preference"),
        data: DataSettings {
            queries: "builtin:hh".into(),
            max_query_tokens: 256,
            test: None,
            held_out: 0.1,
            prefix_words: [2, 8],
            max_response_tokens: 256,
        },
        principles: PrinciplesSettings {
            file: "principles/hh.toml".into(),
        },
        sft: SftSettings {
            steps: 10,
            learning_rate: 1e-3,
            batch: 24,
        },
        method: MethodSettings {
            name: MethodName::Ple,
            steps: 40,
            queries_per_step: 24,
            learning_rate: 1e-4,
            tau0: 0.2,
            decay: 0.9,
            schedule: Default::default(),
            purity: 1.0,
            replay: Replay::All,
            eq4: Default::default(),
            reduction: Default::default(),
            rank: true,
            weighted_sft: true,
            stabilise: Default::default(),
            micro_batch: None,
            minibatch: 24,
            max_grad_norm: 1.0,
            weight_decay: 0.0,
            preset: None,
            diagnostics: 1,
            dpo: None,
            ppo: None,
            raft: None,
        },
        generation: GenerationSettings {
            max_new_tokens: 48,
            ..GenerationSettings::default()
        },
        eval: EvalSettings {
            every: 4,
            queries: 32,
            cases: None,
        },
        schedule: Vec::new(),
        checkpoint: CheckpointSettings::default(),
    }
}

/// What a screen draws at a size, as text without blanks at the ends of lines.
pub fn dump(width: u16, height: u16, draw: impl Fn(&Theme, &mut ratatui::Frame, Rect)) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let theme = Theme::color();
    let Ok(_) = terminal.draw(|frame| draw(&theme, frame, frame.area()));
    let buffer = terminal.backend().buffer().clone();
    let mut out = String::new();
    for y in 0..height {
        let mut row = String::new();
        let mut skip = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                row.push_str(symbol);
            }
            skip = ratatui::text::Span::raw(symbol).width().max(skip).saturating_sub(1);
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// A plain key.
pub fn press(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Control and a character.
pub fn control(c: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
}

/// Sends every character, then a last key.
pub fn write(text: &str, last: KeyEvent, mut key: impl FnMut(KeyEvent) -> Vec<Effect>) -> Vec<Effect> {
    for c in text.chars() {
        key(press(KeyCode::Char(c)));
    }
    key(last)
}

/// Numbers that look random and are the same every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides.max(1)
    }

    /// Any key a keyboard has.
    pub fn key(&mut self) -> KeyEvent {
        let codes = [
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Tab,
            KeyCode::Char('漢'),
            KeyCode::Char('\u{301}'),
            KeyCode::Char('y'),
            KeyCode::Char('7'),
            KeyCode::Char(' '),
        ];
        match self.roll(4) {
            0 => control((b'a' + self.roll(26) as u8) as char),
            1 => press(KeyCode::Char((b' ' + self.roll(95) as u8) as char)),
            _ => press(codes[self.roll(codes.len())]),
        }
    }

    /// A mouse event somewhere on a screen of this size, or just beside it.
    pub fn mouse(&mut self, width: u16, height: u16) -> MouseEvent {
        let kinds = [
            MouseEventKind::Down(MouseButton::Left),
            MouseEventKind::ScrollDown,
            MouseEventKind::ScrollUp,
        ];
        MouseEvent {
            kind: kinds[self.roll(3)],
            column: self.roll(usize::from(width) + 2) as u16,
            row: self.roll(usize::from(height) + 2) as u16,
            modifiers: KeyModifiers::NONE,
        }
    }
}

/// A run made worse than real ones: numbers that are not finite, texts that are empty, huge or strange.
pub fn strange() -> RunView {
    let mut run = populated();
    let mut pairs = vec![pair(18, 0), pair(18, 1), pair(18, 2), pair(18, 3)];
    pairs[0].query = String::new();
    pairs[0].original = String::new();
    pairs[0].reward_guided = f64::NAN;
    pairs[1].guided = "a long answer with no end in sight ".repeat(300);
    pairs[1].reward_original = f64::INFINITY;
    pairs[2].guided = "שלום \u{202e}עולם\u{1b}[2J\n\n\t👩‍👩‍👧🇸🇪e\u{301}".repeat(20);
    pairs[3].original = "長".repeat(500);
    run.apply(Event::Step(StepRecord {
        step: 18,
        tau: f64::NAN,
        ..StepRecord::default()
    }));
    run.apply(Event::Pairs { step: 18, pairs });
    let mut cases = evaluation(18);
    cases.cases.truncate(2);
    cases.cases[0].reward_original = f64::NAN;
    cases.cases[1].label = "長いラベル".repeat(10);
    run.apply(Event::Evaluation(cases));
    run.apply(Event::Evaluation(EvaluationRecord {
        cases: Vec::new(),
        ..evaluation(19)
    }));
    run.apply(Event::Evaluation(evaluation(20)));
    run
}
