//! JSON lines: one object per line, its scalars as text, their types as they are met.

use std::collections::HashMap;

use arrow::array::{Array, StringBuilder};
use arrow::datatypes::DataType;
use serde::de::DeserializeSeed;

use super::error::{IngestError, Place};
use super::format::TextInput;
use super::jsonrow::RowSeed;
use super::raw::{MAX_COLUMNS, RECORD_BYTES, RawBatch, RawColumn, RawKind, RawReader, TextBatch};
use super::types::friendly;

/// Reads a JSONL file; new fields become columns when they first appear.
pub(crate) struct JsonlReader {
    input: TextInput,
    line: u64,
    buffer: Vec<u8>,
    columns: Vec<RawColumn>,
    index: HashMap<String, usize>,
    /// The line that gave each column its type.
    typed_on: Vec<u64>,
    batch: TextBatch,
}

impl JsonlReader {
    pub(crate) fn new(input: TextInput) -> Self {
        JsonlReader {
            input,
            line: 0,
            buffer: Vec::new(),
            columns: Vec::new(),
            index: HashMap::new(),
            typed_on: Vec::new(),
            batch: TextBatch::default(),
        }
    }

    fn place(&self) -> Place {
        Place::line(&self.input.file, self.line)
    }

    /// Puts the next line that is not blank into the buffer.
    fn next_line(&mut self) -> Result<bool, IngestError> {
        loop {
            self.buffer.clear();
            if !self.input.line(&mut self.buffer, RECORD_BYTES as u64)? {
                return Ok(false);
            }
            self.line += 1;
            if self.buffer.len() >= RECORD_BYTES {
                let reason = "the line is longer than 64 MiB".to_owned();
                return Err(IngestError::BadRecord {
                    place: self.place(),
                    reason,
                });
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn row(&mut self) -> Result<(), IngestError> {
        let place = self.place();
        let Ok(text) = std::str::from_utf8(&self.buffer) else {
            return Err(IngestError::InvalidUtf8 { place });
        };
        let text = text.trim_ascii();
        let found = match text.as_bytes().first() {
            Some(b'[') => Some("an array"),
            Some(b'"') => Some("a string"),
            Some(b'0'..=b'9' | b'-') => Some("a number"),
            _ if matches!(text, "true" | "false") => Some("a boolean"),
            _ if text == "null" => Some("null"),
            _ => None,
        };
        if let Some(found) = found {
            return Err(IngestError::NotObject { place, found });
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        let mut parser = serde_json::Deserializer::from_str(text);
        let seed = RowSeed {
            index: &mut self.index,
            batch: &mut self.batch,
            cells: &mut cells,
        };
        let parsed = seed.deserialize(&mut parser).and_then(|()| parser.end());
        if let Err(error) = parsed {
            let mut reason = error.to_string();
            if let Some(cut) = reason.rfind(" at line ") {
                reason.truncate(cut);
            }
            if text.contains("NaN") || text.contains("Infinity") {
                reason.push_str(" (NaN or Infinity)");
            }
            return Err(IngestError::InvalidJson { place, reason });
        }
        for (column, found) in cells {
            self.meet(column, found)?;
        }
        self.batch.lines.push(self.line);
        let rows = self.batch.lines.len();
        for builder in &mut self.batch.columns {
            if arrow::array::ArrayBuilder::len(builder) < rows {
                builder.append_null();
            }
        }
        Ok(())
    }

    /// Merges the type met in a cell into its column's.
    fn meet(&mut self, column: usize, found: Found) -> Result<(), IngestError> {
        if column >= self.columns.len() {
            if self.index.len() > MAX_COLUMNS {
                let (file, count) = (self.input.file.clone(), self.index.len());
                return Err(IngestError::TooManyColumns {
                    file,
                    count,
                    max: MAX_COLUMNS,
                });
            }
            let name = self
                .index
                .iter()
                .find(|(_, at)| **at == column)
                .map(|(name, _)| name.clone());
            let name = name.unwrap_or_default();
            if name.trim().is_empty() {
                return Err(IngestError::UnnamedColumn {
                    file: self.input.file.clone(),
                    position: column + 1,
                });
            }
            self.columns.push(RawColumn {
                name,
                kind: RawKind::Stated(DataType::Null),
            });
            self.typed_on.push(self.line);
        }
        let place = self.place();
        let (Some(known), Some(typed_on)) = (self.columns.get_mut(column), self.typed_on.get_mut(column)) else {
            return Ok(());
        };
        let found = match found {
            Found::Null => return Ok(()),
            Found::Nested(name) => {
                known.kind = RawKind::Unusable(name.to_owned());
                return Ok(());
            }
            Found::Scalar(found) => found,
        };
        let RawKind::Stated(before) = &known.kind else {
            return Ok(());
        };
        match (before, &found) {
            (before, found) if before == found => {}
            (DataType::Float64, DataType::Int64) => {}
            (DataType::Null, _) | (DataType::Int64, DataType::Float64) => {
                known.kind = RawKind::Stated(found);
                *typed_on = self.line;
            }
            _ => {
                return Err(IngestError::MixedTypes {
                    place,
                    column: known.name.clone(),
                    found: friendly(&found),
                    before: friendly(before),
                    before_line: *typed_on,
                });
            }
        }
        Ok(())
    }
}

impl RawReader for JsonlReader {
    fn columns(&self) -> &[RawColumn] {
        &self.columns
    }

    fn next_batch(&mut self) -> Result<Option<RawBatch>, IngestError> {
        while !self.batch.full() && self.next_line()? {
            self.row()?;
        }
        Ok(self.batch.take())
    }
}

/// The type of one JSON value.
pub(crate) enum Found {
    Null,
    Scalar(DataType),
    Nested(&'static str),
}

/// A builder for a column that first appears after some rows of a batch.
pub(crate) fn late_column(rows: usize) -> StringBuilder {
    let mut builder = StringBuilder::new();
    builder.append_nulls(rows);
    debug_assert_eq!(builder.finish_cloned().len(), rows);
    builder
}
