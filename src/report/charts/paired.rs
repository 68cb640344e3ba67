//! Bars side by side: how many samples of both versions lie in each bin.

use super::scale::{Scale, samples};
use super::{Chart, Mark, shape};

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 508.0;
const TOP: f64 = 26.0;
const BASE: f64 = 196.0;

/// What a chart of both versions over bins of equal width says of itself.
pub struct Words {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// The text alternative.
    pub description: String,
    /// What the bins are by.
    pub axis: String,
    /// Texts below the bins: places counted in bins, in the order in which they are drawn.
    pub labels: Vec<(f64, String)>,
}

/// A chart of how many samples of each version lie in each bin.
pub fn chart(words: Words, baseline: &[u64], candidate: &[u64]) -> Chart {
    let x = Scale::linear([0.0, baseline.len() as f64], [LEFT, RIGHT]);
    let edges: Vec<[f64; 2]> = (0..baseline.len()).map(|i| [i as f64, i as f64 + 1.0]).collect();
    let most = baseline.iter().chain(candidate).max().copied().unwrap_or_default();
    let mut marks = vec![
        Mark::shape("grid", shape::line(&[[LEFT, BASE], [RIGHT, BASE]])),
        Mark::text("tick start", 4.0, TOP - 12.0, "Samples"),
        Mark::text("tick end", LEFT - 6.0, TOP + 4.0, samples(most as f64)),
        Mark::text("tick end", LEFT - 6.0, BASE + 4.0, "0"),
        Mark::text("tick end", RIGHT, BASE + 42.0, words.axis),
    ];
    marks.extend(bars(&x, &edges, &[baseline, candidate], [TOP, BASE]));
    let labels = words.labels.into_iter();
    marks.extend(labels.map(|(place, text)| Mark::text("tick", x.at(place), BASE + 18.0, text)));
    Chart {
        id: words.id.to_owned(),
        title: words.title,
        description: words.description,
        class: "errors",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks,
    }
}

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
