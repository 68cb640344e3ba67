//! A plan that turns each batch of its input into another one, row by row in the same order.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result as DfResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::StreamExt;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Makes the function for one partition: it may keep state from batch to batch.
pub type MapFactory = Arc<dyn Fn() -> Box<dyn FnMut(RecordBatch) -> DfResult<RecordBatch> + Send> + Send + Sync>;

/// Applies a function to every batch.
pub struct MapExec {
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    make: MapFactory,
    properties: Arc<PlanProperties>,
}

impl MapExec {
    /// `ordering` is the order that the output has, if its input has it by construction.
    pub fn new(
        input: Arc<dyn ExecutionPlan>,
        schema: SchemaRef,
        make: MapFactory,
        ordering: Option<LexOrdering>,
    ) -> MapExec {
        let mut equivalences = EquivalenceProperties::new(Arc::clone(&schema));
        if let Some(ordering) = ordering {
            equivalences.add_ordering(ordering);
        }
        let properties = PlanProperties::new(
            equivalences,
            datafusion::physical_plan::Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        MapExec {
            input,
            schema,
            make,
            properties: Arc::new(properties),
        }
    }
}

impl fmt::Debug for MapExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapExec")
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for MapExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MapExec")
    }
}

impl ExecutionPlan for MapExec {
    fn name(&self) -> &str {
        "MapExec"
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
        let ordering = self.properties.output_ordering().cloned();
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(MapExec::new(
            input,
            Arc::clone(&self.schema),
            Arc::clone(&self.make),
            ordering,
        )))
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let mut map = (self.make)();
        let stream = self.input.execute(partition, context)?.map(move |batch| map(batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            stream,
        )))
    }
}
