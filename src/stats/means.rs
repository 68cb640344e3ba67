//! The paired mean difference: of scores, of absolute errors, of whatever is one number per sample and version.

use super::exact::{ExactSum, central};
use super::intervals::{outer, tango_of, tango_test};
use super::power::POWER;
use super::special::{critical_value, normal_quantile};
use super::student::{student_quantile, student_two_sided};
use super::verdict::{Evidence, verdict};
use crate::model::confidence::{ChangeSums, FIXED_ONE};
use crate::model::kind::ROUNDING;
use crate::model::{Direction, Verdict};

/// Sums over the differences, new minus old, one per sample; exact in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeanSums {
    n: u64,
    differing: u64,
    largest: f64,
    sum: ExactSum,
    squares: ExactSum,
    fourths: ExactSum,
}

/// What the differences say about their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanTest {
    /// Samples.
    pub n: u64,
    /// Samples whose value differs between the versions.
    pub differing: u64,
    /// As many samples make up the change: those that differ, unless a few differ by far more than all others.
    pub changed: u64,
    /// How many differences of one size would vary as much, (sum of squares)² / sum of fourth powers.
    pub carrying: f64,
    /// Mean difference.
    pub mean: f64,
    /// Its standard error; `None` for one sample.
    pub standard_error: Option<f64>,
    /// Student's interval, wider where few samples differ; `None` where none does, for one sample, or unless `0 < alpha < 1`.
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
        self.largest = self.largest.max(difference.abs());
        self.sum.add(difference);
        self.squares.add_product(difference, difference);
        let square = difference * difference;
        self.fourths.add_product(square, square);
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &MeanSums) {
        self.n += other.n;
        self.differing += other.differing;
        self.largest = self.largest.max(other.largest);
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
        self.fourths.merge(&other.fourths);
    }

    /// Takes out the samples of a part.
    pub(super) fn subtract(&mut self, part: &MeanSums) {
        self.n = self.n.saturating_sub(part.n);
        self.differing = self.differing.saturating_sub(part.differing);
        self.sum.subtract(&part.sum);
        self.squares.subtract(&part.squares);
        self.fourths.subtract(&part.fourths);
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
        let spread = self.spread();
        let interval = standard_error.and_then(|error| spread.interval(error, alpha));
        Some(MeanTest {
            n: self.n,
            differing: self.differing,
            changed: spread.changed(),
            mean,
            standard_error,
            carrying: spread.effective(),
            interval,
            p_value: standard_error.map(|error| spread.p_value(error)),
            detectable: standard_error.and_then(|error| detectable(mean, error, n - 1.0, interval, alpha)),
        })
    }

    /// What the differences add up to.
    pub fn spread(&self) -> Spread {
        Spread {
            n: self.n,
            differing: self.differing,
            largest: self.largest,
            sum: self.sum.value(),
            squares: self.squares.value(),
            fourths: self.fourths.value(),
        }
    }
}

/// Share of the samples that differences have to be spread over, by [`Spread::effective`], for Student's interval to hold: a sixth where they
/// are exponential, a third where normal.
const SPARSE: f64 = 0.125;

/// What differences add up to, rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Samples.
    pub n: u64,
    /// Samples whose value differs between the versions.
    pub differing: u64,
    /// The largest difference either way, or more.
    pub largest: f64,
    /// Sum of the differences.
    pub sum: f64,
    /// Sum of their squares.
    pub squares: f64,
    /// Sum of their fourth powers.
    pub fourths: f64,
}

/// Flips that stand for differences of any size.
struct LikeFlips {
    /// Up, and down.
    flips: [f64; 2],
    /// What one changes.
    size: f64,
    /// What the mean is besides: nothing, unless the sum is more than so many could make up.
    off: f64,
}

impl Spread {
    /// Of so many samples that rose by one, and that fell.
    pub fn of_flips(n: u64, risen: u64, fallen: u64) -> Spread {
        Spread {
            n,
            differing: risen + fallen,
            largest: f64::from(u8::from(risen + fallen > 0)),
            sum: risen as f64 - fallen as f64,
            squares: (risen + fallen) as f64,
            fourths: (risen + fallen) as f64,
        }
    }

    /// Of so many samples whose numbers between 0 and 1 add up to `sum` more.
    pub(super) fn of_changes(n: u64, sum: f64, changes: &ChangeSums, largest: f64) -> Spread {
        Spread {
            n,
            differing: changes.differing,
            largest,
            sum,
            squares: changes.squares as f64 / FIXED_ONE,
            fourths: changes.fourths as f64 / FIXED_ONE,
        }
    }

    /// With the samples of another part.
    pub fn and(self, other: Spread) -> Spread {
        Spread {
            n: self.n + other.n,
            differing: self.differing + other.differing,
            largest: self.largest.max(other.largest),
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
            fourths: self.fourths + other.fourths,
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.n as f64
    }

    /// Standard error of the mean; 0 where digits are too few to tell it from none, `None` for one sample.
    pub(super) fn error(&self) -> Option<f64> {
        let n = self.n as f64;
        let about = self.squares - self.sum * self.sum / n;
        let about = if about > 1e-12 * self.squares { about } else { 0.0 };
        (self.n > 1).then(|| libm::sqrt(about / (n - 1.0) / n))
    }

    /// Student's interval of the mean, or where its spread says little the outer ends of it and of Tango's.
    ///
    /// Tango's (1998) is of flips. Differences of which each is one, up or down, are flips; others are taken for as many flips of one size
    /// as would vary as much ([`effective`](Spread::effective)), so many of which rise that they add up to the same: of 0/1 scores the
    /// interval is that of their flips, and in large samples it is Student's.
    ///
    /// `None` where nothing differs: of what never changed nobody knows by how much it changes where it does.
    pub(super) fn interval(&self, error: f64, alpha: f64) -> Option<(f64, f64)> {
        if self.differing == 0 {
            return None;
        }
        let student = student_interval(self.mean(), error, self.n as f64 - 1.0, alpha)?;
        if !self.is_sparse(error) {
            return Some(student);
        }
        let like = self.like_flips();
        let (low, high) = tango_of(like.flips, self.n as f64, alpha)?;
        let end = |end: f64| end * like.size + like.off;
        Some(outer(student, Some((end(low), end(high)))))
    }

    /// As many flips of one size as vary as much and add up to the same.
    fn like_flips(&self) -> LikeFlips {
        let m = self.effective();
        let size = libm::sqrt(self.squares / m);
        let lean = (self.sum / size).clamp(-m, m);
        LikeFlips {
            flips: [m + lean, m - lean].map(|twice| twice / 2.0),
            size,
            off: self.mean() - lean * size / self.n as f64,
        }
    }

    /// How many differences of one size would vary as much: (sum of squares)² / sum of fourth powers, those that differ at most.
    fn effective(&self) -> f64 {
        let (differing, effective) = (self.differing as f64, self.squares * self.squares / self.fourths);
        if effective.is_finite() {
            effective.clamp(1.0, differing.max(1.0))
        } else {
            differing
        }
    }

    /// As many samples make up the change: where few vary as much, these, but no fewer than the sum of all takes. Of numbers with these squares
    /// k add up to √(k × sum of squares) at most (Cauchy, Schwarz).
    fn changed(&self) -> u64 {
        match self.effective() {
            few if few < SPARSE * self.n as f64 => {
                let summed = (self.sum * self.sum / self.squares).min(self.differing as f64);
                libm::round(few.max(summed)) as u64
            }
            _ => self.differing,
        }
    }

    /// Student's test of the mean, never below what so many signs can reach; where the spread says little, nor below the score test by
    /// which Tango's interval holds zero or not: of flips McNemar's without correction.
    pub(super) fn p_value(&self, error: f64) -> f64 {
        let student = student_test(self.mean(), error, self.n as f64 - 1.0);
        let signs = libm::exp2(-(self.changed() as f64));
        let score = if self.is_sparse(error) {
            let like = self.like_flips();
            tango_test(like.flips, self.n as f64, -like.off / like.size)
        } else {
            0.0
        };
        student.max(signs).max(score)
    }

    /// Whether the spread of the differences says less of their mean than their number: most samples do not differ, or by far less than a
    /// few do, or all differ by the same.
    fn is_sparse(&self, error: f64) -> bool {
        let n = self.n as f64;
        let few = 2 * self.differing < self.n || self.effective() < SPARSE * n;
        // What rounding leaves of differences that are all the same is no spread.
        let alike = error * error * n * (n - 1.0) <= ROUNDING * ROUNDING * self.squares;
        self.differing > 0 && (few || alike)
    }
}

impl MeanTest {
    /// The verdict, by the same rule as accuracy's: a difference in every sample takes the part of a flip, since under
    /// the null hypothesis the sign of each is as good as a coin.
    pub fn verdict(&self, direction: Direction, alpha: f64, min_effect: f64) -> Verdict {
        let evidence = Evidence {
            n: self.n,
            flips: self.changed,
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

/// Smallest mean difference found with [`POWER`]: by Student's test, `(t_{1-alpha/2} + t_{.8}) standard_error`, and by the interval, which has to
/// leave zero out too; it reaches as far from such a difference as it does from `mean` towards zero. `None` for no spread.
pub(super) fn detectable(
    mean: f64,
    standard_error: f64,
    freedom: f64,
    interval: Option<(f64, f64)>,
    alpha: f64,
) -> Option<f64> {
    let by_test = student_quantile(alpha, freedom)? * standard_error;
    let reach = interval.map_or(0.0, |(low, high)| match mean {
        mean if mean > 0.0 => mean - low,
        mean if mean < 0.0 => high - mean,
        _ => high.max(-low),
    });
    // The quantile that leaves 1 - POWER above it, two-sided.
    let short = student_quantile(2.0 * (1.0 - POWER), freedom)? * standard_error;
    (standard_error > 0.0).then(|| by_test.max(reach) + short)
}

/// `(z_{1-alpha/2} + z_{.8}) standard_error`: the mean difference found with [`POWER`]; `None` for no spread.
pub fn detectable_mean(standard_error: f64, alpha: f64) -> Option<f64> {
    let z = critical_value(alpha)? + normal_quantile(POWER)?;
    (standard_error > 0.0).then_some(z * standard_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::tango;
    use proptest::prelude::*;

    fn of(differences: &[f64]) -> MeanSums {
        let mut sums = MeanSums::default();
        differences.iter().for_each(|difference| sums.add(*difference));
        sums
    }

    /// Of 0/1 scores.
    fn flips(risen: u64, fallen: u64, n: u64) -> MeanTest {
        let changes = [(1.0, risen), (-1.0, fallen), (0.0, n - risen - fallen)];
        let changes: Vec<f64> = changes.iter().flat_map(|&(by, n)| vec![by; n as usize]).collect();
        of(&changes).test(0.05).expect("samples")
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
        // Student's quantiles of 0.975 and 0.8 with 7 degrees of freedom.
        close(
            test.detectable.expect("defined"),
            (2.364_624_251_592_784 + 0.896_029_644_313_765_3) * test.standard_error.expect("defined"),
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

    /// One that fell by far more than the others is no reason to doubt these; nor are small changes of others one to trust a few large ones.
    #[test]
    fn few_large_differences_are_counted_and_many_small_ones_are_not_lost() {
        let all = |few: &[f64], many: f64, times: usize, none: usize| {
            let differences = [few.to_vec(), vec![many; times], vec![0.0; none]].concat();
            of(&differences).test(0.05).expect("samples")
        };
        let verdict = |test: MeanTest| test.verdict(Direction::Higher, 0.05, 0.0);
        let fallen = all(&[-12.0], -1.0, 200, 799);
        assert!(fallen.carrying < 6.0 && fallen.changed > 100, "{fallen:?}");
        assert_eq!(verdict(fallen), Verdict::Regressed);
        let four = all(&[-1.0; 4], -1e-9, 100, 896);
        assert_eq!((four.changed, verdict(four)), (4, Verdict::Inconclusive));
        assert_eq!(verdict(all(&[-1.0; 6], 1e-9, 100, 894)), Verdict::Regressed);
    }

    /// Nine samples that rose by a half are nine of nine, no proof that every sample does.
    #[test]
    fn differences_without_spread_are_told_by_their_number() {
        let same = of(&[0.5; 9]).test(0.05).expect("samples");
        let (low, high) = tango(9, 0, 9, 0.05).expect("defined");
        let (found_low, found_high) = same.interval.expect("defined");
        close(found_low, low / 2.0);
        close(found_high, high / 2.0);
        close(same.p_value.expect("defined"), 0.002_699_796_063_260_19);
        assert_eq!(same.detectable, None);
        let nearly = of(&[0.5, 0.5 + 1e-16, 0.5 - 1e-15, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
        let (low, _) = nearly.test(0.05).and_then(|test| test.interval).expect("defined");
        close(low, found_low);
        let none = of(&[0.0; 9]).test(0.05).expect("samples");
        assert_eq!((none.interval, none.p_value), (None, Some(1.0)));
    }

    /// Of 0/1 scores the interval holds what it does of accuracy, whose flips they are, and no change of one more sample narrows it.
    #[test]
    fn sparse_differences_are_told_by_their_number() {
        for (risen, fallen) in [(0_u64, 1_u64), (1, 0), (5, 0), (2, 7), (3, 3), (0, 20), (90, 60)] {
            let test = flips(risen, fallen, 400);
            let (low, high) = tango(risen, fallen, 400, 0.05).expect("defined");
            let (found_low, found_high) = test.interval.expect("defined");
            assert!(
                found_low <= low + 1e-12 && found_high >= high - 1e-12,
                "{risen} {fallen}"
            );
        }
        let lows = (1..30).map(|fallen| flips(0, fallen, 400).interval.expect("defined").0);
        let lows: Vec<f64> = lows.collect();
        assert!(lows.windows(2).all(|pair| pair[1] < pair[0]), "{lows:?}");
    }

    #[test]
    fn many_sparse_differences_are_what_student_says() {
        let changes = (0..40_000).map(|i| if i % 3 == 0 { f64::from(i % 7) - 2.9 } else { 0.0 });
        let changes: Vec<f64> = changes.collect();
        let test = of(&changes).test(0.05).expect("samples");
        let error = test.standard_error.expect("defined");
        let (low, high) = student_interval(test.mean, error, 39_999.0, 0.05).expect("defined");
        let (found_low, found_high) = test.interval.expect("defined");
        assert!((low - found_low).abs() < 0.002 * (high - low) && (high - found_high).abs() < 0.002 * (high - low));
    }

    proptest! {
        #[test]
        fn a_mirrored_comparison_has_the_mirrored_interval(differences in proptest::collection::vec(-3.0_f64..3.0, 2..40)) {
            let forth = of(&differences).test(0.05).expect("samples");
            let mirrored: Vec<f64> = differences.iter().rev().map(|d| -d).collect();
            let back = of(&mirrored).test(0.05).expect("samples");
            prop_assert_eq!((forth.mean, forth.p_value), (-back.mean, back.p_value));
            prop_assert_eq!(forth.interval, back.interval.map(|(low, high)| (-high, -low)));
        }

        /// Unless so few samples can reject nothing.
        #[test]
        fn zero_lies_outside_exactly_where_the_test_rejects(logs in proptest::collection::vec((-4.0_f64..4.0, 0_u8..8), 2..60), lean in 0_u8..8) {
            let differences: Vec<f64> = logs.iter().map(|(log, sign)| log.exp() * if *sign < lean { 1.0 } else { -1.0 }).collect();
            for none in [0, differences.len() * 3] {
                let test = of(&[&differences[..], &vec![0.0; none]].concat()).test(0.05).expect("samples");
                let ((low, high), p) = (test.interval.expect("defined"), test.p_value.expect("defined"));
                let few = libm::exp2(-(test.changed as f64)) >= 0.05;
                prop_assert!((p - 0.05).abs() < 1e-9 || (p < 0.05) == ((low > 0.0 || high < 0.0) && !few), "{test:?}");
            }
        }
    }
}
