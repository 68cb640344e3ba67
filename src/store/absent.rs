//! What rows have in a column that their file lacks, because it was added to the table after them, or because the file comes
//! from a folder whose name says it.

use super::defaults::{INITIAL_DEFAULT, UNREAD_DEFAULT};
use arrow::array::{ArrayRef, StringArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use std::sync::Arc;

/// The value of a column in files that lack it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// None.
    Null,
    /// The table's default, or what the file's partition says.
    Value {
        /// As text.
        text: String,
        /// The column's type.
        data_type: DataType,
    },
    /// Something that is not read: what, in words.
    Unread(String),
}

impl Absent {
    /// What the table's schema says of a column.
    pub fn of(field: &Field) -> Absent {
        let metadata = field.metadata();
        match (metadata.get(INITIAL_DEFAULT), metadata.get(UNREAD_DEFAULT)) {
            (Some(text), _) => Absent::Value {
                text: text.clone(),
                data_type: field.data_type().clone(),
            },
            (None, Some(kind)) => Absent::Unread(kind.clone()),
            (None, None) => Absent::Null,
        }
    }

    /// That value in so many rows; nulls are of type text.
    ///
    /// # Errors
    /// Fails if the text is no value of the column's type.
    pub fn rows(&self, n: usize) -> Result<ArrayRef, ArrowError> {
        match self {
            Absent::Null => Ok(new_null_array(&DataType::Utf8, n)),
            Absent::Value { text, data_type } => {
                let texts: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, n)));
                let strict = CastOptions {
                    safe: false,
                    ..CastOptions::default()
                };
                cast_with_options(&texts, data_type, &strict)
            }
            Absent::Unread(kind) => Err(ArrowError::NotYetImplemented(kind.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;
    use arrow::util::display::array_value_to_string;

    #[test]
    fn texts_become_values_of_the_columns_type_or_are_refused() {
        let micros = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        for (text, data_type, shown) in [
            ("mail", DataType::Utf8, "mail"),
            ("true", DataType::Boolean, "true"),
            ("-7", DataType::Int32, "-7"),
            ("9000000000", DataType::Int64, "9000000000"),
            ("0.25", DataType::Float32, "0.25"),
            ("1e-7", DataType::Float64, "1e-7"),
            ("2024-02-29", DataType::Date32, "2024-02-29"),
            ("2024-02-29T01:02:03.5", micros(None), "2024-02-29T01:02:03.500"),
            (
                "2024-02-29T01:02:03+00:00",
                micros(Some("+00:00")),
                "2024-02-29T01:02:03Z",
            ),
            ("12.50", DataType::Decimal128(9, 2), "12.50"),
        ] {
            let absent = Absent::Value {
                text: text.into(),
                data_type: data_type.clone(),
            };
            let rows = absent.rows(2).unwrap();
            assert_eq!((rows.len(), rows.data_type()), (2, &data_type));
            assert_eq!(array_value_to_string(&rows, 1).unwrap(), shown);
        }
        let wrong = Absent::Value {
            text: "mail".into(),
            data_type: DataType::Int32,
        };
        assert!(wrong.rows(1).is_err());
        assert_eq!(Absent::Null.rows(3).unwrap().null_count(), 3);
    }
}
