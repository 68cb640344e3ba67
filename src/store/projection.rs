//! Where the value of a column comes from in a file that may lack it ("column projection" of the Iceberg specification): from
//! the column with its field id, else from the partition, else from a column with one of its names where the file has no field
//! ids, else from the default, else it is null.

use super::absent::Absent;
use super::defaults::text;
use super::error::StoreError;
use super::files::LiveFile;
use super::typed::arrow_type;
use iceberg::spec::{DEFAULT_SCHEMA_NAME_MAPPING, NameMapping, Transform};
use iceberg::table::Table;
use std::collections::BTreeMap;

/// Partition values of data files, by path and field id. Files that were added from folders of Hive have them nowhere else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionValues {
    by_file: BTreeMap<String, BTreeMap<i32, Absent>>,
}

impl PartitionValues {
    /// Those of a file.
    pub fn of(&self, path: &str) -> BTreeMap<i32, Absent> {
        self.by_file.get(path).cloned().unwrap_or_default()
    }

    pub(super) fn insert(&mut self, path: &str, values: BTreeMap<i32, Absent>) {
        if !values.is_empty() {
            self.by_file.insert(path.to_string(), values);
        }
    }
}

/// What a file's partition says of columns themselves, rather than of something made of them such as their day.
pub(super) fn partition_values(table: &Table, file: &LiveFile) -> BTreeMap<i32, Absent> {
    let metadata = table.metadata();
    let fields = metadata.partition_spec_by_id(file.spec).map(|spec| spec.fields());
    let values = file.entry.data_file().partition().iter();
    let mut out = BTreeMap::new();
    for (field, value) in fields.into_iter().flatten().zip(values) {
        let source = metadata.current_schema().field_by_id(field.source_id);
        let Some(source) = source.filter(|_| field.transform == Transform::Identity) else {
            continue;
        };
        let known = |literal| {
            let text = text(literal, &source.field_type)?;
            let data_type = arrow_type(&source.field_type).ok()?;
            Some(Absent::Value { text, data_type })
        };
        let unread = || Absent::Unread(format!("partition values of type {}", source.field_type));
        let value = value.map_or(Absent::Null, |literal| known(literal).unwrap_or_else(unread));
        out.insert(field.source_id, value);
    }
    out
}

/// The names that a table gives its columns in files without field ids; `None` where it does not say, so that they have
/// their own.
#[derive(Clone, Debug, Default)]
pub(super) struct FileNames(Option<BTreeMap<i32, Vec<String>>>);

impl FileNames {
    /// Those of a table.
    ///
    /// # Errors
    /// [`StoreError::Rows`] if the property with them is damaged: columns could then be taken for one another.
    pub(super) fn of(table: &Table) -> Result<FileNames, StoreError> {
        let Some(json) = table.metadata().properties().get(DEFAULT_SCHEMA_NAME_MAPPING) else {
            return Ok(FileNames::default());
        };
        let mapping: NameMapping = serde_json::from_str(json).map_err(|error| {
            StoreError::Rows(format!(
                "the property {DEFAULT_SCHEMA_NAME_MAPPING} of {} is damaged: {error}",
                table.identifier()
            ))
        })?;
        let fields = mapping.fields().iter();
        let named = fields.filter_map(|field| Some((field.field_id()?, field.names().to_vec())));
        Ok(FileNames(Some(named.collect())))
    }

    /// Those of a column, which may be none.
    pub(super) fn column(&self, id: i32, name: &str) -> Vec<String> {
        match &self.0 {
            Some(mapped) => mapped.get(&id).cloned().unwrap_or_default(),
            None => vec![name.to_string()],
        }
    }
}

/// Where a column stands among a file's: by its field id, or by its names where the file has no ids at all.
pub fn column_position<'a>(
    fields: impl Iterator<Item = (Option<i32>, &'a str)> + Clone,
    id: Option<i32>,
    names: &[String],
) -> Option<usize> {
    let has_ids = fields.clone().any(|(id, _)| id.is_some());
    fields.into_iter().position(|(found, name)| match (has_ids, id) {
        (true, Some(id)) => found == Some(id),
        _ => names.iter().any(|known| known == name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_id_and_by_name_only_where_there_are_no_ids() {
        let names = ["answer".to_string(), "prediction".to_string()];
        let none = [(None, "key"), (None, "prediction")];
        let some = [(Some(1), "key"), (None, "prediction"), (Some(2), "said")];
        let at = |fields: &[(Option<i32>, &'static str)], id| column_position(fields.iter().copied(), id, &names);
        assert_eq!(at(&none, Some(2)), Some(1));
        assert_eq!(at(&some, Some(2)), Some(2));
        assert_eq!(at(&some, Some(3)), None);
        assert_eq!(at(&some, None), Some(1));
        assert_eq!(column_position(none.iter().copied(), Some(2), &[]), None);
    }
}
