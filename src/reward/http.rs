//! JSON sent by HTTP to a server that may be slow, busy, down for a while, or gone.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use crossbeam_channel::{RecvTimeoutError, bounded};
use serde_json::Value;

use super::GiveUp;

/// The longest reply that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// How often somebody who waits is asked whether they still do.
const TICK: Duration = Duration::from_millis(20);

/// What a request may take beyond its limit before it is left behind.
const SLACK: Duration = Duration::from_secs(1);

/// The pause before a request is made again is never longer than this, if the server does not ask for more.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// A server that asks for a longer pause than this (Retry-After) is waited for this long.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// One address, and how much patience there is with it.
#[derive(Clone, Debug)]
pub struct Client {
    url: Arc<str>,
    agent: ureq::Agent,
    headers: Arc<[Header]>,
    timeout: Duration,
    retries: u32,
    pause: Duration,
}

/// A header whose value is nobody's business: it may be a key.
#[derive(Clone)]
struct Header {
    name: &'static str,
    value: String,
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: …", self.name)
    }
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nobody waits for the reply any more.
    #[error("interrupted")]
    Interrupted,
    /// No reply after so many tries: what the last one came to.
    #[error("{what}{}", after(*.tries))]
    NoAnswer { what: String, tries: u32 },
}

/// One try that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub what: String,
    /// Worth another try: the server is not there, or says that it is its own fault.
    pub may_pass: bool,
    /// The status that was answered.
    pub status: Option<u16>,
    /// The pause that the server asked for (Retry-After).
    pub wait: Option<Duration>,
}

impl Failed {
    /// What may pass, or may not, without an answer of the server.
    fn silent(what: String, may_pass: bool) -> Self {
        Self {
            what,
            may_pass,
            status: None,
            wait: None,
        }
    }
}

impl Client {
    /// A client of one address. A request takes `timeout` at most; one that failed for what may pass is made again up to
    /// `retries` times, after half a second, then one, two, four, eight, and eight again.
    pub fn new(url: &str, timeout: Duration, retries: u32) -> Self {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A request that was answered by another address is not what the user asked for.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A connection kept from before a server was started anew fails when it is used.
            .max_idle_connections(0);
        if is_this_machine(url) {
            config = config.proxy(None);
        }
        Self {
            url: url.into(),
            agent: config.build().into(),
            headers: Arc::new([]),
            timeout,
            retries,
            pause: Duration::from_millis(500),
        }
    }

    /// The same with another first pause.
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// The same with one more header.
    pub fn with_header(self, name: &'static str, value: String) -> Self {
        let more = [Header { name, value }];
        Self {
            headers: self.headers.iter().cloned().chain(more).collect(),
            ..self
        }
    }

    /// The first pause, and how often a request that failed is made again.
    pub fn patience(&self) -> (Duration, u32) {
        (self.pause, self.retries)
    }

    /// The same without a second try.
    pub fn once(&self) -> Self {
        Self {
            retries: 0,
            ..self.clone()
        }
    }

    /// The address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a body of JSON by POST and returns the text of the reply, whose status was a success. Returns at once when
    /// `give_up` says so, and leaves the request to end by itself.
    pub fn post(&self, body: &str, give_up: GiveUp<'_>) -> Result<String, HttpError> {
        let mut pause = self.pause;
        for tries in 1.. {
            let failed = match self.attempt(body, give_up)? {
                Ok(text) => return Ok(text),
                Err(failed) => failed,
            };
            if !failed.may_pass || tries > self.retries {
                let what = failed.what;
                return Err(HttpError::NoAnswer { what, tries });
            }
            let end = Instant::now() + failed.wait.unwrap_or(pause).max(pause);
            while Instant::now() < end {
                if give_up() {
                    return Err(HttpError::Interrupted);
                }
                std::thread::sleep(TICK.min(end.saturating_duration_since(Instant::now())));
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(HttpError::Interrupted)
    }

    /// One request, on a thread of its own: a system call that blocks cannot be called back.
    pub fn attempt(&self, body: &str, give_up: GiveUp<'_>) -> Result<Result<String, Failed>, HttpError> {
        let (send, received) = bounded(1);
        let (agent, url, body) = (self.agent.clone(), Arc::clone(&self.url), body.to_string());
        let headers = Arc::clone(&self.headers);
        let spawned = std::thread::Builder::new().spawn(move || {
            let _ = send.send(request(&agent, &url, &headers, &body));
        });
        if let Err(error) = spawned {
            let what = format!("no thread for the request: {error}");
            return Ok(Err(Failed::silent(what, true)));
        }
        let end = Instant::now() + self.timeout + SLACK;
        loop {
            match received.recv_timeout(TICK) {
                Ok(result) => return Ok(result.map_err(|failed| self.named(failed))),
                Err(RecvTimeoutError::Timeout) if give_up() => return Err(HttpError::Interrupted),
                Err(RecvTimeoutError::Timeout) if Instant::now() < end => {}
                Err(_) => return Ok(Err(self.named(None))),
            }
        }
    }

    fn named(&self, failed: Option<Failed>) -> Failed {
        failed.unwrap_or_else(|| {
            let what = format!("no answer within {} s", self.timeout.as_secs_f64());
            Failed::silent(what, true)
        })
    }
}

/// The text of the reply, or what went wrong; `None` for a request that took too long.
fn request(agent: &ureq::Agent, url: &str, headers: &[Header], body: &str) -> Result<String, Option<Failed>> {
    let mut request = agent.post(url).content_type("application/json");
    for Header { name, value } in headers {
        request = request.header(*name, value);
    }
    let mut response = request.send(body).map_err(failed)?;
    let status = response.status();
    let asked = response.headers().get("retry-after").and_then(|v| v.to_str().ok());
    let wait = asked.and_then(|text| retry_after(text, now()));
    let text = response
        .body_mut()
        .with_config()
        .limit(LONGEST)
        .lossy_utf8(true)
        .read_to_string()
        .map_err(failed)?;
    if status.is_success() {
        return Ok(text);
    }
    let said = complaint(&text);
    let colon = if said.is_empty() { "" } else { ": " };
    Err(Some(Failed {
        what: format!("answered HTTP {status}{colon}{said}"),
        may_pass: status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429),
        status: Some(status.as_u16()),
        wait,
    }))
}

fn now() -> DateTime<Utc> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    DateTime::from_timestamp(since.map_or(0, |s| s.as_secs() as i64), 0).unwrap_or_default()
}

/// A pause in seconds, or until a date (RFC 9110), from now on.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let wait = Duration::try_from_secs_f64(seconds).ok()?;
        return Some(wait.min(LONGEST_WAIT));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    let wait = (date.to_utc() - now).to_std().unwrap_or(Duration::ZERO);
    Some(wait.min(LONGEST_WAIT))
}

fn failed(error: ureq::Error) -> Option<Failed> {
    use ureq::Error;
    let (what, may_pass) = match &error {
        Error::Timeout(_) => return None,
        Error::Io(e) => match e.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => return None,
            ErrorKind::ConnectionRefused => ("refuses the connection: nothing listens there".into(), true),
            ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => {
                ("closed the connection before it answered".into(), true)
            }
            _ => (format!("cannot be reached: {e}"), true),
        },
        Error::HostNotFound => ("no host of that name is found".into(), true),
        Error::ConnectionFailed => ("cannot be reached".into(), true),
        Error::BodyExceedsLimit(n) => (format!("answered with more than {} MiB", n >> 20), false),
        Error::Protocol(e) => (format!("does not speak HTTP: {e}"), true),
        other => (other.to_string(), false),
    };
    Some(Failed::silent(what, may_pass))
}

/// What a server says is wrong: the message alone where it is told in the usual form (`error.message`), else all of it.
fn complaint(text: &str) -> String {
    let told: Option<Value> = serde_json::from_str(text).ok();
    let error = told.as_ref().map(|told| &told["error"]);
    let message = error.and_then(|error| error["message"].as_str().or(error.as_str()));
    excerpt(message.unwrap_or(text))
}

/// The beginning of a text on one line.
pub fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// An address of this machine is asked directly, whatever proxy the environment names.
fn is_this_machine(url: &str) -> bool {
    let uri: Option<ureq::http::Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(|u| u.host()).unwrap_or_default();
    host.eq_ignore_ascii_case("localhost")
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn after(tries: u32) -> String {
    if tries > 1 {
        format!(" ({tries} tries)")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_is_asked_for_is_read() {
        let now = DateTime::parse_from_rfc3339("2026-03-01T10:00:00Z")
            .expect("a date")
            .to_utc();
        let read = |text| retry_after(text, now).map(|wait| wait.as_secs_f64());
        assert_eq!(read("7"), Some(7.0));
        assert_eq!(read(" 0.5 "), Some(0.5));
        assert_eq!(read("Sun, 01 Mar 2026 10:00:30 GMT"), Some(30.0));
        assert_eq!(read("Sun, 01 Mar 2026 09:00:00 GMT"), Some(0.0), "it is over");
        assert_eq!(read("86400"), Some(600.0), "nobody waits for a day");
        for odd in ["soon", "-3", "", "NaN"] {
            assert_eq!(read(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn of_an_error_its_message_is_told_and_of_anything_else_the_beginning() {
        // As OpenAI answers: all of it is longer than what is told.
        let long = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                    'max_completion_tokens' instead.";
        let reply = format!("{{\n  \"error\": {{\n    \"message\": \"{long}\",\n    \"type\": \"x\"\n  }}\n}}");
        assert_eq!(complaint(&reply), long);
        assert_eq!(complaint("{\"error\": \"gone\"}"), "gone");
        assert_eq!(complaint("{\"detail\": \"no field\"}"), "{\"detail\": \"no field\"}");
        assert_eq!(complaint("[1,\n 2]"), "[1, 2]");
        assert_eq!(complaint(""), "");
        assert_eq!(complaint(&"x".repeat(500)).chars().count(), 121);
    }

    #[test]
    fn what_a_header_holds_is_not_told() {
        let client = Client::new("http://localhost:1/x", Duration::from_secs(1), 0);
        let client = client.with_header("authorization", "Bearer secret-key".into());
        let told = format!("{client:?}");
        assert!(told.contains("authorization") && !told.contains("secret"), "{told}");
    }
}
