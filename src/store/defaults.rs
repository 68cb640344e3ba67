//! Values that rows have in columns which were added after them (`initial-default` of format v3): iceberg's Arrow schemas
//! leave them out, so they are put into the metadata of the fields.

use super::error::{Context, StoreError};
use super::projection::FileNames;
use super::typed::arrow_type;
use super::unread::metadata_json;
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{FormatVersion, Literal, NestedFieldRef, PrimitiveType, Schema, Type};
use iceberg::table::Table;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Metadata of a field: the value of rows in files that lack the column, as text.
pub const INITIAL_DEFAULT: &str = "evaldiff.initial-default";
/// Metadata of a field: there is such a value, and it is not read; in words, why.
pub const UNREAD_DEFAULT: &str = "evaldiff.unread-default";
/// Metadata of a field: its names in files without field ids, as JSON, where they are not its own alone.
pub const FILE_NAMES: &str = "evaldiff.file-names";

/// The Arrow form of one of a table's schemas, with its default values; UUIDs are texts in it.
///
/// # Errors
/// Fails if a column has a type that Arrow has not, or if the names of columns in files without ids are damaged.
pub(super) async fn arrow_schema(table: &Table, schema: &Schema) -> Result<ArrowSchema, StoreError> {
    let arrow = schema_to_arrow_schema(schema).context("reading the snapshot's schema")?;
    let lost = lost(table, schema).await;
    let names = FileNames::of(table)?;
    let with_default = |(arrow, field): (&Arc<Field>, &NestedFieldRef)| {
        let mut metadata = arrow.metadata().clone();
        let unread = || (UNREAD_DEFAULT, format!("defaults of type {}", field.field_type));
        let read = |default| text(default, &field.field_type).map(|value| (INITIAL_DEFAULT, value));
        let found = match &field.initial_default {
            Some(default) => Some(read(default).unwrap_or_else(unread)),
            None => lost.contains(&field.id).then(unread),
        };
        metadata.extend(found.map(|(name, value)| (name.to_string(), value)));
        let names = names.column(field.id, &field.name);
        if names != [field.name.as_str()] {
            metadata.insert(FILE_NAMES.to_string(), serde_json::json!(names).to_string());
        }
        let data_type = match arrow_type(&field.field_type) {
            Ok(DataType::Utf8) => DataType::Utf8,
            _ => arrow.data_type().clone(),
        };
        arrow.as_ref().clone().with_data_type(data_type).with_metadata(metadata)
    };
    let fields = arrow.fields().iter().zip(schema.as_struct().fields()).map(with_default);
    Ok(ArrowSchema::new(fields.collect::<Vec<_>>()))
}

/// Ids of the fields with a default that iceberg 0.10.1 could not parse, as those of timestamps with nanoseconds: it drops
/// them without a word, so that the JSON has to tell. Where that cannot be read, none is known.
async fn lost(table: &Table, schema: &Schema) -> BTreeSet<i32> {
    use PrimitiveType::{Boolean, Double, Float, Int, Long, String as Text};
    let simple = |of: &Type| matches!(of, Type::Primitive(Boolean | Int | Long | Float | Double | Text));
    let fields = schema.as_struct().fields().iter();
    let open: BTreeSet<i32> = fields
        .filter(|field| field.initial_default.is_none() && !simple(&field.field_type))
        .map(|field| field.id)
        .collect();
    let has_defaults = table.metadata().format_version() == FormatVersion::V3;
    let place = table.metadata_location().filter(|_| has_defaults && !open.is_empty());
    let json = async {
        let bytes = table.file_io().new_input(place?).ok()?.read().await.ok()?;
        metadata_json(place?, &bytes)
    };
    let json = json.await.unwrap_or_default();
    let schemas = json["schemas"].as_array().map_or(&[][..], Vec::as_slice);
    let same = schemas.iter().find(|known| known["schema-id"] == schema.schema_id());
    let fields = same.and_then(|known| known["fields"].as_array()).into_iter().flatten();
    let with_default = fields.filter(|field| !field["initial-default"].is_null());
    let ids = with_default.filter_map(|field| field["id"].as_i64().and_then(|id| i32::try_from(id).ok()));
    ids.filter(|id| open.contains(id)).collect()
}

/// A default, or a value of a partition, as text from which Arrow makes a value of its type again.
pub(super) fn text(default: &Literal, of: &Type) -> Option<String> {
    use PrimitiveType::{
        Boolean, Date, Decimal, Double, Float, Int, Long, String as Text, Timestamp, Timestamptz, Uuid,
    };
    let Type::Primitive(
        Boolean | Int | Long | Float | Double | Date | Timestamp | Timestamptz | Text | Uuid | Decimal { .. },
    ) = of
    else {
        return None;
    };
    match default.clone().try_into_json(of).ok()? {
        serde_json::Value::String(text) => Some(text),
        value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => Some(value.to_string()),
        _ => None,
    }
}
