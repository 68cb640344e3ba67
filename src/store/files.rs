//! Which data files a run consists of.

use super::error::{Context, StoreError};
use super::places::Places;
use crate::model::DataFile;
use iceberg::spec::{ManifestContentType, ManifestEntryRef, ManifestFile, ManifestStatus, SnapshotRef};
use iceberg::table::Table;

/// The manifests of a snapshot.
pub(super) async fn manifests(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<ManifestFile>, StoreError> {
    let what = || format!("reading the manifest list of snapshot {}", snapshot.snapshot_id());
    let places = Places::of(table);
    places.check(snapshot.manifest_list())?;
    let list = table.manifest_list_reader(snapshot).load().await.context(what())?;
    for manifest in list.entries() {
        places.check(&manifest.manifest_path)?;
    }
    Ok(list.entries().to_vec())
}

/// The live entries that a snapshot itself added: a snapshot is the whole table *as of* a commit, a run is only what
/// that commit brought.
///
/// # Errors
/// Refuses a snapshot that also brought delete files: its rows are not simply those of its data files.
pub(super) async fn added_entries(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<ManifestEntryRef>, StoreError> {
    let id = snapshot.snapshot_id();
    let mut out = Vec::new();
    for manifest in manifests(table, snapshot).await? {
        if manifest.added_snapshot_id != id {
            continue;
        }
        if manifest.content == ManifestContentType::Deletes {
            return Err(StoreError::Unreadable {
                table: table.identifier().to_string(),
                snapshot: id,
                reason: "it adds delete files, which this version cannot apply".into(),
            });
        }
        let what = || format!("reading the manifest {}", manifest.manifest_path);
        let loaded = manifest.load_manifest(table.file_io()).await.context(what())?;
        let added = |e: &&ManifestEntryRef| e.status() == ManifestStatus::Added && e.snapshot_id() == Some(id);
        out.extend(loaded.entries().iter().filter(added).cloned());
    }
    Ok(out)
}

/// The data files that a snapshot added, sorted by path.
pub(super) async fn added_files(table: &Table, snapshot_id: i64) -> Result<Vec<DataFile>, StoreError> {
    let snapshot = table
        .metadata()
        .snapshot_by_id(snapshot_id)
        .ok_or_else(|| StoreError::SnapshotGone {
            table: table.identifier().to_string(),
            snapshot: snapshot_id.to_string(),
        })?;
    let entries = added_entries(table, snapshot).await?;
    let mut files: Vec<DataFile> = entries.iter().map(data_file).collect();
    files.sort();
    Ok(files)
}

/// Every live data file of the table's current snapshot, with whether any delete file is there too.
pub(super) async fn live_files(table: &Table) -> Result<(Vec<DataFile>, bool), StoreError> {
    let Some(snapshot) = table.metadata().current_snapshot() else {
        return Ok((Vec::new(), false));
    };
    let (entries, deletes) = live(table, snapshot).await?;
    let mut files: Vec<DataFile> = entries.iter().map(data_file).collect();
    files.sort();
    Ok((files, deletes))
}

/// Every live data file as of a snapshot.
///
/// # Errors
/// Refuses a snapshot in which delete files apply: its rows are not simply those of its data files.
pub(super) async fn live_entries(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<ManifestEntryRef>, StoreError> {
    match live(table, snapshot).await? {
        (entries, false) => Ok(entries),
        (_, true) => Err(StoreError::Unreadable {
            table: table.identifier().to_string(),
            snapshot: snapshot.snapshot_id(),
            reason: "delete files apply to it, which this version cannot read".into(),
        }),
    }
}

async fn live(table: &Table, snapshot: &SnapshotRef) -> Result<(Vec<ManifestEntryRef>, bool), StoreError> {
    let mut entries = Vec::new();
    let mut deletes = false;
    for manifest in manifests(table, snapshot).await? {
        if manifest.content == ManifestContentType::Deletes {
            deletes = true;
            continue;
        }
        let what = || format!("reading the manifest {}", manifest.manifest_path);
        let loaded = manifest.load_manifest(table.file_io()).await.context(what())?;
        entries.extend(loaded.entries().iter().filter(|e| e.is_alive()).cloned());
    }
    Ok((entries, deletes))
}

pub(super) fn data_file(entry: &ManifestEntryRef) -> DataFile {
    DataFile {
        path: entry.file_path().to_string(),
        size: entry.file_size_in_bytes(),
        rows: entry.record_count(),
    }
}
