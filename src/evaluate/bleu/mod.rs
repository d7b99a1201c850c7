//! BLEU of a corpus or of sentences, equal to sacrebleu's (Post 2018, "A Call for Clarity in Reporting BLEU Scores").

mod ngrams;
mod score;
#[cfg(test)]
mod tests;
mod tokenize;

use rayon::prelude::*;

use ngrams::Counter;
pub use score::{Counts, Score, Smooth};
pub use tokenize::Tokenize;

/// The version of sacrebleu whose numbers these are.
const SACREBLEU: &str = "2.6.0";

/// Segments that one thread takes at a time.
const BATCH: usize = 256;

/// How BLEU is computed. [`Bleu::default`] is what sacrebleu does when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bleu {
    pub tokenize: Tokenize,
    pub smooth: Smooth,
    /// The number of `floor` and `add-k`; `None` is 0.1 and 1.
    pub smooth_value: Option<f64>,
    /// The longest n-grams.
    pub max_order: usize,
    pub lowercase: bool,
}

impl Default for Bleu {
    fn default() -> Self {
        Self {
            tokenize: Tokenize::default(),
            smooth: Smooth::default(),
            smooth_value: None,
            max_order: 4,
            lowercase: false,
        }
    }
}

/// The references of a corpus: one list for each, as long as the hypotheses. `None` is a reference that is missing, which
/// is not an empty one.
pub type References<'a> = [Vec<Option<&'a str>>];

impl Bleu {
    /// The counts of every segment, in order, on all cores.
    ///
    /// Lists of references that are shorter than the hypotheses count as missing from there on.
    pub fn counts(&self, hypotheses: &[&str], references: &References) -> Vec<Counts> {
        let mut all = vec![Counts::new(self.max_order); hypotheses.len()];
        all.par_chunks_mut(BATCH)
            .enumerate()
            .for_each_init(Counter::default, |counter, (batch, counts)| {
                for (i, counts) in counts.iter_mut().enumerate() {
                    let at = batch * BATCH + i;
                    self.count(counter, hypotheses[at], references, at, counts);
                }
            });
        all
    }

    fn count(&self, counter: &mut Counter, hypothesis: &str, references: &References, at: usize, to: &mut Counts) {
        let of_segment = references.iter().filter_map(|list| list.get(at).copied().flatten());
        counter.count(self.tokenize, self.lowercase, hypothesis, of_segment, to);
    }

    /// The counts of a whole corpus, on all cores.
    pub fn corpus_counts(&self, hypotheses: &[&str], references: &References) -> Counts {
        let empty = || Counts::new(self.max_order);
        let batches = hypotheses.par_chunks(BATCH).enumerate();
        let counted = batches.map_init(Counter::default, |counter, (batch, hypotheses)| {
            let mut counts = empty();
            for (i, hypothesis) in hypotheses.iter().enumerate() {
                self.count(counter, hypothesis, references, batch * BATCH + i, &mut counts);
            }
            counts
        });
        // Whole numbers: the order in which threads are done does not matter.
        counted.reduce(empty, |mut a, b| {
            a.add(&b);
            a
        })
    }

    /// BLEU of a corpus: of the sums of its segments' counts.
    pub fn corpus(&self, hypotheses: &[&str], references: &References) -> Score {
        self.score(&self.corpus_counts(hypotheses, references), false)
    }

    /// BLEU of every segment for itself, with n-grams no longer than the segment.
    pub fn sentences(&self, hypotheses: &[&str], references: &References) -> Vec<Score> {
        let counts = self.counts(hypotheses, references);
        counts.par_iter().map(|counts| self.score(counts, true)).collect()
    }

    /// BLEU from counts. `effective`: n-grams no longer than the hypothesis, for single sentences.
    pub fn score(&self, counts: &Counts, effective: bool) -> Score {
        let value = self.smooth_value.or(self.smooth.usual_value()).unwrap_or(0.0);
        score::score(counts, self.smooth, value, effective)
    }

    /// What makes a number comparable, in sacrebleu's words:
    /// `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`.
    pub fn signature(&self, references: &References, effective: bool) -> String {
        let segments = references.iter().map(Vec::len).max().unwrap_or(0);
        let present = |at: usize| {
            references
                .iter()
                .filter(|list| list.get(at).is_some_and(Option::is_some))
                .count()
        };
        let first = if segments == 0 { references.len() } else { present(0) };
        let nrefs = match (0..segments).all(|at| present(at) == first) {
            true => first.to_string(),
            false => "var".into(),
        };
        let smooth = match self.smooth_value.or(self.smooth.usual_value()) {
            Some(value) if self.smooth.usual_value().is_some() => format!("{}[{value:.2}]", self.smooth.name()),
            _ => self.smooth.name().into(),
        };
        format!(
            "nrefs:{nrefs}|case:{}|eff:{}|tok:{}|smooth:{smooth}|version:{SACREBLEU}",
            if self.lowercase { "lc" } else { "mixed" },
            if effective { "yes" } else { "no" },
            self.tokenize.name()
        )
    }
}
