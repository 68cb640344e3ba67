//! The line-by-line difference of what both runs say of themselves.

use super::words;
use crate::model::PinnedRun;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// The difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetadataDiff {
    /// Its lines.
    pub lines: Vec<DiffLine>,
    /// Whether both say the same.
    pub same: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// `added`, `removed` or `kept`.
    pub class: &'static str,
    /// `+`, `-` or a space.
    pub sign: &'static str,
    /// What the sign means, for those who cannot see it.
    pub side: &'static str,
    /// The line.
    pub text: String,
}

/// The difference of both runs' metadata.
pub fn metadata(baseline: &PinnedRun, candidate: &PinnedRun) -> MetadataDiff {
    let (old, new) = (text(baseline), text(candidate));
    let diff = TextDiff::from_lines(&old, &new);
    let line = |change: similar::Change<&str>| {
        let (class, sign, side) = match change.tag() {
            ChangeTag::Equal => ("kept", " ", "both"),
            ChangeTag::Delete => ("removed", "-", "baseline only"),
            ChangeTag::Insert => ("added", "+", "candidate only"),
        };
        DiffLine {
            class,
            sign,
            side,
            text: change.value().trim_end_matches('\n').to_owned(),
        }
    };
    let lines: Vec<DiffLine> = diff.iter_all_changes().map(line).collect();
    MetadataDiff {
        same: lines.iter().all(|line| line.class == "kept"),
        lines,
    }
}

/// The properties of one run, a line each.
pub fn lines(run: &PinnedRun) -> Vec<String> {
    text(run).lines().map(str::to_owned).collect()
}

fn text(run: &PinnedRun) -> String {
    let one_line = |text: &str| words::visible(text).replace('\n', "␊");
    run.properties
        .iter()
        .map(|(name, value)| format!("{} = {}\n", one_line(name), one_line(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Golden;
    use std::collections::BTreeMap;

    fn run(git: &str) -> PinnedRun {
        PinnedRun {
            reference: String::new(),
            model_version: String::new(),
            run_id: String::new(),
            snapshot_id: String::new(),
            table_uuid: String::new(),
            rows: 0,
            sequence_number: 0,
            committed_at: String::new(),
            manifest_list: String::new(),
            golden: Golden::default(),
            rows_digest: None,
            properties: BTreeMap::from([("a".into(), "1\n2".into()), ("git".into(), git.into())]),
            data_files: Vec::new(),
            delete_files: Vec::new(),
        }
    }

    #[test]
    fn changed_lines_are_signed() {
        let diff = metadata(&run("x"), &run("y"));
        let signs: Vec<_> = diff.lines.iter().map(|line| (line.sign, line.text.as_str())).collect();
        assert_eq!(signs, [(" ", "a = 1␊2"), ("-", "git = x"), ("+", "git = y")]);
        assert!(!diff.same && metadata(&run("x"), &run("x")).same);
    }
}
