//! Puts the fields of one JSON object straight into column builders, without a tree in between.

use std::collections::HashMap;
use std::fmt;

use arrow::array::ArrayBuilder;
use arrow::datatypes::DataType;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::jsonl::{Found, late_column};
use super::raw::TextBatch;

/// Where the fields of a row go.
pub(crate) struct RowSeed<'a> {
    pub(crate) index: &'a mut HashMap<String, usize>,
    pub(crate) batch: &'a mut TextBatch,
    /// The column and type of each field.
    pub(crate) cells: &'a mut Vec<(usize, Found)>,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let row = self.batch.lines.len();
        while let Some(column) = map.next_key_seed(Name {
            index: self.index,
            batch: self.batch,
            row,
        })? {
            if self
                .batch
                .columns
                .get(column)
                .is_some_and(|builder| builder.len() > row)
            {
                return Err(A::Error::custom("a field occurs twice"));
            }
            let found = map.next_value_seed(Cell {
                batch: self.batch,
                column,
            })?;
            self.cells.push((column, found));
        }
        Ok(())
    }
}

/// Finds the column of a field, adding it if it is new.
struct Name<'a> {
    index: &'a mut HashMap<String, usize>,
    batch: &'a mut TextBatch,
    row: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        if let Some(column) = self.index.get(name) {
            return Ok(*column);
        }
        let column = self.index.len();
        self.index.insert(name.to_owned(), column);
        self.batch.columns.push(late_column(self.row));
        Ok(column)
    }
}

/// Appends one value as text.
struct Cell<'a> {
    batch: &'a mut TextBatch,
    column: usize,
}

impl Cell<'_> {
    fn scalar(self, text: &str, data_type: DataType) -> Found {
        self.batch.push(self.column, Some(text));
        Found::Scalar(data_type)
    }
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        self.batch.push(self.column, None);
        Ok(Found::Null)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Found, E> {
        Ok(self.scalar(value, DataType::Utf8))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Found, E> {
        Ok(self.scalar(if value { "true" } else { "false" }, DataType::Boolean))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Found, E> {
        Ok(self.scalar(&value.to_string(), DataType::Int64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Found, E> {
        Ok(self.scalar(&value.to_string(), DataType::Int64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Found, E> {
        Ok(self.scalar(&format!("{value:?}"), DataType::Float64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.batch.push(self.column, None);
        Ok(Found::Nested("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.batch.push(self.column, None);
        Ok(Found::Nested("a structure"))
    }
}
