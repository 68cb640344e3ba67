//! From what a search found to what a report says of it.

use super::clustered::{Judged, Of};
use super::clusters::ClusterSums;
use super::intervals::tango;
use super::means::student_interval;
use super::measured::{self, MeasuredSlice};
use super::scores::ScoreSums;
use super::search::{FoundSlice, HalfCounts, Search};
use super::slices;
use crate::model::discovered::{DiscoveredSlice, HalfResult, SearchLevel};
use crate::model::{Direction, JointTable, Origin, Predicate, SliceResult, SliceTable, Verdict};

/// Which way a search looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// For what got worse.
    Worse,
    /// Reversed: for what got better.
    Better,
}

/// What all samples of a slice add up to.
#[derive(Clone, Debug, PartialEq)]
pub enum SliceSums {
    /// Answers that are right or wrong.
    Counts(JointTable),
    /// Absolute errors, or the first score.
    Measured(Box<ScoreSums>),
}

impl SliceSums {
    /// The slice over all samples searched.
    fn slice(&self, predicates: &[Predicate], alpha: f64) -> SliceResult {
        let (predicates, origin) = (predicates.to_vec(), Origin::Discovered);
        match self {
            SliceSums::Counts(table) => {
                let counts = table.summary();
                slices::untested(
                    &SliceTable {
                        predicates,
                        origin,
                        counts,
                    },
                    alpha,
                )
            }
            SliceSums::Measured(sums) => {
                let sums = sums.clone();
                measured::untested(
                    &MeasuredSlice {
                        predicates,
                        origin,
                        sums: *sums,
                    },
                    alpha,
                )
            }
        }
    }

    /// What the difference of a metric, new minus old, is for a loss that grew by 1.
    fn sign_of_worse(&self) -> f64 {
        match self {
            SliceSums::Measured(sums) if sums.direction() == Direction::Lower => 1.0,
            SliceSums::Measured(_) | SliceSums::Counts(_) => -1.0,
        }
    }
}

/// How far a search went.
pub fn search_levels(search: &Search) -> Vec<SearchLevel> {
    let levels = search.levels.iter().map(|level| SearchLevel {
        counted: level.counted,
        pruned: level.pruned,
        left_out: level.left_out,
    });
    levels.collect()
}

/// A slice that a search found, with its sums over all samples searched and its intervals of level `1 - alpha`.
pub fn discovered(
    found: &FoundSlice,
    predicates: &[Predicate],
    sums: &SliceSums,
    sense: Sense,
    alpha: f64,
) -> DiscoveredSlice {
    let slice = sums.slice(predicates, alpha);
    let rates = matches!(sums, SliceSums::Counts(_));
    // The search sums up how much worse, or better, samples got.
    let sign = match sense {
        Sense::Worse => sums.sign_of_worse(),
        Sense::Better => -sums.sign_of_worse(),
    };
    let of = if rates { Of::Rate(None) } else { Of::Mean };
    let judged = |sums: &ClusterSums| Judged::of(sums, of, alpha).unless_few().turned(sign);
    let halves = found.clusters.as_ref().map(|clusters| clusters.each_ref().map(judged));
    let whole = found.clusters.as_ref().map(|[exploring, confirming]| {
        // A cluster is whole in one of the halves.
        let mut whole = exploring.clone();
        whole.merge(confirming);
        judged(&whole)
    });
    let [exploring, confirming] = [&found.explored, &found.confirming].map(|counts| half(counts, sums, sense, alpha));
    let [exploring, confirming] = match halves {
        Some([a, b]) => [a.bound(exploring), b.bound(confirming)],
        None => [exploring, confirming],
    };
    let slice = match whole {
        Some(found) => SliceResult {
            ci_low: found.interval.map(|(low, _)| low),
            ci_high: found.interval.map(|(_, high)| high),
            detectable: found.detectable,
            ..slice
        },
        None => slice,
    };
    let verdict = match (found.confirmed, sense) {
        (true, Sense::Worse) => Verdict::Regressed,
        (true, Sense::Better) => Verdict::Improved,
        (false, _) => Verdict::Unchanged,
    };
    DiscoveredSlice {
        slice: SliceResult {
            // Half of these samples chose the slice: a test on all of them would be one of its own making.
            p_value: None,
            verdict,
            ..slice
        },
        score: found.score,
        exploring,
        confirming,
        p_value: found.p_value,
        q_value: found.q_value,
        confirmed: found.confirmed,
        explains: found.folded.len() as u64,
    }
}

impl Judged {
    /// Of the same differences with this sign.
    fn turned(mut self, sign: f64) -> Judged {
        if sign < 0.0 {
            self.interval = self.interval.map(|(low, high)| (-high, -low));
        }
        self
    }

    /// A half with the interval of its clusters.
    fn bound(&self, half: HalfResult) -> HalfResult {
        HalfResult {
            ci_low: self.interval.map(|(low, _)| low),
            ci_high: self.interval.map(|(_, high)| high),
            ..half
        }
    }
}

fn half(counts: &HalfCounts, sums: &SliceSums, sense: Sense, alpha: f64) -> HalfResult {
    let (regressed, fixed, change) = match sense {
        Sense::Worse => (counts.worse, counts.better, counts.change),
        Sense::Better => (counts.better, counts.worse, -counts.change),
    };
    // Without the minus of a zero.
    let delta = sums.sign_of_worse() * change + 0.0;
    let interval = match (sums, counts.standard_error) {
        (SliceSums::Counts(_), _) => tango(fixed, regressed, counts.n, alpha),
        (SliceSums::Measured(_), None) => None,
        (SliceSums::Measured(_), Some(error)) => student_interval(delta, error, counts.n as f64 - 1.0, alpha),
    };
    HalfResult {
        n: counts.n,
        regressed,
        fixed,
        delta: (counts.n > 0).then_some(delta),
        ci_low: interval.map(|(low, _)| low),
        ci_high: interval.map(|(_, high)| high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(confirmed: bool) -> FoundSlice {
        let half = |n, worse, better| HalfCounts {
            n,
            worse,
            better,
            change: (worse as f64 - better as f64) / n as f64,
            standard_error: None,
        };
        FoundSlice {
            predicates: vec![(0, 1)],
            score: 2.0,
            explored: half(100, 30, 2),
            confirming: half(90, 20, 2),
            p_value: 0.001,
            q_value: 0.002,
            confirmed,
            folded: vec![vec![(1, 1)]],
            clusters: None,
        }
    }

    #[test]
    fn the_reversed_search_speaks_of_fixes() {
        let table = SliceSums::Counts(JointTable {
            labels: ["a", "b"].map(String::from).to_vec(),
            cells: [((0, 0, 1), 50), ((0, 1, 0), 4), ((0, 0, 0), 136)].into(),
        });
        let worse = discovered(&found(true), &[], &table, Sense::Worse, 0.05);
        assert_eq!(
            (worse.slice.verdict, worse.slice.origin),
            (Verdict::Regressed, Origin::Discovered)
        );
        assert_eq!((worse.slice.n, worse.slice.harm, worse.slice.p_value), (190, 46, None));
        assert_eq!(
            (worse.confirming.regressed, worse.confirming.fixed, worse.explains),
            (20, 2, 1)
        );
        assert_eq!(worse.confirming.delta, Some(-0.2));
        assert!(worse.confirming.ci_high.is_some_and(|high| high < 0.0));
        let better = discovered(&found(true), &[], &table, Sense::Better, 0.05);
        assert_eq!((better.confirming.regressed, better.confirming.fixed), (2, 20));
        assert_eq!(
            (better.confirming.delta, better.slice.verdict),
            (Some(0.2), Verdict::Improved)
        );
        let unconfirmed = discovered(&found(false), &[], &table, Sense::Worse, 0.05);
        assert_eq!(unconfirmed.slice.verdict, Verdict::Unchanged);
    }

    /// Of an error the difference of what got worse is positive, of a score negative; its interval is Student's.
    #[test]
    fn what_is_measured_keeps_the_sign_of_its_metric() {
        let mut found = found(true);
        (found.confirming.change, found.confirming.standard_error) = (0.5, Some(0.1));
        for (direction, delta) in [(Direction::Lower, 0.5), (Direction::Higher, -0.5)] {
            let mut sums = ScoreSums::new(direction, 0.0);
            sums.add(1.0, 1.0 + delta);
            let sums = SliceSums::Measured(Box::new(sums));
            let worse = discovered(&found, &[], &sums, Sense::Worse, 0.05);
            let half = worse.confirming;
            assert_eq!(
                (half.delta, half.regressed, worse.slice.regressed),
                (Some(delta), 20, 1)
            );
            // t of 89 degrees of freedom at 0.975 is 1.98698.
            let (low, high) = (half.ci_low.expect("a mean"), half.ci_high.expect("a mean"));
            assert!((low - (delta - 0.198_698)).abs() < 1e-6 && (high - (delta + 0.198_698)).abs() < 1e-6);
            let better = discovered(&found, &[], &sums, Sense::Better, 0.05);
            assert_eq!(
                (better.confirming.delta, better.confirming.regressed),
                (Some(-delta), 2)
            );
            assert_eq!((worse.exploring.ci_low, worse.slice.p_value), (None, None));
        }
    }
}
