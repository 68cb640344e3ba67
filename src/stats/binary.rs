//! A binary classification with the probability of the positive class: how well it ranks, and where it turns positive.

use super::curve::operating_points;
use super::metrics::MetricKind;
use super::ranking::{Ranked, RankingDifference, ranking};
use super::verdict::{Evidence, verdict};
use crate::model::comparison::{RankingResult, Threshold};
use crate::model::{CompareOptions, Metric};

/// A matched sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinarySample {
    /// Whether the truth is the positive label.
    pub positive: bool,
    /// Whether baseline and candidate say so.
    pub predicted: [bool; 2],
    /// Their probabilities of the positive label; not a number where there is none.
    pub scores: [f64; 2],
}

impl From<&BinarySample> for Ranked {
    fn from(sample: &BinarySample) -> Ranked {
        Ranked {
            positive: sample.positive,
            scores: sample.scores,
        }
    }
}

/// ROC AUC and average precision of both versions, and what they stand on. The samples may come in any order.
pub fn summarise_ranking(
    positive: &str,
    mut samples: Vec<BinarySample>,
    options: &CompareOptions,
) -> ([Metric; 2], RankingResult) {
    // Sums over the samples depend on their order in the last bits.
    samples.sort_unstable_by(|a, b| {
        let scores = |sample: &BinarySample| sample.scores;
        let [old, new] = [0, 1].map(|version| scores(a)[version].total_cmp(&scores(b)[version]));
        a.positive.cmp(&b.positive).then(old).then(new)
    });
    let ranked: Vec<Ranked> = samples.iter().map(Ranked::from).collect();
    let found = ranking(&ranked, options.alpha);
    let evidence = Evidence {
        n: found.positives + found.negatives,
        flips: differing(&samples),
        churned: differing(&samples),
        delta: None,
        p_value: None,
        direction: MetricKind::RocAuc.direction(),
    };
    let metrics = [
        metric(MetricKind::RocAuc, found.auc.as_ref(), evidence, options),
        metric(
            MetricKind::AveragePrecision,
            found.average_precision.as_ref(),
            evidence,
            options,
        ),
    ];
    let result = RankingResult {
        positive: positive.to_owned(),
        positives: found.positives,
        negatives: found.negatives,
        excluded: found.excluded,
        baseline: threshold(&samples, 0),
        candidate: threshold(&samples, 1),
        baseline_points: operating_points(&ranked, 0),
        candidate_points: operating_points(&ranked, 1),
    };
    (metrics, result)
}

/// Ranked samples whose probability differs.
fn differing(samples: &[BinarySample]) -> u64 {
    let differs = |sample: &&BinarySample| (sample.scores[1] - sample.scores[0]).abs() > 0.0;
    samples.iter().filter(differs).count() as u64
}

fn metric(kind: MetricKind, found: Option<&RankingDifference>, evidence: Evidence, options: &CompareOptions) -> Metric {
    let Some(found) = found else {
        let note = (evidence.n > 0).then(|| "undefined without samples of both labels".to_owned());
        return kind.of_versions(None, note);
    };
    let [baseline, candidate] = found.values;
    let evidence = Evidence {
        delta: Some(candidate - baseline),
        p_value: found.p_value,
        ..evidence
    };
    let verdict = verdict(&evidence, options.alpha, options.min_effect_headline);
    kind.tested(found.values, found.interval, found.p_value, Some(verdict))
}

fn threshold(samples: &[BinarySample], version: usize) -> Threshold {
    let scores = |positive: bool| {
        let own = samples
            .iter()
            .filter(move |sample| sample.predicted[version] == positive);
        own.map(move |sample| sample.scores[version])
            .filter(|score| score.is_finite())
    };
    Threshold {
        highest_negative: scores(false).reduce(f64::max),
        lowest_positive: scores(true).reduce(f64::min),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;

    fn sample(positive: bool, a: f64, b: f64) -> BinarySample {
        BinarySample {
            positive,
            predicted: [a >= 0.5, b > 0.3],
            scores: [a, b],
        }
    }

    fn samples() -> Vec<BinarySample> {
        vec![
            sample(true, 0.9, 0.4),
            sample(false, 0.8, 0.3),
            sample(true, 0.5, 0.9),
            sample(false, 0.4, 0.1),
            sample(false, 0.2, 0.2),
            sample(true, f64::NAN, 0.9),
        ]
    }

    #[test]
    fn thresholds_are_where_answers_turn() {
        let (_, found) = summarise_ranking("yes", samples(), &CompareOptions::default());
        assert_eq!((found.positives, found.negatives, found.excluded), (2, 3, 1));
        let ends = |threshold: Threshold| (threshold.highest_negative, threshold.lowest_positive);
        assert_eq!(ends(found.baseline), (Some(0.4), Some(0.5)));
        assert_eq!(ends(found.candidate), (Some(0.3), Some(0.4)));
    }

    #[test]
    fn the_order_of_samples_changes_no_bit() {
        let options = CompareOptions::default();
        let forth = summarise_ranking("yes", samples(), &options);
        let back = summarise_ranking("yes", samples().into_iter().rev().collect(), &options);
        assert_eq!(forth, back);
        // Five of the six pairs of a positive and a negative sample are in order, then all.
        assert!(forth.0[0].baseline.is_some_and(|auc| (auc - 5.0 / 6.0).abs() < 1e-15));
        assert_eq!(forth.0[0].candidate, Some(1.0));
    }

    #[test]
    fn one_label_alone_cannot_be_ranked() {
        let only = vec![sample(false, 0.1, 0.2), sample(false, 0.3, 0.4)];
        let ([auc, precision], _) = summarise_ranking("yes", only, &CompareOptions::default());
        assert_eq!((auc.candidate, precision.candidate, auc.verdict), (None, None, None));
        assert!(auc.note.is_some());
        let ([auc, _], _) = summarise_ranking("yes", Vec::new(), &CompareOptions::default());
        assert_eq!((auc.candidate, auc.note), (None, None));
    }

    #[test]
    fn equal_probabilities_are_unchanged() {
        let same: Vec<_> = (0..40)
            .map(|i| sample(i % 2 == 0, f64::from(i) / 40.0, f64::from(i) / 40.0))
            .collect();
        let ([auc, _], _) = summarise_ranking("yes", same, &CompareOptions::default());
        assert_eq!(
            (auc.delta, auc.p_value, auc.verdict),
            (Some(0.0), Some(1.0), Some(Verdict::Unchanged))
        );
    }
}
