//! How small a change the comparison could have found.

use super::special::{critical_value, normal_quantile};

/// Power at which the minimum detectable effect is stated.
pub const POWER: f64 = 0.8;

/// Smallest absolute accuracy delta found with [`POWER`] at level `alpha`, given `m` flips among `n` samples.
///
/// Solves `d sqrt(n) = z_{1-alpha/2} sqrt(f) + z_{.8} sqrt(f - d^2)` with `f = m / n` (Connor 1987, Biometrics
/// 43:207-211). `None` without flips, for fewer samples than any delta could be found with (`n < z_{1-alpha/2}^2`,
/// 4 at alpha .05), for more flips than samples, or where `alpha` is not between 0 and 1.
pub fn detectable_effect(n: u64, m: u64, alpha: f64) -> Option<f64> {
    if m == 0 || m > n {
        return None;
    }
    let (z_alpha, z_power) = (critical_value(alpha)?, normal_quantile(POWER)?);
    let samples = n as f64;
    if samples < z_alpha * z_alpha {
        return None;
    }
    // Squared, the equation is quadratic in d / sqrt(f); this is its larger root, the smaller solves another sign.
    let root = libm::sqrt(samples + z_power * z_power - z_alpha * z_alpha);
    let scaled = (z_alpha * libm::sqrt(samples) + z_power * root) / (samples + z_power * z_power);
    Some(libm::sqrt(m as f64 / samples) * scaled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_its_equation() {
        for (n, m) in [
            (4, 1),
            (21, 8),
            (50, 14),
            (1_000, 30),
            (1_000, 1_000),
            (100_000_000, 12_345),
        ] {
            for alpha in [0.001, 0.05, 0.2] {
                let Some(d) = detectable_effect(n, m, alpha) else {
                    assert!(n < 21, "undefined for n = {n}");
                    continue;
                };
                let (f, samples) = (m as f64 / n as f64, n as f64);
                let z = critical_value(alpha).expect("level");
                let z_power = normal_quantile(POWER).expect("power");
                let right = z * f.sqrt() + z_power * (f - d * d).max(0.0).sqrt();
                let left = d * samples.sqrt();
                assert!(
                    (left - right).abs() < 1e-6 * right,
                    "n {n} m {m} alpha {alpha}: {left} and {right}"
                );
            }
        }
    }

    /// (n, flips, effect at alpha .05): the page's equation solved with scipy 1.17.1 `optimize.brentq`.
    const REFERENCES: [(u64, u64, f64); 6] = [
        (21, 8, 0.3565144337796339),
        (50, 14, 0.20474570081775942),
        (1000, 30, 0.015326830666934651),
        (100000, 30, 0.00015344733301209698),
        (100000000, 12345, 3.1127868226992244e-06),
        (10, 10, 0.7847532842218067),
    ];

    #[test]
    fn agrees_with_a_root_finder() {
        for (n, m, expected) in REFERENCES {
            let found = detectable_effect(n, m, 0.05).expect("defined");
            assert!(
                (found / expected - 1.0).abs() < 1e-12,
                "n {n} m {m}: {found} instead of {expected}"
            );
        }
    }

    #[test]
    fn undefined() {
        assert_eq!(detectable_effect(100, 0, 0.05), None);
        assert_eq!(detectable_effect(0, 0, 0.05), None);
        assert_eq!(detectable_effect(3, 3, 0.05), None);
        assert_eq!(detectable_effect(3, 4, 0.05), None);
        assert_eq!(detectable_effect(100, 10, 0.0), None);
    }
}
