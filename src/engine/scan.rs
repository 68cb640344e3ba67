//! A leaf plan that reads chosen row groups of a run's files. One partition per group of pieces.

use super::BATCH_ROWS;
use super::error::EngineError;
use super::files::{OpenFile, ROW_BITS, ReadColumn, RunFiles};
use crate::store::{Absent, typed};
use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, Scalar, StringArray, UInt64Array};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::{and_kleene, cast, filter_record_batch, is_null, or_kleene};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::error::Result as DfResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Name of the column with each row's position.
pub const POSITION: &str = "evaldiff.position";

/// Bytes of a batch's texts, about.
const BATCH_BYTES: usize = 32 << 20;

/// Row groups of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Index into the run's files.
    pub file: usize,
    /// Row groups in order.
    pub row_groups: Vec<usize>,
}

/// Reads columns of a run; text as it is hinted, everything else as the file has it unless the pinned schema gives its values
/// other texts, missing columns as the table's default or null text.
/// The last column is [`POSITION`].
#[derive(Debug)]
pub struct RunScanExec {
    files: Arc<RunFiles>,
    columns: Arc<Vec<ReadColumn>>,
    partitions: Vec<Vec<Piece>>,
    properties: Arc<PlanProperties>,
}

impl RunScanExec {
    /// A scan with one partition per list of pieces. The schema names the columns; their types may differ by file,
    /// so that consumers look at the arrays.
    pub fn new(files: Arc<RunFiles>, columns: Vec<ReadColumn>, partitions: Vec<Vec<Piece>>) -> RunScanExec {
        let mut fields: Vec<Field> = columns
            .iter()
            .map(|c| Field::new(&c.name, DataType::Null, true))
            .collect();
        fields.push(Field::new(POSITION, DataType::UInt64, false));
        let schema = Arc::new(Schema::new(fields));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        RunScanExec {
            files,
            columns: Arc::new(columns),
            partitions,
            properties: Arc::new(properties),
        }
    }
}

impl DisplayAs for RunScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RunScanExec: files={}, partitions={}",
            self.files.files.len(),
            self.partitions.len()
        )
    }
}

impl ExecutionPlan for RunScanExec {
    fn name(&self) -> &str {
        "RunScanExec"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }
    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }
    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let files = Arc::clone(&self.files);
        let columns = Arc::clone(&self.columns);
        let pieces = self.partitions.get(partition).cloned().unwrap_or_default();
        let batches = stream::iter(pieces)
            .then(move |piece| read_piece(Arc::clone(&files), Arc::clone(&columns), piece))
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}

async fn read_piece(
    files: Arc<RunFiles>,
    columns: Arc<Vec<ReadColumn>>,
    piece: Piece,
) -> DfResult<impl futures::Stream<Item = DfResult<RecordBatch>>> {
    let file = Arc::clone(&files.files[piece.file]);
    // Run id and version are read along and taken off again, where they are needed to tell rows apart.
    let mut wanted = columns.as_ref().clone();
    wanted.extend(files.only.iter().map(|(column, _)| column.clone()));
    let found = file.columns(&wanted)?;
    let roots: Vec<usize> = found.roots.iter().flatten().copied().collect();
    let mask = ProjectionMask::roots(file.metadata.file_metadata().schema_descr(), roots.iter().copied());
    let order = output_order(&found.roots);
    let mut positions = Positions::new(&file, piece.file, &piece.row_groups);
    let path = file.file.path.clone();
    let rows = batch_rows(&file, &piece.row_groups, &mask);
    let stream = ParquetRecordBatchStreamBuilder::new_with_metadata(files.reader(&file), found.metadata)
        .with_projection(mask)
        .with_row_groups(piece.row_groups)
        .with_batch_size(rows)
        .build()
        .map_err(|e| EngineError::File {
            path: path.clone(),
            reason: e.to_string(),
        })?;
    let only = files.only.clone();
    Ok(stream.map(move |batch| {
        let batch = batch.map_err(|e| EngineError::Altered {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        let batch = arrange(
            &batch,
            &wanted,
            (&order, &found.absent),
            positions.next(batch.num_rows()),
        )?;
        let batch = match &file.deleted {
            Some(deleted) => without(&batch, deleted)?,
            None => batch,
        };
        match only.is_empty() {
            true => Ok(batch),
            false => rows_of(&batch, only.iter().map(|(_, value)| value.as_str()), columns.len()),
        }
    }))
}

/// Rows of a batch: fewer than usual where columns of long texts are read.
fn batch_rows(file: &OpenFile, row_groups: &[usize], mask: &ProjectionMask) -> usize {
    let groups = row_groups
        .iter()
        .filter_map(|&group| file.metadata.row_groups().get(group));
    let (mut bytes, mut rows) = (0, 1);
    for group in groups {
        rows += group.num_rows();
        let leaves = group.columns().iter().enumerate();
        let read = leaves.filter(|(leaf, _)| mask.leaf_included(*leaf));
        bytes += read.map(|(_, column)| column.uncompressed_size()).sum::<i64>();
    }
    let row = usize::try_from(bytes / rows).unwrap_or_default().max(1);
    (BATCH_BYTES / row).clamp(1, BATCH_ROWS)
}

/// The rows that are not deleted. Their positions, which the last column holds, count the deleted ones.
fn without(batch: &RecordBatch, deleted: &[u64]) -> DfResult<RecordBatch> {
    let positions = batch.column(batch.num_columns() - 1).as_primitive::<UInt64Type>();
    let within = |position: &u64| position & ((1 << ROW_BITS) - 1);
    let keep: BooleanArray = positions
        .values()
        .iter()
        .map(|position| Some(deleted.binary_search(&within(position)).is_err()))
        .collect();
    Ok(filter_record_batch(batch, &keep)?)
}

/// The rows that have these values in the columns from `at` on, without those columns. Null counts as empty.
fn rows_of<'a>(batch: &RecordBatch, values: impl Iterator<Item = &'a str>, at: usize) -> DfResult<RecordBatch> {
    let mut keep = BooleanArray::from(vec![true; batch.num_rows()]);
    let mut taken = at;
    for value in values {
        let array = batch.column(taken);
        if *array.data_type() == DataType::Float32 && !value.is_empty() {
            // The text may be that of a double, which the column became later.
            let value = cast(&StringArray::from(vec![value]), &DataType::Float32)?;
            keep = and_kleene(&keep, &eq(array, &Scalar::new(value))?)?;
            taken += 1;
            continue;
        }
        let texts = cast(array, &DataType::Utf8)?;
        let same = match value.is_empty() {
            true => or_kleene(&is_null(&texts)?, &eq(&texts, &StringArray::new_scalar(value))?)?,
            false => eq(&texts, &StringArray::new_scalar(value))?,
        };
        keep = and_kleene(&keep, &same)?;
        taken += 1;
    }
    let rest: Vec<usize> = (0..batch.num_columns()).filter(|i| !(at..taken).contains(i)).collect();
    Ok(filter_record_batch(&batch.project(&rest)?, &keep)?)
}

/// Where each wanted column stands among those read: the reader gives them in file order.
fn output_order(roots: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut sorted: Vec<usize> = roots.iter().flatten().copied().collect();
    sorted.sort_unstable();
    sorted.dedup();
    roots
        .iter()
        .map(|root| root.and_then(|r| sorted.binary_search(&r).ok()))
        .collect()
}

fn arrange(
    batch: &RecordBatch,
    columns: &[ReadColumn],
    (order, absent): (&[Option<usize>], &[Absent]),
    positions: UInt64Array,
) -> DfResult<RecordBatch> {
    let n = batch.num_rows();
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len() + 1);
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len() + 1);
    for ((column, place), absent) in columns.iter().zip(order).zip(absent) {
        let array = match place {
            Some(i) => Arc::clone(batch.column(*i)),
            None => absent.rows(n)?,
        };
        let array = typed(&array, &column.data_type)?;
        fields.push(Field::new(&column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    fields.push(Field::new(POSITION, DataType::UInt64, false));
    arrays.push(Arc::new(positions));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new(schema, arrays)?)
}

/// Counts row positions through the chosen row groups.
struct Positions {
    /// (first position, rows left) of each row group, in reverse.
    groups: Vec<(u64, u64)>,
}

impl Positions {
    fn new(file: &OpenFile, index: usize, row_groups: &[usize]) -> Positions {
        let base = (index as u64) << ROW_BITS;
        let mut first = 0u64;
        let starts: Vec<(u64, u64)> = file
            .metadata
            .row_groups()
            .iter()
            .map(|group| {
                let start = first;
                first += group.num_rows() as u64;
                (base + start, group.num_rows() as u64)
            })
            .collect();
        let mut groups: Vec<(u64, u64)> = row_groups.iter().filter_map(|&i| starts.get(i).copied()).collect();
        groups.reverse();
        Positions { groups }
    }

    fn next(&mut self, rows: usize) -> UInt64Array {
        let mut out = Vec::with_capacity(rows);
        while out.len() < rows {
            let Some((start, left)) = self.groups.last_mut() else {
                break;
            };
            let n = (*left).min((rows - out.len()) as u64);
            out.extend(*start..*start + n);
            *start += n;
            *left -= n;
            if *left == 0 {
                self.groups.pop();
            }
        }
        UInt64Array::from(out)
    }
}
