//! Rankings over clusters: ROC AUC and average precision.

use super::{ClusterMetric, InfluenceSums};
use crate::stats::binary::BinarySample;
use crate::stats::metrics::MetricKind;
use crate::stats::ranking::{Ranked, influences};

/// ROC AUC and average precision of samples that belong to clusters, one for each sample.
///
/// DeLong's and the influence function's variance, over clusters (Obuchowski 1997, Biometrics 53:567-578), with Student's
/// degrees of freedom of the class that is in fewer clusters.
pub fn ranked_by_cluster(samples: &[BinarySample], clusters: &[u64], alpha: f64) -> Vec<ClusterMetric> {
    let mut order: Vec<(u64, Ranked)> = samples
        .iter()
        .zip(clusters)
        .filter(|(sample, _)| sample.scores.iter().all(|score| score.is_finite()))
        .map(|(sample, cluster)| {
            let (positive, scores) = (sample.positive, sample.scores);
            (*cluster, Ranked { positive, scores })
        })
        .collect();
    // Sums over the samples depend on their order in the last bits.
    order.sort_unstable_by(|(a_cluster, a), (b_cluster, b)| {
        let [old, new] = [0, 1].map(|version| a.scores[version].total_cmp(&b.scores[version]));
        a_cluster
            .cmp(b_cluster)
            .then(a.positive.cmp(&b.positive))
            .then(old)
            .then(new)
    });
    let ranked: Vec<Ranked> = order.iter().map(|(_, sample)| *sample).collect();
    let found = influences(&ranked);
    let mut start = 0;
    let (mut auc, mut precision) = (InfluenceSums::default(), InfluenceSums::default());
    let (mut with_class, mut differing) = ([0_u64; 2], 0);
    for cluster in order.chunk_by(|(a, _), (b, _)| a == b) {
        let range = start..start + cluster.len();
        start = range.end;
        auc.add(found.auc[range.clone()].iter().sum());
        precision.add(found.average_precision[range].iter().sum());
        for (count, class) in with_class.iter_mut().zip([true, false]) {
            *count += u64::from(cluster.iter().any(|(_, sample)| sample.positive == class));
        }
        let differs = |(_, sample): &(u64, Ranked)| (sample.scores[1] - sample.scores[0]).abs() > 0.0;
        differing += u64::from(cluster.iter().any(differs));
    }
    let fewest = with_class[0].min(with_class[1]);
    let measures = [
        (MetricKind::RocAuc, found.values[0], auc),
        (MetricKind::AveragePrecision, found.values[1], precision),
    ];
    let metric = |(kind, values, sums): (MetricKind, Option<[f64; 2]>, InfluenceSums)| {
        let [baseline, candidate] = values?;
        let metric = ClusterMetric::new(kind.name(), fewest, differing);
        Some(metric.with_error(candidate - baseline, sums.error(), 1.0, alpha))
    };
    measures.into_iter().filter_map(metric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Seed, ranking};

    fn samples(n: usize) -> Vec<BinarySample> {
        let mut random = Seed(5).stream("ranks of clusters");
        let mut sample = || {
            let positive = random.uniform() < 0.3;
            let base = random.normal() + if positive { 1.0 } else { 0.0 };
            let scores = [base, base + 0.5 * random.normal()];
            BinarySample {
                positive,
                predicted: [false; 2],
                scores,
            }
        };
        (0..n).map(|_| sample()).collect()
    }

    fn of(samples: &[BinarySample], copies: usize) -> Vec<ClusterMetric> {
        let copied = samples
            .iter()
            .zip(0_u64..)
            .flat_map(|both| std::iter::repeat_n(both, copies));
        let (samples, clusters): (Vec<BinarySample>, Vec<u64>) = copied.map(|(sample, at)| (*sample, at)).unzip();
        ranked_by_cluster(&samples, &clusters, 0.05)
    }

    #[test]
    fn clusters_of_one_sample_are_as_sure_as_samples() {
        let samples = samples(3_000);
        let ranked: Vec<Ranked> = samples.iter().map(Ranked::from).collect();
        let expected = ranking(&ranked, 0.05);
        for (found, expected) in of(&samples, 1).iter().zip([expected.auc, expected.average_precision]) {
            let expected = expected.expect("defined");
            let ((a, b), (low, high)) = (found.interval.expect("found"), expected.interval.expect("expected"));
            assert!(
                (a - low).abs().max((b - high).abs()) < 0.01 * (high - low),
                "{found:?} {low} {high}"
            );
            assert!((found.p_value.expect("found") - expected.p_value.expect("expected")).abs() < 0.01);
        }
    }

    #[test]
    fn copies_in_a_cluster_change_nothing() {
        let samples = samples(400);
        for (one, four) in of(&samples, 1).iter().zip(of(&samples, 4)) {
            let (a, b) = (one.interval.expect("one"), four.interval.expect("four"));
            let width = a.1 - a.0;
            assert!(
                (a.0 - b.0).abs() < 0.01 * width && (a.1 - b.1).abs() < 0.01 * width,
                "{a:?} {b:?}"
            );
            assert_eq!((one.clusters, one.leaning), (four.clusters, four.leaning));
        }
    }

    #[test]
    fn the_order_of_samples_does_not_matter() {
        let samples = samples(90);
        let clusters: Vec<u64> = (0..90).map(|at| at * at % 7).collect();
        let forth = ranked_by_cluster(&samples, &clusters, 0.05);
        let backwards = |list: &[u64]| list.iter().rev().copied().collect::<Vec<_>>();
        let back: Vec<BinarySample> = samples.iter().rev().copied().collect();
        assert_eq!(forth, ranked_by_cluster(&back, &backwards(&clusters), 0.05));
        assert_eq!((forth.len(), forth[0].clusters <= 4), (2, true));
        assert_eq!(ranked_by_cluster(&[], &[], 0.05), []);
    }
}
