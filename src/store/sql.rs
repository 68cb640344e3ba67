//! What iceberg's SQL catalog does not do: a commit of metadata that were made here, and saying where metadata are.

use super::catalog::{BUSY_TIMEOUT, CONNECT_TIMEOUT};
use iceberg::TableIdent;
use sqlx::{AnyConnection, Connection};

/// Opens the database by an address for sqlx, of which both kinds take `$1` for an argument.
async fn connect(address: &str) -> sqlx::Result<AnyConnection> {
    let mut connection = AnyConnection::connect(address).await?;
    if address.starts_with("sqlite") {
        let wait = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
        sqlx::query(&wait).execute(&mut connection).await?;
    }
    Ok(connection)
}

/// Whether a database server answers: a pool would try for half a minute where nobody listens, and not say why.
pub(super) async fn reachable(address: &str) -> Result<(), String> {
    sqlx::any::install_default_drivers();
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connect(address)).await;
    let connection = match connected {
        Ok(connection) => connection.map_err(|e| e.to_string())?,
        Err(_) => return Err(format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs())),
    };
    connection.close().await.map_err(|e| e.to_string())
}

/// Gives a catalog that PyIceberg made the column which says what an entry is: iceberg asks for it, and takes an entry
/// without it for a table, as PyIceberg does. A catalog that has it, or has no table yet, stays as it is.
pub(super) async fn complete(address: &str) {
    sqlx::any::install_default_drivers();
    let Ok(mut connection) = connect(address).await else {
        return;
    };
    let probe = "SELECT iceberg_type FROM iceberg_tables LIMIT 1";
    let missing = match sqlx::query(probe).fetch_optional(&mut connection).await {
        Err(error) => error.to_string().contains("iceberg_type"),
        Ok(_) => false,
    };
    if missing {
        let added = sqlx::query("ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)");
        // Another process may have been faster; what else is wrong the catalog says when it is opened.
        let _ = added.execute(&mut connection).await;
    }
    let _ = connection.close().await;
}

/// Where a table's current metadata are, for an error message.
pub(super) async fn location(address: &str, catalog: &str, table: &TableIdent) -> Option<String> {
    let mut connection = connect(address).await.ok()?;
    let query = "SELECT metadata_location FROM iceberg_tables \
                 WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3";
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
    address: &str,
    catalog: &str,
    table: &TableIdent,
    current: &str,
    next: &str,
) -> Result<bool, String> {
    let swap = async {
        let mut connection = connect(address).await?;
        let query = "UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = $2 \
                     WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5 AND metadata_location = $2";
        let done = sqlx::query(query)
            .bind(next)
            .bind(current)
            .bind(catalog)
            .bind(table.namespace().join("."))
            .bind(table.name())
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(done.rows_affected() == 1)
    };
    swap.await.map_err(|e| e.to_string())
}
