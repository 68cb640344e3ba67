//! Confusion matrices, side by side, and their difference. Heat is a class from 0 to 5, never a style.

use super::format::{count, counted, signed_count};
use super::words::shown;
use crate::model::Confusion;
use serde::Serialize;

/// Labels shown; the rest is counted on the page.
pub const LABEL_CAP: usize = 40;

/// Matrices over the same labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConfusionView {
    /// One for a single run; baseline, candidate and difference for a comparison.
    pub matrices: Vec<MatrixView>,
    /// What is left out, in words.
    pub notes: Vec<String>,
    /// Whether the matrices are too wide to stand beside each other.
    pub wide: bool,
}

/// One matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixView {
    /// Title.
    pub title: String,
    /// Labels of the columns: predictions.
    pub columns: Vec<String>,
    /// One row for each ground truth.
    pub rows: Vec<MatrixRow>,
}

/// One ground truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixRow {
    /// The label.
    pub label: String,
    /// Counts.
    pub cells: Vec<MatrixCell>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixCell {
    /// The count.
    pub text: String,
    /// Heat: `h0` to `h5`, in a difference `g1` to `g3` (better) and `b1` to `b3` (worse); `d` marks the diagonal.
    pub class: String,
}

type Counts = Vec<Vec<u64>>;

/// Both matrices of a comparison and their difference.
pub fn paired(confusion: &Confusion, baseline: &str, candidate: &str) -> ConfusionView {
    let both = [&confusion.baseline, &confusion.candidate];
    let (kept, notes) = keep(&confusion.labels, &both);
    let mut view = view(&confusion.labels, &kept, notes);
    view.matrices = vec![
        matrix(&confusion.labels, &kept, &confusion.baseline, format!("Baseline {baseline}")),
        matrix(&confusion.labels, &kept, &confusion.candidate, format!("Candidate {candidate}")),
        difference(confusion, &kept),
    ];
    view
}

/// The matrix of a single run.
pub fn single(labels: &[String], counts: &Counts) -> ConfusionView {
    let (kept, notes) = keep(labels, &[counts]);
    let mut view = view(labels, &kept, notes);
    view.matrices = vec![matrix(labels, &kept, counts, "Counts".to_owned())];
    view
}

fn view(labels: &[String], kept: &[usize], notes: Vec<String>) -> ConfusionView {
    let longest = kept.iter().map(|&i| labels[i].chars().count()).max().unwrap_or(0);
    ConfusionView { matrices: Vec::new(), notes, wide: kept.len() > 6 || longest > 24 }
}

/// Which labels are shown, in label order, and what to say about the others.
fn keep(labels: &[String], matrices: &[&Counts]) -> (Vec<usize>, Vec<String>) {
    let weight = |label: usize| -> u64 {
        let one = |counts: &&Counts| -> u64 {
            let row: u64 = counts.get(label).map_or(0, |row| row.iter().sum());
            row + counts.iter().map(|row| row.get(label).copied().unwrap_or(0)).sum::<u64>()
        };
        matrices.iter().map(one).sum()
    };
    let mut used: Vec<(u64, usize)> = (0..labels.len()).map(|i| (weight(i), i)).filter(|(w, _)| *w > 0).collect();
    let mut notes = Vec::new();
    let unused = labels.len() - used.len();
    if unused > 0 {
        notes.push(format!("{} without a sample here: not shown.", counted(unused as u64, "label", "labels")));
    }
    if used.len() > LABEL_CAP {
        let left = used.len() - LABEL_CAP;
        notes.push(format!(
            "The {LABEL_CAP} labels with the most samples of {}; {} left out here, all cells stand in the data file.",
            count(used.len() as u64),
            counted(left as u64, "label is", "labels are"),
        ));
        used.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        used.truncate(LABEL_CAP);
    }
    let mut kept: Vec<usize> = used.into_iter().map(|(_, i)| i).collect();
    kept.sort_unstable();
    (kept, notes)
}

fn cell(counts: &Counts, row: usize, column: usize) -> u64 {
    counts.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
}

fn frame(labels: &[String], kept: &[usize], title: String, each: impl Fn(usize, usize) -> MatrixCell) -> MatrixView {
    let row = |&i: &usize| MatrixRow { label: shown(&labels[i]), cells: kept.iter().map(|&j| each(i, j)).collect() };
    MatrixView { title, columns: kept.iter().map(|&i| shown(&labels[i])).collect(), rows: kept.iter().map(row).collect() }
}

fn matrix(labels: &[String], kept: &[usize], counts: &Counts, title: String) -> MatrixView {
    frame(labels, kept, title, |i, j| {
        let n = cell(counts, i, j);
        let total: u64 = counts.get(i).map_or(0, |row| row.iter().sum());
        let heat = (n * 5).div_ceil(total.max(1));
        MatrixCell { text: count(n), class: format!("h{heat}{}", if i == j { " d" } else { "" }) }
    })
}

fn difference(confusion: &Confusion, kept: &[usize]) -> MatrixView {
    let delta = |i, j| cell(&confusion.candidate, i, j) as i64 - cell(&confusion.baseline, i, j) as i64;
    let most = kept.iter().flat_map(|&i| kept.iter().map(move |&j| delta(i, j).unsigned_abs())).max().unwrap_or(0).max(1);
    frame(&confusion.labels, kept, "Difference (candidate minus baseline)".to_owned(), |i, j| {
        let change = delta(i, j);
        let heat = (change.unsigned_abs() * 3).div_ceil(most);
        let diagonal = if i == j { " d" } else { "" };
        let class = match (change > 0) == (i == j) {
            _ if change == 0 => format!("h0{diagonal}"),
            true => format!("g{heat}{diagonal}"),
            false => format!("b{heat}{diagonal}"),
        };
        MatrixCell { text: signed_count(change), class }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_on_the_diagonal_is_better_and_elsewhere_worse() {
        let confusion = Confusion {
            labels: vec!["a".into(), "b".into(), "never".into()],
            baseline: vec![vec![5, 5, 0], vec![0, 10, 0], vec![0, 0, 0]],
            candidate: vec![vec![8, 2, 0], vec![4, 6, 0], vec![0, 0, 0]],
        };
        let view = paired(&confusion, "1", "2");
        let cells: Vec<_> = view.matrices[2].rows.iter().flat_map(|r| &r.cells).map(|c| (c.text.as_str(), &c.class[..1])).collect();
        assert_eq!(cells, [("+3", "g"), ("-3", "g"), ("+4", "b"), ("-4", "b")]);
        assert_eq!(view.notes, ["1 label without a sample here: not shown."]);
    }

    #[test]
    fn labels_beyond_the_cap_are_counted() {
        let labels: Vec<String> = (0..45).map(|i| format!("l{i}")).collect();
        let counts: Counts = (0..45).map(|i| (0..45).map(|j| u64::from(i == j) * (i as u64 + 1)).collect()).collect();
        let view = single(&labels, &counts);
        assert_eq!(view.matrices[0].rows.len(), LABEL_CAP);
        assert_eq!(view.matrices[0].columns[0], "l5", "the labels with the fewest samples are left out");
        assert!(view.notes[0].contains("5 labels are left out"), "{:?}", view.notes);
    }

    #[test]
    fn ragged_matrices_do_not_panic() {
        let view = single(&["a".into(), "b".into()], &vec![vec![1]]);
        assert_eq!(view.matrices[0].rows.len(), 1);
    }
}
