//! Redundant slices: found because another, simpler or better one is there.

use super::Conjunction;
use super::enumerate::{Explored, Scored};
use super::excess::Errors;
use super::rows::Rows;
use crate::stats::slices::MIN_SLICE_SIZE;

/// A slice must have more errors than what lies around it at this level, once slices before it are taken away.
const EXPLAINED: f64 = 0.01;
/// Level, divided by the slices counted, at which a slice is worse than what it is a part of: the best of thousands of
/// parts of a bad slice looks worse than the whole by chance.
const NARROWER: f64 = 0.05;

/// A slice with those that it explains.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Folded {
    pub(super) predicates: Conjunction,
    pub(super) score: f64,
    /// All of its samples in the exploring half, by change.
    pub(super) changes: Vec<f64>,
    pub(super) folded: Vec<Conjunction>,
}

/// The best slices of the pool that are not explained by better or simpler ones, at most `limit`.
pub(super) fn fold(explored: &Explored, limit: usize) -> Vec<Folded> {
    let mut taken = Taken {
        explored,
        covered: vec![false; explored.change.len()],
        rest: Errors::none(explored.kind),
        narrower: NARROWER / explored.levels.iter().map(|level| level.counted).sum::<u64>().max(1) as f64,
    };
    explored.change.iter().for_each(|change| taken.rest.add(*change));
    let mut out: Vec<(Folded, Rows)> = Vec::new();
    for slice in &explored.pool {
        let rows = explored.rows(&slice.units);
        let uncovered = taken.errors(&rows);
        let explained =
            uncovered.n < MIN_SLICE_SIZE || explored.excess(&uncovered, &taken.rest.less(uncovered)) >= EXPLAINED;
        if explained {
            // The accepted slice that shares most samples explains it.
            let shared = out.iter_mut().map(|(folded, other)| (rows.common(other), folded));
            if let Some((_, by)) = shared.reduce(|best, next| if next.0 > best.0 { next } else { best }) {
                by.folded.push(explored.conjunction(&slice.units));
            }
            continue;
        }
        if out.len() >= limit {
            continue;
        }
        let (units, rows) = simplest(&taken, slice, rows);
        let extent_score = if units.len() == slice.units.len() {
            slice.score
        } else {
            taken.score(&rows)
        };
        let mut changes = Vec::new();
        rows.each(|row| changes.push(explored.change[row as usize]));
        let mut folded = Vec::new();
        if units != slice.units {
            folded.push(explored.conjunction(&slice.units));
        }
        taken.cover(&rows);
        let predicates = explored.conjunction(&units);
        out.push((
            Folded {
                predicates,
                score: extent_score,
                changes,
                folded,
            },
            rows,
        ));
    }
    settle(&taken, &mut out);
    out.into_iter().map(|(folded, _)| folded).collect()
}

/// Drops slices that later ones explain: the likeness of a slice (by a correlated column, or a part that looked worse by
/// chance) may have come first.
fn settle(taken: &Taken<'_>, slices: &mut Vec<(Folded, Rows)>) {
    let mut at = 0;
    while at < slices.len() {
        let (folded, rows) = slices.remove(at);
        let mut others = vec![false; taken.covered.len()];
        for (_, other) in slices.iter() {
            other.each(|row| others[row as usize] = true);
        }
        let none = Errors::none(taken.explored.kind);
        let (mut own, mut inside, mut around) = (none, none, none);
        rows.each(|row| {
            inside.add(taken.explored.change[row as usize]);
            if !others[row as usize] {
                own.add(taken.explored.change[row as usize]);
            } else {
                // Taken from `around` below, which first counts all rows of the others.
                others[row as usize] = false;
            }
        });
        for (change, _) in taken.explored.change.iter().zip(&others).filter(|(_, other)| **other) {
            around.add(*change);
        }
        let explained = own.n < MIN_SLICE_SIZE || taken.explored.excess(&own, &taken.rest) >= EXPLAINED;
        let narrower = around.n > 0 && taken.explored.excess(&inside, &around) < taken.narrower;
        let most = slices.iter_mut().map(|(folded, other)| (rows.common(other), folded));
        let by = most.reduce(|best, next| if next.0 > best.0 { next } else { best });
        match by {
            Some((common, by)) if common > 0 && explained && !narrower => {
                by.folded.push(folded.predicates);
                by.folded.extend(folded.folded);
            }
            _ => {
                slices.insert(at, (folded, rows));
                at += 1;
            }
        }
    }
}

/// The slice, or a part of its predicates that is as bad outside the slice as in it: the one of fewest predicates.
fn simplest(taken: &Taken<'_>, slice: &Scored, rows: Rows) -> (Vec<u32>, Rows) {
    let inside = taken.errors(&rows);
    let count = slice.units.len();
    let mut parts: Vec<Vec<u32>> = (1_u32..(1 << count) - 1)
        .map(|mask| {
            let chosen = slice.units.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
            chosen.map(|(_, unit)| *unit).collect()
        })
        .collect();
    parts.sort_by_key(Vec::len);
    let mut best: Option<(f64, Vec<u32>, Rows)> = None;
    for part in parts {
        if best.as_ref().is_some_and(|(_, units, _)| units.len() < part.len()) {
            break;
        }
        let around = taken.explored.rows(&part);
        let whole = taken.errors(&around);
        let rest = whole.less(inside);
        let same = rest.n == 0 || taken.explored.excess(&inside, &rest) >= taken.narrower;
        if !same || taken.explored.excess(&whole, &taken.rest.less(whole)) >= EXPLAINED {
            continue;
        }
        let score = taken.score(&around);
        if best.as_ref().is_none_or(|(other, _, _)| score > *other) {
            best = Some((score, part, around));
        }
    }
    match best {
        Some((_, units, around)) => (units, around),
        None => (slice.units.clone(), rows),
    }
}

/// What the accepted slices cover.
struct Taken<'a> {
    explored: &'a Explored,
    covered: Vec<bool>,
    /// Everything that is not covered.
    rest: Errors,
    /// See [`NARROWER`].
    narrower: f64,
}

impl Taken<'_> {
    /// Errors of the rows that are not covered.
    fn errors(&self, rows: &Rows) -> Errors {
        let mut errors = Errors::none(self.explored.kind);
        rows.each(|row| {
            if !self.covered[row as usize] {
                errors.add(self.explored.change[row as usize]);
            }
        });
        errors
    }

    /// SliceLine's score of all rows, covered or not.
    fn score(&self, rows: &Rows) -> f64 {
        let mut errors = Errors::none(self.explored.kind);
        rows.each(|row| errors.add(self.explored.change[row as usize]));
        let scoring = &self.explored.scoring;
        super::slice_score(errors.n, errors.error, scoring.n, scoring.error, scoring.weight)
    }

    fn cover(&mut self, rows: &Rows) {
        let errors = self.errors(rows);
        self.rest = self.rest.less(errors);
        rows.each(|row| self.covered[row as usize] = true);
    }
}
