//! Clusters: samples of one document lean alike, by the headline and by every other metric.

use crate::cell::{Plan, Table, all, holds};
use evaldiff::model::{CalibrationSums, CompareOptions, Counts, JointTable, Metric};
use evaldiff::stats::{
    BinarySample, ClusterCounts, ClusterEvidence, ClusterSums, ConfidenceClusters, CountClusters, MeasuredCounts,
    Measures, NumericClusters, NumericSums, Random, Seed, Summary, clustered_mcnemar, judge_by_clusters, mcnemar_midp,
    ranked_by_cluster, resample, summarise, summarise_measured, summarise_ranking,
};

const CLUSTERS: [u64; 6] = [10, 20, 50, 100, 200, 500];

/// Regressed and fixed samples of a cluster of one to nine, and its size; neither way on average.
fn cluster(random: &mut Random) -> (u64, u64, u64) {
    let size = 1 + random.below(9);
    let lean = 0.8 * random.normal();
    let (mut regressed, mut fixed) = (0, 0);
    for _ in 0..size {
        let luck = random.normal() + lean;
        regressed += u64::from(luck < -1.5);
        fixed += u64::from(luck > 1.5);
    }
    (regressed, fixed, size)
}

pub fn tables(plan: &Plan) -> Vec<Table> {
    let rows = all(&CLUSTERS, |clusters| {
        let share = |pick: usize| {
            plan.share(&format!("clusters {clusters}"), |random, seed| {
                let (mut sums, mut flips) = (ClusterSums::default(), Vec::new());
                for _ in 0..*clusters {
                    let (regressed, fixed, size) = cluster(random);
                    sums.add(fixed as f64 - regressed as f64, size);
                    flips.push((regressed, fixed));
                }
                match pick {
                    0 => holds(sums.test(0.05)?.interval, 0.0),
                    1 => holds(sums.bootstrap(0.05, seed), 0.0),
                    2 => Some(clustered_mcnemar(flips) < 0.05),
                    _ => {
                        let (b, c) = flips.iter().fold((0, 0), |(b, c), (x, y)| (b + x, c + y));
                        Some(mcnemar_midp(b, c) < 0.05)
                    }
                }
            })
        };
        (clusters.to_string(), (0..4).map(share).collect::<Vec<_>>())
    });
    let head = [
        "clusters",
        "coverage, Student's interval",
        "coverage, resampled",
        "false positives, clustered McNemar",
        "false positives if clusters are ignored",
    ];
    let mut tables = vec![Table {
        title: "**Clusters of one to nine samples that lean alike**, without a difference, %".to_owned(),
        head: head.map(String::from).to_vec(),
        rows,
    }];
    tables.extend(of_metrics(plan, "labels, confidence and rankings", labels));
    tables.extend(of_metrics(plan, "numeric targets", numbers));
    tables.push(large(plan));
    tables
}

/// Metrics of which one cluster that is much larger than the others spoils the interval.
const SPOILED: [&str; 7] = [
    "macro_f1",
    "kappa",
    "mcc",
    "mean_confidence",
    "brier",
    "roc_auc",
    "average_precision",
];

/// Coverage where one of fifty clusters has a share of all samples: what intervals would be worth without the limit on it.
fn large(plan: &Plan) -> Table {
    let rows = all(&[0.1, 0.15, 0.2, 0.35, 0.5], |share| {
        let mut random = Seed(0).stream(&format!("a cluster of {share}"));
        // Held, of as many that have an interval at all: the limit on how much clusters weigh stays.
        let mut held = SPOILED.map(|_| [0_u64; 2]);
        for seed in 0..plan.pairs {
            let drawn = Labels::of(50, *share, &mut random);
            let unlimited = ClusterCounts {
                largest: 0,
                ..drawn.clusters()
            };
            let metrics = drawn.judged(&unlimited, Seed(seed));
            for (held, name) in held.iter_mut().zip(SPOILED) {
                let metric = metrics.iter().find(|metric| metric.name == name);
                let interval = metric.and_then(|metric| metric.ci_low.zip(metric.ci_high));
                if let Some(holds) = holds(interval, 0.0) {
                    *held = [held[0] + u64::from(holds), held[1] + 1];
                }
            }
        }
        let name = format!("{:.0}%", 100.0 * share);
        let share = |[held, all]: [u64; 2]| (all > 0).then(|| held as f64 / all as f64);
        (name, held.map(share).to_vec())
    });
    Table {
        title: "**One of fifty clusters has a share of all samples**: coverage, %".to_owned(),
        head: std::iter::once("share").chain(SPOILED).map(String::from).collect(),
        rows,
    }
}

/// A pair of versions in so many clusters: its metrics as a report has them, with regard to clusters and without.
type Pair = fn(u64, &mut Random, Seed) -> [Vec<Metric>; 2];

/// Coverage of every metric's interval where samples of a cluster are alike, with regard to clusters and without.
///
/// Both versions are drawn alike, so that differences are zero; what the rates of a pair are is told by many clusters.
fn of_metrics(plan: &Plan, what: &str, pair: Pair) -> Vec<Table> {
    let mut random = Seed(1).stream("the truth of clusters");
    let [truth, _] = pair(100_000, &mut random, Seed(0));
    let truth: Vec<(String, f64)> = truth
        .into_iter()
        .filter(|metric| metric.ci_low.is_some())
        .map(|metric| match metric.delta {
            Some(_) => (metric.name, 0.0),
            None => (metric.name, metric.candidate.unwrap_or_default()),
        })
        .collect();
    let rows = all(&CLUSTERS, |clusters| {
        let mut random = Seed(0).stream(&format!("metrics of {what} in {clusters} clusters"));
        let mut held = [(); 2].map(|()| vec![(0_u64, 0_u64); truth.len()]);
        for seed in 0..plan.pairs {
            let found = pair(*clusters, &mut random, Seed(seed));
            for (held, metrics) in held.iter_mut().zip(found) {
                for ((name, value), (hits, all)) in truth.iter().zip(held) {
                    let metric = metrics.iter().find(|metric| metric.name == *name);
                    let interval = metric.and_then(|metric| metric.ci_low.zip(metric.ci_high));
                    if let Some(holds) = holds(interval, *value) {
                        (*hits, *all) = (*hits + u64::from(holds), *all + 1);
                    }
                }
            }
        }
        let share = |(hits, all): (u64, u64)| (all > 0).then(|| hits as f64 / all as f64);
        held.map(|held| held.into_iter().map(share).collect::<Vec<_>>())
    });
    let table = |side: usize, how: &str| Table {
        title: format!("**Intervals of {what}, clusters {how}**: coverage, %"),
        head: std::iter::once("clusters".to_owned())
            .chain(truth.iter().map(|(name, _)| name.clone()))
            .collect(),
        rows: CLUSTERS
            .iter()
            .zip(&rows)
            .map(|(clusters, row)| (clusters.to_string(), row[side].clone()))
            .collect(),
    };
    vec![table(0, "declared"), table(1, "ignored")]
}

/// Samples of a cluster: one to nineteen.
fn size(random: &mut Random) -> u64 {
    1 + random.below(19)
}

/// A binary classification with probabilities. A cluster has a share of positives of its own, and an error of each version
/// that all of its samples share.
struct Labels {
    samples: Vec<BinarySample>,
    of_cluster: Vec<u64>,
    counts: Counts,
}

impl Labels {
    /// In so many clusters, the first of which has this share of all samples; where that is nothing, it is like the others.
    fn of(clusters: u64, first: f64, random: &mut Random) -> Labels {
        let (mut samples, mut of_cluster) = (Vec::new(), Vec::new());
        for cluster in 0..clusters {
            let share = 0.5 + 0.3 * (random.uniform() - 0.5);
            let shared = [(); 2].map(|()| 1.5 * random.normal());
            let size = match cluster {
                0 if first > 0.0 => (10.0 * (clusters - 1) as f64 * first / (1.0 - first)) as u64,
                _ => size(random),
            };
            for _ in 0..size {
                let positive = random.uniform() < share;
                let common = random.normal() + if positive { 1.2 } else { -1.2 };
                let scores = shared.map(|shared| {
                    let score = 1.5 * (common + shared + 0.3 * random.normal());
                    1.0 / (1.0 + (-score).exp())
                });
                let predicted = scores.map(|score| score > 0.5);
                samples.push(BinarySample {
                    positive,
                    predicted,
                    scores,
                });
                of_cluster.push(cluster);
            }
        }
        let mut table = JointTable {
            labels: ["no", "yes"].map(String::from).to_vec(),
            ..JointTable::default()
        };
        let mut calibration = CalibrationSums::default();
        for sample in &samples {
            *table.cells.entry(cell(sample)).or_default() += 1;
            calibration.add(confidence(sample), correct(sample));
        }
        let counts = Counts {
            table,
            calibration: Some(calibration),
            ..Counts::default()
        };
        Labels {
            samples,
            of_cluster,
            counts,
        }
    }

    fn clusters(&self) -> ClusterCounts {
        let places: Vec<(u32, u32, u32)> = self.counts.table.cells.keys().copied().collect();
        let mut counts = CountClusters::new(&self.counts.table);
        let mut confidences = Box::<ConfidenceClusters>::default();
        let mut clustered = ClusterCounts::default();
        let mut at = 0;
        for members in self.of_cluster.chunk_by(|a, b| a == b) {
            let members = &self.samples[at..at + members.len()];
            at += members.len();
            let cells = members.iter().map(cell);
            let mut cells: Vec<usize> = cells.filter_map(|cell| places.binary_search(&cell).ok()).collect();
            cells.sort_unstable();
            counts.add(cells.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)));
            confidences.add(members.iter().map(|sample| (confidence(sample), correct(sample))));
            let change = members
                .iter()
                .map(|sample| correct(sample).map(f64::from))
                .map(|[a, b]| b - a);
            clustered.whole.add(change.sum(), members.len() as u64);
            clustered.largest = clustered.largest.max(members.len() as u64);
        }
        clustered.evidence = ClusterEvidence::Labels {
            counts: Box::new(counts),
            confidence: Some(confidences),
        };
        clustered
    }

    fn summary(&self) -> Summary {
        let options = CompareOptions::default();
        let mut summary = summarise(&self.counts, &options);
        let (ranking, _) = summarise_ranking("yes", self.samples.clone(), &options);
        summary.metrics.extend(ranking);
        summary
    }

    /// The metrics with regard to clusters.
    fn judged(&self, clusters: &ClusterCounts, seed: Seed) -> Vec<Metric> {
        let (mut summary, options) = (self.summary(), CompareOptions::default());
        let ranked = ranked_by_cluster(&self.samples, &self.of_cluster, options.alpha);
        let calibration = self.counts.calibration.as_ref();
        judge_by_clusters(&mut summary, clusters, ranked, calibration, &options, seed);
        without_headline(summary)
    }
}

fn cell(sample: &BinarySample) -> (u32, u32, u32) {
    let [a, b] = sample.predicted.map(u32::from);
    (u32::from(sample.positive), a, b)
}

fn confidence(sample: &BinarySample) -> [f64; 2] {
    sample.scores.map(|score| score.max(1.0 - score))
}

fn correct(sample: &BinarySample) -> [bool; 2] {
    sample.predicted.map(|predicted| predicted == sample.positive)
}

fn labels(clusters: u64, random: &mut Random, seed: Seed) -> [Vec<Metric>; 2] {
    let drawn = Labels::of(clusters, 0.0, random);
    let mut ignored = drawn.summary().metrics;
    resample(&mut ignored, &drawn.counts, CompareOptions::default().alpha, seed);
    [drawn.judged(&drawn.clusters(), seed), ignored]
}

/// Numbers against true ones: errors of the samples of a cluster lean alike, and are of like size.
fn numbers(clusters: u64, random: &mut Random, seed: Seed) -> [Vec<Metric>; 2] {
    let mut sums = NumericSums::new(0.0, 0.0);
    let mut evidence = NumericClusters::new(0.0);
    let mut clustered = ClusterCounts::default();
    for _ in 0..clusters {
        let (level, shared) = (random.normal(), [(); 2].map(|()| 0.5 * random.normal()));
        let samples: Vec<[f64; 3]> = (0..size(random))
            .map(|_| {
                let truth = 2.0 * level + random.normal();
                let [a, b] = shared.map(|shared| truth + shared + 0.5 * random.normal());
                [truth, a, b]
            })
            .collect();
        for [truth, a, b] in &samples {
            sums.add(*truth, *a, *b);
        }
        let change = samples
            .iter()
            .map(|[truth, a, b]| (b - truth).abs() - (a - truth).abs());
        clustered.whole.add(change.sum(), samples.len() as u64);
        clustered.largest = clustered.largest.max(samples.len() as u64);
        evidence.add(samples);
    }
    clustered.evidence = ClusterEvidence::Numeric(Box::new(evidence));
    let counts = MeasuredCounts {
        whole: Measures::Numeric(Box::new(sums)),
        slices: Vec::new(),
    };
    let options = CompareOptions::default();
    let mut summary = summarise_measured(&counts, &options, seed);
    let ignored = summary.metrics.clone();
    judge_by_clusters(&mut summary, &clustered, Vec::new(), None, &options, seed);
    [without_headline(summary), ignored]
}

/// The headline is judged elsewhere.
fn without_headline(summary: Summary) -> Vec<Metric> {
    summary.metrics.into_iter().skip(1).collect()
}
