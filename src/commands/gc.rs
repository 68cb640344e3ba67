//! `evaldiff gc`: files that failed commits left behind.

use super::{Session, convert, print};
use crate::cli::request::GcRequest;
use crate::error::Result;

/// Files younger than this may belong to a commit that is still under way.
const SAFE_AGE_MS: i64 = 24 * 60 * 60 * 1000;

/// Lists the files of a table that nothing refers to, and deletes them if told.
///
/// # Errors
/// Fails if anything that refers to files cannot be read; nothing is deleted then.
pub async fn gc(session: &Session, request: &GcRequest) -> Result<()> {
    let store = session.open().await?;
    let table = session.table(&store).await?;
    let before = session.now_micros / 1000 - SAFE_AGE_MS;
    let found = store.orphans(&table, before).await.map_err(convert::store)?;
    for other in &found.unread {
        session.say(&format!("notice: {other}; the files that it names are spared"));
    }
    let orphans = found.files;
    for orphan in &orphans {
        print(format!("{} ({} bytes)\n", orphan.location.escape_debug(), orphan.size).as_bytes())?;
        if request.delete {
            store.delete_orphan(&table, orphan).await.map_err(convert::store)?;
        }
    }
    let bytes: u64 = orphans.iter().map(|o| o.size).sum();
    let what = if request.delete {
        "deleted"
    } else {
        "could be deleted with --delete"
    };
    let files = if orphans.len() == 1 { "file" } else { "files" };
    print(
        format!(
            "{table}: {} {files} older than a day, {bytes} bytes, to which nothing refers{}\n",
            orphans.len(),
            if orphans.is_empty() {
                String::new()
            } else {
                format!(", {what}")
            }
        )
        .as_bytes(),
    )
}
