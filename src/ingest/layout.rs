//! The rows of the table that come from the files: which columns, of which types, in which order.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::bound::column;
use super::convert::Cast;
use super::error::IngestError;
use super::find::batch_keys;
use super::raw::{Input, RawBatch, RawColumn};
use super::roles::Side;
use super::values::{blank_as_null, confidence, numbers, statuses};

/// The name of the golden dataset's key while it is being joined.
pub(crate) const GOLDEN_KEY: &str = "golden sample_id";

/// How a column's values are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    Key(Vec<String>),
    Label,
    Confidence,
    Number,
    Status,
    Plain,
}

/// One column of the table.
#[derive(Clone, Debug)]
pub(crate) struct OutColumn {
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) side: Side,
    pub(crate) source: String,
    pub(crate) make: Make,
    pub(crate) cast: Cast,
}

/// All columns, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) columns: Vec<OutColumn>,
    /// Empty without a golden dataset.
    pub(crate) golden_key: Vec<String>,
}

impl Layout {
    fn of(&self, side: Side) -> impl Iterator<Item = &OutColumn> {
        self.columns.iter().filter(move |column| column.side == side)
    }

    /// The schema of the finished rows.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    /// The schema of what one side contributes; the golden side has its key before all else.
    pub(crate) fn side_schema(&self, side: Side) -> SchemaRef {
        let mut fields: Vec<Field> = self.of(side).map(field).collect();
        if side == Side::Golden {
            fields.insert(0, Field::new(GOLDEN_KEY, DataType::Utf8, false));
        }
        Arc::new(Schema::new(fields))
    }

    /// The position of each finished column among the predictions' columns followed by the golden ones.
    pub(crate) fn order(&self) -> Vec<usize> {
        let (mut own, mut golden) = (0, self.of(Side::Predictions).count() + 1);
        let mut next = |side: Side| {
            let counter = if side == Side::Golden { &mut golden } else { &mut own };
            *counter += 1;
            *counter - 1
        };
        self.columns.iter().map(|column| next(column.side)).collect()
    }

    /// Makes one side's rows from a batch of a file.
    pub(crate) fn rows(
        &self,
        side: Side,
        input: &Input,
        columns: &[RawColumn],
        batch: &RawBatch,
    ) -> Result<RecordBatch, IngestError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + 1);
        if side == Side::Golden {
            arrays.push(Arc::new(batch_keys(input, &self.golden_key, columns, batch)?));
        }
        for out in self.of(side) {
            arrays.push(make(out, input, columns, batch)?);
        }
        RecordBatch::try_new(self.side_schema(side), arrays).map_err(|error| changed(&input.file, &error))
    }
}

fn make(out: &OutColumn, input: &Input, columns: &[RawColumn], batch: &RawBatch) -> Result<ArrayRef, IngestError> {
    let place = |row: usize| batch.at.place(&input.file, row);
    if let Make::Key(names) = &out.make {
        return Ok(Arc::new(batch_keys(input, names, columns, batch)?));
    }
    let array = column(columns, batch, &out.source);
    let array: ArrayRef = match &out.make {
        Make::Key(_) | Make::Plain => array,
        Make::Label => blank_as_null(&array),
        Make::Confidence => Arc::new(confidence(&array, &out.source, &place)?.0),
        Make::Number => Arc::new(numbers(&array, &out.source, &place)?),
        Make::Status => {
            let names: StringArray = statuses(&array, &out.source, &place)?
                .into_iter()
                .map(|status| Some(status.name()))
                .collect();
            Arc::new(names)
        }
    };
    out.cast.apply(&array, &out.source, &place)
}

fn field(column: &OutColumn) -> Field {
    Field::new(
        &column.name,
        column.cast.target.clone(),
        !matches!(column.make, Make::Key(_)),
    )
}

fn changed(file: &Path, error: &dyn std::fmt::Display) -> IngestError {
    IngestError::Changed {
        reason: format!("{}: {error}", file.display()),
    }
}
