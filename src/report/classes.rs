//! The per-class table: precision, recall and F1 of each label.

use super::format::{count, plain, signed};
use super::words::shown;
use crate::model::ClassRow;
use crate::model::report::RunClass;
use serde::Serialize;

/// Rows shown; the rest stands in the data file and is counted on the page.
const CAP: usize = 200;

/// The per-class table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassTable {
    /// Whether there are two versions.
    pub paired: bool,
    /// One row for each label.
    pub rows: Vec<ClassView>,
    /// What is left out, in words.
    pub note: Option<String>,
}

/// One label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassView {
    /// The label.
    pub label: String,
    /// Samples with this ground truth.
    pub support: String,
    /// Precision, recall and F1.
    pub scores: Vec<ScoreView>,
}

/// One score of one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreView {
    /// The baseline's; absent for a single run.
    pub baseline: Option<String>,
    /// The candidate's, or the run's.
    pub candidate: String,
    /// Candidate minus baseline, signed.
    pub delta: Option<String>,
    /// `better`, `worse` or `noise`; the sign of the difference says the same.
    pub class: &'static str,
}

/// The table of a comparison.
pub fn paired(classes: &[ClassRow]) -> ClassTable {
    let row = |class: &ClassRow| {
        let (a, b) = (class.baseline, class.candidate);
        let score = |old: f64, new: f64| ScoreView {
            baseline: Some(plain(Some(old))),
            candidate: plain(Some(new)),
            delta: Some(signed(new - old, 3)),
            class: match new - old {
                d if d > 0.0 => "better",
                d if d < 0.0 => "worse",
                _ => "noise",
            },
        };
        ClassView {
            label: shown(&class.label),
            support: count(class.support),
            scores: vec![score(a.precision, b.precision), score(a.recall, b.recall), score(a.f1, b.f1)],
        }
    };
    ClassTable { paired: true, rows: classes.iter().take(CAP).map(row).collect(), note: note(classes.len()) }
}

/// The table of a single run.
pub fn single(classes: &[RunClass]) -> ClassTable {
    let score = |value: f64| ScoreView { baseline: None, candidate: plain(Some(value)), delta: None, class: "noise" };
    let row = |class: &RunClass| ClassView {
        label: shown(&class.label),
        support: count(class.support),
        scores: vec![score(class.scores.precision), score(class.scores.recall), score(class.scores.f1)],
    };
    ClassTable { paired: false, rows: classes.iter().take(CAP).map(row).collect(), note: note(classes.len()) }
}

fn note(labels: usize) -> Option<String> {
    (labels > CAP).then(|| {
        let (all, left) = (count(labels as u64), count((labels - CAP) as u64));
        format!("The first {CAP} of {all} labels in label order; the other {left} stand in the data file.")
    })
}
