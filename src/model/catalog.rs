//! Where the tables are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// A catalog with everything that is needed to open it.
#[derive(Clone, PartialEq, Eq)]
pub struct CatalogLocation {
    /// Name of the catalog: part of an SQL catalog's key, so every writer must use the same.
    pub name: String,
    /// Its kind, with where it is.
    pub kind: CatalogKind,
    /// Further properties by their PyIceberg names: `credential`, `token`, `s3.endpoint`, `header.X-Tenant`, …
    pub properties: BTreeMap<String, String>,
}

/// Property that holds the password of a PostgreSQL catalog, encoded as in its address.
pub const PASSWORD: &str = "postgres.password";
/// Property with the query of a PostgreSQL address, which may hold a password too.
pub const QUERY: &str = "postgres.query";

/// The kinds of catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogKind {
    /// An SQLite file.
    Sql {
        /// The file, absolute.
        database: PathBuf,
        /// Location of the tables: `file:///…` or `s3://…`.
        warehouse: String,
    },
    /// A database of a PostgreSQL server.
    Postgres {
        /// Its address, `postgresql://user@host/database`, without a password and a query: these are the properties [`PASSWORD`]
        /// and [`QUERY`].
        uri: String,
        /// Location of the tables: `file:///…` or `s3://…`.
        warehouse: String,
    },
    /// A server that speaks Iceberg's REST protocol.
    Rest {
        /// Its address, without `/v1`.
        uri: String,
        /// Name of the warehouse, where the server has several.
        warehouse: Option<String>,
    },
}

/// Property values may be secrets: only their names are shown.
impl fmt::Debug for CatalogLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogLocation")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("properties", &self.properties.keys())
            .finish()
    }
}
