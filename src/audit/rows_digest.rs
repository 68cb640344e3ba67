//! The rows digest: BLAKE3 over a run's role columns in key order, independent of files, row groups and batches.
//!
//! Encoding: the column names (each length-prefixed), then row by row and column by column a tag byte and the value:
//! `0` null; `1` text, length as little-endian u32, bytes; `2` integer as little-endian i64; `3` float as the bits of
//! its canonical form (one NaN, no negative zero), little-endian; `4` boolean, one byte; `5` bytes, as text. Other types
//! count as the text that Arrow casts them to.

use crate::model::ColumnRoles;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, LargeBinaryArray, RecordBatch, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;

/// Digests a run's rows while they pass.
pub struct RowsDigest {
    columns: Vec<String>,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

enum Values {
    Absent,
    Text(StringArray),
    Integer(Int64Array),
    Float(Float64Array),
    Boolean(BooleanArray),
    Bytes(LargeBinaryArray),
}

impl RowsDigest {
    /// A digest over the columns that have a role, in the order key, truth, prediction, confidence, status, error,
    /// latency, slices, shown columns, scores, probability, repeat, cluster, cost, images and sounds; each once.
    pub fn new(roles: &ColumnRoles) -> RowsDigest {
        let columns = columns(roles);
        let mut hasher = blake3::Hasher::new();
        for name in &columns {
            hasher.update(&(name.len() as u32).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        RowsDigest {
            columns,
            hasher,
            buffer: Vec::new(),
        }
    }

    /// Adds the rows of a batch; rows must come in key order. A column that the batch lacks counts as null.
    ///
    /// # Errors
    /// Fails if a column has a type that cannot be cast to text.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for name in &self.columns {
            columns.push(match batch.column_by_name(name) {
                Some(array) => values(array)?,
                None => Values::Absent,
            });
        }
        self.buffer.clear();
        for row in 0..batch.num_rows() {
            for column in &columns {
                encode(column, row, &mut self.buffer);
            }
        }
        self.hasher.update(&self.buffer);
        Ok(())
    }

    /// The digest as `blake3:<hex>`.
    pub fn finish(&self) -> String {
        format!("blake3:{}", self.hasher.finalize().to_hex())
    }
}

/// The columns of the digest, in order.
pub fn columns(roles: &ColumnRoles) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let optional = [&roles.confidence, &roles.status, &roles.error, &roles.latency];
    let further = [&roles.positive, &roles.repeat, &roles.cluster, &roles.cost];
    let all = roles
        .key
        .iter()
        .chain(&roles.truth)
        .chain([&roles.prediction])
        .chain(optional.into_iter().flatten())
        .chain(&roles.slices)
        .chain(&roles.show)
        .chain(roles.scores.iter().map(|score| &score.column))
        .chain(further.into_iter().flatten())
        .chain(&roles.media);
    for name in all {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The type as which the digest sees the values of another one.
pub fn digested_as(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Boolean => DataType::Boolean,
        t if t.is_integer() => DataType::Int64,
        t if t.is_floating() => DataType::Float64,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::LargeBinary
        }
        _ => DataType::Utf8,
    }
}

fn values(array: &ArrayRef) -> Result<Values, ArrowError> {
    let array = cast(array, &digested_as(array.data_type()))?;
    Ok(match array.data_type() {
        DataType::Boolean => Values::Boolean(array.as_boolean().clone()),
        DataType::Int64 => Values::Integer(array.as_primitive::<Int64Type>().clone()),
        DataType::Float64 => Values::Float(array.as_primitive::<Float64Type>().clone()),
        DataType::LargeBinary => Values::Bytes(array.as_binary::<i64>().clone()),
        _ => Values::Text(array.as_string::<i32>().clone()),
    })
}

fn encode(values: &Values, row: usize, out: &mut Vec<u8>) {
    match values {
        Values::Text(a) if a.is_valid(row) => {
            let text = a.value(row).as_bytes();
            out.push(1);
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text);
        }
        Values::Integer(a) if a.is_valid(row) => {
            out.push(2);
            out.extend_from_slice(&a.value(row).to_le_bytes());
        }
        Values::Float(a) if a.is_valid(row) => {
            out.push(3);
            out.extend_from_slice(&canonical_bits(a.value(row)).to_le_bytes());
        }
        Values::Boolean(a) if a.is_valid(row) => {
            out.push(4);
            out.push(u8::from(a.value(row)));
        }
        Values::Bytes(a) if a.is_valid(row) => {
            let bytes = a.value(row);
            out.push(5);
            out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        _ => out.push(0),
    }
}

fn canonical_bits(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits()
    } else if value == 0.0 {
        0
    } else {
        value.to_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn roles() -> ColumnRoles {
        ColumnRoles {
            key: vec!["id".into()],
            truth: Some("t".into()),
            prediction: "p".into(),
            confidence: Some("c".into()),
            ..Default::default()
        }
    }

    fn batch(ids: &[&str], conf: &[f64]) -> RecordBatch {
        let text = |v: &[&str]| Arc::new(StringArray::from(v.to_vec())) as ArrayRef;
        let conf = Arc::new(Float64Array::from(conf.to_vec())) as ArrayRef;
        RecordBatch::try_from_iter([("id", text(ids)), ("t", text(ids)), ("p", text(ids)), ("c", conf)]).unwrap()
    }

    #[test]
    fn batches_do_not_matter_but_values_and_order_do() {
        let digest = |batches: &[RecordBatch]| {
            let mut d = RowsDigest::new(&roles());
            batches.iter().for_each(|b| d.update(b).unwrap());
            d.finish()
        };
        let whole = digest(&[batch(&["a", "b", "c"], &[0.1, 0.0, 0.3])]);
        assert_eq!(
            whole,
            digest(&[batch(&["a"], &[0.1]), batch(&["b", "c"], &[-0.0, 0.3])])
        );
        assert_ne!(whole, digest(&[batch(&["b", "a", "c"], &[0.1, 0.0, 0.3])]));
        assert_ne!(whole, digest(&[batch(&["a", "b", "c"], &[0.1, 0.0, 0.4])]));
    }
}
