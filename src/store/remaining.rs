//! What is left in a table of a run whose snapshot is gone: its own data files, or the files that others wrote its rows to
//! since.

use super::resolve::{left_of, table_roles};
use super::runs::PROPERTY_PREFIX;
use super::{Deleted, Objects, PartitionValues, ResolvedRun, Store, StoreError, contract, defaults, foreign};
use crate::model::{ColumnRoles, PinnedRun};
use iceberg::table::Table;

/// What is left of a run.
#[derive(Debug)]
pub struct Remaining {
    /// Its rows, in whatever files they are now, with the table's current schema.
    pub rows: ResolvedRun,
    /// How many these are.
    pub count: u64,
    /// Whether they are in the very files that the run had, in which nothing was deleted since.
    pub same_files: bool,
    /// How many rows others added to the run, in further files; only told apart where its own files are there.
    pub added: Result<u64, StoreError>,
    /// The column roles that the table and its snapshots tell of. Those of the run may have gone with its snapshot.
    pub roles: Vec<ColumnRoles>,
}

impl Store {
    /// Looks for the rows of a run in the current state of a table, by its files and by run id and version.
    ///
    /// # Errors
    /// [`StoreError::Deletes`] or [`StoreError::NoRunColumn`] where its rows cannot be told; fails if the table's metadata
    /// cannot be read.
    pub async fn remaining(&self, table_name: &str, run: &PinnedRun) -> Result<Remaining, StoreError> {
        let table = self.load(table_name).await?;
        let (own, deleted) = left_of(&table, run).await?;
        let deleted_then: u64 = run.delete_files.iter().map(|file| file.rows).sum();
        let same_files = own.len() == run.data_files.len() && deleted.count() <= deleted_then;
        let schema = defaults::arrow_schema(&table, table.metadata().current_schema()).await?;
        let mut rows = ResolvedRun {
            run: PinnedRun {
                data_files: own,
                ..run.clone()
            },
            table: table_name.to_string(),
            schema,
            roles: None,
            sorted: same_files,
            mixed_files: false,
            partitions: PartitionValues::default(),
            deleted,
            objects: Objects::of(&table),
            notices: Vec::new(),
            others: Vec::new(),
        };
        let now = match table.metadata().current_snapshot() {
            Some(head) => foreign::check_columns(&table).and(
                foreign::as_of(&table, head)
                    .await
                    .map(|mut state| state.remove(&(run.run_id.clone(), run.model_version.clone()))),
            ),
            None => Ok(None),
        };
        if let Ok(Some(now)) = &now {
            rows.partitions = now.partitions.clone();
        }
        let (count, added) = match (now, same_files) {
            (Ok(now), true) => (run.rows, Ok(now.map_or(0, |now| now.rows.saturating_sub(run.rows)))),
            (Err(error), true) => (run.rows, Err(error)),
            (Ok(Some(now)), false) => {
                rows.mixed_files = now.mixed_files;
                rows.deleted = now.deleted;
                rows.run.data_files = now.files.unwrap_or_default();
                (now.rows, Ok(0))
            }
            (Ok(None), false) => {
                rows.deleted = Deleted::default();
                rows.run.data_files.clear();
                (0, Ok(0))
            }
            (Err(error), false) => return Err(error),
        };
        Ok(Remaining {
            rows,
            count,
            same_files,
            added,
            roles: known_roles(&table),
        })
    }
}

/// The roles that a table and the snapshots that are left record, each once.
fn known_roles(table: &Table) -> Vec<ColumnRoles> {
    let mut known: Vec<ColumnRoles> = table_roles(table).into_iter().collect();
    for snapshot in table.metadata().snapshots() {
        let summary = &snapshot.summary().additional_properties;
        let is_run = summary.contains_key(&format!("{PROPERTY_PREFIX}run-id"));
        let json = summary.get(contract::ROLES_PROPERTY).filter(|_| is_run);
        let roles = json.and_then(|json| serde_json::from_str(json).ok());
        known.extend(roles.filter(|roles| !known.contains(roles)));
    }
    known
}
