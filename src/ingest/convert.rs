//! Casts columns of files to the types of the table, naming the row of a value that does not fit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;

use super::error::{IngestError, clip};
use super::facts::ColumnFacts;
use super::types::{friendly, table_type};
use super::values::{PlaceOf, same_label};

/// The type under which a column is stored, given what the table has.
pub(crate) fn stored_type(facts: &ColumnFacts, known: Option<&DataType>) -> Result<DataType, IngestError> {
    let raw = facts.data_type()?;
    let natural = table_type(&raw);
    let Some(known) = known else {
        return Ok(natural);
    };
    let integer_to_decimal = natural.is_integer() && known.is_numeric();
    let integral_to_integer = natural == DataType::Float64 && facts.fraction.is_none() && known.is_integer();
    let written_as_text = natural == DataType::Utf8 && known.is_temporal();
    let csv_to_text = facts.is_open() && *known == DataType::Utf8;
    let fits = raw.is_null()
        || friendly(&natural) == friendly(known)
        || integer_to_decimal
        || integral_to_integer
        || written_as_text
        || csv_to_text;
    if fits {
        Ok(known.clone())
    } else {
        Err(conflict(facts, &natural, known))
    }
}

/// The error for a column of other type than the table's.
pub(crate) fn conflict(facts: &ColumnFacts, found: &DataType, known: &DataType) -> IngestError {
    IngestError::TypeConflict {
        column: facts.name.clone(),
        table: friendly(known).to_owned(),
        file: facts.file.clone(),
        found: friendly(found).to_owned(),
    }
}

/// What a label column holds; `integral` labels are decimal numbers without fractions, stored as integers.
pub(crate) struct Label {
    pub(crate) data_type: DataType,
    pub(crate) integral: bool,
}

/// Judges a label column by its values.
pub(crate) fn label(facts: &ColumnFacts, role: &'static str, known: Option<&DataType>) -> Result<Label, IngestError> {
    let natural = table_type(&facts.data_type()?);
    if known == Some(&DataType::Utf8) && facts.is_open() {
        return Ok(Label {
            data_type: DataType::Utf8,
            integral: false,
        });
    }
    match (natural, &facts.fraction) {
        (DataType::Float64, None) => Ok(Label {
            data_type: DataType::Int64,
            integral: true,
        }),
        (DataType::Float64, Some(example)) => Err(IngestError::DecimalLabel {
            file: facts.file.clone(),
            column: facts.name.clone(),
            role,
            example: example.clone(),
        }),
        (data_type, _) => Ok(Label {
            data_type,
            integral: false,
        }),
    }
}

/// How a column is cast.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) target: DataType,
    /// The values are whole numbers that are written as decimals.
    pub(crate) integral: bool,
    /// Text that a JSON or Parquet file states to be a number or boolean, rather than text of a CSV file.
    pub(crate) stated: bool,
}

impl Cast {
    /// Casts one array.
    pub(crate) fn apply(&self, array: &ArrayRef, column: &str, place: PlaceOf<'_>) -> Result<ArrayRef, IngestError> {
        let found = array.data_type();
        if found.is_null() {
            return Ok(new_null_array(&self.target, array.len()));
        }
        if *found == self.target {
            if self.integral && self.stated && self.target == DataType::Utf8 {
                let labels: StringArray = array.as_string::<i32>().iter().map(|v| v.map(same_label)).collect();
                return Ok(Arc::new(labels));
            }
            return Ok(Arc::clone(array));
        }
        let mut steps = Vec::new();
        if self.integral && *found == DataType::Utf8 {
            steps.push(DataType::Float64);
        }
        if self.integral && self.target == DataType::Utf8 {
            steps.push(DataType::Int64);
        }
        steps.push(self.target.clone());
        let options = CastOptions::default();
        let mut out = Arc::clone(array);
        for step in &steps {
            out = cast_with_options(&out, step, &options).map_err(|error| IngestError::BadValue {
                place: place(0),
                column: column.to_owned(),
                reason: error.to_string(),
                advice: "",
            })?;
        }
        match (0..array.len()).find(|row| array.is_valid(*row) && out.is_null(*row)) {
            None => Ok(out),
            Some(row) => Err(self.unreadable(array, row, column, place)),
        }
    }

    fn unreadable(&self, array: &ArrayRef, row: usize, column: &str, place: PlaceOf<'_>) -> IngestError {
        let shown = arrow::util::display::array_value_to_string(array, row).unwrap_or_default();
        IngestError::BadValue {
            place: place(row),
            column: column.to_owned(),
            reason: format!("{} cannot be stored as {}", clip(&shown), friendly(&self.target)),
            advice: "integers have 64 bits; write other values as text, or leave the column out",
        }
    }
}
