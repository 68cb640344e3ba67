//! Metrics of numeric targets over clusters.

use super::ClusterMetric;
use crate::stats::clusters::ClusterSums;
use crate::stats::exact::ExactSum;
use crate::stats::metrics::MetricKind;
use crate::stats::moments::Moments;
use crate::stats::numeric::errors;

/// What a cluster adds up to: squared errors of baseline and candidate, truth less the pivot, its square, and samples.
const SUMS: usize = 5;

/// Errors against true numbers, cluster by cluster; exact in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumericClusters {
    pivot: f64,
    signed: ClusterSums,
    sums: Moments<SUMS>,
    leaning: u64,
}

impl NumericClusters {
    /// No cluster yet. The pivot is any number near the truths.
    pub fn new(pivot: f64) -> NumericClusters {
        NumericClusters {
            pivot,
            ..NumericClusters::default()
        }
    }

    /// Adds a cluster by its samples' truth and the numbers of baseline and candidate.
    pub fn add(&mut self, samples: impl IntoIterator<Item = [f64; 3]>) {
        let mut sums: [ExactSum; SUMS - 1] = Default::default();
        let (mut signed, mut n) = (ExactSum::default(), 0_u64);
        for [truth, baseline, candidate] in samples {
            let errors = errors(truth, [baseline, candidate]);
            let truth = truth - self.pivot;
            signed.add(errors[1] - errors[0]);
            for (sum, number) in sums.iter_mut().zip(errors) {
                sum.add_product(number, number);
            }
            sums[2].add(truth);
            sums[3].add_product(truth, truth);
            n += 1;
        }
        if n == 0 {
            return;
        }
        let [a, b, truth, squared] = sums.map(|sum| sum.value());
        self.leaning += u64::from((b - a).abs() > 0.0);
        self.signed.add(signed.value(), n);
        self.sums.add([a, b, truth, squared, n as f64]);
    }

    /// Every metric but the mean absolute error, with its interval of level `1 - alpha`.
    pub(super) fn metrics(&self, alpha: f64) -> Vec<ClusterMetric> {
        let of = |kind: MetricKind, gradient: Option<(f64, [f64; SUMS])>| {
            let (difference, gradient) = gradient?;
            let metric = ClusterMetric::new(kind.name(), self.sums.n(), self.leaning);
            Some(metric.with_error(difference, self.error(&gradient), f64::INFINITY, alpha))
        };
        let mean_error = ClusterMetric::of_mean(MetricKind::MeanError.name(), &self.signed, alpha);
        [
            of(MetricKind::Rmse, self.rmse()),
            of(MetricKind::R2, self.r2()),
            Some(mean_error),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Difference of the roots of the mean squared errors, and its derivatives with respect to the sums.
    fn rmse(&self) -> Option<(f64, [f64; SUMS])> {
        let [a, b, _, _, n] = self.sums.sums();
        if n <= 0.0 {
            return None;
        }
        let [old, new] = [a, b].map(|sum| libm::sqrt(sum / n));
        // Errors that are all nothing do not vary either.
        let slope = |root: f64| if root > 0.0 { 0.5 / (root * n) } else { 0.0 };
        Some((new - old, [-slope(old), slope(new), 0.0, 0.0, -(new - old) / (2.0 * n)]))
    }

    /// The same of R²; `None` where truths do not vary.
    fn r2(&self) -> Option<(f64, [f64; SUMS])> {
        let [a, b, truth, squared, n] = self.sums.sums();
        let mean = truth / n;
        let squares = squared - truth * mean;
        if n <= 0.0 || squares <= 0.0 {
            return None;
        }
        let difference = (a - b) / squares;
        let slope = difference / squares;
        let gradient = [
            1.0 / squares,
            -1.0 / squares,
            2.0 * mean * slope,
            -slope,
            -mean * mean * slope,
        ];
        Some((difference, gradient))
    }

    /// Cluster-robust error of what has these derivatives; `None` for one cluster.
    fn error(&self, gradient: &[f64; SUMS]) -> Option<f64> {
        let clusters = self.sums.n() as f64;
        // Sums about the means suffice, since the influences of all clusters add up to nothing.
        let rows = self.sums.central();
        let along = |row: &[f64; SUMS]| {
            row.iter()
                .zip(gradient)
                .map(|(value, slope)| value * slope)
                .sum::<f64>()
        };
        let squares: f64 = rows.iter().zip(gradient).map(|(row, slope)| slope * along(row)).sum();
        (clusters > 1.0).then(|| libm::sqrt(squares.max(0.0) * clusters / (clusters - 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{NumericSums, Seed};

    fn samples(n: usize, far: f64) -> Vec<[f64; 3]> {
        let mut random = Seed(4).stream("numbers of clusters");
        let mut sample = || {
            let truth = far + 10.0 * random.normal();
            [truth, truth + random.normal(), truth + 1.2 * random.normal()]
        };
        (0..n).map(|_| sample()).collect()
    }

    fn metrics(samples: &[[f64; 3]], copies: usize, pivot: f64) -> Vec<ClusterMetric> {
        let mut clusters = NumericClusters::new(pivot);
        for sample in samples {
            clusters.add(std::iter::repeat_n(*sample, copies));
        }
        clusters.metrics(0.05)
    }

    #[test]
    fn clusters_of_one_sample_are_as_sure_as_samples() {
        for far in [0.0, 1e6] {
            let samples = samples(3_000, far);
            let mut sums = NumericSums::new(0.0, far);
            samples.iter().for_each(|[truth, a, b]| {
                sums.add(*truth, *a, *b);
            });
            let expected = sums.summary(0.05, Seed(1)).expect("samples");
            let intervals = [
                expected.rmse_interval,
                expected.r2_interval,
                expected.signed.difference.interval,
            ];
            for (found, expected) in metrics(&samples, 1, far).iter().zip(intervals) {
                let ((a, b), (low, high)) = (found.interval.expect("found"), expected.expect("expected"));
                let off = (a - low).abs().max((b - high).abs());
                assert!(off < 0.03 * (high - low), "{}: {a} {b}, {low} {high}", found.name);
            }
        }
    }

    #[test]
    fn copies_in_a_cluster_change_nothing() {
        let samples = samples(200, 3.0);
        for (one, five) in metrics(&samples, 1, 0.0).iter().zip(metrics(&samples, 5, 0.0)) {
            let (one, five) = (one.interval.expect("one"), five.interval.expect("five"));
            assert!(
                (one.0 - five.0).abs() < 1e-9 && (one.1 - five.1).abs() < 1e-9,
                "{one:?} {five:?}"
            );
        }
    }

    #[test]
    fn little_data() {
        assert!(metrics(&[], 1, 0.0).iter().all(|metric| metric.interval.is_none()));
        let one = metrics(&[[1.0, 2.0, 3.0]], 4, 0.0);
        assert!(
            one.iter()
                .all(|metric| metric.interval.is_none() && metric.clusters == 1)
        );
        // Truths that do not vary have no R2.
        let names: Vec<String> = metrics(&[[1.0, 2.0, 3.0]; 3], 1, 0.0)
            .into_iter()
            .map(|metric| metric.name)
            .collect();
        assert_eq!(names, ["rmse", "mean_error"]);
    }
}
