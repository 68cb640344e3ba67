//! Columns from the cells of records: new names become columns when they first appear, and types widen.

use std::collections::HashMap;
use std::path::PathBuf;

use arrow::array::ArrayBuilder;
use arrow::datatypes::DataType;
use serde_json::Value;

use super::super::error::IngestError;
use super::super::jsonl::late_column;
use super::super::raw::{MAX_COLUMNS, RawBatch, RawColumn, RawKind, RawReader, Rows, TextBatch};
use super::{Declared, Records};

/// Reads a log as the columns of a table.
pub(crate) struct LogReader {
    file: PathBuf,
    records: Box<dyn Records>,
    columns: Vec<RawColumn>,
    index: HashMap<String, usize>,
    batch: TextBatch,
}

impl LogReader {
    pub(crate) fn new(file: PathBuf, records: Box<dyn Records>) -> LogReader {
        LogReader {
            file,
            records,
            columns: Vec::new(),
            index: HashMap::new(),
            batch: TextBatch::default(),
        }
    }

    fn column(&mut self, name: String) -> Result<usize, IngestError> {
        if let Some(at) = self.index.get(&name) {
            return Ok(*at);
        }
        let at = self.columns.len();
        if at >= MAX_COLUMNS {
            return Err(IngestError::TooManyColumns {
                file: self.file.clone(),
                count: at + 1,
                max: MAX_COLUMNS,
            });
        }
        self.index.insert(name.clone(), at);
        self.columns.push(RawColumn {
            name,
            kind: RawKind::Stated(DataType::Null),
        });
        self.batch.columns.push(late_column(self.batch.lines.len()));
        Ok(at)
    }

    fn place(&mut self, name: String, value: &Value) -> Result<(), IngestError> {
        let at = self.column(name)?;
        let (text, found) = cell(value);
        self.batch.push(at, text.as_deref());
        if let Some(column) = self.columns.get_mut(at) {
            column.kind = widened(&column.kind, found);
        }
        Ok(())
    }
}

impl RawReader for LogReader {
    fn columns(&self) -> &[RawColumn] {
        &self.columns
    }

    fn next_batch(&mut self) -> Result<Option<RawBatch>, IngestError> {
        while !self.batch.full()
            && let Some(record) = self.records.next()?
        {
            for (name, value) in record.cells {
                self.place(name, &value)?;
            }
            self.batch.lines.push(record.number);
            let rows = self.batch.lines.len();
            for builder in &mut self.batch.columns {
                if builder.len() < rows {
                    builder.append_null();
                }
            }
        }
        let mut batch = self.batch.take();
        if let Some(batch) = &mut batch
            && !self.records.by_line()
            && let Rows::Lines(numbers) = &batch.at
        {
            batch.at = Rows::From(numbers.first().copied().unwrap_or(1));
        }
        Ok(batch)
    }

    fn declared(&self) -> Option<Declared> {
        Some(self.records.declared())
    }
}

/// A value as text, and its type.
fn cell(value: &Value) -> (Option<String>, RawKind) {
    let scalar = |text: String, data_type| (Some(text), RawKind::Stated(data_type));
    match value {
        Value::Null => (None, RawKind::Stated(DataType::Null)),
        Value::Bool(value) => scalar(value.to_string(), DataType::Boolean),
        Value::Number(number) if number.is_f64() => {
            scalar(format!("{:?}", number.as_f64().unwrap_or_default()), DataType::Float64)
        }
        Value::Number(number) if number.is_i64() => scalar(number.to_string(), DataType::Int64),
        Value::Number(number) => scalar(number.to_string(), DataType::Utf8),
        Value::String(text) => scalar(text.clone(), DataType::Utf8),
        Value::Array(_) => (None, RawKind::Unusable("a list".to_owned())),
        Value::Object(_) => (None, RawKind::Unusable("a structure".to_owned())),
    }
}

/// The type that holds both: what a tool notes of a sample may be a number here and a word there.
fn widened(before: &RawKind, found: RawKind) -> RawKind {
    match (before, &found) {
        (RawKind::Unusable(_), _) | (_, RawKind::Stated(DataType::Null)) => before.clone(),
        (RawKind::Stated(DataType::Null), _) | (_, RawKind::Unusable(_)) => found,
        (before, found) if before == found => found.clone(),
        (RawKind::Stated(DataType::Int64), RawKind::Stated(DataType::Float64))
        | (RawKind::Stated(DataType::Float64), RawKind::Stated(DataType::Int64)) => RawKind::Stated(DataType::Float64),
        _ => RawKind::Stated(DataType::Utf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_widen_rather_than_fail() {
        let of = |values: &[Value]| {
            let start = RawKind::Stated(DataType::Null);
            values.iter().fold(start, |kind, value| widened(&kind, cell(value).1))
        };
        let table: [(&[Value], DataType); 5] = [
            (&[Value::Null, 1.into()], DataType::Int64),
            (&[1.into(), 2.5.into(), 3.into()], DataType::Float64),
            (&[1.into(), "a".into()], DataType::Utf8),
            (&[true.into(), 1.into()], DataType::Utf8),
            (&[u64::MAX.into()], DataType::Utf8),
        ];
        for (values, expected) in table {
            assert_eq!(of(values), RawKind::Stated(expected), "{values:?}");
        }
        assert!(matches!(
            of(&[1.into(), Value::Array(Vec::new())]),
            RawKind::Unusable(_)
        ));
    }
}
