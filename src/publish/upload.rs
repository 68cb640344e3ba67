//! One report into a bucket: its objects, then what leads to them.

use super::bucket::{Bucket, Keep, Seen};
use super::error::PublishError;
use super::item::Item;
use super::list::{LIST_NAME, List, Newest};
use crate::audit::manifest::{FileDigest, MANIFEST_NAME, Manifest, json_bytes};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;

/// Objects under way at once.
const AT_ONCE: usize = 16;
/// Attempts at a swap that others keep getting ahead of.
const SWAPS: u32 = 60;
const INDEX: &str = "index.html";

/// What became of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Objects written.
    pub written: u64,
    /// Objects that were there already, with the same bytes.
    pub there: u64,
}

/// Publishes the report in `folder`: every object once, its index page last, then pointer and list. Whatever was
/// published before, and whatever is published at the same time, is kept.
///
/// # Errors
/// [`PublishError::Different`] if another report has the place, [`PublishError::Unconditional`] for a store on which
/// nothing of this can be relied on.
pub async fn publish(
    bucket: &Bucket,
    folder: &Path,
    manifest: &Manifest,
    item: &Item,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Published, PublishError> {
    let mut done = Published::default();
    let place = |path: &str| format!("{}/{path}", item.folder);
    let evidence = read(folder, MANIFEST_NAME)?;
    let known = bucket.read(&place(MANIFEST_NAME)).await?;
    if known.as_ref().is_some_and(|seen| seen.bytes[..] != evidence[..]) {
        return Err(PublishError::Different(bucket.location(&place(MANIFEST_NAME))));
    }
    // Where the manifest is there, the rest should be: it is looked at before anything is sent, and what was lost since is
    // written again.
    let published = known.is_some();
    if !published {
        bucket.try_conditions().await?;
    }
    let place = &place;
    let put = move |path: String| async move {
        let (at, bytes) = (place(&path), read(folder, &path)?.into());
        match published {
            true => bucket.restore(&at, bytes).await,
            false => bucket.create(&at, bytes, Keep::Forever).await,
        }
    };
    let files: Vec<String> = manifest.files.keys().filter(|path| *path != INDEX).cloned().collect();
    let mut writes = stream::iter(files).map(put).buffer_unordered(AT_ONCE);
    while let Some(new) = writes.try_next().await? {
        done.count(new);
        progress(done.written + done.there);
    }
    // The manifest after what it lists, and the page that others look at last of all.
    for last in [MANIFEST_NAME, INDEX] {
        done.count(put(last.to_string()).await?);
    }
    if let Some((pair, newest)) = Newest::of(item) {
        point(bucket, pair, &newest, &item.title).await?;
    }
    list(bucket, item).await?;
    Ok(done)
}

impl Published {
    fn count(&mut self, new: bool) {
        *(if new { &mut self.written } else { &mut self.there }) += 1;
    }
}

/// The published objects that differ from a manifest, in words; empty if none does.
///
/// # Errors
/// Fails if an object cannot be read.
pub async fn check(bucket: &Bucket, manifest: &Manifest, folder: &str) -> Result<Vec<String>, PublishError> {
    let wrong: Vec<Option<String>> = stream::iter(&manifest.files)
        .map(|(path, digest)| async move {
            let found = bucket.read(&format!("{folder}/{path}")).await?;
            Ok::<_, PublishError>(match found {
                None => Some(format!("{path}: missing")),
                Some(seen) if FileDigest::of(&seen.bytes) != *digest => Some(format!("{path}: changed")),
                Some(_) => None,
            })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(wrong.into_iter().flatten().collect())
}

/// Leads to the newest report of a pair.
async fn point(bucket: &Bucket, pair: &str, this: &Newest, title: &str) -> Result<(), PublishError> {
    let state = format!("{pair}/newest.json");
    swapped(bucket, &state, |seen| {
        let known: Option<Newest> = document(bucket, &state, seen)?;
        Ok(match known.is_some_and(|known| known >= *this) {
            true => None,
            false => Some(json(this)?),
        })
    })
    .await?;
    // The page is read before the state is: whoever writes last knows the newest.
    let page = format!("{pair}/{INDEX}");
    for attempt in 0..SWAPS {
        let seen = bucket.read(&page).await?;
        let state_now = bucket.read(&state).await?;
        let newest: Newest = document(bucket, &state, state_now.as_ref())?.unwrap_or_else(|| this.clone());
        // Titles are those of the pair: the same for each of its reports.
        let bytes = newest.page(title)?;
        if seen.as_ref().is_some_and(|s| s.bytes[..] == bytes[..]) || bucket.swap(&page, seen.as_ref(), bytes).await? {
            return Ok(());
        }
        wait(attempt).await;
    }
    Err(PublishError::Contended(bucket.location(&page)))
}

/// Puts a report into the list and renders the index.
async fn list(bucket: &Bucket, item: &Item) -> Result<(), PublishError> {
    // A report that was sealed into an archive page long ago is not listed anew.
    let mark = format!("listed/{}", crate::names::short_hash(&item.folder));
    if bucket.has(&mark).await? {
        return Ok(());
    }
    for attempt in 0..SWAPS {
        let seen = bucket.read(LIST_NAME).await?;
        let mut list: List = document(bucket, LIST_NAME, seen.as_ref())?.unwrap_or_default();
        let before = list.clone();
        if let Some(archive) = list.add(item)? {
            // Its entries are the oldest ones, whoever seals them: the same page.
            bucket
                .create(&archive.path, archive.bytes.into(), Keep::Forever)
                .await?;
        }
        if list == before || bucket.swap(LIST_NAME, seen.as_ref(), json(&list)?).await? {
            break;
        }
        if attempt + 1 == SWAPS {
            return Err(PublishError::Contended(bucket.location(LIST_NAME)));
        }
        wait(attempt).await;
    }
    // As with the pointer: the page before the list.
    for attempt in 0..SWAPS {
        let seen = bucket.read(INDEX).await?;
        let list = bucket.read(LIST_NAME).await?;
        let list: List = document(bucket, LIST_NAME, list.as_ref())?.unwrap_or_default();
        let bytes = list.page()?;
        if seen.as_ref().is_some_and(|s| s.bytes[..] == bytes[..]) || bucket.swap(INDEX, seen.as_ref(), bytes).await? {
            bucket.create(&mark, item.folder.clone().into(), Keep::Forever).await?;
            return Ok(());
        }
        wait(attempt).await;
    }
    Err(PublishError::Contended(bucket.location(INDEX)))
}

/// Changes an object until nobody else changed it meanwhile; `change` gives `None` where there is nothing to do.
async fn swapped(
    bucket: &Bucket,
    path: &str,
    change: impl Fn(Option<&Seen>) -> Result<Option<Vec<u8>>, PublishError>,
) -> Result<(), PublishError> {
    for attempt in 0..SWAPS {
        let seen = bucket.read(path).await?;
        let Some(bytes) = change(seen.as_ref())? else {
            return Ok(());
        };
        if bucket.swap(path, seen.as_ref(), bytes).await? {
            return Ok(());
        }
        wait(attempt).await;
    }
    Err(PublishError::Contended(bucket.location(path)))
}

/// Longer the more often others were faster, and not the same for all of them.
async fn wait(attempt: u32) {
    let jitter = u64::from(uuid::Uuid::now_v7().as_bytes()[15]);
    tokio::time::sleep(Duration::from_millis(10 * u64::from(attempt.min(20)) + jitter)).await;
}

/// A document as it is there. One that cannot be read is not taken for none: all that it lists would be lost.
fn document<T: DeserializeOwned>(bucket: &Bucket, path: &str, seen: Option<&Seen>) -> Result<Option<T>, PublishError> {
    let parsed = seen.map(|seen| serde_json::from_slice(&seen.bytes)).transpose();
    parsed.map_err(|e| PublishError::Store {
        location: bucket.location(path),
        reason: format!("it is damaged: {e}"),
    })
}

fn json<T: Serialize>(document: &T) -> Result<Vec<u8>, PublishError> {
    json_bytes(document).map_err(|e| PublishError::Document(e.to_string()))
}

fn read(folder: &Path, path: &str) -> Result<Vec<u8>, PublishError> {
    std::fs::read(folder.join(path)).map_err(|e| PublishError::Store {
        location: folder.join(path).display().to_string(),
        reason: e.to_string(),
    })
}
