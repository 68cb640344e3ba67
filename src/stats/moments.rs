//! First and second moments of several quantities per sample, and the bootstrap of what is a function of their means.

use super::exact::{ExactSum, central};
use super::percentile::{REPLICATES, percentile_interval};
use super::random::Random;

/// Sums and products of `D` quantities over samples, exact in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<const D: usize> {
    n: u64,
    sums: [ExactSum; D],
    /// Products of the quantities `i` and `j <= i`, row by row.
    products: Vec<ExactSum>,
}

impl<const D: usize> Default for Moments<D> {
    fn default() -> Moments<D> {
        Moments {
            n: 0,
            sums: std::array::from_fn(|_| ExactSum::default()),
            products: vec![ExactSum::default(); D * (D + 1) / 2],
        }
    }
}

impl<const D: usize> Moments<D> {
    /// Adds a sample.
    pub fn add(&mut self, sample: [f64; D]) {
        self.n += 1;
        for (sum, value) in self.sums.iter_mut().zip(sample) {
            sum.add(value);
        }
        let pairs = (0..D).flat_map(|i| (0..=i).map(move |j| (i, j)));
        for (product, (i, j)) in self.products.iter_mut().zip(pairs) {
            product.add_product(sample[i], sample[j]);
        }
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &Moments<D>) {
        self.n += other.n;
        let own = self.sums.iter_mut().chain(&mut self.products);
        for (sum, part) in own.zip(other.sums.iter().chain(&other.products)) {
            sum.merge(part);
        }
    }

    /// Samples.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Sums, each rounded once.
    pub fn sums(&self) -> [f64; D] {
        std::array::from_fn(|i| self.sums[i].value())
    }

    /// Sums of squares, each rounded once.
    pub fn squares(&self) -> [f64; D] {
        std::array::from_fn(|i| self.products[i * (i + 3) / 2].value())
    }

    /// Means; `None` without samples.
    pub fn means(&self) -> Option<[f64; D]> {
        (self.n > 0).then(|| self.sums().map(|sum| sum / self.n as f64))
    }

    /// Sums of products about the means.
    pub fn central(&self) -> [[f64; D]; D] {
        let mut out = [[0.0; D]; D];
        let pairs = (0..D).flat_map(|i| (0..=i).map(move |j| (i, j)));
        for (product, (i, j)) in self.products.iter().zip(pairs) {
            let value = central(product, &self.sums[i], &self.sums[j], self.n.max(1));
            // Rounding must not make a variance negative.
            let value = if i == j { value.max(0.0) } else { value };
            (out[i][j], out[j][i]) = (value, value);
        }
        out
    }

    /// Percentile interval of a function of the means, by [`REPLICATES`] draws of the means.
    ///
    /// The means of a resample are as good as normal, with the samples' covariance (over n - 1) by n: their draw stands
    /// for resampling the samples, at a cost that does not depend on their number. `None` for fewer than two samples, or
    /// where the function is undefined in a draw.
    pub fn bootstrap(
        &self,
        alpha: f64,
        stream: &mut Random,
        function: impl Fn(&[f64; D]) -> Option<f64>,
    ) -> Option<(f64, f64)> {
        if self.n < 2 {
            return None;
        }
        let (n, means) = (self.n as f64, self.means()?);
        let scale = 1.0 / (n * (n - 1.0));
        let factor = cholesky(self.central().map(|row| row.map(|value| value * scale)));
        let mut replicates = Vec::with_capacity(REPLICATES);
        for _ in 0..REPLICATES {
            let normal: [f64; D] = std::array::from_fn(|_| stream.normal());
            let drawn = std::array::from_fn(|i| {
                let weighted = factor[i].iter().zip(&normal).take(i + 1);
                means[i] + weighted.map(|(weight, z)| weight * z).sum::<f64>()
            });
            replicates.push(function(&drawn)?);
        }
        percentile_interval(&mut replicates, alpha)
    }
}

/// The lower triangle whose product with its transpose is the matrix; a quantity that the ones before it determine gets
/// no share of its own.
pub(super) fn cholesky<const D: usize>(matrix: [[f64; D]; D]) -> [[f64; D]; D] {
    let mut factor = [[0.0; D]; D];
    for i in 0..D {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            let rest = matrix[i][j] - known;
            factor[i][j] = if i == j {
                // What is left of a variance after rounding alone is no variance.
                if rest > 1e-14 * matrix[i][i] {
                    libm::sqrt(rest)
                } else {
                    0.0
                }
            } else if factor[j][j] > 0.0 {
                rest / factor[j][j]
            } else {
                0.0
            };
        }
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Seed;
    use proptest::prelude::*;

    fn of(samples: &[[f64; 2]]) -> Moments<2> {
        let mut moments = Moments::default();
        samples.iter().for_each(|sample| moments.add(*sample));
        moments
    }

    #[test]
    fn moments_of_a_few_samples() {
        let moments = of(&[[1.0, 2.0], [2.0, 4.0], [4.0, 9.0]]);
        assert_eq!((moments.n(), moments.sums()), (3, [7.0, 15.0]));
        let expected = [[4.666_666_666_666_667, 11.0], [11.0, 26.0]];
        for (row, expected) in moments.central().iter().zip(expected) {
            assert!(row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "{row:?}");
        }
        assert_eq!(Moments::<2>::default().means(), None);
    }

    #[test]
    fn interval_of_a_mean_is_the_normal_one() {
        let samples: Vec<[f64; 2]> = (0..400).map(|i| [f64::from(i % 20), f64::from(i % 7)]).collect();
        let moments = of(&samples);
        let (mean, variance) = (9.5, 33.25_f64 * 400.0 / 399.0);
        let half = 1.96 * (variance / 400.0).sqrt();
        let (low, high) = moments
            .bootstrap(0.05, &mut Seed(1).stream("test"), |m| Some(m[0]))
            .expect("defined");
        assert!(
            (low - (mean - half)).abs() < 0.03 && (high - (mean + half)).abs() < 0.03,
            "{low} {high}"
        );
    }

    #[test]
    fn undefined_and_degenerate() {
        let mut stream = Seed(1).stream("test");
        assert_eq!(of(&[[1.0, 1.0]]).bootstrap(0.05, &mut stream, |m| Some(m[0])), None);
        let same = of(&[[2.0, 3.0]; 9]);
        assert_eq!(
            same.bootstrap(0.05, &mut stream, |m| Some(m[1] - m[0])),
            Some((1.0, 1.0))
        );
        assert_eq!(same.bootstrap(0.05, &mut stream, |_| None), None);
        // The second quantity is twice the first: their combination has no variance.
        let tied = of(&[[1.0, 2.0], [5.0, 10.0], [3.0, 6.0]]);
        let (low, high) = tied
            .bootstrap(0.05, &mut stream, |m| Some(m[1] - 2.0 * m[0]))
            .expect("defined");
        assert!(low.abs() < 1e-12 && high.abs() < 1e-12, "{low} {high}");
    }

    proptest! {
        #[test]
        fn neither_order_nor_grouping_matters(samples in proptest::collection::vec([-1e6_f64..1e6, -1e-3_f64..1e3], 1..30)) {
            let forth = of(&samples);
            let mut back = Moments::default();
            for part in samples.rchunks(4) {
                back.merge(&of(part));
            }
            prop_assert_eq!(&forth, &back);
            prop_assert_eq!(forth.central(), back.central());
        }

        #[test]
        fn the_triangle_gives_the_matrix_back(samples in proptest::collection::vec([-9.0_f64..9.0, -9.0_f64..9.0, -9.0_f64..9.0], 5..20)) {
            let mut moments = Moments::<3>::default();
            samples.iter().for_each(|sample| moments.add(*sample));
            let (matrix, factor) = (moments.central(), cholesky(moments.central()));
            for i in 0..3 {
                for j in 0..3 {
                    let product: f64 = (0..3).map(|k| factor[i][k] * factor[j][k]).sum();
                    prop_assert!((product - matrix[i][j]).abs() < 1e-9 * (matrix[i][i] * matrix[j][j]).sqrt().max(1.0));
                }
            }
        }
    }
}
