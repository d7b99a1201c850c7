use std::path::Path;

use super::*;
use crate::device::DeviceChoice;
use crate::grammar::Task;

fn plan(name: &str) -> SuitePlan {
    // By its path in the repository, so that the bundled text is read from anywhere.
    SuitePlan::at(Path::new(name), Path::new("runs"), None, DeviceChoice::default()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_bundled_suites_give_every_run_as_many_responses() {
    for (name, _) in crate::assets::SUITES {
        let plan = plan(name);
        let settings = &plan.suite.settings;
        assert_eq!(
            plan.jobs.len(),
            settings.tasks.len() * settings.seeds.len() * settings.contenders.len()
        );
        for job in &plan.jobs {
            assert_eq!(Some(job.responses.all()), settings.responses, "{}", job.run);
            assert_eq!((job.experiment.task, job.experiment.seed), (job.task, job.seed));
        }
        let mut runs: Vec<&str> = plan.jobs.iter().map(|job| &job.run[..]).collect();
        runs.sort_unstable();
        runs.dedup();
        assert_eq!(runs.len(), plan.jobs.len());
    }
    let plan = plan("experiments/suite-tiny.toml");
    assert_eq!(plan.folder, Path::new("runs/suite-tiny"));
    assert_eq!(plan.jobs[0].run, "hh-sft-1");
    let ablation = plan
        .jobs
        .iter()
        .find(|j| j.run == "hh-ple-without-l-rank-and-principles-1");
    let ablation = ablation.expect("the paper's Table 4");
    assert!(!ablation.experiment.method.rank && ablation.principles.render().is_none());
}

#[test]
fn contenders_and_tasks_are_picked_by_name() {
    let plan = plan("experiments/suite-tiny.toml");
    let pick = |only: &[&str], seeds: &[u64]| {
        let only = only.iter().map(|s| s.to_string()).collect();
        let seeds = seeds.to_vec();
        Pick { only, seeds }.of(&plan)
    };
    let runs = |only: &[&str], seeds: &[u64]| -> Vec<String> {
        let places = pick(only, seeds).unwrap_or_else(|e| panic!("{e}"));
        places.into_iter().map(|place| plan.jobs[place].run.clone()).collect()
    };
    assert_eq!(runs(&[], &[]).len(), plan.jobs.len());
    assert_eq!(runs(&["hh", "raft-4", "PLE"], &[2]), ["hh-raft-4-2", "hh-ple-2"]);
    assert!(
        pick(&["PPU"], &[])
            .unwrap_err()
            .starts_with("--only PPU: neither a task nor a contender of ")
    );
    assert!(pick(&[], &[9]).unwrap_err().contains("its seeds are 1, 2, 3"));
}

#[test]
fn the_clock_goes_by_the_nearest_runs_it_saw() {
    let mut clock = Clock::default();
    assert_eq!(clock.left([(0, Task::Hh, 1.0)]), None);
    assert_eq!(clock.left([]), Some(0.0), "nothing is left");
    clock.saw(0, Task::Hh, 10.0);
    clock.saw(0, Task::Hh, 20.0);
    clock.saw(0, Task::Imdb, 60.0);
    clock.saw(1, Task::Hh, 110.0);
    clock.saw(1, Task::Hh, f64::NAN);
    assert_eq!(clock.expected(0, Task::Hh), Some(15.0));
    assert_eq!(clock.expected(0, Task::Tldr), Some(30.0));
    assert_eq!(clock.expected(2, Task::Hh), Some(50.0));
    assert_eq!(clock.left([(0, Task::Hh, 0.5), (1, Task::Hh, 1.0)]), Some(117.5));
    assert_eq!(time_words(Some(29.0)).as_deref(), Some("about a minute"));
    assert_eq!(time_words(Some(600.0)).as_deref(), Some("about 10 min"));
    assert_eq!(time_words(Some(7500.0)).as_deref(), Some("about 2 h 5 min"));
}
