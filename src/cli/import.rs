//! `evaldiff import`: recorded predictions into the table, as one run.

use super::args::{ColumnArgs, EngineArgs, InputArgs, TableArgs};
use super::request::{Command, ImportRequest, Overrides};
use super::{Env, values};
use clap::Args;
use clap::error::ErrorKind;
use std::path::PathBuf;
use uuid::Uuid;

/// Arguments of an import.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Read the predictions of one run from these files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Record the run under this version of the model [env: MODEL_VERSION] [default: the model that a tool's log names]
    #[arg(long, value_name = "VERSION", value_parser = values::name)]
    model_version: Option<String>,
    /// Give the run this id; importing the same id again changes nothing [default: a new UUIDv7]
    #[arg(long, value_name = "UUID", value_parser = values::run_id)]
    run_id: Option<Uuid>,
    /// Print the column mapping, the first rows and the counts, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

impl ImportArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides, env: Env<'_>) -> Result<Command, clap::Error> {
        let model_version = given_version("import", self.model_version, env)?;
        self.table.fill(overrides);
        self.columns.fill(overrides);
        self.engine.fill(overrides);
        Ok(Command::Import(ImportRequest {
            files: self.files,
            model_version,
            run_id: self.run_id,
            dry_run: self.dry_run,
            input: self.input.options(),
        }))
    }
}

/// What is said where nothing names the version.
pub(crate) const NO_VERSION: &str =
    "a run needs the version of its model: give --model-version <VERSION> or set MODEL_VERSION";

/// The version of the model: from the flag, else from the environment, where an empty variable counts as unset.
pub(super) fn model_version(command: &str, flag: Option<String>, env: Env<'_>) -> Result<String, clap::Error> {
    given_version(command, flag, env)?
        .ok_or_else(|| super::fail(Some(command), ErrorKind::MissingRequiredArgument, NO_VERSION))
}

/// As [`model_version`], where something else may say it.
fn given_version(command: &str, flag: Option<String>, env: Env<'_>) -> Result<Option<String>, clap::Error> {
    if flag.is_some() {
        return Ok(flag);
    }
    let Some(value) = env("MODEL_VERSION").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let checked = match value.to_str() {
        Some(text) => values::name(text).map_err(|reason| format!("invalid MODEL_VERSION: {reason}")),
        None => Err("invalid MODEL_VERSION: it is not valid UTF-8".into()),
    };
    checked
        .map(Some)
        .map_err(|text| super::fail(Some(command), ErrorKind::ValueValidation, text))
}
