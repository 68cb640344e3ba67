//! Which types of columns can play which part, and whether those of ground truth and prediction can be compared: labels are
//! compared as texts, so that equal values need equal texts.

use super::error::CompareError;
use crate::engine::EngineError;
use crate::engine::files::ReadColumn;
use crate::store::type_name;
use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How values of a type are written: equal values have equal texts where this is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// Any text, which may be how another type is written.
    Text,
    /// Whole numbers, however many digits they may have.
    Whole,
    /// Digits after the point.
    Decimal(i8),
    /// A moment, with or without a zone.
    Moment(bool),
    Other(DataType),
}

impl Form {
    fn of(data_type: &DataType) -> Form {
        match data_type {
            found if found.is_string() || found.is_null() => Form::Text,
            found if found.is_integer() => Form::Whole,
            DataType::Decimal128(_, 0) => Form::Whole,
            DataType::Decimal128(_, scale) => Form::Decimal(*scale),
            DataType::Timestamp(_, zone) => Form::Moment(zone.is_some()),
            other => Form::Other(other.clone()),
        }
    }
}

/// A type in words that tell apart what is compared.
fn shown(data_type: &DataType) -> String {
    match data_type {
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp with zone".into(),
        DataType::Timestamp(_, None) => "timestamp without zone".into(),
        other => type_name(other),
    }
}

/// A type that cannot play a part, in words.
fn refused(data_type: &DataType) -> String {
    match data_type {
        DataType::Struct(_) => "struct".into(),
        DataType::List(_) | DataType::LargeList(_) => "list".into(),
        DataType::Map(_, _) => "map".into(),
        DataType::Binary | DataType::LargeBinary => "binary".into(),
        DataType::FixedSizeBinary(bytes) => format!("fixed({bytes})"),
        other => type_name(other),
    }
}

fn cannot(name: &str, data_type: &DataType, role: &'static str) -> CompareError {
    CompareError::Engine(EngineError::ColumnType {
        column: name.into(),
        data_type: refused(data_type),
        role,
    })
}

fn is_bytes(data_type: &DataType) -> bool {
    data_type.is_binary() || matches!(data_type, DataType::FixedSizeBinary(_))
}

/// The type of a column; what is missing is refused elsewhere.
fn found<'a>(schema: &'a Schema, name: &str) -> &'a DataType {
    schema
        .field_with_name(name)
        .map_or(&DataType::Null, |field| field.data_type())
}

/// Whether a column holds numbers.
pub(super) fn check_number(schema: &Schema, name: &str, role: &'static str) -> Result<(), CompareError> {
    match found(schema, name) {
        kind if kind.is_numeric() || kind.is_null() || *kind == DataType::Boolean => Ok(()),
        other => Err(cannot(name, other, role)),
    }
}

/// Whether a column holds what has one text per value: neither parts nor bytes.
pub(super) fn check_value(schema: &Schema, name: &str, role: &'static str) -> Result<(), CompareError> {
    match found(schema, name) {
        kind if kind.is_nested() || is_bytes(kind) => Err(cannot(name, kind, role)),
        _ => Ok(()),
    }
}

/// Whether a column holds labels: what [`check_value`] says, and no numbers that are rounded.
pub(super) fn check_label(schema: &Schema, name: &str, role: &'static str) -> Result<(), CompareError> {
    match found(schema, name) {
        kind if kind.is_floating() => Err(cannot(name, kind, role)),
        _ => check_value(schema, name, role),
    }
}

/// Whether values of a column can be read as those of another type.
pub(super) fn check_castable(
    schema: &Schema,
    name: &str,
    wanted: &DataType,
    role: &'static str,
) -> Result<(), CompareError> {
    match found(schema, name) {
        kind if can_cast_types(kind, wanted) => Ok(()),
        other => Err(cannot(name, other, role)),
    }
}

/// The columns of ground truth and prediction of an evaluation whose answers are compared as texts.
#[derive(Clone, Debug)]
pub(super) struct LabelPair {
    columns: [(String, DataType); 2],
    /// Whether a label map is applied to them.
    mappable: bool,
}

impl LabelPair {
    pub(super) fn new(truth: &ReadColumn, prediction: &ReadColumn, mappable: bool) -> LabelPair {
        LabelPair {
            mappable,
            columns: [truth, prediction].map(|column| (column.name.clone(), column.data_type.clone())),
        }
    }

    /// Whether both are of types with one text for equal values, as far as the types tell: what a text holds is seen later.
    ///
    /// # Errors
    /// [`CompareError::Spellings`].
    pub(super) fn check_types(&self) -> Result<(), CompareError> {
        let [a, b] = self.forms();
        match a == b || a == Form::Text || b == Form::Text {
            true => Ok(()),
            false => Err(self.error(None)),
        }
    }

    /// Whether each label is written as the other column writes that value, for labels that stand for the values of both.
    ///
    /// # Errors
    /// [`CompareError::Spellings`] with the first that is not.
    pub(super) fn check_labels(
        &self,
        labels: &[Arc<str>],
        spellings: &BTreeMap<String, String>,
    ) -> Result<(), CompareError> {
        let [a, b] = self.forms();
        if a == b {
            return Ok(());
        }
        for (_, data_type) in &self.columns {
            if matches!(Form::of(data_type), Form::Text | Form::Whole) {
                continue;
            }
            if let Some(example) = other_spelling(data_type, labels, spellings)? {
                return Err(self.error(Some(example)));
            }
        }
        Ok(())
    }

    fn forms(&self) -> [Form; 2] {
        self.columns.each_ref().map(|(_, data_type)| Form::of(data_type))
    }

    fn error(&self, example: Option<[String; 2]>) -> CompareError {
        let numbers = self.columns.iter().all(|(_, data_type)| data_type.is_numeric());
        let columns = self.columns.each_ref();
        CompareError::Spellings {
            columns: Box::new(columns.map(|(name, data_type)| (name.clone(), shown(data_type)))),
            example: example.map(Box::new),
            numbers,
            mappable: self.mappable,
        }
    }
}

/// The first label that reads as a value of a type which is written otherwise: how that value is written, and the label.
fn other_spelling(
    data_type: &DataType,
    labels: &[Arc<str>],
    spellings: &BTreeMap<String, String>,
) -> Result<Option<[String; 2]>, ArrowError> {
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(labels));
    let written = cast(&cast(&texts, data_type)?, &DataType::Utf8)?;
    let written = written.as_string::<i32>();
    // More digits than the type has are another number.
    let same = |a: &str, b: &str| !data_type.is_numeric() || a.parse::<f64>().ok() == b.parse::<f64>().ok();
    let other = |(label, written): (&Arc<str>, Option<&str>)| {
        let written = written.filter(|written| same(written, label))?;
        let written = spellings.get(written).map_or(written, String::as_str);
        (written != &**label).then(|| [written.to_owned(), label.to_string()])
    };
    // Labels come in the order of arrival.
    Ok(labels.iter().zip(written).filter_map(other).min())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;

    fn pair(truth: DataType, prediction: DataType) -> LabelPair {
        LabelPair {
            columns: [("t".to_owned(), truth), ("p".to_owned(), prediction)],
            mappable: true,
        }
    }

    fn moment(zone: Option<&str>) -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
    }

    #[test]
    fn types_that_write_equal_values_differently_are_refused() {
        use DataType::{Boolean, Date32, Decimal128, Int32, Int64, Utf8};
        let nanos = DataType::Timestamp(TimeUnit::Nanosecond, None);
        for (a, b) in [
            (Int32, Int64),
            (Int32, Utf8),
            (Utf8, Utf8),
            (Boolean, Boolean),
            (Boolean, Utf8),
            (Date32, Utf8),
            (Decimal128(10, 0), Int64),
            (Decimal128(10, 2), Decimal128(20, 2)),
            (moment(None), nanos),
        ] {
            pair(a.clone(), b.clone()).check_types().unwrap();
            pair(b, a).check_types().unwrap();
        }
        for (a, b) in [
            (Decimal128(10, 2), Int32),
            (Decimal128(10, 2), Decimal128(12, 4)),
            (Boolean, Int32),
            (Boolean, Date32),
            (Date32, moment(None)),
            (moment(None), moment(Some("+00:00"))),
            (DataType::Float32, DataType::Float64),
        ] {
            assert!(pair(a.clone(), b.clone()).check_types().is_err(), "{a} {b}");
            assert!(pair(b, a).check_types().is_err());
        }
    }

    #[test]
    fn a_text_that_is_a_value_written_otherwise_is_found_and_mended_by_the_label_map() {
        use DataType::{Boolean, Date32, Decimal128, Int32, Utf8};
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
            pairs.collect()
        };
        let check = |typed: DataType, other: DataType, labels: &[&str], spellings: &[(&str, &str)]| {
            let labels: Vec<Arc<str>> = labels.iter().map(|label| Arc::from(*label)).collect();
            match pair(typed, other).check_labels(&labels, &map(spellings)) {
                Err(CompareError::Spellings { example, .. }) => example.map(|both| both.join(" ")),
                _ => None,
            }
        };
        let found = |text: &str| Some(text.to_owned());
        assert_eq!(check(Boolean, Utf8, &["true", "false", "maybe"], &[]), None);
        assert_eq!(
            check(Boolean, Utf8, &["true", "True", "false"], &[]),
            found("true True")
        );
        assert_eq!(
            check(
                Boolean,
                Utf8,
                &["true", "false"],
                &[("True", "true"), ("False", "false")]
            ),
            None
        );
        // Labels as they are after the map.
        let to_numbers = [("true", "1"), ("false", "0")];
        assert_eq!(check(Boolean, Int32, &["1", "0"], &to_numbers), None);
        assert_eq!(
            check(Boolean, Int32, &["1", "0", "false"], &to_numbers[..1]),
            found("false 0")
        );
        assert_eq!(check(Decimal128(10, 2), Utf8, &["1.00", "x", "1.005"], &[]), None);
        assert_eq!(check(Decimal128(10, 2), Utf8, &["1.00", "2.0"], &[]), found("2.00 2.0"));
        assert_eq!(check(Date32, Utf8, &["2026-01-01", "soon"], &[]), None);
        assert_eq!(
            check(moment(None), Utf8, &["2026-01-01 00:00:00"], &[]),
            found("2026-01-01T00:00:00 2026-01-01 00:00:00")
        );
        // One type writes all values alike, whatever the map makes of them.
        assert_eq!(check(Boolean, Boolean, &["1", "false"], &to_numbers[..1]), None);
    }
}
