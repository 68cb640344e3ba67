//! Accuracy: coverage of Tango's interval, false positives of the verdict, power at the detectable effect, and the false
//! discovery rate over slices.

use crate::cell::{Plan, Table, grid, holds, multinomial};
use evaldiff::model::{CompareOptions, Counts, JointTable, Origin, Predicate, SliceCounts, SliceTable, Verdict};
use evaldiff::stats::{detectable_effect, summarise, tango};

/// Shares of samples that flip.
const FLIPS: [f64; 7] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3];

pub fn tables(plan: &Plan) -> Vec<Table> {
    let columns: Vec<(String, f64)> = FLIPS
        .iter()
        .map(|flips| (format!("{:.1}% flip", flips * 100.0), *flips))
        .collect();
    let coverage = |n: u64, flips: f64, fixed: f64| {
        let (fix, regress) = (flips * fixed, flips * (1.0 - fixed));
        plan.share(&format!("tango {n} {flips} {fixed}"), |random, _| {
            let drawn = multinomial(random, n, &[fix, regress, 1.0 - flips]);
            holds(tango(drawn[0], drawn[1], n, 0.05), fix - regress)
        })
    };
    vec![
        grid(
            "**Accuracy, no difference**: coverage of the 95% interval, %",
            &columns,
            |n, f| coverage(n, f, 0.5),
        ),
        grid(
            "**Accuracy, 7 of 10 flips are fixes**: coverage of the 95% interval, %",
            &columns,
            |n, f| coverage(n, f, 0.7),
        ),
        grid(
            "**Accuracy, 9 of 10 flips are fixes**: coverage of the 95% interval, %",
            &columns,
            |n, f| coverage(n, f, 0.9),
        ),
        grid(
            "**Verdict of accuracy without a difference**: improved or regressed, %",
            &columns,
            |n, flips| {
                plan.share(&format!("null {n} {flips}"), |random, _| {
                    let verdict = verdict(random, n, flips / 2.0, flips / 2.0);
                    Some(matches!(verdict, Verdict::Improved | Verdict::Regressed))
                })
            },
        ),
        grid(
            "**Power at the minimum detectable effect**: improved, %",
            &columns,
            |n, flips| {
                // The effect as the report would state it for the flips that are expected.
                let effect =
                    detectable_effect(n, (flips * n as f64).round() as u64, 0.05).filter(|effect| *effect <= flips)?;
                plan.share(&format!("power {n} {flips}"), |random, _| {
                    Some(verdict(random, n, (flips + effect) / 2.0, (flips - effect) / 2.0) == Verdict::Improved)
                })
            },
        ),
        discoveries(plan),
    ]
}

/// The verdict on one simulated pair: accuracies stand for themselves, only the flips matter.
fn verdict(random: &mut evaldiff::stats::Random, n: u64, fix: f64, regress: f64) -> Verdict {
    let drawn = multinomial(random, n, &[fix, regress, 1.0 - fix - regress]);
    let table = JointTable {
        labels: ["a", "b"].map(String::from).to_vec(),
        cells: [((0, 1, 0), drawn[0]), ((0, 0, 1), drawn[1]), ((0, 0, 0), drawn[2])].into(),
    };
    let counts = Counts {
        table,
        ..Counts::default()
    };
    summarise(&counts, &CompareOptions::default()).verdict
}

/// Mean share of false ones among the slices that are called changed: 40 slices of n samples, a tenth of which flip.
fn discoveries(plan: &Plan) -> Table {
    const SLICES: u64 = 40;
    let settings = [(0, 0.01), (0, 0.0), (4, 0.0), (20, 0.0), (20, 0.01)];
    let columns =
        settings.map(|(changed, effect)| (format!("{changed} changed, minimum effect {effect}"), (changed, effect)));
    grid(
        "**False discovery rate over 40 slices of n samples**, %",
        &columns,
        |n, (changed, effect)| {
            let options = CompareOptions {
                min_effect_slice: effect,
                ..CompareOptions::default()
            };
            let mut random = evaldiff::stats::Seed(0).stream(&format!("slices {n} {changed} {effect}"));
            let mut sum = 0.0;
            for _ in 0..plan.pairs {
                let slices = (0..SLICES).map(|slice| {
                    let fixed = if slice < changed { 0.8 } else { 0.5 };
                    let drawn = multinomial(&mut random, n, &[0.1 * fixed, 0.1 * (1.0 - fixed), 0.9]);
                    slice_of(slice, n, drawn[0], drawn[1])
                });
                let counts = Counts {
                    slices: slices.collect(),
                    ..Counts::default()
                };
                let found = summarise(&counts, &options).slices;
                let called = found
                    .iter()
                    .filter(|s| matches!(s.verdict, Verdict::Improved | Verdict::Regressed));
                let (all, wrong) = called.fold((0_u64, 0_u64), |(all, wrong), slice| {
                    let number: u64 = slice.predicates[0]
                        .value
                        .as_deref()
                        .and_then(|v| v.parse().ok())
                        .unwrap_or(0);
                    let right = number < changed && slice.verdict == Verdict::Improved;
                    (all + 1, wrong + u64::from(!right))
                });
                sum += if all > 0 { wrong as f64 / all as f64 } else { 0.0 };
            }
            Some(sum / plan.pairs as f64)
        },
    )
}

fn slice_of(number: u64, n: u64, fixed: u64, regressed: u64) -> SliceTable {
    SliceTable {
        predicates: vec![Predicate {
            column: "slice".to_owned(),
            value: Some(number.to_string()),
        }],
        origin: Origin::Declared,
        counts: SliceCounts {
            n,
            both_correct: n - fixed - regressed,
            regressed,
            fixed,
            churned: fixed + regressed,
        },
    }
}
