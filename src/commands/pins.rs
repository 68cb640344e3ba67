//! `evaldiff pins` and `evaldiff unpin`: tags that keep the snapshots of published reports from being expired.

use super::{Session, convert, print};
use crate::audit::manifest::{MANIFEST_NAME, Manifest};
use crate::cli::request::{ListFormat, PinsRequest, UnpinRequest};
use crate::error::{Error, Result};
use crate::publish::LIST_NAME;
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a pin's name begins with; the snapshot's id follows.
const PREFIX: &str = "evaldiff-";

/// What keeps a report's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Evidence {
    /// The snapshot has a tag.
    Pinned,
    /// It is there, and the next expiry may take it.
    Unpinned,
    /// It is not.
    Gone,
}

#[derive(Debug, Serialize)]
struct Row {
    table: String,
    snapshot_id: String,
    evidence: Evidence,
    tag: Option<String>,
    reports: Vec<String>,
}

/// Pins the snapshots of a report; a failure is a warning, since the report is published already.
pub(super) async fn pin(session: &Session, manifest: &Manifest) {
    let pinned = async {
        let store = session.open().await?;
        let mut gone = Vec::new();
        for id in ids(manifest) {
            match store.tag(&manifest.table, &format!("{PREFIX}{id}"), id).await {
                Err(StoreError::SnapshotGone { snapshot, .. }) => gone.push(snapshot),
                tagged => {
                    tagged.map_err(convert::store)?;
                }
            }
        }
        Ok::<_, Error>(gone)
    };
    match pinned.await {
        Ok(gone) if gone.is_empty() => session.say("pinned: expiry of snapshots spares this report's"),
        Ok(gone) => session.say(&format!(
            "warning: the report has lost its evidence: {} has no snapshot {} any more; `evaldiff verify` tells what can \
             still be confirmed",
            manifest.table,
            gone.join(" and ")
        )),
        Err(error) => session.say(&format!(
            "warning: the report's snapshots could not be pinned, so that an expiry may take its evidence: {}",
            error.chain()
        )),
    }
}

fn ids(manifest: &Manifest) -> Vec<i64> {
    let mut ids: Vec<i64> = manifest
        .runs
        .iter()
        .filter_map(|run| run.snapshot_id.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Lists pins and the reports of a site, with what keeps their evidence.
///
/// # Errors
/// Fails if a table cannot be read.
pub async fn pins(session: &Session, request: &PinsRequest) -> Result<()> {
    let store = session.open().await?;
    let site = request.site.as_ref().unwrap_or(&session.config.out);
    let mut reports: BTreeMap<(String, i64), Vec<String>> = BTreeMap::new();
    let root = session.cwd.join(site);
    if request.site.is_some() && !root.is_dir() {
        return Err(Error::usage(format!("there is no site in {}", root.display()))
            .with_hint("give the folder that --out named, or none for the configured one"));
    }
    for (path, manifest) in manifests(&root)? {
        let shown = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        for id in ids(&manifest) {
            reports
                .entry((manifest.table.clone(), id))
                .or_default()
                .push(shown.clone());
        }
    }
    let tables = match &session.config.table {
        Some(table) => vec![table.to_string()],
        None => store.tables().await.map_err(convert::store)?,
    };
    let mut rows = Vec::new();
    for table in tables {
        rows.extend(of_table(&store, &table, &reports).await.map_err(convert::store)?);
    }
    if request.format == ListFormat::Json {
        let text = serde_json::to_string_pretty(&rows).map_err(convert::json)?;
        return print(format!("{text}\n").as_bytes());
    }
    print(listing(&rows).as_bytes())
}

async fn of_table(
    store: &Store,
    table: &str,
    reports: &BTreeMap<(String, i64), Vec<String>>,
) -> std::result::Result<Vec<Row>, StoreError> {
    let tags: BTreeMap<i64, String> = store
        .tags(table)
        .await?
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .map(|(name, id)| (id, name))
        .collect();
    let named = reports.keys().filter(|(of, _)| of == table).map(|(_, id)| *id);
    let mut ids: Vec<i64> = named.chain(tags.keys().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let there = store.has_snapshots(table, &ids).await?;
    let row = |(id, there): (&i64, bool)| Row {
        table: table.to_string(),
        snapshot_id: id.to_string(),
        evidence: match (tags.contains_key(id), there) {
            (true, _) => Evidence::Pinned,
            (false, true) => Evidence::Unpinned,
            (false, false) => Evidence::Gone,
        },
        tag: tags.get(id).cloned(),
        reports: reports.get(&(table.to_string(), *id)).cloned().unwrap_or_default(),
    };
    Ok(ids.iter().zip(there).map(row).collect())
}

fn listing(rows: &[Row]) -> String {
    let mut out = String::new();
    for row in rows {
        let words = match row.evidence {
            Evidence::Pinned => "pinned",
            Evidence::Unpinned => "not pinned: the next expiry may take it",
            Evidence::Gone => "gone: its reports have lost their evidence",
        };
        out.push_str(&format!("{} snapshot:{} {words}\n", row.table, row.snapshot_id));
        for report in &row.reports {
            out.push_str(&format!("  {report}\n"));
        }
    }
    if rows.is_empty() {
        out.push_str("no pins, and no reports in the site\n");
    }
    out
}

/// Takes pins away: those of a report's folder, but for what another report of the sites known here needs, or a snapshot's.
///
/// # Errors
/// Usage error for what is neither; fails if the commit does.
pub async fn unpin(session: &Session, request: &UnpinRequest) -> Result<()> {
    let store = session.open().await?;
    let folder = session.cwd.join(&request.what);
    let (table, ids, report) = match request
        .what
        .strip_prefix("snapshot:")
        .unwrap_or(&request.what)
        .parse::<i64>()
    {
        Ok(id) => (session.table(&store).await?, vec![id], None),
        Err(_) if folder.join(MANIFEST_NAME).is_file() => {
            let manifest = super::verify::manifest(&folder)?;
            (manifest.table.clone(), ids(&manifest), Some(folder.as_path()))
        }
        Err(_) => {
            return Err(Error::usage(format!(
                "`{}` is neither a snapshot nor a report's folder",
                request.what
            ))
            .with_hint("`evaldiff pins` lists what is pinned: give snapshot:ID, or the folder with manifest.json"));
        }
    };
    let holders = holders(session, &table, report)?;
    for id in ids {
        let needed = holders.get(&id).map_or(&[][..], Vec::as_slice);
        if let (Some(_), [other, ..]) = (report, needed) {
            let kept = format!(
                "{table} snapshot:{id} stays pinned: {other} needs it (`evaldiff unpin snapshot:{id}` all the same)\n"
            );
            print(kept.as_bytes())?;
            continue;
        }
        for other in needed {
            session.say(&format!(
                "warning: {other} needs snapshot {id}, and the next expiry may take it"
            ));
        }
        let had = store
            .untag(&table, &format!("{PREFIX}{id}"))
            .await
            .map_err(convert::store)?;
        if !had && report.is_none() && !store.has_snapshots(&table, &[id]).await.map_err(convert::store)?[0] {
            return Err(Error::usage(format!("{table} has no snapshot {id}, and no pin of it"))
                .with_hint("`evaldiff pins` lists what is pinned"));
        }
        let words = if had { "no longer pinned" } else { "was not pinned" };
        print(format!("{table} snapshot:{id} {words}\n").as_bytes())?;
    }
    Ok(())
}

/// The reports of the configured site and of the one that holds `report`, by the snapshots of `table` that they need;
/// without `report` itself.
fn holders(session: &Session, table: &str, report: Option<&Path>) -> Result<BTreeMap<i64, Vec<String>>> {
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let this = report.map(canonical);
    let around = this.iter().flat_map(|folder| folder.ancestors().skip(1));
    let around = around
        .filter(|folder| folder.join(LIST_NAME).is_file())
        .map(Path::to_path_buf);
    let mut sites: Vec<PathBuf> = around
        .chain([canonical(&session.cwd.join(&session.config.out))])
        .collect();
    sites.sort();
    sites.dedup();
    let mut holders: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for site in &sites {
        for (path, manifest) in manifests(site)? {
            if manifest.table == table && Some(&path) != this.as_ref() {
                for id in ids(&manifest) {
                    holders.entry(id).or_default().push(path.display().to_string());
                }
            }
        }
    }
    Ok(holders)
}

/// The manifests of a site's reports; none where there is no site.
fn manifests(root: &Path) -> Result<Vec<(PathBuf, Manifest)>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        if folder.join(MANIFEST_NAME).is_file() {
            found.push((folder.clone(), super::verify::manifest(&folder)?));
            continue;
        }
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        let folders = entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
        open.extend(folders.map(|e| e.path()));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}
