//! The second pass: joins the golden dataset, sorts by key with the engine (spilling beyond its memory limit), and
//! refuses duplicates as they pass.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::common::{JoinType, NullEquality};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::joins::SortMergeJoinExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::streaming::StreamingTableExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::stream::{BoxStream, StreamExt};

use super::error::IngestError;
use super::find::find;
use super::guess::KEY;
use super::layout::{GOLDEN_KEY, Layout};
use super::planned::ImportPlan;
use super::roles::Side;
use super::source::{SideRows, internal};
use super::values::text;

/// Rows in the order of their keys, bytewise; the stream ends with the first error.
pub type SortedRows = BoxStream<'static, Result<RecordBatch, IngestError>>;

impl ImportPlan {
    /// Reads the inputs again and yields their rows sorted by key. Input that is sorted already is not sorted again.
    pub async fn sorted(self, ctx: Arc<TaskContext>) -> Result<SortedRows, IngestError> {
        let plan = self.physical().map_err(|error| internal(&error))?;
        let rows = execute_stream(plan, ctx).map_err(|error| internal(&error))?;
        let mut check = Check {
            schema: self.schema(),
            order: self.layout.order(),
            last: None,
            repeat: self.roles().repeat.clone(),
            rows: 0,
            plan: self,
        };
        let end = futures::stream::once(std::future::ready(None));
        let checked = rows.map(Some).chain(end).filter_map(move |batch| {
            std::future::ready(match batch {
                Some(Ok(batch)) => Some(check.pass(&batch)),
                Some(Err(error)) => Some(Err(internal(&error))),
                None => check.end().err().map(Err),
            })
        });
        let until_error = checked.scan(false, |failed, batch| {
            let before = std::mem::replace(failed, batch.is_err());
            std::future::ready((!before).then_some(batch))
        });
        Ok(until_error.boxed())
    }

    fn physical(&self) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let layout = Arc::new(self.layout.clone());
        let own = side(&self.inputs, Side::Predictions, &layout, self.presorted)?;
        let Some(golden) = &self.golden else {
            return self.by_repeat(own);
        };
        let golden = side(std::slice::from_ref(golden), Side::Golden, &layout, false)?;
        let on = vec![(col(KEY.stored_as, &own.schema())?, col(GOLDEN_KEY, &golden.schema())?)];
        let (left, equality) = (JoinType::Left, NullEquality::NullEqualsNothing);
        let join = SortMergeJoinExec::try_new(own, golden, on, None, left, vec![ascending()], equality)?;
        self.by_repeat(Arc::new(join))
    }

    /// Trials of a sample in their order, where a sample has several rows.
    fn by_repeat(&self, rows: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let Some(repeat) = &self.roles().repeat else {
            return Ok(rows);
        };
        let schema = rows.schema();
        let order = [KEY.stored_as, repeat].map(|name| {
            let expr = col(name, &schema)?;
            let options = ascending();
            Ok(PhysicalSortExpr { expr, options })
        });
        let order = order.into_iter().collect::<Result<Vec<_>, DataFusionError>>()?;
        let order = LexOrdering::new(order).ok_or_else(|| DataFusionError::Internal("no order".to_owned()))?;
        Ok(Arc::new(SortExec::new(order, rows)))
    }
}

fn ascending() -> SortOptions {
    SortOptions {
        descending: false,
        nulls_first: true,
    }
}

/// One side's rows in the order of their keys.
fn side(
    inputs: &[super::raw::Input],
    side: Side,
    layout: &Arc<Layout>,
    presorted: bool,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let schema = layout.side_schema(side);
    let key = if side == Side::Golden {
        GOLDEN_KEY
    } else {
        KEY.stored_as
    };
    let order = PhysicalSortExpr {
        expr: col(key, &schema)?,
        options: ascending(),
    };
    let ordering = LexOrdering::from([order]);
    let rows = SideRows {
        inputs: inputs.to_vec(),
        layout: Arc::clone(layout),
        side,
        schema: Arc::clone(&schema),
    };
    let declared = presorted.then(|| ordering.clone());
    let source = StreamingTableExec::try_new(schema, vec![Arc::new(rows)], None, declared, false, None)?;
    Ok(if presorted {
        Arc::new(source)
    } else {
        Arc::new(SortExec::new(ordering, Arc::new(source)))
    })
}

/// Watches the sorted rows as they pass.
struct Check {
    plan: ImportPlan,
    schema: SchemaRef,
    order: Vec<usize>,
    /// Key and trial of the last row.
    last: Option<(String, String)>,
    repeat: Option<String>,
    rows: u64,
}

impl Check {
    fn pass(&mut self, batch: &RecordBatch) -> Result<RecordBatch, IngestError> {
        let keys = batch.column(0).as_string::<i32>();
        let trials = self.repeat.as_ref().and_then(|name| batch.column_by_name(name));
        let trials = trials.map(text).transpose()?;
        self.check_order(keys, trials.as_ref())?;
        if self.plan.golden.is_some() {
            self.check_golden(batch, keys)?;
        }
        self.rows += batch.num_rows() as u64;
        let columns: Vec<ArrayRef> = self
            .order
            .iter()
            .filter_map(|index| batch.columns().get(*index).map(Arc::clone))
            .collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| IngestError::Engine {
            reason: error.to_string(),
        })
    }

    fn check_order(&mut self, keys: &StringArray, trials: Option<&StringArray>) -> Result<(), IngestError> {
        let mut last = self.last.as_ref().map(|(key, trial)| (key.as_str(), trial.as_str()));
        for row in 0..keys.len() {
            let (key, trial) = (keys.value(row), trials.map_or("", |trials| trials.value(row)));
            match last.map(|(key, _)| key.cmp(keys.value(row))) {
                Some(std::cmp::Ordering::Equal) if last == Some((key, trial)) => return Err(self.duplicate(key, trial)),
                Some(std::cmp::Ordering::Greater) => {
                    return Err(IngestError::Changed {
                        reason: "its keys are no longer in order".to_owned(),
                    });
                }
                _ => last = Some((key, trial)),
            }
        }
        self.last = last.map(|(key, trial)| (key.to_owned(), trial.to_owned()));
        Ok(())
    }

    /// Where the two rows of a key are is found by reading the files once more.
    fn duplicate(&self, key: &str, trial: &str) -> IngestError {
        let places = match &self.repeat {
            None => find(&self.plan.inputs, &self.plan.key, &|found| found == key),
            Some(repeat) => {
                let escaped = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|");
                let key = match self.plan.key.as_slice() {
                    [_] => escaped(key),
                    _ => key.to_owned(),
                };
                let wanted = format!("{key}|{}", escaped(trial));
                let columns: Vec<String> = self.plan.key.iter().chain([repeat]).cloned().collect();
                find(&self.plan.inputs, &columns, &|found| found == wanted)
            }
        };
        let key = match self.repeat {
            Some(_) => format!("{key}, repeat {trial}"),
            None => key.to_owned(),
        };
        IngestError::DuplicateKey {
            key,
            places: places.map(|(_, places)| places).unwrap_or_default(),
        }
    }

    fn check_golden(&self, batch: &RecordBatch, keys: &StringArray) -> Result<(), IngestError> {
        let Some(golden) = batch
            .column_by_name(GOLDEN_KEY)
            .filter(|golden| golden.null_count() > 0)
        else {
            return Ok(());
        };
        let row = (0..golden.len()).find(|row| golden.is_null(*row)).unwrap_or_default();
        let reason = format!(
            "the golden dataset no longer holds {}",
            super::error::clip(keys.value(row))
        );
        Err(IngestError::Changed { reason })
    }

    fn end(&self) -> Result<(), IngestError> {
        let planned = self.plan.counts().rows;
        if self.rows == planned {
            return Ok(());
        }
        Err(IngestError::Changed {
            reason: format!("{} rows instead of {planned}", self.rows),
        })
    }
}
