//! Keys of a batch, and rows by their key.

use arrow::array::{ArrayRef, StringArray};

use super::bound::column;
use super::error::{IngestError, Place};
use super::raw::{Input, RawBatch, RawColumn};
use super::values::keys;

/// The keys of a batch.
pub(crate) fn batch_keys(
    input: &Input,
    names: &[String],
    columns: &[RawColumn],
    batch: &RawBatch,
) -> Result<StringArray, IngestError> {
    let arrays: Vec<(&str, ArrayRef)> = names
        .iter()
        .map(|name| (name.as_str(), column(columns, batch, name)))
        .collect();
    keys(&arrays, &|row| batch.at.place(&input.file, row))
}

/// Finds the first two rows of a key again, to say where they are.
pub(crate) fn find(
    inputs: &[Input],
    names: &[String],
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(String, Vec<Place>), IngestError> {
    let (mut key, mut places) = (String::new(), Vec::new());
    for input in inputs {
        let mut reader = input.reader()?;
        while let Some(batch) = reader.next_batch()? {
            let keys = batch_keys(input, names, reader.columns(), &batch)?;
            for row in (0..batch.rows).filter(|row| wanted(keys.value(*row))) {
                key = keys.value(row).to_owned();
                places.push(batch.at.place(&input.file, row));
                if places.len() == 2 {
                    return Ok((key, places));
                }
            }
        }
    }
    Ok((key, places))
}
