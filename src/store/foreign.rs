//! Runs in tables that others wrote: no summary properties, only the columns `run_id` and `model_version`.

use super::contract::{EVAL_TIMESTAMP, MODEL_VERSION, RUN_ID};
use super::deletes::Deleted;
use super::error::StoreError;
use super::files::{added_entries, data_file, live};
use super::runs::{FirstCommit, RunEntry};
use super::{LocationError, Objects, files};
use crate::model::{DataFile, Golden};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use futures::StreamExt;
use iceberg::spec::{ManifestEntryRef, Operation, PrimitiveLiteral, PrimitiveType, SnapshotRef, Type};
use iceberg::table::Table;
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::{ParquetObjectReader, ParquetRecordBatchStreamBuilder};
use parquet::file::statistics::Statistics;
use std::collections::BTreeMap;
use std::ops::Range;

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
    let entries: Vec<ManifestEntryRef> = live.data.into_iter().map(|file| file.entry).collect();
    let contents = contents(table, &entries, &deleted).await?;
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
    deleted: Deleted,
    /// Lowest sequence number of its files.
    sequence_number: Option<i64>,
    /// Highest `eval_timestamp` of its rows, in microseconds since the epoch.
    evaluated: Option<i64>,
}

/// What a file holds of one run.
#[derive(Clone, Copy, Default)]
struct Tally {
    rows: u64,
    evaluated: Option<i64>,
}

impl Tally {
    fn add(&mut self, rows: u64, evaluated: Option<i64>) {
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

async fn contents(
    table: &Table,
    entries: &[ManifestEntryRef],
    deleted: &Deleted,
) -> Result<BTreeMap<Key, Found>, StoreError> {
    let schema = table.metadata().current_schema();
    let mut runs: BTreeMap<Key, Found> = BTreeMap::new();
    let (Some(run_field), Some(version_field)) =
        (schema.field_id_by_name(RUN_ID), schema.field_id_by_name(MODEL_VERSION))
    else {
        return Ok(runs);
    };
    let timestamp = schema.field_by_name(EVAL_TIMESTAMP).filter(|field| {
        let of = |kind| *field.field_type == Type::Primitive(kind);
        of(PrimitiveType::Timestamp) || of(PrimitiveType::Timestamptz)
    });
    let timestamp = timestamp.map(|field| field.id);
    let objects = Objects::of(table);
    for entry in entries {
        let mut rows: BTreeMap<Key, Tally> = BTreeMap::new();
        let gone: &[u64] = deleted.of(entry.file_path()).map_or(&[], |rows| rows.as_slice());
        match (constant(entry, run_field), constant(entry, version_field)) {
            (Some(run), Some(version)) => {
                let evaluated = timestamp.and_then(|field| newest(entry, field));
                let rows = rows.entry((run, version)).or_default();
                rows.add(entry.record_count() - gone.len() as u64, evaluated);
            }
            _ => {
                count_rows(
                    &objects,
                    entry,
                    ([run_field, version_field], timestamp),
                    gone,
                    &mut rows,
                )
                .await?
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

/// The one value of a column chunk, if its statistics say so.
fn single_value(statistics: &Statistics) -> Option<String> {
    let Statistics::ByteArray(texts) = statistics else {
        return None;
    };
    let (low, high) = (texts.min_opt()?, texts.max_opt()?);
    let same = low == high && statistics.null_count_opt() == Some(0);
    same.then(|| String::from_utf8(low.data().to_vec()).ok()).flatten()
}

/// The highest value of a column chunk of microseconds.
fn highest(statistics: &Statistics) -> Option<i64> {
    match statistics {
        Statistics::Int64(values) => values.max_opt().copied(),
        _ => None,
    }
}

/// Counts a file's rows by run: of row groups of one run by the footer alone. `fields` are the ids of run id and version,
/// and of the time of evaluation.
async fn count_rows(
    objects: &Objects,
    entry: &ManifestEntryRef,
    (fields, timestamp): ([i32; 2], Option<i32>),
    gone: &[u64],
    rows: &mut BTreeMap<Key, Tally>,
) -> Result<(), StoreError> {
    files::check_format(entry.file_path())?;
    let fail = |reason: String| StoreError::Rows(format!("{}: {reason}", entry.file_path()));
    let (store, path) = objects.at(entry.file_path()).map_err(|error| match error {
        LocationError::Outside => StoreError::Outside(entry.file_path().to_string()),
        LocationError::Other(reason) => fail(reason),
    })?;
    let reader = ParquetObjectReader::new(store, path).with_file_size(entry.file_size_in_bytes());
    let builder = ParquetRecordBatchStreamBuilder::new(reader)
        .await
        .map_err(|e| fail(e.to_string()))?;
    let leaf = |field: i32| {
        let has_id = |c: &parquet::schema::types::ColumnDescPtr| {
            let info = c.self_type().get_basic_info();
            info.has_id() && info.id() == field
        };
        builder.parquet_schema().columns().iter().position(has_id)
    };
    let mut positions = Vec::new();
    for field in fields {
        positions.push(leaf(field).ok_or_else(|| fail(format!("it lacks the column with field id {field}")))?);
    }
    let timestamp = timestamp.and_then(leaf);
    // Row groups of one run, which most are, say so in the footer: there is nothing to read of them.
    let mut open = Vec::new();
    let mut row_positions: Vec<Range<u64>> = Vec::new();
    let mut first = 0u64;
    for (i, group) in builder.metadata().row_groups().iter().enumerate() {
        let within = first..first + group.num_rows() as u64;
        first = within.end;
        let only = |leaf: usize| single_value(group.column(leaf).statistics()?);
        match (only(positions[0]), only(positions[1])) {
            (Some(run), Some(version)) => {
                let deleted = gone.partition_point(|p| *p < within.end) - gone.partition_point(|p| *p < within.start);
                let evaluated = timestamp.and_then(|leaf| highest(group.column(leaf).statistics()?));
                let rows = rows.entry((run, version)).or_default();
                rows.add(within.end - within.start - deleted as u64, evaluated);
            }
            _ => {
                open.push(i);
                row_positions.push(within);
            }
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    let mask = ProjectionMask::leaves(builder.parquet_schema(), positions.iter().copied().chain(timestamp));
    // Columns come in file order, whatever was asked.
    let at = |leaf: usize| {
        positions
            .iter()
            .copied()
            .chain(timestamp)
            .filter(|other| *other < leaf)
            .count()
    };
    let (run, version, timestamp) = (at(positions[0]), at(positions[1]), timestamp.map(at));
    let mut reader = builder
        .with_projection(mask)
        .with_row_groups(open)
        .build()
        .map_err(|e| fail(e.to_string()))?;
    let mut row_positions = row_positions.into_iter().flatten();
    while let Some(batch) = reader.next().await {
        let batch = batch.map_err(|e| fail(e.to_string()))?;
        let column = |i: usize, to: DataType| cast(batch.column(i), &to).map_err(|e| fail(e.to_string()));
        let (run, version) = (column(run, DataType::Utf8)?, column(version, DataType::Utf8)?);
        let (run, version) = (run.as_string::<i32>(), version.as_string::<i32>());
        let times = timestamp.map(|i| column(i, DataType::Int64)).transpose()?;
        let times = times.as_ref().map(|times| times.as_primitive::<Int64Type>());
        let mut last: Option<((&str, &str), Tally)> = None;
        for i in 0..batch.num_rows() {
            let position = row_positions.next();
            if position.is_some_and(|p| gone.binary_search(&p).is_ok()) {
                continue;
            }
            let key = (
                if run.is_null(i) { "" } else { run.value(i) },
                if version.is_null(i) { "" } else { version.value(i) },
            );
            let time = times.filter(|times| times.is_valid(i)).map(|times| times.value(i));
            // Rows of a run mostly stand together.
            if last.as_ref().is_some_and(|(known, _)| *known != key) {
                keep(rows, last.take());
            }
            last.get_or_insert((key, Tally::default())).1.add(1, time);
        }
        keep(rows, last);
    }
    Ok(())
}

fn keep(rows: &mut BTreeMap<Key, Tally>, counted: Option<((&str, &str), Tally)>) {
    if let Some(((run, version), tally)) = counted {
        let known = rows.entry((run.to_string(), version.to_string())).or_default();
        known.add(tally.rows, tally.evaluated);
    }
}
