//! Puts a report into a site: its immutable folder, the pointer to the newest one, and the index.

use super::convert;
use crate::audit::manifest::{MANIFEST_NAME, Manifest, json_bytes};
use crate::error::{Error, Result};
use crate::publish::{Item, LIST_NAME, List, Newest, PublishError};
use crate::site::{FolderSink, Page, Sink, SiteError, Written};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Held while the lists are changed, and until they are there the mark of a folder as one of ours.
const LOCK_NAME: &str = ".evaldiff-lock";

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
    let ours = || [LIST_NAME, LOCK_NAME].iter().any(|name| root.join(name).is_file());
    if entries.next().is_some() && !ours() {
        return Err(
            Error::usage(format!("{} holds files that are not evaldiff's", root.display()))
                .with_hint("choose an empty or new folder with --out"),
        );
    }
    Ok(())
}

/// Writes a report's folder, once and whole, then the pages that lead to it.
pub(super) fn write(root: &Path, pages: &[Page], item: &Item) -> Result<PathBuf> {
    written(root, pages, item, |sink| sink.commit().map_err(convert::site))
}

/// As [`write`], for a report that was written elsewhere: what the folder has lost since an earlier time is put back.
pub(super) fn publish(root: &Path, pages: &[Page], item: &Item) -> Result<PathBuf> {
    written(root, pages, item, |sink| sink.restore().map_err(refused))
}

/// Another report has the place, or it cannot be written.
fn refused(error: SiteError) -> Error {
    match error {
        SiteError::Different { path } => convert::publish(PublishError::Different(path.display().to_string())),
        other => convert::site(other),
    }
}

type Commit = fn(FolderSink) -> Result<Written>;

fn written(root: &Path, pages: &[Page], item: &Item, commit: Commit) -> Result<PathBuf> {
    check_root(root)?;
    let first = !root.exists();
    let result = write_all(root, pages, item, commit);
    if result.is_err() && first {
        // Nothing half-written is left where there was nothing before.
        let _ = std::fs::remove_dir_all(root);
    }
    result
}

fn write_all(root: &Path, pages: &[Page], item: &Item, commit: Commit) -> Result<PathBuf> {
    std::fs::create_dir_all(root).map_err(|e| io(root, e))?;
    let lock = root.join(LOCK_NAME);
    let lock = File::create(&lock).map_err(|e| io(&lock, e))?;
    let target = root.join(&item.folder);
    let mut sink = FolderSink::new(&target).map_err(convert::site)?;
    for page in pages {
        sink.write(&page.path, &page.bytes).map_err(convert::site)?;
    }
    commit(sink)?;
    // Processes that publish at the same time take turns; where there are no locks, as on some network folders, not.
    let _ = lock.lock();
    point_to(root, item)?;
    list(root, item)?;
    Ok(target.join("index.html"))
}

fn point_to(root: &Path, item: &Item) -> Result<()> {
    let Some((pair, this)) = Newest::of(item) else {
        return Ok(());
    };
    let pair = root.join(pair);
    let state = pair.join("newest.json");
    let known = std::fs::read(&state).ok();
    let known: Option<Newest> = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let newest = match &known {
        Some(known) => known.clone().max(this),
        // The first report of the pair; or the state was lost or damaged, and the reports tell what it was.
        None => newest_in(&pair).into_iter().fold(this, Newest::max),
    };
    // Titles are those of the pair: the same for each of its reports.
    let page = newest.page(&item.title).map_err(convert::site)?;
    let index = pair.join("index.html");
    if std::fs::read(&index).ok().as_ref() != Some(&page) {
        replace(&index, &page)?;
    }
    if known.as_ref() != Some(&newest) {
        replace(&state, &json_bytes(&newest).map_err(convert::json)?)?;
    }
    Ok(())
}

/// The reports of a pair, by their manifests.
fn newest_in(pair: &Path) -> Vec<Newest> {
    let report = |folder: std::fs::DirEntry| {
        let manifest = std::fs::read(folder.path().join(MANIFEST_NAME)).ok()?;
        let manifest: Manifest = serde_json::from_slice(&manifest).ok()?;
        Newest::in_folder(folder.file_name().to_str()?, &manifest)
    };
    let folders = std::fs::read_dir(pair).into_iter().flatten().flatten();
    folders.filter_map(report).collect()
}

fn list(root: &Path, item: &Item) -> Result<()> {
    let path = root.join(LIST_NAME);
    let index = root.join("index.html");
    let known: Option<List> = document(&path)?;
    if known.is_none() && index.exists() {
        return Err(
            Error::data(format!("{} is lost: it lists the reports of this site", path.display()))
                .with_hint("restore it from a backup; or publish to another place"),
        );
    }
    let mut list = known.unwrap_or_default();
    if let Some(archive) = list.add(item).map_err(convert::site)? {
        let page = root.join(&archive.path);
        let folder = root.join("archive");
        std::fs::create_dir_all(&folder).map_err(|e| io(&folder, e))?;
        replace(&page, &archive.bytes)?;
    }
    // The list before the page: whoever finds a page without a list knows that it was lost.
    replace(&path, &json_bytes(&list).map_err(convert::json)?)?;
    replace(&index, &list.page().map_err(convert::site)?)
}

/// A document of the site. One that cannot be read is not taken for none: all that it lists would be lost.
fn document<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::data(format!("{} cannot be read", path.display())).with_source(e)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| {
        Error::data(format!("{} is damaged", path.display()))
            .with_source(e)
            .with_hint("restore the file, or choose another folder")
    })
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
