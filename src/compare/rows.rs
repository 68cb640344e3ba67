//! Positions of a run as consecutive numbers.

use crate::engine::files::{ROW_BITS, RunFiles};

/// How many rows stand before each file of a run.
#[derive(Debug)]
pub(super) struct Rows {
    bases: Vec<u64>,
    pub(super) total: u64,
}

impl Rows {
    pub(super) fn of(files: &RunFiles) -> Rows {
        let mut total = 0;
        let mut bases = Vec::with_capacity(files.files.len());
        for file in &files.files {
            bases.push(total);
            total += file.file.rows;
        }
        Rows { bases, total }
    }

    /// The number of the row at a position, in the order of files and rows.
    pub(super) fn number(&self, position: u64) -> u64 {
        let base = self.bases.get((position >> ROW_BITS) as usize).copied().unwrap_or(0);
        base + (position & ((1 << ROW_BITS) - 1))
    }
}
