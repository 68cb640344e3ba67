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
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Notes a sample by its key, the position of the candidate's row and its cell.
    pub(super) fn add(&mut self, key: &str, position: u64, cell: u32) {
        self.list.extend(self.mark(key, position, cell));
    }

    /// The same where answers are measured.
    pub(super) fn add_measured(&mut self, key: &str, position: u64, values: Values) {
        if let Some(mark) = self.mark(key, position, 0) {
            self.list.push(mark);
            self.values.push(values);
        }
    }

    /// The mark of a sample that is searched.
    fn mark(&self, key: &str, position: u64, cell: u32) -> Option<Mark> {
        let explores = search::drawn(key.as_bytes(), self.one_in)?;
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
    }

    /// All of them in the order of the rows, whatever the order of the tasks, with the values that there are.
    pub(super) fn sorted(mut self) -> (Vec<Mark>, Vec<Values>) {
        if self.values.is_empty() {
            self.list.sort_unstable_by_key(|mark| mark.row);
            return (self.list, self.values);
        }
        let mut both: Vec<(Mark, Values)> = self.list.into_iter().zip(self.values).collect();
        both.sort_unstable_by_key(|(mark, _)| mark.row);
        both.into_iter().unzip()
    }
}
