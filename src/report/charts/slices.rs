//! The slice chart: how much each tested slice changed, against how many samples say so.

use super::scale::{self, Scale};
use super::{Chart, Mark, shape};
use crate::model::{Comparison, Direction, SliceResult};
use crate::report::format::{Unit, counted, level};
use crate::report::measure::Measure;
use crate::report::slices::{MAX_REGRESSIONS, badge};
use crate::report::{headline, links, words};
use serde::Serialize;

/// Most marks of the chart; of more slices, those with the most harm and the most help.
pub const MAX_MARKS: usize = 100;
/// Of these, marks for the slices with the most help.
const HELPED: usize = 30;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 508.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 284.0;

/// The chart with what it leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceChart {
    /// The chart.
    pub chart: Chart,
    /// What is drawn and what is not.
    pub note: String,
}

/// The chart; `None` where no slice was tested.
pub fn slice_chart(comparison: &Comparison) -> Option<SliceChart> {
    let tested: Vec<&SliceResult> = comparison
        .slices
        .iter()
        .filter(|slice| slice.q_value.is_some() && slice.delta.is_some_and(f64::is_finite))
        .collect();
    if tested.is_empty() {
        return None;
    }
    let drawn = pick(&tested);
    let [x, y] = scales(&drawn, comparison);
    let mut marks = frame(&x, &y, comparison);
    marks.extend(shapes(&drawn, &x, &y, comparison));
    let left_out = match tested.len() - drawn.len() {
        0 => String::new(),
        n => format!(
            " {} between the most harmful and the most helped not drawn.",
            counted(n as u64, "tested slice", "tested slices") + if n == 1 { " is" } else { " are" }
        ),
    };
    Some(SliceChart {
        chart: Chart {
            id: "slice-chart".to_owned(),
            title: "Effect and size of the slices".to_owned(),
            description: description(&drawn, comparison),
            class: "slice-chart",
            width: format!("{WIDTH}"),
            height: format!("{HEIGHT}"),
            linked: true,
            marks,
        },
        note: format!(
            "Lines are {} intervals, cut at the edge; the band is the minimum effect.{left_out}",
            level(comparison.options.alpha)
        ),
    })
}

/// Slices come most harm first, so that the middle is what matters least.
fn pick<'a>(tested: &[&'a SliceResult]) -> Vec<&'a SliceResult> {
    if tested.len() <= MAX_MARKS {
        return tested.to_vec();
    }
    let (worst, rest) = tested.split_at(MAX_MARKS - HELPED);
    let best = rest.get(rest.len().saturating_sub(HELPED)..).unwrap_or_default();
    [worst, best].concat()
}

fn factor(comparison: &Comparison) -> f64 {
    match Measure::of(&comparison.roles).unit {
        Unit::Share => 100.0,
        Unit::Plain | Unit::Measured | Unit::Milliseconds => 1.0,
    }
}

/// Wide enough for every estimate, and for the intervals of those that changed.
fn scales(drawn: &[&SliceResult], comparison: &Comparison) -> [Scale; 2] {
    let judged = |slice: &SliceResult| matches!(badge(slice, comparison.options.alpha).class, "better" | "worse");
    let ends = |slice: &&SliceResult| {
        let ends = if judged(slice) {
            [slice.ci_low, slice.ci_high]
        } else {
            [None; 2]
        };
        [slice.delta, ends[0], ends[1]].map(|end| end.filter(|end| end.is_finite()).map_or(0.0, f64::abs))
    };
    let reach = drawn
        .iter()
        .flat_map(ends)
        .fold(comparison.options.min_effect_slice, f64::max);
    let reach = if reach > 0.0 {
        reach * 1.06 * factor(comparison)
    } else {
        1.0
    };
    let sizes = drawn.iter().map(|slice| slice.n as f64);
    let (least, most) = sizes.fold((f64::MAX, 1.0), |(least, most): (f64, f64), n| {
        (least.min(n), most.max(n))
    });
    [
        Scale::linear([-reach, reach], [LEFT, RIGHT]),
        Scale::log([least * 0.7, most * 1.4], [BOTTOM, TOP]),
    ]
}

fn frame(x: &Scale, y: &Scale, comparison: &Comparison) -> Vec<Mark> {
    let (across, digits) = x.ticks(7);
    let (up, _) = y.ticks(6);
    let least = comparison.options.min_effect_slice * factor(comparison);
    let band = [x.at(-least), x.at(least)];
    let mut marks = vec![Mark::shape(
        "band",
        shape::rectangle([band[0], TOP], band[1] - band[0], BOTTOM - TOP),
    )];
    for n in up {
        marks.push(Mark::shape("grid", shape::line(&[[LEFT, y.at(n)], [RIGHT, y.at(n)]])));
        marks.push(Mark::text("tick end", LEFT - 6.0, y.at(n) + 4.0, scale::samples(n)));
    }
    for value in across {
        let place = x.at(value);
        marks.push(Mark::text(
            "tick",
            place,
            BOTTOM + 18.0,
            scale::difference(value, digits),
        ));
    }
    marks.push(Mark::shape(
        "zero",
        shape::line(&[[x.at(0.0), TOP], [x.at(0.0), BOTTOM]]),
    ));
    let measure = Measure::of(&comparison.roles);
    let title = match measure.unit {
        Unit::Share => format!("{}: difference in points", measure.title),
        Unit::Plain | Unit::Measured | Unit::Milliseconds => format!("{}: difference", measure.title),
    };
    marks.push(Mark::text("tick", (LEFT + RIGHT) / 2.0, BOTTOM + 38.0, title));
    marks.push(Mark::text("tick start", 4.0, TOP - 12.0, "Samples"));
    marks.extend(sides(comparison));
    marks
}

/// Which side is worse.
fn sides(comparison: &Comparison) -> Vec<Mark> {
    let (left, right) = match headline::headline_metric(comparison).map(|metric| metric.direction) {
        Some(Direction::Higher) => (("worse start", "← worse"), ("better end", "better →")),
        Some(Direction::Lower) => (("better start", "← better"), ("worse end", "worse →")),
        Some(Direction::None) | None => return Vec::new(),
    };
    vec![
        Mark::text(left.0, LEFT + 40.0, TOP - 12.0, left.1),
        Mark::text(right.0, RIGHT, TOP - 12.0, right.1),
    ]
}

/// What is within noise lies behind what changed.
fn shapes(drawn: &[&SliceResult], x: &Scale, y: &Scale, comparison: &Comparison) -> Vec<Mark> {
    let unit = Measure::of(&comparison.roles).unit;
    let mut behind = Vec::new();
    let mut front = Vec::new();
    let mut numbers = Vec::new();
    let mut regressed = 0;
    for slice in drawn {
        let badge = badge(slice, comparison.options.alpha);
        let value = |value: Option<f64>| x.at(value.unwrap_or_default() * factor(comparison));
        let at = [value(slice.delta), y.at(slice.n as f64)];
        let interval = shape::line(&[[value(slice.ci_low), at[1]], [value(slice.ci_high), at[1]]]);
        let name = format!(
            "{}: {} on {}, {}",
            words::predicates(&slice.predicates),
            unit.delta(slice.delta),
            counted(slice.n, "sample", "samples"),
            badge.text
        );
        let mark = Mark {
            href: slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
            ..Mark::shape(badge.class, interval + &shape::verdict(badge.class, at)).named(name)
        };
        if badge.class == "worse" {
            regressed += 1;
            if regressed <= MAX_REGRESSIONS {
                numbers.push(number(regressed, [value(slice.ci_low), value(slice.ci_high)], at));
            }
        }
        match badge.class {
            "better" | "worse" => front.push(mark),
            _ => behind.push(mark),
        }
    }
    behind.into_iter().chain(front).chain(numbers).collect()
}

/// The place of a slice in the list beside the chart, at the end of its interval that is farther from zero.
fn number(place: usize, [low, high]: [f64; 2], at: [f64; 2]) -> Mark {
    let middle = (LEFT + RIGHT) / 2.0;
    match at[0] < middle {
        true => Mark::text("number end", low - 3.0, at[1] + 4.0, place.to_string()),
        false => Mark::text("number start", high + 3.0, at[1] + 4.0, place.to_string()),
    }
}

fn description(drawn: &[&SliceResult], comparison: &Comparison) -> String {
    let of = |class: &str| {
        let slices = drawn
            .iter()
            .filter(|s| badge(s, comparison.options.alpha).class == class);
        slices.count() as u64
    };
    format!(
        "{}: {} worse, {} better, {} undecided or within noise. The table of slices has the numbers.",
        counted(drawn.len() as u64, "slice", "slices"),
        of("worse"),
        of("better"),
        of("noise") + of("unknown"),
    )
}
