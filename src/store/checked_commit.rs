//! A commit that looks at the table before each of its attempts.
//!
//! iceberg 0.10.1 applies a transaction anew to whatever a table has become when somebody else was faster, without a look at
//! what that was: a run that another process brought meanwhile would be there twice. A commit demands that the branch is
//! where it was when the table was read, so that a look at what was read is enough.

use async_trait::async_trait;
use iceberg::table::Table;
use iceberg::transaction::Transaction;
use iceberg::{Catalog, Error, ErrorKind, Namespace, NamespaceIdent, Result, TableCommit, TableCreation, TableIdent};
use std::collections::HashMap;
use std::fmt;

/// Commits a transaction while the table is as it should be.
///
/// # Errors
/// That of the catalog; also once the table `may` not be changed so any more, which the caller finds out by looking at it.
pub(super) async fn commit(
    transaction: Transaction,
    catalog: &dyn Catalog,
    may: impl Fn(&Table) -> bool + Send + Sync,
) -> Result<()> {
    let checked = Checked { catalog, may };
    transaction.commit(&checked).await.map(|_| ())
}

/// A catalog that gives out a table only while a commit to it makes sense.
struct Checked<'a, F> {
    catalog: &'a dyn Catalog,
    may: F,
}

impl<F> fmt::Debug for Checked<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.catalog.fmt(f)
    }
}

/// What a commit has no business with.
fn unused<T>() -> Result<T> {
    Err(Error::new(ErrorKind::FeatureUnsupported, "no part of a commit"))
}

#[async_trait]
impl<F: Fn(&Table) -> bool + Send + Sync> Catalog for Checked<'_, F> {
    async fn load_table(&self, table: &TableIdent) -> Result<Table> {
        let table = self.catalog.load_table(table).await?;
        match (self.may)(&table) {
            true => Ok(table),
            false => Err(Error::new(
                ErrorKind::PreconditionFailed,
                "another process was faster with the same",
            )),
        }
    }

    async fn update_table(&self, commit: TableCommit) -> Result<Table> {
        self.catalog.update_table(commit).await
    }

    async fn list_namespaces(&self, _: Option<&NamespaceIdent>) -> Result<Vec<NamespaceIdent>> {
        unused()
    }

    async fn create_namespace(&self, _: &NamespaceIdent, _: HashMap<String, String>) -> Result<Namespace> {
        unused()
    }

    async fn get_namespace(&self, _: &NamespaceIdent) -> Result<Namespace> {
        unused()
    }

    async fn namespace_exists(&self, _: &NamespaceIdent) -> Result<bool> {
        unused()
    }

    async fn update_namespace(&self, _: &NamespaceIdent, _: HashMap<String, String>) -> Result<()> {
        unused()
    }

    async fn drop_namespace(&self, _: &NamespaceIdent) -> Result<()> {
        unused()
    }

    async fn list_tables(&self, _: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        unused()
    }

    async fn create_table(&self, _: &NamespaceIdent, _: TableCreation) -> Result<Table> {
        unused()
    }

    async fn drop_table(&self, _: &TableIdent) -> Result<()> {
        unused()
    }

    async fn purge_table(&self, _: &TableIdent) -> Result<()> {
        unused()
    }

    async fn table_exists(&self, _: &TableIdent) -> Result<bool> {
        unused()
    }

    async fn rename_table(&self, _: &TableIdent, _: &TableIdent) -> Result<()> {
        unused()
    }

    async fn register_table(&self, _: &TableIdent, _: String) -> Result<Table> {
        unused()
    }
}
