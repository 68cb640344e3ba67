//! `manifest.json`: what a report was made from and what it consists of.

use crate::model::{ColumnRoles, CompareOptions, PinnedRun};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Version of the manifest document.
pub const MANIFEST_SCHEMA: &str = "evaldiff.manifest/1";
/// Name of the manifest in a report's folder.
pub const MANIFEST_NAME: &str = "manifest.json";

/// A report's own evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// `diff` or `run`.
    pub kind: String,
    /// Version of evaldiff that wrote the report.
    pub tool_version: String,
    /// `namespace.table`.
    pub table: String,
    /// Digest of everything besides the snapshots that can change a byte.
    pub config_digest: String,
    /// Which column played which part.
    pub roles: ColumnRoles,
    /// What was asked.
    pub options: CompareOptions,
    /// The runs that were read, with their data files and rows digests: baseline and candidate, or the one run.
    pub runs: Vec<PinnedRun>,
    /// SHA-256 and size of every other file of the report, by path.
    pub files: BTreeMap<String, FileDigest>,
}

/// A file's size and digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

impl FileDigest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> FileDigest {
        let hex = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        FileDigest {
            size: bytes.len() as u64,
            sha256: hex,
        }
    }
}

/// First eight hex digits of the digest over everything besides the snapshots that can change a byte of a report.
///
/// Of runs that their snapshots alone do not tell apart, since others may be read as of the same one, it has the ids.
pub fn config_digest(
    roles: &ColumnRoles,
    options: &CompareOptions,
    tool_version: &str,
    runs: [&PinnedRun; 2],
) -> String {
    let mut text = serde_json::json!({ "roles": roles, "options": options, "theme": "default", "tool": tool_version });
    // A rows digest is recorded by the snapshot that added this run, and no other.
    if runs.iter().any(|run| run.rows_digest.is_none()) {
        text["runs"] = serde_json::json!(runs.map(|run| &run.run_id));
        // What is known of such a run may come from an older snapshot, and be lost with it.
        if runs.iter().any(|run| !run.properties.is_empty()) {
            text["known"] = serde_json::json!(runs.map(|run| (&run.golden, &run.properties)));
        }
    }
    crate::names::short_hash(&text.to_string())
}

/// A document as it stands in a report: indented JSON with a final line break.
///
/// # Errors
/// Fails only if a value cannot be serialised.
pub fn json_bytes<T: Serialize>(document: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(document)?;
    bytes.push(b'\n');
    Ok(bytes)
}
