//! Parquet: columns cast to the few types that the table has.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, nullif};
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::error::IngestError;
use super::raw::{BATCH_BYTES, BATCH_ROWS, RawBatch, RawColumn, RawKind, RawReader, Rows, check_names};
use super::types::{friendly, raw_type};

/// Where a pair of Hugging Face's datasets holds an image or a sound.
const BYTES: &str = "bytes";

/// Reads a Parquet file.
pub(crate) struct ParquetReader {
    file: PathBuf,
    columns: Vec<RawColumn>,
    reader: ParquetRecordBatchReader,
    next_row: u64,
}

impl ParquetReader {
    /// Opens a file, of whose columns `media` may hold bytes.
    pub(crate) fn new(file: PathBuf, handle: File, media: &[String]) -> Result<Self, IngestError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(handle).map_err(|e| corrupt(&file, &e))?;
        let fields = builder.schema().fields().clone();
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        check_names(&file, &names)?;
        let columns: Vec<RawColumn> = fields
            .iter()
            .map(|field| RawColumn {
                name: field.name().clone(),
                kind: match raw_type(field.data_type()) {
                    Some(found) => RawKind::Typed(found),
                    None if media.contains(field.name()) && holds_bytes(field.data_type()) => {
                        RawKind::Typed(DataType::LargeBinary)
                    }
                    None => RawKind::Unusable(friendly(field.data_type()).to_owned()),
                },
            })
            .collect();
        let usable = columns
            .iter()
            .enumerate()
            .filter(|(_, c)| matches!(c.kind, RawKind::Typed(_)));
        let mask = ProjectionMask::roots(builder.parquet_schema(), usable.map(|(index, _)| index));
        let widest = builder.metadata().row_groups().iter().map(|group| {
            let (rows, bytes) = (group.num_rows().max(1), group.total_byte_size().max(0));
            usize::try_from(bytes / rows).unwrap_or(usize::MAX)
        });
        let row_bytes = widest.max().unwrap_or(0).max(1);
        let rows = (BATCH_BYTES / row_bytes).clamp(1, BATCH_ROWS);
        let reader = builder
            .with_projection(mask)
            .with_batch_size(rows)
            .build()
            .map_err(|e| corrupt(&file, &e))?;
        Ok(ParquetReader {
            file,
            columns,
            reader,
            next_row: 1,
        })
    }
}

/// The columns of a Parquet file.
pub(crate) fn schema(file: &std::path::Path, handle: &File) -> Result<SchemaRef, IngestError> {
    let handle = handle.try_clone().map_err(|e| corrupt(file, &e))?;
    let metadata = ArrowReaderMetadata::load(&handle, ArrowReaderOptions::default()).map_err(|e| corrupt(file, &e))?;
    Ok(Arc::clone(metadata.schema()))
}

impl RawReader for ParquetReader {
    fn columns(&self) -> &[RawColumn] {
        &self.columns
    }

    fn next_batch(&mut self) -> Result<Option<RawBatch>, IngestError> {
        let Some(batch) = self.reader.next() else {
            return Ok(None);
        };
        let batch = batch.map_err(|e| corrupt(&self.file, &e))?;
        let rows = batch.num_rows();
        let mut arrays = batch.columns().iter();
        let options = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let array: ArrayRef = match (&column.kind, arrays.as_slice()) {
                (RawKind::Typed(wanted), [array, ..]) => {
                    arrays.next();
                    let array = match array.as_struct_opt() {
                        Some(pair) => bytes_of(pair).map_err(|e| corrupt(&self.file, &e))?,
                        None => Arc::clone(array),
                    };
                    cast_with_options(&array, wanted, &options).map_err(|e| corrupt(&self.file, &e))?
                }
                _ => new_null_array(&DataType::Null, rows),
            };
            columns.push(array);
        }
        let at = Rows::From(self.next_row);
        self.next_row += rows as u64;
        Ok(Some(RawBatch { columns, rows, at }))
    }
}

/// Whether values are bytes, or the pair of `bytes` and `path` as which Hugging Face's datasets keep images and sounds.
fn holds_bytes(found: &DataType) -> bool {
    match found {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => true,
        DataType::Struct(fields) => fields
            .iter()
            .any(|field| field.name() == BYTES && !field.data_type().is_nested() && holds_bytes(field.data_type())),
        _ => false,
    }
}

/// The bytes of such pairs.
fn bytes_of(pairs: &StructArray) -> Result<ArrayRef, arrow::error::ArrowError> {
    let bytes = pairs
        .column_by_name(BYTES)
        .map_or_else(|| new_null_array(&DataType::LargeBinary, pairs.len()), Arc::clone);
    // A pair that is null may still lie over bytes.
    match pairs.nulls() {
        Some(_) => nullif(&bytes, &arrow::compute::is_null(pairs)?),
        None => Ok(bytes),
    }
}

fn corrupt(file: &std::path::Path, error: &dyn std::fmt::Display) -> IngestError {
    IngestError::Corrupt {
        file: file.to_owned(),
        format: "Parquet",
        reason: error.to_string(),
    }
}
