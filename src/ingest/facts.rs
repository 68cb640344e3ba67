//! What a pass over one side (the predictions, or the golden dataset) learns of each column.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};

use super::error::IngestError;
use super::raw::{RawBatch, RawColumn, RawKind};
use super::roles::{Parts, Side};
use super::types::{Looks, Soft, friendly, looks};

/// Values of one slice column at most.
pub(crate) const MAX_SLICE_VALUES: usize = 1000;

/// One column over all files of a side.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnFacts {
    pub(crate) name: String,
    /// The first file that has it.
    pub(crate) file: PathBuf,
    /// The type that a file states, and which file.
    pub(crate) stated: Option<(DataType, PathBuf)>,
    /// What the cells of CSV files could be, and the first such file.
    pub(crate) soft: Soft,
    pub(crate) soft_file: Option<PathBuf>,
    /// A type that no column can have, and which file.
    pub(crate) unusable: Option<(String, PathBuf)>,
    /// Cells that are not null.
    pub(crate) values: u64,
    soft_values: u64,
    /// A decimal number with a fraction, as written.
    pub(crate) fraction: Option<String>,
    /// Hashes of the different values, up to one more than a slice may have.
    distinct: HashSet<u64>,
}

impl ColumnFacts {
    /// The type of the column over all files; `Null` when it has no values.
    pub(crate) fn data_type(&self) -> Result<DataType, IngestError> {
        let soft = (self.soft_values > 0).then(|| self.soft.data_type());
        let (stated, file) = match (&self.stated, soft) {
            (None, soft) => return Ok(soft.unwrap_or(DataType::Null)),
            (Some((DataType::Null, _)), Some(soft)) => return Ok(soft),
            (Some((stated, _)), None) => return Ok(stated.clone()),
            (Some((stated, _)), Some(soft)) if *stated == soft => return Ok(soft),
            (Some((DataType::Utf8, _)), Some(_)) => return Ok(DataType::Utf8),
            (Some((DataType::Float64, _)), Some(DataType::Int64)) => return Ok(DataType::Float64),
            (Some((DataType::Int64, _)), Some(DataType::Float64)) => return Ok(DataType::Float64),
            (Some((stated, file)), Some(_)) => (stated, file),
        };
        Err(IngestError::FilesDisagree {
            column: self.name.clone(),
            first: friendly(stated).to_owned(),
            first_file: file.clone(),
            second: friendly(&self.soft.data_type()).to_owned(),
            second_file: self.soft_file.clone().unwrap_or_default(),
        })
    }

    /// Whether every value came from a CSV file, whose text can be read as other types too.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.stated, None | Some((DataType::Null, _)))
    }

    /// The different values, or `None` beyond what a slice may have.
    pub(crate) fn distinct(&self) -> Option<usize> {
        (self.distinct.len() <= MAX_SLICE_VALUES).then_some(self.distinct.len())
    }

    fn state(&mut self, found: &DataType, file: &Path) -> Result<(), IngestError> {
        let Some((before, first_file)) = &mut self.stated else {
            self.stated = Some((found.clone(), file.to_owned()));
            return Ok(());
        };
        match (&*before, found) {
            (before, found) if before == found => {}
            (_, DataType::Null) | (DataType::Float64, DataType::Int64 | DataType::UInt64) => {}
            (DataType::UInt64, DataType::Int64) => {}
            (DataType::Null, _) | (DataType::Int64 | DataType::UInt64, DataType::Float64) => {
                self.stated = Some((found.clone(), file.to_owned()));
            }
            (DataType::Int64, DataType::UInt64) => *before = DataType::UInt64,
            _ => {
                return Err(IngestError::FilesDisagree {
                    column: self.name.clone(),
                    first: friendly(before).to_owned(),
                    first_file: first_file.clone(),
                    second: friendly(found).to_owned(),
                    second_file: file.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn take_in(&mut self, array: &dyn Array, open: bool, judge: bool) {
        self.values += (array.len() - array.logical_null_count()) as u64;
        match array.data_type() {
            DataType::Utf8 => {
                for value in array.as_string::<i32>().iter().flatten() {
                    if (judge || open) && !(self.soft.is_text() && self.fraction.is_some()) {
                        self.judge(value, open);
                    }
                    self.count(value);
                }
            }
            DataType::Boolean => array.as_boolean().iter().flatten().for_each(|value| self.count(&value)),
            DataType::Int64 => {
                array
                    .as_primitive::<Int64Type>()
                    .iter()
                    .flatten()
                    .for_each(|value| self.count(&value));
            }
            DataType::Date32 => {
                array
                    .as_primitive::<Date32Type>()
                    .iter()
                    .flatten()
                    .for_each(|value| self.count(&value));
            }
            DataType::Float64 if self.fraction.is_none() => {
                let mut values = array.as_primitive::<Float64Type>().iter().flatten();
                self.fraction = values.find(|value| value.fract() != 0.0).map(|value| value.to_string());
            }
            _ => {}
        }
    }

    fn judge(&mut self, value: &str, open: bool) {
        if open && self.soft.is_text() {
            return;
        }
        let looks = looks(value);
        if open {
            self.soft.meet(looks);
            self.soft_values += 1;
        }
        if looks == Looks::Decimal && self.fraction.is_none() {
            self.fraction = Some(value.to_owned());
        }
    }

    fn count(&mut self, value: &(impl Hash + ?Sized)) {
        if self.distinct.len() <= MAX_SLICE_VALUES {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            self.distinct.insert(hasher.finish());
        }
    }
}

/// All columns of one side, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    columns: Vec<ColumnFacts>,
    index: HashMap<String, usize>,
    pub(crate) rows: u64,
}

impl Facts {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ColumnFacts> {
        self.columns.iter()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&ColumnFacts> {
        self.index.get(name).and_then(|index| self.columns.get(*index))
    }

    fn entry(&mut self, name: &str, file: &Path) -> usize {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let index = self.columns.len();
        self.index.insert(name.to_owned(), index);
        self.columns.push(ColumnFacts {
            name: name.to_owned(),
            file: file.to_owned(),
            ..ColumnFacts::default()
        });
        index
    }

    /// Takes in one batch of a file.
    pub(crate) fn batch(&mut self, file: &Path, columns: &[RawColumn], batch: &RawBatch) {
        self.rows += batch.rows as u64;
        for (column, array) in columns.iter().zip(&batch.columns) {
            let index = self.entry(&column.name, file);
            let open = column.kind == RawKind::Open;
            let judge = column.kind == RawKind::Stated(DataType::Float64);
            if let Some(facts) = self.columns.get_mut(index) {
                if open && facts.soft_file.is_none() {
                    facts.soft_file = Some(file.to_owned());
                }
                facts.take_in(array, open, judge);
            }
        }
    }

    /// Takes in the types of a file that was read to its end (or of its head).
    pub(crate) fn close(&mut self, file: &Path, columns: &[RawColumn]) -> Result<(), IngestError> {
        for column in columns {
            let index = self.entry(&column.name, file);
            let Some(facts) = self.columns.get_mut(index) else {
                continue;
            };
            match &column.kind {
                RawKind::Open => {}
                RawKind::Stated(found) | RawKind::Typed(found) => facts.state(found, file)?,
                RawKind::Unusable(name) => {
                    facts.unusable.get_or_insert_with(|| (name.clone(), file.to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// Refuses declared slice columns of one side that have too many values.
pub(crate) fn check_slices(facts: &Facts, parts: &Parts, side: Side) -> Result<(), IngestError> {
    for (_, name) in parts.slices.iter().filter(|(of, _)| *of == side) {
        if let Some(column) = facts.get(name).filter(|column| column.distinct().is_none()) {
            return Err(IngestError::TooManySliceValues {
                file: column.file.clone(),
                column: name.clone(),
                rows: facts.rows,
                max: MAX_SLICE_VALUES,
            });
        }
    }
    Ok(())
}
