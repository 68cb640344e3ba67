//! Multinomial resamples of a table of counts, thousands of them from one table.
//!
//! Binomial draws, cell after cell, would cost tens of nanoseconds each. Most cells are drawn from tables of the Poisson
//! distribution instead, at a few nanoseconds: independent Poisson counts are multinomial once their sum is what it has to
//! be.

use super::random::{Generator, Random};
use std::collections::BTreeMap;

/// What a binomial draw costs, in draws from a table.
const BINOMIAL_COST: f64 = 15.0;
/// Entries of all tables together, at most: 4 MB. More of the largest cells are drawn as binomials otherwise.
const MAX_ENTRIES: f64 = (1 << 19) as f64;
/// Numbers less likely than this, in relation to the likeliest one, never come up: 2^-64.
const NEVER: f64 = 1.0 / (1_u128 << 64) as f64;

/// Paired bootstrap resamples of the samples behind a table of counts: as many draws as there are samples, distributed over
/// the cells in proportion to their counts.
///
/// Were every cell drawn as a Poisson number with its count as mean, the resamples whose sum is that of the counts would be
/// multinomial draws. The sum is seldom that, though. So the largest cells are put together, and all others are drawn
/// first: what they leave is what the large ones would have had to give, which a Poisson number of their mean does with a
/// known probability. The draw is kept with this probability (in relation to its greatest: about √(share of the large cells)
/// of the draws are), and the large cells share what is left, as binomial shares of what the ones before left.
#[derive(Clone, Debug)]
pub struct Resampler {
    samples: u64,
    /// The large cells, each with its share of what the cells before it leave; that of the last one is 1.
    large: Vec<(usize, f64)>,
    /// With which probability a draw is kept that leaves so much to the large cells.
    kept: Chances,
    /// All other cells that hold anything.
    small: Vec<Small>,
    /// The tables of the small cells, one after the other.
    columns: Vec<u64>,
}

/// A cell that is drawn from a table.
#[derive(Clone, Copy, Debug)]
struct Small {
    cell: usize,
    /// The number of the table's first column, and where its columns are.
    first: u64,
    start: usize,
    end: usize,
}

impl Resampler {
    /// Prepares resamples of cells with these counts.
    pub fn new(counts: &[u64]) -> Resampler {
        let mut order: Vec<usize> = (0..counts.len()).filter(|&cell| counts[cell] > 0).collect();
        order.sort_by_key(|&cell| std::cmp::Reverse(counts[cell]));
        let sorted: Vec<u64> = order.iter().map(|&cell| counts[cell]).collect();
        let (large, small) = order.split_at(large_cells(&sorted));
        let together: u64 = large.iter().map(|&cell| counts[cell]).sum();
        let mut mass = together;
        let share = |&cell: &usize| {
            let share = counts[cell] as f64 / mass as f64;
            mass -= counts[cell];
            (cell, share)
        };
        let mut resampler = Resampler {
            samples: sorted.iter().sum(),
            large: large.iter().map(share).collect(),
            kept: Chances::default(),
            small: Vec::with_capacity(small.len()),
            columns: Vec::new(),
        };
        if !small.is_empty() {
            resampler.kept = Chances::new(together);
        }
        // Cells with one count have one table.
        let mut tables = BTreeMap::new();
        for &cell in small {
            let columns = &mut resampler.columns;
            let (first, start, end) = *tables.entry(counts[cell]).or_insert_with(|| {
                let (start, first) = (columns.len(), add_table(columns, counts[cell]));
                (first, start, columns.len())
            });
            let small = Small {
                cell,
                first,
                start,
                end,
            };
            resampler.small.push(small);
        }
        resampler
    }

    /// Draws one resample; `into` has a place for each cell.
    pub fn draw(&self, random: &mut Random<impl Generator>, into: &mut [u64]) {
        into.fill(0);
        let mut left = self.draw_small(random, into);
        for &(cell, share) in &self.large {
            let drawn = random.binomial(left, share);
            into[cell] = drawn;
            left -= drawn;
        }
    }

    /// Draws the small cells, and gives what they leave to the large ones.
    fn draw_small(&self, random: &mut Random<impl Generator>, into: &mut [u64]) -> u64 {
        if self.small.is_empty() {
            return self.samples;
        }
        loop {
            let mut sum = 0;
            for small in &self.small {
                let drawn = small.first + draw_column(&self.columns[small.start..small.end], random.bits());
                into[small.cell] = drawn;
                sum += drawn;
            }
            if let Some(left) = self.samples.checked_sub(sum)
                && random.uniform() < self.kept.of(left)
            {
                return left;
            }
        }
    }
}

/// How many of the cells, sorted from the largest on, are best drawn as binomials: one at least.
fn large_cells(sorted: &[u64]) -> usize {
    let cells = sorted.len();
    let samples: u64 = sorted.iter().sum();
    let mut entries: f64 = sorted.iter().map(|&count| spread(count)).sum();
    let (mut best, mut least) = (cells, BINOMIAL_COST * cells as f64);
    let mut together = 0;
    for (before, &count) in sorted.iter().enumerate() {
        together += count;
        entries -= spread(count);
        let tries = libm::sqrt(samples as f64 / together as f64);
        let cost = BINOMIAL_COST * before as f64 + tries * (cells - before - 1) as f64;
        if entries + spread(together) <= MAX_ENTRIES && cost < least {
            (best, least) = (before + 1, cost);
        }
    }
    best
}

/// More values than a Poisson number of this mean has that are not too unlikely.
fn spread(mean: u64) -> f64 {
    20.0 * libm::sqrt(mean as f64) + 25.0
}

/// Probabilities of a Poisson number in relation to that of its mean, which is the likeliest.
#[derive(Clone, Debug, Default)]
struct Chances {
    /// The least number that has one.
    first: u64,
    values: Vec<f64>,
}

impl Chances {
    /// Of a whole mean. Multiplications and divisions alone, so that every machine comes to the same.
    fn new(mean: u64) -> Chances {
        let centre = mean as f64;
        let mut values = vec![1.0];
        let (mut first, mut chance) = (mean, 1.0);
        while first > 0 {
            chance *= first as f64 / centre;
            if chance < NEVER {
                break;
            }
            values.push(chance);
            first -= 1;
        }
        values.reverse();
        let (mut number, mut chance) = (centre, 1.0);
        loop {
            number += 1.0;
            chance *= centre / number;
            if chance < NEVER {
                break;
            }
            values.push(chance);
        }
        Chances { first, values }
    }

    fn of(&self, number: u64) -> f64 {
        let place = number.checked_sub(self.first);
        let place = place.and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.values.get(place)).copied().unwrap_or(0.0)
    }
}

/// Bits of a table's column that name another column.
const ALIAS_BITS: u32 = 20;
/// The probability of a column that needs no other, as nearly as it fits beside its alias.
const ALWAYS: u64 = (1 << (64 - ALIAS_BITS)) - 1;

/// Adds a table of Poisson numbers with this mean, and gives the number of its first column.
///
/// The alias method of Walker (1977), ACM Transactions on Mathematical Software 3:253-256, set up as by Vose (1991), IEEE
/// Transactions on Software Engineering 17:972-975: columns are drawn evenly, and a column stands with some probability for
/// its own number, otherwise for that of another column. The probability is kept in steps of 2^-44.
fn add_table(columns: &mut Vec<u64>, mean: u64) -> u64 {
    let Chances { first, values } = Chances::new(mean);
    let scale = values.len() as f64 / values.iter().sum::<f64>();
    let mut heights: Vec<f64> = values.iter().map(|chance| chance * scale).collect();
    let (mut low, mut high): (Vec<usize>, Vec<usize>) = (0..heights.len()).partition(|&at| heights[at] < 1.0);
    let start = columns.len();
    // What rounding leaves over in the end stands for itself.
    columns.extend((0..heights.len() as u64).map(|at| ALWAYS << ALIAS_BITS | at));
    while let (Some(short), Some(&tall)) = (low.pop(), high.last()) {
        let own = (heights[short] * ALWAYS as f64) as u64;
        columns[start + short] = own << ALIAS_BITS | tall as u64;
        heights[tall] -= 1.0 - heights[short];
        if heights[tall] < 1.0 {
            high.pop();
            low.push(tall);
        }
    }
    first
}

/// A column of a table, by 64 random bits.
fn draw_column(columns: &[u64], bits: u64) -> u64 {
    let wide = u128::from(bits) * columns.len() as u128;
    let (at, part) = ((wide >> 64) as u64, wide as u64);
    let column = columns[at as usize];
    if part >> ALIAS_BITS < column >> ALIAS_BITS {
        at
    } else {
        column & ((1 << ALIAS_BITS) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Seed;
    use crate::stats::random::tests::assert_moments;
    use proptest::prelude::*;

    fn draws(counts: &[u64], times: usize, purpose: &str) -> Vec<Vec<u64>> {
        let (mut random, resampler) = (Seed(6).fast_stream(purpose), Resampler::new(counts));
        let draw = |_| {
            let mut into = vec![0; counts.len()];
            resampler.draw(&mut random, &mut into);
            into
        };
        (0..times).map(draw).collect()
    }

    /// Pearson's statistic in standard deviations above its mean, over what is expected five times at least.
    fn excess(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
        let terms: Vec<f64> = pairs
            .filter(|(_, expected)| *expected >= 5.0)
            .map(|(seen, expected)| (seen - expected).powi(2) / expected)
            .collect();
        let classes = terms.len() as f64;
        (terms.iter().sum::<f64>() - classes) / (2.0 * classes).sqrt()
    }

    fn factorial(n: u64) -> f64 {
        (1..=n).map(|i| i as f64).product()
    }

    /// Every table that can come of four cells, as often as the multinomial distribution says.
    #[test]
    fn a_small_table_follows_its_distribution() {
        let (counts, times) = ([1_u64, 3, 1, 2], 200_000);
        let mut seen: BTreeMap<Vec<u64>, f64> = BTreeMap::new();
        for into in draws(&counts, times, "whole table") {
            *seen.entry(into).or_default() += 1.0;
        }
        let n: u64 = counts.iter().sum();
        let mut tables = Vec::new();
        for a in 0..=n {
            for b in 0..=n - a {
                tables.extend((0..=n - a - b).map(|c| vec![a, b, c, n - a - b - c]));
            }
        }
        let chance = |table: &[u64]| {
            let cells = table.iter().zip(counts);
            let each = cells.map(|(&k, count)| (count as f64 / n as f64).powi(k as i32) / factorial(k));
            each.product::<f64>() * factorial(n)
        };
        assert!((tables.iter().map(|table| chance(table)).sum::<f64>() - 1.0).abs() < 1e-12);
        let pairs = tables.iter().map(|table| {
            let seen = seen.get(table).copied().unwrap_or_default();
            (seen, times as f64 * chance(table))
        });
        let excess = excess(pairs);
        assert!(excess < 4.0, "{excess}");
    }

    /// What the large cells are left with, and what one of them gets of it, are binomial numbers.
    #[test]
    fn sums_of_cells_are_binomial() {
        let counts: Vec<u64> = [20, 20].into_iter().chain([1; 60]).collect();
        assert_eq!(large_cells(&counts), 2);
        let (times, n) = (100_000, 100_u64);
        let draws = draws(&counts, times, "sums");
        for (cells, p) in [(0..2, 0.4), (0..1, 0.2), (1..12, 0.3), (2..62, 0.6)] {
            let mut seen = vec![0.0; n as usize + 1];
            for into in &draws {
                seen[into[cells.clone()].iter().sum::<u64>() as usize] += 1.0;
            }
            let mut chance = (1.0_f64 - p).powi(n as i32);
            let expected = (0..=n).map(|k| {
                let now = chance;
                chance *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
                now * times as f64
            });
            let excess = excess(seen.iter().copied().zip(expected));
            assert!(excess < 4.0, "{cells:?}: {excess}");
        }
    }

    /// Cells of any size have the moments of a multinomial draw, and so has the sum of two of them.
    #[test]
    fn a_resample_has_its_moments() {
        let few = [3_u64, 400, 0, 1, 90, 9, 10, 5, 700];
        let many = few.map(|count| count * 100_000);
        for counts in [few, many] {
            let n = counts.iter().sum::<u64>() as f64;
            let draws = draws(&counts, 20_000, "moments");
            for cells in [
                &[0][..],
                &[1],
                &[3],
                &[4],
                &[5],
                &[6],
                &[7],
                &[8],
                &[0, 5],
                &[1, 7],
                &[6, 8],
            ] {
                let mean = cells.iter().map(|&cell| counts[cell]).sum::<u64>() as f64;
                let drawn = |into: &Vec<u64>| cells.iter().map(|&cell| into[cell]).sum::<u64>() as f64;
                let drawn: Vec<f64> = draws.iter().map(drawn).collect();
                assert_moments(&drawn, mean, mean * (1.0 - mean / n), &format!("cells {cells:?}"));
            }
        }
    }

    #[test]
    fn tables_are_bounded_and_dear_cells_are_binomial() {
        // One cell is never drawn from a table, and two labels are hardly worth any.
        assert_eq!((large_cells(&[]), large_cells(&[7]), large_cells(&[7, 7])), (0, 1, 1));
        // Of a thousand equal cells some are enough to absorb what the others draw.
        let equal = Resampler::new(&[10; 1_000]);
        assert!((50..300).contains(&equal.large.len()), "{}", equal.large.len());
        assert!(equal.columns.len() < 100);
        let counts: Vec<u64> = (1..=125).map(|i| i * 1_000_000).collect();
        let huge = Resampler::new(&counts);
        assert!(huge.columns.len() as f64 <= MAX_ENTRIES && huge.large.len() > 50);
        assert_eq!(Resampler::new(&[1 << 60, 1 << 50, 9]).small.len(), 0);
    }

    proptest! {
        #[test]
        fn a_resample_has_as_many_samples_and_none_in_empty_cells(
            counts in proptest::collection::vec(prop_oneof![Just(0_u64), 1_u64..5, 1_u64..1_000_000], 0..30),
            seed: u64,
        ) {
            let mut into = vec![7; counts.len()];
            Resampler::new(&counts).draw(&mut Seed(seed).fast_stream("resample"), &mut into);
            prop_assert_eq!(into.iter().sum::<u64>(), counts.iter().sum::<u64>());
            prop_assert!(counts.iter().zip(&into).all(|(count, drawn)| *count > 0 || *drawn == 0));
        }
    }
}
