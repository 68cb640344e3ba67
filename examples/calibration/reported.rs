//! What a report says of its headline over clusters of any sizes: interval, verdict and gate, each as a report has it.

use crate::cell::{Plan, Table, all, holds};
use evaldiff::model::{CompareOptions, Counts, JointTable, Kind, NonInferiority, Verdict};
use evaldiff::stats::{ClusterCounts, Random, Spread, allow_for_clusters, cluster_limit, gate, summarise};

const CLUSTERS: [u64; 4] = [20, 50, 200, 500];

/// How large clusters are.
#[derive(Clone, Copy)]
enum Sizes {
    Ten,
    /// Median 10, σ = 1 of the logarithm.
    Lognormal,
    /// From 5 on, with a tail of exponent 1.5.
    Pareto,
}

impl Sizes {
    fn draw(self, random: &mut Random) -> u64 {
        match self {
            Sizes::Ten => 10,
            Sizes::Lognormal => libm::round(10.0 * libm::exp(random.normal())).clamp(1.0, 10_000.0) as u64,
            Sizes::Pareto => (5.0 * libm::pow(random.uniform().max(1e-9), -1.0 / 1.5)).clamp(1.0, 10_000.0) as u64,
        }
    }
}

/// What flips.
#[derive(Clone, Copy)]
enum Flips {
    /// Each sample by itself, 5% of them.
    Samples,
    /// All samples of a cluster together, of 5% of the clusters.
    Clusters,
    /// 2% of the clusters together, and of the others 2% of the samples.
    Both,
}

impl Flips {
    fn rate(self) -> f64 {
        match self {
            Flips::Samples | Flips::Clusters => 0.05,
            Flips::Both => 0.02 + 0.98 * 0.02,
        }
    }

    /// Samples of a cluster that were fixed and that regressed; `fixes` is the chance that a flip is a fix.
    fn draw(self, size: u64, fixes: f64, random: &mut Random) -> Spread {
        let (wholes, singles) = match self {
            Flips::Samples => (0.0, 0.05),
            Flips::Clusters => (0.05, 0.0),
            Flips::Both => (0.02, 0.02),
        };
        let (mut risen, mut fallen) = (0, 0);
        let mut flip = |samples: u64, random: &mut Random| match random.uniform() < fixes {
            true => risen += samples,
            false => fallen += samples,
        };
        if random.uniform() < wholes {
            flip(size, random);
        } else {
            for _ in 0..size {
                if random.uniform() < singles {
                    flip(1, random);
                }
            }
        }
        Spread::of_flips(size, risen, fallen)
    }
}

/// Whether the interval holds the truth, whether the gate passes at a margin of the true loss, and the verdict; `None` where the report
/// says that clusters do not allow for them.
fn report(kind: Kind, clusters: &[Spread], loss: f64) -> Option<(bool, bool, Verdict)> {
    let mut counts = ClusterCounts::default();
    let mut all = Spread::default();
    for cluster in clusters {
        counts.whole.add_samples(*cluster);
        counts.largest = counts.largest.max(cluster.n);
        all = all.and(*cluster);
    }
    if cluster_limit(&counts).is_some() {
        return None;
    }
    let fixed = ((all.squares + all.sum) / 2.0) as u64;
    let regressed = all.differing - fixed;
    let table = JointTable {
        labels: ["yes", "no"].map(String::from).to_vec(),
        cells: [
            ((0, 0, 0), all.n - all.differing),
            ((0, 0, 1), regressed),
            ((0, 1, 0), fixed),
        ]
        .into(),
    };
    let options = CompareOptions {
        min_effect_headline: 0.0,
        ..CompareOptions::default()
    };
    let mut summary = summarise(
        &Counts {
            table,
            ..Counts::default()
        },
        &options,
    );
    // Of scores of 0 and 1 the differences are those of right answers.
    allow_for_clusters(&mut summary, &counts, kind, &options);
    let headline = summary.metrics.first()?;
    let held = holds(headline.ci_low.zip(headline.ci_high), -loss)?;
    let passed = gate(&summary, Some(&counts), loss) == NonInferiority::Shown;
    Some((held, passed, summary.verdict))
}

pub fn tables(plan: &Plan) -> Vec<Table> {
    let sizes = [
        ("10 samples", Sizes::Ten),
        ("lognormal", Sizes::Lognormal),
        ("Pareto", Sizes::Pareto),
    ];
    let flips = [
        ("samples", Flips::Samples),
        ("clusters", Flips::Clusters),
        ("both", Flips::Both),
    ];
    let mut inputs = Vec::new();
    for (size, sizes) in sizes {
        for (what, flips) in flips {
            inputs.extend(CLUSTERS.map(|clusters| (format!("{size}, {what}, {clusters}"), sizes, flips, clusters)));
        }
    }
    let rows = all(&inputs, |(name, sizes, flips, clusters)| {
        let draw = |fixes: f64, random: &mut Random| -> Vec<Spread> {
            let cluster = |_| flips.draw(sizes.draw(random), fixes, random);
            (0..*clusters).map(cluster).collect()
        };
        let mut cells = Vec::new();
        for kind in [Kind::Classification, Kind::Text] {
            let loss = |pick: fn((bool, bool, Verdict)) -> bool| {
                plan.share(name, |random, _| {
                    report(kind, &draw(0.0, random), flips.rate()).map(pick)
                })
            };
            cells.push(loss(|(held, _, _)| held));
            cells.push(loss(|(_, passed, _)| passed));
            cells.push(plan.share(name, |random, _| {
                let (_, _, verdict) = report(kind, &draw(0.5, random), 0.0)?;
                Some(matches!(verdict, Verdict::Improved | Verdict::Regressed))
            }));
        }
        (name.clone(), cells)
    });
    let head = [
        "sizes, what flips, clusters",
        "accuracy: interval holds the loss",
        "`--margin` at the loss passes",
        "false verdicts",
        "scores of 0 and 1: interval holds the loss",
        "`--margin` at the loss passes",
        "false verdicts",
    ];
    vec![Table {
        title: "**The headline over clusters, as a report has it**, %".to_owned(),
        head: head.map(String::from).to_vec(),
        rows,
    }]
}
