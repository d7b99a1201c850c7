//! From counts of n-grams to BLEU (Papineni et al. 2002), with the smoothings of Chen and Cherry (2014).

use serde::{Deserialize, Serialize};

/// What is done about orders at which nothing matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Smooth {
    /// Half of one match, then a quarter, ...: method 3, as in mteval-v13a.pl.
    #[default]
    Exp,
    /// A small number of matches instead of none: method 1.
    Floor,
    /// That many more matches and n-grams at every order above 1: method 2.
    AddK,
    /// Nothing: BLEU is then 0.
    None,
}

impl Smooth {
    /// Its number, where none is given.
    pub fn usual_value(self) -> Option<f64> {
        match self {
            Smooth::Floor => Some(0.1),
            Smooth::AddK => Some(1.0),
            Smooth::Exp | Smooth::None => None,
        }
    }

    /// Its name in a signature.
    pub fn name(self) -> &'static str {
        match self {
            Smooth::Exp => "exp",
            Smooth::Floor => "floor",
            Smooth::AddK => "add-k",
            Smooth::None => "none",
        }
    }
}

/// What of hypotheses and references BLEU is computed from. Those of a corpus are the sums of those of its segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens of the hypotheses, and of the references that are closest to each in length.
    pub hypothesis: u64,
    pub reference: u64,
    /// For each order: n-grams of the hypotheses that are in a reference (no more often than there), and all of them.
    pub matches: Vec<u64>,
    pub totals: Vec<u64>,
}

impl Counts {
    /// Nothing yet, up to this order.
    pub fn new(order: usize) -> Self {
        Self {
            hypothesis: 0,
            reference: 0,
            matches: vec![0; order],
            totals: vec![0; order],
        }
    }

    /// Adds those of another segment.
    pub fn add(&mut self, other: &Counts) {
        self.hypothesis += other.hypothesis;
        self.reference += other.reference;
        let add = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        add(&mut self.matches, &other.matches);
        add(&mut self.totals, &other.totals);
    }
}

/// BLEU and what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// From 0 to 100.
    pub bleu: f64,
    /// Of each order, in percent, smoothed.
    pub precisions: Vec<f64>,
    pub brevity_penalty: f64,
    /// Tokens of the hypotheses, and of the references closest in length.
    pub hypothesis_tokens: u64,
    pub reference_tokens: u64,
}

impl Score {
    /// "48.53 82.4/50.0/45.5/37.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18)", as sacrebleu has it.
    pub fn words(&self) -> String {
        let precisions: Vec<String> = self.precisions.iter().map(|p| format!("{p:.1}")).collect();
        let ratio = match self.reference_tokens {
            0 => 0.0,
            reference => self.hypothesis_tokens as f64 / reference as f64,
        };
        format!(
            "{:.2} {} (BP = {:.3} ratio = {ratio:.3} hyp_len = {} ref_len = {})",
            self.bleu,
            precisions.join("/"),
            self.brevity_penalty,
            self.hypothesis_tokens,
            self.reference_tokens
        )
    }
}

/// BLEU = BP exp(1/N sum_n log p_n), in percent, with BP = exp(1 - r/c) where the hypotheses are shorter.
///
/// `effective`: only up to the longest n-gram that the hypothesis has, which is for single sentences.
pub fn score(counts: &Counts, smooth: Smooth, value: f64, effective: bool) -> Score {
    let (c, r) = (counts.hypothesis as f64, counts.reference as f64);
    let brevity_penalty = match () {
        () if c >= r => 1.0,
        () if counts.hypothesis == 0 => 0.0,
        () => (1.0 - r / c).exp(),
    };
    let order = counts.matches.len();
    let mut found = Score {
        bleu: 0.0,
        precisions: vec![0.0; order],
        brevity_penalty,
        hypothesis_tokens: counts.hypothesis,
        reference_tokens: counts.reference,
    };
    if counts.matches.iter().all(|&m| m == 0) {
        return found;
    }
    let (mut reached, mut halved) = (order, 1.0);
    for n in 0..order {
        let more = if smooth == Smooth::AddK && n > 0 { value } else { 0.0 };
        let (matches, total) = (counts.matches[n] as f64 + more, counts.totals[n] as f64 + more);
        if total == 0.0 {
            break;
        }
        if effective {
            reached = n + 1;
        }
        found.precisions[n] = match smooth {
            _ if matches != 0.0 => 100.0 * matches / total,
            Smooth::Exp => {
                halved *= 2.0;
                100.0 / (halved * total)
            }
            Smooth::Floor => 100.0 * value / total,
            Smooth::AddK | Smooth::None => 0.0,
        };
    }
    // A precision of 0 makes the whole 0: e to this power is.
    let log = |p: &f64| if *p == 0.0 { -9_999_999_999.0 } else { p.ln() };
    let logs: f64 = found.precisions[..reached].iter().map(log).sum();
    found.bleu = brevity_penalty * (logs / reached as f64).exp();
    found
}
