//! Confirmation on the other half, which the search has not seen.

use super::excess::{Errors, excess};
use super::fold::Folded;
use super::robust::Robust;
use super::{Change, ClusterSums, FoundSlice, HalfCounts, SearchInput, SearchOptions};
use crate::stats::slices::MIN_SLICE_SIZE;
use crate::stats::{MeanSums, MeanTest, benjamini_hochberg, mcnemar_midp};

/// Tests every slice on the rows of the confirming half, which is the second.
pub(super) fn confirm(
    input: &SearchInput<'_>,
    halves: &[Vec<u32>; 2],
    slices: Vec<Folded>,
    options: &SearchOptions,
) -> Vec<FoundSlice> {
    let kind = input.kind;
    let [exploring, half] = halves.each_ref().map(|half| by_cluster(input, half));
    let mut covered = vec![false; half.len()];
    let mut found: Vec<FoundSlice> = Vec::new();
    for slice in slices {
        let mut changes = Vec::new();
        let (mut uncovered, mut rest) = (Errors::none(kind), Errors::none(kind));
        let mut robust = input.clusters.map(|clusters| (clusters, Robust::default()));
        for (row, covered) in half.iter().zip(&mut covered) {
            let row = *row as usize;
            let change = input.change[row];
            let inside = is_inside(input, &slice.predicates, row);
            if inside {
                changes.push(change);
            }
            if let Some((clusters, robust)) = &mut robust {
                robust.add(clusters[row], change, kind, inside, *covered);
            }
            match (*covered, inside) {
                (true, _) => {}
                (false, true) => uncovered.add(change),
                (false, false) => rest.add(change),
            }
            *covered |= inside;
        }
        let confirming = half_counts(kind, &changes);
        // Both must hold: it changed, and more than what lies around it. Their larger p value is one for "either does not".
        let p_value = changed(kind, &changes, &confirming).max(excess(&uncovered, &rest));
        let robust = robust.map(|(_, mut robust)| {
            robust.flush();
            robust
        });
        // Clusters can only make less of the evidence.
        let p_value = robust
            .as_ref()
            .map_or(p_value, |robust| robust.p_value(kind).max(p_value));
        found.push(FoundSlice {
            score: slice.score,
            explored: half_counts(kind, &slice.changes),
            confirming,
            p_value,
            q_value: 1.0,
            confirmed: false,
            clusters: robust.map(|confirming| [cluster_sums(input, &exploring, &slice.predicates), confirming.inside]),
            predicates: slice.predicates,
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

/// The rows of a half, one cluster after the other.
fn by_cluster(input: &SearchInput<'_>, half: &[u32]) -> Vec<u32> {
    let mut rows = half.to_vec();
    if let Some(clusters) = input.clusters {
        rows.sort_by_key(|row| clusters[*row as usize]);
    }
    rows
}

fn is_inside(input: &SearchInput<'_>, predicates: &[(u32, u16)], row: usize) -> bool {
    let value = |column: u32| input.columns.get(column as usize).and_then(|column| column.get(row));
    predicates.iter().all(|(column, code)| value(*column) == Some(code))
}

/// Changes within a slice summed over the clusters of a half.
fn cluster_sums(input: &SearchInput<'_>, half: &[u32], predicates: &[(u32, u16)]) -> ClusterSums {
    let mut robust = Robust::default();
    for row in half.iter().map(|row| *row as usize) {
        if let Some(clusters) = input.clusters.filter(|_| is_inside(input, predicates, row)) {
            robust.add(clusters[row], input.change[row], input.kind, true, true);
        }
    }
    robust.flush();
    robust.inside
}

/// p value of no change: McNemar's where samples regress or are fixed. Where changes have sizes, Student's, as of a declared
/// slice: 1 for a slice too small to be tested, and never below what the signs of so many changes can reach.
fn changed(kind: Change, changes: &[f64], counts: &HalfCounts) -> f64 {
    if kind == Change::Flip {
        return mcnemar_midp(counts.worse, counts.better);
    }
    match mean(changes).filter(|test| test.n >= MIN_SLICE_SIZE) {
        Some(test) => test.p_value.unwrap_or(1.0),
        None => 1.0,
    }
}

fn mean(changes: &[f64]) -> Option<MeanTest> {
    let mut sums = MeanSums::default();
    let finite = changes.iter().filter(|change| change.is_finite());
    finite.for_each(|change| sums.add(*change));
    sums.test(0.05)
}

fn half_counts(kind: Change, changes: &[f64]) -> HalfCounts {
    let n = changes.len() as u64;
    let worse = |sign: f64| changes.iter().filter(|change| kind.is_worse(sign * **change)).count() as u64;
    let sizes = match kind {
        Change::Flip => None,
        Change::Loss { .. } => mean(changes),
    };
    let (worse, better) = (worse(1.0), worse(-1.0));
    HalfCounts {
        n,
        worse,
        better,
        change: match sizes {
            Some(test) => test.mean,
            None if n == 0 => 0.0,
            None => (worse as f64 - better as f64) / n as f64,
        },
        standard_error: sizes.and_then(|test| test.standard_error),
    }
}
