//! What iceberg's SQL catalog does not do: a commit of metadata that were made here, and saying where metadata are.

use super::catalog::BUSY_TIMEOUT;
use iceberg::TableIdent;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

/// Where a table's current metadata are, for an error message.
pub(super) async fn location(database: &Path, catalog: &str, table: &TableIdent) -> Option<String> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.ok()?;
    let query = "SELECT metadata_location FROM iceberg_tables \
                 WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?";
    sqlx::query_scalar(query)
        .bind(catalog)
        .bind(table.namespace().join("."))
        .bind(table.name())
        .fetch_optional(&mut connection)
        .await
        .ok()?
}

/// Makes a table point at `next` if it still points at `current`; says whether it does now.
pub(super) async fn swap_location(
    database: &Path,
    catalog: &str,
    table: &TableIdent,
    current: &str,
    next: &str,
) -> Result<bool, String> {
    let swap = async {
        let options = SqliteConnectOptions::new()
            .filename(database)
            .busy_timeout(BUSY_TIMEOUT);
        let mut connection = options.connect().await?;
        let query = "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? \
                     WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?";
        let done = sqlx::query(query)
            .bind(next)
            .bind(current)
            .bind(catalog)
            .bind(table.namespace().join("."))
            .bind(table.name())
            .bind(current)
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(done.rows_affected() == 1)
    };
    swap.await.map_err(|e| e.to_string())
}
