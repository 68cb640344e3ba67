//! The page that says what every number means, with the constants that the code uses.

use super::format::{count, level, round_percent, setting};
use super::glossary::{self, Term};
use super::links::{self, PER_PAGE};
use super::measure::{self, Measure};
use super::parts::{Chrome, Fact, Owner, fact};
use super::{classes, matrix, slices, words};
use crate::model::confidence::CALIBRATION_BINS;
use crate::model::{AccountingClass, ColumnRoles, CompareOptions, Kind, Outcome};
use crate::stats::search::{MAX_COLUMNS, MAX_PREDICATES};
use crate::stats::{
    FEW_CLUSTERS, FEWER_REPLICATES, LARGE_CLUSTER, MAX_CELLS, MAX_CONFUSION_LABELS, MAX_NOTED_LABELS, MIN_SLICE_SIZE,
    MetricKind, POWER, REPLICATES, SCORE_PREFIX,
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
    /// Whether answers are right or wrong.
    pub labelled: bool,
    /// Whether they are ranked by the probability of a positive class.
    pub ranked: bool,
    /// Whether samples of both versions belong to clusters.
    pub clustered: bool,
    /// Clusters below which interval and test were not found to hold.
    pub few_clusters: String,
    /// Share of the samples that one cluster may have.
    pub large_cluster: String,
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
    /// Most conditions of a slice that a search finds.
    pub predicates: String,
    /// Most columns that are searched.
    pub columns: String,
    /// Bins of the calibration table.
    pub bins: String,
    /// The words of the report.
    pub terms: Vec<Term>,
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
    /// Its anchor.
    pub anchor: String,
    /// Its name in the data files.
    pub name: String,
    /// Which way is better.
    pub direction: &'static str,
    /// What it is.
    pub definition: &'static str,
}

/// The page of definitions.
pub fn method(owner: &Owner, options: &CompareOptions, roles: &ColumnRoles) -> MethodPage {
    let (single, kind) = (owner.candidate.is_none(), roles.kind());
    let unit = Measure::of(roles).unit;
    MethodPage {
        page: owner.beside("Method"),
        single,
        classes: AccountingClass::ALL
            .map(|c| fact(&words::list_title(c.name()), words::class_meaning(c, kind)))
            .to_vec(),
        labelled: kind.has_labels(),
        ranked: kind == Kind::Binary,
        clustered: roles.cluster.is_some() && !single,
        few_clusters: count(FEW_CLUSTERS),
        large_cluster: round_percent(LARGE_CLUSTER),
        outcomes: outcomes(kind, options),
        metrics: metrics(roles, single),
        level: level(options.alpha),
        alpha: setting(options.alpha),
        min_effect_headline: unit.size(Some(options.min_effect_headline)),
        min_effect_slice: unit.size(Some(options.min_effect_slice)),
        min_slice: count(MIN_SLICE_SIZE),
        power: round_percent(POWER),
        resamples: count(REPLICATES as u64),
        fewer_resamples: count(FEWER_REPLICATES as u64),
        max_cells: count(MAX_CELLS as u64),
        predicates: MAX_PREDICATES.to_string(),
        columns: MAX_COLUMNS.to_string(),
        bins: CALIBRATION_BINS.to_string(),
        terms: glossary::terms(single, roles, options),
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

fn outcomes(kind: Kind, options: &CompareOptions) -> Vec<Fact> {
    let measured = measure::outcomes(kind, options);
    if !measured.is_empty() {
        let measured = measured.into_iter();
        return measured
            .map(|(name, meaning)| fact(&words::list_title(name), meaning))
            .collect();
    }
    let outcomes = [
        Outcome::Regressed,
        Outcome::Fixed,
        Outcome::BothWrong,
        Outcome::BothCorrect,
    ];
    outcomes
        .map(|o| fact(&words::list_title(o.name()), words::outcome_meaning(o)))
        .to_vec()
}

/// The metrics of a kind of evaluation.
fn metrics(roles: &ColumnRoles, single: bool) -> Vec<MetricDefinition> {
    let kinds = match roles.kind() {
        Kind::Classification => MetricKind::ALL.to_vec(),
        Kind::Binary => [&MetricKind::ALL[..], &MetricKind::RANKING].concat(),
        Kind::Numeric => MetricKind::NUMERIC.to_vec(),
        Kind::Text => roles.truth.iter().map(|_| MetricKind::ExactMatch).collect(),
    };
    let ours = kinds.into_iter().filter(|kind| !single || !kind.is_paired());
    let ours = ours.map(|kind| MetricDefinition {
        title: words::metric_title(kind.name()),
        anchor: links::metric(kind.name()),
        name: kind.name().to_owned(),
        direction: words::direction(kind.direction()),
        definition: definition(kind),
    });
    let scores = roles.scores.iter().filter(|_| roles.kind() == Kind::Text);
    let scores = scores.map(|score| {
        let name = format!("{SCORE_PREFIX}{}", words::visible(&score.column));
        MetricDefinition {
            title: words::metric_title(&name),
            anchor: links::metric(&name),
            name,
            direction: words::direction(score.direction),
            definition: "Mean of this score over the samples that have it in both versions.",
        }
    });
    scores.chain(ours).collect()
}

fn role_facts(roles: &ColumnRoles) -> Vec<Fact> {
    let many = |columns: &[String]| columns.iter().map(|c| words::visible(c)).collect::<Vec<_>>().join(", ");
    let all = [
        ("Key", many(&roles.key)),
        ("Ground truth", many(roles.truth.as_slice())),
        ("Prediction", words::visible(&roles.prediction)),
        ("Confidence", many(roles.confidence.as_slice())),
        ("Status", many(roles.status.as_slice())),
        ("Error", many(roles.error.as_slice())),
        ("Latency", many(roles.latency.as_slice())),
        ("Cost", many(roles.cost.as_slice())),
        ("Slices", many(&roles.slices)),
        ("Inputs and outputs", many(&roles.show)),
        ("Images and sounds", many(&roles.media)),
        (
            "Scores",
            many(
                &roles
                    .scores
                    .iter()
                    .map(|score| score.column.clone())
                    .collect::<Vec<_>>(),
            ),
        ),
        ("Probability of the positive class", many(roles.positive.as_slice())),
        ("Positive label", many(roles.positive_label.as_slice())),
        ("Trial", many(roles.repeat.as_slice())),
        ("Cluster", many(roles.cluster.as_slice())),
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
        MetricKind::RocAuc => "Probability that a positive sample has the higher probability of two, ties half.",
        MetricKind::AveragePrecision => "Mean over the positive samples of the precision at their own probability.",
        MetricKind::Mae => "Mean of the absolute errors, prediction less ground truth without its sign.",
        MetricKind::Rmse => "Root of the mean squared error.",
        MetricKind::R2 => "1 less the sum of squared errors by that of the ground truths about their mean.",
        MetricKind::MeanError => "Mean of the errors, prediction less ground truth: its difference is the error shift.",
        MetricKind::ExactMatch => "Share of outputs that equal the reference, letter by letter, where there is one.",
        MetricKind::Ece => "Mean gap of accuracy and confidence over the confidence bins, weighted by their samples.",
    }
}
