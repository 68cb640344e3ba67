//! The columns that tell the runs of other writers apart, read from the files of their table.

use super::absent::Absent;
use super::contract::{EVAL_TIMESTAMP, MODEL_VERSION, RUN_ID};
use super::error::StoreError;
use super::foreign::{Key, Tally};
use super::projection::{FileNames, column_position};
use super::typed::typed;
use super::{LocationError, Objects, defaults, files};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use futures::StreamExt;
use iceberg::spec::{ManifestEntryRef, PrimitiveType, Type};
use iceberg::table::Table;
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::{ParquetObjectReader, ParquetRecordBatchStreamBuilder};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescriptor;
use std::collections::BTreeMap;
use std::ops::Range;

/// A column as a table knows it.
struct Column {
    name: &'static str,
    id: i32,
    /// Its names in files without field ids.
    names: Vec<String>,
    /// What rows have in files that are older than it.
    absent: Absent,
    data_type: DataType,
}

impl Column {
    fn leaf(&self, descriptor: &SchemaDescriptor) -> Option<usize> {
        leaf(descriptor, self.id, &self.names)
    }
}

/// Run id and version, and the id of the time of evaluation, if there is one.
pub(super) struct RunColumns {
    table: String,
    columns: [Column; 2],
    evaluated: Option<i32>,
}

/// Where a file has one of the columns.
enum Source {
    Leaf {
        at: usize,
        data_type: DataType,
    },
    /// The same in all rows.
    Fixed(String),
}

/// Field id of the time of evaluation, if it is a time.
pub(super) fn evaluated(table: &Table) -> Option<i32> {
    let field = table.metadata().current_schema().field_by_name(EVAL_TIMESTAMP)?;
    let of = |kind| *field.field_type == Type::Primitive(kind);
    (of(PrimitiveType::Timestamp) || of(PrimitiveType::Timestamptz)).then_some(field.id)
}

/// Refuses columns that have no texts, by which runs could be named.
fn check_types(table: &Table) -> Result<(), StoreError> {
    let schema = table.metadata().current_schema();
    for column in [RUN_ID, MODEL_VERSION] {
        let Some(field) = schema.field_by_name(column) else {
            continue;
        };
        let data_type = match field.field_type.as_ref() {
            Type::Struct(_) => "struct".to_string(),
            Type::List(_) | Type::Map(_) | Type::Primitive(PrimitiveType::Fixed(_)) => field.field_type.to_string(),
            Type::Primitive(_) => continue,
        };
        return Err(StoreError::RunColumnType {
            table: table.identifier().to_string(),
            column,
            data_type,
        });
    }
    Ok(())
}

impl RunColumns {
    /// Those of a table.
    ///
    /// # Errors
    /// [`StoreError::NoRunColumn`] if one is missing, [`StoreError::RunColumnType`] if one has no texts, or fails if what stands for it in older files cannot be told.
    pub(super) async fn of(table: &Table) -> Result<RunColumns, StoreError> {
        super::foreign::check_columns(table)?;
        check_types(table)?;
        let schema = table.metadata().current_schema();
        let arrow = defaults::arrow_schema(table, schema).await?;
        let names = FileNames::of(table)?;
        let column = |name: &'static str| {
            let id = schema.field_id_by_name(name).unwrap_or_default();
            let field = arrow.field_with_name(name).ok();
            Column {
                name,
                id,
                names: names.column(id, name),
                absent: field.map_or(Absent::Null, Absent::of),
                data_type: field.map_or(DataType::Utf8, |field| field.data_type().clone()),
            }
        };
        Ok(RunColumns {
            table: table.identifier().to_string(),
            columns: [column(RUN_ID), column(MODEL_VERSION)],
            evaluated: evaluated(table),
        })
    }

    /// Counts a file's rows by run: of row groups of one run by the footer alone. `given` is what the file's partition says,
    /// `gone` the positions of deleted rows.
    ///
    /// # Errors
    /// Fails if the file cannot be read, or if a column is missing whose value is then unknown.
    pub(super) async fn count_rows(
        &self,
        objects: &Objects,
        entry: &ManifestEntryRef,
        given: &BTreeMap<i32, Absent>,
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
        let descriptor = builder.parquet_schema();
        let source = |column: &Column| match (column.leaf(descriptor), given.get(&column.id).unwrap_or(&column.absent))
        {
            (Some(at), _) => Ok(Source::Leaf {
                at,
                data_type: column.data_type.clone(),
            }),
            (None, Absent::Unread(what)) => Err(fail(format!(
                "it lacks the column `{}`, and {what} are not read by this version",
                column.name
            ))),
            (None, absent) => Ok(Source::Fixed(one(absent).map_err(|e| fail(e.to_string()))?)),
        };
        let sources = [source(&self.columns[0])?, source(&self.columns[1])?];
        let evaluated = self.evaluated.and_then(|id| {
            let names = [EVAL_TIMESTAMP.to_string()];
            leaf(descriptor, id, &names)
        });
        // Row groups of one run, which most are, say so in the footer: there is nothing to read of them.
        let mut open = Vec::new();
        let mut row_positions: Vec<Range<u64>> = Vec::new();
        let mut first = 0u64;
        for (i, group) in builder.metadata().row_groups().iter().enumerate() {
            let within = first..first + group.num_rows() as u64;
            first = within.end;
            let mut only = sources.iter().map(|source| single_value(source, group));
            match (only.next().flatten(), only.next().flatten()) {
                (Some(run), Some(version)) => {
                    let deleted =
                        gone.partition_point(|p| *p < within.end) - gone.partition_point(|p| *p < within.start);
                    let evaluated = evaluated.and_then(|leaf| highest(group.column(leaf).statistics()?));
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
        let of_source = |source: &Source| match source {
            Source::Leaf { at, .. } => Some(*at),
            Source::Fixed(_) => None,
        };
        let mut read: Vec<usize> = sources.iter().filter_map(of_source).chain(evaluated).collect();
        read.sort_unstable();
        // Columns come in file order, whatever was asked.
        let at = |leaf: usize| read.binary_search(&leaf).unwrap_or_default();
        let mask = ProjectionMask::leaves(descriptor, read.iter().copied());
        let mut reader = builder
            .with_projection(mask)
            .with_row_groups(open)
            .build()
            .map_err(|e| fail(e.to_string()))?;
        let mut row_positions = row_positions.into_iter().flatten();
        while let Some(batch) = reader.next().await {
            let batch = batch.map_err(|e| fail(e.to_string()))?;
            // Only bytes may have no text: what else has none is refused by its type.
            let texts = |i: usize| {
                texts(&sources[i], &batch, at).map_err(|_| StoreError::RunColumnType {
                    table: self.table.clone(),
                    column: self.columns[i].name,
                    data_type: "binary, of bytes that are no text,".into(),
                })
            };
            let (run, version) = (&texts(0)?, &texts(1)?);
            let times = evaluated.map(|leaf| cast(batch.column(at(leaf)), &DataType::Int64));
            let times = times.transpose().map_err(|e| fail(e.to_string()))?;
            let times = times.as_ref().map(|times| times.as_primitive::<Int64Type>());
            let mut last: Option<((&str, &str), Tally)> = None;
            for i in 0..batch.num_rows() {
                let position = row_positions.next();
                if position.is_some_and(|p| gone.binary_search(&p).is_ok()) {
                    continue;
                }
                let key = (text(run, i), text(version, i));
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
}

fn leaf(descriptor: &SchemaDescriptor, id: i32, names: &[String]) -> Option<usize> {
    let fields = descriptor.root_schema().get_fields().iter().map(|field| {
        let info = field.get_basic_info();
        (info.has_id().then(|| info.id()), field.name())
    });
    let root = column_position(fields, Some(id), names)?;
    (0..descriptor.num_columns()).find(|&i| descriptor.get_column_root_idx(i) == root)
}

/// The text of a value that a file lacks; null counts as empty.
fn one(absent: &Absent) -> Result<String, ArrowError> {
    let value = strictly_text(&absent.rows(1)?)?;
    let value = value.as_string::<i32>();
    Ok(value.iter().next().flatten().unwrap_or_default().to_string())
}

/// Values as texts; bytes that are none are refused rather than taken for nulls.
fn strictly_text(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, &DataType::Utf8, &strict)
}

/// The column's rows in a batch.
fn texts(source: &Source, batch: &RecordBatch, at: impl Fn(usize) -> usize) -> Result<StringArray, ArrowError> {
    match source {
        Source::Leaf { at: leaf, data_type } => Ok(strictly_text(&typed(batch.column(at(*leaf)), data_type)?)?
            .as_string::<i32>()
            .clone()),
        Source::Fixed(text) => Ok(StringArray::from_iter_values(std::iter::repeat_n(
            text,
            batch.num_rows(),
        ))),
    }
}

fn text(texts: &StringArray, row: usize) -> &str {
    if texts.is_valid(row) { texts.value(row) } else { "" }
}

/// The one value that the column has in a row group, if that is known without reading it.
fn single_value(source: &Source, group: &RowGroupMetaData) -> Option<String> {
    let leaf = match source {
        Source::Leaf { at, .. } => *at,
        Source::Fixed(text) => return Some(text.clone()),
    };
    let statistics = group.column(leaf).statistics()?;
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

fn keep(rows: &mut BTreeMap<Key, Tally>, counted: Option<((&str, &str), Tally)>) {
    if let Some(((run, version), tally)) = counted {
        let known = rows.entry((run.to_string(), version.to_string())).or_default();
        known.add(tally.rows, tally.evaluated);
    }
}
