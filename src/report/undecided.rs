//! What the numbers leave open: intervals that hold a loss and a gain.

use super::format::{Unit, count, counted};
use super::headline::testable;
use super::links;
use super::measure::Measure;
use super::words::{PredicateView, metric_title, predicate_views};
use crate::model::{Comparison, Metric, SliceResult};
use serde::Serialize;

/// Slices that are named; those with the most samples, which one would expect to know most about.
const MAX_SLICES: usize = 8;

/// What is left open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undecided {
    /// Whether anything is.
    pub any: bool,
    /// Metrics whose interval holds zero.
    pub metrics: Vec<UndecidedMetric>,
    /// Slices in which neither a loss nor a gain of the minimum effect is excluded.
    pub slices: Vec<UndecidedSlice>,
    /// How many slices that is, and how many were too small to be tested.
    pub sentence: String,
}

/// A metric whose interval holds zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UndecidedMetric {
    /// Its title.
    pub title: String,
    /// Its interval.
    pub interval: String,
}

/// A slice whose interval holds both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UndecidedSlice {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Its page.
    pub href: Option<String>,
    /// Matched samples.
    pub n: String,
    /// Its interval.
    pub interval: String,
    /// Smallest change that would be found.
    pub detectable: String,
}

/// What a comparison leaves open.
pub fn undecided(comparison: &Comparison) -> Undecided {
    let metrics = comparison
        .metrics
        .iter()
        .filter(|metric| spans(metric.ci_low, metric.ci_high, 0.0));
    let metrics: Vec<UndecidedMetric> = metrics.filter(|metric| metric.delta.is_some()).map(metric).collect();
    let least = comparison.options.min_effect_slice;
    let tested = comparison.slices.iter().filter(|slice| slice.q_value.is_some());
    let mut open: Vec<&SliceResult> = tested
        .filter(|slice| spans(slice.ci_low, slice.ci_high, least))
        .collect();
    open.sort_by_key(|slice| std::cmp::Reverse(slice.n));
    let unit = Measure::of(&comparison.roles).unit;
    Undecided {
        any: !metrics.is_empty() || !open.is_empty(),
        sentence: sentence(comparison, open.len()),
        slices: open.iter().take(MAX_SLICES).map(|open| slice(open, unit)).collect(),
        metrics,
    }
}

/// Whether an interval reaches beyond `least` on both sides of zero.
fn spans(low: Option<f64>, high: Option<f64>, least: f64) -> bool {
    low.is_some_and(|low| low < -least) && high.is_some_and(|high| high > least)
}

fn metric(metric: &Metric) -> UndecidedMetric {
    let unit = Unit::of_metric(&metric.name);
    UndecidedMetric {
        title: metric_title(&metric.name),
        interval: unit.delta_interval(metric.ci_low, metric.ci_high),
    }
}

fn slice(slice: &SliceResult, unit: Unit) -> UndecidedSlice {
    UndecidedSlice {
        predicates: predicate_views(&slice.predicates),
        href: slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
        n: count(slice.n),
        interval: unit.delta_interval(slice.ci_low, slice.ci_high),
        detectable: unit.size(slice.detectable),
    }
}

fn sentence(comparison: &Comparison, open: usize) -> String {
    let least = Measure::of(&comparison.roles)
        .unit
        .size(Some(comparison.options.min_effect_slice));
    let small = comparison.slices.len() as u64 - comparison.slices_tested.min(comparison.slices.len() as u64);
    let named = match open {
        0 if comparison.slices_tested == 0 => format!("No slice was {} to be tested", testable(comparison)),
        0 => "In every tested slice the interval excludes a loss or a gain of the minimum effect".to_owned(),
        n => format!(
            "In {} neither a loss nor a gain of more than {least}, the minimum effect, is excluded",
            counted(n as u64, "tested slice", "tested slices")
        ),
    };
    let largest = if open > MAX_SLICES {
        format!("; the {MAX_SLICES} largest are listed")
    } else {
        String::new()
    };
    let untested = match small {
        0 => String::new(),
        n => format!(" {} too small to be tested.", counted(n, "slice is", "slices are")),
    };
    format!("{named}{largest}.{untested}")
}
