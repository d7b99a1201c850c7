//! The project's own grammars: they write the synthetic corpora of the bundled models, and they can tell how good a
//! response to one of their queries is.
//!
//! Each of the three tasks of the paper has a grammar. A query is drawn with its facts; a response is drawn from
//! independent [`Attributes`], one for each thing that a principle can ask for. All text the grammars write is lower
//! case, and responses carry no space in front.

pub mod cases;
pub mod corrupt;
pub mod documents;
pub mod garble;
pub mod hh;
mod hh_words;
pub mod imdb;
mod imdb_words;
mod pattern;
pub mod principles;
pub mod random;
pub mod task;
pub mod tldr;
mod wordings;

use rand_chacha::ChaCha8Rng;

pub use cases::{CaseQuery, case_study};
pub use corrupt::{Pools, foreign_texts, preference_row, sentiment_row};
pub use documents::{Document, document, preference_pair};
pub use garble::well_formed;
pub use principles::{Attribute, attributes, paper_prompt, preamble, render};
pub use random::{below, chance, pick, sample, seeded, shuffle, unit};
pub use task::{Split, Task, UnknownTask};

/// A query with the facts behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The task it belongs to.
    pub task: Task,
    /// Its text.
    pub query: String,
    facts: Facts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Facts {
    Hh(hh::Facts),
    Imdb(imdb::Facts),
    Tldr(tldr::Facts),
}

impl Scene {
    /// The scene of a query, or `None` where the query is not of the task's grammar.
    pub fn parse(task: Task, query: &str) -> Option<Scene> {
        let query = pattern::normalise(query);
        let facts = match task {
            Task::Hh => Facts::Hh(hh::parse(&query)?),
            Task::Imdb => Facts::Imdb(imdb::parse(&query)?),
            Task::Tldr => Facts::Tldr(tldr::parse(&query)?),
        };
        Some(Scene { task, query, facts })
    }

    /// Whether the query may occur in training text.
    pub fn split(&self) -> Split {
        match &self.facts {
            Facts::Hh(facts) => facts.split(),
            Facts::Imdb(facts) => facts.split(),
            Facts::Tldr(facts) => facts.split(),
        }
    }
}

/// Which attributes a response is to have, in the order of [`attributes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    task: Task,
    on: [bool; 4],
}

impl Attributes {
    /// No attribute on.
    pub fn none(task: Task) -> Self {
        Attributes { task, on: [false; 4] }
    }

    /// Every attribute on.
    pub fn all(task: Task) -> Self {
        Attributes { task, on: [true; 4] }
    }

    /// Each attribute at its base rate: the quality of a response that nothing guides.
    pub fn base(rng: &mut ChaCha8Rng, task: Task) -> Self {
        Self::drawn(rng, task, |base_rate| base_rate)
    }

    /// Any quality from the base to the best, for training reward models on all of them.
    pub fn graded(rng: &mut ChaCha8Rng, task: Task) -> Self {
        let grade = unit(rng);
        Self::drawn(rng, task, |base_rate| base_rate + (1.0 - base_rate) * grade)
    }

    fn drawn(rng: &mut ChaCha8Rng, task: Task, rate: impl Fn(f64) -> f64) -> Self {
        let mut drawn = Self::none(task);
        for (on, attribute) in drawn.on.iter_mut().zip(attributes(task)) {
            *on = chance(rng, rate(attribute.base_rate));
        }
        drawn
    }

    /// The number of attributes of the task.
    #[allow(clippy::len_without_is_empty, reason = "no task is without attributes")]
    pub fn len(&self) -> usize {
        attributes(self.task).len()
    }

    /// Whether the attribute at `index` of [`attributes`] is on.
    pub fn get(&self, index: usize) -> bool {
        self.on.get(index).copied().unwrap_or(false)
    }

    /// Turns the attribute at `index` on or off.
    pub fn set(&mut self, index: usize, on: bool) {
        if let Some(slot) = self.on.get_mut(index) {
            *slot = on;
        }
    }

    /// Whether the attribute of that name is on.
    pub fn is_on(&self, name: &str) -> bool {
        attributes(self.task)
            .iter()
            .position(|a| a.name == name)
            .is_some_and(|i| self.get(i))
    }
}

/// What the checker finds in a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// How good the response is; only the order and the differences within a task mean something.
    pub value: f64,
    /// For each attribute of the task whether the response has it.
    pub attributes: Vec<(&'static str, bool)>,
    /// The number of word trigrams that the grammar never writes: above 0 the text is garbled.
    pub novel: usize,
}

impl Truth {
    fn new(task: Task, response: &str, value: f64, flags: &[bool]) -> Truth {
        let (cost, novel) = garble::cost(task, response);
        let attributes = attributes(task)
            .iter()
            .map(|a| a.name)
            .zip(flags.iter().copied())
            .collect();
        Truth {
            value: value - cost,
            attributes,
            novel,
        }
    }
}

/// How good `response` is, or `None` where the query is not of the task's grammar.
pub fn truth(task: Task, query: &str, response: &str) -> Option<Truth> {
    match task {
        Task::Hh => hh::truth(query, response),
        Task::Imdb => imdb::truth(query, response),
        Task::Tldr => tldr::truth(query, response),
    }
}

/// A new query of the task.
pub fn query(task: Task, rng: &mut ChaCha8Rng, split: Split) -> Scene {
    let (query, facts) = match task {
        Task::Hh => {
            let (query, facts) = hh::query(rng, split);
            (query, Facts::Hh(facts))
        }
        Task::Imdb => {
            let (query, facts) = imdb::query(rng, split);
            (query, Facts::Imdb(facts))
        }
        Task::Tldr => {
            let (query, facts) = tldr::query(rng, split);
            (query, Facts::Tldr(facts))
        }
    };
    Scene { task, query, facts }
}

/// A response with these attributes.
pub fn respond(rng: &mut ChaCha8Rng, scene: &Scene, attributes: &Attributes) -> String {
    match &scene.facts {
        Facts::Hh(facts) => hh::respond(rng, facts, attributes),
        Facts::Imdb(facts) => imdb::respond(rng, facts, attributes),
        Facts::Tldr(facts) => tldr::respond(rng, facts, attributes),
    }
}

/// What a model reads before it answers: the principles, then the query with the task's marks.
pub fn prompt(task: Task, query: &str, principles: Option<&str>) -> String {
    let (before, after) = match task {
        Task::Hh => ("human: ", " assistant:"),
        Task::Imdb => ("review: ", " continue:"),
        Task::Tldr => ("post: ", " tl;dr:"),
    };
    match principles {
        Some(principles) if !principles.trim().is_empty() => {
            format!("{} {before}{query}{after}", principles.trim())
        }
        _ => format!("{before}{query}{after}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SAMPLES: usize = 2_000;

    #[test]
    fn queries_parse_back_to_their_facts_and_splits_are_disjoint() {
        for task in Task::ALL {
            let mut texts = [HashSet::new(), HashSet::new()];
            for (split, texts) in [Split::Train, Split::Test].into_iter().zip(&mut texts) {
                let mut rng = seeded(31);
                for _ in 0..SAMPLES {
                    let scene = query(task, &mut rng, split);
                    assert_eq!(Scene::parse(task, &scene.query).as_ref(), Some(&scene));
                    assert_eq!(scene.split(), split);
                    texts.insert(scene.query);
                }
            }
            assert!(texts[0].is_disjoint(&texts[1]));
            assert!(texts[0].len() > SAMPLES / 2, "{task}: {}", texts[0].len());
        }
    }

    #[test]
    fn foreign_queries_have_no_truth() {
        let foreign = [
            "",
            "what is the capital of france?",
            "how can i hack into an email account",
        ];
        for task in Task::ALL {
            for query in foreign {
                assert_eq!(truth(task, query, "it depends."), None, "{task}: {query:?}");
            }
        }
    }

    #[test]
    fn case_and_spaces_do_not_matter() {
        let mut rng = seeded(32);
        for task in Task::ALL {
            let scene = query(task, &mut rng, Split::Train);
            let text = respond(&mut rng, &scene, &Attributes::all(task));
            let loud = |text: &str| format!("  {} ", text.to_uppercase().replace(' ', "  "));
            let found = truth(task, &scene.query, &text);
            assert!(found.is_some());
            assert_eq!(truth(task, &loud(&scene.query), &loud(&text)), found);
        }
    }

    /// The mean truth, and for each attribute how often its flag is set.
    fn measure(task: Task, mut draw: impl FnMut(&mut ChaCha8Rng) -> Attributes) -> (f64, Vec<f64>) {
        let mut rng = seeded(33);
        let mut mean = 0.0;
        let mut rates = vec![0.0; attributes(task).len()];
        for i in 0..SAMPLES {
            let split = if i % 2 == 0 { Split::Train } else { Split::Test };
            let scene = query(task, &mut rng, split);
            let on = draw(&mut rng);
            let text = respond(&mut rng, &scene, &on);
            let found = truth(task, &scene.query, &text).expect("a query of the grammar");
            mean += found.value / SAMPLES as f64;
            for (rate, (_, flag)) in rates.iter_mut().zip(&found.attributes) {
                *rate += f64::from(u8::from(*flag)) / SAMPLES as f64;
            }
        }
        (mean, rates)
    }

    #[test]
    fn good_responses_are_clearly_better_than_unguided_ones() {
        for (task, worst, best) in [(Task::Hh, 0.0, 1.6), (Task::Imdb, 1.0, 4.0), (Task::Tldr, 0.0, 1.7)] {
            let base = measure(task, |rng| Attributes::base(rng, task)).0;
            let all = measure(task, |_| Attributes::all(task)).0;
            assert!(base < worst && all > best, "{task}: {base} {all}");
        }
    }

    #[test]
    fn flags_follow_the_attributes() {
        for task in Task::ALL {
            for (index, attribute) in attributes(task).iter().enumerate() {
                let rate = |on: bool| {
                    let draw = |rng: &mut ChaCha8Rng| {
                        let mut drawn = Attributes::base(rng, task);
                        // A film is recommended only where it is liked.
                        drawn.set(0, drawn.get(0) || attribute.name == "recommend");
                        drawn.set(index, on);
                        drawn
                    };
                    measure(task, draw).1[index]
                };
                let (off, on) = (rate(false), rate(true));
                // Harmless questions are answered whatever the attribute says.
                let most = if attribute.name == "ethical" { 0.6 } else { 0.25 };
                assert!(off < most && on > 0.9, "{task} {}: {off} {on}", attribute.name);
            }
        }
    }

    #[test]
    fn principles_stand_in_front() {
        assert_eq!(prompt(Task::Hh, "why?", None), "human: why? assistant:");
        assert_eq!(prompt(Task::Imdb, "a film.", Some("")), "review: a film. continue:");
        let guided = prompt(Task::Tldr, "help.", Some("Be brief. "));
        assert_eq!(guided, "Be brief. post: help. tl;dr:");
    }
}
