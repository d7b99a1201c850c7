//! How the workbench behaves in a real terminal, whatever terminal that is.
#![cfg(unix)]

mod common;

use common::pty::{Pty, endless, number_after};
use common::record::open;
use common::{Lab, until};

/// The workbench on an endless run, when its charts are there.
fn training(lab: &Lab, args: &[&str], variables: &[(&str, &str)]) -> Pty {
    let file = endless(lab, &[]);
    let args: Vec<&str> = ["open", &file, "--name", "w"]
        .into_iter()
        .chain(args.iter().copied())
        .collect();
    let variables: Vec<(&str, &str)> = variables.iter().copied().chain([("CI", "true")]).collect();
    let mut pty = Pty::start_with(lab, &args, &variables);
    pty.waits("the first steps", |screen| {
        (screen.contains("step ") && screen.contains(" Reward ") && screen.contains("What the step did")).then_some(())
    });
    pty
}

fn leave(mut pty: Pty) {
    pty.keys("\x03\x03");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let lab = Lab::new();
    let mut pty = training(&lab, &[], &[]);
    for stop in [None, Some("TSTP")] {
        match stop {
            None => pty.keys("\x1a"),
            Some(signal) => pty.signal(signal),
        }
        pty.is_given_back();
        let stored = || open(&lab.run("w")).steps().expect("steps").len();
        let held = stored();
        pty.signal("CONT");
        pty.sees(&["─ Reward ─", "q quit"]);
        // It takes keys, and training went on with it.
        pty.keys("?");
        pty.sees(&["╭ Keys"]);
        pty.keys("\x1b");
        pty.misses("╭ Keys");
        until("another step", || (stored() > held).then_some(()));
    }
    leave(pty);
}

#[test]
fn what_the_locale_cannot_write_is_written_in_ascii() {
    let lab = Lab::new();
    let mut pty = training(&lab, &[], &[("LANG", "C"), ("LC_ALL", "en_US.ISO-8859-1")]);
    for (keys, sign) in [
        ("1", "- Reward -"),
        ("2", "- Pairs -"),
        ("3", "- Principles -"),
        ("4", "- Answers"),
        ("5", "- Principle effect -"),
        ("?", "Everywhere"),
    ] {
        pty.keys(keys);
        let screen = pty.sees(&[sign]);
        assert!(screen.is_ascii(), "{screen}");
    }
    leave(pty);
}

#[test]
fn the_terminals_answer_chooses_the_colours_and_types_nothing() {
    let lab = Lab::new();
    let mut pty = training(&lab, &[], &[("COLORTERM", "truecolor")]);
    pty.wrote("\x1b]11;?\x1b\\");
    let either = pty.colours();
    // Its letters are keys of the workbench: 1 is a screen, r the learning rate, b and f are free.
    pty.keys("2");
    pty.sees(&["─ Pairs ─"]);
    pty.keys("\x1b]11;rgb:1111/1212/1111\x1b\\");
    let dark = until("the dark colours", || Some(pty.colours()).filter(|c| *c != either));
    let screen = pty.text();
    assert!(
        screen.contains("─ Pairs ─") && !screen.contains("learning rate"),
        "{screen}"
    );
    pty.keys("\x1b]11;rgb:ffff/ffff/ffff\x07");
    until("the light colours", || {
        (!pty.colours().iter().any(|c| dark.contains(c))).then_some(())
    });
    leave(pty);
}

#[test]
fn no_color_means_none_and_a_named_theme_stands_over_it() {
    let lab = Lab::new();
    let pty = training(&lab, &[], &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    assert!(pty.colours().is_empty(), "{:?}", pty.colours());
    leave(pty);
    let lab = Lab::new();
    let pty = training(
        &lab,
        &["--theme", "dark"],
        &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")],
    );
    until("colours", || (!pty.colours().is_empty()).then_some(()));
    leave(pty);
}

#[test]
fn settings_act_and_flags_stand_over_them() {
    let lab = Lab::new();
    lab.settings(
        "marker = \"block\"\nmouse = false\n[keys]\npause = \"F5\"\nset-tau = \"F6\"\nprinciples-apply = \"F8\"\n",
    );
    let mut pty = training(&lab, &[], &[]);
    let screen = pty.sees(&["F5 pause", "F6 tau"]);
    assert!(
        screen.contains(['▀', '▄', '▌', '▐', '▖', '▗', '▘', '▝', '▚', '▞']),
        "{screen}"
    );
    assert!(
        !screen.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)),
        "{screen}"
    );
    pty.keys("\x1b[15~");
    pty.sees(&["paused at"]);
    pty.keys("\x1b[17~");
    pty.sees(&["tau: pairs with"]);
    pty.keys("\x1b");
    pty.misses("tau: pairs with");
    // What is said names them as well.
    pty.keys("3");
    pty.sees(&["F8 applies it"]);
    pty.keys("x");
    pty.sees(&["F8: apply from the next step on"]);
    leave(pty);
    let lab = Lab::new();
    lab.settings("marker = \"block\"\n");
    let mut pty = training(&lab, &["--marker", "dot"], &[]);
    let screen = pty.sees(&["•"]);
    assert!(!screen.contains(['▀', '▖', '▚']), "{screen}");
    leave(pty);
}

#[test]
fn who_looks_elsewhere_is_told_of_the_end() {
    let lab = Lab::new();
    let file = endless(&lab, &[("steps = 100000", "steps = 4")]);
    let mut pty = Pty::start(&lab, &["open", &file, "--name", "w", "--notify", "osc9"]);
    pty.wrote("\x1b[?1004h");
    pty.keys("\x1b[O");
    pty.sees(&["finished"]);
    assert_eq!(pty.wrote("\x1b]9;ple: w finished after 4 steps\x07"), 1);
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
}

#[test]
fn the_tour_is_shown_once_can_be_left_and_is_there_again() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    let mut pty = Pty::start_with(&lab, &["open", &file, "--name", "w"], &[]);
    pty.sees(&["Screens ▲", "1 of 6", "[Esc] leave the tour"]);
    pty.keys("\r\r");
    pty.sees(&["This screen", "3 of 6"]);
    pty.keys("\x1b");
    pty.misses("of 6");
    pty.keys("?");
    pty.sees(&["╭ Keys", "t tour"]);
    pty.keys("t");
    pty.sees(&["Screens ▲", "1 of 6"]);
    pty.keys("\x1b[D\r\r\r\r\r");
    pty.sees(&["Leaving", "6 of 6", "[Enter] done"]);
    pty.keys("\r");
    pty.misses("of 6");
    let mark = lab.path().join("state/ple/tour");
    until("the mark", || mark.exists().then_some(()));
    leave(pty);
    let mut pty = Pty::start_with(&lab, &["open", "w"], &[]);
    let screen = pty.sees(&["w · PLE on IMDB"]);
    assert!(!screen.contains("of 6"), "{screen}");
    pty.keys("q");
    assert_eq!(pty.end().0, 0);
    for (args, variables) in [(vec!["--no-tour"], vec![]), (vec![], vec![("PLE_CONFIG", "")])] {
        let lab = Lab::new();
        let file = endless(&lab, &[]);
        let args: Vec<&str> = ["open", &file, "--name", "w"].into_iter().chain(args).collect();
        let mut pty = Pty::start_with(&lab, &args, &variables);
        let screen = pty.sees(&["w · PLE on IMDB"]);
        assert!(!screen.contains("of 6"), "{screen}");
        leave(pty);
    }
}

#[test]
fn a_frame_is_held_back_until_it_is_whole() {
    let lab = Lab::new();
    let mut pty = training(&lab, &[], &[]);
    pty.keys(" ");
    pty.waits("paused", |screen| number_after(screen, "‖ paused at "));
    let (begun, ended) = (pty.wrote("\x1b[?2026h"), pty.wrote("\x1b[?2026l"));
    assert!(ended >= begun && begun > 1, "{begun} frames begun, {ended} ended");
    leave(pty);
}

#[test]
fn the_screen_is_there_before_the_models_are_and_can_be_left() {
    let lab = Lab::new();
    let file = endless(&lab, &[]);
    let mut pty = Pty::start(&lab, &["open", &file, "--name", "w"]);
    pty.sees(&["1 Dashboard"]);
    // Typed into the first frame, however far the models are.
    pty.keys("2");
    pty.sees(&["─ Pairs ─"]);
    let first = pty.first_frame();
    assert!(first.contains("loading") && first.contains("1 Dashboard"), "{first}");
    leave(pty);
    // An error that loading finds gives the terminal back and is said on it.
    let pty = Pty::start(&lab, &["open", &file, "--set", "policy.model=builtin:nothing"]);
    let (code, said) = pty.end();
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("policy.model") && said.contains("no such bundled model"),
        "{said}"
    );
}

#[test]
fn sighup_saves_too() {
    let lab = Lab::new();
    let pty = training(&lab, &[], &[]);
    pty.signal("HUP");
    assert_eq!(pty.end().0, 130);
    let reader = open(&lab.run("w"));
    let done = reader.steps().expect("steps").len() as u32;
    assert_eq!(reader.checkpoint_steps().expect("checkpoints"), [0, done]);
}

#[test]
#[cfg(target_os = "linux")]
fn what_goes_to_standard_error_does_not_go_over_the_frame() {
    let lab = Lab::new();
    let mut pty = training(&lab, &[], &[]);
    let stderr = format!("/proc/{}/fd/2", pty.pid());
    std::fs::write(stderr, "a library has something to say\n").expect("its standard error");
    pty.keys("2");
    let screen = pty.sees(&["─ Pairs ─"]);
    assert!(!screen.contains("something to say"), "{screen}");
    pty.keys("\x03\x03");
    let (code, screen) = pty.end();
    assert_eq!(code, 0);
    assert!(
        screen
            .replace('\n', "")
            .contains("1 line that went to standard error meanwhile"),
        "{screen}"
    );
    let logs = std::fs::read_dir(lab.path().join("state/ple/log")).expect("the logs");
    let logs: Vec<String> = logs
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a log"))
        .collect();
    assert_eq!(logs, ["a library has something to say\n"]);
}
