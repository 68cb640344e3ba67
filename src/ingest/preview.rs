//! The first rows as they will be stored, in the order of the files.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{concat, concat_batches};

use super::error::IngestError;
use super::layout::Layout;
use super::raw::Input;
use super::roles::Side;

const ROWS: usize = 5;

/// Makes the first rows, with what the golden dataset adds to them.
pub(crate) fn preview(inputs: &[Input], golden: Option<&Input>, layout: &Layout) -> Result<RecordBatch, IngestError> {
    let schema = layout.side_schema(Side::Predictions);
    let mut batches = Vec::new();
    let mut missing = ROWS;
    for input in inputs {
        let mut reader = input.reader()?;
        while missing > 0
            && let Some(batch) = reader.next_batch()?
        {
            let rows = layout.rows(Side::Predictions, input, reader.columns(), &batch)?;
            let rows = rows.slice(0, rows.num_rows().min(missing));
            missing -= rows.num_rows();
            batches.push(rows);
        }
    }
    let own = concat_batches(&schema, &batches).map_err(engine)?;
    let mut arrays: Vec<ArrayRef> = own.columns().to_vec();
    if let Some(golden) = golden {
        arrays.extend(look_up(golden, &own, layout)?);
    }
    let ordered: Vec<ArrayRef> = layout
        .order()
        .iter()
        .filter_map(|index| arrays.get(*index).map(Arc::clone))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(own.num_rows()));
    RecordBatch::try_new_with_options(layout.schema(), ordered, &options).map_err(engine)
}

/// The golden columns of the rows at hand.
fn look_up(golden: &Input, own: &RecordBatch, layout: &Layout) -> Result<Vec<ArrayRef>, IngestError> {
    let schema = layout.side_schema(Side::Golden);
    let keys = own.column(0).as_string::<i32>().clone();
    let mut found: Vec<Option<RecordBatch>> = vec![None; keys.len()];
    let mut reader = golden.reader()?;
    while found.iter().any(Option::is_none)
        && let Some(batch) = reader.next_batch()?
    {
        let rows = layout.rows(Side::Golden, golden, reader.columns(), &batch)?;
        let golden_keys = rows.column(0).as_string::<i32>();
        for (slot, key) in found.iter_mut().zip(keys.iter()).filter(|(slot, _)| slot.is_none()) {
            *slot = (0..golden_keys.len())
                .find(|row| Some(golden_keys.value(*row)) == key)
                .map(|row| rows.slice(row, 1));
        }
    }
    let pick = |(index, field): (usize, &Arc<arrow::datatypes::Field>)| {
        let cells: Vec<ArrayRef> = found
            .iter()
            .map(|row| match row {
                Some(row) => Arc::clone(row.column(index)),
                None => new_null_array(field.data_type(), 1),
            })
            .collect();
        let cells: Vec<&dyn Array> = cells.iter().map(AsRef::as_ref).collect();
        concat(&cells).map_err(engine)
    };
    schema.fields().iter().enumerate().map(pick).collect()
}

fn engine(error: arrow::error::ArrowError) -> IngestError {
    IngestError::Engine {
        reason: error.to_string(),
    }
}
