//! The command line: turns what was typed, there or in evaldiff.toml, into checked requests.
//!
//! Nothing of clap leaves this module except [`clap::Error`], which knows how to print itself, and [`command`] for
//! tools that document it. Reads no table and no predictions.

mod args;
mod choice;
pub mod completions;
mod demo;
mod diff;
mod export;
mod gc;
mod help;
pub(crate) mod import;
pub(crate) mod label_map;
pub(crate) mod location;
pub mod man;
mod pins;
mod publish;
pub(crate) mod pyiceberg;
mod render;
mod report;
pub mod request;
mod run;
mod runs;
pub(crate) mod toml_file;
pub(crate) mod toml_service;
pub mod values;
mod verify;

#[cfg(test)]
mod tests;

pub use request::{Command, Invocation};

use args::GlobalArgs;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use request::Overrides;
use std::ffi::{OsStr, OsString};

/// A look-up in the environment, `&|name| std::env::var_os(name)` in the real program.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Tell whether a new model is really better, and where it got worse
///
/// Compare two evaluation runs kept in an Apache Iceberg table, sample by sample, and write a report that
/// stands as evidence
#[derive(Debug, Parser)]
#[command(
    name = "evaldiff",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    override_usage = help::USAGE,
    after_long_help = help::AFTER,
    after_help = "Try --help for references, examples and exit codes",
    max_term_width = 110
)]
struct Cli {
    #[command(flatten)]
    diff: diff::DiffArgs,
    #[command(flatten)]
    globals: GlobalArgs,
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Compare two runs; the same as giving them without a command
    #[command(override_usage = help::DIFF_USAGE, after_long_help = help::AFTER, arg_required_else_help = true)]
    Diff(diff::DiffArgs),
    /// Record predictions as one run of a model version
    #[command(after_help = help::IMPORT)]
    Import(import::ImportArgs),
    /// Evaluate a model service on a golden dataset and record the run
    #[command(after_help = help::RUN)]
    Run(run::RunArgs),
    /// List the runs of a table
    #[command(after_help = help::RUNS)]
    Runs(runs::RunsArgs),
    /// Report on one run
    #[command(after_help = help::REPORT)]
    Report(report::RunReportArgs),
    /// Render a report's pages from its data folder, offline
    #[command(after_help = help::RENDER)]
    Render(render::RenderArgs),
    /// Write a report's samples for LLM Comparator
    Export(export::ExportArgs),
    /// Check a report against its manifest and its table
    #[command(after_help = help::VERIFY)]
    Verify(verify::VerifyArgs),
    /// Publish a report to object storage or a folder, once and for good
    #[command(after_help = help::PUBLISH)]
    Publish(publish::PublishArgs),
    /// List the snapshots that are kept for published reports, and reports without such a pin
    #[command(after_help = help::PINS)]
    Pins(pins::PinsArgs),
    /// Let go of snapshots that were kept for a report
    #[command(after_help = help::UNPIN)]
    Unpin(pins::UnpinArgs),
    /// List files of a table to which nothing refers, older than a day, and delete them if told
    Gc(gc::GcArgs),
    /// Show everything at work, offline
    Demo(demo::DemoArgs),
    /// Print a completion script for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man,
    /// Run a command until standard input ends
    #[command(hide = true)]
    Supervise(run::SuperviseArgs),
}

/// The whole command line, for completions and documents.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Turns arguments (the program's name first) and the environment into a checked request.
///
/// # Errors
/// A usage error, or the wish for help or the version: [`clap::Error::exit`] prints either to the right stream and
/// ends with 2 or 0.
pub fn parse<I>(args: I, env: Env<'_>) -> Result<Invocation, clap::Error>
where
    I: IntoIterator<Item = OsString>,
{
    let mut command = command();
    let args = globals_last(&command, args.into_iter().collect());
    let matches = command
        .try_get_matches_from_mut(&args)
        .map_err(|error| plainer(error, &args))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let mut overrides = Overrides {
        config: cli.globals.config.clone(),
        ..Overrides::default()
    };
    let command = match cli.command {
        None => cli.diff.request(&mut overrides)?,
        Some(Sub::Diff(args)) => args.request(&mut overrides)?,
        Some(Sub::Import(args)) => args.request(&mut overrides, env)?,
        Some(Sub::Run(args)) => args.request(&mut overrides, env)?,
        Some(Sub::Runs(args)) => args.request(&mut overrides),
        Some(Sub::Report(args)) => args.request(&mut overrides),
        Some(Sub::Render(args)) => args.request(&mut overrides),
        Some(Sub::Export(args)) => args.request(),
        Some(Sub::Verify(args)) => args.request(&mut overrides),
        Some(Sub::Publish(args)) => args.request()?,
        Some(Sub::Pins(args)) => args.request(&mut overrides),
        Some(Sub::Unpin(args)) => args.request(&mut overrides),
        Some(Sub::Gc(args)) => args.request(&mut overrides),
        Some(Sub::Demo(args)) => args.request(),
        Some(Sub::Completions(args)) => args.request(),
        Some(Sub::Man) => Command::Man,
        Some(Sub::Supervise(args)) => args.request(),
    };
    Ok(Invocation {
        console: cli.globals.console(),
        overrides,
        command,
    })
}

/// Says in the words of a comparison what clap says in those of subcommands.
fn plainer(error: clap::Error, args: &[OsString]) -> clap::Error {
    match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::ArgumentConflict, Some(ContextValue::String(extra))) => diff::too_many(extra, args),
        _ => error,
    }
}

/// Moves global flags that stand before a command behind its name.
///
/// With flags of its own at the top level clap takes whatever follows a flag for a reference, so that
/// `evaldiff -v import preds.csv` would compare `import` with `preds.csv`.
fn globals_last(command: &clap::Command, mut args: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(arg) = args.get(at).and_then(|arg| arg.to_str()) {
        at += match arg {
            "--config" | "--color" => 2,
            "--verbose" | "--quiet" => 1,
            _ if arg.starts_with("--config=") || arg.starts_with("--color=") => 1,
            _ if arg.len() > 1 && !arg.starts_with("--") && arg.starts_with('-') => {
                if !arg.chars().skip(1).all(|c| matches!(c, 'v' | 'q')) {
                    break;
                }
                1
            }
            _ => break,
        };
    }
    let names = |name: &OsStr| name == "help" || command.get_subcommands().any(|sub| sub.get_name() == name);
    if at < args.len() && names(&args[at]) {
        let name = args.remove(at);
        if name == "help" {
            args.drain(1..at);
        }
        args.insert(1, name);
    }
    args
}

/// A usage error in clap's words, with the usage of a command or of the main job.
fn fail(sub: Option<&str>, kind: ErrorKind, message: impl std::fmt::Display) -> clap::Error {
    let mut command = command();
    command.build();
    match sub.and_then(|name| command.find_subcommand(name).cloned()) {
        Some(mut sub) => sub.error(kind, message),
        None => command.error(kind, message),
    }
}
