//! The metrics of a comparison: their names, order and directions, and how one is written down.

use crate::model::{Direction, Metric, Verdict};

/// Every metric of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricKind {
    /// Share of correct answers; micro-averaged precision, recall and F1 are the same number.
    Accuracy,
    /// Unweighted mean of the labels' F1.
    MacroF1,
    /// Mean of the labels' F1, weighted by truth support.
    WeightedF1,
    /// Unweighted mean of the labels' precision.
    MacroPrecision,
    /// Unweighted mean of the labels' recall.
    MacroRecall,
    /// Cohen's kappa.
    Kappa,
    /// Multi-class Matthews correlation coefficient.
    Mcc,
    /// Regressed samples per matched sample.
    NegativeFlipRate,
    /// Fixed samples per matched sample.
    PositiveFlipRate,
    /// Share of samples whose prediction differs.
    Churn,
    /// Negative flip rate per what independent errors would give.
    RelativeNegativeFlipRate,
    /// Mean confidence.
    MeanConfidence,
    /// Mean squared difference of confidence and correctness.
    Brier,
    /// Expected calibration error.
    Ece,
    /// Area under the ROC curve.
    RocAuc,
    /// Average precision.
    AveragePrecision,
    /// Mean absolute error.
    Mae,
    /// Root of the mean squared error.
    Rmse,
    /// Coefficient of determination.
    R2,
    /// Mean signed error, prediction less truth.
    MeanError,
    /// Share of outputs that equal the reference.
    ExactMatch,
}

impl MetricKind {
    /// Every metric of a classification, in the order of the document.
    pub const ALL: [MetricKind; 14] = [
        MetricKind::Accuracy,
        MetricKind::MacroF1,
        MetricKind::WeightedF1,
        MetricKind::MacroPrecision,
        MetricKind::MacroRecall,
        MetricKind::Kappa,
        MetricKind::Mcc,
        MetricKind::NegativeFlipRate,
        MetricKind::PositiveFlipRate,
        MetricKind::Churn,
        MetricKind::RelativeNegativeFlipRate,
        MetricKind::MeanConfidence,
        MetricKind::Brier,
        MetricKind::Ece,
    ];

    /// What a binary classification has besides.
    pub const RANKING: [MetricKind; 2] = [MetricKind::RocAuc, MetricKind::AveragePrecision];

    /// The metrics of numeric targets, in the order of the document.
    pub const NUMERIC: [MetricKind; 4] = [MetricKind::Mae, MetricKind::Rmse, MetricKind::R2, MetricKind::MeanError];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            MetricKind::Accuracy => "accuracy",
            MetricKind::MacroF1 => "macro_f1",
            MetricKind::WeightedF1 => "weighted_f1",
            MetricKind::MacroPrecision => "macro_precision",
            MetricKind::MacroRecall => "macro_recall",
            MetricKind::Kappa => "kappa",
            MetricKind::Mcc => "mcc",
            MetricKind::NegativeFlipRate => "negative_flip_rate",
            MetricKind::PositiveFlipRate => "positive_flip_rate",
            MetricKind::Churn => "churn",
            MetricKind::RelativeNegativeFlipRate => "relative_negative_flip_rate",
            MetricKind::MeanConfidence => "mean_confidence",
            MetricKind::Brier => "brier",
            MetricKind::Ece => "ece",
            MetricKind::RocAuc => "roc_auc",
            MetricKind::AveragePrecision => "average_precision",
            MetricKind::Mae => "mae",
            MetricKind::Rmse => "rmse",
            MetricKind::R2 => "r2",
            MetricKind::MeanError => "mean_error",
            MetricKind::ExactMatch => "exact_match",
        }
    }

    /// Which way is better.
    pub fn direction(self) -> Direction {
        match self {
            MetricKind::Accuracy
            | MetricKind::MacroF1
            | MetricKind::WeightedF1
            | MetricKind::MacroPrecision
            | MetricKind::MacroRecall
            | MetricKind::Kappa
            | MetricKind::Mcc
            | MetricKind::RocAuc
            | MetricKind::AveragePrecision
            | MetricKind::R2
            | MetricKind::ExactMatch
            | MetricKind::PositiveFlipRate => Direction::Higher,
            MetricKind::NegativeFlipRate
            | MetricKind::RelativeNegativeFlipRate
            | MetricKind::Brier
            | MetricKind::Mae
            | MetricKind::Rmse
            | MetricKind::Ece => Direction::Lower,
            MetricKind::Churn | MetricKind::MeanConfidence | MetricKind::MeanError => Direction::None,
        }
    }

    /// Whether the metric belongs to the pair, not to either version: its value stands in `candidate`, without a delta.
    pub fn is_paired(self) -> bool {
        matches!(
            self,
            MetricKind::NegativeFlipRate
                | MetricKind::PositiveFlipRate
                | MetricKind::Churn
                | MetricKind::RelativeNegativeFlipRate
        )
    }

    /// A metric of both versions without interval or test; null on both sides where one of them is undefined.
    pub(super) fn of_versions(self, values: Option<[f64; 2]>, note: Option<String>) -> Metric {
        Metric {
            name: self.name().to_owned(),
            direction: self.direction(),
            baseline: values.map(|[a, _]| a),
            candidate: values.map(|[_, b]| b),
            delta: values.map(|[a, b]| b - a),
            ci_low: None,
            ci_high: None,
            p_value: None,
            verdict: None,
            note,
        }
    }

    /// A metric of both versions whose difference has an interval and a test.
    pub(super) fn tested(
        self,
        values: [f64; 2],
        interval: Option<(f64, f64)>,
        p_value: Option<f64>,
        verdict: Option<Verdict>,
    ) -> Metric {
        Metric {
            ci_low: interval.map(|(low, _)| low),
            ci_high: interval.map(|(_, high)| high),
            p_value,
            verdict,
            ..self.of_versions(Some(values), None)
        }
    }

    /// A metric of the pair.
    pub(super) fn of_pair(self, value: Option<f64>, interval: Option<(f64, f64)>, note: Option<String>) -> Metric {
        Metric {
            candidate: value,
            ci_low: interval.map(|(low, _)| low),
            ci_high: interval.map(|(_, high)| high),
            note,
            ..self.of_versions(None, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_in_order() {
        let names = MetricKind::ALL.map(MetricKind::name);
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len());
        assert!(MetricKind::ALL.is_sorted());
    }
}
