//! Opening a catalog: the one place that knows which kinds there are.

use super::error::{Context, StoreError};
use iceberg::io::LocalFsStorageFactory;
use iceberg::{Catalog, CatalogBuilder};
use iceberg_catalog_sql::{SqlBindStyle, SqlCatalogBuilder};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the embedded catalog and its warehouse are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogLocation {
    /// Name of the catalog: part of its key, so every writer must use the same.
    pub name: String,
    /// The SQLite file.
    pub database: PathBuf,
    /// Folder of the tables, absolute.
    pub warehouse: PathBuf,
}

/// How long a writer waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the catalog; creates database and warehouse if `create` is set and they are missing.
///
/// # Errors
/// [`StoreError::NoWarehouse`] if there is none and it may not be created, [`StoreError::Catalog`] if the file is not
/// a database or cannot be reached.
pub(super) async fn open(location: &CatalogLocation, create: bool) -> Result<Arc<dyn Catalog>, StoreError> {
    let exists = location.database.is_file();
    if !exists && !create {
        let folder = location
            .database
            .parent()
            .and_then(Path::parent)
            .unwrap_or(Path::new("."));
        return Err(StoreError::NoWarehouse(folder.to_path_buf()));
    }
    prepare(location, exists).await?;
    let props = HashMap::from([
        ("uri".to_string(), sqlite_url(&location.database)),
        ("warehouse".to_string(), file_url(&location.warehouse)),
        ("pool.max-connections".to_string(), "2".to_string()),
    ]);
    let catalog = SqlCatalogBuilder::default()
        .sql_bind_style(SqlBindStyle::QMark)
        .with_storage_factory(Arc::new(LocalFsStorageFactory))
        .load(location.name.clone(), props)
        .await
        .context(format!("opening the catalog {}", location.database.display()))?;
    Ok(Arc::new(catalog))
}

/// Creates the database, or proves that an existing file is one: iceberg's own errors would not say so.
async fn prepare(location: &CatalogLocation, exists: bool) -> Result<(), StoreError> {
    let fail = |reason: String| StoreError::Catalog {
        path: location.database.display().to_string(),
        reason,
    };
    if !exists && let Some(folder) = location.database.parent() {
        std::fs::create_dir_all(folder).map_err(|e| fail(e.to_string()))?;
    }
    let mut options = SqliteConnectOptions::new()
        .filename(&location.database)
        .busy_timeout(BUSY_TIMEOUT);
    if !exists {
        // Write-ahead logging lets readers go on while a run is committed; it is a lasting property of the file.
        options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    }
    look(&options).await.map_err(|e| fail(e.to_string()))
}

/// Connects and reads; SQLite does not wait for the lock of another process that creates the same database, so this does.
async fn look(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let once = || async {
        let mut connection = options.connect().await?;
        let query = sqlx::query("SELECT count(*) FROM sqlite_master");
        query.fetch_one(&mut connection).await.map(|_| ())
    };
    let start = Instant::now();
    loop {
        match once().await {
            Err(error) if error.to_string().contains("database is locked") && start.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

/// `sqlite://` URL of a file; characters that a URL would read otherwise are escaped.
fn sqlite_url(path: &Path) -> String {
    let mut out = String::from("sqlite://");
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => out.push_str("%25"),
            '?' => out.push_str("%3F"),
            '#' => out.push_str("%23"),
            other => out.push(other),
        }
    }
    out.push_str("?mode=rwc");
    out
}

/// `file://` URL of an absolute path: the form in which every location is written into metadata.
pub(super) fn file_url(path: &Path) -> String {
    format!("file://{}", path.to_string_lossy())
}

/// The local path of a `file:` location; `None` for other schemes.
pub fn local_path(location: &str) -> Option<PathBuf> {
    let rest = location
        .strip_prefix("file://")
        .or_else(|| location.strip_prefix("file:"));
    match rest {
        Some(path) => Some(PathBuf::from(path)),
        None if location.starts_with('/') => Some(PathBuf::from(location)),
        None => None,
    }
}
