//! How many samples of both versions have errors of which size.

use super::scale::{Scale, samples};
use super::{Chart, Mark, paired, shape};
use crate::model::comparison::{ErrorBin, ErrorDistribution};
use crate::report::format::setting;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 508.0;
const TOP: f64 = 26.0;
const BASE: f64 = 196.0;
/// Every so many bins have their upper edge written.
const LABELLED: usize = 3;

/// The bars of both versions by size of the absolute error; each bin is twice as wide as the one before.
pub fn errors(distribution: &ErrorDistribution) -> Chart {
    let bins = &distribution.bins;
    let x = Scale::linear([0.0, bins.len() as f64], [LEFT, RIGHT]);
    let edges: Vec<[f64; 2]> = (0..bins.len()).map(|i| [i as f64, i as f64 + 1.0]).collect();
    let baseline: Vec<u64> = bins.iter().map(|bin| bin.baseline).collect();
    let candidate: Vec<u64> = bins.iter().map(|bin| bin.candidate).collect();
    let most = baseline.iter().chain(&candidate).max().copied().unwrap_or_default();
    let mut marks = vec![
        Mark::shape("grid", shape::line(&[[LEFT, BASE], [RIGHT, BASE]])),
        Mark::text("tick start", 4.0, TOP - 12.0, "Samples"),
        Mark::text("tick end", LEFT - 6.0, TOP + 4.0, samples(most as f64)),
        Mark::text("tick end", LEFT - 6.0, BASE + 4.0, "0"),
        Mark::text("tick end", RIGHT, BASE + 42.0, "Absolute error up to"),
    ];
    marks.extend(paired::bars(&x, &edges, &[&baseline, &candidate], [TOP, BASE]));
    let labelled = bins.iter().enumerate().rev().step_by(LABELLED);
    marks.extend(labelled.map(|(i, bin)| Mark::text("tick", x.at(i as f64 + 0.5), BASE + 18.0, edge(bin.high))));
    Chart {
        id: "error-sizes".to_owned(),
        title: "Sizes of the errors".to_owned(),
        description:
            "Samples of both versions by the size of the absolute error, in bins of which each is twice as wide \
                      as the one before. The table has the numbers."
                .to_owned(),
        class: "errors",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks,
    }
}

/// The edges of a bin in words.
pub fn range(bin: &ErrorBin) -> String {
    match (bin.low, bin.high) {
        (_, high) if high <= 0.0 => "0".to_owned(),
        (low, high) => format!("({} to {}]", edge(low), edge(high)),
    }
}

/// A multiple of a power of two, as short as it can be.
pub fn edge(value: f64) -> String {
    match value.abs() {
        size if size > 0.0 && !(1e-4..1e7).contains(&size) => format!("{value:.1e}"),
        _ => setting(value),
    }
}
