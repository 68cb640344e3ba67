//! Files below a table that nothing refers to: what commits left that failed, or lost against others.

use super::error::{Context, StoreError};
use super::{Objects, Store, files};
use futures::TryStreamExt;
use iceberg::table::Table;
use std::collections::BTreeSet;

/// Kinds of file that commits leave behind; whatever else lies there is somebody's.
const KINDS: [&str; 6] = [
    ".parquet",
    ".orc",
    ".avro",
    ".puffin",
    ".metadata.json",
    ".gz.metadata.json",
];

/// A file that no snapshot refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orphan {
    /// Its location.
    pub location: String,
    /// Its size in bytes.
    pub size: u64,
    /// Milliseconds since the epoch of its last change.
    pub changed_ms: i64,
}

impl Store {
    /// The files below a table's `data` and `metadata` that were last changed before `before_ms` and that nothing refers
    /// to: no snapshot, branch or tag, nor the log of metadata. Sorted by location.
    ///
    /// # Errors
    /// Fails if anything that refers to files cannot be read: what is not known to be unused is not listed.
    pub async fn orphans(&self, table_name: &str, before_ms: i64) -> Result<Vec<Orphan>, StoreError> {
        let table = self.load(table_name).await?;
        self.check_place(&table).await?;
        let used = references(&table).await?;
        let objects = Objects::of(&table);
        let fail = |reason: String| StoreError::Rows(format!("listing the files of {table_name}: {reason}"));
        let location = table.metadata().location().trim_end_matches('/').to_string();
        let mut out = Vec::new();
        for folder in ["data", "metadata"] {
            let root = format!("{location}/{folder}");
            let (store, prefix) = objects.at(&root).map_err(|e| fail(e.to_string()))?;
            let found: Vec<_> = store
                .list(Some(&prefix))
                .try_collect()
                .await
                .map_err(|e| fail(e.to_string()))?;
            for file in found {
                let Some(rest) = file.location.prefix_match(&prefix) else {
                    continue;
                };
                let parts: Vec<String> = rest.map(|part| part.as_ref().to_string()).collect();
                let location = format!("{root}/{}", parts.join("/"));
                let changed_ms = file.last_modified.timestamp_millis();
                let left_behind = KINDS.iter().any(|kind| location.ends_with(kind));
                if left_behind && changed_ms < before_ms && !used.contains(&plain(&location)) {
                    out.push(Orphan {
                        location,
                        size: file.size,
                        changed_ms,
                    });
                }
            }
        }
        out.sort();
        Ok(out)
    }

    /// Deletes a file of a table.
    ///
    /// # Errors
    /// Fails if the storage refuses.
    pub async fn delete_orphan(&self, table_name: &str, orphan: &Orphan) -> Result<(), StoreError> {
        let table = self.load(table_name).await?;
        let deleted = table.file_io().delete(&orphan.location).await;
        deleted.context(format!("deleting {}", orphan.location))
    }
}

impl Store {
    /// Whether a table has its place for itself: what another one refers to is no orphan, and files do not say whose they are.
    async fn check_place(&self, table: &Table) -> Result<(), StoreError> {
        let place = |table: &Table| plain(table.metadata().location()) + "/";
        let own = place(table);
        for name in self.tables().await? {
            if name == table.identifier().to_string() {
                continue;
            }
            let other = place(&self.load(&name).await?);
            if own.starts_with(&other) || other.starts_with(&own) {
                return Err(StoreError::SharedPlace {
                    table: table.identifier().to_string(),
                    other: name,
                    location: table.metadata().location().to_string(),
                });
            }
        }
        Ok(())
    }
}

/// Every file that the table's metadata, its log, its snapshots and their manifests name.
async fn references(table: &Table) -> Result<BTreeSet<String>, StoreError> {
    let metadata = table.metadata();
    let mut used = BTreeSet::new();
    used.extend(table.metadata_location().map(plain));
    used.extend(metadata.metadata_log().iter().map(|entry| plain(&entry.metadata_file)));
    used.extend(metadata.statistics_iter().map(|file| plain(&file.statistics_path)));
    used.extend(
        metadata
            .partition_statistics_iter()
            .map(|file| plain(&file.statistics_path)),
    );
    let mut seen = BTreeSet::new();
    for snapshot in metadata.snapshots() {
        used.insert(plain(snapshot.manifest_list()));
        for manifest in files::manifests(table, snapshot).await? {
            if !seen.insert(manifest.manifest_path.clone()) {
                continue;
            }
            used.insert(plain(&manifest.manifest_path));
            let what = || format!("reading the manifest {}", manifest.manifest_path);
            let loaded = manifest.load_manifest(table.file_io()).await.context(what())?;
            used.extend(loaded.entries().iter().map(|entry| plain(entry.file_path())));
        }
    }
    Ok(used)
}

/// A location without its scheme and without repeated slashes: `file:/a`, `file:///a` and `/a` are one file, `s3` and `s3a`
/// one store.
fn plain(location: &str) -> String {
    let rest = match location.split_once(':') {
        Some(("file" | "s3" | "s3a" | "s3n", rest)) => rest,
        _ => location,
    };
    rest.split('/')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn one_file_has_one_name() {
        for location in ["file:///a/b", "file:/a/b", "/a/b", "/a//b"] {
            assert_eq!(plain(location), "a/b");
        }
        assert_eq!(plain("s3a://bucket/a"), plain("s3://bucket/a"));
        assert_ne!(plain("s3://bucket/a"), plain("s3://other/a"));
    }
}
