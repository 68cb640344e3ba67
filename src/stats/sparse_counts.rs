//! Intervals of metrics of counts by the few samples whose answers differ, of which a bootstrap draws too few to tell how they vary.

use super::classification::{RESAMPLED, values};
use super::confusion::{LabelCounts, marginals};
use super::influence::Slopes;
use super::intervals::tango;
use super::means::Spread;
use super::metrics::MetricKind;
use crate::model::JointTable;

/// What a difference of a metric rests on: the samples whose answers differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moved {
    /// The difference, candidate minus baseline.
    difference: f64,
    /// What each answer that differs moves the metric by; of its squares no less than as many flips would have that are spread over
    /// the labels as samples are, since of a rare label none may have been seen.
    spread: Spread,
    /// Mean square of a flip.
    flip: f64,
}

impl Moved {
    /// Standard error of the difference, as if samples were by themselves.
    pub(super) fn error(&self) -> f64 {
        self.spread.error().unwrap_or_default()
    }

    /// About the difference, the interval of a mean of which most samples have no part ([`Spread::interval`]); where no answer differs
    /// Tango's for as many samples without a flip, times what a flip moves the metric by. `None` where half of the answers or more differ, or
    /// the metric does not depend on any.
    fn interval(&self, alpha: f64) -> Option<(f64, f64)> {
        let n = self.spread.n;
        if self.spread.differing == 0 {
            let size = libm::sqrt(self.flip);
            let (low, high) = tango(0, 0, n, alpha).filter(|_| size > 0.0)?;
            return Some((low * size, high * size));
        }
        if 2 * self.spread.differing >= n {
            return None;
        }
        let (low, high) = self.spread.interval(self.error(), alpha)?;
        let off = self.difference - self.spread.sum / n as f64;
        Some((low + off, high + off))
    }
}

/// What the differences from macro F1 to MCC rest on.
///
/// Between two versions that answer nearly all samples alike a metric differs by the sum of what each other answer moves it by: its
/// derivatives at what both versions' counts are together.
pub(super) fn moved(table: &JointTable) -> [Moved; RESAMPLED.len()] {
    let n = table.n();
    let versions = marginals(table);
    let slopes = Slopes::new(&together(&versions), 2.0 * n as f64);
    // Derivatives at twice the counts are half as large.
    let scale = 2.0 * n as f64;
    let [old, new] = versions.each_ref().map(|labels| values(labels, n));
    let flip = slopes.flip_squares(&versions[0]);
    let mut moved: [Moved; RESAMPLED.len()] = std::array::from_fn(|metric| Moved {
        difference: new[metric] - old[metric],
        spread: Spread { n, ..Spread::default() },
        flip: scale * scale * flip[metric],
    });
    let mut flips = 0;
    for (&(truth, a, b), &samples) in table.cells.iter().filter(|((_, a, b), _)| a != b) {
        let (old, new) = (slopes.of(truth, a), slopes.of(truth, b));
        flips += if a == truth || b == truth { samples } else { 0 };
        for (metric, Moved { spread, .. }) in moved.iter_mut().enumerate() {
            let by = scale * (new[metric] - old[metric]);
            spread.differing += if by.abs() > 0.0 { samples } else { 0 };
            spread.sum += samples as f64 * by;
            spread.squares += samples as f64 * by * by;
        }
    }
    for Moved { spread, flip, .. } in &mut moved {
        spread.squares = spread.squares.max(flips as f64 * *flip);
        // As so many flips of one size.
        spread.fourths = spread.squares * spread.squares / spread.differing.max(1) as f64;
    }
    moved
}

/// Intervals of the differences from macro F1 to MCC, of level `1 - alpha`, as [`Moved::interval`] has them.
pub(super) fn of_answers(table: &JointTable, alpha: f64) -> [Option<(f64, f64)>; RESAMPLED.len()] {
    let moved = moved(table);
    std::array::from_fn(|metric| Some(bounded(RESAMPLED[metric], moved[metric].interval(alpha)?)))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 samples, 960 of one label and 20 of each of two others, all answered right but those that the candidate loses.
    fn rare(lost_common: u64, lost_rare: u64) -> JointTable {
        let cells = [
            ((0, 0, 0), 960 - lost_common),
            ((0, 0, 1), lost_common),
            ((1, 1, 1), 20 - lost_rare),
            ((1, 1, 0), lost_rare),
            ((2, 2, 2), 20),
        ];
        JointTable {
            labels: ["common", "rare", "scarce"].map(String::from).to_vec(),
            cells: cells.into_iter().filter(|(_, n)| *n > 0).collect(),
        }
    }

    fn recall(table: &JointTable) -> (f64, f64) {
        of_answers(table, 0.05)[3].expect("sparse")
    }

    /// Recall of a label of twenty samples is hardly known, whether a sample of another one flipped or not.
    #[test]
    fn rare_labels_are_not_surer_for_flips_of_the_common_one() {
        let (_, none) = recall(&rare(0, 0));
        assert!((0.01..0.02).contains(&none), "{none}");
        let lows: Vec<f64> = [0, 1, 4, 10].map(|lost| recall(&rare(lost, 0)).0).to_vec();
        assert!(lows.windows(2).all(|pair| pair[1] < pair[0]), "{lows:?}");
        let (low, high) = recall(&rare(10, 1));
        assert!(low < -0.05 && high > -0.02, "{low} {high}");
    }

    /// With one true label, of as many as are answered, macro recall is accuracy over all of them.
    #[test]
    fn it_is_tangos_interval_where_the_metric_is_accuracy() {
        let table = JointTable {
            labels: ["a", "b"].map(String::from).to_vec(),
            cells: [((0, 0, 0), 180), ((0, 0, 1), 3), ((0, 1, 0), 9), ((0, 1, 1), 8)].into(),
        };
        let (low, high) = recall(&table);
        let (least, most) = tango(9, 3, 200, 0.05).expect("defined");
        assert!(
            low <= least / 2.0 + 1e-12 && (low - least / 2.0).abs() < 0.002,
            "{low} {least}"
        );
        assert!(
            high >= most / 2.0 - 1e-12 && (high - most / 2.0).abs() < 0.002,
            "{high} {most}"
        );
    }

    #[test]
    fn half_of_the_answers_are_no_few() {
        let table = JointTable {
            labels: ["a", "b"].map(String::from).to_vec(),
            cells: [((0, 0, 1), 30), ((0, 1, 0), 30), ((1, 1, 1), 60)].into(),
        };
        assert_eq!(of_answers(&table, 0.05), [None; RESAMPLED.len()]);
    }
}
