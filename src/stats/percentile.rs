//! Percentile interval of bootstrap replicates.

/// Replicates of a bootstrap: at alpha .05 the ends are the order statistics 250 and 9,750.
pub const REPLICATES: usize = 9_999;

/// The percentile interval of level `1 - alpha`: order statistics `(R + 1) alpha / 2` from both ends.
///
/// `None` without replicates, where one is not a number, or unless `0 < alpha < 1`. The order of the replicates is lost.
pub(super) fn percentile_interval(replicates: &mut [f64], alpha: f64) -> Option<(f64, f64)> {
    let count = replicates.len();
    if count == 0 || !(alpha > 0.0 && alpha < 1.0) || replicates.iter().any(|value| value.is_nan()) {
        return None;
    }
    // A hair is added, for .05 / 2 x 10,000 must not come out as 249.99…
    let rank = libm::floor((count as f64 + 1.0) * alpha / 2.0 + 1e-9) as usize;
    let rank = rank.clamp(1, count.div_ceil(2));
    let (_, low, _) = replicates.select_nth_unstable_by(rank - 1, f64::total_cmp);
    let low = *low;
    let (_, high, _) = replicates.select_nth_unstable_by(count - rank, f64::total_cmp);
    Some((low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_the_order_statistics_of_the_statistics_page() {
        let mut replicates: Vec<f64> = (1..=REPLICATES).rev().map(|i| i as f64).collect();
        assert_eq!(percentile_interval(&mut replicates, 0.05), Some((250.0, 9_750.0)));
        assert_eq!(percentile_interval(&mut replicates, 0.01), Some((50.0, 9_950.0)));
        assert_eq!(percentile_interval(&mut replicates, 1e-9), Some((1.0, 9_999.0)));
        assert_eq!(
            percentile_interval(&mut replicates, 0.999_999),
            Some((4_999.0, 5_001.0))
        );
    }

    #[test]
    fn undefined() {
        assert_eq!(percentile_interval(&mut [], 0.05), None);
        assert_eq!(percentile_interval(&mut [1.0, f64::NAN], 0.05), None);
        assert_eq!(percentile_interval(&mut [1.0], 0.0), None);
        assert_eq!(percentile_interval(&mut [1.0], 0.5), Some((1.0, 1.0)));
    }
}
