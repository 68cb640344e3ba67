//! Groups of flags that several commands share.

use super::choice::{ColorMode, InputFormat, JoinStrategy};
use super::request::{ColumnChoice, Console, InputOptions, Overrides};
use super::values::{self, TableName, number};
use crate::model::{Kind, ScoreRole};
use clap::Args;
use std::path::PathBuf;

/// Flags of every command.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct GlobalArgs {
    /// Say more on standard error; repeat for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Say only what went wrong on standard error
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Read this file instead of the evaldiff.toml found in the working folder or above
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Colour the output of the terminal
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorMode,
}

impl GlobalArgs {
    /// How to talk to the user.
    pub(super) fn console(&self) -> Console {
        let louder = i8::try_from(self.verbose).unwrap_or(i8::MAX);
        Console {
            verbosity: if self.quiet { -1 } else { louder },
            color: self.color,
        }
    }
}

/// Which table.
#[derive(Debug, Args)]
pub(super) struct TableArgs {
    /// Use this table [env: EVALDIFF_TABLE] [default: the only table there is, else ml_eval_results.predictions]
    #[arg(long, value_name = "NS.TABLE")]
    table: Option<TableName>,
}

/// Which column plays which part.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns")]
pub(super) struct ColumnArgs {
    /// Identify a sample by this column; repeat for a key of several columns
    #[arg(long = "id", value_name = "COL", value_parser = values::name)]
    key: Vec<String>,
    /// Read the ground truth from this column
    #[arg(long, value_name = "COL", value_parser = values::name)]
    truth: Option<String>,
    /// Read the prediction from this column
    #[arg(long = "pred", value_name = "COL", value_parser = values::name)]
    prediction: Option<String>,
    /// Read the probability of the predicted label from this column
    #[arg(long = "conf", value_name = "COL", value_parser = values::name)]
    confidence: Option<String>,
    /// Slice by this column; repeat for several
    #[arg(long = "slice", value_name = "COL", value_parser = values::name)]
    slices: Vec<String>,
    /// Show this column for a sample, such as its text; repeat for several
    #[arg(long, value_name = "COL", value_parser = values::name)]
    show: Vec<String>,
    /// Show the image or sound of this column for a sample (bytes, a data: URI, or the name of a file); repeat for several
    #[arg(long, value_name = "COL", value_parser = values::name)]
    media: Vec<String>,
    /// Read ok, error or skipped from this column
    #[arg(long, value_name = "COL", value_parser = values::name)]
    status: Option<String>,
    /// Read why a sample failed from this column
    #[arg(long, value_name = "COL", value_parser = values::name)]
    error: Option<String>,
    /// Read the milliseconds that an answer took from this column
    #[arg(long, value_name = "COL", value_parser = values::name)]
    latency: Option<String>,
    /// Read what an answer cost from this column
    #[arg(long, value_name = "COL", value_parser = values::name)]
    cost: Option<String>,
    /// Compare answers of this kind [default: as the columns say, else classification]
    #[arg(long, value_name = "KIND", value_parser = values::kind())]
    kind: Option<Kind>,
    /// Judge free-text answers by this column of scores; repeat for several, the first makes the headline
    #[arg(long = "score", value_name = "COL[:higher|lower]", value_parser = values::score)]
    scores: Vec<ScoreRole>,
    /// Tell the trials of a sample apart by this column: several rows of one key are reduced to one
    #[arg(long, value_name = "COL", value_parser = values::name)]
    repeat: Option<String>,
    /// Samples with the same value in this column (a document, a user) are no independent evidence: allow for that
    #[arg(long, value_name = "COL", value_parser = values::name)]
    cluster: Option<String>,
    /// Read the probability of the positive one of two labels from this column
    #[arg(long, value_name = "COL", value_parser = values::name)]
    positive: Option<String>,
    /// Take this label for the positive one [default: the one of two that sorts last]
    #[arg(long, value_name = "LABEL")]
    positive_label: Option<String>,
}

/// How files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(super) struct InputArgs {
    /// Join truth, inputs and slice columns from this golden dataset by key
    #[arg(long, value_name = "FILE")]
    golden: Option<PathBuf>,
    /// Record this name of the golden dataset [default: from the stem of its file]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    golden_name: Option<String>,
    /// Record this version of the golden dataset [default: from the stem of its file]
    #[arg(long, value_name = "VERSION", value_parser = values::name)]
    golden_version: Option<String>,
    /// Read files in this format, gzip and zstd included
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    input_format: InputFormat,
}

impl InputArgs {
    /// How files are read.
    pub(super) fn options(self) -> InputOptions {
        InputOptions {
            format: self.input_format,
            golden: self.golden,
            golden_name: self.golden_name,
            golden_version: self.golden_version,
        }
    }
}

/// What a report shows and where it goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(super) struct ReportArgs {
    /// Write reports below this folder [default: site]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Show at most this many regressed samples, 1 to 10000; other lists show 100 at most [default: 100]
    #[arg(long, value_name = "N", value_parser = number(values::top), allow_negative_numbers = true)]
    top: Option<u64>,
    /// Keep this column's values out of every file; repeat for several, evaldiff.toml's are hidden as well
    #[arg(long, value_name = "COL", value_parser = values::name)]
    hide: Vec<String>,
    /// Keep inputs and outputs out of every file
    #[arg(long)]
    no_payload: bool,
    /// Look for the files that samples name in this folder, and in none beside it [default: the folder of evaldiff.toml, else
    /// the working folder]
    #[arg(long, value_name = "DIR")]
    media_root: Option<PathBuf>,
    #[command(flatten)]
    theme: ThemeArgs,
}

/// How pages look.
#[derive(Debug, Args)]
pub(super) struct ThemeArgs {
    /// Take templates and styles from this folder where it has them, instead of the built-in ones
    #[arg(long, value_name = "DIR", help_heading = "Report")]
    theme: Option<PathBuf>,
}

impl ThemeArgs {
    /// Hands the flag over.
    pub(super) fn fill(self, overrides: &mut Overrides) {
        overrides.theme = self.theme;
    }
}

/// When a difference counts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Statistics")]
pub(super) struct TestArgs {
    /// Test at this significance level, above 0 and at most 0.5 [default: 0.05]
    #[arg(long, value_name = "RATE", value_parser = number(values::alpha), allow_negative_numbers = true)]
    alpha: Option<f64>,
    /// Call a change real only above this: of accuracy a rate [default: 0.01 for slices, 0 for the headline], of a score or
    /// an absolute error in its own unit [default: 0]
    #[arg(long, value_name = "X", value_parser = number(values::min_effect), allow_negative_numbers = true)]
    min_effect: Option<f64>,
    /// Let a score or an absolute error differ by this much before a sample counts as changed [default: 0]
    #[arg(long, value_name = "X", value_parser = number(values::tolerance), allow_negative_numbers = true)]
    tolerance: Option<f64>,
    /// Unify spellings of labels: a CSV file of spelling and label, or a JSON object
    #[arg(long, value_name = "FILE")]
    label_map: Option<PathBuf>,
    /// Fail unless a loss of accuracy of this absolute rate or more (or of the error or the first score, in its own unit) can
    /// be excluded: exit code 1 if it got worse, 3 if the samples are too few to tell
    #[arg(long, value_name = "X", value_parser = number(values::margin), allow_negative_numbers = true)]
    margin: Option<f64>,
    /// Search this column for slices, instead of all that qualify; repeat for several
    #[arg(long = "search-column", value_name = "COL", value_parser = values::name, conflicts_with = "no_search")]
    search_columns: Vec<String>,
    /// Do not search for slices beyond the declared ones
    #[arg(long)]
    no_search: bool,
}

/// How the engine works; never changes a byte of a report.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub(super) struct EngineArgs {
    /// Bound the engine's memory, such as 256MB or 1GiB; beyond it, spill to disk [default: unbounded]
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    memory_limit: Option<u64>,
    /// Use this many threads and partitions [default: all cores]
    #[arg(long, value_name = "N", value_parser = number(values::threads), hide = true, allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Join runs this way
    #[arg(long, value_name = "HOW", value_enum, default_value_t, hide = true)]
    join: JoinStrategy,
}

impl TableArgs {
    /// Hands the flags over.
    pub(super) fn fill(self, overrides: &mut Overrides) {
        overrides.table = self.table;
    }
}

impl ColumnArgs {
    /// Hands the flags over; a name given twice counts once.
    pub(super) fn fill(self, overrides: &mut Overrides) {
        overrides.columns = ColumnChoice {
            key: distinct(self.key),
            truth: self.truth,
            prediction: self.prediction,
            confidence: self.confidence,
            status: self.status,
            error: self.error,
            latency: self.latency,
            cost: self.cost,
            slices: distinct(self.slices),
            show: distinct(self.show),
            media: distinct(self.media),
            kind: self.kind,
            scores: distinct(self.scores),
            positive: self.positive,
            positive_label: self.positive_label,
            repeat: self.repeat,
            cluster: self.cluster,
        };
    }
}

impl ReportArgs {
    /// Hands the flags over.
    pub(super) fn fill(self, overrides: &mut Overrides) {
        overrides.out = self.out;
        overrides.top = self.top;
        overrides.hide = distinct(self.hide);
        overrides.no_payload = self.no_payload;
        overrides.media_root = self.media_root;
        self.theme.fill(overrides);
    }
}

impl TestArgs {
    /// Hands the flags over.
    pub(super) fn fill(self, overrides: &mut Overrides) {
        overrides.alpha = self.alpha;
        overrides.min_effect = self.min_effect;
        overrides.tolerance = self.tolerance;
        overrides.label_map = self.label_map;
        overrides.margin = self.margin;
        overrides.search_columns = distinct(self.search_columns);
        overrides.no_search = self.no_search;
    }
}

impl EngineArgs {
    /// Hands the flags over.
    pub(super) fn fill(self, overrides: &mut Overrides) {
        overrides.memory_limit = self.memory_limit;
        overrides.threads = self.threads;
        overrides.join = self.join;
    }
}

/// A list without repetitions, in order of first appearance.
pub(super) fn distinct<T: PartialEq>(names: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(names.len());
    for name in names {
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}
