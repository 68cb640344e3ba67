//! Bins for numbers of any size around zero: a quarter of an octave each, so that no range need be known beforehand, and
//! counts add up in any order. Afterwards they make bins of equal width exactly, however far these reach.

/// Bins of equal width on each side of zero.
pub(super) const STEPS: i32 = 8;
/// Of so many numbers, one may lie beyond the bins of equal width.
const BEYOND: u64 = 100;

/// A quarter of an octave on one side of zero, closed at its end away from zero; or zero itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Quarter {
    /// -1, 0 or 1.
    sign: i32,
    /// The outer edge is `eighths / 8 * 2^exponent`.
    exponent: i32,
    /// 5 to 8.
    eighths: i32,
}

impl Quarter {
    /// The bin of a finite number.
    pub(super) fn of(value: f64) -> Quarter {
        let (fraction, exponent) = libm::frexp(value.abs());
        let sign = i32::from(value > 0.0) - i32::from(value < 0.0);
        match fraction {
            _ if sign == 0 => Quarter::default(),
            // A power of two is the upper end of the octave below it.
            _ if fraction <= 0.5 => Quarter {
                sign,
                exponent: exponent - 1,
                eighths: 8,
            },
            _ => Quarter {
                sign,
                exponent,
                eighths: libm::ceil(fraction * 8.0) as i32,
            },
        }
    }

    /// The octave; `None` for zero.
    pub(super) fn octave(self) -> Option<i32> {
        (self.sign != 0).then_some(self.exponent)
    }

    /// Which of the [`STEPS`] bins up to `2^reach` holds it, from 1 on and negative below zero; 0 for zero itself. What
    /// lies beyond is in the last one.
    pub(super) fn step(self, reach: i32) -> i32 {
        let below = (reach - self.exponent).min(30);
        let step = match below {
            ..0 => STEPS,
            _ => (self.eighths + (1 << below) - 1) >> below,
        };
        self.sign * step.max(1)
    }

    /// Whether it is farther from zero than `2^reach`.
    pub(super) fn is_beyond(self, reach: i32) -> bool {
        self.sign != 0 && self.exponent > reach
    }
}

/// The least power of two that all but one in a hundred numbers do not exceed; `None` where all are zero.
pub(super) fn reach(counts: impl Iterator<Item = (Quarter, u64)>) -> Option<i32> {
    let mut octaves = std::collections::BTreeMap::<i32, u64>::new();
    let mut all = 0;
    for (quarter, n) in counts {
        all += n;
        if let Some(octave) = quarter.octave() {
            *octaves.entry(octave).or_default() += n;
        }
    }
    let mut beyond = 0;
    let least = octaves.keys().next().copied();
    let within = octaves.iter().rev().find(|(_, n)| {
        beyond += **n;
        beyond * BEYOND > all
    });
    within.map(|(octave, _)| *octave).or(least)
}

/// The end of the bin that is `step` steps from zero.
pub(super) fn edge(step: i32, reach: i32) -> f64 {
    libm::ldexp(f64::from(step) / f64::from(STEPS), reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_of_equal_width_and_closed_outside() {
        let steps = |reach: i32| {
            [0.0, 1e-300, 0.125, 0.126, 0.25, 0.5, 0.51, 1.0, 1.01, -0.26].map(|v| Quarter::of(v).step(reach))
        };
        assert_eq!(steps(0), [0, 1, 1, 2, 2, 4, 5, 8, 8, -3]);
        assert_eq!(steps(1), [0, 1, 1, 1, 1, 2, 3, 4, 5, -2]);
        assert!(Quarter::of(1.01).is_beyond(0) && !Quarter::of(-1.0).is_beyond(0) && !Quarter::of(0.0).is_beyond(0));
    }

    #[test]
    fn one_in_a_hundred_may_lie_beyond() {
        let of = |n: u64| reach([(Quarter::of(3.0), n), (Quarter::of(-900.0), 1)].into_iter());
        assert_eq!((of(98), of(99)), (Some(10), Some(2)));
        assert_eq!(reach([(Quarter::of(0.0), 5)].into_iter()), None);
        // Though nearly all are zero, what is not is worth a bin.
        assert_eq!(
            reach([(Quarter::of(0.0), 5000), (Quarter::of(1.0), 1)].into_iter()),
            Some(0)
        );
    }

    proptest! {
        #[test]
        fn a_step_is_what_division_gives(value in -40.0_f64..40.0, reach in -3_i32..5) {
            let width = edge(1, reach);
            let expected = libm::ceil(value.abs() / width).min(f64::from(STEPS)) as i32;
            prop_assert_eq!(Quarter::of(value).step(reach), if value < 0.0 { -expected } else { expected });
        }
    }
}
