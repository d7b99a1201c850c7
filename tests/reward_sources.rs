//! Where rewards come from: a server that is slow, wrong, dead and back again; rules; and rewards that are shaped.

mod common;

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use common::process::Ended;
use common::record::{Record, events};
use common::rewards::{Reply, Server, right, score};
use common::{IMDB, Lab, TINY};
use ple::device::DeviceChoice;
use ple::reward::http::Client;
use ple::reward::{RewardError, RewardServer, RewardSource, Row};
use ple::run::Store;
use ple::train::{Command, Event, Prepared, Request, Running, resume, start};
use serde_json::Value;

const NEVER: &(dyn Fn() -> bool + Sync) = &|| false;

/// A client that has a little patience.
fn client(url: &str, retries: u32) -> Client {
    Client::new(url, Duration::from_millis(400), retries).with_pause(Duration::from_millis(1))
}

fn row(response: &str) -> Row<'_> {
    Row {
        query: "x",
        prompt: "human: x assistant:",
        response,
        tokens: 3,
        ended: response != "cut",
    }
}

fn ask(server: &Server, retries: u32) -> Result<Vec<f64>, RewardError> {
    RewardServer::of(client(&server.url(), retries), 64, "").score(&[row("a"), row("b")], NEVER)
}

#[test]
fn rows_are_asked_in_batches_and_come_back_in_their_order() {
    let server = Server::good();
    let rows = [row("one"), row("two"), row("cut"), row("four"), row("five")];
    let source = RewardServer::of(client(&server.url(), 0), 2, "</s>");
    let texts = ["one</s>", "two</s>", "cut", "four</s>", "five</s>"].map(|y| format!("human: x assistant: {y}"));
    let expected: Vec<f64> = texts.iter().map(|t| score(t)).collect();
    assert_eq!(source.score(&rows, NEVER), Ok(expected));
    let requests = server.requests();
    let asked: Vec<&Value> = requests
        .iter()
        .flat_map(|r| r["query"].as_array().expect("a list"))
        .collect();
    assert_eq!(asked, texts.iter().collect::<Vec<_>>());
    assert_eq!(requests[2]["prompts"], serde_json::json!(["human: x assistant:"]));
    assert_eq!(requests[0]["labels"], serde_json::json!(["", ""]));
    assert_eq!(requests.len(), 3);
}

#[test]
fn what_may_pass_is_tried_again_and_what_may_not_is_told_at_once() {
    let (unavailable, hung_up) = (|| Reply::Say(503, "{\"detail\":\"loading\"}".into()), || Reply::HangUp);
    let server = Server::new(move |i, request| match i {
        0 => unavailable(),
        1 => hung_up(),
        _ => right(request),
    });
    let good = ask(&server, 2).expect("the third try is answered");
    assert_eq!((good.len(), server.requests().len()), (2, 3));

    let told = |manner: fn(usize, &Value) -> Reply, expected: &str, tries: usize| {
        let server = Server::new(manner);
        let error = ask(&server, 1).expect_err(expected).to_string();
        assert_eq!(error, format!("{}: {expected}", server.url()));
        assert_eq!(server.requests().len(), tries, "{error}");
    };
    told(
        |_, _| Reply::Say(500, "<h1>it\n broke</h1>".into()),
        "answered HTTP 500 Internal Server Error: <h1>it broke</h1> (2 tries)",
        2,
    );
    told(|_, _| Reply::Say(404, String::new()), "answered HTTP 404 Not Found", 1);
    told(
        |_, _| Reply::Say(422, "{\"detail\":\"no field query\"}".into()),
        "answered HTTP 422 Unprocessable Entity: {\"detail\":\"no field query\"}",
        1,
    );
    told(|_, _| Reply::Say(302, String::new()), "answered HTTP 302 Found", 1);
    told(
        |_, _| Reply::HangUp,
        "closed the connection before it answered (2 tries)",
        2,
    );
    told(|_, _| Reply::Stall(""), "no answer within 0.4 s (2 tries)", 2);
    told(
        |_, _| Reply::Stall("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"rewards\": [1"),
        "no answer within 0.4 s (2 tries)",
        2,
    );
    told(
        |_, _| Reply::Say(200, "x".repeat((16 << 20) + 1)),
        "answered with more than 16 MiB",
        1,
    );
    told(
        |_, _| Reply::Say(200, "{\"rewards\": [0.5]}".into()),
        "wrong reply: 1 reward for 2 responses",
        1,
    );
    told(
        |_, _| Reply::Say(200, "{\"rewards\": [0.5, NaN]}".into()),
        "wrong reply: it holds a number that is NaN",
        1,
    );
    told(
        |_, _| Reply::Say(200, "{\"rewards\": [\"a\", \"b\"]}".into()),
        "wrong reply: reward 0 is the text \"a\", not a number",
        1,
    );

    let gone = Server::good();
    let (url, address) = (gone.url(), gone.address());
    drop(gone);
    let source = RewardServer::of(client(&url, 1), 64, "");
    let error = source.score(&[row("a")], NEVER).expect_err("nobody is there");
    let said = format!("{url}: refuses the connection: nothing listens there (2 tries)");
    assert_eq!(error.to_string(), said);
    let back = Server::back(address);
    assert_eq!(source.score(&[row("a")], NEVER).expect("back again").len(), 1);
    assert_eq!(back.requests().len(), 1);
}

#[test]
fn who_does_not_want_to_wait_does_not() {
    let server = Server::new(|_, _| Reply::Stall(""));
    let patient = Client::new(&server.url(), Duration::from_secs(3600), 9);
    let source = RewardServer::of(patient, 64, "");
    let answered = source.score(&[row("a")], &|| !server.requests().is_empty());
    assert_eq!(answered, Err(RewardError::Interrupted));
}

/// What a run asks: the probe; at an evaluation original and guided of held-out queries and of cases; s and s' at a step.
const PROBE: usize = 1;
const EVALUATION: usize = 4;
const STEP: usize = 2;

fn sets(server: &Server, more: &[&str]) -> Vec<String> {
    let own = [
        format!("reward.url={}", server.url()),
        "reward.retries=0".into(),
        "method.replay=all".into(),
    ];
    own.into_iter().chain(more.iter().map(|s| s.to_string())).collect()
}

fn train(lab: &Lab, name: &str, sets: &[String]) -> Ended {
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    Ended::of(lab.train(IMDB, &sets).args(["--json", "--name", name]))
}

/// The run whose server never died.
static WHOLE: LazyLock<Record> = LazyLock::new(|| {
    let (lab, server) = (Lab::new(), Server::good());
    let ended = train(&lab, "whole", &sets(&server, &[]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    // Steps 0 to 2, evaluations after 0, 2 and 3.
    assert_eq!(server.requests().len(), PROBE + 3 * EVALUATION + 3 * STEP);
    Record::of(&lab.run("whole"))
});

/// A server that dies after so many requests ends a run that nobody watches; back again, the run goes on as if nothing had
/// happened.
fn dies_and_comes_back(requests: usize, at: &str, saved: u32) {
    let (lab, server) = (Lab::new(), Server::for_requests(requests));
    let ended = train(&lab, "cut", &sets(&server, &[]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let run = lab.run("cut");
    let said = format!(
        "{at}: no rewards: {}: refuses the connection: nothing listens there; see to the source of rewards, then go on \
         from this step with: ple resume {}",
        server.url(),
        run.display()
    );
    assert!(ended.err.contains(&said), "{}\n{said}", ended.err);
    assert_eq!(lab.state("cut"), "failed");
    let cut = Record::of(&run);
    assert_eq!(cut.checkpoint.as_ref().map(|c| c.step), Some(saved));
    cut.assert_beginning_of(&WHOLE, 4);
    assert_eq!(cut.steps.len(), saved as usize);

    // Still dead: told before anything is touched.
    let mut go_on = lab.ple(["resume", "cut", "--json"]);
    let refused = Ended::of(&mut go_on);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    assert!(refused.err.contains("reward.url: http://"), "{}", refused.err);
    assert_eq!(lab.state("cut"), "failed");

    let _back = Server::back(server.address());
    let resumed = Ended::of(&mut go_on);
    assert_eq!((resumed.code, resumed.err.as_str()), (Some(0), ""));
    Record::of(&run).assert_same(&WHOLE);
    assert_eq!(lab.state("cut"), "finished");
}

#[test]
fn a_server_that_dies_in_a_step_loses_no_step() {
    // In the middle of step 1: s is there, s' is not.
    dies_and_comes_back(PROBE + EVALUATION + STEP + 1, "step 1", 1);
}

#[test]
fn a_server_that_dies_in_an_evaluation_loses_no_evaluation() {
    dies_and_comes_back(PROBE + EVALUATION + 2 * STEP + 3, "the evaluation after 2 steps", 2);
}

#[test]
fn a_server_that_is_dead_or_wrong_from_the_start_is_told_before_anything_is_made() {
    let lab = Lab::new();
    let wrong = Server::new(|_, _| Reply::Say(200, "{\"scores\": [1.0]}".into()));
    let refused = |server: &Server, reason: &str| {
        let ended = train(&lab, "none", &sets(server, &[]));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        let said = format!(
            "reward.url: {}: {reason}; start the server or correct the address",
            server.url()
        );
        assert!(ended.err.contains(&said), "{}\n{said}", ended.err);
        assert!(!lab.runs().exists());
    };
    refused(&wrong, "wrong reply: no \"rewards\" in it; it holds scores");
    let dead = Server::new(|_, _| Reply::HangUp);
    refused(&dead, "closed the connection before it answered");
}

/// A run in this process, as the screen has it.
fn watched(server: &Server, runs: &Path, name: &str, more: &[&str]) -> Running {
    start(setup(&sets(server, more)), runs, Some(name), true).expect("starts")
}

fn setup(sets: &[String]) -> Prepared {
    let sets = TINY.iter().map(|s| s.to_string()).chain(sets.iter().cloned()).collect();
    let request = Request::at(Path::new(IMDB), sets, DeviceChoice::Cpu).expect("the file is there");
    request.prepare().expect("the experiment is good")
}

#[test]
fn on_the_screen_the_run_waits_and_scores_the_same_responses_again() {
    let (lab, server) = (Lab::new(), Server::for_requests(PROBE + EVALUATION + STEP + 1));
    let running = watched(&server, &lab.runs(), "w", &[]);
    let (mut back, mut alarms, mut written) = (None, Vec::new(), 0);
    while let Ok(event) = running.events.recv() {
        match event {
            // Going on while the server is dead comes to the same alarm again.
            Event::Alarm(alarm) => {
                alarms.push((alarm.step, alarm.paused, alarm.message, alarm.suggestion));
                if alarms.len() == 2 {
                    back = Some(Server::back(server.address()));
                }
                running.commands.send(Command::Continue).expect("listens");
            }
            Event::Writing(w) if w.step == 1 && w.finished && !w.guided => written += 1,
            Event::Done(_) => break,
            _ => {}
        }
    }
    assert_eq!(running.join().expect("ends well").reason, "finished");
    assert!(back.is_some_and(|back| !back.requests().is_empty()));
    assert_eq!((alarms.len(), alarms[0].clone()), (2, alarms[1].clone()));
    let (step, paused, message, suggestion) = &alarms[0];
    assert_eq!((*step, *paused), (1, true));
    assert!(message.starts_with("step 1: no rewards: http://"), "{message}");
    assert_eq!(
        suggestion,
        "see to the source of rewards, then continue: the same responses are scored again"
    );
    assert_eq!(written, 1, "sampled once");
    Record::of(&lab.run("w")).assert_same(&WHOLE);
}

#[test]
fn a_question_is_answered_without_a_score_and_the_run_goes_on() {
    // Dead when all is done: the trained policy still answers.
    let (lab, server) = (Lab::new(), Server::for_requests(PROBE + 3 * EVALUATION + 3 * STEP));
    let running = watched(&server, &lab.runs(), "w", &[]);
    let (mut answer, mut alarm) = (None, None);
    while let Ok(event) = running.events.recv() {
        match event {
            Event::Done(_) => {
                let query = "i saw a film".to_string();
                running.commands.send(Command::Ask { id: 1, query }).expect("listens");
            }
            Event::Answer(a) => answer = Some(a),
            Event::Alarm(a) => {
                alarm = Some(a);
                break;
            }
            _ => {}
        }
    }
    running.join().expect("ends well");
    let (answer, alarm) = (answer.expect("an answer"), alarm.expect("an alarm"));
    assert!(answer.reward_original.is_nan() && answer.reward_guided.is_nan());
    assert!(!answer.original.is_empty() || !answer.guided.is_empty());
    assert!(!alarm.paused && alarm.message.starts_with("the answer could not be scored: http://"));
    let stored = events(&lab.run("w"));
    assert!(
        stored
            .iter()
            .any(|e| matches!(e, Event::Answer(a) if a.reward_guided.is_nan()))
    );
    Record::of(&lab.run("w")).assert_same(&WHOLE);
}

#[test]
fn a_run_that_waits_for_a_slow_server_can_be_stopped() {
    let (lab, good) = (Lab::new(), PROBE + EVALUATION + STEP);
    let server = Server::new(move |i, request| if i < good { right(request) } else { Reply::Stall("") });
    let running = watched(&server, &lab.runs(), "w", &["reward.timeout_seconds=3600"]);
    common::until("a request that is not answered", || {
        (server.requests().len() > good).then_some(())
    });
    running.commands.send(Command::Stop).expect("listens");
    let done = running.join().expect("ends well");
    assert_eq!((done.reason.as_str(), done.steps), ("stopped", 1));
    let cut = Record::of(&lab.run("w"));
    assert_eq!(cut.checkpoint.as_ref().map(|c| c.step), Some(1));
    assert!(!events(&lab.run("w")).iter().any(|e| matches!(e, Event::Alarm(_))));
    drop(server);

    let server = Server::good();
    let store = Store::open(&lab.run("w")).expect("nobody writes");
    resume(setup(&sets(&server, &[])), store, false)
        .join()
        .expect("ends well");
    Record::of(&lab.run("w")).assert_same(&WHOLE);
}

fn pairs(ended: &Ended) -> Vec<Value> {
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let steps = ended.events().into_iter().filter(|e| e["event"] == "pairs");
    steps
        .flat_map(|e| e["pairs"].as_array().expect("pairs").clone())
        .collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn rules_score_what_they_say() {
    let lab = Lab::new();
    let rules = "reward.rules=[{ truth = 2.0 }, { length = 5, slope = -0.5, side = \"above\" }]";
    let pairs = pairs(&train(&lab, "rules", &[rules.into(), "eval.every=0".into()]));
    assert_eq!(pairs.len(), 12);
    for pair in &pairs {
        for side in ["original", "guided"] {
            let words = pair[side].as_str().expect("a text").split_whitespace().count() as f64;
            let truth = number(&pair[format!("truth_{side}")]);
            let reward = number(&pair[format!("reward_{side}")]);
            assert!(
                (reward - (2.0 * truth - 0.5 * (words - 5.0).max(0.0))).abs() < 1e-12,
                "{pair}"
            );
        }
        assert!(pair.get("shaped").is_none());
    }
    // Only the grammar's own queries have a truth.
    let lines = ["world", "town", "time"].map(|what| format!("{{\"prompt\": \"a film of another {what}\"}}\n"));
    let file = lab.write("q.jsonl", lines.concat());
    let other = [
        "reward.rules=[{ truth = 1.0 }]".into(),
        format!("data.queries={file}"),
        "sft.steps=0".into(),
    ];
    let refused = train(&lab, "none", &other);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let said = "reward.rules: a rule by truth needs queries of the imdb grammar";
    assert!(refused.err.contains(said), "{}", refused.err);
}

#[test]
fn shaped_rewards_decide_and_raw_ones_are_kept() {
    let lab = Lab::new();
    let shape = |more: &[&str]| -> Vec<String> {
        let own = ["method.replay=all", "eval.every=0"];
        own.iter().chain(more).map(|s| s.to_string()).collect()
    };
    let raw = pairs(&train(&lab, "raw", &shape(&[])));
    let ended = train(&lab, "shaped", &shape(&["reward.shape=standardise"]));
    let shaped = pairs(&ended);
    let mut seen = Vec::new();
    for (i, pair) in shaped.iter().enumerate() {
        let (s, s_guided) = (number(&pair["shaped"]["original"]), number(&pair["shaped"]["guided"]));
        if i < 4 {
            assert_eq!(
                pair["reward_original"], raw[i]["reward_original"],
                "the first step samples the same"
            );
            seen.extend([s, s_guided]);
        }
        let branch = if s_guided - s > number(&pair["tau"]) {
            "ranked"
        } else {
            "weighted"
        };
        assert_eq!(pair["branch"], branch);
        let w = 2.0 * s.exp() / (s.exp() + s_guided.exp()) - 1.0;
        assert!((number(&pair["weight_original"]) - w).abs() < 1e-9);
    }
    let mean = seen.iter().sum::<f64>() / 8.0;
    let variance = seen.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 8.0;
    assert!(mean.abs() < 1e-9 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
    // The step's own numbers are those of the source.
    let step = ended
        .events()
        .into_iter()
        .find(|e| e["event"] == "step")
        .expect("a step");
    let mean = shaped[..4].iter().map(|p| number(&p["reward_guided"])).sum::<f64>() / 4.0;
    assert!((number(&step["reward_guided"]) - mean).abs() < 1e-9);

    // As if the machine had stopped after two steps: what D_train held comes back shaped.
    let whole = Record::of(&lab.run("shaped"));
    std::fs::remove_file(lab.run("shaped").join("checkpoints/step-000003.safetensors")).expect("is there");
    let resumed = Ended::of(&mut lab.ple(["resume", "shaped", "--json"]));
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    Record::of(&lab.run("shaped")).assert_same(&whole);
}
