//! The search for slices: columns of the candidate's run become codes, and [`crate::stats::search`] looks where it got
//! worse and where it got better.
//!
//! ```text
//! marks of the pass, columns ─► codes (one scan per column) ─► search, reversed search ─► slices with their tables
//! ```

mod codes;
mod columns;

use super::error::CompareError;
use super::marks::{Sorted, Values};
use super::measure::Measure;
use super::pass::Pass;
use super::plan::Sides;
use super::{Job, MAX_SLICE_VALUES};
use crate::engine::Engine;
use crate::model::discovered::{LeftOut, SearchedColumn};
use crate::model::{Outcome, Predicate};
use crate::stats::SliceSums;
use crate::stats::search::{Change, MAX_COLUMNS, Search, SearchInput, SearchOptions, search};
use codes::{Coded, Samples};
use std::collections::HashMap;
use std::sync::Arc;

/// What the search found, in terms of values.
#[derive(Debug)]
pub struct Discovery {
    /// The columns searched.
    pub columns: Vec<SearchedColumn>,
    /// The columns left out.
    pub left_out: Vec<LeftOut>,
    /// One in so many matched samples was searched.
    pub one_in: u64,
    /// What got worse.
    pub worse: Found,
    /// What got better.
    pub better: Found,
}

/// What one direction of the search found.
#[derive(Debug)]
pub struct Found {
    /// How far it went and what it found, by column and code.
    pub search: Search,
    /// The slices, in its order.
    pub slices: Vec<FoundSlice>,
}

/// A slice by its values.
#[derive(Debug)]
pub struct FoundSlice {
    /// Its predicates.
    pub predicates: Vec<Predicate>,
    /// What its samples add up to.
    pub sums: SliceSums,
    /// Rows of the candidate in it that changed in the direction of the search, rising.
    pub(super) changed: Vec<u32>,
}

/// Searches what the pass has marked; `None` where it has marked nothing.
///
/// # Errors
/// [`CompareError::NoColumn`], [`CompareError::NotSearched`] or [`CompareError::TooManyValues`] for a column that was
/// named, or the first file that cannot be read.
pub(super) async fn discover(
    engine: &Engine,
    job: &Job,
    sides: &Sides,
    pass: &mut Pass,
) -> Result<Option<Discovery>, CompareError> {
    let Some(marks) = pass.tally.marks.take().filter(|marks| !marks.is_empty()) else {
        return Ok(None);
    };
    let one_in = marks.one_in;
    let rows = Arc::clone(&marks.rows);
    let Sorted {
        marks,
        values,
        clusters,
    } = marks.sorted();
    let clusters = job.roles.cluster.as_ref().map(|_| numbered(&clusters));
    let samples = Arc::new(Samples { rows, marks });
    let (coded, left_out) = code(engine, job, sides, &samples).await?;
    let options = SearchOptions {
        alpha: job.options.alpha,
        min_effect: job.options.min_effect_slice,
        ..SearchOptions::default()
    };
    let mut subject = Subject {
        pass,
        change: changes(pass, &samples, &values),
        samples: &samples,
        values: &values,
        coded: &coded,
        clusters: clusters.as_deref(),
    };
    let worse = subject.search(&options);
    subject.change.iter_mut().for_each(|change| *change = -*change);
    let better = subject.search(&options);
    Ok(Some(Discovery {
        columns: coded.iter().map(Coded::summary).collect(),
        left_out,
        one_in,
        worse,
        better,
    }))
}

/// Clusters by their place among the digests of all.
fn numbered(digests: &[u64]) -> Vec<u32> {
    let mut distinct = digests.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let place = |digest: &u64| distinct.partition_point(|other| other < digest) as u32;
    digests.iter().map(place).collect()
}

/// The codes of every column that qualifies, and the columns that do not.
async fn code(
    engine: &Engine,
    job: &Job,
    sides: &Sides,
    samples: &Arc<Samples>,
) -> Result<(Vec<Coded>, Vec<LeftOut>), CompareError> {
    let (chosen, mut left_out) = columns::choose(job)?;
    let mut coded = Vec::new();
    for column in chosen {
        let name = column.read.name.clone();
        let mut leave_out = |reason: String| {
            left_out.push(LeftOut {
                column: name.clone(),
                reason,
            })
        };
        if coded.len() == MAX_COLUMNS {
            leave_out(format!("{MAX_COLUMNS} columns are searched at most"));
            continue;
        }
        match codes::read(engine, &sides.candidate, samples, column).await? {
            Some(column) if column.distinct > 1 => coded.push(column),
            Some(_) => leave_out("it has one value".into()),
            None if job.options.search_columns.contains(&name) => {
                return Err(CompareError::TooManyValues {
                    column: name,
                    limit: MAX_SLICE_VALUES,
                });
            }
            None => leave_out(format!("it has more than {MAX_SLICE_VALUES} values")),
        }
    }
    Ok((coded, left_out))
}

/// By how much each sample got worse.
fn changes(pass: &Pass, samples: &Samples, values: &[Values]) -> Vec<f64> {
    if let Some(measure) = &pass.measure {
        return values.iter().map(|values| measure.loss(*values)).collect();
    }
    let change = |&(truth, a, b): &(u32, u32, u32)| match Outcome::of(a == truth, b == truth) {
        Outcome::Regressed => 1.0,
        Outcome::Fixed => -1.0,
        Outcome::BothCorrect | Outcome::BothWrong => 0.0,
    };
    let by_cell: Vec<f64> = pass.tally.cells.triples.iter().map(change).collect();
    let marks = samples.marks.iter();
    marks.map(|mark| by_cell[mark.cell() as usize]).collect()
}

/// What is searched. All lists have one entry per mark.
struct Subject<'a> {
    pass: &'a Pass,
    samples: &'a Samples,
    values: &'a [Values],
    coded: &'a [Coded],
    change: Vec<f64>,
    clusters: Option<&'a [u32]>,
}

impl Subject<'_> {
    fn search(&self, options: &SearchOptions) -> Found {
        let columns: Vec<&[u16]> = self.coded.iter().map(|column| column.codes.as_slice()).collect();
        let explore: Vec<bool> = self.samples.marks.iter().map(|mark| mark.explores()).collect();
        let input = SearchInput {
            columns: &columns,
            change: &self.change,
            kind: self.kind(),
            explore: &explore,
            clusters: self.clusters,
        };
        let search = search(&input, options);
        Found {
            slices: search
                .slices
                .iter()
                .map(|found| self.slice(&found.predicates))
                .collect(),
            search,
        }
    }

    fn kind(&self) -> Change {
        self.pass.measure.as_ref().map_or(Change::Flip, Measure::change)
    }

    fn slice(&self, conjunction: &[(u32, u16)]) -> FoundSlice {
        let parts: Vec<(&Coded, u16)> = conjunction
            .iter()
            .map(|(column, code)| (&self.coded[*column as usize], *code))
            .collect();
        let inside = |at: &usize| parts.iter().all(|(column, code)| column.codes[*at] == *code);
        let members: Vec<usize> = (0..self.samples.marks.len()).filter(inside).collect();
        let worse = members.iter().filter(|at| self.kind().is_worse(self.change[**at]));
        FoundSlice {
            predicates: parts.iter().map(|(column, code)| column.predicate(*code)).collect(),
            sums: self.sums(&members),
            changed: worse.map(|at| self.samples.marks[*at].row).collect(),
        }
    }

    fn sums(&self, members: &[usize]) -> SliceSums {
        if let Some(measure) = &self.pass.measure {
            let mut sums = measure.headline();
            for [baseline, candidate] in members.iter().map(|at| self.values[*at]) {
                sums.add(baseline, candidate);
            }
            return SliceSums::Measured(Box::new(sums));
        }
        let mut cells: HashMap<u32, u64> = HashMap::new();
        for at in members {
            *cells.entry(self.samples.marks[*at].cell()).or_default() += 1;
        }
        SliceSums::Counts(self.pass.table(cells.into_iter()))
    }
}
