//! The partition of a run: whatever a table makes of its id, its version or its time, all of its rows have the same of it.

use super::append::NewRun;
use super::contract::{EVAL_TIMESTAMP, MODEL_VERSION, RUN_ID};
use super::error::{Context, StoreError};
use iceberg::spec::{Datum, Literal, PartitionField, PrimitiveType, Struct, Transform, Type};
use iceberg::table::Table;
use iceberg::transform::create_transform_function;

/// Fails unless a table is partitioned by nothing but what a run has one value of.
///
/// # Errors
/// [`StoreError::NotWritable`].
pub(super) fn check(table: &Table) -> Result<(), StoreError> {
    let spec = table.metadata().default_partition_spec();
    spec.fields().iter().try_for_each(|field| {
        let value = |source: &str, of: &Type| run_value(source, of, "", "", 0);
        match field.transform == Transform::Void || of_run(table, field, value).is_some() {
            true => Ok(()),
            false => Err(refusal(table, field)),
        }
    })
}

/// The values of a run's partition.
///
/// # Errors
/// [`StoreError::NotWritable`].
pub(super) fn of(table: &Table, run: &NewRun) -> Result<Struct, StoreError> {
    let value = |source: &str, of: &Type| run_value(source, of, &run.run_id, &run.model_version, run.evaluated_at);
    let mut values = Vec::new();
    for field in table.metadata().default_partition_spec().fields() {
        if field.transform == Transform::Void {
            values.push(None);
            continue;
        }
        let source = of_run(table, field, value).ok_or_else(|| refusal(table, field))?;
        let made = create_transform_function(&field.transform)
            .and_then(|function| function.transform_literal(&source))
            .context(format!("making the partition {}", field.name))?;
        values.push(made.map(Literal::from));
    }
    Ok(Struct::from_iter(values))
}

/// The value of a partition field's column, if a run has one.
fn of_run(table: &Table, field: &PartitionField, value: impl Fn(&str, &Type) -> Option<Datum>) -> Option<Datum> {
    let source = table.metadata().current_schema().field_by_id(field.source_id)?;
    value(&source.name, &source.field_type)
}

fn run_value(source: &str, of: &Type, run_id: &str, version: &str, evaluated_at: i64) -> Option<Datum> {
    match (source, of) {
        (RUN_ID, Type::Primitive(PrimitiveType::String)) => Some(Datum::string(run_id)),
        (MODEL_VERSION, Type::Primitive(PrimitiveType::String)) => Some(Datum::string(version)),
        (EVAL_TIMESTAMP, Type::Primitive(PrimitiveType::Timestamp)) => Some(Datum::timestamp_micros(evaluated_at)),
        (EVAL_TIMESTAMP, Type::Primitive(PrimitiveType::Timestamptz)) => Some(Datum::timestamptz_micros(evaluated_at)),
        _ => None,
    }
}

fn refusal(table: &Table, field: &PartitionField) -> StoreError {
    let source = table.metadata().current_schema().name_by_field_id(field.source_id);
    let source = source.map_or("a column that is gone".to_string(), |name| {
        format!("`{}`", name.escape_debug())
    });
    let by = match field.transform {
        Transform::Identity => source,
        other => format!("{other} of {source}"),
    };
    StoreError::NotWritable {
        table: table.identifier().to_string(),
        reason: format!("it is partitioned by {by}, of which a run has more than one value"),
        way_out: "evaldiff writes where partitions are made of run_id, model_version and eval_timestamp alone: import into \
                  another table",
    }
}
