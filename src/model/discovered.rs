//! Slices that a search found, and how far it went.

use super::slice::SliceResult;
use serde::{Deserialize, Serialize};

/// What the search for slices found: where it got worse, and where it got better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discovered {
    /// The columns that were searched.
    pub columns: Vec<SearchedColumn>,
    /// The columns that were not, and why.
    pub left_out: Vec<LeftOut>,
    /// Matched samples on which slices were looked for, and on which those found were confirmed.
    pub halves: [u64; 2],
    /// One in so many matched samples was searched.
    pub one_in: u64,
    /// Samples that a slice needed in the exploring half.
    pub min_support: u64,
    /// What got worse.
    pub worse: Findings,
    /// What got better: the same search, reversed.
    pub better: Findings,
}

/// A column that was searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchedColumn {
    /// Its name.
    pub column: String,
    /// Distinct values, or bins of values.
    pub values: u64,
    /// Whether numbers were put into bins: a predicate's value then is an interval, such as `(12, 40]`.
    pub binned: bool,
}

/// A column that was not searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub column: String,
    /// Why.
    pub reason: String,
}

/// What one direction of the search gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// How far it went, by number of predicates from one on.
    pub levels: Vec<SearchLevel>,
    /// The slices found, in the order found, confirmed or not. They are a family of their own.
    pub slices: Vec<DiscoveredSlice>,
}

/// How far a level of the search went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchLevel {
    /// Conjunctions whose errors were counted.
    pub counted: u64,
    /// Conjunctions that bounds or missing parents ruled out uncounted.
    pub pruned: u64,
    /// Conjunctions that the bound on the work left out.
    pub left_out: u64,
}

/// A slice that was found, with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiscoveredSlice {
    /// The slice over all samples searched, without p and q: half of them chose it, so that it looks more than it is.
    pub slice: SliceResult,
    /// SliceLine's score in the exploring half.
    pub score: f64,
    /// Where it was found.
    pub exploring: HalfResult,
    /// Where it was confirmed: an honest estimate.
    pub confirming: HalfResult,
    /// In the confirming half: the larger of two p values, that the slice changed, and that it changed more than the
    /// samples outside it and outside the slices before it; over clusters too, where there are some.
    pub p_value: f64,
    /// Benjamini-Hochberg over the slices found in this direction.
    pub q_value: f64,
    /// Significant and by more than the minimum effect.
    pub confirmed: bool,
    /// Further slices that this one explains.
    pub explains: u64,
}

/// A slice in one half of the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HalfResult {
    /// Samples.
    pub n: u64,
    /// Right, now wrong; or worse by more than the tolerance.
    pub regressed: u64,
    /// Wrong, now right; or better by more than the tolerance.
    pub fixed: u64,
    /// Candidate minus baseline: accuracies, or means of the absolute error or the first score; null without samples.
    pub delta: Option<f64>,
    /// Lower end of the Tango score interval of the delta, of means of Student's; unadjusted.
    pub ci_low: Option<f64>,
    /// Upper end of that interval.
    pub ci_high: Option<f64>,
}

impl Discovered {
    /// Both directions, the worse one first.
    pub fn directions(&self) -> [&Findings; 2] {
        [&self.worse, &self.better]
    }
}

impl Findings {
    /// The slices that the other half confirmed.
    pub fn confirmed(&self) -> impl Iterator<Item = &DiscoveredSlice> {
        self.slices.iter().filter(|found| found.confirmed)
    }

    /// Conjunctions that were left out for want of work allowed.
    pub fn left_out(&self) -> u64 {
        self.levels.iter().map(|level| level.left_out).sum()
    }
}
