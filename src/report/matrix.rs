//! Confusion: both versions side by side, their difference, and the wrong answers that changed most.

use super::bars::{Axis, Bar};
use super::format::{count, counted, signed_count};
use super::{links, words};
use crate::model::{Confusion, SampleSet};
use crate::stats::MAX_CONFUSION_LABELS;
use serde::Serialize;

/// Labels that a page shows; of more, those with the most samples.
pub const MAX_LABELS: usize = 20;

/// Pairs of a truth and a wrong answer that a page lists.
const MAX_PAIRS: usize = 12;

/// Steps of shading in a matrix of counts.
const SHADES: [&str; 6] = ["s0", "s1", "s2", "s3", "s4", "s5"];

/// Confusion matrices of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matrices {
    /// The matrices; none where there were too many labels.
    pub matrices: Vec<Matrix>,
    /// What was left out.
    pub left_out: Option<String>,
    /// Wrong answers whose number changed most, of all labels; none for a single version.
    pub pairs: Vec<Pair>,
    /// Whether any of these leads to a list of samples.
    pub listed: bool,
    /// Whether these or a cell do.
    pub linked: bool,
}

/// A truth and a wrong answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The ground truth.
    pub truth: String,
    /// The answer.
    pub answer: String,
    /// Samples of the baseline.
    pub baseline: String,
    /// Samples of the candidate.
    pub candidate: String,
    /// Candidate minus baseline.
    pub delta: String,
    /// The difference, drawn.
    pub bar: Option<Bar>,
    /// The list of those that are right now.
    pub fixed: Option<String>,
    /// The list of those that were right before.
    pub regressed: Option<String>,
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
    /// The list of the samples that flipped between this answer and the right one.
    pub href: Option<String>,
}

/// The matrices of a comparison; cells lead to their lists of flips where `samples` has them.
pub fn of_pair(confusion: &Confusion, samples: Option<&SampleSet>) -> Matrices {
    let sides = [&confusion.baseline, &confusion.candidate];
    let picked = pick(&confusion.labels, &sides);
    let labels = &confusion.labels;
    let flips = Flips { labels, samples };
    let matrices = vec![
        counts("Baseline", labels, &confusion.baseline, &picked, |t, a| {
            flips.fixed(t, a)
        }),
        counts("Candidate", labels, &confusion.candidate, &picked, |t, a| {
            flips.regressed(t, a)
        }),
        difference(confusion, &picked),
    ];
    let pairs = pairs(confusion, &flips);
    let listed = pairs
        .iter()
        .any(|pair| pair.fixed.is_some() || pair.regressed.is_some());
    let mut cells = matrices.iter().flat_map(|m| &m.rows).flat_map(|row| &row.cells);
    Matrices {
        linked: listed || cells.any(|cell| cell.href.is_some()),
        listed,
        pairs,
        ..finish(matrices, labels.len(), picked.len())
    }
}

/// Finds lists of flips.
struct Flips<'a> {
    labels: &'a [String],
    samples: Option<&'a SampleSet>,
}

impl Flips<'_> {
    /// Samples that the baseline gave this wrong answer and the candidate the right one.
    fn fixed(&self, truth: usize, answer: usize) -> Option<String> {
        let (truth, answer) = (self.labels.get(truth)?, self.labels.get(answer)?);
        links::cell_list(self.samples?, truth, answer, truth)
    }

    /// Samples that the baseline gave the right answer and the candidate this wrong one.
    fn regressed(&self, truth: usize, answer: usize) -> Option<String> {
        let (truth, answer) = (self.labels.get(truth)?, self.labels.get(answer)?);
        links::cell_list(self.samples?, truth, truth, answer)
    }
}

/// Wrong answers by how much their number changed, then by how many there are.
fn pairs(confusion: &Confusion, flips: &Flips<'_>) -> Vec<Pair> {
    let size = confusion.labels.len();
    let cells = (0..size).flat_map(|t| (0..size).filter(move |&a| a != t).map(move |a| (t, a)));
    let counted = cells.map(|(t, a)| (t, a, cell(&confusion.baseline, t, a), cell(&confusion.candidate, t, a)));
    let mut wrong: Vec<_> = counted
        .filter(|(.., baseline, candidate)| baseline + candidate > 0)
        .collect();
    wrong.sort_by_key(|&(t, a, old, new)| (std::cmp::Reverse((old.abs_diff(new), old + new)), t, a));
    wrong.truncate(MAX_PAIRS);
    let change = |old: u64, new: u64| new as f64 - old as f64;
    let changes: Vec<Option<f64>> = wrong.iter().map(|&(_, _, old, new)| Some(change(old, new))).collect();
    let axis = Axis::around_zero(changes.iter());
    let name = |i: usize| {
        confusion
            .labels
            .get(i)
            .map(|label| words::brief(label))
            .unwrap_or_default()
    };
    let view = |(t, a, old, new): (usize, usize, u64, u64)| {
        let delta = change(old, new);
        let class = if delta > 0.0 { "worse" } else { "better" };
        Pair {
            truth: name(t),
            answer: name(a),
            baseline: count(old),
            candidate: count(new),
            delta: signed_count(delta as i64),
            bar: axis.bar(Some(delta.min(0.0)), Some(delta), Some(delta.max(0.0)), class),
            fixed: flips.fixed(t, a),
            regressed: flips.regressed(t, a),
        }
    };
    wrong.into_iter().map(view).collect()
}

/// The matrix of one version.
pub fn of_run(labels: &[String], table: &Vec<Vec<u64>>) -> Matrices {
    let picked = pick(labels, &[table]);
    finish(
        vec![counts("Answers", labels, table, &picked, |_, _| None)],
        labels.len(),
        picked.len(),
    )
}

fn finish(matrices: Vec<Matrix>, all: usize, shown: usize) -> Matrices {
    if all == 0 {
        let text =
            format!("No confusion matrix was kept: there are more than {MAX_CONFUSION_LABELS} labels, or no samples.");
        return Matrices {
            left_out: Some(text),
            ..Matrices::default()
        };
    }
    let left_out = (all > shown).then(|| {
        format!(
            "The {} with the most samples are shown; {} left out.",
            counted(shown as u64, "label", "labels"),
            counted((all - shown) as u64, "label is", "labels are"),
        )
    });
    Matrices {
        matrices,
        left_out,
        ..Matrices::default()
    }
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

fn counts(
    caption: &str,
    labels: &[String],
    table: &[Vec<u64>],
    picked: &[usize],
    list: impl Fn(usize, usize) -> Option<String>,
) -> Matrix {
    build(caption, labels, picked, |row, column| {
        let whole: u64 = table.get(row).map_or(0, |row| row.iter().sum());
        let n = cell(table, row, column);
        let step = if whole == 0 {
            0
        } else {
            (u128::from(n) * 5).div_ceil(u128::from(whole)) as usize
        };
        MatrixCell {
            text: count(n),
            class: SHADES[step.min(5)],
            right: row == column,
            href: list(row, column),
        }
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
            MatrixCell {
                text: signed_count(delta),
                class,
                right: row == column,
                href: None,
            }
        },
    )
}

fn build(caption: &str, labels: &[String], picked: &[usize], cell: impl Fn(usize, usize) -> MatrixCell) -> Matrix {
    let name = |i: &usize| labels.get(*i).map(|label| words::brief(label)).unwrap_or_default();
    let row = |row: &usize| MatrixRow {
        label: name(row),
        cells: picked.iter().map(|column| cell(*row, *column)).collect(),
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
            Some("The 20 labels with the most samples are shown; 5 labels are left out.")
        );
    }

    #[test]
    fn differences_say_which_way_is_worse() {
        let confusion = Confusion {
            labels: vec!["a".into(), String::new()],
            baseline: vec![vec![5, 0], vec![0, 5]],
            candidate: vec![vec![3, 2], vec![0, 5]],
        };
        let view = of_pair(&confusion, None);
        let row = &view.matrices[2].rows[0];
        assert_eq!((row.cells[0].text.as_str(), row.cells[0].class), ("-2", "worse"));
        assert_eq!((row.cells[1].text.as_str(), row.cells[1].class), ("+2", "worse"));
        assert_eq!(view.matrices[0].labels[1], "\"\"");
        let pair = &view.pairs[0];
        assert_eq!(
            (pair.truth.as_str(), pair.answer.as_str(), pair.delta.as_str()),
            ("a", "\"\"", "+2")
        );
        assert_eq!(view.pairs.len(), 1);
    }

    #[test]
    fn of_a_thousand_labels_the_pairs_that_changed_most_are_named() {
        let size = 1_000;
        let labels: Vec<String> = (0..size).map(|i| format!("l{i:03}")).collect();
        let mut baseline = vec![vec![0; size]; size];
        let mut candidate = vec![vec![1; size]; size];
        baseline[7][9] = 40;
        candidate[998][3] = 50;
        let confusion = Confusion {
            labels,
            baseline,
            candidate,
        };
        let view = of_pair(&confusion, None);
        let named: Vec<_> = view
            .pairs
            .iter()
            .take(2)
            .map(|pair| (pair.truth.as_str(), pair.delta.as_str()))
            .collect();
        assert_eq!(named, [("l998", "+50"), ("l007", "-39")]);
        assert_eq!((view.pairs.len(), view.matrices[0].rows.len()), (MAX_PAIRS, MAX_LABELS));
    }
}
