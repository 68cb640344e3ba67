//! How large the errors of both versions are: counts by powers of two, which need no range known beforehand and add up in
//! any order.

use crate::model::comparison::{ErrorBin, ErrorDistribution};
use std::collections::BTreeMap;

/// Bins that are told apart, from the largest error down; smaller errors share the first one.
const BINS: i32 = 16;

/// Samples by the power of two that an absolute error does not exceed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ErrorBins {
    /// Baseline and candidate by exponent.
    counts: BTreeMap<i32, [u64; 2]>,
    /// Samples without any error.
    exact: [u64; 2],
}

impl ErrorBins {
    /// Adds the absolute errors of a sample, which are finite.
    pub(super) fn add(&mut self, errors: [f64; 2]) {
        for (version, error) in errors.into_iter().enumerate() {
            match exponent(error) {
                Some(exponent) => self.counts.entry(exponent).or_default()[version] += 1,
                None => self.exact[version] += 1,
            }
        }
    }

    /// Adds the samples of another part.
    pub(super) fn merge(&mut self, other: &ErrorBins) {
        for (exponent, counts) in &other.counts {
            let mine = self.counts.entry(*exponent).or_default();
            (0..2).for_each(|version| mine[version] += counts[version]);
        }
        (0..2).for_each(|version| self.exact[version] += other.exact[version]);
    }

    /// The bins in rising order, from no error on; `None` without samples.
    pub(super) fn distribution(&self) -> Option<ErrorDistribution> {
        let last = self.counts.keys().next_back().copied();
        let first = last.zip(self.counts.keys().next().copied());
        let mut bins = vec![bin(0.0, 0.0, self.exact)];
        if let Some((last, least)) = first {
            let first = least.max(last - BINS + 1);
            let small = self.counts.range(..=first).map(|(_, counts)| *counts);
            bins.push(bin(
                0.0,
                power(first),
                small.fold([0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]),
            ));
            let others = (first + 1)..=last;
            bins.extend(others.map(|k| bin(power(k - 1), power(k), self.counts.get(&k).copied().unwrap_or_default())));
        }
        let any = bins.iter().any(|bin| bin.baseline + bin.candidate > 0);
        any.then_some(ErrorDistribution { bins })
    }
}

fn bin(low: f64, high: f64, [baseline, candidate]: [u64; 2]) -> ErrorBin {
    ErrorBin {
        low,
        high,
        baseline,
        candidate,
    }
}

/// The least `k` with `error <= 2^k`; `None` for no error.
fn exponent(error: f64) -> Option<i32> {
    let (fraction, exponent) = libm::frexp(error);
    (error > 0.0).then(|| exponent - i32::from(fraction <= 0.5))
}

fn power(exponent: i32) -> f64 {
    libm::ldexp(1.0, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errors: &[[f64; 2]]) -> ErrorBins {
        let mut bins = ErrorBins::default();
        errors.iter().for_each(|errors| bins.add(*errors));
        bins
    }

    fn texts(bins: &ErrorBins) -> Vec<String> {
        let bins = bins.distribution().unwrap().bins;
        let text = |bin: &ErrorBin| format!("{}..{}: {} {}", bin.low, bin.high, bin.baseline, bin.candidate);
        bins.iter().map(text).collect()
    }

    #[test]
    fn bins_are_closed_above_and_parts_add_up() {
        let all = [[0.0, 1.0], [1.5, 2.0], [8.0, 0.0]];
        let expected = ["0..0: 1 1", "0..1: 0 1", "1..2: 1 1", "2..4: 0 0", "4..8: 1 0"];
        assert_eq!(texts(&of(&all)), expected);
        let mut parts = of(&all[1..]);
        parts.merge(&of(&all[..1]));
        assert_eq!(parts, of(&all));
    }

    #[test]
    fn tiny_errors_share_a_bin() {
        let bins = texts(&of(&[[1e-300, 1024.0], [1e-9, 3.0]]));
        assert_eq!(bins.len() as i32, BINS + 1);
        assert_eq!(bins[1], "0..0.03125: 2 0");
    }

    #[test]
    fn nothing_has_no_distribution() {
        assert_eq!(ErrorBins::default().distribution(), None);
    }
}
