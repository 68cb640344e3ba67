//! Many tests at once: false discovery rate over a family of slices.

/// Benjamini-Hochberg q-values in the order of the p values: `q_(i) = min over j >= i of min(1, T p_(j) / j)`.
///
/// Benjamini and Hochberg (1995), JRSS B 57:289-300; as `scipy.stats.false_discovery_control`.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let tests = p_values.len() as f64;
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut q_values = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, (index, p)) in order.into_iter().enumerate().rev() {
        // The factor is at least 1, so that a q-value never rounds to less than its p value.
        least = least.min(p * (tests / (rank as f64 + 1.0)));
        if let Some(q) = q_values.get_mut(index) {
            *q = least;
        }
    }
    q_values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(p: &[f64], expected: &[f64]) {
        let q = benjamini_hochberg(p);
        assert_eq!(q.len(), expected.len());
        for (a, b) in q.iter().zip(expected) {
            assert!((a - b).abs() < 1e-15, "{q:?} instead of {expected:?}");
        }
    }

    #[test]
    fn vector_of_the_statistics_page() {
        assert_close(&[0.01, 0.04, 0.03, 0.005, 0.2], &[0.025, 0.05, 0.05, 0.025, 0.2]);
    }

    /// Computed with scipy 1.17.1 `stats.false_discovery_control`.
    #[test]
    fn agrees_with_scipy() {
        assert_close(
            &[0.9, 0.001, 0.0004, 0.05, 0.05, 0.3, 0.012, 1.0, 0.7, 0.02, 0.0004, 0.6],
            &[
                0.9818181818181818,
                0.004,
                0.0024000000000000002,
                0.08571428571428572,
                0.08571428571428572,
                0.44999999999999996,
                0.036000000000000004,
                1.0,
                0.84,
                0.048,
                0.0024000000000000002,
                0.7999999999999999,
            ],
        );
    }

    #[test]
    fn small_families() {
        assert_close(&[], &[]);
        assert_close(&[0.3], &[0.3]);
        assert_close(&[1.0, 1.0], &[1.0, 1.0]);
        assert_close(&[0.02, 0.02], &[0.02, 0.02]);
    }
}
