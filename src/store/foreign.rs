//! Runs in tables that others wrote: no summary properties, only the columns `run_id` and `model_version`.

use super::contract::{EVAL_TIMESTAMP, MODEL_VERSION, RUN_ID};
use super::deletes::Deleted;
use super::error::StoreError;
use super::files::{added_entries, data_file, live};
use super::runs::{FirstCommit, RunEntry};
use super::{LocationError, Objects};
use crate::model::{DataFile, Golden};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use futures::StreamExt;
use iceberg::spec::{ManifestEntryRef, PrimitiveLiteral, SnapshotRef};
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
    let first = FirstCommit {
        sequence_number: snapshot.sequence_number(),
        committed_ms: snapshot.timestamp_ms(),
    };
    Ok(contents
        .into_iter()
        .map(|(key, found)| entry(snapshot, key, found, first))
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
        let first = found.first(table, snapshot);
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
    /// Lowest sequence number of its files, which outlives the snapshots that added them.
    sequence_number: Option<i64>,
    /// Highest `eval_timestamp` in its files, in microseconds since the epoch, as far as their bounds tell.
    evaluated: Option<i64>,
}

impl Found {
    /// The commit that brought its oldest file, whose snapshot may be expired: then the time of the evaluation has to do.
    fn first(&self, table: &Table, snapshot: &SnapshotRef) -> FirstCommit {
        let sequence_number = self.sequence_number.unwrap_or_else(|| snapshot.sequence_number());
        let mut known = table.metadata().snapshots();
        let commit = known.find(|s| s.sequence_number() == sequence_number);
        let evaluated = self.evaluated.filter(|_| !self.mixed).map(|micros| micros / 1000);
        let committed_ms = match (commit, evaluated) {
            (Some(commit), _) => commit.timestamp_ms(),
            (None, Some(evaluated)) => evaluated.min(snapshot.timestamp_ms()),
            (None, None) => snapshot.timestamp_ms(),
        };
        FirstCommit {
            sequence_number,
            committed_ms,
        }
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
    let timestamp = schema.field_id_by_name(EVAL_TIMESTAMP);
    let objects = Objects::of(table);
    for entry in entries {
        let mut rows: BTreeMap<Key, u64> = BTreeMap::new();
        let gone: &[u64] = deleted.of(entry.file_path()).map_or(&[], |rows| rows.as_slice());
        match (constant(entry, run_field), constant(entry, version_field)) {
            (Some(run), Some(version)) => {
                rows.insert((run, version), entry.record_count() - gone.len() as u64);
            }
            _ => count_rows(&objects, entry, [run_field, version_field], gone, &mut rows).await?,
        }
        // A run whose rows are all deleted needs no telling apart: they are left out as deleted.
        rows.retain(|_, n| *n > 0);
        let mixed = rows.len() > 1;
        for (key, n) in rows {
            let found = runs.entry(key).or_default();
            found.rows += n;
            found.files.push(data_file(entry));
            found.mixed |= mixed;
            found.sequence_number = found.sequence_number.into_iter().chain(entry.sequence_number()).min();
            found.evaluated = found.evaluated.max(timestamp.and_then(|field| newest(entry, field)));
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

async fn count_rows(
    objects: &Objects,
    entry: &ManifestEntryRef,
    fields: [i32; 2],
    gone: &[u64],
    rows: &mut BTreeMap<(String, String), u64>,
) -> Result<(), StoreError> {
    let fail = |reason: String| StoreError::Rows(format!("{}: {reason}", entry.file_path()));
    let (store, path) = objects.at(entry.file_path()).map_err(|error| match error {
        LocationError::Outside => StoreError::Outside(entry.file_path().to_string()),
        LocationError::Other(reason) => fail(reason),
    })?;
    let reader = ParquetObjectReader::new(store, path).with_file_size(entry.file_size_in_bytes());
    let builder = ParquetRecordBatchStreamBuilder::new(reader)
        .await
        .map_err(|e| fail(e.to_string()))?;
    let mut positions = Vec::new();
    for field in fields {
        let has_id = |c: &parquet::schema::types::ColumnDescPtr| {
            let info = c.self_type().get_basic_info();
            info.has_id() && info.id() == field
        };
        let position = builder.parquet_schema().columns().iter().position(has_id);
        positions.push(position.ok_or_else(|| fail(format!("it lacks the column with field id {field}")))?);
    }
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
                *rows.entry((run, version)).or_default() += within.end - within.start - deleted as u64;
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
    let mask = ProjectionMask::leaves(builder.parquet_schema(), positions.iter().copied());
    // Columns come in file order, whatever was asked.
    let swapped = positions[0] > positions[1];
    let mut reader = builder
        .with_projection(mask)
        .with_row_groups(open)
        .build()
        .map_err(|e| fail(e.to_string()))?;
    let mut row_positions = row_positions.into_iter().flatten();
    while let Some(batch) = reader.next().await {
        let batch = batch.map_err(|e| fail(e.to_string()))?;
        let text = |i: usize| cast(batch.column(i), &DataType::Utf8).map_err(|e| fail(e.to_string()));
        let (run, version) = if swapped {
            (text(1)?, text(0)?)
        } else {
            (text(0)?, text(1)?)
        };
        let (run, version) = (run.as_string::<i32>(), version.as_string::<i32>());
        let mut last: Option<(&str, &str, u64)> = None;
        for i in 0..batch.num_rows() {
            let position = row_positions.next();
            if position.is_some_and(|p| gone.binary_search(&p).is_ok()) {
                continue;
            }
            let key = (
                if run.is_null(i) { "" } else { run.value(i) },
                if version.is_null(i) { "" } else { version.value(i) },
            );
            match &mut last {
                Some((r, v, n)) if (*r, *v) == key => *n += 1,
                other => {
                    if let Some((r, v, n)) = other.take() {
                        *rows.entry((r.to_string(), v.to_string())).or_default() += n;
                    }
                    *other = Some((key.0, key.1, 1));
                }
            }
        }
        if let Some((r, v, n)) = last {
            *rows.entry((r.to_string(), v.to_string())).or_default() += n;
        }
    }
    Ok(())
}
