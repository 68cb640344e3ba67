//! The single-version report document, `data/report-data.json`.

use super::comparison::{Calibration, ClassScores, Latency, Metric, Warning};
use super::cost::Cost;
use super::options::{ColumnRoles, CompareOptions};
use super::run::PinnedRun;
use super::slice::Predicate;
use serde::{Deserialize, Serialize};

/// Version of the report document.
pub const REPORT_SCHEMA: &str = "evaldiff.report/1";

/// One run on its own, computed on all of its scored samples. Field names are camelCase, as dashboards expect them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// Version of evaldiff that computed it.
    pub tool_version: String,
    /// `namespace.table`.
    pub table: String,
    /// Digest of everything besides the snapshot that can change a byte.
    pub config_digest: String,
    /// Version of the model.
    pub model_version: String,
    /// When the run was committed, RFC 3339.
    pub evaluation_timestamp: String,
    /// Id of the snapshot, a string.
    pub snapshot_id: String,
    /// Id of the run.
    pub run_id: String,
    /// Rows of the run.
    pub total_samples: u64,
    /// Rows that the metrics stand on.
    pub scored_samples: u64,
    /// Rows with status `error` or without a prediction.
    pub errored: u64,
    /// Rows skipped.
    pub skipped: u64,
    /// Rows without ground truth.
    pub unlabelled: u64,
    /// Distinct keys that stand more than once.
    pub duplicate: u64,
    /// Share of scored samples answered correctly; null without any.
    pub overall_accuracy: Option<f64>,
    /// Wilson interval of the accuracy, level 1 - alpha; by clusters where there are some.
    pub accuracy_interval: [Option<f64>; 2],
    /// Metrics in a fixed order; only `candidate` is filled.
    pub metrics: Vec<Metric>,
    /// Per-class scores.
    pub per_class: Vec<RunClass>,
    /// Confusion matrix.
    pub confusion_matrix: RunConfusion,
    /// Calibration by bin; both sides alike.
    pub calibration: Option<Calibration>,
    /// How long answers took; absent where the run has no latencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// What answers cost; absent where the run does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Slices, worst first: lowest accuracy, highest error.
    pub slices: Vec<RunSlice>,
    /// Where the numbers come from.
    pub run: PinnedRun,
    /// Which column played which part.
    pub roles: ColumnRoles,
    /// What was asked.
    pub options: CompareOptions,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

/// Scores of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunClass {
    /// The label.
    pub label: String,
    /// Scored samples with this ground truth.
    pub support: u64,
    /// Its scores.
    #[serde(flatten)]
    pub scores: ClassScores,
}

/// Confusion matrix: rows are ground truth, columns predictions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunConfusion {
    /// Labels of rows and columns.
    pub labels: Vec<String>,
    /// `counts[truth][prediction]`.
    pub counts: Vec<Vec<u64>>,
}

/// Accuracy in one slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSlice {
    /// What defines the slice.
    pub predicates: Vec<Predicate>,
    /// Scored samples.
    pub n: u64,
    /// Share answered correctly; null where answers are measured.
    pub accuracy: Option<f64>,
    /// Mean of what answers are measured by: the absolute error, or the first score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Wilson interval, lower end.
    pub ci_low: Option<f64>,
    /// Wilson interval, upper end.
    pub ci_high: Option<f64>,
}
