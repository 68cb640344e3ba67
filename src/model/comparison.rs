//! The comparison document, `data/comparison.json`: every number that a report shows.

use super::cost::Costs;
use super::discovered::Discovered;
use super::distribution::{Residuals, RightTrials, Shifts};
use super::options::{ColumnRoles, CompareOptions};
use super::outcome::{Accounting, Outcomes};
use super::run::PinnedRun;
use super::slice::SliceResult;
use super::verdict::{Direction, NonInferiority, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the comparison document. Its JSON Schema is `docs/comparison-1.schema.json`.
pub const COMPARISON_SCHEMA: &str = "evaldiff.comparison/1";

/// One side of a comparison.
pub type Side = PinnedRun;

/// Two runs compared: a pure function of two pinned snapshots, the options and the tool version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`COMPARISON_SCHEMA`].
    pub schema: String,
    /// Version of evaldiff that computed it.
    pub tool_version: String,
    /// `namespace.table`.
    pub table: String,
    /// First 8 hex digits of the digest over everything besides the snapshots that can change a byte.
    pub config_digest: String,
    /// The old version.
    pub baseline: Side,
    /// The new version.
    pub candidate: Side,
    /// Which column played which part.
    pub roles: ColumnRoles,
    /// What was asked.
    pub options: CompareOptions,
    /// The answer for the headline metric: accuracy, the absolute error or the first score.
    pub verdict: Verdict,
    /// Smallest absolute delta of the headline metric found with 80% power; null where nothing changed.
    pub detectable: Option<f64>,
    /// Whether a loss of the margin that was asked for can be excluded; absent where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_inferiority: Option<NonInferiority>,
    /// Keys by class.
    pub accounting: Accounting,
    /// Matched samples by outcome.
    pub outcomes: Outcomes,
    /// The answer with the samples whose ground truth changed, under both truths; absent where none changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_changes: Option<LabelChanges>,
    /// Metrics in a fixed order.
    pub metrics: Vec<Metric>,
    /// How intervals without a closed form were made; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resampling: Option<Resampling>,
    /// Per-class scores, in label order.
    pub classes: Vec<ClassRow>,
    /// Both confusion matrices.
    pub confusion: Confusion,
    /// Calibration by confidence bin; null without confidence.
    pub calibration: Option<Calibration>,
    /// How the samples changed by each score, or by their absolute errors; absent where answers are right or wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreResult>,
    /// Samples by the size of their absolute errors; absent where targets are not numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<ErrorDistribution>,
    /// Residuals by ground truth; absent where targets are not numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residuals: Option<Residuals>,
    /// Samples by how much better or worse they got; absent where answers are right or wrong, and where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shifts: Option<Shifts>,
    /// What the ranking by probability stands on; absent without probabilities of a positive class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<RankingResult>,
    /// What several trials per sample show; absent without trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// The clusters that samples belong to; absent without a column that tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// How long answers took; absent where no run has latencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latencies>,
    /// What answers cost; absent where no run says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Costs>,
    /// Slices, most harm first.
    pub slices: Vec<SliceResult>,
    /// How many slices were tested together (the Benjamini-Hochberg family).
    pub slices_tested: u64,
    /// What a search for slices found; null where there was none.
    #[serde(default)]
    pub discovered: Option<Discovered>,
    /// What a reader must know before trusting a number: counted, never silently mixed in.
    pub warnings: Vec<Warning>,
}

impl Comparison {
    /// Pieces of evidence for a change: flips, or where samples belong to clusters those that lean either way.
    pub fn flips(&self) -> u64 {
        self.clusters
            .map_or_else(|| self.outcomes.flips(), |clusters| clusters.leaning)
    }
}

/// What samples whose ground truth differs between the runs do to the answer. They are part of no metric elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelChanges {
    /// Samples that both versions answered and whose ground truth differs.
    pub relabelled: u64,
    /// Of these, samples whose flip is a matter of the label: a flip under one ground truth, and none or the opposite
    /// one under the other.
    pub corrections: u64,
    /// Under the baseline's ground truth.
    pub old_truth: UnderTruth,
    /// Under the candidate's.
    pub new_truth: UnderTruth,
}

/// Accuracy over the matched and the relabelled samples, these under one of their two ground truths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnderTruth {
    /// Matched and relabelled samples.
    pub n: u64,
    /// Relabelled samples that regressed.
    pub relabelled_regressed: u64,
    /// Relabelled samples that were fixed.
    pub relabelled_fixed: u64,
    /// Accuracy over all `n`, with Tango's interval, McNemar's mid-p and the verdict.
    pub accuracy: Metric,
}

/// Matched samples by how often they were tried and how often that went right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialCounts {
    /// Samples by (answered trials, right ones).
    pub samples: BTreeMap<(u64, u64), u64>,
    /// Whether right and wrong cannot be told apart.
    pub ungraded: bool,
}

impl TrialCounts {
    /// Takes in the samples of another part.
    pub fn merge(&mut self, other: &TrialCounts) {
        self.ungraded |= other.ungraded;
        for (trials, n) in &other.samples {
            *self.samples.entry(*trials).or_default() += n;
        }
    }
}

/// What several trials per sample show, of both versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// Of the baseline.
    pub baseline: Trials,
    /// Of the candidate.
    pub candidate: Trials,
    /// Samples by how many of their trials were right; absent where right and wrong cannot be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<RightTrials>,
}

/// The trials of one version, over the matched samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trials {
    /// Answered trials of all samples.
    pub trials: u64,
    /// Samples with at least two.
    pub repeated: u64,
    /// Of these, samples with a right and a wrong trial; null where right and wrong cannot be told apart.
    pub flaky: Option<u64>,
    /// Share of the repeated samples that are flaky.
    pub flake_rate: Option<f64>,
    /// Chance that at least one of k trials is right, for k = 1 and for the most trials of a sample.
    pub pass_at: Vec<PassAt>,
}

/// pass@k of one version: Chen et al. (2021).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassAt {
    /// Trials.
    pub k: u64,
    /// Mean over the samples with at least k trials.
    pub value: Option<f64>,
    /// Samples with fewer.
    pub left_out: u64,
}

/// Clusters of matched samples: what metrics and slices are judged by where there are some.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clusters {
    /// Distinct values of the cluster column; a sample without one is a cluster of its own.
    pub n: u64,
    /// Samples of the largest one.
    pub largest: u64,
    /// Clusters in which the differences of their samples do not cancel out.
    pub leaning: u64,
    /// Interval of the candidate's accuracy by itself; absent where it is not sure to hold, or answers are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_accuracy: Option<[f64; 2]>,
}

/// One metric of both versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// `accuracy`, `macro_f1`, …
    pub name: String,
    /// Which way is better.
    pub direction: Direction,
    /// The baseline's value; null for paired metrics and undefined values.
    pub baseline: Option<f64>,
    /// The candidate's value, or the paired metric's.
    pub candidate: Option<f64>,
    /// Candidate minus baseline; null for paired metrics.
    pub delta: Option<f64>,
    /// Lower end of the interval: of the delta, or of the value for paired rates.
    pub ci_low: Option<f64>,
    /// Upper end of that interval.
    pub ci_high: Option<f64>,
    /// Null for metrics without a test.
    pub p_value: Option<f64>,
    /// Null for metrics without a test.
    pub verdict: Option<Verdict>,
    /// What limits the number, in words: undefined kappa, labels with a zero denominator, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The paired bootstrap behind intervals that have no closed form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resampling {
    /// Where its random numbers begin, in hex: made from the ids of both snapshots, whatever their order.
    pub seed: String,
    /// Resamples.
    pub replicates: u64,
}

/// Scores of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// The label.
    pub label: String,
    /// Matched samples with this ground truth.
    pub support: u64,
    /// Scores of the baseline.
    pub baseline: ClassScores,
    /// Scores of the candidate.
    pub candidate: ClassScores,
}

/// Precision, recall and F1 as scikit-learn gives them with `zero_division=0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// TP / (TP + FP).
    pub precision: f64,
    /// TP / (TP + FN).
    pub recall: f64,
    /// 2 TP / (2 TP + FP + FN).
    pub f1: f64,
}

/// Confusion matrices of both versions: rows are ground truth, columns predictions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Labels of rows and columns.
    pub labels: Vec<String>,
    /// `baseline[truth][prediction]`.
    pub baseline: Vec<Vec<u64>>,
    /// `candidate[truth][prediction]`.
    pub candidate: Vec<Vec<u64>>,
}

/// Calibration of both versions over the samples with a valid confidence on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Samples counted.
    pub n: u64,
    /// Matched samples left out.
    pub excluded: u64,
    /// Bins of the baseline.
    pub baseline: Vec<CalibrationBin>,
    /// Bins of the candidate.
    pub candidate: Vec<CalibrationBin>,
    /// Largest bin gap (MCE): baseline, candidate.
    pub mce: [Option<f64>; 2],
    /// Confidence in the answers to the samples that flipped; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flips: Option<FlipConfidence>,
}

/// Samples that flipped, by the bin of either version's confidence in its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlipConfidence {
    /// Right, now wrong.
    pub regressed: BinCounts,
    /// Wrong, now right.
    pub fixed: BinCounts,
}

/// Samples by confidence bin, in rising order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinCounts {
    /// By the confidence of the baseline.
    pub baseline: Vec<u64>,
    /// By the confidence of the candidate.
    pub candidate: Vec<u64>,
}

/// One confidence bin (low, high]; the first is closed at 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Samples.
    pub n: u64,
    /// Share of correct answers; null for an empty bin.
    pub accuracy: Option<f64>,
    /// Mean confidence; null for an empty bin.
    pub confidence: Option<f64>,
}

/// How the samples changed by one score, or by their absolute errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreResult {
    /// The metric with the means.
    pub metric: String,
    /// Samples with a value on both sides.
    pub n: u64,
    /// Matched samples left out: a value missing or not finite on a side.
    pub excluded: u64,
    /// Samples in which the candidate is better by more than the tolerance.
    pub wins: u64,
    /// Samples within the tolerance.
    pub ties: u64,
    /// Samples in which it is worse by more than the tolerance.
    pub losses: u64,
    /// Smallest difference of the means found with 80% power; null where nothing differs.
    pub detectable: Option<f64>,
}

/// Samples by the size of their absolute errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorDistribution {
    /// In rising order: samples without an error, small errors, then powers of two.
    pub bins: Vec<ErrorBin>,
}

/// Samples whose absolute error is in (low, high]; of the first bin, whose edges are 0, those without an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBin {
    /// Lower edge, in the unit of the target.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Samples of the baseline.
    pub baseline: u64,
    /// Samples of the candidate.
    pub candidate: u64,
}

/// What ROC AUC and average precision stand on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankingResult {
    /// The positive label: of two, the one that sorts last.
    pub positive: String,
    /// Samples with this ground truth.
    pub positives: u64,
    /// Samples with the other one.
    pub negatives: u64,
    /// Matched samples left out: a probability missing or not finite on a side.
    pub excluded: u64,
    /// Where the baseline's answers turn positive.
    pub baseline: Threshold,
    /// Where the candidate's do.
    pub candidate: Threshold,
    /// The baseline's operating points, from the highest threshold to the lowest: about a hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baseline_points: Vec<OperatingPoint>,
    /// The candidate's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidate_points: Vec<OperatingPoint>,
}

/// What answering "positive" from a threshold on would give: a point of the ROC and of the precision-recall curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The lowest probability that is answered "positive".
    pub threshold: f64,
    /// Positive samples at or above it.
    pub true_positives: u64,
    /// Negative samples at or above it.
    pub false_positives: u64,
}

/// Where answers turn positive: a threshold, if the highest negative is below the lowest positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Highest probability of an answer that is negative; null without one.
    pub highest_negative: Option<f64>,
    /// Lowest probability of an answer that is positive; null without one.
    pub lowest_positive: Option<f64>,
}

/// How long the answers of both versions took; comparable only where requests carried as many samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// Of the baseline; null where its run has none.
    pub baseline: Option<Latency>,
    /// Of the candidate.
    pub candidate: Option<Latency>,
}

/// Percentiles of the wall time, in milliseconds, of the requests that answered a run's samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Samples with a latency.
    pub n: u64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Median of the samples that a request carried; null where the table does not say.
    pub batch_size: Option<u64>,
}

/// Something that a reader must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable name: `golden_differs`, `label_changed`, `folded_labels`, …
    pub code: String,
    /// One sentence.
    pub text: String,
}
