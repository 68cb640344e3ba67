//! The label columns of the table: ground truth and prediction, of one type where nothing else is known.

use arrow::datatypes::DataType;

use super::compose::Composer;
use super::convert::{Cast, conflict, label};
use super::error::IngestError;
use super::guess::{PREDICTION, Role, TRUTH};
use super::layout::{Make, OutColumn};
use super::roles::Side;
use super::types::friendly;
use crate::model::Kind;

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
        let has_truth = self.parts.golden_truth.is_some() || self.parts.truth.is_some();
        let wanted = wanted
            .into_iter()
            .filter(|(role, ..)| has_truth || role.name != TRUTH.name);
        let wanted: Vec<(&Role, Side, String)> = wanted.collect();
        let kind = self.kind(&wanted)?;
        if kind == Kind::Numeric && self.parts.kind.is_none() {
            self.warnings.push(
                "ground truth and prediction are decimal numbers: taken for numeric targets, --kind says otherwise"
                    .into(),
            );
        }
        match kind {
            Kind::Numeric => return self.typed(&wanted, &DataType::Float64, Make::Number),
            Kind::Text => return self.typed(&wanted, &DataType::Utf8, Make::Label),
            Kind::Classification | Kind::Binary => {}
        }
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

    /// The kind of evaluation: what was asked, else numeric where both columns hold numbers with fractions, or the
    /// table has decimal columns for both.
    pub(crate) fn kind(&self, wanted: &[(&Role, Side, String)]) -> Result<Kind, IngestError> {
        if let Some(kind) = self.parts.kind {
            return Ok(kind);
        }
        let mut numeric = true;
        for (role, side, source) in wanted {
            let facts = self.facts(*side).and_then(|facts| facts.get(source));
            let fractions = match facts {
                Some(facts) => facts.fraction.is_some() && facts.data_type()? == DataType::Float64,
                None => false,
            };
            numeric &= fractions || self.known(role.stored_as) == Some(&DataType::Float64);
        }
        Ok(if numeric { Kind::Numeric } else { Kind::Classification })
    }

    /// The two columns with one type, whatever their values look like.
    fn typed(
        &self,
        wanted: &[(&Role, Side, String)],
        target: &DataType,
        make: Make,
    ) -> Result<Vec<OutColumn>, IngestError> {
        let mut columns = Vec::new();
        for (role, side, source) in wanted {
            let Some(facts) = self.facts(*side).and_then(|facts| facts.get(source)) else {
                continue;
            };
            if let Some(known) = self.known(role.stored_as).filter(|known| *known != target) {
                return Err(conflict(facts, target, known));
            }
            columns.push(OutColumn {
                name: role.stored_as.to_owned(),
                role: role.name,
                side: *side,
                source: source.clone(),
                make: make.clone(),
                cast: Cast {
                    target: target.clone(),
                    integral: false,
                    stated: !facts.is_open(),
                },
            });
        }
        Ok(columns)
    }
}
