//! Metrics of counts over clusters: from macro F1 to Matthews correlation, and the rates of the pair.

use super::{ClusterMetric, InfluenceSums};
use crate::model::JointTable;
use crate::stats::classification::RESAMPLED;
use crate::stats::clusters::ClusterSums;
use crate::stats::influence::influences;
use crate::stats::intervals::{has_width_in_one, outer};
use crate::stats::metrics::MetricKind;
use crate::stats::sparse_counts::{Moved, bounded, most, moved};
use crate::stats::student::student_quantile;

/// The metrics that are a share of the samples.
const RATES: [MetricKind; 3] = [
    MetricKind::NegativeFlipRate,
    MetricKind::PositiveFlipRate,
    MetricKind::Churn,
];

/// Metrics of counts, cluster by cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct CountClusters {
    cells: Vec<Cell>,
    differences: [InfluenceSums; RESAMPLED.len()],
    rates: [ClusterSums; RATES.len()],
    /// Fixed less regressed.
    flips: ClusterSums,
    /// What the differences rest on, as if samples were by themselves.
    single: [Moved; RESAMPLED.len()],
}

/// What a sample of a cell adds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    influences: [f64; RESAMPLED.len()],
    rates: [bool; RATES.len()],
}

impl CountClusters {
    /// No cluster yet, of the samples of this table.
    pub fn new(table: &JointTable) -> CountClusters {
        let cells = table.cells.keys().zip(influences(table));
        let cell = |(&(truth, a, b), influences)| Cell {
            influences,
            rates: [a == truth && b != truth, a != truth && b == truth, a != b],
        };
        CountClusters {
            cells: cells.map(cell).collect(),
            differences: Default::default(),
            rates: Default::default(),
            flips: ClusterSums::default(),
            single: moved(table),
        }
    }

    /// Adds a cluster by its samples in each cell of the table, by the cell's place; the order of the cells counts in the
    /// last bits.
    pub fn add(&mut self, samples: impl IntoIterator<Item = (usize, u64)>) {
        let mut sums = [0.0; RESAMPLED.len()];
        let (mut rates, mut all) = ([0_u64; RATES.len()], 0);
        for (at, n) in samples {
            let Some(cell) = self.cells.get(at) else { continue };
            sums.iter_mut()
                .zip(cell.influences)
                .for_each(|(sum, influence)| *sum += n as f64 * influence);
            rates
                .iter_mut()
                .zip(cell.rates)
                .for_each(|(rate, counts)| *rate += n * u64::from(counts));
            all += n;
        }
        self.differences
            .iter_mut()
            .zip(sums)
            .for_each(|(errors, sum)| errors.add(sum));
        self.flips.add(rates[1] as f64 - rates[0] as f64, all);
        for (sums, rate) in self.rates.iter_mut().zip(rates) {
            sums.add(rate as f64, all);
        }
    }

    /// Every metric with its interval of level `1 - alpha`, `differences` being those of the metrics of both versions.
    pub(super) fn metrics(&self, difference: impl Fn(&str) -> Option<f64>, alpha: f64) -> Vec<ClusterMetric> {
        let errors = self.differences.iter().zip(&self.single);
        let versions = RESAMPLED.iter().zip(errors).filter_map(|(kind, (errors, single))| {
            let difference = difference(kind.name())?;
            let metric = ClusterMetric::new(kind.name(), errors.clusters, self.flips.leaning());
            let (own, error) = (single.error(), errors.error());
            let error = error.map(|error| error.max(own));
            let metric = metric.with_error(difference, error, most(*kind), alpha);
            // That of clusters that flip as wholes, and of single samples, as much wider as clusters make the error.
            let leans = match self.flips.leaning() {
                0 => single.interval_of(errors.clusters, alpha),
                _ => single.interval_of_flips(if_few(&self.flips, alpha), self.flips.mean()),
            };
            let factor = error.filter(|_| own > 0.0).map_or(1.0, |error| error / own);
            let wider = |end: f64| difference + (end - single.difference) * factor;
            let samples = single.interval(alpha).filter(|_| self.flips.leaning() > 0);
            let samples = samples.map(|(low, high)| (wider(low), wider(high)));
            let about = difference - single.difference;
            let leans = leans.map(|(low, high)| (low + about, high + about));
            let alone = samples.map(|samples| outer(samples, leans)).or(leans);
            let interval = metric.interval.map(|own| outer(own, alone)).or(alone);
            let interval = interval.map(|ends| bounded(*kind, ends)).filter(has_width_in_one);
            Some(ClusterMetric { interval, ..metric })
        });
        let rates = RATES.iter().zip(&self.rates).map(|(kind, sums)| ClusterMetric {
            interval: rate_interval(sums, alpha).map(|(low, high)| {
                // Clusters that would count as wholes may not have been seen: they can only add.
                let more = if_few(sums, alpha).map_or(high, |(_, more)| high.max(more));
                (low, more.min(1.0))
            }),
            ..ClusterMetric::new(kind.name(), sums.clusters(), sums.leaning())
        });
        versions.chain(rates).collect()
    }
}

/// Tango's for the clusters that lean, where these are few.
fn if_few(sums: &ClusterSums, alpha: f64) -> Option<(f64, f64)> {
    sums.of_leans(Some(1.0), alpha).filter(|_| sums.few_lean())
}

/// Wilson's interval of a rate for as many samples as would leave it as uncertain as the clusters do, with Student's
/// quantile: no more than there are, and as many as clusters where the rate does not vary at its end.
pub(super) fn rate_interval(sums: &ClusterSums, alpha: f64) -> Option<(f64, f64)> {
    let test = sums.test(alpha)?;
    let (rate, clusters, samples) = (test.mean.clamp(0.0, 1.0), test.clusters as f64, sums.samples() as f64);
    let t = student_quantile(alpha, clusters - 1.0)?;
    let variance = test.standard_error?.powi(2);
    let n = if rate <= 0.0 || rate >= 1.0 {
        clusters
    } else if variance > 0.0 {
        (rate * (1.0 - rate) / variance).min(samples)
    } else {
        samples
    };
    let (hits, misses) = (rate * n, (1.0 - rate) * n);
    let centre = hits + t * t / 2.0;
    let half = t * libm::sqrt(hits * misses / n + t * t / 4.0);
    let high = if rate >= 1.0 {
        1.0
    } else {
        (centre + half) / (n + t * t)
    };
    Some((hits * hits / (n * (centre + half)), high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::tests::three as table;
    use crate::stats::{Seed, bootstrap_counts, wilson};

    /// Clusters of so many samples of one cell each.
    fn clusters(table: &JointTable, size: u64) -> CountClusters {
        let mut clusters = CountClusters::new(table);
        for (at, n) in table.cells.values().enumerate() {
            for first in (0..*n).step_by(size as usize) {
                clusters.add([(at, size.min(n - first))]);
            }
        }
        clusters
    }

    fn metrics(clusters: &CountClusters) -> Vec<ClusterMetric> {
        clusters.metrics(|_| Some(0.05), 0.05)
    }

    fn width(metric: &ClusterMetric) -> f64 {
        metric.interval.map(|(low, high)| high - low).expect("defined")
    }

    #[test]
    fn clusters_of_one_sample_give_the_widths_of_the_bootstrap() {
        let table = table();
        let resampled = bootstrap_counts(&table, 0.05, Seed(1)).expect("samples");
        for (found, (kind, (low, high))) in metrics(&clusters(&table, 1)).iter().zip(resampled.intervals) {
            assert_eq!(found.name, kind.name());
            assert!(
                (width(found) / (high - low) - 1.0).abs() < 0.03,
                "{found:?} {low} {high}"
            );
        }
    }

    #[test]
    fn clusters_of_four_like_samples_are_a_quarter_of_the_evidence() {
        let (one, four) = (clusters(&table(), 1), clusters(&table(), 4));
        for (one, four) in metrics(&one).iter().zip(metrics(&four)) {
            let ratio = width(&four) / width(one);
            // A rate that few clusters have leaves room for others besides; no flip rate here is one that most have.
            let is_rate = RATES.iter().any(|kind| kind.name() == one.name);
            let most = if is_rate { 2.2 } else { 2.1 };
            assert!((1.9..most).contains(&ratio), "{four:?}: {ratio}");
        }
    }

    /// However many answers change from wrong to wrong where none flips: as wide as clusters without a flip leave open.
    #[test]
    fn without_a_flip_the_width_is_that_of_clusters() {
        let table = |changed: u64| JointTable {
            labels: ["a", "b", "c"].map(String::from).to_vec(),
            cells: [
                ((0, 0, 0), 100),
                ((1, 1, 1), 80),
                ((2, 2, 2), 60),
                ((2, 0, 0), 60 - changed),
                ((2, 0, 1), changed),
            ]
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .collect(),
        };
        for changed in [0, 1, 5, 60] {
            let found = metrics(&clusters(&table(changed), 10));
            for metric in found.iter().take(RESAMPLED.len()) {
                let width = width(metric);
                assert!((0.1..0.8).contains(&width), "{changed} {metric:?}");
            }
        }
    }

    /// Flips in clusters of their own leave no less room for others than none does, as with accuracy.
    #[test]
    fn a_flip_leaves_no_less_room_for_others() {
        let found = |flips: u64| {
            let table = JointTable {
                labels: ["a", "b"].map(String::from).to_vec(),
                cells: [((0, 0, 0), 400 - flips), ((0, 0, 1), flips), ((1, 1, 1), 400)]
                    .into_iter()
                    .filter(|(_, n)| *n > 0)
                    .collect(),
            };
            let lost = table.cells.keys().position(|(_, a, b)| a != b);
            let mut clusters = CountClusters::new(&table);
            for cluster in 0..40 {
                let flipped = lost.filter(|_| cluster < flips).map(|at| (at, 1));
                let kept = 10 - flipped.map_or(0, |(_, n)| n);
                clusters.add([(0, kept), (table.cells.len() - 1, 10)].into_iter().chain(flipped));
            }
            let difference = -(flips as f64) / 800.0;
            clusters.metrics(|_| Some(difference), 0.05)
        };
        let all: Vec<Vec<ClusterMetric>> = [0, 1, 2, 5, 10].map(found).to_vec();
        for found in &all[1..] {
            for (none, some) in all[0].iter().zip(found).take(RESAMPLED.len()) {
                let [without, low] = [none, some].map(|metric| metric.interval.expect("defined").0);
                assert!(low < without, "{none:?} {some:?}");
            }
            let most = |metrics: &[ClusterMetric]| metrics[RESAMPLED.len()].interval.expect("defined").1;
            assert!(most(found) > most(&all[0]), "{found:?}");
        }
    }

    #[test]
    fn rates_keep_to_wilson() {
        let rate = |hits: u64, clusters: u64, size: u64| {
            let mut sums = ClusterSums::default();
            (0..clusters).for_each(|at| sums.add(if at < hits { size as f64 } else { 0.0 }, size));
            rate_interval(&sums, 0.05).expect("defined")
        };
        let (low, high) = rate(37, 5_000, 1);
        let (expected_low, expected_high) = wilson(37, 5_000, 0.05).expect("defined");
        assert!((low / expected_low - 1.0).abs() < 1e-3 && (high / expected_high - 1.0).abs() < 1e-3);
        // Copies of a sample in its cluster tell nothing more.
        let (one, ten) = (rate(37, 200, 1), rate(37, 200, 10));
        assert!(
            (one.0 - ten.0).abs() < 1e-12 && (one.1 - ten.1).abs() < 1e-12,
            "{one:?} {ten:?}"
        );
        let (low, high) = rate(0, 20, 50);
        assert!(low <= 0.0 && (0.15..0.2).contains(&high), "{high}");
        assert!(rate(20, 20, 50).1 >= 1.0);
    }
}
