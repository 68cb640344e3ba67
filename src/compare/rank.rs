//! The first N samples of a list under a fixed order, kept while rows stream by in any order.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A sample that may be shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranked {
    /// Smaller comes first.
    pub(super) rank: f64,
    pub(super) key: String,
    pub(super) row: Carried,
}

/// What the pass knows of a row of the join, so that it need not be read again: only payload is fetched afterwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Carried {
    /// Positions of the baseline's and the candidate's row.
    pub(super) positions: [Option<u64>; 2],
    /// Their words of label codes and flags.
    pub(super) labels: [u64; 2],
    /// Their confidences, where they are valid.
    pub(super) confidence: [Option<f64>; 2],
    /// How their trials went, as [`super::repeats`] packs it; 0 where there are none.
    pub(super) trials: [u64; 2],
    /// Slice codes, packed: the candidate's where it has the sample.
    pub(super) slices: Vec<u64>,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.total_cmp(&other.rank).then_with(|| self.key.cmp(&other.key))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The first `limit` samples, and how many there were.
#[derive(Clone, Debug)]
pub(super) struct First {
    limit: usize,
    heap: BinaryHeap<Ranked>,
    pub(super) total: u64,
}

impl First {
    pub(super) fn new(limit: u64) -> First {
        First {
            limit: limit as usize,
            heap: BinaryHeap::new(),
            total: 0,
        }
    }

    /// Counts a sample, and keeps it if it belongs to the first.
    #[inline]
    pub(super) fn offer(&mut self, rank: f64, key: &str, row: impl FnOnce() -> Carried) {
        self.total += 1;
        if self.heap.len() >= self.limit {
            let Some(last) = self.heap.peek() else { return };
            let order = rank.total_cmp(&last.rank).then_with(|| key.cmp(last.key.as_str()));
            if order != Ordering::Less {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(Ranked {
            rank,
            key: key.to_string(),
            row: row(),
        });
    }

    /// Takes in what another task has kept.
    pub(super) fn merge(&mut self, other: First) {
        let total = self.total + other.total;
        for r in other.heap {
            self.offer(r.rank, &r.key, || r.row);
        }
        self.total = total;
    }

    /// In order.
    pub(super) fn sorted(&self) -> Vec<Ranked> {
        let mut all: Vec<Ranked> = self.heap.iter().cloned().collect();
        all.sort();
        all
    }
}
