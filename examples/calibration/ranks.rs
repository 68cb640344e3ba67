//! ROC AUC and average precision.

use crate::cell::{Plan, Table, all, grid, holds};
use evaldiff::stats::{Random, Ranked, Seed, ranking};

/// Share of positives, and how far the candidate's scores of them lie above those of negatives (the baseline's: 1.2).
const MODELS: [(f64, f64); 3] = [(0.3, 1.2), (0.3, 1.6), (0.05, 1.2)];

pub fn tables(plan: &Plan) -> Vec<Table> {
    let truths = all(&MODELS, |model| population(*model));
    let mut columns = Vec::new();
    for (model, truth) in MODELS.into_iter().zip(truths) {
        for (name, precision) in [("AUC", false), ("AP", true)] {
            let what = if model.1 > 1.3 { "candidate better" } else { "alike" };
            columns.push((
                format!("{name}, {:.0}% positive, {what}", model.0 * 100.0),
                (model, truth, precision),
            ));
        }
    }
    vec![grid(
        "**Rankings**: coverage of the 95% interval of the difference, %",
        &columns,
        |n, (model, truth, precision)| {
            plan.share(&format!("ranks {n} {} {}", model.0, model.1), |random, _| {
                let samples: Vec<Ranked> = (0..n).map(|_| sample(model, random)).collect();
                let found = ranking(&samples, 0.05);
                if precision {
                    holds(found.average_precision?.interval, truth[1])
                } else {
                    holds(found.auc?.interval, truth[0])
                }
            })
        },
    )]
}

fn sample((share, shift): (f64, f64), random: &mut Random) -> Ranked {
    let positive = random.uniform() < share;
    let base = random.normal();
    let place = |shift: f64| if positive { shift } else { 0.0 };
    let scores = [
        base + place(1.2) + 0.4 * random.normal(),
        base + place(shift) + 0.4 * random.normal(),
    ];
    Ranked { positive, scores }
}

/// Differences of AUC and average precision in the population, from two million samples.
fn population(model: (f64, f64)) -> [f64; 2] {
    // Versions that are alike in distribution do not differ.
    if (model.1 - 1.2).abs() < f64::EPSILON {
        return [0.0; 2];
    }
    let mut random = Seed(1).stream("ranks");
    let samples: Vec<Ranked> = (0..2_000_000).map(|_| sample(model, &mut random)).collect();
    let found = ranking(&samples, 0.05);
    [found.auc, found.average_precision].map(|m| m.map_or(0.0, |m| m.values[1] - m.values[0]))
}
