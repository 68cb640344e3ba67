//! `evaldiff pins`: tags that keep the snapshots of published reports from being expired, and the reports that need them.

use super::{Session, convert, print};
use crate::audit::manifest::{MANIFEST_NAME, Manifest};
use crate::cli::request::{ListFormat, PinsRequest};
use crate::error::{Error, Result};
use crate::publish;
use crate::store::{Holder, PIN_PREFIX, Store, StoreError, pin_name};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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
    reports: Vec<Report>,
}

/// A report that needs a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Report {
    /// Its folder in its site.
    report: String,
    /// The site that it was published to; `None` for one that is only in the local site, which holds nothing.
    published_to: Option<String>,
}

/// Records that a report, published in `folder` of `site`, needs its snapshots, and pins them; a failure is a warning, since
/// the report is published already.
pub(super) async fn pin(session: &Session, manifest: &Manifest, folder: &str, site: &str) {
    let holder = Holder {
        report: folder.to_string(),
        site: site.to_string(),
        snapshots: ids(manifest).iter().map(ToString::to_string).collect(),
    };
    let pinned = async {
        let store = session.open().await?;
        // The holder first: whoever takes a pin away afterwards looks for it.
        store.hold(&manifest.table, &holder).await.map_err(convert::store)?;
        let mut gone = Vec::new();
        for id in ids(manifest) {
            match store.tag(&manifest.table, &pin_name(id), id).await {
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

/// The snapshots that a report needs.
pub(super) fn ids(manifest: &Manifest) -> BTreeSet<i64> {
    let ids = manifest.runs.iter().filter_map(|run| run.snapshot_id.parse().ok());
    ids.collect()
}

/// Lists pins and the reports that need them: the published ones, and those of a local site.
///
/// # Errors
/// Fails if a table cannot be read.
pub async fn pins(session: &Session, request: &PinsRequest) -> Result<()> {
    let store = session.open().await?;
    let site = request.site.as_ref().unwrap_or(&session.config.out);
    let root = session.cwd.join(site);
    if request.site.is_some() && !root.is_dir() {
        return Err(Error::usage(format!("there is no site in {}", root.display()))
            .with_hint("give the folder that --out named, or none for the configured one"));
    }
    let local: Vec<(String, Manifest)> = manifests(&root)?
        .into_iter()
        .map(|(path, manifest)| {
            let found = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
            (publish::folder_of(&manifest).unwrap_or(found), manifest)
        })
        .collect();
    let tables = match &session.config.table {
        Some(table) => vec![table.to_string()],
        None => store.tables().await.map_err(convert::store)?,
    };
    let mut rows = Vec::new();
    for table in &tables {
        match of_table(&store, table, &local).await {
            // The other tables are none the worse for it.
            Err(error @ StoreError::UnreadColumns { .. }) if session.config.table.is_none() => {
                session.say(&format!("notice: left out: {error}"));
            }
            found => rows.extend(found.map_err(convert::store)?),
        }
    }
    // Reports whose table is no longer there have lost their evidence.
    let dropped: BTreeSet<&str> = local.iter().map(|(_, manifest)| manifest.table.as_str()).collect();
    for table in dropped
        .into_iter()
        .filter(|table| !tables.iter().any(|known| known == table))
    {
        if session.config.table.is_none() {
            let needed = needed(&[], table, &local).into_iter();
            rows.extend(needed.map(|(id, reports)| Row {
                table: table.to_string(),
                snapshot_id: id.to_string(),
                evidence: Evidence::Gone,
                tag: None,
                reports: reports.into_iter().collect(),
            }));
        }
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
    local: &[(String, Manifest)],
) -> std::result::Result<Vec<Row>, StoreError> {
    let mut needed = needed(&store.holders(table).await?, table, local);
    let tags: BTreeMap<i64, String> = store
        .tags(table)
        .await?
        .into_iter()
        .filter(|(name, _)| name.starts_with(PIN_PREFIX))
        .map(|(name, id)| (id, name))
        .collect();
    for id in tags.keys() {
        needed.entry(*id).or_default();
    }
    let ids: Vec<i64> = needed.keys().copied().collect();
    let there = store.has_snapshots(table, &ids).await?;
    let row = |((id, reports), there): ((i64, BTreeSet<Report>), bool)| Row {
        table: table.to_string(),
        snapshot_id: id.to_string(),
        evidence: match (tags.contains_key(&id), there) {
            (true, _) => Evidence::Pinned,
            (false, true) => Evidence::Unpinned,
            (false, false) => Evidence::Gone,
        },
        tag: tags.get(&id).cloned(),
        reports: reports.into_iter().collect(),
    };
    Ok(needed.into_iter().zip(there).map(row).collect())
}

/// The snapshots of a table that reports need, with these reports.
fn needed(holders: &[Holder], table: &str, local: &[(String, Manifest)]) -> BTreeMap<i64, BTreeSet<Report>> {
    let mut needed: BTreeMap<i64, BTreeSet<Report>> = BTreeMap::new();
    for holder in holders {
        let report = Report {
            report: holder.report.clone(),
            published_to: Some(holder.site.clone()),
        };
        for id in holder.ids() {
            needed.entry(id).or_default().insert(report.clone());
        }
    }
    let published = |folder: &str| holders.iter().any(|holder| holder.report == folder);
    for (folder, manifest) in local
        .iter()
        .filter(|(folder, m)| m.table == table && !published(folder))
    {
        let report = Report {
            report: folder.clone(),
            published_to: None,
        };
        for id in ids(manifest) {
            needed.entry(id).or_default().insert(report.clone());
        }
    }
    needed
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
        for Report { report, published_to } in &row.reports {
            let whose = match published_to {
                Some(site) => format!("published to {site}"),
                None => "not published with pins: it holds nothing".to_string(),
            };
            out.push_str(&format!("  {report} ({whose})\n"));
        }
    }
    if rows.is_empty() {
        out.push_str("no pins, and no reports in the site\n");
    }
    out
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
