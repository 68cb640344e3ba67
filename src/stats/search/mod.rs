//! Slice search: where exactly did it get worse?
//!
//! SliceLine (Sagadeeva and Boehm 2021, SIGMOD) over the conjunctions of up to three predicates `column = value`, on one
//! half of the samples; what it finds is folded into the simplest slices that explain it, and confirmed on the other half.
//!
//! ```text
//! codes, change ─► enumerate (score, bounds) ─► fold (simplest) ─► confirm (p, q on the other half) ─► Search
//! ```

mod bins;
mod change;
#[cfg(test)]
mod clustered_tests;
mod confirm;
mod enumerate;
mod excess;
mod fold;
mod robust;
mod rows;
mod score;
#[cfg(test)]
mod tests;

pub use bins::QuantileBins;
pub use change::Change;
pub use score::slice_score;

use super::clusters::ClusterSums;
use enumerate::{Explored, explore};

/// Columns that are searched at most.
pub const MAX_COLUMNS: usize = 30;
/// Most predicates of a slice.
pub const MAX_PREDICATES: usize = 3;
/// Slices kept before folding, per slice that is asked for: redundant ones must not crowd out others.
const POOL_PER_SLICE: usize = 10;

/// A slice of up to three predicates: (column, code), in column order.
pub type Conjunction = Vec<(u32, u16)>;

/// What is searched. All lists have one entry per sample, in the same order.
#[derive(Clone, Copy, Debug)]
pub struct SearchInput<'a> {
    /// Per column the code of every sample's value.
    pub columns: &'a [&'a [u16]],
    /// How much worse the candidate is. Negated, the same search finds what got better.
    pub change: &'a [f64],
    /// What these numbers are.
    pub kind: Change,
    /// The half on which slices are found; the other confirms them. See [`explores`].
    pub explore: &'a [bool],
    /// Number of the cluster that each sample belongs to, where samples do; a cluster is whole in one of the halves.
    pub clusters: Option<&'a [u32]>,
}

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchOptions {
    /// Slices shown at most.
    pub slices: usize,
    /// Weight of the error rate against the size in the score.
    pub weight: f64,
    /// Most predicates, up to [`MAX_PREDICATES`].
    pub predicates: usize,
    /// Samples that a slice needs in the exploring half; `None` is 30 or a thousandth of them, whichever is more.
    pub min_support: Option<u64>,
    /// Level at which slices are confirmed.
    pub alpha: f64,
    /// Mean change that a confirmed slice must exceed.
    pub min_effect: f64,
    /// Work at most, in words of 64 samples or single samples looked at; the search says what it left out.
    pub budget: u64,
}

impl Default for SearchOptions {
    fn default() -> SearchOptions {
        SearchOptions {
            slices: 10,
            weight: 0.95,
            predicates: MAX_PREDICATES,
            min_support: None,
            alpha: 0.05,
            min_effect: 0.01,
            budget: 20_000_000_000,
        }
    }
}

/// A slice in one half.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HalfCounts {
    /// Samples.
    pub n: u64,
    /// Samples that got worse.
    pub worse: u64,
    /// Samples that got better.
    pub better: u64,
    /// Mean change.
    pub change: f64,
    /// Its standard error, where changes have sizes and there are two samples.
    pub standard_error: Option<f64>,
}

/// A slice that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundSlice {
    /// Its predicates.
    pub predicates: Conjunction,
    /// Its score in the exploring half.
    pub score: f64,
    /// Counts where it was found; they are selected, and so look worse than the truth.
    pub explored: HalfCounts,
    /// Counts in the other half: an honest estimate.
    pub confirming: HalfCounts,
    /// In the other half: the larger of two p values, that the slice changed, and that it got worse more often (or by more)
    /// than the samples outside it and outside the slices before it; and of both over clusters, where there are some.
    pub p_value: f64,
    /// Benjamini-Hochberg over the slices found.
    pub q_value: f64,
    /// Significant, for the worse, and by more than the minimum effect.
    pub confirmed: bool,
    /// Slices of the search that this one explains.
    pub folded: Vec<Conjunction>,
    /// Changes summed over the clusters of the exploring and of the confirming half, where samples belong to clusters.
    pub clusters: Option<[ClusterSums; 2]>,
}

/// How far a level of the search went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Slices whose errors were counted.
    pub counted: u64,
    /// Slices that bounds or missing parents ruled out uncounted.
    pub pruned: u64,
    /// Slices that the budget left out.
    pub left_out: u64,
}

/// What a search found, and how far it went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// Slices in the order found, confirmed or not.
    pub slices: Vec<FoundSlice>,
    /// By number of predicates, from one on.
    pub levels: Vec<Level>,
    /// Samples in the exploring and in the confirming half.
    pub halves: [u64; 2],
    /// Samples that a slice needed.
    pub min_support: u64,
}

impl Search {
    /// Whether the budget sufficed.
    pub fn is_complete(&self) -> bool {
        self.levels.iter().all(|level| level.left_out == 0)
    }
}

/// Whether a sample explores, by its key: as good as a coin, and the same in every run.
pub fn explores(key: &[u8]) -> bool {
    drawn(key, 1).unwrap_or_default()
}

/// The same where only one in `one_in` samples is searched; `None` for the others.
pub fn drawn(key: &[u8], one_in: u64) -> Option<bool> {
    let digest = blake3::derive_key("evaldiff 2026 slice search: halves", key);
    let [first, rest @ ..] = digest;
    let lot = rest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (lot % one_in.max(1) == 0).then_some(first & 1 == 0)
}

/// Searches, folds and confirms. Lists of unequal length are cut to the shortest.
pub fn search(input: &SearchInput<'_>, options: &SearchOptions) -> Search {
    let lengths = input.columns.iter().map(|column| column.len());
    let lengths = lengths.chain(input.clusters.map(<[u32]>::len));
    let n = lengths.fold(input.change.len().min(input.explore.len()), usize::min);
    let half = |explore: bool| -> Vec<u32> {
        let members = (0_u32..).zip(&input.explore[..n]);
        members
            .filter(|(_, flag)| **flag == explore)
            .map(|(row, _)| row)
            .collect()
    };
    let halves = [half(true), half(false)];
    let explored: Explored = explore(input, &halves[0], options, options.slices * POOL_PER_SLICE);
    let folded = fold::fold(&explored, options.slices);
    let slices = confirm::confirm(input, &halves, folded, options);
    Search {
        slices,
        levels: explored.levels,
        halves: halves.map(|half| half.len() as u64),
        min_support: explored.min_support,
    }
}
