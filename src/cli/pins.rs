//! `evaldiff pins` and `evaldiff unpin`: what keeps the evidence of published reports.

use super::args::TableArgs;
use super::choice::ListFormat;
use super::request::{Command, Overrides, PinsRequest, UnpinRequest};
use clap::Args;
use std::path::PathBuf;

/// Arguments of a list of pins.
#[derive(Debug, Args)]
pub(super) struct PinsArgs {
    /// Look for reports in this site [default: site]
    #[arg(value_name = "SITE")]
    site: Option<PathBuf>,
    /// Print this on standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ListFormat,
    #[command(flatten)]
    table: TableArgs,
}

impl PinsArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Command {
        self.table.fill(overrides);
        Command::Pins(PinsRequest {
            site: self.site,
            format: self.format,
        })
    }
}

/// Arguments of taking pins away.
#[derive(Debug, Args)]
pub(super) struct UnpinArgs {
    /// Unpin this snapshot, written snapshot:ID, or what no other published report needs of the report in this folder
    #[arg(value_name = "SNAPSHOT|REPORT_FOLDER", required = true)]
    what: Vec<String>,
    /// Let go for this site alone, of a report that was published to several; repeat for more
    #[arg(long = "site", value_name = "SITE")]
    sites: Vec<String>,
    #[command(flatten)]
    table: TableArgs,
}

impl UnpinArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Command {
        self.table.fill(overrides);
        Command::Unpin(UnpinRequest {
            what: self.what,
            sites: self.sites,
        })
    }
}
