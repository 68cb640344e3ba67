//! What was asked for, checked: plain types that the library's command functions take.
//!
//! A request holds what only the command line can say. What evaldiff.toml or the environment can say as well travels
//! as [`Overrides`] into [`crate::config::Config::load`], so that every value has one place to be read from.

pub use super::choice::{ColorMode, InputFormat, JoinStrategy, ListFormat, OutputFormat, Shell};
use super::values::TableName;
use std::path::PathBuf;
use uuid::Uuid;

/// One parsed command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// How to talk to the user.
    pub console: Console,
    /// Flags that stand above the environment and evaldiff.toml.
    pub overrides: Overrides,
    /// What to do.
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Compare two runs.
    Diff(DiffRequest),
    /// Append recorded predictions as one run.
    Import(ImportRequest),
    /// List the runs of a table.
    Runs(RunsRequest),
    /// Report on one run.
    Report(ReportRequest),
    /// Render a report's pages from its data folder.
    Render(RenderRequest),
    /// Check a report against its manifest and its table.
    Verify(VerifyRequest),
    /// Show the whole product offline.
    Demo(DemoRequest),
    /// Print a completion script: [`super::completions::script`].
    Completions(Shell),
    /// Print the manual page: [`super::man::page`].
    Man,
}

/// A comparison of two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffRequest {
    /// Reference of the baseline as typed: not empty, otherwise unread; it may be a predictions file.
    pub baseline: String,
    /// Reference of the candidate, likewise.
    pub candidate: String,
    /// What is printed.
    pub format: OutputFormat,
    /// How to read references that are files.
    pub input: InputOptions,
}

/// Recorded predictions to be appended as one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRequest {
    /// Files of the run, at least one.
    pub files: Vec<PathBuf>,
    /// Version of the model, from the flag or else MODEL_VERSION; not blank.
    pub model_version: String,
    /// Id of the run, where the caller chose it: a second import of the same id changes nothing.
    pub run_id: Option<Uuid>,
    /// Show what would be written, and write nothing.
    pub dry_run: bool,
    /// How to read the files.
    pub input: InputOptions,
}

/// A list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunsRequest {
    /// Only the runs of this version.
    pub version: Option<String>,
    /// What is printed: text or JSON.
    pub format: ListFormat,
}

/// A report on one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRequest {
    /// Reference of the run as typed; it may be a predictions file.
    pub reference: String,
    /// What is printed.
    pub format: OutputFormat,
    /// How to read a reference that is a file.
    pub input: InputOptions,
}

/// Pages from the seam, offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderRequest {
    /// A report's `data` folder.
    pub data: PathBuf,
    /// Folder of the one report to write.
    pub out: PathBuf,
}

/// A check of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyRequest {
    /// Folder of one report.
    pub folder: PathBuf,
    /// Recompute the rows digest of a table written by others too.
    pub digest: bool,
}

/// A demonstration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoRequest {
    /// Folder to build it in.
    pub dir: PathBuf,
}

/// How prediction files are read, besides the column roles of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputOptions {
    /// Format of the files.
    pub format: InputFormat,
    /// File of the golden dataset that lends truth, inputs and slice columns.
    pub golden: Option<PathBuf>,
    /// Name of the golden dataset; else the stem of its file.
    pub golden_name: Option<String>,
    /// Version of the golden dataset; else the stem of its file.
    pub golden_version: Option<String>,
}

/// How to talk to the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// How much is said on standard error: -1 quiet, 0 normal, 1 and above more.
    pub verbosity: i8,
    /// Whether the terminal output is coloured.
    pub color: ColorMode,
}

/// Column roles as far as one source gives them; an empty list says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnChoice {
    /// The columns that together identify a sample.
    pub key: Vec<String>,
    /// Ground truth.
    pub truth: Option<String>,
    /// Prediction.
    pub prediction: Option<String>,
    /// Probability of the predicted label.
    pub confidence: Option<String>,
    /// `ok`, `error` or `skipped`.
    pub status: Option<String>,
    /// Why a sample has status `error`.
    pub error: Option<String>,
    /// Milliseconds that the answer took.
    pub latency: Option<String>,
    /// Slice columns.
    pub slices: Vec<String>,
    /// Payload columns.
    pub show: Vec<String>,
}

impl ColumnChoice {
    /// This choice, with `below` wherever it says nothing.
    #[must_use]
    pub fn or(self, below: ColumnChoice) -> ColumnChoice {
        let list = |a: Vec<String>, b: Vec<String>| if a.is_empty() { b } else { a };
        ColumnChoice {
            key: list(self.key, below.key),
            truth: self.truth.or(below.truth),
            prediction: self.prediction.or(below.prediction),
            confidence: self.confidence.or(below.confidence),
            status: self.status.or(below.status),
            error: self.error.or(below.error),
            latency: self.latency.or(below.latency),
            slices: list(self.slices, below.slices),
            show: list(self.show, below.show),
        }
    }

    /// A column that plays two of the parts that exclude each other; slices and payload may be anything.
    pub fn column_with_two_roles(&self) -> Option<&str> {
        let single = [&self.truth, &self.prediction, &self.confidence];
        let more = [&self.status, &self.error, &self.latency];
        let roles = single.into_iter().chain(more).flatten().chain(&self.key);
        let mut seen = std::collections::BTreeSet::new();
        roles.map(String::as_str).find(|column| !seen.insert(*column))
    }
}

/// Flags that stand above the environment and evaldiff.toml.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--table`.
    pub table: Option<TableName>,
    /// `--id`, `--truth` and the other column flags.
    pub columns: ColumnChoice,
    /// `--alpha`.
    pub alpha: Option<f64>,
    /// `--min-effect`.
    pub min_effect: Option<f64>,
    /// `--top`.
    pub top: Option<u64>,
    /// `--hide`.
    pub hide: Vec<String>,
    /// `--no-payload`.
    pub no_payload: bool,
    /// `--memory-limit` in bytes.
    pub memory_limit: Option<u64>,
    /// `--threads`.
    pub threads: Option<usize>,
    /// `--join`.
    pub join: JoinStrategy,
    /// `--out` of a comparison or a report.
    pub out: Option<PathBuf>,
}
