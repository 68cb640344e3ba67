//! `evaldiff demo`: the whole product, offline.

use super::request::{Command, DemoRequest};
use clap::Args;
use std::path::PathBuf;

/// Arguments of a demonstration.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Build the demonstration in this folder
    #[arg(value_name = "DIR", default_value = "evaldiff-demo")]
    dir: PathBuf,
}

impl DemoArgs {
    /// The checked request.
    pub(super) fn request(self) -> Command {
        Command::Demo(DemoRequest { dir: self.dir })
    }
}
