//! The files as a source of rows for the engine.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;

use super::error::IngestError;
use super::layout::Layout;
use super::raw::Input;
use super::roles::Side;

/// One side's rows, read on a thread of their own that waits for whoever takes them.
pub(crate) struct SideRows {
    pub(crate) inputs: Vec<Input>,
    pub(crate) layout: Arc<Layout>,
    pub(crate) side: Side,
    pub(crate) schema: SchemaRef,
}

impl fmt::Debug for SideRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideRows")
            .field("side", &self.side)
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

impl PartitionStream for SideRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let (inputs, layout, side, sender) = (self.inputs.clone(), Arc::clone(&self.layout), self.side, builder.tx());
        builder.spawn_blocking(move || {
            for input in &inputs {
                let mut reader = input.reader().map_err(external)?;
                while let Some(batch) = reader.next_batch().map_err(external)? {
                    let rows = layout.rows(side, input, reader.columns(), &batch).map_err(external)?;
                    if sender.blocking_send(Ok(rows)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        builder.build()
    }
}

pub(crate) fn external(error: IngestError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Our own error out of the engine's, or the engine's in our words.
pub(crate) fn internal(error: &DataFusionError) -> IngestError {
    if let DataFusionError::External(inner) = error.find_root()
        && let Some(own) = inner.downcast_ref::<IngestError>()
    {
        return own.clone();
    }
    IngestError::Engine {
        reason: error.find_root().to_string(),
    }
}
