//! Random numbers that are the same on every platform: two generators of integers, and transforms that use `libm` alone.
//!
//! `rand`'s distributions call the platform's logarithm, so that a draw near an edge could differ between machines.

use super::special::{normal_quantile, stirling_error};
use super::ziggurat;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Separates our streams from every other use of BLAKE3.
const CONTEXT: &str = "evaldiff 2026 statistics: random numbers of a comparison";
/// Expected successes from which rejection is faster than counting up.
const REJECTION_FROM: f64 = 10.0;

/// Where the random numbers of a comparison begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of two snapshots, whatever their order.
    pub fn of_snapshots(one: i64, other: i64) -> Seed {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&one.min(other).to_le_bytes());
        hasher.update(&one.max(other).to_le_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Seed(u64::from_le_bytes(first))
    }

    /// An independent stream for one purpose, so that a new metric does not change the numbers of the others.
    pub fn stream(self, purpose: &str) -> Random {
        Random(ChaCha8Rng::from_seed(self.digest(purpose)))
    }

    /// The same for resamples, which take millions of numbers: from a generator that is several times as fast.
    pub fn fast_stream(self, purpose: &str) -> Random<Xoshiro> {
        let digest = self.digest(purpose);
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(digest.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        // Nothing but zeros, from which it could not move, is not to be expected of a digest.
        Random(Xoshiro(state))
    }

    fn digest(self, purpose: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.0.to_le_bytes());
        hasher.update(purpose.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

/// Where random bits come from.
pub trait Generator {
    /// 64 random bits.
    fn bits(&mut self) -> u64;
}

impl Generator for ChaCha8Rng {
    fn bits(&mut self) -> u64 {
        self.next_u64()
    }
}

/// The generator xoshiro256++ of Blackman and Vigna (2021), "Scrambled linear pseudorandom number generators", ACM Transactions
/// on Mathematical Software 47:36.
#[derive(Clone, Debug)]
pub struct Xoshiro([u64; 4]);

impl Generator for Xoshiro {
    #[inline]
    fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let bits = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ b << 17, d.rotate_left(45)];
        bits
    }
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random<G = ChaCha8Rng>(G);

impl<G: Generator> Random<G> {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// A number strictly between 0 and 1, on a grid of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// A number below `n`, each as likely (Lemire 2019); 0 for `n` = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        loop {
            let wide = u128::from(self.bits()) * u128::from(n);
            let low = wide as u64;
            // Rejects the few values that would make small results likelier; mostly without the division.
            if low >= n || low >= n.wrapping_neg() % n {
                return (wide >> 64) as u64;
            }
        }
    }

    /// A standard normal number, by inversion.
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform()).unwrap_or(0.0)
    }

    /// A standard normal number at a fifth of the time, from a table of layers.
    pub fn fast_normal(&mut self) -> f64 {
        ziggurat::normal(self)
    }

    /// Successes in `n` trials of probability `p`; `p` outside 0..1 counts as its nearer end.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p.is_nan() || p <= 0.0 {
            return 0;
        }
        if p >= 1.0 {
            return n;
        }
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if n as f64 * p < REJECTION_FROM {
            self.binomial_by_counting(n, p)
        } else {
            self.binomial_by_rejection(n, p)
        }
    }

    /// Inversion: adds up probabilities from zero successes on.
    fn binomial_by_counting(&mut self, n: u64, p: f64) -> u64 {
        let odds = p / (1.0 - p);
        let mut probability = libm::exp(n as f64 * libm::log1p(-p));
        let mut left = self.uniform();
        let mut k = 0;
        while left > probability && k < n {
            left -= probability;
            probability *= odds * (n - k) as f64 / (k + 1) as f64;
            k += 1;
            // The rest of the tail is below what a double can tell.
            if probability <= 0.0 {
                break;
            }
        }
        k
    }

    /// Hörmann (1993), "The generation of binomial random variates", algorithm BTRS: about 1.15 rounds whatever `n`.
    fn binomial_by_rejection(&mut self, n: u64, p: f64) -> u64 {
        let trials = n as f64;
        let spread = libm::sqrt(trials * p * (1.0 - p));
        let b = 1.15 + 2.53 * spread;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let centre = trials * p + 0.5;
        let quick = 0.92 - 4.2 / b;
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let place = (2.0 * a / us + b) * u + centre;
            if place < 0.0 || place >= trials + 1.0 {
                continue;
            }
            // Rounds down, since the place is not negative.
            let successes = place as u64;
            if us >= 0.07 && v <= quick {
                return successes;
            }
            let k = successes as f64;
            let alpha = (2.83 + 5.1 / b) * spread;
            let odds = p / (1.0 - p);
            let mode = ((trials + 1.0) * p) as u64 as f64;
            let height = libm::log(v * alpha / (a / (us * us) + b));
            let (top, rest) = (trials - mode + 1.0, trials - k + 1.0);
            let bound = (mode + 0.5) * libm::log((mode + 1.0) / (odds * top))
                + (trials + 1.0) * libm::log(top / rest)
                + (k + 0.5) * libm::log(rest * odds / (k + 1.0))
                + stirling_error(mode as u64 + 1)
                + stirling_error((trials - mode) as u64 + 1)
                - stirling_error(successes + 1)
                - stirling_error((trials - k) as u64 + 1);
            if height <= bound {
                return successes;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Mean and variance of many draws within five standard errors of what they should be.
    pub(in crate::stats) fn assert_moments(draws: &[f64], mean: f64, variance: f64, what: &str) {
        let n = draws.len() as f64;
        let found = draws.iter().sum::<f64>() / n;
        let spread = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        assert!(
            (found - mean).abs() <= 5.0 * (variance / n).sqrt(),
            "{what}: mean {found} instead of {mean}"
        );
        assert!(
            (spread / variance - 1.0).abs() < 0.05,
            "{what}: variance {spread} instead of {variance}"
        );
    }

    #[test]
    fn first_numbers_never_change() {
        let mut stream = Seed(1).stream("test");
        assert_eq!([stream.bits(), stream.bits()], FIRST);
        assert_eq!(Seed::of_snapshots(7, -3), Seed::of_snapshots(-3, 7));
        assert_eq!(Seed::of_snapshots(7, -3), SEED);
        assert_ne!(Seed(1).stream("a").bits(), Seed(1).stream("b").bits());
        let draws = [(100, 0.3), (7, 0.5), (1 << 40, 0.25), (1_000_000, 1e-6)].map(|(n, p)| stream.binomial(n, p));
        assert_eq!(draws, DRAWS);
    }

    const FIRST: [u64; 2] = [17_986_111_886_883_552_808, 17_646_270_837_204_292_619];
    const SEED: Seed = Seed(11_606_970_069_418_994_150);
    const DRAWS: [u64; 4] = [27, 3, 274_878_207_360, 3];

    /// The first numbers of the generator's authors from the state 1, 2, 3, 4.
    #[test]
    fn bits_are_those_of_xoshiro() {
        let mut stream = Xoshiro([1, 2, 3, 4]);
        let expected = [
            41_943_041,
            58_720_359,
            3_588_806_011_781_223,
            3_591_011_842_654_386,
            9_228_616_714_210_784_205,
        ];
        assert_eq!([(); 5].map(|()| stream.bits()), expected);
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut stream = Seed(2).stream("moments");
        let uniform: Vec<f64> = (0..40_000).map(|_| stream.uniform()).collect();
        assert!(uniform.iter().all(|x| *x > 0.0 && *x < 1.0));
        assert_moments(&uniform, 0.5, 1.0 / 12.0, "uniform");
        let normal: Vec<f64> = (0..40_000).map(|_| stream.normal()).collect();
        assert_moments(&normal, 0.0, 1.0, "normal");
        let mut stream = Seed(2).fast_stream("moments");
        let uniform: Vec<f64> = (0..40_000).map(|_| stream.uniform()).collect();
        assert_moments(&uniform, 0.5, 1.0 / 12.0, "uniform, fast");
    }

    #[test]
    fn binomial_has_its_moments_on_both_sides_of_the_switch() {
        let mut stream = Seed(3).stream("binomial");
        for (n, p) in [
            (10_u64, 0.3),
            (30, 0.32),
            (40, 0.3),
            (1_000, 0.004),
            (500, 0.5),
            (90, 0.97),
            (1 << 50, 0.2),
        ] {
            let draws: Vec<f64> = (0..20_000).map(|_| stream.binomial(n, p) as f64).collect();
            assert!(draws.iter().all(|k| *k <= n as f64));
            let mean = n as f64 * p;
            assert_moments(&draws, mean, mean * (1.0 - p), &format!("{n} trials of {p}"));
        }
    }

    /// Pearson's statistic of both algorithms against the exact probabilities, far below its 0.9999 quantile (about 60).
    #[test]
    fn binomial_with_one_half_follows_its_distribution() {
        let mut stream = Seed(4).stream("fit");
        for n in [16_u64, 40] {
            let mut seen = vec![0_u64; n as usize + 1];
            for _ in 0..50_000 {
                seen[stream.binomial(n, 0.5) as usize] += 1;
            }
            let expected = |k: usize| 50_000.0 * super::super::special::binomial_pmf(k as u64, n);
            let statistic: f64 = (0..seen.len())
                .filter(|&k| expected(k) >= 5.0)
                .map(|k| (seen[k] as f64 - expected(k)).powi(2) / expected(k))
                .sum();
            assert!(statistic < 60.0, "{n} trials: {statistic}");
        }
    }

    #[test]
    fn ends_of_the_binomial() {
        let mut stream = Seed(5).stream("ends");
        let draws = [(9, 0.0), (9, 1.0), (0, 0.5), (9, -1.0), (9, 2.0), (9, f64::NAN)];
        assert_eq!(draws.map(|(n, p)| stream.binomial(n, p)), [0, 9, 0, 0, 9, 0]);
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
    }
}
