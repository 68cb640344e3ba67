//! The one place where numbers become text. Must not know what a number is for: only its unit.
//!
//! Two promises: a value that is not zero never prints as zero, and a share that is not whole never prints as 100%.
//! Digits are added until both hold. What is measured in a unit of its own may be of any size, so that its digits are counted from
//! the first that is not zero.

/// What stands where there is no value.
pub const NONE: &str = "–";

/// Below this a p-value prints as "<0.0001".
const SMALLEST_P: f64 = 0.0001;

/// Differences below this (in units of the printed number) are arithmetic noise.
const DUST: f64 = 1e-9;

/// Below this what is measured stands in powers of ten.
const SMALLEST_WRITTEN_OUT: f64 = 1e-4;

/// From ten to this on, too.
const LARGEST_EXPONENT: i32 = 9;

/// Digits that a number has at most: further ones are arithmetic noise.
const MOST_DIGITS: i32 = 15;

/// How a metric's numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share, written in percent; differences in points.
    Share,
    /// A plain number such as F1 or kappa, three digits.
    Plain,
    /// A number in the unit of the data, of any size: an error, a score; at least three significant digits.
    Measured,
    /// A time in milliseconds.
    Milliseconds,
}

impl Unit {
    /// The unit of a metric, by its name.
    pub fn of_metric(name: &str) -> Unit {
        match name {
            // Scores have whatever unit their authors gave them.
            _ if name.starts_with("score.") => Unit::Measured,
            "mae" | "rmse" | "mean_error" => Unit::Measured,
            _ if name.contains("latency") => Unit::Milliseconds,
            _ if name.contains("relative") => Unit::Plain,
            "accuracy" | "exact_match" | "churn" | "nfr" | "pfr" | "error_rate" | "coverage" => Unit::Share,
            _ if name.ends_with("_rate") || name.contains("flip") => Unit::Share,
            _ => Unit::Plain,
        }
    }

    /// A value: "87.3%", "0.873", "12.5 ms".
    pub fn value(self, value: Option<f64>) -> String {
        match self {
            Unit::Share => percent(value),
            Unit::Plain => plain(value),
            Unit::Measured => finite(value).map_or_else(|| NONE.to_owned(), |value| measured(value, None)),
            Unit::Milliseconds => milliseconds(value),
        }
    }

    /// The values of two versions side by side: what is measured gets the digits in which they differ.
    pub fn values(self, baseline: Option<f64>, candidate: Option<f64>) -> [String; 2] {
        match (self, finite(baseline), finite(candidate)) {
            (Unit::Measured, Some(a), Some(b)) => {
                let places = places_apart(a, b);
                [a, b].map(|value| measured(value, places))
            }
            _ => [self.value(baseline), self.value(candidate)],
        }
    }

    /// A difference, with its sign: "+3.0 points", "-0.021", "+1.5 ms".
    pub fn delta(self, value: Option<f64>) -> String {
        match (self, finite(value)) {
            (_, None) => NONE.to_owned(),
            (Unit::Share, value) => points(value),
            (Unit::Plain, Some(value)) => signed(value, 3),
            (Unit::Measured, Some(value)) => with_sign(measured(value, None)),
            (Unit::Milliseconds, Some(value)) => format!("{} ms", signed(value, 1)),
        }
    }

    /// The size of a difference, without a sign: "3.0 points", "0.021".
    pub fn size(self, value: Option<f64>) -> String {
        match self {
            Unit::Share => unsigned_points(value),
            Unit::Plain | Unit::Measured | Unit::Milliseconds => self.value(value.map(f64::abs)),
        }
    }

    /// An interval of a difference: "+2.0 to +3.9", in the unit of the difference.
    pub fn delta_interval(self, low: Option<f64>, high: Option<f64>) -> String {
        let end = |value| match self {
            Unit::Share => signed(value * 100.0, 1),
            Unit::Plain => signed(value, 3),
            Unit::Measured => with_sign(measured(value, None)),
            Unit::Milliseconds => signed(value, 1),
        };
        interval(low, high, end)
    }

    /// An interval of a value: "86.1% to 88.4%".
    pub fn value_interval(self, low: Option<f64>, high: Option<f64>) -> String {
        interval(low, high, |value| self.value(Some(value)))
    }
}

fn interval(low: Option<f64>, high: Option<f64>, end: impl Fn(f64) -> String) -> String {
    match (finite(low), finite(high)) {
        (Some(low), Some(high)) => format!("{} to {}", end(low), end(high)),
        _ => NONE.to_owned(),
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// A count with thousands separators.
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// Digits with separators for thousands.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A signed count with thousands separators; zero has no sign.
pub fn signed_count(n: i64) -> String {
    match n {
        0 => "0".to_owned(),
        1.. => format!("+{}", count(n.unsigned_abs())),
        _ => format!("-{}", count(n.unsigned_abs())),
    }
}

/// A count with its noun: "1 slice", "2 slices".
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A share in percent with one digit: "87.3%".
pub fn percent(share: Option<f64>) -> String {
    let Some(share) = finite(share) else {
        return NONE.to_owned();
    };
    let value = share * 100.0;
    let misleading =
        |text: &str| (is_zero(text) && value.abs() > DUST) || (text.starts_with("100") && value < 100.0 - DUST);
    format!("{}%", grown(value, 1, misleading))
}

/// `part` of `whole` in percent.
pub fn share_of(part: u64, whole: u64) -> String {
    percent((whole > 0).then(|| part as f64 / whole as f64))
}

/// A difference of shares in percentage points, signed: "+3.0 points".
pub fn points(delta: Option<f64>) -> String {
    finite(delta).map_or_else(
        || NONE.to_owned(),
        |delta| format!("{} points", signed(delta * 100.0, 1)),
    )
}

/// The size of a difference of shares, without a sign: "3.0 points".
pub fn unsigned_points(delta: Option<f64>) -> String {
    finite(delta).map_or_else(
        || NONE.to_owned(),
        |delta| format!("{} points", number((delta * 100.0).abs(), 1)),
    )
}

/// A plain number with three digits.
pub fn plain(value: Option<f64>) -> String {
    finite(value).map_or_else(|| NONE.to_owned(), |value| number(value, 3))
}

/// Milliseconds with one digit.
pub fn milliseconds(value: Option<f64>) -> String {
    finite(value).map_or_else(|| NONE.to_owned(), |value| format!("{} ms", number(value, 1)))
}

/// An amount of money in whatever currency: at least two digits after the point, of small ones three that count.
pub fn money(value: f64) -> String {
    number(value, money_digits(value))
}

/// A difference of such amounts.
pub fn signed_money(value: f64) -> String {
    signed(value, money_digits(value))
}

fn money_digits(value: f64) -> usize {
    match value.abs() {
        size if size > 0.0 && size < 1.0 => (2.0 - libm::floor(libm::log10(size))).min(12.0) as usize,
        _ => 2,
    }
}

/// A p or q value: four digits, "<0.0001" below, and `absent` where there was no test.
pub fn p_value(p: Option<f64>, absent: &str) -> String {
    match finite(p) {
        None => absent.to_owned(),
        Some(p) if p < SMALLEST_P => "<0.0001".to_owned(),
        Some(p) => format!("{p:.4}"),
    }
}

/// The level of an interval: "95%".
pub fn level(alpha: f64) -> String {
    round_percent(1.0 - alpha)
}

/// A chosen share such as a level or a power, as short as it can be: "80%".
pub fn round_percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A setting such as alpha, as short as it can be: "0.05", "1e-13".
pub fn setting(value: f64) -> String {
    if value.abs() > 0.0 && value.abs() < SMALLEST_WRITTEN_OUT {
        return format!("{value:e}");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An SVG coordinate with at most one digit.
pub fn coordinate(value: f64) -> String {
    let text = number_text(value, 1);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A file size in bytes with thousands separators.
pub fn bytes(n: u64) -> String {
    counted(n, "byte", "bytes")
}

/// A number with at least `digits` digits after the point.
pub fn number(value: f64, digits: usize) -> String {
    grown(value, digits, |text| is_zero(text) && value.abs() > DUST)
}

/// A number with its sign; zero has none.
pub fn signed(value: f64, digits: usize) -> String {
    with_sign(number(value, digits))
}

fn with_sign(text: String) -> String {
    if text.starts_with('-') || is_zero(&text) {
        text
    } else {
        format!("+{text}")
    }
}

/// A number of any size with at least three significant digits, and `places` after the point where that is more.
fn measured(value: f64, places: Option<i32>) -> String {
    if value.abs() <= 0.0 {
        return number_text(value, 3);
    }
    let exponent = exponent(value);
    if value.abs() < SMALLEST_WRITTEN_OUT || exponent >= LARGEST_EXPONENT {
        let digits = places.map_or(2, |places| places + exponent).clamp(2, MOST_DIGITS - 1) as usize;
        return format!("{value:.digits$e}");
    }
    let usual = match exponent {
        ..0 => 2 - exponent,
        _ => (5 - exponent).clamp(0, 3),
    };
    let digits = places.map_or(usual, |places| usual.max(places)) as usize;
    let text = format!("{:.digits$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}{rest}", grouped(whole))
}

/// The power of ten of a number's first digit.
fn exponent(value: f64) -> i32 {
    libm::floor(libm::log10(value.abs())) as i32
}

/// Digits after the point in which two numbers differ; `None` where they differ in no digit that counts.
fn places_apart(a: f64, b: f64) -> Option<i32> {
    let apart = (a - b).abs();
    if !apart.is_finite() || apart <= 0.0 {
        return None;
    }
    let places = -exponent(apart);
    let largest = exponent(a.abs().max(b.abs()));
    (largest + places < MOST_DIGITS).then_some(places)
}

fn grown(value: f64, digits: usize, misleading: impl Fn(&str) -> bool) -> String {
    (digits..digits + 8)
        .map(|digits| number_text(value, digits))
        .find(|text| !misleading(text))
        .unwrap_or_else(|| number_text(value, digits))
}

fn number_text(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if is_zero(&text) {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    }
}

fn is_zero(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '0' | '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        let table = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (n, text) in table {
            assert_eq!(count(n), text);
        }
        assert_eq!(signed_count(-1_234), "-1,234");
        assert_eq!(signed_count(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(signed_count(0), "0");
        assert_eq!(signed_count(7), "+7");
    }

    #[test]
    fn percents_never_lie_at_the_ends() {
        let table = [
            (0.873_4, "87.3%"),
            (1.0, "100.0%"),
            (0.9999, "99.99%"),
            (0.999_999_9, "99.99999%"),
            (0.0, "0.0%"),
            (-0.0, "0.0%"),
            (0.0002, "0.02%"),
            (0.999_999_999_999_999_9, "100.0%"),
        ];
        for (share, text) in table {
            assert_eq!(percent(Some(share)), text, "{share}");
        }
        assert_eq!(percent(None), NONE);
        assert_eq!(percent(Some(f64::NAN)), NONE);
        assert_eq!(share_of(1, 0), NONE);
    }

    #[test]
    fn differences_have_signs() {
        assert_eq!(points(Some(0.03)), "+3.0 points");
        assert_eq!(points(Some(-0.148)), "-14.8 points");
        assert_eq!(points(Some(0.0)), "0.0 points");
        assert_eq!(points(Some(-0.000_3)), "-0.03 points");
        assert_eq!(unsigned_points(Some(-0.03)), "3.0 points");
        assert_eq!(Unit::Plain.delta(Some(0.1 + 0.2)), "+0.300");
        assert_eq!(Unit::Milliseconds.delta(Some(-1.25)), "-1.2 ms");
        assert_eq!(Unit::Share.delta_interval(Some(-0.02), Some(0.039)), "-2.0 to +3.9");
        assert_eq!(Unit::Share.delta_interval(Some(-0.02), None), NONE);
        assert_eq!(Unit::Share.value_interval(Some(0.5), Some(0.75)), "50.0% to 75.0%");
    }

    #[test]
    fn what_is_measured_keeps_its_digits() {
        let table = [
            (0.0, "0.000"),
            (-0.0, "0.000"),
            (1.234e-13, "1.23e-13"),
            (-5e-324, "-4.94e-324"),
            (0.000_099, "9.90e-5"),
            (0.000_1, "0.000100"),
            (0.001_234, "0.00123"),
            (0.873_4, "0.873"),
            (12.345_6, "12.346"),
            (1_234.567, "1,234.57"),
            (-12_345.67, "-12,345.7"),
            (123_456_789.4, "123,456,789"),
            (1.5e9, "1.50e9"),
            (f64::MAX, "1.80e308"),
        ];
        for (value, text) in table {
            assert_eq!(Unit::Measured.value(Some(value)), text, "{value}");
        }
        assert_eq!(Unit::Measured.value(Some(f64::NAN)), NONE);
        assert_eq!(Unit::Measured.delta(Some(2.5e-13)), "+2.50e-13");
        assert_eq!(Unit::Measured.size(Some(-2.5e-13)), "2.50e-13");
        let interval = Unit::Measured.delta_interval(Some(-2e-13), Some(12_000.0));
        assert_eq!(interval, "-2.00e-13 to +12,000.0");
        assert_eq!(setting(1.5e-13), "1.5e-13");
    }

    #[test]
    fn versions_side_by_side_show_that_they_differ() {
        let values = |a, b| Unit::Measured.values(Some(a), Some(b));
        assert_eq!(values(0.001, 0.001_2), ["0.00100", "0.00120"]);
        assert_eq!(values(0.001, 0.001_000_2), ["0.0010000", "0.0010002"]);
        assert_eq!(values(1e-13, 1.000_2e-13), ["1.0000e-13", "1.0002e-13"]);
        assert_eq!(values(123_456.0, 123_456.02), ["123,456.00", "123,456.02"]);
        assert_eq!(values(2.1, 2.1 + 4e-16), ["2.100", "2.100"], "noise");
        assert_eq!(values(f64::MAX, -f64::MAX), ["1.80e308", "-1.80e308"]);
        assert_eq!(Unit::Measured.values(None, Some(1.0)), [NONE, "1.000"]);
        assert_eq!(Unit::Share.values(Some(0.5), Some(1.0)), ["50.0%", "100.0%"]);
    }

    #[test]
    fn p_values_and_settings() {
        assert_eq!(p_value(Some(0.000_099), "not tested"), "<0.0001");
        assert_eq!(p_value(Some(0.012_939), "not tested"), "0.0129");
        assert_eq!(p_value(Some(1.0), "not tested"), "1.0000");
        assert_eq!(p_value(None, "not tested"), "not tested");
        assert_eq!(level(0.05), "95%");
        assert_eq!(level(0.001), "99.9%");
        assert_eq!(setting(0.05), "0.05");
        assert_eq!(setting(0.0), "0");
        assert_eq!(coordinate(100.0), "100");
        assert_eq!(coordinate(-0.01), "0");
    }

    #[test]
    fn units_follow_names() {
        assert_eq!(Unit::of_metric("accuracy"), Unit::Share);
        assert_eq!(Unit::of_metric("negative_flip_rate"), Unit::Share);
        assert_eq!(Unit::of_metric("relative_nfr"), Unit::Plain);
        assert_eq!(Unit::of_metric("macro_f1"), Unit::Plain);
        assert_eq!(Unit::of_metric("mae"), Unit::Measured);
        assert_eq!(Unit::of_metric("score.judge"), Unit::Measured);
        assert_eq!(Unit::of_metric("mean_latency_ms"), Unit::Milliseconds);
    }
}
