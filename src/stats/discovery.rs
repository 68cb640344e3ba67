//! From what a search found to what a report says of it.

use super::intervals::tango;
use super::search::{FoundSlice, HalfCounts, Search};
use super::slices;
use crate::model::discovered::{DiscoveredSlice, HalfResult, SearchLevel};
use crate::model::{JointTable, Origin, Predicate, SliceResult, SliceTable, Verdict};

/// Which way a search looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// For what got worse.
    Worse,
    /// Reversed: for what got better.
    Better,
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

/// A slice that a search found, with its table over all samples searched and its intervals of level `1 - alpha`.
pub fn discovered(
    found: &FoundSlice,
    predicates: &[Predicate],
    table: &JointTable,
    sense: Sense,
    alpha: f64,
) -> DiscoveredSlice {
    let counts = SliceTable {
        predicates: predicates.to_vec(),
        origin: Origin::Discovered,
        counts: table.summary(),
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
            ..slices::untested(&counts, alpha)
        },
        score: found.score,
        exploring: half(&found.explored, sense, alpha),
        confirming: half(&found.confirming, sense, alpha),
        p_value: found.p_value,
        q_value: found.q_value,
        confirmed: found.confirmed,
        explains: found.folded.len() as u64,
    }
}

fn half(counts: &HalfCounts, sense: Sense, alpha: f64) -> HalfResult {
    let (regressed, fixed, delta) = match sense {
        Sense::Worse => (counts.worse, counts.better, -counts.change),
        Sense::Better => (counts.better, counts.worse, counts.change),
    };
    let interval = tango(fixed, regressed, counts.n, alpha);
    HalfResult {
        n: counts.n,
        regressed,
        fixed,
        delta: (counts.n > 0).then_some(delta + 0.0),
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
        }
    }

    #[test]
    fn the_reversed_search_speaks_of_fixes() {
        let table = JointTable {
            labels: ["a", "b"].map(String::from).to_vec(),
            cells: [((0, 0, 1), 50), ((0, 1, 0), 4), ((0, 0, 0), 136)].into(),
        };
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
}
