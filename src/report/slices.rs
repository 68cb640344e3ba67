//! The slices table: where the candidate got better and worse.

use super::bars::{Axis, Bar};
use super::format::{Unit, count, counted, p_value, percent, points, signed_count};
use super::links;
use super::words::{Badge, PredicateView, predicate_views, verdict_badge};
use crate::model::report::RunSlice;
use crate::model::slice::Origin;
use crate::model::{SliceResult, Verdict};
use serde::Serialize;

/// Slices without a page of their own that the table shows; the rest is counted.
const CAP: usize = 200;

/// The slices of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceTable {
    /// Most harm first.
    pub rows: Vec<SliceRow>,
    /// What was tested and what is left out, in words.
    pub note: String,
}

/// One slice of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceRow {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Its page.
    pub href: Option<String>,
    /// "declared" or "crossed".
    pub origin: &'static str,
    /// Matched samples.
    pub n: String,
    /// Baseline accuracy.
    pub baseline: String,
    /// Candidate accuracy.
    pub candidate: String,
    /// The difference in points.
    pub delta: String,
    /// Its interval.
    pub interval: String,
    /// The interval as a drawing.
    pub bar: Option<Bar>,
    /// Right, now wrong.
    pub regressed: String,
    /// Wrong, now right.
    pub fixed: String,
    /// Regressed minus fixed.
    pub harm: String,
    /// p-value.
    pub p: String,
    /// q-value.
    pub q: String,
    /// What the difference means.
    pub badge: Badge,
}

/// One slice of a single run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSliceRow {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Scored samples.
    pub n: String,
    /// Share answered correctly.
    pub accuracy: String,
    /// Its interval.
    pub interval: String,
    /// The interval as a drawing.
    pub bar: Option<Bar>,
}

/// Origin in words.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Declared => "declared",
        Origin::Crossed => "crossed",
    }
}

/// The badge of a slice.
pub fn slice_badge(slice: &SliceResult, alpha: f64) -> Badge {
    let differs = slice.regressed + slice.fixed + slice.churned > 0;
    let significant = slice.q_value.is_some_and(|q| q < alpha);
    if slice.verdict == Verdict::Inconclusive && slice.q_value.is_none() {
        return Badge { class: "unknown", text: "too small to test" };
    }
    verdict_badge(slice.verdict, differs, significant)
}

/// The slices table; slices with a page are never left out.
pub fn table(slices: &[SliceResult], tested: u64, alpha: f64) -> SliceTable {
    let axis = Axis::around_zero(slices.iter().filter(|s| s.q_value.is_some()).flat_map(|s| [&s.ci_low, &s.delta, &s.ci_high]));
    let shown = |&(i, slice): &(usize, &SliceResult)| i < CAP || slice.detail.is_some();
    let rows: Vec<SliceRow> = slices.iter().enumerate().filter(shown).map(|(_, slice)| row(slice, &axis, alpha)).collect();
    let mut note = format!("{} tested together; ordered by harm.", counted(tested, "slice", "slices"));
    let left = slices.len() - rows.len();
    if left > 0 {
        let (few, all) = (count(rows.len() as u64), count(slices.len() as u64));
        note += &format!(" Showing {few} of {all}; the other {} with less harm stand in the data file.", count(left as u64));
    }
    SliceTable { rows, note }
}

fn row(slice: &SliceResult, axis: &Axis, alpha: f64) -> SliceRow {
    let badge = slice_badge(slice, alpha);
    SliceRow {
        predicates: predicate_views(&slice.predicates),
        href: slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
        origin: origin(slice.origin),
        n: count(slice.n),
        baseline: percent(slice.baseline),
        candidate: percent(slice.candidate),
        delta: points(slice.delta),
        interval: Unit::Share.delta_interval(slice.ci_low, slice.ci_high),
        bar: axis.bar(slice.ci_low, slice.delta, slice.ci_high, badge.class),
        regressed: count(slice.regressed),
        fixed: count(slice.fixed),
        harm: signed_count(slice.harm),
        p: p_value(slice.p_value, "not tested"),
        q: p_value(slice.q_value, "not tested"),
        badge,
    }
}

/// The slices of a single run, and what is left out in words.
pub fn run_rows(slices: &[RunSlice], overall: Option<f64>) -> (Vec<RunSliceRow>, String) {
    let axis = Axis::share(overall.unwrap_or(0.0));
    let row = |slice: &RunSlice| RunSliceRow {
        predicates: predicate_views(&slice.predicates),
        n: count(slice.n),
        accuracy: percent(slice.accuracy),
        interval: Unit::Share.value_interval(slice.ci_low, slice.ci_high),
        bar: axis.bar(slice.ci_low, slice.accuracy, slice.ci_high, "noise"),
    };
    let rows: Vec<RunSliceRow> = slices.iter().take(CAP).map(row).collect();
    let left = slices.len() - rows.len();
    let mut note = "Lowest accuracy first; intervals are not adjusted for looking at many slices.".to_owned();
    if left > 0 {
        note += &format!(" Showing {CAP} of {}; the rest stands in the data file.", count(slices.len() as u64));
    }
    (rows, note)
}
