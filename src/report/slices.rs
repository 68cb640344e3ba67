//! The table of slices.

use super::bars::{Axis, Bar};
use super::format::{count, counted, p_value, signed_count};
use super::measure::Measure;
use super::words::{Badge, PredicateView, predicate_views, verdict_badge};
use super::{headline, links};
use crate::model::{Comparison, SliceResult, Verdict};
use serde::Serialize;

/// Slices that a page lists, besides all that regressed.
pub const MAX_SLICES: usize = 500;

/// All slices that a page lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceTable {
    /// One row per slice.
    pub rows: Vec<SliceRow>,
    /// What is listed and what was tested.
    pub note: String,
    /// Whether any has a page.
    pub any: bool,
    /// What the table shows, up to the level of its intervals.
    pub caption: String,
    /// Whether differences are in percentage points.
    pub in_points: bool,
}

/// One slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceRow {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Its page.
    pub href: Option<String>,
    /// Matched samples.
    pub n: String,
    /// Baseline accuracy.
    pub baseline: String,
    /// Candidate accuracy.
    pub candidate: String,
    /// The difference.
    pub delta: String,
    /// Its interval.
    pub interval: String,
    /// Its interval drawn.
    pub bar: Option<Bar>,
    /// Right, now wrong.
    pub regressed: String,
    /// Wrong, now right.
    pub fixed: String,
    /// Regressed minus fixed.
    pub harm: String,
    /// Smallest change that would be found.
    pub detectable: String,
    /// Adjusted p-value.
    pub q: String,
    /// The answer.
    pub badge: Badge,
}

/// Regressed slices named at the top of the overview; the table below lists all.
const MAX_REGRESSIONS: usize = 12;

/// A slice that regressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegressionView {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Its page.
    pub href: Option<String>,
    /// How much it lost.
    pub numbers: String,
}

/// The slices that regressed, most harm first.
pub fn regressions(comparison: &Comparison) -> Vec<RegressionView> {
    let unit = Measure::of(&comparison.roles).unit;
    let view = |slice: &SliceResult| RegressionView {
        predicates: predicate_views(&slice.predicates),
        href: slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
        numbers: format!(
            "{} on {}",
            unit.delta(slice.delta),
            counted(slice.n, "sample", "samples")
        ),
    };
    headline::regressions(comparison)
        .take(MAX_REGRESSIONS)
        .map(view)
        .collect()
}

/// How many regressed slices the opening list leaves to the table below it; `None` where it names all.
pub fn more_regressions(comparison: &Comparison) -> Option<String> {
    let all = headline::regressions(comparison).count();
    (all > MAX_REGRESSIONS).then(|| counted((all - MAX_REGRESSIONS) as u64, "more slice", "more slices"))
}

/// The slices of a comparison, most harm first.
pub fn slices(comparison: &Comparison) -> SliceTable {
    let keep = |(i, slice): &(usize, &SliceResult)| {
        *i < MAX_SLICES || slice.detail.is_some() || slice.verdict == Verdict::Regressed
    };
    let kept: Vec<&SliceResult> = comparison
        .slices
        .iter()
        .enumerate()
        .filter(keep)
        .map(|(_, slice)| slice)
        .collect();
    let measure = Measure::of(&comparison.roles);
    let axis = Axis::around_zero(kept.iter().flat_map(|slice| [&slice.ci_low, &slice.ci_high]));
    let rows: Vec<SliceRow> = kept
        .iter()
        .map(|slice| row(slice, &axis, &measure, comparison.options.alpha))
        .collect();
    let all = comparison.slices.len() as u64;
    let listed = if all == rows.len() as u64 {
        format!("{} listed, most harm first", counted(all, "slice is", "slices are"))
    } else {
        format!(
            "{} of {} slices are listed: the {} with the most harm and every other that regressed; the rest are in \
             data/comparison.json",
            count(rows.len() as u64),
            count(all),
            count(MAX_SLICES as u64),
        )
    };
    let tested = counted(comparison.slices_tested, "slice was", "slices were");
    let note =
        format!("{listed}. {tested} large enough to be tested; their q-values are adjusted for that many tests.");
    SliceTable {
        caption: match measure.kind.has_labels() {
            true => "Accuracy by slice, candidate minus baseline, with unadjusted".to_owned(),
            false => format!("{} by slice, candidate minus baseline, with unadjusted", measure.title),
        },
        in_points: measure.kind.has_labels(),
        any: !rows.is_empty(),
        rows,
        note,
    }
}

/// The answer for a slice.
pub fn badge(slice: &SliceResult, alpha: f64) -> Badge {
    verdict_badge(
        slice.verdict,
        slice.churned > 0,
        slice.q_value.is_some_and(|q| q < alpha),
    )
}

fn row(slice: &SliceResult, axis: &Axis, measure: &Measure, alpha: f64) -> SliceRow {
    let unit = measure.unit;
    let badge = badge(slice, alpha);
    SliceRow {
        predicates: predicate_views(&slice.predicates),
        href: slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
        n: count(slice.n),
        baseline: unit.value(slice.baseline),
        candidate: unit.value(slice.candidate),
        delta: unit.delta(slice.delta).replace(" points", ""),
        interval: unit.delta_interval(slice.ci_low, slice.ci_high),
        bar: axis.bar(slice.ci_low, slice.delta, slice.ci_high, badge.class),
        regressed: count(slice.regressed),
        fixed: count(slice.fixed),
        harm: signed_count(slice.harm),
        detectable: unit.size(slice.detectable).replace(" points", ""),
        q: p_value(slice.q_value, "not tested"),
        badge,
    }
}
