//! Calibration of both versions from exact fixed-point sums: mean confidence, Brier score, ECE and MCE.
//!
//! Sums and differences stay integers; each number is rounded to a double once or twice, at its end.

use super::means::Spread;
use super::metrics::MetricKind;
use super::ratio;
use crate::model::comparison::{BinCounts, Calibration, CalibrationBin, FlipConfidence};
use crate::model::confidence::{BinSums, CALIBRATION_BINS, ChangeSums, FIXED_ONE};
use crate::model::{CalibrationSums, ConfidenceSums, Metric};

/// Calibration by bin and the largest bin gap (MCE) of both versions: Guo et al. (2017), top label, equal-width bins
/// (lo, hi], the first closed at 0.
pub fn calibration(sums: &CalibrationSums) -> Calibration {
    Calibration {
        n: sums.n,
        excluded: sums.excluded,
        baseline: bins(&sums.baseline),
        candidate: bins(&sums.candidate),
        mce: [&sums.baseline, &sums.candidate].map(|version| version.bins.iter().filter_map(gap).reduce(f64::max)),
        flips: flips(sums),
    }
}

/// Confidence in the answers to the samples that flipped; `None` where none did.
fn flips(sums: &CalibrationSums) -> Option<FlipConfidence> {
    let any = sums.flips.iter().flatten().flatten().any(|&n| n > 0);
    let counts = |[baseline, candidate]: &[[u64; CALIBRATION_BINS]; 2]| BinCounts {
        baseline: baseline.to_vec(),
        candidate: candidate.to_vec(),
    };
    let [regressed, fixed] = &sums.flips;
    any.then(|| FlipConfidence {
        regressed: counts(regressed),
        fixed: counts(fixed),
    })
}

/// Mean confidence, Brier score and ECE, in the order of the document.
pub(super) fn metrics(sums: &CalibrationSums) -> [Metric; 3] {
    let metric = |kind: MetricKind, value: fn(&ConfidenceSums, u64) -> f64| {
        let values = (sums.n > 0).then(|| [&sums.baseline, &sums.candidate].map(|version| value(version, sums.n)));
        kind.of_versions(values, coverage(sums))
    };
    [
        metric(MetricKind::MeanConfidence, |version, n| mean(version.sum(), n)),
        metric(MetricKind::Brier, |version, n| mean(version.squared_error(), n)),
        metric(MetricKind::Ece, expected_calibration_error),
    ]
}

/// Interval of the difference of the mean confidences, which is a paired mean.
pub(super) fn confidence_interval(sums: &CalibrationSums, alpha: f64) -> Option<(f64, f64)> {
    paired(
        sums,
        [sums.baseline.sum(), sums.candidate.sum()],
        &sums.confidence_change,
        alpha,
    )
}

/// The same of the Brier scores.
pub fn brier_interval(sums: &CalibrationSums, alpha: f64) -> Option<(f64, f64)> {
    let totals = [sums.baseline.squared_error(), sums.candidate.squared_error()];
    paired(sums, totals, &sums.error_change, alpha)
}

/// Interval of the mean of a paired difference of numbers between 0 and 1 ([`Spread::interval`]), from the sums of both sides and of its
/// powers; `None` below two samples, and where none differs.
fn paired(sums: &CalibrationSums, totals: [u128; 2], changes: &ChangeSums, alpha: f64) -> Option<(f64, f64)> {
    let [baseline, candidate] = totals.map(|total| total as i128);
    let spread = Spread::of_changes(sums.n, (candidate - baseline) as f64 / FIXED_ONE, changes, 1.0);
    let (low, high) = spread.interval(spread.error()?, alpha)?;
    Some((low.max(-1.0), high.min(1.0)))
}

/// Says how many matched samples the confidence metrics leave out, if any.
fn coverage(sums: &CalibrationSums) -> Option<String> {
    let CalibrationSums { n, excluded, .. } = *sums;
    (excluded > 0).then(|| {
        format!(
            "over {n} of {} matched samples: {excluded} lack a valid confidence on both sides",
            n + excluded
        )
    })
}

/// `sum (n_k / n) |acc_k - conf_k|`, which is the sum of the bins' `|correct - confidence|` over `n`.
fn expected_calibration_error(version: &ConfidenceSums, n: u64) -> f64 {
    mean(version.bins.iter().map(distance).sum(), n)
}

/// `|acc_k - conf_k|`; `None` for an empty bin.
fn gap(bin: &BinSums) -> Option<f64> {
    (bin.n > 0).then(|| mean(distance(bin), bin.n))
}

/// `|correct - sum of confidence|` in fixed point, exact.
fn distance(bin: &BinSums) -> u128 {
    (u128::from(bin.correct) * FIXED_ONE as u128).abs_diff(bin.confidence)
}

/// A fixed-point sum over `n`. The scale is a power of two, so dividing by it does not round.
fn mean(sum: u128, n: u64) -> f64 {
    sum as f64 / FIXED_ONE / n as f64
}

fn bins(version: &ConfidenceSums) -> Vec<CalibrationBin> {
    let edge = |k: usize| k as f64 / CALIBRATION_BINS as f64;
    let bins = version.bins.iter().enumerate();
    bins.map(|(k, bin)| CalibrationBin {
        low: edge(k),
        high: edge(k + 1),
        n: bin.n,
        accuracy: ratio(bin.correct, bin.n),
        confidence: (bin.n > 0).then(|| mean(bin.confidence, bin.n)),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::tango;

    /// Answers of one confidence: what a flip changes of the Brier score is the same for all.
    #[test]
    fn few_flips_are_to_the_brier_score_what_they_are_to_accuracy() {
        for (regressed, fixed) in [(1, 0), (3, 0), (0, 5), (2, 2)] {
            let mut sums = CalibrationSums::default();
            for i in 0..500_u64 {
                let right = [i >= fixed, i < fixed || i >= fixed + regressed];
                sums.add([0.99; 2], right);
            }
            let (low, high) = brier_interval(&sums, 0.05).expect("changed");
            let (least, most) = tango(fixed, regressed, 500, 0.05).expect("samples");
            // From 0.01² to 0.99² where an answer is wrong now.
            assert!(
                low <= -0.98 * most + 1e-12 && high >= -0.98 * least - 1e-12,
                "{regressed} {fixed}"
            );
        }
        let same = [0.4, 0.7, 0.9].map(|confidence| ([confidence; 2], [true; 2]));
        let mut sums = CalibrationSums::default();
        same.into_iter()
            .for_each(|(confidence, right)| sums.add(confidence, right));
        assert_eq!(
            (brier_interval(&sums, 0.05), confidence_interval(&sums, 0.05)),
            (None, None)
        );
    }

    /// Sums over (confidence, correct), as the counting pass makes them.
    fn sums(samples: &[(f64, bool)]) -> ConfidenceSums {
        let fixed = |value: f64| (value * FIXED_ONE).round() as u128;
        let mut sums = ConfidenceSums::default();
        for &(confidence, correct) in samples {
            let bin = ((confidence * CALIBRATION_BINS as f64).ceil() as usize).saturating_sub(1);
            let target = f64::from(u8::from(correct));
            sums.bins[bin].squared_error += fixed((confidence - target).powi(2));
            sums.bins[bin].n += 1;
            sums.bins[bin].correct += u64::from(correct);
            sums.bins[bin].confidence += fixed(confidence);
        }
        sums
    }

    const BASELINE: [(f64, bool); 8] = [
        (0.95, true),
        (0.91, true),
        (0.97, false),
        (0.55, true),
        (0.58, false),
        (0.31, false),
        (0.72, true),
        (0.05, false),
    ];

    fn both(candidate: &[(f64, bool)], excluded: u64) -> CalibrationSums {
        CalibrationSums {
            n: BASELINE.len() as u64,
            excluded,
            baseline: sums(&BASELINE),
            candidate: sums(candidate),
            ..CalibrationSums::default()
        }
    }

    fn assert_close(value: Option<f64>, expected: f64) {
        let value = value.expect("defined");
        assert!((value - expected).abs() < 1e-14, "{value} instead of {expected}");
    }

    const CANDIDATE: [(f64, bool); 8] = [
        (0.99, true),
        (0.91, false),
        (0.67, true),
        (0.55, true),
        (0.61, false),
        (0.42, false),
        (0.88, true),
        (0.15, false),
    ];

    /// Computed with numpy and scikit-learn 1.9.1 `brier_score_loss` on the same samples, none of them on an edge.
    #[test]
    fn agrees_with_a_direct_computation() {
        let sums = both(&CANDIDATE, 2);
        let expected = [
            (0.63, 0.6475),
            (0.20842499999999997, 0.215625),
            (0.22249999999999998, 0.345),
        ];
        for (metric, (baseline, candidate)) in metrics(&sums).iter().zip(expected) {
            assert_close(metric.baseline, baseline);
            assert_close(metric.candidate, candidate);
            assert_close(metric.delta, candidate - baseline);
            assert_eq!(
                metric.note.as_deref(),
                Some("over 8 of 10 matched samples: 2 lack a valid confidence on both sides")
            );
        }
        let [baseline, candidate] = calibration(&sums).mce;
        assert_close(baseline, 0.45999999999999996);
        assert_close(candidate, 0.61);
    }

    #[test]
    fn bins_carry_their_edges_and_empty_ones_no_rate() {
        let calibration = calibration(&both(&BASELINE, 0));
        assert_eq!(calibration.baseline.len(), CALIBRATION_BINS);
        assert_eq!(calibration.baseline, calibration.candidate);
        let first = calibration.baseline[0];
        assert_eq!(
            (first.low, first.high, first.n, first.accuracy),
            (0.0, 1.0 / 15.0, 1, Some(0.0))
        );
        let last = calibration.baseline[14];
        assert_eq!((last.high, last.n, last.accuracy), (1.0, 2, Some(0.5)));
        assert_eq!(
            (calibration.baseline[1].accuracy, calibration.baseline[1].confidence),
            (None, None)
        );
        assert_eq!(calibration.baseline.iter().map(|bin| bin.n).sum::<u64>(), 8);
    }

    #[test]
    fn certain_and_right_is_perfect() {
        let perfect = both(&[(1.0, true); 8], 0);
        let [confidence, brier, ece] = metrics(&perfect);
        assert_eq!(
            (confidence.candidate, brier.candidate, ece.candidate),
            (Some(1.0), Some(0.0), Some(0.0))
        );
        assert_eq!(calibration(&perfect).mce[1], Some(0.0));
    }

    #[test]
    fn no_sample_with_confidence_gives_nulls_and_says_so() {
        let empty = CalibrationSums {
            excluded: 12,
            ..CalibrationSums::default()
        };
        for metric in metrics(&empty) {
            assert_eq!((metric.baseline, metric.candidate, metric.delta), (None, None, None));
            assert_eq!(
                metric.note.as_deref(),
                Some("over 0 of 12 matched samples: 12 lack a valid confidence on both sides")
            );
        }
        assert_eq!(calibration(&empty).mce, [None, None]);
    }

    #[test]
    fn sums_of_a_thousand_million_samples_keep_their_digits() {
        let n = 1_000_000_000_u64;
        let one = FIXED_ONE as u128;
        let mut version = ConfidenceSums::default();
        version.bins[14] = BinSums {
            n,
            correct: n - 1,
            confidence: u128::from(n) * one - 1,
            squared_error: 0,
        };
        // |(n - 1) - (n - 2^-62)| / n, which no double holds before the subtraction.
        assert_eq!(
            (expected_calibration_error(&version, n), gap(&version.bins[14])),
            (1e-9, Some(1e-9))
        );
    }
}
