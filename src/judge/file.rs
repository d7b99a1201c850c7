//! The file of a judge model: where it is, what it is told, how it is asked, what it costs.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::wire::Api;
use crate::config::{ConfigError, Source, unusable};

/// `--judge FILE.toml`. Every key may also be given on the command line, which comes first.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeFile {
    /// The address of the server, of its `/v1`, or of the place that is asked.
    pub url: Option<String>,
    /// What the server calls the model.
    pub model: Option<String>,
    /// Without it told by the address.
    pub api: Option<Api>,
    /// The environment variable that holds the key.
    pub key_env: Option<String>,
    /// `builtin:NAME`, or a file beside this one.
    pub template: Option<String>,
    /// Prices of a million tokens.
    pub price_in: Option<f64>,
    pub price_out: Option<f64>,
    /// Questions under way at once.
    pub concurrency: Option<usize>,
    /// How long one question may take.
    pub timeout_seconds: Option<f64>,
    /// How often a question that failed is asked again.
    pub retries: Option<u32>,
    /// The longest reply, in tokens.
    pub max_tokens: Option<u32>,
    /// A number, or "none": not said.
    pub temperature: Option<Temperature>,
}

/// `0.5` or `"none"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature(pub Option<f64>);

impl<'de> Deserialize<'de> for Temperature {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Word(String),
        }
        let read = |text: &str| text.parse().map_err(serde::de::Error::custom);
        match Written::deserialize(from)? {
            Written::Number(x) => read(&x.to_string()),
            Written::Word(word) => read(&word),
        }
    }
}

impl std::str::FromStr for Temperature {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        match text.parse::<f64>() {
            Ok(x) if (0.0..=2.0).contains(&x) => Ok(Self(Some(x))),
            _ => Err(format!("{text}: wants a number from 0 to 2, or none")),
        }
    }
}

/// Reads the file of a judge. A template is looked for beside it.
pub fn load_judge(path: &Path) -> Result<JudgeFile, ConfigError> {
    let source = Source::read(path)?;
    let mut found = parse(&source)?;
    if let Some(template) = found.template.as_mut().filter(|name| !name.starts_with("builtin:")) {
        let beside: PathBuf = path.parent().unwrap_or(Path::new("")).join(&template);
        *template = beside.display().to_string();
    }
    Ok(found)
}

fn parse(source: &Source) -> Result<JudgeFile, ConfigError> {
    let found: JudgeFile = toml::from_str(&source.text).map_err(|error| {
        let line = error
            .span()
            .map(|span| 1 + source.text[..span.start].matches('\n').count());
        let message = error.message();
        let help = if message.contains("unknown field `key`") || message.contains("unknown field `api_key`") {
            "; a key does not belong into a file: put it into an environment variable and name that as key_env"
        } else {
            ""
        };
        ConfigError::one(line, at(source, line), format!("{message}{help}"))
    })?;
    check_judge(&found).map_err(|(key, message)| {
        let line = source.text.lines().position(|line| line.trim_start().starts_with(key));
        let line = line.map(|i| i + 1);
        ConfigError::one(line, format!("{}: {key}", at(source, line)), message)
    })?;
    Ok(found)
}

/// The file, and the line in it.
fn at(source: &Source, line: Option<usize>) -> String {
    line.map_or(source.name.clone(), |line| format!("{}:{line}", source.name))
}

/// What is wrong with a value, and its key.
pub fn check_judge(found: &JudgeFile) -> Result<(), (&'static str, String)> {
    if let Some(problem) = found.url.as_deref().and_then(unusable) {
        return Err(("url", format!("{problem} (for example \"http://127.0.0.1:8000/v1\")")));
    }
    for (key, price) in [("price_in", found.price_in), ("price_out", found.price_out)] {
        if let Some(price) = price.filter(|p| !(p.is_finite() && *p >= 0.0)) {
            return Err((key, format!("{price}: wants the price of a million tokens, 0 or more")));
        }
    }
    if let Some(seconds) = found.timeout_seconds.filter(|s| !(0.001..=86_400.0).contains(s)) {
        return Err(("timeout_seconds", format!("{seconds}: wants seconds, more than 0")));
    }
    if found.concurrency.is_some_and(|n| !(1..=256).contains(&n)) {
        return Err(("concurrency", "wants 1 to 256".into()));
    }
    if found.max_tokens == Some(0) {
        return Err(("max_tokens", "0: wants 1 or more".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<JudgeFile, String> {
        let source = Source {
            path: None,
            name: "judge.toml".into(),
            text: text.into(),
        };
        parse(&source).map_err(|e| e.to_string())
    }

    #[test]
    fn a_judge_is_read() {
        let text = "url = \"https://h/v1\"\nmodel = \"m\"\napi = \"anthropic\"\nprice_in = 3\nprice_out = 15.0\n\
                    temperature = \"none\"\nconcurrency = 8";
        let found = read(text).expect("a judge");
        assert_eq!((found.api, found.concurrency), (Some(Api::Anthropic), Some(8)));
        assert_eq!(
            (found.price_in, found.temperature),
            (Some(3.0), Some(Temperature(None)))
        );
        assert_eq!(
            read("temperature = 1").expect("a number").temperature,
            Some(Temperature(Some(1.0)))
        );
        assert_eq!(read("").expect("nothing is asked for"), JudgeFile::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, wanted) in [
            ("model = \"m\"\nmodle = \"x\"", "judge.toml:2"),
            ("key = \"secret-123\"", "key_env"),
            ("model = \"m\"\nurl = \"h:8000\"", "http://"),
            ("price_in = -1", "price_in"),
            ("concurrency = 0", "1 to 256"),
            ("temperature = 7", "from 0 to 2"),
            ("api = \"other\"", "other"),
        ] {
            let said = read(text).expect_err(text);
            assert!(said.contains(wanted) && !said.contains("secret-123"), "{text}: {said}");
        }
    }
}
