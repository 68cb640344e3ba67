//! Turns parts and facts into the layout of the table's rows: names, types, order, guessed slices.

use arrow::datatypes::DataType;

use super::convert::{Cast, conflict, stored_type};
use super::error::IngestError;
use super::facts::{ColumnFacts, Facts};
use super::guess::{ALL, CONFIDENCE, COST, ERROR, KEY, LATENCY, POSITIVE, REPEAT, Role, SCORE, STATUS};
use super::layout::{Layout, Make, OutColumn};
use super::roles::{Parts, Side};
use super::spec::KnownColumn;
use super::types::friendly;

/// What a layout is made from.
pub(crate) struct Composer<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) predictions: &'a Facts,
    pub(crate) golden: Option<&'a Facts>,
    pub(crate) known: &'a [KnownColumn],
    pub(crate) guess_slices: bool,
    pub(crate) warnings: Vec<String>,
}

impl Composer<'_> {
    /// Composes the layout; what is dropped or changed on the way is said in the warnings.
    pub(crate) fn compose(&mut self) -> Result<Layout, IngestError> {
        let parts = self.parts;
        let mut columns = vec![self.key()?];
        columns.extend(self.labels()?);
        columns.extend(self.numbers_and_texts()?);
        let repeat = parts.repeat.as_ref().and_then(|name| self.predictions.get(name));
        if let Some(facts) = repeat {
            columns.push(self.plain(Side::Predictions, facts, REPEAT.name)?);
        }
        columns.extend(self.scores()?);
        let listed = parts
            .show
            .iter()
            .map(|c| (c, "shown"))
            .chain(parts.slices.iter().map(|c| (c, "slice")))
            .chain(parts.media.iter().map(|c| (c, "media")))
            .chain(parts.cluster.iter().map(|c| (c, "cluster")));
        for ((side, name), role) in listed {
            if let Some(twice) = columns.iter_mut().find(|column| column.name == *name) {
                twice.role = if role == "slice" { "slice, shown" } else { twice.role };
                continue;
            }
            let Some(facts) = self.facts(*side).and_then(|facts| facts.get(name)) else {
                continue;
            };
            self.check_listed(facts, role)?;
            columns.push(self.plain(*side, facts, role)?);
        }
        columns.extend(self.others(&columns)?);
        // Guessed slices come right after what was declared, before what is merely kept.
        columns.sort_by_key(|column| column.role == "kept");
        Ok(Layout {
            columns,
            golden_key: parts.golden_key.clone(),
        })
    }

    pub(crate) fn facts(&self, side: Side) -> Option<&Facts> {
        match side {
            Side::Predictions => Some(self.predictions),
            Side::Golden => self.golden,
        }
    }

    pub(crate) fn known(&self, name: &str) -> Option<&DataType> {
        self.known
            .iter()
            .find(|column| column.name == name)
            .map(|column| &column.data_type)
    }

    fn key(&self) -> Result<OutColumn, IngestError> {
        let names = self.parts.key.clone();
        if let Some(table) = self.known(KEY.stored_as).filter(|known| **known != DataType::Utf8) {
            return Err(IngestError::KeyType {
                column: KEY.stored_as.to_owned(),
                table: friendly(table).to_owned(),
            });
        }
        let cast = Cast {
            target: DataType::Utf8,
            integral: false,
            stated: false,
        };
        let source = names.join(" + ");
        let (name, make) = (KEY.stored_as.to_owned(), Make::Key(names));
        Ok(OutColumn {
            name,
            role: KEY.name,
            side: Side::Predictions,
            source,
            make,
            cast,
        })
    }

    fn numbers_and_texts(&self) -> Result<Vec<OutColumn>, IngestError> {
        let parts = self.parts;
        let wanted = [
            (&parts.confidence, &CONFIDENCE, Make::Confidence, DataType::Float64),
            (&parts.status, &STATUS, Make::Status, DataType::Utf8),
            (&parts.error, &ERROR, Make::Plain, DataType::Utf8),
            (&parts.latency, &LATENCY, Make::Plain, DataType::Float64),
        ];
        let mut columns = Vec::new();
        for (source, role, make, natural) in wanted {
            let Some(facts) = source.as_ref().and_then(|name| self.predictions.get(name)) else {
                continue;
            };
            let numeric = natural.is_numeric();
            if make == Make::Plain {
                let found = facts.data_type()?;
                let unusable = facts.unusable.as_ref().map(|(name, _)| name.clone());
                let wrong = numeric && !found.is_numeric() && !found.is_null();
                if wrong || unusable.is_some() {
                    return Err(role_type(
                        facts,
                        role,
                        unusable.unwrap_or_else(|| friendly(&found).to_owned()),
                    ));
                }
            }
            let target = match self.known(role.stored_as) {
                Some(known) if known.is_numeric() == numeric && (numeric || *known == natural) => known.clone(),
                Some(known) => return Err(conflict(facts, &natural, known)),
                None => natural,
            };
            let cast = Cast {
                target,
                integral: false,
                stated: !facts.is_open(),
            };
            let (name, source, side) = (role.stored_as.to_owned(), facts.name.clone(), Side::Predictions);
            columns.push(OutColumn {
                name,
                role: role.name,
                side,
                source,
                make,
                cast,
            });
        }
        Ok(columns)
    }

    /// Scores, the probability of the positive class and costs, under their own names.
    fn scores(&self) -> Result<Vec<OutColumn>, IngestError> {
        let scores = self.parts.scores.iter().map(|score| (&score.column, &SCORE));
        let named = scores.chain(self.parts.positive.iter().map(|name| (name, &POSITIVE)));
        let named = named.chain(self.parts.cost.iter().map(|name| (name, &COST)));
        let mut columns = Vec::new();
        for (name, role) in named {
            let Some(facts) = self.predictions.get(name) else {
                continue;
            };
            let target = match self.known(name) {
                None => DataType::Float64,
                // A table that took the column for an integer so far keeps it so, as long as that is what it is.
                Some(known) if known.is_floating() || (known.is_integer() && facts.fraction.is_none()) => known.clone(),
                Some(known) => return Err(conflict(facts, &DataType::Float64, known)),
            };
            let cast = Cast {
                target,
                integral: false,
                stated: !facts.is_open(),
            };
            own_name(facts)?;
            columns.push(OutColumn {
                name: name.clone(),
                role: role.name,
                side: Side::Predictions,
                source: name.clone(),
                make: Make::Number,
                cast,
            });
        }
        Ok(columns)
    }

    fn check_listed(&self, facts: &ColumnFacts, role: &'static str) -> Result<(), IngestError> {
        let (flag, part) = match role {
            "slice" => ("--slice", "slice (bin it first)"),
            "cluster" => ("--cluster", "cluster"),
            "media" => ("--media", "image or sound"),
            _ => ("--show", "payload"),
        };
        let found = facts.data_type()?;
        let wrong = match role {
            "slice" => matches!(friendly(&found), "decimal" | "timestamp"),
            "media" => !matches!(friendly(&found), "text" | "binary" | "empty"),
            _ => false,
        };
        let found = match &facts.unusable {
            Some((name, _)) => name.clone(),
            None if wrong => friendly(&found).to_owned(),
            None => return Ok(()),
        };
        let (file, column) = (facts.file.clone(), facts.name.clone());
        Err(IngestError::RoleType {
            file,
            column,
            role: part,
            found,
            flag,
        })
    }

    pub(crate) fn plain(&self, side: Side, facts: &ColumnFacts, role: &'static str) -> Result<OutColumn, IngestError> {
        own_name(facts)?;
        let target = stored_type(facts, self.known(&facts.name))?;
        let integral = target.is_integer() && facts.data_type()? == DataType::Float64;
        let cast = Cast {
            target,
            integral,
            stated: !facts.is_open(),
        };
        let name = facts.name.clone();
        Ok(OutColumn {
            source: name.clone(),
            name,
            role,
            side,
            make: Make::Plain,
            cast,
        })
    }
}

/// Refuses a column that keeps its own name where another has that name in the table.
fn own_name(facts: &ColumnFacts) -> Result<(), IngestError> {
    match ALL.iter().find(|stored| stored.stored_as == facts.name) {
        None => Ok(()),
        Some(stored) => Err(IngestError::NameClash {
            file: facts.file.clone(),
            column: facts.name.clone(),
            role: stored.name,
            flag: stored.flag,
        }),
    }
}

fn role_type(facts: &ColumnFacts, role: &Role, found: String) -> IngestError {
    let (file, column) = (facts.file.clone(), facts.name.clone());
    IngestError::RoleType {
        file,
        column,
        role: role.name,
        found,
        flag: role.flag,
    }
}
