//! Joint counts as they grow: dense tables while they are small, sparse ones above.

use std::collections::HashMap;

/// Largest dense table, in cells.
const DENSE_CELLS: usize = 1 << 16;

/// Counts per (group, cell), dense ones in 32 bits: half the memory of the innermost loop. A group is a slice value or a
/// pair of them, a cell one (truth, baseline, candidate).
#[derive(Debug)]
pub(super) enum CellTable {
    Dense {
        counts: Vec<u32>,
        width: usize,
        /// Samples so far: as long as they are fewer than 2^32, no count overflows.
        added: u64,
    },
    Sparse(HashMap<(u64, u32), u64>),
}

impl CellTable {
    pub(super) fn new() -> CellTable {
        CellTable::Dense {
            counts: Vec::new(),
            width: 64,
            added: 0,
        }
    }

    /// Adds a batch of samples, given the largest group and cell in it: a loop of increments, one table at a time, so
    /// that the table stays in the processor's cache.
    pub(super) fn add_all(&mut self, rows: impl ExactSizeIterator<Item = (u64, u32)>, group: u64, cell: u32) {
        self.make_room(group, cell, rows.len() as u64);
        match self {
            CellTable::Dense { counts, width, .. } => {
                for (group, cell) in rows {
                    counts[group as usize * *width + cell as usize] += 1;
                }
            }
            CellTable::Sparse(map) => {
                for key in rows {
                    *map.entry(key).or_default() += 1;
                }
            }
        }
    }

    /// Adds `n` samples of one group and cell.
    pub(super) fn add_n(&mut self, group: u64, cell: u32, n: u64) {
        self.make_room(group, cell, n);
        match self {
            // There is room for the sum of all samples, so for this one.
            CellTable::Dense { counts, width, .. } => counts[group as usize * *width + cell as usize] += n as u32,
            CellTable::Sparse(map) => *map.entry((group, cell)).or_default() += n,
        }
    }

    /// Grows a dense table for `n` more samples, or gives it up for a sparse one.
    fn make_room(&mut self, group: u64, cell: u32, n: u64) {
        let CellTable::Dense { counts, width, added } = self else {
            return;
        };
        let wide = (*width).max((cell as usize + 1).next_power_of_two());
        let groups = (counts.len() / *width).max((group as usize + 1).next_power_of_two());
        if *added + n > u64::from(u32::MAX) || wide.saturating_mul(groups) > DENSE_CELLS {
            *self = CellTable::Sparse(self.iter().map(|(g, c, n)| ((g, c), n)).collect());
            return;
        }
        *added += n;
        if wide != *width || groups * wide != counts.len() {
            let mut grown = vec![0; groups * wide];
            for (g, row) in counts.chunks(*width).enumerate() {
                grown[g * wide..g * wide + row.len()].copy_from_slice(row);
            }
            *counts = grown;
            *width = wide;
        }
    }

    /// Every non-zero count, in no particular order.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = (u64, u32, u64)> + '_> {
        match self {
            CellTable::Dense { counts, width, .. } => Box::new(
                counts
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| **n > 0)
                    .map(move |(i, &n)| ((i / width) as u64, (i % width) as u32, u64::from(n))),
            ),
            CellTable::Sparse(map) => Box::new(map.iter().map(|(&(g, c), &n)| (g, c, n))),
        }
    }
}

/// (truth, baseline, candidate) label codes as small cell numbers, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) triples: Vec<(u32, u32, u32)>,
    direct: Vec<u32>,
    others: HashMap<(u32, u32, u32), u32>,
}

/// Label codes below this are looked up directly.
const DIRECT: u32 = 32;

impl Cells {
    /// The number of a triple.
    #[inline]
    pub(super) fn number(&mut self, t: u32, a: u32, b: u32) -> u32 {
        if t < DIRECT && a < DIRECT && b < DIRECT {
            if self.direct.is_empty() {
                self.direct = vec![u32::MAX; (DIRECT * DIRECT * DIRECT) as usize];
            }
            let slot = &mut self.direct[((t * DIRECT + a) * DIRECT + b) as usize];
            if *slot == u32::MAX {
                *slot = self.triples.len() as u32;
                self.triples.push((t, a, b));
            }
            return *slot;
        }
        let next = self.triples.len() as u32;
        let number = *self.others.entry((t, a, b)).or_insert(next);
        if number == next {
            self.triples.push((t, a, b));
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_count_beyond_32_bits_is_kept() {
        let mut table = CellTable::new();
        table.add_n(3, 5, u64::from(u32::MAX));
        table.add_n(3, 5, 1);
        table.add_n(1, 2, 7);
        let mut counted: Vec<_> = table.iter().collect();
        counted.sort_unstable();
        assert_eq!(counted, [(1, 2, 7), (3, 5, u64::from(u32::MAX) + 1)]);
    }

    proptest! {
        #[test]
        fn any_table_counts_like_a_map(adds in prop::collection::vec((0u64..2000, 0u32..200), 0..500), batch in 1usize..90) {
            let mut table = CellTable::new();
            let mut naive = BTreeMap::new();
            for batch in adds.chunks(batch) {
                let (group, cell) = (batch.iter().map(|r| r.0).max(), batch.iter().map(|r| r.1).max());
                table.add_all(batch.iter().copied(), group.unwrap(), cell.unwrap());
            }
            for &(group, cell) in &adds {
                *naive.entry((group, cell)).or_insert(0u64) += 1;
            }
            let counted: BTreeMap<_, _> = table.iter().map(|(g, c, n)| ((g, c), n)).collect();
            prop_assert_eq!(counted, naive);
        }
    }
}
