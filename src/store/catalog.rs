//! Opening a catalog: the one place that knows which kinds there are.

use super::advice::AUTHORITIES;
use super::error::{Context, StoreError};
use super::{assumed_role, sql};
use crate::model::{CatalogKind, CatalogLocation, PASSWORD, QUERY};
use iceberg::io::{LocalFsStorageFactory, StorageFactory};
use iceberg::{Catalog, CatalogBuilder};
use iceberg_catalog_rest::{RestCatalog, RestCatalogBuilder};
use iceberg_catalog_sql::{SqlBindStyle, SqlCatalogBuilder};
use iceberg_storage_opendal::OpenDalResolvingStorageFactory;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a writer waits for another one's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a catalog in PostgreSQL waits for another's lock, at each of several attempts.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a catalog server may take to accept a connection, and to answer.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// File of certificate authorities, in PEM.
pub(super) const CA_BUNDLE: &str = "ssl.cabundle";

/// Where the embedded catalog is, below the project's folder; any other place was configured.
const EMBEDDED: &str = ".evaldiff/catalog.db";

/// An open catalog.
pub(super) struct Opened {
    pub(super) catalog: Arc<dyn Catalog>,
    /// The same, if it is a server: its token has to be renewed on long runs.
    pub(super) rest: Option<Arc<RestCatalog>>,
}

/// Opens the catalog; creates an embedded one if `create` is set and it is missing.
///
/// # Errors
/// [`StoreError::NoWarehouse`] if there is none and it may not be created, [`StoreError::Catalog`] if it is damaged or
/// cannot be reached.
pub(super) async fn open(location: &CatalogLocation, create: bool) -> Result<Opened, StoreError> {
    match &location.kind {
        CatalogKind::Sql { database, warehouse } => {
            let catalog = open_sql(location, database, warehouse, create).await?;
            Ok(Opened { catalog, rest: None })
        }
        CatalogKind::Postgres { uri, warehouse } => {
            let catalog = open_postgres(location, uri, warehouse).await?;
            Ok(Opened { catalog, rest: None })
        }
        CatalogKind::Rest { uri, warehouse } => {
            let catalog = open_rest(location, uri, warehouse.as_deref()).await?;
            let rest = Some(Arc::clone(&catalog));
            Ok(Opened { catalog, rest })
        }
    }
}

async fn open_sql(
    location: &CatalogLocation,
    database: &Path,
    warehouse: &str,
    create: bool,
) -> Result<Arc<dyn Catalog>, StoreError> {
    let exists = database.is_file();
    if !exists && !create {
        return Err(match database.ends_with(EMBEDDED) {
            true => StoreError::NoWarehouse(database.ancestors().nth(2).unwrap_or(Path::new(".")).to_path_buf()),
            false => StoreError::NoCatalog(database.to_path_buf()),
        });
    }
    prepare(database, exists).await?;
    let shown = database.display().to_string();
    load_sql(location, &shown, sqlite_url(database), warehouse, SqlBindStyle::QMark).await
}

/// Attempts at opening a catalog in PostgreSQL that others make at the same time.
const OPENINGS: u64 = 6;

/// Opens a catalog in PostgreSQL, whose two tables are made if it has none.
async fn open_postgres(location: &CatalogLocation, uri: &str, warehouse: &str) -> Result<Arc<dyn Catalog>, StoreError> {
    let load = || {
        load_sql(
            location,
            uri,
            postgres_url(location, uri),
            warehouse,
            SqlBindStyle::DollarNumeric,
        )
    };
    sql::reachable(&postgres_url(location, uri))
        .await
        .map_err(|reason| StoreError::Catalog {
            path: uri.to_string(),
            reason,
        })?;
    // Processes that are the first at once: PostgreSQL lets all but one fail, for each of the two tables, whatever
    // `IF NOT EXISTS` promises.
    for attempt in 1..OPENINGS {
        match load().await {
            Err(StoreError::Iceberg { error, .. }) if format!("{error:?}").contains("duplicate key value") => {
                tokio::time::sleep(Duration::from_millis(50 * attempt)).await;
            }
            opened => return opened,
        }
    }
    load().await
}

/// The address with the password that its configuration gave, and limits to waiting for others.
fn postgres_url(location: &CatalogLocation, uri: &str) -> String {
    let mut whole = match (location.properties.get(PASSWORD), uri.rsplit_once('@')) {
        (Some(password), Some((user, host))) => format!("{user}:{password}@{host}?"),
        _ => format!("{uri}?"),
    };
    if let Some(query) = location.properties.get(QUERY) {
        whole += &format!("{query}&");
    }
    let (lock, statement) = (LOCK_TIMEOUT.as_millis(), ANSWER_TIMEOUT.as_millis());
    format!("{whole}options[lock_timeout]={lock}&options[statement_timeout]={statement}")
}

/// The address by which sqlx finds the rows of an SQL catalog; `None` for a catalog server.
pub(super) fn sql_address(location: &CatalogLocation) -> Option<String> {
    match &location.kind {
        CatalogKind::Sql { database, .. } => Some(sqlite_url(database)),
        CatalogKind::Postgres { uri, .. } => Some(postgres_url(location, uri)),
        CatalogKind::Rest { .. } => None,
    }
}

async fn load_sql(
    location: &CatalogLocation,
    shown: &str,
    address: String,
    warehouse: &str,
    binding: SqlBindStyle,
) -> Result<Arc<dyn Catalog>, StoreError> {
    sql::complete(&address).await;
    let mut props = properties(location);
    props.remove(PASSWORD);
    props.remove(QUERY);
    props.insert("uri".into(), address);
    props.insert("warehouse".into(), warehouse.into());
    props.insert("pool.max-connections".into(), "2".into());
    // Tables in a local warehouse keep to local files, whoever wrote their metadata.
    let storage: Arc<dyn StorageFactory> = match local_path(warehouse) {
        Some(_) => Arc::new(LocalFsStorageFactory),
        None => Arc::new(OpenDalResolvingStorageFactory::new()),
    };
    let what = || format!("opening the catalog {shown}");
    let name = location.name.clone();
    let runtime = iceberg::Runtime::try_current().context(what())?;
    // sqlx 0.8.6 counts idle connections in two steps. Its upkeep task, which starts with the pool, can read the count
    // between them while another thread takes the first connection: it underflows, and the task spins for ever, also
    // when the program wants to end (seen once in some thousand runs). On a thread of their own the two take turns, and
    // the task is gone when the catalog is open; the connections do not depend on it.
    let load = move || {
        let own = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let own = own.map_err(|e| iceberg::Error::new(iceberg::ErrorKind::Unexpected, e.to_string()))?;
        own.block_on(
            SqlCatalogBuilder::default()
                .sql_bind_style(binding)
                .with_storage_factory(storage)
                .with_runtime(runtime)
                .load(name, props),
        )
    };
    let loaded = tokio::task::spawn_blocking(load)
        .await
        .map_err(|e| StoreError::Catalog {
            path: shown.to_string(),
            reason: e.to_string(),
        })?;
    Ok(Arc::new(loaded.context(what())?))
}

/// The configured properties by the names that iceberg reads.
fn properties(location: &CatalogLocation) -> HashMap<String, String> {
    let mut properties = location.properties.clone().into_iter().collect();
    assumed_role::translate(&mut properties);
    properties
}

/// A client for catalog servers. iceberg's own has neither time limits nor TLS; certificates are trusted if the system's
/// authorities signed them, or those of SSL_CERT_FILE, or those of the property `ssl.cabundle` (PyIceberg's name).
///
/// # Errors
/// Says what is wrong with the bundle.
pub(super) fn client(properties: &BTreeMap<String, String>) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .user_agent(concat!("evaldiff/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = properties.get(CA_BUNDLE) {
        for authority in authorities(path, reqwest::Certificate::from_pem_bundle)? {
            builder = builder.add_root_certificate(authority);
        }
    }
    builder.build().map_err(|e| e.to_string())
}

/// The certificates of a bundle, as the client that is to trust them has them.
///
/// # Errors
/// Says what is wrong with the file.
pub(super) fn authorities<C, E: std::fmt::Display>(
    path: &str,
    parse: impl Fn(&[u8]) -> Result<Vec<C>, E>,
) -> Result<Vec<C>, String> {
    let fail = |reason: &dyn std::fmt::Display| format!("{AUTHORITIES}{path}: {reason}");
    let pem = std::fs::read(path).map_err(|e| fail(&e))?;
    let found = parse(&pem).map_err(|e| fail(&e))?;
    match found.is_empty() {
        true => Err(fail(&"it holds no certificate")),
        false => Ok(found),
    }
}

async fn open_rest(
    location: &CatalogLocation,
    uri: &str,
    warehouse: Option<&str>,
) -> Result<Arc<RestCatalog>, StoreError> {
    let fail = |reason: String| StoreError::Catalog {
        path: uri.to_string(),
        reason,
    };
    let client = client(&location.properties).map_err(fail)?;
    let mut props = properties(location);
    props.insert("uri".into(), uri.into());
    if let Some(warehouse) = warehouse {
        props.insert("warehouse".into(), warehouse.into());
    }
    let catalog = RestCatalogBuilder::default()
        .with_client(client)
        .with_storage_factory(Arc::new(OpenDalResolvingStorageFactory::new()))
        .load(location.name.clone(), props)
        .await
        .context(format!("opening the catalog {uri}"))?;
    Ok(Arc::new(catalog))
}

/// Creates the database, or proves that an existing file is one: iceberg's own errors would not say so.
async fn prepare(database: &Path, exists: bool) -> Result<(), StoreError> {
    let fail = |reason: String| StoreError::Catalog {
        path: database.display().to_string(),
        reason,
    };
    if !exists && let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder).map_err(|e| fail(e.to_string()))?;
    }
    let mut options = SqliteConnectOptions::new()
        .filename(database)
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
