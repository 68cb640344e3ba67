//! `evaldiff report`: one run on its own.

use super::args::{ColumnArgs, EngineArgs, InputArgs, ReportArgs, TableArgs};
use super::choice::OutputFormat;
use super::request::{Command, Overrides, ReportRequest};
use super::values;
use clap::Args;

/// Arguments of a report.
#[derive(Debug, Args)]
pub(super) struct RunReportArgs {
    /// Report on this run (see References)
    #[arg(value_name = "REF", value_parser = values::name)]
    reference: String,
    #[command(flatten)]
    table: TableArgs,
    /// Print this on standard output; json is exactly report-data.json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: OutputFormat,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

impl RunReportArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Command {
        self.table.fill(overrides);
        self.columns.fill(overrides);
        self.report.fill(overrides);
        self.engine.fill(overrides);
        Command::Report(ReportRequest {
            reference: self.reference,
            format: self.format,
            input: self.input.options(),
        })
    }
}
