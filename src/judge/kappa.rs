//! Fleiss' kappa (1971): how much several people agree beyond what chance would make them.

use serde::Serialize;

use crate::evaluate::Bootstrap;
use crate::random::Purpose;
use crate::train::Estimate;

/// How much people agree, on what all of them judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Queries that every one of them judged.
    pub queries: usize,
    pub raters: usize,
    /// Share of the pairs of raters that agree.
    pub observed: f64,
    /// Fleiss' kappa with an interval bootstrapped over queries; NaN where there is none, because all said one thing.
    pub kappa: Estimate,
    /// For people.
    pub words: &'static str,
}

/// Fleiss' kappa of a table: row i has how many raters put subject i into each category. Every row must have the same sum of
/// 2 or more. NaN where there is no kappa: no row, or all raters in one category (chance would agree, too).
pub fn fleiss(table: &[Vec<usize>]) -> f64 {
    let all: Vec<usize> = (0..table.len()).collect();
    of_rows(table, &all).1
}

/// Observed agreement and kappa of some rows of a table.
fn of_rows(table: &[Vec<usize>], rows: &[usize]) -> (f64, f64) {
    let Some(first) = rows.first() else {
        return (f64::NAN, f64::NAN);
    };
    let raters: usize = table[*first].iter().sum();
    let (n, subjects) = (raters as f64, rows.len() as f64);
    let pairs = |row: &[usize]| row.iter().map(|k| (k * k) as f64).sum::<f64>() - n;
    let observed = rows.iter().map(|i| pairs(&table[*i])).sum::<f64>() / (n * (n - 1.0) * subjects);
    let share = |category: usize| rows.iter().map(|i| table[*i][category] as f64).sum::<f64>() / (n * subjects);
    let by_chance: f64 = (0..table[*first].len()).map(|category| share(category).powi(2)).sum();
    let beyond = 1.0 - by_chance;
    // Rounding must not make something out of nothing.
    let kappa = if beyond.abs() < 1e-12 {
        f64::NAN
    } else {
        (observed - by_chance) / beyond
    };
    (observed, kappa)
}

/// The agreement of a table as for [`fleiss`]; `None` with fewer than two raters or no row.
pub fn agreement(table: &[Vec<usize>], seed: u64) -> Option<Agreement> {
    let raters: usize = table.first()?.iter().sum();
    if raters < 2 {
        return None;
    }
    let bootstrap = Bootstrap {
        seed,
        purpose: Purpose::Judge,
    };
    let kappa = bootstrap.of(table.len(), |drawn| of_rows(table, drawn).1);
    let all: Vec<usize> = (0..table.len()).collect();
    Some(Agreement {
        queries: table.len(),
        raters,
        observed: of_rows(table, &all).0,
        kappa,
        words: words(kappa.mean),
    })
}

/// The words of Landis and Koch (1977).
fn words(kappa: f64) -> &'static str {
    match kappa {
        k if k.is_nan() => "no kappa: all said one thing",
        k if k < 0.0 => "poor: less than by chance",
        k if k <= 0.2 => "slight",
        k if k <= 0.4 => "fair",
        k if k <= 0.6 => "moderate",
        k if k <= 0.8 => "substantial",
        _ => "almost perfect",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten subjects, fourteen raters, five categories: the worked example of the article on Fleiss' kappa in Wikipedia.
    const WORKED: [[usize; 5]; 10] = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ];

    #[test]
    fn the_published_example_comes_out() {
        let table: Vec<Vec<usize>> = WORKED.iter().map(|row| row.to_vec()).collect();
        // P-bar = 0.378, P-e = 0.213, kappa = 0.210 there.
        let kappa = fleiss(&table);
        assert!((kappa - 0.210).abs() < 5e-4, "{kappa}");
        let found = agreement(&table, 1).expect("raters");
        assert!((found.observed - 0.378).abs() < 5e-4, "{found:?}");
        assert_eq!((found.queries, found.raters, found.words), (10, 14, "fair"));
        assert!(found.kappa.low < kappa && kappa < found.kappa.high);
    }

    #[test]
    fn it_is_that_of_statsmodels() {
        #[derive(serde::Deserialize)]
        struct Golden {
            table: Vec<Vec<usize>>,
            kappa: Option<f64>,
        }
        let golden: Vec<Golden> =
            serde_json::from_str(include_str!("../../tests/golden/kappa.json")).expect("golden numbers");
        assert!(golden.len() >= 100);
        for Golden { table, kappa } in golden {
            let ours = fleiss(&table);
            match kappa {
                Some(kappa) => assert!((ours - kappa).abs() < 1e-12, "{table:?}: {ours}, {kappa}"),
                None => assert!(ours.is_nan(), "{table:?}: {ours}"),
            }
        }
    }

    #[test]
    fn the_ends_are_right() {
        // Two raters who always agree, on two things.
        assert!((fleiss(&[vec![2, 0], vec![0, 2]]) - 1.0).abs() < 1e-12);
        // Who always disagree.
        assert!((fleiss(&[vec![1, 1], vec![1, 1]]) + 1.0).abs() < 1e-12);
        assert!(fleiss(&[vec![3, 0], vec![3, 0]]).is_nan());
        assert!(fleiss(&[]).is_nan());
        assert_eq!(agreement(&[vec![1, 0]], 1), None);
        assert_eq!(agreement(&[], 1), None);
    }
}
