//! Whether a table can take a run, before anything of it is written or paid for.

use super::contract::{self, EVAL_TIMESTAMP, MODEL_VERSION, RUN_ID};
use super::error::StoreError;
use super::resolve::table_roles;
use super::{Store, foreign, partition};
use arrow::datatypes::Schema as ArrowSchema;
use iceberg::spec::{PrimitiveType, SchemaRef, Type};
use iceberg::table::Table;
use std::collections::BTreeMap;

/// Property of a table that has its metadata elsewhere, where iceberg 0.10.1 cannot commit.
const METADATA_PATH: &str = "write.metadata.path";

impl Store {
    /// Checks whether a table can take a run with these columns; gives the names of those that it lacks and that are added.
    ///
    /// # Errors
    /// [`StoreError::NotWritable`], [`StoreError::NoRunColumn`], [`StoreError::CaseOnly`] or [`StoreError::TypeChanged`].
    pub async fn check_writable(&self, table: &str, input: &ArrowSchema) -> Result<Vec<String>, StoreError> {
        match self.try_load(table).await? {
            Some(table) => check(&table, input),
            None => {
                differing_in_case(input, &[])?;
                Ok(Vec::new())
            }
        }
    }
}

/// As [`Store::check_writable`], of a table that is loaded.
pub(super) fn check(table: &Table, input: &ArrowSchema) -> Result<Vec<String>, StoreError> {
    foreign::check_columns(table)?;
    partition::check(table)?;
    let schema = table.metadata().current_schema();
    let refuse = |reason: String, way_out: &'static str| {
        Err(StoreError::NotWritable {
            table: table.identifier().to_string(),
            reason,
            way_out,
        })
    };
    // What its runs had before was under another name all the same, so that they could not be compared with this one.
    for (part, name) in role_columns(table) {
        let had = |schema: &SchemaRef| schema.field_by_name(&name).is_some();
        let adds = schema.field_by_name(&name).is_none() && input.field_with_name(&name).is_ok();
        if adds && table.metadata().schemas_iter().any(had) {
            return refuse(
                format!(
                    "its column `{}`, the {part} of its runs, was renamed or dropped",
                    name.escape_debug()
                ),
                "have another engine rename it back, or import into another table",
            );
        }
    }
    for field in schema.as_struct().fields() {
        let name = field.name.as_str();
        let fits = match (name, field.field_type.as_ref()) {
            (RUN_ID | MODEL_VERSION, Type::Primitive(PrimitiveType::String)) => true,
            (RUN_ID | MODEL_VERSION, _) => false,
            (EVAL_TIMESTAMP, Type::Primitive(PrimitiveType::Timestamp | PrimitiveType::Timestamptz)) => true,
            (EVAL_TIMESTAMP, _) => false,
            _ if field.required && input.field_with_name(name).is_err() => {
                return refuse(
                    format!(
                        "it requires a value of `{}`, which the run does not have",
                        name.escape_debug()
                    ),
                    "add the column to the input, or import into another table",
                );
            }
            _ => true,
        };
        if !fits {
            let wanted = if name == EVAL_TIMESTAMP { "a timestamp" } else { "text" };
            return refuse(
                format!(
                    "its column `{name}` is of type {}, and evaldiff writes {wanted}",
                    field.field_type
                ),
                "import into another table",
            );
        }
    }
    let metadata = table.metadata();
    let usual = format!("{}/metadata", metadata.location().trim_end_matches('/'));
    let elsewhere = metadata.properties().get(METADATA_PATH);
    if let Some(place) = elsewhere.filter(|place| place.trim_end_matches('/') != usual) {
        return refuse(
            format!(
                "its property {METADATA_PATH} puts metadata into {}",
                place.escape_debug()
            ),
            "have another engine unset that property, or import into another table",
        );
    }
    let known: Vec<&str> = schema
        .as_struct()
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    differing_in_case(input, &known)?;
    let missing = contract::missing_columns(table, input)?;
    Ok(missing.iter().map(|field| field.name().clone()).collect())
}

/// The columns in which the table's runs have what every run has.
fn role_columns(table: &Table) -> Vec<(&'static str, String)> {
    let Some(roles) = table_roles(table) else {
        return Vec::new();
    };
    let truth = roles.truth.map(|name| ("ground truth", name));
    truth
        .into_iter()
        .chain([("prediction", roles.prediction), ("key", contract::KEY.to_string())])
        .collect()
}

/// Fails where two columns would be one for engines that do not look at case, as Spark: they could not write the table any more.
fn differing_in_case(input: &ArrowSchema, known: &[&str]) -> Result<(), StoreError> {
    let own = contract::own_columns();
    let own = own.iter().map(|field| field.name().as_str());
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let given = input.fields().iter().map(|field| field.name().as_str());
    let all = known.iter().copied().chain(own).chain(given);
    for name in all.collect::<Vec<_>>() {
        match seen.insert(name.to_lowercase(), name) {
            // Two that the table has already are its owner's.
            Some(other) if other != name && !(known.contains(&name) && known.contains(&other)) => {
                return Err(StoreError::CaseOnly {
                    column: name.to_string(),
                    known: other.to_string(),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field};

    #[test]
    fn columns_that_differ_in_case_alone_are_refused_unless_the_table_has_both() {
        let schema = |names: &[&str]| {
            ArrowSchema::new(
                names
                    .iter()
                    .map(|name| Field::new(*name, DataType::Utf8, true))
                    .collect::<Vec<_>>(),
            )
        };
        for (input, known, fine) in [
            (&["a", "b"][..], &["a", "B1"][..], true),
            (&["channel"], &["Channel"], false),
            (&["a", "A"], &[], false),
            (&["ÉTÉ"], &["été"], false),
            (&["Run_Id"], &["a"], false),
            (&["a"], &["a", "A"], true),
            (&["x"], &["a", "A"], true),
        ] {
            assert_eq!(
                differing_in_case(&schema(input), known).is_ok(),
                fine,
                "{input:?} {known:?}"
            );
        }
    }
}
