//! Fetches rows by position, reading only the pages that hold them.

use super::error::EngineError;
use super::files::{ROW_BITS, ReadColumn, RunFiles};
use crate::store::{Absent, typed};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use futures::StreamExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use std::collections::BTreeMap;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 1024;
/// The same where each may have megabytes.
const MEDIA_ROWS: usize = 4;

/// The wanted columns of the rows at `positions`, as text; `None` for null. Keyed by position.
///
/// # Errors
/// Fails if a file cannot be read or a column cannot be shown as text.
pub async fn rows_at(
    files: &RunFiles,
    columns: &[ReadColumn],
    positions: &[u64],
) -> Result<BTreeMap<u64, Vec<Option<String>>>, EngineError> {
    let mut out = BTreeMap::new();
    batches_at(files, columns, positions, BATCH_ROWS, |positions, arrays| {
        let texts: Vec<Option<ArrayRef>> = arrays
            .iter()
            .map(|array| array.as_ref().map(|array| cast(array, &DataType::Utf8)).transpose())
            .collect::<Result<_, _>>()?;
        for (i, position) in positions.iter().enumerate() {
            let values = texts.iter().map(|t| t.as_ref().and_then(|a| value(a, i))).collect();
            out.insert(*position, values);
        }
        Ok(())
    })
    .await?;
    Ok(out)
}

/// A value that is bytes, or text that may stand for some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
}

/// Hands out the wanted columns of the rows at `positions`, row by row in their order, with the column's place among the
/// wanted ones. Nulls are passed over. Few rows are held at a time, since each may be large.
///
/// # Errors
/// Fails if a file cannot be read or a column holds neither bytes nor what can be shown as text.
pub async fn cells_at(
    files: &RunFiles,
    columns: &[ReadColumn],
    positions: &[u64],
    mut take: impl FnMut(u64, usize, Cell<'_>),
) -> Result<(), EngineError> {
    batches_at(files, columns, positions, MEDIA_ROWS, |positions, arrays| {
        let cells: Vec<Option<ArrayRef>> = arrays
            .iter()
            .map(|array| array.as_ref().map(|array| cast(array, &cell_type(array))).transpose())
            .collect::<Result<_, _>>()?;
        for (i, position) in positions.iter().enumerate() {
            let row = cells
                .iter()
                .enumerate()
                .filter_map(|(at, array)| Some((at, array.as_ref()?)));
            for (at, array) in row.filter(|(_, array)| array.is_valid(i)) {
                let cell = match array.as_binary_opt::<i64>() {
                    Some(bytes) => Cell::Bytes(bytes.value(i)),
                    None => Cell::Text(array.as_string::<i32>().value(i)),
                };
                take(*position, at, cell);
            }
        }
        Ok(())
    })
    .await
}

fn cell_type(array: &ArrayRef) -> DataType {
    match array.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::LargeBinary
        }
        _ => DataType::Utf8,
    }
}

/// Reads the rows at `positions` and hands them out batch by batch: their positions, and each wanted column, unless the
/// file lacks it and it has no default.
async fn batches_at(
    files: &RunFiles,
    columns: &[ReadColumn],
    positions: &[u64],
    batch_rows: usize,
    mut take: impl FnMut(&[u64], &[Option<ArrayRef>]) -> Result<(), ArrowError>,
) -> Result<(), EngineError> {
    let mut by_file: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for &position in positions {
        by_file
            .entry((position >> ROW_BITS) as usize)
            .or_default()
            .push(position & ((1 << ROW_BITS) - 1));
    }
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
            .with_batch_size(batch_rows)
            .build()
            .map_err(|e| fail(e.to_string()))?;
        let mut read = rows.iter();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|e| fail(e.to_string()))?;
            let array = |(root, absent): (&Option<usize>, &Absent)| match root {
                Some(root) => Ok(sorted
                    .binary_search(root)
                    .ok()
                    .and_then(|at| batch.columns().get(at))
                    .cloned()),
                None if *absent == Absent::Null => Ok(None),
                None => absent.rows(batch.num_rows()).map(Some),
            };
            let of_type = |(column, found): (&ReadColumn, _)| {
                let array: Option<ArrayRef> = array(found)?;
                array.map(|array| typed(&array, &column.data_type)).transpose()
            };
            let places = found.roots.iter().zip(&found.absent);
            let arrays: Result<Vec<Option<ArrayRef>>, ArrowError> = columns.iter().zip(places).map(of_type).collect();
            let arrays = arrays.map_err(|e| fail(e.to_string()))?;
            let rows = read.by_ref().take(batch.num_rows());
            let positions: Vec<u64> = rows.map(|row| ((index as u64) << ROW_BITS) | row).collect();
            take(&positions, &arrays).map_err(|e| fail(e.to_string()))?;
        }
    }
    Ok(())
}

fn value(array: &ArrayRef, row: usize) -> Option<String> {
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
