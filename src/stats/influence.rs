//! By how much one more sample moves the metrics of counts: what their errors over clusters are made of.

use crate::model::JointTable;
use crate::stats::classification::RESAMPLED;
use crate::stats::confusion::{LabelCounts, marginals};

/// Metrics from macro F1 to Matthews correlation.
const METRICS: usize = RESAMPLED.len();

/// Derivatives of the metrics of one version.
type Row = [f64; METRICS];

/// What a sample of each cell adds to the differences of the metrics, candidate minus baseline, in the order of the
/// table's cells.
///
/// The metrics are functions of sums over samples that do not change if all sums are doubled, so that the influences of
/// all samples add up to nothing (Euler), and the error of a metric is that of their sum.
pub(super) fn influences(table: &JointTable) -> Vec<Row> {
    let n = table.n() as f64;
    let [baseline, candidate] = marginals(table).map(|labels| Slopes::new(&labels, n));
    let cells = table.cells.keys();
    cells
        .map(|&(truth, a, b)| {
            let (old, new) = (baseline.of(truth, a), candidate.of(truth, b));
            std::array::from_fn(|metric| new[metric] - old[metric])
        })
        .collect()
}

/// Derivatives with respect to the counts of each label, and to the number of samples.
pub(super) struct Slopes {
    support: Vec<Row>,
    predicted: Vec<Row>,
    correct: Vec<Row>,
    samples: Row,
}

impl Slopes {
    /// At these counts of one version.
    pub(super) fn new(labels: &[LabelCounts], n: f64) -> Slopes {
        let none = || vec![[0.0; METRICS]; labels.len()];
        let mut slopes = Slopes {
            support: none(),
            predicted: none(),
            correct: none(),
            samples: [0.0; METRICS],
        };
        if n > 0.0 {
            slopes.averages(labels, n);
            slopes.agreement(labels, n);
        }
        slopes
    }

    /// What a sample with this truth and answer adds.
    pub(super) fn of(&self, truth: u32, prediction: u32) -> Row {
        let row = |rows: &[Row], label: u32| rows.get(label as usize).copied().unwrap_or_default();
        let (support, predicted) = (row(&self.support, truth), row(&self.predicted, prediction));
        let correct = if truth == prediction {
            row(&self.correct, truth)
        } else {
            Row::default()
        };
        std::array::from_fn(|metric| support[metric] + predicted[metric] + correct[metric] + self.samples[metric])
    }

    /// The mean square of what a flip moves the metrics by, where flips are spread over the labels as samples are: of each label
    /// between its right answer and the mean of all wrong ones.
    pub(super) fn flip_squares(&self, labels: &[LabelCounts]) -> Row {
        let (all, others) = (labels.len() as f64, labels.len() as f64 - 1.0);
        let n: u64 = labels.iter().map(|label| label.support).sum();
        let mut squares = Row::default();
        if n == 0 || others <= 0.0 {
            return squares;
        }
        let mean: Row = std::array::from_fn(|metric| self.predicted.iter().map(|row| row[metric]).sum::<f64>() / all);
        for (at, label) in labels.iter().enumerate().filter(|(_, label)| label.support > 0) {
            let share = label.support as f64 / n as f64;
            for (metric, square) in squares.iter_mut().enumerate() {
                let own = self.predicted[at][metric];
                let wrong = (mean[metric] * all - own) / others;
                let by = own + self.correct[at][metric] - wrong;
                *square += share * by * by;
            }
        }
        squares
    }

    /// Macro F1, weighted F1, macro precision and macro recall; a score without a denominator is 0 and stays so.
    fn averages(&mut self, labels: &[LabelCounts], n: f64) {
        let each = labels.len() as f64;
        for (at, label) in labels.iter().enumerate() {
            let [support, predicted, correct] = counts(label);
            let both = support + predicted;
            if both > 0.0 {
                let (f1, by_both) = (2.0 * correct / both, 2.0 * correct / (both * both));
                self.correct[at][0] = 2.0 / both / each;
                self.support[at][0] = -by_both / each;
                self.predicted[at][0] = -by_both / each;
                self.correct[at][1] = 2.0 * support / both / n;
                self.support[at][1] = (f1 - support * by_both) / n;
                self.predicted[at][1] = -support * by_both / n;
                self.samples[1] -= support * f1 / (n * n);
            }
            if predicted > 0.0 {
                self.correct[at][2] = 1.0 / predicted / each;
                self.predicted[at][2] = -correct / (predicted * predicted) / each;
            }
            if support > 0.0 {
                self.correct[at][3] = 1.0 / support / each;
                self.support[at][3] = -correct / (support * support) / each;
            }
        }
    }

    /// Cohen's kappa and the Matthews correlation; where one is undefined it is 0 and stays so.
    fn agreement(&mut self, labels: &[LabelCounts], n: f64) {
        let sum = |term: fn([f64; 3]) -> f64| labels.iter().map(counts).map(term).sum::<f64>();
        let correct = sum(|[_, _, correct]| correct);
        let chance = sum(|[support, predicted, _]| support * predicted);
        let truths = n * n - sum(|[support, _, _]| support * support);
        let predictions = n * n - sum(|[_, predicted, _]| predicted * predicted);
        let above = n * correct - chance;
        let most = n * n - chance;
        let spread = libm::sqrt(truths * predictions);
        for (at, label) in labels.iter().enumerate() {
            let [support, predicted, _] = counts(label);
            if most > 0.0 {
                // d (above / most) with d above = n d correct - d chance and d most = -d chance.
                let by_chance = (above - most) / (most * most);
                self.correct[at][4] = n / most;
                self.support[at][4] = predicted * by_chance;
                self.predicted[at][4] = support * by_chance;
            }
            if spread > 0.0 {
                self.correct[at][5] = n / spread;
                self.support[at][5] = (-predicted + above * support / truths) / spread;
                self.predicted[at][5] = (-support + above * predicted / predictions) / spread;
            }
        }
        if most > 0.0 {
            self.samples[4] = (correct * most - above * 2.0 * n) / (most * most);
        }
        if spread > 0.0 {
            self.samples[5] = (correct - above * n * (1.0 / truths + 1.0 / predictions)) / spread;
        }
    }
}

/// Support, predictions and hits.
fn counts(label: &LabelCounts) -> [f64; 3] {
    [label.support, label.predicted, label.correct].map(|count| count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::classification::values;
    use proptest::prelude::*;

    fn tables() -> impl Strategy<Value = JointTable> {
        let cell = ((0_u32..3, 0_u32..3, 0_u32..3), 20_u64..200);
        proptest::collection::btree_map(cell.0, cell.1, 6..25).prop_map(|cells| JointTable {
            labels: ["a", "b", "c"].map(String::from).to_vec(),
            cells,
        })
    }

    /// The metrics' differences.
    fn differences(table: &JointTable) -> Row {
        let [a, b] = marginals(table).map(|labels| values(&labels, table.n()));
        std::array::from_fn(|metric| b[metric] - a[metric])
    }

    /// So many times the samples, so that one more is as good as an infinitesimal.
    fn magnified(table: &JointTable, by: u64) -> JointTable {
        let cells = table.cells.iter().map(|(cell, n)| (*cell, n * by));
        JointTable {
            cells: cells.collect(),
            ..table.clone()
        }
    }

    proptest! {
        #[test]
        fn they_are_what_one_more_sample_changes(table in tables()) {
            const BY: u64 = 100_000;
            let large = magnified(&table, BY);
            let before = differences(&large);
            for (cell, influence) in table.cells.keys().zip(influences(&table)) {
                let mut more = large.clone();
                *more.cells.entry(*cell).or_default() += 1;
                for ((after, before), expected) in differences(&more).iter().zip(before).zip(influence) {
                    let found = (after - before) * BY as f64;
                    prop_assert!((found - expected).abs() < 1e-4 * expected.abs().max(1e-4), "{found} {expected}");
                }
            }
        }

        #[test]
        fn they_add_up_to_nothing(table in tables()) {
            let mut sums = Row::default();
            for (n, influence) in table.cells.values().zip(influences(&table)) {
                sums.iter_mut().zip(influence).for_each(|(sum, value)| *sum += *n as f64 * value);
            }
            prop_assert!(sums.iter().all(|sum| sum.abs() < 1e-9), "{sums:?}");
        }
    }
}
