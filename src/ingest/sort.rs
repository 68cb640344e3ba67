//! The second pass: joins the golden dataset, sorts by key with the engine (spilling beyond its memory limit), and
//! refuses duplicates as they pass.

use std::cmp::Ordering;
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

use super::error::{IngestError, Place};
use super::find::find;
use super::guess::{KEY, TRUTH};
use super::layout::{GOLDEN_KEY, Layout};
use super::planned::ImportPlan;
use super::roles::Side;
use super::source::{SideRows, internal};
use super::values::text;

/// Bytes of rows with images or sounds that the sort gives out at once, more or less.
const SORTED_BYTES: u64 = 16 << 20;

/// Rows in the order of their keys, bytewise; the stream ends with the first error.
pub type SortedRows = BoxStream<'static, Result<RecordBatch, IngestError>>;

impl ImportPlan {
    /// Reads the inputs again and yields their rows sorted by key. Input that is sorted already is not sorted again.
    pub async fn sorted(self, ctx: Arc<TaskContext>) -> Result<SortedRows, IngestError> {
        let plan = self.physical().map_err(|error| internal(&error))?;
        let ctx = match self.roles().media.is_empty() {
            true => ctx,
            false => small_batches(&ctx, self.row_bytes()),
        };
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

    /// Bytes of a row, as far as the sizes of the files tell.
    fn row_bytes(&self) -> u64 {
        let files = self.inputs.iter().chain(&self.golden).map(|input| &input.file);
        let bytes: u64 = files
            .filter_map(|file| std::fs::metadata(file).ok())
            .map(|file| file.len())
            .sum();
        bytes / self.counts().rows.max(1)
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

/// The same context with fewer rows at once, where rows hold images or sounds: thousands of them might fill the memory.
fn small_batches(ctx: &TaskContext, row_bytes: u64) -> Arc<TaskContext> {
    let config = ctx.session_config().clone();
    let rows = usize::try_from(SORTED_BYTES / row_bytes.max(1)).unwrap_or(usize::MAX);
    let rows = rows.clamp(1, config.batch_size());
    let small = TaskContext::default()
        .with_session_config(config.with_batch_size(rows))
        .with_runtime(ctx.runtime_env());
    Arc::new(small)
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

/// What tells a row apart, and the ground truth of its sample as far as the trials up to here state one.
#[derive(Clone, Copy)]
struct Row<'a> {
    key: &'a str,
    trial: &'a str,
    truth: Option<&'a str>,
}

/// The same from a batch that is gone.
struct Last {
    key: String,
    trial: String,
    truth: Option<String>,
}

impl<'a> Row<'a> {
    fn of(last: &'a Last) -> Row<'a> {
        Row {
            key: &last.key,
            trial: &last.trial,
            truth: last.truth.as_deref(),
        }
    }

    fn kept(self) -> Last {
        Last {
            key: self.key.to_owned(),
            trial: self.trial.to_owned(),
            truth: self.truth.map(str::to_owned),
        }
    }
}

/// Watches the sorted rows as they pass.
struct Check {
    plan: ImportPlan,
    schema: SchemaRef,
    order: Vec<usize>,
    last: Option<Last>,
    repeat: Option<String>,
    rows: u64,
}

impl Check {
    fn pass(&mut self, batch: &RecordBatch) -> Result<RecordBatch, IngestError> {
        let keys = batch.column(0).as_string::<i32>();
        let of = |name: &str| batch.column_by_name(name).map(text).transpose();
        let trials = self.repeat.as_deref().map(of).transpose()?.flatten();
        // Of one row per key there is one truth.
        let truths = trials.as_ref().map(|_| of(TRUTH.stored_as)).transpose()?.flatten();
        self.check_order(keys, trials.as_ref(), truths.as_ref())?;
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

    fn check_order(
        &mut self,
        keys: &StringArray,
        trials: Option<&StringArray>,
        truths: Option<&StringArray>,
    ) -> Result<(), IngestError> {
        let mut last = self.last.as_ref().map(Row::of);
        for row in 0..keys.len() {
            let mut next = Row {
                key: keys.value(row),
                trial: trials.map_or("", |trials| trials.value(row)),
                truth: truths
                    .filter(|truths| truths.is_valid(row))
                    .map(|truths| truths.value(row)),
            };
            match last.map(|last| (last.key.cmp(next.key), last)) {
                Some((Ordering::Greater, _)) => {
                    return Err(IngestError::Changed {
                        reason: "its keys are no longer in order".to_owned(),
                    });
                }
                Some((Ordering::Equal, last)) if last.trial == next.trial => return Err(self.duplicate(next)),
                Some((Ordering::Equal, last)) => match (last.truth, next.truth) {
                    (Some(first), Some(second)) if first != second => return Err(self.mixed(last, next)),
                    (first, second) => next.truth = second.or(first),
                },
                Some((Ordering::Less, _)) | None => {}
            }
            last = Some(next);
        }
        self.last = last.map(Row::kept);
        Ok(())
    }

    /// Where the two rows of a key are is found by reading the files once more.
    fn duplicate(&self, row: Row<'_>) -> IngestError {
        IngestError::DuplicateKey {
            key: match self.repeat {
                Some(_) => format!("{}, repeat {}", row.key, row.trial),
                None => row.key.to_owned(),
            },
            places: self.places(&[row]),
        }
    }

    fn mixed(&self, first: Row<'_>, second: Row<'_>) -> IngestError {
        let truth = |row: Row<'_>| row.truth.unwrap_or_default().to_owned();
        IngestError::MixedTruth {
            key: first.key.to_owned(),
            first: truth(first),
            second: truth(second),
            places: self.places(&[first, second]),
        }
    }

    /// The first two places in the files of any of these rows.
    fn places(&self, rows: &[Row<'_>]) -> Vec<Place> {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|");
        let whole = |row: &Row<'_>| match (&self.repeat, self.plan.key.as_slice()) {
            (None, _) => row.key.to_owned(),
            (Some(_), [_]) => format!("{}|{}", escaped(row.key), escaped(row.trial)),
            (Some(_), _) => format!("{}|{}", row.key, escaped(row.trial)),
        };
        let wanted: Vec<String> = rows.iter().map(whole).collect();
        let columns: Vec<String> = self.plan.key.iter().chain(&self.repeat).cloned().collect();
        let found = find(&self.plan.inputs, &columns, &|key| {
            wanted.iter().any(|wanted| wanted == key)
        });
        found.map(|(_, places)| places).unwrap_or_default()
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
