//! Line-by-line difference of what the two runs say of themselves.

use super::words::visible;
use crate::model::PinnedRun;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// One line of the difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// `-`, `+` or a space.
    pub sign: &'static str,
    /// `del`, `ins` or `same`.
    pub class: &'static str,
    /// "removed", "added" or nothing, for readers who hear the page.
    pub word: &'static str,
    /// The line in parts.
    pub parts: Vec<Part>,
}

/// A stretch of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its text.
    pub text: String,
    /// Whether it is what changed within the line.
    pub emphasis: bool,
}

/// What changed from the baseline's metadata to the candidate's.
pub fn diff(baseline: &PinnedRun, candidate: &PinnedRun) -> Vec<DiffLine> {
    let (old, new) = (lines(baseline), lines(candidate));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&old, &new);
    let ops = diff.ops().iter().flat_map(|op| diff.iter_inline_changes(op));
    let line = |change: similar::InlineChange<'_, str>| {
        let (sign, class, word) = match change.tag() {
            ChangeTag::Delete => ("-", "del", "removed: "),
            ChangeTag::Insert => ("+", "ins", "added: "),
            ChangeTag::Equal => (" ", "same", ""),
        };
        let part = |(emphasis, text): (bool, std::borrow::Cow<'_, str>)| Part { text: text.into_owned(), emphasis };
        DiffLine { sign, class, word, parts: change.iter_strings_lossy().map(part).collect() }
    };
    ops.map(line).collect()
}

fn lines(run: &PinnedRun) -> Vec<String> {
    let golden = [
        ("golden name", &run.golden.name),
        ("golden version", &run.golden.version),
        ("golden digest", &run.golden.digest),
    ];
    let mut lines = vec![format!("model version: {}", run.model_version), format!("rows: {}", run.rows)];
    lines.extend(golden.iter().map(|(name, value)| format!("{name}: {}", value.as_deref().unwrap_or("not recorded"))));
    lines.extend(run.properties.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.iter().map(|line| visible(line).replace('\n', "␊")).collect()
}
