//! Intervals of metrics of counts by the few samples whose answers differ, of which a bootstrap draws too few to tell how they vary.

use super::classification::{RESAMPLED, values};
use super::confusion::{LabelCounts, marginals};
use super::influence::Slopes;
use super::intervals::{outer, tango};
use super::means::Spread;
use super::metrics::MetricKind;
use crate::model::JointTable;

/// What a difference of a metric rests on: the samples whose answers differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moved {
    /// The difference, candidate minus baseline.
    pub(super) difference: f64,
    /// What each answer that differs moves the metric by.
    spread: Spread,
    /// Samples that were fixed and that regressed.
    flips: [u64; 2],
    /// Mean square of what a flip moves the metric by, where flips are spread over the labels as samples are.
    flip: f64,
}

impl Moved {
    /// Standard error of the difference, as if samples were by themselves; not less than of as many flips that are spread over the labels, since
    /// of a rare label none may have been seen.
    pub(super) fn error(&self) -> f64 {
        let [fixed, regressed] = self.flips;
        let spread = libm::sqrt((fixed + regressed) as f64 * self.flip) / self.spread.n.max(1) as f64;
        self.spread.error().unwrap_or_default().max(spread)
    }

    /// The outer ends, about the difference, of Tango's interval for the flips, times the root mean square of what one moves the metric by, and where few
    /// answers differ of that of a mean of which most samples have no part ([`Spread::interval`]). `None` where the metric does not depend on any.
    pub(super) fn interval(&self, alpha: f64) -> Option<(f64, f64)> {
        let n = self.spread.n;
        let [fixed, regressed] = self.flips;
        let unseen = self.interval_of_flips(
            tango(fixed, regressed, n, alpha),
            (fixed as f64 - regressed as f64) / n as f64,
        );
        // Where most answers differ the metric is no sum of what each moves it by, and resamples know how they vary.
        let few = 2 * self.spread.differing < n;
        let error = self.spread.error().filter(|_| few);
        let seen = error.and_then(|error| self.spread.interval(error, alpha));
        let off = self.difference - self.spread.sum / n as f64;
        let seen = seen.map(|(low, high)| (low + off, high + off));
        seen.map(|seen| outer(seen, unseen)).or(unseen)
    }

    /// The same where samples come in so many clusters, none of which leans.
    pub(super) fn interval_of(&self, clusters: u64, alpha: f64) -> Option<(f64, f64)> {
        self.interval_of_flips(tango(0, 0, clusters, alpha), 0.0)
    }

    /// An interval of the rate of fixed less regressed samples about `rate`, as one of the metric about its difference.
    pub(super) fn interval_of_flips(&self, interval: Option<(f64, f64)>, rate: f64) -> Option<(f64, f64)> {
        let size = libm::sqrt(self.flip);
        let (low, high) = interval.filter(|_| size > 0.0)?;
        Some((
            self.difference + size * (low - rate),
            self.difference + size * (high - rate),
        ))
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
        flips: [0, 0],
        flip: scale * scale * flip[metric],
    });
    for (&(truth, a, b), &samples) in table.cells.iter().filter(|((_, a, b), _)| a != b) {
        let (old, new) = (slopes.of(truth, a), slopes.of(truth, b));
        for (metric, moved) in moved.iter_mut().enumerate() {
            moved.flips[0] += if b == truth { samples } else { 0 };
            moved.flips[1] += if a == truth { samples } else { 0 };
            let by = scale * (new[metric] - old[metric]);
            let (square, times) = (by * by, samples as f64);
            let spread = &mut moved.spread;
            spread.differing += if by.abs() > 0.0 { samples } else { 0 };
            spread.sum += times * by;
            spread.squares += times * square;
            spread.fourths += times * square * square;
        }
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

/// What a difference of the metric can be at most.
pub(super) fn most(kind: MetricKind) -> f64 {
    match kind {
        MetricKind::Kappa | MetricKind::Mcc => 2.0,
        _ => 1.0,
    }
}

/// Cut to that.
pub(super) fn bounded(kind: MetricKind, (low, high): (f64, f64)) -> (f64, f64) {
    (low.max(-most(kind)), high.min(most(kind)))
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

    /// An answer that changes from wrong to wrong says nothing of how often one changes from right to wrong.
    #[test]
    fn other_wrong_answers_make_no_interval_narrower() {
        let table = |changed: u64| JointTable {
            labels: ["a", "b", "c"].map(String::from).to_vec(),
            cells: [
                ((0, 0, 0), 400),
                ((1, 1, 1), 400),
                ((2, 2, 2), 150),
                ((2, 0, 0), 50 - changed),
                ((2, 0, 1), changed),
            ]
            .into(),
        };
        let width = |table: &JointTable, metric: usize| {
            let (low, high) = of_answers(table, 0.05)[metric].expect("sparse");
            high - low
        };
        for (metric, kind) in RESAMPLED.iter().enumerate() {
            let none = width(&table(0), metric);
            assert!(
                [1, 5].iter().all(|n| width(&table(*n), metric) > 0.9 * none),
                "{:?}",
                kind
            );
        }
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

    /// However many answers change from wrong to wrong: what has not been seen are flips.
    #[test]
    fn no_share_of_other_wrong_answers_is_enough() {
        let table = |changed: u64| JointTable {
            labels: ["a", "b", "c"].map(String::from).to_vec(),
            cells: [
                ((0, 0, 0), 200),
                ((1, 1, 1), 100),
                ((2, 0, 0), 300 - changed / 2),
                ((2, 0, 1), changed / 2),
                ((2, 1, 1), 400 - changed / 2),
                ((2, 1, 0), changed / 2),
            ]
            .into(),
        };
        let width = |table: &JointTable, metric: usize| {
            let (low, high) = of_answers(table, 0.05)[metric].expect("defined");
            high - low
        };
        for (metric, kind) in RESAMPLED.iter().enumerate() {
            let widths = [0, 480, 520].map(|changed| width(&table(changed), metric));
            assert!(
                widths[1] > 0.95 * widths[0] && widths[2] > 0.95 * widths[0],
                "{kind:?} {widths:?}"
            );
        }
    }

    /// All answers of one label become wrong ones: that a few of the next may not is as likely as with accuracy.
    #[test]
    fn where_everything_flips_some_width_is_left() {
        let table = JointTable {
            labels: ["a", "b"].map(String::from).to_vec(),
            cells: [((0, 0, 1), 30), ((1, 1, 0), 30)].into(),
        };
        for (low, high) in of_answers(&table, 0.05).map(|interval| interval.expect("defined")) {
            assert!(low <= -1.0 && high > low + 0.05, "{low} {high}");
        }
    }
}
