//! The table contract: columns, partitioning, properties, and how a run's columns are added to an existing table.

use super::error::{Context, StoreError};
use crate::model::ColumnRoles;
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, TimeUnit};
use iceberg::arrow::{arrow_type_to_type, schema_to_arrow_schema};
use iceberg::spec::{NestedField, PrimitiveType, Schema, Transform, Type, UnboundPartitionSpec};
use iceberg::table::Table;
use iceberg::transaction::{AddColumn, ApplyTransactionAction, Transaction};
use iceberg::{Catalog, NamespaceIdent, TableCreation, TableIdent};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Column of the sample key in tables that evaldiff writes.
pub const KEY: &str = "sample_id";
/// Column of the run id.
pub const RUN_ID: &str = "run_id";
/// Column of the model version; the table is partitioned by it.
pub const MODEL_VERSION: &str = "model_version";
/// Column of the evaluation time.
pub const EVAL_TIMESTAMP: &str = "eval_timestamp";

/// Table used when none is named and there is none yet.
pub const DEFAULT_TABLE: &str = "ml_eval_results.predictions";

/// Property with the column roles, as JSON, of the table and of each run.
pub const ROLES_PROPERTY: &str = "evaldiff.roles";

/// The columns that the store adds to every row.
pub(super) fn own_columns() -> Vec<Field> {
    vec![
        Field::new(RUN_ID, DataType::Utf8, false),
        Field::new(MODEL_VERSION, DataType::Utf8, false),
        Field::new(
            EVAL_TIMESTAMP,
            DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
            false,
        ),
    ]
}

/// A type in words that users know.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => "integer".into(),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => "decimal number".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Timestamp(_, _) => "timestamp".into(),
        DataType::Date32 | DataType::Date64 => "date".into(),
        other => other.to_string(),
    }
}

/// Splits `namespace.table`; a namespace may have several levels.
pub(super) fn identifier(name: &str) -> Result<TableIdent, StoreError> {
    TableIdent::from_strs(name.split('.')).context(format!("reading the table name {name}"))
}

/// Creates the table for a first run. If another process was faster, its table is taken.
pub(super) async fn create(
    catalog: &dyn Catalog,
    ident: &TableIdent,
    input: &ArrowSchema,
    roles: &ColumnRoles,
) -> Result<Table, StoreError> {
    ensure_namespace(catalog, ident.namespace()).await?;
    for attempt in 0..CREATE_ATTEMPTS {
        let creation = TableCreation::builder()
            .name(ident.name().to_string())
            .schema(new_schema(input)?)
            .partition_spec(partition_spec(input.fields().len())?)
            .properties(properties(roles)?)
            .build();
        let created = catalog.create_table(ident.namespace(), creation).await;
        // Loaded in any case: only then a server hands out keys for the table's files, and another writer may have made it.
        match (catalog.load_table(ident).await, created) {
            (Ok(table), _) => return Ok(table),
            // Reported as created, yet not there: a locked database refused the COMMIT (iceberg 0.10.1, its issue 3061).
            (Err(_), Ok(_)) if attempt + 1 < CREATE_ATTEMPTS => {
                pause(attempt).await;
            }
            (Err(error), Ok(_)) => return Err(error).context(format!("loading table {ident}, which was created")),
            (Err(_), Err(error)) if again(&error, attempt).await => {}
            (Err(_), Err(error)) => return Err(error).context(format!("creating table {ident}")),
        }
    }
    catalog
        .load_table(ident)
        .await
        .context(format!("creating table {ident}"))
}

/// Attempts at creating what may be there already.
const CREATE_ATTEMPTS: u32 = 5;

/// Waits before the next attempt.
async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
}

/// Whether something is to be created once more, after a while. Where several create it at once, a server may fail at what
/// is there by half (SeaweedFS 4.48 answers with status 500), and a database be locked.
async fn again(error: &iceberg::Error, attempt: u32) -> bool {
    let may_pass = error.kind() == iceberg::ErrorKind::Unexpected && attempt + 1 < CREATE_ATTEMPTS;
    if may_pass {
        pause(attempt).await;
    }
    may_pass
}

async fn ensure_namespace(catalog: &dyn Catalog, namespace: &NamespaceIdent) -> Result<(), StoreError> {
    let name = || namespace.join(".");
    if let Ok(true) = catalog.namespace_exists(namespace).await {
        return Ok(());
    }
    for attempt in 0..CREATE_ATTEMPTS {
        let created = catalog.create_namespace(namespace, HashMap::new()).await;
        // Asked in any case: a locked database may refuse what is reported as done.
        match (catalog.namespace_exists(namespace).await, created) {
            (Ok(true), _) => return Ok(()),
            (_, Ok(_)) if attempt + 1 < CREATE_ATTEMPTS => {
                pause(attempt).await;
            }
            (_, Err(error)) if again(&error, attempt).await => {}
            (_, Err(error)) => return Err(error).context(format!("creating namespace {}", name())),
            (_, Ok(_)) => break,
        }
    }
    Ok(())
}

fn new_schema(input: &ArrowSchema) -> Result<Schema, StoreError> {
    let own = own_columns();
    let all = input.fields().iter().map(|f| f.as_ref()).chain(own.iter());
    let mut fields = Vec::new();
    for (i, field) in all.enumerate() {
        let id = i as i32 + 1;
        let data_type = iceberg_type(field)?;
        let required = field.name() == KEY || own.iter().any(|o| o.name() == field.name());
        fields.push(Arc::new(NestedField::new(id, field.name(), data_type, required)));
    }
    Schema::builder()
        .with_fields(fields)
        .build()
        .context("building the table schema")
}

fn iceberg_type(field: &Field) -> Result<Type, StoreError> {
    arrow_type_to_type(field.data_type()).map_err(|_| StoreError::UnsupportedType {
        column: field.name().clone(),
        data_type: type_name(field.data_type()),
    })
}

fn partition_spec(input_columns: usize) -> Result<UnboundPartitionSpec, StoreError> {
    let model_version_id = input_columns as i32 + 2;
    Ok(UnboundPartitionSpec::builder()
        .with_spec_id(0)
        .add_partition_field(model_version_id, MODEL_VERSION, Transform::Identity)
        .context("building the partition spec")?
        .build())
}

fn properties(roles: &ColumnRoles) -> Result<Vec<(String, String)>, StoreError> {
    Ok(vec![
        (ROLES_PROPERTY.to_string(), roles_json(roles)?),
        ("write.parquet.compression-codec".to_string(), "zstd".to_string()),
        // Writers on one machine contend for one SQLite file: more patience than the default of 4.
        ("commit.retry.num-retries".to_string(), "10".to_string()),
    ])
}

/// Roles as the JSON text that properties hold.
pub(super) fn roles_json(roles: &ColumnRoles) -> Result<String, StoreError> {
    serde_json::to_string(roles).map_err(|e| StoreError::Rows(e.to_string()))
}

/// The Arrow form of a table's current schema.
pub(super) fn arrow_schema(table: &Table) -> Result<ArrowSchema, StoreError> {
    schema_to_arrow_schema(table.metadata().current_schema())
        .context(format!("reading the schema of {}", table.identifier()))
}

/// Adds the columns that the input has and the table lacks: a metadata commit of its own.
///
/// # Errors
/// [`StoreError::TypeChanged`] if a column exists with another type.
pub(super) async fn evolve(catalog: &dyn Catalog, table: Table, input: &ArrowSchema) -> Result<Table, StoreError> {
    let mut table = table;
    for attempt in 0.. {
        let missing = missing_columns(&table, input)?;
        if missing.is_empty() {
            return Ok(table);
        }
        let transaction = Transaction::new(&table);
        let mut action = transaction.update_schema();
        for field in &missing {
            action = action.add_column(AddColumn::optional(field.name(), iceberg_type(field)?));
        }
        let result = match action.apply(transaction) {
            Ok(transaction) => transaction.commit(catalog).await.map(|_| ()),
            Err(error) => Err(error),
        };
        // Another writer may have added the same column: look again before giving up.
        table = catalog
            .load_table(table.identifier())
            .await
            .context("reloading the table")?;
        if attempt >= 4 {
            result.context(format!("adding columns to {}", table.identifier()))?;
        }
    }
    Ok(table)
}

pub(super) fn missing_columns(table: &Table, input: &ArrowSchema) -> Result<Vec<Field>, StoreError> {
    let schema = table.metadata().current_schema();
    let mut missing = Vec::new();
    for field in input.fields() {
        let wanted = iceberg_type(field)?;
        match schema.field_by_name(field.name()) {
            None => missing.push(field.as_ref().clone()),
            Some(known) if compatible(&known.field_type, &wanted) => {}
            Some(known) => {
                return Err(StoreError::TypeChanged {
                    table: table.identifier().to_string(),
                    column: field.name().clone(),
                    table_type: known.field_type.to_string(),
                    input_type: type_name(field.data_type()),
                });
            }
        }
    }
    Ok(missing)
}

/// Equal, or a pair that Iceberg promotes: a run's integers fit a column of longs, its floats one of doubles.
fn compatible(known: &Type, wanted: &Type) -> bool {
    use PrimitiveType::{Double, Float, Int, Long};
    match (known, wanted) {
        (Type::Primitive(a), Type::Primitive(b)) => {
            a == b || matches!((a, b), (Long, Int) | (Double, Float) | (Int, Long) | (Float, Double))
        }
        _ => known == wanted,
    }
}
