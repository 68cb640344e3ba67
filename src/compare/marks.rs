//! What the pass notes of each matched sample for the search: the candidate's row, its half, and its cell or its values.

use super::rows::Rows;
use crate::engine::files::RunFiles;
use crate::stats::search;
use std::sync::Arc;

/// Matched samples that are searched at most; of more, one in so many.
const MOST: u64 = 10_000_000;
/// Flag of the exploring half.
const EXPLORES: u32 = 1 << 31;

/// Values by which samples are judged, of both versions.
pub(super) type Values = [f64; 2];

/// One matched sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Number of the candidate's row.
    pub(super) row: u32,
    cell: u32,
}

impl Mark {
    /// Number of its (truth, baseline, candidate); 0 where answers are measured.
    pub(super) fn cell(self) -> u32 {
        self.cell & !EXPLORES
    }

    /// Whether it is one of those on which slices are looked for.
    pub(super) fn explores(self) -> bool {
        self.cell & EXPLORES != 0
    }
}

/// The samples that one task has seen.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    pub(super) rows: Arc<Rows>,
    pub(super) one_in: u64,
    list: Vec<Mark>,
    /// One for each mark where answers are measured, else none.
    values: Vec<Values>,
    /// The cluster of each mark where samples belong to clusters, else none.
    clusters: Vec<u64>,
}

/// What is known of each mark.
#[derive(Debug)]
pub(super) struct Sorted {
    pub(super) marks: Vec<Mark>,
    /// None where answers are right or wrong.
    pub(super) values: Vec<Values>,
    /// None where samples belong to no clusters.
    pub(super) clusters: Vec<u64>,
}

impl Marks {
    /// None yet; `None` where row numbers would not fit.
    pub(super) fn new(candidate: &RunFiles) -> Option<Marks> {
        let rows = Rows::of(candidate);
        u32::try_from(rows.total).ok()?;
        Some(Marks {
            one_in: rows.total.div_ceil(MOST).max(1),
            rows: Arc::new(rows),
            list: Vec::new(),
            values: Vec::new(),
            clusters: Vec::new(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Notes a sample by its key, the position of the candidate's row, its cell and the cluster that it belongs to.
    pub(super) fn add(&mut self, key: &str, position: u64, cell: u32, cluster: Option<u64>) -> bool {
        let mark = self.mark(key, position, cell, cluster);
        self.list.extend(mark);
        self.clusters.extend(mark.and(cluster));
        mark.is_some()
    }

    /// The same where answers are measured.
    pub(super) fn add_measured(&mut self, key: &str, position: u64, values: Values, cluster: Option<u64>) {
        if self.add(key, position, 0, cluster) {
            self.values.push(values);
        }
    }

    /// The mark of a sample that is searched. All samples of a cluster are in one half: on the documents on which a slice was
    /// found it would be confirmed whether it is there or not.
    fn mark(&self, key: &str, position: u64, cell: u32, cluster: Option<u64>) -> Option<Mark> {
        let drawn = search::drawn(key.as_bytes(), self.one_in)?;
        let explores = cluster.map_or(drawn, |cluster| search::explores(&cluster.to_le_bytes()));
        Some(Mark {
            row: self.rows.number(position) as u32,
            cell: if explores { cell | EXPLORES } else { cell },
        })
    }

    /// Takes in what another task has seen; `cell` translates its cells.
    pub(super) fn merge(&mut self, other: Marks, cell: impl Fn(u32) -> u32) {
        self.list.extend(other.list.into_iter().map(|mark| Mark {
            cell: cell(mark.cell()) | mark.cell & EXPLORES,
            ..mark
        }));
        self.values.extend(other.values);
        self.clusters.extend(other.clusters);
    }

    /// All of them in the order of the rows, whatever the order of the tasks, with what there is of each.
    pub(super) fn sorted(mut self) -> Sorted {
        if self.values.is_empty() && self.clusters.is_empty() {
            self.list.sort_unstable_by_key(|mark| mark.row);
            return Sorted {
                marks: self.list,
                values: self.values,
                clusters: self.clusters,
            };
        }
        // There are no more marks than row numbers.
        let mut order: Vec<u32> = (0..self.list.len() as u32).collect();
        order.sort_unstable_by_key(|at| self.list[*at as usize].row);
        Sorted {
            marks: in_order(&self.list, &order),
            values: in_order(&self.values, &order),
            clusters: in_order(&self.clusters, &order),
        }
    }
}

/// A list in another order; nothing stays nothing.
fn in_order<T: Copy>(list: &[T], order: &[u32]) -> Vec<T> {
    let found = order.iter().map(|at| list.get(*at as usize).copied());
    found.flatten().collect()
}
