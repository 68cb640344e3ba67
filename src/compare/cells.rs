//! Joint counts as they grow: dense tables while they are small, sparse ones above.

use std::collections::HashMap;

/// Largest dense table, in cells.
const DENSE_CELLS: usize = 1 << 16;

/// Counts per (group, cell). A group is a slice value or a pair of them, a cell one (truth, baseline, candidate).
#[derive(Debug)]
pub(super) enum CellTable {
    Dense { counts: Vec<u64>, width: usize },
    Sparse(HashMap<(u64, u32), u64>),
}

impl CellTable {
    pub(super) fn new() -> CellTable {
        CellTable::Dense {
            counts: Vec::new(),
            width: 64,
        }
    }

    /// Adds one sample.
    #[inline]
    pub(super) fn add(&mut self, group: u64, cell: u32) {
        if let CellTable::Dense { counts, width } = self
            && (cell as usize) < *width
            && let Some(count) = counts.get_mut(group as usize * *width + cell as usize)
        {
            *count += 1;
            return;
        }
        self.add_n(group, cell, 1);
    }

    /// Adds `n` samples, growing the table as needed.
    pub(super) fn add_n(&mut self, group: u64, cell: u32, n: u64) {
        if let CellTable::Dense { counts, width } = self {
            let wide = (*width).max((cell as usize + 1).next_power_of_two());
            let groups = (counts.len() / *width).max((group as usize + 1).next_power_of_two());
            if wide.saturating_mul(groups) <= DENSE_CELLS {
                if wide != *width || groups * wide != counts.len() {
                    let mut grown = vec![0; groups * wide];
                    for (g, row) in counts.chunks(*width).enumerate() {
                        grown[g * wide..g * wide + row.len()].copy_from_slice(row);
                    }
                    *counts = grown;
                    *width = wide;
                }
                counts[group as usize * *width + cell as usize] += n;
                return;
            }
            *self = CellTable::Sparse(self.iter().map(|(g, c, n)| ((g, c), n)).collect());
        }
        if let CellTable::Sparse(map) = self {
            *map.entry((group, cell)).or_default() += n;
        }
    }

    /// Every non-zero count, in no particular order.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = (u64, u32, u64)> + '_> {
        match self {
            CellTable::Dense { counts, width } => Box::new(
                counts
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| **n > 0)
                    .map(move |(i, &n)| ((i / width) as u64, (i % width) as u32, n)),
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

    proptest! {
        #[test]
        fn any_table_counts_like_a_map(adds in prop::collection::vec((0u64..2000, 0u32..200), 0..500)) {
            let mut table = CellTable::new();
            let mut naive = BTreeMap::new();
            for &(group, cell) in &adds {
                table.add(group, cell);
                *naive.entry((group, cell)).or_insert(0u64) += 1;
            }
            let counted: BTreeMap<_, _> = table.iter().map(|(g, c, n)| ((g, c), n)).collect();
            prop_assert_eq!(counted, naive);
        }
    }
}
