//! `evaldiff export`: a report's samples in a form that other tools read.

use super::request::{Command, ExportRequest};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of an export.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Read this report
    #[arg(value_name = "REPORT_FOLDER")]
    folder: PathBuf,
    /// Write this file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write this format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ExportFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ExportFormat {
    /// The JSON of LLM Comparator.
    #[default]
    LlmComparator,
}

impl ExportArgs {
    /// The checked request.
    pub(super) fn request(self) -> Command {
        let ExportFormat::LlmComparator = self.format;
        Command::Export(ExportRequest {
            folder: self.folder,
            out: self.out,
        })
    }
}
