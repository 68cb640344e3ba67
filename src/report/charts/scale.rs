//! Scales: where a value lies in a drawing, and which values are written at its edge.

use crate::report::format::{count, number, signed};

/// Longest tick that is written out.
const LONGEST: usize = 8;

/// Maps values to places.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    /// Equal distances for equal differences.
    pub fn linear([low, high]: [f64; 2], [from, to]: [f64; 2]) -> Scale {
        Scale {
            low,
            high,
            from,
            to,
            log: false,
        }
    }

    /// Equal distances for equal ratios; values start at 1.
    pub fn log([low, high]: [f64; 2], [from, to]: [f64; 2]) -> Scale {
        Scale {
            low: low.max(1.0),
            high: high.max(1.0),
            from,
            to,
            log: true,
        }
    }

    /// The place of a value; what lies outside is put at the edge.
    pub fn at(&self, value: f64) -> f64 {
        let (value, low, high) = if self.log {
            (
                libm::log10(value.max(1.0)),
                libm::log10(self.low),
                libm::log10(self.high),
            )
        } else {
            (value, self.low, self.high)
        };
        let share = (value - low) / (high - low);
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.5 };
        self.from + share * (self.to - self.from)
    }

    /// Round values within the scale, about `most` of them, with the digits that tell them apart.
    pub fn ticks(&self, most: usize) -> (Vec<f64>, usize) {
        if self.log {
            return (self.log_ticks(most), 0);
        }
        let step = round_up((self.high - self.low) / most.max(1) as f64);
        if !step.is_finite() || step <= 0.0 {
            return (Vec::new(), 0);
        }
        let first = libm::ceil(self.low / step - 1e-9) as i64;
        let last = libm::floor(self.high / step + 1e-9) as i64;
        let digits = (-libm::floor(libm::log10(step) + 1e-9)).max(0.0) as usize;
        ((first..=last).map(|i| i as f64 * step).collect(), digits)
    }

    fn log_ticks(&self, most: usize) -> Vec<f64> {
        let last = libm::ceil(libm::log10(self.high)) as i32;
        let within = |multiples: &[f64]| -> Vec<f64> {
            let values = (0..=last).flat_map(|power| {
                let ten = libm::pow(10.0, f64::from(power));
                multiples.iter().map(move |multiple| multiple * ten)
            });
            values.filter(|value| (self.low..=self.high).contains(value)).collect()
        };
        let choices = [
            &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0][..],
            &[1.0, 2.0, 5.0],
            &[1.0, 3.0],
            &[1.0],
        ]
        .map(within);
        let fitting = choices.iter().find(|ticks| ticks.len() <= most);
        fitting.or(choices.last()).cloned().unwrap_or_default()
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn round_up(step: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(step)));
    let multiple = [1.0, 2.0, 5.0].into_iter().find(|m| m * power >= step * (1.0 - 1e-9));
    multiple.unwrap_or(10.0) * power
}

/// A tick of a difference: "-5", "0", "+5".
pub fn difference(value: f64, digits: usize) -> String {
    let digits = if value.abs() > 0.0 { digits } else { 0 };
    signed(value, digits)
}

/// A tick of a value: "0.2".
pub fn plain(value: f64, digits: usize) -> String {
    number(value, digits)
}

/// Ticks as they are written; all in powers of ten where one would be long.
pub fn short(ticks: &[f64], words: impl Fn(f64) -> String) -> Vec<String> {
    let written: Vec<String> = ticks.iter().map(|tick| words(*tick)).collect();
    if written.iter().all(|words| words.len() <= LONGEST) {
        return written;
    }
    let powers = ticks.iter().zip(written);
    powers
        .map(|(tick, words)| match tick.abs() > 0.0 {
            true if words.starts_with('+') => format!("{tick:+.1e}"),
            true => format!("{tick:.1e}"),
            false => "0".to_owned(),
        })
        .collect()
}

/// A tick of a number of samples.
pub fn samples(value: f64) -> String {
    count(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::format::coordinate;

    #[test]
    fn values_outside_are_put_at_the_edge() {
        let scale = Scale::linear([-1.0, 1.0], [0.0, 100.0]);
        let places = [-9.0, 0.0, 9.0].map(|x| coordinate(scale.at(x)));
        assert_eq!(places, ["0", "50", "100"]);
        assert_eq!(coordinate(Scale::linear([1.0, 1.0], [0.0, 100.0]).at(1.0)), "50");
        assert_eq!(coordinate(Scale::log([1.0, 100.0], [100.0, 0.0]).at(10.0)), "50");
    }

    #[test]
    fn long_ticks_are_written_in_powers_of_ten() {
        let words = |tick| difference(tick, 0);
        assert_eq!(short(&[-50_000.0, 0.0], words), ["-50000", "0"]);
        assert_eq!(short(&[-5e60, 0.0, 5e60], words), ["-5.0e60", "0", "+5.0e60"]);
        assert_eq!(short(&[0.0, 2e-9], |tick| plain(tick, 9)), ["0", "2.0e-9"]);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let texts = |low, high| {
            let (ticks, digits) = Scale::linear([low, high], [0.0, 1.0]).ticks(5);
            ticks.into_iter().map(|x| difference(x, digits)).collect::<Vec<_>>()
        };
        assert_eq!(texts(-4.3, 4.3), ["-4", "-2", "0", "+2", "+4"]);
        assert_eq!(texts(-0.07, 0.05), ["-0.05", "0", "+0.05"]);
        assert!(texts(0.0, f64::NAN).is_empty());
        let logs = |high| {
            Scale::log([30.0, high], [0.0, 1.0])
                .ticks(4)
                .0
                .into_iter()
                .map(samples)
                .collect::<Vec<_>>()
        };
        assert_eq!(logs(5_000.0), ["100", "1,000"]);
        assert_eq!(logs(1e7).len(), 6);
    }
}
