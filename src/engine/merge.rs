//! The ordered-merge join: a full outer join of two inputs sorted by key, one output row per distinct key.
//!
//! Holds two batches of each side. Checks the order while it streams and fails with [`EngineError::Disorder`] rather
//! than lose a match. A key that stands more than once on one side comes out once, marked as duplicate.

use super::error::EngineError;
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringViewArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
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
    keys: StringViewArray,
    batch: RecordBatch,
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
                return Ok(Some(Batch {
                    keys: keys(&batch)?,
                    batch,
                }));
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
            && current.keys.value(current.keys.len() - 1) > next.keys.value(0)
        {
            return Err(self.disorder());
        }
        Ok(())
    }

    fn disorder(&self) -> DataFusionError {
        EngineError::Disorder(self.name.to_string()).into()
    }

    /// How the unread key compares with its successor; `Less` at the end. Fails where the order is broken.
    fn step(&self) -> DfResult<Ordering> {
        let Some(current) = &self.current else {
            return Ok(Ordering::Less);
        };
        let key = current.keys.value(self.row);
        let order = if self.row + 1 < current.keys.len() {
            key.cmp(current.keys.value(self.row + 1))
        } else {
            self.next
                .as_ref()
                .map_or(Ordering::Less, |next| key.cmp(next.keys.value(0)))
        };
        if order == Ordering::Greater {
            Err(self.disorder())
        } else {
            Ok(order)
        }
    }

    fn key(&self) -> Option<&str> {
        self.current.as_ref().map(|c| c.keys.value(self.row))
    }

    fn exhausted(&self) -> bool {
        self.current.as_ref().is_none_or(|c| self.row >= c.keys.len())
    }

    /// Passes over every row with this key; gives how many there were.
    async fn skip_key(&mut self, key: &str) -> DfResult<usize> {
        let mut n = 0;
        loop {
            self.ready().await?;
            if self.key() != Some(key) {
                return Ok(n);
            }
            self.step()?;
            self.row += 1;
            n += 1;
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

struct Merge {
    left: Cursor,
    right: Cursor,
    schema: SchemaRef,
}

impl Merge {
    /// The next output batch: as far as the two current batches reach.
    async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        self.left.ready().await?;
        self.right.ready().await?;
        if self.left.exhausted() && self.right.exhausted() {
            return Ok(None);
        }
        let mut a: Vec<Option<u32>> = Vec::new();
        let mut b: Vec<Option<u32>> = Vec::new();
        let duplicate = self.align(&mut a, &mut b)?;
        if a.is_empty() && duplicate {
            return self.duplicate().await.map(Some);
        }
        self.emit(a, b, false).map(Some)
    }

    /// Pairs rows until a batch with unread rows on its side ends, or a duplicate is met (then true).
    fn align(&mut self, a: &mut Vec<Option<u32>>, b: &mut Vec<Option<u32>>) -> DfResult<bool> {
        let left_over = self.left.current.is_none();
        let right_over = self.right.current.is_none();
        while (left_over || !self.left.exhausted()) && (right_over || !self.right.exhausted()) {
            let order = match (self.left.key(), self.right.key()) {
                (Some(x), Some(y)) => x.cmp(y),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let use_left = order != Ordering::Greater;
            let use_right = order != Ordering::Less;
            if (use_left && self.left.step()? == Ordering::Equal)
                || (use_right && self.right.step()? == Ordering::Equal)
            {
                return Ok(true);
            }
            a.push(use_left.then_some(self.left.row as u32));
            b.push(use_right.then_some(self.right.row as u32));
            self.left.row += usize::from(use_left);
            self.right.row += usize::from(use_right);
        }
        Ok(false)
    }

    /// One output row for a key that stands several times on a side.
    async fn duplicate(&mut self) -> DfResult<RecordBatch> {
        let key = match (self.left.key(), self.right.key()) {
            (Some(x), Some(y)) => x.min(y).to_string(),
            (Some(x), None) => x.to_string(),
            (None, Some(y)) => y.to_string(),
            (None, None) => String::new(),
        };
        let first = |cursor: &Cursor| (cursor.key() == Some(key.as_str())).then_some(cursor.row as u32);
        let batch = self.emit(vec![first(&self.left)], vec![first(&self.right)], true)?;
        self.left.skip_key(&key).await?;
        self.right.skip_key(&key).await?;
        Ok(batch)
    }

    fn emit(&self, a: Vec<Option<u32>>, b: Vec<Option<u32>>, duplicate: bool) -> DfResult<RecordBatch> {
        let n = a.len();
        let (a, b) = (UInt32Array::from(a), UInt32Array::from(b));
        let mut columns: Vec<ArrayRef> = vec![self.keys(&a, &b)?, Arc::new(BooleanArray::from(vec![duplicate; n]))];
        let width_left = self
            .schema
            .fields()
            .iter()
            .filter(|f| f.name().starts_with("a_"))
            .count();
        for (i, field) in self.schema.fields().iter().enumerate().skip(2) {
            let (cursor, indices, column) = match i < 2 + width_left {
                true => (&self.left, &a, i - 1),
                false => (&self.right, &b, i - 1 - width_left),
            };
            columns.push(match &cursor.current {
                Some(current) => take(current.batch.column(column), indices, None)?,
                None => arrow::array::new_null_array(field.data_type(), n),
            });
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn keys(&self, a: &UInt32Array, b: &UInt32Array) -> DfResult<ArrayRef> {
        let taken = |cursor: &Cursor, indices: &UInt32Array| -> DfResult<Option<ArrayRef>> {
            cursor
                .current
                .as_ref()
                .map(|c| Ok(take(&c.keys, indices, None)?))
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
