//! Samples that are asked about together.

use crate::ingest::InputBatch;
use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use std::sync::Arc;

/// Some samples of a batch that was read from the golden dataset.
#[derive(Clone)]
pub struct Work {
    /// Where they are.
    pub source: Arc<InputBatch>,
    /// Which of them.
    pub rows: Vec<u32>,
    /// Bytes of their inputs, more or less.
    pub bytes: usize,
}

impl Work {
    /// Samples of a batch.
    pub fn new(source: Arc<InputBatch>, rows: Vec<u32>) -> Work {
        let bytes = rows.iter().map(|row| sample_bytes(&source, *row)).sum();
        Work { source, rows, bytes }
    }

    /// Samples.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The numbers of the samples in the golden dataset.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.rows.iter().map(|row| self.source.first + u64::from(*row))
    }

    /// The key of the i-th sample.
    pub fn key(&self, i: usize) -> &str {
        self.source.keys.value(self.rows[i] as usize)
    }

    /// Both halves; the second is empty for one sample.
    pub fn halves(self) -> (Work, Work) {
        let (left, right) = self.rows.split_at(self.rows.len().div_ceil(2));
        let of = |rows: &[u32]| Work::new(Arc::clone(&self.source), rows.to_vec());
        (of(left), of(right))
    }
}

/// Bytes that a sample adds to a body, more or less.
pub fn sample_bytes(source: &InputBatch, row: u32) -> usize {
    let of = |array: &arrow::array::ArrayRef| match array.data_type() {
        DataType::Utf8 if array.is_valid(row as usize) => array.as_string::<i32>().value(row as usize).len() + 4,
        _ => 12,
    };
    source.inputs.iter().map(of).sum()
}
