//! Precision, recall, F1, kappa and MCC of both versions, as scikit-learn defines them with `zero_division=0`.

use super::agreement::Agreement;
use super::confusion::{LabelCounts, marginals};
use super::metrics::MetricKind;
use super::ratio;
use crate::model::comparison::ClassScores;
use crate::model::{ClassRow, JointTable, Metric};

/// Labels that a note names; it says how many more there are.
pub const MAX_NOTED_LABELS: usize = 10;

/// Scores of every label, in label order.
///
/// `P = TP / (TP + FP)`, `R = TP / (TP + FN)`, `F1 = 2 TP / (2 TP + FP + FN)`; a zero denominator gives 0
/// (`sklearn.metrics.precision_recall_fscore_support`).
pub fn classes(table: &JointTable) -> Vec<ClassRow> {
    let [baseline, candidate] = marginals(table);
    let versions = baseline.into_iter().zip(candidate);
    let rows = table.labels.iter().zip(versions);
    rows.map(|(label, (a, b))| ClassRow {
        label: label.clone(),
        support: a.support,
        baseline: a.scores(),
        candidate: b.scores(),
    })
    .collect()
}

/// The six metrics from macro F1 to MCC, in the order of the document.
///
/// Macro averages run over all labels of the table, weighted ones by truth support.
pub(super) fn metrics(table: &JointTable) -> Vec<Metric> {
    let n = table.n();
    let versions = marginals(table);
    let averaged = |kind: MetricKind, score: Score, weighting: Weighting| {
        let values = versions.each_ref().map(|labels| weighting.average(labels, score, n));
        kind.of_versions(both(values), zero_division(table, &versions, score).filter(|_| n > 0))
    };
    let agreement = |kind: MetricKind, of: fn(&Agreement) -> Option<f64>, reason: &str| {
        let values = versions.each_ref().map(|labels| of(&Agreement::new(labels, n)));
        let note = undefined(values.map(|value| value.is_none()), reason).filter(|_| n > 0);
        let values = (n > 0).then(|| values.map(|value| value.unwrap_or(0.0)));
        kind.of_versions(values, note)
    };
    vec![
        averaged(MetricKind::MacroF1, Score::F1, Weighting::Macro),
        averaged(MetricKind::WeightedF1, Score::F1, Weighting::Support),
        averaged(MetricKind::MacroPrecision, Score::Precision, Weighting::Macro),
        averaged(MetricKind::MacroRecall, Score::Recall, Weighting::Macro),
        agreement(
            MetricKind::Kappa,
            Agreement::kappa,
            "truths and predictions are all one and the same label",
        ),
        agreement(
            MetricKind::Mcc,
            Agreement::mcc,
            "truths or predictions are all one label",
        ),
    ]
}

/// Values of one version in the order of [`metrics`], 0 where undefined: what a resample of the table needs.
pub(super) fn values(labels: &[LabelCounts], n: u64) -> [f64; RESAMPLED.len()] {
    let average = |score, weighting: Weighting| weighting.average(labels, score, n).unwrap_or(0.0);
    let agreement = Agreement::new(labels, n);
    [
        average(Score::F1, Weighting::Macro),
        average(Score::F1, Weighting::Support),
        average(Score::Precision, Weighting::Macro),
        average(Score::Recall, Weighting::Macro),
        agreement.kappa().unwrap_or(0.0),
        agreement.mcc().unwrap_or(0.0),
    ]
}

/// The metrics of [`values`], in its order.
pub(super) const RESAMPLED: [MetricKind; 6] = [
    MetricKind::MacroF1,
    MetricKind::WeightedF1,
    MetricKind::MacroPrecision,
    MetricKind::MacroRecall,
    MetricKind::Kappa,
    MetricKind::Mcc,
];

/// A score of one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Score {
    Precision,
    Recall,
    F1,
}

impl LabelCounts {
    /// Numerator and denominator of a score.
    fn fraction(&self, score: Score) -> (u64, u64) {
        match score {
            Score::Precision => (self.correct, self.predicted),
            Score::Recall => (self.correct, self.support),
            Score::F1 => (2 * self.correct, self.predicted + self.support),
        }
    }

    fn score(&self, score: Score) -> f64 {
        let (numerator, denominator) = self.fraction(score);
        ratio(numerator, denominator).unwrap_or(0.0)
    }

    fn scores(&self) -> ClassScores {
        ClassScores {
            precision: self.score(Score::Precision),
            recall: self.score(Score::Recall),
            f1: self.score(Score::F1),
        }
    }
}

/// How an average over labels weighs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weighting {
    Macro,
    Support,
}

impl Weighting {
    /// The average; `None` without samples. Summed in label order.
    fn average(self, labels: &[LabelCounts], score: Score, n: u64) -> Option<f64> {
        if n == 0 || labels.is_empty() {
            return None;
        }
        let sum = |weight: fn(&LabelCounts) -> f64| labels.iter().map(|l| weight(l) * l.score(score)).sum::<f64>();
        Some(match self {
            Weighting::Macro => sum(|_| 1.0) / labels.len() as f64,
            Weighting::Support => sum(|l| l.support as f64) / n as f64,
        })
    }
}

fn both(values: [Option<f64>; 2]) -> Option<[f64; 2]> {
    let [baseline, candidate] = values;
    Some([baseline?, candidate?])
}

/// Says for which version a value is undefined and why.
fn undefined(sides: [bool; 2], reason: &str) -> Option<String> {
    let side = match sides {
        [false, false] => return None,
        [true, false] => "the baseline",
        [false, true] => "the candidate",
        [true, true] => "both versions",
    };
    Some(format!("undefined: {reason} ({side}), given as 0"))
}

/// Names the labels whose score has a zero denominator, for each version that has some.
fn zero_division(table: &JointTable, versions: &[Vec<LabelCounts>; 2], score: Score) -> Option<String> {
    let [baseline, candidate] = versions.each_ref().map(|labels| {
        let pairs = table.labels.iter().zip(labels);
        let hit = pairs.filter(|(_, counts)| counts.fraction(score).1 == 0);
        hit.map(|(label, _)| label.as_str()).collect::<Vec<_>>()
    });
    let mut parts = Vec::new();
    if baseline == candidate {
        if !baseline.is_empty() {
            parts.push(format!("{} (both versions)", enumerate(&baseline)));
        }
    } else {
        for (labels, side) in [(baseline, "the baseline"), (candidate, "the candidate")] {
            if !labels.is_empty() {
                parts.push(format!("{} ({side})", enumerate(&labels)));
            }
        }
    }
    let what = match score {
        Score::Precision => "never predicted",
        Score::Recall => "without a sample of that truth",
        Score::F1 => "neither true nor predicted",
    };
    (!parts.is_empty()).then(|| format!("zero division counts as 0, labels {what}: {}", parts.join("; ")))
}

/// Quoted labels, at most [`MAX_NOTED_LABELS`] of them, and how many more there are.
fn enumerate(labels: &[&str]) -> String {
    let shown: Vec<String> = labels
        .iter()
        .take(MAX_NOTED_LABELS)
        .map(|label| format!("\"{label}\""))
        .collect();
    let more = labels.len().saturating_sub(MAX_NOTED_LABELS);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels `a`, `b`, … and cells (truth, baseline, candidate, count).
    fn table(labels: u32, cells: &[(u32, u32, u32, u64)]) -> JointTable {
        JointTable {
            labels: (0..labels)
                .filter_map(|i| char::from_u32('a' as u32 + i))
                .map(String::from)
                .collect(),
            cells: cells.iter().map(|&(t, a, b, n)| ((t, a, b), n)).collect(),
        }
    }

    fn find(metrics: &[Metric], kind: MetricKind) -> &Metric {
        metrics.iter().find(|m| m.name == kind.name()).expect("metric")
    }

    /// Labels, cells, and the baseline's and candidate's values in the order of [`RESAMPLED`].
    type Reference = (u32, Vec<(u32, u32, u32, u64)>, [f64; 6], [f64; 6]);

    /// Computed with scikit-learn 1.9.1 on the expanded samples: `labels` the whole set, `zero_division=0`, NaN as 0.
    fn references() -> Vec<Reference> {
        vec![
            (
                2,
                vec![(0, 0, 0, 40), (1, 1, 1, 30), (0, 0, 1, 2), (0, 1, 0, 12), (1, 0, 0, 3)],
                [
                    0.8242424242424242,
                    0.8300940438871474,
                    0.8238095238095238,
                    0.8434343434343434,
                    0.6522781774580335,
                    0.6669552045146997,
                ],
                [
                    0.9386026817219478,
                    0.9423502786362641,
                    0.9414772727272727,
                    0.936026936026936,
                    0.8772226926333615,
                    0.877487282079463,
                ],
            ),
            (
                3,
                vec![
                    (0, 0, 0, 50),
                    (0, 1, 0, 7),
                    (0, 0, 2, 4),
                    (1, 1, 1, 33),
                    (1, 2, 1, 5),
                    (1, 1, 0, 6),
                    (2, 2, 2, 20),
                    (2, 0, 1, 3),
                    (2, 2, 0, 1),
                    (2, 1, 1, 2),
                ],
                [
                    0.8569242106456549,
                    0.8712584450432307,
                    0.8558535762483132,
                    0.8597672818984293,
                    0.7956130690161527,
                    0.7967921887603333,
                ],
                [
                    0.8618544061302682,
                    0.8768609283144688,
                    0.8692264211886305,
                    0.8557644541251098,
                    0.8048598826924867,
                    0.8054156425237947,
                ],
            ),
            (
                4,
                vec![(0, 0, 0, 9), (0, 1, 3, 2), (1, 0, 0, 4), (1, 1, 1, 1), (2, 0, 2, 1)],
                [
                    0.2425,
                    0.5394117647058824,
                    0.24404761904761907,
                    0.2545454545454546,
                    0.008333333333333304,
                    0.009156219276643895,
                ],
                [
                    0.5208333333333333,
                    0.642156862745098,
                    0.6730769230769231,
                    0.5045454545454546,
                    0.27142857142857146,
                    0.2986668343393225,
                ],
            ),
            (
                2,
                vec![(0, 1, 1, 5), (1, 0, 0, 7)],
                [0.0, 0.0, 0.0, 0.0, -0.945945945945946, -1.0],
                [0.0, 0.0, 0.0, 0.0, -0.945945945945946, -1.0],
            ),
            (
                3,
                vec![(0, 0, 1, 6), (0, 1, 2, 3)],
                [
                    0.26666666666666666,
                    0.8,
                    0.3333333333333333,
                    0.2222222222222222,
                    0.0,
                    0.0,
                ],
                [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            ),
        ]
    }

    #[test]
    fn agrees_with_scikit_learn() {
        for (labels, cells, baseline, candidate) in references() {
            let metrics = metrics(&table(labels, &cells));
            for ((kind, a), b) in RESAMPLED.into_iter().zip(baseline).zip(candidate) {
                let metric = find(&metrics, kind);
                for (found, expected) in [(metric.baseline, a), (metric.candidate, b), (metric.delta, b - a)] {
                    let found = found.expect("defined");
                    assert!(
                        (found - expected).abs() < 1e-14,
                        "{} of {cells:?}: {found}, not {expected}",
                        kind.name()
                    );
                }
            }
        }
    }

    /// Computed with scikit-learn 1.9.1 `precision_recall_fscore_support`.
    #[test]
    fn scores_per_class_agree_with_scikit_learn() {
        let (labels, cells, _, _) = references().swap_remove(1);
        let expected = [
            (
                [0.9473684210526315, 0.8852459016393442, 0.9152542372881356],
                [0.890625, 0.9344262295081968, 0.912],
            ),
            (
                [0.8125, 0.8863636363636364, 0.8478260869565217],
                [0.8837209302325582, 0.8636363636363636, 0.8735632183908046],
            ),
            (
                [0.8076923076923077, 0.8076923076923077, 0.8076923076923077],
                [0.8333333333333334, 0.7692307692307693, 0.8],
            ),
        ];
        let rows = classes(&table(labels, &cells));
        assert_eq!(rows.iter().map(|row| row.support).collect::<Vec<_>>(), [61, 44, 26]);
        for (row, (baseline, candidate)) in rows.iter().zip(expected) {
            for (scores, expected) in [(row.baseline, baseline), (row.candidate, candidate)] {
                for (found, expected) in [scores.precision, scores.recall, scores.f1].into_iter().zip(expected) {
                    assert!(
                        (found - expected).abs() < 1e-15,
                        "{}: {found} instead of {expected}",
                        row.label
                    );
                }
            }
        }
    }

    #[test]
    fn a_perfect_version_scores_exactly_one() {
        let metrics = metrics(&table(3, &[(0, 0, 0, 7), (1, 1, 1, 3), (2, 2, 2, 11)]));
        for kind in RESAMPLED {
            let metric = find(&metrics, kind);
            assert_eq!(
                (metric.baseline, metric.candidate, metric.delta),
                (Some(1.0), Some(1.0), Some(0.0))
            );
            assert_eq!(metric.note, None);
        }
    }

    #[test]
    fn one_label_everywhere_leaves_kappa_and_mcc_undefined() {
        let metrics = metrics(&table(1, &[(0, 0, 0, 9)]));
        for (kind, note) in [
            (
                MetricKind::Kappa,
                "undefined: truths and predictions are all one and the same label (both versions), given as 0",
            ),
            (
                MetricKind::Mcc,
                "undefined: truths or predictions are all one label (both versions), given as 0",
            ),
        ] {
            let metric = find(&metrics, kind);
            assert_eq!((metric.baseline, metric.candidate), (Some(0.0), Some(0.0)));
            assert_eq!(metric.note.as_deref(), Some(note));
        }
        assert_eq!(find(&metrics, MetricKind::MacroF1).candidate, Some(1.0));
    }

    #[test]
    fn a_version_that_always_says_the_same_has_no_mcc() {
        let metrics = metrics(&table(2, &[(0, 0, 0, 5), (1, 0, 1, 4), (0, 0, 1, 1)]));
        let mcc = find(&metrics, MetricKind::Mcc);
        assert_eq!(mcc.baseline, Some(0.0));
        assert!(mcc.candidate.is_some_and(|value| value > 0.8));
        assert_eq!(
            mcc.note.as_deref(),
            Some("undefined: truths or predictions are all one label (the baseline), given as 0")
        );
        let kappa = find(&metrics, MetricKind::Kappa);
        assert_eq!((kappa.baseline, kappa.note.as_deref()), (Some(0.0), None));
        assert_eq!(
            find(&metrics, MetricKind::MacroPrecision).note.as_deref(),
            Some("zero division counts as 0, labels never predicted: \"b\" (the baseline)")
        );
    }

    #[test]
    fn zero_division_names_labels_per_version_and_counts_the_rest() {
        let metrics = metrics(&table(14, &[(0, 0, 1, 5), (1, 2, 0, 5)]));
        let note = |kind| find(&metrics, kind).note.clone().unwrap_or_default();
        assert_eq!(
            note(MetricKind::MacroF1),
            "zero division counts as 0, labels neither true nor predicted: \
             \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\", \"k\", \"l\", \"m\" and 1 more (the baseline); \
             \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\", \"k\", \"l\" and 2 more (the candidate)"
        );
        assert!(note(MetricKind::MacroRecall).ends_with("and 2 more (both versions)"));
    }

    #[test]
    fn without_samples_there_is_no_value() {
        for table in [JointTable::default(), table(2, &[])] {
            for metric in metrics(&table) {
                assert_eq!(
                    (metric.baseline, metric.candidate, metric.delta, metric.note),
                    (None, None, None, None)
                );
            }
        }
        assert_eq!(classes(&table(2, &[])).len(), 2);
        assert!(classes(&JointTable::default()).is_empty());
    }
}
