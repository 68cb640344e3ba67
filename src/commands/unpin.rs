//! `evaldiff unpin`: lets go of snapshots, but for what another published report needs.

use super::pins::ids;
use super::{Session, convert, print};
use crate::audit::manifest::MANIFEST_NAME;
use crate::cli::request::UnpinRequest;
use crate::error::{Error, Result};
use crate::publish::folder_of;
use crate::store::{Holder, Store, pin_name};
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
        /// The report with each of the sites.
        holders: Vec<Holder>,
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
    let mut reports: Vec<(String, Holder)> = Vec::new();
    for what in &request.what {
        match pinned(session, &store, what, &request.sites).await? {
            Pinned::Snapshot { table, id } => snapshots.push((table, id)),
            Pinned::Report { table, holders, ids } => {
                free.extend(ids.into_iter().map(|id| (table.clone(), id)));
                reports.extend(holders.into_iter().map(|holder| (table.clone(), holder)));
            }
        }
    }
    // All of them first: none keeps what only the others of them need.
    for (table, holder) in &reports {
        store.let_go(table, holder).await.map_err(convert::store)?;
    }
    for (table, id) in &free {
        release(&store, table, *id).await?;
    }
    for (table, id) in &snapshots {
        force(session, &store, table, *id).await?;
    }
    Ok(())
}

async fn pinned(session: &Session, store: &Store, what: &str, sites: &[String]) -> Result<Pinned> {
    if let Ok(id) = what.strip_prefix("snapshot:").unwrap_or(what).parse() {
        if !sites.is_empty() {
            return Err(
                Error::usage("--site goes with a report: a snapshot is pinned for all of them")
                    .with_hint("give the report's folder, or leave --site out"),
            );
        }
        let table = session.table(store).await?;
        return Ok(Pinned::Snapshot { table, id });
    }
    let folder = session.cwd.join(what);
    if folder.join(MANIFEST_NAME).is_file() {
        let manifest = super::verify::manifest(&folder)?;
        let report = folder_of(&manifest).ok_or_else(|| Error::altered("manifest.json: changed or damaged"))?;
        let holders = of_report(store, &manifest.table, &report, sites).await?;
        let ids = ids(&manifest);
        let table = manifest.table;
        return Ok(Pinned::Report { table, holders, ids });
    }
    // A published report of which there is no copy here.
    let table = session.table(store).await?;
    let holders = of_report(store, &table, what.trim_end_matches('/'), sites).await?;
    if holders.is_empty() {
        return Err(
            Error::usage(format!("`{what}` is neither a snapshot nor a report's folder"))
                .with_hint("`evaldiff pins` lists what is pinned: give snapshot:ID, or the folder with manifest.json"),
        );
    }
    let ids = holders.iter().flat_map(Holder::ids).collect();
    Ok(Pinned::Report { table, holders, ids })
}

/// A published report with each of the sites that are meant; all, if there is one at most.
async fn of_report(store: &Store, table: &str, report: &str, sites: &[String]) -> Result<Vec<Holder>> {
    let mut holders = store.holders(table).await.map_err(convert::store)?;
    holders.retain(|holder| holder.report == report);
    let known: Vec<String> = holders.iter().map(|holder| holder.site.clone()).collect();
    if sites.is_empty() && known.len() > 1 {
        return Err(
            Error::usage(format!("{report} was published to several sites: {}", known.join(", ")))
                .with_hint("say for which its pins are to go: --site SITE, once for each"),
        );
    }
    let same = |site: &String, holder: &Holder| site.trim_end_matches('/') == holder.site.trim_end_matches('/');
    holders.retain(|holder| sites.is_empty() || sites.iter().any(|site| same(site, holder)));
    match holders.is_empty() && !sites.is_empty() && !known.is_empty() {
        true => Err(
            Error::usage(format!("{report} was not published to {}", sites.join(" or ")))
                .with_hint(format!("it was published to {}", known.join(", "))),
        ),
        false => Ok(holders),
    }
}

/// Takes the pin of a snapshot away if no published report needs it.
async fn release(store: &Store, table: &str, id: i64) -> Result<()> {
    let mut needed = needs(store, table, id).await?;
    let mut had = false;
    if needed.is_empty() {
        had = store.untag(table, &pin_name(id)).await.map_err(convert::store)?;
        // A report that was published meanwhile may have found the pin as it should be.
        needed = needs(store, table, id).await?;
        if !needed.is_empty() {
            store.tag(table, &pin_name(id), id).await.map_err(convert::store)?;
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
    let had = store.untag(table, &pin_name(id)).await.map_err(convert::store)?;
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
    let mut reports: Vec<String> = needing.map(|holder| holder.report).collect();
    reports.dedup();
    Ok(reports)
}

fn say(table: &str, id: i64, had: bool) -> Result<()> {
    let words = if had { "no longer pinned" } else { "was not pinned" };
    print(format!("{table} snapshot:{id} {words}\n").as_bytes())
}
