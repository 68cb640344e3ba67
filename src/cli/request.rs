//! What was asked for, checked: plain types that the library's command functions take.
//!
//! A request holds what only the command line can say. What evaldiff.toml or the environment can say as well travels
//! as [`Overrides`] into [`crate::config::Config::load`], so that every value has one place to be read from.

pub use super::choice::{ColorMode, InputFormat, InputStyle, JoinStrategy, ListFormat, OutputFormat, Shell};
use super::values::TableName;
use crate::model::{Kind, ScoreRole};
use crate::runner::{AnswerFields, JsonRequest};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
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
    /// Evaluate a model service on a golden dataset.
    Run(RunRequest),
    /// List the runs of a table.
    Runs(RunsRequest),
    /// Report on one run.
    Report(ReportRequest),
    /// Render a report's pages from its data folder.
    Render(RenderRequest),
    /// Write a report's samples for another tool.
    Export(ExportRequest),
    /// Check a report against its manifest and its table.
    Verify(VerifyRequest),
    /// Publish a report.
    Publish(PublishRequest),
    /// List pins.
    Pins(PinsRequest),
    /// Take pins away.
    Unpin(UnpinRequest),
    /// Clean up what failed commits left.
    Gc(GcRequest),
    /// Show the whole product offline.
    Demo(DemoRequest),
    /// Print a completion script: [`super::completions::script`].
    Completions(Shell),
    /// Print the manual page: [`super::man::page`].
    Man,
    /// Run a command until standard input ends: the process between the runner and a service that it starts.
    Supervise(Vec<OsString>),
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
    /// Version of the model, from the flag or else MODEL_VERSION; not blank. Else a tool's log has to name the model.
    pub model_version: Option<String>,
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
    /// Evaluations that did not end, instead of the runs of the table.
    pub unfinished: bool,
    /// Instead of listing: a run to withdraw, and why.
    pub retract: Option<(String, String)>,
}

/// An evaluation; the service, the golden dataset and the pressure travel in [`Overrides::service`].
#[derive(Clone, Debug, PartialEq)]
pub struct RunRequest {
    /// Version of the model, from the flag or else MODEL_VERSION; not blank.
    pub model_version: String,
    /// Id of the run, where the caller chose it.
    pub run_id: Option<Uuid>,
    /// Go on with an unfinished run.
    pub resume: Option<Resume>,
    /// Compare with this reference afterwards.
    pub compare_to: Option<String>,
    /// What is printed of that comparison.
    pub format: OutputFormat,
    /// Name of the golden dataset; else the stem of its file.
    pub golden_name: Option<String>,
    /// Version of the golden dataset; else the stem of its file.
    pub golden_version: Option<String>,
}

/// Which unfinished run to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resume {
    /// The only one of the version.
    Only,
    /// The one whose id begins so.
    Run(String),
}

/// A number, or the best one as found by measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Found while running.
    Auto,
    /// Fixed.
    Fixed(usize),
}

impl Amount {
    /// The number, where it is fixed.
    pub fn fixed(self) -> Option<usize> {
        match self {
            Amount::Auto => None,
            Amount::Fixed(n) => Some(n),
        }
    }
}

/// How many samples may fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxErrors {
    /// So many.
    Count(u64),
    /// This share of all, from 0 to 1.
    Share(f64),
}

impl MaxErrors {
    /// Of so many samples.
    pub fn of(self, samples: u64) -> u64 {
        match self {
            MaxErrors::Count(n) => n,
            MaxErrors::Share(share) => (share * samples as f64) as u64,
        }
    }
}

/// The model service and how it is asked, as far as one source says so; an empty list or map says nothing.
#[derive(Clone, Default, PartialEq)]
pub struct ServiceChoice {
    /// Where a service runs. May hold a password: never printed.
    pub url: Option<String>,
    /// The Bento to start.
    pub bento: Option<String>,
    /// The program `bentoml`.
    pub bentoml: Option<PathBuf>,
    /// Version that the service has to have.
    pub version: Option<String>,
    /// The endpoint.
    pub endpoint: Option<String>,
    /// Shape of requests.
    pub style: Option<InputStyle>,
    /// Member of a request that holds the samples.
    pub param: Option<String>,
    /// Input columns of the golden dataset.
    pub inputs: Vec<String>,
    /// Names of input columns in a request, where they differ.
    pub names: BTreeMap<String, String>,
    /// A request of style json.
    pub request: JsonRequest,
    /// Where the parts of an answer stand.
    pub answer: AnswerFields,
    /// Labels that are known besides those of the ground truth.
    pub labels: Vec<String>,
    /// Whether any label is an answer.
    pub any_label: bool,
    /// Headers of every request. Hold secrets: never printed.
    pub headers: BTreeMap<String, String>,
    /// The golden dataset: a path or s3://bucket/key.
    pub golden: Option<String>,
    /// Samples per request.
    pub batch_size: Option<Amount>,
    /// Requests under way.
    pub concurrency: Option<Amount>,
    /// Time limit of a request.
    pub timeout: Option<Duration>,
    /// Samples that may fail.
    pub max_errors: Option<MaxErrors>,
}

impl std::fmt::Debug for ServiceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceChoice")
            .field("bento", &self.bento)
            .field("endpoint", &self.endpoint)
            .field("golden", &self.golden)
            .finish_non_exhaustive()
    }
}

impl ServiceChoice {
    /// This choice, with `below` wherever it says nothing. Service and Bento are one choice.
    #[must_use]
    pub fn or(self, below: ServiceChoice) -> ServiceChoice {
        let named = self.url.is_some() || self.bento.is_some();
        let list = |a: Vec<String>, b: Vec<String>| if a.is_empty() { b } else { a };
        let map = |a: BTreeMap<String, String>, b: BTreeMap<String, String>| if a.is_empty() { b } else { a };
        ServiceChoice {
            url: if named { self.url } else { below.url },
            bento: if named { self.bento } else { below.bento },
            bentoml: self.bentoml.or(below.bentoml),
            version: self.version.or(below.version),
            endpoint: self.endpoint.or(below.endpoint),
            style: self.style.or(below.style),
            param: self.param.or(below.param),
            inputs: list(self.inputs, below.inputs),
            names: map(self.names, below.names),
            request: if self.request == JsonRequest::default() {
                below.request
            } else {
                self.request
            },
            answer: if self.answer == AnswerFields::default() {
                below.answer
            } else {
                self.answer
            },
            labels: list(self.labels, below.labels),
            any_label: self.any_label || below.any_label,
            headers: map(self.headers, below.headers),
            golden: self.golden.or(below.golden),
            batch_size: self.batch_size.or(below.batch_size),
            concurrency: self.concurrency.or(below.concurrency),
            timeout: self.timeout.or(below.timeout),
            max_errors: self.max_errors.or(below.max_errors),
        }
    }
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

/// A report's samples for another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRequest {
    /// Folder of one report.
    pub folder: PathBuf,
    /// File to write.
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

/// A publication of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishRequest {
    /// Folder of one report.
    pub folder: PathBuf,
    /// Where the site is.
    pub target: Target,
    /// Address under which the site is served, for the links that are printed.
    pub base_url: Option<String>,
    /// Only compare what is published with the report's manifest.
    pub check: bool,
    /// Keep the report's snapshots from being expired.
    pub pin: bool,
}

/// A list of pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinsRequest {
    /// Site whose reports are looked at; the configured one if `None`.
    pub site: Option<PathBuf>,
    /// What is printed: text or JSON.
    pub format: ListFormat,
}

/// Pins to take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpinRequest {
    /// Snapshots, and folders of reports.
    pub what: Vec<String>,
    /// Of reports that were published to several sites, those to which the pins belong.
    pub sites: Vec<String>,
}

/// A clean-up of files to which nothing refers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcRequest {
    /// Delete them, instead of only listing them.
    pub delete: bool,
}

/// Where a site may be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A bucket and a prefix in it.
    S3 {
        /// The bucket.
        bucket: String,
        /// Path in it, without slashes at its ends.
        prefix: String,
    },
    /// A folder, absolute.
    Folder(PathBuf),
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
    /// What an answer cost.
    pub cost: Option<String>,
    /// Slice columns.
    pub slices: Vec<String>,
    /// Payload columns.
    pub show: Vec<String>,
    /// Columns of images and sounds.
    pub media: Vec<String>,
    /// The kind of evaluation.
    pub kind: Option<Kind>,
    /// Scores, the headline first.
    pub scores: Vec<ScoreRole>,
    /// Probability of the positive class.
    pub positive: Option<String>,
    /// The positive label.
    pub positive_label: Option<String>,
    /// Number of the trial.
    pub repeat: Option<String>,
    /// What samples that belong together have in common.
    pub cluster: Option<String>,
}

impl ColumnChoice {
    /// This choice, with `below` wherever it says nothing.
    #[must_use]
    pub fn or(self, below: ColumnChoice) -> ColumnChoice {
        fn list<T>(a: Vec<T>, b: Vec<T>) -> Vec<T> {
            if a.is_empty() { b } else { a }
        }
        let kind = self.kind().or(below.kind());
        ColumnChoice {
            key: list(self.key, below.key),
            truth: self.truth.or(below.truth),
            prediction: self.prediction.or(below.prediction),
            confidence: self.confidence.or(below.confidence),
            status: self.status.or(below.status),
            error: self.error.or(below.error),
            latency: self.latency.or(below.latency),
            cost: self.cost.or(below.cost),
            slices: list(self.slices, below.slices),
            show: list(self.show, below.show),
            media: list(self.media, below.media),
            kind,
            scores: list(self.scores, below.scores),
            positive: self.positive.or(below.positive),
            positive_label: self.positive_label.or(below.positive_label),
            repeat: self.repeat.or(below.repeat),
            cluster: self.cluster.or(below.cluster),
        }
    }

    /// The kind of evaluation, as far as it is given or implied.
    fn kind(&self) -> Option<Kind> {
        let implied = Kind::implied(!self.scores.is_empty(), self.positive.is_some());
        self.kind.or(implied)
    }

    /// A column that plays two of the parts that exclude each other; slices and payload may be anything.
    pub fn column_with_two_roles(&self) -> Option<&str> {
        let single = [&self.truth, &self.prediction, &self.confidence];
        let more = [&self.status, &self.error, &self.latency, &self.cost, &self.positive];
        let scores = self.scores.iter().map(|score| &score.column);
        let roles = single.into_iter().chain(more).flatten().chain(&self.key).chain(scores);
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
    /// `--tolerance`.
    pub tolerance: Option<f64>,
    /// `--label-map`.
    pub label_map: Option<PathBuf>,
    /// `--margin`.
    pub margin: Option<f64>,
    /// `--search-column`.
    pub search_columns: Vec<String>,
    /// `--no-search`.
    pub no_search: bool,
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
    /// `--theme`.
    pub theme: Option<PathBuf>,
    /// `--media-root`.
    pub media_root: Option<PathBuf>,
    /// `--service`, `--golden` and the other flags of an evaluation.
    pub service: ServiceChoice,
}
