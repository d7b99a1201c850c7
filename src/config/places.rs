//! Where a user's own files are: the settings, and what the program remembers between runs.

use std::path::{Path, PathBuf};

/// Reads an environment variable; a test has its own.
pub type Get<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where the settings file is or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsFile {
    /// In the usual place; it need not be there.
    Usual(PathBuf),
    /// Named by `PLE_CONFIG`; it must be there.
    Named(PathBuf),
    /// `PLE_CONFIG` is empty, or there is no home.
    None,
}

impl SettingsFile {
    /// From the environment: `PLE_CONFIG`, else `ple/config.toml` in the place for settings.
    pub fn find(get: Get) -> Self {
        match get("PLE_CONFIG") {
            Some(path) if path.is_empty() => return Self::None,
            Some(path) => return Self::Named(PathBuf::from(path)),
            None => {}
        }
        match settings_folder(get) {
            Some(folder) => Self::Usual(folder.join("ple").join("config.toml")),
            None => Self::None,
        }
    }

    /// Its path, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Usual(path) | Self::Named(path) => Some(path),
            Self::None => None,
        }
    }
}

/// `$XDG_CONFIG_HOME`; without it the place that the system has for settings.
fn settings_folder(get: Get) -> Option<PathBuf> {
    let usual = || match () {
        () if cfg!(windows) => absolute(get("APPDATA")),
        () if cfg!(target_os = "macos") => Some(home(get)?.join("Library/Application Support")),
        () => Some(home(get)?.join(".config")),
    };
    absolute(get("XDG_CONFIG_HOME")).or_else(usual)
}

/// Where the program remembers things of its own: the tour, reports of panics, the log of the screen.
pub fn state_folder(get: Get) -> Option<PathBuf> {
    let usual = || match () {
        () if cfg!(windows) => absolute(get("LOCALAPPDATA")),
        () if cfg!(target_os = "macos") => Some(home(get)?.join("Library/Application Support")),
        () => Some(home(get)?.join(".local/state")),
    };
    Some(absolute(get("XDG_STATE_HOME")).or_else(usual)?.join("ple"))
}

/// The user's home.
pub fn home(get: Get) -> Option<PathBuf> {
    absolute(get(if cfg!(windows) { "USERPROFILE" } else { "HOME" }))
}

/// The XDG rules: what is not absolute counts as not set.
fn absolute(path: Option<String>) -> Option<PathBuf> {
    path.map(PathBuf::from).filter(|p| p.is_absolute())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_where_the_environment_says() {
        let find = |vars: &[(&str, &str)]| {
            SettingsFile::find(&|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
        };
        let usual = |path: &str| SettingsFile::Usual(PathBuf::from(path));
        assert_eq!(
            find(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")]),
            usual("/c/ple/config.toml")
        );
        assert_eq!(find(&[("PLE_CONFIG", ""), ("HOME", "/h")]), SettingsFile::None);
        let named = SettingsFile::Named(PathBuf::from("mine.toml"));
        assert_eq!(find(&[("PLE_CONFIG", "mine.toml"), ("XDG_CONFIG_HOME", "/c")]), named);
        assert_eq!(find(&[("XDG_CONFIG_HOME", "relative")]), SettingsFile::None);
        if cfg!(target_os = "linux") {
            assert_eq!(find(&[("HOME", "/h")]), usual("/h/.config/ple/config.toml"));
            let state = state_folder(&|name| (name == "HOME").then(|| "/h".to_string()));
            assert_eq!(state, Some(PathBuf::from("/h/.local/state/ple")));
        }
    }
}
