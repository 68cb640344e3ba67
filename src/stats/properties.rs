//! Properties that hold for every table, checked on random ones.

use super::{benjamini_hochberg, classes, mcnemar_exact, mcnemar_midp, summarise, tango};
use crate::model::{
    CompareOptions, Counts, Direction, JointTable, Metric, Origin, Predicate, SliceCounts, SliceTable, Verdict,
};
use crate::stats::MetricKind;
use proptest::prelude::*;

/// Tables over up to five labels, some of them unused; cells may be empty, tables too.
fn tables() -> impl Strategy<Value = JointTable> {
    (1_u32..=5).prop_flat_map(|labels| {
        let cell = ((0..labels, 0..labels, 0..labels), 1_u64..60);
        proptest::collection::btree_map(cell.0, cell.1, 0..25).prop_map(move |cells| JointTable {
            labels: (0..labels).map(|i| format!("label {i}")).collect(),
            cells,
        })
    })
}

/// (fixed, regressed, n) with `fixed + regressed <= n`.
fn flips() -> impl Strategy<Value = (u64, u64, u64)> {
    (0_u64..400, 0_u64..400, 0_u64..2_000)
        .prop_map(|(fixed, regressed, same)| (fixed, regressed, fixed + regressed + same))
}

fn swapped(table: &JointTable) -> JointTable {
    JointTable {
        labels: table.labels.clone(),
        cells: table
            .cells
            .iter()
            .map(|(&(truth, a, b), &n)| ((truth, b, a), n))
            .collect(),
    }
}

/// Counts with the whole table also as its only slice.
fn counts(table: JointTable) -> Counts {
    let slice = SliceTable {
        predicates: vec![Predicate {
            column: "all".to_owned(),
            value: None,
        }],
        origin: Origin::Declared,
        counts: table.summary(),
    };
    Counts {
        table,
        slices: vec![slice],
        ..Counts::default()
    }
}

fn mirrored(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Improved => Verdict::Regressed,
        Verdict::Regressed => Verdict::Improved,
        Verdict::Unchanged | Verdict::Inconclusive | Verdict::NotComparable => verdict,
    }
}

fn negated(value: Option<f64>) -> Option<f64> {
    value.map(|value| -value)
}

/// F1 of one label, from samples one by one.
fn naive_f1(table: &JointTable, label: u32, prediction: fn((u32, u32, u32)) -> u32) -> f64 {
    let mut samples = Vec::new();
    for (&cell, &n) in &table.cells {
        samples.extend((0..n).map(|_| (cell.0, prediction(cell))));
    }
    let count = |truth: bool, predicted: bool| {
        samples
            .iter()
            .filter(|(t, p)| (*t == label) == truth && (*p == label) == predicted)
            .count() as f64
    };
    let (tp, fp, fn_) = (count(true, true), count(false, true), count(true, false));
    let precision = if tp + fp > 0.0 { tp / (tp + fp) } else { 0.0 };
    let recall = if tp + fn_ > 0.0 { tp / (tp + fn_) } else { 0.0 };
    if precision + recall > 0.0 {
        2.0 * precision * recall / (precision + recall)
    } else {
        0.0
    }
}

fn in_range(metric: &Metric) -> bool {
    let lowest = match metric.direction {
        Direction::Higher if [MetricKind::Kappa.name(), MetricKind::Mcc.name()].contains(&metric.name.as_str()) => -1.0,
        Direction::Higher | Direction::Lower | Direction::None => 0.0,
    };
    let highest = if metric.name == MetricKind::RelativeNegativeFlipRate.name() {
        f64::INFINITY
    } else {
        1.0
    };
    let values = [metric.baseline, metric.candidate];
    values
        .into_iter()
        .flatten()
        .all(|value| value >= lowest && value <= highest + 1e-12)
}

proptest! {
    #[test]
    fn swapping_the_versions_mirrors_everything(table in tables()) {
        let options = CompareOptions::default();
        let forth = summarise(&counts(table.clone()), &options);
        let back = summarise(&counts(swapped(&table)), &options);
        prop_assert_eq!(back.verdict, mirrored(forth.verdict));
        prop_assert_eq!(back.detectable, forth.detectable);
        for (a, b) in forth.metrics.iter().zip(&back.metrics) {
            prop_assert_eq!(b.delta, negated(a.delta), "{}", a.name);
            if a.name == MetricKind::Accuracy.name() {
                prop_assert_eq!((b.ci_low, b.ci_high), (negated(a.ci_high), negated(a.ci_low)));
                prop_assert_eq!(b.p_value, a.p_value);
            }
        }
        for (a, b) in forth.slices.iter().zip(&back.slices) {
            prop_assert_eq!((b.harm, b.delta), (-a.harm, negated(a.delta)));
            prop_assert_eq!((b.q_value, b.verdict), (a.q_value, mirrored(a.verdict)));
        }
    }

    #[test]
    fn a_run_against_itself_is_unchanged(table in tables()) {
        let itself = JointTable {
            cells: table.cells.iter().fold(Default::default(), |mut cells, (&(truth, a, _), &n)| {
                *std::collections::BTreeMap::entry(&mut cells, (truth, a, a)).or_insert(0) += n;
                cells
            }),
            labels: table.labels,
        };
        let n = itself.n();
        let summary = summarise(&counts(itself), &CompareOptions::default());
        prop_assert_eq!((summary.outcomes.regressed, summary.outcomes.fixed), (0, 0));
        prop_assert_eq!(summary.detectable, None);
        prop_assert_eq!(summary.verdict, if n == 0 { Verdict::NotComparable } else { Verdict::Unchanged });
        for metric in summary.metrics.iter().filter(|metric| metric.delta.is_some()) {
            prop_assert_eq!(metric.delta, Some(0.0), "{}", metric.name);
        }
    }

    #[test]
    fn outcomes_add_up_and_rates_stay_in_range(table in tables()) {
        let summary = summarise(&counts(table.clone()), &CompareOptions::default());
        let outcomes = summary.outcomes;
        prop_assert_eq!(
            outcomes.both_correct + outcomes.regressed + outcomes.fixed + outcomes.both_wrong,
            table.n()
        );
        prop_assert_eq!(summary.confusion.baseline.iter().flatten().sum::<u64>(), table.n());
        prop_assert_eq!(summary.confusion.candidate.iter().flatten().sum::<u64>(), table.n());
        for metric in &summary.metrics {
            prop_assert!(in_range(metric), "{metric:?}");
        }
    }

    #[test]
    fn f1_equals_a_naive_count_over_samples(table in tables()) {
        let mut macro_f1 = [0.0, 0.0];
        for (label, row) in (0_u32..).zip(classes(&table)) {
            let naive = [naive_f1(&table, label, |cell| cell.1), naive_f1(&table, label, |cell| cell.2)];
            prop_assert!((row.baseline.f1 - naive[0]).abs() < 1e-12);
            prop_assert!((row.candidate.f1 - naive[1]).abs() < 1e-12);
            macro_f1 = [macro_f1[0] + naive[0], macro_f1[1] + naive[1]];
        }
        let labels = table.labels.len() as f64;
        let empty = table.n() == 0;
        let summary = summarise(&counts(table), &CompareOptions::default());
        let metric = summary.metrics.iter().find(|metric| metric.name == MetricKind::MacroF1.name()).expect("macro F1");
        prop_assert_eq!(metric.baseline.is_none(), empty);
        for (found, naive) in [(metric.baseline, macro_f1[0]), (metric.candidate, macro_f1[1])] {
            prop_assert!(found.is_none_or(|found| (found - naive / labels).abs() < 1e-12));
        }
    }

    #[test]
    fn q_values_are_at_least_p_values_and_keep_their_order(p in proptest::collection::vec(0.0_f64..=1.0, 0..40)) {
        let q = benjamini_hochberg(&p);
        prop_assert_eq!(q.len(), p.len());
        let mut pairs: Vec<(f64, f64)> = p.into_iter().zip(q).collect();
        prop_assert!(pairs.iter().all(|&(p, q)| q >= p && q <= 1.0));
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        prop_assert!(pairs.is_sorted_by(|a, b| a.1 <= b.1));
    }

    #[test]
    fn tango_contains_the_estimate_mirrors_and_shrinks((fixed, regressed, n) in flips(), alpha in 0.001_f64..0.5) {
        prop_assume!(n > 0);
        let estimate = (fixed as f64 - regressed as f64) / n as f64;
        let (low, high) = tango(fixed, regressed, n, alpha).expect("interval");
        prop_assert!(-1.0 <= low && low <= estimate && estimate <= high && high <= 1.0);
        prop_assert_eq!(tango(regressed, fixed, n, alpha), Some((-high, -low)));
        let (wide_low, wide_high) = tango(fixed, regressed, n, alpha / 2.0).expect("interval");
        prop_assert!(wide_low <= low && wide_high >= high);
        let (narrow_low, narrow_high) = tango(4 * fixed, 4 * regressed, 4 * n, alpha).expect("interval");
        prop_assert!(narrow_high - narrow_low <= high - low);
    }

    #[test]
    fn midp_is_at_most_exact_and_falls_with_imbalance((fixed, regressed, _) in flips()) {
        let midp = mcnemar_midp(regressed, fixed);
        prop_assert!((0.0..=1.0).contains(&midp));
        prop_assert!(midp <= mcnemar_exact(regressed, fixed));
        if regressed > fixed {
            prop_assert!(midp >= mcnemar_midp(regressed + 1, fixed));
        }
    }

    #[test]
    fn order_of_the_slices_does_not_matter(sizes in proptest::collection::vec((0_u64..20, 0_u64..20, 0_u64..60), 1..12)) {
        let slices: Vec<SliceTable> = sizes.iter().enumerate().map(|(i, &(regressed, fixed, both_correct))| SliceTable {
            predicates: vec![Predicate { column: "column".to_owned(), value: Some(format!("{i:02}")) }],
            origin: Origin::Declared,
            counts: SliceCounts {
                n: regressed + fixed + both_correct,
                both_correct,
                regressed,
                fixed,
                churned: regressed + fixed,
            },
        }).collect();
        let mut reversed = slices.clone();
        reversed.reverse();
        let of = |slices| summarise(&Counts { slices, ..Counts::default() }, &CompareOptions::default());
        prop_assert_eq!(of(slices), of(reversed));
    }
}
