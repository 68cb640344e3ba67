//! Non-inferiority: not whether the candidate is better, but whether it is at most so much worse.

use super::by_cluster::cluster_limit;
use super::clustered::ClusterCounts;
use super::intervals::tango;
use super::means::student_interval;
use super::resample::FEW_FLIPS;
use super::summary::Summary;
use crate::model::comparison::ScoreResult;
use crate::model::{Direction, NonInferiority};

/// The interval of a mean difference to which few samples contribute: the outer ends of Student's (`interval`) and of Tango's for how
/// many samples won and lost, times the root mean square of what they changed by.
fn mean_of_few(
    score: &ScoreResult,
    direction: Direction,
    delta: f64,
    interval: (f64, f64),
    alpha: f64,
) -> Option<(f64, f64)> {
    let n = score.n as f64;
    let (_, quantile) = student_interval(0.0, 1.0, n - 1.0, alpha)?;
    let error = (interval.1 - interval.0) / 2.0 / quantile;
    let squares = error * error * n * (n - 1.0) + n * delta * delta;
    let size = libm::sqrt(squares / (score.wins + score.losses).max(1) as f64);
    // A win is less of what is better when it is less.
    let (less, more) = match direction {
        Direction::Lower => (score.wins, score.losses),
        _ => (score.losses, score.wins),
    };
    let (low, high) = tango(more, less, score.n, alpha)?;
    Some((interval.0.min(low * size), interval.1.max(high * size)))
}

/// Whether the headline excludes a loss of `margin` or more; not comparable where its interval is not sure to hold.
pub fn gate(summary: &Summary, clusters: Option<&ClusterCounts>, alpha: f64, margin: f64) -> NonInferiority {
    let Some(metric) = summary.metrics.iter().find(|metric| metric.verdict.is_some()) else {
        return NonInferiority::NotComparable;
    };
    let interval = metric.ci_low.zip(metric.ci_high);
    let mean = summary.scores.first().zip(metric.delta).zip(interval);
    let interval = match (clusters, mean) {
        (Some(clusters), _) if cluster_limit(clusters).is_some() => None,
        (None, Some(((score, delta), (low, high)))) => match score.wins + score.losses {
            // Of what never changed nobody knows how much it changes where it does.
            0 if low >= high => None,
            0..FEW_FLIPS => mean_of_few(score, metric.direction, delta, (low, high), alpha),
            _ => interval,
        },
        _ => interval,
    };
    non_inferiority(interval, metric.direction, margin)
}

/// Whether the interval of a difference, new minus old, excludes a loss of `margin` or more.
fn non_inferiority(interval: Option<(f64, f64)>, direction: Direction, margin: f64) -> NonInferiority {
    let Some((low, high)) = interval.filter(|_| margin.is_finite() && margin >= 0.0) else {
        return NonInferiority::NotComparable;
    };
    let worst_gain = match direction {
        Direction::Higher => low,
        Direction::Lower => -high,
        Direction::None => return NonInferiority::NotComparable,
    };
    if worst_gain.is_nan() {
        NonInferiority::NotComparable
    } else if worst_gain > -margin {
        NonInferiority::Shown
    } else {
        NonInferiority::NotShown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::MeanSums;

    /// Of 0/1 scores it is what Tango says of flips, whichever way is better.
    #[test]
    fn few_changes_of_a_mean_are_judged_by_their_number() {
        let score = |wins, losses| ScoreResult {
            metric: "score.s".into(),
            n: 400,
            excluded: 0,
            wins,
            ties: 400 - wins - losses,
            losses,
            detectable: None,
        };
        let of = |lost: f64| {
            let mut sums = MeanSums::default();
            (0..400).for_each(|i| sums.add(if f64::from(i) < lost { -1.0 } else { 0.0 }));
            sums.test(0.05).and_then(|test| test.interval).expect("defined")
        };
        let (low, high) = mean_of_few(&score(0, 1), Direction::Higher, -0.0025, of(1.0), 0.05).expect("defined");
        let (a, b) = tango(0, 1, 400, 0.05).expect("defined");
        assert!((low - a).abs() < 1e-9 && (high - b).abs() < 1e-9, "{low} {high}");
        let turned = mean_of_few(&score(1, 0), Direction::Lower, -0.0025, of(1.0), 0.05);
        assert_eq!(turned, Some((low, high)));
    }

    #[test]
    fn rule_is_a_table() {
        use Direction::{Higher, Lower, None as Neither};
        use NonInferiority::{NotComparable, NotShown, Shown};
        let table = [
            (Some((-0.005, 0.02)), Higher, 0.01, Shown),
            (Some((-0.015, 0.02)), Higher, 0.01, NotShown),
            // A bound exactly at the margin does not exclude it.
            (Some((-0.01, 0.02)), Higher, 0.01, NotShown),
            (Some((-0.02, 0.005)), Lower, 0.01, Shown),
            (Some((-0.02, 0.015)), Lower, 0.01, NotShown),
            (Some((0.001, 0.1)), Higher, 0.0, Shown),
            (Some((0.0, 0.1)), Higher, 0.0, NotShown),
            (None, Higher, 0.01, NotComparable),
            (Some((0.0, 0.1)), Neither, 0.01, NotComparable),
            (Some((0.0, 0.1)), Higher, -0.01, NotComparable),
            (Some((0.0, 0.1)), Higher, f64::NAN, NotComparable),
            (Some((f64::NAN, 0.1)), Higher, 0.1, NotComparable),
        ];
        for (interval, direction, margin, expected) in table {
            let found = non_inferiority(interval, direction, margin);
            assert_eq!(found, expected, "{interval:?} {direction:?} {margin}");
        }
    }
}
