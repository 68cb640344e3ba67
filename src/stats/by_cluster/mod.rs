//! Metrics beside the headline where samples belong to clusters: their intervals, tests and verdicts.
//!
//! ```text
//! samples, cluster by cluster ─► counts (influences of cells), confidence, numeric, scores ─► ClusterMetric
//! ```
//!
//! A metric is a function of sums over samples. What a sample adds to its difference, its influence, is summed over each
//! cluster; the squares of these sums are the cluster-robust ("sandwich") variance, to which Student's quantile belongs, as
//! the headline has it. Nothing is drawn but for the calibration error, whose estimate has a bias to allow for.

mod confidence;
mod counts;
mod numeric;
mod ranked;

pub use confidence::ConfidenceClusters;
pub use counts::CountClusters;
pub use numeric::NumericClusters;
pub use ranked::ranked_by_cluster;

use super::clustered::{ClusterCounts, FEW_CLUSTERS, Judged, LARGE_CLUSTER, LARGER_THAN_MEAN, Of, wanting};
use super::clusters::{ClusterSums, FEW_LEANING, MANY_LEANING};
use super::intervals::{has_width, has_width_in_one};
use super::means::{detectable_mean, student_interval, student_test};
use super::metrics::MetricKind;
use super::percentile::REPLICATES;
use super::random::Seed;
use super::resample::{add_note, is_of_counts, record};
use super::summary::Summary;
use super::verdict::{Evidence, confirmed, verdict};
use crate::model::comparison::Resampling;
use crate::model::{CalibrationSums, CompareOptions, Metric};

/// Clusters alike that have to make up most of a change, and the share of those that lean, for it to be called spread.
pub(super) const FEW_CARRYING: f64 = 10.0;
const FEW_CARRYING_OF: f64 = 5.0;

/// What the clusters of matched samples say of the metrics beside the headline.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClusterEvidence {
    /// Nothing.
    #[default]
    None,
    /// Answers that are right or wrong.
    Labels {
        /// Metrics of counts.
        counts: Box<CountClusters>,
        /// Those on confidence, where there is some.
        confidence: Option<Box<ConfidenceClusters>>,
    },
    /// Numbers against true numbers.
    Numeric(Box<NumericClusters>),
    /// Texts.
    Text {
        /// Differences of each score after the first, by the name of its metric.
        scores: Vec<(String, ClusterSums)>,
        /// Of the outputs that equal the reference: fixed less regressed.
        exact: Option<Box<ClusterSums>>,
    },
}

/// What clusters say of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterMetric {
    /// The metric's name.
    pub name: String,
    /// Clusters that it stands on.
    pub clusters: u64,
    /// Those that lean either way.
    pub leaning: u64,
    /// Interval of the difference, or of the rate of a pair.
    pub interval: Option<(f64, f64)>,
    /// Two-sided test of the difference, where there is one.
    pub p_value: Option<f64>,
    /// Smallest difference found with 80% power.
    pub detectable: Option<f64>,
}

impl ClusterMetric {
    fn new(name: &str, clusters: u64, leaning: u64) -> ClusterMetric {
        ClusterMetric {
            name: name.to_owned(),
            clusters,
            leaning,
            interval: None,
            p_value: None,
            detectable: None,
        }
    }

    /// With Student's interval and test of a difference; the interval ends at what the difference can be at most.
    fn with_error(self, difference: f64, error: Option<f64>, most: f64, alpha: f64) -> ClusterMetric {
        let freedom = self.clusters as f64 - 1.0;
        let error = error.filter(|_| freedom > 0.0);
        let interval = error.and_then(|error| student_interval(difference, error, freedom, alpha));
        let interval = interval.filter(if most.is_finite() { has_width_in_one } else { has_width });
        ClusterMetric {
            interval: interval.map(|(low, high)| (low.max(-most), high.min(most))),
            // Of a change without spread the test would be sure.
            p_value: error
                .filter(|error| *error > 0.0 || difference.abs() <= 0.0)
                .map(|error| student_test(difference, error, freedom)),
            detectable: error.and_then(|error| detectable_mean(error, alpha)),
            ..self
        }
    }

    /// Of a mean difference.
    fn of_mean(name: &str, sums: &ClusterSums, alpha: f64) -> ClusterMetric {
        ClusterMetric::judged(name, sums, Of::Mean, alpha)
    }

    /// Of a mean difference, or of one of rates.
    fn judged(name: &str, sums: &ClusterSums, of: Of, alpha: f64) -> ClusterMetric {
        let found = Judged::of(sums, of, alpha);
        ClusterMetric {
            interval: found.interval,
            p_value: found.p_value,
            detectable: found.detectable,
            ..ClusterMetric::new(name, sums.clusters(), sums.leaning())
        }
    }
}

/// Sums of influences over clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct InfluenceSums {
    clusters: u64,
    squares: f64,
}

impl InfluenceSums {
    /// Adds a cluster by the influences of its samples.
    fn add(&mut self, sum: f64) {
        self.clusters += 1;
        self.squares += sum * sum;
    }

    /// Cluster-robust standard error; `None` for one cluster.
    fn error(&self) -> Option<f64> {
        let clusters = self.clusters as f64;
        (self.clusters > 1).then(|| libm::sqrt(self.squares * clusters / (clusters - 1.0)))
    }
}

impl ClusterEvidence {
    fn metrics(&self, of: &[Metric], sums: Option<&CalibrationSums>, alpha: f64, seed: Seed) -> Vec<ClusterMetric> {
        let difference = |name: &str| of.iter().find(|metric| metric.name == name)?.delta;
        match self {
            ClusterEvidence::None => Vec::new(),
            ClusterEvidence::Labels { counts, confidence } => {
                let mut metrics = counts.metrics(difference, alpha);
                if let Some((confidence, sums)) = confidence.as_ref().zip(sums) {
                    metrics.extend(confidence.metrics(sums, alpha, seed));
                }
                metrics
            }
            ClusterEvidence::Numeric(sums) => sums.metrics(alpha),
            ClusterEvidence::Text { scores, exact } => {
                let means = scores
                    .iter()
                    .map(|(name, sums)| ClusterMetric::of_mean(name, sums, alpha));
                let name = MetricKind::ExactMatch.name();
                let single = of.iter().find(|metric| metric.name == name);
                let single = single.and_then(|metric| metric.ci_low.zip(metric.ci_high));
                let exact = exact
                    .iter()
                    .map(|sums| ClusterMetric::judged(name, sums, Of::Rate(single), alpha));
                means.chain(exact).collect()
            }
        }
    }
}

/// Gives every metric but the headline the interval of its clusters, in the place of one that takes each sample for
/// itself, and where it is tested their p value and the verdict on them; says of all of them where clusters are few. What
/// is not among the evidence comes as `ranked`. Says how intervals were drawn; `None` where none was.
pub fn judge_by_clusters(
    summary: &mut Summary,
    clusters: &ClusterCounts,
    ranked: Vec<ClusterMetric>,
    calibration: Option<&CalibrationSums>,
    options: &CompareOptions,
    seed: Seed,
) -> Option<Resampling> {
    let mut found = clusters
        .evidence
        .metrics(&summary.metrics, calibration, options.alpha, seed);
    found.extend(ranked);
    if let Some(headline) = summary.metrics.first_mut() {
        note_limit(headline, clusters.whole.clusters(), clusters);
        note_rare(headline, &clusters.whole);
        note_unseen(headline, &clusters.whole);
    }
    for metric in summary.metrics.iter_mut().skip(1) {
        let own = found.iter().find(|own| own.name == metric.name);
        let limit = own.and_then(|own| limit(own.clusters, clusters));
        judge(metric, own, limit.as_deref(), options);
        let score = summary
            .scores
            .iter_mut()
            .skip(1)
            .find(|score| score.metric == metric.name);
        if let Some(score) = score {
            score.detectable = own.filter(|_| limit.is_none()).and_then(|own| own.detectable);
        }
    }
    let drawn = |metric: &Metric| metric.name == MetricKind::Ece.name() && metric.ci_low.is_some();
    let any = summary.metrics.iter().any(drawn);
    any.then(|| record(seed, REPLICATES))
}

/// Says beside what is tested by clusters if these are few, or one of them large.
pub(super) fn note_limit(metric: &mut Metric, clusters: u64, counts: &ClusterCounts) {
    if let Some(limit) = limit(clusters, counts).filter(|_| metric.ci_low.is_some()) {
        add_note(metric, &format!("interval and test are sure to hold {limit}"));
    }
}

/// Says beside it if the interval allows for more than was seen.
fn note_unseen(metric: &mut Metric, sums: &ClusterSums) {
    let leaning = sums.leaning();
    if metric.ci_low.is_some() && (leaning as f64) < MANY_LEANING && sums.few_lean() {
        add_note(
            metric,
            &format!("{leaning} clusters lean, so that the interval allows for others that would change as wholes"),
        );
    }
}

/// What is said where few of so many units change by most: they vary as `carrying` alike would.
pub(super) fn few_change_most(units: &str, of: f64, carrying: f64) -> String {
    format!(
        "of {of} {units} a few change most (they vary as {carrying:.1} alike would): interval and test are sure to hold only where such large \
         changes are no rarer than here"
    )
}

/// Says beside it if far fewer clusters than lean make up what it varies by: others that would have changed as much, and happen not to be
/// there, are not allowed for.
fn note_rare(metric: &mut Metric, sums: &ClusterSums) {
    let (leaning, carrying) = (sums.leaning() as f64, sums.carrying());
    if metric.ci_low.is_some() && carrying < FEW_CARRYING && carrying < leaning / FEW_CARRYING_OF {
        add_note(metric, &few_change_most("clusters that lean", leaning, carrying));
    }
}

/// Interval of the candidate's own accuracy, level `1 - alpha`: as of the rates of the pair. `None` where it is not sure to hold, or
/// answers are measured.
pub fn accuracy_by_cluster(counts: &ClusterCounts, alpha: f64) -> Option<(f64, f64)> {
    match cluster_limit(counts) {
        Some(_) => None,
        None => counts::rate_interval(&counts.right, alpha),
    }
}

/// From where on an interval over all clusters is sure to hold, if it is not over these; `None` where it is.
pub fn cluster_limit(counts: &ClusterCounts) -> Option<String> {
    limit(counts.whole.clusters(), counts)
}

/// Why an interval by so many clusters is not sure to hold; `None` where it is.
fn limit(clusters: u64, counts: &ClusterCounts) -> Option<String> {
    if clusters < FEW_CLUSTERS {
        return Some(format!("from {FEW_CLUSTERS} clusters on; there are {clusters}"));
    }
    if let Some(least) = wanting(&counts.whole) {
        let effective = counts.whole.effective();
        return Some(format!(
            "where clusters weigh as much as {least} of one size; these {clusters} weigh as much as {effective:.1}"
        ));
    }
    let (largest, samples) = (counts.largest as f64, counts.whole.samples().max(1) as f64);
    let share = largest / samples;
    // Of ten clusters that are not all of one size some have more than a tenth.
    let uneven = largest * counts.whole.clusters() as f64 > LARGER_THAN_MEAN * samples;
    (share > LARGE_CLUSTER && uneven).then(|| {
        let [most, share] = [LARGE_CLUSTER, share].map(|share| libm::round(100.0 * share));
        format!(
            "where no cluster of more than twice the mean size has more than {most}% of the samples; the largest has {share}%"
        )
    })
}

fn judge(metric: &mut Metric, own: Option<&ClusterMetric>, limit: Option<&str>, options: &CompareOptions) {
    // What has neither value has nothing to be sure of.
    let defined = metric.delta.is_some() || (metric.baseline.is_none() && metric.candidate.is_some());
    let (tested, judged) = (metric.p_value.is_some(), metric.verdict.is_some());
    (metric.ci_low, metric.ci_high, metric.p_value) = (None, None, None);
    let Some(own) = own.filter(|_| defined) else {
        return;
    };
    if let Some(limit) = limit {
        metric.verdict = None;
        return add_note(metric, &format!("no interval: it is sure to hold {limit}"));
    }
    metric.ci_low = own.interval.map(|(low, _)| low);
    metric.ci_high = own.interval.map(|(_, high)| high);
    metric.p_value = own.p_value.filter(|_| tested);
    if judged {
        // A cluster that leans takes the part of a flip, as it does for the headline.
        let evidence = Evidence {
            n: own.clusters,
            flips: own.leaning,
            churned: own.leaning,
            delta: metric.delta,
            p_value: own.p_value,
            direction: metric.direction,
        };
        let verdict = verdict(&evidence, options.alpha, options.min_effect_headline);
        metric.verdict = Some(confirmed(verdict, own.interval));
    }
    if is_of_counts(&metric.name) && own.leaning < FEW_LEANING && metric.ci_low.is_some() {
        let few = format!(
            "the interval may be too narrow where fewer than {FEW_LEANING} clusters lean either way; {} did",
            own.leaning
        );
        add_note(metric, &few);
    }
}
