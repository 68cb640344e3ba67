//! Appends a run: data files first, then one snapshot that holds all of them, or nothing.
//!
//! iceberg 0.10.1 reports a failed COMMIT of SQLite as success (its issue 3061), does not retry a locked database and
//! never deletes the files of a failed commit. A server may commit and be cut off before it says so. So the run id is
//! looked up before and after, and files are deleted only when it is certain that no snapshot refers to them.
//!
//! A commit is tried on a state of the table in which the run was looked for: it demands that the branch is still there, so
//! that of two attempts with the same parent only one can succeed, and the second finds the first one's run, whichever
//! process made it.

use super::contract::{self, ROLES_PROPERTY};
use super::error::StoreError;
use super::runs::{self, PROPERTY_PREFIX, RunEntry};
use super::writer::{RunWriter, WrittenRun};
use super::{Store, catalog::local_path, checked_commit, writable};
use crate::model::{ColumnRoles, Golden};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::{Stream, StreamExt};
use iceberg::spec::DataFile;
use iceberg::table::Table;
use iceberg::transaction::{ApplyTransactionAction, Transaction};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Attempts at a commit that other writers keep getting ahead of, or whose result is unknown.
const COMMIT_ATTEMPTS: u32 = 12;
/// Time after which no further attempt begins: each may have waited long for a lock.
const COMMIT_PATIENCE: Duration = Duration::from_secs(60);

/// What is known of a run before its rows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// UUID of the run; importing the same one again changes nothing.
    pub run_id: String,
    /// Version of the model.
    pub model_version: String,
    /// Microseconds since the epoch, written to every row.
    pub evaluated_at: i64,
    /// The golden dataset.
    pub golden: Golden,
    /// Which column plays which part.
    pub roles: ColumnRoles,
    /// Further properties of the run, without prefix: `git-sha`, `service`, …
    pub properties: BTreeMap<String, String>,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Id of the snapshot that holds the run.
    pub snapshot_id: i64,
    /// Rows of the run.
    pub rows: u64,
    /// Whether the run had been there already, so that nothing was written.
    pub already_there: bool,
    /// The digest of its rows, where one was recorded.
    pub rows_digest: Option<String>,
    /// The roles of its columns, where they were recorded.
    pub roles: Option<ColumnRoles>,
    /// Its golden dataset.
    pub golden: Golden,
}

impl Appended {
    /// A run that was there already.
    fn before(entry: &RunEntry) -> Appended {
        Appended {
            snapshot_id: entry.snapshot_id,
            rows: entry.rows,
            already_there: true,
            rows_digest: entry.properties.get("evaldiff.rows-digest").cloned(),
            roles: entry.roles.clone(),
            golden: entry.golden.clone(),
        }
    }
}

impl Store {
    /// The run with this id, if the table holds it: an import that is repeated has nothing to do.
    ///
    /// # Errors
    /// [`StoreError::RunTaken`] if it is another version's; fails if the catalog cannot be read.
    pub async fn find_appended(
        &self,
        table: &str,
        run_id: &str,
        version: &str,
    ) -> Result<Option<Appended>, StoreError> {
        match self.try_load(table).await? {
            Some(table) => known(&table, run_id, version).await,
            None => Ok(None),
        }
    }

    /// Appends one run as one snapshot. `rows` must be sorted by key and carry the schema `input`.
    ///
    /// Idempotent by run id. On any error the table is as it was.
    ///
    /// # Errors
    /// As [`Store::check_writable`]; [`StoreError::NullRequired`], [`StoreError::Rows`] if the stream fails, [`StoreError::CommitFailed`] or [`StoreError::UncertainCommit`].
    pub async fn append<S, E>(
        &self,
        table_name: &str,
        run: &NewRun,
        input: SchemaRef,
        rows: S,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Appended, StoreError>
    where
        S: Stream<Item = Result<RecordBatch, E>> + Unpin,
        E: std::fmt::Display,
    {
        let ident = contract::identifier(table_name)?;
        let catalog = self.catalog();
        let mut table = match self.try_load(table_name).await? {
            Some(table) => table,
            None => contract::create(catalog, &ident, &input, &run.roles).await?,
        };
        if let Some(found) = known(&table, &run.run_id, &run.model_version).await? {
            return Ok(found);
        }
        writable::check(&table, &input)?;
        table = contract::evolve(catalog, table, &input).await?;
        let written = write_rows(&table, run, rows, progress).await?;
        let summary = summary(run, &written)?;
        self.commit(table, run, written, summary).await
    }

    async fn commit(
        &self,
        mut table: Table,
        run: &NewRun,
        written: WrittenRun,
        summary: HashMap<String, String>,
    ) -> Result<Appended, StoreError> {
        let mut last = String::new();
        let mut unknown = false;
        let begun = Instant::now();
        for attempt in 0..COMMIT_ATTEMPTS {
            if attempt > 0 {
                if begun.elapsed() > COMMIT_PATIENCE {
                    break;
                }
                tokio::time::sleep(pause(&run.run_id, attempt)).await;
            }
            self.renew_token().await;
            let outcome = try_commit(&table, self.catalog(), &run.run_id, &written.files, &summary).await;
            unknown |= outcome
                .as_ref()
                .is_err_and(|error| self.is_unknown(error) && !is_locked(error));
            // Whatever the answer was, the table itself says what happened.
            table = match self.reload(table.identifier()).await {
                Ok(table) => table,
                Err(error) => {
                    let reason = format!(
                        "{}; then the table could not be reloaded: {}",
                        describe(&outcome),
                        super::error::cause(&error)
                    );
                    return Err(StoreError::UncertainCommit {
                        run_id: run.run_id.clone(),
                        reason,
                    });
                }
            };
            if let Some(found) = recorded(&table, &run.run_id) {
                return settle(&table, &found, &written).await;
            }
            last = describe(&outcome);
            match outcome {
                // Reported as committed, yet not there: the database refused the COMMIT. Try again.
                Ok(()) => {}
                Err(error) if error.retryable() || is_locked(&error) || self.is_unknown(&error) => {}
                Err(_) => break,
            }
        }
        if unknown {
            // It may still arrive: its files have to be there then.
            return Err(StoreError::UncertainCommit {
                run_id: run.run_id.clone(),
                reason: last,
            });
        }
        delete_files(&table, &written.files).await;
        Err(StoreError::CommitFailed {
            run_id: run.run_id.clone(),
            reason: last,
        })
    }
}

async fn write_rows<S, E>(
    table: &Table,
    run: &NewRun,
    mut rows: S,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<WrittenRun, StoreError>
where
    S: Stream<Item = Result<RecordBatch, E>> + Unpin,
    E: std::fmt::Display,
{
    let mut writer = RunWriter::new(table, run)?;
    let mut failure = None;
    while let Some(batch) = rows.next().await {
        let result = match batch {
            Ok(batch) => writer.write(&batch).await,
            Err(error) => Err(StoreError::Rows(error.to_string())),
        };
        if let Err(error) = result {
            failure = Some(error);
            break;
        }
        progress(writer.rows());
    }
    let written = writer.close().await;
    match (failure, written) {
        (None, Ok(written)) => Ok(written),
        (Some(error), Ok(written)) => {
            delete_files(table, &written.files).await;
            Err(error)
        }
        (failure, Err((error, files))) => {
            for path in files {
                delete_path(table, &path).await;
            }
            Err(failure.unwrap_or(error))
        }
    }
}

async fn try_commit(
    table: &Table,
    catalog: &dyn iceberg::Catalog,
    run_id: &str,
    files: &[DataFile],
    summary: &HashMap<String, String>,
) -> iceberg::Result<()> {
    let transaction = Transaction::new(table);
    let action = transaction
        .fast_append()
        // Reads every manifest of the table otherwise; our file names are unique.
        .with_check_duplicate(false)
        .set_snapshot_properties(summary.clone())
        .add_data_files(files.iter().cloned());
    checked_commit::commit(action.apply(transaction)?, catalog, |table| {
        recorded(table, run_id).is_none()
    })
    .await
}

/// How long to wait before an attempt: up to some seconds, and for no two runs the same, lest they get in each other's way
/// again.
fn pause(run_id: &str, attempt: u32) -> Duration {
    let spread = blake3::hash(format!("{run_id}{attempt}").as_bytes()).as_bytes()[0];
    let most = 100_u64 << attempt.min(5);
    Duration::from_millis(most / 2 + most * u64::from(spread) / 256)
}

fn summary(run: &NewRun, written: &WrittenRun) -> Result<HashMap<String, String>, StoreError> {
    let mut out = BTreeMap::from([
        ("run-id", run.run_id.clone()),
        ("model-version", run.model_version.clone()),
        ("rows-digest", written.rows_digest.clone()),
        ("row-count", written.rows.to_string()),
        ("scorer-version", format!("evaldiff {}", env!("CARGO_PKG_VERSION"))),
    ]);
    if written.scored.0 > 0 {
        // What `evaldiff runs` shows without reading a row.
        out.insert(
            "accuracy",
            format!("{:.6}", written.scored.1 as f64 / written.scored.0 as f64),
        );
    }
    if let Some(digest) = &written.files_digest {
        out.insert("files-digest", digest.clone());
    }
    let golden = [
        ("golden-name", &run.golden.name),
        ("golden-version", &run.golden.version),
        ("golden-digest", &run.golden.digest),
    ];
    for (name, value) in golden {
        if let Some(value) = value {
            out.insert(name, value.clone());
        }
    }
    for (name, value) in &run.properties {
        out.insert(name, value.clone());
    }
    let mut summary: HashMap<String, String> = out
        .into_iter()
        .map(|(name, value)| (format!("{PROPERTY_PREFIX}{name}"), value))
        .collect();
    summary.insert(ROLES_PROPERTY.to_string(), contract::roles_json(&run.roles)?);
    Ok(summary)
}

/// The oldest snapshot that says it holds the run: should others have raced with one run id, all readers take the same one.
fn recorded(table: &Table, run_id: &str) -> Option<RunEntry> {
    runs::recorded(table)
        .into_iter()
        .find(|run| run.run_id.eq_ignore_ascii_case(run_id))
}

/// A run that is there before anything is written: recorded, or the rows that an expiry of its snapshot left.
async fn known(table: &Table, run_id: &str, version: &str) -> Result<Option<Appended>, StoreError> {
    let found = match recorded(table, run_id) {
        Some(entry) => Some(entry),
        None if runs::may_hold_others(table) => runs::all(table, None)
            .await?
            .into_iter()
            .find(|run| run.run_id.eq_ignore_ascii_case(run_id)),
        None => None,
    };
    match found {
        Some(entry) if entry.model_version != version => Err(StoreError::RunTaken {
            run_id: run_id.to_string(),
            version: entry.model_version,
        }),
        found => Ok(found.map(|entry| Appended::before(&entry))),
    }
}

/// What became of a run that is there after a commit of it: it is ours, or another process brought it meanwhile, and then
/// our files are of no use.
async fn settle(table: &Table, found: &RunEntry, written: &WrittenRun) -> Result<Appended, StoreError> {
    let files = super::files::added_files(table, found.snapshot_id).await?;
    let ours = |path: &str| written.files.iter().any(|file| file.file_path() == path);
    if written.files.is_empty() || files.iter().any(|file| ours(&file.path)) {
        let rows: u64 = files.iter().map(|f| f.rows).sum();
        return match rows == written.rows {
            true => Ok(Appended {
                already_there: false,
                ..Appended::before(found)
            }),
            false => Err(StoreError::Unreadable {
                table: table.identifier().to_string(),
                snapshot: found.snapshot_id,
                reason: format!("it holds {rows} rows where {} were written", written.rows),
            }),
        };
    }
    delete_files(table, &written.files).await;
    let before = Appended::before(found);
    match before.rows_digest.as_ref() == Some(&written.rows_digest) {
        true => Ok(before),
        false => Err(StoreError::OtherRows(found.run_id.clone())),
    }
}

fn describe(outcome: &iceberg::Result<()>) -> String {
    match outcome {
        Ok(()) => "the catalog reported success but the snapshot is not there".into(),
        Err(error) => super::error::cause(error),
    }
}

/// Whether another process holds the database for longer than it was waited for, so that nothing was done.
pub(super) fn is_locked(error: &iceberg::Error) -> bool {
    let text = format!("{error:?}");
    let signs = ["database is locked", "database table is locked", "due to lock timeout"];
    signs.iter().any(|sign| text.contains(sign))
}

async fn delete_files(table: &Table, files: &[DataFile]) {
    for file in files {
        delete_path(table, file.file_path()).await;
    }
}

/// Deletes a file that no snapshot refers to, and its folder if that was the last one in it.
async fn delete_path(table: &Table, path: &str) {
    if let Err(error) = table.file_io().delete(path).await {
        let reason = super::error::cause(&error);
        // Where writing was refused, so is deleting, and there is nothing to delete: the refusal itself is said anyway.
        match table.file_io().exists(path).await {
            Ok(true) => tracing::warn!("the unreferenced file {path} could not be deleted: {reason}"),
            _ => tracing::debug!("{path} could not be deleted, if it is there: {reason}"),
        }
    }
    if let Some(folder) = local_path(path).as_deref().and_then(std::path::Path::parent) {
        // Fails, as it should, while other runs' files are in it.
        let _ = std::fs::remove_dir(folder);
    }
}
