//! Tags: names for snapshots, which every engine's expiry of snapshots spares.
//!
//! iceberg 0.10.1 has no action for them and keeps its commit type to itself (its issue 3150), so the commit is made here:
//! with a server by the protocol, with SQL by the same compare and swap of the metadata's location that iceberg does.

use super::error::{Context, StoreError};
use super::rest_commit;
use super::sql;
use super::{Store, catalog, contract};
use crate::model::CatalogKind;
use iceberg::spec::{SnapshotReference, SnapshotRetention, TableMetadata};
use iceberg::table::Table;
use iceberg::{MetadataLocation, TableRequirement, TableUpdate};
use std::str::FromStr;
use std::time::Duration;

/// Attempts at a commit that other writers keep getting ahead of.
const ATTEMPTS: u32 = 8;

/// A change of one tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Set(i64),
    Remove,
}

/// The tag that pins a snapshot which a published report needs.
pub fn pin_name(snapshot: i64) -> String {
    format!("{PIN_PREFIX}{snapshot}")
}

/// What the names of such tags begin with.
pub const PIN_PREFIX: &str = "evaldiff-";

impl Store {
    /// The tags of a table with their snapshots, sorted by name.
    ///
    /// # Errors
    /// Fails if the table's metadata cannot be read.
    pub async fn tags(&self, table: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let table = self.load(table).await?;
        let mut tags: Vec<(String, i64)> = references(&table)
            .into_iter()
            .filter(|(_, reference)| !reference.is_branch())
            .map(|(name, reference)| (name, reference.snapshot_id))
            .collect();
        tags.sort();
        Ok(tags)
    }

    /// Whether a snapshot is still in the table, on whatever branch.
    ///
    /// # Errors
    /// Fails if the table's metadata cannot be read.
    pub async fn has_snapshots(&self, table: &str, ids: &[i64]) -> Result<Vec<bool>, StoreError> {
        let table = self.load(table).await?;
        let has = |id: &i64| table.metadata().snapshot_by_id(*id).is_some();
        Ok(ids.iter().map(has).collect())
    }

    /// Gives a snapshot a tag; says whether it is new. A tag that is another snapshot's is left alone.
    ///
    /// # Errors
    /// [`StoreError::SnapshotGone`], or a commit that failed.
    pub async fn tag(&self, table: &str, name: &str, snapshot: i64) -> Result<bool, StoreError> {
        self.change_tag(table, name, Change::Set(snapshot)).await
    }

    /// Takes a tag away; says whether there was one.
    ///
    /// # Errors
    /// Fails if the commit does.
    pub async fn untag(&self, table: &str, name: &str) -> Result<bool, StoreError> {
        self.change_tag(table, name, Change::Remove).await
    }

    async fn change_tag(&self, name: &str, tag: &str, change: Change) -> Result<bool, StoreError> {
        let ident = contract::identifier(name)?;
        let what = || format!("changing tag {tag} of {name}");
        let mut table = self.load(name).await?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(50 << attempt.min(5))).await;
                table = self.reload(&ident).await.context(what())?;
            }
            let known = table.metadata().snapshot_for_ref(tag).map(|s| s.snapshot_id());
            match (change, known) {
                (Change::Set(id), Some(other)) if other == id => return Ok(attempt > 0),
                (Change::Remove, None) => return Ok(attempt > 0),
                (Change::Set(_), Some(other)) => {
                    return Err(StoreError::Rows(format!(
                        "tag {tag} of {name} is snapshot {other}'s already"
                    )));
                }
                (Change::Set(id), None) if table.metadata().snapshot_by_id(id).is_none() => {
                    return Err(StoreError::SnapshotGone {
                        table: name.to_string(),
                        snapshot: id.to_string(),
                    });
                }
                _ => {}
            }
            let done = match &self.location.kind {
                CatalogKind::Sql { .. } | CatalogKind::Postgres { .. } => {
                    self.swap_metadata(&table, tag, change).await?
                }
                CatalogKind::Rest { uri, warehouse } => {
                    let requirements = vec![
                        TableRequirement::UuidMatch {
                            uuid: table.metadata().uuid(),
                        },
                        TableRequirement::RefSnapshotIdMatch {
                            r#ref: tag.to_string(),
                            snapshot_id: known,
                        },
                    ];
                    let update = match change {
                        Change::Set(id) => TableUpdate::SetSnapshotRef {
                            ref_name: tag.to_string(),
                            reference: tag_of(id),
                        },
                        Change::Remove => TableUpdate::RemoveSnapshotRef {
                            ref_name: tag.to_string(),
                        },
                    };
                    let server = rest_commit::Server::new(uri, warehouse.as_deref(), &self.location.properties);
                    server.commit(&ident, requirements, vec![update]).await?
                }
            };
            if done {
                return Ok(true);
            }
        }
        Err(StoreError::Rows(format!(
            "{}: other writers were faster each time",
            what()
        )))
    }

    /// Writes the changed metadata and makes the catalog point at it, unless it moved meanwhile.
    async fn swap_metadata(&self, table: &Table, tag: &str, change: Change) -> Result<bool, StoreError> {
        let what = || format!("changing tag {tag} of {}", table.identifier());
        let Some(current) = table.metadata_location() else {
            return Err(StoreError::Rows(format!("{}: the table has no metadata file", what())));
        };
        let changed = changed(table, current, tag, change).context(what())?;
        let next = MetadataLocation::from_str(current)
            .context(what())?
            .with_next_version()
            .with_new_metadata(&changed);
        changed.write_to(table.file_io(), &next).await.context(what())?;
        let next = next.to_string();
        let address = catalog::sql_address(&self.location).unwrap_or_default();
        let swapped = sql::swap_location(&address, &self.location.name, table.identifier(), current, &next);
        let swapped = swapped
            .await
            .map_err(|reason| StoreError::Rows(format!("{}: {reason}", what())))?;
        if !swapped {
            // Nobody refers to it.
            let _ = table.file_io().delete(&next).await;
        }
        Ok(swapped)
    }
}

fn tag_of(snapshot: i64) -> SnapshotReference {
    SnapshotReference::new(snapshot, SnapshotRetention::Tag { max_ref_age_ms: None })
}

fn changed(table: &Table, current: &str, tag: &str, change: Change) -> iceberg::Result<TableMetadata> {
    let builder = table.metadata().clone().into_builder(Some(current.to_string()));
    let builder = match change {
        Change::Set(id) => builder.set_ref(tag, tag_of(id))?,
        Change::Remove => builder.remove_ref(tag),
    };
    Ok(builder.build()?.metadata)
}

/// Branches and tags, from the metadata document: the crate gives a reference's snapshot, but no list of them.
fn references(table: &Table) -> Vec<(String, SnapshotReference)> {
    let document = serde_json::to_value(table.metadata()).unwrap_or_default();
    let refs = document.get("refs").cloned().unwrap_or_default();
    let refs: std::collections::BTreeMap<String, SnapshotReference> = serde_json::from_value(refs).unwrap_or_default();
    refs.into_iter().collect()
}
