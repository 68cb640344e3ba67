//! Plans and runs one comparison on the engine: one pass over both runs into joint counts, then payload look-ups for
//! the samples that get a page. No engine type escapes.

mod cells;
mod clusters;
mod cost;
mod encode;
mod error;
mod flip_cells;
mod flips;
mod labels;
mod latency;
mod lists;
mod marks;
mod measure;
mod measured;
mod media;
mod pass;
mod payload;
mod plan;
mod rank;
mod ranked;
mod repeats;
mod rows;
mod search;
mod spool;
mod tally;
mod types;

pub use error::CompareError;
pub use payload::{Overlaps, PagedSlice, Shown, SliceRows};
pub use plan::JoinChoice;
pub use search::{Discovery, Found, FoundSlice};

use crate::engine::files::ReadColumn;
use crate::engine::{Engine, EngineError};
use crate::media::Collector;
use crate::model::comparison::{Latencies, TrialCounts};
use crate::model::cost::Costs;
use crate::model::{ColumnRoles, CompareOptions, Counts, JointTable, Kind, Predicate};
use crate::stats::{self, BinarySample, ClusterCounts, ClusterMetric, MeasuredCounts};
use crate::store::ResolvedRun;
use std::sync::Arc;

/// Highest number of distinct values that a slice column may have.
pub const MAX_SLICE_VALUES: usize = 1000;

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Job {
    /// The old run.
    pub baseline: ResolvedRun,
    /// The new run.
    pub candidate: ResolvedRun,
    /// Which column plays which part.
    pub roles: ColumnRoles,
    /// What was asked.
    pub options: CompareOptions,
    /// How the runs are joined; changes no byte.
    pub join: JoinChoice,
}

impl Job {
    /// Whether both sides are one and the same run, so that nothing can differ.
    pub fn is_one_run(&self) -> bool {
        let (a, b) = (&self.baseline.run, &self.candidate.run);
        a.snapshot_id == b.snapshot_id && a.run_id == b.run_id && a.model_version == b.model_version
    }

    /// A column of both runs by its name in the candidate's.
    fn column(&self, name: &str, dictionary: bool) -> Result<ReadColumn, EngineError> {
        let column = ReadColumn::of(&self.candidate.schema, name, dictionary)?;
        Ok(column.widened(&self.baseline.schema))
    }

    /// Whether a map may have made labels of different types the same.
    fn maps_labels(&self) -> bool {
        self.roles.kind().has_labels() && !self.options.label_map.is_empty()
    }

    /// Whether slices are searched for: not where a text has no score to fall.
    fn searches(&self) -> bool {
        let judged = self.roles.kind() != Kind::Text || !self.roles.scores.is_empty();
        self.options.search && !self.is_one_run() && judged
    }
}

/// A pass that is over: the counts, and what is needed to show samples.
pub struct Compared {
    /// Everything counted.
    pub counts: Counts,
    /// Everything measured, where answers are neither right nor wrong.
    pub measured: Option<MeasuredCounts>,
    /// The positive label and every matched sample's probabilities of it, where there are some.
    pub binary: Option<(String, Vec<BinarySample>)>,
    /// How often samples were tried, where there are trials: baseline, candidate.
    pub trials: Option<[TrialCounts; 2]>,
    /// What the clusters of samples add up to, where a column tells them.
    pub clusters: Option<ClusterCounts>,
    /// Matched samples with a label that the label map changed.
    pub mapped: u64,
    /// How long answers took, where the table says so.
    pub latency: Option<Latencies>,
    /// What answers cost, where the table says so.
    pub cost: Option<Costs>,
    /// Values in each run's column of costs that are none: negative, or no number.
    pub invalid_costs: [u64; 2],
    /// What a search for slices found; `None` where there was none.
    pub discovery: Option<Discovery>,
    pass: pass::Pass,
    sides: plan::Sides,
}

/// Runs the pass. `progress` gets the number of rows paired so far.
///
/// # Errors
/// [`CompareError`] names the column, file or limit.
pub async fn run(
    engine: &Engine,
    job: &Job,
    progress: Arc<dyn Fn(u64) + Send + Sync>,
) -> Result<Compared, CompareError> {
    let sides = plan::Sides::open(job).await?;
    let mut pass = pass::run(engine, job, &sides, progress).await?;
    check_labels(job, &sides, &pass)?;
    let counts = pass.counts(job)?;
    let binary = pass.binary(&job.roles, &counts.table.labels)?;
    let discovery = search::discover(engine, job, &sides, &mut pass).await?;
    let latency = latency::latencies(job, &sides.baseline, &sides.candidate).await?;
    let (cost, invalid_costs) = cost::costs(job, &sides.baseline, &sides.candidate).await?;
    Ok(Compared {
        clusters: pass.clusters(&counts.table),
        counts,
        measured: pass.measured(),
        binary,
        latency,
        cost,
        invalid_costs,
        trials: pass.trials(),
        mapped: pass.tally.mapped,
        discovery,
        pass,
        sides,
    })
}

/// Whether labels that stand for equal values are the same ones.
fn check_labels(job: &Job, sides: &plan::Sides, pass: &pass::Pass) -> Result<(), CompareError> {
    let Some(pair) = sides.pair.as_ref().filter(|_| job.roles.kind().has_labels()) else {
        return Ok(());
    };
    pair.check_labels(&pass.labels, &job.options.label_map)?;
    // A map that has nothing to do with these labels.
    if pass.tally.mapped == 0 {
        pair.check_types()?;
    }
    Ok(())
}

impl Compared {
    /// What the clusters say of how the versions rank, where samples have probabilities of a positive class.
    pub fn ranked_by_cluster(&self, alpha: f64) -> Vec<ClusterMetric> {
        let rows = self.pass.tally.clusters.as_ref();
        let both = rows.zip(self.binary.as_ref());
        both.map_or_else(Vec::new, |(rows, (_, samples))| {
            stats::ranked_by_cluster(samples, rows.clusters(), alpha)
        })
    }

    /// The full table of one slice.
    pub fn slice_table(&self, predicates: &[Predicate]) -> JointTable {
        self.pass.slice_table(predicates)
    }

    /// Writes every regressed and fixed sample as Parquet, in key order.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn write_flips<W: std::io::Write + Send>(&self, job: &Job, out: W) -> Result<(), CompareError> {
        flips::parquet(&self.pass, job, out)
    }

    /// The samples that get a page: the lists by outcome and accounting class, one per given slice, and those of the
    /// confusions that flipped most. The collector gets their images and sounds.
    ///
    /// # Errors
    /// Fails if payload cannot be read.
    pub async fn samples(
        &self,
        job: &Job,
        slices: &[PagedSlice],
        collector: &mut Collector<'_>,
    ) -> Result<Shown, CompareError> {
        payload::samples(self, job, slices, collector).await
    }
}
