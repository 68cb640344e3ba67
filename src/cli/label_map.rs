//! The label map: other spellings of labels, read from a file of two columns or from a JSON object.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Spellings at most: the map is part of every report that used it.
const MOST: usize = 10_000;

/// Reads `spelling,label` lines (CSV, with or without that header) or `{"spelling": "label"}` (JSON).
///
/// # Errors
/// A usage error that names the file and the line.
pub(crate) fn read(path: &Path) -> Result<BTreeMap<String, String>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::usage(format!("the label map {shown} cannot be read")).with_source(error))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let pairs = match text.trim_start().starts_with('{') {
        true => json(text).map_err(|error| {
            Error::usage(format!("the label map {shown} is not a JSON object of texts")).with_source(error)
        })?,
        false => csv(text).map_err(|(line, why)| Error::usage(format!("the label map {shown}, line {line}: {why}")))?,
    };
    let mut map = BTreeMap::new();
    for (spelling, label) in pairs {
        if let Some(other) = map
            .insert(spelling.clone(), label.clone())
            .filter(|other| *other != label)
        {
            let text = format!("the label map {shown} has two labels for {spelling:?}: {other:?} and {label:?}");
            return Err(Error::usage(text).with_hint("keep one of them"));
        }
    }
    if map.is_empty() || map.len() > MOST {
        let text = format!("the label map {shown} has {} spellings", map.len());
        return Err(Error::usage(text).with_hint(format!("give between 1 and {MOST}")));
    }
    Ok(map)
}

fn json(text: &str) -> std::result::Result<Vec<(String, String)>, serde_json::Error> {
    serde_json::from_str::<Pairs>(text).map(|pairs| pairs.0)
}

/// The members of an object, those of one name too, of which a map would keep one.
struct Pairs(Vec<(String, String)>);

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Pairs, D::Error> {
        struct Members;
        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> std::result::Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Pairs of a CSV text, or the line of what is wrong.
fn csv(text: &str) -> std::result::Result<Vec<(String, String)>, (u64, String)> {
    // A last line without its break is a line too.
    let text = format!("{text}\n");
    let mut reader = csv_core::Reader::new();
    let (mut input, mut pairs) = (text.as_bytes(), Vec::new());
    let (mut output, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    loop {
        let line = reader.line();
        let (result, read, _, fields) = reader.read_record(input, &mut output, &mut ends);
        input = input.get(read..).unwrap_or_default();
        if matches!(
            result,
            csv_core::ReadRecordResult::End | csv_core::ReadRecordResult::InputEmpty
        ) {
            break;
        }
        let mut start = 0;
        let cells: Vec<String> = ends[..fields]
            .iter()
            .map(|end| String::from_utf8_lossy(&output[std::mem::replace(&mut start, *end)..*end]).into_owned())
            .collect();
        match cells.as_slice() {
            [] => {}
            [blank] if blank.trim().is_empty() => {}
            [spelling, label] if label.trim().is_empty() || spelling.trim().is_empty() => {
                return Err((line, "a spelling and its label are needed".to_string()));
            }
            [spelling, label] if pairs.is_empty() && spelling == "spelling" && label == "label" => {}
            [spelling, label] => pairs.push((spelling.clone(), label.clone())),
            more => return Err((line, format!("{} columns where spelling and label are two", more.len()))),
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> std::result::Result<Vec<(String, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        std::fs::write(&path, text).unwrap();
        read(&path)
            .map(|map| map.into_iter().collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn both_shapes_are_read_and_wrong_ones_named() {
        let expected = vec![
            ("POS".to_string(), "positive".to_string()),
            ("a,b".into(), "neg".into()),
        ];
        for text in [
            "spelling,label\nPOS,positive\n\"a,b\",neg\n",
            "\u{feff}POS,positive\n\n\"a,b\",neg",
            r#"{"POS": "positive", "a,b": "neg"}"#,
        ] {
            assert_eq!(map(text).as_ref(), Ok(&expected), "{text}");
        }
        for (text, words) in [
            ("", "has 0 spellings"),
            ("a,b,c\n", "line 1: 3 columns"),
            ("a,b\nc,\n", "line 2: a spelling and its label"),
            ("a,b\na,c\n", "two labels for \"a\": \"b\" and \"c\""),
            (r#"{"a": "b", "a": "c"}"#, "two labels for \"a\": \"b\" and \"c\""),
            ("{\"a\": 1}", "not a JSON object of texts"),
        ] {
            let error = map(text).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
