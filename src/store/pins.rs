//! Which published reports need which snapshots: properties of the table, one for each report.

use super::append::is_locked;
use super::error::{Context, StoreError};
use super::{Store, contract};
use iceberg::table::Table;
use iceberg::transaction::{ApplyTransactionAction, Transaction};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the property's name begins with; a digest of the site and of the report's folder in it follows.
const PREFIX: &str = "evaldiff.published.";
/// Attempts at a commit that other writers keep getting ahead of.
const ATTEMPTS: u32 = 8;

/// A published report with the snapshots that it needs; as JSON it is the value of a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its folder in the site.
    pub report: String,
    /// Where the site is, without credentials.
    pub site: String,
    /// Ids of the snapshots.
    pub snapshots: Vec<String>,
}

impl Holder {
    /// The snapshots.
    pub fn ids(&self) -> impl Iterator<Item = i64> {
        self.snapshots.iter().filter_map(|id| id.parse().ok())
    }
}

impl Store {
    /// The published reports that need snapshots of a table, sorted by folder, then site.
    ///
    /// # Errors
    /// [`StoreError::Holder`] for a property that cannot be read: what it needs is unknown.
    pub async fn holders(&self, table: &str) -> Result<Vec<Holder>, StoreError> {
        let properties = self.holding(table).await?;
        let mut holders: Vec<Holder> = properties.into_iter().map(|(_, holder)| holder).collect();
        holders.sort_by(|a, b| (&a.report, &a.site).cmp(&(&b.report, &b.site)));
        Ok(holders)
    }

    /// The properties that name holders, with what they say.
    async fn holding(&self, table: &str) -> Result<Vec<(String, Holder)>, StoreError> {
        let loaded = self.load(table).await?;
        let properties = loaded.metadata().properties().iter();
        properties
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, value)| match serde_json::from_str(value) {
                Ok(holder) => Ok((name.clone(), holder)),
                Err(error) => Err(StoreError::Holder {
                    table: table.to_string(),
                    property: name.clone(),
                    reason: error.to_string(),
                }),
            })
            .collect()
    }

    /// Records that a published report needs snapshots; says whether that is new.
    ///
    /// # Errors
    /// Fails if the commit does.
    pub async fn hold(&self, table: &str, holder: &Holder) -> Result<bool, StoreError> {
        let value = serde_json::to_string(holder).map_err(|e| StoreError::Rows(e.to_string()))?;
        self.change_property(table, &property(holder), Some(value)).await
    }

    /// Forgets that a report, published to one site, needs its snapshots.
    ///
    /// # Errors
    /// Fails if the commit does.
    pub async fn let_go(&self, table: &str, holder: &Holder) -> Result<(), StoreError> {
        let same = |known: &Holder| (&known.report, &known.site) == (&holder.report, &holder.site);
        let known = self.holding(table).await?.into_iter().filter(|(_, known)| same(known));
        for (property, _) in known {
            self.change_property(table, &property, None).await?;
        }
        Ok(())
    }

    async fn change_property(&self, name: &str, property: &str, value: Option<String>) -> Result<bool, StoreError> {
        let ident = contract::identifier(name)?;
        let what = || format!("changing property {property} of {name}");
        let mut table = self.load(name).await?;
        let mut last = None;
        for attempt in 0..ATTEMPTS {
            if table.metadata().properties().get(property) == value.as_ref() {
                return Ok(attempt > 0);
            }
            match self.commit_property(&table, property, value.clone()).await {
                // The database may have refused it all the same: the table is read again.
                Ok(()) => {}
                Err(error) if error.retryable() || is_locked(&error) || self.is_unknown(&error) => {
                    last = Some(error);
                    tokio::time::sleep(Duration::from_millis(100 << attempt.min(4))).await;
                }
                Err(error) => return Err(error).context(what()),
            }
            table = self.reload(&ident).await.context(what())?;
        }
        match (table.metadata().properties().get(property) == value.as_ref(), last) {
            (true, _) => Ok(true),
            (false, Some(error)) => Err(error).context(what()),
            (false, None) => Err(StoreError::Rows(format!(
                "{}: the catalog says so, and the table does not",
                what()
            ))),
        }
    }

    async fn commit_property(&self, table: &Table, property: &str, value: Option<String>) -> iceberg::Result<()> {
        let transaction = Transaction::new(table);
        let action = transaction.update_table_properties();
        let action = match value {
            Some(value) => action.set(property.to_string(), value),
            None => action.remove(property.to_string()),
        };
        action.apply(transaction)?.commit(self.catalog()).await.map(|_| ())
    }
}

fn property(holder: &Holder) -> String {
    let place = format!("{}\0{}", holder.site, holder.report);
    format!("{PREFIX}{}", &blake3::hash(place.as_bytes()).to_hex()[..16])
}
