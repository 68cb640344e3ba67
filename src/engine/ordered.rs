//! Rows of a run in the order of some of their columns, whatever files they lie in and in whatever order there.

use super::files::{ReadColumn, RunFiles};
use super::map::{MapExec, MapFactory};
use super::scan::RunScanExec;
use super::{Engine, EngineError, ranges};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, cast};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::sorts::sort::SortExec;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;

/// Bytes of rows that the sort gives out at once, more or less: rows may hold images.
const SORTED_BYTES: u64 = 16 << 20;

/// Reads columns as the given types, in ascending order of those that `order` names; spills beyond the memory limit.
///
/// # Errors
/// Fails if `order` names no column that is read.
pub fn ordered_rows(
    engine: &Engine,
    files: &Arc<RunFiles>,
    columns: Vec<(ReadColumn, DataType)>,
    order: &[String],
) -> Result<BoxStream<'static, Result<RecordBatch, EngineError>>, EngineError> {
    let fields = columns
        .iter()
        .map(|(column, kind)| Field::new(&column.name, kind.clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let wanted = columns.into_iter().map(|(column, _)| column).collect();
    let scan = RunScanExec::new(Arc::clone(files), wanted, vec![ranges::everything(files)]);
    let of_type = Arc::clone(&schema);
    let casts: MapFactory = Arc::new(move || {
        let schema = Arc::clone(&of_type);
        Box::new(move |batch: RecordBatch| {
            // The positions, which come last, are left out.
            let typed = schema.fields().iter().zip(batch.columns());
            let typed: Vec<ArrayRef> = typed
                .map(|(field, array)| Ok(cast(array, field.data_type())?))
                .collect::<DfResult<_>>()?;
            Ok(RecordBatch::try_new(Arc::clone(&schema), typed)?)
        })
    });
    let by = |name: &String| {
        let options = SortOptions {
            descending: false,
            nulls_first: true,
        };
        let expr = col(name, &schema)?;
        Ok(PhysicalSortExpr { expr, options })
    };
    let by = order.iter().map(by).collect::<DfResult<Vec<_>>>()?;
    let by = LexOrdering::new(by).ok_or_else(|| DataFusionError::Internal("no order".into()))?;
    let typed = MapExec::new(Arc::new(scan), Arc::clone(&schema), casts, None);
    let sorted = SortExec::new(by, Arc::new(typed));
    let rows = execute_stream(Arc::new(sorted), small_batches(engine, files))?;
    Ok(rows.map_err(EngineError::from).boxed())
}

/// The engine's context with fewer rows at once, where the files' sizes tell that rows are large.
fn small_batches(engine: &Engine, files: &RunFiles) -> Arc<TaskContext> {
    let context = engine.context();
    let bytes: u64 = files.files.iter().map(|open| open.file.size).sum();
    let rows = SORTED_BYTES / (bytes / files.rows().max(1)).max(1);
    let config = context.session_config().clone();
    let rows = usize::try_from(rows)
        .unwrap_or(usize::MAX)
        .clamp(1, config.batch_size());
    let small = TaskContext::default()
        .with_session_config(config.with_batch_size(rows))
        .with_runtime(context.runtime_env());
    Arc::new(small)
}
