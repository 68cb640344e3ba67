//! Intervals of the calibration differences: ECE by a paired bootstrap over pairs of bins, Brier score and mean
//! confidence by their paired differences.

use super::means::{MeanSums, MeanTest};
use super::moments::cholesky;
use super::percentile::{REPLICATES, percentile_interval};
use super::random::Seed;
use crate::model::counts::{CALIBRATION_BINS, FIXED_ONE};
use std::collections::BTreeMap;

/// Sums over the samples of one pair of bins and one outcome; confidence in fixed point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    n: u64,
    sums: [u128; 2],
    squares: [u128; 2],
    cross: u128,
}

/// Which samples a cell holds: the bins of both versions' confidence, and whether each was right.
type Place = ([u8; 2], [bool; 2]);

/// What the bootstrap of the calibration metrics needs: counts, sums, squares and cross products of the confidence, by
/// the pair of bins that the two versions' confidence falls into and by the outcome.
///
/// Counts alone would leave out how confidence varies within a bin, and give intervals that are too narrow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalibrationMoments {
    cells: BTreeMap<Place, Cell>,
    confidence: MeanSums,
    brier: MeanSums,
}

impl CalibrationMoments {
    /// Adds a sample: bin (below [`CALIBRATION_BINS`]), confidence within 0..1 and correctness of baseline and candidate.
    pub fn add(&mut self, bins: [usize; 2], confidence: [f64; 2], correct: [bool; 2]) {
        let bins = bins.map(|bin| bin.min(CALIBRATION_BINS - 1) as u8);
        let cell = self.cells.entry((bins, correct)).or_default();
        let fixed = |value: f64| (value * FIXED_ONE) as u128;
        cell.n += 1;
        for (version, value) in confidence.into_iter().enumerate() {
            cell.sums[version] += fixed(value);
            cell.squares[version] += fixed(value * value);
        }
        cell.cross += fixed(confidence[0] * confidence[1]);
        let error = |version: usize| {
            let gap = confidence[version] - f64::from(u8::from(correct[version]));
            gap * gap
        };
        self.confidence.add(confidence[1] - confidence[0]);
        self.brier.add(error(1) - error(0));
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &CalibrationMoments) {
        for (place, part) in &other.cells {
            let cell = self.cells.entry(*place).or_default();
            cell.n += part.n;
            for version in 0..2 {
                cell.sums[version] += part.sums[version];
                cell.squares[version] += part.squares[version];
            }
            cell.cross += part.cross;
        }
        self.confidence.merge(&other.confidence);
        self.brier.merge(&other.brier);
    }

    /// The difference of the mean confidences.
    pub fn confidence(&self, alpha: f64) -> Option<MeanTest> {
        self.confidence.test(alpha)
    }

    /// The difference of the Brier scores, each being a mean over samples.
    pub fn brier(&self, alpha: f64) -> Option<MeanTest> {
        self.brier.test(alpha)
    }
}

/// A cell as the resampling sees it: means of both versions' confidence, and the factor of their covariance.
struct Ready {
    place: Place,
    means: [f64; 2],
    factor: [[f64; 2]; 2],
}

impl Ready {
    fn new(place: Place, cell: &Cell) -> Ready {
        let n = cell.n.max(1) as f64;
        let mean = |sum: u128| sum as f64 / FIXED_ONE / n;
        let means = cell.sums.map(mean);
        let covariance = |products: u128, i: usize, j: usize| mean(products) - means[i] * means[j];
        let cross = covariance(cell.cross, 0, 1);
        let variance = [0, 1].map(|i| covariance(cell.squares[i], i, i));
        // Within a bin the spread is at most 1/15: what is left below this by rounding is none.
        let variance = variance.map(|value| if value > 1e-15 { value } else { 0.0 });
        Ready {
            place,
            means,
            factor: cholesky([[variance[0], cross], [cross, variance[1]]]),
        }
    }
}

/// Percentile interval of the difference of the expected calibration errors, candidate minus baseline, level `1 - alpha`.
///
/// A resample draws how many samples come from each cell, then the sum of both versions' confidence over as many draws
/// from it: normal, with the cell's means and covariance. The cost depends on the cells alone, of which there are at
/// most 900. `None` without samples, or unless `0 < alpha < 1`.
pub fn bootstrap_ece(moments: &CalibrationMoments, alpha: f64, seed: Seed) -> Option<(f64, f64)> {
    bootstrap_ece_times(moments, alpha, seed, REPLICATES)
}

/// The same with so many replicates, for simulations.
pub fn bootstrap_ece_times(
    moments: &CalibrationMoments,
    alpha: f64,
    seed: Seed,
    replicates: usize,
) -> Option<(f64, f64)> {
    let counts: Vec<u64> = moments.cells.values().map(|cell| cell.n).collect();
    let n: u64 = counts.iter().sum();
    if n == 0 {
        return None;
    }
    let cells: Vec<Ready> = moments
        .cells
        .iter()
        .map(|(place, cell)| Ready::new(*place, cell))
        .collect();
    let mut drawn = vec![0; counts.len()];
    let mut stream = seed.stream("calibration");
    let mut differences = Vec::with_capacity(replicates);
    for _ in 0..replicates {
        stream.resample(&counts, &mut drawn);
        // Per version and bin: correct samples less the sum of confidence.
        let mut gaps = [[0.0; CALIBRATION_BINS]; 2];
        for (cell, &count) in cells.iter().zip(&drawn) {
            if count == 0 {
                continue;
            }
            let (samples, root) = (count as f64, libm::sqrt(count as f64));
            let mut shift = [0.0; 2];
            if cell.factor[0][0] > 0.0 {
                let z = stream.normal() * root;
                shift = [cell.factor[0][0] * z, cell.factor[1][0] * z];
            }
            if cell.factor[1][1] > 0.0 {
                shift[1] += cell.factor[1][1] * stream.normal() * root;
            }
            let (bins, correct) = cell.place;
            for version in 0..2 {
                let right = if correct[version] { samples } else { 0.0 };
                gaps[version][bins[version] as usize] += right - (samples * cell.means[version] + shift[version]);
            }
        }
        let [baseline, candidate] = gaps.map(|bins| bins.iter().map(|gap| gap.abs()).sum::<f64>() / n as f64);
        differences.push(candidate - baseline);
    }
    percentile_interval(&mut differences, alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(confidence: f64) -> usize {
        ((confidence * CALIBRATION_BINS as f64).ceil() as usize).saturating_sub(1)
    }

    type Samples = Vec<([f64; 2], [bool; 2])>;

    /// Confidence between 0.4 and 1, right about as often as it says for the baseline, less for the candidate.
    fn samples(n: usize, purpose: &str) -> Samples {
        let mut stream = Seed(9).stream(purpose);
        let mut sample = || {
            let confidence = 0.4 + 0.6 * stream.uniform();
            let other = (confidence + 0.1 * (stream.uniform() - 0.5)).clamp(0.0, 1.0);
            let luck = stream.uniform();
            ([confidence, other], [luck < confidence, luck < other - 0.1])
        };
        (0..n).map(|_| sample()).collect()
    }

    fn moments(samples: &Samples) -> CalibrationMoments {
        let mut moments = CalibrationMoments::default();
        for (confidence, correct) in samples {
            moments.add(confidence.map(bin), *confidence, *correct);
        }
        moments
    }

    fn ece(samples: &Samples, version: usize) -> f64 {
        let mut gaps = [0.0; CALIBRATION_BINS];
        for (confidence, correct) in samples {
            gaps[bin(confidence[version])] += f64::from(u8::from(correct[version])) - confidence[version];
        }
        gaps.iter().map(|gap| gap.abs()).sum::<f64>() / samples.len() as f64
    }

    /// The same interval by resampling samples one by one, as a textbook would.
    #[test]
    fn equals_a_bootstrap_of_the_samples_themselves() {
        let samples = samples(500, "samples");
        let mut stream = Seed(4).stream("naive");
        let mut differences: Vec<f64> = (0..9_999)
            .map(|_| {
                let resample: Samples = (0..samples.len())
                    .map(|_| samples[stream.below(500) as usize])
                    .collect();
                ece(&resample, 1) - ece(&resample, 0)
            })
            .collect();
        let naive = percentile_interval(&mut differences, 0.05).expect("replicates");
        let found = bootstrap_ece(&moments(&samples), 0.05, Seed(1)).expect("samples");
        // Both ends have a Monte Carlo error of about 0.0005; the interval is 0.08 wide.
        assert!(
            (found.0 - naive.0).abs() < 0.003 && (found.1 - naive.1).abs() < 0.003,
            "{found:?} and {naive:?}"
        );
    }

    #[test]
    fn seeded_and_order_free() {
        let samples = samples(300, "order");
        let whole = moments(&samples);
        let mut parts = moments(&samples[200..].to_vec());
        parts.merge(&moments(&samples[..200].to_vec()));
        assert_eq!(whole, parts);
        assert_eq!(
            bootstrap_ece(&whole, 0.05, Seed(1)),
            bootstrap_ece(&parts, 0.05, Seed(1))
        );
        assert_ne!(
            bootstrap_ece(&whole, 0.05, Seed(1)),
            bootstrap_ece(&whole, 0.05, Seed(2))
        );
        let brier = whole.brier(0.05).expect("samples");
        let direct = samples.iter().map(|(c, right)| {
            let error = |v: usize| (c[v] - f64::from(u8::from(right[v]))).powi(2);
            error(1) - error(0)
        });
        assert!((brier.mean - direct.sum::<f64>() / 300.0).abs() < 1e-14);
        assert!(whole.confidence(0.05).is_some_and(|test| test.mean.abs() < 0.01));
    }

    #[test]
    fn nothing_and_no_difference() {
        assert_eq!(bootstrap_ece(&CalibrationMoments::default(), 0.05, Seed(1)), None);
        let same: Samples = samples(50, "same")
            .into_iter()
            .map(|(c, right)| ([c[0]; 2], [right[0]; 2]))
            .collect();
        let (low, high) = bootstrap_ece(&moments(&same), 0.05, Seed(1)).expect("samples");
        assert!(low.abs() < 1e-12 && high.abs() < 1e-12, "{low} {high}");
        assert_eq!(bootstrap_ece(&moments(&same), 0.0, Seed(1)), None);
    }
}
