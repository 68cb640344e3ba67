//! Runs in tables that others wrote: no summary properties, only the columns `run_id` and `model_version`.

use super::Objects;
use super::absent::Absent;
use super::contract::{MODEL_VERSION, RUN_ID};
use super::deletes::Deleted;
use super::error::StoreError;
use super::files::{LiveFile, added_entries, data_file, live};
use super::projection::{PartitionValues, partition_values};
use super::run_columns::{self, RunColumns};
use super::runs::{FirstCommit, RunEntry};
use crate::model::{DataFile, Golden};
use arrow::datatypes::DataType;
use iceberg::spec::{ManifestEntryRef, Operation, PrimitiveLiteral, SnapshotRef};
use iceberg::table::Table;
use std::collections::BTreeMap;

/// The runs that a foreign snapshot added: from the bounds in its manifests where these decide it, else by reading
/// the two columns.
pub(super) async fn runs_of(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<RunEntry>, StoreError> {
    let added = added_entries(table, snapshot).await?;
    let contents = contents(table, &added, &Deleted::default()).await?;
    Ok(contents
        .into_iter()
        .map(|(key, found)| entry(snapshot, key, found, FirstCommit::of(snapshot)))
        .collect())
}

/// Whether a table that others wrote has the columns that tell runs apart.
///
/// # Errors
/// [`StoreError::NoRunColumn`].
pub(super) fn check_columns(table: &Table) -> Result<(), StoreError> {
    let schema = table.metadata().current_schema();
    let missing = |name: &&str| schema.field_id_by_name(name).is_none();
    match [RUN_ID, MODEL_VERSION].into_iter().find(missing) {
        None => Ok(()),
        Some(column) => Err(StoreError::NoRunColumn {
            table: table.identifier().to_string(),
            column,
            columns: schema
                .as_struct()
                .fields()
                .iter()
                .map(|f| format!("`{}`", f.name.escape_debug()))
                .collect(),
        }),
    }
}

/// Every run of which rows are left as of a snapshot, with what is left of it.
///
/// # Errors
/// [`StoreError::Deletes`] if it cannot be told which rows are.
pub(super) async fn as_of(table: &Table, snapshot: &SnapshotRef) -> Result<BTreeMap<Key, RunEntry>, StoreError> {
    let live = live(table, snapshot).await?;
    let deleted = Deleted::load(table, snapshot, &live, |_| true).await?;
    let contents = contents(table, &live.data, &deleted).await?;
    let entries = contents.into_iter().map(|(key, mut found)| {
        found.deleted = deleted.only(&found.files);
        let first = found.first(snapshot);
        (key.clone(), entry(snapshot, key, found, first))
    });
    Ok(entries.collect())
}

/// What some files hold of one run.
#[derive(Default)]
struct Found {
    rows: u64,
    files: Vec<DataFile>,
    /// Whether one of them holds rows of another run too.
    mixed: bool,
    partitions: PartitionValues,
    deleted: Deleted,
    /// Lowest sequence number of its files.
    sequence_number: Option<i64>,
    /// Highest `eval_timestamp` of its rows, in microseconds since the epoch.
    evaluated: Option<i64>,
}

/// What a file holds of one run.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) evaluated: Option<i64>,
}

impl Tally {
    pub(super) fn add(&mut self, rows: u64, evaluated: Option<i64>) {
        self.rows += rows;
        self.evaluated = self.evaluated.max(evaluated);
    }
}

impl Found {
    /// Its first commit, if a snapshot appended all that is there of it. Else that commit may be expired, and files written
    /// anew since have sequence numbers of their own: the time of the evaluation, which is in every row, has to do.
    fn first(&self, snapshot: &SnapshotRef) -> FirstCommit {
        let appended = snapshot.summary().operation == Operation::Append;
        if appended && self.sequence_number == Some(snapshot.sequence_number()) {
            return FirstCommit::of(snapshot);
        }
        let evaluated = self.evaluated.map(|micros| micros / 1000);
        FirstCommit::expired(evaluated.map_or(snapshot.timestamp_ms(), |time| time.min(snapshot.timestamp_ms())))
    }
}

/// Run id and version.
pub(super) type Key = (String, String);

async fn contents(table: &Table, files: &[LiveFile], deleted: &Deleted) -> Result<BTreeMap<Key, Found>, StoreError> {
    let schema = table.metadata().current_schema();
    let mut runs: BTreeMap<Key, Found> = BTreeMap::new();
    let (Some(run_field), Some(version_field)) =
        (schema.field_id_by_name(RUN_ID), schema.field_id_by_name(MODEL_VERSION))
    else {
        return Ok(runs);
    };
    let timestamp = run_columns::evaluated(table);
    let mut columns: Option<RunColumns> = None;
    let objects = Objects::of(table);
    for file in files {
        let entry = &file.entry;
        let given = partition_values(table, file);
        let mut rows: BTreeMap<Key, Tally> = BTreeMap::new();
        let gone: &[u64] = deleted.of(entry.file_path()).map_or(&[], |rows| rows.as_slice());
        let known = |field: i32| constant(entry, field).or_else(|| given_text(&given, field));
        match (known(run_field), known(version_field)) {
            (Some(run), Some(version)) => {
                let evaluated = timestamp.and_then(|field| newest(entry, field));
                let rows = rows.entry((run, version)).or_default();
                rows.add(entry.record_count() - gone.len() as u64, evaluated);
            }
            _ => {
                let columns = match &columns {
                    Some(known) => known,
                    None => columns.insert(RunColumns::of(table).await?),
                };
                columns.count_rows(&objects, entry, &given, gone, &mut rows).await?;
            }
        }
        // A run whose rows are all deleted needs no telling apart: they are left out as deleted.
        rows.retain(|_, tally| tally.rows > 0);
        let mixed = rows.len() > 1;
        for (key, tally) in rows {
            let found = runs.entry(key).or_default();
            found.rows += tally.rows;
            found.evaluated = found.evaluated.max(tally.evaluated);
            found.files.push(data_file(entry));
            found.partitions.insert(entry.file_path(), given.clone());
            found.mixed |= mixed;
            found.sequence_number = found.sequence_number.into_iter().chain(entry.sequence_number()).min();
        }
    }
    Ok(runs)
}

/// The highest value of a time column in a file, by its bounds.
fn newest(entry: &ManifestEntryRef, field: i32) -> Option<i64> {
    match entry.data_file().upper_bounds().get(&field)?.literal() {
        PrimitiveLiteral::Long(micros) => Some(*micros),
        _ => None,
    }
}

fn entry(snapshot: &SnapshotRef, (run_id, model_version): Key, mut found: Found, first: FirstCommit) -> RunEntry {
    found.files.sort();
    RunEntry {
        run_id,
        model_version,
        snapshot_id: snapshot.snapshot_id(),
        sequence_number: snapshot.sequence_number(),
        first,
        rows: found.rows,
        golden: Golden::default(),
        properties: BTreeMap::new(),
        roles: None,
        files: Some(found.files),
        mixed_files: found.mixed,
        partitions: found.partitions,
        deleted: found.deleted,
        retracted: None,
        changes: Vec::new(),
        removed: false,
    }
}

/// The one value that a column has in a file, if its bounds say so. Bounds of long texts are cut, so they decide
/// nothing.
fn constant(entry: &ManifestEntryRef, field: i32) -> Option<String> {
    let file = entry.data_file();
    let text = |bound: &iceberg::spec::Datum| match bound.literal() {
        PrimitiveLiteral::String(text) => Some(text.clone()),
        _ => None,
    };
    let low = file.lower_bounds().get(&field).and_then(text)?;
    let high = file.upper_bounds().get(&field).and_then(text)?;
    let no_nulls = file.null_value_counts().get(&field) == Some(&0);
    // PyIceberg and Spark cut text bounds to 16 characters; a cut upper bound is incremented, so it never equals the
    // lower one.
    (low == high && no_nulls).then_some(low)
}

/// The text that a file's partition says its rows have in a column of texts; null counts as empty.
fn given_text(given: &BTreeMap<i32, Absent>, field: i32) -> Option<String> {
    match given.get(&field)? {
        Absent::Null => Some(String::new()),
        Absent::Value { text, data_type } if *data_type == DataType::Utf8 => Some(text.clone()),
        Absent::Value { .. } | Absent::Unread(_) => None,
    }
}
