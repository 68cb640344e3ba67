//! Interval of the difference of the expected calibration errors, from sums per bin.
//!
//! A calibration error is a sum of absolute gaps, which no sample estimates without bias: of a bin that is calibrated, noise
//! alone makes a gap. A plain bootstrap inherits the bias, and its interval misses the more often the more samples there
//! are, where one version is calibrated and the other is not. The interval here allows for it: where a gap could be noise,
//! each end takes the less favourable of two cases, that the bin is calibrated and that it is not (a bound on the
//! directional derivative of Fang and Santos 2019, Review of Economic Studies 86:377-412). It is too wide where bins are
//! calibrated, and as wide as the plain one where no gap is noise.

use super::moments::cholesky;
use super::percentile::{REPLICATES, percentile_interval};
use super::random::Seed;
use crate::model::CalibrationSums;
use crate::model::confidence::{BinSums, CALIBRATION_BINS, FIXED_ONE};

/// Gaps of both versions: the baseline's bins, then the candidate's.
pub(super) const GAPS: usize = 2 * CALIBRATION_BINS;
/// Standard errors from which on a gap counts as more than noise.
const CLEAR: f64 = 2.0;

/// Interval of level `1 - alpha` for the difference of the expected calibration errors, candidate minus baseline.
///
/// A resample moves the gaps of all bins together, as normal numbers with the samples' covariance: its cost depends on
/// the number of bins alone. `None` without samples, or unless `0 < alpha < 1`.
pub fn bootstrap_ece(sums: &CalibrationSums, alpha: f64, seed: Seed) -> Option<(f64, f64)> {
    bootstrap_ece_times(sums, alpha, seed, REPLICATES)
}

/// The same with so many replicates, for simulations.
pub fn bootstrap_ece_times(sums: &CalibrationSums, alpha: f64, seed: Seed, replicates: usize) -> Option<(f64, f64)> {
    of_gaps((sums.n > 0).then(|| Gaps::new(sums))?, alpha, seed, replicates)
}

/// The same where the gaps of the bins, over the number of samples, vary with this covariance.
pub(super) fn bootstrap_ece_with(
    sums: &CalibrationSums,
    covariance: [[f64; GAPS]; GAPS],
    alpha: f64,
    seed: Seed,
) -> Option<(f64, f64)> {
    let gaps = (sums.n > 0).then(|| Gaps::with(sums, covariance))?;
    of_gaps(gaps, alpha, seed, REPLICATES)
}

fn of_gaps(gaps: Gaps, alpha: f64, seed: Seed, replicates: usize) -> Option<(f64, f64)> {
    let mut stream = seed.fast_stream("calibration");
    let mut errors = [(); 2].map(|()| Vec::with_capacity(replicates));
    for _ in 0..replicates {
        let range = gaps.error(&gaps.noise(|| stream.fast_normal()));
        errors.iter_mut().zip(range).for_each(|(list, error)| list.push(error));
    }
    let [least, most] = &mut errors;
    let (least, _) = percentile_interval(least, alpha)?;
    let (_, most) = percentile_interval(most, alpha)?;
    let (low, high) = (gaps.difference() - most, gaps.difference() - least);
    Some((low.max(-1.0), high.min(1.0)))
}

/// The gaps of all bins, each weighed by its share of the samples, and how they vary.
struct Gaps {
    /// Accuracy less mean confidence.
    values: [f64; GAPS],
    /// Lower triangle whose product with its transpose is the covariance of the gaps, column by column.
    columns: [[f64; GAPS]; GAPS],
    /// Whether a gap is more than noise.
    clear: [bool; GAPS],
    /// Whether both versions gave the samples of a bin the same confidence and were right on the same ones.
    same: [bool; CALIBRATION_BINS],
}

impl Gaps {
    fn new(sums: &CalibrationSums) -> Gaps {
        let n = sums.n as f64;
        let values = shares(sums);
        let mut covariance = [[0.0; GAPS]; GAPS];
        for (at, bin) in sums.baseline.bins.iter().chain(&sums.candidate.bins).enumerate() {
            covariance[at][at] = bin.squared_error as f64;
        }
        for (a, row) in sums.products.iter().enumerate() {
            for (b, product) in row.iter().enumerate() {
                let b = CALIBRATION_BINS + b;
                (covariance[a][b], covariance[b][a]) = (*product as f64, *product as f64);
            }
        }
        for (a, row) in covariance.iter_mut().enumerate() {
            for (b, value) in row.iter_mut().enumerate() {
                *value = (*value / FIXED_ONE / n - values[a] * values[b]) / n;
            }
        }
        Gaps::with(sums, covariance)
    }

    /// With the covariance of the values.
    fn with(sums: &CalibrationSums, covariance: [[f64; GAPS]; GAPS]) -> Gaps {
        let values = shares(sums);
        let factor = cholesky(covariance);
        let clear = |at: usize| values[at].abs() > CLEAR * libm::sqrt(covariance[at][at].max(0.0));
        let same = |bin: usize| {
            let (a, b) = (&sums.baseline.bins[bin], &sums.candidate.bins[bin]);
            a == b && sums.products[bin][bin] == a.squared_error as i128
        };
        Gaps {
            values,
            clear: std::array::from_fn(clear),
            same: std::array::from_fn(same),
            columns: std::array::from_fn(|column| factor.map(|row| row[column])),
        }
    }

    /// The difference of the calibration errors.
    fn difference(&self) -> f64 {
        let (baseline, candidate) = self.values.split_at(CALIBRATION_BINS);
        let error = |gaps: &[f64]| gaps.iter().map(|gap| gap.abs()).sum::<f64>();
        error(candidate) - error(baseline)
    }

    /// By how much a sample's gaps may differ from the truth.
    fn noise(&self, mut normal: impl FnMut() -> f64) -> [f64; GAPS] {
        let mut noise = [0.0; GAPS];
        for (at, column) in self.columns.iter().enumerate() {
            if column[at] > 0.0 {
                let z = normal();
                let below = noise[at..].iter_mut().zip(&column[at..]);
                below.for_each(|(sum, factor)| *sum += factor * z);
            }
        }
        noise
    }

    /// Least and greatest error of the difference that this noise makes: noise in a calibrated bin always adds to its gap.
    fn error(&self, noise: &[f64; GAPS]) -> [f64; 2] {
        let (mut least, mut most) = (0.0, 0.0);
        for bin in (0..CALIBRATION_BINS).filter(|bin| !self.same[*bin]) {
            let [baseline, candidate] = [bin, CALIBRATION_BINS + bin].map(|at| {
                let signed = if self.values[at] < 0.0 { -noise[at] } else { noise[at] };
                (signed, if self.clear[at] { signed } else { noise[at].abs() })
            });
            least += candidate.0 - baseline.1;
            most += candidate.1 - baseline.0;
        }
        [least, most]
    }
}

/// The gaps of all bins over the number of samples.
fn shares(sums: &CalibrationSums) -> [f64; GAPS] {
    let mut values = [0.0; GAPS];
    let bins = sums.baseline.bins.iter().chain(&sums.candidate.bins);
    for (value, bin) in values.iter_mut().zip(bins) {
        *value = gap(bin) / FIXED_ONE / sums.n as f64;
    }
    values
}

/// `correct - sum of confidence` in fixed point.
fn gap(bin: &BinSums) -> f64 {
    let correct = u128::from(bin.correct) * FIXED_ONE as u128;
    let size = correct.abs_diff(bin.confidence) as f64;
    if correct < bin.confidence { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Samples = Vec<([f64; 2], [bool; 2])>;

    /// Confidence between 0.4 and 1; both versions are right so much less often than they say.
    fn samples(n: usize, off: [f64; 2], purpose: &str) -> Samples {
        let mut stream = Seed(9).stream(purpose);
        let mut sample = || {
            let confidence = 0.4 + 0.6 * stream.uniform();
            let other = (confidence + 0.1 * (stream.uniform() - 0.5)).clamp(0.0, 1.0);
            let luck = stream.uniform();
            ([confidence, other], [luck < confidence - off[0], luck < other - off[1]])
        };
        (0..n).map(|_| sample()).collect()
    }

    fn sums(samples: &[([f64; 2], [bool; 2])]) -> CalibrationSums {
        let mut sums = CalibrationSums::default();
        samples
            .iter()
            .for_each(|(confidence, correct)| sums.add(*confidence, *correct));
        sums
    }

    /// Where every gap is clear, the interval is that of resampling samples one by one, as a textbook would.
    #[test]
    fn equals_a_bootstrap_of_the_samples_where_no_gap_is_noise() {
        let samples = samples(3_000, [0.3, 0.38], "samples");
        let mut stream = Seed(4).stream("naive");
        let mut differences: Vec<f64> = (0..999)
            .map(|_| {
                let resample: Samples = (0..samples.len())
                    .map(|_| samples[stream.below(3_000) as usize])
                    .collect();
                Gaps::new(&sums(&resample)).difference()
            })
            .collect();
        let naive = percentile_interval(&mut differences, 0.05).expect("replicates");
        let found = bootstrap_ece(&sums(&samples), 0.05, Seed(1)).expect("samples");
        // The naive ends have a Monte Carlo error of about 0.0005; the interval is 0.02 wide.
        assert!(
            (found.0 - naive.0).abs() < 0.002 && (found.1 - naive.1).abs() < 0.002,
            "{found:?} and {naive:?}"
        );
    }

    /// A plain bootstrap holds the truth in every fourth of these.
    #[test]
    fn holds_the_truth_where_one_version_is_calibrated() {
        let held = (0..40).filter(|pair| {
            let samples = samples(2_000, [0.0, 0.05], &format!("pair {pair}"));
            let interval = bootstrap_ece_times(&sums(&samples), 0.05, Seed(1), 199).expect("samples");
            interval.0 <= 0.05 && 0.05 <= interval.1
        });
        assert!(held.count() >= 38);
    }

    #[test]
    fn seeded() {
        let sums = sums(&samples(300, [0.0, 0.1], "seed"));
        let of = |seed| bootstrap_ece(&sums, 0.05, Seed(seed));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn nothing_and_no_difference() {
        assert_eq!(bootstrap_ece(&CalibrationSums::default(), 0.05, Seed(1)), None);
        let mut same = samples(50, [0.0; 2], "same");
        same.iter_mut().for_each(|(confidence, correct)| {
            (confidence[1], correct[1]) = (confidence[0], correct[0]);
        });
        assert_eq!(bootstrap_ece(&sums(&same), 0.05, Seed(1)), Some((0.0, 0.0)));
        assert_eq!(bootstrap_ece(&sums(&same), 0.0, Seed(1)), None);
    }
}
