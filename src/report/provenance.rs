//! Where the numbers come from: what was read, pinned, with digests.

use super::format::{bytes, count, counted};
use super::words::visible;
use crate::model::{ColumnRoles, PinnedRun};
use serde::Serialize;

/// Data files listed for each run; the rest is counted.
const FILE_CAP: usize = 100;
/// What stands where a run does not say.
const UNRECORDED: &str = "not recorded";

/// Everything that pins a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Heads of the columns: the sides.
    pub heads: Vec<&'static str>,
    /// What identifies the sides.
    pub rows: Vec<ProvenanceRow>,
    /// What holds for the whole report.
    pub facts: Vec<Fact>,
    /// Data files of each side.
    pub files: Vec<Files>,
}

/// A fact of each side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvenanceRow {
    /// What it is.
    pub name: &'static str,
    /// One value for each side.
    pub values: Vec<String>,
}

/// A fact of the whole report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// The data files of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Files {
    /// "Baseline: 3 files, 1,234 bytes, 100 rows".
    pub summary: String,
    /// The files.
    pub rows: Vec<FileRow>,
    /// What is left out, in words.
    pub note: Option<String>,
}

/// One data file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileRow {
    /// Location.
    pub path: String,
    /// Size.
    pub size: String,
    /// Rows.
    pub rows: String,
}

/// What a report says of its own making.
#[derive(Clone, Copy, Debug)]
pub struct Making<'a> {
    /// `namespace.table`.
    pub table: &'a str,
    /// Digest of the configuration.
    pub config_digest: &'a str,
    /// Version of the tool.
    pub tool_version: &'a str,
    /// Which column played which part.
    pub roles: &'a ColumnRoles,
}

/// The provenance of a report over one or two runs.
pub fn provenance(making: Making<'_>, sides: &[(&'static str, &PinnedRun)]) -> Provenance {
    let row = |name, value: &dyn Fn(&PinnedRun) -> String| ProvenanceRow {
        name,
        values: sides.iter().map(|(_, run)| visible(&value(run))).collect(),
    };
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| UNRECORDED.to_owned());
    let rows = vec![
        row("Model version", &|run| run.model_version.clone()),
        row("Reference", &|run| run.reference.clone()),
        row("Snapshot id", &|run| run.snapshot_id.clone()),
        row("Sequence number", &|run| run.sequence_number.to_string()),
        row("Committed at", &|run| run.committed_at.clone()),
        row("Manifest list", &|run| run.manifest_list.clone()),
        row("Run id", &|run| run.run_id.clone()),
        row("Golden dataset", &|run| or(&run.golden.name)),
        row("Golden version", &|run| or(&run.golden.version)),
        row("Golden digest", &|run| or(&run.golden.digest)),
        row("Rows", &|run| count(run.rows)),
        row("Rows digest", &|run| or(&run.rows_digest)),
    ];
    let mut uuids: Vec<&str> = sides.iter().map(|(_, run)| run.table_uuid.as_str()).collect();
    uuids.dedup();
    let fact = |name, value: &str| Fact { name, value: visible(value) };
    let mut facts = vec![
        fact("Table", making.table),
        fact("Table UUID", &uuids.join(" and ")),
        fact("Configuration digest", making.config_digest),
        fact("Computed by", &format!("evaldiff {}", making.tool_version)),
    ];
    facts.extend(columns(making.roles));
    Provenance {
        heads: sides.iter().map(|(name, _)| *name).collect(),
        rows,
        facts,
        files: sides.iter().map(|(name, run)| files(name, run)).collect(),
    }
}

fn columns(roles: &ColumnRoles) -> Vec<Fact> {
    let one = |name, column: &Option<String>| column.as_deref().map(|column| Fact { name, value: visible(column) });
    let many = |name, columns: &[String]| {
        (!columns.is_empty()).then(|| Fact { name, value: visible(&columns.join(", ")) })
    };
    let facts = [
        many("Key columns", &roles.key),
        one("Truth column", &Some(roles.truth.clone())),
        one("Prediction column", &Some(roles.prediction.clone())),
        one("Confidence column", &roles.confidence),
        one("Status column", &roles.status),
        one("Error column", &roles.error),
        one("Latency column", &roles.latency),
        many("Slice columns", &roles.slices),
        many("Payload columns", &roles.show),
    ];
    facts.into_iter().flatten().collect()
}

fn files(name: &str, run: &PinnedRun) -> Files {
    let size = run.data_files.iter().map(|file| file.size).sum();
    let all = run.data_files.len();
    let rows = run.data_files.iter().take(FILE_CAP).map(|file| FileRow {
        path: visible(&file.path),
        size: bytes(file.size),
        rows: count(file.rows),
    });
    Files {
        summary: format!("{name}: {} with {}", counted(all as u64, "data file", "data files"), bytes(size)),
        rows: rows.collect(),
        note: (all > FILE_CAP).then(|| format!("The first {FILE_CAP} of {}; all stand in manifest.json.", count(all as u64))),
    }
}
