//! Which runs a table holds.

use super::deletes::Deleted;
use super::error::{Context, StoreError};
use super::{PartitionValues, Store, contract, files, foreign, retract, tags};
use crate::model::{ColumnRoles, DataFile, Golden, PinnedRun};
use chrono::{DateTime, SecondsFormat, Utc};
use iceberg::spec::{Operation, SnapshotRef};
use iceberg::table::Table;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Prefix of evaldiff's properties in snapshot summaries.
pub const PROPERTY_PREFIX: &str = "evaldiff.";

/// Those that describe a run's rows, and no longer do once some of them are gone.
const OF_ROWS: [&str; 4] = ["rows-digest", "files-digest", "row-count", "accuracy"];

/// One run of a table, as its snapshot's summary tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEntry {
    /// Id of the run.
    pub run_id: String,
    /// Version of the model.
    pub model_version: String,
    /// Snapshot that it is read as of: the one that added it, or a later one that wrote its rows anew or took some of them.
    pub snapshot_id: i64,
    /// Position of the snapshot in the table's history.
    pub sequence_number: i64,
    /// The first commit that brought rows of it, which says which of two runs is the newer one.
    pub first: FirstCommit,
    /// Rows of the run.
    pub rows: u64,
    /// The golden dataset.
    pub golden: Golden,
    /// Summary properties of evaldiff, roles left out.
    pub properties: BTreeMap<String, String>,
    /// The roles recorded with the run.
    pub roles: Option<ColumnRoles>,
    /// The files that hold it, of a run that others wrote; of evaldiff's own they are all that the snapshot added.
    pub files: Option<Vec<DataFile>>,
    /// Whether these files hold rows of other runs too, so that they have to be told apart by run id and version.
    pub mixed_files: bool,
    /// Values of these files that are in no column of them.
    pub partitions: PartitionValues,
    /// Rows of these files that delete files took out.
    pub deleted: Deleted,
    /// Why it was withdrawn, if it was.
    pub retracted: Option<String>,
    /// What later commits did to it, in words.
    pub changes: Vec<String>,
    /// Whether nothing of it is left in the table, so that it is read as of its snapshot.
    pub removed: bool,
}

/// Where a run begins in the history of its table. The order is the runs' order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FirstCommit {
    /// Position of the commit in the history that is left; 0 if it lies before that, where only times tell an order.
    pub sequence_number: i64,
    /// Its time in milliseconds since the epoch; of an expired commit that of the evaluation.
    pub committed_ms: i64,
}

impl FirstCommit {
    pub(super) fn of(snapshot: &SnapshotRef) -> FirstCommit {
        FirstCommit {
            sequence_number: snapshot.sequence_number(),
            committed_ms: snapshot.timestamp_ms(),
        }
    }

    /// Before the oldest commit that is left.
    pub(super) fn expired(committed_ms: i64) -> FirstCommit {
        FirstCommit {
            sequence_number: 0,
            committed_ms,
        }
    }

    fn is_expired(self) -> bool {
        self.sequence_number == 0
    }
}

impl RunEntry {
    /// Whether it is the run that was pinned, in whatever state.
    pub(super) fn is(&self, pinned: &PinnedRun) -> bool {
        self.run_id == pinned.run_id && self.model_version == pinned.model_version
    }

    /// What names it after `run:`, whoever wrote it: other writers may give several versions one id.
    pub(super) fn name(&self) -> String {
        format!("{}@{}", self.run_id, self.model_version)
    }

    /// Time of the first commit, as RFC 3339 in UTC.
    pub fn committed_at(&self) -> String {
        rfc3339(self.first.committed_ms)
    }

    /// The run as a later state of the table has it. It stays as old as it was; what its summary said of its rows (digests,
    /// accuracy) is no longer true, and what it said of the golden dataset is.
    fn later(&self, state: &RunEntry) -> RunEntry {
        let of_rows = |name: &str| OF_ROWS.iter().any(|of| name.strip_prefix(PROPERTY_PREFIX) == Some(of));
        let properties = self.properties.iter().filter(|(name, _)| !of_rows(name));
        RunEntry {
            first: self.first,
            golden: self.golden.clone(),
            properties: properties.map(|(name, value)| (name.clone(), value.clone())).collect(),
            roles: self.roles.clone(),
            changes: self.changes.clone(),
            ..state.clone()
        }
    }
}

fn rfc3339(milliseconds: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(milliseconds).map_or_else(
        || milliseconds.to_string(),
        |t| t.to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}

/// A snapshot and those before it, newest first; those of the main branch, if none is given.
fn history(table: &Table, until: Option<i64>) -> Vec<SnapshotRef> {
    let metadata = table.metadata();
    let mut next = match until {
        Some(id) => metadata.snapshot_by_id(id).cloned(),
        None => metadata.current_snapshot().cloned(),
    };
    let mut out = Vec::new();
    while let Some(snapshot) = next {
        next = snapshot
            .parent_snapshot_id()
            .and_then(|id| metadata.snapshot_by_id(id))
            .cloned();
        out.push(snapshot);
    }
    out
}

/// The snapshot that was the table's at a moment, in milliseconds since the epoch: the table's log tells, which also knows what a
/// later rollback took off the branch; where an expiry cut the log, the branch itself.
pub(super) fn current_at(table: &Table, until_ms: i64) -> Option<i64> {
    let log = table.metadata().history().iter();
    let logged = log.rev().find(|entry| entry.timestamp_ms <= until_ms);
    let logged = logged.map(|entry| entry.snapshot_id);
    let history = history(table, None);
    let on_branch = || history.iter().find(|snapshot| snapshot.timestamp_ms() <= until_ms);
    logged
        .filter(|id| table.metadata().snapshot_by_id(*id).is_some())
        .or_else(|| on_branch().map(|snapshot| snapshot.snapshot_id()))
}

/// Whether the main branch may hold runs that no summary on it tells of: others wrote to it, or older snapshots may be
/// expired.
pub(super) fn may_hold_others(table: &Table) -> bool {
    let history = history(table, None);
    let short = history.last().is_some_and(|oldest| oldest.sequence_number() != 1);
    short || history.iter().any(|snapshot| from_summary(snapshot).is_none())
}

/// Whether every commit on the main branch after a sequence number only added files.
pub(super) fn only_appended_since(table: &Table, sequence_number: i64) -> bool {
    history(table, None)
        .iter()
        .take_while(|snapshot| snapshot.sequence_number() > sequence_number)
        .all(|snapshot| snapshot.summary().operation == Operation::Append)
}

/// Runs that evaldiff recorded on the main branch, oldest first; metadata only.
pub(super) fn recorded(table: &Table) -> Vec<RunEntry> {
    recorded_in(&history(table, None))
}

fn recorded_in(history: &[SnapshotRef]) -> Vec<RunEntry> {
    let mut runs: Vec<RunEntry> = Vec::new();
    for snapshot in history.iter().rev() {
        // A run id that stands twice (two processes raced with it) counts once: the first.
        if let Some(entry) = from_summary(snapshot).filter(|e| runs.iter().all(|r| r.run_id != e.run_id)) {
            runs.push(entry);
        }
    }
    runs
}

/// The run that a snapshot's summary describes; `None` if evaldiff did not write it.
pub(super) fn from_summary(snapshot: &SnapshotRef) -> Option<RunEntry> {
    let summary = &snapshot.summary().additional_properties;
    let get = |name: &str| summary.get(&format!("{PROPERTY_PREFIX}{name}")).cloned();
    let properties = summary
        .iter()
        .filter(|(name, _)| name.starts_with(PROPERTY_PREFIX) && *name != contract::ROLES_PROPERTY)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Some(RunEntry {
        run_id: get("run-id")?,
        model_version: get("model-version")?,
        snapshot_id: snapshot.snapshot_id(),
        sequence_number: snapshot.sequence_number(),
        first: FirstCommit::of(snapshot),
        rows: get("row-count").and_then(|n| n.parse().ok()).unwrap_or(0),
        golden: Golden {
            name: get("golden-name"),
            version: get("golden-version"),
            digest: get("golden-digest"),
        },
        properties,
        roles: summary
            .get(contract::ROLES_PROPERTY)
            .and_then(|json| serde_json::from_str(json).ok()),
        files: None,
        mixed_files: false,
        partitions: PartitionValues::default(),
        deleted: Deleted::default(),
        retracted: None,
        changes: Vec::new(),
        removed: false,
    })
}

impl Store {
    /// Whether a later commit took every row of a run that evaldiff recorded.
    ///
    /// # Errors
    /// Fails if the table's metadata or manifests cannot be read.
    pub async fn is_deleted(&self, table: &str, run_id: &str) -> Result<bool, StoreError> {
        let table = self.load(table).await?;
        let Some(run) = recorded(&table).into_iter().find(|run| run.run_id == run_id) else {
            return Ok(false);
        };
        match table.metadata().current_snapshot() {
            Some(head) if !only_appended_since(&table, run.sequence_number) => match foreign::as_of(&table, head).await
            {
                Err(StoreError::Deletes { .. }) => Ok(false),
                state => Ok(!state?.contains_key(&key(&run))),
            },
            _ => Ok(false),
        }
    }

    /// Every run on the main branch, oldest first. Runs that evaldiff did not write are found by their columns
    /// `model_version` and `run_id`.
    ///
    /// # Errors
    /// Fails if the table does not exist or its metadata cannot be read.
    pub async fn runs(&self, table: &str) -> Result<Vec<RunEntry>, StoreError> {
        let table = self.load(table).await?;
        let mut runs = all(&table, None).await?;
        for run in runs.iter_mut().filter(|run| run.removed) {
            run.changes.push(format!(
                "all rows of run {} were deleted later: it is read as of its snapshot",
                run.run_id
            ));
        }
        Ok(runs)
    }
}

/// Recorded and foreign runs of the main branch, oldest first; with `until`, as they were as of that snapshot, on whatever
/// branch it is.
pub(super) async fn all(table: &Table, until: Option<i64>) -> Result<Vec<RunEntry>, StoreError> {
    let history = history(table, until);
    let mut runs = recorded_in(&history);
    let (newer, oldest) = match history.split_last() {
        // What came before the oldest snapshot is expired, and its rows may still be there.
        Some((oldest, newer)) if has_earlier(table, oldest).await? => (newer, Some(oldest)),
        _ => (history.as_slice(), None),
    };
    if runs.is_empty() && !history.is_empty() {
        foreign::check_columns(table)?;
    }
    if let Some(oldest) = oldest {
        runs.extend(survivors(table, oldest, &runs).await?);
    }
    for snapshot in newer {
        let added = matches!(snapshot.summary().operation, Operation::Append | Operation::Overwrite);
        if from_summary(snapshot).is_none() && added {
            runs.extend(foreign::runs_of(table, snapshot).await?);
        }
    }
    runs.sort_by(|a, b| (a.sequence_number, &a.run_id).cmp(&(b.sequence_number, &b.run_id)));
    let mut runs = gather(table, runs).await?;
    deletions(table, &history, &mut runs).await?;
    // Of a run of evaldiff of which nothing is left, whatever became of it before, its own snapshot still tells.
    let own = recorded_in(&history).into_iter();
    let lost = own.filter(|own| runs.iter().all(|r| r.run_id != own.run_id));
    let lost: Vec<RunEntry> = lost.map(|own| RunEntry { removed: true, ..own }).collect();
    runs.extend(lost);
    runs.sort_by(|a, b| (a.first, &a.run_id).cmp(&(b.first, &b.run_id)));
    retract::mark(table, &mut runs);
    Ok(runs)
}

/// Whether there were snapshots before the oldest one that is left. PyIceberg's expiry takes its parent's id away, so that
/// only files which it did not add itself tell.
async fn has_earlier(table: &Table, oldest: &SnapshotRef) -> Result<bool, StoreError> {
    if oldest.parent_snapshot_id().is_some() {
        return Ok(true);
    }
    if oldest.sequence_number() == 1 {
        return Ok(false);
    }
    // Nothing can be deleted or overwritten where nothing was.
    if oldest.summary().operation != Operation::Append {
        return Ok(true);
    }
    let manifests = files::manifests(table, oldest).await?;
    Ok(manifests.iter().any(|m| m.added_snapshot_id != oldest.snapshot_id()))
}

/// The runs in the oldest snapshot that is left: of those whose own snapshot is expired, what that one still has. A run of
/// evaldiff whose snapshot a tag keeps is the one that was recorded.
async fn survivors(table: &Table, oldest: &SnapshotRef, recorded: &[RunEntry]) -> Result<Vec<RunEntry>, StoreError> {
    let mut kept: BTreeMap<foreign::Key, RunEntry> = BTreeMap::new();
    for snapshot in table.metadata().snapshots() {
        if let Some(entry) = from_summary(snapshot).filter(|e| e.sequence_number < oldest.sequence_number()) {
            kept.insert(key(&entry), entry);
        }
    }
    let found = foreign::as_of(table, oldest).await?;
    // Of a run of evaldiff that lost all of its rows before, a published report may have kept the snapshot.
    let pinned = kept.values().filter(|own| {
        let tag = table.metadata().snapshot_for_ref(&tags::pin_name(own.snapshot_id));
        let known = recorded.iter().any(|r| r.run_id == own.run_id) || found.contains_key(&key(own));
        !known && tag.is_some_and(|snapshot| snapshot.snapshot_id() == own.snapshot_id)
    });
    let pinned: Vec<RunEntry> = pinned
        .map(|own| RunEntry {
            first: FirstCommit::expired(own.first.committed_ms),
            removed: true,
            ..own.clone()
        })
        .collect();
    let mut out = pinned;
    for mut found in found
        .into_values()
        .filter(|e| recorded.iter().all(|r| key(r) != key(e)))
    {
        let Some(mut own) = kept.remove(&key(&found)) else {
            if found.first.is_expired() {
                let expired = format!(
                    "the snapshot that added run {} is expired: it is read as of snapshot {}, the oldest that is left",
                    found.run_id, found.snapshot_id
                );
                found.changes.push(expired);
            }
            out.push(found);
            continue;
        };
        own.first = FirstCommit::expired(own.first.committed_ms);
        // Equal counts need not be equal rows: only the files that it brought, whole, are the run that was recorded.
        let brought = files::added_files(table, own.snapshot_id).await?;
        let paths = |files: &[DataFile]| files.iter().map(|file| file.path.clone()).collect::<BTreeSet<_>>();
        let left = paths(found.files.as_deref().unwrap_or_default());
        let whole = left == paths(&brought) && found.deleted.count() == 0;
        out.push(match whole {
            true => own,
            false => {
                let mut left = own.later(&found);
                left.changes.push(match found.rows < own.rows {
                    true => lost(&left, own.rows),
                    false => anew(&left),
                });
                left
            }
        });
    }
    Ok(out)
}

fn anew(run: &RunEntry) -> String {
    format!(
        "rows of run {} were written anew: it is read as of snapshot {}",
        run.run_id, run.snapshot_id
    )
}

/// One entry for each run: of one that several snapshots brought rows of, by appending in parts or by writing files anew,
/// all that is left as of the last of them.
async fn gather(table: &Table, runs: Vec<RunEntry>) -> Result<Vec<RunEntry>, StoreError> {
    let mut parts: BTreeMap<foreign::Key, Vec<RunEntry>> = BTreeMap::new();
    for run in runs {
        parts.entry(key(&run)).or_default().push(run);
    }
    let mut out: Vec<RunEntry> = Vec::with_capacity(parts.len());
    let mut states: BTreeMap<i64, BTreeMap<foreign::Key, RunEntry>> = BTreeMap::new();
    for (key, parts) in parts {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            continue;
        };
        match table.metadata().snapshot_by_id(last.snapshot_id) {
            Some(snapshot) if parts.len() > 1 => {
                if let Entry::Vacant(place) = states.entry(last.snapshot_id) {
                    place.insert(foreign::as_of(table, snapshot).await?);
                }
                let state = states.get_mut(&last.snapshot_id).and_then(|state| state.remove(&key));
                // Of a run of evaldiff of which nothing is left, its own snapshot still tells.
                let own = || first.files.is_none().then(|| first.clone());
                out.extend(state.map(|state| whole(table, first, &parts, &state)).or_else(own));
            }
            _ => out.push(first.clone()),
        }
    }
    Ok(out)
}

/// A run of several parts, with what can be said of it where files were written anew.
fn whole(table: &Table, first: &RunEntry, parts: &[RunEntry], state: &RunEntry) -> RunEntry {
    let operation = |run: &RunEntry| {
        let snapshot = table.metadata().snapshot_by_id(run.snapshot_id);
        snapshot.map(|s| s.summary().operation.clone())
    };
    let appended = parts.iter().skip(1).filter(|p| operation(p) == Some(Operation::Append));
    let had = first.rows + appended.map(|part| part.rows).sum::<u64>();
    let mut run = first.later(state);
    let newest = parts
        .last()
        .filter(|last| last.rows == state.rows && operation(last) == Some(Operation::Append));
    if state.rows < had && newest.is_some() {
        // As an overwrite of some engines: a deletion, and an append.
        let anew = format!(
            "rows of run {} were deleted, and snapshot {} appended {}: these are read",
            run.run_id, run.snapshot_id, state.rows
        );
        run.changes.push(anew);
    } else if state.rows < had {
        run.changes.push(lost(&run, had));
    } else if operation(state) != Some(Operation::Append) {
        let anew = format!(
            "snapshot {} wrote rows of run {} anew: it is read as of that",
            run.snapshot_id, run.run_id
        );
        run.changes.push(anew);
    }
    run
}

fn lost(left: &RunEntry, had: u64) -> String {
    format!(
        "{} of {had} rows of run {} were deleted later: the {} that are left are read, as of snapshot {}",
        had.saturating_sub(left.rows),
        left.run_id,
        left.rows,
        left.snapshot_id
    )
}

fn key(run: &RunEntry) -> foreign::Key {
    (run.run_id.clone(), run.model_version.clone())
}

/// Applies what later commits deleted: a run that lost rows is what is left of it as of the commit that took the last of
/// them. Of one that lost all, nothing is left; only a run of evaldiff can still be read as of its snapshot, and a notice
/// says so then.
async fn deletions(table: &Table, history: &[SnapshotRef], runs: &mut Vec<RunEntry>) -> Result<(), StoreError> {
    let deletes = |snapshot: &&SnapshotRef| {
        let operation = &snapshot.summary().operation;
        matches!(operation, Operation::Delete | Operation::Overwrite) && from_summary(snapshot).is_none()
    };
    let (Some(head), true) = (history.first(), history.iter().any(|s| deletes(&s))) else {
        return Ok(());
    };
    // Rows only ever go missing here, since what brought more was gathered: equal counts are equal rows.
    let now = foreign::as_of(table, head).await?;
    let rows = |state: &BTreeMap<foreign::Key, RunEntry>, run: &RunEntry| state.get(&key(run)).map_or(0, |e| e.rows);
    if runs.iter().all(|run| rows(&now, run) == run.rows) {
        return Ok(());
    }
    for snapshot in history.iter().rev().filter(deletes) {
        let state = match foreign::as_of(table, snapshot).await {
            // What is not applied here may have been applied since, by writing files anew.
            Err(StoreError::Deletes { .. }) => continue,
            state => state?,
        };
        follow(runs, &state, snapshot.sequence_number());
    }
    follow(runs, &now, head.sequence_number());
    runs.retain(|run| run.rows > 0 || run.files.is_none());
    Ok(())
}

/// Brings runs that lost rows to a state of the table.
fn follow(runs: &mut [RunEntry], state: &BTreeMap<foreign::Key, RunEntry>, sequence_number: i64) {
    for run in runs.iter_mut().filter(|run| run.sequence_number < sequence_number) {
        match state.get(&key(run)) {
            Some(left) if left.rows != run.rows => {
                let had = run.rows;
                run.removed = false;
                *run = run.later(left);
                run.changes.push(lost(run, had));
            }
            None if run.files.is_some() => run.rows = 0,
            left => run.removed = left.is_none(),
        }
    }
}

/// Pins a run: adds what identifies it for good.
pub(super) async fn pin(table: &Table, entry: &RunEntry) -> Result<PinnedRun, StoreError> {
    let metadata = table.metadata();
    let snapshot = metadata
        .snapshot_by_id(entry.snapshot_id)
        .ok_or_else(|| StoreError::SnapshotGone {
            table: table.identifier().to_string(),
            snapshot: entry.snapshot_id.to_string(),
        })?;
    let data_files = match &entry.files {
        Some(files) => files.clone(),
        None => files::added_files(table, entry.snapshot_id).await?,
    };
    for file in &data_files {
        files::check_format(&file.path)?;
    }
    snapshot.schema(metadata).context("reading the snapshot's schema")?;
    Ok(PinnedRun {
        reference: format!("snapshot:{}", entry.snapshot_id),
        model_version: entry.model_version.clone(),
        run_id: entry.run_id.clone(),
        snapshot_id: entry.snapshot_id.to_string(),
        table_uuid: metadata.uuid().to_string(),
        rows: entry.rows,
        sequence_number: entry.sequence_number,
        committed_at: rfc3339(snapshot.timestamp_ms()),
        manifest_list: snapshot.manifest_list().to_string(),
        golden: entry.golden.clone(),
        rows_digest: entry.properties.get("evaldiff.rows-digest").cloned(),
        properties: entry.properties.clone(),
        data_files,
        delete_files: entry.deleted.files(),
    })
}
