//! The only place for iceberg: opens a catalog, keeps the table contract, appends runs, lists them, resolves
//! references and plans the files of a pinned run.
//!
//! Must not know what is compared or shown. Reads metadata only, except where a foreign table says nothing of its
//! runs there.

mod absent;
mod advice;
mod append;
mod assumed_role;
mod catalog;
mod checked_commit;
mod contract;
mod defaults;
mod deletes;
mod error;
mod files;
mod foreign;
mod objects;
mod orphans;
mod partition;
mod pins;
mod places;
mod projection;
mod reference;
mod remaining;
mod resolve;
mod rest_commit;
mod retract;
mod retry;
mod run_columns;
mod runs;
mod sql;
mod tags;
mod typed;
mod unread;
mod writable;
mod writer;

pub use absent::Absent;
pub(crate) use advice::{ALSO_READ_HINT, way_to_store};
pub use append::{Appended, NewRun};
pub use catalog::local_path;
pub use contract::{DEFAULT_TABLE, EVAL_TIMESTAMP, KEY, MODEL_VERSION, RUN_ID, type_name};
pub use defaults::FILE_NAMES;
pub use deletes::Deleted;
pub use error::StoreError;
pub use objects::{LocationError, Objects, bucket, refusal};
pub use orphans::{Orphan, Orphans};
pub use pins::Holder;
pub use projection::{PartitionValues, column_position};
pub(crate) use reference::VERSION_PREFIX;
pub use reference::{Reference, check_version};
pub use remaining::Remaining;
pub use resolve::ResolvedRun;
pub use runs::RunEntry;
pub use tags::{PIN_PREFIX, pin_name};
pub use typed::{typed, widens};

use crate::model::{CatalogKind, CatalogLocation};
use arrow::datatypes::Schema as ArrowSchema;
use error::Context;
use iceberg::table::Table;
use iceberg::{Catalog, TableIdent};
use retry::Patience;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// An open catalog.
pub struct Store {
    opened: catalog::Opened,
    location: CatalogLocation,
    begun: Instant,
}

/// Age of a session from which the token is renewed before a commit.
const TOKEN_AGE: Duration = Duration::from_secs(300);

impl Store {
    /// Opens a catalog that exists.
    ///
    /// # Errors
    /// [`StoreError::NoWarehouse`] if there is none.
    pub async fn open(location: &CatalogLocation) -> Result<Store, StoreError> {
        Ok(Store {
            opened: catalog::open(location, false).await?,
            location: location.clone(),
            begun: Instant::now(),
        })
    }

    /// Opens a catalog, creating it if there is none.
    ///
    /// # Errors
    /// Fails if the folder cannot be written or the file is not a database.
    pub async fn open_or_create(location: &CatalogLocation) -> Result<Store, StoreError> {
        Ok(Store {
            opened: catalog::open(location, true).await?,
            location: location.clone(),
            begun: Instant::now(),
        })
    }

    /// Names of all tables, `namespace.table`, sorted.
    ///
    /// # Errors
    /// Fails if the catalog cannot be read.
    pub async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let mut names = BTreeSet::new();
        let patience = Patience::Short;
        let what = || format!("listing namespaces{}", self.server());
        let open = retry::idempotent(patience, || self.catalog().list_namespaces(None)).await;
        let mut open = open.context(what())?;
        let mut seen = BTreeSet::new();
        while let Some(namespace) = open.pop() {
            // A server that knows no nesting may give all of them whatever parent it is asked about.
            if !seen.insert(namespace.to_url_string()) {
                continue;
            }
            let below = retry::idempotent(patience, || self.catalog().list_namespaces(Some(&namespace))).await;
            open.extend(none_if_missing(below).context(what())?);
            let tables = retry::idempotent(patience, || self.catalog().list_tables(&namespace)).await;
            let tables = none_if_missing(tables).context(format!("listing tables{}", self.server()))?;
            names.extend(tables.iter().map(ToString::to_string));
        }
        // A database may have tables in a namespace whose parent is none.
        if let Some(address) = catalog::sql_address(&self.location)
            && let Ok(tables) = sql::tables(&address).await
        {
            let own = tables
                .into_iter()
                .filter(|(catalog, ..)| *catalog == self.location.name);
            names.extend(own.map(|(_, name, _)| name));
        }
        Ok(names.into_iter().collect())
    }

    /// The table to read: the named one, else the only one there is.
    ///
    /// # Errors
    /// [`StoreError::WhichTable`] if there are several and none is named.
    pub async fn choose_table(&self, named: Option<&str>) -> Result<String, StoreError> {
        if let Some(name) = named {
            return Ok(name.to_string());
        }
        let mut known = self.tables().await?;
        match known.len() {
            0 => Ok(DEFAULT_TABLE.to_string()),
            1 => Ok(known.remove(0)),
            _ => Err(StoreError::WhichTable { known }),
        }
    }

    /// The columns that a table has, without those that the store adds itself; empty if there is no such table.
    ///
    /// # Errors
    /// Fails if the catalog cannot be read.
    pub async fn columns(&self, table: &str) -> Result<ArrowSchema, StoreError> {
        let Some(table) = self.try_load(table).await? else {
            return Ok(ArrowSchema::empty());
        };
        let own = contract::own_columns();
        let schema = contract::arrow_schema(&table)?;
        let fields = schema
            .fields()
            .iter()
            .filter(|f| own.iter().all(|o| o.name() != f.name()));
        Ok(ArrowSchema::new(fields.cloned().collect::<Vec<_>>()))
    }

    fn catalog(&self) -> &dyn Catalog {
        self.opened.catalog.as_ref()
    }

    async fn try_load(&self, name: &str) -> Result<Option<Table>, StoreError> {
        let ident = contract::identifier(name)?;
        let what = || format!("loading table {name}{}", self.server());
        let patience = Patience::Short;
        let namespace = ident.namespace();
        let known = retry::idempotent(patience, || self.catalog().namespace_exists(namespace)).await;
        if !known.context(what())? {
            return Ok(None);
        }
        let known = retry::idempotent(patience, || self.catalog().table_exists(&ident)).await;
        if !known.context(what())? {
            return Ok(None);
        }
        match retry::idempotent(patience, || self.catalog().load_table(&ident)).await {
            Ok(table) => Ok(Some(table)),
            Err(error) => {
                if let Some(unread) = self.unread(&ident, &error).await {
                    return Err(unread.error());
                }
                let place = self.metadata_location(&ident).await;
                let place = place.map(|place| format!(" from {place}")).unwrap_or_default();
                Err(error).context(format!("{}{place}", what()))
            }
        }
    }

    /// The server in a message, without what may be a password in its address; empty for a file, which others name.
    fn server(&self) -> String {
        let CatalogKind::Rest { uri, warehouse } = &self.location.kind else {
            return String::new();
        };
        let Some((scheme, rest)) = uri.split_once("://") else {
            return String::new();
        };
        let host = rest.rsplit('@').next().unwrap_or_default();
        let warehouse = warehouse.as_ref().map(|name| format!(", warehouse {name}"));
        format!(" of {scheme}://{host}{}", warehouse.unwrap_or_default())
    }

    /// Where an embedded catalog says that a table's metadata are: iceberg's errors do not name the file.
    async fn metadata_location(&self, ident: &TableIdent) -> Option<String> {
        let address = catalog::sql_address(&self.location)?;
        sql::location(&address, &self.location.name, ident).await
    }

    /// Reads a table after a commit: what happened has to be found out, also where the server is away for a while.
    async fn reload(&self, ident: &TableIdent) -> iceberg::Result<Table> {
        retry::idempotent(Patience::Long, || self.catalog().load_table(ident)).await
    }

    fn is_remote(&self) -> bool {
        !matches!(self.location.kind, CatalogKind::Sql { .. })
    }

    /// Whether the outcome of a commit that failed like this is unknown: a server may have carried it out all the same.
    fn is_unknown(&self, error: &iceberg::Error) -> bool {
        self.is_remote() && error.kind() == iceberg::ErrorKind::Unexpected
    }

    /// A long run outlives its token, which iceberg 0.10.1 does not renew by itself.
    async fn renew_token(&self) {
        if let Some(rest) = &self.opened.rest
            && self.begun.elapsed() > TOKEN_AGE
            && let Err(error) = rest.regenerate_token().await
        {
            // A static token cannot be renewed; whether it still holds, the commit will tell.
            tracing::debug!("the token was not renewed: {error}");
        }
    }

    async fn load(&self, name: &str) -> Result<Table, StoreError> {
        match self.try_load(name).await? {
            Some(table) => Ok(table),
            None => Err(StoreError::NoTable {
                table: name.to_string(),
                known: self.tables().await?,
            }),
        }
    }
}

/// What is listed of a namespace: nothing where there is none, since the parent of one need not be one itself.
fn none_if_missing<T>(listed: iceberg::Result<Vec<T>>) -> iceberg::Result<Vec<T>> {
    match listed {
        Err(error) if error.kind() == iceberg::ErrorKind::NamespaceNotFound => Ok(Vec::new()),
        listed => listed,
    }
}
