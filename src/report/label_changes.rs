//! The answer with the samples whose ground truth changed, under both truths.

use super::format::{NONE, Unit, count, counted, level, p_value};
use super::words::{self, Badge};
use crate::model::Comparison;
use crate::model::comparison::{LabelChanges, UnderTruth};
use serde::Serialize;

/// Both truths side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelChangesView {
    /// How many samples and flips it is about.
    pub note: String,
    /// Level of the intervals.
    pub level: String,
    /// The old ground truth, then the new one.
    pub rows: Vec<TruthRow>,
}

/// Accuracy under one ground truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TruthRow {
    /// Whose ground truth.
    pub truth: &'static str,
    /// Samples.
    pub n: String,
    /// The baseline's accuracy.
    pub baseline: String,
    /// The candidate's.
    pub candidate: String,
    /// The difference.
    pub delta: String,
    /// Its interval.
    pub interval: String,
    /// The p value.
    pub p: String,
    /// The answer.
    pub badge: Badge,
    /// Relabelled samples that regressed.
    pub regressed: String,
    /// Relabelled samples that were fixed.
    pub fixed: String,
}

/// The section; `None` where no ground truth changed.
pub fn label_changes(comparison: &Comparison) -> Option<LabelChangesView> {
    let changes = comparison.label_changes.as_ref()?;
    let row = |truth, under: &UnderTruth| {
        let accuracy = &under.accuracy;
        TruthRow {
            truth,
            n: count(under.n),
            baseline: Unit::Share.value(accuracy.baseline),
            candidate: Unit::Share.value(accuracy.candidate),
            delta: Unit::Share.delta(accuracy.delta),
            interval: Unit::Share.delta_interval(accuracy.ci_low, accuracy.ci_high),
            p: p_value(accuracy.p_value, NONE),
            badge: badge(under, comparison),
            regressed: count(under.relabelled_regressed),
            fixed: count(under.relabelled_fixed),
        }
    };
    Some(LabelChangesView {
        note: format!(
            "The ground truth of {} differs between the runs. No other number counts them; here they count under the \
             one and under the other. {}: a flip under one ground truth, and none or the opposite one under the other.",
            counted(changes.relabelled, "sample", "samples"),
            corrections(changes),
        ),
        level: level(comparison.options.alpha),
        rows: vec![
            row("Old, the baseline's", &changes.old_truth),
            row("New, the candidate's", &changes.new_truth),
        ],
    })
}

/// The same in one line; `None` where no ground truth changed.
pub fn line(comparison: &Comparison) -> Option<String> {
    let changes = comparison.label_changes.as_ref()?;
    let under = |truth: &UnderTruth| {
        let delta = Unit::Share.delta(truth.accuracy.delta);
        format!("{delta} ({})", words::short_verdict(&badge(truth, comparison)))
    };
    Some(format!(
        "{} relabelled; accuracy with them {} under the old ground truth, {} under the new one; {}",
        counted(changes.relabelled, "sample", "samples"),
        under(&changes.old_truth),
        under(&changes.new_truth),
        corrections(changes),
    ))
}

fn corrections(changes: &LabelChanges) -> String {
    counted(
        changes.corrections,
        "flip is a label correction",
        "flips are label corrections",
    )
}

fn badge(under: &UnderTruth, comparison: &Comparison) -> Badge {
    let flips = comparison.flips();
    words::metric_badge(&under.accuracy, comparison.options.alpha, flips)
}
