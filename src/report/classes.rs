//! Scores per label.

use super::bars::{Axis, Bar};
use super::charts::Chart;
use super::charts::axis::axis;
use super::format::{Unit, count, counted};
use super::words;
use crate::model::ClassRow;
use crate::model::report::RunClass;
use serde::Serialize;

/// Labels that a page lists; of more, those with the most samples.
pub const MAX_CLASSES: usize = 80;

/// Scores of both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassTable {
    /// One row per label.
    pub rows: Vec<ClassView>,
    /// What was left out.
    pub left_out: Option<String>,
    /// The axis of the differences; none for a single version.
    pub axis: Option<Chart>,
}

/// Scores of one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassView {
    /// The label.
    pub label: String,
    /// Samples with this ground truth.
    pub support: String,
    /// Precision, recall and F1.
    pub scores: Vec<ScoreView>,
    /// The difference of F1, drawn.
    pub bar: Option<Bar>,
}

/// One score of both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreView {
    /// The baseline's, or the only one.
    pub baseline: String,
    /// The candidate's.
    pub candidate: String,
    /// Candidate minus baseline.
    pub delta: String,
    /// `up`, `down` or `flat`.
    pub class: &'static str,
}

/// The table of a comparison.
pub fn of_pair(classes: &[ClassRow]) -> ClassTable {
    let changes: Vec<Option<f64>> = classes.iter().map(|c| Some(c.candidate.f1 - c.baseline.f1)).collect();
    let ends = Axis::around_zero(changes.iter());
    let row = |class: &ClassRow| {
        let (a, b) = (&class.baseline, &class.candidate);
        let pairs = [(a.precision, b.precision), (a.recall, b.recall), (a.f1, b.f1)];
        ClassView {
            label: words::brief(&class.label),
            support: count(class.support),
            scores: pairs.map(|(a, b)| score(a, b)).to_vec(),
            bar: change(&ends, b.f1 - a.f1),
        }
    };
    let axis = (!classes.is_empty()).then(|| axis("class-axis", &ends, Unit::Plain));
    ClassTable {
        axis,
        ..table(classes, |class| class.support, row)
    }
}

/// A difference without an interval: a line from zero.
fn change(axis: &Axis, delta: f64) -> Option<Bar> {
    axis.bar(Some(delta.min(0.0)), Some(delta), Some(delta.max(0.0)), "noise")
}

/// The table of one version.
pub fn of_run(classes: &[RunClass]) -> ClassTable {
    let row = |class: &RunClass| ClassView {
        label: words::brief(&class.label),
        support: count(class.support),
        scores: [class.scores.precision, class.scores.recall, class.scores.f1]
            .map(|x| score(x, x))
            .to_vec(),
        bar: None,
    };
    table(classes, |class| class.support, row)
}

fn score(a: f64, b: f64) -> ScoreView {
    let delta = b - a;
    ScoreView {
        baseline: Unit::Plain.value(Some(a)),
        candidate: Unit::Plain.value(Some(b)),
        delta: Unit::Plain.delta(Some(delta)),
        class: if delta > 0.0 {
            "up"
        } else if delta < 0.0 {
            "down"
        } else {
            "flat"
        },
    }
}

fn table<T>(classes: &[T], support: impl Fn(&T) -> u64, row: impl Fn(&T) -> ClassView) -> ClassTable {
    let mut order: Vec<(u64, usize)> = classes
        .iter()
        .enumerate()
        .map(|(i, class)| (support(class), i))
        .collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    order.truncate(MAX_CLASSES);
    order.sort_by_key(|&(_, i)| i);
    let rows: Vec<ClassView> = order.iter().filter_map(|&(_, i)| classes.get(i)).map(row).collect();
    let left_out = (classes.len() > rows.len()).then(|| {
        format!(
            "The {} with the most samples are listed; {} left out here, and all are in the data files.",
            counted(rows.len() as u64, "label", "labels"),
            counted((classes.len() - rows.len()) as u64, "label is", "labels are"),
        )
    });
    ClassTable {
        rows,
        left_out,
        axis: None,
    }
}
