//! Operating points of a ranking by probability: what ROC and precision-recall curves are drawn through.

use super::ranking::Ranked;
use crate::model::comparison::OperatingPoint;

/// Points of a curve, about; the shape of a curve of millions of samples is seen in as many.
const POINTS: usize = 100;

/// Operating points of a version from the highest threshold to the lowest: each the last of the samples that share its
/// score, at about equal distances in rank. Samples whose score on a side is not a finite number are left out, as in
/// [`ranking`](super::ranking::ranking).
pub(super) fn operating_points(samples: &[Ranked], version: usize) -> Vec<OperatingPoint> {
    let finite = samples
        .iter()
        .filter(|sample| sample.scores.iter().all(|score| score.is_finite()));
    let mut scored: Vec<(f64, bool)> = finite.map(|sample| (sample.scores[version], sample.positive)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let step = scored.len().div_ceil(POINTS).max(1);
    let mut points = Vec::new();
    let mut point = OperatingPoint::default();
    let mut next = step;
    for tied in scored.chunk_by(|a, b| a.0 <= b.0 && b.0 <= a.0) {
        let positives = tied.iter().filter(|(_, positive)| *positive).count() as u64;
        point = OperatingPoint {
            threshold: tied.last().map_or(0.0, |(score, _)| *score),
            true_positives: point.true_positives + positives,
            false_positives: point.false_positives + tied.len() as u64 - positives,
        };
        let rank = point.true_positives + point.false_positives;
        if rank as usize >= next || rank as usize == scored.len() {
            points.push(point);
            next = rank as usize + step;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(n: usize, score: impl Fn(usize) -> f64) -> Vec<Ranked> {
        let sample = |i: usize| Ranked {
            positive: i.is_multiple_of(3),
            scores: [score(i), 0.5],
        };
        (0..n).map(sample).collect()
    }

    #[test]
    fn ties_are_one_point() {
        let samples = [(true, 0.9), (false, 0.5), (true, 0.5), (false, 0.1), (true, f64::NAN)];
        let samples = samples.map(|(positive, score)| Ranked {
            positive,
            scores: [score, score],
        });
        let points = operating_points(&samples, 0);
        let counts: Vec<_> = points.iter().map(|p| (p.true_positives, p.false_positives)).collect();
        assert_eq!(counts, [(1, 0), (2, 1), (2, 2)]);
    }

    #[test]
    fn a_long_curve_has_few_points_and_ends_with_all_samples() {
        let points = operating_points(&ranked(100_001, |i| 1.0 / (1 + i) as f64), 0);
        let last = points.last().unwrap();
        assert!(points.len() <= POINTS);
        assert_eq!(last.true_positives + last.false_positives, 100_001);
        assert!(points.windows(2).all(|pair| pair[0].threshold > pair[1].threshold));
    }
}
