//! The rows of the list: what passes the filter, in an order.

use std::path::{Path, PathBuf};

use super::desk::Listing;
use crate::run::{LineageRow, RunSummary, lineage};

/// In which order the runs stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name, forks below their parents.
    #[default]
    Tree,
    Newest,
    Reward,
    Gap,
    Truth,
    Name,
}

impl Order {
    pub fn next(self) -> Self {
        match self {
            Order::Tree => Order::Newest,
            Order::Newest => Order::Reward,
            Order::Reward => Order::Gap,
            Order::Gap => Order::Truth,
            Order::Truth => Order::Name,
            Order::Name => Order::Tree,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Order::Tree => "as a tree",
            Order::Newest => "newest first",
            Order::Reward => "by reward",
            Order::Gap => "by gap, smallest first",
            Order::Truth => "by truth",
            Order::Name => "by name",
        }
    }
}

/// s' - s of the newest evaluation.
pub fn gap(run: &RunSummary) -> Option<f64> {
    Some(run.reward_guided? - run.reward_original?).filter(|gap| gap.is_finite())
}

/// The runs that pass a filter, in an order: places in the listing.
pub fn rows(listing: &Listing, filter: &str, order: Order) -> Vec<LineageRow> {
    let mut places: Vec<usize> = (0..listing.runs.len())
        .filter(|i| listing.runs[*i].passes(filter))
        .collect();
    let flat = |places: Vec<usize>| -> Vec<LineageRow> {
        let row = |run| LineageRow {
            run,
            stem: String::new(),
        };
        places.into_iter().map(row).collect()
    };
    // What has no such number stands last.
    let mut by = |key: &dyn Fn(&RunSummary) -> Option<f64>| {
        let value = |i: &usize| {
            key(&listing.runs[*i])
                .filter(|x| x.is_finite())
                .unwrap_or(f64::NEG_INFINITY)
        };
        places.sort_by(|a, b| value(b).total_cmp(&value(a)));
    };
    match order {
        Order::Tree => {
            let shown: Vec<RunSummary> = places.iter().map(|i| listing.runs[*i].clone()).collect();
            let mut rows = lineage(&shown);
            rows.iter_mut().for_each(|row| row.run = places[row.run]);
            return rows;
        }
        Order::Newest => by(&|run| run.changed.map(|t| t as f64)),
        Order::Reward => by(&|run| run.reward_original),
        Order::Gap => by(&|run| gap(run).map(|gap| -gap)),
        Order::Truth => by(&|run| run.truth_original),
        Order::Name => {}
    }
    flat(places)
}

/// Two paths name one folder, as far as can be told from their words.
pub fn same_folder(a: &Path, b: &Path) -> bool {
    let whole = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| PathBuf::from(p));
    a == b || whole(a) == whole(b)
}
