//! Whether a slice has more errors than the samples outside it.

use crate::stats::special::normal_cdf;

/// Errors among some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Errors {
    /// Samples.
    pub(super) n: u64,
    /// Samples with an error.
    pub(super) count: u64,
    /// Sum of the errors.
    pub(super) sum: f64,
    /// Sum of their squares.
    pub(super) squares: f64,
}

impl Errors {
    /// Adds a sample by its change: an error is what got worse.
    pub(super) fn add(&mut self, change: f64) {
        self.n += 1;
        if change > 0.0 {
            self.count += 1;
            self.sum += change;
            self.squares += change * change;
        }
    }

    pub(super) fn less(self, part: Errors) -> Errors {
        Errors {
            n: self.n.saturating_sub(part.n),
            count: self.count.saturating_sub(part.count),
            sum: self.sum - part.sum,
            squares: self.squares - part.squares,
        }
    }

    /// Whether every error is 1.
    fn counts(&self) -> bool {
        let count = self.count as f64;
        (self.sum - count).abs() < 1e-9 * count.max(1.0) && (self.squares - count).abs() < 1e-9 * count.max(1.0)
    }
}

/// One-sided p value that the samples inside have no more errors than those outside.
///
/// Fisher's exact test as mid-p where errors are 0 or 1; Welch's with the normal distribution otherwise. 1 where either
/// side is empty.
pub(super) fn excess(inside: &Errors, outside: &Errors) -> f64 {
    if inside.n == 0 || outside.n == 0 {
        return 1.0;
    }
    if inside.counts() && outside.counts() {
        return fisher_midp(
            inside.count,
            inside.n,
            inside.count + outside.count,
            inside.n + outside.n,
        );
    }
    let moments = |errors: &Errors| {
        let n = errors.n as f64;
        let mean = errors.sum / n;
        (mean, (errors.squares / n - mean * mean).max(0.0) / (n - 1.0).max(1.0))
    };
    let ((a, variance_a), (b, variance_b)) = (moments(inside), moments(outside));
    let error = libm::sqrt(variance_a + variance_b);
    if error > 0.0 {
        normal_cdf((b - a) / error)
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
            sum: count as f64,
            squares: count as f64,
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
    fn ends() {
        assert!(excess(&errors(0, 0), &errors(5, 1)) >= 1.0);
        assert!(excess(&errors(10, 1), &errors(100, 10)) >= 1.0);
        assert!(excess(&errors(10, 10), &errors(100, 0)) < 1e-13);
        assert!(excess(&errors(10, 0), &errors(100, 0)) >= 1.0);
    }

    #[test]
    fn sizes_of_errors_count_where_they_differ() {
        let of = |values: &[f64]| {
            let mut errors = Errors::default();
            values.iter().for_each(|value| errors.add(*value));
            errors
        };
        let low = of(&[0.1, -0.2, 0.3, 0.2, 0.0, 0.1, 0.15]);
        let high = of(&[0.9, 1.1, 0.7, 0.8, 1.3, 0.6, 0.9]);
        assert!(excess(&high, &low) < 1e-6 && excess(&low, &high) > 0.999);
        assert!(excess(&of(&[2.0, 2.0]), &of(&[0.0, 0.0])) <= 0.0);
    }
}
