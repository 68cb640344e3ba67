//! Interval bars: estimates with their intervals on one shared axis, as SVG numbers.

use super::format::coordinate;
use serde::Serialize;

/// Width of the drawing in SVG units.
pub const WIDTH: f64 = 160.0;
/// Space kept free on both sides, so that a mark at the end is not cut.
const MARGIN: f64 = 4.0;

/// One interval and its estimate, drawn in a box of 160 by 14.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// Start of the interval.
    pub x: String,
    /// Its width.
    pub width: String,
    /// Place of the estimate.
    pub mark: String,
    /// Place of zero, or of the overall value.
    pub zero: String,
    /// `better`, `worse`, `noise` or `unknown`.
    pub class: &'static str,
}

/// The shared axis of several bars.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    reference: f64,
}

impl Axis {
    /// An axis around zero that holds every given interval.
    pub fn around_zero<'a>(ends: impl Iterator<Item = &'a Option<f64>>) -> Axis {
        let reach = ends
            .flatten()
            .filter(|end| end.is_finite())
            .fold(0.0, |reach: f64, end| reach.max(end.abs()));
        let reach = if reach > 0.0 { reach } else { 1.0 };
        Axis {
            low: -reach,
            high: reach,
            reference: 0.0,
        }
    }

    /// The axis of a share from 0 to 1 with a reference value.
    pub fn share(reference: f64) -> Axis {
        Axis {
            low: 0.0,
            high: 1.0,
            reference,
        }
    }

    /// Draws an interval; none where an end is missing.
    pub fn bar(&self, low: Option<f64>, mark: Option<f64>, high: Option<f64>, class: &'static str) -> Option<Bar> {
        let (low, mark, high) = (self.place(low?)?, self.place(mark?)?, self.place(high?)?);
        Some(Bar {
            x: coordinate(low),
            width: coordinate((high - low).max(1.0)),
            mark: coordinate(mark),
            zero: coordinate(self.place(self.reference)?),
            class,
        })
    }

    /// How far the axis reaches from its reference to its end.
    pub fn reach(&self) -> f64 {
        self.high - self.reference
    }

    /// Where a value lies; none for what is not a number.
    pub fn place(&self, value: f64) -> Option<f64> {
        let share = (value - self.low) / (self.high - self.low);
        share
            .is_finite()
            .then(|| MARGIN + share.clamp(0.0, 1.0) * (WIDTH - 2.0 * MARGIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_share_an_axis() {
        let ends = [Some(-0.1), Some(0.05), None, Some(f64::NAN)];
        let axis = Axis::around_zero(ends.iter());
        let bar = axis.bar(Some(-0.1), Some(0.0), Some(0.1), "noise").unwrap();
        assert_eq!(
            (bar.x.as_str(), bar.width.as_str(), bar.mark.as_str()),
            ("4", "152", "80")
        );
        assert_eq!(bar.zero, "80");
        assert!(axis.bar(None, Some(0.0), Some(0.1), "noise").is_none());
        assert!(axis.bar(Some(f64::NAN), Some(0.0), Some(0.1), "noise").is_none());
    }

    #[test]
    fn an_axis_of_nothing_is_still_an_axis() {
        assert!(
            Axis::around_zero([None].iter())
                .bar(Some(0.0), Some(0.0), Some(0.0), "noise")
                .is_some()
        );
    }
}
