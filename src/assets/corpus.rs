//! The pretraining corpus: fresh documents of all three tasks, in batches of like length.

use rand_chacha::ChaCha8Rng;

use crate::grammar::{Document, Task, attributes, chance, document, pick, shuffle};
use crate::model::{EOS, Text};
use crate::random::{Purpose, stream};

/// A tokenised document.
#[derive(Clone, Debug)]
pub struct Row {
    /// Prompt, response, end of sequence.
    pub ids: Vec<u32>,
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Places whose token is predicted: the whole response, and a share of the prompt drawn at random.
    pub targets: Vec<usize>,
}

/// Share of the prompt's tokens that are predicted. Few are enough, and predicting is half of the cost.
const PROMPT_SHARE: f64 = 0.15;

/// Learns the bundled tokenizer from documents and from every phrase a principle can be written with.
pub fn tokenizer(seed: u64, documents: usize, vocabulary: usize) -> Result<Text, String> {
    let mut rng = stream(seed, Purpose::Corpus, 0, 0);
    let mut texts: Vec<String> = (0..documents)
        .map(|i| {
            let Document { prompt, response } = document(&mut rng, Task::ALL[i % 3]);
            format!("{prompt} {response}")
        })
        .collect();
    for attribute in Task::ALL.into_iter().flat_map(attributes) {
        for phrases in [
            attribute.train,
            attribute.held_out,
            attribute.opposite,
            attribute.opposite_held_out,
        ] {
            texts.extend(phrases.iter().flat_map(|p| std::iter::repeat_n(p.to_string(), 5)));
        }
    }
    Text::learn(&texts, vocabulary)
}

/// An endless stream of batches of documents.
pub struct Batches<'a> {
    rng: ChaCha8Rng,
    text: &'a Text,
    batch: usize,
    ready: Vec<Vec<Row>>,
}

impl<'a> Batches<'a> {
    /// Batches of `batch` documents.
    pub fn new(seed: u64, text: &'a Text, batch: usize) -> Self {
        Self {
            rng: stream(seed, Purpose::Corpus, 1, 0),
            text,
            batch,
            ready: Vec::new(),
        }
    }

    /// The next batch. Documents are sorted by length in groups of 32 batches, so that little is padding.
    pub fn next_batch(&mut self) -> Vec<Row> {
        if self.ready.is_empty() {
            let mut rows: Vec<Row> = (0..self.batch * 32).map(|_| self.row()).collect();
            rows.sort_by_key(|r| r.ids.len());
            self.ready = rows.chunks(self.batch).map(<[Row]>::to_vec).collect();
            shuffle(&mut self.rng, &mut self.ready);
        }
        self.ready.pop().unwrap_or_default()
    }

    fn row(&mut self) -> Row {
        // Summaries need copying, the hardest thing to learn here, so they come more often.
        let order = [&Task::Hh, &Task::Imdb, &Task::Tldr, &Task::Tldr];
        let task = *pick(&mut self.rng, &order);
        let Document { prompt, response } = document(&mut self.rng, task);
        let mut ids = self.text.prompt(&prompt);
        let prompt = ids.len();
        ids.extend(self.text.encode(&format!(" {response}")));
        ids.push(EOS);
        let targets = (1..ids.len())
            .filter(|&j| j >= prompt || chance(&mut self.rng, PROMPT_SHARE))
            .collect();
        Row { ids, prompt, targets }
    }
}
