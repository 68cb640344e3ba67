//! Values that have rules, checked in one place for the command line, the environment and evaldiff.toml alike.
//!
//! Every parser returns a message that reads on after `invalid value 'x' for '--flag': `.

use super::request::{Amount, MaxErrors, Resume};
use crate::model::{Direction, Kind, ScoreRole};
use crate::runner::{MAX_BATCH, MAX_CONCURRENCY};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use uuid::Uuid;

/// Most samples that one list may show.
pub const MAX_TOP: u64 = 10_000;
/// Smallest memory limit with which the engine can work at all.
pub const MIN_MEMORY: u64 = 16 << 20;
/// Most threads that may be asked for.
pub const MAX_THREADS: usize = 1024;

/// A table's name: `namespace.table`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct TableName {
    namespace: String,
    name: String,
}

impl TableName {
    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The table's name inside its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Default for TableName {
    /// The table that a first import creates where nothing names another.
    fn default() -> Self {
        TableName {
            namespace: "ml_eval_results".into(),
            name: "predictions".into(),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.name)
    }
}

impl FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A namespace may lie in another one: `lake.ml.predictions`.
        let Some((namespace, name)) = text.rsplit_once('.') else {
            return Err("a table is written `namespace.table`".into());
        };
        for part in text.split('.') {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            if part.is_empty() || part.starts_with('-') || !part.chars().all(plain) {
                return Err(format!(
                    "namespace and table consist of letters, digits, `_` and `-`, not `{part}`"
                ));
            }
        }
        Ok(TableName {
            namespace: namespace.into(),
            name: name.into(),
        })
    }
}

impl TryFrom<String> for TableName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Checks a significance level.
pub fn alpha(value: f64) -> Result<f64, String> {
    if value > 0.0 && value <= 0.5 {
        Ok(value)
    } else {
        Err(format!(
            "a significance level lies above 0 and is at most 0.5, not {value}"
        ))
    }
}

/// Checks a minimum effect.
pub fn min_effect(value: f64) -> Result<f64, String> {
    if value >= 0.0 && value.is_finite() {
        Ok(value + 0.0) // never -0, which would change the config digest
    } else {
        Err(format!("a minimum effect is 0 or more, not {value}"))
    }
}

/// Checks a tolerance.
pub fn tolerance(value: f64) -> Result<f64, String> {
    if value >= 0.0 && value.is_finite() {
        Ok(value + 0.0) // never -0, which would change the config digest
    } else {
        Err(format!("a tolerance is 0 or more, not {value}"))
    }
}

/// Reads a column of scores, with the way that is better behind a colon; higher where nothing is said.
pub fn score(text: &str) -> Result<ScoreRole, String> {
    let (column, direction) = match text.rsplit_once(':') {
        Some((column, "higher")) => (column, Direction::Higher),
        Some((column, "lower")) => (column, Direction::Lower),
        _ => (text, Direction::Higher),
    };
    name(column).map(|column| ScoreRole { column, direction })
}

/// Reads a kind of evaluation.
pub(super) fn kind() -> impl TypedValueParser<Value = Kind> {
    one_of(&Kind::ALL)
}

/// Reads what a service answers: nobody asks for probabilities of a positive class.
pub(super) fn kind_of_answers() -> impl TypedValueParser<Value = Kind> {
    one_of(&[Kind::Classification, Kind::Numeric, Kind::Text])
}

fn one_of(kinds: &[Kind]) -> impl TypedValueParser<Value = Kind> + use<> {
    let names = PossibleValuesParser::new(kinds.iter().map(|kind| kind.name()));
    names.map(|name| Kind::named(&name).unwrap_or_default())
}

/// Checks a margin of non-inferiority.
pub fn margin(value: f64) -> Result<f64, String> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(format!("a margin is a number above 0, not {value}"))
    }
}

/// Checks how many samples a list shows.
pub fn top(value: i64) -> Result<u64, String> {
    u64::try_from(value)
        .ok()
        .filter(|n| (1..=MAX_TOP).contains(n))
        .ok_or_else(|| format!("a list shows 1 to {MAX_TOP} samples, not {value}"))
}

/// Checks a number of threads.
pub fn threads(value: i64) -> Result<usize, String> {
    usize::try_from(value)
        .ok()
        .filter(|n| (1..=MAX_THREADS).contains(n))
        .ok_or_else(|| format!("the engine uses 1 to {MAX_THREADS} threads, not {value}"))
}

/// Reads a number and checks it.
pub(super) fn number<N: FromStr, T>(
    check: impl Fn(N) -> Result<T, String> + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| match text.parse() {
        Ok(value) => check(value),
        Err(_) if std::any::type_name::<N>() == "f64" => Err("this is not a number".into()),
        Err(_) => Err("this is not a whole number".into()),
    }
}

/// Reads an amount of memory with a decimal (`MB`) or binary (`MiB`) unit.
pub fn memory(text: &str) -> Result<u64, String> {
    const EXAMPLES: &str = "such as 256MB (decimal) or 1GiB (binary)";
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = (&text[..split], text[split..].trim());
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        "" => return Err(format!("an amount of memory needs a unit, {EXAMPLES}")),
        "k" | "m" | "g" | "t" => {
            let unit = unit.to_ascii_uppercase();
            return Err(format!(
                "`{unit}` can mean two things: write {unit}B (decimal) or {unit}iB (binary)"
            ));
        }
        _ => {
            return Err(format!("an amount of memory is a number with a unit, {EXAMPLES}"));
        }
    };
    let amount: f64 = digits
        .parse()
        .map_err(|_| format!("an amount of memory is a number with a unit, {EXAMPLES}"))?;
    let bytes = amount * factor as f64;
    if bytes < MIN_MEMORY as f64 {
        return Err("the engine needs at least 16MiB".into());
    }
    if bytes > i64::MAX as f64 {
        return Err("that is more memory than any machine has".into());
    }
    Ok(bytes as u64)
}

/// Checks a text that names something: a version, a column, a golden dataset, a reference.
pub fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("a name holds more than white space".into())
    } else {
        Ok(text.to_string())
    }
}

/// Checks why a run is withdrawn.
pub fn reason(text: &str) -> Result<String, String> {
    match text.trim().is_empty() {
        true => Err("a reason is needed: say why the run is withdrawn".into()),
        false => Ok(text.to_string()),
    }
}

/// Reads `auto` or the number of samples per request.
pub fn batch_size(text: &str) -> Result<Amount, String> {
    amount(text, MAX_BATCH, "a request carries 1 to")
}

/// Reads `auto` or the number of requests under way.
pub fn concurrency(text: &str) -> Result<Amount, String> {
    amount(text, 10 * MAX_CONCURRENCY, "requests under way are 1 to")
}

fn amount(text: &str, most: usize, what: &str) -> Result<Amount, String> {
    if text == "auto" {
        return Ok(Amount::Auto);
    }
    match text.parse() {
        Ok(n) if (1..=most).contains(&n) => Ok(Amount::Fixed(n)),
        _ => Err(format!("{what} {most}, or auto")),
    }
}

/// Reads a time with its unit: `500ms`, `30s`, `2m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let factor = match &text[split..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        _ => return Err("a time has a unit, such as 500ms, 30s or 2m".into()),
    };
    match text[..split].parse::<f64>() {
        Ok(n) if (0.01..=86_400.0).contains(&(n * factor)) => Ok(Duration::from_secs_f64(n * factor)),
        _ => Err("a time limit lies between 10ms and a day, such as 30s".into()),
    }
}

/// Reads a number of samples, or a share of them in percent.
pub fn max_errors(text: &str) -> Result<MaxErrors, String> {
    let bad = || "a number of samples such as 10, or a share of them such as 1%".to_string();
    match text.trim().strip_suffix('%') {
        Some(percent) => match percent.trim().parse::<f64>() {
            Ok(p) if (0.0..=100.0).contains(&p) => Ok(MaxErrors::Share(p / 100.0)),
            _ => Err(bad()),
        },
        None => text.trim().parse().map(MaxErrors::Count).map_err(|_| bad()),
    }
}

/// Reads the beginning of a run's id; empty stands for the only one.
pub(super) fn resume(text: &str) -> Result<Resume, String> {
    let plain = |c: char| c.is_ascii_hexdigit() || c == '-';
    match text {
        "" => Ok(Resume::Only),
        id if id.chars().all(plain) => Ok(Resume::Run(id.to_ascii_lowercase())),
        _ => Err("a run id is a UUID, or the beginning of one".into()),
    }
}

/// Reads a run id.
pub(super) fn run_id(text: &str) -> Result<Uuid, String> {
    match Uuid::try_parse(text) {
        Ok(id) if !id.is_nil() => Ok(id),
        _ => Err("a run id is a UUID such as 0192f3a4-7c1e-7d52-9b0a-6f1e2d3c4b5a".into()),
    }
}
