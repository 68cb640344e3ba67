//! Where the numbers come from: everything that pins both runs.

use super::format::{NONE, count, counted};
use super::words;
use crate::model::PinnedRun;
use serde::Serialize;

/// One property of both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvenanceRow {
    /// Its name.
    pub name: &'static str,
    /// The baseline's, or the only run's.
    pub baseline: String,
    /// The candidate's.
    pub candidate: String,
    /// Whether they differ.
    pub differs: bool,
}

/// The properties of one run, in the order of the table.
fn values(run: &PinnedRun) -> [(&'static str, String); 12] {
    let text = |text: &str| words::shown(text);
    let maybe = |text: &Option<String>| text.as_deref().map_or_else(|| NONE.to_owned(), words::shown);
    [
        ("Model version", text(&run.model_version)),
        ("Run", text(&run.run_id)),
        ("Snapshot", text(&run.snapshot_id)),
        ("Sequence number", run.sequence_number.to_string()),
        ("Committed at", text(&run.committed_at)),
        ("Manifest list", text(&run.manifest_list)),
        ("Golden dataset", maybe(&run.golden.name)),
        ("Golden version", maybe(&run.golden.version)),
        ("Golden digest", maybe(&run.golden.digest)),
        ("Rows", count(run.rows)),
        ("Rows digest", maybe(&run.rows_digest)),
        ("Data files", counted(run.data_files.len() as u64, "file", "files")),
    ]
}

/// The properties of both runs.
pub fn of_pair(baseline: &PinnedRun, candidate: &PinnedRun) -> Vec<ProvenanceRow> {
    let pairs = values(baseline).into_iter().zip(values(candidate));
    let row = |((name, baseline), (_, candidate)): ((&'static str, String), (&'static str, String))| ProvenanceRow {
        name,
        differs: baseline != candidate,
        baseline,
        candidate,
    };
    pairs.map(row).collect()
}

/// The properties of one run.
pub fn of_run(run: &PinnedRun) -> Vec<ProvenanceRow> {
    of_pair(run, run)
}
