//! BLEU of files, timed: reading, cutting into tokens and counting, all of it.
//!
//!     cargo bench --bench bleu -- HYPOTHESES REFERENCES ROUNDS
//!
//! Prints a line a round: seconds and the score. `benches/bleu.sh` sets it beside sacrebleu.

use std::time::Instant;

use ple::evaluate::bleu::Bleu;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [hypotheses, references, rounds] = &args[..] else {
        println!("usage: bleu HYPOTHESES REFERENCES ROUNDS (see benches/bleu.sh)");
        return;
    };
    let rounds: usize = rounds.parse().expect("a number of rounds");
    for _ in 0..rounds {
        let start = Instant::now();
        let read = |path| std::fs::read_to_string(path).expect("a text file");
        let (hypotheses, references) = (read(hypotheses), read(references));
        let hypotheses: Vec<&str> = hypotheses.lines().collect();
        let references = [references.lines().map(Some).collect::<Vec<_>>()];
        let score = Bleu::default().corpus(&hypotheses, &references);
        println!("{:.4}\t{:.10}", start.elapsed().as_secs_f64(), score.bleu);
    }
}
