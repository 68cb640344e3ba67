//! Places and values, as messages name them.

use std::fmt;
use std::path::{Path, PathBuf};

/// A row of a file, as a person finds it: a line of a text file, a row of a Parquet file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Counted from 1; the first line of a CSV file is its header.
    pub number: u64,
    /// Whether `number` counts lines (of a text file) or rows.
    pub is_line: bool,
}

impl Place {
    pub(crate) fn line(file: &Path, number: u64) -> Self {
        Place {
            file: file.to_owned(),
            number,
            is_line: true,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.is_line { "line" } else { "row" };
        write!(f, "{}, {unit} {}", self.file.display(), self.number)
    }
}

/// Names in quotes, cut after a dozen with the number of the others.
pub(crate) fn list(names: &[String]) -> String {
    let mut out: Vec<String> = names.iter().take(12).map(|n| format!("\"{}\"", short(n))).collect();
    if names.len() > 12 {
        out.push(format!("and {} more", names.len() - 12));
    }
    out.join(", ")
}

/// A value in quotes, cut at 60 characters.
pub(crate) fn clip(value: &str) -> String {
    format!("\"{}\"", short(value))
}

fn short(value: &str) -> String {
    let mut out: String = value.chars().take(60).flat_map(char::escape_debug).collect();
    if value.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}

/// The places of the rows of one key.
pub(crate) fn found_at(places: &[Place]) -> String {
    let shown: Vec<String> = places.iter().map(Place::to_string).collect();
    if shown.is_empty() {
        "found twice".to_owned()
    } else {
        shown.join(" and ")
    }
}
