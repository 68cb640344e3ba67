//! The one pass over both runs: chooses the join, runs its tasks, merges what they counted.

use super::encode::Shape;
use super::error::CompareError;
use super::marks::Marks;
use super::measure::Measure;
use super::plan::{JoinChoice, Sides};
use super::rows::Rows;
use super::spool::Spool;
use super::tally::{Side, Tally};
use super::{Job, MAX_SLICE_VALUES};
use crate::engine::{Engine, EngineError};
use crate::model::comparison::TrialCounts;
use crate::model::{Counts, JointTable, Origin, Predicate, SliceTable};
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{concat_batches, sort_to_indices, take, take_record_batch};
use datafusion::physical_plan::ExecutionPlan;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// What the pass yields.
pub(super) struct Pass {
    pub(super) tally: Tally,
    pub(super) flips: Spool,
    pub(super) labels: Vec<Arc<str>>,
    pub(super) slices: Vec<Vec<Arc<str>>>,
    pub(super) slice_names: Vec<String>,
    pub(super) shape: Shape,
    pub(super) measure: Option<Measure>,
}

/// Runs the pass by the join that fits: merge where both runs are sorted; else hash within the memory limit; else
/// sort and merge, which also serves where a run that claims to be sorted is not, or a key stands twice.
pub(super) async fn run(engine: &Engine, job: &Job, sides: &Sides, progress: Progress) -> Result<Pass, CompareError> {
    let sorted = job.baseline.sorted && job.candidate.sorted && sides.layout.keys == 1;
    if sorted && job.join != JoinChoice::Hash {
        match tasks(engine, job, sides, sides.merge(), Kind::Ordered, &progress).await {
            Err(CompareError::Engine(EngineError::Disorder(side))) => {
                tracing::warn!("{side} claims to be sorted by key but is not: sorting it");
            }
            other => return other,
        }
    } else if job.join != JoinChoice::Merge && !sides.layout.shape.repeats {
        // Trials are reduced in the order of their keys, which a hash join has none of.
        let fits = engine.memory_limit().is_none_or(|limit| sides.hash_bytes() < limit);
        if fits || job.join == JoinChoice::Hash {
            let checks = Kind::Hashed(
                Arc::new(Rows::of(&sides.baseline)),
                Arc::new(Rows::of(&sides.candidate)),
            );
            match tasks(engine, job, sides, sides.hash(engine)?, checks, &progress).await {
                Err(CompareError::Engine(EngineError::Memory(why) | EngineError::Disorder(why))) => {
                    tracing::info!("hash join given up, sorting instead: {why}");
                }
                Err(CompareError::Engine(EngineError::Duplicate)) => {
                    tracing::info!("a key stands twice: sorting to set it aside");
                }
                other => return other,
            }
        }
    }
    tasks(engine, job, sides, sides.sort(engine), Kind::Ordered, &progress).await
}

/// Whether rows come in key order, one per key, or in any order, when duplicates have to be noticed here.
#[derive(Clone)]
enum Kind {
    Ordered,
    Hashed(Arc<Rows>, Arc<Rows>),
}

async fn tasks(
    engine: &Engine,
    job: &Job,
    sides: &Sides,
    (plan, n): (Arc<dyn ExecutionPlan>, usize),
    kind: Kind,
    progress: &Progress,
) -> Result<Pass, CompareError> {
    let shape = sides.layout.shape;
    let measure = sides.measure(job);
    let top = job.options.top;
    let marks = job.searches().then(|| Marks::new(&sides.candidate)).flatten();
    let done = Arc::new(AtomicU64::new(0));
    let spawn = |i: usize| {
        let (plan, context, kind) = (Arc::clone(&plan), engine.context(), kind.clone());
        let (progress, done, marks) = (Arc::clone(progress), Arc::clone(&done), marks.clone());
        let measure = measure.clone();
        let task = async move {
            let mut rows = plan.execute(i, context)?;
            let mut tally = Tally::new(shape, measure.as_ref(), top, marks);
            let mut flips = Vec::new();
            let mut seen = Seen::new(&kind);
            while let Some(batch) = rows.next().await {
                let batch = batch?;
                seen.check(&batch, shape)?;
                let flipped = tally.add(&batch);
                if !flipped.is_empty() {
                    flips.push(owned(&take_record_batch(&batch, &flipped)?)?);
                }
                progress(done.fetch_add(batch.num_rows() as u64, Ordering::Relaxed) + batch.num_rows() as u64);
            }
            seen.finish()?;
            Ok::<_, CompareError>((tally, compact(flips)?))
        };
        let handle = tokio::spawn(task);
        async move {
            handle
                .await
                .map_err(|e| CompareError::Arrow(format!("a task failed: {e}")))?
        }
    };
    let mut tally = Tally::new(shape, measure.as_ref(), top, marks.clone());
    let mut flips = Spool::default();
    let mut unordered = Vec::new();
    // A partitioned hash join needs all its partitions to run at once; key ranges are taken a few at a time.
    let at_once = if matches!(kind, Kind::Hashed(..)) {
        n
    } else {
        engine.threads()
    };
    let mut results = stream::iter(0..n).map(spawn).buffered(at_once.max(1));
    while let Some((counted, flipped)) = results.try_next().await? {
        tally.merge(counted);
        match kind {
            Kind::Ordered => flipped.into_iter().try_for_each(|batch| flips.push(batch))?,
            Kind::Hashed(..) => unordered.extend(flipped),
        }
    }
    if let Some(sorted) = sort_by_key(&unordered)? {
        flips.push(sorted)?;
    }
    flips.finish()?;
    Ok(Pass {
        tally,
        flips,
        labels: sides.codes.labels.texts(),
        slices: sides.codes.slices.iter().map(|s| s.texts()).collect(),
        slice_names: job.roles.slices.clone(),
        shape,
        measure: sides.measure(job),
    })
}

/// The rows with keys of their own: views into decoded pages, or into what a sort holds, would keep all of that alive.
fn owned(batch: &RecordBatch) -> Result<RecordBatch, CompareError> {
    let mut columns = batch.columns().to_vec();
    columns[0] = Arc::new(batch.column(0).as_string_view().gc()) as ArrayRef;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

/// One batch of them all.
fn compact(batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, CompareError> {
    let Some(first) = batches.first() else {
        return Ok(Vec::new());
    };
    Ok(vec![owned(&concat_batches(first.schema_ref(), &batches)?)?])
}

fn sort_by_key(batches: &[RecordBatch]) -> Result<Option<RecordBatch>, CompareError> {
    let Some(first) = batches.first() else { return Ok(None) };
    let all = concat_batches(first.schema_ref(), batches)?;
    let order = sort_to_indices(all.column(0), None, None)?;
    let columns = all
        .columns()
        .iter()
        .map(|c| take(c, &order, None))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(RecordBatch::try_new(all.schema(), columns)?))
}

/// Notices a key that stands twice in a hash-joined run: a row that is paired twice, or two unpaired rows whose keys
/// hash alike.
struct Seen {
    sides: Vec<(Arc<Rows>, Vec<u64>)>,
    unpaired: [Vec<u64>; 2],
}

impl Seen {
    fn new(kind: &Kind) -> Seen {
        let side = |rows: &Arc<Rows>| (Arc::clone(rows), vec![0u64; rows.total as usize / 64 + 1]);
        let sides = match kind {
            Kind::Ordered => Vec::new(),
            Kind::Hashed(a, b) => vec![side(a), side(b)],
        };
        Seen {
            sides,
            unpaired: [Vec::new(), Vec::new()],
        }
    }

    fn check(&mut self, batch: &RecordBatch, shape: Shape) -> Result<(), EngineError> {
        if self.sides.is_empty() {
            return Ok(());
        }
        let both = Side::both(batch, shape);
        let keys = batch.column(0).as_string_view();
        for row in 0..batch.num_rows() {
            let positions = both.each_ref().map(|side| side.position(row));
            for (side, position) in positions.into_iter().enumerate() {
                let Some(position) = position else { continue };
                let (rows, bits) = &mut self.sides[side];
                let number = rows.number(position) as usize;
                let bit = 1u64 << (number % 64);
                if bits[number / 64] & bit != 0 {
                    return Err(EngineError::Duplicate);
                }
                bits[number / 64] |= bit;
                if positions[1 - side].is_none() {
                    let digest = blake3::hash(keys.value(row).as_bytes());
                    let first = digest.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
                    self.unpaired[side].push(u64::from_le_bytes(first));
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), EngineError> {
        for hashes in &mut self.unpaired {
            hashes.sort_unstable();
            if hashes.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(EngineError::Duplicate);
            }
        }
        Ok(())
    }
}

impl Pass {
    /// Everything counted, in sorted form.
    pub(super) fn counts(&self, job: &Job) -> Result<Counts, CompareError> {
        for (column, values) in self.slice_names.iter().zip(&self.slices) {
            if values.len() > MAX_SLICE_VALUES {
                return Err(CompareError::TooManyValues {
                    column: column.clone(),
                    limit: MAX_SLICE_VALUES,
                });
            }
        }
        let table = self.table(self.tally.whole.iter().map(|(_, cell, n)| (cell, n)));
        let folded_correct = folded(&table);
        Ok(Counts {
            accounting: self.tally.accounting,
            relabelled: self.tally.relabelled,
            slices: self.slice_tables(),
            calibration: job.roles.confidence.as_ref().map(|_| self.tally.calibration.clone()),
            slice_disagreements: self
                .slice_names
                .iter()
                .cloned()
                .zip(self.tally.disagreements.clone())
                .collect(),
            invalid_confidence: self.tally.invalid_confidence,
            folded_correct,
            table,
        })
    }

    /// How often samples were tried, where there are trials.
    pub(super) fn trials(&self) -> Option<[TrialCounts; 2]> {
        self.shape.repeats.then(|| self.tally.trials.clone())
    }

    /// The full table of one slice: of one column's value, or of a pair.
    pub(super) fn slice_table(&self, predicates: &[Predicate]) -> JointTable {
        let column = |p: &Predicate| self.slice_names.iter().position(|n| *n == p.column);
        let code = |i: usize, p: &Predicate| self.slice_code(i, p.value.as_deref());
        match predicates {
            [p] => match column(p) {
                Some(i) => {
                    let wanted = code(i, p);
                    let cells = self.tally.singles[i].iter().filter(|(g, _, _)| Some(*g) == wanted);
                    self.table(cells.map(|(_, cell, n)| (cell, n)))
                }
                None => self.table(std::iter::empty()),
            },
            [p, q] => match (column(p), column(q)) {
                (Some(i), Some(j)) if i < j => {
                    let wanted = (code(i, p), code(j, q));
                    let pair = &self.tally.pairs[self.pair_index(i, j)];
                    let cells = pair.iter().filter(|(a, b, _, _)| (Some(*a), Some(*b)) == wanted);
                    self.table(cells.map(|(_, _, cell, n)| (cell, n)))
                }
                _ => self.table(std::iter::empty()),
            },
            _ => self.table(std::iter::empty()),
        }
    }

    /// The code of a slice value: 0 for null.
    pub(super) fn slice_code(&self, column: usize, value: Option<&str>) -> Option<u64> {
        match value {
            None => Some(0),
            Some(value) => self.slices[column]
                .iter()
                .position(|t| &**t == value)
                .map(|i| i as u64 + 1),
        }
    }

    /// The text of a slice code.
    pub(super) fn slice_value(&self, column: usize, code: u64) -> Option<String> {
        (code as usize)
            .checked_sub(1)
            .and_then(|i| self.slices[column].get(i))
            .map(|t| t.to_string())
    }

    fn pair_index(&self, i: usize, j: usize) -> usize {
        let n = self.slice_names.len();
        (0..i).map(|k| n - 1 - k).sum::<usize>() + (j - i - 1)
    }

    /// Sorted labels, and each code's place among those that matched samples use.
    fn label_order(&self) -> (Vec<String>, Vec<u32>) {
        let mut used = vec![false; self.labels.len()];
        for (_, cell, _) in self.tally.whole.iter() {
            let (t, a, b) = self.tally.cells.triples[cell as usize];
            for label in [t, a, b] {
                used[label as usize] = true;
            }
        }
        let mut codes: Vec<usize> = (0..self.labels.len()).filter(|&i| used[i]).collect();
        codes.sort_by(|&x, &y| self.labels[x].cmp(&self.labels[y]));
        let mut place = vec![u32::MAX; self.labels.len()];
        for (i, &code) in codes.iter().enumerate() {
            place[code] = i as u32;
        }
        (codes.iter().map(|&i| self.labels[i].to_string()).collect(), place)
    }

    /// The table of (cell, samples).
    pub(super) fn table(&self, cells: impl Iterator<Item = (u32, u64)>) -> JointTable {
        let (labels, place) = self.label_order();
        let mut out: BTreeMap<(u32, u32, u32), u64> = BTreeMap::new();
        for (cell, n) in cells {
            let (t, a, b) = self.tally.cells.triples[cell as usize];
            *out.entry((place[t as usize], place[a as usize], place[b as usize]))
                .or_default() += n;
        }
        JointTable { labels, cells: out }
    }

    /// The labels of every cell by their places in the joint table, by the cell's number.
    pub(super) fn places(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let (_, place) = self.label_order();
        let triples = self.tally.cells.triples.iter();
        triples.map(move |&(t, a, b)| (place[t as usize], place[a as usize], place[b as usize]))
    }

    fn slice_tables(&self) -> Vec<SliceTable> {
        let mut out = Vec::new();
        let predicate = |i: usize, code: u64| Predicate {
            column: self.slice_names[i].clone(),
            value: self.slice_value(i, code),
        };
        for (i, table) in self.tally.singles.iter().enumerate() {
            let mut groups: BTreeMap<u64, crate::model::SliceCounts> = BTreeMap::new();
            table
                .iter()
                .for_each(|(g, cell, n)| self.count(groups.entry(g).or_default(), cell, n));
            out.extend(groups.into_iter().map(|(code, counts)| SliceTable {
                predicates: vec![predicate(i, code)],
                origin: Origin::Declared,
                counts,
            }));
        }
        let n = self.slice_names.len();
        for i in 0..n {
            for j in i + 1..n {
                let mut groups: BTreeMap<(u64, u64), crate::model::SliceCounts> = BTreeMap::new();
                let pair = &self.tally.pairs[self.pair_index(i, j)];
                pair.iter()
                    .for_each(|(a, b, cell, n)| self.count(groups.entry((a, b)).or_default(), cell, n));
                out.extend(groups.into_iter().map(|((a, b), counts)| SliceTable {
                    predicates: vec![predicate(i, a), predicate(j, b)],
                    origin: Origin::Crossed,
                    counts,
                }));
            }
        }
        out
    }

    fn count(&self, counts: &mut crate::model::SliceCounts, cell: u32, n: u64) {
        use crate::model::Outcome;
        let (t, a, b) = self.tally.cells.triples[cell as usize];
        counts.n += n;
        counts.churned += if a == b { 0 } else { n };
        match Outcome::of(a == t, b == t) {
            Outcome::BothCorrect => counts.both_correct += n,
            Outcome::Regressed => counts.regressed += n,
            Outcome::Fixed => counts.fixed += n,
            Outcome::BothWrong => {}
        }
    }
}

/// Correct answers of both versions if labels were compared without case and surrounding white space.
fn folded(table: &JointTable) -> [u64; 2] {
    let fold: Vec<String> = table.labels.iter().map(|l| l.trim().to_lowercase()).collect();
    let mut correct = [0; 2];
    for (&(t, a, b), &n) in &table.cells {
        correct[0] += if fold[t as usize] == fold[a as usize] { n } else { 0 };
        correct[1] += if fold[t as usize] == fold[b as usize] { n } else { 0 };
    }
    correct
}
