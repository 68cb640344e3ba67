//! The parts of a reader's columns, by position.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::DataType;

use super::error::IngestError;
use super::guess::{CONFIDENCE, KEY, POSITIVE, PREDICTION, REPEAT, Role, SCORE, STATUS, TRUTH};
use super::raw::{RawBatch, RawColumn, RawKind};
use super::roles::Parts;
use super::types::friendly;

/// The column of a batch by name; nulls where the file has no such column (yet).
pub(crate) fn column(columns: &[RawColumn], batch: &RawBatch, name: &str) -> ArrayRef {
    let index = columns.iter().position(|column| column.name == name);
    let array = index.and_then(|index| batch.columns.get(index));
    array.map_or_else(|| new_null_array(&DataType::Null, batch.rows), Arc::clone)
}

/// Refuses columns whose type cannot play the part that they were given.
pub(crate) fn check_types(file: &Path, columns: &[RawColumn], parts: &Parts) -> Result<(), IngestError> {
    for name in &parts.key {
        check_key(file, columns, name)?;
    }
    let labels = [(Some(&parts.prediction), &PREDICTION), (parts.truth.as_ref(), &TRUTH)];
    for (name, role) in labels {
        refuse(file, columns, name, role, |found| {
            !found.is_temporal() && !matches!(found, DataType::Decimal128(..))
        })?;
    }
    refuse(file, columns, parts.confidence.as_ref(), &CONFIDENCE, |found| {
        found.is_numeric() || found.is_null()
    })?;
    let numbers = parts.scores.iter().map(|score| (&score.column, &SCORE));
    for (name, role) in numbers.chain(parts.positive.iter().map(|name| (name, &POSITIVE))) {
        refuse(file, columns, Some(name), role, |found| {
            found.is_numeric() || found.is_null() || *found == DataType::Boolean
        })?;
    }
    refuse(file, columns, parts.repeat.as_ref(), &REPEAT, |found| {
        matches!(found, DataType::Utf8 | DataType::Int64 | DataType::Null)
    })?;
    refuse(file, columns, parts.status.as_ref(), &STATUS, |found| {
        matches!(found, DataType::Utf8 | DataType::Null)
    })
}

/// Refuses key columns that are neither text nor integers.
pub(crate) fn check_key(file: &Path, columns: &[RawColumn], name: &str) -> Result<(), IngestError> {
    let name = name.to_owned();
    refuse(file, columns, Some(&name), &KEY, |found| {
        matches!(
            found,
            DataType::Utf8 | DataType::Int64 | DataType::UInt64 | DataType::Null
        )
    })
}

/// Refuses a golden ground truth of a type that no label has.
pub(crate) fn check_golden(file: &Path, columns: &[RawColumn], parts: &Parts) -> Result<(), IngestError> {
    for name in &parts.golden_key {
        check_key(file, columns, name)?;
    }
    refuse(file, columns, parts.golden_truth.as_ref(), &TRUTH, |found| {
        !found.is_temporal() && !matches!(found, DataType::Decimal128(..))
    })
}

fn refuse(
    file: &Path,
    columns: &[RawColumn],
    name: Option<&String>,
    role: &Role,
    allowed: impl Fn(&DataType) -> bool,
) -> Result<(), IngestError> {
    let Some(column) = name.and_then(|name| columns.iter().find(|column| column.name == *name)) else {
        return Ok(());
    };
    let found = match &column.kind {
        RawKind::Open => return Ok(()),
        RawKind::Stated(found) | RawKind::Typed(found) if allowed(found) => return Ok(()),
        RawKind::Stated(found) | RawKind::Typed(found) => friendly(found).to_owned(),
        RawKind::Unusable(found) => found.clone(),
    };
    Err(IngestError::RoleType {
        file: file.to_owned(),
        column: column.name.clone(),
        role: role.name,
        found,
        flag: role.flag,
    })
}
