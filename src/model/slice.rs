//! Slices: conjunctions of `column = value` predicates, and what was found in them.

use super::comparison::{ClassRow, Confusion};
use super::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// `column = value`; a null value is a slice of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Predicate {
    /// A slice column, or one that was searched.
    pub column: String,
    /// The value in its text form, an interval where a search put numbers into bins; `None` where the column is null.
    pub value: Option<String>,
}

/// How a slice came to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// One value of a slice column that the user named.
    Declared,
    /// A pair of values of two such columns.
    Crossed,
    /// Up to three predicates that a search found.
    Discovered,
}

/// One slice with its evidence. Rates are accuracies over the slice's matched samples; where answers are measured, means of
/// the absolute error or of the first score, tested by Student's paired test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceResult {
    /// All of them hold for every sample of the slice; in the order of the declared columns.
    pub predicates: Vec<Predicate>,
    /// Declared, crossed or discovered.
    pub origin: Origin,
    /// Matched samples in the slice.
    pub n: u64,
    /// Baseline accuracy; null where n is 0.
    pub baseline: Option<f64>,
    /// Candidate accuracy; null where n is 0.
    pub candidate: Option<f64>,
    /// Candidate minus baseline.
    pub delta: Option<f64>,
    /// Lower end of the Tango score interval of the delta, level 1 - alpha, unadjusted.
    pub ci_low: Option<f64>,
    /// Upper end of that interval.
    pub ci_high: Option<f64>,
    /// Right, now wrong.
    pub regressed: u64,
    /// Wrong, now right.
    pub fixed: u64,
    /// Matched samples whose prediction differs, wrong to differently wrong included.
    pub churned: u64,
    /// `regressed - fixed`: slices are ordered by it, descending.
    pub harm: i64,
    /// McNemar mid-p; null for slices too small to be tested.
    pub p_value: Option<f64>,
    /// Benjamini-Hochberg over the family of tested slices; null as the p value.
    pub q_value: Option<f64>,
    /// Smallest absolute delta found with 80% power; null without flips.
    pub detectable: Option<f64>,
    /// The answer for this slice.
    pub verdict: Verdict,
    /// Full tables, for slices that get a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<SliceDetail>,
}

/// What the page of a regression slice shows beside its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceDetail {
    /// Name of the page, unique within the report: `slices/<slug>.html`.
    pub slug: String,
    /// Both confusion matrices over the slice.
    pub confusion: Confusion,
    /// Per-class scores over the slice.
    pub classes: Vec<ClassRow>,
    /// Matched samples outside the slice.
    pub rest_n: u64,
    /// Baseline accuracy outside the slice.
    pub rest_baseline: Option<f64>,
    /// Candidate accuracy outside the slice.
    pub rest_candidate: Option<f64>,
    /// Candidate minus baseline outside the slice.
    pub rest_delta: Option<f64>,
    /// The other slices with a page in which regressed samples of this one lie, most first, at most ten; those of a declared
    /// slice are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<Overlap>,
}

/// What a slice has in common with another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// The page of the other slice.
    pub slug: String,
    /// Samples that regressed and lie in both.
    pub regressed: u64,
}
