//! `evaldiff gc`: files that failed commits left behind.

use super::args::TableArgs;
use super::request::{Command, GcRequest, Overrides};
use clap::Args;

/// Arguments of a clean-up.
#[derive(Debug, Args)]
pub(super) struct GcArgs {
    /// Only list them; the default
    #[arg(long, conflicts_with = "delete")]
    dry_run: bool,
    /// Delete what is listed
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    table: TableArgs,
}

impl GcArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Command {
        self.table.fill(overrides);
        Command::Gc(GcRequest { delete: self.delete })
    }
}
