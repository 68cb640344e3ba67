//! Chance-corrected agreement of one version with the truth: Cohen's kappa and the Matthews correlation coefficient.

use super::confusion::LabelCounts;

/// The exact integer terms that kappa and MCC share: `n` times the observed agreement, and sums of marginal products.
pub(super) struct Agreement {
    observed: u128,
    by_chance: u128,
    truths_squared: u128,
    predictions_squared: u128,
    all_squared: u128,
}

impl Agreement {
    /// The terms of one version, from its marginals over `n` samples.
    pub(super) fn new(labels: &[LabelCounts], n: u64) -> Agreement {
        let sum = |term: fn(&LabelCounts) -> (u64, u64)| -> u128 {
            labels
                .iter()
                .map(term)
                .map(|(a, b)| u128::from(a) * u128::from(b))
                .sum()
        };
        Agreement {
            observed: u128::from(n) * labels.iter().map(|l| u128::from(l.correct)).sum::<u128>(),
            by_chance: sum(|l| (l.support, l.predicted)),
            truths_squared: sum(|l| (l.support, l.support)),
            predictions_squared: sum(|l| (l.predicted, l.predicted)),
            all_squared: u128::from(n) * u128::from(n),
        }
    }

    /// `(p_o - p_e) / (1 - p_e)`: Cohen (1960); `sklearn.metrics.cohen_kappa_score`. `None` where `p_e` is 1.
    pub(super) fn kappa(&self) -> Option<f64> {
        let denominator = difference(self.all_squared, self.by_chance);
        (denominator > 0.0).then(|| difference(self.observed, self.by_chance) / denominator)
    }

    /// Gorodkin (2004), R_K; `sklearn.metrics.matthews_corrcoef`. `None` where truths or predictions do not vary.
    pub(super) fn mcc(&self) -> Option<f64> {
        let truths = difference(self.all_squared, self.truths_squared);
        let predictions = difference(self.all_squared, self.predictions_squared);
        let denominator = libm::sqrt(truths * predictions);
        // Rounding must not push a near-perfect score past 1.
        (denominator > 0.0).then(|| (difference(self.observed, self.by_chance) / denominator).clamp(-1.0, 1.0))
    }
}

/// `a - b`, rounded once.
fn difference(a: u128, b: u128) -> f64 {
    let magnitude = a.abs_diff(b) as f64;
    if a < b { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(support: u64, predicted: u64, correct: u64) -> LabelCounts {
        LabelCounts {
            support,
            predicted,
            correct,
        }
    }

    #[test]
    fn a_version_that_is_always_wrong_disagrees_completely() {
        let agreement = Agreement::new(&[label(10, 10, 0), label(10, 10, 0)], 20);
        assert_eq!((agreement.kappa(), agreement.mcc()), (Some(-1.0), Some(-1.0)));
    }

    #[test]
    fn huge_counts_do_not_overflow() {
        let half = 1 << 62;
        let agreement = Agreement::new(&[label(half, half, half), label(half, half, half)], 2 * half);
        assert_eq!((agreement.kappa(), agreement.mcc()), (Some(1.0), Some(1.0)));
    }

    #[test]
    fn undefined_without_variation() {
        let constant = Agreement::new(&[label(9, 9, 9)], 9);
        assert_eq!((constant.kappa(), constant.mcc()), (None, None));
        let one_answer = Agreement::new(&[label(6, 9, 6), label(3, 0, 0)], 9);
        assert_eq!((one_answer.kappa(), one_answer.mcc()), (Some(0.0), None));
    }
}
