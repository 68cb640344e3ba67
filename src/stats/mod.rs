//! Statistics of a comparison: metrics, tests, intervals and verdicts, all computed from the counts of one pass.
//!
//! Pure: imports `model` and nothing else of this crate, reads no clock, no disk and no environment, and never panics.
//! Transcendental functions come from the `libm` crate, so that the same counts give the same bytes on every platform.
//!
//! ```text
//! Counts ─► summarise ─┬─ metrics ◄─ classification, flips, calibration
//!                      ├─ slices  ◄─ mcnemar ─► multiplicity (q-values)
//!                      └─ verdict ◄─ mcnemar, power; intervals beside every estimate
//! Counts ─► label_changes ─ accuracy under the old ground truth and under the new one
//! Counts ─► resample   ─── intervals without a closed form ◄─ bootstrap, calibration_bootstrap ◄─ seed of the snapshots
//! codes and change (flips, or losses) ─► search ─► slices where it got worse
//! ```
//!
//! Probabilities of a positive class join the metrics of a classification: `summarise_ranking ◄─ ranking`. Answers that are
//! measured rather than right or wrong:
//!
//! ```text
//! MeasuredCounts ─► summarise_measured ◄─ scores, numeric ◄─ means (Student), moments (bootstrap) ◄─ exact sums
//! ```
//!
//! Trials of a sample are reduced before runs are joined (`repeats`). Where samples belong to clusters, `clustered` (headline
//! and slices) and `by_cluster` (all other metrics) put what the clusters say in the place of what single samples would.
//!
//! Sign convention: new minus old. Every constant that a page quotes is public here; pages print the constant, never a
//! copy of it.

mod agreement;
mod binary;
mod bootstrap;
mod by_cluster;
mod calibration;
mod calibration_bootstrap;
mod classification;
mod clustered;
mod clusters;
mod confusion;
mod curve;
mod discovery;
mod error_bins;
mod exact;
mod flips;
mod influence;
mod intervals;
mod label_changes;
mod margin;
mod mcnemar;
mod means;
mod measured;
mod metrics;
mod moments;
mod multiplicity;
mod numeric;
mod octaves;
mod percentile;
mod power;
#[cfg(test)]
mod properties;
mod random;
mod ranking;
pub mod repeats;
mod resample;
mod resampler;
mod residuals;
mod scores;
pub mod search;
mod shifts;
mod slices;
mod sparse_counts;
mod special;
mod student;
mod summary;
mod verdict;
mod ziggurat;

pub use binary::{BinarySample, summarise_ranking};
pub use bootstrap::{
    CountIntervals, FEWER_REPLICATES, MAX_CELLS, bootstrap_counts, bootstrap_counts_times, percentile_counts,
};
pub use by_cluster::{
    ClusterEvidence, ClusterMetric, ConfidenceClusters, CountClusters, NumericClusters, accuracy_by_cluster,
    cluster_limit, judge_by_clusters, ranked_by_cluster,
};
pub use calibration::{brier_interval, calibration};
pub use calibration_bootstrap::{bootstrap_ece, bootstrap_ece_times};

pub use classification::{MAX_NOTED_LABELS, classes};
pub use clustered::{ClusterCounts, FEW_CLUSTERS, LARGE_CLUSTER, allow_for_clusters, relabel_by_clusters};
pub use clusters::{ClusterSums, ClusterTest, cluster_sum, clustered_mcnemar};
pub use confusion::{MAX_CONFUSION_LABELS, confusion};
pub use discovery::{Sense, SliceSums, discovered, search_levels};
pub use exact::ExactSum;
pub use intervals::{tango, wilson};
pub use label_changes::label_changes;
pub use margin::gate;
pub use mcnemar::{mcnemar_exact, mcnemar_midp};
pub use means::{MeanSums, MeanTest, Spread, detectable_mean};
pub use measured::{
    MeasuredCounts, MeasuredSlice, Measures, SCORE_PREFIX, measured_slice_detail, note_few_changed, summarise_measured,
};
pub use metrics::MetricKind;
pub use moments::Moments;
pub use multiplicity::benjamini_hochberg;
pub use numeric::{NumericSummary, NumericSums, errors};
pub use percentile::REPLICATES;
pub use power::{POWER, detectable_effect};
pub use random::{Random, Seed};
pub use ranking::{Ranked, Ranking, RankingDifference, ranking};
pub use repeats::{FlakeRate, majority, mean_pass_at_k, pass_at_k};
pub use resample::{is_of_counts, resample, resampled_measures};
pub use scores::{Play, ScoreSummary, ScoreSums, most_within, paired, play};
pub use shifts::ShiftBins;
pub use slices::{MIN_SLICE_SIZE, slice_detail};
pub use special::{normal_cdf, normal_quantile};
pub use student::{student_quantile, student_two_sided};
pub use summary::{Summary, summarise};
pub use verdict::{Evidence, too_few, verdict};

/// `part / whole`; `None` where the whole is empty.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// `(plus - minus) / whole`, with the subtraction done in integers; `None` where the whole is empty.
fn signed_ratio(plus: u64, minus: u64, whole: u64) -> Option<f64> {
    let magnitude = ratio(plus.abs_diff(minus), whole)?;
    Some(if plus < minus { -magnitude } else { magnitude })
}
