//! One function per command: each reads as its list of steps.

mod assemble;
mod columns;
mod confirm;
mod convert;
mod demo;
mod diff;
mod discovered;
mod evaluation;
mod export;
mod folder_site;
mod gc;
mod git_commit;
mod import;
mod input;
mod list;
mod media;
mod pages;
mod pins;
mod rerender;
mod run;
mod run_report;
mod theme;
mod unpin;
mod upload;
mod verify;
mod watch;

pub use demo::demo;
pub use diff::diff;
pub use export::export;
pub use gc::gc;
pub use git_commit::GitCommit;
pub use import::import;
pub use list::runs;
pub use pins::pins;
pub use rerender::render;
pub use run::run;
pub use run_report::report;
pub use unpin::unpin;
pub use upload::publish;
pub use verify::verify;

use crate::cli::request::Console;
use crate::config::Config;
use crate::engine::{Engine, EngineOptions};
use crate::error::{Error, Result};
use crate::model::CatalogKind;
use crate::store::Store;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What every command works with: settings, the working folder and where words go.
#[derive(Clone, Debug)]
pub struct Session {
    /// Merged settings.
    pub config: Config,
    /// How to talk to the user.
    pub console: Console,
    /// Folder that relative paths start from.
    pub cwd: PathBuf,
    /// Commit of the code under evaluation.
    pub commit: GitCommit,
    /// Now, in microseconds since the epoch: the clock is read once, at the edge.
    pub now_micros: i64,
    /// When the command began, for `-v`.
    pub begun: Instant,
}

impl Session {
    /// Whether there may be a table already. A server says so only when it is asked.
    fn has_catalog(&self) -> bool {
        match &self.config.catalog.kind {
            CatalogKind::Sql { database, .. } => database.is_file(),
            CatalogKind::Postgres { .. } | CatalogKind::Rest { .. } => true,
        }
    }

    /// Where unfinished evaluations are.
    fn spool(&self) -> PathBuf {
        self.config.home.join("spool")
    }

    fn engine(&self) -> Result<Engine> {
        self.engine_within(None)
    }

    /// The engine, within `limit` where nothing else is configured.
    fn engine_within(&self, limit: Option<u64>) -> Result<Engine> {
        let engine = &self.config.engine;
        let options = EngineOptions {
            memory_limit: engine.memory_limit.or(limit),
            threads: engine.threads,
            spill: None,
        };
        Engine::new(options).map_err(convert::engine)
    }

    /// Says which warehouse is used, where it is none of the working folder's own.
    fn say_where(&self) {
        if let CatalogKind::Sql { database, .. } = &self.config.catalog.kind
            && database.parent() == Some(self.config.home.as_path())
            && database.is_file()
            && self.config.home.parent() != Some(self.cwd.as_path())
        {
            self.say(&format!("warehouse: {}", self.config.home.display()));
        }
    }

    async fn open(&self) -> Result<Store> {
        self.say_where();
        Store::open(&self.config.catalog).await.map_err(convert::store)
    }

    async fn open_or_create(&self) -> Result<Store> {
        self.say_where();
        Store::open_or_create(&self.config.catalog)
            .await
            .map_err(convert::store)
    }

    async fn table(&self, store: &Store) -> Result<String> {
        let named = self.config.table.as_ref().map(ToString::to_string);
        store.choose_table(named.as_deref()).await.map_err(convert::store)
    }

    /// Logs how long the command has taken so far, with `-v`.
    fn lap(&self, what: &str) {
        tracing::info!("{what} after {:.3?}", self.begun.elapsed());
    }

    /// Says something on standard error, unless asked to be quiet.
    fn say(&self, text: &str) {
        if self.console.verbosity >= 0 {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A progress bar on standard error; silent when that is no terminal.
    fn progress(&self, what: &'static str, total: Option<u64>) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if self.console.verbosity < 0 || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let form = match total {
            Some(_) => "{msg} [{bar:30}] {human_pos}/{human_len} rows, {per_sec}, {eta} left",
            None => "{msg} {human_pos} rows, {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }
}

/// Writes to standard output; a closed pipe ends the program quietly.
fn print(text: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(Error::stdout)
}

fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(80)
}

fn colored(console: Console) -> bool {
    use crate::cli::request::ColorMode;
    match console.color {
        ColorMode::Always => true,
        ColorMode::Never => false,
        ColorMode::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}

fn shared(bar: &ProgressBar) -> Arc<dyn Fn(u64) + Send + Sync> {
    let bar = bar.clone();
    Arc::new(move |n| bar.set_position(n))
}
