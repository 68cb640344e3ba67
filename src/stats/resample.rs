//! Intervals of the metrics without a closed form, and of the calibration metrics.

use super::bootstrap::bootstrap_counts;
use super::calibration::{brier_interval, confidence_interval};
use super::calibration_bootstrap::bootstrap_ece;
use super::classification::RESAMPLED;
use super::intervals::has_width_in_one;
use super::metrics::MetricKind;
use super::percentile::REPLICATES;
use super::random::Seed;
use crate::model::comparison::Resampling;
use crate::model::{Counts, Metric};

/// Adds the intervals of the differences from macro F1 to MCC and of the calibration metrics, of level `1 - alpha`, and
/// says how they were made; `None` where nothing was resampled.
pub fn resample(metrics: &mut [Metric], counts: &Counts, alpha: f64, seed: Seed) -> Option<Resampling> {
    if let Some(sums) = &counts.calibration {
        give(metrics, MetricKind::MeanConfidence, confidence_interval(sums, alpha));
        give(metrics, MetricKind::Brier, brier_interval(sums, alpha));
        give(metrics, MetricKind::Ece, bootstrap_ece(sums, alpha, seed));
    }
    let found = bootstrap_counts(&counts.table, alpha, seed)?;
    for (kind, interval) in found.intervals {
        give(metrics, kind, Some(interval));
    }
    Some(record(seed, found.replicates))
}

/// What the document says of a resampling.
pub(super) fn record(seed: Seed, replicates: usize) -> Resampling {
    Resampling {
        seed: format!("{:016x}", seed.0),
        replicates: replicates as u64,
    }
}

/// The resampling behind the intervals of measured answers: root mean squared error and R² have no other.
pub fn resampled_measures(metrics: &[Metric], seed: Seed) -> Option<Resampling> {
    let resampled = [MetricKind::Rmse, MetricKind::R2].map(MetricKind::name);
    let has = |metric: &Metric| resampled.contains(&metric.name.as_str()) && metric.ci_low.is_some();
    metrics.iter().any(has).then(|| record(seed, REPLICATES))
}

/// Says something more beside a metric.
pub(super) fn add_note(metric: &mut Metric, text: &str) {
    let note = metric.note.take().map_or_else(String::new, |note| note + "; ");
    metric.note = Some(note + text);
}

/// Whether a metric is one of counts, from macro F1 to MCC: it differs by what samples with other answers move it by.
pub fn is_of_counts(name: &str) -> bool {
    RESAMPLED.iter().any(|kind| kind.name() == name)
}

/// Gives a metric its interval, if it is there and has a difference.
fn give(metrics: &mut [Metric], kind: MetricKind, interval: Option<(f64, f64)>) {
    let metric = metrics.iter_mut().find(|metric| metric.name == kind.name());
    if let Some(metric) = metric.filter(|metric| metric.delta.is_some()) {
        // Of what never changed nobody knows by how much it would.
        let interval = interval.filter(has_width_in_one);
        metric.ci_low = interval.map(|(low, _)| low);
        metric.ci_high = interval.map(|(_, high)| high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CalibrationSums, CompareOptions, JointTable};
    use crate::stats::summarise;

    /// Two labels; so many of a thousand samples regress and are fixed.
    fn counts(regressed: u64, fixed: u64) -> Counts {
        let mut sums = CalibrationSums::default();
        for i in 0..1_000_u64 {
            let share = (i % 89) as f64 / 100.0;
            sums.add([share, share + 0.05], [i % 2 == 0, i < regressed || i % 2 == 0]);
        }
        let cells = [
            ((0, 0, 0), 400),
            ((1, 1, 1), 500 - regressed - fixed),
            ((1, 1, 0), regressed),
            ((1, 0, 1), fixed),
            ((0, 1, 1), 100),
        ];
        Counts {
            table: JointTable {
                labels: ["a", "b"].map(String::from).to_vec(),
                cells: cells.into_iter().filter(|(_, n)| *n > 0).collect(),
            },
            calibration: Some(sums),
            ..Counts::default()
        }
    }

    fn resampled(counts: &Counts) -> (Vec<Metric>, Option<Resampling>) {
        let mut metrics = summarise(counts, &CompareOptions::default()).metrics;
        let resampling = resample(&mut metrics, counts, 0.05, Seed::of_snapshots(7, 9));
        (metrics, resampling)
    }

    #[test]
    fn every_difference_lies_in_its_interval() {
        let (metrics, resampling) = resampled(&counts(30, 60));
        for metric in &metrics {
            let Some(delta) = metric.delta else { continue };
            let (low, high) = (metric.ci_low.expect("low"), metric.ci_high.expect("high"));
            assert!(low < delta && delta < high, "{metric:?}");
            assert_eq!(metric.note, None);
        }
        let resampling = resampling.expect("resampled");
        assert_eq!((resampling.seed.len(), resampling.replicates), (16, 9_999));
        assert_eq!(Seed::of_snapshots(7, 9), Seed::of_snapshots(9, 7));
    }

    /// However few flip, and where none does: as many samples without a flip leave that much open.
    #[test]
    fn no_interval_of_counts_is_without_width() {
        for (regressed, fixed) in [(0, 0), (1, 0), (0, 2), (3, 3), (5, 5)] {
            let (metrics, _) = resampled(&counts(regressed, fixed));
            for metric in metrics.iter().filter(|metric| is_of_counts(&metric.name)) {
                let (low, high) = (metric.ci_low.expect("low"), metric.ci_high.expect("high"));
                assert!(low < -0.001 || high > 0.001, "{metric:?}");
                assert!(high - low > 0.004, "{metric:?}");
            }
        }
    }

    #[test]
    fn nothing_to_resample() {
        let (metrics, resampling) = resampled(&Counts::default());
        assert_eq!(resampling, None);
        assert!(metrics.iter().all(|metric| metric.ci_low.is_none()));
    }
}
