//! One request from its samples to its answers: sent again while that may help, judged field by field.

use super::answer::{Decoder, clip};
use super::error::RunnerError;
use super::pressure::{Overload, Pressure};
use super::request::Encoder;
use super::rows::{Answered, SampleError};
use super::service::{Failure, Identity, NotReady, Reply, Service};
use super::wire::Wire;
use super::work::Work;
use crate::ingest::GoldenDataset;
use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use reqwest::Url;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Attempts for a single sample on which the model fails, or which takes too long.
const ATTEMPTS: u32 = 3;

/// Everything that a request needs. Not `Debug`: the address may hold a password.
pub struct Asker {
    /// The service.
    pub service: Service,
    /// The endpoint.
    pub url: Url,
    /// The service as it said it was before the run.
    pub identity: Identity,
    /// Makes bodies.
    pub encoder: Encoder,
    /// Reads answers.
    pub decoder: Decoder,
    /// Where the samples come from: knows the labels.
    pub dataset: GoldenDataset,
    /// Labels that are known besides those of the ground truth.
    pub labels: Vec<String>,
    /// Whether a label that nobody knows is an answer too.
    pub any_label: bool,
    /// How much is asked at once.
    pub pressure: Mutex<Pressure>,
    /// The requests on their way.
    pub wire: Wire,
    /// When the run began.
    pub start: Instant,
    /// Milliseconds from the beginning to the last answer of any request.
    pub answered_at: AtomicU64,
    /// Time for which an overloaded or absent service is asked again.
    pub patience: Duration,
}

/// What became of some samples.
pub(super) enum Asked {
    /// Each has an answer or a reason why not.
    Done(Answered, Vec<SampleError>),
    /// They have to be asked about in halves, to find the one that fails.
    Halve(Work),
    /// The run cannot go on.
    Fatal(RunnerError),
}

impl Asker {
    /// The pressure, whoever panicked while holding it.
    pub(super) fn pressure(&self) -> std::sync::MutexGuard<'_, Pressure> {
        self.pressure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks about some samples.
    pub(super) async fn ask(&self, work: Work) -> Asked {
        let body = match self.encoder.body(&work) {
            Ok(body) => Bytes::from(body),
            Err(reason) => {
                let hint = Some("see [service.request] in evaldiff.toml".into());
                return Asked::Fatal(RunnerError::Usage { reason, hint });
            }
        };
        match self.send(&body, work.len()).await {
            Ok(reply) => self.judge(work, &reply),
            Err(Failure::Refused(what)) => Asked::Fatal(RunnerError::Refused {
                what,
                hint: Some(format!(
                    "check the URL, --endpoint and [service.headers]; {} was asked",
                    self.url.path()
                )),
            }),
            Err(failure @ (Failure::Connection(_) | Failure::Overloaded(..))) => {
                let (seconds, text) = (self.patience.as_secs(), failure.text());
                Asked::Fatal(RunnerError::Unreachable {
                    what: format!("did not recover within {seconds} s: {text}"),
                    hint: Some("the answers so far are kept: go on with --resume when it is back".into()),
                })
            }
            Err(_) if work.len() > 1 => Asked::Halve(work),
            Err(failure) => Asked::Done(Answered::default(), vec![error(&work, 0, failure.text())]),
        }
    }

    /// Sends a body until there is an answer, or no hope of one.
    async fn send(&self, body: &Bytes, samples: usize) -> Result<Reply, Failure> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .with_jitter()
            .without_max_times();
        let mut delays = backoff.build();
        let mut wait = || delays.next().unwrap_or(Duration::from_secs(5));
        let (mut attempts, mut silences, mut breaks) = (0, 0, 0);
        let mut away: Option<Instant> = None;
        loop {
            let mut failure = match self.once(body, samples).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            attempts += 1;
            if let Failure::Silent(text) = failure {
                silences += 1;
                failure = match self.service.ready().await {
                    // A worker that died leaves its requests hanging until another one takes its place.
                    Err(NotReady::Yet(_)) if silences <= ATTEMPTS => match self.recovered().await {
                        Ok(()) => continue,
                        Err(why) => return Err(Failure::Connection(format!("{text}, and not ready: {why}"))),
                    },
                    _ => Failure::TooSlow(text),
                };
            }
            if let Failure::Broken(text) = failure {
                breaks += 1;
                failure = match breaks < ATTEMPTS {
                    true => Failure::Connection(text),
                    // A service that is started anew each time would end each time.
                    false => return Err(Failure::Failed(format!("the connection broke {breaks} times: {text}"))),
                };
            }
            let delay = match &failure {
                Failure::Connection(_) | Failure::Overloaded(..) => {
                    // As long as others are answered, the service is neither away nor stuck.
                    let since = (*away.get_or_insert_with(Instant::now)).max(self.last_answer());
                    let left = self.patience.saturating_sub(since.elapsed());
                    if left.is_zero() {
                        return Err(failure);
                    }
                    match &failure {
                        // The service knows better.
                        Failure::Overloaded(_, Some(after)) => (*after).min(left),
                        _ => wait().min(left),
                    }
                }
                // A batch that fails is not worth a second try: its halves are one, and they find what is at fault.
                Failure::TooSlow(_) | Failure::Silent(_) | Failure::Failed(_)
                    if samples == 1 && attempts < ATTEMPTS =>
                {
                    wait()
                }
                _ => return Err(failure),
            };
            tokio::time::sleep(delay).await;
        }
    }

    /// Waits until the service is ready again.
    async fn recovered(&self) -> Result<(), String> {
        let silent = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            match self.service.ready().await {
                Ok(()) => return Ok(()),
                Err(NotReady::Yet(_)) if silent.max(self.last_answer()).elapsed() < self.patience => {}
                Err(NotReady::Yet(why) | NotReady::Ever(why)) => return Err(why),
            }
        }
    }

    async fn once(&self, body: &Bytes, samples: usize) -> Result<Reply, Failure> {
        let place = self.wire.enter(|| self.pressure().concurrency()).await;
        let epoch = self.pressure().epoch();
        let outcome = self.service.ask(&self.url, body.clone()).await;
        drop(place);
        let overload = match &outcome {
            Err(Failure::Overloaded(..)) => Some(Overload::Refused),
            Err(Failure::TooSlow(_) | Failure::Silent(_)) => Some(Overload::TooSlow),
            _ => None,
        };
        if let Some(overload) = overload {
            self.pressure().overloaded(epoch, self.start.elapsed(), overload);
        }
        if let Ok(reply) = &outcome {
            let now = self.start.elapsed();
            self.pressure().answered(epoch, now, samples, reply.took);
            let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
            self.answered_at.store(now, Ordering::Relaxed);
        }
        outcome
    }

    fn last_answer(&self) -> Instant {
        self.start + Duration::from_millis(self.answered_at.load(Ordering::Relaxed))
    }

    fn judge(&self, work: Work, reply: &Reply) -> Asked {
        if let Some(error) = self.other_service(reply) {
            return Asked::Fatal(error);
        }
        let answers = match self.decoder.read(&reply.body, work.len()) {
            Ok(answers) => answers,
            Err(_) if work.len() > 1 => return Asked::Halve(work),
            Err(reason) => return Asked::Done(Answered::default(), vec![error(&work, 0, &reason)]),
        };
        let mut done = Answered {
            latency_ms: reply.took.as_secs_f64() * 1000.0,
            batch: work.len() as i64,
            ..Answered::default()
        };
        let mut errors = Vec::new();
        for (i, (answer, sample)) in answers.into_iter().zip(work.numbers()).enumerate() {
            let answer = answer.and_then(|answer| match self.knows(&answer.label) {
                true => Ok(answer),
                false => Err(self.unknown(&answer.label)),
            });
            match answer {
                Ok(answer) => {
                    done.samples.push(sample);
                    done.keys.push(work.key(i).to_string());
                    done.answers.push(answer);
                }
                Err(reason) => errors.push(error(&work, i, &reason)),
            }
        }
        Asked::Done(done, errors)
    }

    fn knows(&self, label: &str) -> bool {
        let any = self.any_label && self.dataset.answer_type() == &arrow::datatypes::DataType::Utf8;
        if any || !self.dataset.kind().has_labels() {
            return true;
        }
        self.dataset.knows_label(label) || self.labels.iter().any(|known| known == label)
    }

    fn unknown(&self, label: &str) -> String {
        let known = self.dataset.labels();
        let shown = known
            .iter()
            .take(10)
            .map(|l| format!("\"{}\"", clip(l, 40)))
            .collect::<Vec<_>>();
        let more = if known.len() > 10 { ", …" } else { "" };
        format!(
            "the label \"{}\" is none of {}{more}",
            clip(label, 60),
            shown.join(", ")
        )
    }

    /// An answer that says it came from another Bento than the one that was asked before the run.
    fn other_service(&self, reply: &Reply) -> Option<RunnerError> {
        let tag = reply.tag.as_deref().filter(|tag| !tag.contains("not available"))?;
        let (name, version) = (self.identity.name.as_ref()?, self.identity.version.as_ref()?);
        let expected = format!("{name}:{version}");
        (tag != expected).then(|| RunnerError::OtherService {
            reason: format!(
                "the service changed during the run: {} answered, not {expected}",
                clip(tag, 100)
            ),
            hint: "evaluate a service that nobody deploys to meanwhile; nothing was written to the table".into(),
        })
    }
}

fn error(work: &Work, i: usize, reason: &str) -> SampleError {
    SampleError {
        sample: work.numbers().nth(i).unwrap_or_default(),
        key: work.key(i).to_string(),
        reason: reason.to_string(),
    }
}
