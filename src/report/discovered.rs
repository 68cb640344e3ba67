//! Slices that a search found: the section of the overview, and the sentences elsewhere.

use super::bars::{Axis, Bar};
use super::format::{Unit, count, counted, p_value};
use super::links;
use super::measure::Measure;
use super::words::{self, Badge, PredicateView, predicate_views};
use crate::model::{Comparison, Discovered, DiscoveredSlice, Findings, SliceResult};
use crate::stats::search::MAX_PREDICATES;
use serde::Serialize;

/// What a search found and how far it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Search {
    /// What was found, in one sentence.
    pub sentence: String,
    /// How far the search went.
    pub extent: String,
    /// The metric that differs.
    pub metric: String,
    /// Whether its differences are in percentage points.
    pub in_points: bool,
    /// The columns that it did not look at.
    pub left_out: Vec<LeftOutView>,
    /// The slices found, what got worse first.
    pub rows: Vec<FoundRow>,
    /// Whether there are any.
    pub any: bool,
}

/// A column that was not searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutView {
    /// Its name.
    pub column: String,
    /// Why.
    pub reason: String,
}

/// A slice that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundRow {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Its page.
    pub href: Option<String>,
    /// Samples where it was found.
    pub exploring_n: String,
    /// The difference there.
    pub exploring: String,
    /// Samples where it was confirmed.
    pub n: String,
    /// The difference there.
    pub delta: String,
    /// Its interval.
    pub interval: String,
    /// Its interval drawn.
    pub bar: Option<Bar>,
    /// Adjusted p-value.
    pub q: String,
    /// Slices that it explains.
    pub explains: String,
    /// The answer.
    pub badge: Badge,
}

/// The section of the overview; `None` where nothing was searched.
pub fn search(comparison: &Comparison) -> Option<Search> {
    let discovered = comparison.discovered.as_ref()?;
    let slices = || discovered.directions().into_iter().flat_map(|found| &found.slices);
    let axis = Axis::around_zero(slices().flat_map(|found| [&found.confirming.ci_low, &found.confirming.ci_high]));
    let measure = Measure::of(&comparison.roles);
    let rows: Vec<FoundRow> = slices()
        .map(|found| row(found, measure.unit, &axis, comparison.options.alpha))
        .collect();
    Some(Search {
        in_points: measure.unit == Unit::Share,
        metric: measure.title,
        sentence: sentence(discovered),
        extent: extent(discovered),
        left_out: discovered
            .left_out
            .iter()
            .map(|left_out| LeftOutView {
                column: words::visible(&left_out.column),
                reason: words::visible(&left_out.reason),
            })
            .collect(),
        any: !rows.is_empty(),
        rows,
    })
}

/// What was found, in one sentence.
pub fn sentence(discovered: &Discovered) -> String {
    let confirmed = |found: &Findings| counted(found.confirmed().count() as u64, "slice", "slices");
    format!(
        "A search over {} confirmed {} that got worse and {} that got better",
        counted(discovered.columns.len() as u64, "column", "columns"),
        confirmed(&discovered.worse),
        confirmed(&discovered.better),
    )
}

fn extent(discovered: &Discovered) -> String {
    let [exploring, confirming] = discovered.halves;
    let levels = discovered.directions().into_iter().flat_map(|found| &found.levels);
    let (counted_ones, pruned) = levels.fold((0, 0), |(counted, pruned): (u64, u64), level| {
        (
            counted.saturating_add(level.counted),
            pruned.saturating_add(level.pruned),
        )
    });
    let left_out: u64 = discovered.directions().map(Findings::left_out).iter().sum();
    let samples = match discovered.one_in {
        1 => String::new(),
        one_in => format!("One in {} matched samples was searched. ", count(one_in)),
    };
    let rest = match left_out {
        0 => "so that no slice was missed for want of time".to_owned(),
        n => format!("and {} were left out for want of time", count(n)),
    };
    format!(
        "{samples}Slices of up to {MAX_PREDICATES} conditions were looked for on {} of at least {} each, and those found \
         were tested on {} others. {} conditions or combinations of them were counted, {} more were ruled out by bounds, \
         {rest}.",
        counted(exploring, "sample", "samples"),
        count(discovered.min_support),
        count(confirming),
        count(counted_ones),
        count(pruned),
    )
}

/// The answer for a slice that was found.
pub fn badge(found: &DiscoveredSlice, alpha: f64) -> Badge {
    words::found_badge(found.slice.verdict, found.q_value < alpha)
}

fn row(found: &DiscoveredSlice, unit: Unit, axis: &Axis, alpha: f64) -> FoundRow {
    let (exploring, confirming) = (&found.exploring, &found.confirming);
    let badge = badge(found, alpha);
    FoundRow {
        predicates: predicate_views(&found.slice.predicates),
        href: found.slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
        exploring_n: count(exploring.n),
        exploring: unit.delta(exploring.delta).replace(" points", ""),
        n: count(confirming.n),
        delta: unit.delta(confirming.delta).replace(" points", ""),
        interval: unit.delta_interval(confirming.ci_low, confirming.ci_high),
        bar: axis.bar(confirming.ci_low, confirming.delta, confirming.ci_high, badge.class),
        q: p_value(Some(found.q_value), ""),
        explains: count(found.explains),
        badge,
    }
}

/// The confirmed slices, what got worse first; the numbers are those of the confirming half.
pub fn confirmed(comparison: &Comparison) -> impl Iterator<Item = &DiscoveredSlice> {
    let found = comparison.discovered.iter().flat_map(Discovered::directions);
    found.flat_map(Findings::confirmed)
}

/// "-12.3 points on 812 samples", of the confirming half.
pub fn numbers(found: &DiscoveredSlice, unit: Unit) -> String {
    let confirming = &found.confirming;
    format!(
        "{} on {}",
        unit.delta(confirming.delta),
        counted(confirming.n, "sample", "samples")
    )
}

/// The discovered slice with this page.
pub fn with_slug<'a>(comparison: &'a Comparison, slug: &str) -> Option<&'a SliceResult> {
    let mut slices = confirmed(comparison).map(|found| &found.slice);
    slices.find(|slice| slice.detail.as_ref().is_some_and(|detail| detail.slug == slug))
}
