//! What leads to reports in a bucket: the list with its index page, and the pointer beside a pair's reports.
//!
//! Each is changed by comparing and swapping, and a page is read before the document that it shows, so that whoever writes
//! last has seen the newest one.

use super::bucket::{Bucket, Keep, Seen};
use super::error::PublishError;
use super::item::Item;
use super::list::{LIST_NAME, List, Newest};
use super::upload::AT_ONCE;
use crate::audit::manifest::{MANIFEST_NAME, Manifest, json_bytes};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use std::time::Duration;

/// Attempts at a swap that others keep getting ahead of.
const SWAPS: u32 = 60;
pub(super) const INDEX: &str = "index.html";
/// Holds a mark for every report that was ever listed.
const MARKS: &str = "listed";

/// Leads to the newest report of a pair.
pub(super) async fn point(bucket: &Bucket, item: &Item) -> Result<(), PublishError> {
    let Some((pair, this)) = Newest::of(item) else {
        return Ok(());
    };
    let state = format!("{pair}/newest.json");
    advance(bucket, pair, &state, &this).await?;
    let page = format!("{pair}/{INDEX}");
    for attempt in 0..SWAPS {
        let seen = bucket.read(&page).await?;
        let newest = newest(bucket.read(&state).await?.as_ref()).unwrap_or_else(|| this.clone());
        // Titles are those of the pair: the same for each of its reports.
        if shown(bucket, &page, seen.as_ref(), newest.page(&item.title)?).await? {
            return Ok(());
        }
        wait(attempt).await;
    }
    Err(PublishError::Contended(bucket.location(&page)))
}

/// Makes the state of a pair name its newest report.
async fn advance(bucket: &Bucket, pair: &str, state: &str, this: &Newest) -> Result<(), PublishError> {
    for attempt in 0..SWAPS {
        let seen = bucket.read(state).await?;
        let next = match newest(seen.as_ref()) {
            Some(known) if known == *this => return Ok(()),
            Some(known) if known < *this => this.clone(),
            Some(known) if bucket.has(&format!("{pair}/{}/{INDEX}", known.folder())).await? => return Ok(()),
            // The first report of the pair; or the state was lost or altered, and the list tells what it was.
            _ => newest_listed(bucket, pair, this).await?,
        };
        if bucket.swap(state, seen.as_ref(), json(&next)?).await? {
            return Ok(());
        }
        wait(attempt).await;
    }
    Err(PublishError::Contended(bucket.location(state)))
}

fn newest(seen: Option<&Seen>) -> Option<Newest> {
    seen.and_then(|seen| serde_json::from_slice(&seen.bytes).ok())
}

/// The newest of a pair among `this` and the reports on the index page, by their manifests.
async fn newest_listed(bucket: &Bucket, pair: &str, this: &Newest) -> Result<Newest, PublishError> {
    let list = known(bucket, bucket.read(LIST_NAME).await?.as_ref()).await?;
    stream::iter(list.names_in(pair))
        .map(|name| async move {
            let manifest = bucket.read(&format!("{pair}/{name}/{MANIFEST_NAME}")).await?;
            let manifest = manifest.and_then(|seen| serde_json::from_slice::<Manifest>(&seen.bytes).ok());
            Ok(manifest.and_then(|manifest| Newest::in_folder(name, &manifest)))
        })
        .buffer_unordered(AT_ONCE)
        .try_fold(this.clone(), |best, found| async {
            Ok(found.into_iter().fold(best, Newest::max))
        })
        .await
}

/// Puts a report into the list, once, and renders the index.
pub(super) async fn list(bucket: &Bucket, item: &Item) -> Result<(), PublishError> {
    // A report that was sealed into an archive page long ago is not listed anew.
    let mark = format!("{MARKS}/{}", crate::names::short_hash(&item.folder));
    let marked = bucket.has(&mark).await?;
    if !(marked && is_listed(bucket, item).await?) {
        enter(bucket, item).await?;
    }
    show(bucket).await?;
    if !marked {
        bucket.create(&mark, item.folder.clone().into(), Keep::Forever).await?;
    }
    Ok(())
}

/// Whether a report that was listed once still is: an older list may have been put back since.
async fn is_listed(bucket: &Bucket, item: &Item) -> Result<bool, PublishError> {
    let list = known(bucket, bucket.read(LIST_NAME).await?.as_ref()).await?;
    if list.names(item) {
        return Ok(true);
    }
    for page in list.archive_pages() {
        let archive = bucket.read(&page).await?;
        let text = archive.map(|seen| String::from_utf8_lossy(&seen.bytes).into_owned());
        if text.is_some_and(|text| text.contains(&format!("{}/{INDEX}", item.folder))) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn enter(bucket: &Bucket, item: &Item) -> Result<(), PublishError> {
    for attempt in 0..SWAPS {
        let seen = bucket.read(LIST_NAME).await?;
        let mut list = known(bucket, seen.as_ref()).await?;
        let before = list.clone();
        if let Some(archive) = list.add(item)? {
            // Its entries are the oldest ones, whoever seals them: the same page.
            bucket
                .create(&archive.path, archive.bytes.into(), Keep::Forever)
                .await?;
        }
        if list == before || bucket.swap(LIST_NAME, seen.as_ref(), json(&list)?).await? {
            return Ok(());
        }
        wait(attempt).await;
    }
    Err(PublishError::Contended(bucket.location(LIST_NAME)))
}

/// Makes the index page show the list.
async fn show(bucket: &Bucket) -> Result<(), PublishError> {
    for attempt in 0..SWAPS {
        let seen = bucket.read(INDEX).await?;
        let list = known(bucket, bucket.read(LIST_NAME).await?.as_ref()).await?;
        if shown(bucket, INDEX, seen.as_ref(), list.page()?).await? {
            return Ok(());
        }
        wait(attempt).await;
    }
    Err(PublishError::Contended(bucket.location(INDEX)))
}

/// The list as it is there. One that was lost or cannot be read is not taken for none: it would forget every report.
async fn known(bucket: &Bucket, seen: Option<&Seen>) -> Result<List, PublishError> {
    if let Some(seen) = seen {
        return serde_json::from_slice(&seen.bytes).map_err(|e| PublishError::Damaged {
            location: bucket.location(LIST_NAME),
            reason: e.to_string(),
        });
    }
    // A mark is written after the list: where there is one now, the list may be new.
    match bucket.holds(MARKS).await? && !bucket.has(LIST_NAME).await? {
        true => Err(PublishError::ListLost(bucket.location(LIST_NAME))),
        false => Ok(List::default()),
    }
}

/// Replaces a page unless it changed since it was `seen`; says whether it is as it should be.
async fn shown(bucket: &Bucket, page: &str, seen: Option<&Seen>, bytes: Vec<u8>) -> Result<bool, PublishError> {
    Ok(seen.is_some_and(|seen| seen.bytes[..] == bytes[..]) || bucket.swap(page, seen, bytes).await?)
}

/// Longer the more often others were faster, and not the same for all of them.
async fn wait(attempt: u32) {
    let jitter = u64::from(uuid::Uuid::now_v7().as_bytes()[15]);
    tokio::time::sleep(Duration::from_millis(10 * u64::from(attempt.min(20)) + jitter)).await;
}

fn json<T: Serialize>(document: &T) -> Result<Vec<u8>, PublishError> {
    json_bytes(document).map_err(|e| PublishError::Document(e.to_string()))
}
