//! `evaldiff unpin`: lets go of snapshots, but for what another published report needs.

use super::pins::{ids, tag};
use super::{Session, convert, print};
use crate::audit::manifest::MANIFEST_NAME;
use crate::cli::request::UnpinRequest;
use crate::error::{Error, Result};
use crate::publish::folder_of;
use crate::store::Store;
use std::collections::BTreeSet;

/// What is to be let go.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pinned {
    Snapshot {
        table: String,
        id: i64,
    },
    Report {
        table: String,
        report: String,
        ids: BTreeSet<i64>,
    },
}

/// Takes pins away: those of reports, but for what another published report needs, and those of snapshots.
///
/// # Errors
/// Usage error for what is neither, before anything is changed; fails if a commit does.
pub async fn unpin(session: &Session, request: &UnpinRequest) -> Result<()> {
    let store = session.open().await?;
    let mut snapshots = Vec::new();
    let mut free: BTreeSet<(String, i64)> = BTreeSet::new();
    let mut reports = Vec::new();
    for what in &request.what {
        match pinned(session, &store, what).await? {
            Pinned::Snapshot { table, id } => snapshots.push((table, id)),
            Pinned::Report { table, report, ids } => {
                free.extend(ids.into_iter().map(|id| (table.clone(), id)));
                reports.push((table, report));
            }
        }
    }
    // All of them first: none keeps what only the others of them need.
    for (table, report) in &reports {
        store.let_go(table, report).await.map_err(convert::store)?;
    }
    for (table, id) in &free {
        release(&store, table, *id).await?;
    }
    for (table, id) in &snapshots {
        force(session, &store, table, *id).await?;
    }
    Ok(())
}

async fn pinned(session: &Session, store: &Store, what: &str) -> Result<Pinned> {
    if let Ok(id) = what.strip_prefix("snapshot:").unwrap_or(what).parse() {
        let table = session.table(store).await?;
        return Ok(Pinned::Snapshot { table, id });
    }
    let folder = session.cwd.join(what);
    if folder.join(MANIFEST_NAME).is_file() {
        let manifest = super::verify::manifest(&folder)?;
        let report = folder_of(&manifest).ok_or_else(|| Error::altered("manifest.json: changed or damaged"))?;
        let ids = ids(&manifest);
        let table = manifest.table;
        return Ok(Pinned::Report { table, report, ids });
    }
    // A published report of which there is no copy here.
    let table = session.table(store).await?;
    let holders = store.holders(&table).await.map_err(convert::store)?;
    let holder = holders
        .into_iter()
        .find(|holder| holder.report == what.trim_end_matches('/'));
    match holder {
        Some(holder) => Ok(Pinned::Report {
            ids: holder.ids().collect(),
            report: holder.report,
            table,
        }),
        None => Err(
            Error::usage(format!("`{what}` is neither a snapshot nor a report's folder"))
                .with_hint("`evaldiff pins` lists what is pinned: give snapshot:ID, or the folder with manifest.json"),
        ),
    }
}

/// Takes the pin of a snapshot away if no published report needs it.
async fn release(store: &Store, table: &str, id: i64) -> Result<()> {
    let mut needed = needs(store, table, id).await?;
    let mut had = false;
    if needed.is_empty() {
        had = store.untag(table, &tag(id)).await.map_err(convert::store)?;
        // A report that was published meanwhile may have found the pin as it should be.
        needed = needs(store, table, id).await?;
        if !needed.is_empty() {
            store.tag(table, &tag(id), id).await.map_err(convert::store)?;
        }
    }
    if !needed.is_empty() {
        let needed = needed.join(" and ");
        let kept = format!(
            "{table} snapshot:{id} stays pinned: {needed} needs it (`evaldiff unpin snapshot:{id}` all the same)\n"
        );
        return print(kept.as_bytes());
    }
    say(table, id, had)
}

/// Takes the pin of a snapshot away, whoever needs it.
async fn force(session: &Session, store: &Store, table: &str, id: i64) -> Result<()> {
    for report in needs(store, table, id).await? {
        session.say(&format!(
            "warning: {report} needs snapshot {id}, and the next expiry may take it"
        ));
    }
    let had = store.untag(table, &tag(id)).await.map_err(convert::store)?;
    if !had && !store.has_snapshots(table, &[id]).await.map_err(convert::store)?[0] {
        return Err(Error::usage(format!("{table} has no snapshot {id}, and no pin of it"))
            .with_hint("`evaldiff pins` lists what is pinned"));
    }
    say(table, id, had)
}

/// The published reports that need a snapshot.
async fn needs(store: &Store, table: &str, id: i64) -> Result<Vec<String>> {
    let holders = store.holders(table).await.map_err(convert::store)?;
    let needing = holders
        .into_iter()
        .filter(|holder| holder.ids().any(|needed| needed == id));
    Ok(needing.map(|holder| holder.report).collect())
}

fn say(table: &str, id: i64, had: bool) -> Result<()> {
    let words = if had { "no longer pinned" } else { "was not pinned" };
    print(format!("{table} snapshot:{id} {words}\n").as_bytes())
}
