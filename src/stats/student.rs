//! Student's t distribution, by the incomplete beta function.

use std::f64::consts::PI;

/// Degrees of freedom from which the normal distribution is used: it differs by less than 1e-9 there.
const NORMAL_FROM: f64 = 1e9;

/// Two-sided p value of `t` with `freedom` degrees of freedom, as `2 * scipy.stats.t.sf(abs(t), freedom)`.
///
/// Not a number unless `freedom > 0` and `t` is a number.
pub fn student_two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_nan() || freedom.is_nan() || freedom <= 0.0 {
        return f64::NAN;
    }
    let square = t * t;
    if square.is_infinite() {
        return 0.0;
    }
    if freedom >= NORMAL_FROM {
        return libm::erfc(libm::sqrt(square / 2.0));
    }
    // I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t^2); the fraction converges fast on one side of the mean.
    let (a, x, y) = (freedom / 2.0, freedom / (freedom + square), square / (freedom + square));
    let log_x = -libm::log1p(square / freedom);
    let front = libm::exp(a * log_x) * libm::sqrt(y) / beta_with_half(a);
    if x < (a + 1.0) / (a + 2.5) {
        (front * fraction(a, 0.5, x) / a).clamp(0.0, 1.0)
    } else {
        (1.0 - front * fraction(0.5, a, y) / 0.5).clamp(0.0, 1.0)
    }
}

/// The `t` that is exceeded in size with probability `alpha`, as `scipy.stats.t.isf(alpha / 2, freedom)`.
///
/// `None` unless `0 < alpha < 1` and `freedom > 0`.
pub fn student_quantile(alpha: f64, freedom: f64) -> Option<f64> {
    if !(alpha > 0.0 && alpha < 1.0 && freedom > 0.0) {
        return None;
    }
    let mut high = 1.0;
    while student_two_sided(high, freedom) > alpha {
        high *= 2.0;
        if high > 1e300 {
            return None;
        }
    }
    let mut low = 0.0;
    for _ in 0..2_000 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if student_two_sided(middle, freedom) > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// `B(a, 1/2) = sqrt(pi) Γ(a) / Γ(a + 1/2)`, without the difference of large logarithms.
fn beta_with_half(a: f64) -> f64 {
    if a < 20.0 {
        return libm::sqrt(PI) * libm::exp(libm::lgamma(a) - libm::lgamma(a + 0.5));
    }
    // ln Γ(a + 1/2) - ln Γ(a), by its asymptotic series.
    let s = 1.0 / (a * a);
    let tail = 1.0 / 192.0 - s * (1.0 / 640.0 - s * (17.0 / 14_336.0 - s * 31.0 / 18_432.0));
    let difference = 0.5 * libm::log(a) - (1.0 / 8.0 - tail * s) / a;
    libm::sqrt(PI) * libm::exp(-difference)
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for step in 1..=100_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let change = d * c;
        product *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// (t, degrees of freedom, two-sided p), computed with scipy 1.17.1 `2 * stats.t.sf(t, df)`.
    const P_VALUES: [(f64, f64, f64); 18] = [
        (0.0, 1.0, 1.0),
        (0.1, 1.0, 0.936548965138893),
        (1.0, 1.0, 0.5000000000000001),
        (12.7062047364, 1.0, 0.049999999999117084),
        (2.5, 2.0, 0.12961172022151082),
        (0.5, 3.0, 0.651447964848151),
        (2.2281388519649385, 10.0, 0.05000000000180864),
        (5.0, 10.0, 0.0005373336027564527),
        (0.001, 30.0, 0.9992087357664851),
        (1.5, 39.0, 0.14166704294689667),
        (3.0, 41.0, 0.004576779384908378),
        (40.0, 25.0, 3.469980277759158e-24),
        (1.96, 1000.0, 0.050273184955748736),
        (0.7, 99999.0, 0.48392893286360633),
        (2.3, 1000000.0, 0.021448424947276088),
        (30.0, 100000.0, 7.37853687222276e-197),
        (1.2, 100000000.0, 0.23013934328630029),
        (7.0, 2.5, 0.010572369527591413),
    ];
    /// (alpha, degrees of freedom, t), computed with scipy 1.17.1 `stats.t.isf(alpha / 2, df)`.
    const QUANTILES: [(f64, f64, f64); 10] = [
        (0.05, 1.0, 12.706204736174705),
        (0.05, 2.0, 4.302652729749464),
        (0.01, 5.0, 4.032142983555229),
        (0.05, 19.0, 2.09302405440831),
        (0.05, 41.0, 2.019540970441376),
        (0.5, 7.0, 0.7111417780817866),
        (1e-06, 30.0, 6.119075620384216),
        (0.05, 10000.0, 1.9602012398906263),
        (0.2, 10000000.0, 1.281551650203083),
        (0.05, 3.7, 2.8675207071911903),
    ];

    #[test]
    fn agrees_with_scipy() {
        for (t, freedom, expected) in P_VALUES {
            let found = student_two_sided(t, freedom);
            assert!(
                (found / expected - 1.0).abs() < 1e-10,
                "t {t}, {freedom}: {found} instead of {expected}"
            );
            assert!(student_two_sided(-t, freedom).total_cmp(&found).is_eq());
        }
        for (alpha, freedom, expected) in QUANTILES {
            let found = student_quantile(alpha, freedom).expect("defined");
            assert!(
                (found / expected - 1.0).abs() < 1e-10,
                "{alpha}, {freedom}: {found} instead of {expected}"
            );
        }
    }

    #[test]
    fn ends() {
        assert!(student_two_sided(f64::INFINITY, 3.0) <= 0.0);
        assert!(student_two_sided(1.0, 0.0).is_nan() && student_two_sided(f64::NAN, 3.0).is_nan());
        assert_eq!((student_quantile(0.0, 3.0), student_quantile(0.05, 0.0)), (None, None));
    }

    proptest! {
        #[test]
        fn falls_with_t_and_is_inverted_by_the_quantile(t in 0.01_f64..30.0, freedom in 1.0_f64..5_000.0) {
            let p = student_two_sided(t, freedom);
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!(student_two_sided(t * 1.1, freedom) < p || p == 0.0);
            if p > 1e-200 {
                let back = student_quantile(p, freedom).expect("defined");
                prop_assert!((back / t - 1.0).abs() < 1e-9, "{} instead of {}", back, t);
            }
        }
    }
}
