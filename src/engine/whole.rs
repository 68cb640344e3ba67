//! Rows sorted by key, in batches that end where a key ends: whoever takes them sees all rows of a key together.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, stream};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Holds back the rows of the last key of a batch until another key comes. The first column is a `Utf8View` key.
#[derive(Debug)]
pub struct WholeKeysExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl WholeKeysExec {
    /// The order of the rows stays as it is.
    pub fn new(input: Arc<dyn ExecutionPlan>) -> WholeKeysExec {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            datafusion::physical_plan::Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        WholeKeysExec {
            input,
            properties: Arc::new(properties),
        }
    }
}

impl DisplayAs for WholeKeysExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WholeKeysExec")
    }
}

impl ExecutionPlan for WholeKeysExec {
    fn name(&self) -> &str {
        "WholeKeysExec"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }
    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(WholeKeysExec::new(input)))
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let holder = Holder {
            input: self.input.execute(partition, context)?,
            held: Vec::new(),
            ended: false,
        };
        let whole = stream::try_unfold(holder, |mut holder| async move {
            Ok::<_, DataFusionError>(holder.next().await?.map(|batch| (batch, holder)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), whole)))
    }
}

struct Holder {
    input: SendableRecordBatchStream,
    /// Rows of one key.
    held: Vec<RecordBatch>,
    ended: bool,
}

impl Holder {
    async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        while !self.ended {
            let Some(batch) = self.input.next().await.transpose()? else {
                self.ended = true;
                break;
            };
            let rows = batch.num_rows();
            if rows == 0 {
                continue;
            }
            let start = last_key(&batch);
            let before = self.held.first().map(key_of).is_none_or(|held| held == key_of(&batch));
            if start == 0 && before {
                self.held.push(batch);
                continue;
            }
            let mut whole = std::mem::take(&mut self.held);
            whole.push(batch.slice(0, start));
            self.held.push(batch.slice(start, rows - start));
            return Ok(Some(concat_batches(&batch.schema(), &whole)?));
        }
        match std::mem::take(&mut self.held).as_slice() {
            [] => Ok(None),
            held @ [first, ..] => Ok(Some(concat_batches(&first.schema(), held)?)),
        }
    }
}

/// The first key of a batch.
fn key_of(batch: &RecordBatch) -> String {
    batch.column(0).as_string_view().value(0).to_owned()
}

/// The row where the last key of a batch begins.
fn last_key(batch: &RecordBatch) -> usize {
    let keys = batch.column(0).as_string_view();
    let last = keys.value(keys.len() - 1);
    (0..keys.len())
        .rev()
        .take_while(|row| keys.value(*row) == last)
        .last()
        .unwrap_or_default()
}
