//! Numeric targets: errors of both versions against a true number.

use super::error_bins::ErrorBins;
use super::moments::Moments;
use super::random::Seed;
use super::residuals::ResidualCells;
use super::scores::{Play, ScoreSummary, ScoreSums};
use super::shifts::ShiftBins;
use crate::model::Direction;
use crate::model::comparison::ErrorDistribution;
use crate::model::distribution::Residuals;
use crate::model::kind::ROUNDING;

/// Sums over the errors of both versions, exact in any order of the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct NumericSums {
    pivot: f64,
    low: f64,
    high: f64,
    errors: ScoreSums,
    signed: ScoreSums,
    sizes: ErrorBins,
    residuals: ResidualCells,
    shifts: ShiftBins,
    /// Squared errors of both versions, truth less the pivot, and its square.
    moments: Moments<4>,
}

/// What the errors say. Pairs are baseline and candidate; intervals are of the difference, candidate minus baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumericSummary {
    /// Absolute errors: their means are the MAE, losses are regressed.
    pub absolute: ScoreSummary,
    /// Errors, prediction less truth: their means are the bias, their paired difference is the error shift.
    pub signed: ScoreSummary,
    /// Root of the mean squared error.
    pub rmse: [f64; 2],
    /// Bootstrap interval of its difference.
    pub rmse_interval: Option<(f64, f64)>,
    /// `1 - sum of squared errors / sum of squares about the mean truth`; `None` where truths do not vary.
    pub r2: Option<[f64; 2]>,
    /// Bootstrap interval of its difference; `None` also for samples so few that a draw of their truths does not vary.
    pub r2_interval: Option<(f64, f64)>,
}

/// Errors of both answers, prediction less truth; equally large where their sizes differ by no more than [`ROUNDING`] of the numbers.
pub fn errors(truth: f64, answers: [f64; 2]) -> [f64; 2] {
    let [old, new] = answers.map(|answer| answer - truth);
    let size = answers.iter().fold(truth.abs(), |size, answer| size.max(answer.abs()));
    match (new.abs() - old.abs()).abs() <= ROUNDING * size {
        true => [old, old.abs().copysign(new)],
        false => [old, new],
    }
}

impl NumericSums {
    /// No sample yet. A sample regressed if its absolute error grew by more than the tolerance.
    ///
    /// The pivot is any number near the truths: it keeps the digits of the interval of R2 where truths lie far from zero.
    pub fn new(tolerance: f64, pivot: f64) -> NumericSums {
        NumericSums {
            pivot,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            errors: ScoreSums::new(Direction::Lower, tolerance),
            signed: ScoreSums::new(Direction::None, 0.0),
            sizes: ErrorBins::default(),
            residuals: ResidualCells::default(),
            shifts: ShiftBins::default(),
            moments: Moments::default(),
        }
    }

    /// Adds a sample; one in which a number is missing or not finite is only counted.
    pub fn add(&mut self, truth: f64, baseline: f64, candidate: f64) -> Option<Play> {
        let errors = errors(truth, [baseline, candidate]);
        let play = self.errors.add(errors[0].abs(), errors[1].abs())?;
        self.signed.add(errors[0], errors[1]);
        self.sizes.add(errors.map(f64::abs));
        self.residuals.add(truth, errors);
        self.shifts.add(errors[0].abs(), errors[1].abs(), play);
        (self.low, self.high) = (self.low.min(truth), self.high.max(truth));
        let truth = truth - self.pivot;
        let [a, b] = errors.map(|error| error * error);
        self.moments.add([a, b, truth, truth * truth]);
        Some(play)
    }

    /// Adds the samples of another part with the same tolerance and pivot.
    pub fn merge(&mut self, other: &NumericSums) {
        (self.low, self.high) = (self.low.min(other.low), self.high.max(other.high));
        self.errors.merge(&other.errors);
        self.signed.merge(&other.signed);
        self.sizes.merge(&other.sizes);
        self.residuals.merge(&other.residuals);
        self.shifts.merge(&other.shifts);
        self.moments.merge(&other.moments);
    }

    /// Sums over the absolute errors.
    pub fn absolute(&self) -> &ScoreSums {
        &self.errors
    }

    /// Samples by the size of their absolute errors; `None` without samples.
    pub fn sizes(&self) -> Option<ErrorDistribution> {
        self.sizes.distribution()
    }

    /// Residuals by ground truth; `None` without samples.
    pub fn residuals(&self) -> Option<Residuals> {
        self.residuals.grid()
    }

    /// By how much absolute errors shrank and grew.
    pub fn shifts(&self) -> &ShiftBins {
        &self.shifts
    }

    /// MAE, RMSE and R2 with their differences; `None` without samples.
    pub fn summary(&self, alpha: f64, seed: Seed) -> Option<NumericSummary> {
        let (absolute, signed) = (self.errors.summary(alpha)?, self.signed.summary(alpha)?);
        let means = self.moments.means()?;
        let squares = self.truth_squares();
        let r2 = squares.map(|squares| {
            let n = self.moments.n() as f64;
            [means[0], means[1]].map(|squared| 1.0 - squared * n / squares)
        });
        let rmse = |squared: f64| libm::sqrt(squared.max(0.0));
        Some(NumericSummary {
            absolute,
            signed,
            rmse: [rmse(means[0]), rmse(means[1])],
            rmse_interval: self
                .moments
                .bootstrap(alpha, &mut seed.stream("rmse"), |m| Some(rmse(m[1]) - rmse(m[0]))),
            r2,
            r2_interval: r2.and_then(|_| {
                self.moments.bootstrap(alpha, &mut seed.stream("r2"), |m| {
                    let variance = m[3] - m[2] * m[2];
                    (variance > 0.0).then(|| (m[0] - m[1]) / variance)
                })
            }),
        })
    }

    /// Sum of squares of the truths about their mean; `None` where they do not vary.
    fn truth_squares(&self) -> Option<f64> {
        let squares = self.moments.central()[2][2];
        (self.low < self.high && squares > 0.0).then_some(squares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(samples: &[(f64, f64, f64)]) -> NumericSums {
        let mut sums = NumericSums::new(0.1, 0.0);
        samples.iter().for_each(|(truth, a, b)| {
            sums.add(*truth, *a, *b);
        });
        sums
    }

    const SAMPLES: [(f64, f64, f64); 6] = [
        (3.0, 2.5, 2.9),
        (-0.5, 0.0, -0.4),
        (2.0, 2.0, 2.6),
        (7.0, 8.0, 7.2),
        (1.0, 1.05, 1.0),
        (4.0, 3.0, 4.4),
    ];

    const MAE: [f64; 2] = [0.5083333333333333, 0.23333333333333348];
    const RMSE: [f64; 2] = [0.6458198923332521, 0.31091263510296063];
    const R2: [f64; 2] = [0.9261254612546126, 0.9828782287822878];

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-13, "{found} instead of {expected}");
    }

    /// Computed with scikit-learn 1.9.1 `mean_absolute_error`, `root_mean_squared_error` and `r2_score`.
    #[test]
    fn agrees_with_scikit_learn() {
        let summary = of(&SAMPLES).summary(0.05, Seed(1)).expect("samples");
        for (found, expected) in summary.absolute.means.into_iter().zip(MAE) {
            close(found, expected);
        }
        for (found, expected) in summary.rmse.into_iter().zip(RMSE) {
            close(found, expected);
        }
        for (found, expected) in summary.r2.expect("defined").into_iter().zip(R2) {
            close(found, expected);
        }
        assert_eq!(
            (summary.absolute.wins, summary.absolute.ties, summary.absolute.losses),
            (4, 1, 1)
        );
        close(summary.absolute.difference.mean, MAE[1] - MAE[0]);
        let (low, high) = summary.rmse_interval.expect("defined");
        assert!(low < RMSE[1] - RMSE[0] && RMSE[1] - RMSE[0] < high);
        // Six samples are too few to say how much their truths vary.
        assert_eq!(summary.r2_interval, None);
        let many: Vec<_> = SAMPLES.into_iter().cycle().take(120).collect();
        let (low, high) = of(&many)
            .summary(0.05, Seed(1))
            .and_then(|s| s.r2_interval)
            .expect("defined");
        assert!(
            low < R2[1] - R2[0] && R2[1] - R2[0] < high && high - low < 0.1,
            "{low} {high}"
        );
    }

    #[test]
    fn truths_far_from_zero_keep_their_digits() {
        let far = SAMPLES.map(|(truth, a, b)| (truth + 1e9, a + 1e9, b + 1e9));
        let mut sums = NumericSums::new(0.1, 1e9);
        far.iter().for_each(|(truth, a, b)| {
            sums.add(*truth, *a, *b);
        });
        let near = of(&SAMPLES).summary(0.05, Seed(1)).expect("samples");
        let far = sums.summary(0.05, Seed(1)).expect("samples");
        let (near, far) = (near.r2.expect("defined"), far.r2.expect("defined"));
        assert!(
            (near[0] - far[0]).abs() < 1e-6 && (near[1] - far[1]).abs() < 1e-6,
            "{near:?} {far:?}"
        );
    }

    /// Errors of 0.1 either way are no change, whatever binary makes of them.
    #[test]
    fn errors_of_one_size_are_the_same() {
        let mut sums = NumericSums::new(0.0, 0.0);
        for truth in (1..8).chain([1_000_003]).map(f64::from) {
            assert_eq!(sums.add(truth, truth + 0.1, truth - 0.1), Some(Play::Tie), "{truth}");
        }
        assert_eq!(sums.add(3.0, 3.1, 2.899_999), Some(Play::Loss));
        let found = sums.summary(0.05, Seed(1)).expect("samples");
        assert_eq!(
            (found.absolute.difference.differing, found.signed.difference.differing),
            (1, 9)
        );
    }

    #[test]
    fn undefined() {
        assert_eq!(of(&[]).summary(0.05, Seed(1)), None);
        assert_eq!(of(&[(f64::NAN, 1.0, 1.0)]).summary(0.05, Seed(1)), None);
        let one = of(&[(0.1, 1.0, 2.0)]).summary(0.05, Seed(1)).expect("a sample");
        assert_eq!((one.rmse_interval, one.r2, one.r2_interval), (None, None, None));
        let constant = of(&[(0.1, 1.0, 2.0), (0.1, 1.0, 3.0), (0.1, 1.5, 2.0)]);
        let constant = constant.summary(0.05, Seed(1)).expect("samples");
        assert!(constant.r2.is_none() && constant.rmse_interval.is_some());
        let mut sums = of(&SAMPLES);
        sums.add(1.0, f64::INFINITY, 1.0);
        assert_eq!(sums.summary(0.05, Seed(1)).expect("samples").absolute.excluded, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn neither_order_nor_grouping_matters(samples in proptest::collection::vec((-9.0_f64..9.0, -9.0_f64..9.0, -9.0_f64..9.0), 2..40)) {
            let mut parts = of(&[]);
            samples.rchunks(7).for_each(|part| parts.merge(&of(part)));
            prop_assert_eq!(of(&samples).summary(0.05, Seed(2)), parts.summary(0.05, Seed(2)));
        }
    }
}
