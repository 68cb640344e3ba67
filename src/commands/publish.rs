//! Puts a report into a site: its immutable folder, the pointer to the newest one, and the index.

use super::convert;
use crate::audit::manifest::json_bytes;
use crate::error::{Error, Result};
use crate::model::Comparison;
use crate::names::safe_component;
use crate::report::index::IndexEntry;
use crate::site::{self, FolderSink, Page, Sink};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The list behind `index.html`; it also marks a folder as one of ours.
const LIST_NAME: &str = "reports.json";
/// Reports on the index page before the older half is sealed into an archive page.
const SEAL_AT: usize = 200;
/// Reports per archive page.
const ARCHIVE: usize = 100;

#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    archives: usize,
    reports: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    kind: String,
    title: String,
    subtitle: String,
    href: String,
    verdict: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Newest {
    candidate: i64,
    baseline: i64,
    folder: String,
}

/// Folder of a comparison's report, relative to the site.
pub(super) fn diff_folder(c: &Comparison) -> String {
    format!(
        "{}/diffs/{}..{}/{}-{}-{}",
        safe_component(&c.table),
        safe_component(&c.baseline.model_version),
        safe_component(&c.candidate.model_version),
        c.baseline.snapshot_id,
        c.candidate.snapshot_id,
        c.config_digest
    )
}

/// Folder of a single run's report, relative to the site.
pub(super) fn run_folder(c: &Comparison) -> String {
    format!(
        "{}/runs/{}/{}-{}",
        safe_component(&c.table),
        safe_component(&c.candidate.model_version),
        c.candidate.snapshot_id,
        c.config_digest
    )
}

/// Refuses a site root that holds other people's files, before the long work.
pub(super) fn check_root(root: &Path) -> Result<()> {
    let Ok(mut entries) = std::fs::read_dir(root) else {
        return match root.exists() {
            true => {
                Err(Error::usage(format!("{} is not a folder", root.display()))
                    .with_hint("choose another one with --out"))
            }
            false => Ok(()),
        };
    };
    if entries.next().is_some() && !root.join(LIST_NAME).is_file() {
        return Err(
            Error::usage(format!("{} holds files that are not evaldiff's", root.display()))
                .with_hint("choose an empty or new folder with --out"),
        );
    }
    Ok(())
}

/// Writes a report's folder, once and whole, then the pages that lead to it.
pub(super) fn publish(root: &Path, folder: &str, pages: &[Page], c: &Comparison, kind: &str) -> Result<PathBuf> {
    check_root(root)?;
    let first = !root.exists();
    let result = write_all(root, folder, pages, c, kind);
    if result.is_err() && first {
        // Nothing half-written is left where there was nothing before.
        let _ = std::fs::remove_dir_all(root);
    }
    result
}

fn write_all(root: &Path, folder: &str, pages: &[Page], c: &Comparison, kind: &str) -> Result<PathBuf> {
    let target = root.join(folder);
    let mut sink = FolderSink::new(&target).map_err(convert::site)?;
    for page in pages {
        sink.write(&page.path, &page.bytes).map_err(convert::site)?;
    }
    sink.commit().map_err(convert::site)?;
    if kind == "diff" {
        point_to(root, folder, c)?;
    }
    list(root, folder, c, kind)?;
    Ok(target.join("index.html"))
}

/// The pointer beside a pair's reports leads to the one with the highest candidate, then baseline sequence number.
fn point_to(root: &Path, folder: &str, c: &Comparison) -> Result<()> {
    let Some((pair, name)) = folder.rsplit_once('/') else {
        return Ok(());
    };
    let this = Newest {
        candidate: c.candidate.sequence_number,
        baseline: c.baseline.sequence_number,
        folder: name.to_string(),
    };
    let state = root.join(pair).join("newest.json");
    let known: Option<Newest> = std::fs::read(&state).ok().and_then(|b| serde_json::from_slice(&b).ok());
    if known.is_some_and(|k| k > this) {
        return Ok(());
    }
    let title = format!("{} against {}", c.candidate.model_version, c.baseline.model_version);
    let page = site::render_pointer(&title, &format!("{name}/index.html")).map_err(convert::site)?;
    replace(&root.join(pair).join("index.html"), &page)?;
    replace(&state, &json_bytes(&this).map_err(convert::json)?)
}

fn list(root: &Path, folder: &str, c: &Comparison, kind: &str) -> Result<()> {
    let path = root.join(LIST_NAME);
    let mut list: List = std::fs::read(&path)
        .ok()
        .and_then(|b| serde_json::from_slice(&b).ok())
        .unwrap_or_default();
    let entry = entry(folder, c, kind);
    if !list.reports.contains(&entry) {
        list.reports.insert(0, entry);
    }
    if list.reports.len() >= SEAL_AT {
        let sealed = list.reports.split_off(list.reports.len() - ARCHIVE);
        list.archives += 1;
        let entries: Vec<IndexEntry> = sealed.iter().map(|e| view(e, "../")).collect();
        let page = site::render_index(&entries, &[]).map_err(convert::site)?;
        let folder = root.join("archive");
        std::fs::create_dir_all(&folder).map_err(|e| io(&folder, e))?;
        replace(&folder.join(format!("{}.html", list.archives)), &page)?;
    }
    let entries: Vec<IndexEntry> = list.reports.iter().map(|e| view(e, "")).collect();
    let archives: Vec<(String, String)> = (1..=list.archives)
        .rev()
        .map(|n| (format!("Archive {n}"), format!("archive/{n}.html")))
        .collect();
    let page = site::render_index(&entries, &archives).map_err(convert::site)?;
    replace(&root.join("index.html"), &page)?;
    replace(&path, &json_bytes(&list).map_err(convert::json)?)
}

fn entry(folder: &str, c: &Comparison, kind: &str) -> Entry {
    let title = match kind {
        "diff" => format!("{} against {}", c.candidate.model_version, c.baseline.model_version),
        _ => c.candidate.model_version.clone(),
    };
    Entry {
        kind: kind.into(),
        title,
        subtitle: format!("{}, {} samples", c.table, c.accounting.matched),
        href: format!("{folder}/index.html"),
        verdict: if kind == "diff" {
            c.verdict.name().replace('_', " ")
        } else {
            String::new()
        },
    }
}

fn view(e: &Entry, up: &str) -> IndexEntry {
    IndexEntry {
        kind: e.kind.clone(),
        title: e.title.clone(),
        subtitle: e.subtitle.clone(),
        href: format!("{up}{}", e.href),
        verdict: e.verdict.clone(),
    }
}

/// Replaces a file in one step.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|e| {
        let _ = std::fs::remove_file(&temporary);
        io(path, e)
    })
}

fn io(path: &Path, error: std::io::Error) -> Error {
    Error::data(format!("{} cannot be written", path.display())).with_source(error)
}
