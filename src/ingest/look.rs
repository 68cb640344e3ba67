//! A first look at the inputs: enough to give the columns their parts.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::error::IngestError;
use super::facts::Facts;
use super::logs::Declared;
use super::raw::{Input, RawKind};
use super::roles::Numbers;

/// How far an input is read before its columns are given their parts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Head,
    Whole,
}

/// The columns of the inputs, as far as they were looked at.
pub(crate) struct Looked {
    pub(crate) facts: Facts,
    pub(crate) golden: Option<Facts>,
    /// What the cells of each column of predictions are.
    pub(crate) numbers: HashMap<String, Numbers>,
    /// Whether fields may come that were not seen, as in JSONL.
    pub(crate) may_hold_more: bool,
    /// What the logs of tools among the predictions say.
    pub(crate) declared: Option<Declared>,
}

impl Looked {
    /// The names of all columns.
    pub(crate) fn columns(&self) -> Vec<String> {
        let golden = self.golden.iter().flat_map(Facts::names);
        self.facts.names().into_iter().chain(golden).collect()
    }
}

/// Reads the predictions and the golden dataset, as far as `depth` says.
pub(crate) fn look(inputs: &[Input], golden: Option<&Input>, depth: Depth) -> Result<Looked, IngestError> {
    let mut looked = Looked {
        facts: Facts::default(),
        golden: None,
        numbers: HashMap::new(),
        may_hold_more: false,
        declared: None,
    };
    for input in inputs {
        let (more, declared) = look_at(input, depth, &mut looked.facts, &mut looked.numbers)?;
        looked.may_hold_more |= more;
        if let Some(declared) = declared {
            looked.declared.get_or_insert_default().merge(declared);
        }
    }
    if let Some(golden) = golden {
        let mut facts = Facts::default();
        looked.may_hold_more |= look_at(golden, depth, &mut facts, &mut HashMap::new())?.0;
        looked.golden = Some(facts);
    }
    Ok(looked)
}

/// Takes in one file: whether it may hold more columns, and what it declares. Logs are read whole, to know all of it.
fn look_at(
    input: &Input,
    depth: Depth,
    facts: &mut Facts,
    seen: &mut HashMap<String, Numbers>,
) -> Result<(bool, Option<Declared>), IngestError> {
    let mut reader = input.reader()?;
    let depth = if reader.declared().is_some() {
        Depth::Whole
    } else {
        depth
    };
    let fixed = !reader.columns().is_empty();
    let (before, mut ended) = (facts.rows, false);
    while !ended {
        match reader.next_batch()? {
            Some(batch) => {
                facts.batch(&input.file, reader.columns(), &batch);
                for (column, array) in reader.columns().iter().zip(&batch.columns) {
                    let worst = seen.entry(column.name.clone()).or_insert(Numbers::Unit);
                    *worst = (*worst).max(numbers(&column.kind, array));
                }
            }
            None => ended = true,
        }
        if depth == Depth::Head && facts.rows > before {
            break;
        }
    }
    facts.close(&input.file, reader.columns())?;
    if facts.rows == before {
        return Err(IngestError::NoRows {
            file: input.file.clone(),
        });
    }
    Ok((!fixed && !ended, reader.declared()))
}

/// What the cells of one array are.
fn numbers(kind: &RawKind, array: &ArrayRef) -> Numbers {
    let of = |number: f64| {
        if number.is_nan() || (0.0..=1.0).contains(&number) {
            Numbers::Unit
        } else {
            Numbers::Any
        }
    };
    match (kind, array.data_type()) {
        (RawKind::Unusable(_), _) => Numbers::Other,
        (RawKind::Stated(DataType::Utf8 | DataType::Boolean), _) => Numbers::Other,
        (_, DataType::Null) => Numbers::Unit,
        (_, DataType::Utf8) => {
            let cells = array
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::trim)
                .filter(|cell| !cell.is_empty());
            let judged = cells.map(|cell| cell.parse().map_or(Numbers::Other, of));
            worst(judged)
        }
        (_, found) if found.is_numeric() => match cast(array, &DataType::Float64) {
            Ok(array) => worst(array.as_primitive::<Float64Type>().iter().flatten().map(of)),
            Err(_) => Numbers::Other,
        },
        _ => Numbers::Other,
    }
}

/// The worst of several; nothing is worse than `Other`, so that long texts are not read to their end.
fn worst(judged: impl Iterator<Item = Numbers>) -> Numbers {
    let mut worst = Numbers::Unit;
    for numbers in judged {
        worst = worst.max(numbers);
        if worst == Numbers::Other {
            break;
        }
    }
    worst
}
