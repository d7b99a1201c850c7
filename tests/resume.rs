//! A run that was interrupted, however it was, goes on as if nothing had happened.
#![cfg(unix)]

mod common;

use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use common::process::{Ended, Process};
use common::record::{Record, events, open};
use common::{IMDB, Lab};
use ple::train::Event;

const STEPS: usize = 7;
const QUERIES: usize = 4;

/// Long enough a step that a signal finds the run in the middle.
const LONGER: [&str; 5] = [
    "method.steps=7",
    "method.replay=all",
    "sft.steps=3",
    "generation.max_new_tokens=24",
    "eval.every=3",
];

fn train(lab: &Lab, name: &str, sets: &[&str]) -> Command {
    let mut command = lab.train(IMDB, &[&LONGER, sets].concat());
    command.args(["--json", "--name", name]);
    command
}

fn resume(lab: &Lab, name: &str) -> Command {
    lab.ple(["resume", name, "--json"])
}

/// The run that nothing interrupted.
fn whole(lab: &Lab, sets: &[&str]) -> Record {
    let ended = Ended::of(&mut train(lab, "whole", sets));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let whole = Record::of(&lab.run("whole"));
    let found = (
        whole.sft.len(),
        whole.steps.len(),
        whole.pairs.len(),
        whole.evaluations.len(),
    );
    assert_eq!(found, (3, STEPS, STEPS * QUERIES, 4));
    whole
}

/// What is trained, and on which part of D_train.
#[derive(Clone, Copy)]
enum Kind {
    Adapter,
    AllWeights,
    Window,
    /// With everything that only real models need.
    Dropout,
    /// With what pairs have to remember from when they were new.
    Clipped,
    /// The other form that asks for it, and tau by the pure level set.
    Pure,
}

impl Kind {
    fn sets(self) -> &'static [&'static str] {
        match self {
            Kind::Adapter => &[],
            Kind::AllWeights => &["policy.lora=none"],
            Kind::Window => &["method.replay={ window = 3 }"],
            Kind::Dropout => &[
                "policy.lora={ rank = 4, alpha = 8, targets = [\"q_proj\", \"down_proj\"], dropout = 0.1 }",
                "policy.dtype=bf16",
                "policy.checkpointing=true",
                "method.micro_batch=1",
                "reward.dtype=bf16",
                "reward.batch=3",
            ],
            Kind::Clipped => &[
                "method.stabilise.clip=0.05",
                "method.stabilise.kl=0.1",
                "method.stabilise.sft=0.3",
                "method.minibatch=3",
            ],
            Kind::Pure => &[
                "method.stabilise.importance=1.5",
                "method.schedule=pure",
                "method.purity=0.5",
                "method.tau0=2",
                "method.decay=0.7",
                "method.minibatch=3",
            ],
        }
    }

    /// What the run that nothing interrupted left: made once.
    fn whole(self) -> &'static Record {
        static MADE: [OnceLock<Record>; 6] = [const { OnceLock::new() }; 6];
        MADE[self as usize].get_or_init(|| whole(&Lab::new(), self.sets()))
    }
}

/// Sends a signal when a line holds this. A machine may be quick enough to end the run first: then once more.
fn interrupted(lab: &Lab, sets: &[&str], signal: &str, at: &str) -> (String, Ended) {
    for attempt in 0..8 {
        let name = format!("cut-{attempt}");
        let mut process = Process::start(&mut train(lab, &name, sets));
        process.until(at);
        process.signal(signal);
        let ended = process.end();
        if ended.code != Some(0) {
            return (name, ended);
        }
    }
    panic!("the run always ended before {signal}");
}

/// Interrupts with a signal that is heeded, resumes, compares.
fn stop_and_go_on(kind: Kind, signal: &str, at: &str) {
    let (lab, whole) = (Lab::new(), kind.whole());
    let (name, ended) = interrupted(&lab, kind.sets(), signal, at);
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let last = ended.events().pop().expect("events");
    assert_eq!((&last["event"], &last["reason"]), (&"done".into(), &"stopped".into()));
    assert_eq!(lab.state(&name), "stopped");
    let cut = Record::of(&lab.run(&name));
    assert!(cut.steps.len() < STEPS, "interrupted in the middle");
    let saved = cut.checkpoint.as_ref().expect("a checkpoint").step;
    assert_eq!(
        (saved as usize, &last["steps"]),
        (cut.steps.len(), &saved.into()),
        "it ends with a checkpoint"
    );
    cut.assert_beginning_of(whole, QUERIES);

    let resumed = Ended::of(&mut resume(&lab, &name));
    assert_eq!((resumed.code, resumed.err.as_str()), (Some(0), ""));
    assert_eq!(resumed.events()[0]["resumed_from"], saved);
    Record::of(&lab.run(&name)).assert_same(whole);
    assert_eq!(lab.state(&name), "finished");
}

/// Kills again and again at random moments, each time goes on, compares.
fn kill_and_go_on(kind: Kind) {
    let (lab, whole) = (Lab::new(), kind.whole());
    let mut dice = Dice::new();
    let mut command = train(&lab, "killed", kind.sets());
    let mut kills = 0;
    for _ in 0..5 {
        let mut process = Process::start(&mut command);
        // From here on there is a run.
        process.until("\"event\":\"principles\"");
        let mut shown = 0;
        for _ in 0..dice.below(24) {
            let Some(line) = process.line() else { break };
            shown += usize::from(line.contains("\"event\":\"step\""));
        }
        std::thread::sleep(Duration::from_millis(dice.below(40)));
        process.signal("KILL");
        if process.end().code.is_some() {
            break;
        }
        kills += 1;
        let cut = Record::of(&lab.run("killed"));
        cut.assert_beginning_of(whole, QUERIES);
        assert!(cut.steps.len() >= shown, "a step that was shown is stored");
        assert!(cut.steps.len() == STEPS || lab.state("killed") == "interrupted");
        command = resume(&lab, "killed");
    }
    println!("{kills} kills");
    let resumed = Ended::of(&mut resume(&lab, "killed"));
    assert_eq!((resumed.code, resumed.err.as_str()), (Some(0), ""));
    Record::of(&lab.run("killed")).assert_same(whole);
    assert_eq!(lab.state("killed"), "finished");
}

/// Random numbers that can be had again: PLE_TEST_DICE is the number that a failed test printed.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |d| d.as_nanos() as u64);
        let seed = std::env::var("PLE_TEST_DICE")
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or(now);
        println!("PLE_TEST_DICE={seed}");
        Self(seed)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

const STEP_2: &str = "\"event\":\"step\",\"step\":2,";

#[test]
fn ctrl_c_and_resume_change_nothing() {
    stop_and_go_on(Kind::Adapter, "INT", STEP_2);
}

#[test]
fn sigterm_and_resume_change_nothing_without_an_adapter() {
    stop_and_go_on(Kind::AllWeights, "TERM", STEP_2);
}

#[test]
fn ctrl_c_and_resume_change_nothing_with_a_window() {
    stop_and_go_on(Kind::Window, "INT", STEP_2);
}

#[test]
fn sigterm_and_resume_change_nothing_with_dropout_and_pieces() {
    stop_and_go_on(Kind::Dropout, "TERM", STEP_2);
}

#[test]
fn clipped_replay_and_anchors_resume_as_they_were() {
    stop_and_go_on(Kind::Clipped, "INT", STEP_2);
}

#[test]
fn importance_weights_and_a_threshold_by_the_pure_level_set_resume_as_they_were() {
    stop_and_go_on(Kind::Pure, "INT", STEP_2);
}

#[test]
fn ctrl_c_in_the_supervised_stage_and_resume_change_nothing() {
    stop_and_go_on(Kind::Adapter, "INT", "\"event\":\"sft\",\"step\":0,");
}

#[test]
fn kill_9_and_resume_change_nothing() {
    kill_and_go_on(Kind::Adapter);
}

#[test]
fn kill_9_and_resume_change_nothing_without_an_adapter() {
    kill_and_go_on(Kind::AllWeights);
}

#[test]
fn a_damaged_checkpoint_is_told_and_the_one_before_it_used() {
    let lab = Lab::new();
    let whole = whole(&lab, &[]);
    let run = lab.run("whole");
    let newest = run.join("checkpoints/step-000007.safetensors");
    let bytes = std::fs::read(&newest).expect("a checkpoint");
    std::fs::write(&newest, &bytes[..bytes.len() / 2]).expect("half a checkpoint");
    let resumed = Ended::of(&mut resume(&lab, "whole"));
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let events = resumed.events();
    assert_eq!(
        events.iter().find(|e| e["event"] == "started").expect("started")["resumed_from"],
        6
    );
    let alarm = events.iter().find(|e| e["event"] == "alarm").expect("an alarm");
    let said = alarm["message"].as_str().expect("a message");
    assert!(
        said.contains("step-000007.safetensors: not a whole checkpoint"),
        "{said}"
    );
    Record::of(&run).assert_same(&whole);
}

#[test]
fn resuming_a_finished_run_ends_at_once_and_changes_no_step() {
    let lab = Lab::new();
    let sets = ["generation.max_new_tokens=12", "eval.every=0"];
    assert_eq!(Ended::of(&mut train(&lab, "done", &sets)).code, Some(0));
    let before = Record::of(&lab.run("done"));
    let by_path = lab.run("done").display().to_string();
    for run in ["done", &by_path] {
        let ended = Ended::of(&mut resume(&lab, run));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        let events = ended.events();
        assert!(
            !events.iter().any(|e| e["event"] == "step" || e["event"] == "sft"),
            "{}",
            ended.out
        );
        assert_eq!(events.last().expect("events")["reason"], "finished");
        assert_eq!(events.last().expect("events")["steps"], 7);
        Record::of(&lab.run("done")).assert_same(&before);
        assert_eq!(
            open(&lab.run("done")).checkpoint_steps().expect("checkpoints"),
            [0, 2, 4, 6, 7]
        );
        assert_eq!(lab.state("done"), "finished");
    }
    // In words, and nothing was written into the run.
    let log = open(&lab.run("done")).log().expect("a log");
    let ended = Ended::of(&mut lab.ple(["resume", "done"]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert_eq!(
        ended.out,
        format!(
            "{}: is finished, with all of its 7 steps; `ple resume done --set steps=17` goes on with it\n",
            lab.run("done").display()
        )
    );
    assert_eq!(open(&lab.run("done")).log().expect("a log"), log);
    // A change that nothing is left to act on is no success.
    let ended = Ended::of(&mut lab.ple(["resume", "done", "--set", "tau=0.1"]));
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert!(
        ended.err.contains("is finished") && ended.err.contains("steps=17"),
        "{}",
        ended.err
    );
}

#[test]
fn a_second_writer_is_refused_and_told_which_process_writes() {
    let lab = Lab::new();
    let mut first = Process::start(&mut train(&lab, "busy", &["method.steps=100000", "eval.every=0"]));
    first.until("\"event\":\"step\"");
    assert_eq!(lab.state("busy"), "running");
    let second = Ended::of(&mut resume(&lab, "busy"));
    assert_eq!((second.code, second.out.as_str()), (Some(2), ""));
    let said = format!(
        "the run is being written by process {}; wait until it ends or stop it",
        first.pid()
    );
    assert!(second.err.contains(&said), "{}", second.err);
    assert!(second.err.contains("ple open "), "what would do: {}", second.err);
    // The first one did not notice.
    first.until("\"event\":\"step\"");
    first.signal("INT");
    let ended = first.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let shown = ended.events().iter().filter(|e| e["event"] == "step").count();
    let found = events(&lab.run("busy"));
    assert_eq!(found.iter().filter(|e| matches!(e, Event::Step(_))).count(), shown);
    assert!(
        !found
            .iter()
            .any(|e| matches!(e, Event::Alarm(_) | Event::Failed { .. }))
    );
}

#[test]
fn what_is_no_run_cannot_be_resumed() {
    let lab = Lab::new();
    let none = Ended::of(&mut resume(&lab, "nobody"));
    assert_eq!((none.code, none.out.as_str()), (Some(2), ""));
    assert!(
        none.err.contains("nobody: not a run") && none.err.contains("ple train"),
        "{}",
        none.err
    );
    assert!(!lab.runs().exists());
    assert_eq!(
        Ended::of(&mut train(&lab, "there", &["method.steps=1", "eval.every=0"])).code,
        Some(0)
    );
    let other = Ended::of(&mut resume(&lab, "nobody"));
    assert_eq!(other.code, Some(2));
    assert!(other.err.contains("are there"), "the runs there are: {}", other.err);
    std::fs::create_dir(lab.run("empty")).expect("a folder");
    let empty = Ended::of(&mut resume(&lab, "empty"));
    assert_eq!(empty.code, Some(2));
    assert!(empty.err.contains("has no run.db"), "{}", empty.err);
    assert_eq!(
        std::fs::read_dir(lab.run("empty")).expect("a folder").count(),
        0,
        "nothing is put there"
    );
}
