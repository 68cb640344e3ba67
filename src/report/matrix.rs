//! Confusion matrices: both versions side by side, and their difference.

use super::format::{count, counted, signed_count};
use super::words;
use crate::model::Confusion;
use serde::Serialize;

/// Labels that a page shows; of more, those with the most samples.
pub const MAX_LABELS: usize = 40;

/// Steps of shading in a matrix of counts.
const SHADES: [&str; 6] = ["s0", "s1", "s2", "s3", "s4", "s5"];

/// Confusion matrices of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matrices {
    /// The matrices; none where there were too many labels.
    pub matrices: Vec<Matrix>,
    /// What was left out.
    pub left_out: Option<String>,
}

/// One matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// What it shows.
    pub caption: String,
    /// Labels of the columns.
    pub labels: Vec<String>,
    /// One row per ground truth.
    pub rows: Vec<MatrixRow>,
}

/// One ground truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixRow {
    /// The ground truth.
    pub label: String,
    /// One cell per prediction.
    pub cells: Vec<MatrixCell>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixCell {
    /// The count, or the signed difference.
    pub text: String,
    /// Shading.
    pub class: &'static str,
    /// Whether the prediction is right.
    pub right: bool,
}

/// The matrices of a comparison.
pub fn of_pair(confusion: &Confusion) -> Matrices {
    let sides = [&confusion.baseline, &confusion.candidate];
    let picked = pick(&confusion.labels, &sides);
    let labels = &confusion.labels;
    let matrices = vec![
        counts("Baseline", labels, &confusion.baseline, &picked),
        counts("Candidate", labels, &confusion.candidate, &picked),
        difference(confusion, &picked),
    ];
    finish(matrices, labels.len(), picked.len())
}

/// The matrix of one version.
pub fn of_run(labels: &[String], table: &Vec<Vec<u64>>) -> Matrices {
    let picked = pick(labels, &[table]);
    finish(
        vec![counts("Answers", labels, table, &picked)],
        labels.len(),
        picked.len(),
    )
}

fn finish(matrices: Vec<Matrix>, all: usize, shown: usize) -> Matrices {
    if all == 0 {
        let text = "No confusion matrix was kept: there are too many labels, or no samples.".to_owned();
        return Matrices {
            matrices: Vec::new(),
            left_out: Some(text),
        };
    }
    let left_out = (all > shown).then(|| {
        format!(
            "The {} with the most samples are shown; {} left out.",
            counted(shown as u64, "label", "labels"),
            counted((all - shown) as u64, "label is", "labels are"),
        )
    });
    Matrices { matrices, left_out }
}

fn pick(labels: &[String], tables: &[&Vec<Vec<u64>>]) -> Vec<usize> {
    let weight = |i: usize| -> u64 {
        let row = |table: &Vec<Vec<u64>>| table.get(i).map_or(0, |row| row.iter().sum::<u64>());
        let column = |table: &Vec<Vec<u64>>| table.iter().filter_map(|row| row.get(i)).sum::<u64>();
        tables.iter().map(|table| row(table) + column(table)).sum()
    };
    let mut order: Vec<(u64, usize)> = (0..labels.len()).map(|i| (weight(i), i)).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut picked: Vec<usize> = order.into_iter().take(MAX_LABELS).map(|(_, i)| i).collect();
    picked.sort_unstable();
    picked
}

fn cell(table: &[Vec<u64>], row: usize, column: usize) -> u64 {
    table
        .get(row)
        .and_then(|row| row.get(column))
        .copied()
        .unwrap_or_default()
}

fn counts(caption: &str, labels: &[String], table: &[Vec<u64>], picked: &[usize]) -> Matrix {
    build(caption, labels, picked, |row, column| {
        let whole: u64 = table.get(row).map_or(0, |row| row.iter().sum());
        let n = cell(table, row, column);
        let step = if whole == 0 {
            0
        } else {
            (u128::from(n) * 5).div_ceil(u128::from(whole)) as usize
        };
        (count(n), SHADES[step.min(5)])
    })
}

fn difference(confusion: &Confusion, picked: &[usize]) -> Matrix {
    build(
        "Difference: candidate minus baseline",
        &confusion.labels,
        picked,
        |row, column| {
            let (a, b) = (
                cell(&confusion.baseline, row, column),
                cell(&confusion.candidate, row, column),
            );
            let delta = i64::try_from(i128::from(b) - i128::from(a)).unwrap_or_default();
            let class = match (delta > 0) == (row == column) {
                _ if delta == 0 => "s0",
                true => "better",
                false => "worse",
            };
            (signed_count(delta), class)
        },
    )
}

fn build(
    caption: &str,
    labels: &[String],
    picked: &[usize],
    cell: impl Fn(usize, usize) -> (String, &'static str),
) -> Matrix {
    let name = |i: &usize| labels.get(*i).map(|label| words::shown(label)).unwrap_or_default();
    let row = |row: &usize| MatrixRow {
        label: name(row),
        cells: picked
            .iter()
            .map(|column| {
                let (text, class) = cell(*row, *column);
                MatrixCell {
                    text,
                    class,
                    right: row == column,
                }
            })
            .collect(),
    };
    Matrix {
        caption: caption.to_owned(),
        labels: picked.iter().map(name).collect(),
        rows: picked.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_matrices_keep_the_labels_with_most_samples() {
        let size = MAX_LABELS + 5;
        let mut table = vec![vec![0; size]; size];
        for (i, row) in table.iter_mut().enumerate() {
            row[i] = i as u64;
        }
        let labels: Vec<String> = (0..size).map(|i| format!("l{i:02}")).collect();
        let view = of_run(&labels, &table);
        assert_eq!(view.matrices[0].labels.len(), MAX_LABELS);
        assert_eq!(view.matrices[0].labels[0], "l05");
        assert_eq!(
            view.left_out.as_deref(),
            Some("The 40 labels with the most samples are shown; 5 labels are left out.")
        );
    }

    #[test]
    fn differences_say_which_way_is_worse() {
        let confusion = Confusion {
            labels: vec!["a".into(), String::new()],
            baseline: vec![vec![5, 0], vec![0, 5]],
            candidate: vec![vec![3, 2], vec![0, 5]],
        };
        let view = of_pair(&confusion);
        let row = &view.matrices[2].rows[0];
        assert_eq!((row.cells[0].text.as_str(), row.cells[0].class), ("-2", "worse"));
        assert_eq!((row.cells[1].text.as_str(), row.cells[1].class), ("+2", "worse"));
        assert_eq!(view.matrices[0].labels[1], "\"\"");
    }
}
