//! From two pinned runs to a physical plan whose output is one row per distinct key.

use super::Job;
use super::encode::{Codes, Layout, Shape, encoder, narrow_schema};
use super::error::CompareError;
use super::labels::Interner;
use super::measure::Measure;
use super::repeats::reducer;
use super::types::{LabelPair, check_castable, check_label, check_number, check_value};
use crate::engine::Engine;
use crate::engine::files::{ReadColumn, RunFiles};
use crate::engine::map::{MapExec, MapFactory};
use crate::engine::merge::{KeyRange, OrderedMergeExec, aligned_schema};
use crate::engine::ranges::{self, RangeTask};
use crate::engine::scan::{Piece, RunScanExec};
use crate::engine::whole::WholeKeysExec;
use crate::model::{ColumnRoles, Kind};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{JoinType, NullEquality};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};
use std::sync::Arc;

/// How the runs are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinChoice {
    /// Merge where both runs are sorted, else hash within the memory limit, else sort and merge.
    #[default]
    Auto,
    /// Merge; runs that are not sorted are sorted first.
    Merge,
    /// Hash join.
    Hash,
}

/// Both runs opened: their files, the columns to scan, and the codes that both share.
pub(super) struct Sides {
    pub(super) baseline: Arc<RunFiles>,
    pub(super) candidate: Arc<RunFiles>,
    pub(super) codes: Arc<Codes>,
    pub(super) layout: Layout,
    columns: Vec<ReadColumn>,
    /// Ground truth and prediction, where their texts are compared.
    pub(super) pair: Option<LabelPair>,
    ordering: LexOrdering,
}

impl Sides {
    /// How this job measures answers; `None` where they are right or wrong.
    pub(super) fn measure(&self, job: &Job) -> Option<Measure> {
        let truth = self.columns.get(self.layout.keys);
        let pivot = truth.and_then(|column| ranges::middle(&self.candidate, column));
        Measure::new(&job.roles, &job.options, pivot.unwrap_or(0.0))
    }

    /// Opens the files of both runs and finds every column of a role.
    ///
    /// # Errors
    /// [`CompareError::NoColumn`], or the first file that cannot be read.
    pub(super) async fn open(job: &Job) -> Result<Sides, CompareError> {
        let (columns, layout) = columns(job)?;
        let answers = columns.get(layout.keys..).unwrap_or_default();
        let pair = match answers {
            [truth, prediction, ..] if layout.truth && layout.kind != Kind::Numeric => {
                Some(LabelPair::new(truth, prediction, layout.kind.has_labels()))
            }
            _ => None,
        };
        if let Some(pair) = pair.as_ref().filter(|_| !job.maps_labels()) {
            pair.check_types()?;
        }
        let new = || Arc::new(Interner::default());
        let codes = Codes {
            labels: new(),
            spellings: Arc::new(job.options.label_map.clone()),
            slices: job.roles.slices.iter().map(|_| new()).collect(),
        };
        let key: Arc<dyn datafusion::physical_expr::PhysicalExpr> = Arc::new(Column::new("key", 0));
        let sort = PhysicalSortExpr::new(
            key,
            SortOptions {
                descending: false,
                nulls_first: false,
            },
        );
        let ordering = LexOrdering::new([sort]).ok_or_else(|| CompareError::Arrow("the key has no order".into()))?;
        Ok(Sides {
            baseline: Arc::new(RunFiles::open(&job.baseline).await?),
            candidate: Arc::new(RunFiles::open(&job.candidate).await?),
            codes: Arc::new(codes),
            layout,
            columns,
            pair,
            ordering,
        })
    }

    fn side(&self, files: &Arc<RunFiles>, partitions: Vec<Vec<Piece>>, sorted: bool) -> Arc<dyn ExecutionPlan> {
        let scan = RunScanExec::new(Arc::clone(files), self.columns.clone(), partitions);
        let encode = encoder(Arc::clone(&self.codes), self.layout.clone(), !sorted);
        let ordering = sorted.then(|| self.ordering.clone());
        let rows = Arc::new(MapExec::new(
            Arc::new(scan),
            narrow_schema(self.layout.shape),
            encode,
            ordering,
        ));
        if sorted { self.reduced(rows) } else { rows }
    }

    /// One row per key where samples have trials, from rows sorted by key.
    fn reduced(&self, rows: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        if !self.layout.shape.repeats {
            return rows;
        }
        Arc::new(MapExec::new(
            Arc::new(WholeKeysExec::new(rows)),
            narrow_schema(self.layout.shape),
            reducer(&self.codes, &self.layout),
            Some(self.ordering.clone()),
        ))
    }

    /// Merge of sorted files: one partition per key range.
    pub(super) fn merge(&self) -> (Arc<dyn ExecutionPlan>, usize) {
        let tasks: Vec<RangeTask> = match (self.layout.keys, self.columns.first()) {
            (1, Some(key)) => ranges::cut(&self.baseline, &self.candidate, key, key),
            _ => vec![RangeTask {
                range: KeyRange::default(),
                left: ranges::everything(&self.baseline),
                right: ranges::everything(&self.candidate),
            }],
        };
        let n = tasks.len();
        let left = self.side(&self.baseline, tasks.iter().map(|t| t.left.clone()).collect(), true);
        let right = self.side(&self.candidate, tasks.iter().map(|t| t.right.clone()).collect(), true);
        let ranges = tasks.into_iter().map(|t| t.range).collect();
        (
            Arc::new(OrderedMergeExec::new(left, right, self.ordering.clone(), ranges)),
            n,
        )
    }

    /// Sort of both sides, spilling within the memory limit, then one merge.
    pub(super) fn sort(&self, engine: &Engine) -> (Arc<dyn ExecutionPlan>, usize) {
        let sorted = |files: &Arc<RunFiles>| -> Arc<dyn ExecutionPlan> {
            let input = self.side(files, ranges::dealt(files, engine.threads()), false);
            let sort = SortExec::new(self.ordering.clone(), input).with_preserve_partitioning(true);
            self.reduced(Arc::new(SortPreservingMergeExec::new(
                self.ordering.clone(),
                Arc::new(sort),
            )))
        };
        let (left, right) = (sorted(&self.baseline), sorted(&self.candidate));
        let ranges = vec![KeyRange::default()];
        (
            Arc::new(OrderedMergeExec::new(left, right, self.ordering.clone(), ranges)),
            1,
        )
    }

    /// Hash join of narrow rows: the fastest for unsorted runs that fit the memory limit.
    pub(super) fn hash(&self, engine: &Engine) -> Result<(Arc<dyn ExecutionPlan>, usize), CompareError> {
        let n = engine.threads();
        let key: Arc<dyn datafusion::physical_expr::PhysicalExpr> = Arc::new(Column::new("key", 0));
        let input = |files: &Arc<RunFiles>| -> Result<Arc<dyn ExecutionPlan>, CompareError> {
            let side = self.side(files, ranges::dealt(files, n), false);
            Ok(Arc::new(RepartitionExec::try_new(
                side,
                Partitioning::Hash(vec![Arc::clone(&key)], n),
            )?))
        };
        let join = HashJoinExec::try_new(
            input(&self.baseline)?,
            input(&self.candidate)?,
            vec![(Arc::clone(&key), Arc::clone(&key))],
            None,
            &JoinType::Full,
            None,
            PartitionMode::Partitioned,
            NullEquality::NullEqualsNothing,
            false,
        )?;
        let narrow = narrow_schema(self.layout.shape);
        let schema = aligned_schema(&narrow, &narrow);
        let align = aligner(Arc::clone(&schema), narrow.fields().len());
        Ok((Arc::new(MapExec::new(Arc::new(join), schema, align, None)), n))
    }

    /// Bytes that the build side of the hash join is expected to take.
    pub(super) fn hash_bytes(&self) -> u64 {
        let further = self.layout.shape.width() as u64 - 3;
        self.baseline.rows().max(self.candidate.rows()) * (100 + 8 * further)
    }
}

/// Brings the hash join's output into the shape of the merge's.
fn aligner(schema: SchemaRef, width: usize) -> MapFactory {
    Arc::new(move || {
        let schema = Arc::clone(&schema);
        Box::new(move |batch: RecordBatch| {
            let (left, right) = (batch.column(0), batch.column(width));
            let mask = arrow::compute::is_not_null(left)?;
            let key = arrow::compute::kernels::zip::zip(&mask, left, right)?;
            let mut columns: Vec<ArrayRef> = vec![key, Arc::new(BooleanArray::from(vec![false; batch.num_rows()]))];
            columns.extend(batch.columns()[1..width].iter().cloned());
            columns.extend(batch.columns()[width + 1..].iter().cloned());
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        })
    })
}

fn columns(job: &Job) -> Result<(Vec<ReadColumn>, Layout), CompareError> {
    let (schema, roles) = (&job.candidate.schema, &job.roles);
    let find = |name: &str, dictionary: bool| {
        job.column(name, dictionary).map_err(|_| CompareError::NoColumn {
            column: name.to_string(),
            nearest: nearest(schema, name),
        })
    };
    let mut out = Vec::new();
    for name in &roles.key {
        out.push(find(name, false)?);
        check_value(schema, name, "a key")?;
    }
    let kind = roles.kind();
    if kind != Kind::Text && roles.truth.is_none() {
        return Err(CompareError::NoRole {
            role: "ground truth",
            flag: "--truth",
        });
    }
    let prediction = [(&roles.prediction, "prediction")];
    for (name, role) in roles.truth.iter().map(|name| (name, "ground truth")).chain(prediction) {
        out.push(find(name, kind.has_labels())?);
        match kind {
            Kind::Numeric => check_number(schema, name, role)?,
            Kind::Classification | Kind::Binary => check_label(schema, name, role)?,
            Kind::Text => check_castable(schema, name, &DataType::Utf8, role)?,
        }
    }
    let further = [
        (&roles.confidence, DataType::Float64, "a confidence"),
        (&roles.status, DataType::Utf8, "a status"),
    ];
    for (name, as_type, role) in further {
        let Some(name) = name else { continue };
        out.push(find(name, true)?);
        check_castable(schema, name, &as_type, role)?;
    }
    for name in &roles.slices {
        out.push(find(name, true)?);
        check_value(schema, name, "a slice")?;
    }
    let values = values(roles)?;
    for (name, role) in &values {
        out.push(find(name, false)?);
        check_number(schema, name, role)?;
    }
    if let Some(name) = &roles.repeat {
        out.push(find(name, false)?);
        check_value(schema, name, "the number of a trial")?;
    }
    if let Some(name) = &roles.cluster {
        out.push(find(name, false)?);
        check_value(schema, name, "a cluster")?;
        // What was answered cannot say which samples belong together.
        if roles.truth.as_ref() == Some(name) || roles.prediction == *name {
            return Err(CompareError::ClusterIsLabel(name.clone()));
        }
    }
    let layout = Layout {
        keys: roles.key.len(),
        truth: roles.truth.is_some(),
        status: roles.status.is_some(),
        kind,
        shape: Shape {
            slices: roles.slices.len(),
            texts: if kind == Kind::Text { 2 } else { 0 },
            values: if kind == Kind::Numeric { 2 } else { values.len() },
            repeats: roles.repeat.is_some(),
            cluster: roles.cluster.is_some(),
            confidence: roles.confidence.is_some(),
        },
    };
    Ok((out, layout))
}

/// The columns of numbers besides ground truth and prediction.
fn values(roles: &ColumnRoles) -> Result<Vec<(&String, &'static str)>, CompareError> {
    let found: Vec<(&String, &'static str)> = match roles.kind() {
        Kind::Classification | Kind::Numeric => return Ok(Vec::new()),
        Kind::Binary => roles.positive.iter().map(|name| (name, "a probability")).collect(),
        Kind::Text => roles.scores.iter().map(|score| (&score.column, "a score")).collect(),
    };
    match (found.is_empty(), roles.kind()) {
        (false, _) => Ok(found),
        (true, Kind::Binary) => Err(CompareError::NoRole {
            role: "probability of the positive class",
            flag: "--positive",
        }),
        (true, _) => Err(CompareError::NoRole {
            role: "score",
            flag: "--score",
        }),
    }
}

pub(super) fn nearest(schema: &Schema, name: &str) -> Vec<String> {
    let mut scored: Vec<(f64, &String)> = schema
        .fields()
        .iter()
        .map(|f| (strsim::jaro_winkler(name, f.name()), f.name()))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored
        .into_iter()
        .filter(|(s, _)| *s > 0.6)
        .take(3)
        .map(|(_, n)| format!("`{n}`"))
        .collect()
}
