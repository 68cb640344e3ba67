//! One column of the candidate's run as a code per marked sample.

use super::columns::{Kind, SearchColumn};
use crate::compare::MAX_SLICE_VALUES;
use crate::compare::encode::Column;
use crate::compare::error::CompareError;
use crate::compare::labels::Interner;
use crate::compare::marks::Mark;
use crate::compare::rows::Rows;
use crate::engine::files::{ReadColumn, RunFiles};
use crate::engine::{Engine, ranges, scan_pieces};
use crate::model::Predicate;
use crate::model::discovered::SearchedColumn;
use crate::stats::search::QuantileBins;
use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};
use futures::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

/// Bins of a numeric column of many values.
const BINS: usize = 10;
/// Values from which bins are made: enough for quantiles, at a cost that does not grow with a run.
const BIN_SAMPLE: usize = 100_000;

/// The samples whose codes are wanted.
pub(super) struct Samples {
    pub(super) rows: Arc<Rows>,
    /// In the order of the rows.
    pub(super) marks: Vec<Mark>,
}

/// A column as codes.
pub(super) struct Coded {
    name: String,
    /// One per marked sample.
    pub(super) codes: Vec<u16>,
    values: Values,
    /// Values that occur, bins and null included.
    pub(super) distinct: usize,
}

/// What the codes of a column stand for.
enum Values {
    /// Value of each code in order; none for null.
    Texts(Vec<Option<String>>),
    /// Bins; the code above the last one is null.
    Bins { bins: QuantileBins, null: u16 },
}

impl Coded {
    fn new(name: String, (codes, values): (Vec<u16>, Values)) -> Coded {
        let mut seen = vec![false; 1 << 16];
        codes.iter().for_each(|code| seen[usize::from(*code)] = true);
        Coded {
            name,
            codes,
            values,
            distinct: seen.into_iter().filter(|seen| *seen).count(),
        }
    }

    /// What a report says of it.
    pub(super) fn summary(&self) -> SearchedColumn {
        SearchedColumn {
            column: self.name.clone(),
            values: self.distinct as u64,
            binned: matches!(self.values, Values::Bins { .. }),
        }
    }

    /// The predicate that a code stands for.
    pub(super) fn predicate(&self, code: u16) -> Predicate {
        let value = match &self.values {
            Values::Texts(texts) => texts.get(usize::from(code)).cloned().flatten(),
            Values::Bins { null, .. } if code == *null => None,
            Values::Bins { bins, .. } => Some(interval(bins.ends(code))),
        };
        Predicate {
            column: self.name.clone(),
            value,
        }
    }
}

/// An interval that is open below and closed above.
fn interval([above, up_to]: [Option<f64>; 2]) -> String {
    let low = above.map_or_else(|| "-∞".to_owned(), |end| end.to_string());
    match up_to {
        Some(end) => format!("({low}, {end}]"),
        None => format!("({low}, ∞)"),
    }
}

/// The codes of a column; `None` where it has too many values.
pub(super) async fn read(
    engine: &Engine,
    files: &Arc<RunFiles>,
    samples: &Arc<Samples>,
    column: SearchColumn,
) -> Result<Option<Coded>, CompareError> {
    let name = column.read.name.clone();
    let coded = match column.kind {
        Kind::Category => categories(engine, files, samples, column.read).await?,
        Kind::Number => Some(numbers(scan(engine, files, samples, column.read, || to_numbers).await?)),
    };
    Ok(coded.map(|coded| Coded::new(name, coded)))
}

type CodesAndValues = (Vec<u16>, Values);

/// Each text its own code, in the order of the texts.
async fn categories(
    engine: &Engine,
    files: &Arc<RunFiles>,
    samples: &Arc<Samples>,
    column: ReadColumn,
) -> Result<Option<CodesAndValues>, CompareError> {
    let interner = Arc::new(Interner::default());
    let new = || {
        let mut column = Column::new(&interner);
        move |array: &ArrayRef| match column.slice_codes(array)? {
            _ if column.values() > MAX_SLICE_VALUES => Ok(None),
            codes => Ok(Some(codes)),
        }
    };
    let Some(mut codes) = scan(engine, files, samples, column, new).await? else {
        return Ok(None);
    };
    // Codes came in the order of arrival, which differs from run to run.
    let texts = interner.texts();
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by(|a, b| texts[*a].cmp(&texts[*b]));
    let mut place = vec![0_u16; texts.len() + 1];
    for (rank, at) in (1_u16..).zip(&order) {
        place[at + 1] = rank;
    }
    codes.iter_mut().for_each(|code| *code = place[usize::from(*code)]);
    let sorted = order.into_iter().map(|at| Some(texts[at].to_string()));
    Ok(Some((
        codes,
        Values::Texts(std::iter::once(None).chain(sorted).collect()),
    )))
}

fn to_numbers(array: &ArrayRef) -> Result<Option<Vec<f64>>, CompareError> {
    let array = cast(array, &DataType::Float64)?;
    let numbers = array.as_primitive::<Float64Type>();
    Ok(Some(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect()))
}

/// Few numbers are codes of their own, many are put into bins of about the same number of samples.
fn numbers(numbers: Option<Vec<f64>>) -> CodesAndValues {
    let numbers = numbers.unwrap_or_default();
    if let Some(values) = few(&numbers) {
        let code = |number: &f64| values.iter().position(|value| value.total_cmp(number).is_eq());
        let codes = numbers.iter().map(|number| code(number).map_or(0, |at| at as u16 + 1));
        let texts = values.iter().map(|value| Some(value.to_string()));
        let texts = std::iter::once(None).chain(texts).collect();
        return (codes.collect(), Values::Texts(texts));
    }
    let step = numbers.len().div_ceil(BIN_SAMPLE).max(1);
    let bins = QuantileBins::of(numbers.iter().step_by(step).copied().collect(), BINS);
    let null = BINS as u16;
    let code = |number: &f64| if number.is_nan() { null } else { bins.bin(*number) };
    (numbers.iter().map(code).collect(), Values::Bins { bins, null })
}

/// The distinct numbers in order, if there are no more than bins.
fn few(numbers: &[f64]) -> Option<Vec<f64>> {
    let mut values: Vec<f64> = Vec::new();
    for number in numbers.iter().filter(|number| !number.is_nan()) {
        if let Err(at) = values.binary_search_by(|value| value.total_cmp(number)) {
            if values.len() == BINS {
                return None;
            }
            values.insert(at, *number);
        }
    }
    Some(values)
}

/// Row groups that one task reads.
const GROUPS_PER_TASK: usize = 4;

/// The column of every marked sample in the order of the rows, converted batch by batch; `None` as soon as `convert`
/// gives up.
async fn scan<T: Copy + Send + 'static, C>(
    engine: &Engine,
    files: &Arc<RunFiles>,
    samples: &Arc<Samples>,
    column: ReadColumn,
    new: impl Fn() -> C,
) -> Result<Option<Vec<T>>, CompareError>
where
    C: FnMut(&ArrayRef) -> Result<Option<Vec<T>>, CompareError> + Send + 'static,
{
    let read = |piece| {
        let mut rows = scan_pieces(Arc::clone(files), vec![column.clone()], vec![piece]);
        let (samples, mut convert) = (Arc::clone(samples), new());
        let task = tokio::spawn(async move {
            let mut out = Vec::new();
            while let Some(batch) = rows.try_next().await? {
                let Some(values) = convert(batch.column(0))? else {
                    return Ok(None);
                };
                let positions = batch.column(1).as_primitive::<UInt64Type>();
                samples.pick(positions.values(), &values, &mut out);
            }
            Ok::<_, CompareError>(Some(out))
        });
        async move {
            task.await
                .map_err(|e| CompareError::Arrow(format!("a task failed: {e}")))?
        }
    };
    let pieces = ranges::split(files, GROUPS_PER_TASK);
    let mut parts = stream::iter(pieces).map(read).buffered(engine.threads());
    let mut out = Vec::with_capacity(samples.marks.len());
    while let Some(part) = parts.try_next().await? {
        match part {
            Some(part) => out.extend(part),
            None => return Ok(None),
        }
    }
    if out.len() != samples.marks.len() {
        return Err(CompareError::Arrow(format!(
            "column `{}` has other rows than the pass counted",
            column.name
        )));
    }
    Ok(Some(out))
}

impl Samples {
    /// The values of the marked rows among some whose positions rise.
    fn pick<T: Copy>(&self, positions: &[u64], values: &[T], out: &mut Vec<T>) {
        let number = |position: &u64| self.rows.number(*position);
        let Some(first) = positions.first().map(number) else {
            return;
        };
        let mut at = self.marks.partition_point(|mark| u64::from(mark.row) < first);
        for (position, value) in positions.iter().zip(values) {
            if self
                .marks
                .get(at)
                .is_some_and(|mark| u64::from(mark.row) == number(position))
            {
                out.push(*value);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(coded: &Coded) -> Vec<Option<String>> {
        coded.codes.iter().map(|code| coded.predicate(*code).value).collect()
    }

    #[test]
    fn few_numbers_are_values_and_many_are_intervals() {
        let few = Coded::new("length".into(), numbers(Some(vec![2.0, 0.5, f64::NAN, 2.0])));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(values(&few), [text("2"), text("0.5"), None, text("2")]);
        assert!(!few.summary().binned && few.summary().values == 3);

        let many: Vec<f64> = (0..100).map(f64::from).chain([f64::NAN]).collect();
        let many = Coded::new("length".into(), numbers(Some(many)));
        let values = values(&many);
        assert_eq!(
            [0, 9, 10, 55, 99, 100].map(|row: usize| values[row].as_deref()),
            [
                Some("(-∞, 9]"),
                Some("(-∞, 9]"),
                Some("(9, 19]"),
                Some("(49, 59]"),
                Some("(89, ∞)"),
                None
            ]
        );
        assert!(many.summary().binned && many.summary().values == 11);
    }
}
