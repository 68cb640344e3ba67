//! Sums over the confidence of both versions: all that calibration metrics and their intervals need. Fixed-point
//! integers, so that they do not depend on the order of the samples.

use super::kind::ROUNDING;

/// Number of equal-width confidence bins (Guo et al. 2017 use 15).
pub const CALIBRATION_BINS: usize = 15;

/// Fixed-point scale of confidence sums: one is 2^62. A term is rounded once, the sum is exact.
pub const FIXED_ONE: f64 = 4_611_686_018_427_387_904.0;

/// Confidence sums of both versions over the matched samples whose confidence is valid on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalibrationSums {
    /// Samples counted.
    pub n: u64,
    /// Matched samples left out: no confidence, NaN or outside 0..1 in one of the runs.
    pub excluded: u64,
    /// Baseline.
    pub baseline: ConfidenceSums,
    /// Candidate.
    pub candidate: ConfidenceSums,
    /// Per bin of the baseline and bin of the candidate: sum of the products of both gaps (correct - confidence).
    pub products: [[i128; CALIBRATION_BINS]; CALIBRATION_BINS],
    /// Differences of the confidences.
    pub confidence_change: ChangeSums,
    /// Differences of the squared gaps.
    pub error_change: ChangeSums,
    /// Samples that regressed, then those that were fixed: by bin of the baseline, then by bin of the candidate.
    pub flips: [[[u64; CALIBRATION_BINS]; 2]; 2],
}

/// Sums over how much a number between 0 and 1 changed, sample by sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeSums {
    /// Samples in which it changed by more than rounding does.
    pub differing: u64,
    /// Sum of the squares, fixed point.
    pub squares: u128,
    /// Sum of the fourth powers, fixed point.
    pub fourths: u128,
}

impl ChangeSums {
    /// Adds a sample by its change.
    #[inline]
    pub fn add(&mut self, change: f64) {
        let square = change * change;
        self.differing += u64::from(change.abs() > ROUNDING);
        self.squares += fixed(square);
        self.fourths += fixed(square * square);
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &ChangeSums) {
        self.differing += other.differing;
        self.squares += other.squares;
        self.fourths += other.fourths;
    }
}

/// Confidence sums of one version by bin (low, high], the first one closed at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfidenceSums {
    /// In rising order.
    pub bins: [BinSums; CALIBRATION_BINS],
}

/// Sums of one calibration bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BinSums {
    /// Samples.
    pub n: u64,
    /// Correct ones.
    pub correct: u64,
    /// Sum of confidence, fixed point.
    pub confidence: u128,
    /// Sum of (confidence - correct)^2, fixed point.
    pub squared_error: u128,
}

impl CalibrationSums {
    /// Adds a sample by the confidence (within 0..1) and correctness of baseline and candidate.
    ///
    /// Scaling by a power of two is exact, so that each term is cut once and the sums are exact.
    #[inline]
    pub fn add(&mut self, confidence: [f64; 2], correct: [bool; 2]) {
        let gap = |version: usize| if correct[version] { 1.0 } else { 0.0 } - confidence[version];
        let gaps = [gap(0), gap(1)];
        let bins = confidence.map(bin_of);
        self.n += 1;
        for (version, sums) in [&mut self.baseline, &mut self.candidate].into_iter().enumerate() {
            let bin = &mut sums.bins[bins[version]];
            bin.n += 1;
            bin.correct += u64::from(correct[version]);
            bin.confidence += fixed(confidence[version]);
            bin.squared_error += fixed(gaps[version] * gaps[version]);
        }
        if correct[0] != correct[1] {
            let counts = &mut self.flips[usize::from(correct[1])];
            counts[0][bins[0]] += 1;
            counts[1][bins[1]] += 1;
        }
        self.products[bins[0]][bins[1]] += i128::from((gaps[0] * gaps[1] * FIXED_ONE) as i64);
        let change = confidence[1] - confidence[0];
        let error_change = gaps[1] * gaps[1] - gaps[0] * gaps[0];
        self.confidence_change.add(change);
        self.error_change.add(error_change);
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &CalibrationSums) {
        self.n += other.n;
        self.excluded += other.excluded;
        self.confidence_change.merge(&other.confidence_change);
        self.error_change.merge(&other.error_change);
        for (mine, theirs) in [
            (&mut self.baseline, &other.baseline),
            (&mut self.candidate, &other.candidate),
        ] {
            for (a, b) in mine.bins.iter_mut().zip(&theirs.bins) {
                a.n += b.n;
                a.correct += b.correct;
                a.confidence += b.confidence;
                a.squared_error += b.squared_error;
            }
        }
        let flips = self.flips.iter_mut().flatten().flatten();
        flips
            .zip(other.flips.iter().flatten().flatten())
            .for_each(|(a, b)| *a += b);
        let products = self.products.iter_mut().flatten();
        products.zip(other.products.iter().flatten()).for_each(|(a, b)| *a += b);
    }
}

impl ConfidenceSums {
    /// Sum of confidence, fixed point.
    pub fn sum(&self) -> u128 {
        self.bins.iter().map(|bin| bin.confidence).sum()
    }

    /// Sum of (confidence - correct)^2, fixed point.
    pub fn squared_error(&self) -> u128 {
        self.bins.iter().map(|bin| bin.squared_error).sum()
    }
}

/// A number within 0..1 in fixed point.
pub fn fixed(value: f64) -> u128 {
    u128::from((value * FIXED_ONE) as u64)
}

/// The bin (low, high] of a confidence, the first one closed at 0.
pub fn bin_of(confidence: f64) -> usize {
    let mut bin = ((confidence * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1);
    while bin > 0 && confidence <= EDGES[bin] {
        bin -= 1;
    }
    while bin + 1 < CALIBRATION_BINS && confidence > EDGES[bin + 1] {
        bin += 1;
    }
    bin
}

/// Where the bins meet: k / [`CALIBRATION_BINS`].
const EDGES: [f64; CALIBRATION_BINS + 1] = {
    let mut edges = [0.0; CALIBRATION_BINS + 1];
    let mut k = 0;
    while k <= CALIBRATION_BINS {
        edges[k] = k as f64 / CALIBRATION_BINS as f64;
        k += 1;
    }
    edges
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_open_below_and_closed_above() {
        for k in 1..=CALIBRATION_BINS {
            let edge = k as f64 / CALIBRATION_BINS as f64;
            assert_eq!(bin_of(edge), k - 1, "upper edge {edge}");
            if k < CALIBRATION_BINS {
                assert_eq!(bin_of(edge.next_up()), k, "just above {edge}");
            }
        }
        assert_eq!(bin_of(0.0), 0);
    }

    #[test]
    fn flips_are_counted_by_both_confidences() {
        let mut sums = CalibrationSums::default();
        sums.add([0.95, 0.4], [true, false]);
        sums.add([0.1, 0.9], [false, true]);
        sums.add([0.1, 0.9], [true, true]);
        let [regressed, fixed] = &sums.flips;
        assert_eq!((regressed[0][14], regressed[1][5]), (1, 1));
        assert_eq!((fixed[0][1], fixed[1][13]), (1, 1));
        assert_eq!(sums.flips.iter().flatten().flatten().sum::<u64>(), 4);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let sample = |i: u64| {
            let share = |i: u64| (i % 97) as f64 / 96.0;
            ([share(i * 31), share(i * 57 + 5)], [i & 3 > 0, i & 6 > 0])
        };
        let of = |range: std::ops::Range<u64>| {
            let mut sums = CalibrationSums::default();
            range
                .map(sample)
                .for_each(|(confidence, correct)| sums.add(confidence, correct));
            sums
        };
        let mut parts = of(120..300);
        parts.merge(&of(0..120));
        assert_eq!(parts, of(0..300));
        assert_eq!(parts.baseline.bins.iter().map(|bin| bin.n).sum::<u64>(), 300);
    }
}
