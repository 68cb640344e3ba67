//! `evaldiff render`: a report's pages from its data folder, offline.

use super::args::ThemeArgs;
use super::request::{Command, Overrides, RenderRequest};
use clap::Args;
use std::path::PathBuf;

/// Arguments of a rendering.
#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// Read the numbers and payloads from this data folder of a report
    #[arg(value_name = "DATA_FOLDER")]
    data: PathBuf,
    /// Write the report into this folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    theme: ThemeArgs,
}

impl RenderArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Command {
        self.theme.fill(overrides);
        Command::Render(RenderRequest {
            data: self.data,
            out: self.out,
        })
    }
}
