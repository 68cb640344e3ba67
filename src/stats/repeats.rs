//! Repeats: several trials per sample and version, reduced to one value before any test; the sample is the unit.

use crate::model::comparison::{PassAt, TrialCounts, Trials};
use crate::model::distribution::{RightBin, RightTrials};

/// Trials of a sample up to which each number of right ones has a bin.
pub const MAX_TRIALS: u64 = 20;
/// Bins of the shares between none and all, where there are more trials or not equally many.
const SHARES: u64 = 10;

/// The most frequent answer of a sample's trials, by label code; of several, the one that comes first in label order.
/// `None` without a trial.
pub fn majority(answers: &[u32]) -> Option<u32> {
    let mut sorted = answers.to_vec();
    sorted.sort_unstable();
    let mut best: Option<(usize, u32)> = None;
    for group in sorted.chunk_by(|a, b| a == b) {
        if let Some(&answer) = group.first()
            && best.is_none_or(|(most, _)| group.len() > most)
        {
            best = Some((group.len(), answer));
        }
    }
    best.map(|(_, answer)| answer)
}

/// Samples whose trials do not all end alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlakeRate {
    /// Samples with at least two trials.
    pub repeated: u64,
    /// Of these, samples with a right and a wrong trial.
    pub flaky: u64,
}

impl FlakeRate {
    /// Adds a sample with so many trials, of which so many were right.
    pub fn add(&mut self, trials: u64, right: u64) {
        if trials > 1 {
            self.repeated += 1;
            self.flaky += u64::from(right > 0 && right < trials);
        }
    }

    /// Share of the repeated samples that are flaky; `None` without any.
    pub fn rate(&self) -> Option<f64> {
        super::ratio(self.flaky, self.repeated)
    }
}

/// Unbiased chance that at least one of `k` trials is right, from `right` of `trials` right ones: Chen et al. (2021),
/// arXiv 2107.03374, `1 - C(trials - right, k) / C(trials, k)`.
///
/// `None` for fewer trials than `k`, for `k` = 0, or for more right trials than trials.
pub fn pass_at_k(trials: u64, right: u64, k: u64) -> Option<f64> {
    if k == 0 || k > trials || right > trials {
        return None;
    }
    let wrong = trials - right;
    if wrong < k {
        return Some(1.0);
    }
    // C(wrong, k) / C(trials, k), whichever way needs fewer factors.
    let miss = if right < k {
        (wrong + 1..=trials).fold(1.0, |miss, i| miss * (i - k) as f64 / i as f64)
    } else {
        (0..k).fold(1.0, |miss, i| miss * (wrong - i) as f64 / (trials - i) as f64)
    };
    Some(1.0 - miss)
}

/// Flake rate and pass@k of one version's matched samples.
pub fn summarise(counts: &TrialCounts) -> Trials {
    let mut flakes = FlakeRate::default();
    let mut trials = 0;
    for (&(of, right), &n) in &counts.samples {
        trials += of * n;
        if of > 1 {
            flakes.repeated += n;
            flakes.flaky += if right > 0 && right < of { n } else { 0 };
        }
    }
    let graded = !counts.ungraded;
    let most = counts.samples.keys().map(|(of, _)| *of).max().unwrap_or_default();
    let ks = [1, most].into_iter().take(if most > 1 { 2 } else { 1 });
    Trials {
        trials,
        repeated: flakes.repeated,
        flaky: graded.then_some(flakes.flaky),
        flake_rate: flakes.rate().filter(|_| graded),
        pass_at: ks.filter(|_| graded).map(|k| pass_at(counts, k)).collect(),
    }
}

/// Samples of both versions by how many of their trials were right: by that number where every sample has equally many
/// trials, up to [`MAX_TRIALS`], else by its share. `None` where right and wrong cannot be told apart.
pub fn right_trials(sides: &[TrialCounts; 2]) -> Option<RightTrials> {
    let samples = || {
        sides
            .iter()
            .flat_map(|side| &side.samples)
            .filter(|((of, _), _)| *of > 0)
    };
    let most = samples().map(|((of, _), _)| *of).max()?;
    if sides.iter().any(|side| side.ungraded) {
        return None;
    }
    let of = (most <= MAX_TRIALS && samples().all(|((of, _), _)| *of == most)).then_some(most);
    let bin = |(low, high): (f64, f64)| RightBin {
        low,
        high,
        baseline: 0,
        candidate: 0,
    };
    let mut bins: Vec<RightBin> = match of {
        Some(of) => (0..=of).map(|right| bin((right as f64, right as f64))).collect(),
        None => {
            let share = |i: u64| i as f64 / SHARES as f64;
            let between = (1..=SHARES).map(|i| (share(i - 1), share(i)));
            let ends = [(0.0, 0.0), (1.0, 1.0)];
            ends[..1]
                .iter()
                .copied()
                .chain(between)
                .chain(ends[1..].iter().copied())
                .map(bin)
                .collect()
        }
    };
    for (version, side) in sides.iter().enumerate() {
        for (&(trials, right), &n) in side.samples.iter().filter(|((of, _), _)| *of > 0) {
            let place = match of {
                Some(_) => right,
                None if right >= trials => SHARES + 1,
                None => (right * SHARES).div_ceil(trials),
            };
            if let Some(bin) = bins.get_mut(place as usize) {
                match version {
                    0 => bin.baseline += n,
                    _ => bin.candidate += n,
                }
            }
        }
    }
    Some(RightTrials { of, bins })
}

/// Mean of [`pass_at_k`] over counted samples, added up in the order of their trials.
fn pass_at(counts: &TrialCounts, k: u64) -> PassAt {
    let (mut sum, mut n, mut left_out) = (0.0, 0, 0);
    for (&(trials, right), &samples) in &counts.samples {
        match pass_at_k(trials, right, k) {
            Some(value) => {
                sum += value * samples as f64;
                n += samples;
            }
            None => left_out += samples,
        }
    }
    let value = (n > 0).then(|| sum / n as f64);
    PassAt { k, value, left_out }
}

/// Mean of [`pass_at_k`] over samples (trials, right), and how many samples have too few trials for it; summed in the
/// order given.
pub fn mean_pass_at_k(samples: &[(u64, u64)], k: u64) -> (Option<f64>, u64) {
    let values: Vec<f64> = samples
        .iter()
        .filter_map(|&(trials, right)| pass_at_k(trials, right, k))
        .collect();
    let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    (mean, (samples.len() - values.len()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn majorities() {
        let table: [(&[u32], Option<u32>); 5] = [
            (&[], None),
            (&[3], Some(3)),
            (&[2, 1, 2], Some(2)),
            (&[2, 1, 2, 1], Some(1)),
            (&[5, 4, 4, 5, 5], Some(5)),
        ];
        for (answers, expected) in table {
            assert_eq!(majority(answers), expected, "{answers:?}");
        }
    }

    #[test]
    fn flaky_samples_end_both_ways() {
        let mut rate = FlakeRate::default();
        assert_eq!(rate.rate(), None);
        for (trials, right) in [(1, 1), (1, 0), (5, 5), (5, 0), (5, 1), (2, 1)] {
            rate.add(trials, right);
        }
        assert_eq!((rate.repeated, rate.flaky, rate.rate()), (4, 2, Some(0.5)));
    }

    /// Against exact fractions, computed with Python's `math.comb`.
    #[test]
    fn pass_at_k_is_a_table() {
        let table = [
            (10, 3, 1, Some(0.3)),
            (10, 3, 5, Some(1.0 - 21.0 / 252.0)),
            (10, 0, 10, Some(0.0)),
            (10, 1, 10, Some(1.0)),
            (200, 7, 100, Some(0.992_991_117_241_812_3)),
            (5, 2, 6, None),
            (5, 2, 0, None),
            (5, 6, 1, None),
        ];
        for (trials, right, k, expected) in table {
            let found = pass_at_k(trials, right, k);
            assert_eq!(found.is_some(), expected.is_some());
            let close = found.zip(expected).is_none_or(|(a, b)| (a - b).abs() < 1e-14);
            assert!(close, "{trials} {right} {k}: {found:?}");
        }
        let (mean, left_out) = mean_pass_at_k(&[(10, 3), (10, 10), (2, 1)], 5);
        assert!((mean.expect("defined") - (2.0 - 21.0 / 252.0) / 2.0).abs() < 1e-15 && left_out == 1);
        assert_eq!(mean_pass_at_k(&[(1, 1)], 2), (None, 1));
    }

    #[test]
    fn counted_samples_give_what_single_ones_give() {
        let samples = [(3, 1), (3, 3), (3, 1), (2, 0), (1, 1)];
        let mut counts = TrialCounts::default();
        for sample in samples {
            *counts.samples.entry(sample).or_default() += 1;
        }
        let found = summarise(&counts);
        assert_eq!((found.trials, found.repeated, found.flaky), (12, 4, Some(2)));
        for (at, k) in found.pass_at.iter().zip([1, 3]) {
            let (mean, left_out) = mean_pass_at_k(&samples, k);
            assert_eq!((at.k, at.left_out), (k, left_out));
            assert!((at.value.unwrap() - mean.unwrap()).abs() < 1e-15, "pass@{k}");
        }
        counts.ungraded = true;
        assert_eq!((summarise(&counts).flaky, summarise(&counts).pass_at.len()), (None, 0));
    }

    fn counted(samples: &[((u64, u64), u64)]) -> TrialCounts {
        TrialCounts {
            samples: samples.iter().copied().collect(),
            ungraded: false,
        }
    }

    #[test]
    fn right_trials_are_counted_one_by_one() {
        let sides = [
            counted(&[((3, 0), 4), ((3, 2), 5)]),
            counted(&[((3, 3), 8), ((3, 2), 1)]),
        ];
        let found = right_trials(&sides).unwrap();
        let bins: Vec<_> = found
            .bins
            .iter()
            .map(|bin| (bin.low, bin.baseline, bin.candidate))
            .collect();
        assert_eq!(
            (found.of, bins),
            (Some(3), vec![(0.0, 4, 0), (1.0, 0, 0), (2.0, 5, 1), (3.0, 0, 8)])
        );
        let ungraded = TrialCounts {
            ungraded: true,
            ..sides[1].clone()
        };
        assert_eq!(right_trials(&[sides[0].clone(), ungraded]), None);
        assert_eq!(right_trials(&[TrialCounts::default(), TrialCounts::default()]), None);
    }

    #[test]
    fn unequal_or_many_trials_are_counted_by_share() {
        // 1 of 10 is the end of its bin; 99 of 100 are not all.
        let sides = [
            counted(&[((10, 1), 1), ((7, 1), 2)]),
            counted(&[((100, 99), 3), ((100, 100), 4), ((5, 0), 5)]),
        ];
        let found = right_trials(&sides).unwrap();
        let at = |i: usize| (found.bins[i].baseline, found.bins[i].candidate);
        assert_eq!((found.of, found.bins.len()), (None, 12));
        assert_eq!(
            [at(0), at(1), at(2), at(10), at(11)],
            [(0, 5), (1, 0), (2, 0), (0, 3), (0, 4)]
        );
        let many = [counted(&[((21, 21), 1)]), counted(&[((21, 0), 1)])];
        assert_eq!(right_trials(&many).unwrap().of, None);
    }

    proptest! {
        #[test]
        fn pass_at_k_grows_with_k_and_with_right_trials((trials, right, k) in (2_u64..60).prop_flat_map(|n| (Just(n), 0..n, 1..n))) {
            let value = pass_at_k(trials, right, k).expect("defined");
            prop_assert!((0.0..=1.0).contains(&value));
            prop_assert!(pass_at_k(trials, right, k + 1).expect("defined") >= value - 1e-12);
            prop_assert!(pass_at_k(trials, right + 1, k).expect("defined") >= value - 1e-12);
            if k == 1 {
                prop_assert!((value - right as f64 / trials as f64).abs() < 1e-12);
            }
        }
    }
}
