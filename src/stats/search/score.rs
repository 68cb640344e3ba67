//! SliceLine's score and its bound.

/// `a ((e_S / |S|) / (e / n) - 1) - (1 - a) (n / |S| - 1)`: how much higher the error rate of a slice is than the whole's,
/// against how small it is. Not a number for an empty slice or without errors.
pub fn slice_score(size: u64, error: f64, n: u64, total_error: f64, weight: f64) -> f64 {
    let (size, n) = (size as f64, n as f64);
    weight * ((error / size) / (total_error / n) - 1.0) - (1.0 - weight) * (n / size - 1.0)
}

/// What a score depends on besides the slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scoring {
    pub(super) n: u64,
    pub(super) error: f64,
    pub(super) weight: f64,
    pub(super) min_support: u64,
}

/// What is known of a slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// Samples.
    pub(super) size: u64,
    /// Sum of their errors.
    pub(super) error: f64,
    /// Largest single error.
    pub(super) largest: f64,
}

impl Extent {
    /// The least of both: what no slice within both can exceed.
    pub(super) fn least(self, other: Extent) -> Extent {
        Extent {
            size: self.size.min(other.size),
            error: self.error.min(other.error),
            largest: self.largest.min(other.largest),
        }
    }
}

impl Scoring {
    pub(super) fn score(&self, extent: &Extent) -> f64 {
        slice_score(extent.size, extent.error, self.n, self.error, self.weight)
    }

    /// Highest score of any slice of enough samples within the extent.
    ///
    /// With `m` samples the error is at most the lesser of the extent's and `m` times the largest one: the score rises
    /// with `m` as long as the second counts, and is monotone beyond, so that its maximum lies at one of three sizes.
    pub(super) fn bound(&self, within: &Extent) -> f64 {
        if within.size < self.min_support || within.error <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let turn = (within.error / within.largest).clamp(self.min_support as f64, within.size as f64);
        let sizes = [
            self.min_support,
            turn as u64,
            (turn as u64 + 1).min(within.size),
            within.size,
        ];
        let scores = sizes.map(|size| {
            let error = within.error.min(size as f64 * within.largest);
            slice_score(size, error, self.n, self.error, self.weight)
        });
        // A hair more, lest rounding prunes what is exactly as good.
        scores.into_iter().fold(f64::NEG_INFINITY, f64::max) + 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vector_of_the_statistics_page() {
        assert!((slice_score(100, 40.0, 1_000, 100.0, 0.95) - 2.4).abs() < 1e-12);
        assert!((slice_score(100, 40.0, 1_000, 100.0, 0.5) + 3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn no_slice_within_exceeds_the_bound(
            size in 10_u64..500, errors in 1_u64..200, smaller in 10_u64..500, share in 0.0_f64..=1.0,
        ) {
            prop_assume!(errors <= size && smaller <= size);
            let scoring = Scoring { n: 2_000, error: 250.0, weight: 0.9, min_support: 10 };
            let within = Extent { size, error: errors as f64, largest: 1.0 };
            let most = errors.min(smaller) as f64;
            let child = Extent { size: smaller, error: (most * share).floor(), largest: 1.0 };
            prop_assert!(scoring.score(&child) <= scoring.bound(&within));
        }
    }
}
