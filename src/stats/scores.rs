//! Scored outputs: one number per sample and version, with a direction and a tolerance.

use super::exact::ExactSum;
use super::means::{MeanSums, MeanTest};
use crate::model::Direction;
use crate::model::kind::ROUNDING;

/// How the candidate's score of one sample compares with the baseline's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// Better by more than the tolerance.
    Win,
    /// Within the tolerance.
    Tie,
    /// Worse by more than the tolerance: a regressed sample.
    Loss,
}

/// Compares two scores; the gain is the difference towards what is better. A metric without a direction only ties.
pub fn play(baseline: f64, candidate: f64, direction: Direction, tolerance: f64) -> Play {
    let gain = match direction {
        Direction::Higher => candidate - baseline,
        Direction::Lower => baseline - candidate,
        Direction::None => 0.0,
    };
    if exceeds(gain, tolerance) {
        Play::Win
    } else if exceeds(-gain, tolerance) {
        Play::Loss
    } else {
        Play::Tie
    }
}

/// Both scores of a sample, the candidate's as the baseline's where they differ by no more than [`ROUNDING`].
pub fn paired([baseline, candidate]: [f64; 2]) -> [f64; 2] {
    match (candidate - baseline).abs() <= ROUNDING * baseline.abs().max(candidate.abs()) {
        true => [baseline; 2],
        false => [baseline, candidate],
    }
}

/// What a difference may be without being larger than the tolerance: a millionth more than it, which decimals may lose in
/// binary. 0.8 - 0.7 is no more than 0.1.
pub fn most_within(tolerance: f64) -> f64 {
    tolerance * (1.0 + 1e-6)
}

/// Whether a difference is larger than the tolerance.
pub(super) fn exceeds(difference: f64, tolerance: f64) -> bool {
    difference > most_within(tolerance)
}

/// Sums over the scores of both versions, exact in any order of the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreSums {
    direction: Direction,
    tolerance: f64,
    excluded: u64,
    plays: [u64; 3],
    versions: [ExactSum; 2],
    differences: MeanSums,
}

/// What the scores say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreSummary {
    /// Samples left out: a score missing, or not a finite number, on either side.
    pub excluded: u64,
    /// Samples in which the candidate is better by more than the tolerance.
    pub wins: u64,
    /// Samples within the tolerance.
    pub ties: u64,
    /// Samples in which it is worse: regressed.
    pub losses: u64,
    /// Mean score of baseline and candidate.
    pub means: [f64; 2],
    /// Paired mean difference, new minus old.
    pub difference: MeanTest,
}

impl ScoreSums {
    /// No sample yet. The tolerance is what a score may differ by without counting as a win or a loss.
    pub fn new(direction: Direction, tolerance: f64) -> ScoreSums {
        ScoreSums {
            direction,
            tolerance,
            excluded: 0,
            plays: [0; 3],
            versions: [ExactSum::default(), ExactSum::default()],
            differences: MeanSums::default(),
        }
    }

    /// Adds a sample; one without a finite score on both sides is only counted. Says how the candidate did.
    pub fn add(&mut self, baseline: f64, candidate: f64) -> Option<Play> {
        if !(baseline.is_finite() && candidate.is_finite()) {
            self.excluded += 1;
            return None;
        }
        let [baseline, candidate] = paired([baseline, candidate]);
        let play = play(baseline, candidate, self.direction, self.tolerance);
        self.plays[play as usize] += 1;
        for (sum, score) in self.versions.iter_mut().zip([baseline, candidate]) {
            sum.add(score);
        }
        self.differences.add(candidate - baseline);
        Some(play)
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &ScoreSums) {
        self.excluded += other.excluded;
        for (count, part) in self.plays.iter_mut().zip(other.plays) {
            *count += part;
        }
        for (sum, part) in self.versions.iter_mut().zip(&other.versions) {
            sum.merge(part);
        }
        self.differences.merge(&other.differences);
    }

    /// Samples with both scores.
    pub fn n(&self) -> u64 {
        self.plays.iter().sum()
    }

    /// Samples in which the candidate is better, within the tolerance, and worse.
    pub fn plays(&self) -> [u64; 3] {
        self.plays
    }

    /// Samples left out.
    pub fn excluded(&self) -> u64 {
        self.excluded
    }

    /// Which way is better.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The samples that are in here and not in `part`, which are fewer.
    pub fn without(&self, part: &ScoreSums) -> ScoreSums {
        let mut rest = self.clone();
        rest.excluded = self.excluded.saturating_sub(part.excluded);
        for (count, part) in rest.plays.iter_mut().zip(part.plays) {
            *count = count.saturating_sub(part);
        }
        for (sum, part) in rest.versions.iter_mut().zip(&part.versions) {
            sum.subtract(part);
        }
        rest.differences.subtract(&part.differences);
        rest
    }

    /// Means and their difference with interval and test at level `1 - alpha`; `None` without samples.
    pub fn summary(&self, alpha: f64) -> Option<ScoreSummary> {
        let difference = self.differences.test(alpha)?;
        let [wins, ties, losses] = self.plays;
        Some(ScoreSummary {
            excluded: self.excluded,
            wins,
            ties,
            losses,
            means: self.versions.each_ref().map(|sum| sum.value() / difference.n as f64),
            difference,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plays_are_a_table() {
        use Direction::{Higher, Lower, None};
        let table = [
            (0.5, 0.7, Higher, 0.1, Play::Win),
            (0.5, 0.7, Lower, 0.1, Play::Loss),
            (0.7, 0.5, Higher, 0.1, Play::Loss),
            (0.5, 0.5, Higher, 0.0, Play::Tie),
            // Exactly the tolerance is not more than it.
            (0.5, 0.75, Higher, 0.25, Play::Tie),
            (0.75, 0.5, Higher, 0.25, Play::Tie),
            // Nor is what binary makes of it: 0.10000000000000009.
            (0.8, 0.7, Higher, 0.1, Play::Tie),
            (0.2, 0.3, Higher, 0.1, Play::Tie),
            (0.8, 0.699, Higher, 0.1, Play::Loss),
            (0.0, 9.0, None, 0.0, Play::Tie),
        ];
        for (baseline, candidate, direction, tolerance, expected) in table {
            assert_eq!(
                play(baseline, candidate, direction, tolerance),
                expected,
                "{baseline} to {candidate}"
            );
        }
    }

    #[test]
    fn what_rounding_leaves_is_no_change() {
        let mut sums = ScoreSums::new(Direction::Higher, 0.0);
        assert_eq!(sums.add(0.1 + 0.2, 0.3), Some(Play::Tie));
        assert_eq!(sums.add(1e9, 1e9 + 0.01), Some(Play::Win));
        assert_eq!(sums.add(0.0, -1e-300), Some(Play::Loss));
        assert_eq!(sums.summary(0.05).expect("samples").difference.differing, 2);
    }

    #[test]
    fn scores_that_are_none_are_counted() {
        let mut sums = ScoreSums::new(Direction::Higher, 0.1);
        assert_eq!(sums.add(f64::NAN, 1.0), None);
        assert_eq!(sums.summary(0.05), None);
        assert_eq!(sums.add(1.0, f64::INFINITY), None);
        for (a, b) in [(0.5, 0.9), (0.5, 0.55), (0.9, 0.2), (0.1, 0.1)] {
            sums.add(a, b);
        }
        let summary = sums.summary(0.05).expect("samples");
        assert_eq!(
            (summary.excluded, summary.wins, summary.ties, summary.losses),
            (2, 1, 2, 1)
        );
        assert_eq!((summary.means, summary.difference.n), ([0.5, 0.4375], 4));
        assert!((summary.difference.mean + 0.0625).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn neither_order_nor_grouping_matters(scores in proptest::collection::vec((-1.0_f64..1.0, -1.0_f64..1.0), 1..40)) {
            let of = |scores: &[(f64, f64)]| {
                let mut sums = ScoreSums::new(Direction::Lower, 0.2);
                scores.iter().for_each(|(a, b)| { sums.add(*a, *b); });
                sums
            };
            let mut parts = ScoreSums::new(Direction::Lower, 0.2);
            scores.rchunks(7).for_each(|part| parts.merge(&of(part)));
            prop_assert_eq!(of(&scores), parts);
        }
    }
}
