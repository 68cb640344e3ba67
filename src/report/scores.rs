//! How samples changed by their scores, and what a ranking by probability stands on.

use super::charts::Chart;
use super::charts::balance::balance;
use super::charts::curves::curves;
use super::charts::errors;
use super::format::{Unit, count, number, share_of};
use super::parts::{Fact, fact};
use super::words::{self, metric_title};
use crate::model::comparison::{ErrorBin, ErrorDistribution, OperatingPoint, RankingResult, Threshold};
use crate::model::{Comparison, Confusion};
use serde::Serialize;

/// One score, or the absolute error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreView {
    /// Title of its metric.
    pub title: String,
    /// Samples with a value on both sides.
    pub n: String,
    /// Matched samples left out.
    pub excluded: String,
    /// Samples in which the candidate is better.
    pub wins: String,
    /// Samples within the tolerance.
    pub ties: String,
    /// Samples in which it is worse.
    pub losses: String,
    /// Smallest difference of the means that would be found.
    pub detectable: String,
    /// Wins, ties and losses, drawn.
    pub balance: Chart,
}

/// How large the errors are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorView {
    /// The counts, drawn.
    pub chart: Chart,
    /// One row per bin.
    pub rows: Vec<ErrorRow>,
}

/// Samples of one bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorRow {
    /// Its edges.
    pub range: String,
    /// Samples of the baseline.
    pub baseline: String,
    /// Samples of the candidate.
    pub candidate: String,
}

/// How both versions rank by probability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RankingView {
    /// What the ranking stands on.
    pub facts: Vec<Fact>,
    /// ROC and precision-recall curves.
    pub curves: Vec<Chart>,
    /// Points of the curves.
    pub points: Vec<PointRow>,
}

/// A point of a version's curves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointRow {
    /// The version.
    pub version: &'static str,
    /// The lowest probability that is answered "positive".
    pub threshold: String,
    /// Share of the positive samples at or above it: recall.
    pub recall: String,
    /// Share of the negative samples at or above it.
    pub false_positives: String,
    /// Share of positive samples among those at or above it.
    pub precision: String,
}

/// The scores of a comparison.
pub fn scores(comparison: &Comparison) -> Vec<ScoreView> {
    let view = |(i, score): (usize, &crate::model::comparison::ScoreResult)| ScoreView {
        balance: balance(&format!("balance-{i}"), [score.wins, score.ties, score.losses]),
        title: metric_title(&score.metric),
        n: count(score.n),
        excluded: count(score.excluded),
        wins: count(score.wins),
        ties: count(score.ties),
        losses: count(score.losses),
        detectable: Unit::Measured.size(score.detectable),
    };
    comparison.scores.iter().enumerate().map(view).collect()
}

/// The sizes of the errors of a comparison.
pub fn error_sizes(distribution: &ErrorDistribution) -> ErrorView {
    let row = |bin: &ErrorBin| ErrorRow {
        range: errors::range(bin),
        baseline: count(bin.baseline),
        candidate: count(bin.candidate),
    };
    ErrorView {
        chart: errors::errors(distribution),
        rows: distribution.bins.iter().map(row).collect(),
    }
}

/// The ranking of a comparison.
pub fn ranking(ranking: &RankingResult, confusion: &Confusion) -> RankingView {
    let rows = |version, points: &[OperatingPoint]| -> Vec<PointRow> {
        points.iter().map(|point| point_row(version, point, ranking)).collect()
    };
    RankingView {
        facts: facts(ranking),
        curves: curves(ranking, confusion),
        points: [
            rows("baseline", &ranking.baseline_points),
            rows("candidate", &ranking.candidate_points),
        ]
        .concat(),
    }
}

fn point_row(version: &'static str, point: &OperatingPoint, ranking: &RankingResult) -> PointRow {
    PointRow {
        version,
        threshold: number(point.threshold, 4),
        recall: share_of(point.true_positives, ranking.positives),
        false_positives: share_of(point.false_positives, ranking.negatives),
        precision: share_of(point.true_positives, point.true_positives + point.false_positives),
    }
}

fn facts(ranking: &RankingResult) -> Vec<Fact> {
    vec![
        fact("Positive label", words::shown(&ranking.positive)),
        fact("Positive samples", count(ranking.positives)),
        fact("Negative samples", count(ranking.negatives)),
        fact("Left out for want of a probability", count(ranking.excluded)),
        fact("Threshold of the baseline", threshold(&ranking.baseline)),
        fact("Threshold of the candidate", threshold(&ranking.candidate)),
    ]
}

/// Where answers turn positive, in words.
fn threshold(threshold: &Threshold) -> String {
    let shown = |value: f64| number(value, 4);
    match (threshold.highest_negative, threshold.lowest_positive) {
        (Some(negative), Some(positive)) if negative < positive => format!(
            "above {} and at most {}: the highest negative and the lowest positive answer",
            shown(negative),
            shown(positive)
        ),
        (Some(negative), Some(positive)) => format!(
            "none: answers up to {} are negative and from {} on positive",
            shown(negative),
            shown(positive)
        ),
        (Some(negative), None) => format!("above {}: no answer is positive", shown(negative)),
        (None, Some(positive)) => format!("at most {}: no answer is negative", shown(positive)),
        (None, None) => "unknown: no sample has a probability".to_owned(),
    }
}
