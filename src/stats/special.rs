//! Special functions: the normal distribution, and the binomial with probability one half.

use std::f64::consts::{PI, SQRT_2};

/// Tail terms below this share of the sum no longer change it: a quarter of the spacing of doubles at 1.
const NEGLIGIBLE: f64 = f64::EPSILON / 4.0;

/// Distribution function of the standard normal, by the complementary error function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// Quantile of the standard normal: Wichura (1988), algorithm AS 241 (PPND16), relative accuracy about 1e-16.
///
/// `None` unless `0 < p < 1`.
pub fn normal_quantile(p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return Some(q * polynomial(&CENTRE_NUMERATOR, r) / polynomial(&CENTRE_DENOMINATOR, r));
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let magnitude = if r <= 5.0 {
        polynomial(&MIDDLE_NUMERATOR, r - 1.6) / polynomial(&MIDDLE_DENOMINATOR, r - 1.6)
    } else {
        polynomial(&FAR_NUMERATOR, r - 5.0) / polynomial(&FAR_DENOMINATOR, r - 5.0)
    };
    Some(if q < 0.0 { -magnitude } else { magnitude })
}

/// Two-sided critical value, the normal quantile at `1 - alpha / 2`; `None` unless `0 < alpha < 1`.
pub(super) fn critical_value(alpha: f64) -> Option<f64> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    normal_quantile(alpha / 2.0).map(|z| -z)
}

/// Probability of `k` successes in `m` fair trials.
///
/// Loader (2000), "Fast and accurate computation of binomial probabilities": Stirling's formula with its error term,
/// and the deviance, whose two halves are summed here as one series because both outcomes are equally likely.
pub(super) fn binomial_pmf(k: u64, m: u64) -> f64 {
    if k > m {
        return 0.0;
    }
    // Both outcomes are equally likely: taking the rarer one makes the symmetry exact.
    let k = k.min(m - k);
    if k == 0 {
        return libm::exp2(-(m as f64));
    }
    let (heads, tails, trials) = (k as f64, (m - k) as f64, m as f64);
    let imbalance = (m - 2 * k) as f64 / trials;
    let deviance = 0.5 * trials * symmetric_deviance(imbalance);
    let exponent = stirling_error(m) - stirling_error(k) - stirling_error(m - k) - deviance;
    libm::exp(exponent) * libm::sqrt(trials / (2.0 * PI * heads * tails))
}

/// Probability of at most `k` successes in `m` fair trials.
///
/// Sums downward from `k`, which is the largest term in the lower half, until terms vanish: about ten standard
/// deviations at most, whatever `m`. The upper half is the complement of the lower.
pub(super) fn binomial_cdf(k: u64, m: u64) -> f64 {
    if k >= m {
        return 1.0;
    }
    if k > m - k {
        return 1.0 - binomial_cdf(m - k - 1, m);
    }
    let scale = binomial_pmf(k, m);
    let (mut term, mut sum, mut j) = (1.0, 1.0, k);
    while j > 0 && term > NEGLIGIBLE * sum {
        term *= j as f64 / (m - j + 1) as f64;
        sum += term;
        j -= 1;
    }
    (scale * sum).min(1.0)
}

/// `(1 - d) ln(1 - d) + (1 + d) ln(1 + d)` for `0 <= d < 1`, free of cancellation near 0.
fn symmetric_deviance(d: f64) -> f64 {
    if d > 0.5 {
        return (1.0 - d) * libm::log1p(-d) + (1.0 + d) * libm::log1p(d);
    }
    // d^2/1 + d^4/6 + d^6/15 + …, the k-th divisor being k (2k - 1); at d = 1/2 thirty terms are beyond double precision.
    let square = d * d;
    let (mut power, mut sum, mut k) = (square, 0.0, 1.0);
    while k <= 30.0 && power > 0.0 {
        let next = sum + power / (k * (2.0 * k - 1.0));
        if next <= sum {
            break;
        }
        sum = next;
        power *= square;
        k += 1.0;
    }
    sum
}

/// `ln n! - ln(sqrt(2 pi n) (n/e)^n)`, for `n >= 1`; exact values below 16, the asymptotic series above.
pub(super) fn stirling_error(n: u64) -> f64 {
    if let Some(&exact) = usize::try_from(n).ok().and_then(|n| STIRLING_ERRORS.get(n)) {
        return exact;
    }
    let x = n as f64;
    let s = 1.0 / (x * x);
    let tail = 1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0 - s * 691.0 / 360_360.0) * s) * s;
    (1.0 / 12.0 - (1.0 / 360.0 - tail * s) * s) / x
}

/// Horner's scheme, lowest coefficient first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Stirling's error term for 0 (unused) to 15, to more digits than a double holds.
const STIRLING_ERRORS: [f64; 16] = [
    0.0,
    0.081_061_466_795_327_26,
    0.041_340_695_955_409_3,
    0.027_677_925_684_998_34,
    0.020_790_672_103_765_093,
    0.016_644_691_189_821_193,
    0.013_876_128_823_070_748,
    0.011_896_709_945_891_77,
    0.010_411_265_261_972_096,
    0.009_255_462_182_712_733,
    0.008_330_563_433_362_87,
    0.007_573_675_487_951_841,
    0.006_942_840_107_209_53,
    0.006_408_994_188_004_207,
    0.005_951_370_112_758_848,
    0.005_554_733_551_962_801,
];

const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_545,
];
const MIDDLE_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    7.745_450_142_783_414e-4,
];
const MIDDLE_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_DENOMINATOR: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64, tolerance: f64, what: &str) {
        let error = ((value - expected) / expected).abs();
        assert!(
            error <= tolerance,
            "{what}: {value} instead of {expected}, relative error {error:e}"
        );
    }

    /// (m, k, P(X = k), P(X <= k)), computed with mpmath to 40 digits; scipy 1.17.1 agrees as far as it is exact.
    const BINOMIAL: [(u64, u64, f64, f64); 22] = [
        (1, 0, 0.5, 0.5),
        (2, 1, 0.5, 0.75),
        (7, 1, 0.0546875, 0.0625),
        (14, 2, 0.00555419921875, 0.0064697265625),
        (15, 7, 0.196380615234375, 0.5),
        (31, 10, 0.020653086248785257, 0.035377772990614176),
        (100, 40, 0.010843866711637989, 0.028443966820490395),
        (100, 0, 7.888609052210118e-31, 7.888609052210118e-31),
        (1000, 450, 0.00016939724527711568, 0.0008652680424881588),
        (1000, 100, 5.958935980362645e-162, 6.701717790006296e-162),
        (1023, 0, 1.1125369292536007e-308, 1.1125369292536007e-308),
        (9999, 4900, 0.0011014616160220229, 0.023843494660484705),
        (100000, 49000, 5.194659209889301e-12, 1.294358019173449e-10),
        (1000000, 499999, 0.000797882765566219, 0.4996010578193341),
        (1000000, 499000, 0.00010798197801891516, 0.02280414993269104),
        (1000000, 498000, 2.6765681581248823e-07, 3.1804668750412444e-05),
        (1000000, 490000, 1.089780239297555e-90, 2.7721816438496123e-89),
        (1000001, 482000, 2.530569452226246e-285, 3.638412190136347e-284),
        (100000000, 49990000, 1.0798193347630084e-05, 0.022755531314807856),
        (100000000, 49999999, 7.978845428504631e-05, 0.49996010577205957),
        (100000000, 49850000, 2.945316758188747e-200, 4.918151686812022e-198),
        (100, 60, 0.010843866711637989, 0.9823998998911476),
    ];

    #[test]
    fn binomial_agrees_with_forty_digits() {
        for (m, k, pmf, cdf) in BINOMIAL {
            close(binomial_pmf(k, m), pmf, 1e-12, &format!("pmf({k}; {m})"));
            close(binomial_cdf(k, m), cdf, 1e-12, &format!("cdf({k}; {m})"));
        }
    }

    #[test]
    fn binomial_ends() {
        let both = |k, m| (binomial_pmf(k, m), binomial_cdf(k, m));
        assert_eq!(both(0, 0), (1.0, 1.0));
        assert_eq!(both(9, 2), (0.0, 1.0));
        assert_eq!(both(10, 100_000_000), (0.0, 0.0));
    }

    #[test]
    fn binomial_is_symmetric_and_sums_to_one() {
        for m in [1_u64, 2, 9, 16, 33, 250] {
            let sum: f64 = (0..=m).map(|k| binomial_pmf(k, m)).sum();
            close(sum, 1.0, 1e-13, "sum");
            for k in 0..=m {
                assert!(binomial_pmf(k, m).total_cmp(&binomial_pmf(m - k, m)).is_eq());
            }
        }
    }

    /// (p, quantile), computed with scipy 1.17.1 `norm.ppf`.
    const QUANTILES: [(f64, f64); 14] = [
        (1e-300, -37.0470962993612),
        (1e-20, -9.262340089798409),
        (1e-10, -6.361340902404056),
        (0.0005, -3.2905267314918945),
        (0.005, -2.575829303548901),
        (0.025, -1.9599639845400545),
        (0.05, -1.6448536269514729),
        (0.1, -1.2815515655446004),
        (0.2, -0.8416212335729142),
        (0.4, -0.2533471031357997),
        (0.8, 0.8416212335729143),
        (0.95, 1.6448536269514722),
        (0.975, 1.959963984540054),
        (0.999, 3.090232306167813),
    ];

    #[test]
    fn normal_quantile_agrees_with_scipy_and_inverts_the_cdf() {
        for (p, expected) in QUANTILES {
            let z = normal_quantile(p).expect("a probability");
            close(z, expected, 1e-14, &format!("quantile({p})"));
            close(normal_cdf(z), p, 1e-12, &format!("cdf(quantile({p}))"));
        }
        assert_eq!(normal_quantile(0.5), Some(0.0));
        for p in [0.0, 1.0, -1.0, 2.0, f64::NAN, f64::INFINITY] {
            assert_eq!(normal_quantile(p), None, "{p}");
            assert_eq!(critical_value(p), None, "{p}");
        }
        close(
            critical_value(0.05).expect("a level"),
            1.959963984540054,
            1e-15,
            "critical value",
        );
    }
}
