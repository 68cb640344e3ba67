//! Clusters: samples of one document lean alike.

use crate::cell::{Plan, Table, all, holds};
use evaldiff::stats::{ClusterSums, Random, clustered_mcnemar, mcnemar_midp};

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
    vec![Table {
        title: "**Clusters of one to nine samples that lean alike**, without a difference, %".to_owned(),
        head: head.map(String::from).to_vec(),
        rows,
    }]
}
