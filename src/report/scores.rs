//! How samples changed by their scores, and what a ranking by probability stands on.

use super::format::{Unit, count, number};
use super::parts::{Fact, fact};
use super::words::{self, metric_title};
use crate::model::Comparison;
use crate::model::comparison::{RankingResult, Threshold};
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
}

/// The scores of a comparison.
pub fn scores(comparison: &Comparison) -> Vec<ScoreView> {
    let view = |score: &crate::model::comparison::ScoreResult| ScoreView {
        title: metric_title(&score.metric),
        n: count(score.n),
        excluded: count(score.excluded),
        wins: count(score.wins),
        ties: count(score.ties),
        losses: count(score.losses),
        detectable: Unit::Plain.size(score.detectable),
    };
    comparison.scores.iter().map(view).collect()
}

/// What the ranking stands on.
pub fn ranking(ranking: &RankingResult) -> Vec<Fact> {
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
