//! The axis above a column of interval bars.

use super::scale::{Scale, difference, short};
use super::{Chart, Mark, shape};
use crate::report::bars::{Axis, WIDTH};
use crate::report::format::Unit;

const HEIGHT: f64 = 26.0;

/// The ticks of an axis around zero, as wide as its bars.
pub fn axis(id: &str, axis: &Axis, unit: Unit) -> Chart {
    let factor = if unit == Unit::Share { 100.0 } else { 1.0 };
    let reach = axis.reach() * factor;
    let (ticks, digits) = Scale::linear([-reach, reach], [0.0, WIDTH]).ticks(6);
    let places = ticks
        .iter()
        .filter_map(|tick| Some((*tick, axis.place(tick / factor)?)));
    let places: Vec<(f64, f64)> = places.collect();
    let label = |&(tick, x): &(f64, f64)| {
        // All ticks decide together how they are written; those that are shown are the ends and zero.
        let words = short(&[tick, -reach, reach], |tick| difference(tick, digits)).swap_remove(0);
        // What stands at an end must not be cut off there.
        let half = (4.5 * words.len() as f64).min(WIDTH / 2.0);
        Mark::text("tick", x.clamp(half, WIDTH - half), 17.0, words)
    };
    let notch = |&(_, x): &(f64, f64)| Mark::shape("grid", shape::line(&[[x, HEIGHT - 6.0], [x, HEIGHT]]));
    let reached = |end| match unit {
        Unit::Measured => unit.delta(Some(end)),
        _ => difference(end, 1),
    };
    let outer = [places.first(), places.last()].into_iter().flatten();
    let zero = places.iter().filter(|(tick, _)| tick.abs() <= 0.0);
    Chart {
        id: id.to_owned(),
        title: format!("Axis of the intervals, from {} to {}", reached(-reach), reached(reach)),
        description: match unit {
            Unit::Share => "Differences in percentage points; zero is in the middle.".to_owned(),
            Unit::Plain | Unit::Measured | Unit::Milliseconds => "Differences; zero is in the middle.".to_owned(),
        },
        class: "axis",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks: outer.chain(zero).map(label).chain(places.iter().map(notch)).collect(),
    }
}
