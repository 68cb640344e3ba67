//! `evaldiff verify`: a report against its manifest and its table.

use super::args::{EngineArgs, ThemeArgs};
use super::request::{Command, Overrides, VerifyRequest};
use clap::Args;
use std::path::PathBuf;

/// Arguments of a check.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Check the report in this folder, the one with manifest.json
    #[arg(value_name = "REPORT_FOLDER")]
    folder: PathBuf,
    /// Recompute the rows digest even of a table that evaldiff did not write
    #[arg(long)]
    digest: bool,
    #[command(flatten)]
    theme: ThemeArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

impl VerifyArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Command {
        self.theme.fill(overrides);
        self.engine.fill(overrides);
        Command::Verify(VerifyRequest {
            folder: self.folder,
            digest: self.digest,
        })
    }
}
