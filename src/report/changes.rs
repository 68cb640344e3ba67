//! What changed besides the answers: all that both runs record of themselves, side by side.

use super::cut::{self, Cut};
use super::format::counted;
use super::parts::{Chrome, Owner};
use super::payload::{self, Piece};
use super::words;
use crate::model::{Comparison, PinnedRun};
use serde::Serialize;
use std::collections::BTreeMap;

/// What every run has of its own, so that a difference says nothing.
const IDENTITY: [(&str, &str); 7] = [
    ("evaldiff.model-version", "Model version"),
    ("evaldiff.run-id", "Run"),
    ("committed-at", "Committed at"),
    ("evaldiff.accuracy", "Accuracy at import"),
    ("evaldiff.rows-digest", "Digest of the rows"),
    ("evaldiff.files-digest", "Digest of the imported files"),
    ("evaldiff.row-count", "Rows"),
];

/// What should be the same for a comparison to be about the model alone.
const CONDITIONS: [(&str, &str); 6] = [
    ("evaldiff.golden-name", "Golden dataset"),
    ("evaldiff.golden-version", "Golden version"),
    ("evaldiff.golden-digest", "Golden digest"),
    ("evaldiff.service", "Service"),
    ("evaldiff.git-sha", "Git commit"),
    ("evaldiff.scorer-version", "Scorer"),
];

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangesPage {
    /// What surrounds the page.
    pub page: Chrome,
    /// Versions, as columns.
    pub baseline: String,
    /// The new version.
    pub candidate: String,
    /// What differs, in one sentence.
    pub sentence: String,
    /// The properties.
    pub groups: Vec<ChangeGroup>,
}

/// Properties of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeGroup {
    /// What they are.
    pub title: &'static str,
    /// The properties.
    pub rows: Vec<ChangeRow>,
}

/// A property of both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeRow {
    /// What it is.
    pub name: String,
    /// `same`, `differs`, `baseline only` or `candidate only`.
    pub mark: &'static str,
    /// Whether they differ.
    pub differs: bool,
    /// What the baseline says, with what differs marked; nothing where it does not say it.
    pub baseline: Vec<Piece>,
    /// What the candidate says.
    pub candidate: Vec<Piece>,
}

/// What changed between the runs of a comparison besides their answers.
pub fn changes(comparison: &Comparison, owner: &Owner) -> ChangesPage {
    let [old, new] = [&comparison.baseline, &comparison.candidate].map(properties);
    let known = |names: &[(&str, &str)]| -> Vec<ChangeRow> {
        let rows = names
            .iter()
            .map(|(property, title)| row(title, old.get(*property), new.get(*property)));
        rows.flatten().collect()
    };
    let mut others: Vec<&String> = old.keys().chain(new.keys()).collect();
    others.sort();
    others.dedup();
    let is_known = |name: &str| IDENTITY.iter().chain(&CONDITIONS).any(|(known, _)| *known == name);
    let others = others.into_iter().filter(|name| !is_known(name));
    let others: Vec<ChangeRow> = others
        .filter_map(|name| row(&words::visible(name), old.get(name.as_str()), new.get(name.as_str())))
        .collect();
    let conditions = known(&CONDITIONS);
    ChangesPage {
        page: owner.beside("What else changed"),
        baseline: words::shown(&comparison.baseline.model_version),
        candidate: words::shown(&comparison.candidate.model_version),
        sentence: sentence(&conditions, &others),
        groups: [
            ("What the comparison stands on", conditions),
            ("What else the runs record", others),
            ("What every run has of its own", known(&IDENTITY)),
        ]
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(title, rows)| ChangeGroup { title, rows })
        .collect(),
    }
}

/// The properties of a run by name; those of older or foreign runs that only the pinned run knows are filled in.
fn properties(run: &PinnedRun) -> BTreeMap<String, String> {
    let mut all = run.properties.clone();
    let golden = &run.golden;
    let known = [
        ("evaldiff.model-version", Some(run.model_version.clone())),
        ("evaldiff.run-id", Some(run.run_id.clone())),
        ("committed-at", Some(run.committed_at.clone())),
        ("evaldiff.row-count", Some(run.rows.to_string())),
        ("evaldiff.rows-digest", run.rows_digest.clone()),
        ("evaldiff.golden-name", golden.name.clone()),
        ("evaldiff.golden-version", golden.version.clone()),
        ("evaldiff.golden-digest", golden.digest.clone()),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            all.entry(name.to_owned()).or_insert(value);
        }
    }
    all
}

/// What a run says of itself may be long too.
const CUT: Cut = Cut {
    most: cut::MOST,
    file: "data/comparison.json",
};

/// A property; none where neither run has it.
fn row(name: &str, old: Option<&String>, new: Option<&String>) -> Option<ChangeRow> {
    let view = payload::payload(name, old.map(String::as_str), new.map(String::as_str), CUT)?;
    let mark = match (old, new) {
        (Some(a), Some(b)) if a == b => "same",
        (Some(_), Some(_)) => "differs",
        (Some(_), None) => "baseline only",
        _ => "candidate only",
    };
    let mut sides = match view.shared {
        Some(pieces) => vec![pieces.clone(), pieces],
        None => view.sides.into_iter().map(|side| side.pieces).collect(),
    };
    let candidate = sides.pop().unwrap_or_default();
    Some(ChangeRow {
        name: view.column,
        mark,
        differs: mark != "same",
        baseline: sides.pop().unwrap_or_default(),
        candidate,
    })
}

fn sentence(conditions: &[ChangeRow], others: &[ChangeRow]) -> String {
    let differing: Vec<&str> = conditions
        .iter()
        .chain(others)
        .filter(|row| row.differs)
        .map(|row| row.name.as_str())
        .collect();
    match differing.as_slice() {
        [] => "Nothing else differs in what the runs record of themselves.".to_owned(),
        names => format!(
            "{} in what the runs record of themselves: {}.",
            counted(names.len() as u64, "difference", "differences"),
            names.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_marked_in_words_and_where_they_are() {
        let text = |text: &str| Some(text.to_owned());
        let found = row("Service", text("triage:1.0").as_ref(), text("triage:2.0").as_ref()).unwrap();
        assert_eq!((found.mark, found.differs), ("differs", true));
        let marked: Vec<&str> = found
            .candidate
            .iter()
            .filter(|p| p.added)
            .map(|p| p.text.as_str())
            .collect();
        assert_eq!(marked, ["2.0"]);
        let one = row("Service", None, text("x").as_ref()).unwrap();
        assert_eq!((one.mark, one.baseline.len()), ("candidate only", 0));
        assert!(row("Service", None, None).is_none());
        assert_eq!(
            sentence(&[one, found], &[]),
            "2 differences in what the runs record of themselves: Service, Service."
        );
    }
}
