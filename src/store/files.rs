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

/// The live data entries that a snapshot itself added: a snapshot is the whole table *as of* a commit, a run is only what
/// that commit brought. What delete files take out of them is another matter: see [`Live`].
pub(super) async fn added_entries(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<LiveFile>, StoreError> {
    let id = snapshot.snapshot_id();
    let mut out = Vec::new();
    for manifest in manifests(table, snapshot).await? {
        if manifest.added_snapshot_id != id || manifest.content == ManifestContentType::Deletes {
            continue;
        }
        let what = || format!("reading the manifest {}", manifest.manifest_path);
        let loaded = manifest.load_manifest(table.file_io()).await.context(what())?;
        let added = |e: &&ManifestEntryRef| e.status() == ManifestStatus::Added && e.snapshot_id() == Some(id);
        let spec = manifest.partition_spec_id;
        let added = loaded.entries().iter().filter(added).cloned();
        out.extend(added.map(|entry| LiveFile { entry, spec }));
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
    let mut files: Vec<DataFile> = entries.iter().map(|file| data_file(&file.entry)).collect();
    files.sort();
    Ok(files)
}

/// A live file with the partition spec of its manifest.
pub(super) struct LiveFile {
    pub(super) entry: ManifestEntryRef,
    pub(super) spec: i32,
}

/// Everything that is live as of a snapshot.
#[derive(Default)]
pub(super) struct Live {
    /// Data files.
    pub(super) data: Vec<LiveFile>,
    /// Files that take rows out of them.
    pub(super) deletes: Vec<LiveFile>,
}

pub(super) async fn live(table: &Table, snapshot: &SnapshotRef) -> Result<Live, StoreError> {
    let mut out = Live::default();
    for manifest in manifests(table, snapshot).await? {
        let what = || format!("reading the manifest {}", manifest.manifest_path);
        let loaded = manifest.load_manifest(table.file_io()).await.context(what())?;
        let spec = manifest.partition_spec_id;
        let alive = loaded.entries().iter().filter(|e| e.is_alive()).cloned();
        let list = match manifest.content {
            ManifestContentType::Data => &mut out.data,
            ManifestContentType::Deletes => &mut out.deletes,
        };
        list.extend(alive.map(|entry| LiveFile { entry, spec }));
    }
    Ok(out)
}

/// Whether a data file is one that is read: engines name files by their format.
pub(super) fn check_format(path: &str) -> Result<(), StoreError> {
    match [".orc", ".avro"].iter().any(|ending| path.ends_with(ending)) {
        true => Err(StoreError::NotParquet(path.to_string())),
        false => Ok(()),
    }
}

pub(super) fn data_file(entry: &ManifestEntryRef) -> DataFile {
    DataFile {
        path: entry.file_path().to_string(),
        size: entry.file_size_in_bytes(),
        rows: entry.record_count(),
    }
}
