//! Fetches whole rows by position, reading only the pages that hold them.

use super::error::EngineError;
use super::files::{ROW_BITS, ReadColumn, RunFiles};
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use futures::StreamExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use std::collections::BTreeMap;

/// The wanted columns of the rows at `positions`, as text; `None` for null. Keyed by position.
///
/// # Errors
/// Fails if a file cannot be read or a column cannot be shown as text.
pub async fn rows_at(
    files: &RunFiles,
    columns: &[ReadColumn],
    positions: &[u64],
) -> Result<BTreeMap<u64, Vec<Option<String>>>, EngineError> {
    let mut by_file: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for &position in positions {
        by_file
            .entry((position >> ROW_BITS) as usize)
            .or_default()
            .push(position & ((1 << ROW_BITS) - 1));
    }
    let mut out = BTreeMap::new();
    for (index, mut rows) in by_file {
        rows.sort_unstable();
        rows.dedup();
        let Some(file) = files.files.get(index) else { continue };
        let fail = |reason: String| EngineError::Altered {
            path: file.file.path.clone(),
            reason,
        };
        let found = file.columns(columns)?;
        let mask = ProjectionMask::roots(
            file.metadata.file_metadata().schema_descr(),
            found.roots.iter().flatten().copied(),
        );
        let mut sorted: Vec<usize> = found.roots.iter().flatten().copied().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut stream = ParquetRecordBatchStreamBuilder::new_with_metadata(files.reader(file), found.metadata)
            .with_projection(mask)
            .with_row_selection(selection(&rows, file.file.rows))
            .with_batch_size(1024)
            .build()
            .map_err(|e| fail(e.to_string()))?;
        let mut read = rows.iter();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|e| fail(e.to_string()))?;
            let texts = texts(&batch, &found.roots, &sorted).map_err(|e| fail(e.to_string()))?;
            for i in 0..batch.num_rows() {
                let Some(row) = read.next() else { break };
                let values = texts.iter().map(|t| t.as_ref().and_then(|a| value(a, i))).collect();
                out.insert(((index as u64) << ROW_BITS) | row, values);
            }
        }
    }
    Ok(out)
}

fn texts(
    batch: &RecordBatch,
    roots: &[Option<usize>],
    sorted: &[usize],
) -> Result<Vec<Option<ArrayRef>>, arrow::error::ArrowError> {
    let text = |root: &Option<usize>| match root.and_then(|r| sorted.binary_search(&r).ok()) {
        Some(i) => cast(batch.column(i), &DataType::Utf8).map(Some),
        None => Ok(None),
    };
    roots.iter().map(text).collect()
}

fn value(array: &ArrayRef, row: usize) -> Option<String> {
    use arrow::array::Array;
    let array = array.as_string::<i32>();
    array.is_valid(row).then(|| array.value(row).to_string())
}

fn selection(rows: &[u64], total: u64) -> RowSelection {
    let mut selectors = Vec::with_capacity(rows.len() * 2 + 1);
    let mut at = 0u64;
    for &row in rows {
        if row > at {
            selectors.push(RowSelector::skip((row - at) as usize));
        }
        selectors.push(RowSelector::select(1));
        at = row + 1;
    }
    if total > at {
        selectors.push(RowSelector::skip((total - at) as usize));
    }
    RowSelection::from(selectors)
}
