//! Confirmation on the other half, which the search has not seen.

use super::excess::{Errors, excess};
use super::fold::Folded;
use super::{FoundSlice, HalfCounts, SearchOptions};
use crate::stats::{MeanSums, benjamini_hochberg, mcnemar_midp};

/// Tests every slice on the rows of the confirming half.
pub(super) fn confirm(
    columns: &[&[u16]],
    change: &[f64],
    half: &[u32],
    slices: Vec<Folded>,
    options: &SearchOptions,
) -> Vec<FoundSlice> {
    let mut rest = Errors::default();
    half.iter().for_each(|row| rest.add(change[*row as usize]));
    let mut covered = vec![false; half.len()];
    let mut found: Vec<FoundSlice> = Vec::new();
    for slice in slices {
        let mut changes = Vec::new();
        let mut uncovered = Errors::default();
        for (row, covered) in half.iter().zip(&mut covered) {
            let row = *row as usize;
            let inside = |(column, code): &(u32, u16)| {
                columns.get(*column as usize).and_then(|column| column.get(row)) == Some(code)
            };
            if slice.predicates.iter().all(inside) {
                changes.push(change[row]);
                if !*covered {
                    uncovered.add(change[row]);
                    *covered = true;
                }
            }
        }
        rest = rest.less(uncovered);
        let confirming = half_counts(&changes);
        // Both must hold: it changed, and more than what lies around it. Their larger p value is one for "either does not".
        let p_value = changed(&changes).max(excess(&uncovered, &rest));
        found.push(FoundSlice {
            predicates: slice.predicates,
            score: slice.score,
            explored: half_counts(&slice.changes),
            confirming,
            p_value,
            q_value: 1.0,
            confirmed: false,
            folded: slice.folded,
        });
    }
    let p_values: Vec<f64> = found.iter().map(|slice| slice.p_value).collect();
    for (slice, q_value) in found.iter_mut().zip(benjamini_hochberg(&p_values)) {
        slice.q_value = q_value;
        slice.confirmed = q_value < options.alpha && slice.confirming.change > options.min_effect;
    }
    found
}

/// p value of no change: McNemar's where samples regress or are fixed, the paired t test where changes have sizes.
fn changed(changes: &[f64]) -> f64 {
    let flips = |sign: f64| {
        changes
            .iter()
            .filter(|change| (*change - sign).abs() < f64::EPSILON)
            .count() as u64
    };
    let (worse, better) = (flips(1.0), flips(-1.0));
    let differing = changes.iter().filter(|change| change.abs() > 0.0).count() as u64;
    if worse + better == differing {
        return mcnemar_midp(worse, better);
    }
    let mut sums = MeanSums::default();
    changes
        .iter()
        .filter(|change| change.is_finite())
        .for_each(|change| sums.add(*change));
    sums.test(0.05).and_then(|test| test.p_value).unwrap_or(1.0)
}

fn half_counts(changes: &[f64]) -> HalfCounts {
    let n = changes.len() as u64;
    let finite = changes.iter().filter(|change| change.is_finite());
    HalfCounts {
        n,
        worse: changes.iter().filter(|change| **change > 0.0).count() as u64,
        better: changes.iter().filter(|change| **change < 0.0).count() as u64,
        change: if n == 0 { 0.0 } else { finite.sum::<f64>() / n as f64 },
    }
}
