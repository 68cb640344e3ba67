//! Macro F1 and the others from resampled counts, and the expected calibration error.

use crate::cell::{Plan, REPLICATES, Table, all, grid, holds, multinomial};
use evaldiff::model::{CalibrationSums, CompareOptions, Counts, JointTable};
use evaldiff::stats::{Random, Seed, bootstrap_counts_times, bootstrap_ece_times, summarise};

pub fn tables(plan: &Plan) -> Vec<Table> {
    let metrics = [
        "macro_f1",
        "weighted_f1",
        "macro_precision",
        "macro_recall",
        "kappa",
        "mcc",
    ];
    let mut out = Vec::new();
    let three: &[f64] = &[0.5, 0.3, 0.2];
    let rare: &[f64] = &[0.96, 0.02, 0.02];
    let seven: &[f64] = &[0.3, 0.25, 0.2, 0.12, 0.08, 0.03, 0.02];
    let ten: &[f64] = &[0.1; 10];
    for (shares, name, flips, answers) in [
        (three, "Three labels (20% the rarest)", 0.05, USUAL),
        (three, "Three labels (20% the rarest)", 0.25, USUAL),
        (seven, "Seven labels (2% the rarest)", 0.05, USUAL),
        (rare, "One label of 96%, two of 2%", 0.01, USUAL),
        (rare, "One label of 96%, two of 2%", 0.05, USUAL),
        (three, "Three labels, 30% right, other wrong answers", 0.01, WRONG),
        (ten, "Ten labels, 30% right, other wrong answers", 0.01, WRONG),
        (ten, "Ten labels, 30% right, other wrong answers", 0.05, WRONG),
    ] {
        let population = population(shares, flips, answers);
        let truth = differences(&population);
        let columns: Vec<(String, usize)> = metrics.iter().map(|name| (*name).to_owned()).zip(0..).collect();
        // One simulation serves all metrics of a size.
        let coverage = all(&crate::cell::SIZES, |n| {
            let mut held = vec![(0_u64, 0_u64); metrics.len()];
            let mut random = Seed(0).stream(&format!("counts {shares:?} {n} {flips} {}", answers.right));
            let probabilities: Vec<f64> = population.iter().map(|(_, p)| *p).collect();
            for pair in 0..plan.pairs {
                let drawn = multinomial(&mut random, *n, &probabilities);
                let cells = population.iter().zip(drawn).filter(|(_, drawn)| *drawn > 0);
                let table = JointTable {
                    labels: labels(shares.len()),
                    cells: cells.map(|((cell, _), drawn)| (*cell, drawn)).collect(),
                };
                let found = bootstrap_counts_times(&table, 0.05, Seed(pair), REPLICATES).expect("samples");
                // Where but one label occurs there is none.
                for (kind, interval) in &found.intervals {
                    let Some(at) = metrics.iter().position(|name| *name == kind.name()) else {
                        continue;
                    };
                    held[at].0 += u64::from(holds(Some(*interval), truth[at]) == Some(true));
                    held[at].1 += 1;
                }
            }
            held.into_iter()
                .map(|(held, all)| held as f64 / all as f64)
                .collect::<Vec<_>>()
        });
        let row = |n: u64| crate::cell::SIZES.iter().position(|size| *size == n).unwrap_or(0);
        out.push(grid(
            &format!(
                "**{name}, {:.0}% of the samples flip**: coverage of the 95% interval, %",
                flips * 100.0
            ),
            &columns,
            |n, metric| Some(coverage[row(n)][metric]),
        ));
    }
    out
}

fn labels(n: usize) -> Vec<String> {
    (0..n).map(|at| format!("label {at}")).collect()
}

/// How answers come about.
#[derive(Clone, Copy)]
struct Answers {
    /// Share that the baseline has right.
    right: f64,
    /// Of the flips, the share to the better.
    fixes: f64,
    /// Of the answers that stay wrong, the share that differ.
    others: f64,
}

const USUAL: Answers = Answers {
    right: 0.8,
    fixes: 0.6,
    others: 0.1,
};
/// Most answers are wrong, most of these change, and most flips are for the worse.
const WRONG: Answers = Answers {
    right: 0.3,
    fixes: 0.1,
    others: 0.8,
};

/// Probabilities of the cells, where so many samples flip.
fn population(shares: &[f64], flips: f64, answers: Answers) -> Vec<((u32, u32, u32), f64)> {
    let mut cells = Vec::new();
    let n = shares.len() as u32;
    for (truth, share) in (0..n).zip(shares) {
        let [one, two] = [(truth + 1) % n, (truth + 2) % n];
        let (fix, regress) = (answers.fixes * flips, (1.0 - answers.fixes) * flips);
        let wrong = share * (1.0 - answers.right - fix);
        cells.extend([
            ((truth, truth, truth), share * (answers.right - regress)),
            ((truth, truth, one), share * regress * 0.7),
            ((truth, truth, two), share * regress * 0.3),
            ((truth, one, truth), share * fix * 0.4),
            ((truth, two, truth), share * fix * 0.6),
            ((truth, one, one), wrong * (1.0 - answers.others) * 5.0 / 9.0),
            ((truth, two, two), wrong * (1.0 - answers.others) * 4.0 / 9.0),
            ((truth, one, two), wrong * answers.others),
        ]);
    }
    cells
}

/// Differences of the population's metrics: those of a table of its proportions.
fn differences(population: &[((u32, u32, u32), f64)]) -> Vec<f64> {
    let cells = population.iter().map(|(cell, p)| (*cell, (p * 1e12).round() as u64));
    let table = JointTable {
        labels: labels(
            population
                .iter()
                .map(|((truth, _, _), _)| *truth as usize + 1)
                .max()
                .unwrap_or(0),
        ),
        cells: cells.collect(),
    };
    let counts = Counts {
        table,
        ..Counts::default()
    };
    let metrics = summarise(&counts, &CompareOptions::default()).metrics;
    metrics
        .iter()
        .skip(1)
        .take(6)
        .map(|metric| metric.delta.unwrap_or(0.0))
        .collect()
}

/// How a confidence and a correctness come about.
#[derive(Clone, Copy)]
struct Model {
    /// How much less often than it says the candidate is right.
    excess: f64,
    /// The same for both versions.
    shared: f64,
}

impl Model {
    fn sample(self, random: &mut Random) -> ([f64; 2], [bool; 2]) {
        let a = 0.4 + 0.6 * random.uniform();
        let b = (a + 0.1 * (random.uniform() - 0.5)).clamp(0.0, 1.0);
        let luck = random.uniform();
        ([a, b], [luck < a - self.shared, luck < b - self.shared - self.excess])
    }

    /// The population's difference, from ten million samples.
    fn difference(self) -> f64 {
        let mut random = Seed(1).stream("population");
        let mut gaps = [[0.0_f64; 15]; 2];
        let n = 10_000_000;
        for _ in 0..n {
            let (confidence, correct) = self.sample(&mut random);
            for version in 0..2 {
                let expected = f64::from(u8::from(correct[version])) - confidence[version];
                gaps[version][bin(confidence[version])] += expected;
            }
        }
        let [a, b] = gaps.map(|bins| bins.iter().map(|gap| gap.abs()).sum::<f64>() / f64::from(n));
        b - a
    }
}

fn bin(confidence: f64) -> usize {
    ((confidence * 15.0).ceil() as usize).clamp(1, 15) - 1
}

pub fn calibration(plan: &Plan) -> Vec<Table> {
    let models = [
        (
            "both calibrated",
            Model {
                excess: 0.0,
                shared: 0.0,
            },
        ),
        (
            "both 10 points off",
            Model {
                excess: 0.0,
                shared: 0.1,
            },
        ),
        (
            "candidate 5 points worse",
            Model {
                excess: 0.05,
                shared: 0.1,
            },
        ),
        (
            "candidate 5 points off, baseline calibrated",
            Model {
                excess: 0.05,
                shared: 0.0,
            },
        ),
    ];
    let truths = all(&models, |(_, model)| model.difference());
    let columns: Vec<(String, (Model, f64))> = models
        .into_iter()
        .zip(truths)
        .map(|((name, model), truth)| (name.to_owned(), (model, truth)))
        .collect();
    vec![grid(
        "**Expected calibration error**: coverage of the 95% bootstrap interval, %",
        &columns,
        |n, (model, truth)| {
            plan.share(&format!("ece {n} {} {}", model.excess, model.shared), |random, seed| {
                let mut sums = CalibrationSums::default();
                for _ in 0..n {
                    let (confidence, correct) = model.sample(random);
                    sums.add(confidence, correct);
                }
                holds(bootstrap_ece_times(&sums, 0.05, seed, REPLICATES), truth)
            })
        },
    )]
}
