//! A measurement of the principles as a table for people.

use crate::evaluate::CONFIDENCE;
use crate::train::{ArmRecord, Difference, EffectRecord, Estimate, PrincipleEffect, Verdict};

/// The whole measurement in lines of at most 100 columns (names of more than 24 letters are cut): the two ends, then each
/// principle beside the others and alone, by what it adds.
pub fn effect_table(record: &EffectRecord) -> String {
    let mut out = format!(
        "guided reward on {} held-out queries, seed {}, principles v{}; {CONFIDENCE:.0}% intervals (bootstrap over queries)\n\n",
        record.queries, record.seed, record.version
    );
    out += &format!(
        "{:24} {:>24} {:>24} {:>7} {:>7}\n",
        "", "reward", "truth", "length", "prompt"
    );
    for (name, arm) in [("no principle", &record.none), ("all that are on", &record.all)] {
        out += &format!("{name:24} {}\n", arm_cells(arm));
    }
    out += &format!(
        "\n{:24} {:>6} {:>24} {:>24}  verdict\n",
        "", "", "beside the others", "alone"
    );
    out += &format!(
        "{:24} {:>6} {:>24} {:>24}\n",
        "what each adds to reward", "tokens", "(with it - without)", "(it - none)"
    );
    for p in by_what_they_add(record) {
        out += &format!(
            "{:24} {:>6} {:>24} {:>24}  {}\n",
            name(p),
            p.tokens,
            estimate(&p.adds.reward),
            estimate(&p.adds_alone.reward),
            p.verdict.words()
        );
    }
    if record.none.truth.is_some() {
        out += "\nwhat each adds to truth\n";
        for p in by_what_they_add(record) {
            let cell = |d: &Difference| d.truth.as_ref().map_or("-".into(), estimate);
            out += &format!(
                "{:24} {:>6} {:>24} {:>24}\n",
                name(p),
                "",
                cell(&p.adds),
                cell(&p.adds_alone)
            );
        }
    }
    out += &format!(
        "\n{:24} {:>24} {:>24} {:>7}\n",
        "the prompts themselves", "reward", "truth", "length"
    );
    for p in &record.principles {
        let other = if p.on { "all but " } else { "all and " };
        for (kind, arm) in [(other, &p.other), ("only ", &p.alone)] {
            out += &format!("{:24} {}\n", cut(&format!("{kind}{}", p.name)), arm_cells(arm));
        }
    }
    out + &format!("\n{}", summary(record))
}

/// The principles with the one that adds most first.
pub fn by_what_they_add(record: &EffectRecord) -> Vec<&PrincipleEffect> {
    let mut sorted: Vec<&PrincipleEffect> = record.principles.iter().collect();
    sorted.sort_by(|a, b| b.adds.reward.mean.total_cmp(&a.adds.reward.mean));
    sorted
}

/// One line a verdict: which principles earn their tokens.
pub fn summary(record: &EffectRecord) -> String {
    if record.principles.iter().any(|p| p.verdict == Verdict::TooFew) {
        return format!(
            "{} queries are too few for a verdict: 8 or more, and better 64.",
            record.queries
        );
    }
    let of = |verdict| -> Vec<&PrincipleEffect> { record.principles.iter().filter(|p| p.verdict == verdict).collect() };
    let names = |list: &[&PrincipleEffect]| list.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    for (verdict, words) in [
        (Verdict::Earns, "Earns its tokens"),
        (Verdict::NoClearEffect, "No clear effect beside the others"),
        (Verdict::Hurts, "Hurts"),
    ] {
        let found = of(verdict);
        if !found.is_empty() {
            let tokens: usize = found.iter().map(|p| p.tokens).sum();
            parts.push(format!("{words}: {} ({tokens} tokens).", names(&found)));
        }
    }
    let alone: Vec<&PrincipleEffect> = record.principles.iter().filter(|p| p.works_alone()).collect();
    if !alone.is_empty() {
        parts.push(format!(
            "Alone these raise the reward, beside the others not clearly: {}.",
            names(&alone)
        ));
    }
    if parts.is_empty() {
        return "The set has no principle.".into();
    }
    parts.join("\n")
}

fn name(p: &PrincipleEffect) -> String {
    let off = if p.on { "" } else { " (off)" };
    cut(&format!("{}{off}", p.name))
}

fn cut(text: &str) -> String {
    if text.chars().count() <= 24 {
        return text.to_string();
    }
    text.chars().take(23).chain(['…']).collect()
}

fn arm_cells(arm: &ArmRecord) -> String {
    format!(
        "{:>24} {:>24} {:>7.1} {:>7}",
        estimate(&arm.reward),
        arm.truth.as_ref().map_or("-".into(), estimate),
        arm.length,
        format!("+{}", arm.prompt_tokens)
    )
}

/// "+0.31 [+0.20, +0.42]"
fn estimate(e: &Estimate) -> String {
    format!("{:+.3} [{:+.3}, {:+.3}]", e.mean, e.low, e.high)
}
