//! McNemar's test of two versions on the same samples.
//!
//! Only the flips matter: under the null hypothesis each of the `m = b + c` flips is as likely a regression as a fix.

use super::special::{binomial_cdf, binomial_pmf};

/// Exact conditional test, two-sided: `p = min(1, 2 P(X <= min(b, c)))` with `X ~ Binomial(b + c, 1/2)`; 1 without flips.
///
/// `b` samples regressed, `c` were fixed. As statsmodels `mcnemar(exact=True)`.
pub fn mcnemar_exact(b: u64, c: u64) -> f64 {
    if b == c {
        return 1.0;
    }
    (2.0 * binomial_cdf(b.min(c), b.saturating_add(c))).min(1.0)
}

/// Mid-p test, the default: the exact p value less the probability of what was observed.
///
/// `b` samples regressed, `c` were fixed. `p = 2 P(X <= min(b, c)) - P(X = b)` for `b != c`, `1 - P(X = b) / 2` for
/// `b = c > 0`, and 1 without flips: Fagerland, Lydersen and Laake (2013), BMC Med Res Methodol 13:91.
pub fn mcnemar_midp(b: u64, c: u64) -> f64 {
    let (low, flips) = (b.min(c), b.saturating_add(c));
    if flips == 0 {
        return 1.0;
    }
    let observed = binomial_pmf(low, flips);
    if b == c {
        return 1.0 - observed / 2.0;
    }
    // 2 P(X <= low) - P(X = low), written without the subtraction.
    let below = if low == 0 { 0.0 } else { binomial_cdf(low - 1, flips) };
    (2.0 * below + observed).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (b, c, exact, mid-p) to six digits, from the statistics page.
    const VECTORS: [(u64, u64, f64, f64); 5] = [
        (12, 2, 0.012939, 0.007385),
        (1, 7, 0.070312, 0.039062),
        (5, 5, 1.0, 0.876953),
        (0, 5, 0.0625, 0.03125),
        (0, 6, 0.03125, 0.015625),
    ];

    #[test]
    fn vectors_of_the_statistics_page() {
        for (b, c, exact, midp) in VECTORS {
            assert!(
                (mcnemar_exact(b, c) - exact).abs() < 6e-7,
                "exact({b}, {c}) = {}",
                mcnemar_exact(b, c)
            );
            assert!(
                (mcnemar_midp(b, c) - midp).abs() < 6e-7,
                "midp({b}, {c}) = {}",
                mcnemar_midp(b, c)
            );
        }
    }

    /// (b, c, exact, mid-p), computed with mpmath; statsmodels 0.15.0 `mcnemar(exact=True)` agrees on the exact ones.
    const REFERENCES: [(u64, u64, f64, f64); 10] = [
        (1, 0, 1.0, 0.5),
        (3, 9, 0.14599609375, 0.09228515625),
        (30, 18, 0.11140289106101875, 0.08543313315739454),
        (100, 140, 0.011664092317677663, 0.00983154117860871),
        (17, 17, 1.0, 0.9320831202203408),
        (500, 400, 0.0009564441369189461, 0.0008541955361977179),
        (5000, 5200, 0.04878796312682245, 0.04767597424321995),
        (250, 0, 1.105429575052089e-75, 5.527147875260445e-76),
        (500500, 499500, 0.3177946913633055, 0.3173107498336104),
        (499000, 501000, 0.04560829986538208, 0.045500317887363174),
    ];

    #[test]
    fn agrees_with_statsmodels() {
        for (b, c, exact, midp) in REFERENCES {
            for (found, expected) in [(mcnemar_exact(b, c), exact), (mcnemar_midp(b, c), midp)] {
                assert!(
                    (found / expected - 1.0).abs() <= 1e-12,
                    "({b}, {c}): {found} instead of {expected}"
                );
            }
            assert!(mcnemar_midp(b, c).total_cmp(&mcnemar_midp(c, b)).is_eq());
        }
    }

    #[test]
    fn nothing_differs() {
        assert_eq!((mcnemar_exact(0, 0), mcnemar_midp(0, 0)), (1.0, 1.0));
    }

    #[test]
    fn fewest_flips_that_can_be_significant() {
        assert!(mcnemar_midp(4, 0) >= 0.05 && mcnemar_midp(5, 0) < 0.05);
        assert!(mcnemar_exact(5, 0) >= 0.05 && mcnemar_exact(6, 0) < 0.05);
    }

    #[test]
    fn huge_counts_neither_overflow_nor_take_long() {
        assert!(mcnemar_midp(50_010_000, 49_990_000) < 0.05);
        assert!((mcnemar_midp(50_000_001, 50_000_000) - 1.0).abs() < 1e-3);
        assert_eq!(
            (mcnemar_exact(100_000_000, 0), mcnemar_midp(100_000_000, 0)),
            (0.0, 0.0)
        );
    }
}
