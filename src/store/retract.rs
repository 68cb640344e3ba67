//! Runs that were withdrawn: nothing is deleted, a property of the table says so.

use super::error::{Context, StoreError};
use super::reference::Reference;
use super::runs::RunEntry;
use super::{ResolvedRun, Store, checked_commit, contract};
use iceberg::table::Table;
use iceberg::transaction::{ApplyTransactionAction, Transaction};

/// What the property's name begins with; the run's id, `@` and its version follow. Its value is the reason.
const PREFIX: &str = "evaldiff.retracted.";
/// Attempts at a commit that other writers keep getting ahead of.
const ATTEMPTS: u32 = 8;

/// Name of a run's property. Other writers may give several versions one id, and add versions to it later.
fn property(run_id: &str, version: &str) -> String {
    format!("{PREFIX}{run_id}@{version}")
}

/// Why a run was withdrawn, if it was.
pub(super) fn reason(table: &Table, run_id: &str, version: &str) -> Option<String> {
    table.metadata().properties().get(&property(run_id, version)).cloned()
}

impl Store {
    /// Marks a run as withdrawn; gives its id. References to its version skip it from now on.
    ///
    /// # Errors
    /// [`StoreError::NoRun`] if there is no such run, or a commit that failed.
    pub async fn retract(&self, table_name: &str, reference: &str, why: &str) -> Result<String, StoreError> {
        let (run, version) = match Reference::parse(reference)? {
            // A bare id is what `evaldiff runs` shows; a version alone may mean any of its runs.
            Reference::Version(version) => self.by_id(table_name, &version).await?,
            _ => self.resolve(table_name, reference).await.map(identity)?,
        };
        let ident = contract::identifier(table_name)?;
        let what = || format!("retracting run {run} of {table_name}");
        let name = property(&run, &version);
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let table = self.reload(&ident).await.context(what())?;
            match table.metadata().properties().get(&name) {
                // Also after a commit whose answer was lost.
                Some(known) if known == why => return Ok(run),
                Some(known) => {
                    return Err(StoreError::RetractedBefore {
                        run_id: run,
                        why: known.clone(),
                    });
                }
                None => {}
            }
            let transaction = Transaction::new(&table);
            let action = transaction.update_table_properties().set(name.clone(), why.to_string());
            let committed = match action.apply(transaction) {
                Ok(transaction) => {
                    let free = |table: &Table| reason(table, &run, &version).is_none();
                    checked_commit::commit(transaction, self.catalog(), free).await
                }
                Err(error) => Err(error),
            };
            last = committed.err().or(last);
        }
        match last {
            Some(error) => Err(error).context(what()),
            None => Err(StoreError::Rows(format!(
                "{}: the catalog says so, and the table does not",
                what()
            ))),
        }
    }
}

/// Run id and version.
fn identity(found: ResolvedRun) -> (String, String) {
    (found.run.run_id, found.run.model_version)
}

impl Store {
    /// The run whose id begins so.
    async fn by_id(&self, table: &str, id: &str) -> Result<(String, String), StoreError> {
        let found = self.resolve(table, &format!("run:{id}")).await;
        let Err(StoreError::NoRun { .. } | StoreError::BadReference { .. }) = found else {
            return found.map(identity);
        };
        let runs = self.runs(table).await?;
        let of_version = runs.iter().rev().filter(|run| run.model_version == id);
        let shared = |id: &str| runs.iter().filter(|run| run.run_id == id).count() > 1;
        let name = |run: &RunEntry| {
            if shared(&run.run_id) {
                run.name()
            } else {
                run.run_id.clone()
            }
        };
        let runs: Vec<String> = of_version.map(name).collect();
        Err(match runs.is_empty() {
            true => StoreError::NoRun {
                table: table.to_string(),
                reference: id.to_string(),
                nearest: Vec::new(),
            },
            false => StoreError::NotARun {
                table: table.to_string(),
                version: id.to_string(),
                runs,
            },
        })
    }
}

/// Marks the runs that were withdrawn.
pub(super) fn mark(table: &Table, entries: &mut [RunEntry]) {
    for entry in entries {
        entry.retracted = reason(table, &entry.run_id, &entry.model_version);
    }
}
