//! The user's own settings: how the workbench looks and behaves, and defaults of the command line.
//!
//! A flag stands over the file, the file over an environment variable of everybody (`NO_COLOR`), and that over the default.
//! Every setting knows where it comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::check::subject;
use super::error::{ConfigError, Problem};
use super::load::{Source, parse, typed};
use super::places::{Get, SettingsFile, home};
use super::schema;
use super::tree::{Node, Place, Value};
use crate::device::DeviceChoice;

/// An enum of words that the file, the flags and `ple config` spell in the same way.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] #[value(name = $word)] $variant),+
        }

        impl $name {
            /// As it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// Which colours.
    ThemeName {
        /// By the terminal's background
        #[default]
        Auto = "auto",
        /// For a light background
        Light = "light",
        /// For a dark background
        Dark = "dark",
        /// No colours: bold, dim and reversed only
        Mono = "mono",
    }
}

words! {
    /// Which hues.
    Palette {
        /// Blue, orange, green, purple, red
        #[default]
        Default = "default",
        /// The hues of Okabe and Ito, which stay apart for every kind of colour vision
        ColourBlind = "colour-blind",
    }
}

words! {
    /// What curves are drawn with.
    MarkerName {
        /// Braille, or ASCII where the locale is not UTF-8
        #[default]
        Auto = "auto",
        /// Two by four dots to a cell
        Braille = "braille",
        /// Quarters of a cell
        Block = "block",
        /// One dot to a cell
        Dot = "dot",
        /// ASCII only, borders and letters too
        Ascii = "ascii",
    }
}

words! {
    /// How it is told that a run ended or an alarm rings.
    Notify {
        /// On the screen only
        Off = "off",
        /// The terminal's bell
        #[default]
        Bell = "bell",
        /// A message by OSC 9, which many terminals show on the desktop
        Osc9 = "osc9",
    }
}

words! {
    /// When that is told.
    NotifyWhen {
        /// While the terminal says that it is not looked at
        #[default]
        Unfocused = "unfocused",
        /// Always
        Always = "always",
    }
}

words! {
    /// Who puts right-to-left text in the order it is read.
    RightToLeft {
        /// The terminal where it is known to, else the workbench
        #[default]
        Auto = "auto",
        /// The workbench
        Workbench = "workbench",
        /// The terminal
        Terminal = "terminal",
    }
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    Default,
    /// An environment variable.
    Variable(&'static str),
    /// A line of the settings file, from 1.
    File(usize),
    /// A flag of the command line.
    Flag(&'static str),
}

/// A setting and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

/// Keys that a user gives to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetting {
    /// The name of the row in the key table.
    pub name: String,
    /// As they are written: "p", "Ctrl-s", "Space".
    pub keys: Vec<String>,
    /// Line of the file.
    pub line: usize,
    /// The file, the line, the key and what was found, for messages.
    pub subject: String,
}

/// What flags of the command line say; `None` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub theme: Option<ThemeName>,
    pub palette: Option<Palette>,
    pub marker: Option<MarkerName>,
    /// The flag that was given, for `--ascii`.
    pub marker_flag: &'static str,
    pub no_mouse: bool,
    pub notify: Option<Notify>,
    pub no_tour: bool,
    pub device: Option<DeviceChoice>,
    pub runs: Option<PathBuf>,
}

/// Everything that can be set, as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file they were read from, if there is one.
    pub file: Option<PathBuf>,
    pub theme: Setting<ThemeName>,
    pub palette: Setting<Palette>,
    pub marker: Setting<MarkerName>,
    /// Clicks, drags and the wheel work in the workbench.
    pub mouse: Setting<bool>,
    pub notify: Setting<Notify>,
    pub notify_when: Setting<NotifyWhen>,
    /// News from training are drawn at most so often.
    pub frames_per_second: Setting<u16>,
    /// Show the tour to who has not seen it.
    pub tour: Setting<bool>,
    pub right_to_left: Setting<RightToLeft>,
    pub device: Setting<DeviceChoice>,
    /// The folder that holds the runs.
    pub runs: Setting<PathBuf>,
    pub keys: Vec<KeySetting>,
}

/// The file as serde sees it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    theme: Option<ThemeName>,
    palette: Option<Palette>,
    marker: Option<MarkerName>,
    mouse: Option<bool>,
    notify: Option<Notify>,
    notify_when: Option<NotifyWhen>,
    frames_per_second: Option<u16>,
    tour: Option<bool>,
    right_to_left: Option<RightToLeft>,
    defaults: WrittenDefaults,
    /// Read from the tree, which knows the lines.
    #[serde(rename = "keys")]
    _keys: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenDefaults {
    device: Option<String>,
    runs: Option<String>,
}

/// The file's tree, to tell the lines.
struct Lines<'a>(Option<&'a Node>);

impl Lines<'_> {
    fn of(&self, key: &str) -> Origin {
        match self.0.and_then(|root| root.find(key)).map(|node| &node.place) {
            Some(Place::Line(line)) => Origin::File(*line),
            _ => Origin::File(1),
        }
    }

    /// Flag over file over default.
    fn layered<T: Default>(&self, key: &str, flag: Option<(T, &'static str)>, file: Option<T>) -> Setting<T> {
        self.or(key, flag, file, T::default())
    }

    fn or<T>(&self, key: &str, flag: Option<(T, &'static str)>, file: Option<T>, default: T) -> Setting<T> {
        let (value, origin) = match (flag, file) {
            (Some((value, name)), _) => (value, Origin::Flag(name)),
            (None, Some(value)) => (value, self.of(key)),
            (None, None) => (default, Origin::Default),
        };
        Setting { value, origin }
    }
}

impl Settings {
    /// Reads the file that the environment names, if it is there, and puts the flags over it.
    pub fn load(flags: &Flags, get: Get) -> Result<Self, ConfigError> {
        let source = match SettingsFile::find(get) {
            SettingsFile::None => None,
            SettingsFile::Usual(path) if !path.exists() => None,
            SettingsFile::Usual(path) | SettingsFile::Named(path) => Some(Source::read(&path)?),
        };
        Self::of(source.as_ref(), flags, get)
    }

    /// From the text of a file, or from none.
    pub fn of(source: Option<&Source>, flags: &Flags, get: Get) -> Result<Self, ConfigError> {
        let root = source.map(parse).transpose()?;
        let written = match (source, &root) {
            (Some(source), Some(root)) => typed(source, schema::SETTINGS, root)?,
            _ => Written::default(),
        };
        let lines = Lines(root.as_ref());
        let mut theme = lines.layered("theme", flags.theme.map(|t| (t, "--theme")), written.theme);
        // A theme that was asked for by name stands over it (https://no-color.org).
        if theme.value == ThemeName::Auto && get("NO_COLOR").is_some_and(|v| !v.is_empty()) {
            theme = Setting {
                value: ThemeName::Mono,
                origin: Origin::Variable("NO_COLOR"),
            };
        }
        let device = match (source, &written.defaults.device) {
            (Some(source), Some(word)) => Some(device(source, &root, word)?),
            _ => None,
        };
        let runs = written.defaults.runs.map(|path| from_home(&path, get));
        Ok(Self {
            file: source.and_then(|s| s.path.clone()),
            theme,
            palette: lines.layered("palette", flags.palette.map(|p| (p, "--palette")), written.palette),
            marker: lines.layered("marker", flags.marker.map(|m| (m, flags.marker_flag)), written.marker),
            mouse: lines.or(
                "mouse",
                flags.no_mouse.then_some((false, "--no-mouse")),
                written.mouse,
                true,
            ),
            notify: lines.layered("notify", flags.notify.map(|n| (n, "--notify")), written.notify),
            notify_when: lines.layered("notify_when", None, written.notify_when),
            frames_per_second: lines.or("frames_per_second", None, written.frames_per_second, 50),
            tour: lines.or(
                "tour",
                flags.no_tour.then_some((false, "--no-tour")),
                written.tour,
                true,
            ),
            right_to_left: lines.layered("right_to_left", None, written.right_to_left),
            device: lines.layered("defaults.device", flags.device.map(|d| (d, "--device")), device),
            runs: lines.or(
                "defaults.runs",
                flags.runs.clone().map(|r| (r, "--runs")),
                runs,
                PathBuf::from("runs"),
            ),
            keys: match (source, &root) {
                (Some(source), Some(root)) => keys(source, root),
                _ => Vec::new(),
            },
        })
    }

    /// Name, value and origin of each, in the order of the example file; the keys are apart.
    pub fn rows(&self) -> Vec<(&'static str, String, Origin)> {
        fn row<T: ToString>(name: &'static str, s: &Setting<T>) -> (&'static str, String, Origin) {
            (name, s.value.to_string(), s.origin)
        }
        vec![
            row("theme", &self.theme),
            row("palette", &self.palette),
            row("marker", &self.marker),
            row("mouse", &self.mouse),
            row("notify", &self.notify),
            row("notify_when", &self.notify_when),
            row("frames_per_second", &self.frames_per_second),
            row("tour", &self.tour),
            row("right_to_left", &self.right_to_left),
            row("defaults.device", &self.device),
            ("defaults.runs", self.runs.value.display().to_string(), self.runs.origin),
        ]
    }
}

/// An error about the keys of a file: the setting it is about, and what is wrong.
pub fn key_problem(setting: &KeySetting, message: String) -> Problem {
    Problem {
        line: Some(setting.line),
        subject: setting.subject.clone(),
        message,
    }
}

fn device(source: &Source, root: &Option<Node>, word: &str) -> Result<DeviceChoice, ConfigError> {
    word.parse().map_err(|message: String| {
        let node = root.as_ref().and_then(|root| root.find("defaults.device"));
        let place = node.map_or(Place::Line(1), |node| node.place.clone());
        let (line, subject) = subject(&source.name, "defaults.device", node, &place);
        ConfigError {
            problems: vec![Problem { line, subject, message }],
        }
    })
}

/// A path that may begin with `~/`.
fn from_home(path: &str, get: Get) -> PathBuf {
    match (path.strip_prefix("~/"), home(get)) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_path_buf(),
    }
}

fn keys(source: &Source, root: &Node) -> Vec<KeySetting> {
    let Some(table) = root.get("keys") else {
        return Vec::new();
    };
    let word = |node: &Node| match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let setting = |(name, node): &(String, Node)| {
        let keys = match &node.value {
            Value::List(items) => items.iter().filter_map(word).collect(),
            _ => word(node).into_iter().collect(),
        };
        let (line, subject) = subject(&source.name, &format!("keys.{name}"), Some(node), &node.place);
        KeySetting {
            name: name.clone(),
            keys,
            line: line.unwrap_or(1),
            subject,
        }
    };
    table.entries().iter().map(setting).collect()
}

/// A settings file with every setting at its default, each in a comment that says what it does.
pub const EXAMPLE: &str = include_str!("settings_example.toml");
