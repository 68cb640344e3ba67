//! The only place for iceberg: opens a catalog, keeps the table contract, appends runs, lists them, resolves
//! references and plans the files of a pinned run.
//!
//! Must not know what is compared or shown. Reads metadata only, except where a foreign table says nothing of its
//! runs there.

mod append;
mod catalog;
mod contract;
mod error;
mod files;
mod foreign;
mod reference;
mod resolve;
mod runs;
mod writer;

pub use append::{Appended, NewRun};
pub use catalog::{CatalogLocation, local_path};
pub use contract::{DEFAULT_TABLE, EVAL_TIMESTAMP, KEY, MODEL_VERSION, RUN_ID, type_name};
pub use error::StoreError;
pub use reference::Reference;
pub use resolve::ResolvedRun;
pub use runs::RunEntry;

use arrow::datatypes::Schema as ArrowSchema;
use error::Context;
use iceberg::Catalog;
use iceberg::table::Table;
use std::sync::Arc;

/// An open catalog.
pub struct Store {
    catalog: Arc<dyn Catalog>,
}

impl Store {
    /// Opens a catalog that exists.
    ///
    /// # Errors
    /// [`StoreError::NoWarehouse`] if there is none.
    pub async fn open(location: &CatalogLocation) -> Result<Store, StoreError> {
        Ok(Store {
            catalog: catalog::open(location, false).await?,
        })
    }

    /// Opens a catalog, creating it if there is none.
    ///
    /// # Errors
    /// Fails if the folder cannot be written or the file is not a database.
    pub async fn open_or_create(location: &CatalogLocation) -> Result<Store, StoreError> {
        Ok(Store {
            catalog: catalog::open(location, true).await?,
        })
    }

    /// Names of all tables, `namespace.table`, sorted.
    ///
    /// # Errors
    /// Fails if the catalog cannot be read.
    pub async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for namespace in self.catalog.list_namespaces(None).await.context("listing namespaces")? {
            let tables = self.catalog.list_tables(&namespace).await.context("listing tables")?;
            names.extend(tables.iter().map(|t| t.to_string()));
        }
        names.sort();
        Ok(names)
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
        self.catalog.as_ref()
    }

    async fn try_load(&self, name: &str) -> Result<Option<Table>, StoreError> {
        let ident = contract::identifier(name)?;
        let what = || format!("loading table {name}");
        if !self.catalog.namespace_exists(ident.namespace()).await.context(what())? {
            return Ok(None);
        }
        if !self.catalog.table_exists(&ident).await.context(what())? {
            return Ok(None);
        }
        self.catalog.load_table(&ident).await.context(what()).map(Some)
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
