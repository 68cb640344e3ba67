//! The one place where numbers become text. Must not know what a number is for: only its unit.
//!
//! Two promises: a value that is not zero never prints as zero, and a share that is not whole never prints as 100%.
//! Digits are added until both hold.

/// What stands where there is no value.
pub const NONE: &str = "–";

/// Below this a p-value prints as "<0.0001".
const SMALLEST_P: f64 = 0.0001;

/// Differences below this (in units of the printed number) are arithmetic noise.
const DUST: f64 = 1e-9;

/// How a metric's numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share, written in percent; differences in points.
    Share,
    /// A plain number such as F1 or kappa, three digits.
    Plain,
    /// A time in milliseconds.
    Milliseconds,
}

impl Unit {
    /// The unit of a metric, by its name.
    pub fn of_metric(name: &str) -> Unit {
        match name {
            // Scores have whatever unit their authors gave them.
            _ if name.starts_with("score.") => Unit::Plain,
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
            Unit::Milliseconds => milliseconds(value),
        }
    }

    /// A difference, with its sign: "+3.0 points", "-0.021", "+1.5 ms".
    pub fn delta(self, value: Option<f64>) -> String {
        match (self, finite(value)) {
            (_, None) => NONE.to_owned(),
            (Unit::Share, value) => points(value),
            (Unit::Plain, Some(value)) => signed(value, 3),
            (Unit::Milliseconds, Some(value)) => format!("{} ms", signed(value, 1)),
        }
    }

    /// The size of a difference, without a sign: "3.0 points", "0.021".
    pub fn size(self, value: Option<f64>) -> String {
        match self {
            Unit::Share => unsigned_points(value),
            Unit::Plain | Unit::Milliseconds => self.value(value.map(f64::abs)),
        }
    }

    /// An interval of a difference: "+2.0 to +3.9", in the unit of the difference.
    pub fn delta_interval(self, low: Option<f64>, high: Option<f64>) -> String {
        let end = |value| match self {
            Unit::Share => signed(value * 100.0, 1),
            Unit::Plain => signed(value, 3),
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
    let digits = n.to_string();
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

/// A setting such as alpha, as short as it can be: "0.05".
pub fn setting(value: f64) -> String {
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
    let text = number(value, digits);
    if text.starts_with('-') || is_zero(&text) {
        text
    } else {
        format!("+{text}")
    }
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
        assert_eq!(Unit::of_metric("mean_latency_ms"), Unit::Milliseconds);
    }
}
