//! A judge model that is asked over HTTP: what it costs first, then every question once.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::contest::Ready;
use super::signals::Stop;
use crate::judge::ask::{Ended, Judge};
use crate::judge::wire::{Api, Manner, Said};
use crate::judge::{
    Choice, Contest, Cost, JudgeFile, JudgeKind, Message, Pair, Prices, Round, Temperature, Template, Verdict,
    both_orders, check_judge, choice, load_judge,
};
use crate::reward::http::Client;
use crate::run::{Asked, Judgements};

/// Without a terminal, how often it is said how far things are.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// Where a judge model is and how it is asked.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "A judge model (--by http)")]
pub struct ModelArgs {
    /// A file with these settings (url = "..", model = "..", price_in = 2.5, ..); what is given here comes first
    #[arg(long = "judge", value_name = "FILE.toml")]
    file: Option<PathBuf>,
    /// The server, its /v1, or the whole address that is asked
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// What the server calls the model
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Which interface it has; without this by the address
    #[arg(long, value_enum)]
    api: Option<Api>,
    /// The environment variable that holds the key; without this OPENAI_API_KEY for api.openai.com and ANTHROPIC_API_KEY for
    /// api.anthropic.com
    #[arg(long, value_name = "VARIABLE")]
    key_env: Option<String>,
    /// What the judge is asked: builtin:hh, builtin:helpful, builtin:harmless, builtin:sentiment, builtin:summary, or a text
    /// file with {{query}}, {{first}} and {{second}}; without this by the task
    #[arg(long, value_name = "FILE")]
    template: Option<String>,
    /// Price of a million tokens that the model reads
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    price_in: Option<f64>,
    /// Price of a million tokens that it writes
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    price_out: Option<f64>,
    /// Questions under way at once [default: 4]
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// Seconds that one question may take [default: 60]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// How often a question that failed is asked again before the command ends [default: 5]
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// The longest reply, in tokens [default: 256]
    #[arg(long, value_name = "N")]
    max_tokens: Option<u32>,
    /// Of the model's sampling; none: not said [default: 0]
    #[arg(long, value_name = "X")]
    temperature: Option<Temperature>,
    /// Ask again what the judge's replies leave unclear
    #[arg(long)]
    ask_unclear_again: bool,
    /// Do not ask before it costs something
    #[arg(short, long)]
    yes: bool,
}

/// A judge model that can be asked.
pub struct ModelSettings {
    judge: Judge,
    template: Option<Template>,
    prices: Option<Prices>,
    ask_unclear_again: bool,
    yes: bool,
}

impl ModelSettings {
    /// Without --yes somebody must be there to say so.
    pub fn can_be_agreed_to(&self) -> Result<(), Failure> {
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        match self.yes || terminal {
            true => Ok(()),
            false => Err(Failure::input(
                "nothing was asked, since there is no terminal to agree to that on: say --yes",
            )),
        }
    }
}

impl ModelArgs {
    /// Those of a file alone.
    pub fn of_file(file: PathBuf, yes: bool) -> Self {
        Self {
            file: Some(file),
            yes,
            ..Self::default()
        }
    }

    /// Whether a judge model is named.
    pub fn is_given(&self) -> bool {
        self.file.is_some() || self.url.is_some() || self.model.is_some()
    }

    /// The settings of the file and those given here, checked; with the key, which is nowhere else.
    pub fn settings(&self) -> Result<ModelSettings, Failure> {
        let file = match &self.file {
            Some(path) => load_judge(path).map_err(Failure::input)?,
            None => JudgeFile::default(),
        };
        let given = JudgeFile {
            url: self.url.clone().or(file.url),
            model: self.model.clone().or(file.model),
            api: self.api.or(file.api),
            key_env: self.key_env.clone().or(file.key_env),
            template: self.template.clone().or(file.template),
            price_in: self.price_in.or(file.price_in),
            price_out: self.price_out.or(file.price_out),
            concurrency: self.concurrency.or(file.concurrency),
            timeout_seconds: self.timeout.or(file.timeout_seconds),
            retries: self.retries.or(file.retries),
            max_tokens: self.max_tokens.or(file.max_tokens),
            temperature: self.temperature.or(file.temperature),
        };
        check_judge(&given).map_err(|(key, message)| {
            let flag = key.trim_end_matches("_seconds").replace('_', "-");
            Failure::input(format!("--{flag}: {message}"))
        })?;
        let missing = |what: &str, example: &str| {
            Failure::input(format!(
                "a judge model needs {what}: {example}, or in a file: --judge FILE.toml"
            ))
        };
        let url = given
            .url
            .ok_or_else(|| missing("an address", "--url http://127.0.0.1:8000/v1"))?;
        let model = given.model.ok_or_else(|| missing("a name", "--model NAME"))?;
        let api = given.api.unwrap_or_else(|| Api::of(&url));
        let key = key(&url, api, given.key_env.as_deref())?;
        let template = given.template.as_deref().map(Template::load).transpose();
        let prices = match (given.price_in, given.price_out) {
            (None, None) => None,
            (read, written) => Some(Prices {
                read: read.unwrap_or(0.0),
                written: written.unwrap_or(0.0),
            }),
        };
        let timeout = Duration::from_secs_f64(given.timeout_seconds.unwrap_or(60.0));
        let client = Client::new(&api.endpoint(&url), timeout, given.retries.unwrap_or(5));
        Ok(ModelSettings {
            judge: Judge {
                client: api.authorised(client, key.as_deref()),
                manner: Manner {
                    api,
                    model,
                    temperature: given.temperature.map_or(Some(0.0), |t| t.0),
                    max_tokens: given.max_tokens.unwrap_or(256),
                },
                concurrency: given.concurrency.unwrap_or(4),
            },
            template: template.map_err(Failure::input)?,
            prices,
            ask_unclear_again: self.ask_unclear_again,
            yes: self.yes,
        })
    }
}

/// The key for an address. A key that nobody named is only sent to whom it belongs.
fn key(url: &str, api: Api, named: Option<&str>) -> Result<Option<String>, Failure> {
    let host = url.parse::<ureq::http::Uri>().ok();
    let host = host
        .as_ref()
        .and_then(|u| u.host())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let usual = match host.as_str() {
        "api.openai.com" | "api.anthropic.com" => Some(api.key_variable()),
        _ => None,
    };
    let Some(variable) = named.or(usual) else {
        return Ok(None);
    };
    let key = std::env::var(variable).unwrap_or_default();
    let key = key.trim();
    if key.is_empty() {
        return Err(Failure::input(format!(
            "{variable}: the environment variable is not set; it is to hold the key for {host} (--key-env names another)"
        )));
    }
    if !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::input(format!(
            "{variable}: what the environment variable holds is no key: a key has no blanks and no special letters"
        )));
    }
    Ok(Some(key.to_string()))
}

/// One question: a pair in one of its two orders.
#[derive(Clone, Copy)]
struct Question {
    pair: usize,
    turned: bool,
}

/// What is asked of a pair in one order, as it is kept.
fn asked<'a>(question: Question, pairs: &'a [Pair], judge: &'a str, template: &'a Template) -> Asked<'a> {
    let Pair { query, left, right } = &pairs[question.pair];
    let (first, second) = if question.turned { (right, left) } else { (left, right) };
    Asked {
        judge,
        template: &template.text,
        query,
        first,
        second,
    }
}

/// The questions about two policies: which of them are still to be asked.
pub struct Poll<'a> {
    settings: &'a ModelSettings,
    pub ready: Ready,
    template: Template,
    /// The model and how it samples, by which its answers are kept.
    judge: String,
    all: usize,
    open: Vec<Question>,
}

impl<'a> Poll<'a> {
    /// Looks which answers are here already.
    pub fn of(ready: Ready, settings: &'a ModelSettings) -> Result<Self, Failure> {
        let manner = &settings.judge.manner;
        let template = settings.template.clone();
        let mut poll = Self {
            template: template.unwrap_or_else(|| Template::of_task(ready.task)),
            judge: match manner.temperature {
                Some(t) => format!("{} at temperature {t}", manner.model),
                None => manner.model.clone(),
            },
            settings,
            ready,
            all: 0,
            open: Vec::new(),
        };
        let different = (0..poll.ready.pairs.len()).filter(|i| !poll.ready.pairs[*i].is_identical());
        let all: Vec<Question> = different
            .flat_map(|pair| [false, true].map(|turned| Question { pair, turned }))
            .collect();
        poll.all = all.len();
        for question in all {
            let said = poll.known(question)?;
            let unclear = |said: &Said| settings.ask_unclear_again && choice(&said.text).is_none();
            if said.as_ref().is_none_or(unclear) {
                poll.open.push(question);
            }
        }
        Ok(poll)
    }

    /// Nothing is left to ask.
    pub fn is_answered(&self) -> bool {
        self.open.is_empty()
    }

    fn asked(&self, question: Question) -> Asked<'_> {
        asked(question, &self.ready.pairs, &self.judge, &self.template)
    }

    fn known(&self, question: Question) -> Result<Option<Said>, Failure> {
        let asked = self.asked(question);
        let found = self.ready.store.reply(&asked).map_err(Failure::failed)?;
        match (&self.ready.other, found) {
            (Some(other), None) => other.reply(&asked).map_err(Failure::failed),
            (_, found) => Ok(found),
        }
    }

    fn messages(&self) -> Vec<Message> {
        let message = |question: &Question| {
            let Asked {
                query, first, second, ..
            } = self.asked(*question);
            self.template.fill(query, first, second)
        };
        self.open.iter().map(message).collect()
    }

    /// Asks what is open and keeps every answer as it comes. What the server refused is said of the contest later.
    pub fn ask(&mut self, stop: &Stop) -> Result<Asking, Failure> {
        let messages = self.messages();
        if messages.is_empty() {
            return Ok(Asking::Done(None));
        }
        let (pairs, open) = (&self.ready.pairs, &self.open);
        let (judge, template, store) = (&self.judge, &self.template, &mut self.ready.store);
        let mut keep = |place: usize, said: &Said| keep(store, &asked(open[place], pairs, judge, template), said);
        ask(self.settings, &messages, stop, &mut keep)
    }

    /// The contest by all answers that are here.
    pub fn contest(&self, refused: Option<String>) -> Result<Contest, Failure> {
        let (ready, judge, template) = (&self.ready, &self.judge, &self.template);
        let mut rows = Vec::with_capacity(ready.pairs.len());
        for (pair, texts) in ready.pairs.iter().enumerate() {
            if texts.is_identical() {
                rows.push((Some(Verdict::Tie), None));
                continue;
            }
            let round = |turned| -> Result<Option<Round>, Failure> {
                let said = self.known(Question { pair, turned })?;
                Ok(said.map(|said| Round {
                    choice: choice(&said.text),
                    said: said.text,
                }))
            };
            let rounds = round(false)?.zip(round(true)?).map(|(a, b)| [a, b]);
            let choices: [Option<Choice>; 2] = rounds.as_ref().map_or([None; 2], |[a, b]| [a.choice, b.choice]);
            rows.push((both_orders(choices), rounds));
        }
        let usual = Template::of_task(ready.task).text == template.text;
        let model = &self.settings.judge.manner.model;
        let name = match usual {
            true => model.clone(),
            false => format!("{model}, {}", template.name),
        };
        let verdicts: Vec<Option<Verdict>> = rows.iter().map(|(verdict, _)| *verdict).collect();
        let mut contest = ready.contest(JudgeKind::Model, name, &verdicts);
        for (row, (_, rounds)) in contest.rows.iter_mut().zip(rows) {
            row.rounds = rounds;
        }
        contest.about.push(format!(
            "{judge} was asked about every pair in both orders ({}): one wins where both rounds say so, everything else is a tie",
            template.name
        ));
        let rounds = || contest.rows.iter().filter_map(|row| row.rounds.as_ref()).flatten();
        let unclear = rounds().filter(|round| round.choice.is_none()).count();
        if unclear > 0 {
            let (total, s) = (rounds().count(), if unclear == 1 { "y" } else { "ies" });
            contest.about.push(format!(
                "{unclear} of {total} repl{s} of the judge could not be understood; --ask-unclear-again asks those again"
            ));
        }
        contest.about.extend(refused);
        Ok(contest)
    }
}

/// Asks the judge about every pair in both orders; what was asked before is not asked again. `None`: interrupted, or not
/// wanted at that price.
pub fn contest(ready: Ready, settings: &ModelSettings, stop: &Stop) -> Result<Option<(Contest, Ready)>, Failure> {
    let mut poll = Poll::of(ready, settings)?;
    let mut refused = None;
    if !poll.is_answered() {
        if !agreed(settings, &[&poll], stop)? {
            return Ok(None);
        }
        refused = match poll.ask(stop)? {
            Asking::Done(refused) => refused,
            Asking::Interrupted => return Ok(None),
        };
    }
    Ok(Some((poll.contest(refused)?, poll.ready)))
}

fn keep(store: &mut Judgements, asked: &Asked<'_>, said: &Said) -> Result<(), String> {
    store.put_reply(asked, said).map_err(|e| e.to_string())
}

/// Says what asking all of these will cost, and asks whether that is wanted.
pub fn agreed(settings: &ModelSettings, polls: &[&Poll<'_>], stop: &Stop) -> Result<bool, Failure> {
    let mut cost = Cost::default();
    let (mut open, mut all) = (0, 0);
    let mut templates: Vec<&str> = Vec::new();
    for poll in polls {
        for message in poll.messages() {
            cost += Cost::of(&message, settings.judge.manner.max_tokens);
        }
        open += poll.open.len();
        all += poll.all;
        if !templates.contains(&&poll.template.name[..]) {
            templates.push(&poll.template.name);
        }
    }
    let template = templates.join(", ");
    let kept = match all - open {
        0 => String::new(),
        n => format!(" ({n} of {all} answers are here already)"),
    };
    let (model, url) = (&settings.judge.manner.model, settings.judge.client.url());
    eprintln!("{model} at {url}, {template}: {}{kept}", cost.before(settings.prices));
    if settings.yes {
        return Ok(true);
    }
    settings.can_be_agreed_to()?;
    eprint!("Ask? [y/N] ");
    let _ = std::io::stderr().flush();
    // On a thread of its own: a signal must be able to end it.
    let (send, answer) = crossbeam_channel::bounded(1);
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        let _ = send.send(read.is_ok().then_some(line));
    });
    loop {
        match answer.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => {
                let line = line.unwrap_or_default();
                let yes = matches!(&line.trim().to_ascii_lowercase()[..], "y" | "yes");
                if !yes {
                    eprintln!("nothing was asked");
                }
                return Ok(yes);
            }
            Err(error) if error.is_disconnected() => return Ok(false),
            Err(_) if stop.requested() => {
                eprintln!("\nple: interrupted; nothing was asked");
                return Ok(false);
            }
            Err(_) => {}
        }
    }
}

/// How asking went.
pub enum Asking {
    /// With what to say of questions that the server refused.
    Done(Option<String>),
    Interrupted,
}

/// Asks, keeps every answer as it comes, and says how far things are.
fn ask(
    settings: &ModelSettings,
    messages: &[Message],
    stop: &Stop,
    keep: &mut dyn FnMut(usize, &Said) -> Result<(), String>,
) -> Result<Asking, Failure> {
    let n = messages.len();
    let bar = ProgressBar::new(n as u64);
    if let Ok(style) = ProgressStyle::with_template("judging {bar:30} {pos} of {len}, {per_sec}, ETA {eta} {msg}") {
        bar.set_style(style);
    }
    let (quiet, mut told) = (bar.is_hidden(), Instant::now());
    let (mut cost, mut counted, mut done) = (Cost::default(), 0, 0);
    let start = Instant::now();
    let is_over = || stop.requested();
    let done_so_far = std::cell::Cell::new(0usize);
    let ended = settings.judge.ask(
        messages,
        &is_over,
        &mut |place, said| {
            keep(place, &said)?;
            done += 1;
            done_so_far.set(done);
            bar.inc(1);
            if let Some((read, written)) = said.tokens {
                cost += Cost {
                    requests: 1,
                    read,
                    written,
                };
                counted += 1;
            }
            Ok(())
        },
        &mut || {
            if stop.requested() {
                bar.set_message("- ending: waiting for the answers under way; Ctrl-C again leaves at once");
            }
            bar.tick();
            if quiet && told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                let done = done_so_far.get();
                let left = start.elapsed().as_secs_f64() / done.max(1) as f64 * (n - done) as f64;
                eprintln!("judging: {done} of {n}, about {left:.0} s to go");
            }
        },
    );
    bar.finish_and_clear();
    if done > 0 {
        let spent = match counted {
            0 => "tokens are not counted by this server".to_string(),
            k if k < done => format!("{} (told for {k} of {done} answers)", cost.after(settings.prices)),
            _ => cost.after(settings.prices),
        };
        let s = if done == 1 { "" } else { "s" };
        eprintln!("{done} answer{s} in {:.1} s: {spent}", start.elapsed().as_secs_f64());
    }
    let go_on = format!("{done} of {n} answers came and are kept; the same command goes on from there");
    match ended {
        Ended::Done { refused: 0, .. } => Ok(Asking::Done(None)),
        Ended::Done { refused, why } => {
            let s = if refused == 1 { "" } else { "s" };
            Ok(Asking::Done(Some(format!(
                "{refused} question{s} refused by the server, the last of them with: {why}"
            ))))
        }
        Ended::Interrupted => {
            eprintln!("ple: interrupted; {go_on}");
            Ok(Asking::Interrupted)
        }
        Ended::Failed(what) => Err(Failure::failed(format!(
            "{}: {what}\n{go_on}",
            settings.judge.client.url()
        ))),
    }
}
