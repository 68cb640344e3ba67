//! Clusters: several samples of one document or user, which are no independent evidence.

use super::exact::ExactSum;
use super::intervals::tango;
use super::means::{Spread, student_interval, student_test};
use super::moments::Moments;
use super::random::Seed;

/// Clusters that have to lean either way for Student's interval to hold where all may.
pub(super) const FEW_LEANING: u64 = 10;
/// Clusters that lean from which on what they change is taken for all that one may.
pub(super) const MANY_LEANING: f64 = 30.0;

/// Clustered McNemar test over (regressed, fixed) of each cluster: Obuchowski (1998), Statistics in Medicine
/// 17:1495-1507, without the factor (K - 1) / K (Yang, Sun and Hardin 2010).
///
/// `X = (sum (b_k - c_k))^2 / sum (b_k - c_k)^2`, chi-squared with one degree of freedom. 1 where no cluster leans
/// either way.
pub fn clustered_mcnemar(clusters: impl IntoIterator<Item = (u64, u64)>) -> f64 {
    let (mut sum, mut squares) = (0_i128, 0.0_f64);
    for (regressed, fixed) in clusters {
        let lean = i128::from(regressed) - i128::from(fixed);
        sum += lean;
        squares += lean as f64 * lean as f64;
    }
    score_test(sum as f64, squares)
}

/// Two-sided p value of a sum of differences that would as well have had the other sign, by the sum of their squares: of flips
/// McNemar's test without correction. 1 where nothing differs.
fn score_test(sum: f64, squares: f64) -> f64 {
    if squares <= 0.0 {
        return 1.0;
    }
    libm::erfc(sum.abs() / libm::sqrt(squares) / std::f64::consts::SQRT_2)
}

/// Sums over clusters: of the differences of their samples, and of how many samples they have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterSums {
    moments: Moments<2>,
    /// Clusters whose differences add up to less, and to more, than nothing.
    leans: [u64; 2],
    /// Of these, how far the mean of their samples is from nothing, added up.
    shares: ExactSum,
    /// Sum of the fourth powers of what clusters add up to.
    fourths: ExactSum,
    /// Samples by themselves, where they are known: how many, how many differ, and the squares of their differences.
    single: [u64; 2],
    single_largest: f64,
    single_squares: ExactSum,
    single_fourths: ExactSum,
}

/// What clusters say about the mean difference over all samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterTest {
    /// Clusters.
    pub clusters: u64,
    /// Mean difference over all samples, new minus old.
    pub mean: f64,
    /// Cluster-robust standard error; `None` for one cluster.
    pub standard_error: Option<f64>,
    /// Student's interval with clusters - 1 degrees of freedom.
    pub interval: Option<(f64, f64)>,
    /// Two-sided test with as many.
    pub p_value: Option<f64>,
}

impl ClusterSums {
    /// Adds a cluster: the sum of its samples' differences (for accuracy fixed less regressed), and its samples.
    pub fn add(&mut self, differences: f64, samples: u64) {
        if differences.abs() > 0.0 {
            self.leans[usize::from(differences > 0.0)] += 1;
            self.shares.add(differences.abs() / samples.max(1) as f64);
            let square = differences * differences;
            self.fourths.add_product(square, square);
        }
        self.moments.add([differences, samples as f64]);
    }

    /// The same of a cluster whose samples are known by themselves.
    pub fn add_samples(&mut self, samples: Spread) {
        self.add(samples.sum, samples.n);
        self.single[0] += samples.n;
        self.single[1] += samples.differing;
        self.single_largest = self.single_largest.max(samples.largest);
        self.single_squares.add(samples.squares);
        self.single_fourths.add(samples.fourths);
    }

    /// Adds the clusters of another part; a cluster must be whole in one of them.
    pub fn merge(&mut self, other: &ClusterSums) {
        self.leans[0] += other.leans[0];
        self.leans[1] += other.leans[1];
        self.shares.merge(&other.shares);
        self.fourths.merge(&other.fourths);
        self.single[0] += other.single[0];
        self.single[1] += other.single[1];
        self.single_largest = self.single_largest.max(other.single_largest);
        self.single_squares.merge(&other.single_squares);
        self.single_fourths.merge(&other.single_fourths);
        self.moments.merge(&other.moments);
    }

    /// Clusters.
    pub fn clusters(&self) -> u64 {
        self.moments.n()
    }

    /// Samples.
    pub fn samples(&self) -> u64 {
        self.moments.sums()[1] as u64
    }

    /// Mean difference over all samples.
    pub(super) fn mean(&self) -> f64 {
        let [sum, samples] = self.moments.sums();
        sum / samples.max(1.0)
    }

    /// How many clusters of one size would weigh as much: (sum of sizes)² / sum of squared sizes (Kish 1965, Survey Sampling,
    /// section 11.2, of weights).
    pub fn effective(&self) -> f64 {
        let ([_, samples], [_, squares]) = (self.moments.sums(), self.moments.squares());
        if squares > 0.0 {
            samples * samples / squares
        } else {
            0.0
        }
    }

    /// The differences of all samples as if each were by itself; `None` unless all are known.
    pub(super) fn singles(&self) -> Option<Spread> {
        let [sum, _] = self.moments.sums();
        let [n, differing] = self.single;
        (n > 0 && n == self.samples()).then(|| Spread {
            n,
            differing,
            largest: self.single_largest,
            sum,
            squares: self.single_squares.value(),
            fourths: self.single_fourths.value(),
        })
    }

    /// How many clusters that lean alike would vary as much: (sum of squares)² / sum of fourth powers of what they add up to. Far less than
    /// [`leaning`](ClusterSums::leaning) where a few make up most of the change.
    pub fn carrying(&self) -> f64 {
        let ([squares, _], fourths) = (self.moments.squares(), self.fourths.value());
        if fourths > 0.0 {
            squares * squares / fourths
        } else {
            0.0
        }
    }

    /// Whether so few clusters lean, or so few of all, that they do not tell how others would.
    pub(super) fn few_lean(&self) -> bool {
        self.leaning() < FEW_LEANING || self.is_sparse()
    }

    /// Whether most clusters do not lean.
    pub(super) fn is_sparse(&self) -> bool {
        2 * self.leaning() < self.clusters()
    }

    /// Clusters whose differences do not cancel out.
    pub fn leaning(&self) -> u64 {
        self.leans[0] + self.leans[1]
    }

    /// Tango's interval of how many clusters lean up rather than down, times what a leaning cluster changes on average: it holds where so
    /// few lean that Student's does not. Of those that could lean, up to `1 - (alpha / 2)^(1 / leaning)` may change by `most`, and not have been
    /// seen: that counts in full up to ten that lean, and no more from thirty on, where they tell enough of others. `None` where none leans.
    pub fn of_leans(&self, most: Option<f64>, alpha: f64) -> Option<(f64, f64)> {
        let [down, up] = self.leans;
        let leaning = self.leaning();
        let share = self.shares.value() / leaning.max(1) as f64;
        let unseen = 1.0 - libm::pow(alpha / 2.0, 1.0 / leaning.max(1) as f64);
        let counts = ((MANY_LEANING - leaning as f64) / (MANY_LEANING - FEW_LEANING as f64)).clamp(0.0, 1.0);
        let more = most.map_or(0.0, |most| (most - share).max(0.0));
        let share = share + more * unseen * counts;
        let (low, high) = tango(up, down, self.clusters(), alpha).filter(|_| leaning > 0)?;
        Some((low * share, high * share))
    }

    /// [`clustered_mcnemar`] where a cluster's sum is fixed less regressed.
    pub fn mcnemar(&self) -> f64 {
        let [sum, _] = self.moments.sums();
        let [squares, _] = self.moments.squares();
        score_test(sum, squares)
    }

    /// Mean with the cluster-robust ("sandwich") error of its ratio, at level `1 - alpha`; `None` without samples.
    pub fn test(&self, alpha: f64) -> Option<ClusterTest> {
        let (clusters, [sum, samples]) = (self.moments.n(), self.moments.sums());
        if samples <= 0.0 {
            return None;
        }
        let mean = sum / samples;
        let standard_error = (clusters > 1).then(|| {
            // Sums of products about the means suffice: the residuals d_k - mean n_k add up to zero.
            let c = self.moments.central();
            let squares = (c[0][0] - 2.0 * mean * c[0][1] + mean * mean * c[1][1]).max(0.0);
            let k = clusters as f64;
            libm::sqrt(squares * k / (k - 1.0)) / samples
        });
        let freedom = clusters as f64 - 1.0;
        Some(ClusterTest {
            clusters,
            mean,
            standard_error,
            interval: standard_error.and_then(|error| student_interval(mean, error, freedom, alpha)),
            p_value: standard_error.map(|error| student_test(mean, error, freedom)),
        })
    }

    /// Percentile interval of the mean by resampling clusters; its cost does not depend on their number.
    pub fn bootstrap(&self, alpha: f64, seed: Seed) -> Option<(f64, f64)> {
        let ratio = |means: &[f64; 2]| (means[1] > 0.0).then(|| means[0] / means[1]);
        self.moments.bootstrap(alpha, &mut seed.stream("clusters"), ratio)
    }
}

/// Sums one cluster's differences exactly, so that the order of its samples does not matter.
pub fn cluster_sum(differences: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = ExactSum::default();
    differences.into_iter().for_each(|difference| sum.add(difference));
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::MeanSums;
    use proptest::prelude::*;

    #[test]
    fn mcnemar_with_single_samples_is_the_uncorrected_test() {
        // (12 - 2)^2 / 14 = 7.142857: scipy 1.17.1 `chi2.sf(100 / 14, 1)`.
        let clusters = std::iter::repeat_n((1, 0), 12).chain(std::iter::repeat_n((0, 1), 2));
        assert!((clustered_mcnemar(clusters) - 0.007526315166457776).abs() < 1e-15);
        assert!(clustered_mcnemar([]) >= 1.0 && clustered_mcnemar([(2, 2), (0, 0)]) >= 1.0);
        // A cluster of twelve like flips is one piece of evidence: (12 - 2)^2 / (144 + 2).
        let lumped = clustered_mcnemar([(12, 0), (0, 1), (0, 1)]);
        assert!((lumped - 0.40789373229728954).abs() < 1e-12, "{lumped}");
        assert!(clustered_mcnemar([(u64::MAX, 0), (0, u64::MAX)]) >= 1.0);
    }

    #[test]
    fn little_data() {
        assert_eq!(ClusterSums::default().test(0.05), None);
        let mut one = ClusterSums::default();
        one.add(2.0, 4);
        let test = one.test(0.05).expect("samples");
        assert_eq!((test.mean, test.standard_error, test.interval), (0.5, None, None));
        assert_eq!(one.bootstrap(0.05, Seed(1)), None);
        assert!((cluster_sum([0.1; 10]) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn resampling_and_the_closed_form_agree_for_many_clusters() {
        let mut sums = ClusterSums::default();
        for k in 0..500_u64 {
            sums.add((k % 7) as f64 - 2.5, 1 + k % 5);
        }
        let (low, high) = sums.test(0.05).and_then(|test| test.interval).expect("defined");
        let (a, b) = sums.bootstrap(0.05, Seed(1)).expect("defined");
        assert!(
            (low - a).abs() < 0.004 && (high - b).abs() < 0.004,
            "{low} {high} and {a} {b}"
        );
    }

    proptest! {
        #[test]
        fn clusters_of_one_sample_are_the_paired_test(differences in proptest::collection::vec(-3.0_f64..3.0, 2..40)) {
            let (mut clusters, mut samples) = (ClusterSums::default(), MeanSums::default());
            for difference in &differences {
                clusters.add(*difference, 1);
                samples.add(*difference);
            }
            let (a, b) = (clusters.test(0.05).expect("samples"), samples.test(0.05).expect("samples"));
            let close = |a: Option<f64>, b: Option<f64>| (a.expect("defined") - b.expect("defined")).abs() < 1e-12;
            prop_assert!((a.mean - b.mean).abs() < 1e-14);
            let least = libm::exp2(-(b.differing as f64));
            prop_assert!(close(a.standard_error, b.standard_error) && close(a.p_value.map(|p| p.max(least)), b.p_value));
        }
    }
}
