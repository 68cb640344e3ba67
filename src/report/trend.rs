//! The headline metric over versions, drawn on the page of newest reports.

use super::format::{Unit, coordinate};
use super::words;
use serde::Serialize;
use std::collections::BTreeMap;

/// Versions that a chart shows, at most; the newest ones.
const MAX_POINTS: usize = 30;
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 120.0;
/// Room around the line, for marks.
const MARGIN: f64 = 8.0;

/// What a report says of a table's headline metric.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendSource {
    /// The table.
    pub table: String,
    /// Name of the metric.
    pub metric: String,
    /// The versions of the report.
    pub points: Vec<Point>,
}

/// A version's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The version.
    pub version: String,
    /// Place of its run in the table's history.
    pub order: i64,
    /// The value.
    pub value: f64,
}

/// One chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrendView {
    /// What is shown.
    pub title: String,
    /// The same in words.
    pub summary: String,
    /// The lowest value, at the foot of the axis.
    pub low: String,
    /// The highest, at its head; none where all are the same.
    pub high: Option<String>,
    /// The line's corners.
    pub line: String,
    /// The versions.
    pub points: Vec<PointView>,
}

/// A version on a chart and in its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointView {
    /// The version.
    pub version: String,
    /// Its value.
    pub value: String,
    /// Where it stands.
    pub x: String,
    /// How high.
    pub y: String,
}

/// One chart for each table and metric with at least two runs. Of a run in several reports the newest report counts.
pub fn trends<'a>(newest_first: impl Iterator<Item = &'a TrendSource>) -> Vec<TrendView> {
    let mut charts: BTreeMap<(&str, &str), BTreeMap<i64, &Point>> = BTreeMap::new();
    for source in newest_first {
        let chart = charts
            .entry((source.table.as_str(), source.metric.as_str()))
            .or_default();
        for point in source.points.iter().filter(|point| point.value.is_finite()) {
            chart.entry(point.order).or_insert(point);
        }
    }
    let several = charts.into_iter().filter(|(_, points)| points.len() > 1);
    several
        .map(|((table, metric), points)| {
            let skip = points.len().saturating_sub(MAX_POINTS);
            let points: Vec<&Point> = points.into_values().skip(skip).collect();
            view(table, metric, &points)
        })
        .collect()
}

fn view(table: &str, metric: &str, points: &[&Point]) -> TrendView {
    let unit = Unit::of_metric(metric);
    let values = || points.iter().map(|point| point.value);
    let (low, high) = (
        values().fold(f64::INFINITY, f64::min),
        values().fold(f64::NEG_INFINITY, f64::max),
    );
    let range = if high > low { high - low } else { 1.0 };
    let step = (WIDTH - 2.0 * MARGIN) / (points.len().saturating_sub(1).max(1)) as f64;
    let place = |(i, point): (usize, &&Point)| PointView {
        version: words::shown(&point.version),
        value: unit.value(Some(point.value)),
        x: coordinate(MARGIN + step * i as f64),
        y: coordinate(HEIGHT - MARGIN - (point.value - low) / range * (HEIGHT - 2.0 * MARGIN)),
    };
    let points: Vec<PointView> = points.iter().enumerate().map(place).collect();
    let corners: Vec<String> = points.iter().map(|point| format!("{},{}", point.x, point.y)).collect();
    let ends_of_axis = unit.values(Some(low), Some(high));
    let ends = points.first().zip(points.last());
    TrendView {
        title: format!("{} in {}", words::metric_title(metric), words::visible(table)),
        summary: ends.map_or_else(String::new, |(first, last)| {
            format!(
                "From {} ({}) to {} ({}); lowest {}, highest {}.",
                first.value, first.version, last.value, last.version, ends_of_axis[0], ends_of_axis[1]
            )
        }),
        high: (high > low).then(|| ends_of_axis[1].clone()),
        low: ends_of_axis[0].clone(),
        line: corners.join(" "),
        points,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(table: &str, points: &[(i64, f64)]) -> TrendSource {
        let point = |&(order, value): &(i64, f64)| Point {
            version: format!("v{order}"),
            order,
            value,
        };
        TrendSource {
            table: table.into(),
            metric: "accuracy".into(),
            points: points.iter().map(point).collect(),
        }
    }

    #[test]
    fn a_run_stands_once_and_in_the_order_of_the_table() {
        let sources = [
            source("a", &[(2, 0.5), (3, 0.75)]),
            source("a", &[(1, 0.25), (2, 0.9)]),
            source("b", &[(1, 0.5)]),
        ];
        let found = trends(sources.iter());
        assert_eq!(found.len(), 1, "one run is no trend");
        let shown: Vec<_> = found[0]
            .points
            .iter()
            .map(|p| (p.version.as_str(), p.value.as_str()))
            .collect();
        assert_eq!(shown, [("v1", "25.0%"), ("v2", "50.0%"), ("v3", "75.0%")]);
        assert_eq!(
            (found[0].low.as_str(), found[0].high.as_deref()),
            ("25.0%", Some("75.0%"))
        );
        assert_eq!(found[0].points[0].y, "112");
        assert_eq!(found[0].points[2].y, "8");
    }

    #[test]
    fn equal_values_and_many_versions_are_drawn() {
        let many: Vec<(i64, f64)> = (0..100).map(|i| (i, 0.5)).collect();
        let found = trends([source("a", &many)].iter());
        assert_eq!(found[0].points.len(), MAX_POINTS);
        assert_eq!(found[0].points[0].version, "v70");
        assert_eq!((found[0].low.as_str(), &found[0].high), ("50.0%", &None));
    }
}
