//! `evaldiff run`: a golden dataset through a model service, as one run.

use super::args::{EngineArgs, ReportArgs, TableArgs, TestArgs, distinct};
use super::choice::{InputStyle, OutputFormat};
use super::import::model_version;
use super::request::{Amount, ColumnChoice, Command, MaxErrors, Overrides, Resume, RunRequest, ServiceChoice};
use super::{Env, values};
use crate::model::{Kind, ScoreRole};
use clap::Args;
use clap::error::ErrorKind;
use std::time::Duration;
use uuid::Uuid;

/// Arguments of an evaluation.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Evaluate on this golden dataset: CSV, JSONL or Parquet, a file or s3://bucket/key [env: GOLDEN_DATASET_PATH]
    #[arg(long, value_name = "FILE", value_parser = values::name)]
    golden: Option<String>,
    /// Record the run under this version of the model [env: MODEL_VERSION]
    #[arg(long, value_name = "VERSION", value_parser = values::name)]
    model_version: Option<String>,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    columns: GoldenArgs,
    #[command(flatten)]
    pressure: PressureArgs,
    /// Go on with an unfinished run: the one with this id, else the only one of this version
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = values::resume)]
    resume: Option<Resume>,
    /// Give the run this id; a run that the table holds already is not repeated [default: a new UUIDv7]
    #[arg(long, value_name = "UUID", value_parser = values::run_id)]
    run_id: Option<Uuid>,
    /// Compare the run with this one afterwards (see References in `evaldiff --help`)
    #[arg(long, value_name = "REF", value_parser = values::name)]
    compare_to: Option<String>,
    /// Print this of the comparison on standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, requires = "compare_to")]
    format: OutputFormat,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    test: TestArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

/// Which service, and how it is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Service")]
struct ServiceArgs {
    /// Ask the service that runs here, such as http://127.0.0.1:3000
    #[arg(long, value_name = "URL", value_parser = values::name, conflicts_with = "bento")]
    service: Option<String>,
    /// Start this Bento with `bentoml serve` for the time of the run [env: BENTO_TAG]
    #[arg(long, value_name = "TAG", value_parser = values::name)]
    bento: Option<String>,
    /// Refuse a service of another version than this [default: that of --bento, else --model-version]
    #[arg(long, value_name = "VERSION", value_parser = values::name)]
    service_version: Option<String>,
    /// Ask this endpoint [default: classify, else the only one there is]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    endpoint: Option<String>,
    /// Send samples in this shape [default: as the service's schema says, else texts]
    #[arg(long, value_name = "STYLE", value_enum)]
    input_style: Option<InputStyle>,
    /// Send this column of the golden dataset; repeat for several [default: text, input, question, prompt or sentence]
    #[arg(long = "input", value_name = "COL", value_parser = values::name)]
    inputs: Vec<String>,
    /// Take labels that the ground truth does not know for answers, rather than for errors
    #[arg(long)]
    any_label: bool,
}

/// Which column of the golden dataset plays which part.
#[derive(Debug, Args)]
#[command(next_help_heading = "Golden dataset")]
struct GoldenArgs {
    /// Identify a sample by this column; repeat for a key of several columns
    #[arg(long = "id", value_name = "COL", value_parser = values::name)]
    key: Vec<String>,
    /// Read the ground truth from this column
    #[arg(long, value_name = "COL", value_parser = values::name)]
    truth: Option<String>,
    /// Take answers for this kind [default: text with --score, else classification]
    #[arg(long, value_name = "KIND", value_parser = values::kind_of_answers())]
    kind: Option<Kind>,
    /// Judge texts by this member of the service's answers; repeat for several, the first makes the headline
    #[arg(long = "score", value_name = "NAME[:higher|lower]", value_parser = values::score)]
    scores: Vec<ScoreRole>,
    /// Take samples with the same value of this column for one piece of evidence, such as a document
    #[arg(long, value_name = "COL", value_parser = values::name)]
    cluster: Option<String>,
    /// Slice by this column; repeat for several
    #[arg(long = "slice", value_name = "COL", value_parser = values::name)]
    slices: Vec<String>,
    /// Show this column for a sample, such as its text; repeat for several
    #[arg(long, value_name = "COL", value_parser = values::name)]
    show: Vec<String>,
    /// Show the image or sound of this column for a sample (bytes, a data: URI, or the name of a file); repeat for several
    #[arg(long, value_name = "COL", value_parser = values::name)]
    media: Vec<String>,
    /// Record this name of the golden dataset [default: the stem of its file]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    golden_name: Option<String>,
    /// Record this version of the golden dataset [default: the stem of its file]
    #[arg(long, value_name = "VERSION", value_parser = values::name)]
    golden_version: Option<String>,
}

/// How much is asked at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pressure")]
struct PressureArgs {
    /// Send this many samples per request, or find the best number while running [default: auto]
    #[arg(long, value_name = "auto|N", value_parser = values::batch_size)]
    batch_size: Option<Amount>,
    /// Keep this many requests under way, or find the best number while running [default: auto]
    #[arg(long, value_name = "auto|N", value_parser = values::concurrency)]
    concurrency: Option<Amount>,
    /// Give up a request after this time, such as 30s or 2m [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    timeout: Option<Duration>,
    /// Commit the run although this many samples, or this share of them, failed, such as 10 or 1% [default: 0]
    #[arg(long, value_name = "N|PCT", value_parser = values::max_errors)]
    max_errors: Option<MaxErrors>,
}

impl RunArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides, env: Env<'_>) -> Result<Command, clap::Error> {
        let version = model_version("run", self.model_version, env)?;
        self.table.fill(overrides);
        self.report.fill(overrides);
        self.test.fill(overrides);
        self.engine.fill(overrides);
        overrides.columns = ColumnChoice {
            key: distinct(self.columns.key),
            truth: self.columns.truth,
            slices: distinct(self.columns.slices),
            show: distinct(self.columns.show),
            media: distinct(self.columns.media),
            kind: self.columns.kind,
            scores: distinct(self.columns.scores),
            cluster: self.columns.cluster,
            ..ColumnChoice::default()
        };
        overrides.service = ServiceChoice {
            url: self.service.service,
            bento: self.service.bento,
            version: self.service.service_version,
            endpoint: self.service.endpoint,
            style: self.service.input_style,
            inputs: distinct(self.service.inputs),
            any_label: self.service.any_label,
            golden: self.golden,
            batch_size: self.pressure.batch_size,
            concurrency: self.pressure.concurrency,
            timeout: self.pressure.timeout,
            max_errors: self.pressure.max_errors,
            ..ServiceChoice::default()
        };
        if let (Some(Resume::Run(resumed)), Some(id)) = (&self.resume, &self.run_id)
            && !id.to_string().starts_with(resumed)
        {
            let text = "--resume and --run-id name two runs";
            return Err(super::fail(Some("run"), ErrorKind::ArgumentConflict, text));
        }
        Ok(Command::Run(RunRequest {
            model_version: version,
            run_id: self.run_id,
            resume: self.resume,
            compare_to: self.compare_to,
            format: self.format,
            golden_name: self.columns.golden_name,
            golden_version: self.columns.golden_version,
        }))
    }
}

/// Arguments of the process between the runner and a service that it starts.
#[derive(Debug, Args)]
pub(super) struct SuperviseArgs {
    /// The command to keep
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

impl SuperviseArgs {
    /// The request.
    pub(super) fn request(self) -> Command {
        Command::Supervise(self.command)
    }
}
