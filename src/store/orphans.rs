//! Files below a table that nothing refers to: what commits left that failed, or lost against others.

use super::error::{Context, StoreError};
use super::places::{Places, declared_by};
use super::unread::Unread;
use super::{Objects, Store, catalog, files, local_path, sql};
use futures::TryStreamExt;
use iceberg::TableIdent;
use iceberg::spec::TableMetadata;
use iceberg::table::Table;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// What nothing refers to, and what that was told from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// The files, sorted by location.
    pub files: Vec<Orphan>,
    /// Other tables that cannot be read as tables, with why; the files that they name are spared all the same.
    pub unread: Vec<String>,
}

/// Another table of the catalog.
enum Other {
    Table(Box<Table>),
    /// One that iceberg cannot read.
    Unread(Unread),
}

/// Attempts at reading what all tables name.
const ATTEMPTS: u32 = 3;

impl Store {
    /// The files below a table's `data` and `metadata` that were last changed before `before_ms` and that nothing refers
    /// to: no snapshot, branch or tag, nor the log of metadata.
    ///
    /// # Errors
    /// Fails if anything that refers to files cannot be read: what is not known to be unused is not listed.
    pub async fn orphans(&self, table_name: &str, before_ms: i64) -> Result<Orphans, StoreError> {
        let table = self.load(table_name).await?;
        let mut attempt = 0;
        let (used, unread) = loop {
            attempt += 1;
            match self.in_use(&table).await {
                // Another engine may be expiring snapshots of a table at this moment: then its files go while they are read.
                Err(error) if attempt < ATTEMPTS && !matches!(error, StoreError::SharedPlace { .. }) => {
                    tracing::debug!("what is in use is looked for again: {error}");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                found => break found?,
            }
        };
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
        Ok(Orphans { files: out, unread })
    }

    /// Every file that this table and the others of its catalog name, and which of these cannot be read as tables.
    async fn in_use(&self, table: &Table) -> Result<(BTreeSet<String>, Vec<String>), StoreError> {
        let mut used = references(table).await?;
        let mut unread = Vec::new();
        for other in self.others(table).await? {
            // It may have had its files here once, or have been given some of them.
            match other {
                Other::Table(other) => {
                    check_place(table, &other.identifier().to_string(), &Places::declared(&other))?;
                    used.extend(references(&other).await?);
                }
                Other::Unread(other) => {
                    check_place(table, &other.name, &declared_by(other.location(), &other.properties()))?;
                    used.extend(other.files(table.file_io()).await?.iter().map(|file| plain(file)));
                    unread.push(other.error().to_string());
                }
            }
        }
        Ok((used, unread))
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
    /// Every other table of the catalog, in nested namespaces too; of a database those of all its catalogs.
    async fn others(&self, table: &Table) -> Result<Vec<Other>, StoreError> {
        if let Some(address) = catalog::sql_address(&self.location) {
            return self.of_database(&address, table).await;
        }
        let what = || format!("listing all tables{}", self.server());
        let mut open = self.catalog().list_namespaces(None).await.context(what())?;
        let mut others = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(namespace) = open.pop() {
            // A server that knows no nesting may give all of them whatever parent it is asked about.
            if !seen.insert(namespace.to_url_string()) {
                continue;
            }
            open.extend(self.catalog().list_namespaces(Some(&namespace)).await.context(what())?);
            for ident in self.catalog().list_tables(&namespace).await.context(what())? {
                if ident != *table.identifier() {
                    let reading = || format!("reading {ident}, whose files have to be known");
                    others.push(match self.reload(&ident).await {
                        Ok(other) => Other::Table(Box::new(other)),
                        Err(error) => match self.unread(&ident, &error).await {
                            Some(unread) => Other::Unread(unread),
                            None => return Err(error).context(reading()),
                        },
                    });
                }
            }
        }
        Ok(others)
    }

    /// The other tables of a database, read by the table's own storage: catalogs of other names do not show theirs.
    async fn of_database(&self, address: &str, table: &Table) -> Result<Vec<Other>, StoreError> {
        let found = sql::tables(address).await;
        let found =
            found.map_err(|reason| StoreError::Rows(format!("listing the tables of the database: {reason}")))?;
        let own = (self.location.name.clone(), table.identifier().to_string());
        let mut others = Vec::new();
        for (catalog, name, place) in found.into_iter().filter(|(c, name, _)| (c, name) != (&own.0, &own.1)) {
            let what = || format!("reading {name} of catalog {catalog}, whose files have to be known");
            let metadata = match TableMetadata::read_from(table.file_io(), &place).await {
                Ok(metadata) => metadata,
                Err(error) => match self.unread_at(&name, &place).await {
                    Some(unread) => {
                        others.push(Other::Unread(unread));
                        continue;
                    }
                    None => return Err(error).context(what()),
                },
            };
            let other = Table::builder()
                .identifier(TableIdent::from_strs(name.split('.')).context(what())?)
                .metadata(metadata)
                .metadata_location(place)
                .file_io(table.file_io().clone())
                .runtime(iceberg::Runtime::try_current().context(what())?)
                .build();
            others.push(Other::Table(Box::new(other.context(what())?)));
        }
        Ok(others)
    }
}

/// Whether a table has its place for itself: a commit of another one that is under way would have files there that nothing
/// refers to yet.
fn check_place(table: &Table, other: &str, places: &[String]) -> Result<(), StoreError> {
    let own = plain(table.metadata().location()) + "/";
    for place in places {
        let place = plain(place) + "/";
        if own.starts_with(&place) || place.starts_with(&own) {
            return Err(StoreError::SharedPlace {
                table: table.identifier().to_string(),
                other: other.to_string(),
                location: table.metadata().location().to_string(),
            });
        }
    }
    Ok(())
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
/// one store. Links of the file system are followed.
fn plain(location: &str) -> String {
    let local = local_path(location).map(|path| followed(&path).display().to_string());
    let location = local.as_deref().unwrap_or(location);
    let rest = match location.split_once(':') {
        Some(("file" | "s3" | "s3a" | "s3n", rest)) => rest,
        _ => location,
    };
    rest.split('/')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/")
}

/// A path without links, as far as it is there.
fn followed(path: &Path) -> PathBuf {
    let real = |base: &Path| {
        let rest = path.strip_prefix(base).ok()?;
        Some(base.canonicalize().ok()?.join(rest))
    };
    path.ancestors().find_map(real).unwrap_or_else(|| path.to_path_buf())
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
