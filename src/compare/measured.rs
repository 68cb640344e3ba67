//! What one task measures while aligned rows stream by, where answers are measured rather than right or wrong.

use super::clusters::cluster_of;
use super::lists;
use super::measure::Measure;
use super::pass::Pass;
use super::tally::{Side, Tally, carried, classify};
use crate::model::{Origin, Predicate};
use crate::stats::{MeasuredCounts, MeasuredSlice, Measures, Play, ScoreSums};
use arrow::array::{AsArray, RecordBatch, UInt32Array};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Sums of one task; those of several are merged in any order with the same result.
#[derive(Debug)]
pub(super) struct Measured {
    measure: Measure,
    whole: Measures,
    /// By slice column: sums by code.
    singles: Vec<HashMap<u64, ScoreSums>>,
    /// By pair of slice columns: sums by both codes.
    pairs: Vec<HashMap<(u64, u64), ScoreSums>>,
}

impl Measured {
    pub(super) fn new(measure: &Measure, slices: usize) -> Measured {
        let pairs = slices * slices.saturating_sub(1) / 2;
        Measured {
            whole: measure.sums(),
            measure: measure.clone(),
            singles: vec![HashMap::new(); slices],
            pairs: vec![HashMap::new(); pairs],
        }
    }

    /// Takes in the sums of another task.
    pub(super) fn merge(&mut self, other: Measured) {
        self.whole.merge(&other.whole);
        for (mine, theirs) in self.singles.iter_mut().zip(other.singles) {
            merge(mine, theirs);
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(other.pairs) {
            merge(mine, theirs);
        }
    }

    /// Adds a matched sample by what it may have regressed in.
    fn add(&mut self, a: &Side<'_>, b: &Side<'_>, row: usize, [baseline, candidate]: [f64; 2]) {
        self.measure.add(&mut self.whole, a, b, row);
        let codes: Vec<u64> = (0..self.singles.len()).map(|slice| b.code(slice, row)).collect();
        let empty = || self.measure.headline();
        for (sums, &code) in self.singles.iter_mut().zip(&codes) {
            sums.entry(code).or_insert_with(empty).add(baseline, candidate);
        }
        let mut pairs = self.pairs.iter_mut();
        for (i, &first) in codes.iter().enumerate() {
            for (sums, &second) in pairs.by_ref().zip(&codes[i + 1..]) {
                sums.entry((first, second))
                    .or_insert_with(empty)
                    .add(baseline, candidate);
            }
        }
    }
}

fn merge<K: Eq + Hash>(mine: &mut HashMap<K, ScoreSums>, theirs: HashMap<K, ScoreSums>) {
    for (key, sums) in theirs {
        match mine.get_mut(&key) {
            Some(known) => known.merge(&sums),
            None => {
                mine.insert(key, sums);
            }
        }
    }
}

impl Tally {
    /// Measures a batch; gives the rows that regressed or were fixed.
    pub(super) fn add_measured(&mut self, measured: &mut Measured, batch: &RecordBatch) -> UInt32Array {
        let keys = batch.column(0).as_string_view();
        let duplicate = batch.column(1).as_boolean();
        let [a, b] = Side::both(batch, self.shape);
        let mut flips = Vec::new();
        for row in 0..batch.num_rows() {
            let (la, lb) = self.words(&a, &b, row);
            let same_truth = |_, _| measured.measure.same_truth(&a, &b, row);
            let class = classify(duplicate.value(row), la, lb, same_truth);
            if !self.belongs(class, keys.value(row), &a, &b, row) {
                continue;
            }
            let values = measured.measure.values(&a, &b, row);
            measured.add(&a, &b, row, values);
            for (slice, differ) in self.disagreements.iter_mut().enumerate() {
                *differ += u64::from(a.code(slice, row) != b.code(slice, row));
            }
            if let Some(clusters) = &mut self.clusters {
                clusters.add_measured(keys.value(row), &a, &b, row, &measured.measure);
            }
            if let (Some(marks), Some(position)) = (&mut self.marks, b.position(row)) {
                let cluster = self.shape.cluster.then(|| cluster_of(keys.value(row), &b, row));
                marks.add_measured(keys.value(row), position, values, cluster);
            }
            let play = measured.measure.play(values);
            if play != Play::Tie {
                flips.push(row as u32);
            }
            let rank = lists::by_change(values);
            self.lists
                .of(outcome(play), rank, keys.value(row), || carried(&a, &b, row));
        }
        UInt32Array::from(flips)
    }
}

/// What a sample's change is called.
pub(super) fn outcome(play: Play) -> &'static str {
    match play {
        Play::Win => "fixed",
        Play::Tie => "unchanged",
        Play::Loss => "regressed",
    }
}

impl Pass {
    /// Everything measured; `None` where answers are right or wrong.
    pub(super) fn measured(&self) -> Option<MeasuredCounts> {
        let measured = self.tally.measured.as_ref()?;
        let predicate = |column: usize, code: u64| Predicate {
            column: self.slice_names[column].clone(),
            value: self.slice_value(column, code),
        };
        let mut slices = Vec::new();
        for (i, sums) in measured.singles.iter().enumerate() {
            slices.extend(sorted(sums).map(|(code, sums)| MeasuredSlice {
                predicates: vec![predicate(i, code)],
                origin: Origin::Declared,
                sums: sums.clone(),
            }));
        }
        let n = self.slice_names.len();
        let columns = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        for ((i, j), sums) in columns.zip(&measured.pairs) {
            slices.extend(sorted(sums).map(|((first, second), sums)| MeasuredSlice {
                predicates: vec![predicate(i, first), predicate(j, second)],
                origin: Origin::Crossed,
                sums: sums.clone(),
            }));
        }
        Some(MeasuredCounts {
            whole: measured.whole.clone(),
            slices,
        })
    }
}

/// By code: hash maps have no order.
fn sorted<K: Copy + Ord>(sums: &HashMap<K, ScoreSums>) -> impl Iterator<Item = (K, &ScoreSums)> {
    let sorted: BTreeMap<K, &ScoreSums> = sums.iter().map(|(key, sums)| (*key, sums)).collect();
    sorted.into_iter()
}
