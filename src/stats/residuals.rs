//! Residuals against the ground truth, counted in one pass on a grid whose range is not known beforehand.
//!
//! Both directions adapt as samples come, and neither depends on their order. Columns are as wide as the least power of two
//! with which the truths seen span at most [`FINE`] of them: they are joined in pairs whenever that takes more. Rows are
//! quarters of octaves. Only when all samples are there, both become the grid that is drawn.

use super::exact::ExactSum;
use super::octaves::{Quarter, edge, reach};
use crate::model::distribution::{Beyond, ResidualColumn, Residuals};
use std::collections::{BTreeMap, HashMap};

/// Columns that are counted at most.
const FINE: i64 = 1024;
/// Columns that are drawn at most.
const COLUMNS: i64 = 24;
/// Of so many samples one may lie beyond the columns on each side.
const BEYOND: u64 = 200;
/// Residuals up to `2^-TINY` of a counted column's width are taken for zero, which bounds how many cells there can be.
const TINY: i32 = 40;
/// Least exponent of a column's width; smaller truths are taken for zero.
const LEAST: i32 = -200;
/// A column is at least `2^-DIGITS` of the largest truth wide.
const DIGITS: i32 = 20;

/// Residuals of both versions by ground truth.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ResidualCells {
    /// Columns are `2^width` wide.
    width: i32,
    low: f64,
    high: f64,
    /// By column and row: baseline, candidate.
    cells: HashMap<(i64, Quarter), [u64; 2]>,
    /// By column: residuals added up.
    sums: BTreeMap<i64, [ExactSum; 2]>,
}

impl Default for ResidualCells {
    fn default() -> ResidualCells {
        ResidualCells {
            width: LEAST,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            cells: HashMap::new(),
            sums: BTreeMap::new(),
        }
    }
}

impl ResidualCells {
    /// Adds a sample by its truth and both residuals, which are finite.
    pub(super) fn add(&mut self, truth: f64, residuals: [f64; 2]) {
        let truth = if truth.abs() < libm::ldexp(1.0, LEAST) {
            0.0
        } else {
            truth
        };
        self.widen(truth, truth);
        let column = column(truth, self.width);
        let sums = self.sums.entry(column).or_default();
        for (version, residual) in residuals.into_iter().enumerate() {
            let row = kept(Quarter::of(residual), self.width);
            self.cells.entry((column, row)).or_default()[version] += 1;
            sums[version].add(residual);
        }
    }

    /// Adds the samples of another part.
    pub(super) fn merge(&mut self, other: &ResidualCells) {
        if other.sums.is_empty() {
            return;
        }
        self.widen(other.low, other.high);
        let shift = self.width - other.width;
        for ((column, row), counts) in &other.cells {
            let mine = self
                .cells
                .entry((join(*column, shift), kept(*row, self.width)))
                .or_default();
            (0..2).for_each(|version| mine[version] += counts[version]);
        }
        for (column, sums) in &other.sums {
            let mine = self.sums.entry(join(*column, shift)).or_default();
            mine.iter_mut().zip(sums).for_each(|(mine, sum)| mine.merge(sum));
        }
    }

    /// Makes room for truths within a range.
    fn widen(&mut self, low: f64, high: f64) {
        (self.low, self.high) = (self.low.min(low), self.high.max(high));
        let width = least_width(self.low, self.high, self.width);
        let shift = width - self.width;
        if shift == 0 {
            return;
        }
        self.width = width;
        for ((column, row), counts) in std::mem::take(&mut self.cells) {
            let joined = self.cells.entry((join(column, shift), kept(row, width))).or_default();
            (0..2).for_each(|version| joined[version] += counts[version]);
        }
        for (column, sums) in std::mem::take(&mut self.sums) {
            let joined = self.sums.entry(join(column, shift)).or_default();
            joined.iter_mut().zip(&sums).for_each(|(joined, sum)| joined.merge(sum));
        }
    }

    /// The grid that is drawn; `None` without samples.
    pub(super) fn grid(&self) -> Option<Residuals> {
        let reach = reach(
            self.cells
                .iter()
                .map(|((_, row), counts)| (*row, counts[0] + counts[1])),
        )
        .unwrap_or_default();
        let mut by_column = BTreeMap::<i64, u64>::new();
        for ((column, _), counts) in &self.cells {
            *by_column.entry(*column).or_default() += counts[0];
        }
        let ends = [most(by_column.iter()), most(by_column.iter().rev())];
        let (Some(first), Some(last)) = (ends[0], ends[1]) else {
            return None;
        };
        let shift = (0..).find(|shift| join(last, *shift) - join(first, *shift) < COLUMNS)?;
        let (first, last, width) = (join(first, shift), join(last, shift), self.width + shift);
        let place = |column: i64| join(column, shift).clamp(first, last);
        let mut beyond = Beyond::default();
        for (column, n) in &by_column {
            beyond.truth += if (first..=last).contains(&join(*column, shift)) {
                0
            } else {
                *n
            };
        }
        // Rows in which neither version has a sample are left out at both ends.
        let steps = self.cells.keys().map(|(_, quarter)| quarter.step(reach).abs());
        let used = steps.max().unwrap_or_default().max(1);
        let empty_rows = || [vec![0; 2 * used as usize - 1], vec![0; 2 * used as usize - 1]];
        let mut rows = BTreeMap::<i64, [Vec<u64>; 2]>::new();
        for ((column, quarter), [baseline, candidate]) in &self.cells {
            let rows = rows.entry(place(*column)).or_insert_with(empty_rows);
            let row = row(quarter.step(reach), used);
            rows[0][row] += baseline;
            rows[1][row] += candidate;
            if quarter.is_beyond(reach) {
                beyond.baseline += baseline;
                beyond.candidate += candidate;
            }
        }
        let mut sums = BTreeMap::<i64, [ExactSum; 2]>::new();
        for (column, part) in &self.sums {
            let whole = sums.entry(place(*column)).or_default();
            whole.iter_mut().zip(part).for_each(|(whole, part)| whole.merge(part));
        }
        let column = |column: i64| {
            let [baseline, candidate] = rows.remove(&column).unwrap_or_else(empty_rows);
            let n: u64 = baseline.iter().sum();
            let mean = |version: usize| sums.get(&column).map(|sums| sums[version].value() / n as f64);
            ResidualColumn {
                low: libm::ldexp(column as f64, width),
                high: libm::ldexp((column + 1) as f64, width),
                n,
                means: [mean(0), mean(1)],
                baseline,
                candidate,
            }
        };
        Some(Residuals {
            edges: (-used..=used)
                .filter(|step| *step != 0)
                .map(|step| edge(step, reach))
                .collect(),
            columns: (first..=last).map(column).collect(),
            beyond,
        })
    }
}

/// The row of a step, of so many used on each side: the first of both sides and zero share the one in the middle.
fn row(step: i32, used: i32) -> usize {
    (used - 1 + step - step.signum()).max(0) as usize
}

/// Residuals that are nothing beside the truths count as none.
fn kept(row: Quarter, width: i32) -> Quarter {
    let kept = row.octave().is_some_and(|octave| octave > width - TINY);
    if kept { row } else { Quarter::default() }
}

/// The column of a truth.
fn column(truth: f64, width: i32) -> i64 {
    libm::floor(libm::ldexp(truth, -width)) as i64
}

/// The column that takes the place of one where columns are `2^shift` times as wide.
fn join(column: i64, shift: i32) -> i64 {
    column >> shift.clamp(0, 63)
}

/// The least width, from `at_least` on, with which a range is not too many columns.
fn least_width(low: f64, high: f64, at_least: i32) -> i32 {
    let (_, exponent) = libm::frexp(low.abs().max(high.abs()));
    let least = at_least.max(exponent - DIGITS);
    let fits = |width: &i32| column(high, *width) - column(low, *width) < FINE;
    (least..).find(fits).unwrap_or(least)
}

/// The outermost column before which lies no more than one sample in [`BEYOND`].
fn most<'a>(columns: impl Iterator<Item = (&'a i64, &'a u64)> + Clone) -> Option<i64> {
    let all: u64 = columns.clone().map(|(_, n)| n).sum();
    let mut before = 0;
    let mut columns = columns;
    let found = columns.find(|(_, n)| {
        before += **n;
        before * BEYOND > all
    });
    found.map(|(column, _)| *column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(samples: &[(f64, f64, f64)]) -> ResidualCells {
        let mut cells = ResidualCells::default();
        samples.iter().for_each(|(truth, a, b)| cells.add(*truth, [*a, *b]));
        cells
    }

    #[test]
    fn columns_are_round_and_hold_every_sample() {
        let samples: Vec<_> = (0..200)
            .map(|i| (100.0 + f64::from(i), f64::from(i % 7) - 3.0, 0.0))
            .collect();
        let grid = of(&samples).grid().unwrap();
        let edges: Vec<f64> = grid.columns.iter().map(|column| column.low).collect();
        assert_eq!((edges[0], edges[1], edges.len()), (96.0, 112.0, 13));
        assert_eq!(grid.columns.iter().map(|column| column.n).sum::<u64>(), 200);
        assert_eq!(
            grid.edges,
            [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
        );
        let second = &grid.columns[1];
        assert_eq!((second.n, second.candidate[5], second.means[1]), (16, 16, Some(0.0)));
        // Of -3 to 3 in turn, which are the outer ends of their rows.
        let total = |row: usize| grid.columns.iter().map(|column| column.baseline[row]).sum::<u64>();
        let totals: Vec<u64> = (0..11).map(total).collect();
        assert_eq!(totals, [29, 0, 29, 0, 29, 29, 28, 0, 28, 0, 28]);
        assert_eq!(grid.beyond, Beyond::default());
    }

    #[test]
    fn the_grid_is_laid_out_from_zero() {
        let samples: Vec<_> = (0..100)
            .map(|i| (1e9 + f64::from(i) / 10.0, 1000.0 + f64::from(i) / 100.0, -1000.0))
            .collect();
        let grid = of(&samples).grid().unwrap();
        assert_eq!(grid.columns.len(), 1, "close together and far from zero");
        let filled = |rows: &[u64]| rows.iter().filter(|n| **n > 0).count();
        assert_eq!(filled(&grid.columns[0].baseline), 1);
        assert_eq!(grid.columns[0].means[1], Some(-1000.0));
    }

    #[test]
    fn outliers_are_counted_at_the_edge() {
        let mut samples: Vec<_> = (0..1000)
            .map(|i| (f64::from(i % 100), f64::from(i % 9) - 4.0, 1.0))
            .collect();
        samples.extend([(1e4, 1e6, 1.0), (-1e3, 0.0, -1e30)]);
        let grid = of(&samples).grid().unwrap();
        assert_eq!(grid.edges.last(), Some(&4.0));
        assert_eq!(
            grid.beyond,
            Beyond {
                truth: 2,
                baseline: 1,
                candidate: 1
            }
        );
        assert_eq!(grid.columns.iter().map(|column| column.n).sum::<u64>(), 1002);
        assert!(grid.columns.last().unwrap().high <= 128.0 && grid.columns[0].low >= -64.0);
    }

    #[test]
    fn degenerate_data_have_a_grid() {
        assert_eq!(ResidualCells::default().grid(), None);
        let grid = of(&[(5.0, 0.0, 0.0), (5.0, 0.0, 0.0)]).grid().unwrap();
        assert_eq!(
            (
                grid.columns.len(),
                grid.columns[0].n,
                grid.columns[0].baseline.as_slice()
            ),
            (1, 2, [2].as_slice())
        );
        for truth in [0.0, -1e-300, 1e70, -1e70] {
            assert_eq!(of(&[(truth, 1e-300, -1e70)]).grid().unwrap().columns.len(), 1);
        }
        let wide = of(&[(-1e70, 1.0, 1.0), (1e-200, 1.0, 1.0), (1e70, 1.0, 1.0)])
            .grid()
            .unwrap();
        assert_eq!(wide.columns.iter().map(|column| column.n).sum::<u64>(), 3);
    }

    proptest! {
        #[test]
        fn neither_order_nor_grouping_matters(
            samples in proptest::collection::vec((-9.0_f64..9.0, -9.0_f64..9.0, -30_i32..30, -70_i32..70), 1..60)
        ) {
            let samples: Vec<_> = samples.into_iter()
                .map(|(truth, residual, a, b)| (libm::ldexp(truth, a), libm::ldexp(residual, b), residual))
                .collect();
            let mut parts = ResidualCells::default();
            samples.rchunks(7).for_each(|part| parts.merge(&of(part)));
            prop_assert_eq!(&of(&samples), &parts);
            let mut turned = samples.clone();
            turned.reverse();
            prop_assert_eq!(of(&samples).grid(), of(&turned).grid());
            let n: u64 = parts.grid().map(|grid| grid.columns.iter().map(|column| column.n).sum()).unwrap_or_default();
            prop_assert_eq!(n, samples.len() as u64);
        }
    }
}
