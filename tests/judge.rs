//! `ple judge`: by a reward, by a judge model that is biased, busy, broken or gone, and by people; what is made of it.

mod common;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Barrier, LazyLock};

use common::judges::{Asked, JudgeServer, Reply, first, longer};
use common::process::{Ended, Process};
use common::{IMDB, Lab};
use serde_json::Value;

/// How many queries are judged, and how many questions that makes.
const QUERIES: usize = 6;
const QUESTIONS: usize = 2 * QUERIES;

/// The files of two runs, `a` and `b`, that answer differently, and whose answers are kept already.
static TRAINED: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let lab = Lab::new();
    for (name, set) in [("a", "method.learning_rate=0.001"), ("b", "method.learning_rate=0.02")] {
        let ended = Ended::of(lab.train(IMDB, &[set]).args(["--quiet", "--name", name]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    ple(&lab, "judge a b --queries 6", 0);
    let mut files = Vec::new();
    let mut folders = vec![lab.runs()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(lab.path()).expect("a file of the lab").to_path_buf();
            files.push((name, std::fs::read(&path).expect("a file")));
        }
    }
    files
});

/// A lab with those two runs.
fn lab() -> Lab {
    let lab = Lab::new();
    for (name, bytes) in &*TRAINED {
        lab.write(name.to_str().expect("a path of letters"), bytes);
    }
    lab
}

/// `ple` with these words, which have no spaces in them. No test must send anybody's key anywhere.
fn words(lab: &Lab, line: &str) -> Command {
    let mut command = lab.ple(line.split_whitespace());
    command.env_remove("OPENAI_API_KEY").env_remove("ANTHROPIC_API_KEY");
    command
}

/// What such a command says, which must end with `code`.
fn ple(lab: &Lab, line: &str, code: i32) -> Ended {
    let ended = Ended::of(&mut words(lab, line));
    assert_eq!(ended.code, Some(code), "{line}: {ended:?}");
    ended
}

/// `ple judge A B --by http` of a server, in JSON, without asking whether that is wanted.
fn asking(lab: &Lab, server: &str, more: &str) -> Command {
    let line = format!("judge a b --queries {QUERIES} --by http --model m --yes --json --url {server} {more}");
    words(lab, &line)
}

/// Asks, one question after the other, and does not get through: what is said then.
fn stuck(lab: &Lab, server: &str, retries: u32) -> String {
    let ended = Ended::of(&mut asking(
        lab,
        server,
        &format!("--retries {retries} --concurrency 1"),
    ));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended.err
}

fn judged(mut command: Command) -> (Value, String) {
    let ended = Ended::of(&mut command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(told["contests"].as_array().expect("contests").len(), 1);
    (told["contests"][0].clone(), ended.err)
}

fn count(contest: &Value, what: &str) -> u64 {
    contest["outcome"][what]
        .as_u64()
        .unwrap_or_else(|| panic!("{what} in {contest}"))
}

fn rows(contest: &Value) -> &[Value] {
    contest["rows"].as_array().expect("rows")
}

/// Who asks a model or people needs no rewards: a reward model that is gone stops neither, and only those who need it.
#[test]
fn a_reward_model_that_is_gone_stops_nobody_who_does_not_need_it() {
    let lab = Lab::new();
    for (folder, name) in [
        ("imdb-sentiment", "config.json"),
        ("imdb-sentiment", "model.safetensors"),
        ("tiny", "tokenizer.json"),
    ] {
        let bytes = std::fs::read(common::repository().join("assets").join(folder).join(name));
        lab.write(&format!("reward/{name}"), bytes.expect("a bundled model"));
    }
    let reward = lab.path().join("reward");
    let set = format!("reward.model={}", reward.display());
    let sets = [&set[..], "checkpoint.every=1", "method.learning_rate=0.02"];
    let ended = Ended::of(lab.train(IMDB, &sets).args(["--quiet", "--name", "a"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    std::fs::rename(&reward, lab.path().join("elsewhere")).expect("a folder");

    let server = JudgeServer::new(|_, asked| longer(asked));
    let args = ["judge", "a", "a@1", "--queries", "3", "--model", "m", "--yes", "--json"];
    let (contest, _) = judged({
        let mut command = lab.ple(args);
        command.args(["--url", &server.url()]);
        command
    });
    assert_eq!((count(&contest, "n"), server.asked().len()), (3, 6));
    // Of people there is nothing yet, but that is all that is wrong.
    let people = ple(&lab, "judge a a@1 --queries 3 --by people", 2);
    assert!(people.err.contains("nobody has judged these answers yet"), "{people:?}");
    let reward = ple(&lab, "judge a a@1 --queries 3", 2);
    assert!(reward.err.contains("no such file"), "{reward:?}");
}

#[test]
fn a_judge_that_prefers_a_place_decides_nothing() {
    let lab = lab();
    let server = JudgeServer::new(|_, asked| first(asked));
    let (contest, told) = judged(asking(&lab, &server.url(), ""));
    assert_eq!(
        (count(&contest, "n"), count(&contest, "ties")),
        (QUERIES as u64, QUERIES as u64)
    );
    assert_eq!(
        (&contest["first_place"], &contest["rounds_agree"]),
        (&1.0.into(), &0.0.into())
    );
    let identical = rows(&contest).iter().filter(|row| row["left"] == row["right"]).count();
    assert_eq!(identical, 0, "the two runs differ");
    // What it costs is said first, and afterwards what it was.
    assert!(
        told.contains(&format!(
            "m at {}/v1/chat/completions, builtin:sentiment: {QUESTIONS} requests, about ",
            server.url()
        )),
        "{told}"
    );
    assert!(
        told.contains(&format!("{QUESTIONS} answers in ")) && told.contains("2,400 tokens read and 120 written"),
        "{told}"
    );

    // Every pair was asked about in both orders, once.
    let asked = server.asked();
    assert_eq!(asked.len(), QUESTIONS);
    let mut orders: HashMap<[String; 2], usize> = HashMap::new();
    asked.iter().for_each(|a| *orders.entry(a.answers()).or_default() += 1);
    assert!(orders.values().all(|n| *n == 1));
    assert!(orders.keys().all(|[a, b]| orders.contains_key(&[b.clone(), a.clone()])));
    // And never again: not by the same command, nor from the other side, nor for fewer queries.
    let (again, told) = judged(asking(&lab, &server.url(), ""));
    assert_eq!(rows(&again), rows(&contest));
    assert!(!told.contains("requests"), "{told}");
    let url = server.url();
    let turned = ple(&lab, &format!("judge b a --queries 3 --url {url} --model m --json"), 0);
    let turned: Value = serde_json::from_str(&turned.out).expect("JSON");
    assert_eq!(turned["contests"][0]["outcome"]["ties"], 3);
    assert_eq!(server.asked().len(), QUESTIONS);
    // Another model, template or temperature is another judge.
    for other in ["--model n", "--model m --template builtin:sentiment --temperature 0.5"] {
        ple(&lab, &format!("judge a b --queries 1 --yes --url {url} {other}"), 0);
    }
    assert_eq!(server.asked().len(), QUESTIONS + 4);
}

#[test]
fn a_judge_that_prefers_length_finds_the_longer_one_whatever_its_place() {
    let lab = lab();
    let server = JudgeServer::new(|_, asked| longer(asked));
    lab.write(
        "judge/mine.txt",
        "Say which is longer.\n---\n{{query}}\n[Continuation A]\n{{first}}\n[End of continuation A]\n[Continuation B]\n\
         {{second}}\n[End of continuation B]\n",
    );
    let file = lab.write(
        "judge/judge.toml",
        format!(
            "url = \"{}/v1\"\nmodel = \"m\"\napi = \"anthropic\"\nkey_env = \"PLE_TEST_KEY\"\ntemplate = \"mine.txt\"\n\
             price_in = 3\nprice_out = 15\nconcurrency = 3\n",
            server.url()
        ),
    );
    let mut command = words(&lab, &format!("judge a b --queries {QUERIES} --yes --json"));
    command
        .args(["--judge", &file])
        .env("PLE_TEST_KEY", "secret-of-the-test");
    let (contest, told) = judged(command);
    let length = |text: &Value| text.as_str().expect("a text").trim().chars().count();
    for row in rows(&contest) {
        let wanted = match length(&row["left"]).cmp(&length(&row["right"])) {
            std::cmp::Ordering::Greater => "left",
            std::cmp::Ordering::Less => "right",
            std::cmp::Ordering::Equal => "tie",
        };
        assert_eq!(row["verdict"], wanted, "{row}");
    }
    assert!(count(&contest, "wins") + count(&contest, "losses") > 0);
    assert_eq!(contest["rounds_agree"], 1.0);
    // 200 and 10 tokens a question at 3 and 15 a million.
    assert!(told.contains("2,400 tokens read and 120 written: 0.0090"), "{told}");
    assert!(told.contains(" at most\n"), "{told}");
    for asked in server.asked() {
        assert_eq!(asked.path, "/v1/messages");
        assert_eq!(asked.body["system"], "Say which is longer.");
        assert_eq!(
            (&asked.body["max_tokens"], &asked.body["model"]),
            (&256.into(), &"m".into())
        );
        assert!(
            asked.headers.contains(&"x-api-key: secret-of-the-test".to_string()),
            "{asked:?}"
        );
        assert!(asked.headers.iter().any(|h| h.starts_with("anthropic-version: ")));
    }
    // The key is nowhere: not in what was said, nor in the run.
    assert!(!told.contains("secret"));
    for entry in std::fs::read_dir(lab.run("a")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(18).any(|w| w == b"secret-of-the-test");
            assert!(!found, "{}", path.display());
        }
    }
    // Without the variable nothing is asked.
    let before = server.asked().len();
    let ended = Ended::of(
        lab.ple(["judge", "a", "b", "--judge", &file, "--yes"])
            .env_remove("PLE_TEST_KEY"),
    );
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.err.contains("PLE_TEST_KEY: the environment variable is not set"),
        "{}",
        ended.err
    );
    assert_eq!(server.asked().len(), before);
}

#[test]
fn a_server_that_is_busy_broken_and_gone_is_not_asked_twice() {
    let lab = lab();
    // Busy, broken, gone, nonsense, an error in place of a reply; then five answers, and then nothing any more.
    let trouble = |i: usize, asked: &Asked| match i {
        0 => Reply::Status(
            429,
            "retry-after: 0.2\r\n",
            "{\"error\": {\"message\": \"slow down\"}}".into(),
        ),
        1 => Reply::Status(500, "", "<h1>it broke</h1>".into()),
        2 => Reply::HangUp,
        3 => Reply::Status(200, "", "<html>login</html>".into()),
        4 => Reply::Status(200, "", "{\"error\": {\"message\": \"overloaded\"}}".into()),
        5..10 => longer(asked),
        _ => Reply::Status(503, "", String::new()),
    };
    let server = JudgeServer::new(trouble);
    let url = server.url();
    let told = stuck(&lab, &url, 2);
    assert!(
        told.contains("closed the connection before it answered (3 tries)")
            && told.contains(&format!("0 of {QUESTIONS} answers came and are kept")),
        "{told}"
    );
    // The same again gets through the trouble that passes, as far as the server lives.
    let told = stuck(&lab, &url, 2);
    assert!(
        told.contains("HTTP 503")
            && told.contains(&format!(
                "5 of {QUESTIONS} answers came and are kept; the same command goes on"
            )),
        "{told}"
    );
    let answered: Vec<[String; 2]> = server.asked()[5..10].iter().map(Asked::answers).collect();
    drop(server);
    // Nobody listens there any more: the command says so, and what is kept stays.
    let told = stuck(&lab, &url, 0);
    assert!(
        told.contains("nothing listens there")
            && told.contains(&format!("(5 of {QUESTIONS} answers are here already)")),
        "{told}"
    );
    // It is back, at another address: only what is missing is asked.
    let server = JudgeServer::new(|_, asked| longer(asked));
    let (contest, _) = judged(asking(&lab, &server.url(), "--retries 6 --concurrency 1"));
    let asked = server.asked();
    assert_eq!(asked.len(), QUESTIONS - 5);
    assert!(
        asked.iter().all(|a| !answered.contains(&a.answers())),
        "nothing is asked twice"
    );
    assert_eq!(count(&contest, "n") as usize, QUERIES);
    assert_eq!(contest["rounds_agree"], 1.0, "answers of both times fit together");
}

#[test]
fn a_server_that_is_full_is_left_alone_for_as_long_as_it_says() {
    let lab = lab();
    let times = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&times);
    let server = JudgeServer::new(move |i, asked| {
        seen.lock().expect("no panic").push(std::time::Instant::now());
        match i {
            3 => Reply::Status(429, "retry-after: 1\r\n", String::new()),
            _ => longer(asked),
        }
    });
    judged(asking(&lab, &server.url(), "--concurrency 1"));
    let times = times.lock().expect("no panic");
    assert_eq!(times.len(), QUESTIONS + 1);
    // Not a measure of speed: an answer before that would have been asked for too early.
    assert!(times[4] - times[3] >= std::time::Duration::from_millis(990));
}

#[test]
fn replies_that_say_nothing_are_counted_and_can_be_asked_again() {
    let lab = lab();
    let server = JudgeServer::new(|i, asked| match i {
        0 => Reply::Say("I would rather not say.".into()),
        1 => Reply::Say(String::new()),
        _ => longer(asked),
    });
    let (contest, _) = judged(asking(&lab, &server.url(), "--concurrency 1"));
    let without = rows(&contest).iter().filter(|row| row["verdict"].is_null()).count();
    assert_eq!(
        (without, count(&contest, "without")),
        (1, 1),
        "both rounds of the first query"
    );
    let about = contest["about"].to_string();
    assert!(
        about.contains(&format!(
            "2 of {QUESTIONS} replies of the judge could not be understood"
        )),
        "{about}"
    );
    let line = format!("judge a b --queries 6 --url {} --model m", server.url());
    let table = ple(&lab, &line, 0).out;
    assert!(
        table.contains("judge model: m") && table.contains("1 of 6 queries without a verdict"),
        "{table}"
    );
    assert_eq!(server.asked().len(), QUESTIONS);
    let (contest, _) = judged(asking(&lab, &server.url(), "--ask-unclear-again"));
    assert_eq!(
        (count(&contest, "n"), server.asked().len()),
        (QUERIES as u64, QUESTIONS + 2)
    );
}

#[test]
fn what_the_server_will_not_do_is_told_at_once() {
    let lab = lab();
    let server = JudgeServer::new(|_, _| Reply::Status(401, "", "{\"error\": {\"message\": \"bad key\"}}".into()));
    let ended = Ended::of(&mut asking(&lab, &server.url(), "--concurrency 1"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("HTTP 401") && ended.err.contains("bad key"),
        "{}",
        ended.err
    );
    assert_eq!(server.asked().len(), 1);
    // A model that wants the limit under its newer name gets it, by all who asked for it under the older one.
    let together = Arc::new(Barrier::new(2));
    let newer = JudgeServer::new(move |_, asked| match asked.body.get("max_tokens") {
        Some(_) => {
            together.wait();
            // In OpenAI's words, which are longer than what is told of a reply.
            let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                           'max_completion_tokens' instead.";
            let body = serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}});
            Reply::Status(400, "", format!("{body:#}"))
        }
        None => longer(asked),
    });
    judged(asking(&lab, &newer.url(), "--concurrency 2"));
    assert_eq!(newer.asked().len(), QUESTIONS + 2);
    // One question that the server refuses does not keep the others from being asked.
    let picky = JudgeServer::new(|i, asked| match i {
        4 => Reply::Status(400, "", "{\"error\": {\"message\": \"not that one\"}}".into()),
        _ => longer(asked),
    });
    // Another model than above, whose answers are kept.
    let url = picky.url();
    let line = format!("judge a b --queries {QUERIES} --yes --json --concurrency 1 --model p --url {url}");
    let (contest, _) = judged(words(&lab, &line));
    assert_eq!(count(&contest, "without"), 1);
    assert!(
        contest["about"]
            .to_string()
            .contains("1 question refused by the server"),
        "{contest}"
    );
}

#[test]
fn leaving_waits_for_what_is_under_way_and_keeps_it() {
    let lab = lab();
    let (send, asked) = crossbeam_channel::unbounded();
    let (go, gate) = crossbeam_channel::unbounded::<()>();
    let server = JudgeServer::new(move |i, asked| {
        let _ = send.send(i);
        if i == 2 {
            let _ = gate.recv();
        }
        longer(asked)
    });
    let process = Process::start(&mut asking(&lab, &server.url(), "--concurrency 1"));
    while asked.recv().expect("a question") < 2 {}
    process.signal("INT");
    std::thread::sleep(std::time::Duration::from_millis(300));
    go.send(()).expect("a server");
    let ended = process.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(
        ended
            .err
            .contains(&format!("3 of {QUESTIONS} answers came and are kept")),
        "{}",
        ended.err
    );
    drop(go);
    judged(asking(&lab, &server.url(), ""));
    assert_eq!(server.asked().len(), QUESTIONS);
}

#[test]
fn nothing_is_spent_unasked() {
    let lab = lab();
    let server = JudgeServer::new(|_, asked| longer(asked));
    let line = format!("judge a b --queries 6 --url {} --model m --price-in 2", server.url());
    let ended = ple(&lab, &line, 2);
    assert!(
        ended.err.contains("12 requests, about ") && ended.err.contains("say --yes"),
        "{}",
        ended.err
    );
    assert_eq!(server.asked().len(), 0);
    for (args, wanted) in [
        ("--by http", "--url http://127.0.0.1:8000/v1"),
        ("--url h:1 --model m", "--url: must begin with http://"),
        ("--url http://h --model m --price-in -1", "--price-in: -1"),
        ("--url http://h --model m --template builtin:x", "builtin:helpful"),
        ("--url http://h --model m --temperature 9", "from 0 to 2"),
        ("--url http://h --model m --key-env PLE_NO_SUCH_KEY", "PLE_NO_SUCH_KEY"),
        ("--by reward --model m", "--by http"),
        ("--by reward --queries 0", "--queries 0"),
        ("--by reward --epsilon -1", "--epsilon -1"),
        ("--by people", "ple annotate a b --annotator NAME"),
    ] {
        let ended = ple(&lab, &format!("judge a b {args}"), 2);
        assert!(ended.err.contains(wanted), "{args}: {}", ended.err);
    }
    for (line, wanted) in [
        ("judge a a", "are one policy"),
        ("judge a nowhere", "nowhere"),
        ("judge a b@77", "there are some after 0, 2, 3"),
        ("annotate a b --annotator ann", "needs a terminal"),
    ] {
        let ended = ple(&lab, line, 2);
        assert!(ended.err.contains(wanted), "{line}: {}", ended.err);
    }
    let ended = Ended::of(
        lab.ple(["annotate", "a", "b", "--annotator", " "])
            .env_remove("OPENAI_API_KEY"),
    );
    assert!(ended.code == Some(2) && ended.err.contains("--annotator"), "{ended:?}");
}

#[test]
fn the_reward_model_judges_and_its_verdicts_are_compared_and_drawn() {
    let lab = lab();
    let told = ple(&lab, "judge a b --queries 6 --json", 0).out;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let contests = told["contests"].as_array().expect("contests");
    let kinds: Vec<&str> = contests.iter().map(|c| c["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["reward", "truth"]);
    for contest in contests {
        for row in rows(contest) {
            let score = |i: usize| row["scores"][i].as_f64().expect("a score");
            let by = score(0) - score(1);
            let wanted = match by {
                _ if by.abs() <= 1e-4 => "tie",
                _ if by > 0.0 => "left",
                _ => "right",
            };
            assert_eq!(row["verdict"], wanted, "{row}");
        }
    }
    // The same answers as those of a whole evaluation: same queries, same dice.
    let evaluation = ple(&lab, "eval a --queries 6 --json", 0).out;
    let evaluation: Value = serde_json::from_str(&evaluation).expect("JSON");
    for (row, evaluated) in rows(&contests[0])
        .iter()
        .zip(evaluation["evaluation"]["rows"].as_array().expect("rows"))
    {
        assert_eq!(
            (&row["query"], &row["left"]),
            (&evaluated["query"], &evaluated["response"])
        );
        let (here, there) = (row["scores"][0].as_f64(), evaluated["reward"].as_f64());
        assert!(
            (here.expect("a score") - there.expect("a reward")).abs() < 1e-4,
            "{row} {evaluated}"
        );
    }
    // A wide epsilon makes everything a tie; two checkpoints of one run can be judged.
    let told = ple(&lab, "judge a a@0 --queries 4 --epsilon 1000 --json", 0).out;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (
            told["contests"][0]["outcome"]["ties"].as_u64(),
            &told["contests"][0]["right"]["step"]
        ),
        (Some(4), &0.into())
    );

    let table = ple(&lab, "judge a b --queries 6", 0).out;
    for wanted in [
        "a (PLE after 3 steps) against b (PLE after 3 steps)",
        "reward: builtin:imdb-sentiment",
        "truth: ",
        "win",
    ] {
        assert!(table.contains(wanted), "{wanted}: {table}");
    }

    // Stored in both runs: the table of them, and the picture of either.
    let table = ple(&lab, "compare b a", 0).out;
    for wanted in [
        "won against PLE",
        "win % reward",
        "win % truth",
        "imdb: win rates",
        "learning_rate",
    ] {
        assert!(table.contains(wanted), "{wanted}: {table}");
    }
    for shown in ["compare a b", "export a", "export b"] {
        let svg = ple(&lab, &format!("{shown} --format svg --figure wins"), 0).out;
        assert!(
            svg.starts_with("<svg ") && svg.contains("judged by reward: builtin:imdb-sentiment"),
            "{shown}"
        );
    }
    let png = lab.path().join("wins.png");
    let mut command = words(&lab, "export a --format png --figure wins");
    assert_eq!(Ended::of(command.arg("-o").arg(&png)).code, Some(0));
    assert!(std::fs::read(&png).expect("a file").starts_with(b"\x89PNG"));
    let ended = ple(&lab, "export a --format csv --figure wins", 2);
    assert!(ended.err.contains("--figure is for pictures"), "{}", ended.err);
}
