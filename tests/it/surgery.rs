//! What other tools do to a table: tags, expired snapshots, deletes. Edits the table's metadata as a commit of its own.

use crate::harness::Project;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};

/// Points a tag at a snapshot.
pub fn tag(project: &Project, name: &str, snapshot: &str) {
    edit(project, |metadata| {
        metadata["refs"][name] = json!({"snapshot-id": number(snapshot), "type": "tag"});
    });
}

/// Removes a snapshot from the history, as `expire_snapshots` does; its data files stay.
pub fn expire(project: &Project, snapshot: &str) {
    let id = number(snapshot);
    edit(project, |metadata| {
        assert_ne!(
            metadata["current-snapshot-id"], id,
            "the head of main cannot be expired"
        );
        let before = metadata["snapshots"].as_array().unwrap().len();
        for list in ["snapshots", "snapshot-log"] {
            metadata[list]
                .as_array_mut()
                .unwrap()
                .retain(|entry| entry["snapshot-id"] != id);
        }
        assert_eq!(
            metadata["snapshots"].as_array().unwrap().len(),
            before - 1,
            "no snapshot {snapshot}"
        );
    });
}

/// Adds a column to the table's current schema, as an engine does that writes format v3 with a default for older rows; all
/// snapshots are read with it.
pub fn add_column(project: &Project, field: Value) {
    edit(project, |metadata| {
        let current = &metadata["current-schema-id"];
        let schemas = metadata["schemas"].as_array().unwrap();
        let mut schema = schemas.iter().find(|s| s["schema-id"] == *current).unwrap().clone();
        let id = schemas.len() + 7;
        schema["schema-id"] = id.into();
        metadata["last-column-id"] = field["id"].clone();
        metadata["format-version"] = 3.into();
        metadata["next-row-id"] = 0.into();
        schema["fields"].as_array_mut().unwrap().push(field);
        metadata["schemas"].as_array_mut().unwrap().push(schema);
        metadata["current-schema-id"] = id.into();
        for snapshot in metadata["snapshots"].as_array_mut().unwrap() {
            snapshot["schema-id"] = id.into();
        }
    });
}

/// Deletes the rows that the newest snapshot added: a snapshot of operation `delete` with its parent's manifests.
pub fn delete_newest_run(project: &Project) {
    edit(project, |metadata| {
        let head = metadata["current-snapshot-id"].clone();
        let by_id = |id: &Value| {
            let snapshots = metadata["snapshots"].as_array().unwrap();
            snapshots
                .iter()
                .find(|snapshot| snapshot["snapshot-id"] == *id)
                .unwrap()
                .clone()
        };
        let newest = by_id(&head);
        let parent = by_id(&newest["parent-snapshot-id"]);
        let sequence = newest["sequence-number"].as_i64().unwrap() + 1;
        let time = newest["timestamp-ms"].as_i64().unwrap() + 1;
        let deleted = json!({
            "snapshot-id": 4242, "parent-snapshot-id": head, "sequence-number": sequence, "timestamp-ms": time,
            "summary": {"operation": "delete"}, "manifest-list": parent["manifest-list"], "schema-id": newest["schema-id"],
        });
        metadata["snapshots"].as_array_mut().unwrap().push(deleted);
        metadata["snapshot-log"]
            .as_array_mut()
            .unwrap()
            .push(json!({"snapshot-id": 4242, "timestamp-ms": time}));
        metadata["current-snapshot-id"] = 4242.into();
        metadata["refs"]["main"]["snapshot-id"] = 4242.into();
        metadata["last-sequence-number"] = sequence.into();
        metadata["last-updated-ms"] = time.into();
    });
}

fn number(snapshot: &str) -> i64 {
    snapshot.parse().unwrap()
}

/// Reads the current metadata, changes it, writes it as a new file and moves the catalog's pointer.
fn edit(project: &Project, change: impl FnOnce(&mut Value)) {
    edit_table(project, "%", change);
}

/// The same of the one table whose name, without its namespace, is like a pattern.
pub fn edit_table(project: &Project, name: &str, change: impl FnOnce(&mut Value)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let database = project.path().join(".evaldiff/catalog.db");
        let mut catalog = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
        let row = sqlx::query("SELECT metadata_location FROM iceberg_tables WHERE table_name LIKE ?")
            .bind(name)
            .fetch_one(&mut catalog)
            .await
            .unwrap();
        let old: String = row.get(0);
        let path = old.trim_start_matches("file://");
        let mut metadata: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        change(&mut metadata);
        let (folder, name) = path.rsplit_once('/').unwrap();
        let version: u32 = name.split('-').next().unwrap().parse().unwrap();
        let new = format!("{folder}/{:05}-{}.metadata.json", version + 1, uuid::Uuid::now_v7());
        std::fs::write(&new, serde_json::to_vec(&metadata).unwrap()).unwrap();
        let moved = sqlx::query("UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? WHERE metadata_location = ?")
            .bind(format!("file://{new}"))
            .bind(&old)
            .bind(&old)
            .execute(&mut catalog)
            .await
            .unwrap();
        assert_eq!(moved.rows_affected(), 1);
    });
}
