//! The metrics table.

use super::bars::{Axis, Bar};
use super::charts::Chart;
use super::charts::axis::axis;
use super::cut::Cut;
use super::format::{NONE, Unit, p_value};
use super::headline::headline_metric;
use super::links;
use super::words::{self, Badge};
use crate::model::{Comparison, Metric};
use crate::stats::SCORE_PREFIX;
use serde::Serialize;

/// Notes name labels, which may be long.
const NOTE: Cut = Cut {
    most: 1_000,
    file: "data/comparison.json",
};
/// The same where there is one version.
const RUN_NOTE: Cut = Cut {
    file: "data/report-data.json",
    ..NOTE
};

/// Metrics whose intervals are drawn on one axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricGroup {
    /// What they have in common.
    pub title: &'static str,
    /// The axis; none where nothing is drawn.
    pub axis: Option<Chart>,
    /// The metrics.
    pub rows: Vec<MetricRow>,
}

/// One metric of both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricRow {
    /// Its title.
    pub title: String,
    /// Its anchor on the page of definitions.
    pub anchor: String,
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
    /// Its anchor on the page of definitions.
    pub anchor: String,
    /// Which way is better.
    pub direction: &'static str,
    /// The value.
    pub value: String,
    /// Its interval.
    pub interval: String,
    /// What limits the number.
    pub note: Option<String>,
}

/// The metrics of a comparison: the headline, then the others by what they are measured in.
pub fn of_pair(comparison: &Comparison) -> Vec<MetricGroup> {
    let headline = headline_metric(comparison).map(|metric| metric.name.as_str());
    let is_headline = |metric: &&Metric| Some(metric.name.as_str()) == headline;
    let mut groups: Vec<(&'static str, Vec<&Metric>)> =
        vec![("Headline", comparison.metrics.iter().filter(is_headline).collect())];
    for metric in comparison.metrics.iter().filter(|metric| !is_headline(metric)) {
        let title = scale(&metric.name);
        // Scores have whatever unit their authors gave them, so that each has an axis of its own.
        let own = metric.name.starts_with(SCORE_PREFIX);
        match groups.iter_mut().skip(1).find(|(known, _)| *known == title && !own) {
            Some((_, metrics)) => metrics.push(metric),
            None => groups.push((title, vec![metric])),
        }
    }
    // What is measured as the headline is comes right after it.
    if let (Some(headline), Some((_, others))) = (headline, groups.split_first_mut()) {
        others.sort_by_key(|(title, _)| *title != scale(headline));
    }
    let filled = groups.into_iter().filter(|(_, metrics)| !metrics.is_empty());
    let numbered = filled.enumerate();
    numbered
        .map(|(i, (title, metrics))| group(i, title, &metrics, comparison))
        .collect()
}

/// What a metric is measured in: metrics of one scale can share an axis.
fn scale(name: &str) -> &'static str {
    match name {
        "mae" | "rmse" | "mean_error" => "In the unit of the target",
        _ if name.starts_with(SCORE_PREFIX) => "Score",
        _ => match Unit::of_metric(name) {
            Unit::Share => "Shares, in points",
            Unit::Milliseconds => "Times",
            Unit::Plain | Unit::Measured => "Indices",
        },
    }
}

fn group(i: usize, title: &'static str, metrics: &[&Metric], comparison: &Comparison) -> MetricGroup {
    let drawn = metrics.iter().filter(|metric| has_bar(metric));
    let ends = Axis::around_zero(drawn.flat_map(|metric| [&metric.ci_low, &metric.ci_high]));
    let rows: Vec<MetricRow> = metrics.iter().map(|metric| row(metric, &ends, comparison)).collect();
    let unit = metrics
        .first()
        .map_or(Unit::Plain, |metric| Unit::of_metric(&metric.name));
    let any = rows.iter().any(|row| row.bar.is_some());
    MetricGroup {
        title,
        axis: any.then(|| axis(&format!("metric-axis-{i}"), &ends, unit)),
        rows,
    }
}

/// The rows of one version.
pub fn of_run(metrics: &[Metric]) -> Vec<ValueRow> {
    let row = |metric: &Metric| {
        let unit = Unit::of_metric(&metric.name);
        ValueRow {
            title: words::metric_title(&metric.name),
            anchor: links::metric(&metric.name),
            direction: words::direction(metric.direction),
            value: unit.value(metric.candidate),
            interval: unit.value_interval(metric.ci_low, metric.ci_high),
            note: metric.note.as_deref().map(|note| RUN_NOTE.text(note)),
        }
    };
    metrics.iter().map(row).collect()
}

fn has_bar(metric: &Metric) -> bool {
    metric.delta.is_some() && Unit::of_metric(&metric.name) != Unit::Milliseconds
}

fn row(metric: &Metric, axis: &Axis, comparison: &Comparison) -> MetricRow {
    let unit = Unit::of_metric(&metric.name);
    let badge = words::metric_badge(metric, comparison.options.alpha, comparison.flips());
    let paired = metric.delta.is_none();
    let interval = if paired {
        unit.value_interval(metric.ci_low, metric.ci_high)
    } else {
        unit.delta_interval(metric.ci_low, metric.ci_high)
    };
    let [baseline, candidate] = unit.values(metric.baseline, metric.candidate);
    MetricRow {
        title: words::metric_title(&metric.name),
        anchor: links::metric(&metric.name),
        direction: words::direction(metric.direction),
        baseline,
        candidate,
        delta: unit.delta(metric.delta),
        interval,
        bar: if has_bar(metric) {
            axis.bar(metric.ci_low, metric.delta, metric.ci_high, badge.class)
        } else {
            None
        },
        p: p_value(metric.p_value, NONE),
        badge,
        note: metric.note.as_deref().map(|note| NOTE.text(note)),
    }
}
