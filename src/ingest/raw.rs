//! What the readers of all formats have in common: batches of untyped or typed columns, with their places.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::DataType;

use super::error::{IngestError, Place};
use super::format::{Opened, TextInput, open};
use super::logs::{self, Declared};
use super::spec::InputFormat;
use super::{csv, jsonl, parquet};

/// Rows of one batch at most.
pub(crate) const BATCH_ROWS: usize = 8192;
/// Bytes of one batch, more or less, so that long cells do not add up.
pub(crate) const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of one CSV record or JSON line at most.
pub(crate) const RECORD_BYTES: usize = 64 * 1024 * 1024;
/// Columns of one file at most.
pub(crate) const MAX_COLUMNS: usize = 2000;

/// What is known of a column's type before its values are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawKind {
    /// Text of a CSV file: its type is open.
    Open,
    /// Text of a type that the file states, as JSON does; `Null` when only nulls were seen so far.
    Stated(DataType),
    /// An array of that type.
    Typed(DataType),
    /// Lists, structs and other types that no column of the table has; named for people.
    Unusable(String),
}

/// A column of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawColumn {
    pub(crate) name: String,
    pub(crate) kind: RawKind,
}

/// Rows as they stand in a file.
pub(crate) struct RawBatch {
    /// One array for each column of the reader; nulls for unusable ones.
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) rows: usize,
    pub(crate) at: Rows,
}

/// Where the rows of a batch are.
pub(crate) enum Rows {
    /// The line on which each row begins.
    Lines(Vec<u64>),
    /// The number of the first row, from 1.
    From(u64),
}

impl Rows {
    pub(crate) fn place(&self, file: &Path, row: usize) -> Place {
        let (number, is_line) = match self {
            Rows::Lines(lines) => (lines.get(row).copied().unwrap_or(0), true),
            Rows::From(first) => (first + row as u64, false),
        };
        Place {
            file: file.to_owned(),
            number,
            is_line,
        }
    }
}

/// Reads one file batch by batch.
pub(crate) trait RawReader: Send {
    /// The columns seen so far; only JSONL learns of more while it reads.
    fn columns(&self) -> &[RawColumn];
    /// The next rows, or nothing at the end.
    fn next_batch(&mut self) -> Result<Option<RawBatch>, IngestError>;
    /// What the file says of its columns and of its run; only tools' logs say anything, and all of it at their end.
    fn declared(&self) -> Option<Declared> {
        None
    }
}

/// One input file.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) file: PathBuf,
    pub(crate) format: InputFormat,
    /// Columns of which bytes are taken; elsewhere they are dropped.
    pub(crate) media: Vec<String>,
}

impl Input {
    pub(crate) fn reader(&self) -> Result<Box<dyn RawReader>, IngestError> {
        Ok(match open(&self.file, self.format)? {
            Opened::Csv { input, delimiter } => Box::new(csv::CsvReader::new(input, delimiter)?),
            Opened::Jsonl(input) => Box::new(jsonl::JsonlReader::new(input)),
            Opened::Parquet(handle) => return self.parquet(handle),
            Opened::Log(log, input) => return logs::text_reader(log, &self.file, input, &|| self.text()),
            Opened::Archive(handle) => return logs::archive_reader(&self.file, handle),
        })
    }
}

impl Input {
    fn parquet(&self, handle: File) -> Result<Box<dyn RawReader>, IngestError> {
        let file = self.file.clone();
        let details = match self.format {
            InputFormat::Auto => logs::is_lighteval(&*parquet::schema(&file, &handle)?),
            format => format == InputFormat::Lighteval,
        };
        match details {
            true => logs::details_reader(file, handle),
            false => Ok(Box::new(parquet::ParquetReader::new(file, handle, &self.media)?)),
        }
    }

    /// The text of a file that was a text before.
    fn text(&self) -> Result<TextInput, IngestError> {
        match open(&self.file, self.format)? {
            Opened::Csv { input, .. } | Opened::Jsonl(input) | Opened::Log(_, input) => Ok(input),
            Opened::Parquet(_) | Opened::Archive(_) => Err(IngestError::Changed {
                reason: format!("{} is no text any more", self.file.display()),
            }),
        }
    }
}

/// Refuses headers that cannot name the columns of a table.
pub(crate) fn check_names(file: &Path, names: &[String]) -> Result<(), IngestError> {
    if names.len() > MAX_COLUMNS {
        return Err(IngestError::TooManyColumns {
            file: file.to_owned(),
            count: names.len(),
            max: MAX_COLUMNS,
        });
    }
    let mut seen = std::collections::HashSet::new();
    for (index, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(IngestError::UnnamedColumn {
                file: file.to_owned(),
                position: index + 1,
            });
        }
        if !seen.insert(name) {
            return Err(IngestError::DuplicateColumn {
                file: file.to_owned(),
                column: name.clone(),
            });
        }
    }
    Ok(())
}

/// Collects text cells into a batch.
#[derive(Default)]
pub(crate) struct TextBatch {
    pub(crate) columns: Vec<StringBuilder>,
    pub(crate) lines: Vec<u64>,
    pub(crate) bytes: usize,
}

impl TextBatch {
    pub(crate) fn full(&self) -> bool {
        self.lines.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    pub(crate) fn push(&mut self, column: usize, value: Option<&str>) {
        self.bytes += 4 + value.map_or(0, str::len);
        if let Some(builder) = self.columns.get_mut(column) {
            builder.append_option(value);
        }
    }

    /// The rows so far, leaving none; nothing if there are none.
    pub(crate) fn take(&mut self) -> Option<RawBatch> {
        if self.lines.is_empty() {
            return None;
        }
        self.bytes = 0;
        let columns = self
            .columns
            .iter_mut()
            .map(|b| Arc::new(b.finish()) as ArrayRef)
            .collect();
        let lines = std::mem::take(&mut self.lines);
        Some(RawBatch {
            columns,
            rows: lines.len(),
            at: Rows::Lines(lines),
        })
    }
}
