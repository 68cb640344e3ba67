//! Runs that were withdrawn: nothing is deleted, a property of the table says so.

use super::error::{Context, StoreError};
use super::reference::Reference;
use super::{Store, checked_commit, contract, runs};
use iceberg::table::Table;
use iceberg::transaction::{ApplyTransactionAction, Transaction};

/// What the property's name begins with; the run's id follows. Its value is the reason.
const PREFIX: &str = "evaldiff.retracted.";
/// Attempts at a commit that other writers keep getting ahead of.
const ATTEMPTS: u32 = 8;

/// Why a run was withdrawn, if it was.
pub(super) fn reason(table: &Table, run_id: &str) -> Option<String> {
    table.metadata().properties().get(&format!("{PREFIX}{run_id}")).cloned()
}

impl Store {
    /// Marks a run as withdrawn; gives its id. References to its version skip it from now on.
    ///
    /// # Errors
    /// [`StoreError::NoRun`] if there is no such run, or a commit that failed.
    pub async fn retract(&self, table_name: &str, reference: &str, why: &str) -> Result<String, StoreError> {
        let run = match Reference::parse(reference)? {
            // A bare id is what `evaldiff runs` shows; a version alone may mean any of its runs.
            Reference::Version(version) => self.by_id(table_name, &version).await?,
            _ => self.resolve(table_name, reference).await?.run.run_id,
        };
        // The property names an id, and other writers may have given several versions one.
        let runs = self.runs(table_name).await?;
        let of_id: Vec<String> = runs.iter().filter(|r| r.run_id == run).map(|r| r.name()).collect();
        if of_id.len() > 1 {
            return Err(StoreError::AmbiguousRun {
                reference: reference.to_string(),
                runs: of_id,
            });
        }
        let ident = contract::identifier(table_name)?;
        let what = || format!("retracting run {run} of {table_name}");
        let name = format!("{PREFIX}{run}");
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
                    let free = |table: &Table| reason(table, &run).is_none();
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

impl Store {
    /// The run whose id begins so.
    async fn by_id(&self, table: &str, id: &str) -> Result<String, StoreError> {
        let found = self.resolve(table, &format!("run:{id}")).await;
        let Err(StoreError::NoRun { .. } | StoreError::BadReference { .. }) = found else {
            return Ok(found?.run.run_id);
        };
        let runs = self.runs(table).await?;
        let of_version = runs.into_iter().rev().filter(|run| run.model_version == id);
        let runs: Vec<String> = of_version.map(|run| run.run_id).collect();
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
pub(super) fn mark(table: &Table, entries: &mut [runs::RunEntry]) {
    for entry in entries {
        entry.retracted = reason(table, &entry.run_id);
    }
}
