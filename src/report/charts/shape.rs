//! Outlines of shapes as SVG paths, with coordinates of one digit.

use crate::report::format::coordinate;

/// A line through points.
pub fn line(points: &[[f64; 2]]) -> String {
    let step = |(i, [x, y]): (usize, &[f64; 2])| {
        let command = if i == 0 { "M" } else { "L" };
        format!("{command}{} {}", coordinate(*x), coordinate(*y))
    };
    points.iter().enumerate().map(step).collect()
}

/// A rectangle by its corner and size.
pub fn rectangle([x, y]: [f64; 2], width: f64, height: f64) -> String {
    let [x, y, width, height] = [x, y, width, height].map(coordinate);
    format!("M{x} {y}h{width}v{height}h-{width}z")
}

/// A circle.
pub fn circle([x, y]: [f64; 2], radius: f64) -> String {
    let [left, y, r, d] = [x - radius, y, radius, 2.0 * radius].map(coordinate);
    format!("M{left} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z")
}

/// A triangle on its base, or on its tip.
pub fn triangle([x, y]: [f64; 2], radius: f64, upright: bool) -> String {
    let tip = if upright { -radius } else { radius };
    closed(&[[x - radius, y - tip], [x + radius, y - tip], [x, y + tip]])
}

/// A square on its tip.
pub fn diamond([x, y]: [f64; 2], radius: f64) -> String {
    closed(&[[x - radius, y], [x, y - radius], [x + radius, y], [x, y + radius]])
}

fn closed(points: &[[f64; 2]]) -> String {
    format!("{}z", line(points))
}

/// The shape that goes with the class of a badge, so that colour never stands alone.
pub fn verdict(class: &str, at: [f64; 2]) -> String {
    match class {
        "better" => triangle(at, 5.0, true),
        "worse" => triangle(at, 5.0, false),
        "unknown" => diamond(at, 4.5),
        _ => circle(at, 3.5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_differ_in_shape() {
        let shapes = ["better", "worse", "unknown", "noise"].map(|class| verdict(class, [10.0, 10.0]));
        assert_eq!(shapes[0], "M5 15L15 15L10 5z");
        assert_eq!(shapes[1], "M5 5L15 5L10 15z");
        assert!((0..4).all(|i| (0..i).all(|j| shapes[i] != shapes[j])));
    }
}
