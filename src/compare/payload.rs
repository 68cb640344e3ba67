//! The samples that get a page: chosen by the pass, their rows fetched by position.

use super::Job;
use super::encode::{LABEL_BITS, LABEL_MASK, SLICES_PER_WORD};
use super::error::CompareError;
use super::lists::{LISTS, SLICE_ORDER, sure};
use super::pass::Pass;
use super::plan::Sides;
use super::rank::{First, Ranked};
use crate::engine::files::{ReadColumn, RunFiles};
use crate::engine::lookup::rows_at;
use crate::model::samples::{Answer, SAMPLES_SCHEMA};
use crate::model::{ColumnRoles, Predicate, Sample, SampleList, SampleSet};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, UInt64Type};
use std::collections::BTreeMap;

/// Text that stands for a hidden value.
const HIDDEN: &str = "(hidden)";

pub(super) async fn samples(
    pass: &Pass,
    sides: &Sides,
    job: &Job,
    slices: &[(String, Vec<Predicate>)],
) -> Result<SampleSet, CompareError> {
    let mut lists = Vec::new();
    for (kind, first) in LISTS.iter().zip(&pass.tally.lists.firsts) {
        lists.push((
            kind.id.to_string(),
            kind.id.to_string(),
            kind.order,
            first.total,
            first.sorted(),
        ));
    }
    for (slug, first) in slice_lists(pass, job, slices)? {
        lists.push((
            format!("slice:{slug}"),
            "regressed".into(),
            SLICE_ORDER,
            first.total,
            first.sorted(),
        ));
    }
    let shown = shown(job);
    let columns = wanted(job, &shown);
    let chosen = || lists.iter().flat_map(|(_, _, _, _, samples)| samples);
    let old = fetch(&sides.baseline, job, &columns, chosen().filter_map(|r| r.baseline)).await?;
    let new = fetch(&sides.candidate, job, &columns, chosen().filter_map(|r| r.candidate)).await?;
    let mut samples = BTreeMap::new();
    for (_, outcome, _, _, ranked) in &lists {
        for r in ranked {
            let id = sample_id(&r.key);
            samples
                .entry(id.clone())
                .or_insert_with(|| sample(id, outcome, r, job, &columns, &old, &new));
        }
    }
    let mut hidden: Vec<String> = job.options.hide.clone();
    if job.options.no_payload {
        hidden.extend(payload_columns(&job.roles).filter(|c| !job.options.hide.contains(c)));
    }
    Ok(SampleSet {
        schema: SAMPLES_SCHEMA.to_string(),
        columns: shown,
        hidden,
        lists: lists
            .into_iter()
            .map(|(id, _, order, total, ranked)| SampleList {
                id,
                total,
                order: order.to_string(),
                ids: ranked.iter().map(|r| sample_id(&r.key)).collect(),
            })
            .collect(),
        samples,
    })
}

/// Name of a sample's page: the first 16 hex digits of its key's BLAKE3 digest.
fn sample_id(key: &str) -> String {
    blake3::hash(key.as_bytes()).to_hex().chars().take(16).collect()
}

/// The regressed samples of each slice, by one walk over the flips.
fn slice_lists(
    pass: &Pass,
    job: &Job,
    slices: &[(String, Vec<Predicate>)],
) -> Result<Vec<(String, First)>, CompareError> {
    let wanted: Vec<Vec<(usize, u64)>> = slices
        .iter()
        .map(|(_, predicates)| {
            let code = |p: &Predicate| {
                let column = pass.slice_names.iter().position(|n| *n == p.column)?;
                Some((column, pass.slice_code(column, p.value.as_deref())?))
            };
            predicates.iter().filter_map(code).collect()
        })
        .collect();
    let mut firsts: Vec<First> = slices.iter().map(|_| First::new(job.options.top)).collect();
    if slices.is_empty() {
        return Ok(Vec::new());
    }
    let words = pass.slice_names.len().div_ceil(SLICES_PER_WORD);
    for batch in pass.flips.read()? {
        let batch = batch?;
        let word = |i: usize| batch.column(i).as_primitive::<UInt64Type>();
        let keys = batch.column(0).as_string_view();
        let (positions, labels) = ([word(2), word(5 + words)], word(6 + words));
        let confidence = batch.column(7 + words).as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let label = labels.value(row);
            if label & LABEL_MASK == (label >> LABEL_BITS) & LABEL_MASK {
                continue;
            }
            let code =
                |c: usize| (word(8 + words + c / SLICES_PER_WORD).value(row) >> (16 * (c % SLICES_PER_WORD))) & 0xFFFF;
            for (first, predicates) in firsts.iter_mut().zip(&wanted) {
                if predicates.iter().all(|&(column, value)| code(column) == value) {
                    let rank = sure(confidence.is_valid(row).then(|| confidence.value(row)));
                    first.offer(
                        rank,
                        keys.value(row),
                        Some(positions[0].value(row)),
                        Some(positions[1].value(row)),
                    );
                }
            }
        }
    }
    Ok(slices.iter().map(|(slug, _)| slug.clone()).zip(firsts).collect())
}

/// Columns that hold inputs and outputs rather than labels.
fn payload_columns(roles: &ColumnRoles) -> impl Iterator<Item = String> + '_ {
    roles.show.iter().cloned()
}

/// Payload columns that may be shown.
fn shown(job: &Job) -> Vec<String> {
    let allowed = |c: &String| !job.options.no_payload && !job.options.hide.contains(c);
    job.roles.show.iter().filter(|c| allowed(c)).cloned().collect()
}

/// Everything to fetch of a row: labels, confidence, status, error, latency, slices, payload; each once.
fn wanted(job: &Job, shown: &[String]) -> Vec<String> {
    let roles = &job.roles;
    let optional = [&roles.confidence, &roles.status, &roles.error, &roles.latency];
    let all = [&roles.truth, &roles.prediction]
        .into_iter()
        .chain(optional.into_iter().flatten());
    let mut out: Vec<String> = Vec::new();
    for name in roles.key.iter().chain(all).chain(&roles.slices).chain(shown) {
        if !out.contains(name) && !job.options.hide.contains(name) {
            out.push(name.clone());
        }
    }
    out
}

type Fetched = BTreeMap<u64, Vec<Option<String>>>;

async fn fetch(
    files: &RunFiles,
    job: &Job,
    columns: &[String],
    positions: impl Iterator<Item = u64>,
) -> Result<Fetched, CompareError> {
    let mut read = Vec::with_capacity(columns.len());
    for name in columns {
        read.push(ReadColumn::of(&job.candidate.schema, name, false)?);
    }
    let positions: Vec<u64> = positions.collect();
    Ok(rows_at(files, &read, &positions).await?)
}

fn sample(
    id: String,
    outcome: &str,
    ranked: &Ranked,
    job: &Job,
    columns: &[String],
    old: &Fetched,
    new: &Fetched,
) -> Sample {
    let rows = [(ranked.baseline, old), (ranked.candidate, new)].map(|(at, rows)| at.and_then(|at| rows.get(&at)));
    let reader = RowReader { job, columns };
    let roles = &job.roles;
    let answer = |row: Option<&Vec<Option<String>>>| {
        row.map(|_| Answer {
            truth: reader.value(row, &roles.truth),
            prediction: reader.value(row, &roles.prediction),
            confidence: reader.number(row, &roles.confidence),
            status: reader.optional(row, &roles.status),
            error: reader.optional(row, &roles.error),
            latency_ms: reader.number(row, &roles.latency),
            payload: shown(job).iter().map(|c| reader.value(row, c)).collect(),
        })
    };
    let leading = rows[1].or(rows[0]);
    Sample {
        id,
        key: if roles.key.iter().any(|k| job.options.hide.contains(k)) {
            vec![HIDDEN.into()]
        } else if let [_] = roles.key.as_slice() {
            vec![ranked.key.clone()]
        } else {
            roles
                .key
                .iter()
                .map(|k| reader.value(leading, k).unwrap_or_default())
                .collect()
        },
        outcome: outcome.to_string(),
        baseline: answer(rows[0]),
        candidate: answer(rows[1]),
        slices: roles
            .slices
            .iter()
            .map(|s| (s.clone(), reader.value(leading, s)))
            .collect(),
    }
}

/// Reads one fetched row by column name; hidden columns read as such.
struct RowReader<'a> {
    job: &'a Job,
    columns: &'a [String],
}

impl RowReader<'_> {
    fn value(&self, row: Option<&Vec<Option<String>>>, name: &str) -> Option<String> {
        if self.job.options.hide.iter().any(|h| h == name) {
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

    fn number(&self, row: Option<&Vec<Option<String>>>, name: &Option<String>) -> Option<f64> {
        self.optional(row, name).and_then(|t| t.parse().ok())
    }
}
