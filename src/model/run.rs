//! A run pinned to the snapshot that holds it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a run's samples came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Golden {
    /// Name of the golden dataset.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its content digest: `blake3:<hex>`, independent of the order of the samples.
    pub digest: Option<String>,
}

/// A data file that a run consists of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DataFile {
    /// Location as the table's manifests give it.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Rows.
    pub rows: u64,
}

/// A run with everything that identifies it for good: what both sides of a comparison are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedRun {
    /// Always `snapshot:<id>`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Version of the model.
    pub model_version: String,
    /// Id of the run.
    pub run_id: String,
    /// Id of the snapshot; a string, because JSON numbers lose digits above 2^53.
    pub snapshot_id: String,
    /// UUID of the table.
    pub table_uuid: String,
    /// Rows of the run.
    pub rows: u64,
    /// Position of the snapshot in the table's history.
    pub sequence_number: i64,
    /// When the snapshot was committed: RFC 3339, UTC, milliseconds.
    pub committed_at: String,
    /// Location of the snapshot's manifest list.
    pub manifest_list: String,
    /// The golden dataset.
    pub golden: Golden,
    /// `blake3:<hex>` over the run's role columns in key order; `None` for runs that others wrote.
    pub rows_digest: Option<String>,
    /// Everything that the snapshot's summary says of the run, by property name; sorted.
    pub properties: BTreeMap<String, String>,
    /// The files of the run, sorted by path.
    pub data_files: Vec<DataFile>,
    /// The files that take rows out of them, sorted by path; only tables that others wrote have any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete_files: Vec<DataFile>,
}
