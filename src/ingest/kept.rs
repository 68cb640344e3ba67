//! The columns that were given no part: kept under their own names, some of them as guessed slices.

use arrow::datatypes::DataType;

use super::compose::Composer;
use super::error::{IngestError, list};
use super::facts::ColumnFacts;
use super::guess::{NEVER_SLICES, RESERVED, plain};
use super::layout::OutColumn;
use super::roles::Side;

/// Slice columns that are guessed at most.
const MAX_GUESSED: usize = 8;
/// Different values of a guessed slice column at most.
const MAX_GUESSED_VALUES: usize = 50;

impl Composer<'_> {
    /// The columns without a part: kept under their own names, some of them as guessed slices.
    pub(crate) fn others(&mut self, placed: &[OutColumn]) -> Result<Vec<OutColumn>, IngestError> {
        let parts = self.parts;
        let (mut columns, mut guessed) = (Vec::new(), 0);
        let (mut reserved, mut nested, mut blank) = (Vec::new(), Vec::new(), Vec::new());
        for side in [Side::Predictions, Side::Golden] {
            let Some(facts) = self.facts(side) else {
                continue;
            };
            for facts_of in facts.iter() {
                let name = &facts_of.name;
                let key = if side == Side::Golden {
                    &parts.golden_key
                } else {
                    &parts.key
                };
                let source = |column: &OutColumn| column.side == side && column.source == *name;
                let compared = side == Side::Predictions && parts.truth.as_ref() == Some(name);
                let own = side == Side::Golden && self.predictions.get(name).is_some();
                let taken = placed
                    .iter()
                    .any(|column| source(column) || column.name == *name && side == Side::Golden);
                if taken || compared || own || (key.len() == 1 && key.contains(name)) {
                    continue;
                }
                if RESERVED.contains(&name.as_str()) {
                    reserved.push(name.clone());
                } else if facts_of.unusable.is_some() {
                    nested.push(name.clone());
                } else if facts_of.values == 0 && self.known(name).is_none() {
                    blank.push(name.clone());
                } else {
                    let mut column = self.plain(side, facts_of, "kept")?;
                    if self.guess_slices && guessed < MAX_GUESSED && is_slice(facts_of, &column.cast.target, facts.rows)
                    {
                        column.role = "slice (guessed)";
                        guessed += 1;
                    }
                    columns.push(column);
                }
            }
        }
        for (names, why) in [
            (reserved, "evaldiff fills these columns by itself"),
            (
                nested,
                "the table has no lists or structures, and of bytes only images and sounds (--media)",
            ),
            (blank, "they have no values"),
        ] {
            if !names.is_empty() {
                self.warnings.push(format!("dropped {}: {why}", list(&names)));
            }
        }
        Ok(columns)
    }
}

fn is_slice(facts: &ColumnFacts, target: &DataType, rows: u64) -> bool {
    let scalar = matches!(target, DataType::Utf8 | DataType::Boolean | DataType::Int64);
    let few = |values: usize| (2..=MAX_GUESSED_VALUES).contains(&values) && (values as u64) * 2 < rows;
    let noted = NEVER_SLICES.contains(&plain(&facts.name).as_str());
    scalar && !noted && facts.distinct().is_some_and(few)
}
