//! The lists of samples that a report shows, in page order.

use super::rank::{Carried, First};
use crate::model::Outcome;

/// A list's name and the order of its samples, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListKind {
    pub(super) id: &'static str,
    pub(super) order: &'static str,
}

const SURE: &str = "most confident candidate answers first, then by key";
const UNSURE: &str = "least confident candidate answers first, then by key";
const BY_KEY: &str = "by key";
const BY_CHANGE: &str = "largest change first, then by key";

/// Every list where answers are right or wrong, in page order.
const LABELLED: [ListKind; 11] = [
    ListKind {
        id: "regressed",
        order: SURE,
    },
    ListKind {
        id: "fixed",
        order: SURE,
    },
    ListKind {
        id: "both_wrong",
        order: SURE,
    },
    ListKind {
        id: "both_correct",
        order: UNSURE,
    },
    ListKind {
        id: "label_changed",
        order: BY_KEY,
    },
    ListKind {
        id: "errored",
        order: BY_KEY,
    },
    ListKind {
        id: "skipped",
        order: BY_KEY,
    },
    ListKind {
        id: "unlabelled",
        order: BY_KEY,
    },
    ListKind {
        id: "duplicate",
        order: BY_KEY,
    },
    ListKind {
        id: "only_baseline",
        order: BY_KEY,
    },
    ListKind {
        id: "only_candidate",
        order: BY_KEY,
    },
];

/// The lists by outcome where answers are measured, in page order; the others are the same.
const MEASURED: [&str; 3] = ["regressed", "fixed", "unchanged"];

/// Every list, in page order.
pub(super) fn lists(labelled: bool) -> Vec<ListKind> {
    let by_change = |id| ListKind { id, order: BY_CHANGE };
    match labelled {
        true => LABELLED.to_vec(),
        false => MEASURED
            .map(by_change)
            .into_iter()
            .chain(LABELLED.into_iter().skip(4))
            .collect(),
    }
}

/// Samples that every list but that of all regressions shows at most: each sample shown costs time and bytes, and
/// regressions are what reports are read for. `data/flips.parquet` has every flip.
pub(super) const OTHER_TOP: u64 = 100;

/// How regressed samples of a slice are ordered.
pub(super) fn slice_order(labelled: bool) -> &'static str {
    if labelled { SURE } else { BY_CHANGE }
}

/// The lists while they fill.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    pub(super) kinds: Vec<ListKind>,
    pub(super) firsts: Vec<First>,
}

impl Lists {
    pub(super) fn new(labelled: bool, limit: u64) -> Lists {
        let kinds = lists(labelled);
        Lists {
            firsts: kinds
                .iter()
                .map(|kind| {
                    First::new(if kind.id == "regressed" {
                        limit
                    } else {
                        limit.min(OTHER_TOP)
                    })
                })
                .collect(),
            kinds,
        }
    }

    /// Offers a sample to the list of that name.
    pub(super) fn of(&mut self, id: &str, rank: f64, key: &str, row: impl FnOnce() -> Carried) {
        if let Some(at) = self.kinds.iter().position(|kind| kind.id == id) {
            self.firsts[at].offer(rank, key, row);
        }
    }

    pub(super) fn merge(&mut self, other: Lists) {
        for (mine, theirs) in self.firsts.iter_mut().zip(other.firsts) {
            mine.merge(theirs);
        }
    }
}

/// Rank by falling confidence; samples without one come last.
pub(super) fn sure(confidence: Option<f64>) -> f64 {
    confidence.map_or(1.0, |c| -c)
}

/// Rank by the size of a change, the largest first.
pub(super) fn by_change([baseline, candidate]: [f64; 2]) -> f64 {
    -(candidate - baseline).abs()
}

/// The list of an outcome and a sample's rank in it, where answers are right or wrong.
pub(super) fn of_outcome(outcome: Outcome, confidence: Option<f64>) -> (usize, f64) {
    match outcome {
        Outcome::Regressed => (0, sure(confidence)),
        Outcome::Fixed => (1, sure(confidence)),
        Outcome::BothWrong => (2, sure(confidence)),
        Outcome::BothCorrect => (3, confidence.unwrap_or(2.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountingClass;

    #[test]
    fn every_class_and_outcome_has_the_list_of_its_name() {
        for labelled in [true, false] {
            let lists = lists(labelled);
            for class in AccountingClass::ALL {
                let listed = lists.iter().any(|list| list.id == class.name());
                assert_eq!(listed, class != AccountingClass::Matched, "{class:?}");
            }
        }
        for outcome in [
            Outcome::BothCorrect,
            Outcome::Regressed,
            Outcome::Fixed,
            Outcome::BothWrong,
        ] {
            assert_eq!(lists(true)[of_outcome(outcome, None).0].id, outcome.name());
        }
    }
}
