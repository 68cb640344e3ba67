//! The paired mean difference: of scores, of absolute errors, of whatever is one number per sample and version.

use super::exact::{ExactSum, central};
use super::intervals::tango;
use super::mcnemar::mcnemar_midp;
use super::power::POWER;
use super::resample::FEW_FLIPS;
use super::special::{critical_value, normal_quantile};
use super::student::{student_quantile, student_two_sided};
use super::verdict::{Evidence, verdict};
use crate::model::{Direction, Verdict};

/// Sums over the differences, new minus old, one per sample; exact in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeanSums {
    n: u64,
    differing: u64,
    risen: u64,
    sum: ExactSum,
    squares: ExactSum,
}

/// What the differences say about their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanTest {
    /// Samples.
    pub n: u64,
    /// Samples whose value differs between the versions.
    pub differing: u64,
    /// Mean difference.
    pub mean: f64,
    /// Its standard error; `None` for one sample.
    pub standard_error: Option<f64>,
    /// Student's interval, wider where few samples differ; `None` for one sample, or unless `0 < alpha < 1`.
    pub interval: Option<(f64, f64)>,
    /// Paired t test, two-sided, 1 where nothing differs, and never below what so many signs can reach; `None` for one sample.
    pub p_value: Option<f64>,
    /// Smallest mean difference found with 80% power; `None` where nothing differs.
    pub detectable: Option<f64>,
}

impl MeanSums {
    /// Adds a sample by its difference.
    pub fn add(&mut self, difference: f64) {
        self.n += 1;
        self.differing += u64::from(difference.abs() > 0.0);
        self.risen += u64::from(difference > 0.0);
        self.sum.add(difference);
        self.squares.add_product(difference, difference);
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &MeanSums) {
        self.n += other.n;
        self.differing += other.differing;
        self.risen += other.risen;
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }

    /// Takes out the samples of a part.
    pub(super) fn subtract(&mut self, part: &MeanSums) {
        self.n = self.n.saturating_sub(part.n);
        self.differing = self.differing.saturating_sub(part.differing);
        self.risen = self.risen.saturating_sub(part.risen);
        self.sum.subtract(&part.sum);
        self.squares.subtract(&part.squares);
    }

    /// Mean, interval of level `1 - alpha`, paired t test and detectable effect; `None` without samples.
    pub fn test(&self, alpha: f64) -> Option<MeanTest> {
        if self.n == 0 {
            return None;
        }
        let (n, mean) = (self.n as f64, self.sum.value() / self.n as f64);
        let standard_error = (self.n > 1).then(|| {
            let squares = central(&self.squares, &self.sum, &self.sum, self.n).max(0.0);
            libm::sqrt(squares / (n - 1.0) / n)
        });
        let few = self.is_told_by_few(standard_error);
        let interval = standard_error.and_then(|error| student_interval(mean, error, n - 1.0, alpha));
        let p_value = standard_error.map(|error| student_test(mean, error, n - 1.0).max(self.least_p(few)));
        Some(MeanTest {
            n: self.n,
            differing: self.differing,
            mean,
            standard_error,
            interval: if few {
                interval.and_then(|student| self.of_few(student, alpha))
            } else {
                interval
            },
            p_value,
            detectable: standard_error.and_then(|error| detectable_mean(error, alpha)),
        })
    }

    /// Whether the samples that differ say less by their spread than by their number: a few among more that do not, or all by the
    /// same.
    fn is_told_by_few(&self, standard_error: Option<f64>) -> bool {
        let few = self.differing < FEW_FLIPS && 2 * self.differing < self.n;
        self.differing > 0 && (few || standard_error.is_some_and(|error| error <= 0.0))
    }

    /// What a p value is at least: under the null hypothesis the sign of each difference is as good as a coin.
    fn least_p(&self, few: bool) -> f64 {
        match few {
            true => mcnemar_midp(self.risen, self.differing - self.risen),
            false => libm::exp2(-(self.differing as f64)),
        }
    }

    /// The outer ends of Student's interval and of Tango's for how many samples rose and fell, times the root mean square of what
    /// they differ by: of 0/1 scores Tango's.
    fn of_few(&self, student: (f64, f64), alpha: f64) -> Option<(f64, f64)> {
        let size = libm::sqrt(self.squares.value() / self.differing as f64);
        let (low, high) = tango(self.risen, self.differing - self.risen, self.n, alpha)?;
        Some((student.0.min(low * size), student.1.max(high * size)))
    }
}

impl MeanTest {
    /// The verdict, by the same rule as accuracy's: a difference in every sample takes the part of a flip, since under
    /// the null hypothesis the sign of each is as good as a coin.
    pub fn verdict(&self, direction: Direction, alpha: f64, min_effect: f64) -> Verdict {
        let evidence = Evidence {
            n: self.n,
            flips: self.differing,
            churned: self.differing,
            delta: Some(self.mean),
            p_value: self.p_value,
            direction,
        };
        verdict(&evidence, alpha, min_effect)
    }
}

/// `estimate ± t standard_error`.
pub(super) fn student_interval(estimate: f64, standard_error: f64, freedom: f64, alpha: f64) -> Option<(f64, f64)> {
    let half = student_quantile(alpha, freedom)? * standard_error;
    Some((estimate - half, estimate + half))
}

/// Two-sided p value of `estimate / standard_error`; 1 where nothing differs, 0 where every sample differs alike.
pub(super) fn student_test(estimate: f64, standard_error: f64, freedom: f64) -> f64 {
    if standard_error > 0.0 {
        student_two_sided(estimate / standard_error, freedom)
    } else if estimate.abs() > 0.0 {
        0.0
    } else {
        1.0
    }
}

/// `(z_{1-alpha/2} + z_{.8}) standard_error`: the mean difference found with [`POWER`]; `None` for no spread.
pub fn detectable_mean(standard_error: f64, alpha: f64) -> Option<f64> {
    let z = critical_value(alpha)? + normal_quantile(POWER)?;
    (standard_error > 0.0).then_some(z * standard_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(differences: &[f64]) -> MeanSums {
        let mut sums = MeanSums::default();
        differences.iter().for_each(|difference| sums.add(*difference));
        sums
    }

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs(),
            "{found} instead of {expected}"
        );
    }

    /// Computed with scipy 1.17.1 `stats.ttest_1samp` on these differences.
    #[test]
    fn agrees_with_scipy() {
        let test = of(&[0.3, -0.1, 0.25, 0.0, 0.4, 0.15, -0.05, 0.35])
            .test(0.05)
            .expect("samples");
        close(test.mean, 0.1625);
        close(test.p_value.expect("defined"), 0.04812623853778664);
        let (low, high) = test.interval.expect("defined");
        close(low, 0.001765795515915436);
        close(high, 0.3232342044840846);
        assert_eq!((test.n, test.differing), (8, 7));
        close(
            test.detectable.expect("defined"),
            2.801_585_218_112_968 * test.standard_error.expect("defined"),
        );
    }

    #[test]
    fn verdicts() {
        let verdict = |differences: &[f64], direction, min_effect| {
            of(differences)
                .test(0.05)
                .expect("samples")
                .verdict(direction, 0.05, min_effect)
        };
        let better = [0.3, 0.1, 0.25, 0.2, 0.4, 0.15];
        assert_eq!(verdict(&better, Direction::Higher, 0.0), Verdict::Improved);
        assert_eq!(verdict(&better, Direction::Lower, 0.0), Verdict::Regressed);
        assert_eq!(verdict(&better, Direction::Higher, 0.3), Verdict::Unchanged);
        assert_eq!(verdict(&[0.0; 50], Direction::Higher, 0.0), Verdict::Unchanged);
        // Four differences cannot be significant, however alike they are.
        assert_eq!(
            verdict(&[0.2, 0.2, 0.2, 0.2], Direction::Higher, 0.0),
            Verdict::Inconclusive
        );
        assert_eq!(verdict(&[0.2], Direction::Higher, 0.0), Verdict::Inconclusive);
        assert_eq!(
            verdict(&[0.3, -0.3, 0.2, -0.2, 0.1], Direction::Higher, 0.0),
            Verdict::Unchanged
        );
    }

    #[test]
    fn little_data() {
        assert_eq!(MeanSums::default().test(0.05), None);
        let one = of(&[0.5]).test(0.05).expect("a sample");
        assert_eq!(
            (one.mean, one.standard_error, one.interval, one.p_value),
            (0.5, None, None, None)
        );
    }

    /// Nine samples that rose by a half are nine of nine, no proof that every sample does.
    #[test]
    fn differences_without_spread_are_told_by_their_number() {
        let same = of(&[0.5; 9]).test(0.05).expect("samples");
        let (low, high) = tango(9, 0, 9, 0.05).expect("defined");
        let (found_low, found_high) = same.interval.expect("defined");
        close(found_low, low / 2.0);
        close(found_high, high / 2.0);
        assert_eq!((same.p_value, same.detectable), (Some(1.0 / 512.0), None));
        let none = of(&[0.0; 9]).test(0.05).expect("samples");
        assert_eq!((none.interval, none.p_value), (Some((0.0, 0.0)), Some(1.0)));
    }

    /// Of 0/1 scores interval and test are those of accuracy, whose flips they are.
    #[test]
    fn few_differences_are_told_by_their_number() {
        for (risen, fallen) in [(0_u64, 1_u64), (1, 0), (5, 0), (2, 7), (3, 3)] {
            let changes = [(1.0, risen), (-1.0, fallen), (0.0, 400 - risen - fallen)];
            let changes: Vec<f64> = changes.iter().flat_map(|&(by, n)| vec![by; n as usize]).collect();
            let test = of(&changes).test(0.05).expect("samples");
            let (low, high) = tango(risen, fallen, 400, 0.05).expect("defined");
            let (found_low, found_high) = test.interval.expect("defined");
            assert!(
                found_low <= low + 1e-12 && found_high >= high - 1e-12,
                "{risen} {fallen}"
            );
            assert!(test.p_value >= Some(mcnemar_midp(risen, fallen)), "{risen} {fallen}");
        }
        // Enough of them are what Student says.
        let changes: Vec<f64> = (0..400).map(|i| if i < 10 { -1.0 } else { 0.0 }).collect();
        let test = of(&changes).test(0.05).expect("samples");
        assert_eq!(
            test.interval,
            student_interval(test.mean, test.standard_error.expect("defined"), 399.0, 0.05)
        );
    }

    proptest! {
        #[test]
        fn a_mirrored_comparison_has_the_mirrored_interval(differences in proptest::collection::vec(-3.0_f64..3.0, 2..40)) {
            let forth = of(&differences).test(0.05).expect("samples");
            let mirrored: Vec<f64> = differences.iter().rev().map(|d| -d).collect();
            let back = of(&mirrored).test(0.05).expect("samples");
            prop_assert_eq!((forth.mean, forth.p_value), (-back.mean, back.p_value));
            prop_assert_eq!(forth.interval, back.interval.map(|(low, high)| (-high, -low)));
            let ((low, high), p) = (forth.interval.expect("defined"), forth.p_value.expect("defined"));
            // Zero lies outside exactly where the test rejects, unless so few samples can reject nothing.
            let few = differences.iter().filter(|d| d.abs() > 0.0).count() < 5;
            prop_assert_eq!(p < 0.05 - 1e-9, (low > 0.0 || high < 0.0) && !few);
        }
    }
}
