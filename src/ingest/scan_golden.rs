//! The first pass over the golden dataset.

use arrow::array::Array;

use super::bound::{check_golden, column};
use super::digest::{SampleDigest, key_hash};
use super::error::IngestError;
use super::facts::{Facts, check_slices};
use super::find::{batch_keys, find};
use super::golden::GoldenIndex;
use super::guess::RESERVED;
use super::raw::{Input, RawKind};
use super::roles::{Parts, Side};
use super::values::{blank_as_null, numbers, text};
use crate::model::Kind;

/// What the pass over the golden dataset found.
#[derive(Default)]
pub(crate) struct GoldenScan {
    pub(crate) facts: Facts,
    pub(crate) index: GoldenIndex,
    pub(crate) digest: SampleDigest,
}

/// Reads the golden dataset; `each_truth` is told the ground truth of every sample.
pub(crate) fn scan_golden(
    input: &Input,
    parts: &Parts,
    mut each_truth: impl FnMut(&str),
) -> Result<GoldenScan, IngestError> {
    let mut scan = GoldenScan::default();
    let mut reader = input.reader()?;
    let file = &input.file;
    while let Some(batch) = reader.next_batch()? {
        let columns = reader.columns();
        check_golden(file, columns, parts)?;
        scan.facts.batch(file, columns, &batch);
        check_slices(&scan.facts, parts, Side::Golden)?;
        let keys = batch_keys(input, &parts.golden_key, columns, &batch)?;
        let truth = match &parts.golden_truth {
            None => None,
            Some(name) => {
                let truth = blank_as_null(&column(columns, &batch, name));
                if parts.kind == Some(Kind::Numeric) {
                    numbers(&truth, name, &|row| batch.at.place(file, row))?;
                }
                let truth = text(&truth)?;
                if let Some(row) = (0..truth.len()).find(|row| truth.is_null(*row)) {
                    return Err(IngestError::NoTruth {
                        place: batch.at.place(file, row),
                        column: name.clone(),
                    });
                }
                Some(truth)
            }
        };
        truth.iter().flatten().flatten().for_each(&mut each_truth);
        for row in 0..batch.rows {
            scan.index
                .push(keys.value(row), truth.as_ref().map(|truth| truth.value(row)));
        }
        let mut contents = Vec::new();
        for found in columns {
            let role = parts.golden_key.contains(&found.name) || parts.golden_truth.as_ref() == Some(&found.name);
            if !role && !matches!(found.kind, RawKind::Unusable(_)) && !RESERVED.contains(&found.name.as_str()) {
                contents.push((found.name.as_str(), text(&column(columns, &batch, &found.name))?));
            }
        }
        scan.digest.batch(&keys, truth.as_ref(), &contents, |_| true);
    }
    scan.facts.close(file, reader.columns())?;
    if scan.facts.rows == 0 {
        return Err(IngestError::NoRows { file: file.clone() });
    }
    if let Some(hash) = scan.index.seal() {
        let (key, places) = find(std::slice::from_ref(input), &parts.golden_key, &|key| {
            key_hash(key) == hash
        })?;
        return Err(IngestError::DuplicateKey { key, places });
    }
    Ok(scan)
}
