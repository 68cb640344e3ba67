//! The table of slices.

use super::bars::{Axis, Bar};
use super::charts::Chart;
use super::charts::axis::axis;
use super::format::{count, counted, level, p_value, round_percent, signed_count};
use super::measure::Measure;
use super::words::{Badge, PredicateView, predicate_views, verdict_badge};
use super::{headline, links};
use crate::model::{Comparison, SliceResult};
use crate::stats::POWER;
use serde::Serialize;

/// Slices with the most harm that are shown at once.
const WORST: usize = 20;
/// Slices with the least harm, which are those with the most help, that are shown at once.
const BEST: usize = 10;
/// Slices that a page lists, besides all that have a page.
pub const MAX_SLICES: usize = 150;

/// All slices that a page lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceTable {
    /// The slices that matter most.
    pub first: SliceRows,
    /// The others.
    pub rest: SliceRows,
    /// How many others there are; `None` without any.
    pub more: Option<String>,
    /// What is listed and what was tested.
    pub note: String,
    /// Whether there is any.
    pub any: bool,
}

/// Slices of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceRows {
    /// What the table is called.
    pub label: &'static str,
    /// What the table shows.
    pub caption: String,
    /// The axis of the intervals; none where they are not drawn.
    pub axis: Option<Chart>,
    /// One row per slice.
    pub rows: Vec<SliceRow>,
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
pub const MAX_REGRESSIONS: usize = 12;

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
    let kept = kept(&comparison.slices);
    let (first, rest) = split(&kept);
    let axes = Axis::around_zero(first.iter().flat_map(|slice| [&slice.ci_low, &slice.ci_high]));
    let measure = Measure::of(&comparison.roles);
    let rows = |slices: &[&SliceResult], axis: Option<&Axis>| -> Vec<SliceRow> {
        let row = |slice: &&SliceResult| row(slice, axis, &measure, comparison.options.alpha);
        slices.iter().map(row).collect()
    };
    let more = counted(rest.len() as u64, "more slice", "more slices");
    SliceTable {
        any: !first.is_empty(),
        note: note(comparison, kept.len()),
        more: (!rest.is_empty()).then(|| more.clone()),
        first: SliceRows {
            label: "Slices",
            caption: match rest.is_empty() {
                true => caption(&measure, comparison, "all slices"),
                false => caption(
                    &measure,
                    comparison,
                    &format!("the {WORST} with the most harm and the {BEST} with the least"),
                ),
            },
            axis: (!first.is_empty()).then(|| axis("slice-axis", &axes, measure.unit)),
            rows: rows(&first, Some(&axes)),
        },
        rest: SliceRows {
            label: "More slices",
            caption: caption(&measure, comparison, &more),
            axis: None,
            rows: rows(&rest, None),
        },
    }
}

/// Slices that a page lists.
fn kept(slices: &[SliceResult]) -> Vec<&SliceResult> {
    let last = slices.len().saturating_sub(BEST);
    let keep = |(i, slice): &(usize, &SliceResult)| *i < MAX_SLICES - BEST || *i >= last || slice.detail.is_some();
    slices.iter().enumerate().filter(keep).map(|(_, slice)| slice).collect()
}

/// The slices to show at once, and the others; both most harm first.
fn split<'a>(kept: &[&'a SliceResult]) -> (Vec<&'a SliceResult>, Vec<&'a SliceResult>) {
    if kept.len() <= WORST + BEST {
        return (kept.to_vec(), Vec::new());
    }
    let (worst, others) = kept.split_at(WORST);
    let (rest, best) = others.split_at(others.len() - BEST);
    ([worst, best].concat(), rest.to_vec())
}

fn caption(measure: &Measure, comparison: &Comparison, which: &str) -> String {
    let points = if measure.kind.has_labels() { " in points" } else { "" };
    format!(
        "{} by slice, {which}: candidate minus baseline, with unadjusted {} intervals{points}; detectable is the change \
         that would be found with {} power",
        measure.title,
        level(comparison.options.alpha),
        round_percent(POWER),
    )
}

fn note(comparison: &Comparison, listed: usize) -> String {
    let all = comparison.slices.len();
    if comparison.roles.slices.is_empty() && all == 0 {
        return "No slice columns were given.".to_owned();
    }
    let listed = if all == listed {
        format!(
            "{} listed, most harm first",
            counted(all as u64, "slice is", "slices are")
        )
    } else {
        format!(
            "{} of {} slices are listed: those with the most harm, the {BEST} with the least and every other that \
             has a page; the rest are in data/comparison.json",
            count(listed as u64),
            count(all as u64),
        )
    };
    let tested = counted(comparison.slices_tested, "slice was", "slices were");
    let testable = headline::testable(comparison);
    format!("{listed}. {tested} {testable} to be tested; their q-values are adjusted for that many tests.")
}

/// The answer for a slice.
pub fn badge(slice: &SliceResult, alpha: f64) -> Badge {
    verdict_badge(
        slice.verdict,
        slice.churned > 0,
        slice.q_value.is_some_and(|q| q < alpha),
    )
}

fn row(slice: &SliceResult, axis: Option<&Axis>, measure: &Measure, alpha: f64) -> SliceRow {
    let unit = measure.unit;
    let badge = badge(slice, alpha);
    let [baseline, candidate] = unit.values(slice.baseline, slice.candidate);
    SliceRow {
        predicates: predicate_views(&slice.predicates),
        href: slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
        n: count(slice.n),
        baseline,
        candidate,
        delta: unit.delta(slice.delta).replace(" points", ""),
        interval: unit.delta_interval(slice.ci_low, slice.ci_high),
        bar: axis.and_then(|axis| axis.bar(slice.ci_low, slice.delta, slice.ci_high, badge.class)),
        regressed: count(slice.regressed),
        fixed: count(slice.fixed),
        harm: signed_count(slice.harm),
        detectable: unit.size(slice.detectable).replace(" points", ""),
        q: p_value(slice.q_value, "not tested"),
        badge,
    }
}
