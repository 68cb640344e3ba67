//! The page that says what every number means, with the constants that the code uses.

use super::format::{count, level, round_percent, setting, unsigned_points};
use super::links::PER_PAGE;
use super::parts::{Chrome, Fact, Owner, fact};
use super::{classes, matrix, slices, words};
use crate::model::confidence::CALIBRATION_BINS;
use crate::model::{AccountingClass, ColumnRoles, CompareOptions, Outcome};
use crate::stats::search::{MAX_COLUMNS, MAX_PREDICATES};
use crate::stats::{
    FEW_FLIPS, FEWER_REPLICATES, MAX_CELLS, MAX_CONFUSION_LABELS, MAX_NOTED_LABELS, MIN_SLICE_SIZE, MetricKind, POWER,
    REPLICATES,
};
use serde::Serialize;

/// The page of definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MethodPage {
    /// What surrounds the page.
    pub page: Chrome,
    /// Whether only one version is shown.
    pub single: bool,
    /// Accounting classes, in order of precedence.
    pub classes: Vec<Fact>,
    /// Outcomes.
    pub outcomes: Vec<Fact>,
    /// Metrics.
    pub metrics: Vec<MetricDefinition>,
    /// Level of the intervals.
    pub level: String,
    /// Significance level.
    pub alpha: String,
    /// Minimum effect of the headline.
    pub min_effect_headline: String,
    /// Minimum effect of slices.
    pub min_effect_slice: String,
    /// Smallest slice that is tested.
    pub min_slice: String,
    /// Power of the smallest change that would be found.
    pub power: String,
    /// Resamples of a bootstrap.
    pub resamples: String,
    /// Resamples where a table is large.
    pub fewer_resamples: String,
    /// Cells up to which it is not.
    pub max_cells: String,
    /// Flips below which bootstrap intervals are too narrow.
    pub few_flips: String,
    /// Most conditions of a slice that a search finds.
    pub predicates: String,
    /// Most columns that are searched.
    pub columns: String,
    /// Bins of the calibration table.
    pub bins: String,
    /// Limits of the pages.
    pub limits: Vec<Fact>,
    /// Which column played which part.
    pub roles: Vec<Fact>,
}

/// What a metric is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricDefinition {
    /// Its title.
    pub title: String,
    /// Its name in the data files.
    pub name: &'static str,
    /// Which way is better.
    pub direction: &'static str,
    /// What it is.
    pub definition: &'static str,
}

/// The page of definitions.
pub fn method(owner: &Owner, options: &CompareOptions, roles: &ColumnRoles) -> MethodPage {
    let outcomes = [
        Outcome::Regressed,
        Outcome::Fixed,
        Outcome::BothWrong,
        Outcome::BothCorrect,
    ];
    let single = owner.candidate.is_none();
    let kinds = MetricKind::ALL.into_iter().filter(|kind| !single || !kind.is_paired());
    MethodPage {
        page: owner.beside("Method"),
        single,
        classes: AccountingClass::ALL
            .map(|c| fact(&words::list_title(c.name()), words::class_meaning(c)))
            .to_vec(),
        outcomes: outcomes
            .map(|o| fact(&words::list_title(o.name()), words::outcome_meaning(o)))
            .to_vec(),
        metrics: kinds
            .map(|kind| MetricDefinition {
                title: words::metric_title(kind.name()),
                name: kind.name(),
                direction: words::direction(kind.direction()),
                definition: definition(kind),
            })
            .collect(),
        level: level(options.alpha),
        alpha: setting(options.alpha),
        min_effect_headline: unsigned_points(Some(options.min_effect_headline)),
        min_effect_slice: unsigned_points(Some(options.min_effect_slice)),
        min_slice: count(MIN_SLICE_SIZE),
        power: round_percent(POWER),
        resamples: count(REPLICATES as u64),
        fewer_resamples: count(FEWER_REPLICATES as u64),
        max_cells: count(MAX_CELLS as u64),
        few_flips: count(FEW_FLIPS),
        predicates: MAX_PREDICATES.to_string(),
        columns: MAX_COLUMNS.to_string(),
        bins: CALIBRATION_BINS.to_string(),
        limits: vec![
            fact("Regressed samples shown", count(options.top)),
            fact("Samples per page", count(PER_PAGE as u64)),
            fact(
                "Slices listed, besides all that regressed",
                count(slices::MAX_SLICES as u64),
            ),
            fact("Labels in a table of scores", count(classes::MAX_CLASSES as u64)),
            fact(
                "Labels in a confusion matrix on a page",
                count(matrix::MAX_LABELS as u64),
            ),
            fact(
                "Labels in a confusion matrix in the data files",
                count(MAX_CONFUSION_LABELS as u64),
            ),
            fact("Labels named in a note", count(MAX_NOTED_LABELS as u64)),
        ],
        roles: role_facts(roles),
    }
}

fn role_facts(roles: &ColumnRoles) -> Vec<Fact> {
    let many = |columns: &[String]| columns.iter().map(|c| words::visible(c)).collect::<Vec<_>>().join(", ");
    let all = [
        ("Key", many(&roles.key)),
        ("Ground truth", words::visible(&roles.truth)),
        ("Prediction", words::visible(&roles.prediction)),
        ("Confidence", many(roles.confidence.as_slice())),
        ("Status", many(roles.status.as_slice())),
        ("Error", many(roles.error.as_slice())),
        ("Latency", many(roles.latency.as_slice())),
        ("Slices", many(&roles.slices)),
        ("Inputs and outputs", many(&roles.show)),
    ];
    all.into_iter()
        .filter(|(_, columns)| !columns.is_empty())
        .map(|(name, columns)| fact(name, columns))
        .collect()
}

fn definition(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Accuracy => "Share of samples whose prediction equals the ground truth, letter by letter.",
        MetricKind::MacroF1 => "Unweighted mean of the labels' F1; a label whose denominator is zero counts as 0.",
        MetricKind::WeightedF1 => "Mean of the labels' F1, weighted by the number of samples with that ground truth.",
        MetricKind::MacroPrecision => "Unweighted mean of the labels' precision, TP / (TP + FP).",
        MetricKind::MacroRecall => "Unweighted mean of the labels' recall, TP / (TP + FN).",
        MetricKind::Kappa => "Cohen's kappa: agreement with the ground truth beyond what chance would give.",
        MetricKind::Mcc => "Multi-class Matthews correlation coefficient of prediction and ground truth.",
        MetricKind::NegativeFlipRate => "Share of samples that were right and are wrong now.",
        MetricKind::PositiveFlipRate => "Share of samples that were wrong and are right now.",
        MetricKind::Churn => "Share of samples whose prediction differs, from wrong to differently wrong included.",
        MetricKind::RelativeNegativeFlipRate => {
            "Negative flip rate divided by what it would be if the errors of both versions were independent."
        }
        MetricKind::MeanConfidence => "Mean confidence in the predicted label.",
        MetricKind::Brier => {
            "Mean squared difference of the confidence and the correctness (1 or 0) of the prediction."
        }
        MetricKind::Ece => "Mean gap of accuracy and confidence over the confidence bins, weighted by their samples.",
    }
}
