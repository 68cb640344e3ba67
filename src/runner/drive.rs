//! The evaluation itself: samples in, answers out, as many at once as the service bears.

use super::ask::{Asked, Asker};
use super::error::RunnerError;
use super::rows::{Answered, SampleError, batch};
use super::spool::{Done, Spool, SpoolWriter};
use super::work::{Work, sample_bytes};
use crate::ingest::{GoldenDataset, InputBatch};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// Bytes of one request at most, more or less; a larger sample goes alone.
const MAX_BODY: usize = 8 << 20;
/// Requests whose answers may wait for the disk.
const WAITING: usize = 64;
/// Samples whose answers may wait for the disk or be on their way to it: a fast service does not fill the memory.
const WAITING_SAMPLES: u32 = 16_384;
/// How often the outside hears of the run.
const TICK: Duration = Duration::from_millis(200);

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Samples of the golden dataset.
    pub total: u64,
    /// Samples with an answer, earlier attempts included.
    pub answered: u64,
    /// Of these, those that an earlier attempt had.
    pub before: u64,
    /// Samples without one, for good.
    pub errors: u64,
    /// Samples per request now.
    pub batch: usize,
    /// Requests under way now.
    pub concurrency: usize,
    /// Time since this attempt began.
    pub elapsed: Duration,
}

impl Standing {
    /// Samples per second of this attempt.
    pub fn rate(&self) -> f64 {
        (self.answered - self.before) as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// Asks about every sample that has no answer yet. Answers go to the spool; samples that fail are given back.
///
/// # Errors
/// More than `max_errors` failures, a service that does not recover, a full disk, or `stop`. The spool keeps what was
/// answered.
pub async fn drive(
    asker: Arc<Asker>,
    spool: &Spool,
    done: Done,
    max_errors: u64,
    watch: &(dyn Fn(&Standing) + Sync),
    stop: impl Future<Output = ()>,
) -> Result<(Standing, Vec<SampleError>), RunnerError> {
    let mut standing = Standing {
        total: asker.dataset.rows(),
        answered: done.count(),
        before: done.count(),
        ..Standing::default()
    };
    let (sender, waiting) = mpsc::channel(WAITING);
    let answers = Waiting {
        sender,
        room: Arc::new(Semaphore::new(WAITING_SAMPLES as usize)),
    };
    let writer = spool.writer()?;
    let scores = asker.dataset.scores().to_vec();
    let writer = tokio::task::spawn_blocking(move || write(writer, waiting, &scores));
    let (sender, samples) = mpsc::channel(2);
    let dataset = asker.dataset.clone();
    let reader = tokio::task::spawn_blocking(move || read(&dataset, &done, &sender));
    let mut run = Run {
        asker,
        samples: Some(samples),
        current: None,
        halves: Vec::new(),
        errors: Vec::new(),
    };
    let ended = run.drive(&mut standing, &answers, max_errors, watch, stop).await;
    // The writer ends when nobody can send to it any more; what it took is on disk then, whatever happened.
    drop(answers);
    run.samples = None;
    let wrote = writer.await.map_err(|e| RunnerError::Internal(e.to_string()))?;
    let read = reader.await.map_err(|e| RunnerError::Internal(e.to_string()))?;
    // A full disk ends the run too; then it is what has to be said.
    wrote?;
    ended?;
    read?;
    Ok((standing, run.errors))
}

/// The way to the disk.
struct Waiting {
    sender: mpsc::Sender<Kept>,
    room: Arc<Semaphore>,
}

/// Answers, with the room that they take until they are on disk.
type Kept = (Answered, OwnedSemaphorePermit);

impl Waiting {
    async fn send(&self, answered: Answered) -> Result<(), RunnerError> {
        // A writer that is gone has a reason, which is looked at when it is joined.
        let gone = || RunnerError::Internal("the spool's writer ended".into());
        let samples = u32::try_from(answered.samples.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .acquire_many_owned(samples.min(WAITING_SAMPLES))
            .await;
        let room = room.map_err(|_| gone())?;
        self.sender.send((answered, room)).await.map_err(|_| gone())
    }
}

struct Run {
    asker: Arc<Asker>,
    samples: Option<mpsc::Receiver<(Arc<InputBatch>, VecDeque<u32>)>>,
    current: Option<(Arc<InputBatch>, VecDeque<u32>)>,
    /// Halves of batches that failed: first in line, so that the sample at fault is known soon.
    halves: Vec<Work>,
    errors: Vec<SampleError>,
}

impl Run {
    async fn drive(
        &mut self,
        standing: &mut Standing,
        answers: &Waiting,
        max_errors: u64,
        watch: &(dyn Fn(&Standing) + Sync),
        stop: impl Future<Output = ()>,
    ) -> Result<(), RunnerError> {
        let mut stop = std::pin::pin!(stop);
        let mut asked: JoinSet<Asked> = JoinSet::new();
        let mut ticker = tokio::time::interval(TICK);
        let start = Instant::now();
        loop {
            let (batch, concurrency) = {
                let pressure = self.asker.pressure();
                (pressure.batch(), pressure.concurrency())
            };
            // Some more than may be on their way: their bodies are made and answers read meanwhile.
            let most = concurrency + concurrency.div_ceil(2);
            standing.batch = batch;
            standing.concurrency = concurrency;
            standing.elapsed = start.elapsed();
            while asked.len() < most {
                let Some(work) = self.next_work(batch) else { break };
                let asker = Arc::clone(&self.asker);
                asked.spawn(async move { asker.ask(work).await });
            }
            let hungry = asked.len() < most && self.current.is_none() && self.samples.is_some();
            if asked.is_empty() && !hungry {
                return Ok(());
            }
            tokio::select! {
                Some(outcome) = asked.join_next() => {
                    let outcome = outcome.map_err(|e| RunnerError::Internal(e.to_string()))?;
                    self.take(outcome, standing, answers).await?;
                    if standing.errors > max_errors {
                        return Err(self.too_many(standing, max_errors));
                    }
                }
                more = next(&mut self.samples), if hungry => match more {
                    Some(more) => self.current = Some(more),
                    None => self.samples = None,
                },
                () = &mut stop => {
                    return Err(RunnerError::Interrupted { done: standing.answered, total: standing.total });
                }
                _ = ticker.tick() => watch(standing),
            }
        }
    }

    async fn take(&mut self, outcome: Asked, standing: &mut Standing, answers: &Waiting) -> Result<(), RunnerError> {
        match outcome {
            Asked::Done(answered, errors) => {
                let n = answered.samples.len();
                standing.answered += n as u64;
                standing.errors += errors.len() as u64;
                self.errors.extend(errors);
                if n > 0 {
                    answers.send(answered).await?;
                }
            }
            Asked::Halve(work) => {
                let (left, right) = work.halves();
                self.halves
                    .extend([right, left].into_iter().filter(|work| !work.is_empty()));
            }
            Asked::Fatal(error) => return Err(error),
        }
        Ok(())
    }

    fn next_work(&mut self, most: usize) -> Option<Work> {
        if let Some(half) = self.halves.pop() {
            return Some(half);
        }
        let most = if self.asker.encoder.single() { 1 } else { most };
        let (source, rows) = self.current.as_mut()?;
        let (mut taken, mut bytes) = (Vec::with_capacity(most.min(rows.len())), 0);
        while taken.len() < most
            && let Some(&row) = rows.front()
        {
            bytes += sample_bytes(source, row);
            if bytes > MAX_BODY && !taken.is_empty() {
                break;
            }
            taken.push(row);
            rows.pop_front();
        }
        let work = Work::new(Arc::clone(source), taken);
        if rows.is_empty() {
            self.current = None;
        }
        Some(work)
    }

    fn too_many(&self, standing: &Standing, allowed: u64) -> RunnerError {
        let first = self.errors.iter().min_by_key(|e| e.sample);
        RunnerError::TooManyErrors {
            errors: standing.errors,
            total: standing.total,
            allowed,
            answered: standing.answered,
            key: first.map(|e| super::answer::clip(&e.key, 80)).unwrap_or_default(),
            reason: first.map(|e| e.reason.clone()).unwrap_or_default(),
        }
    }
}

async fn next<T>(samples: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match samples {
        Some(samples) => samples.recv().await,
        None => None,
    }
}

/// Reads the samples that have no answer yet, until nobody wants more.
fn read(
    dataset: &GoldenDataset,
    done: &Done,
    sender: &mpsc::Sender<(Arc<InputBatch>, VecDeque<u32>)>,
) -> Result<(), RunnerError> {
    for batch in dataset.batches()? {
        let batch = batch?;
        let n = u32::try_from(arrow::array::Array::len(&batch.keys)).unwrap_or(u32::MAX);
        let open: VecDeque<u32> = (0..n).filter(|row| !done.has(batch.first + u64::from(*row))).collect();
        if !open.is_empty() && sender.blocking_send((Arc::new(batch), open)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Writes answers as they come; those that came while the disk was busy go into one frame.
fn write(mut writer: SpoolWriter, mut waiting: mpsc::Receiver<Kept>, scores: &[String]) -> Result<(), RunnerError> {
    while let Some(first) = waiting.blocking_recv() {
        let mut together = vec![first];
        while together.len() < WAITING
            && let Ok(more) = waiting.try_recv()
        {
            together.push(more);
        }
        let (answers, _room): (Vec<Answered>, Vec<OwnedSemaphorePermit>) = together.into_iter().unzip();
        writer.append(&batch(&answers, scores).map_err(RunnerError::Internal)?)?;
    }
    Ok(())
}
