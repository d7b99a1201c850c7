//! Looking for pairs.

use super::*;

#[test]
fn search_takes_every_character_as_it_is() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "texts");
    let texts = [
        "100% SURE",
        "100 sure",
        "snake_case",
        "snakeXcase",
        "it's \"quoted\"",
        "back\\slash",
        "Ünder",
    ];
    let pairs: Vec<PairRecord> = (0u32..)
        .zip(texts)
        .map(|(i, t)| PairRecord {
            original: t.into(),
            ..pair(0, i)
        })
        .collect();
    store.record_step(&step(0), &pairs).unwrap();
    let reader = Reader::open(store.dir()).unwrap();
    let find = |search: &str| -> Vec<u32> {
        let filter = PairFilter {
            id: 9,
            search: search.into(),
            limit: 100,
            ..PairFilter::default()
        };
        let page = reader.pairs(&filter).unwrap();
        assert_eq!(page.filter, filter);
        assert_eq!(page.total as usize, page.pairs.len());
        page.pairs.iter().map(|p| p.index).collect()
    };
    assert_eq!(find("0% s"), [0]);
    assert_eq!(find("SURE"), [0, 1]);
    assert_eq!(find("e_c"), [2]);
    assert_eq!(find("'s \"Q"), [4]);
    assert_eq!(find("\\"), [5]);
    assert_eq!(find("ÜNDER"), [6]);
    assert_eq!(find("QUERY 0.3"), [3]);
    assert_eq!(find("a guided").len(), texts.len());
    assert!(find("'; DROP TABLE pairs; --").is_empty());
}

#[test]
fn pages_of_many_pairs_are_right() {
    let runs = tempfile::tempdir().unwrap();
    let mut store = create(runs.path(), "many");
    let mut all = Vec::new();
    for s in 0..200u32 {
        let pairs: Vec<PairRecord> = (0..100)
            .map(|i| {
                let n = s * 100 + i;
                // Every margin once, in no order; a few that are not a number.
                let reward = if n % 5000 == 7 {
                    f64::NAN
                } else {
                    f64::from(n.wrapping_mul(7919) % 20_011)
                };
                PairRecord {
                    reward_guided: reward,
                    query: format!("q{}", n % 10),
                    ..pair(s, i)
                }
            })
            .collect();
        store.record_step(&step(s), &pairs).unwrap();
        all.extend(pairs);
    }
    let reader = Reader::open(store.dir()).unwrap();
    let page = |filter: PairFilter| reader.pairs(&filter).unwrap();
    let keys = |pairs: &[PairRecord]| pairs.iter().map(|p| (p.step, p.index)).collect::<Vec<_>>();

    let oldest = page(PairFilter {
        order: PairOrder::Oldest,
        offset: 12_345,
        limit: 50,
        ..PairFilter::default()
    });
    assert_eq!(oldest.total, 20_000);
    assert_eq!(text(&oldest.pairs), text(&&all[12_345..12_395]));
    let newest = page(PairFilter {
        limit: 2,
        ..PairFilter::default()
    });
    assert_eq!(keys(&newest.pairs), [(199, 0), (199, 1)]);

    let mut sorted: Vec<PairRecord> = all
        .iter()
        .filter(|p| p.query == "q3" && p.branch == Branch::Weighted)
        .cloned()
        .collect();
    sorted.sort_by(|a, b| b.margin().total_cmp(&a.margin()));
    let filter = PairFilter {
        search: "Q3".into(),
        branch: Some(Branch::Weighted),
        order: PairOrder::LargestMargin,
        offset: 100,
        limit: 30,
        ..PairFilter::default()
    };
    let largest = page(filter);
    assert_eq!(largest.total as usize, sorted.len());
    assert_eq!(largest.pairs, sorted[100..130]);
    for order in [PairOrder::LargestMargin, PairOrder::SmallestMargin] {
        let end = page(PairFilter {
            order,
            offset: 19_995,
            limit: u64::MAX,
            ..PairFilter::default()
        });
        let nan: Vec<bool> = end.pairs.iter().map(|p| p.margin().is_nan()).collect();
        assert_eq!(nan, [false, true, true, true, true], "{order:?}");
    }
    let one = page(PairFilter {
        step: Some(7),
        branch: Some(Branch::Ranked),
        limit: 3,
        ..PairFilter::default()
    });
    assert_eq!((one.total, keys(&one.pairs)), (50, vec![(7, 0), (7, 2), (7, 4)]));
    assert!(
        page(PairFilter {
            offset: u64::MAX,
            limit: 5,
            ..PairFilter::default()
        })
        .pairs
        .is_empty()
    );
    assert!(page(PairFilter::default()).pairs.is_empty(), "limit 0");
}
