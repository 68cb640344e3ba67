//! Reads the values of role columns: keys, labels, confidence and status, each with the place of what is wrong.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Float64Builder, StringArray, StringBuilder, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::error::{IngestError, Place, clip};
use crate::model::kind::LARGEST_NUMBER;

/// Where a row of the batch at hand is.
pub(crate) type PlaceOf<'a> = &'a dyn Fn(usize) -> Place;

/// A column as text; typed values are printed in their canonical form.
pub(crate) fn text(array: &ArrayRef) -> Result<StringArray, IngestError> {
    let array = match array.data_type() {
        DataType::Utf8 => Arc::clone(array),
        DataType::Null => new_null_array(&DataType::Utf8, array.len()),
        // Bytes are never printed: their digest stands for them.
        DataType::LargeBinary => {
            let digest = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
            let digests: StringArray = array.as_binary::<i64>().iter().map(|bytes| bytes.map(digest)).collect();
            Arc::new(digests)
        }
        _ => cast(array, &DataType::Utf8).map_err(|error| IngestError::Engine {
            reason: error.to_string(),
        })?,
    };
    Ok(array.as_string::<i32>().clone())
}

/// The key of each row; several columns are joined by `|`, with `\` and `|` escaped in each.
pub(crate) fn keys(columns: &[(&str, ArrayRef)], place: PlaceOf<'_>) -> Result<StringArray, IngestError> {
    let mut parts = Vec::with_capacity(columns.len());
    for (name, array) in columns {
        let text = text(array)?;
        let blank = (0..text.len()).find(|row| text.is_null(*row) || text.value(*row).trim().is_empty());
        if let Some(row) = blank {
            return Err(IngestError::NoKey {
                place: place(row),
                column: (*name).to_owned(),
            });
        }
        parts.push(text);
    }
    if let [only] = parts.as_slice() {
        return Ok(only.clone());
    }
    let rows = parts.first().map_or(0, Array::len);
    let mut joined = StringBuilder::new();
    let mut key = String::new();
    for row in 0..rows {
        key.clear();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                key.push('|');
            }
            for mark in part.value(row).chars() {
                if matches!(mark, '\\' | '|') {
                    key.push('\\');
                }
                key.push(mark);
            }
        }
        joined.append_value(&key);
    }
    Ok(joined.finish())
}

/// A label column in which blank text is null, as it is in every format.
pub(crate) fn blank_as_null(array: &ArrayRef) -> ArrayRef {
    if array.data_type() != &DataType::Utf8 {
        return Arc::clone(array);
    }
    let text = array.as_string::<i32>();
    if text.iter().flatten().all(|value| !value.trim().is_empty()) {
        return Arc::clone(array);
    }
    let kept: StringArray = text
        .iter()
        .map(|value| value.filter(|value| !value.trim().is_empty()))
        .collect();
    Arc::new(kept)
}

/// Confidence of each row, and how many were NaN; blank and NaN are null.
pub(crate) fn confidence(
    array: &ArrayRef,
    column: &str,
    place: PlaceOf<'_>,
) -> Result<(Float64Array, u64), IngestError> {
    let mut values = Float64Builder::with_capacity(array.len());
    let mut nan = 0;
    let bad = |row: usize, reason: String| IngestError::BadValue {
        place: place(row),
        column: column.to_owned(),
        reason,
        advice: "confidence is the probability of the predicted label, from 0 to 1; name another column with --conf COL",
    };
    let mut add = |row: usize, value: Option<f64>| {
        match value {
            None => values.append_null(),
            Some(value) if value.is_nan() => {
                nan += 1;
                values.append_null();
            }
            Some(value) if (0.0..=1.0).contains(&value) => values.append_value(value),
            Some(value) => return Err(bad(row, format!("confidence {value} is outside 0 to 1"))),
        }
        Ok(())
    };
    match array.data_type() {
        DataType::Utf8 => {
            for (row, value) in array.as_string::<i32>().iter().enumerate() {
                let value = value.map(str::trim).filter(|value| !value.is_empty());
                let number = value.map(|value| (value, value.parse::<f64>()));
                match number {
                    None => add(row, None)?,
                    Some((_, Ok(number))) => add(row, Some(number))?,
                    Some((value, Err(_))) => {
                        return Err(bad(row, format!("{} is not a number", clip(value))));
                    }
                }
            }
        }
        DataType::Null => (0..array.len()).try_for_each(|row| add(row, None))?,
        _ => {
            let numbers = cast(array, &DataType::Float64).map_err(|error| bad(0, error.to_string()))?;
            for (row, value) in numbers.as_primitive::<Float64Type>().iter().enumerate() {
                add(row, value)?;
            }
        }
    }
    Ok((values.finish(), nan))
}

/// Numbers of each row, true and false being 1 and 0; blank and NaN are null.
pub(crate) fn numbers(array: &ArrayRef, column: &str, place: PlaceOf<'_>) -> Result<Float64Array, IngestError> {
    let bad = |row: usize, reason: String| IngestError::BadValue {
        place: place(row),
        column: column.to_owned(),
        reason,
        advice: "write a number, or leave the field blank where there is none",
    };
    let numbers = match array.data_type() {
        DataType::Utf8 => {
            let text = array.as_string::<i32>().iter().enumerate();
            let read = text.map(
                |(row, cell)| match cell.map(str::trim).filter(|cell| !cell.is_empty()) {
                    None => Ok(None),
                    Some(cell) => match same_label(cell) {
                        "true" => Ok(Some(1.0)),
                        "false" => Ok(Some(0.0)),
                        _ => cell
                            .parse()
                            .map(Some)
                            .map_err(|_| bad(row, format!("{} is not a number", clip(cell)))),
                    },
                },
            );
            read.collect::<Result<Float64Array, _>>()?
        }
        _ => {
            let numbers = cast(array, &DataType::Float64).map_err(|error| bad(0, error.to_string()))?;
            numbers.as_primitive::<Float64Type>().clone()
        }
    };
    let position = |wanted: fn(f64) -> bool| numbers.iter().position(|number| number.is_some_and(wanted));
    if let Some(row) = position(f64::is_infinite) {
        return Err(bad(row, "an infinite number cannot be averaged".to_owned()));
    }
    if let Some(row) = position(|number| number.abs() > LARGEST_NUMBER) {
        return Err(bad(
            row,
            format!("numbers beyond {LARGEST_NUMBER:e} are too large to be squared and added up"),
        ));
    }
    Ok(numbers
        .iter()
        .map(|number| number.filter(|number| !number.is_nan()))
        .collect())
}

/// Probabilities of the positive class.
pub(crate) fn probabilities(array: &ArrayRef, column: &str, place: PlaceOf<'_>) -> Result<Float64Array, IngestError> {
    let numbers = numbers(array, column, place)?;
    let outside = |number: Option<f64>| number.is_some_and(|number| !(0.0..=1.0).contains(&number));
    match numbers.iter().position(outside) {
        Some(row) => Err(IngestError::BadValue {
            place: place(row),
            column: column.to_owned(),
            reason: format!("probability {} is outside 0 to 1", numbers.value(row)),
            advice: "the probability of the positive class is from 0 to 1; name another column with --positive COL",
        }),
        None => Ok(numbers),
    }
}

/// What a row says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    Error,
    Skipped,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Error => "error",
            Status::Skipped => "skipped",
        }
    }
}

/// The status of each row; blank is ok.
pub(crate) fn statuses(array: &ArrayRef, column: &str, place: PlaceOf<'_>) -> Result<Vec<Status>, IngestError> {
    let text = text(array)?;
    let read = |(row, value): (usize, Option<&str>)| match value.map(str::trim) {
        None | Some("") => Ok(Status::Ok),
        Some(value) if value.eq_ignore_ascii_case("ok") => Ok(Status::Ok),
        Some(value) if value.eq_ignore_ascii_case("error") => Ok(Status::Error),
        Some(value) if value.eq_ignore_ascii_case("skipped") => Ok(Status::Skipped),
        Some(value) => Err(IngestError::BadValue {
            place: place(row),
            column: column.to_owned(),
            reason: format!("status {} is none of ok, error, skipped", clip(value)),
            advice: "write one of the three, or rename the column if it is something else",
        }),
    };
    text.iter().enumerate().map(read).collect()
}

/// A label as it is compared between two files: one spelling for booleans and for whole numbers.
pub(crate) fn same_label(value: &str) -> &str {
    match value {
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        _ => match value.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') && whole.parse::<i64>().is_ok() => whole,
            _ => value,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(row: usize) -> Place {
        Place::line(std::path::Path::new("f.csv"), row as u64 + 2)
    }

    fn strings(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn composite_keys_cannot_collide() {
        let (a, b) = (strings(&[Some("a|b"), Some("a")]), strings(&[Some("c"), Some("b|\\c")]));
        let keys = keys(&[("x", a), ("y", b)], &at).unwrap();
        assert_eq!((keys.value(0), keys.value(1)), ("a\\|b|c", "a|b\\|\\\\c"));
    }

    #[test]
    fn confidence_is_a_number_from_0_to_1_or_null() {
        let (values, nan) = confidence(&strings(&[Some("0.5"), None, Some("NaN"), Some(" ")]), "c", &at).unwrap();
        assert_eq!((values.null_count(), nan, values.value(0)), (3, 1, 0.5));
        let error = confidence(&strings(&[Some("1"), Some("1.7")]), "c", &at).unwrap_err();
        assert_eq!(
            error.to_string(),
            "f.csv, line 3: column \"c\": confidence 1.7 is outside 0 to 1"
        );
        let error = confidence(&strings(&[Some("high")]), "c", &at).unwrap_err();
        assert_eq!(
            error.to_string(),
            "f.csv, line 2: column \"c\": \"high\" is not a number"
        );
    }

    #[test]
    fn numbers_may_be_missing_but_not_infinite() {
        let cells = [Some("1e3"), None, Some("NaN"), Some(" "), Some("True"), Some("false")];
        let found: Vec<Option<f64>> = numbers(&strings(&cells), "s", &at).unwrap().iter().collect();
        assert_eq!(found, [Some(1000.0), None, None, None, Some(1.0), Some(0.0)]);
        for (cell, words) in [
            ("C", "\"C\" is not a number"),
            ("-inf", "an infinite number cannot be averaged"),
            ("-1e71", "numbers beyond 1e70 are too large to be squared and added up"),
        ] {
            let error = numbers(&strings(&[Some("1"), Some(cell)]), "s", &at).unwrap_err();
            assert_eq!(error.to_string(), format!("f.csv, line 3: column \"s\": {words}"));
        }
    }

    #[test]
    fn probabilities_lie_between_0_and_1() {
        let found = probabilities(&strings(&[Some("0"), None, Some("1.0")]), "p", &at).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), [Some(0.0), None, Some(1.0)]);
        let error = probabilities(&strings(&[Some("0.5"), Some("-0.1")]), "p", &at).unwrap_err();
        assert_eq!(
            error.to_string(),
            "f.csv, line 3: column \"p\": probability -0.1 is outside 0 to 1"
        );
    }

    #[test]
    fn status_has_three_values_in_any_case() {
        let found = statuses(&strings(&[Some("OK"), None, Some("Error"), Some("skipped")]), "s", &at).unwrap();
        assert_eq!(found, [Status::Ok, Status::Ok, Status::Error, Status::Skipped]);
        let error = statuses(&strings(&[Some("200")]), "s", &at).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("status \"200\" is none of ok, error, skipped"),
            "{error}"
        );
    }

    #[test]
    fn labels_of_two_formats_compare() {
        for (value, expected) in [
            ("True", "true"),
            ("1.0", "1"),
            ("1.5", "1.5"),
            ("a.0", "a.0"),
            ("x", "x"),
            ("1.", "1"),
        ] {
            assert_eq!(same_label(value), expected);
        }
    }
}
