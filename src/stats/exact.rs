//! Sums of doubles without any rounding, so that they do not depend on the order of the terms.

/// Terms after which digits are carried: each adds less than 2^32 to a digit of 63 bits.
const CARRY_AFTER: u32 = 1 << 30;

/// A sum of doubles in fixed point, wide enough for all of them: additions in any order, and of partial sums, give the
/// same bits, and [`value`](ExactSum::value) rounds once.
///
/// Kulisch's accumulator, of which only the digits between the least and the greatest term are held: there may be a sum
/// for each of many slices. A term that is not finite makes the sum not a number.
#[derive(Clone, Debug)]
pub struct ExactSum {
    /// Digits of 32 bits from 2^(32 base - 1074) up, the least first.
    limbs: Vec<i64>,
    base: usize,
    pending: u32,
    finite: bool,
}

impl Default for ExactSum {
    fn default() -> ExactSum {
        ExactSum {
            limbs: Vec::new(),
            base: 0,
            pending: 0,
            finite: true,
        }
    }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &ExactSum) -> bool {
        let mut difference = self.clone();
        difference.subtract(other);
        difference.carry();
        self.finite == other.finite && difference.limbs.iter().all(|limb| *limb == 0)
    }
}

impl ExactSum {
    /// Adds a term.
    pub fn add(&mut self, term: f64) {
        if !term.is_finite() {
            self.finite = false;
            return;
        }
        let bits = term.to_bits();
        let exponent = (bits >> 52) & 0x7ff;
        let fraction = bits & ((1 << 52) - 1);
        // Subnormals have no hidden bit, and the exponent of the smallest normal.
        let (mantissa, shift) = if exponent == 0 {
            (fraction, 0)
        } else {
            (fraction | (1 << 52), exponent as usize - 1)
        };
        if mantissa == 0 {
            return;
        }
        if self.pending >= CARRY_AFTER {
            self.carry();
        }
        self.pending += 1;
        let wide = u128::from(mantissa) << (shift % 32);
        let digits = [0, 32, 64].map(|at| ((wide >> at) & 0xffff_ffff) as i64);
        self.make_room(shift / 32, digits.len());
        for (limb, digit) in self.limbs.iter_mut().skip(shift / 32 - self.base).zip(digits) {
            *limb += if term < 0.0 { -digit } else { digit };
        }
    }

    /// Adds a product without rounding it first (barring underflow).
    pub fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        self.add(product);
        if product.is_finite() {
            self.add(a.mul_add(b, -product));
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &ExactSum) {
        self.take_in(other, 1);
    }

    /// Subtracts another sum.
    pub fn subtract(&mut self, other: &ExactSum) {
        self.take_in(other, -1);
    }

    fn take_in(&mut self, other: &ExactSum, sign: i64) {
        let mut other = other.clone();
        other.carry();
        self.carry();
        self.finite &= other.finite;
        if other.limbs.is_empty() {
            return;
        }
        self.make_room(other.base, other.limbs.len());
        for (limb, digit) in self.limbs.iter_mut().skip(other.base - self.base).zip(&other.limbs) {
            *limb += sign * digit;
        }
        self.pending = 2;
    }

    /// Makes room for so many digits from this one on.
    fn make_room(&mut self, from: usize, digits: usize) {
        if self.limbs.is_empty() {
            self.base = from;
        }
        if from < self.base {
            self.limbs.splice(0..0, std::iter::repeat_n(0, self.base - from));
            self.base = from;
        }
        let length = self.limbs.len().max(from - self.base + digits);
        self.limbs.resize(length, 0);
    }

    /// The sum, rounded once to the nearest double.
    pub fn value(&self) -> f64 {
        if !self.finite {
            return f64::NAN;
        }
        let mut sum = self.clone();
        sum.carry();
        let negative = sum.limbs.last().is_some_and(|top| *top < 0);
        if negative {
            sum.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            sum.carry();
        }
        let Some(top) = sum.limbs.iter().rposition(|limb| *limb != 0) else {
            return 0.0;
        };
        // The three leading digits hold at least 65 bits; whether anything lies below decides ties.
        let base = top.saturating_sub(2);
        let leading = sum.limbs.iter().skip(base).take(3).rev();
        let mut leading = leading.fold(0_u128, |digits, limb| (digits << 32) | *limb as u128);
        if sum.limbs.iter().take(base).any(|limb| *limb != 0) {
            leading |= 1;
        }
        let magnitude = libm::ldexp(leading as f64, 32 * (self.base + base) as i32 - 1074);
        if negative { -magnitude } else { magnitude }
    }

    /// The sum as two doubles, the second being what the first leaves.
    pub(super) fn double(&self) -> Double {
        let high = self.value();
        let mut rest = self.clone();
        rest.add(-high);
        Double {
            high,
            low: if high.is_finite() { rest.value() } else { 0.0 },
        }
    }

    /// Brings every digit but the last into 0..2^32; the last has the sign, and 33 bits at most.
    fn carry(&mut self) {
        let mut carry = 0;
        let last = self.limbs.len().saturating_sub(1);
        for limb in self.limbs.iter_mut().take(last) {
            *limb += carry;
            carry = *limb >> 32;
            *limb &= 0xffff_ffff;
        }
        if let Some(top) = self.limbs.last_mut() {
            *top += carry;
            let above = *top >> 32;
            if above != 0 && above != -1 {
                *top &= 0xffff_ffff;
                self.limbs.push(above);
            }
        }
        self.pending = 1;
    }
}

/// A number of about 106 bits: what a difference of large sums needs to keep its digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Double {
    high: f64,
    low: f64,
}

/// `sum(x y) - sum(x) sum(y) / n`: the sum of products about the means.
pub(super) fn central(products: &ExactSum, x: &ExactSum, y: &ExactSum, n: u64) -> f64 {
    let (x, y, xy, n) = (x.double(), y.double(), products.double(), n as f64);
    let high = x.high * y.high;
    let low = x.high.mul_add(y.high, -high) + (x.high * y.low + x.low * y.high);
    let quotient = high / n;
    let rest = ((-quotient).mul_add(n, high) + low) / n;
    (xy.high - quotient) + (xy.low - rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(terms: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        terms.iter().for_each(|term| sum.add(*term));
        sum
    }

    #[test]
    fn sums_that_doubles_get_wrong() {
        let table: [(&[f64], f64); 9] = [
            (&[], 0.0),
            (&[1e308, 1e308, -1e308, -1e308, 1e-300], 1e-300),
            (&[1e16, 1.0, -1e16], 1.0),
            (&[0.1; 10], 1.0),
            (&[f64::MIN_POSITIVE / 4.0, 5e-324, -5e-324], f64::MIN_POSITIVE / 4.0),
            (&[-1.0, -2.0, 0.5], -2.5),
            (&[f64::MAX, f64::MAX, -f64::MAX], f64::MAX),
            (&[1.0, f64::EPSILON / 2.0, 1e-200], 1.0 + f64::EPSILON),
            (&[-1.0, -f64::EPSILON / 2.0], -1.0),
        ];
        for (terms, expected) in table {
            assert!(
                sum(terms).value().total_cmp(&expected).is_eq(),
                "{terms:?}: {}",
                sum(terms).value()
            );
        }
        assert!(sum(&[1.0, f64::INFINITY]).value().is_nan());
        assert!(sum(&[f64::MAX, f64::MAX]).value().is_infinite());
    }

    #[test]
    fn squares_about_the_mean_keep_their_digits_far_from_zero() {
        let values = [1e9 + 0.1, 1e9 + 0.2, 1e9 + 0.4];
        let (mut x, mut xx) = (ExactSum::default(), ExactSum::default());
        for value in values {
            x.add(value);
            xx.add_product(value, value);
        }
        let near = values.map(|v| v - 1e9);
        let mean = near.iter().sum::<f64>() / 3.0;
        let expected: f64 = near.iter().map(|v| (v - mean).powi(2)).sum();
        let found = central(&xx, &x, &x, 3);
        assert!((found / expected - 1.0).abs() < 1e-11, "{found} instead of {expected}");
    }

    proptest! {
        #[test]
        fn neither_order_nor_grouping_matters(
            terms in proptest::collection::vec(proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL, 0..40),
            cut in 0_usize..40,
        ) {
            let forth = sum(&terms);
            let back: Vec<f64> = terms.iter().rev().copied().collect();
            prop_assert_eq!(&forth, &sum(&back));
            let cut = cut.min(terms.len());
            let mut parts = sum(&terms[cut..]);
            parts.merge(&sum(&terms[..cut]));
            prop_assert_eq!(forth.value().to_bits(), parts.value().to_bits());
        }

        #[test]
        fn integers_add_up_exactly(terms in proptest::collection::vec(-(1_i64 << 52)..(1_i64 << 52), 0..50)) {
            let doubles: Vec<f64> = terms.iter().map(|term| *term as f64).collect();
            let exact: i128 = terms.iter().map(|term| i128::from(*term)).sum();
            prop_assert!(sum(&doubles).value().total_cmp(&(exact as f64)).is_eq());
        }
    }
}
