//! All numbers of a comparison, from its counts.

use super::{calibration, classes, classification, confusion, detectable_effect, flips, slices};
use crate::model::comparison::{Calibration, ScoreResult};
use crate::model::{ClassRow, CompareOptions, Confusion, Counts, Metric, Outcomes, SliceResult, Verdict};

/// The numbers of a comparison, ready for the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Verdict of accuracy.
    pub verdict: Verdict,
    /// Smallest absolute accuracy delta found with 80% power; `None` without flips.
    pub detectable: Option<f64>,
    /// Matched samples by outcome.
    pub outcomes: Outcomes,
    /// Metrics, in the order of [`MetricKind::ALL`](super::MetricKind::ALL); those on confidence only where there is some.
    pub metrics: Vec<Metric>,
    /// Per-class scores, in label order.
    pub classes: Vec<ClassRow>,
    /// Both confusion matrices.
    pub confusion: Confusion,
    /// Calibration by bin; `None` without a confidence column.
    pub calibration: Option<Calibration>,
    /// How the samples changed by each score, or by their absolute errors; empty where answers are right or wrong.
    pub scores: Vec<ScoreResult>,
    /// Slices, most harm first, without detail.
    pub slices: Vec<SliceResult>,
    /// Slices tested together.
    pub slices_tested: u64,
}

/// Computes every number of a comparison.
pub fn summarise(counts: &Counts, options: &CompareOptions) -> Summary {
    let whole = counts.table.summary();
    let accuracy = flips::accuracy(&whole, options);
    let verdict = accuracy.verdict.unwrap_or(Verdict::NotComparable);
    let mut metrics = vec![accuracy];
    metrics.extend(classification::metrics(&counts.table));
    metrics.extend(flips::metrics(&whole, options.alpha));
    metrics.extend(counts.calibration.iter().flat_map(calibration::metrics));
    let (slices, slices_tested) = slices::results(&counts.slices, options);
    Summary {
        verdict,
        detectable: detectable_effect(whole.n, whole.regressed.saturating_add(whole.fixed), options.alpha),
        outcomes: counts.table.outcomes(),
        metrics,
        classes: classes(&counts.table),
        confusion: confusion(&counts.table),
        calibration: counts.calibration.as_ref().map(calibration),
        scores: Vec::new(),
        slices,
        slices_tested,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CalibrationSums, JointTable};
    use crate::stats::MetricKind;

    fn counts() -> Counts {
        Counts {
            table: JointTable {
                labels: ["a", "b"].map(String::from).to_vec(),
                cells: [
                    ((0, 0, 0), 40),
                    ((1, 1, 1), 30),
                    ((0, 0, 1), 2),
                    ((0, 1, 0), 12),
                    ((1, 0, 0), 3),
                ]
                .into(),
            },
            ..Counts::default()
        }
    }

    #[test]
    fn metrics_come_in_their_order_and_confidence_only_where_there_is_some() {
        let mut counts = counts();
        let names = |counts: &Counts| -> Vec<String> {
            let summary = summarise(counts, &CompareOptions::default());
            summary.metrics.into_iter().map(|metric| metric.name).collect()
        };
        assert_eq!(names(&counts), MetricKind::ALL.map(MetricKind::name)[..11]);
        counts.calibration = Some(CalibrationSums::default());
        assert_eq!(names(&counts), MetricKind::ALL.map(MetricKind::name));
    }

    #[test]
    fn headline_is_that_of_accuracy() {
        let summary = summarise(&counts(), &CompareOptions::default());
        assert_eq!(summary.verdict, Verdict::Improved);
        assert_eq!(summary.metrics[0].verdict, Some(Verdict::Improved));
        assert_eq!(
            summary.metrics.iter().filter(|metric| metric.verdict.is_some()).count(),
            1
        );
        assert_eq!(summary.outcomes.fixed, 12);
        assert_eq!((summary.classes.len(), summary.confusion.baseline[0][1]), (2, 12));
        assert!(summary.detectable.is_some_and(|effect| effect > 0.0 && effect < 0.2));
        assert_eq!((summary.calibration, summary.slices_tested), (None, 0));
    }

    #[test]
    fn nothing_matched_is_not_comparable_and_has_no_number() {
        let counts = Counts {
            calibration: Some(CalibrationSums::default()),
            ..Counts::default()
        };
        let summary = summarise(&counts, &CompareOptions::default());
        assert_eq!((summary.verdict, summary.detectable), (Verdict::NotComparable, None));
        assert_eq!(summary.metrics.len(), MetricKind::ALL.len());
        for metric in &summary.metrics {
            assert_eq!(
                (metric.baseline, metric.candidate, metric.delta),
                (None, None, None),
                "{}",
                metric.name
            );
            assert_eq!(
                (metric.ci_low, metric.ci_high, metric.p_value),
                (None, None, None),
                "{}",
                metric.name
            );
            assert_eq!(metric.note, None, "{}", metric.name);
        }
    }

    #[test]
    fn an_impossible_level_takes_intervals_away_but_does_not_panic() {
        for alpha in [0.0, 1.0, f64::NAN, f64::INFINITY] {
            let options = CompareOptions {
                alpha,
                ..CompareOptions::default()
            };
            let summary = summarise(&counts(), &options);
            assert_eq!((summary.metrics[0].ci_low, summary.detectable), (None, None));
        }
    }
}
