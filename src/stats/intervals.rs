//! Intervals: Tango's score interval of a paired difference, Wilson's of a single rate.

use super::special::critical_value;
use crate::model::kind::ROUNDING;

/// Halvings after which a bracket inside -1..1 has long reached the spacing of doubles.
const MAX_HALVINGS: u32 = 200;

/// Score interval of the paired difference `(fixed - regressed) / n`, level `1 - alpha`, within -1..1.
///
/// Tango (1998), Statistics in Medicine 17:891-908: the differences that the score test does not reject.
/// `None` where `n` is 0, the flips exceed `n`, or `alpha` is not between 0 and 1.
pub fn tango(fixed: u64, regressed: u64, n: u64, alpha: f64) -> Option<(f64, f64)> {
    if n == 0 || fixed.checked_add(regressed)? > n {
        return None;
    }
    tango_of([fixed as f64, regressed as f64], n as f64, alpha)
}

/// The same for numbers that stand for fixed and regressed samples.
pub(super) fn tango_of([fixed, regressed]: [f64; 2], n: f64, alpha: f64) -> Option<(f64, f64)> {
    let z = critical_value(alpha)?;
    // The upper end is the lower end of the mirrored comparison: swapping the versions swaps the ends exactly.
    Some((
        tango_lower(fixed, regressed, n, z),
        -tango_lower(regressed, fixed, n, z),
    ))
}

/// Two-sided p value of the score test of a difference, which [`tango_of`] leaves out where it is below alpha.
pub(super) fn tango_test([fixed, regressed]: [f64; 2], n: f64, difference: f64) -> f64 {
    if difference.abs() >= 1.0 {
        return 0.0;
    }
    let excess = (fixed - regressed) - n * difference;
    let error = libm::sqrt(n * score_variance(fixed, regressed, n, difference));
    match excess.abs() > 0.0 {
        true => libm::erfc(excess.abs() / error / std::f64::consts::SQRT_2),
        false => 1.0,
    }
}

/// The outer ends of two intervals.
pub(super) fn outer((low, high): (f64, f64), other: Option<(f64, f64)>) -> (f64, f64) {
    other.map_or((low, high), |(least, most)| (low.min(least), high.max(most)))
}

/// The difference at or below the estimate where the score statistic reaches `z`, by bisection.
///
/// The statistic falls with the difference, so the sign changes once between -1 and the estimate.
fn tango_lower(x: f64, y: f64, samples: f64, z: f64) -> f64 {
    let estimate = (x - y) / samples;
    let (mut low, mut high) = (-1.0, estimate);
    for _ in 0..MAX_HALVINGS {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        let excess = (x - y) - samples * middle;
        if excess >= z * libm::sqrt(samples * score_variance(x, y, samples, middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Variance of one paired difference, `2q + d(1 - d)`, with `q` the restricted estimate of the regression rate at `d`.
///
/// The larger root of `2n q^2 + B q + C = 0` with `B = -x - y + (2n - x + y) d` and `C = -y d (1 - d)`, written so that
/// nothing cancels. A negative `d` is the mirrored problem.
fn score_variance(x: f64, y: f64, n: f64, d: f64) -> f64 {
    if d < 0.0 {
        return score_variance(y, x, n, -d);
    }
    let a = 2.0 * n;
    let b = -x - y + (2.0 * n - x + y) * d;
    let c = -y * d * (1.0 - d);
    let root = libm::sqrt((b * b - 4.0 * a * c).max(0.0));
    let q = if b <= 0.0 {
        (root - b) / (2.0 * a)
    } else {
        -2.0 * c / (root + b)
    };
    (2.0 * q + d * (1.0 - d)).max(0.0)
}

/// Whether more than rounding lies between the ends of an interval.
pub(super) fn has_width((low, high): &(f64, f64)) -> bool {
    high - low > ROUNDING * low.abs().max(high.abs())
}

/// The same of numbers that are at most one or two, of which less than rounding makes is nothing.
pub(super) fn has_width_in_one((low, high): &(f64, f64)) -> bool {
    high - low > ROUNDING
}

/// Wilson's score interval of a rate (Wilson 1927, JASA 22:209-212), level `1 - alpha`, within 0..1.
///
/// `None` where `n` is 0, the successes exceed `n`, or `alpha` is not between 0 and 1.
pub fn wilson(successes: u64, n: u64, alpha: f64) -> Option<(f64, f64)> {
    if n == 0 || successes > n {
        return None;
    }
    let z = critical_value(alpha)?;
    let (s, failures, samples) = (successes as f64, (n - successes) as f64, n as f64);
    let centre = s + z * z / 2.0;
    let half = z * libm::sqrt(s * failures / samples + z * z / 4.0);
    // (centre - half) / (n + z^2) for the lower end, written through the product of both ends so that nothing cancels.
    let low = s * s / (samples * (centre + half));
    let high = if successes == n {
        1.0
    } else {
        (centre + half) / (samples + z * z)
    };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_interval(found: Option<(f64, f64)>, low: f64, high: f64, tolerance: f64, what: &str) {
        let (a, b) = found.expect(what);
        assert!((a - low).abs() <= tolerance, "{what}: lower end {a} instead of {low}");
        assert!((b - high).abs() <= tolerance, "{what}: upper end {b} instead of {high}");
    }

    #[test]
    fn tango_vectors_of_the_statistics_page() {
        assert_interval(tango(1, 7, 21, 0.05), -0.51723, -0.02600, 6e-6, "x=1 y=7 n=21");
        assert_interval(tango(12, 2, 50, 0.05), 0.06111, 0.34471, 6e-6, "x=12 y=2 n=50");
    }

    /// (fixed, regressed, n, alpha, low, high): the page's equation solved with mpmath to 40 digits.
    const TANGO: [(u64, u64, u64, f64, f64, f64); 12] = [
        (1, 7, 21, 0.05, -0.5172322764213774, -0.026003032480868497),
        (12, 2, 50, 0.05, 0.061112406186343955, 0.34470874828214876),
        (0, 0, 30, 0.05, -0.1135133931739688, 0.1135133931739688),
        (5, 0, 100, 0.05, 0.01115682688266502, 0.11175046923191916),
        (0, 5, 100, 0.01, -0.13915030290164004, 0.01533172210161414),
        (30, 30, 60, 0.05, -0.24529951516888468, 0.24529951516888468),
        (7, 3, 10, 0.1, -0.11660040826033002, 0.7462468321936043),
        (140, 100, 5000, 0.05, 0.0019423703756391369, 0.014165440037604197),
        (100, 140, 1000000, 0.05, -7.091556606297812e-05, -9.714401190877608e-06),
        (
            499000,
            501000,
            100000000,
            0.05,
            -3.9599713607957405e-05,
            -4.0036091605171656e-07,
        ),
        (1, 0, 1, 0.05, -0.5869013712455253, 1.0),
        (9, 1, 10, 0.001, -0.21599340904314887, 0.9842060685970655),
    ];

    #[test]
    fn the_test_of_an_end_has_level_alpha() {
        for (fixed, regressed, n, alpha, low, high) in TANGO {
            // An end at the edge of what is possible is not where the statistic reaches its bound.
            for end in [low, high].into_iter().filter(|end| end.abs() < 0.99) {
                let p = tango_test([fixed as f64, regressed as f64], n as f64, end);
                assert!(
                    (p / alpha - 1.0).abs() < 1e-6,
                    "x={fixed} y={regressed} n={n}: {p} at {end}"
                );
            }
        }
        assert!(tango_test([3.0, 3.0], 10.0, 0.0) >= 1.0 && tango_test([3.0, 3.0], 10.0, 1.0) <= 0.0);
    }

    #[test]
    fn tango_solves_its_equation() {
        for (fixed, regressed, n, alpha, low, high) in TANGO {
            let what = format!("x={fixed} y={regressed} n={n} alpha={alpha}");
            assert_interval(tango(fixed, regressed, n, alpha), low, high, 1e-13, &what);
        }
    }

    #[test]
    fn tango_at_the_ends() {
        let z2 = critical_value(0.05).expect("level").powi(2);
        assert_interval(
            tango(0, 0, 10, 0.05),
            -z2 / (10.0 + z2),
            z2 / (10.0 + z2),
            1e-15,
            "no flips",
        );
        assert_eq!(tango(10, 0, 10, 0.05).map(|(_, high)| high), Some(1.0));
        assert_eq!(tango(0, 10, 10, 0.05).map(|(low, _)| low), Some(-1.0));
    }

    /// (successes, n, alpha, low, high), computed with statsmodels 0.15.0 `proportion_confint(method="wilson")`.
    const WILSON: [(u64, u64, f64, f64, f64); 9] = [
        (0, 10, 0.05, 0.0, 0.27753279986288926),
        (10, 10, 0.05, 0.7224672001371106, 1.0),
        (1, 10, 0.05, 0.017876213095072924, 0.40415002679523854),
        (37, 50, 0.05, 0.6044684273515116, 0.841284725064476),
        (37, 50, 0.01, 0.5591399215864181, 0.8646270743891205),
        (1, 1, 0.05, 0.2065493143772374, 1.0),
        (123, 100000, 0.05, 0.0010310834214437672, 0.0014672351948823183),
        (3, 100000000, 0.05, 1.0202707334903524e-08, 8.821187709148201e-08),
        (99999997, 100000000, 0.05, 0.9999999117881229, 0.9999999897972927),
    ];

    #[test]
    fn wilson_agrees_with_statsmodels() {
        for (successes, n, alpha, low, high) in WILSON {
            assert_interval(
                wilson(successes, n, alpha),
                low,
                high,
                1e-14,
                &format!("{successes} of {n}"),
            );
        }
    }

    #[test]
    fn wilson_at_the_ends() {
        assert_eq!(wilson(0, 7, 0.05).map(|(low, _)| low), Some(0.0));
        assert_eq!(wilson(7, 7, 0.05).map(|(_, high)| high), Some(1.0));
    }

    #[test]
    fn undefined_intervals() {
        for alpha in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(tango(1, 1, 9, alpha), None);
            assert_eq!(wilson(1, 9, alpha), None);
        }
        assert_eq!(tango(0, 0, 0, 0.05), None);
        assert_eq!(tango(5, 5, 9, 0.05), None);
        assert_eq!(tango(u64::MAX, 1, 9, 0.05), None);
        assert_eq!(wilson(0, 0, 0.05), None);
        assert_eq!(wilson(2, 1, 0.05), None);
    }
}
