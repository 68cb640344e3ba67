//! The samples that get a page: chosen by the pass, their rows fetched by position.

use super::encode::{LABEL_BITS, LABEL_MASK, NO_PREDICTION, NO_TRUTH, SLICES_PER_WORD};
use super::error::CompareError;
use super::flip_cells::{self, CELL_TOP, CellCodes};
use super::lists::{OTHER_TOP, by_change, slice_order, sure};
use super::media::{self, Shows};
use super::pass::Pass;
use super::rank::{First, Ranked};
use super::repeats;
use super::rows::Rows;
use super::tally::{Side, carried};
use super::types::check_castable;
use super::{Compared, Found, Job};
use crate::engine::files::{ReadColumn, RunFiles};
use crate::engine::lookup::rows_at;
use crate::media::Collector;
use crate::model::samples::{Answer, FlipCell, SAMPLES_SCHEMA};
use crate::model::{ColumnRoles, Kind, Predicate, Sample, SampleList, SampleSet};
use crate::stats::Play;
use arrow::array::AsArray;
use arrow::datatypes::DataType;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Text that stands for a hidden value.
const HIDDEN: &str = "(hidden)";

/// A slice with a page of its own.
#[derive(Clone, Debug)]
pub struct PagedSlice {
    /// Name of the page.
    pub slug: String,
    /// Which samples its list holds.
    pub rows: SliceRows,
}

/// The samples of a slice's list.
#[derive(Clone, Debug)]
pub enum SliceRows {
    /// Those that regressed where slice columns have these values.
    Regressed(Vec<Predicate>),
    /// Those that regressed in a discovered slice, by its number among what got worse.
    Worse(usize),
    /// Those that were fixed in a discovered slice, by its number among what got better.
    Better(usize),
}

impl SliceRows {
    fn outcome(&self) -> &'static str {
        match self {
            SliceRows::Regressed(_) | SliceRows::Worse(_) => "regressed",
            SliceRows::Better(_) => "fixed",
        }
    }
}

/// Of each slice, how many of its regressed samples also lie in each one, itself included, by their places.
pub type Overlaps = Vec<Vec<u64>>;

/// What a report shows of single samples.
#[derive(Debug)]
pub struct Shown {
    /// The samples and their lists.
    pub samples: SampleSet,
    /// How the given slices overlap.
    pub overlaps: Overlaps,
}

/// A list of samples, chosen.
pub(super) struct Chosen {
    id: String,
    outcome: &'static str,
    order: &'static str,
    cell: Option<FlipCell>,
    total: u64,
    pub(super) ranked: Vec<Ranked>,
}

pub(super) async fn samples(
    compared: &Compared,
    job: &Job,
    slices: &[PagedSlice],
    collector: &mut Collector<'_>,
) -> Result<Shown, CompareError> {
    let Compared { pass, sides, .. } = compared;
    let (lists, overlaps) = chosen(compared, job, slices)?;
    let shown: Vec<String> = shown(job).cloned().collect();
    let columns = wanted(job, &shown);
    let chosen = || lists.iter().flat_map(|list| &list.ranked);
    let of = |side: usize| chosen().filter_map(|r| r.row.positions[side]).collect::<Vec<u64>>();
    let (old, new) = futures::try_join!(
        fetch(&sides.baseline, job, &columns, of(0)),
        fetch(&sides.candidate, job, &columns, of(1)),
    )?;
    let shows = media::fetch(sides, job, &lists, collector).await?;
    let mut samples = BTreeMap::new();
    for list in &lists {
        for r in &list.ranked {
            let id = sample_id(&r.key);
            samples
                .entry(id.clone())
                .or_insert_with(|| sample(id, list.outcome, r, pass, job, &columns, &old, &new, &shows));
        }
    }
    let mut hidden: Vec<String> = job.options.hide.clone();
    if job.options.no_payload {
        hidden.extend(payload_columns(&job.roles).filter(|c| !job.options.hide.contains(c)));
    }
    let samples = SampleSet {
        schema: SAMPLES_SCHEMA.to_string(),
        columns: shown,
        scores: scores(&job.roles).cloned().collect(),
        media: media::columns(job),
        hidden,
        lists: lists
            .into_iter()
            .map(|list| SampleList {
                id: list.id,
                total: list.total,
                order: list.order.to_string(),
                cell: list.cell,
                ids: list.ranked.iter().map(|r| sample_id(&r.key)).collect(),
            })
            .collect(),
        samples,
    };
    Ok(Shown { samples, overlaps })
}

/// Name of a sample's page: the first 16 hex digits of its key's BLAKE3 digest.
fn sample_id(key: &str) -> String {
    blake3::hash(key.as_bytes()).to_hex()[..16].to_owned()
}

/// Every list: by outcome and accounting class, by slice, and by truth and answers.
fn chosen(compared: &Compared, job: &Job, slices: &[PagedSlice]) -> Result<(Vec<Chosen>, Overlaps), CompareError> {
    let pass = &compared.pass;
    let order = slice_order(pass.measure.is_none());
    let cells = flip_cells::chosen(pass);
    let members: Vec<Members<'_>> = slices.iter().map(|slice| Members::of(compared, &slice.rows)).collect();
    let (of_slices, of_cells, overlaps) = walk_flips(compared, job, &members, &cells)?;
    let kinds = &pass.tally.lists;
    let mut lists: Vec<Chosen> = Vec::new();
    let mut add = |id: String, outcome, order, cell, first: &First| {
        lists.push(Chosen {
            id,
            outcome,
            order,
            cell,
            total: first.total,
            ranked: first.sorted(),
        });
    };
    for (kind, first) in kinds.kinds.iter().zip(&kinds.firsts) {
        add(kind.id.to_string(), kind.id, kind.order, None, first);
    }
    for (slice, first) in slices.iter().zip(&of_slices) {
        add(
            format!("slice:{}", slice.slug),
            slice.rows.outcome(),
            order,
            None,
            first,
        );
    }
    for (i, (codes, first)) in cells.iter().zip(&of_cells).enumerate() {
        add(
            format!("cell:{:02}", i + 1),
            codes.outcome(),
            order,
            Some(codes.cell.clone()),
            first,
        );
    }
    Ok((lists, overlaps))
}

/// The samples of each slice and of each combination of labels by one walk over the flips, and how the slices overlap in
/// regressed samples.
fn walk_flips(
    compared: &Compared,
    job: &Job,
    slices: &[Members<'_>],
    cells: &[CellCodes],
) -> Result<(Vec<First>, Vec<First>, Overlaps), CompareError> {
    let pass = &compared.pass;
    let firsts = |lists: usize, most: u64| vec![First::new(job.options.top.min(most)); lists];
    let mut of_slices = firsts(slices.len(), OTHER_TOP);
    let mut of_cells = firsts(cells.len(), CELL_TOP);
    let mut overlaps = vec![vec![0; slices.len()]; slices.len()];
    if slices.is_empty() && cells.is_empty() {
        return Ok((of_slices, of_cells, overlaps));
    }
    let numbers = Rows::of(&compared.sides.candidate);
    let mut inside = Vec::new();
    for batch in pass.flips.read()? {
        let batch = batch?;
        let keys = batch.column(0).as_string_view();
        let [a, b] = Side::both(&batch, pass.shape);
        for row in 0..batch.num_rows() {
            let rank = rank(pass, &a, &b, row);
            let offer = |first: &mut First| first.offer(rank, keys.value(row), || carried(&a, &b, row));
            if let Some(first) = flip_cells::place(cells, &a, &b, row).and_then(|at| of_cells.get_mut(at)) {
                offer(first);
            }
            let regressed = is_regressed(pass, &a, &b, row);
            inside.clear();
            for (i, (first, members)) in of_slices.iter_mut().zip(slices).enumerate() {
                if members.hold(&b, row, regressed, &numbers) {
                    offer(first);
                    inside.push(i);
                }
            }
            if regressed {
                count_overlaps(&mut overlaps, &inside);
            }
        }
    }
    Ok((of_slices, of_cells, overlaps))
}

fn count_overlaps(overlaps: &mut Overlaps, inside: &[usize]) {
    for &i in inside {
        for &j in inside {
            overlaps[i][j] += 1;
        }
    }
}

/// How the samples of a slice's list are told.
enum Members<'a> {
    /// Regressed, with these codes in slice columns.
    Values(Vec<(usize, u64)>),
    /// These rows of the candidate.
    Rows(&'a [u32]),
}

impl<'a> Members<'a> {
    fn of(compared: &'a Compared, rows: &SliceRows) -> Members<'a> {
        let discovery = compared.discovery.as_ref();
        let changed = |found: Option<&'a Found>, at: usize| {
            let slice = found.and_then(|found| found.slices.get(at));
            Members::Rows(slice.map_or(&[], |slice| slice.changed.as_slice()))
        };
        match rows {
            SliceRows::Regressed(predicates) => {
                let pass = &compared.pass;
                let code = |p: &Predicate| {
                    let column = pass.slice_names.iter().position(|n| *n == p.column)?;
                    Some((column, pass.slice_code(column, p.value.as_deref())?))
                };
                Members::Values(predicates.iter().filter_map(code).collect())
            }
            SliceRows::Worse(at) => changed(discovery.map(|found| &found.worse), *at),
            SliceRows::Better(at) => changed(discovery.map(|found| &found.better), *at),
        }
    }

    /// Whether a flip belongs to the list.
    fn hold(&self, b: &Side<'_>, row: usize, regressed: bool, numbers: &Rows) -> bool {
        match self {
            Members::Values(values) => regressed && values.iter().all(|&(c, value)| b.code(c, row) == value),
            Members::Rows(rows) => {
                let number = b.position(row).map(|position| numbers.number(position) as u32);
                number.is_some_and(|number| rows.binary_search(&number).is_ok())
            }
        }
    }
}

/// The rank of a flip in a list.
fn rank(pass: &Pass, a: &Side<'_>, b: &Side<'_>, row: usize) -> f64 {
    match &pass.measure {
        Some(measure) => by_change(measure.values(a, b, row)),
        None => sure(b.confidence(row)),
    }
}

/// Whether a flip is one for the worse.
fn is_regressed(pass: &Pass, a: &Side<'_>, b: &Side<'_>, row: usize) -> bool {
    if let Some(measure) = &pass.measure {
        return measure.play(measure.values(a, b, row)) == Play::Loss;
    }
    let label = b.label(row);
    label & LABEL_MASK != (label >> LABEL_BITS) & LABEL_MASK
}

/// Columns that hold inputs and outputs rather than labels.
fn payload_columns(roles: &ColumnRoles) -> impl Iterator<Item = String> + '_ {
    let texts = [roles.truth.as_ref(), Some(&roles.prediction)].into_iter().flatten();
    let texts = texts.filter(|_| roles.kind() == Kind::Text);
    roles.show.iter().chain(&roles.media).chain(texts).cloned()
}

/// Columns of numbers that are shown beside an answer.
fn scores(roles: &ColumnRoles) -> impl Iterator<Item = &String> {
    roles.scores.iter().map(|score| &score.column).chain(&roles.positive)
}

/// Payload columns that may be shown.
fn shown(job: &Job) -> impl Iterator<Item = &String> {
    let allowed = |c: &String| !job.options.no_payload && !job.options.hide.contains(c);
    job.roles.show.iter().filter(move |c| allowed(c))
}

/// What has to be fetched of a row, because the pass does not carry it: status, error, latency, payload, and the key
/// where it has several columns; each once.
fn wanted(job: &Job, shown: &[String]) -> Vec<String> {
    let roles = &job.roles;
    let optional = [&roles.status, &roles.error, &roles.latency].into_iter().flatten();
    // The pass knows of a number or a text only what it measures.
    let answer = roles.truth.iter().chain([&roles.prediction]);
    let answer = answer.filter(|name| !(roles.kind().has_labels() || job.options.no_payload && is_text(roles, name)));
    let key = roles.key.iter().filter(|_| roles.key.len() > 1);
    let mut out: Vec<String> = Vec::new();
    for name in key.chain(optional).chain(answer).chain(scores(roles)).chain(shown) {
        if !out.contains(name) && !job.options.hide.contains(name) {
            out.push(name.clone());
        }
    }
    out
}

/// Whether a column holds the reference or the output of a text.
fn is_text(roles: &ColumnRoles, name: &str) -> bool {
    roles.kind() == Kind::Text && (roles.truth.as_deref() == Some(name) || roles.prediction == name)
}

type Fetched = BTreeMap<u64, Vec<Option<String>>>;

/// Reads rows of one run on a task of its own.
async fn fetch(
    files: &Arc<RunFiles>,
    job: &Job,
    columns: &[String],
    positions: Vec<u64>,
) -> Result<Fetched, CompareError> {
    if columns.is_empty() {
        return Ok(positions.into_iter().map(|position| (position, Vec::new())).collect());
    }
    let read: Result<Vec<ReadColumn>, CompareError> = columns
        .iter()
        .map(|name| {
            check_castable(&job.candidate.schema, name, &DataType::Utf8, "what a report shows")?;
            Ok(job.column(name, false)?)
        })
        .collect();
    let (files, read) = (Arc::clone(files), read?);
    let task = tokio::spawn(async move { rows_at(&files, &read, &positions).await });
    let rows = task
        .await
        .map_err(|e| CompareError::Arrow(format!("a task failed: {e}")))?;
    Ok(rows?)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call, of things that have nothing else in common"
)]
fn sample(
    id: String,
    outcome: &str,
    ranked: &Ranked,
    pass: &Pass,
    job: &Job,
    columns: &[String],
    old: &Fetched,
    new: &Fetched,
    shows: &[Shows; 2],
) -> Sample {
    let row = &ranked.row;
    let reader = RowReader { job, columns };
    let roles = &job.roles;
    let fetched = [(row.positions[0], old), (row.positions[1], new)].map(|(at, rows)| at.and_then(|at| rows.get(&at)));
    let answer = |side: usize| {
        let position = row.positions[side]?;
        let (word, fetched) = (row.labels[side], fetched[side]);
        let label = |name: &String, code: u64, missing: u64| match reader.is_hidden(name) {
            true => Some(HIDDEN.to_string()),
            false if !roles.kind().has_labels() => reader.value(fetched, name),
            false if word & missing != 0 => None,
            false => pass.labels.get((code & LABEL_MASK) as usize).map(|t| t.to_string()),
        };
        let confidence = roles.confidence.as_ref().filter(|name| !reader.is_hidden(name));
        Some(Answer {
            truth: roles.truth.as_ref().and_then(|truth| label(truth, word, NO_TRUTH)),
            prediction: label(&roles.prediction, word >> LABEL_BITS, NO_PREDICTION),
            confidence: confidence.and(row.confidence[side]),
            status: reader.optional(fetched, &roles.status),
            error: reader.optional(fetched, &roles.error),
            latency_ms: roles.latency.as_ref().and_then(|name| reader.number(fetched, name)),
            payload: shown(job).map(|c| reader.value(fetched, c)).collect(),
            scores: scores(roles).map(|name| reader.number(fetched, name)).collect(),
            media: shows[side].of(position),
            trials: repeats::of_sample(row.trials[side]),
        })
    };
    let slice = |(i, name): (usize, &String)| {
        let code = row
            .slices
            .get(i / SLICES_PER_WORD)
            .map_or(0, |w| (w >> (16 * (i % SLICES_PER_WORD))) & 0xFFFF);
        let value = match reader.is_hidden(name) {
            true => Some(HIDDEN.into()),
            false => pass.slice_value(i, code),
        };
        (name.clone(), value)
    };
    Sample {
        id,
        key: if roles.key.iter().any(|k| reader.is_hidden(k)) {
            vec![HIDDEN.into()]
        } else if let [_] = roles.key.as_slice() {
            vec![ranked.key.clone()]
        } else {
            let leading = fetched[1].or(fetched[0]);
            let part = |k: &String| reader.value(leading, k).unwrap_or_default();
            roles.key.iter().map(part).collect()
        },
        outcome: outcome.to_string(),
        baseline: answer(0),
        candidate: answer(1),
        slices: roles.slices.iter().enumerate().map(slice).collect(),
    }
}

/// Reads one fetched row by column name; hidden columns read as such.
struct RowReader<'a> {
    job: &'a Job,
    columns: &'a [String],
}

impl RowReader<'_> {
    fn is_hidden(&self, name: &str) -> bool {
        let options = &self.job.options;
        options.hide.iter().any(|h| h == name) || (options.no_payload && is_text(&self.job.roles, name))
    }

    fn value(&self, row: Option<&Vec<Option<String>>>, name: &str) -> Option<String> {
        if self.is_hidden(name) {
            return Some(HIDDEN.into());
        }
        self.columns
            .iter()
            .position(|c| c == name)
            .and_then(|i| row?.get(i)?.clone())
    }

    fn optional(&self, row: Option<&Vec<Option<String>>>, name: &Option<String>) -> Option<String> {
        name.as_ref().and_then(|n| self.value(row, n))
    }

    fn number(&self, row: Option<&Vec<Option<String>>>, name: &str) -> Option<f64> {
        let number: Option<f64> = match self.value(row, name)?.as_str() {
            "true" => Some(1.0),
            "false" => Some(0.0),
            text => text.parse().ok(),
        };
        number.filter(|number| number.is_finite())
    }
}
