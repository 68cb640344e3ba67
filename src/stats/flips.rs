//! Accuracy and the rates of the pair: what one version gets right that the other gets wrong.

use super::intervals::{tango, wilson};
use super::mcnemar::mcnemar_midp;
use super::metrics::MetricKind;
use super::ratio;
use super::verdict::{Evidence, verdict};
use crate::model::{CompareOptions, Metric, SliceCounts};

/// Accuracy with its test: the delta is `(c - b) / n`, its interval Tango's, its p value McNemar's mid-p.
pub(super) fn accuracy(counts: &SliceCounts, options: &CompareOptions) -> Metric {
    let kind = MetricKind::Accuracy;
    let interval = tango(counts.fixed, counts.regressed, counts.n, options.alpha);
    let p_value = (counts.n > 0).then(|| mcnemar_midp(counts.regressed, counts.fixed));
    let evidence = Evidence::of_accuracy(counts, p_value);
    Metric {
        name: kind.name().to_owned(),
        direction: kind.direction(),
        baseline: ratio(counts.correct_baseline(), counts.n),
        candidate: ratio(counts.correct_candidate(), counts.n),
        delta: evidence.delta,
        ci_low: interval.map(|(low, _)| low),
        ci_high: interval.map(|(_, high)| high),
        p_value,
        verdict: Some(verdict(&evidence, options.alpha, options.min_effect_headline)),
        note: None,
    }
}

/// Negative and positive flip rate (Yan et al. 2021, arXiv 2011.09161), churn, and relative negative flip rate; in the
/// order of the document, with Wilson intervals.
pub(super) fn metrics(counts: &SliceCounts, alpha: f64) -> [Metric; 4] {
    let rate = |kind: MetricKind, part: u64| kind.of_pair(ratio(part, counts.n), wilson(part, counts.n, alpha), None);
    let (relative, note) = match relative_negative_flip_rate(counts) {
        Ok(value) => (Some(value), None),
        Err(_) if counts.n == 0 => (None, None),
        Err(reason) => (None, Some(format!("undefined: {reason}"))),
    };
    [
        rate(MetricKind::NegativeFlipRate, counts.regressed),
        rate(MetricKind::PositiveFlipRate, counts.fixed),
        rate(MetricKind::Churn, counts.churned),
        MetricKind::RelativeNegativeFlipRate.of_pair(relative, None, note),
    ]
}

/// `NFR / ((1 - ER_A) ER_B)`: 1 if errors of both versions were independent (Yan et al. 2021). Otherwise why not.
fn relative_negative_flip_rate(counts: &SliceCounts) -> Result<f64, &'static str> {
    let correct_baseline = counts.correct_baseline();
    let wrong_candidate = counts.n.saturating_sub(counts.correct_candidate());
    if correct_baseline == 0 {
        return Err("the baseline has no correct answer");
    }
    if wrong_candidate == 0 {
        return Err("the candidate has no wrong answer");
    }
    let observed = u128::from(counts.regressed) * u128::from(counts.n);
    Ok(observed as f64 / (u128::from(correct_baseline) * u128::from(wrong_candidate)) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Direction, Verdict};

    const COUNTS: SliceCounts = SliceCounts {
        n: 50,
        both_correct: 30,
        regressed: 2,
        fixed: 12,
        churned: 15,
    };

    fn assert_close(value: Option<f64>, expected: f64, tolerance: f64) {
        let value = value.expect("defined");
        assert!((value - expected).abs() <= tolerance, "{value} instead of {expected}");
    }

    #[test]
    fn accuracy_has_delta_interval_test_and_verdict() {
        let metric = accuracy(&COUNTS, &CompareOptions::default());
        assert_eq!(
            (metric.baseline, metric.candidate, metric.delta),
            (Some(0.64), Some(0.84), Some(0.2))
        );
        assert_close(metric.ci_low, 0.06111, 6e-6);
        assert_close(metric.ci_high, 0.34471, 6e-6);
        assert_close(metric.p_value, 0.007385, 6e-7);
        assert_eq!(
            (metric.verdict, metric.direction),
            (Some(Verdict::Improved), Direction::Higher)
        );
    }

    #[test]
    fn rates_of_the_pair() {
        let [negative, positive, churn, relative] = metrics(&COUNTS, 0.05);
        assert_eq!(
            [negative.candidate, positive.candidate, churn.candidate],
            [Some(0.04), Some(0.24), Some(0.3)]
        );
        assert_close(relative.candidate, 0.04 / (0.64 * 0.16), 1e-15);
        assert_eq!(
            (relative.ci_low, relative.ci_high, relative.note.as_deref()),
            (None, None, None)
        );
        for metric in [&negative, &positive, &churn] {
            let value = metric.candidate.expect("defined");
            assert!(metric.ci_low.is_some_and(|low| low < value), "{}", metric.name);
            assert!(metric.ci_high.is_some_and(|high| high > value), "{}", metric.name);
        }
        for metric in [&negative, &positive, &churn, &relative] {
            assert_eq!(
                (metric.baseline, metric.delta, metric.p_value, metric.verdict),
                (None, None, None, None)
            );
        }
        // acc_B - acc_A = PFR - NFR
        assert_close(accuracy(&COUNTS, &CompareOptions::default()).delta, 0.24 - 0.04, 1e-15);
    }

    #[test]
    fn relative_rate_is_undefined_without_a_chance_to_flip() {
        let always_wrong = SliceCounts {
            n: 10,
            fixed: 4,
            ..SliceCounts::default()
        };
        let never_wrong = SliceCounts {
            n: 10,
            both_correct: 6,
            fixed: 4,
            ..SliceCounts::default()
        };
        for (counts, reason) in [
            (always_wrong, "undefined: the baseline has no correct answer"),
            (never_wrong, "undefined: the candidate has no wrong answer"),
        ] {
            let [.., relative] = metrics(&counts, 0.05);
            assert_eq!((relative.candidate, relative.note.as_deref()), (None, Some(reason)));
        }
    }

    #[test]
    fn without_samples_everything_is_null() {
        let counts = SliceCounts::default();
        let metric = accuracy(&counts, &CompareOptions::default());
        assert_eq!((metric.baseline, metric.candidate, metric.delta), (None, None, None));
        assert_eq!((metric.ci_low, metric.ci_high, metric.p_value), (None, None, None));
        assert_eq!(metric.verdict, Some(Verdict::NotComparable));
        for metric in metrics(&counts, 0.05) {
            assert_eq!(
                (metric.candidate, metric.ci_low, metric.ci_high, metric.note),
                (None, None, None, None)
            );
        }
    }
}
