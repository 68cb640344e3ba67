//! Confusion matrices and their marginals.

use crate::model::{Confusion, JointTable};

/// Labels up to which a confusion matrix is written out; beyond, it is left empty, and every score still counts every
/// label. A matrix has a cell for each pair, most of them zero: of 1,000 labels they took 22 MB of the data.
pub const MAX_CONFUSION_LABELS: usize = 200;

/// Confusion matrices of both versions, rows being truths and columns predictions, over all labels of the table.
///
/// Without labels and rows where the table has more than [`MAX_CONFUSION_LABELS`] labels.
pub fn confusion(table: &JointTable) -> Confusion {
    let size = table.labels.len();
    if size > MAX_CONFUSION_LABELS {
        return Confusion::default();
    }
    let mut confusion = Confusion {
        labels: table.labels.clone(),
        baseline: vec![vec![0; size]; size],
        candidate: vec![vec![0; size]; size],
    };
    for (&(truth, a, b), &n) in &table.cells {
        add(&mut confusion.baseline, truth, a, n);
        add(&mut confusion.candidate, truth, b, n);
    }
    confusion
}

fn add(matrix: &mut [Vec<u64>], truth: u32, prediction: u32, n: u64) {
    let row = matrix.get_mut(truth as usize);
    if let Some(cell) = row.and_then(|row| row.get_mut(prediction as usize)) {
        *cell += n;
    }
}

/// One label in one version's confusion matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelCounts {
    /// Samples with this truth (TP + FN).
    pub(super) support: u64,
    /// Samples with this prediction (TP + FP).
    pub(super) predicted: u64,
    /// Samples with both (TP).
    pub(super) correct: u64,
}

/// Counts samples of one true and one predicted label of a version.
pub(super) fn add_to_marginals(labels: &mut [LabelCounts], truth: u32, prediction: u32, n: u64) {
    if let Some(label) = labels.get_mut(truth as usize) {
        label.support += n;
        if truth == prediction {
            label.correct += n;
        }
    }
    if let Some(label) = labels.get_mut(prediction as usize) {
        label.predicted += n;
    }
}

/// Marginals of both versions, baseline first, in label order: all that precision, recall, F1, kappa and MCC need.
pub(super) fn marginals(table: &JointTable) -> [Vec<LabelCounts>; 2] {
    let empty = || vec![LabelCounts::default(); table.labels.len()];
    let mut versions = [empty(), empty()];
    for (&(truth, a, b), &n) in &table.cells {
        for (labels, prediction) in versions.iter_mut().zip([a, b]) {
            add_to_marginals(labels, truth, prediction, n);
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> JointTable {
        JointTable {
            labels: ["a", "b", "c"].map(String::from).to_vec(),
            cells: [((0, 0, 0), 4), ((0, 0, 1), 2), ((1, 0, 1), 3), ((1, 2, 2), 1)].into(),
        }
    }

    #[test]
    fn rows_are_truths_and_columns_predictions() {
        let confusion = confusion(&table());
        assert_eq!(confusion.labels, ["a", "b", "c"]);
        assert_eq!(confusion.baseline, [[6, 0, 0], [3, 0, 1], [0, 0, 0]]);
        assert_eq!(confusion.candidate, [[4, 2, 0], [0, 3, 1], [0, 0, 0]]);
    }

    #[test]
    fn marginals_are_the_sums_of_rows_and_columns() {
        let [baseline, candidate] = marginals(&table());
        let rows = |version: &[LabelCounts]| -> Vec<_> {
            version.iter().map(|l| (l.support, l.predicted, l.correct)).collect()
        };
        assert_eq!(rows(&baseline), [(6, 9, 6), (4, 0, 0), (0, 1, 0)]);
        assert_eq!(rows(&candidate), [(6, 4, 4), (4, 5, 3), (0, 1, 0)]);
    }

    #[test]
    fn nothing_is_nothing_and_too_many_labels_give_no_matrix() {
        assert_eq!(confusion(&JointTable::default()), Confusion::default());
        let mut table = table();
        table.labels = (0..=MAX_CONFUSION_LABELS).map(|i| format!("{i:05}")).collect();
        assert_eq!(confusion(&table), Confusion::default());
        table.labels.pop();
        assert_eq!(confusion(&table).labels.len(), MAX_CONFUSION_LABELS);
    }

    #[test]
    fn an_index_without_a_label_does_no_harm() {
        let mut table = table();
        table.cells.insert((7, 0, 9), 5);
        assert_eq!(confusion(&table).baseline.len(), 3);
        assert_eq!(marginals(&table)[0].len(), 3);
    }
}
