//! The label columns of the table: ground truth and prediction, of one type where nothing else is known.

use arrow::datatypes::DataType;

use super::compose::Composer;
use super::convert::{Cast, conflict, label};
use super::error::IngestError;
use super::guess::{PREDICTION, TRUTH};
use super::layout::{Make, OutColumn};
use super::roles::Side;
use super::types::friendly;

impl Composer<'_> {
    /// The two columns.
    pub(crate) fn labels(&mut self) -> Result<Vec<OutColumn>, IngestError> {
        let (side, truth) = match (&self.parts.golden_truth, &self.parts.truth) {
            (Some(name), _) => (Side::Golden, name),
            (None, name) => (Side::Predictions, name.as_ref().unwrap_or(&self.parts.prediction)),
        };
        let wanted = [
            (&TRUTH, side, truth.clone()),
            (&PREDICTION, Side::Predictions, self.parts.prediction.clone()),
        ];
        let mut found = Vec::new();
        for (role, side, source) in wanted {
            let Some(facts) = self.facts(side).and_then(|facts| facts.get(&source)) else {
                continue;
            };
            let known = self.known(role.stored_as).cloned();
            let label = label(facts, role.name, known.as_ref())?;
            found.push((role, side, facts.clone(), label, known));
        }
        // Labels of two types are compared as text; a column without values takes the other's type.
        let natural: Vec<DataType> = found
            .iter()
            .filter(|(_, _, facts, ..)| facts.values > 0)
            .map(|(.., label, _)| label.data_type.clone())
            .collect();
        let forced = found.iter().any(|(.., known)| known.as_ref() == Some(&DataType::Utf8));
        let common = match natural.as_slice() {
            _ if forced => DataType::Utf8,
            [one] => one.clone(),
            [one, other] if one == other => one.clone(),
            _ => DataType::Utf8,
        };
        let mut columns = Vec::new();
        for (role, side, facts, label, known) in found {
            let target = known.unwrap_or_else(|| common.clone());
            let fits = facts.values == 0 || target == DataType::Utf8 || friendly(&target) == friendly(&label.data_type);
            if !fits {
                return Err(conflict(&facts, &label.data_type, &target));
            }
            if label.integral && facts.values > 0 {
                let name = facts.file.display();
                self.warnings.push(format!(
                    "column \"{}\" of {name} is decimal but holds whole numbers only: stored as {}",
                    facts.name,
                    friendly(&target)
                ));
            }
            let cast = Cast {
                target,
                integral: label.integral,
                stated: !facts.is_open(),
            };
            let (name, source) = (role.stored_as.to_owned(), facts.name);
            columns.push(OutColumn {
                name,
                role: role.name,
                side,
                source,
                make: Make::Label,
                cast,
            });
        }
        Ok(columns)
    }
}
