//! By how much samples got better or worse.

use super::octaves::{Quarter, edge, reach};
use super::scores::Play;
use crate::model::distribution::{ShiftBin, Shifts};
use std::collections::BTreeMap;

/// Samples by their gain, in any order; ties are only counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShiftBins {
    ties: u64,
    counts: BTreeMap<Quarter, u64>,
}

impl ShiftBins {
    /// Adds a sample by both values and how the candidate did.
    pub fn add(&mut self, baseline: f64, candidate: f64, play: Play) {
        let change = (candidate - baseline).abs();
        let gain = match play {
            Play::Tie => return self.ties += 1,
            Play::Win => change,
            Play::Loss => -change,
        };
        *self.counts.entry(Quarter::of(gain)).or_default() += 1;
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &ShiftBins) {
        self.ties += other.ties;
        for (quarter, n) in &other.counts {
            *self.counts.entry(*quarter).or_default() += n;
        }
    }

    /// Bins of equal width; `None` where no sample won or lost.
    pub fn distribution(&self) -> Option<Shifts> {
        let counts = || self.counts.iter().map(|(quarter, n)| (*quarter, *n));
        let reach = reach(counts())?;
        let mut steps = BTreeMap::<i32, u64>::new();
        let mut beyond = [0; 2];
        for (quarter, n) in counts() {
            let step = quarter.step(reach);
            *steps.entry(step).or_default() += n;
            if quarter.is_beyond(reach) {
                beyond[usize::from(step > 0)] += n;
            }
        }
        // Bins that hold nothing are left out at both ends.
        let used = steps.keys().map(|step| step.abs()).max().unwrap_or(1);
        let bin = |step: i32| {
            let ends = [edge(step, reach), edge(step - step.signum(), reach)];
            ShiftBin {
                low: ends[0].min(ends[1]),
                high: ends[0].max(ends[1]),
                n: steps.get(&step).copied().unwrap_or_default(),
            }
        };
        Some(Shifts {
            bins: (-used..=used).filter(|step| *step != 0).map(bin).collect(),
            ties: self.ties,
            beyond,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(samples: &[(f64, f64, Play)]) -> ShiftBins {
        let mut bins = ShiftBins::default();
        samples.iter().for_each(|(a, b, play)| bins.add(*a, *b, *play));
        bins
    }

    #[test]
    fn gains_point_towards_what_is_better() {
        // Lower is better: a rise is a loss.
        let all = [
            (1.0, 2.0, Play::Loss),
            (1.0, 0.7, Play::Win),
            (1.0, 1.0, Play::Tie),
            (0.5, 0.25, Play::Win),
        ];
        let found = of(&all).distribution().unwrap();
        let filled: Vec<_> = found.bins.iter().filter(|bin| bin.n > 0).collect();
        let texts: Vec<String> = filled
            .iter()
            .map(|bin| format!("{}..{}: {}", bin.low, bin.high, bin.n))
            .collect();
        assert_eq!(texts, ["-1..-0.875: 1", "0.125..0.25: 1", "0.25..0.375: 1"]);
        assert_eq!((found.ties, found.beyond, found.bins.len()), (1, [0, 0], 16));
        let mut parts = of(&all[2..]);
        parts.merge(&of(&all[..2]));
        assert_eq!(parts, of(&all));
    }

    #[test]
    fn an_outlier_does_not_hide_the_others() {
        let mut all = vec![(0.0, 1e9, Play::Win)];
        all.extend((0..150).map(|i| (0.0, 0.2 + f64::from(i) / 200.0, Play::Win)));
        let found = of(&all).distribution().unwrap();
        assert_eq!((found.bins.last().unwrap().high, found.beyond), (1.0, [0, 1]));
        assert_eq!(found.bins.iter().map(|bin| bin.n).sum::<u64>(), 151);
    }

    #[test]
    fn ties_alone_are_no_distribution() {
        assert_eq!(of(&[(1.0, 1.0, Play::Tie)]).distribution(), None);
    }
}
