//! Bars side by side: how many samples of both versions lie in each bin.

use super::scale::Scale;
use super::{Mark, shape};

/// Bars of one or two versions over the same bins, between a top and a base line. Those of the last one are filled.
pub fn bars(x: &Scale, edges: &[[f64; 2]], sides: &[&[u64]], [top, base]: [f64; 2]) -> Vec<Mark> {
    let most = sides
        .iter()
        .flat_map(|side| side.iter())
        .max()
        .copied()
        .unwrap_or_default()
        .max(1);
    let bar = |side: usize, n: u64, [low, high]: [f64; 2]| {
        let whole = x.at(high) - x.at(low) - 2.0;
        let width = whole / sides.len() as f64;
        let height = n as f64 / most as f64 * (base - top);
        let corner = [x.at(low) + 1.0 + side as f64 * width, base - height];
        let class = if side + 1 == sides.len() { "b bin" } else { "a bin" };
        Mark::shape(class, shape::rectangle(corner, width, height))
    };
    let mut marks = Vec::new();
    for (side, counts) in sides.iter().enumerate() {
        let filled = counts.iter().zip(edges).filter(|(n, _)| **n > 0);
        marks.extend(filled.map(|(n, edges)| bar(side, *n, *edges)));
    }
    marks
}
