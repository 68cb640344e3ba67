//! The slices of one version: accuracy with its interval, against how many samples say so.

use super::scale::{self, Scale};
use super::{Chart, Mark, shape};
use crate::model::report::{RunReport, RunSlice};
use crate::report::format::{counted, level, percent};
use crate::report::words;
use serde::Serialize;

/// Most marks of the chart; of more slices, those with the lowest accuracy.
pub const MAX_MARKS: usize = 100;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 508.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 284.0;

/// The chart with what it leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSliceChart {
    /// The chart.
    pub chart: Chart,
    /// What is drawn and what is not.
    pub note: String,
}

/// A slice that can be drawn.
struct Point<'a> {
    slice: &'a RunSlice,
    accuracy: f64,
    ends: [f64; 2],
}

/// The chart; `None` where no slice has an accuracy.
pub fn run_slices(report: &RunReport) -> Option<RunSliceChart> {
    let points: Vec<Point<'_>> = report.slices.iter().filter_map(point).collect();
    if points.is_empty() {
        return None;
    }
    let drawn = points.get(..MAX_MARKS).unwrap_or(&points);
    let [x, y] = scales(drawn, report.overall_accuracy);
    let mut marks = frame(&x, &y, report.overall_accuracy);
    marks.extend(drawn.iter().map(|point| {
        let at = [x.at(point.accuracy * 100.0), y.at(point.slice.n as f64)];
        let ends = point.ends.map(|end| [x.at(end * 100.0), at[1]]);
        let name = format!(
            "{}: {} on {}",
            words::predicates(&point.slice.predicates),
            percent(Some(point.accuracy)),
            counted(point.slice.n, "sample", "samples")
        );
        Mark::shape("slice", shape::line(&ends) + &shape::circle(at, 3.5)).named(name)
    }));
    let left_out = match points.len() - drawn.len() {
        0 => String::new(),
        n => format!(
            " The {} with the highest accuracy {} not drawn.",
            counted(n as u64, "slice", "slices"),
            if n == 1 { "is" } else { "are" }
        ),
    };
    Some(RunSliceChart {
        chart: Chart {
            id: "run-slices".to_owned(),
            title: "Accuracy and size of the slices".to_owned(),
            description: format!(
                "{} by accuracy and number of samples; the dashed line is the accuracy of the whole run. The table has \
                 the numbers.",
                counted(drawn.len() as u64, "slice", "slices")
            ),
            class: "slice-chart",
            width: format!("{WIDTH}"),
            height: format!("{HEIGHT}"),
            linked: false,
            marks,
        },
        note: format!(
            "Lines are {} intervals; the dashed line is the accuracy of the whole run.{left_out}",
            level(report.options.alpha)
        ),
    })
}

fn point(slice: &RunSlice) -> Option<Point<'_>> {
    let accuracy = slice.accuracy?;
    Some(Point {
        slice,
        accuracy,
        ends: [slice.ci_low.unwrap_or(accuracy), slice.ci_high.unwrap_or(accuracy)],
    })
}

/// Wide enough for every interval, in percent.
fn scales(drawn: &[Point<'_>], overall: Option<f64>) -> [Scale; 2] {
    let ends = drawn.iter().flat_map(|point| point.ends).chain(overall);
    let (low, high) = ends.fold((1.0, 0.0), |(low, high): (f64, f64), end| (low.min(end), high.max(end)));
    let room = 0.03 * (high - low).max(0.01);
    let sizes = drawn.iter().map(|point| point.slice.n as f64);
    let (least, most) = sizes.fold((f64::MAX, 1.0), |(least, most): (f64, f64), n| {
        (least.min(n), most.max(n))
    });
    let shares = [(low - room).max(0.0) * 100.0, (high + room).min(1.0) * 100.0];
    [
        Scale::linear(shares, [LEFT, RIGHT]),
        Scale::log([least * 0.7, most * 1.4], [BOTTOM, TOP]),
    ]
}

fn frame(x: &Scale, y: &Scale, overall: Option<f64>) -> Vec<Mark> {
    let (across, digits) = x.ticks(6);
    let (up, _) = y.ticks(6);
    let mut marks = Vec::new();
    for n in up {
        marks.push(Mark::shape("grid", shape::line(&[[LEFT, y.at(n)], [RIGHT, y.at(n)]])));
        marks.push(Mark::text("tick end", LEFT - 6.0, y.at(n) + 4.0, scale::samples(n)));
    }
    for value in across {
        let words = format!("{}%", scale::plain(value, digits));
        let half = 5.0 * words.len() as f64;
        marks.push(Mark::text("tick", x.at(value).min(WIDTH - half), BOTTOM + 18.0, words));
    }
    marks.extend(overall.map(|overall| {
        let place = x.at(overall * 100.0);
        Mark::shape("zero", shape::line(&[[place, TOP], [place, BOTTOM]]))
    }));
    marks.push(Mark::text("tick", (LEFT + RIGHT) / 2.0, BOTTOM + 38.0, "Accuracy"));
    marks.push(Mark::text("tick start", 4.0, TOP - 12.0, "Samples"));
    marks
}
