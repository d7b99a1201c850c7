//! Documents for pretraining and pairs for supervised fine-tuning.

use rand_chacha::ChaCha8Rng;

use super::principles::{PREAMBLES, render};
use super::random::{below, chance, pick, sample, unit};
use super::{Attributes, Scene, Split, Task, attributes, paper_prompt, preamble, prompt, query, respond, truth};

/// The share of documents with principles in front.
const GUIDED: f64 = 0.70;
/// Of those, the share with the paper's own prompt, and that with all entries of the bundled principles file.
const VERBATIM: f64 = 0.15;
const WHOLE_FILE: f64 = 0.10;
/// How often a principle is turned into its opposite.
const OPPOSITE: f64 = 0.25;
/// How often a principle has its effect. Below 1, so that a guided model still varies.
const OBEYED: f64 = 0.95;

/// A text for pretraining. Join the two with a single space; all of it is lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The principles, where there are any, and the query with the task's marks.
    pub prompt: String,
    /// The response, without a space in front.
    pub response: String,
}

/// A training document, with or without principles. Its query is of the training split, and the wordings are those
/// in `train` and `opposite`: the held-out ones stay unseen.
pub fn document(rng: &mut ChaCha8Rng, task: Task) -> Document {
    let scene = query(task, rng, Split::Train);
    let mut on = Attributes::base(rng, task);
    let principles = chance(rng, GUIDED).then(|| guide(rng, task, &mut on));
    Document {
        prompt: prompt(task, &scene.query, principles.as_deref()).to_lowercase(),
        response: respond(rng, &scene, &on),
    }
}

/// Draws principles and gives `on` the attributes that they ask for.
fn guide(rng: &mut ChaCha8Rng, task: Task, on: &mut Attributes) -> String {
    let all = attributes(task);
    let kind = unit(rng);
    if kind < VERBATIM + WHOLE_FILE {
        (0..all.len()).for_each(|index| on.set(index, chance(rng, OBEYED)));
        if kind < VERBATIM {
            return paper_prompt(task).into();
        }
        let entries: Vec<&str> = all.iter().filter_map(|a| a.train.first().copied()).collect();
        return render(preamble(task), &entries, chance(rng, 0.5));
    }
    // Many documents with a single principle: each must act on its own, too.
    let count = if chance(rng, 0.75) {
        1 + below(rng, all.len())
    } else {
        1
    };
    let mut asked = Vec::new();
    let mut entries = Vec::new();
    for index in sample(rng, all.len(), count) {
        let wanted = !chance(rng, OPPOSITE);
        on.set(index, chance(rng, if wanted { OBEYED } else { 1.0 - OBEYED }));
        entries.push(pick(rng, if wanted { all[index].train } else { all[index].opposite }));
        asked.push((all[index].name, wanted));
    }
    // Nobody recommends a film that they tear apart, so this principle also sets the mood where no other does.
    let entailed = asked.iter().find(|(name, _)| *name == "recommend");
    if let Some((_, wanted)) = entailed
        && !asked.iter().any(|(name, _)| *name == "positive")
    {
        on.set(0, chance(rng, if *wanted { 0.9 } else { 0.2 }));
    }
    render(pick(rng, PREAMBLES[task as usize]), &entries, chance(rng, 0.4))
}

/// A query with two responses of unguided quality, the one that a noisy judge prefers in front.
///
/// The better one is meant to be of mixed quality still: a policy tuned on it keeps room for principles to improve.
pub fn preference_pair(rng: &mut ChaCha8Rng, task: Task, split: Split) -> (Scene, String, String) {
    loop {
        let scene = query(task, rng, split);
        let mut draw = || {
            let on = Attributes::base(rng, task);
            respond(rng, &scene, &on)
        };
        let (a, b) = (draw(), draw());
        if a == b {
            continue;
        }
        let Some(difference) = advantage(&scene, &a, &b) else {
            continue;
        };
        // The truth of imdb has about three times the spread of the others: their slope would leave it no noise.
        let slope = if task == Task::Imdb { 1.0 } else { 3.0 };
        return if prefers_first(rng, slope, difference) {
            (scene, a, b)
        } else {
            (scene, b, a)
        };
    }
}

/// By how much the truth of `a` exceeds that of `b`.
pub(super) fn advantage(scene: &Scene, a: &str, b: &str) -> Option<f64> {
    let value = |text| truth(scene.task, &scene.query, text).map(|truth| truth.value);
    Some(value(a)? - value(b)?)
}

/// A Bradley-Terry judge.
pub(super) fn prefers_first(rng: &mut ChaCha8Rng, slope: f64, difference: f64) -> bool {
    chance(rng, 1.0 / (1.0 + (-slope * difference).exp()))
}

#[cfg(test)]
mod tests {
    use super::super::random::seeded;
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_documents() {
        for task in Task::ALL {
            let draw = |seed| {
                let mut rng = seeded(seed);
                (0..50).map(|_| document(&mut rng, task)).collect::<Vec<_>>()
            };
            assert_eq!(draw(5), draw(5));
            assert_ne!(draw(5), draw(6));
        }
    }

    #[test]
    fn documents_are_lower_case_and_single_spaced() {
        for task in Task::ALL {
            let mut rng = seeded(7);
            for _ in 0..1_000 {
                let Document { prompt, response } = document(&mut rng, task);
                for text in [prompt, response] {
                    assert_eq!(text, super::super::pattern::normalise(&text));
                }
            }
        }
    }

    #[test]
    fn the_kinds_of_documents_keep_their_shares() {
        for task in Task::ALL {
            let mut rng = seeded(8);
            let entries: Vec<&str> = attributes(task).iter().map(|a| a.train[0]).collect();
            let file = |numbered| render(preamble(task), &entries, numbered).to_lowercase();
            let (plain, numbered) = (file(false), file(true));
            let opening = prompt(task, "", None);
            let opening = opening.split(' ').next().unwrap_or_default();
            let (mut guided, mut verbatim, mut whole, mut opposed) = (0, 0, 0, 0);
            for _ in 0..4_000 {
                let text = document(&mut rng, task).prompt;
                guided += usize::from(!text.starts_with(opening));
                verbatim += usize::from(text.starts_with(&paper_prompt(task).to_lowercase()));
                whole += usize::from(text.starts_with(&plain) || text.starts_with(&numbered));
                let mut opposites = attributes(task).iter().flat_map(|a| a.opposite);
                opposed += usize::from(opposites.any(|o| text.contains(&o.to_lowercase())));
                let mut unseen = attributes(task)
                    .iter()
                    .flat_map(|a| a.held_out.iter().chain(a.opposite_held_out));
                assert!(!unseen.any(|o| text.contains(&o.to_lowercase())), "{text}");
            }
            assert!((2_700..2_900).contains(&guided), "{task}: {guided}");
            // The numbered hh file is the paper's prompt, so there those two kinds overlap.
            let overlap = if task == Task::Hh { [140, 420] } else { [0, 0] };
            assert!(
                (360 + overlap[0]..480 + overlap[0]).contains(&verbatim),
                "{task}: {verbatim}"
            );
            assert!((220 + overlap[1]..340 + overlap[1]).contains(&whole), "{task}: {whole}");
            assert!((750..1_300).contains(&opposed), "{task}: {opposed}");
        }
    }

    #[test]
    fn the_chosen_response_is_better_on_average_and_still_mixed() {
        for (task, low, high) in [(Task::Hh, 0.3, 1.5), (Task::Imdb, 0.5, 4.0), (Task::Tldr, 0.3, 1.5)] {
            let mut rng = seeded(9);
            let mut sum = 0.0;
            let mut wrong = 0;
            for _ in 0..2_000 {
                let (scene, chosen, rejected) = preference_pair(&mut rng, task, Split::Train);
                let difference = advantage(&scene, &chosen, &rejected).unwrap_or(f64::NAN);
                sum += difference;
                wrong += usize::from(difference < 0.0);
            }
            let mean = sum / 2_000.0;
            assert!(mean > low && mean < high, "{task}: {mean}");
            assert!((40..500).contains(&wrong), "{task}: {wrong}");
        }
    }
}
