//! Non-inferiority: not whether the candidate is better, but whether it is at most so much worse.

use super::by_cluster::cluster_limit;
use super::clustered::ClusterCounts;
use super::summary::Summary;
use crate::model::{Direction, NonInferiority};

/// Whether the headline excludes a loss of `margin` or more; not comparable where its interval is not sure to hold.
pub fn gate(summary: &Summary, clusters: Option<&ClusterCounts>, margin: f64) -> NonInferiority {
    let Some(metric) = summary.metrics.iter().find(|metric| metric.verdict.is_some()) else {
        return NonInferiority::NotComparable;
    };
    let interval = metric.ci_low.zip(metric.ci_high);
    let limited = clusters.is_some_and(|clusters| cluster_limit(clusters).is_some());
    let interval = interval.filter(|_| !limited);
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
