//! Binary outcomes with a probability: ROC AUC and average precision, exactly, with intervals of their differences.

use super::means::detectable_mean;
use super::special::critical_value;

/// A sample: whether it is positive, and the probability of the positive class by baseline and candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Whether the truth is the positive class.
    pub positive: bool,
    /// Score of baseline and candidate; higher means positive. Any finite numbers will do.
    pub scores: [f64; 2],
}

/// ROC AUC and average precision of both versions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranking {
    /// Positive samples.
    pub positives: u64,
    /// Negative samples.
    pub negatives: u64,
    /// Samples left out: a score that is not a finite number.
    pub excluded: u64,
    /// Area under the ROC curve; `None` without samples of both classes.
    pub auc: Option<RankingDifference>,
    /// Average precision; `None` without a positive sample.
    pub average_precision: Option<RankingDifference>,
}

/// One measure of both versions, and what is known about its difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankingDifference {
    /// Baseline and candidate.
    pub values: [f64; 2],
    /// Standard error of the difference, candidate minus baseline; `None` where there is too little for one.
    pub standard_error: Option<f64>,
    /// Normal interval of the difference, cut to -1..1.
    pub interval: Option<(f64, f64)>,
    /// Two-sided test of no difference; 1 where both versions rank alike.
    pub p_value: Option<f64>,
    /// Smallest difference found with 80% power.
    pub detectable: Option<f64>,
}

/// Ranks the samples by each version and compares, at level `1 - alpha`. Samples in any order, ties included.
pub fn ranking(samples: &[Ranked], alpha: f64) -> Ranking {
    let finite = |sample: &&Ranked| sample.scores.iter().all(|score| score.is_finite());
    let kept: Vec<Ranked> = samples.iter().filter(finite).copied().collect();
    let positives = kept.iter().filter(|sample| sample.positive).count();
    let versions = [0, 1].map(|version| Version::new(&kept, version, positives));
    let negatives = kept.len() - positives;
    Ranking {
        positives: positives as u64,
        negatives: negatives as u64,
        excluded: (samples.len() - kept.len()) as u64,
        auc: (positives > 0 && negatives > 0).then(|| auc(&kept, &versions, positives, alpha)),
        average_precision: (positives > 0).then(|| average_precision(&kept, &versions, positives, alpha)),
    }
}

/// One version's ranking: what each sample contributes.
struct Version {
    /// Of the other class, the share that the sample is on the right side of, ties half: DeLong's placement.
    placements: Vec<f64>,
    /// Precision at the sample's own threshold.
    precision: Vec<f64>,
    /// Influence of the sample on average precision, times the share of positives, less its own mean.
    influence: Vec<f64>,
}

impl Version {
    /// From the highest score down, a group of equal scores at a time.
    fn new(samples: &[Ranked], version: usize, positives: usize) -> Version {
        let score = |index: &usize| samples[*index].scores[version];
        let mut order: Vec<usize> = (0..samples.len()).collect();
        // Zero and minus zero are equal scores: ties are told by `==` below, after a sort that keeps them adjacent.
        order.sort_by(|a, b| score(b).partial_cmp(&score(a)).unwrap_or(std::cmp::Ordering::Equal));
        let n = samples.len();
        let negatives = n - positives;
        let mut out = Version {
            placements: vec![0.0; n],
            precision: vec![0.0; n],
            influence: vec![0.0; n],
        };
        let mut groups = Vec::new();
        let (mut above, mut above_positive) = (0, 0);
        for group in order.chunk_by(|a, b| score(a) >= score(b) && score(b) >= score(a)) {
            let inside = group.iter().filter(|index| samples[**index].positive).count();
            let outside = group.len() - inside;
            let precision = (above_positive + inside) as f64 / (above + group.len()) as f64;
            for &index in group {
                out.precision[index] = precision;
                // Half counts of the other class: negatives below a positive, or positives above a negative.
                out.placements[index] = if samples[index].positive {
                    let not_above = negatives - (above - above_positive);
                    (2 * not_above - outside) as f64 / (2 * negatives.max(1)) as f64
                } else {
                    (2 * above_positive + inside) as f64 / (2 * positives.max(1)) as f64
                };
            }
            above += group.len();
            above_positive += inside;
            groups.push((group, inside, above, precision));
        }
        // From the lowest score up: sums over the positives not above of n / (rank) and of precision times that.
        let (mut shares, mut weighted) = (0.0, 0.0);
        for (group, inside, rank, precision) in groups.into_iter().rev() {
            let share = inside as f64 / rank as f64;
            shares += share;
            weighted += share * precision;
            for &index in group {
                let own = if samples[index].positive {
                    precision + shares
                } else {
                    0.0
                };
                out.influence[index] = own - weighted;
            }
        }
        out
    }
}

/// The sum of the positive samples' values.
fn of_positives(samples: &[Ranked], values: &[f64]) -> f64 {
    let own = samples.iter().zip(values);
    own.filter(|(sample, _)| sample.positive).map(|(_, value)| value).sum()
}

/// DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845, for two correlated curves.
fn auc(samples: &[Ranked], versions: &[Version; 2], positives: usize, alpha: f64) -> RankingDifference {
    let negatives = samples.len() - positives;
    let values = areas(samples, versions, positives);
    let difference = |index: usize| versions[1].placements[index] - versions[0].placements[index];
    let variance = |positive: bool, count: usize| {
        let of_class = (0..samples.len()).filter(|index| samples[*index].positive == positive);
        let squares = of_class
            .map(|index| (difference(index) - (values[1] - values[0])).powi(2))
            .sum::<f64>();
        squares / (count as f64 - 1.0) / count as f64
    };
    let enough = positives > 1 && negatives > 1;
    let standard_error = enough.then(|| libm::sqrt(variance(true, positives) + variance(false, negatives)));
    compared(values, standard_error, alpha)
}

/// `sum over thresholds of (R_k - R_{k-1}) P_k`, which is the mean over the positives of the precision at their own
/// score: `sklearn.metrics.average_precision_score`. The variance is that of its influence function.
fn average_precision(samples: &[Ranked], versions: &[Version; 2], positives: usize, alpha: f64) -> RankingDifference {
    let n = samples.len() as f64;
    let values = precisions(samples, versions, positives);
    // Summed in the order of the samples.
    let squares: f64 = (0..samples.len())
        .map(|index| precision_influence(samples, versions, values, positives, index).powi(2))
        .sum();
    let enough = positives > 1 && samples.len() > positives;
    compared(values, enough.then(|| libm::sqrt(squares / (n - 1.0) / n)), alpha)
}

/// Areas under both ROC curves.
fn areas(samples: &[Ranked], versions: &[Version; 2], positives: usize) -> [f64; 2] {
    let area = |version: &Version| of_positives(samples, &version.placements) / positives as f64;
    versions.each_ref().map(area)
}

/// Both average precisions.
fn precisions(samples: &[Ranked], versions: &[Version; 2], positives: usize) -> [f64; 2] {
    let average = |version: &Version| of_positives(samples, &version.precision) / positives as f64;
    versions.each_ref().map(average)
}

/// Influence of a sample on the difference of the average precisions, times the number of samples:
/// (1 / π) (y P + y A - B - y AP) of each version.
fn precision_influence(
    samples: &[Ranked],
    versions: &[Version; 2],
    values: [f64; 2],
    positives: usize,
    index: usize,
) -> f64 {
    let (n, count) = (samples.len() as f64, positives as f64);
    let influence = |version: usize| {
        let own = if samples[index].positive { values[version] } else { 0.0 };
        (versions[version].influence[index] - own) * n / count
    };
    influence(1) - influence(0)
}

/// By how much each sample moves the differences of both measures; they add up to nothing.
pub(super) struct Influences {
    /// ROC AUC of both versions and then average precision; `None` where there is none.
    pub(super) values: [Option<[f64; 2]>; 2],
    /// On the difference of the areas; 0 where there is none.
    pub(super) auc: Vec<f64>,
    /// On that of the average precisions.
    pub(super) average_precision: Vec<f64>,
}

/// The influences of samples whose scores are finite.
pub(super) fn influences(samples: &[Ranked]) -> Influences {
    let positives = samples.iter().filter(|sample| sample.positive).count();
    let negatives = samples.len() - positives;
    let versions = [0, 1].map(|version| Version::new(samples, version, positives));
    let values = [
        (positives > 0 && negatives > 0).then(|| areas(samples, &versions, positives)),
        (positives > 0).then(|| precisions(samples, &versions, positives)),
    ];
    let auc = |index: usize, [a, b]: [f64; 2]| {
        let class = if samples[index].positive { positives } else { negatives };
        let difference = versions[1].placements[index] - versions[0].placements[index];
        (difference - (b - a)) / class as f64
    };
    let precision =
        |index: usize, values| precision_influence(samples, &versions, values, positives, index) / samples.len() as f64;
    let each = 0..samples.len();
    Influences {
        values,
        auc: each
            .clone()
            .map(|index| values[0].map_or(0.0, |values| auc(index, values)))
            .collect(),
        average_precision: each
            .map(|index| values[1].map_or(0.0, |values| precision(index, values)))
            .collect(),
    }
}

fn compared(values: [f64; 2], standard_error: Option<f64>, alpha: f64) -> RankingDifference {
    let difference = values[1] - values[0];
    let half = standard_error.zip(critical_value(alpha)).map(|(error, z)| z * error);
    RankingDifference {
        values,
        standard_error,
        interval: half
            .filter(|half| *half > 0.0)
            .map(|half| ((difference - half).max(-1.0), (difference + half).min(1.0))),
        // Of a difference without spread the test would be sure.
        p_value: standard_error.and_then(|error| match error > 0.0 {
            true => Some(libm::erfc(difference.abs() / error / std::f64::consts::SQRT_2)),
            false => (difference.abs() <= 0.0).then_some(1.0),
        }),
        detectable: standard_error.and_then(|error| detectable_mean(error, alpha)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples() -> impl Strategy<Value = Vec<Ranked>> {
        // Few distinct scores: many ties.
        let sample = (any::<bool>(), 0_u8..8, 0_u8..8).prop_map(|(positive, a, b)| Ranked {
            positive,
            scores: [a, b].map(|score| f64::from(score) / 8.0),
        });
        proptest::collection::vec(sample, 0..60)
    }

    fn auc_of_pairs(samples: &[Ranked], version: usize) -> Option<f64> {
        let of = |positive: bool| {
            samples
                .iter()
                .filter(move |s| s.positive == positive)
                .map(|s| s.scores[version])
        };
        let pairs: Vec<f64> = of(true)
            .flat_map(|p| {
                of(false).map(move |n| {
                    if p > n {
                        1.0
                    } else if p < n {
                        0.0
                    } else {
                        0.5
                    }
                })
            })
            .collect();
        (!pairs.is_empty()).then(|| pairs.iter().sum::<f64>() / pairs.len() as f64)
    }

    fn precision_by_thresholds(samples: &[Ranked], version: usize) -> Option<f64> {
        let mut thresholds: Vec<f64> = samples.iter().map(|s| s.scores[version]).collect();
        thresholds.sort_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let positives = samples.iter().filter(|s| s.positive).count() as f64;
        let (mut sum, mut before) = (0.0, 0.0);
        for threshold in thresholds {
            let above = samples.iter().filter(|s| s.scores[version] >= threshold);
            let (all, right) = above.fold((0.0, 0.0), |(n, k), s| (n + 1.0, k + f64::from(u8::from(s.positive))));
            sum += (right - before) / positives * (right / all);
            before = right;
        }
        (positives > 0.0).then_some(sum)
    }

    /// Jackknife: the variance of the values that leaving one sample out gives.
    fn jackknife(samples: &[Ranked]) -> f64 {
        let n = samples.len() as f64;
        let values: Vec<f64> = (0..samples.len())
            .map(|left_out| {
                let mut rest = samples.to_vec();
                rest.remove(left_out);
                let value = |version| precision_by_thresholds(&rest, version).expect("positives");
                value(1) - value(0)
            })
            .collect();
        let mean = values.iter().sum::<f64>() / n;
        ((n - 1.0) / n * values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()).sqrt()
    }

    #[test]
    fn influence_agrees_with_the_jackknife() {
        let mut stream = crate::stats::Seed(5).stream("ranking");
        let samples: Vec<Ranked> = (0..300)
            .map(|_| {
                let positive = stream.uniform() < 0.3;
                let base = stream.normal() + if positive { 1.0 } else { 0.0 };
                let round = |score: f64| (score * 10.0).round() / 10.0;
                Ranked {
                    positive,
                    scores: [round(base), round(base + 0.5 * stream.normal())],
                }
            })
            .collect();
        let found = ranking(&samples, 0.05)
            .average_precision
            .and_then(|ap| ap.standard_error)
            .expect("defined");
        let expected = jackknife(&samples);
        assert!((found / expected - 1.0).abs() < 0.05, "{found} and {expected}");
    }

    #[test]
    fn undefined_and_excluded() {
        let sample = |positive, score| Ranked {
            positive,
            scores: [score, score],
        };
        assert_eq!(ranking(&[], 0.05).auc, None);
        let negatives = ranking(&[sample(false, 0.1), sample(false, f64::NAN)], 0.05);
        assert_eq!(
            (negatives.auc, negatives.average_precision, negatives.excluded),
            (None, None, 1)
        );
        let positives = ranking(&[sample(true, 0.1), sample(true, 0.2)], 0.05);
        let precision = positives.average_precision.expect("positives");
        assert_eq!(
            (positives.auc, precision.values, precision.standard_error),
            (None, [1.0, 1.0], None)
        );
        // Minus zero ties with zero.
        let tied = ranking(&[sample(true, 0.0), sample(false, -0.0)], 0.05);
        assert_eq!(tied.auc.map(|auc| auc.values), Some([0.5, 0.5]));
    }

    #[test]
    fn versions_that_rank_alike_do_not_differ() {
        let samples: Vec<Ranked> = (0..50_u8)
            .map(|i| {
                let score = f64::from(i % 13);
                Ranked {
                    positive: i % 3 == 0,
                    scores: [score, score * 7.0 - 4.0],
                }
            })
            .collect();
        let found = ranking(&samples, 0.05);
        for measure in [found.auc, found.average_precision].map(|m| m.expect("both classes")) {
            assert_eq!(
                (measure.interval, measure.p_value, measure.detectable),
                (None, Some(1.0), None)
            );
        }
    }

    proptest! {
        #[test]
        fn equal_to_pairs_and_thresholds(samples in samples()) {
            let found = ranking(&samples, 0.05);
            for version in 0..2 {
                for (found, expected) in [
                    (found.auc, auc_of_pairs(&samples, version)),
                    (found.average_precision, precision_by_thresholds(&samples, version)),
                ] {
                    prop_assert_eq!(found.is_some(), expected.is_some());
                    if let (Some(found), Some(expected)) = (found, expected) {
                        prop_assert!((found.values[version] - expected).abs() < 1e-12);
                    }
                }
            }
        }

        #[test]
        fn swapping_the_versions_mirrors_the_difference(samples in samples()) {
            let swapped: Vec<Ranked> = samples.iter().map(|s| Ranked { scores: [s.scores[1], s.scores[0]], ..*s }).collect();
            let (forth, back) = (ranking(&samples, 0.05), ranking(&swapped, 0.05));
            for (a, b) in [(forth.auc, back.auc), (forth.average_precision, back.average_precision)] {
                prop_assert_eq!(a.and_then(|m| m.p_value), b.and_then(|m| m.p_value));
                let mirrored = b.and_then(|m| m.interval).map(|(low, high)| (-high, -low));
                prop_assert_eq!(a.and_then(|m| m.interval), mirrored);
            }
        }
    }
}
