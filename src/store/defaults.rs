//! Values that rows have in columns which were added after them (`initial-default` of format v3): iceberg's Arrow schemas
//! leave them out, so they are put into the metadata of the fields.

use arrow::datatypes::{Field, Schema as ArrowSchema};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{Literal, PrimitiveType, Schema, Type};

/// Metadata of a field: the value of rows in files that lack the column, as text.
pub const INITIAL_DEFAULT: &str = "evaldiff.initial-default";
/// Metadata of a field: there is such a value, of a type in which none is read.
pub const UNREAD_DEFAULT: &str = "evaldiff.unread-default";

/// The Arrow form of a schema, with its default values.
pub(super) fn arrow_schema(schema: &Schema) -> iceberg::Result<ArrowSchema> {
    let arrow = schema_to_arrow_schema(schema)?;
    let with_default = |(arrow, field): (&std::sync::Arc<Field>, &iceberg::spec::NestedFieldRef)| {
        let Some(default) = &field.initial_default else {
            return arrow.as_ref().clone();
        };
        let (name, value) = match text(default, &field.field_type) {
            Some(value) => (INITIAL_DEFAULT, value),
            None => (UNREAD_DEFAULT, field.field_type.to_string()),
        };
        let mut metadata = arrow.metadata().clone();
        metadata.insert(name.to_string(), value);
        arrow.as_ref().clone().with_metadata(metadata)
    };
    let fields = arrow.fields().iter().zip(schema.as_struct().fields()).map(with_default);
    Ok(ArrowSchema::new(fields.collect::<Vec<_>>()))
}

/// A default as text from which Arrow makes a value of its type again.
fn text(default: &Literal, of: &Type) -> Option<String> {
    use PrimitiveType::{Boolean, Date, Decimal, Double, Float, Int, Long, String as Text, Timestamp, Timestamptz};
    let Type::Primitive(Boolean | Int | Long | Float | Double | Date | Timestamp | Timestamptz | Text | Decimal { .. }) =
        of
    else {
        return None;
    };
    match default.clone().try_into_json(of).ok()? {
        serde_json::Value::String(text) => Some(text),
        value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => Some(value.to_string()),
        _ => None,
    }
}
