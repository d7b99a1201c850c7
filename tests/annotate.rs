//! The annotation screen in a real terminal: what a person sees, what is kept, and what comes out of it.
#![cfg(unix)]

mod common;

use common::process::Ended;
use common::pty::Pty;
use common::{IMDB, Lab};
use ple::judge::{Item, Mark, Pair, sheet};
use ple::run::Judgements;
use serde_json::Value;

/// A lab with two runs, whose names are nowhere in what they answer.
fn lab() -> Lab {
    let lab = Lab::new();
    for (name, set) in [
        ("otter", "method.learning_rate=0.001"),
        ("heron", "method.learning_rate=0.02"),
    ] {
        let ended = Ended::of(lab.train(IMDB, &[set]).args(["--quiet", "--name", name]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    lab
}

fn json(lab: &Lab, args: &[&str]) -> Value {
    let ended = Ended::of(lab.ple(args).arg("--json"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).expect("JSON")
}

/// The answers of both, as `ple judge` has them, and the seed.
fn pairs(lab: &Lab) -> (Vec<Pair>, u64) {
    let told = json(lab, &["judge", "otter", "heron", "--queries", "4"]);
    let text = |value: &Value| value.as_str().expect("a text").to_string();
    let pair = |row: &Value| Pair {
        query: text(&row["query"]),
        left: text(&row["left"]),
        right: text(&row["right"]),
    };
    let contest = &told["contests"][0];
    let pairs = contest["rows"].as_array().expect("rows").iter().map(pair).collect();
    (pairs, contest["seed"].as_u64().expect("a seed"))
}

fn start(lab: &Lab, annotator: &str) -> Pty {
    Pty::start(
        lab,
        &["annotate", "otter", "heron", "--queries", "4", "--annotator", annotator],
    )
}

/// Waits until an item is shown with its answers on their sides.
fn sees(pty: &mut Pty, place: usize, item: &Item) -> String {
    let words = |text: &str| text.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let (first, second) = (words(&item.shown[0]), words(&item.shown[1]));
    let screen = pty.waits(&format!("item {place}: {item:?}"), |screen| {
        let below = screen
            .lines()
            .skip_while(|line| !line.contains("Answer 1  [← 1"))
            .nth(1)?;
        let sides = below.trim_start().starts_with(&first) && below[first.len().min(below.len())..].contains(&second);
        (screen.contains(&format!("Query {place} of 4")) && sides).then(|| screen.to_string())
    });
    for word in ["otter", "heron", "PLE", "learning"] {
        assert!(
            !screen.contains(word),
            "{word} tells whose answers these are:\n{screen}"
        );
    }
    screen
}

/// The key for the answer of the first run.
fn key_of_left(pair: &Pair, item: &Item) -> &'static str {
    if item.shown[0] == pair.left { "1" } else { "2" }
}

#[test]
fn people_judge_blindly_come_back_and_are_compared() {
    let lab = lab();
    let (pairs, seed) = pairs(&lab);
    assert!(pairs.iter().all(|pair| pair.left != pair.right));
    let ann = sheet(&pairs, "ann", seed);

    let mut pty = start(&lab, "ann");
    let screen = sees(&mut pty, 1, &ann[0]);
    assert!(
        screen.contains("0 of 4 judged") && screen.contains("Which is the better positive review?"),
        "{screen}"
    );
    pty.keys(key_of_left(&pairs[0], &ann[0]));
    sees(&mut pty, 2, &ann[1]);
    // The other one by mistake; back, and the right one.
    let wrong = if key_of_left(&pairs[1], &ann[1]) == "1" {
        "2"
    } else {
        "1"
    };
    pty.keys(wrong);
    sees(&mut pty, 3, &ann[2]);
    pty.keys("b");
    let screen = sees(&mut pty, 2, &ann[1]);
    assert!(screen.contains(&format!("you said: answer {wrong}")), "{screen}");
    pty.keys(key_of_left(&pairs[1], &ann[1]));
    sees(&mut pty, 3, &ann[2]);
    pty.keys("?");
    pty.sees(&["not to be judged by you", "Esc close"]);
    pty.keys("\x1b");
    pty.misses("Esc close");
    pty.keys("q");
    let (code, screen) = pty.end();
    assert_eq!(code, 0);
    assert!(screen.contains("2 of 4 judged or skipped"), "{screen}");
    assert!(!screen.contains("win"), "nobody is told before they are done: {screen}");

    // Kept at once, by the texts; and gone on with from there.
    let store = Judgements::open_to_read(&lab.run("otter"))
        .expect("readable")
        .expect("a file");
    let labels = store.labels().expect("readable");
    let marks: Vec<(&Item, Mark)> = labels.iter().map(|label| (&label.item, label.mark)).collect();
    let mark = |i: usize| {
        if key_of_left(&pairs[i], &ann[i]) == "1" {
            Mark::First
        } else {
            Mark::Second
        }
    };
    assert_eq!(marks.len(), 2);
    assert!(
        marks.contains(&(&ann[0], mark(0))) && marks.contains(&(&ann[1], mark(1))),
        "{marks:?}"
    );
    let mut pty = start(&lab, "ann");
    let screen = sees(&mut pty, 3, &ann[2]);
    assert!(screen.contains("2 of 4 judged"), "{screen}");
    pty.keys("t");
    sees(&mut pty, 4, &ann[3]);
    pty.keys("s");
    pty.sees(&["Nothing is left to judge: you judged 3 and skipped 1"]);
    pty.keys("u");
    sees(&mut pty, 4, &ann[3]);
    pty.keys(key_of_left(&pairs[3], &ann[3]));
    pty.sees(&["you judged 4 and skipped 0"]);
    pty.resize(40, 16);
    pty.sees(&["The end"]);
    pty.keys("q");
    let (code, screen) = pty.end();
    assert_eq!(code, 0);
    assert!(screen.contains("people: ann"), "{screen}");

    // Somebody else, for whom the sides are shuffled anew; a signal keeps what was said.
    let bob = sheet(&pairs, "bob", seed);
    let mut pty = start(&lab, "bob");
    for i in 0..3 {
        sees(&mut pty, i + 1, &bob[i]);
        let left = key_of_left(&pairs[i], &bob[i]);
        let right = if left == "1" { "2" } else { "1" };
        // Of the third, bob thinks otherwise.
        pty.keys(if i == 2 { right } else { left });
    }
    sees(&mut pty, 4, &bob[3]);
    pty.signal("TERM");
    assert_eq!(pty.end().0, 130);

    let told = json(&lab, &["judge", "otter", "heron", "--queries", "4", "--by", "people"]);
    let contests = told["contests"].as_array().expect("contests");
    let of = |i: usize, what: &str| contests[i]["outcome"][what].as_u64().expect("a count");
    let judges: Vec<&str> = contests.iter().map(|c| c["judge"].as_str().expect("a name")).collect();
    assert_eq!(judges, ["ann", "bob", "all together"]);
    assert_eq!((of(0, "wins"), of(0, "ties"), of(0, "losses")), (3, 1, 0));
    assert_eq!(
        (of(1, "wins"), of(1, "ties"), of(1, "losses"), of(1, "without")),
        (2, 0, 1, 1)
    );
    assert_eq!(
        (of(2, "wins"), of(2, "ties"), of(2, "losses")),
        (3, 1, 0),
        "one of each is a tie"
    );
    // [2 0 0], [2 0 0], [0 1 1]: P-bar = 2/3, P-e = (16 + 1 + 1) / 36.
    let agreement = &told["agreement"];
    assert_eq!((&agreement["queries"], &agreement["raters"]), (&3.into(), &2.into()));
    let kappa = agreement["kappa"]["mean"].as_f64().expect("a kappa");
    assert!((kappa - (2.0 / 3.0 - 0.5) / 0.5).abs() < 1e-12, "{kappa}");
    let table = Ended::of(&mut lab.ple(["judge", "heron", "otter", "--queries", "4", "--by", "people"]));
    assert!(
        table.out.contains("Fleiss' kappa 0.333") && table.out.contains("fair"),
        "{table:?}"
    );
}
