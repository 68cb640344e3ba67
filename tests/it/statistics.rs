//! Statistics on random data, recomputed by scikit-learn, scipy, statsmodels and numpy.

use crate::harness::{Project, repository};
use evaldiff::model::{CalibrationSums, CompareOptions, Counts, Direction, JointTable};
use evaldiff::stats::search::{Change, SearchInput, SearchOptions, explores, search};
use evaldiff::stats::{
    ClusterSums, NumericSums, Random, Ranked, ScoreSums, Seed, clustered_mcnemar, mean_pass_at_k, percentile_counts,
    ranking, resample, student_quantile, student_two_sided, summarise,
};
use serde_json::{Value, json};
use std::process::Command;

/// Data sets of every kind; the largest counts would only make the reference slow.
const SIZES: [u64; 4] = [40, 150, 600, 2_000];

#[test]
fn every_statistic_agrees_with_the_python_reference() {
    let Some(python) = std::env::var_os("EVALDIFF_PYTHON") else {
        println!(
            "skipped: EVALDIFF_PYTHON is unset; `make test` sets it to a Python with tests/reference/requirements.txt"
        );
        return;
    };
    let mut cases = vec![student()];
    for n in SIZES {
        let mut random = Seed(n).stream("reference");
        cases.extend([
            numeric(n, &mut random),
            scores(n, &mut random),
            ranked(n, &mut random),
            clusters(n, &mut random),
            repeats(n, &mut random),
            calibration(n, &mut random),
            slices(n, Change::Flip, &mut random),
            slices(n, Change::Loss { tolerance: 0.25 }, &mut random),
        ]);
        // scikit-learn takes seconds to score hundreds of resamples.
        if n >= 2_000 || n == 150 {
            cases.push(counts(n, &mut random));
        }
    }
    let project = Project::new();
    project.file("statistics.json", serde_json::to_string(&cases).unwrap().as_bytes());
    let checked = Command::new(python)
        .arg(repository().join("tests/reference/check_statistics.py"))
        .arg(project.path().join("statistics.json"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(
        checked.status.success(),
        "numbers differ:\n{said}{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    assert!(said.contains(&format!("{} cases", cases.len())), "{said}");
}

fn student() -> Value {
    let values: Vec<Value> = [0.5, 1.0, 2.5, 7.0, 30.0, 999.0, 1e6]
        .into_iter()
        .flat_map(|freedom| [0.01, 0.7, 2.0, 5.5].map(|t| (t, freedom)))
        .map(|(t, freedom)| {
            json!([
                t,
                freedom,
                student_two_sided(t, freedom),
                student_quantile(0.03, freedom)
            ])
        })
        .collect();
    json!({"kind": "student", "values": values})
}

/// Truths, and two predictions that err alike in part.
fn numeric(n: u64, random: &mut Random) -> Value {
    let mut sums = NumericSums::new(0.2, 5.0);
    let samples: Vec<[f64; 3]> = (0..n)
        .map(|_| {
            let truth = 5.0 + 2.0 * random.normal();
            let shared = 0.5 * random.normal();
            [
                truth,
                truth + shared + 0.4 * random.normal(),
                truth + shared + 0.5 * random.normal() + 0.1,
            ]
        })
        .collect();
    for [truth, a, b] in &samples {
        sums.add(*truth, *a, *b);
    }
    let found = sums.summary(0.05, Seed(1)).unwrap();
    json!({
        "kind": "numeric", "samples": samples, "tolerance": 0.2,
        "mae": found.absolute.means, "rmse": found.rmse, "r2": found.r2, "rmse_interval": found.rmse_interval,
        "r2_interval": found.r2_interval, "shift": found.absolute.difference.mean,
        "interval": found.absolute.difference.interval, "p": found.absolute.difference.p_value,
        "plays": [found.absolute.wins, found.absolute.ties, found.absolute.losses],
    })
}

/// Scores in steps of a tenth, higher is better.
fn scores(n: u64, random: &mut Random) -> Value {
    let mut sums = ScoreSums::new(Direction::Higher, 0.15);
    let samples: Vec<[f64; 2]> = (0..n)
        .map(|_| {
            let base = random.below(11);
            let moved = (base + random.below(4)).saturating_sub(1).min(10);
            [base as f64 / 10.0, moved as f64 / 10.0]
        })
        .collect();
    for [a, b] in &samples {
        sums.add(*a, *b);
    }
    let found = sums.summary(0.01).unwrap();
    json!({
        "kind": "scores", "samples": samples, "tolerance": 0.15, "means": found.means, "mean": found.difference.mean,
        "interval": found.difference.interval, "p": found.difference.p_value,
        "plays": [found.wins, found.ties, found.losses],
    })
}

/// Probabilities rounded so that there are ties.
fn ranked(n: u64, random: &mut Random) -> Value {
    let round = |score: f64| (score * 8.0).round() / 8.0;
    let samples: Vec<Ranked> = (0..n)
        .map(|_| {
            let positive = random.uniform() < 0.35;
            let base = random.normal() + if positive { 1.0 } else { 0.0 };
            Ranked {
                positive,
                scores: [round(base + 0.5 * random.normal()), round(base + 0.8 * random.normal())],
            }
        })
        .collect();
    let found = ranking(&samples, 0.05);
    let measure = |m: Option<evaldiff::stats::RankingDifference>| {
        let m = m.unwrap();
        json!({"values": m.values, "error": m.standard_error, "interval": m.interval, "p": m.p_value})
    };
    json!({
        "kind": "ranking", "samples": samples.iter().map(|s| json!([s.positive, s.scores[0], s.scores[1]])).collect::<Vec<_>>(),
        "auc": measure(found.auc), "average_precision": measure(found.average_precision),
    })
}

/// Clusters of one to six samples that lean alike.
fn clusters(n: u64, random: &mut Random) -> Value {
    let (mut sums, mut flips, mut rows) = (ClusterSums::default(), Vec::new(), Vec::new());
    for cluster in 0..n / 4 {
        let lean = random.normal() * 0.3 + 0.1;
        let outcomes: Vec<i64> = (0..=random.below(6))
            .map(|_| {
                let luck = random.normal() + lean;
                i64::from(luck > 1.0) - i64::from(luck < -1.0)
            })
            .collect();
        sums.add(outcomes.iter().sum::<i64>() as f64, outcomes.len() as u64);
        let count = |sign: i64| outcomes.iter().filter(|outcome| **outcome == sign).count() as u64;
        flips.push((count(-1), count(1)));
        rows.extend(outcomes.into_iter().map(|outcome| json!([cluster, outcome])));
    }
    let found = sums.test(0.05).unwrap();
    json!({
        "kind": "clusters", "rows": rows, "mean": found.mean, "error": found.standard_error, "p": found.p_value,
        "interval": found.interval, "bootstrap": sums.bootstrap(0.05, Seed(1)), "mcnemar": clustered_mcnemar(flips),
    })
}

fn repeats(n: u64, random: &mut Random) -> Value {
    let samples: Vec<(u64, u64)> = (0..n)
        .map(|_| {
            let trials = 1 + random.below(20);
            (trials, random.below(trials + 1))
        })
        .collect();
    let passes: Vec<Value> = [1, 3, 8].map(|k| json!([k, mean_pass_at_k(&samples, k)])).to_vec();
    json!({"kind": "repeats", "samples": samples, "passes": passes})
}

/// Four labels, one of them rare.
fn counts(n: u64, random: &mut Random) -> Value {
    let labels = 4;
    let mut table = JointTable {
        labels: (0..labels).map(|i| format!("label {i}")).collect(),
        ..JointTable::default()
    };
    for _ in 0..n {
        let truth = if random.below(12) == 0 {
            3
        } else {
            random.below(3) as u32
        };
        let a = if random.uniform() < 0.75 {
            truth
        } else {
            random.below(4) as u32
        };
        let b = if random.uniform() < 0.8 {
            a
        } else {
            random.below(4) as u32
        };
        *table.cells.entry((truth, a, b)).or_default() += 1;
    }
    let found = percentile_counts(&table, 0.05, Seed(1), 9_999).unwrap();
    let cells: Vec<Value> = table
        .cells
        .iter()
        .map(|(cell, n)| json!([cell.0, cell.1, cell.2, n]))
        .collect();
    let intervals: Vec<Value> = found
        .intervals
        .iter()
        .map(|(kind, ends)| json!([kind.name(), ends]))
        .collect();
    json!({"kind": "counts", "labels": labels, "cells": cells, "intervals": intervals})
}

fn calibration(n: u64, random: &mut Random) -> Value {
    let samples: Vec<(f64, bool, f64, bool)> = (0..n)
        .map(|_| {
            let a = 0.3 + 0.7 * random.uniform();
            let b = (a + 0.2 * (random.uniform() - 0.4)).clamp(0.0, 1.0);
            let luck = random.uniform();
            (a, luck < a, b, luck < b - 0.12)
        })
        .collect();
    let mut sums = CalibrationSums::default();
    for &(a, right_a, b, right_b) in &samples {
        sums.add([a, b], [right_a, right_b]);
    }
    let counts = Counts {
        calibration: Some(sums),
        ..Counts::default()
    };
    let mut metrics = summarise(&counts, &CompareOptions::default()).metrics;
    resample(&mut metrics, &counts, 0.05, Seed(1));
    let metric = |name: &str| {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        json!({"delta": metric.delta, "interval": [metric.ci_low, metric.ci_high]})
    };
    json!({
        "kind": "calibration", "samples": samples, "ece": metric("ece"), "brier": metric("brier"),
        "confidence": metric("mean_confidence"),
    })
}

/// The scores, counts and q values of what a search found, from the rows themselves: of flips, or of losses.
fn slices(n: u64, kind: Change, random: &mut Random) -> Value {
    let n = 10 * n as usize;
    let columns: Vec<Vec<u16>> = (2..8)
        .map(|values| (0..n).map(|_| random.below(values) as u16).collect())
        .collect();
    let change: Vec<f64> = (0..n)
        .map(|row| {
            let bad = columns[0][row] == 1 && columns[3][row] == 2;
            let luck = random.uniform();
            let flip = f64::from(u8::from(luck < if bad { 0.4 } else { 0.05 })) - f64::from(u8::from(luck > 0.95));
            match kind {
                Change::Flip => flip,
                Change::Loss { .. } => 0.8 * flip + 0.1 * random.normal(),
            }
        })
        .collect();
    let explore: Vec<bool> = (0..n as u64).map(|row| explores(&row.to_le_bytes())).collect();
    let views: Vec<&[u16]> = columns.iter().map(Vec::as_slice).collect();
    let input = SearchInput {
        columns: &views,
        change: &change,
        kind,
        explore: &explore,
        clusters: None,
    };
    let found = search(&input, &SearchOptions::default());
    assert!(!found.slices.is_empty());
    let slices: Vec<Value> = found
        .slices
        .iter()
        .map(|slice| {
            json!({
                "predicates": slice.predicates, "score": slice.score, "n": [slice.explored.n, slice.confirming.n],
                "worse": [slice.explored.worse, slice.confirming.worse], "better": slice.confirming.better,
                "change": [slice.explored.change, slice.confirming.change], "p": slice.p_value, "q": slice.q_value,
            })
        })
        .collect();
    let tolerance = match kind {
        Change::Flip => None,
        Change::Loss { tolerance } => Some(tolerance),
    };
    json!({
        "kind": "slices", "tolerance": tolerance, "columns": columns, "change": change, "explore": explore,
        "slices": slices,
    })
}
