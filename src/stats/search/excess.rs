//! Whether a slice has more errors than the samples outside it.

use super::Change;
use crate::stats::{normal_quantile, student_two_sided};

/// Errors among some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Errors {
    kind: Change,
    /// Samples.
    pub(super) n: u64,
    /// Samples with an error.
    count: u64,
    /// Sum of the errors.
    pub(super) error: f64,
    /// Sum of the changes, for the better ones too.
    sum: f64,
    /// Sum of their squares.
    squares: f64,
}

impl Errors {
    /// Those of no sample.
    pub(super) fn none(kind: Change) -> Errors {
        Errors {
            kind,
            n: 0,
            count: 0,
            error: 0.0,
            sum: 0.0,
            squares: 0.0,
        }
    }

    /// Adds a sample by its change: an error is what got worse.
    pub(super) fn add(&mut self, change: f64) {
        self.n += 1;
        self.count += u64::from(self.kind.is_worse(change));
        self.error += self.kind.error(change);
        self.sum += change;
        self.squares += change * change;
    }

    pub(super) fn less(self, part: Errors) -> Errors {
        Errors {
            kind: self.kind,
            n: self.n.saturating_sub(part.n),
            count: self.count.saturating_sub(part.count),
            error: self.error - part.error,
            sum: self.sum - part.sum,
            squares: self.squares - part.squares,
        }
    }
}

/// One-sided p value that the samples inside got worse no more than those outside.
///
/// Of flips Fisher's exact test as mid-p: are errors more frequent? Of changes that have sizes Welch's t test: is the mean
/// change larger? What got better counts there as well, so that a slice which only varies more is none. 1 where either side
/// has too few samples.
pub(super) fn excess(inside: &Errors, outside: &Errors) -> f64 {
    if inside.n == 0 || outside.n == 0 {
        return 1.0;
    }
    match inside.kind {
        Change::Flip => fisher_midp(
            inside.count,
            inside.n,
            inside.count + outside.count,
            inside.n + outside.n,
        ),
        Change::Loss { .. } => welch(inside, outside),
    }
}

/// A one-sided p value where so many samples are worth one: its normal deviate is that of as many fewer samples.
pub(super) fn deflated(p_value: f64, design: f64) -> f64 {
    if design <= 1.0 || p_value >= 0.5 {
        return p_value;
    }
    let Some(deviate) = normal_quantile(p_value.max(f64::MIN_POSITIVE)) else {
        return p_value;
    };
    libm::erfc(-deviate / libm::sqrt(2.0 * design)) / 2.0
}

/// `P(T > t)` with `t = (mean inside - mean outside) / error` and the degrees of freedom of Welch and Satterthwaite.
fn welch(inside: &Errors, outside: &Errors) -> f64 {
    if inside.n < 2 || outside.n < 2 {
        return 1.0;
    }
    // The mean, the square of its error, and that over the degrees of freedom.
    let moments = |errors: &Errors| {
        let n = errors.n as f64;
        let mean = errors.sum / n;
        let error = (errors.squares / n - mean * mean).max(0.0) / (n - 1.0);
        (mean, error, error * error / (n - 1.0))
    };
    let ((a, error_a, free_a), (b, error_b, free_b)) = (moments(inside), moments(outside));
    let error = error_a + error_b;
    if error > 0.0 {
        let t = (a - b) / libm::sqrt(error);
        let tail = student_two_sided(t, error * error / (free_a + free_b)) / 2.0;
        if t > 0.0 { tail } else { 1.0 - tail }
    } else if a > b {
        0.0
    } else {
        1.0
    }
}

/// `P(X > x) + P(X = x) / 2` for X errors among `drawn` of `n` samples with `errors` errors in all.
fn fisher_midp(x: u64, drawn: u64, errors: u64, n: u64) -> f64 {
    let most = drawn.min(errors);
    let least = (drawn + errors).saturating_sub(n);
    // Up to the mean the tail is long and the answer uninteresting: the samples inside are no worse.
    if u128::from(x) * u128::from(n) <= u128::from(drawn) * u128::from(errors) || x <= least {
        return 1.0;
    }
    let choose = |n: u64, k: u64| log_factorial(n) - log_factorial(k) - log_factorial(n - k);
    let first = libm::exp(choose(errors, x) + choose(n - errors, drawn - x) - choose(n, drawn));
    let (mut term, mut sum, mut k) = (1.0, 0.5, x);
    while k < most && term > f64::EPSILON * sum / 4.0 {
        let up = (errors - k) as f64 * (drawn - k) as f64;
        let down = (k + 1) as f64 * (n - errors - (drawn - k) + 1) as f64;
        term *= up / down;
        sum += term;
        k += 1;
    }
    (first * sum).min(1.0)
}

fn log_factorial(n: u64) -> f64 {
    libm::lgamma(n as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(n: u64, count: u64) -> Errors {
        Errors {
            n,
            count,
            ..Errors::none(Change::Flip)
        }
    }

    /// (errors inside, samples inside, errors, samples, p), computed with scipy 1.17.1
    /// `hypergeom.sf(x, n, errors, drawn) + hypergeom.pmf(x, n, errors, drawn) / 2`.
    const FISHER: [(u64, u64, u64, u64, f64); 8] = [
        (5, 10, 20, 100, 0.014698811446917238),
        (3, 30, 40, 1000, 0.07121852335064927),
        (40, 100, 100, 1000, 3.830016813440206e-18),
        (12, 300, 5000, 500000, 3.806194986734194e-05),
        (130, 2000, 20000, 500000, 6.806719170181074e-08),
        (1, 1, 5, 10, 0.24999999999999997),
        (9, 10, 9, 20, 2.976899261728983e-05),
        (60, 50000, 4000, 5000000, 0.001453007654968485),
    ];

    #[test]
    fn fisher_agrees_with_scipy() {
        for (x, drawn, all, n, expected) in FISHER {
            let found = excess(&errors(drawn, x), &errors(n - drawn, all - x));
            assert!(
                (found / expected - 1.0).abs() < 1e-7,
                "{x} of {drawn}, {all} of {n}: {found} instead of {expected}"
            );
        }
    }

    #[test]
    fn four_samples_that_are_worth_one_halve_the_deviate() {
        // P(Z > 4) and P(Z > 2).
        let (four, two) = (3.167124183311998e-5, 0.02275013194817921);
        assert!((deflated(four, 4.0) / two - 1.0).abs() < 1e-9);
        assert!((deflated(four, 1.0) / four - 1.0).abs() < 1e-15 && deflated(0.7, 9.0) >= 0.7);
        assert!(deflated(0.0, 100.0) < 1e-3);
    }

    #[test]
    fn ends() {
        assert!(excess(&errors(0, 0), &errors(5, 1)) >= 1.0);
        assert!(excess(&errors(10, 1), &errors(100, 10)) >= 1.0);
        assert!(excess(&errors(10, 10), &errors(100, 0)) < 1e-13);
        assert!(excess(&errors(10, 0), &errors(100, 0)) >= 1.0);
    }

    /// Against scipy 1.17.1, `ttest_ind(high, low, equal_var=False, alternative="greater")`.
    #[test]
    fn welch_agrees_with_scipy() {
        let of = |values: &[f64]| {
            let mut errors = Errors::none(Change::Loss { tolerance: 0.0 });
            values.iter().for_each(|value| errors.add(*value));
            errors
        };
        let low = of(&[0.1, -0.2, 0.3, 0.2, 0.0, 0.1, 0.15]);
        let high = of(&[0.9, 1.1, 0.7, -0.8, 1.3, 0.6, 0.9, 2.0]);
        for (found, expected) in [
            (excess(&high, &low), 0.01648556316712952),
            (excess(&low, &high), 0.9835144368328704),
        ] {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} instead of {expected}");
        }
        assert!(excess(&of(&[2.0, 2.0]), &of(&[0.0, 0.0])) <= 0.0);
        assert!(excess(&of(&[2.0]), &of(&[0.0, 0.0])) >= 1.0);
    }

    /// A slice that varies more, but got no worse on the whole, has larger errors and no excess.
    #[test]
    fn what_varies_more_is_not_worse() {
        let mut wide = Errors::none(Change::Loss { tolerance: 0.1 });
        let mut narrow = wide;
        for i in 0..100 {
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            wide.add(3.0 * sign);
            narrow.add(0.2 * sign);
        }
        assert!(wide.error > narrow.error && excess(&wide, &narrow) > 0.4);
    }
}
