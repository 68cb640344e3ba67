//! What a person or a log sees of an evaluation while it runs.

use super::Session;
use crate::runner::{Done, Identity, SampleError, Service, Standing};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often a log hears of the run.
const EVERY: Duration = Duration::from_secs(10);
/// Failed samples that are named.
const NAMED: usize = 5;

/// Shows a run on standard error: a bar on a terminal, a line now and then elsewhere.
pub(super) struct Watch<'a> {
    session: &'a Session,
    version: &'a str,
    bar: Option<ProgressBar>,
    last: Mutex<Instant>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(session: &'a Session, version: &'a str, total: u64) -> Watch<'a> {
        let terminal = std::io::stderr().is_terminal() && session.console.verbosity >= 0;
        let bar = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("evaluating [{bar:30}] {human_pos}/{human_len} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Watch {
            session,
            version,
            bar,
            last: Mutex::new(Instant::now()),
        }
    }

    /// Says what begins.
    pub(super) fn begin(&self, identity: &Identity, service: &Service, endpoint: &str, done: &Done, run_id: &str) {
        let before = match done.count() {
            0 => String::new(),
            n => format!(", {n} samples answered before"),
        };
        self.session.say(&format!(
            "evaluating {} with {} at {}{}, run {run_id}{before}",
            self.version,
            identity.tag(),
            service.shown(),
            endpoint.trim_start_matches('/'),
        ));
    }

    /// Hears where the run stands.
    pub(super) fn see(&self, standing: &Standing) {
        let left =
            (standing.total - standing.answered - standing.errors.min(standing.total - standing.answered)) as f64;
        let eta = left / standing.rate().max(1e-9);
        if let Some(bar) = &self.bar {
            bar.set_position(standing.answered + standing.errors);
            bar.set_message(format!(
                "{:.0}/s, {} left, {} errors, {} per request, {} at once",
                standing.rate(),
                clock(eta),
                standing.errors,
                standing.batch,
                standing.concurrency
            ));
            return;
        }
        let Ok(mut last) = self.last.lock() else { return };
        if last.elapsed() < EVERY {
            return;
        }
        *last = Instant::now();
        self.session.say(&format!(
            "progress version={} answered={} total={} errors={} per_second={:.0} eta_seconds={:.0} batch={} concurrency={}",
            self.version.escape_debug(),
            standing.answered,
            standing.total,
            standing.errors,
            standing.rate(),
            eta.min(1e9),
            standing.batch,
            standing.concurrency
        ));
    }

    /// Clears the bar.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Says what came of it.
    pub(super) fn summary(&self, standing: &Standing, errors: &[SampleError]) {
        self.session.say(&format!(
            "answered {} samples in {}, {:.0}/s, {} per request and {} at once at the end, {} failed",
            standing.answered - standing.before,
            clock(standing.elapsed.as_secs_f64()),
            standing.rate(),
            standing.batch,
            standing.concurrency,
            standing.errors
        ));
        let mut first: Vec<&SampleError> = errors.iter().collect();
        first.sort_by_key(|e| e.sample);
        for error in first.iter().take(NAMED) {
            let key: String = error.key.chars().take(80).collect();
            self.session.say(&format!(
                "  failed: {}: {}",
                key.escape_debug(),
                error.reason.escape_debug()
            ));
        }
        if first.len() > NAMED {
            self.session.say(&format!(
                "  and {} more, in the table's column `error`",
                first.len() - NAMED
            ));
        }
    }
}

/// Seconds as a person says them.
fn clock(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 1e6 => format!("{:.1} h", s / 3600.0),
        _ => "a long time".into(),
    }
}
