//! SliceLine's search, level by level: slices of one, two and three predicates, with what cannot count ruled out unseen.

use super::excess::{Errors, deflated, excess};
use super::rows::Rows;
use super::score::{Extent, Scoring};
use super::{Change, Conjunction, Level, MAX_PREDICATES, SearchInput, SearchOptions};
use crate::stats::slices::MIN_SLICE_SIZE;
use std::collections::HashMap;

/// One predicate that enough samples satisfy.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) predicate: (u32, u16),
    pub(super) extent: Extent,
    /// Its samples, numbered within the exploring half.
    pub(super) rows: Rows,
    /// Its samples with an error, numbered among those.
    errors: Rows,
}

/// A slice of the pool.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) score: f64,
    pub(super) size: u64,
    /// Indices of its units, rising.
    pub(super) units: Vec<u32>,
}

/// What the exploring half gave.
#[derive(Clone, Debug)]
pub(super) struct Explored {
    pub(super) units: Vec<Unit>,
    /// Change of every sample of the half.
    pub(super) change: Vec<f64>,
    pub(super) kind: Change,
    /// Best slices, best first.
    pub(super) pool: Vec<Scored>,
    pub(super) levels: Vec<Level>,
    pub(super) min_support: u64,
    pub(super) scoring: Scoring,
    /// Samples that are as much evidence as one would be alone: 1 where samples belong to no clusters.
    pub(super) design: f64,
}

impl Explored {
    /// [`excess`] of samples that are worth less for belonging together.
    pub(super) fn excess(&self, inside: &Errors, outside: &Errors) -> f64 {
        deflated(excess(inside, outside), self.design)
    }

    /// Predicates of a slice.
    pub(super) fn conjunction(&self, units: &[u32]) -> Conjunction {
        units.iter().map(|unit| self.units[*unit as usize].predicate).collect()
    }

    /// Samples of a slice, numbered within the half; all of them without predicates.
    pub(super) fn rows(&self, units: &[u32]) -> Rows {
        let mut sets = units.iter().map(|unit| &self.units[*unit as usize].rows);
        let first = match sets.next() {
            Some(first) => first.clone(),
            None => Rows::new((0..self.change.len() as u32).collect(), self.change.len()),
        };
        sets.fold(first, |rows, set| rows.intersection(set))
    }
}

/// Searches the rows of the exploring half for the `pool` best slices.
pub(super) fn explore(input: &SearchInput<'_>, half: &[u32], options: &SearchOptions, pool: usize) -> Explored {
    let (columns, kind) = (input.columns, input.kind);
    let n = half.len() as u64;
    let change: Vec<f64> = half.iter().map(|row| input.change[*row as usize]).collect();
    let errors: Vec<(u32, f64)> = (0_u32..)
        .zip(change.iter().map(|change| kind.error(*change)))
        .filter(|(_, error)| *error > 0.0)
        .collect();
    let min_support = options.min_support.unwrap_or(MIN_SLICE_SIZE.max(n / 1_000)).max(1);
    let scoring = Scoring {
        n,
        error: errors.iter().map(|(_, error)| error).sum(),
        weight: options.weight,
        min_support,
    };
    let units = if errors.is_empty() {
        Vec::new()
    } else {
        units(columns, half, &errors, min_support)
    };
    let values: Vec<u64> = columns.iter().map(|column| distinct(column, half)).collect();
    let mut walk = Walk {
        counts: errors.iter().all(|(_, error)| (error - 1.0).abs() < f64::EPSILON),
        errors: errors.into_iter().map(|(_, error)| error).collect(),
        units: &units,
        scoring,
        pool: Vec::new(),
        capacity: pool.max(1),
        budget: options.budget,
    };
    let mut levels = vec![walk.first()];
    if options.predicates >= 2 {
        let (level, pairs) = walk.second();
        levels.push(level);
        if options.predicates >= MAX_PREDICATES {
            levels.push(walk.third(&pairs));
        }
    }
    for (depth, level) in levels.iter_mut().enumerate() {
        level.pruned = combinations(&values, depth + 1).saturating_sub(level.counted + level.left_out);
    }
    let pool = walk.pool;
    Explored {
        units,
        change,
        kind,
        pool,
        levels,
        min_support,
        scoring,
        design: design_effect(input, half),
    }
}

/// The variance of the sum of all changes (of flips, of how many got worse) by that of as many samples on their own.
fn design_effect(input: &SearchInput<'_>, half: &[u32]) -> f64 {
    let Some(clusters) = input.clusters else { return 1.0 };
    let value = |row: u32| match (input.kind, input.change[row as usize]) {
        (Change::Flip, change) => f64::from(input.kind.is_worse(change)),
        (Change::Loss { .. }, change) => change,
    };
    let mean = half.iter().map(|row| value(*row)).sum::<f64>() / half.len().max(1) as f64;
    let mut rows: Vec<(u32, f64)> = half
        .iter()
        .map(|row| (clusters[*row as usize], value(*row) - mean))
        .collect();
    // Stable: sums within a cluster keep the order of the rows.
    rows.sort_by_key(|(cluster, _)| *cluster);
    let alone: f64 = rows.iter().map(|(_, value)| value * value).sum();
    let sums = rows
        .chunk_by(|(a, _), (b, _)| a == b)
        .map(|rows| rows.iter().map(|(_, value)| value).sum::<f64>());
    let together: f64 = sums.map(|sum| sum * sum).sum();
    if alone > 0.0 { (together / alone).max(1.0) } else { 1.0 }
}

/// Codes that there can be in a column.
const CODES: usize = 1 << 16;

/// Codes that occur in the half.
fn distinct(column: &[u16], half: &[u32]) -> u64 {
    let mut seen = vec![false; CODES];
    for row in half {
        seen[usize::from(column[*row as usize])] = true;
    }
    seen.into_iter().filter(|flag| *flag).count() as u64
}

/// Ways to choose one value each from so many of the columns.
fn combinations(values: &[u64], choose: usize) -> u64 {
    let mut ways = vec![0_u64; choose + 1];
    ways[0] = 1;
    for value in values {
        for k in (1..=choose).rev() {
            ways[k] = ways[k].saturating_add(ways[k - 1].saturating_mul(*value));
        }
    }
    ways[choose]
}

/// Every predicate with enough samples and an error among them, in order of column and code.
fn units(columns: &[&[u16]], half: &[u32], errors: &[(u32, f64)], min_support: u64) -> Vec<Unit> {
    let mut units = Vec::new();
    for (number, column) in (0_u32..).zip(columns) {
        let code = |local: u32| usize::from(column[half[local as usize] as usize]);
        let mut extents = vec![(0_u64, 0.0_f64, 0.0_f64); CODES];
        for local in 0..half.len() as u32 {
            extents[code(local)].0 += 1;
        }
        for (local, error) in errors {
            let (_, sum, largest) = &mut extents[code(*local)];
            (*sum, *largest) = (*sum + error, largest.max(*error));
        }
        // Where a code's rows go; most codes of a column with many values have too few.
        let mut places = vec![usize::MAX; CODES];
        let mut kept: Vec<(usize, Vec<u32>, Vec<u32>)> = Vec::new();
        for (code, (size, error, _)) in extents.iter().enumerate() {
            if *size >= min_support && *error > 0.0 {
                places[code] = kept.len();
                kept.push((code, Vec::with_capacity(*size as usize), Vec::new()));
            }
        }
        let place = |local: u32| places[code(local)];
        for local in 0..half.len() as u32 {
            if let Some((_, rows, _)) = kept.get_mut(place(local)) {
                rows.push(local);
            }
        }
        for (index, (local, _)) in (0_u32..).zip(errors) {
            if let Some((_, _, list)) = kept.get_mut(place(*local)) {
                list.push(index);
            }
        }
        for (code, rows, list) in kept {
            let (size, error, largest) = extents[code];
            units.push(Unit {
                predicate: (number, code as u16),
                extent: Extent { size, error, largest },
                rows: Rows::new(rows, half.len()),
                errors: Rows::new(list, errors.len()),
            });
        }
    }
    units
}

/// A pair of units that is worth extending.
struct Pair {
    units: (u32, u32),
    extent: Extent,
    bound: f64,
}

/// The search under way.
struct Walk<'a> {
    /// Whether every error is 1, so that counting suffices.
    counts: bool,
    errors: Vec<f64>,
    units: &'a [Unit],
    scoring: Scoring,
    pool: Vec<Scored>,
    capacity: usize,
    budget: u64,
}

impl Walk<'_> {
    /// Whether a slice with this bound may still enter the pool.
    fn promises(&self, bound: f64) -> bool {
        let worst = self.pool.last().filter(|_| self.pool.len() >= self.capacity);
        bound > 0.0 && worst.is_none_or(|worst| bound >= worst.score)
    }

    /// Puts a slice into the pool if it is good enough: by score, then size, then predicates.
    fn offer(&mut self, extent: &Extent, units: &[u32]) {
        let score = self.scoring.score(extent);
        if extent.size < self.scoring.min_support || !self.promises(score) {
            return;
        }
        let new = Scored {
            score,
            size: extent.size,
            units: units.to_vec(),
        };
        let before = |old: &Scored| {
            let order = new.score.total_cmp(&old.score).then(new.size.cmp(&old.size));
            order
                .then_with(|| old.units.len().cmp(&new.units.len()))
                .then_with(|| old.units.cmp(&new.units))
                .is_lt()
        };
        let at = self.pool.partition_point(before);
        self.pool.insert(at, new);
        self.pool.truncate(self.capacity);
    }

    /// Spends part of the budget; whether there was enough.
    fn spend(&mut self, work: u64) -> bool {
        let enough = work <= self.budget;
        self.budget = self.budget.saturating_sub(work);
        enough
    }

    /// Sum and maximum of the errors in both sets.
    fn error(&self, a: &Rows, b: &Rows) -> (f64, f64) {
        if self.counts {
            return (a.common(b) as f64, 1.0);
        }
        let (mut sum, mut largest) = (0.0, 0.0_f64);
        a.intersection(b).each(|index| {
            let error = self.errors.get(index as usize).copied().unwrap_or(0.0);
            (sum, largest) = (sum + error, largest.max(error));
        });
        (sum, largest)
    }

    fn first(&mut self) -> Level {
        for (index, unit) in (0_u32..).zip(self.units) {
            self.offer(&unit.extent, &[index]);
        }
        Level {
            counted: self.units.len() as u64,
            ..Level::default()
        }
    }

    /// All pairs of promising units, most promising first, and those worth extending.
    fn second(&mut self) -> (Level, Vec<Pair>) {
        let units = self.units;
        let alive: Vec<u32> = (0_u32..)
            .zip(units)
            .filter(|(_, unit)| self.promises(self.scoring.bound(&unit.extent)))
            .map(|(index, _)| index)
            .collect();
        let mut candidates = Vec::new();
        for (at, &p) in alive.iter().enumerate() {
            for &q in &alive[at + 1..] {
                let (a, b) = (&units[p as usize], &units[q as usize]);
                let within = a.extent.least(b.extent);
                let bound = self.scoring.bound(&within);
                if a.predicate.0 != b.predicate.0 && self.promises(bound) {
                    candidates.push(Pair {
                        units: (p, q),
                        extent: within,
                        bound,
                    });
                }
            }
        }
        candidates.sort_by(|a, b| b.bound.total_cmp(&a.bound).then(a.units.cmp(&b.units)));
        let (mut level, mut pairs) = (Level::default(), Vec::new());
        for candidate in candidates {
            if !self.promises(candidate.bound) {
                continue;
            }
            let (p, q) = candidate.units;
            let (a, b) = (&units[p as usize], &units[q as usize]);
            if !self.spend(a.errors.work().min(b.errors.work()) + 1) {
                level.left_out += 1;
                continue;
            }
            level.counted += 1;
            let Some(extent) = self.extent(&candidate.extent, (&a.errors, &b.errors), (&a.rows, &b.rows)) else {
                continue;
            };
            self.offer(&extent, &[p, q]);
            let bound = self.scoring.bound(&extent);
            if self.promises(bound) {
                pairs.push(Pair {
                    units: (p, q),
                    extent,
                    bound,
                });
            }
        }
        (level, pairs)
    }

    /// Exact errors, then exact size; `None` as soon as the slice cannot count.
    fn extent(&mut self, within: &Extent, errors: (&Rows, &Rows), rows: (&Rows, &Rows)) -> Option<Extent> {
        let (error, largest) = self.error(errors.0, errors.1);
        let known = Extent {
            error,
            largest,
            ..*within
        };
        if !self.promises(self.scoring.bound(&known)) {
            return None;
        }
        self.budget = self.budget.saturating_sub(rows.0.work().min(rows.1.work()));
        let size = rows.0.common(rows.1);
        (size >= self.scoring.min_support).then_some(Extent { size, ..known })
    }

    /// Triples all of whose pairs are worth extending.
    fn third(&mut self, pairs: &[Pair]) -> Level {
        let units = self.units;
        let mut sorted: Vec<&Pair> = pairs.iter().collect();
        sorted.sort_by(|a, b| b.bound.total_cmp(&a.bound).then(a.units.cmp(&b.units)));
        let known: HashMap<(u32, u32), &Pair> = pairs.iter().map(|pair| (pair.units, pair)).collect();
        let words = units.len().div_ceil(64);
        let mut partners = vec![Vec::new(); units.len()];
        for pair in pairs {
            let bits: &mut Vec<u64> = &mut partners[pair.units.0 as usize];
            bits.resize(words, 0);
            bits[pair.units.1 as usize / 64] |= 1 << (pair.units.1 % 64);
        }
        let partners: Vec<Rows> = partners.into_iter().map(Rows::Bits).collect();
        let mut level = Level::default();
        for pair in sorted {
            if !self.promises(pair.bound) {
                break;
            }
            let (p, q) = pair.units;
            let (a, b) = (&units[p as usize], &units[q as usize]);
            let mut both: Option<(Rows, Rows)> = None;
            let mut thirds = Vec::new();
            partners[p as usize]
                .intersection(&partners[q as usize])
                .each(|r| thirds.push(r));
            for r in thirds {
                let (Some(first), Some(second)) = (known.get(&(p, r)), known.get(&(q, r))) else {
                    continue;
                };
                let within = pair.extent.least(first.extent).least(second.extent);
                if !self.promises(self.scoring.bound(&within)) {
                    continue;
                }
                let c = &units[r as usize];
                if !self.spend(c.errors.work() + 1) {
                    level.left_out += 1;
                    continue;
                }
                level.counted += 1;
                let (errors, rows) =
                    both.get_or_insert_with(|| (a.errors.intersection(&b.errors), a.rows.intersection(&b.rows)));
                if let Some(extent) = self.extent(&within, (errors, &c.errors), (rows, &c.rows)) {
                    self.offer(&extent, &[p, q, r]);
                }
            }
        }
        level
    }
}
