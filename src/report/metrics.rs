//! The metrics table.

use super::bars::{Axis, Bar};
use super::format::{NONE, Unit, p_value};
use super::words::{self, Badge};
use crate::model::{Comparison, Metric};
use serde::Serialize;

/// One metric of both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricRow {
    /// Its title.
    pub title: String,
    /// Which way is better.
    pub direction: &'static str,
    /// The baseline's value.
    pub baseline: String,
    /// The candidate's.
    pub candidate: String,
    /// The difference.
    pub delta: String,
    /// Its interval.
    pub interval: String,
    /// Its interval drawn.
    pub bar: Option<Bar>,
    /// The p-value.
    pub p: String,
    /// The answer.
    pub badge: Badge,
    /// What limits the number.
    pub note: Option<String>,
}

/// A metric of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueRow {
    /// Its title.
    pub title: String,
    /// Which way is better.
    pub direction: &'static str,
    /// The value.
    pub value: String,
    /// Its interval.
    pub interval: String,
    /// What limits the number.
    pub note: Option<String>,
}

/// The rows of a comparison; their bars share one axis.
pub fn of_pair(comparison: &Comparison) -> Vec<MetricRow> {
    let drawn = comparison.metrics.iter().filter(|metric| has_bar(metric));
    let axis = Axis::around_zero(drawn.flat_map(|metric| [&metric.ci_low, &metric.ci_high]));
    comparison
        .metrics
        .iter()
        .map(|metric| row(metric, &axis, comparison))
        .collect()
}

/// The rows of one version.
pub fn of_run(metrics: &[Metric]) -> Vec<ValueRow> {
    let row = |metric: &Metric| {
        let unit = Unit::of_metric(&metric.name);
        ValueRow {
            title: words::metric_title(&metric.name),
            direction: words::direction(metric.direction),
            value: unit.value(metric.candidate),
            interval: unit.value_interval(metric.ci_low, metric.ci_high),
            note: metric.note.as_deref().map(words::visible),
        }
    };
    metrics.iter().map(row).collect()
}

fn has_bar(metric: &Metric) -> bool {
    metric.delta.is_some() && Unit::of_metric(&metric.name) != Unit::Milliseconds
}

fn row(metric: &Metric, axis: &Axis, comparison: &Comparison) -> MetricRow {
    let unit = Unit::of_metric(&metric.name);
    let badge = words::metric_badge(metric, comparison.options.alpha, comparison.outcomes.flips());
    let paired = metric.delta.is_none();
    let interval = if paired {
        unit.value_interval(metric.ci_low, metric.ci_high)
    } else {
        unit.delta_interval(metric.ci_low, metric.ci_high)
    };
    MetricRow {
        title: words::metric_title(&metric.name),
        direction: words::direction(metric.direction),
        baseline: unit.value(metric.baseline),
        candidate: unit.value(metric.candidate),
        delta: unit.delta(metric.delta),
        interval,
        bar: if has_bar(metric) {
            axis.bar(metric.ci_low, metric.delta, metric.ci_high, badge.class)
        } else {
            None
        },
        p: p_value(metric.p_value, NONE),
        badge,
        note: metric.note.as_deref().map(words::visible),
    }
}
