//! `evaldiff runs`: every run of a table.

use super::args::TableArgs;
use super::choice::ListFormat;
use super::request::{Command, Overrides, RunsRequest};
use super::values;
use clap::Args;

/// Arguments of a list.
#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    /// List only the runs of this version
    #[arg(value_name = "VERSION", value_parser = values::name)]
    version: Option<String>,
    /// Print this on standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ListFormat,
    /// List the evaluations that did not end, which `evaldiff run --resume` goes on with
    #[arg(long)]
    unfinished: bool,
    /// Withdraw this run: nothing is deleted, but its version no longer leads to it
    #[arg(long, value_name = "RUN", requires = "why", conflicts_with_all = ["version", "unfinished"], value_parser = values::name)]
    retract: Option<String>,
    /// Say why the run is withdrawn
    #[arg(long, value_name = "TEXT", requires = "retract", value_parser = values::reason)]
    why: Option<String>,
    #[command(flatten)]
    table: TableArgs,
}

impl RunsArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Command {
        self.table.fill(overrides);
        Command::Runs(RunsRequest {
            version: self.version,
            format: self.format,
            unfinished: self.unfinished,
            retract: self.retract.zip(self.why),
        })
    }
}
