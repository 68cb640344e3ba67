//! Metrics on confidence over clusters: mean confidence, Brier score and calibration error.

use super::ClusterMetric;
use crate::model::CalibrationSums;
use crate::model::confidence::{CALIBRATION_BINS, ChangeSums, FIXED_ONE, bin_of, fixed};
use crate::stats::calibration_bootstrap::{GAPS, bootstrap_ece_with};
use crate::stats::clusters::ClusterSums;
use crate::stats::intervals::has_width_in_one;
use crate::stats::means::Spread;
use crate::stats::metrics::MetricKind;
use crate::stats::random::Seed;
use crate::stats::special::critical_value;
use crate::stats::student::student_quantile;

/// Metrics on confidence, cluster by cluster. Sums within a cluster are exact, so that the order of its samples does not
/// matter; that of the clusters does, in the last bits.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceClusters {
    confidence: ClusterSums,
    squared_error: ClusterSums,
    /// Sums of products of the clusters' gaps, bins of the baseline before those of the candidate.
    products: Box<[[f64; GAPS]; GAPS]>,
    /// Sums of each gap times the samples of the cluster.
    by_samples: [f64; GAPS],
    sums: [f64; GAPS],
    /// Sum of the squared sizes of clusters.
    squared_sizes: f64,
}

impl Default for ConfidenceClusters {
    fn default() -> ConfidenceClusters {
        ConfidenceClusters {
            confidence: ClusterSums::default(),
            squared_error: ClusterSums::default(),
            products: Box::new([[0.0; GAPS]; GAPS]),
            by_samples: [0.0; GAPS],
            sums: [0.0; GAPS],
            squared_sizes: 0.0,
        }
    }
}

impl ConfidenceClusters {
    /// Adds a cluster by its samples' confidence (within 0..1) and correctness, of baseline and candidate; one without
    /// samples is none.
    pub fn add(&mut self, samples: impl IntoIterator<Item = ([f64; 2], [bool; 2])>) {
        let mut gaps = [0_i128; GAPS];
        let (mut confidence, mut squared_error, mut n) = (0_i128, 0_i128, 0_u64);
        let (mut changes, mut largest) = ([ChangeSums::default(); 2], [0.0_f64; 2]);
        for (confidences, correct) in samples {
            n += 1;
            let error = |version: usize| (f64::from(u8::from(correct[version])) - confidences[version]).powi(2);
            let by = [confidences[1] - confidences[0], error(1) - error(0)];
            for ((changes, largest), by) in changes.iter_mut().zip(&mut largest).zip(by) {
                changes.add(by);
                *largest = largest.max(by.abs());
            }
            for (version, (value, right)) in confidences.into_iter().zip(correct).enumerate() {
                let gap = if right { 1.0 } else { 0.0 } - value;
                let sign = if version == 0 { -1 } else { 1 };
                confidence += sign * fixed(value) as i128;
                squared_error += sign * fixed(gap * gap) as i128;
                gaps[version * CALIBRATION_BINS + bin_of(value)] += i128::from((gap * FIXED_ONE) as i64);
            }
        }
        if n == 0 {
            return;
        }
        let size = n as f64;
        let spread = |i: usize, sum: i128| Spread::of_changes(n, sum as f64 / FIXED_ONE, &changes[i], largest[i]);
        self.confidence.add_samples(spread(0, confidence));
        self.squared_error.add_samples(spread(1, squared_error));
        self.squared_sizes += size * size;
        let filled = gaps.iter().enumerate().filter(|(_, gap)| **gap != 0);
        let filled: Vec<(usize, f64)> = filled.map(|(at, gap)| (at, *gap as f64 / FIXED_ONE)).collect();
        for &(at, gap) in &filled {
            self.sums[at] += gap;
            self.by_samples[at] += gap * size;
            for &(other, factor) in &filled {
                self.products[at][other] += gap * factor;
            }
        }
    }

    /// Every metric with its interval of level `1 - alpha`; `sums` are those of the same samples.
    pub(super) fn metrics(&self, sums: &CalibrationSums, alpha: f64, seed: Seed) -> Vec<ClusterMetric> {
        let within = |(low, high): (f64, f64)| (low.max(-1.0), high.min(1.0));
        let mean = |kind: MetricKind, sums: &ClusterSums| {
            let metric = ClusterMetric::of_mean(kind.name(), sums, alpha);
            ClusterMetric {
                interval: metric.interval.map(within).filter(has_width_in_one),
                ..metric
            }
        };
        let covariance = self.covariance(alpha);
        vec![
            mean(MetricKind::MeanConfidence, &self.confidence),
            mean(MetricKind::Brier, &self.squared_error),
            ClusterMetric {
                interval: covariance
                    .and_then(|covariance| bootstrap_ece_with(sums, covariance, alpha, seed))
                    .filter(has_width_in_one),
                ..ClusterMetric::new(
                    MetricKind::Ece.name(),
                    self.confidence.clusters(),
                    self.confidence.leaning(),
                )
            },
        ]
    }

    /// Cluster-robust covariance of the gaps over the number of samples, wider by as much as Student's quantile is than the
    /// normal one; `None` for one cluster.
    fn covariance(&self, alpha: f64) -> Option<[[f64; GAPS]; GAPS]> {
        let (clusters, n) = (self.confidence.clusters() as f64, self.confidence.samples() as f64);
        let wider = student_quantile(alpha, clusters - 1.0)? / critical_value(alpha)?;
        let scale = wider * wider * clusters / (clusters - 1.0) / (n * n);
        let mean = self.sums.map(|sum| sum / n);
        let residual = |a: usize, b: usize| {
            let about = self.products[a][b] - mean[a] * self.by_samples[b] - mean[b] * self.by_samples[a]
                + mean[a] * mean[b] * self.squared_sizes;
            // Of gaps that are the same in all clusters nothing but rounding is left.
            if about.abs() > 1e-12 * self.products[a][b].abs() {
                about
            } else {
                0.0
            }
        };
        let mut covariance = [[0.0; GAPS]; GAPS];
        for (a, row) in covariance.iter_mut().enumerate() {
            for (b, value) in row.iter_mut().enumerate() {
                *value = scale * residual(a, b);
            }
        }
        Some(covariance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CompareOptions, Counts};
    use crate::stats::{resample, summarise};

    type Sample = ([f64; 2], [bool; 2]);

    fn samples() -> Vec<Sample> {
        let mut random = Seed(3).stream("confidence of clusters");
        let mut sample = || {
            let confidence = 0.4 + 0.6 * random.uniform();
            let other = (confidence + 0.1 * (random.uniform() - 0.5)).clamp(0.0, 1.0);
            let luck = random.uniform();
            ([confidence, other], [luck < confidence - 0.1, luck < other - 0.15])
        };
        (0..2_000).map(|_| sample()).collect()
    }

    fn found(samples: &[Sample], copies: usize) -> Vec<(f64, f64)> {
        let (mut sums, mut clusters) = (CalibrationSums::default(), ConfidenceClusters::default());
        for sample in samples {
            (0..copies).for_each(|_| sums.add(sample.0, sample.1));
            clusters.add(std::iter::repeat_n(*sample, copies));
        }
        clusters.add([]);
        let metrics = clusters.metrics(&sums, 0.05, Seed(1));
        assert!(metrics.iter().all(|metric| metric.clusters == samples.len() as u64));
        metrics
            .into_iter()
            .map(|metric| metric.interval.expect("defined"))
            .collect()
    }

    #[test]
    fn clusters_of_one_sample_give_the_intervals_of_samples() {
        let samples = samples();
        let mut sums = CalibrationSums::default();
        samples
            .iter()
            .for_each(|(confidence, correct)| sums.add(*confidence, *correct));
        let counts = Counts {
            calibration: Some(sums),
            ..Counts::default()
        };
        let mut metrics = summarise(&counts, &CompareOptions::default()).metrics;
        resample(&mut metrics, &counts, 0.05, Seed(1));
        let expected = metrics
            .iter()
            .skip(11)
            .filter_map(|metric| metric.ci_low.zip(metric.ci_high));
        let expected: Vec<(f64, f64)> = expected.collect();
        assert_eq!(expected.len(), 3);
        for (found, expected) in found(&samples, 1).into_iter().zip(expected) {
            let width = expected.1 - expected.0;
            let off = (found.0 - expected.0).abs().max((found.1 - expected.1).abs());
            assert!(off < 0.01 * width, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn what_no_cluster_changed_or_all_alike_is_not_sure_to_change_so_much() {
        let of = |to: f64| {
            let mut sums = CalibrationSums::default();
            let mut clusters = ConfidenceClusters::default();
            for _ in 0..20 {
                let samples: Vec<Sample> = (0..10).map(|i| ([0.9, to], [i != 0; 2])).collect();
                samples
                    .iter()
                    .for_each(|(confidence, correct)| sums.add(*confidence, *correct));
                clusters.add(samples);
            }
            let metrics = clusters.metrics(&sums, 0.05, Seed(1));
            metrics.into_iter().map(|metric| metric.interval).collect::<Vec<_>>()
        };
        assert_eq!(of(0.9), [None; 3]);
        let found = of(0.8);
        let (low, high) = found[0].expect("confidence fell");
        assert!(low <= -0.1 + 1e-9 && high > -0.08, "{low} {high}");
        assert!(
            found[1].is_some_and(|(low, high)| low < 0.005 && high > 0.01),
            "{found:?}"
        );
        assert_eq!(found[2], None);
    }

    #[test]
    fn copies_in_a_cluster_change_nothing() {
        let samples = samples();
        for (one, three) in found(&samples, 1).into_iter().zip(found(&samples, 3)) {
            let off = (one.0 - three.0).abs().max((one.1 - three.1).abs());
            assert!(off < 0.001, "{one:?} {three:?}");
        }
    }
}
