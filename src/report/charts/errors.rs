//! How many samples of both versions have errors of which size.

use super::{Chart, paired};
use crate::model::comparison::{ErrorBin, ErrorDistribution};
use crate::report::format::setting;

/// Every so many bins have their upper edge written.
const LABELLED: usize = 3;

/// The bars of both versions by size of the absolute error; each bin is twice as wide as the one before.
pub fn errors(distribution: &ErrorDistribution) -> Chart {
    let bins = &distribution.bins;
    let baseline: Vec<u64> = bins.iter().map(|bin| bin.baseline).collect();
    let candidate: Vec<u64> = bins.iter().map(|bin| bin.candidate).collect();
    let labelled = bins.iter().enumerate().rev().step_by(LABELLED);
    let words = paired::Words {
        id: "error-sizes",
        title: "Sizes of the errors".to_owned(),
        description:
            "Samples of both versions by the size of the absolute error, in bins of which each is twice as wide \
                      as the one before. The table has the numbers."
                .to_owned(),
        axis: "Absolute error up to".to_owned(),
        labels: labelled.map(|(i, bin)| (i as f64 + 0.5, edge(bin.high))).collect(),
    };
    paired::chart(words, &baseline, &candidate)
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
