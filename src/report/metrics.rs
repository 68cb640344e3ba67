//! The metrics table: values of both versions, the difference, its interval and what it means.

use super::bars::{Axis, Bar};
use super::format::{NONE, Unit, p_value};
use super::words::{Badge, direction, metric_badge, metric_title, visible};
use crate::model::Metric;
use serde::Serialize;

/// One metric of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricRow {
    /// Title.
    pub name: String,
    /// Which way is better, in words.
    pub direction: &'static str,
    /// The baseline's value.
    pub baseline: String,
    /// The candidate's value, or the paired metric's.
    pub candidate: String,
    /// The difference, signed.
    pub delta: String,
    /// The interval of the difference, or of a paired metric's value.
    pub interval: String,
    /// The interval as a drawing; for differences in the unit of the axis alone.
    pub bar: Option<Bar>,
    /// The p-value, or a dash where there is no test.
    pub p: String,
    /// What the difference means.
    pub badge: Badge,
    /// What limits the number.
    pub note: Option<String>,
}

/// One metric of a single run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueRow {
    /// Title.
    pub name: String,
    /// Which way is better, in words.
    pub direction: &'static str,
    /// The value.
    pub value: String,
    /// Its interval.
    pub interval: String,
    /// What limits the number.
    pub note: Option<String>,
}

/// The rows of the metrics table.
pub fn metric_rows(metrics: &[Metric], alpha: f64) -> Vec<MetricRow> {
    let drawn = |metric: &&Metric| metric.delta.is_some() && Unit::of_metric(&metric.name) != Unit::Milliseconds;
    let axis = Axis::around_zero(metrics.iter().filter(drawn).flat_map(|m| [&m.ci_low, &m.delta, &m.ci_high]));
    let row = |metric: &Metric| {
        let unit = Unit::of_metric(&metric.name);
        let badge = metric_badge(metric, alpha);
        let interval = match metric.delta {
            Some(_) => unit.delta_interval(metric.ci_low, metric.ci_high),
            None => unit.value_interval(metric.ci_low, metric.ci_high),
        };
        let bar = if drawn(&metric) {
            axis.bar(metric.ci_low, metric.delta, metric.ci_high, badge.class)
        } else {
            None
        };
        MetricRow {
            name: metric_title(&metric.name),
            direction: direction(metric.direction),
            baseline: unit.value(metric.baseline),
            candidate: unit.value(metric.candidate),
            delta: unit.delta(metric.delta),
            interval,
            bar,
            p: p_value(metric.p_value, NONE),
            badge,
            note: metric.note.as_deref().map(visible),
        }
    };
    metrics.iter().map(row).collect()
}

/// The rows of a single run's metrics table.
pub fn value_rows(metrics: &[Metric], accuracy_interval: [Option<f64>; 2]) -> Vec<ValueRow> {
    let row = |metric: &Metric| {
        let unit = Unit::of_metric(&metric.name);
        let [low, high] = match (metric.name.as_str(), metric.ci_low) {
            ("accuracy", None) => accuracy_interval,
            _ => [metric.ci_low, metric.ci_high],
        };
        ValueRow {
            name: metric_title(&metric.name),
            direction: direction(metric.direction),
            value: unit.value(metric.candidate),
            interval: unit.value_interval(low, high),
            note: metric.note.as_deref().map(visible),
        }
    };
    metrics.iter().map(row).collect()
}
