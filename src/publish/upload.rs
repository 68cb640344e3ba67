//! One report into a bucket: its objects, then what leads to them.

use super::bucket::{Bucket, Keep};
use super::error::PublishError;
use super::index::{self, INDEX};
use super::item::Item;
use crate::audit::manifest::{FileDigest, MANIFEST_NAME, Manifest};
use futures::{StreamExt, TryStreamExt, stream};
use std::path::Path;

/// Objects under way at once.
pub(super) const AT_ONCE: usize = 16;

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
    index::point(bucket, item).await?;
    index::list(bucket, item).await?;
    Ok(done)
}

impl Published {
    fn count(&mut self, new: bool) {
        *(if new { &mut self.written } else { &mut self.there }) += 1;
    }
}

/// What is published in `place` that differs from the report in `folder`, in words; empty if nothing does. The manifest is
/// compared as well: without it, what is published could not be verified.
///
/// # Errors
/// Fails if an object cannot be read.
pub async fn check(
    bucket: &Bucket,
    folder: &Path,
    manifest: &Manifest,
    place: &str,
) -> Result<Vec<String>, PublishError> {
    let evidence = FileDigest::of(&read(folder, MANIFEST_NAME)?);
    let files = manifest.files.iter().map(|(path, digest)| (path.as_str(), digest));
    let wrong: Vec<Option<String>> = stream::iter(files.chain([(MANIFEST_NAME, &evidence)]))
        .map(|(path, digest)| async move {
            let found = bucket.read(&format!("{place}/{path}")).await?;
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

fn read(folder: &Path, path: &str) -> Result<Vec<u8>, PublishError> {
    std::fs::read(folder.join(path)).map_err(|e| PublishError::Store {
        location: folder.join(path).display().to_string(),
        reason: e.to_string(),
    })
}
