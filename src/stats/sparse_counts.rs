//! Intervals of metrics of counts by the few samples whose answers differ, of which a bootstrap draws too few to tell how they vary.

use super::classification::{RESAMPLED, values};
use super::confusion::{LabelCounts, marginals};
use super::influence::Slopes;
use super::intervals::tango;
use super::means::Spread;
use super::metrics::MetricKind;
use crate::model::JointTable;

/// Intervals of the differences from macro F1 to MCC, candidate minus baseline, of level `1 - alpha`; `None` where half of the answers or
/// more differ, or a metric does not depend on any.
///
/// Between two versions that answer nearly all samples alike a metric differs by the sum of what each other answer moves it by: its
/// derivatives at what both versions' counts are together. So the difference is a mean of which most samples have no part, and its interval
/// that of such a mean ([`Spread::interval`]), about the difference itself. Where no answer differs it is Tango's for as many samples without a
/// flip, times the most that an answer could move the metric by.
pub(super) fn of_answers(table: &JointTable, alpha: f64) -> [Option<(f64, f64)>; RESAMPLED.len()] {
    let n = table.n();
    let versions = marginals(table);
    let slopes = Slopes::new(&together(&versions), 2.0 * n as f64);
    // Derivatives at twice the counts are half as large.
    let scale = 2.0 * n as f64;
    let mut moved = RESAMPLED.map(|_| Spread { n, ..Spread::default() });
    for (&(truth, a, b), &samples) in table.cells.iter().filter(|((_, a, b), _)| a != b) {
        let (old, new) = (slopes.of(truth, a), slopes.of(truth, b));
        for (metric, spread) in moved.iter_mut().enumerate() {
            let by = scale * (new[metric] - old[metric]);
            spread.differing += if by.abs() > 0.0 { samples } else { 0 };
            spread.sum += samples as f64 * by;
            spread.squares += samples as f64 * by * by;
        }
    }
    let [old, new] = versions.each_ref().map(|labels| values(labels, n));
    std::array::from_fn(|metric| {
        let spread = &moved[metric];
        if spread.differing == 0 {
            let most = scale * slopes.widest(&versions[0], metric);
            let (low, high) = tango(0, 0, n, alpha).filter(|_| most > 0.0)?;
            return Some(bounded(RESAMPLED[metric], (low * most, high * most)));
        }
        if 2 * spread.differing >= n {
            return None;
        }
        let (low, high) = spread.interval(spread.error()?, alpha)?;
        let off = (new[metric] - old[metric]) - spread.sum / n as f64;
        Some(bounded(RESAMPLED[metric], (low + off, high + off)))
    })
}

/// Counts of both versions added up.
fn together([a, b]: &[Vec<LabelCounts>; 2]) -> Vec<LabelCounts> {
    let sum = |(a, b): (&LabelCounts, &LabelCounts)| LabelCounts {
        support: a.support + b.support,
        predicted: a.predicted + b.predicted,
        correct: a.correct + b.correct,
    };
    a.iter().zip(b).map(sum).collect()
}

/// Cut to what a difference of the metric can be.
fn bounded(kind: MetricKind, (low, high): (f64, f64)) -> (f64, f64) {
    let most = match kind {
        MetricKind::Kappa | MetricKind::Mcc => 2.0,
        _ => 1.0,
    };
    (low.max(-most), high.min(most))
}
