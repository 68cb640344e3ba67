//! The verdict rule: one place that decides whether a difference counts.

use super::signed_ratio;
use crate::model::{Direction, SliceCounts, Verdict};

/// What a verdict is given on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Matched samples.
    pub n: u64,
    /// Regressed and fixed samples together.
    pub flips: u64,
    /// Samples whose prediction differs.
    pub churned: u64,
    /// New minus old.
    pub delta: Option<f64>,
    /// p value of the delta, a q-value for slices; `None` where it was not tested.
    pub p_value: Option<f64>,
    /// Which way of the delta is better.
    pub direction: Direction,
}

impl Evidence {
    /// Evidence on accuracy.
    pub fn of_accuracy(counts: &SliceCounts, p_value: Option<f64>) -> Evidence {
        Evidence {
            n: counts.n,
            flips: counts.regressed.saturating_add(counts.fixed),
            churned: counts.churned,
            delta: signed_ratio(counts.fixed, counts.regressed, counts.n),
            p_value,
            direction: Direction::Higher,
        }
    }
}

/// The verdict on a metric or slice; the first that applies:
///
/// 1. no sample: not comparable;
/// 2. no flip and no churn: unchanged;
/// 3. flips, but so few that no outcome could be significant (`2^-flips >= alpha`): inconclusive;
/// 4. not tested: inconclusive;
/// 5. significant (`p < alpha`) and larger than the minimum effect: improved or regressed, by the direction;
/// 6. otherwise unchanged, "within noise" in pages.
pub fn verdict(evidence: &Evidence, alpha: f64, min_effect: f64) -> Verdict {
    if evidence.n == 0 {
        return Verdict::NotComparable;
    }
    if evidence.flips == 0 && evidence.churned == 0 {
        return Verdict::Unchanged;
    }
    if too_few(evidence.flips, alpha) {
        return Verdict::Inconclusive;
    }
    let (Some(p_value), Some(delta)) = (evidence.p_value, evidence.delta) else {
        return Verdict::Inconclusive;
    };
    if p_value < alpha && delta.abs() > min_effect {
        by_direction(delta, evidence.direction)
    } else {
        Verdict::Unchanged
    }
}

/// Whether there are flips, but so few that no outcome of them could be significant.
pub fn too_few(flips: u64, alpha: f64) -> bool {
    flips > 0 && libm::exp2(-(flips as f64)) >= alpha
}

/// A difference that its interval holds to be none is none, whatever the test says: where samples come in clusters the interval allows for
/// more than the test.
pub(super) fn confirmed(verdict: Verdict, interval: Option<(f64, f64)>) -> Verdict {
    match (verdict, interval) {
        (Verdict::Improved | Verdict::Regressed, Some((low, high))) if low <= 0.0 && high >= 0.0 => Verdict::Unchanged,
        _ => verdict,
    }
}

fn by_direction(delta: f64, direction: Direction) -> Verdict {
    let (up, down) = match direction {
        Direction::Higher => (Verdict::Improved, Verdict::Regressed),
        Direction::Lower => (Verdict::Regressed, Verdict::Improved),
        Direction::None => return Verdict::Unchanged,
    };
    if delta > 0.0 { up } else { down }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mcnemar_midp;

    fn of(n: u64, regressed: u64, fixed: u64, churned: u64, min_effect: f64) -> Verdict {
        let counts = SliceCounts {
            n,
            both_correct: 0,
            regressed,
            fixed,
            churned,
        };
        let p_value = Some(mcnemar_midp(regressed, fixed));
        verdict(&Evidence::of_accuracy(&counts, p_value), 0.05, min_effect)
    }

    #[test]
    fn rule_is_a_table() {
        use Verdict::{Improved, Inconclusive, NotComparable, Regressed, Unchanged};
        // n, regressed, fixed, churned, minimum effect
        let table = [
            ((0, 0, 0, 0, 0.0), NotComparable),
            ((100, 0, 0, 0, 0.0), Unchanged),
            ((100, 0, 0, 7, 0.0), Unchanged),
            ((100, 1, 0, 1, 0.0), Inconclusive),
            ((100, 4, 0, 4, 0.0), Inconclusive),
            ((100, 5, 0, 5, 0.0), Regressed),
            ((100, 0, 5, 5, 0.0), Improved),
            ((100, 0, 5, 5, 0.05), Unchanged),
            ((100, 0, 5, 5, 0.049), Improved),
            ((50, 2, 12, 14, 0.01), Improved),
            ((21, 7, 1, 8, 0.01), Regressed),
            ((100, 5, 5, 10, 0.0), Unchanged),
            ((100, 6, 5, 11, 0.0), Unchanged),
        ];
        for ((n, regressed, fixed, churned, min_effect), expected) in table {
            let found = of(n, regressed, fixed, churned, min_effect);
            assert_eq!(
                found, expected,
                "n {n}, {regressed} regressed, {fixed} fixed, minimum effect {min_effect}"
            );
        }
    }

    #[test]
    fn an_effect_of_exactly_the_minimum_is_not_larger() {
        assert_eq!(of(1_000, 10, 0, 10, 0.01), Verdict::Unchanged);
        assert_eq!(of(1_000, 11, 0, 11, 0.01), Verdict::Regressed);
    }

    #[test]
    fn direction_decides_what_is_better() {
        let evidence = |direction| Evidence {
            n: 100,
            flips: 20,
            churned: 20,
            delta: Some(0.2),
            p_value: Some(0.001),
            direction,
        };
        assert_eq!(verdict(&evidence(Direction::Higher), 0.05, 0.0), Verdict::Improved);
        assert_eq!(verdict(&evidence(Direction::Lower), 0.05, 0.0), Verdict::Regressed);
        assert_eq!(verdict(&evidence(Direction::None), 0.05, 0.0), Verdict::Unchanged);
    }

    #[test]
    fn what_was_not_tested_is_inconclusive() {
        let counts = SliceCounts {
            n: 20,
            both_correct: 0,
            regressed: 15,
            fixed: 0,
            churned: 15,
        };
        assert_eq!(
            verdict(&Evidence::of_accuracy(&counts, None), 0.05, 0.0),
            Verdict::Inconclusive
        );
    }
}
