//! What an import was asked to do, and what it found.

use std::path::PathBuf;

use crate::model::{Kind, ScoreRole};
use arrow::datatypes::DataType;

/// How the files are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputFormat {
    /// By magic bytes, then by what the tools' logs begin with, then by file extension and first character.
    #[default]
    Auto,
    /// Comma separated values; tabs for `.tsv`.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// The samples of lm-evaluation-harness.
    LmEval,
    /// A log of Inspect, as JSON or as an archive.
    Inspect,
    /// The results of promptfoo, as JSON or as JSONL.
    Promptfoo,
    /// A table of evaluation results of MLflow.
    Mlflow,
    /// The details of lighteval.
    Lighteval,
}

/// A request to read predictions, and perhaps the golden dataset that they answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportSpec {
    /// Prediction files; together they are one run.
    pub files: Vec<PathBuf>,
    /// Encoding of the prediction files; the golden file is always detected.
    pub format: InputFormat,
    /// Columns that together identify a sample; guessed when empty.
    pub id: Vec<String>,
    /// Ground truth column; guessed when absent.
    pub truth: Option<String>,
    /// Prediction column; guessed when absent.
    pub prediction: Option<String>,
    /// Confidence column; guessed, and may be missing.
    pub confidence: Option<String>,
    /// Slice columns; guessed when empty.
    pub slices: Vec<String>,
    /// Payload columns besides the usual input columns.
    pub show: Vec<String>,
    /// Columns of images and sounds, whose bytes the table takes.
    pub media: Vec<String>,
    /// Golden dataset, joined by key.
    pub golden: Option<PathBuf>,
    /// The golden dataset's key columns, where they have other names than those of the predictions.
    pub golden_id: Vec<String>,
    /// Status column; guessed, and may be missing.
    pub status: Option<String>,
    /// Error text column; guessed, and may be missing.
    pub error: Option<String>,
    /// Latency column in milliseconds; guessed, and may be missing.
    pub latency: Option<String>,
    /// Kind of evaluation; told by the columns when absent.
    pub kind: Option<Kind>,
    /// Columns of scores, the headline first; with any the answers are scored texts.
    pub scores: Vec<ScoreRole>,
    /// Column with the probability of the positive class.
    pub positive: Option<String>,
    /// The positive label, where it is not the one that sorts last.
    pub positive_label: Option<String>,
    /// Column with what an answer cost.
    pub cost: Option<String>,
    /// Column with the number of the trial.
    pub repeat: Option<String>,
    /// Column that samples belonging together have in common.
    pub cluster: Option<String>,
}

/// A column that the table already has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownColumn {
    /// Name in the table.
    pub name: String,
    /// Arrow type of the table's column.
    pub data_type: DataType,
}

/// What the first pass counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputCounts {
    /// Rows of all prediction files.
    pub rows: u64,
    /// Rows with status `error`.
    pub errored: u64,
    /// Rows with status `skipped`.
    pub skipped: u64,
    /// Rows without a prediction although their status is `ok` or absent.
    pub no_prediction: u64,
    /// Rows without ground truth (allowed only with status `error` or `skipped`).
    pub no_truth: u64,
    /// Rows without confidence, blank or NaN; 0 where there is no confidence column.
    pub null_confidence: u64,
    /// Those of `null_confidence` that held NaN.
    pub nan_confidence: u64,
    /// Samples of the golden dataset; 0 without one.
    pub golden_samples: u64,
    /// Golden samples that no prediction answers.
    pub golden_without_prediction: u64,
    /// Rows whose own ground truth differs from the golden dataset's, which wins.
    pub truth_differs: u64,
}
