//! How many samples a request carries and how many requests are under way: found by measurement, or fixed.
//!
//! Climbs while throughput grows, first with the batch and then with the concurrency, and steps back as soon as the
//! service says that it is overloaded. Knows no clock and no network: times come in as arguments.

use std::time::Duration;

/// Batches grow to this many samples at most.
pub const MAX_BATCH: usize = 4096;
/// Requests under way at most.
pub const MAX_CONCURRENCY: usize = 64;
/// A first batch small enough that a slow model answers it in time.
const FIRST_BATCH: usize = 8;
const FIRST_CONCURRENCY: usize = 2;
/// Growth of throughput below which a step was not worth it.
const WORTH: f64 = 1.03;
/// Share of the best throughput with which one more step is tried: a single measurement is noisy.
const NEARLY: f64 = 0.8;
/// Growth so large that a first look at a few requests is enough: small batches are left behind at once.
const CLEAR: f64 = 1.5;
const FIRST_LOOK_REQUESTS: usize = 2;
/// Requests and time over which throughput is measured.
const WINDOW_REQUESTS: usize = 4;
const WINDOW_TIME: Duration = Duration::from_millis(40);
/// The larger the batches, the smaller the differences that are left, which takes a longer look.
const LARGE_BATCH: usize = 1024;
const LARGE_WINDOW_TIME: Duration = Duration::from_millis(250);
/// Where requests take long, so many of them are measured at least; noise is small beside them.
const LONG_WINDOW_REQUESTS: usize = 2;
const LONG_WINDOW_TIME: Duration = Duration::from_secs(1);
/// After this long on one setting, a neighbouring one is tried again; twice as long after each trial that led nowhere.
const PATIENCE: Duration = Duration::from_secs(4);
const MAX_PATIENCE: Duration = Duration::from_secs(60);

/// What a service says when it is asked too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// It refuses requests: fewer at once.
    Refused,
    /// It does not answer in time: fewer at once, then fewer samples in each.
    TooSlow,
}

/// What is being tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Climb {
    Batch,
    Concurrency,
    /// Where more at once did not help, one at a time may do as well.
    One,
    Settled,
}

/// The setting now, and what was learnt so far.
#[derive(Clone, Debug)]
pub struct Pressure {
    batch: usize,
    concurrency: usize,
    fixed_batch: bool,
    fixed_concurrency: bool,
    max_batch: usize,
    /// Longest time that a request may take before batches stop growing.
    slow: Duration,
    climb: Climb,
    best: Option<(usize, usize, f64)>,
    /// Steps in a row that were not worth it.
    misses: u32,
    /// Numbers the settings: an answer counts for the setting that it was asked under.
    epoch: u64,
    window: Option<(Duration, usize, usize)>,
    slowest: Duration,
    settled_at: Duration,
    patience: Duration,
    /// The setting from which the last trial set out.
    tried_from: Option<(usize, usize)>,
    ceiling: usize,
}

impl Pressure {
    /// `batch` and `concurrency` are kept where given; `timeout` is a request's.
    pub fn new(batch: Option<usize>, concurrency: Option<usize>, timeout: Duration) -> Pressure {
        let climb = match (batch, concurrency) {
            (None, _) => Climb::Batch,
            (Some(_), None) => Climb::Concurrency,
            (Some(_), Some(_)) => Climb::Settled,
        };
        Pressure {
            batch: batch.unwrap_or(FIRST_BATCH),
            concurrency: concurrency.unwrap_or(FIRST_CONCURRENCY),
            fixed_batch: batch.is_some(),
            fixed_concurrency: concurrency.is_some(),
            max_batch: MAX_BATCH,
            slow: (timeout / 8).min(Duration::from_secs(2)),
            climb,
            best: None,
            misses: 0,
            epoch: 0,
            window: None,
            slowest: Duration::ZERO,
            settled_at: Duration::ZERO,
            patience: PATIENCE,
            tried_from: None,
            ceiling: MAX_CONCURRENCY,
        }
    }

    /// Samples per request.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Requests under way.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// The setting that a request is sent under.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A request of `samples`, sent under `epoch`, was answered at `now` after `took`.
    pub fn answered(&mut self, epoch: u64, now: Duration, samples: usize, took: Duration) {
        if epoch != self.epoch {
            return;
        }
        self.slowest = self.slowest.max(took);
        let known = self.known();
        let Some((start, requests, counted)) = &mut self.window else {
            // The first answer opens the window: what it carried was worked on before.
            self.window = Some((now, 0, 0));
            return;
        };
        *requests += 1;
        *counted += samples;
        let elapsed = now.saturating_sub(*start);
        let rate = *counted as f64 / elapsed.as_secs_f64().max(1e-9);
        let clear = self.climb == Climb::Batch && *requests >= FIRST_LOOK_REQUESTS.max(self.concurrency);
        if clear && self.batch < LARGE_BATCH && rate > known * CLEAR {
            self.window = None;
            self.judge(rate, now);
            return;
        }
        let enough = match elapsed < LONG_WINDOW_TIME {
            true => WINDOW_REQUESTS,
            false => LONG_WINDOW_REQUESTS,
        };
        let time = match self.batch < LARGE_BATCH {
            true => WINDOW_TIME,
            false => LARGE_WINDOW_TIME,
        };
        if *requests < enough.max(self.concurrency) || elapsed < time {
            return;
        }
        self.window = None;
        self.judge(rate, now);
    }

    /// The best throughput so far.
    fn known(&self) -> f64 {
        self.best.map_or(0.0, |(.., best)| best)
    }

    fn judge(&mut self, rate: f64, now: Duration) {
        let known = self.known();
        tracing::debug!(
            "{:?} at {now:.2?}: {} per request and {} at once answer {rate:.0}/s; best so far {known:.0}/s",
            self.climb,
            self.batch,
            self.concurrency,
        );
        // Among settings that are equally good as far as can be measured: the larger batch, the fewer requests at once.
        let preferred = match self.climb {
            Climb::Batch => rate * WORTH > known,
            Climb::Concurrency => rate > known * WORTH,
            Climb::One | Climb::Settled => rate > known,
        };
        if preferred || self.best.is_none() {
            self.best = Some((self.batch, self.concurrency, rate.max(known)));
        }
        self.misses = if rate > known * WORTH { 0 } else { self.misses + 1 };
        // A trial of what is known has to show something at its first step: it costs what a worse setting costs.
        let second_chance = self.tried_from.is_none() && self.misses == 1 && rate > known * NEARLY;
        let on = self.misses == 0 || second_chance;
        match self.climb {
            Climb::Batch if on && self.slowest < self.slow && self.batch < self.max_batch => {
                // Small batches cost little to leave behind, unless a larger one might be too slow.
                let factor = match self.batch {
                    0..128 if self.slowest * 8 < self.slow => 8,
                    0..128 => 4,
                    _ => 2,
                };
                self.set((self.batch * factor).min(self.max_batch), self.concurrency);
            }
            Climb::Batch => {
                self.return_to_best();
                if self.fixed_concurrency {
                    self.settle(now);
                } else {
                    self.climb = Climb::Concurrency;
                    self.more_at_once(now);
                }
            }
            Climb::Concurrency if on => self.more_at_once(now),
            Climb::Concurrency => {
                self.return_to_best();
                match self.concurrency == FIRST_CONCURRENCY && self.tried_from.is_none() {
                    true => {
                        self.climb = Climb::One;
                        self.set(self.batch, 1);
                    }
                    false => self.settle(now),
                }
            }
            Climb::One => {
                // As fast with fewer: kinder to the service.
                match rate * WORTH > known {
                    true => self.best = Some((self.batch, 1, rate)),
                    false => self.return_to_best(),
                }
                self.settle(now);
            }
            Climb::Settled => {
                if now.saturating_sub(self.settled_at) > self.patience && !(self.fixed_batch && self.fixed_concurrency)
                {
                    // The service may have changed, or one measurement was unlucky: measure this setting anew, then try
                    // beyond it.
                    self.best = Some((self.batch, self.concurrency, rate));
                    self.ceiling = MAX_CONCURRENCY;
                    self.settled_at = now;
                    self.tried_from = Some((self.batch, self.concurrency));
                    if !self.fixed_batch && self.batch < self.max_batch && self.slowest < self.slow {
                        self.climb = Climb::Batch;
                        self.set((self.batch * 2).min(self.max_batch), self.concurrency);
                    } else if !self.fixed_concurrency {
                        self.climb = Climb::Concurrency;
                        self.more_at_once(now);
                    }
                }
            }
        }
    }

    fn more_at_once(&mut self, now: Duration) {
        let more = if self.concurrency < 4 {
            self.concurrency
        } else {
            self.concurrency / 2
        };
        let next = (self.concurrency + more).min(self.ceiling);
        if next > self.concurrency {
            self.set(self.batch, next);
        } else {
            self.settle(now);
        }
    }

    fn settle(&mut self, now: Duration) {
        self.climb = Climb::Settled;
        self.misses = 0;
        self.settled_at = now;
        self.patience = match self.tried_from.take() {
            Some(from) if from == (self.batch, self.concurrency) => (self.patience * 2).min(MAX_PATIENCE),
            _ => PATIENCE,
        };
    }

    fn return_to_best(&mut self) {
        self.misses = 0;
        if let Some((batch, concurrency, _)) = self.best {
            self.set(batch, concurrency);
        }
    }

    fn set(&mut self, batch: usize, concurrency: usize) {
        if (batch, concurrency) != (self.batch, self.concurrency) {
            self.batch = batch;
            self.concurrency = concurrency;
            self.epoch += 1;
            self.window = None;
            self.slowest = Duration::ZERO;
        }
    }

    /// A request that was sent under `epoch` was too much. Several of one setting count once.
    pub fn overloaded(&mut self, epoch: u64, now: Duration, overload: Overload) {
        if epoch != self.epoch {
            return;
        }
        let fewer = self.concurrency > 1 && !self.fixed_concurrency;
        let smaller = self.batch > 1 && !self.fixed_batch;
        if fewer && (overload == Overload::Refused || !smaller) {
            self.ceiling = self.concurrency - 1;
            self.set(self.batch, self.concurrency / 2);
        } else if smaller && overload == Overload::TooSlow {
            self.max_batch = (self.batch / 2).max(1);
            self.set(self.max_batch, self.concurrency);
        } else {
            return;
        }
        self.best = None;
        self.settle(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service with a fixed cost per request and per sample, and so many workers.
    fn simulate(pressure: &mut Pressure, per_request: f64, per_sample: f64, workers: usize, seconds: f64) -> f64 {
        let (mut now, mut done) = (0.0, 0.0);
        while now < seconds {
            let (batch, concurrency, epoch) = (pressure.batch(), pressure.concurrency(), pressure.epoch());
            let work = per_request + per_sample * batch as f64;
            let at_once = concurrency.min(workers) as f64;
            let took = work * concurrency as f64 / at_once;
            now += work / at_once;
            done += batch as f64;
            pressure.answered(
                epoch,
                Duration::from_secs_f64(now),
                batch,
                Duration::from_secs_f64(took),
            );
        }
        done / now
    }

    #[test]
    fn finds_large_batches_where_requests_are_dear_and_workers_where_they_help() {
        let mut pressure = Pressure::new(None, None, Duration::from_secs(30));
        let rate = simulate(&mut pressure, 0.004, 0.000_05, 4, 10.0);
        assert!(pressure.batch() >= 512, "{pressure:?}");
        assert!(pressure.concurrency() >= 4, "{pressure:?}");
        assert!(rate > 0.9 * 4.0 * 1024.0 / (0.004 + 0.000_05 * 1024.0), "{rate}");
    }

    #[test]
    fn stays_small_where_a_model_is_slow() {
        let mut pressure = Pressure::new(None, None, Duration::from_secs(30));
        simulate(&mut pressure, 0.0, 1.0, 1, 600.0);
        assert_eq!(pressure.batch(), 8, "{pressure:?}");
    }

    #[test]
    fn keeps_what_is_given() {
        let mut pressure = Pressure::new(Some(100), Some(3), Duration::from_secs(30));
        simulate(&mut pressure, 0.001, 0.000_01, 8, 60.0);
        pressure.overloaded(pressure.epoch(), Duration::from_secs(60), Overload::Refused);
        assert_eq!((pressure.batch(), pressure.concurrency()), (100, 3));
    }

    #[test]
    fn backs_off_once_for_each_setting() {
        let mut pressure = Pressure::new(Some(10), None, Duration::from_secs(30));
        pressure.concurrency = 16;
        let epoch = pressure.epoch();
        for _ in 0..5 {
            pressure.overloaded(epoch, Duration::ZERO, Overload::Refused);
        }
        assert_eq!(pressure.concurrency(), 8);
        let mut slow = Pressure::new(None, Some(1), Duration::from_secs(30));
        slow.overloaded(slow.epoch(), Duration::ZERO, Overload::TooSlow);
        assert_eq!((slow.batch(), slow.concurrency()), (4, 1));
        simulate(&mut slow, 0.1, 0.0, 1, 600.0);
        assert_eq!(slow.batch(), 4, "a batch that was too slow is not tried again");
    }
}
