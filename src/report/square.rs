//! The outcome square: what was right and wrong before against what is now, with margins that add up to both accuracies.

use super::format::{count, share_of};
use super::parts::list_href;
use super::words;
use crate::model::{Comparison, Outcome, SampleSet};
use serde::Serialize;

/// The square.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Square {
    /// Right in the baseline, then wrong in it.
    pub rows: Vec<SquareRow>,
    /// Right in the candidate, then wrong in it.
    pub totals: Vec<Part>,
    /// All matched samples.
    pub all: String,
    /// How many of the samples that are wrong in both have the same wrong answer.
    pub note: String,
}

/// What was right, or wrong, in the baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SquareRow {
    /// What it holds.
    pub name: &'static str,
    /// Right in the candidate, then wrong in it.
    pub cells: Vec<SquareCell>,
    /// Both together.
    pub total: Part,
}

/// One outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SquareCell {
    /// Its name.
    pub name: String,
    /// `better`, `worse` or `same`.
    pub class: &'static str,
    /// Its samples.
    pub part: Part,
    /// The list of its samples.
    pub href: Option<String>,
}

/// A count and its share of the matched samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// How many.
    pub n: String,
    /// Of all, in percent.
    pub share: String,
}

/// The square of a comparison whose answers are right or wrong.
pub fn square(comparison: &Comparison, samples: &SampleSet) -> Square {
    let counts = &comparison.outcomes;
    let matched = comparison.accounting.matched;
    let part = |n: u64| Part {
        n: count(n),
        share: share_of(n, matched),
    };
    let cell = |outcome: Outcome, n: u64, class: &'static str| SquareCell {
        name: words::list_title(outcome.name()),
        class,
        part: part(n),
        href: list_href(outcome.name(), samples),
    };
    Square {
        rows: vec![
            SquareRow {
                name: "Baseline right",
                cells: vec![
                    cell(Outcome::BothCorrect, counts.both_correct, "same"),
                    cell(Outcome::Regressed, counts.regressed, "worse"),
                ],
                total: part(counts.both_correct + counts.regressed),
            },
            SquareRow {
                name: "Baseline wrong",
                cells: vec![
                    cell(Outcome::Fixed, counts.fixed, "better"),
                    cell(Outcome::BothWrong, counts.both_wrong, "same"),
                ],
                total: part(counts.fixed + counts.both_wrong),
            },
        ],
        totals: vec![
            part(counts.both_correct + counts.fixed),
            part(counts.regressed + counts.both_wrong),
        ],
        all: count(matched),
        note: format!(
            "The shares of the right ones are the accuracies of both versions. Of the samples that are wrong in both, {} \
             have the same wrong answer.",
            count(counts.both_wrong_same)
        ),
    }
}
