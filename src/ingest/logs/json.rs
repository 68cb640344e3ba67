//! JSON as Python and JavaScript write it, and the cells that are made of it.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::error::{IngestError, Place};
use super::super::format::TextInput;
use super::super::raw::RECORD_BYTES;

/// Bytes of a JSON document at most: it is read whole.
const DOCUMENT_BYTES: usize = 1024 * 1024 * 1024;

/// Named values of one sample; the first of a name counts.
#[derive(Default)]
pub(crate) struct Cells(Vec<(String, Value)>);

impl Cells {
    /// Adds a value.
    pub(crate) fn put(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let name = name.into();
        if !name.trim().is_empty() && !self.0.iter().any(|(known, _)| *known == name) {
            self.0.push((name, value.into()));
        }
    }

    /// Adds every member of an object under a prefix.
    pub(crate) fn put_all(&mut self, prefix: &str, members: Option<&Value>) {
        for (name, value) in members.and_then(Value::as_object).into_iter().flatten() {
            self.put(format!("{prefix}{name}"), value.clone());
        }
    }
}

impl IntoIterator for Cells {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Parses JSON; NaN and Infinity, which Python writes, are read as null.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).or_else(
        |error| match ["NaN", "Infinity"].iter().any(|word| text.contains(word)) {
            true => serde_json::from_str(&without_nan(text)),
            false => Err(error),
        },
    )
}

fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut quoted) = (text, false);
    while let Some(mark) = rest.chars().next() {
        let word = ["NaN", "Infinity", "-Infinity"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        let taken = match (quoted, mark, word) {
            (false, _, Some(word)) => {
                out.push_str("null");
                word.len()
            }
            // What follows a backslash belongs to the string, a quotation mark too.
            (true, '\\', _) => {
                let pair = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
                out.push_str(&rest[..pair]);
                pair
            }
            _ => {
                quoted ^= mark == '"';
                out.push(mark);
                mark.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

/// A value as text: strings as they are, everything else as JSON.
pub(crate) fn text(value: &Value) -> Value {
    match value {
        Value::Null | Value::String(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}

/// A value as a number: numbers, truth values as 1 and 0, and numbers written as text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// The first 16 hex digits of a value's BLAKE3 digest, whatever the order of its members.
pub(crate) fn digest(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut members: Vec<(String, Value)> = members.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Object(members.into_iter().collect::<Map<_, _>>())
            }
            Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    let hash = blake3::hash(sorted(value).to_string().as_bytes());
    hash.to_hex().chars().take(16).collect()
}

/// Reads a whole document.
pub(crate) fn document(file: &Path, input: &mut TextInput) -> Result<String, IngestError> {
    let mut bytes = Vec::new();
    loop {
        let read = input.fill()?;
        let length = read.len();
        if length == 0 {
            break;
        }
        bytes.extend_from_slice(read);
        input.consume(length);
        if bytes.len() > DOCUMENT_BYTES {
            return Err(IngestError::NotFormat {
                file: file.to_owned(),
                expected: "readable",
                reason: "a JSON document is read whole, and this one is larger than 1 GiB".to_owned(),
            });
        }
    }
    String::from_utf8(bytes).map_err(|_| IngestError::InvalidUtf8 {
        place: Place::line(file, 1),
    })
}

/// Parses a whole document.
pub(crate) fn parse_document(file: &Path, text: &str) -> Result<Value, IngestError> {
    parse(text).map_err(|error| damaged(file, &error))
}

/// A document that is cut short or no JSON; the reason names line and column.
pub(crate) fn damaged(file: &Path, error: &serde_json::Error) -> IngestError {
    IngestError::Corrupt {
        file: file.to_owned(),
        format: "JSON",
        reason: error.to_string(),
    }
}

/// JSON objects, one per line.
pub(crate) struct Lines {
    input: TextInput,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(input: TextInput) -> Lines {
        Lines {
            input,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// The next object with its line.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value)>, IngestError> {
        loop {
            self.buffer.clear();
            if !self.input.line(&mut self.buffer, RECORD_BYTES as u64)? {
                return Ok(None);
            }
            self.number += 1;
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let place = Place::line(&self.input.file, self.number);
        if self.buffer.len() >= RECORD_BYTES {
            let reason = "the line is longer than 64 MiB".to_owned();
            return Err(IngestError::BadRecord { place, reason });
        }
        let Ok(text) = std::str::from_utf8(&self.buffer) else {
            return Err(IngestError::InvalidUtf8 { place });
        };
        match parse(text) {
            Ok(value) if value.is_object() => Ok(Some((self.number, value))),
            Ok(_) => Err(IngestError::NotObject {
                place,
                found: "another value",
            }),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
                Err(IngestError::InvalidJson { place, reason })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_is_read() {
        let value = parse(r#"{"a": NaN, "b": [-Infinity, 1], "c": "NaN \" Infinity", "d": "é\\"}"#).unwrap();
        assert_eq!(value["a"], Value::Null);
        assert_eq!(value["b"][0], Value::Null);
        assert_eq!(value["c"], "NaN \" Infinity");
        assert_eq!(value["d"], "é\\");
        assert!(parse("{\"a\": NaNcy}").is_err());
    }

    #[test]
    fn digests_do_not_depend_on_the_order_of_members() {
        let [a, b, c] = [
            r#"{"x": 1, "y": {"a": 1, "b": 2}}"#,
            r#"{"y": {"b": 2, "a": 1}, "x": 1}"#,
            r#"{"x": 1}"#,
        ]
        .map(|text| digest(&parse(text).unwrap()));
        assert_eq!(a, b);
        assert_ne!(a, c);
    }
}
