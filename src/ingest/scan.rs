//! The first pass over the predictions: reads every row once, judges it, and counts.

use std::collections::HashSet;
use std::path::PathBuf;

use arrow::array::{Array, StringArray};

use super::bound::{check_types, column};
use super::digest::{SampleDigest, key_hash};
use super::error::{IngestError, Place};
use super::facts::{Facts, check_slices};
use super::find::batch_keys;
use super::golden::{GoldenIndex, Match};
use super::guess::{INPUTS, KEY, PREDICTION, TRUTH, plain};
use super::raw::{Input, RawBatch, RawColumn};
use super::roles::{Parts, Side};
use super::spec::InputCounts;
use super::values::{Status, blank_as_null, confidence, numbers, probabilities, statuses, text};
use crate::model::Kind;

/// What the pass over the predictions found.
#[derive(Default)]
pub(crate) struct PredictionScan {
    pub(crate) facts: Facts,
    pub(crate) counts: InputCounts,
    pub(crate) digest: SampleDigest,
    /// Whether the keys ascend already, over all files.
    pub(crate) sorted: bool,
    /// The columns of each file.
    pub(crate) files: Vec<(PathBuf, Vec<String>)>,
    last_key: Option<String>,
    /// Keys of samples in the digest, where a sample has several rows.
    sampled: HashSet<u128>,
    stray: Option<(String, Place)>,
    strays: u64,
}

/// Reads all prediction files.
pub(crate) fn predictions(
    inputs: &[Input],
    parts: &Parts,
    mut golden: Option<(&Input, &mut GoldenIndex)>,
    progress: &dyn Fn(u64),
) -> Result<PredictionScan, IngestError> {
    let mut scan = PredictionScan {
        sorted: true,
        ..PredictionScan::default()
    };
    for input in inputs {
        let before = scan.facts.rows;
        let mut reader = input.reader()?;
        if inputs.len() > 1 && !reader.columns().is_empty() {
            check_columns(input, reader.columns(), parts)?;
        }
        while let Some(batch) = reader.next_batch()? {
            check_types(&input.file, reader.columns(), parts)?;
            let index = golden.as_mut().map(|(_, index)| &mut **index);
            scan.batch(input, reader.columns(), &batch, parts, index)?;
            progress(scan.facts.rows);
        }
        check_columns(input, reader.columns(), parts)?;
        scan.facts.close(&input.file, reader.columns())?;
        if scan.facts.rows == before {
            return Err(IngestError::NoRows {
                file: input.file.clone(),
            });
        }
        let names = reader.columns().iter().map(|column| column.name.clone()).collect();
        scan.files.push((input.file.clone(), names));
    }
    scan.counts.rows = scan.facts.rows;
    if let Some((input, index)) = golden {
        scan.counts.golden_samples = index.len();
        scan.counts.golden_without_prediction = index.unmet();
        if let Some((key, place)) = scan.stray.take() {
            let (count, rows) = (scan.strays, scan.facts.rows);
            return Err(IngestError::NotInGolden {
                golden: input.file.clone(),
                key,
                place,
                count,
                rows,
            });
        }
    }
    Ok(scan)
}

impl PredictionScan {
    fn batch(
        &mut self,
        input: &Input,
        columns: &[RawColumn],
        batch: &RawBatch,
        parts: &Parts,
        golden: Option<&mut GoldenIndex>,
    ) -> Result<(), IngestError> {
        let place = |row: usize| batch.at.place(&input.file, row);
        let named = |name: &str| column(columns, batch, name);
        self.facts.batch(&input.file, columns, batch);
        check_slices(&self.facts, parts, Side::Predictions)?;
        let keys = batch_keys(input, &parts.key, columns, batch)?;
        match &parts.repeat {
            // Trials of a sample have one key: they have to be sorted by both.
            Some(repeat) => {
                batch_keys(input, std::slice::from_ref(repeat), columns, batch)?;
                self.sorted = false;
            }
            None => self.follow_order(&keys),
        }

        let status = match &parts.status {
            Some(name) => statuses(&named(name), name, &place)?,
            None => vec![Status::Ok; batch.rows],
        };
        let of = |wanted: Status| status.iter().filter(|status| **status == wanted).count() as u64;
        self.counts.errored += of(Status::Error);
        self.counts.skipped += of(Status::Skipped);
        let prediction = blank_as_null(&column(columns, batch, &parts.prediction));
        let prediction = text(&prediction)?;
        let silent = |row: &usize| prediction.is_null(*row) && status.get(*row) == Some(&Status::Ok);
        self.counts.no_prediction += (0..batch.rows).filter(silent).count() as u64;

        if let Some(name) = &parts.confidence {
            let (values, nan) = confidence(&named(name), name, &place)?;
            self.counts.null_confidence += values.null_count() as u64;
            self.counts.nan_confidence += nan;
        }
        for score in &parts.scores {
            numbers(&named(&score.column), &score.column, &place)?;
        }
        if let Some(name) = &parts.positive {
            probabilities(&named(name), name, &place)?;
        }
        if parts.kind == Some(Kind::Numeric) {
            let own = parts.truth.iter().filter(|_| parts.golden_truth.is_none());
            for name in own.chain([&parts.prediction]) {
                numbers(&named(name), name, &place)?;
            }
        }
        let truth = match &parts.truth {
            Some(name) => Some(text(&blank_as_null(&named(name)))?),
            None => None,
        };
        let text_kind = parts.kind == Some(Kind::Text);
        if let (Some(truth), Some(name), None, false) = (&truth, &parts.truth, &parts.golden_truth, text_kind) {
            self.counts.no_truth += truth.null_count() as u64;
            let lost = |row: &usize| truth.is_null(*row) && status.get(*row) == Some(&Status::Ok);
            if let Some(row) = (0..batch.rows).find(lost) {
                return Err(IngestError::NoTruth {
                    place: place(row),
                    column: name.clone(),
                });
            }
        }
        match golden {
            Some(index) => self.probe(
                index,
                &keys,
                truth.as_ref().filter(|_| parts.golden_truth.is_some()),
                &place,
            ),
            None => {
                let mut contents = Vec::new();
                let declared = |name: &String| parts.slices.iter().any(|(_, slice)| slice == name);
                for found in columns {
                    let input = INPUTS.contains(&plain(&found.name).as_str());
                    let shown = parts.show.iter().any(|(_, show)| *show == found.name);
                    if (input && shown) || declared(&found.name) {
                        contents.push((found.name.as_str(), text(&column(columns, batch, &found.name))?));
                    }
                }
                let first = |row: usize| parts.repeat.is_none() || self.sampled.insert(key_hash(keys.value(row)));
                self.digest.batch(&keys, truth.as_ref(), &contents, first);
            }
        }
        Ok(())
    }

    fn follow_order(&mut self, keys: &StringArray) {
        if !self.sorted || keys.is_empty() {
            return;
        }
        let ascend = (1..keys.len()).all(|row| keys.value(row - 1) < keys.value(row));
        self.sorted = ascend && self.last_key.as_deref().is_none_or(|last| last < keys.value(0));
        self.last_key = Some(keys.value(keys.len() - 1).to_owned());
    }

    fn probe(
        &mut self,
        index: &mut GoldenIndex,
        keys: &StringArray,
        truth: Option<&StringArray>,
        place: &dyn Fn(usize) -> Place,
    ) {
        for row in 0..keys.len() {
            let truth = truth.filter(|truth| truth.is_valid(row)).map(|truth| truth.value(row));
            match index.meet(keys.value(row), truth) {
                Match::SameTruth => {}
                Match::OtherTruth => self.counts.truth_differs += 1,
                Match::Missing => {
                    self.strays += 1;
                    if self.stray.is_none() {
                        self.stray = Some((keys.value(row).to_owned(), place(row)));
                    }
                }
            }
        }
    }
}

/// Every file needs the columns that no row can do without.
fn check_columns(input: &Input, columns: &[RawColumn], parts: &Parts) -> Result<(), IngestError> {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let truth = parts
        .truth
        .iter()
        .filter(|_| parts.golden_truth.is_none())
        .map(|name| (name, &TRUTH));
    let needed = parts
        .key
        .iter()
        .map(|name| (name, &KEY))
        .chain([(&parts.prediction, &PREDICTION)])
        .chain(truth);
    for (name, role) in needed {
        if !names.is_empty() && !names.contains(name) {
            return Err(role.missing(&input.file, name, &names));
        }
    }
    Ok(())
}
