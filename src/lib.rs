//! evaldiff: is the new model really better, and where did it get worse?
//!
//! ```text
//! cli ─► request ─► store.append(run)   one atomic Iceberg snapshot per run
//! cli ─► request ─► store.resolve(ref) ─► pinned run ─► compare (one pass over both runs)
//!         ─► counts ─► stats (metrics, intervals, verdicts) ─► model::Comparison
//!         ─► report (ready-made strings) ─► site (handlebars) ─► folder
//! ```
//!
//! [`run`] is the whole program; `examples/` shows how its parts are used from other programs.

#![forbid(unsafe_code)]

pub mod audit;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod config;
pub mod engine;
pub mod error;
pub mod ingest;
pub mod media;
pub mod model;
pub mod names;
pub mod publish;
pub mod report;
pub mod runner;
pub mod site;
pub mod stats;
pub mod store;

use cli::request::{Command, Invocation};
use commands::{GitCommit, Session};
use error::{Error, Result};
use std::io::Write;

/// Runs one command line.
///
/// # Errors
/// Carries the exit code and a way out; see [`error`].
pub fn run(invocation: Invocation, env: cli::Env<'_>) -> Result<()> {
    let begun = std::time::Instant::now();
    let cwd = std::env::current_dir().map_err(|e| Error::usage("cannot tell the working folder").with_source(e))?;
    init_logging(invocation.console.verbosity);
    let Invocation {
        console,
        overrides,
        command,
    } = invocation;
    match &command {
        Command::Completions(shell) => return write_out(&cli::completions::script(*shell)),
        Command::Man => {
            let page = cli::man::page().map_err(|e| Error::data("the manual page cannot be made").with_source(e))?;
            return write_out(&page);
        }
        Command::Supervise(command) => return supervise(command),
        _ => {}
    }
    let config = config::Config::load(&overrides, env, &cwd)?;
    let session = Session {
        commit: GitCommit::new(named_commit(env), &cwd),
        config,
        console,
        cwd,
        now_micros: now_micros(),
        begun,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(session.config.engine.threads.max(1))
        .enable_all()
        .build()
        .map_err(|e| Error::data("the runtime cannot be started").with_source(e))?;
    runtime.block_on(async {
        match &command {
            Command::Diff(request) => commands::diff(&session, request).await,
            Command::Import(request) => commands::import(&session, request).await,
            Command::Run(request) => commands::run(&session, request).await,
            Command::Runs(request) => commands::runs(&session, request).await,
            Command::Report(request) => commands::report(&session, request).await,
            Command::Render(request) => commands::render(&session, request).await,
            Command::Export(request) => commands::export(&session, request).await,
            Command::Verify(request) => commands::verify(&session, request).await,
            Command::Publish(request) => commands::publish(&session, request).await,
            Command::Pins(request) => commands::pins(&session, request).await,
            Command::Unpin(request) => commands::unpin(&session, request).await,
            Command::Gc(request) => commands::gc(&session, request).await,
            Command::Demo(request) => commands::demo(&session, &request.dir).await,
            Command::Completions(_) | Command::Man | Command::Supervise(_) => Ok(()),
        }
    })
}

/// Knows neither settings nor working folder: it is there for the process that it starts alone.
fn supervise(command: &[std::ffi::OsString]) -> Result<()> {
    let fail = |e: &dyn std::fmt::Display| Error::data(e.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| fail(&e))?;
    match runtime.block_on(runner::supervise(command)).map_err(|e| fail(&e))? {
        0 => Ok(()),
        code => Err(Error::data(format!("the command ended with exit code {code}"))),
    }
}

fn write_out(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Error::stdout)
}

/// The signer of requests to object storage.
const QUIET: [&str; 4] = [
    "reqsign=off",
    "reqsign_core=off",
    "reqsign_core::api=off",
    "reqsign_aws_v4=off",
];

/// Logs go to standard error: warnings, more with `-v`, none with `-q`.
fn init_logging(verbosity: i8) {
    let level = match verbosity {
        i8::MIN..=-1 => "off",
        0 => "evaldiff=warn",
        1 => "evaldiff=info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    // It logs the keys of the object store, secret ones included, whoever asks for it.
    let filter = QUIET.iter().fold(filter, |filter, target| match target.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    });
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .try_init();
}

/// The commit under evaluation, if the environment names it.
fn named_commit(env: cli::Env<'_>) -> Option<String> {
    let named = ["GIT_SHA", "GITHUB_SHA"]
        .iter()
        .filter_map(|name| env(name)?.into_string().ok());
    named.map(|sha| sha.trim().to_owned()).find(|sha| !sha.is_empty())
}

fn now_micros() -> i64 {
    chrono::Utc::now().timestamp_micros()
}
