//! From a reference to a run pinned to its snapshot.

use super::deletes::Deleted;
use super::error::{Context, StoreError};
use super::reference::{Reference, VERSION_PREFIX};
use super::runs::{self, RunEntry};
use super::{Objects, PartitionValues, Store, contract, defaults, files, foreign};
use crate::model::{ColumnRoles, DataFile, PinnedRun};
use arrow::datatypes::Schema as ArrowSchema;
use iceberg::table::Table;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fewest characters of a run id that stand for it.
const SHORTEST_PREFIX: usize = 4;

/// A run that can be read: pinned, with the schema and the roles of its snapshot.
#[derive(Clone, Debug)]
pub struct ResolvedRun {
    /// The evidence.
    pub run: PinnedRun,
    /// `namespace.table`.
    pub table: String,
    /// Columns of the snapshot with their field ids (`PARQUET:field_id`).
    pub schema: ArrowSchema,
    /// Roles recorded with the run, else with the table.
    pub roles: Option<ColumnRoles>,
    /// Whether the run's files claim to be sorted by key.
    pub sorted: bool,
    /// Whether its files hold rows of other runs too: only rows with its run id and its version count.
    pub mixed_files: bool,
    /// Values of its files that are in no column of them.
    pub partitions: PartitionValues,
    /// Rows of its files that are deleted.
    pub deleted: Deleted,
    /// Where the bytes of its files are.
    pub objects: Arc<Objects>,
    /// What has to be known of the choice: runs that were withdrawn, rows that later commits removed.
    pub notices: Vec<String>,
    /// Other runs of the same version, newest first: named beside the one taken.
    pub others: Vec<RunEntry>,
}

impl Store {
    /// Resolves a reference to a pinned run.
    ///
    /// # Errors
    /// [`StoreError::NoRun`] with the nearest versions, [`StoreError::AmbiguousRun`], [`StoreError::SnapshotGone`].
    pub async fn resolve(&self, table_name: &str, reference: &str) -> Result<ResolvedRun, StoreError> {
        let parsed = Reference::parse(reference)?;
        let table = self.load(table_name).await?;
        // A snapshot stays what it was, whatever later commits did to its runs.
        let until = match &parsed {
            Reference::Snapshot(id) => Some(*id),
            Reference::Tag(tag) => table.metadata().snapshot_for_ref(tag).map(|s| s.snapshot_id()),
            _ => None,
        };
        let mut runs = runs::all(&table, until).await?;
        // A version may have an `@` in its own name; every other moment is looked at as the table was then.
        if let Reference::AsOf { until_ms, .. } = &parsed
            && runs.iter().all(|run| run.model_version != reference)
            && let Some(then) = runs::current_at(&table, *until_ms)
        {
            runs = runs::all(&table, Some(then)).await?;
        }
        let (entry, others) = choose(&table, &runs, &parsed, reference)?;
        let skipped = runs.iter().filter(|r| {
            let same = r.model_version == entry.model_version || matches!(parsed, Reference::Latest(_));
            r.retracted.is_some() && same && r.first > entry.first
        });
        let skipped: Vec<String> = skipped
            .map(|r| {
                let why = r.retracted.as_deref().unwrap_or_default().escape_debug();
                format!("run {} is retracted and was skipped: {why}", r.run_id)
            })
            .collect();
        let mut found = readable(&table, &entry, others).await?;
        found.notices.extend(entry.changes);
        if until.is_none() && !matches!(parsed, Reference::Run(_)) {
            found.notices.extend(skipped);
        }
        // Costs nothing where nobody ever did anything but append.
        if !runs::only_appended_since(&table, entry.sequence_number) {
            let removed = removals(&table, &found.run, &found.deleted).await?;
            let said = |removed| format!("{} is read as of its snapshot: {removed}", reference.escape_debug());
            found.notices.extend(removed.into_iter().map(said));
        }
        Ok(found)
    }

    /// The run of a report, as of the snapshot that the report pinned.
    ///
    /// # Errors
    /// [`StoreError::SnapshotGone`] or [`StoreError::NoRun`] where there is none.
    pub async fn resolve_pinned(&self, table_name: &str, pinned: &PinnedRun) -> Result<ResolvedRun, StoreError> {
        let table = self.load(table_name).await?;
        let id: i64 = pinned.snapshot_id.parse().unwrap_or_default();
        let gone = || StoreError::SnapshotGone {
            table: table_name.to_string(),
            snapshot: pinned.snapshot_id.clone(),
        };
        table.metadata().snapshot_by_id(id).ok_or_else(gone)?;
        let of = |run: &RunEntry| run.snapshot_id == id && run.is(pinned);
        let run = runs::all(&table, Some(id))
            .await?
            .into_iter()
            .find(of)
            .ok_or_else(gone)?;
        readable(&table, &run, Vec::new()).await
    }

    /// What later commits did to a run's rows, in words; empty if nothing.
    ///
    /// # Errors
    /// Fails if the table's metadata cannot be read.
    pub async fn later_changes(&self, table_name: &str, run: &PinnedRun) -> Result<Vec<String>, StoreError> {
        let table = self.load(table_name).await?;
        let id: i64 = run.snapshot_id.parse().unwrap_or_default();
        let then = runs::all(&table, Some(id)).await?;
        let then = then.into_iter().find(|e| e.is(run));
        let mut notices = removals(&table, run, &then.map(|e| e.deleted).unwrap_or_default()).await?;
        let now = match runs::all(&table, None).await {
            Err(StoreError::Deletes { .. }) => Vec::new(),
            now => now?,
        };
        // As many as before, in other files, are the same rows as a rule: what was removed says so.
        let again = now
            .into_iter()
            .filter(|e| e.is(run) && e.snapshot_id != id && e.rows > run.rows);
        notices.extend(again.map(|e| format!("snapshot {} added rows under run id {} again", e.snapshot_id, e.run_id)));
        let why = super::retract::reason(&table, &run.run_id, &run.model_version);
        notices.extend(why.map(|why| format!("run {} was retracted: {}", run.run_id, why.escape_debug())));
        Ok(notices)
    }
}

/// The data files of a run that are live now, and what is deleted in them.
pub(super) async fn left_of(table: &Table, run: &PinnedRun) -> Result<(Vec<DataFile>, Deleted), StoreError> {
    let Some(snapshot) = table.metadata().current_snapshot() else {
        return Ok((Vec::new(), Deleted::default()));
    };
    let live = files::live(table, snapshot).await?;
    let own: BTreeSet<&str> = run.data_files.iter().map(|f| f.path.as_str()).collect();
    let deleted = Deleted::load(table, snapshot, &live, |path| own.contains(path)).await?;
    let mut left: Vec<DataFile> = live.data.iter().map(|f| files::data_file(&f.entry)).collect();
    left.retain(|file| own.contains(file.path.as_str()));
    left.sort();
    Ok((left, deleted))
}

/// Rows of a run in the table as it is, in whatever files; `None` where that cannot be told.
async fn rows_now(table: &Table, run: &PinnedRun) -> Result<Option<u64>, StoreError> {
    let Some(head) = table.metadata().current_snapshot() else {
        return Ok(Some(0));
    };
    match foreign::as_of(table, head).await {
        Err(StoreError::Deletes { .. }) => Ok(None),
        state => {
            let key = (run.run_id.clone(), run.model_version.clone());
            Ok(Some(state?.get(&key).map_or(0, |now| now.rows)))
        }
    }
}

async fn removals(table: &Table, run: &PinnedRun, before: &Deleted) -> Result<Vec<String>, StoreError> {
    let (left, deleted) = match left_of(table, run).await {
        // The run itself was read before that commit, so that this is no reason to refuse it.
        Err(StoreError::Deletes { reason, .. }) => {
            let unknown = format!("rows of run {} may be deleted by a later commit: {reason}", run.run_id);
            return Ok(vec![unknown]);
        }
        found => found?,
    };
    let mut notices = Vec::new();
    let gone = run.data_files.len() - left.len().min(run.data_files.len());
    if gone > 0 {
        let files = format!(
            "{gone} of the {} data files of run {}",
            run.data_files.len(),
            run.run_id
        );
        notices.push(match rows_now(table, run).await? {
            Some(0) | None => format!("{files} were removed from the table by a later commit"),
            Some(rows) if rows == run.rows => {
                format!("{files} were written anew by a later commit, with as many rows as there were")
            }
            Some(rows) => format!(
                "{files} were removed from the table or written anew by later commits: {rows} rows are there, where there were {}",
                run.rows
            ),
        });
    }
    let more = deleted.count().saturating_sub(before.only(&left).count());
    if more > 0 {
        notices.push(format!(
            "{more} rows of the data files of run {} were deleted by a later commit",
            run.run_id
        ));
    }
    Ok(notices)
}

async fn readable(table: &Table, entry: &RunEntry, others: Vec<RunEntry>) -> Result<ResolvedRun, StoreError> {
    let metadata = table.metadata();
    let run = runs::pin(table, entry).await?;
    let snapshot = metadata
        .snapshot_by_id(entry.snapshot_id)
        .ok_or_else(|| StoreError::SnapshotGone {
            table: table.identifier().to_string(),
            snapshot: entry.snapshot_id.to_string(),
        })?;
    let schema = snapshot.schema(metadata).context("reading the snapshot's schema")?;
    Ok(ResolvedRun {
        sorted: run.rows_digest.is_some(),
        run,
        table: table.identifier().to_string(),
        schema: defaults::arrow_schema(table, &schema).await?,
        roles: entry.roles.clone().or_else(|| table_roles(table)),
        mixed_files: entry.mixed_files,
        partitions: entry.partitions.clone(),
        deleted: entry.deleted.clone(),
        objects: Objects::of(table),
        notices: entry
            .retracted
            .iter()
            .map(|why| format!("run {} is retracted: {}", entry.run_id, why.escape_debug()))
            .collect(),
        others,
    })
}

pub(super) fn table_roles(table: &Table) -> Option<ColumnRoles> {
    let json = table.metadata().properties().get(contract::ROLES_PROPERTY)?;
    serde_json::from_str(json).ok()
}

/// The run that a reference means, and the other runs of its version, newest first.
fn choose(
    table: &Table,
    runs: &[RunEntry],
    reference: &Reference,
    typed: &str,
) -> Result<(RunEntry, Vec<RunEntry>), StoreError> {
    let name = || table.identifier().to_string();
    let none = || StoreError::NoRun {
        table: name(),
        reference: typed.into(),
        nearest: nearest(runs, typed),
    };
    let retracted = |run: &RunEntry| StoreError::Retracted {
        reference: typed.into(),
        run: match runs.iter().filter(|other| other.run_id == run.run_id).count() {
            1 => run.run_id.clone(),
            _ => run.name(),
        },
        why: run.retracted.clone().unwrap_or_default(),
    };
    let newest = |keep: &dyn Fn(&RunEntry) -> bool| {
        let fit = || runs.iter().rev().filter(|r| keep(r));
        let mut kept: Vec<RunEntry> = fit().filter(|r| r.retracted.is_none()).cloned().collect();
        if kept.is_empty() {
            Err(match fit().next() {
                Some(run) => retracted(run),
                None => none(),
            })
        } else {
            Ok((kept.remove(0), kept))
        }
    };
    match reference {
        Reference::Version(version) => newest(&|r| r.model_version == *version),
        Reference::AsOf { version, until_ms } => {
            // A version may have an `@` in its own name.
            newest(&|r| r.model_version == typed)
                .or_else(|_| newest(&|r| r.model_version == *version && r.first.committed_ms <= *until_ms))
        }
        Reference::Latest(back) => {
            let kept = runs.iter().rev().filter(|r| r.retracted.is_none()).nth(*back);
            kept.map(|r| (r.clone(), Vec::new()))
                .ok_or_else(|| match runs.iter().rev().nth(*back) {
                    Some(run) => retracted(run),
                    None => none(),
                })
        }
        Reference::Run(prefix) => {
            let mut fit: Vec<&RunEntry> = runs.iter().filter(|r| r.run_id.starts_with(prefix.as_str())).collect();
            // Other writers may have short ids: a whole one is no prefix. They may also give one to several versions.
            if fit.iter().any(|r| r.run_id == *prefix) {
                fit.retain(|r| r.run_id == *prefix);
            } else if let Some(named) = runs.iter().find(|r| r.name() == *prefix) {
                fit = vec![named];
            } else if prefix.chars().count() < SHORTEST_PREFIX {
                return Err(StoreError::BadReference {
                    reference: typed.into(),
                    reason: format!("give at least {SHORTEST_PREFIX} characters of the run id"),
                });
            }
            match fit.as_slice() {
                [] => Err(none()),
                [one] => Ok(((*one).clone(), Vec::new())),
                many => Err(StoreError::AmbiguousRun {
                    reference: typed.into(),
                    runs: many.iter().map(|r| r.name()).collect(),
                }),
            }
        }
        Reference::Snapshot(id) => by_snapshot(table, runs, *id),
        Reference::Tag(tag) => match table.metadata().snapshot_for_ref(tag) {
            Some(snapshot) => by_snapshot(table, runs, snapshot.snapshot_id()),
            None => Err(none()),
        },
    }
}

fn by_snapshot(table: &Table, runs: &[RunEntry], id: i64) -> Result<(RunEntry, Vec<RunEntry>), StoreError> {
    let fit: Vec<&RunEntry> = runs.iter().filter(|r| r.snapshot_id == id).collect();
    match fit.as_slice() {
        [one] => Ok(((*one).clone(), Vec::new())),
        [] => {
            // Not on the main branch (a rolled-back or branch commit), yet still there.
            let snapshot = table.metadata().snapshot_by_id(id);
            let gone = || StoreError::SnapshotGone {
                table: table.identifier().to_string(),
                snapshot: id.to_string(),
            };
            let snapshot = snapshot.ok_or_else(gone)?;
            runs::from_summary(snapshot)
                .map(|entry| (entry, Vec::new()))
                .ok_or_else(|| StoreError::Unreadable {
                    table: table.identifier().to_string(),
                    snapshot: id,
                    reason: "it does not add a run to the main branch".into(),
                })
        }
        many => Err(StoreError::AmbiguousRun {
            reference: format!("snapshot:{id}"),
            runs: many.iter().map(|r| r.name()).collect(),
        }),
    }
}

/// Up to three versions that resemble what was typed, best first.
fn nearest(runs: &[RunEntry], typed: &str) -> Vec<String> {
    let mut versions: Vec<&str> = runs.iter().map(|r| r.model_version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let typed = typed.strip_prefix(VERSION_PREFIX).unwrap_or(typed);
    let mut scored: Vec<(f64, &str)> = versions
        .into_iter()
        .map(|v| (strsim::jaro_winkler(typed, v), v))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored
        .into_iter()
        .filter(|(score, _)| *score > 0.5)
        .take(3)
        .map(|(_, v)| format!("`{v}`"))
        .collect()
}
