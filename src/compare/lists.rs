//! The lists of samples that a report shows, in page order.

use super::rank::First;
use crate::model::{AccountingClass, Outcome};

/// A list's name and the order of its samples, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListKind {
    pub(super) id: &'static str,
    pub(super) order: &'static str,
}

const SURE: &str = "most confident candidate answers first, then by key";
const UNSURE: &str = "least confident candidate answers first, then by key";
const BY_KEY: &str = "by key";

/// Every list, in page order.
pub(super) const LISTS: [ListKind; 11] = [
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

/// Samples that every list but that of all regressions shows at most: each sample shown costs time and bytes, and
/// regressions are what reports are read for. `data/flips.parquet` has every flip.
pub(super) const OTHER_TOP: u64 = 100;

/// How regressed samples of a slice are ordered.
pub(super) const SLICE_ORDER: &str = SURE;

/// The lists while they fill.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    pub(super) firsts: Vec<First>,
}

impl Lists {
    pub(super) fn new(limit: u64) -> Lists {
        Lists {
            firsts: LISTS
                .iter()
                .map(|kind| {
                    First::new(if kind.id == "regressed" {
                        limit
                    } else {
                        limit.min(OTHER_TOP)
                    })
                })
                .collect(),
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

/// The list of an outcome and a sample's rank in it.
pub(super) fn of_outcome(outcome: Outcome, confidence: Option<f64>) -> (usize, f64) {
    match outcome {
        Outcome::Regressed => (0, sure(confidence)),
        Outcome::Fixed => (1, sure(confidence)),
        Outcome::BothWrong => (2, sure(confidence)),
        Outcome::BothCorrect => (3, confidence.unwrap_or(2.0)),
    }
}

/// The list of an accounting class; `None` for matched samples, which are listed by outcome.
pub(super) fn of_class(class: AccountingClass) -> Option<usize> {
    match class {
        AccountingClass::Matched => None,
        AccountingClass::LabelChanged => Some(4),
        AccountingClass::Errored => Some(5),
        AccountingClass::Skipped => Some(6),
        AccountingClass::Unlabelled => Some(7),
        AccountingClass::Duplicate => Some(8),
        AccountingClass::OnlyBaseline => Some(9),
        AccountingClass::OnlyCandidate => Some(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_and_outcome_has_the_list_of_its_name() {
        for class in AccountingClass::ALL {
            if let Some(i) = of_class(class) {
                assert_eq!(LISTS[i].id, class.name());
            }
        }
        for outcome in [
            Outcome::BothCorrect,
            Outcome::Regressed,
            Outcome::Fixed,
            Outcome::BothWrong,
        ] {
            assert_eq!(LISTS[of_outcome(outcome, None).0].id, outcome.name());
        }
    }
}
