//! The ordered-merge join: a full outer join of two inputs sorted by key, one output row per distinct key.
//!
//! Holds two batches of each side. Checks the order while it streams and fails with [`EngineError::Disorder`] rather
//! than lose a match. A key that stands more than once on one side comes out once, marked as duplicate.

use super::error::EngineError;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, RecordBatch, StringViewArray,
    UInt32Array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, UInt64Type};
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, OrderingRequirements};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::{StreamExt, stream};
use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Keys of one partition: from `low` (inclusive) to `high` (exclusive); unbounded where `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    /// First key.
    pub low: Option<String>,
    /// First key that belongs to the next range.
    pub high: Option<String>,
}

/// Joins the i-th partitions of two inputs, both sorted by their first column, a `Utf8View` key.
///
/// Output: `key`, `duplicate`, then the other columns of both sides, prefixed `a_` and `b_`, null where a side lacks
/// the key.
#[derive(Debug)]
pub struct OrderedMergeExec {
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    ordering: LexOrdering,
    ranges: Vec<KeyRange>,
    properties: Arc<PlanProperties>,
}

impl OrderedMergeExec {
    /// `ordering` is ascending order by the first column; one range per partition.
    pub fn new(
        left: Arc<dyn ExecutionPlan>,
        right: Arc<dyn ExecutionPlan>,
        ordering: LexOrdering,
        ranges: Vec<KeyRange>,
    ) -> OrderedMergeExec {
        let schema = aligned_schema(&left.schema(), &right.schema());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(ranges.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        OrderedMergeExec {
            left,
            right,
            ordering,
            ranges,
            properties: Arc::new(properties),
        }
    }
}

/// `key`, `duplicate`, `a_*`, `b_*`.
pub fn aligned_schema(left: &Schema, right: &Schema) -> SchemaRef {
    let mut fields = vec![
        Field::new("key", DataType::Utf8View, false),
        Field::new("duplicate", DataType::Boolean, false),
    ];
    for (prefix, schema) in [("a_", left), ("b_", right)] {
        let others = schema.fields().iter().skip(1);
        fields.extend(others.map(|f| Field::new(format!("{prefix}{}", f.name()), f.data_type().clone(), true)));
    }
    Arc::new(Schema::new(fields))
}

impl DisplayAs for OrderedMergeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderedMergeExec: ranges={}", self.ranges.len())
    }
}

impl ExecutionPlan for OrderedMergeExec {
    fn name(&self) -> &str {
        "OrderedMergeExec"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.left, &self.right]
    }
    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![Some(OrderingRequirements::from(self.ordering.clone())); 2]
    }
    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        let [left, right] = children.as_slice() else {
            return Err(DataFusionError::Internal("OrderedMergeExec joins two inputs".into()));
        };
        let new = OrderedMergeExec::new(
            Arc::clone(left),
            Arc::clone(right),
            self.ordering.clone(),
            self.ranges.clone(),
        );
        Ok(Arc::new(new))
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let range = self.ranges.get(partition).cloned().unwrap_or_default();
        let side = |plan: &Arc<dyn ExecutionPlan>, name| -> DfResult<Cursor> {
            let only = plan.output_partitioning().partition_count() == 1;
            let input = plan.execute(if only { 0 } else { partition }, Arc::clone(&context))?;
            Ok(Cursor {
                input,
                name,
                range: range.clone(),
                current: None,
                row: 0,
                next: None,
                started: false,
            })
        };
        let merge = Merge {
            left: side(&self.left, "the baseline")?,
            right: side(&self.right, "the candidate")?,
            schema: self.schema(),
        };
        let stream = stream::try_unfold(merge, |mut merge| async move {
            Ok(merge.next().await?.map(|batch| (batch, merge)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

/// One side: the current batch and the one after it, so that every key can be compared with its successor.
struct Cursor {
    input: SendableRecordBatchStream,
    name: &'static str,
    range: KeyRange,
    current: Option<Batch>,
    row: usize,
    next: Option<Batch>,
    started: bool,
}

struct Batch {
    keys: Keys,
    batch: RecordBatch,
    /// Whether every key lies behind the one before it: then only the seams between batches need a look.
    ascending: bool,
}

impl Batch {
    fn new(batch: RecordBatch) -> DfResult<Batch> {
        let keys = Keys::new(keys(&batch)?);
        let ascending = (1..keys.len()).all(|i| keys.cmp(i - 1, &keys, i) == Ordering::Less);
        Ok(Batch { keys, batch, ascending })
    }
}

impl Cursor {
    /// Makes sure that `current` has an unread row, unless the side has ended.
    async fn ready(&mut self) -> DfResult<()> {
        if !self.started {
            self.started = true;
            self.current = self.pull().await?;
            self.next = self.pull().await?;
            self.check_seam()?;
        }
        while self.current.as_ref().is_some_and(|c| self.row >= c.keys.len()) {
            self.current = self.next.take();
            self.row = 0;
            if self.current.is_some() {
                self.next = self.pull().await?;
                self.check_seam()?;
            }
        }
        Ok(())
    }

    /// The next batch with rows in range.
    async fn pull(&mut self) -> DfResult<Option<Batch>> {
        while let Some(batch) = self.input.next().await {
            let batch = self.clip(batch?)?;
            if batch.num_rows() > 0 {
                return Batch::new(batch).map(Some);
            }
        }
        Ok(None)
    }

    /// Row groups overlap the range at its ends: cuts off what belongs to its neighbours.
    fn clip(&self, batch: RecordBatch) -> DfResult<RecordBatch> {
        if self.range == KeyRange::default() || batch.num_rows() == 0 {
            return Ok(batch);
        }
        let keys = keys(&batch)?;
        let n = keys.len();
        let before = |bound: &Option<String>, default: usize| match bound {
            None => default,
            Some(bound) => {
                let (mut low, mut high) = (0, n);
                while low < high {
                    let mid = (low + high) / 2;
                    if keys.value(mid) < bound.as_str() {
                        low = mid + 1
                    } else {
                        high = mid
                    }
                }
                low
            }
        };
        let start = before(&self.range.low, 0);
        let end = before(&self.range.high, n).max(start);
        if start == 0 && end == n {
            return Ok(batch);
        }
        // Clipping by binary search is only right in key order, so order is checked first.
        for i in 1..n {
            if keys.value(i - 1) > keys.value(i) {
                return Err(self.disorder());
            }
        }
        Ok(batch.slice(start, end - start))
    }

    /// The last key of a batch must not lie behind the first one of the next.
    fn check_seam(&self) -> DfResult<()> {
        if let (Some(current), Some(next)) = (&self.current, &self.next)
            && current.keys.cmp(current.keys.len() - 1, &next.keys, 0) == Ordering::Greater
        {
            return Err(self.disorder());
        }
        Ok(())
    }

    fn disorder(&self) -> DataFusionError {
        EngineError::Disorder(self.name.to_string()).into()
    }

    /// Whether the unread key stands once on this side. Fails where the order is broken.
    #[inline]
    fn single(&self, current: &Batch, row: usize) -> DfResult<bool> {
        let order = if row + 1 < current.keys.len() {
            if current.ascending {
                return Ok(true);
            }
            current.keys.cmp(row, &current.keys, row + 1)
        } else {
            match &self.next {
                Some(next) => current.keys.cmp(row, &next.keys, 0),
                None => Ordering::Less,
            }
        };
        match order {
            Ordering::Less => Ok(true),
            Ordering::Equal => Ok(false),
            Ordering::Greater => Err(self.disorder()),
        }
    }

    fn key(&self) -> Option<&str> {
        self.current.as_ref().map(|c| c.keys.text(self.row))
    }

    fn exhausted(&self) -> bool {
        self.current.as_ref().is_none_or(|c| self.row >= c.keys.len())
    }

    /// Passes over every row with this key.
    async fn skip_key(&mut self, key: &str) -> DfResult<()> {
        loop {
            self.ready().await?;
            if self.key() != Some(key) {
                return Ok(());
            }
            if let Some(current) = &self.current {
                self.single(current, self.row)?;
            }
            self.row += 1;
        }
    }
}

fn keys(batch: &RecordBatch) -> DfResult<StringViewArray> {
    batch
        .column(0)
        .as_any()
        .downcast_ref::<StringViewArray>()
        .cloned()
        .ok_or_else(|| DataFusionError::Internal("the key column is not Utf8View".into()))
}

/// Keys with their first bytes as numbers: most comparisons need no look at the text.
struct Keys {
    texts: StringViewArray,
    heads: Vec<u128>,
}

/// Bytes of a key that its head holds.
const HEAD: usize = 16;

impl Keys {
    fn new(texts: StringViewArray) -> Keys {
        let head = |i: usize| {
            let bytes = texts.value(i).as_bytes();
            let mut head = [0; HEAD];
            let n = bytes.len().min(HEAD);
            head[..n].copy_from_slice(&bytes[..n]);
            u128::from_be_bytes(head)
        };
        let heads = (0..texts.len()).map(head).collect();
        Keys { texts, heads }
    }

    fn len(&self) -> usize {
        self.heads.len()
    }

    fn text(&self, i: usize) -> &str {
        self.texts.value(i)
    }

    /// Bytewise order of two keys.
    #[inline]
    fn cmp(&self, i: usize, other: &Keys, j: usize) -> Ordering {
        self.heads[i].cmp(&other.heads[j]).then_with(|| {
            // A view's low half is the length. Heads are padded with zeros: of two keys that fit, the shorter is less.
            let (x, y) = (self.texts.views()[i] as u32, other.texts.views()[j] as u32);
            if x.max(y) as usize <= HEAD {
                x.cmp(&y)
            } else {
                self.text(i).as_bytes().cmp(other.text(j).as_bytes())
            }
        })
    }
}

struct Merge {
    left: Cursor,
    right: Cursor,
    schema: SchemaRef,
}

/// A row that a side lacks.
const MISSING: u32 = u32::MAX;

impl Merge {
    /// The next output batch: as far as the two current batches reach.
    async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        self.left.ready().await?;
        self.right.ready().await?;
        if self.left.exhausted() && self.right.exhausted() {
            return Ok(None);
        }
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let duplicate = self.align(&mut a, &mut b)?;
        if a.is_empty() && duplicate {
            return self.duplicate().await.map(Some);
        }
        self.emit(&a, &b, false).map(Some)
    }

    /// Pairs rows until a batch with unread rows on its side ends, or a duplicate is met (then true).
    fn align(&mut self, a: &mut Vec<u32>, b: &mut Vec<u32>) -> DfResult<bool> {
        let (left, right) = (&self.left, &self.right);
        let (mut i, mut j) = (left.row, right.row);
        let most = |cursor: &Cursor| cursor.current.as_ref().map_or(0, |c| c.keys.len() - cursor.row);
        a.reserve(most(left) + most(right));
        b.reserve(most(left) + most(right));
        let mut duplicate = false;
        loop {
            // A side that has ended gives way to the other one; a batch that has ended needs its successor first.
            let x = left.current.as_ref().map(|c| (i < c.keys.len()).then_some(c));
            let y = right.current.as_ref().map(|c| (j < c.keys.len()).then_some(c));
            let (x, y) = match (x, y) {
                (Some(None), _) | (_, Some(None)) | (None, None) => break,
                (x, y) => (x.flatten(), y.flatten()),
            };
            let order = match (x, y) {
                (Some(x), Some(y)) => x.keys.cmp(i, &y.keys, j),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            let x = x.filter(|_| order != Ordering::Greater);
            let y = y.filter(|_| order != Ordering::Less);
            let once = |cursor: &Cursor, batch: Option<&Batch>, row| batch.map_or(Ok(true), |c| cursor.single(c, row));
            if !once(left, x, i)? || !once(right, y, j)? {
                duplicate = true;
                break;
            }
            a.push(if x.is_some() { i as u32 } else { MISSING });
            b.push(if y.is_some() { j as u32 } else { MISSING });
            i += usize::from(x.is_some());
            j += usize::from(y.is_some());
        }
        (self.left.row, self.right.row) = (i, j);
        Ok(duplicate)
    }

    /// One output row for a key that stands several times on a side.
    async fn duplicate(&mut self) -> DfResult<RecordBatch> {
        let key = match (self.left.key(), self.right.key()) {
            (Some(x), Some(y)) => x.min(y).to_string(),
            (Some(x), None) => x.to_string(),
            (None, Some(y)) => y.to_string(),
            (None, None) => String::new(),
        };
        let first = |cursor: &Cursor| match cursor.key() == Some(key.as_str()) {
            true => cursor.row as u32,
            false => MISSING,
        };
        let batch = self.emit(&[first(&self.left)], &[first(&self.right)], true)?;
        self.left.skip_key(&key).await?;
        self.right.skip_key(&key).await?;
        Ok(batch)
    }

    fn emit(&self, a: &[u32], b: &[u32], duplicate: bool) -> DfResult<RecordBatch> {
        let n = a.len();
        let duplicates = BooleanBuffer::collect_bool(n, |_| duplicate);
        let mut columns: Vec<ArrayRef> = vec![self.keys(a, b)?, Arc::new(BooleanArray::new(duplicates, None))];
        let width = (self.schema.fields().len() - 2) / 2;
        for (cursor, rows, first) in [(&self.left, a, 2), (&self.right, b, 2 + width)] {
            let Some(current) = &cursor.current else {
                let fields = self.schema.fields()[first..first + width].iter();
                columns.extend(fields.map(|field| arrow::array::new_null_array(field.data_type(), n)));
                continue;
            };
            let present = present(rows);
            for column in &current.batch.columns()[1..] {
                columns.push(gather(column, rows, &present)?);
            }
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn keys(&self, a: &[u32], b: &[u32]) -> DfResult<ArrayRef> {
        let taken = |cursor: &Cursor, rows: &[u32]| -> DfResult<Option<ArrayRef>> {
            let current = cursor.current.as_ref();
            current
                .map(|c| Ok(take(&c.keys.texts, &indices(rows), None)?))
                .transpose()
        };
        let left = taken(&self.left, a)?;
        if let Some(left) = &left
            && left.null_count() == 0
        {
            return Ok(Arc::clone(left));
        }
        match (left, taken(&self.right, b)?) {
            (Some(left), Some(right)) => {
                let mask = arrow::compute::is_not_null(&left)?;
                Ok(arrow::compute::kernels::zip::zip(&mask, &left, &right)?)
            }
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (None, None) => Err(DataFusionError::Internal("no side has a row".into())),
        }
    }
}

/// Which rows a side has; `None` if it has all.
fn present(rows: &[u32]) -> Option<NullBuffer> {
    let all = rows.iter().all(|row| *row != MISSING);
    (!all).then(|| NullBuffer::new(BooleanBuffer::collect_bool(rows.len(), |i| rows[i] != MISSING)))
}

fn indices(rows: &[u32]) -> UInt32Array {
    UInt32Array::new(rows.to_vec().into(), present(rows))
}

/// The rows of a column. Numbers without nulls, which is what narrow rows are made of, take the short way.
fn gather(column: &ArrayRef, rows: &[u32], present: &Option<NullBuffer>) -> DfResult<ArrayRef> {
    fn short<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, rows: &[u32], present: &Option<NullBuffer>) -> ArrayRef {
        let values = array.values();
        let out: Vec<T::Native> = rows
            .iter()
            .map(|row| values.get(*row as usize).copied().unwrap_or_default())
            .collect();
        Arc::new(PrimitiveArray::<T>::new(out.into(), present.clone()))
    }
    if column.null_count() == 0 {
        if let Some(array) = column.as_primitive_opt::<UInt64Type>() {
            return Ok(short(array, rows, present));
        }
        if let Some(array) = column.as_primitive_opt::<Float64Type>() {
            return Ok(short(array, rows, present));
        }
    }
    Ok(take(column, &indices(rows), None)?)
}
