//! `evaldiff publish`: a finished report to where others read it.

use super::{Session, convert, folder_site, print};
use crate::audit::folder;
use crate::audit::manifest::{MANIFEST_NAME, Manifest};
use crate::cli::request::{PublishRequest, Target};
use crate::error::{Error, Result};
use crate::model::Comparison;
use crate::model::report::RunReport;
use crate::publish::{self, Bucket, Item, PublishError};
use crate::site::Page;
use crate::store::bucket;
use object_store::path::Path as ObjectPath;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Publishes a report that is as its manifest says, and prints where it is.
///
/// # Errors
/// Exit code 1 if the folder was changed or another report has its place, 4 if the store refuses.
pub async fn publish(session: &Session, request: &PublishRequest) -> Result<()> {
    let report = session.cwd.join(&request.folder);
    let manifest = super::verify::manifest(&report)?;
    super::verify::check_files(&report, &manifest)?;
    let item = item(&report, &manifest)?;
    let site = match &request.target {
        Target::S3 { bucket: name, prefix } => {
            let shown = format!("s3://{name}/{prefix}");
            let store = bucket(&session.config.catalog.properties, name)
                .map_err(|reason| Error::data(format!("{shown} cannot be opened: {reason}")))?;
            let site = Bucket::new(store, ObjectPath::from(prefix.as_str()), &shown);
            match request.check {
                true => check_bucket(&site, &report, &manifest, &item).await?,
                false => to_bucket(session, &site, &report, &manifest, &item).await?,
            }
            shown.trim_end_matches('/').to_string()
        }
        Target::Folder(root) => {
            match request.check {
                true => check_folder(root, &report, &manifest, &item)?,
                false => to_folder(root, &report, &manifest, &item)?,
            }
            file_link(root)
        }
    };
    if request.pin && !request.check {
        super::pins::pin(session, &manifest, &item.folder, &site).await;
    }
    let base = request.base_url.as_ref().unwrap_or(&site);
    print(format!("{base}/{}/index.html\n", item.folder).as_bytes())
}

/// The address of a local folder, as a browser takes it.
fn file_link(folder: &Path) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(byte);
    let path = folder.to_string_lossy();
    let parts = path.bytes().map(|byte| match plain(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    format!("file://{}", parts.collect::<String>())
}

async fn to_bucket(session: &Session, site: &Bucket, report: &Path, manifest: &Manifest, item: &Item) -> Result<()> {
    let bar = session.progress("publishing", Some(manifest.files.len() as u64));
    let done = publish::publish(site, report, manifest, item, &|n| bar.set_position(n)).await;
    bar.finish_and_clear();
    let done = done.map_err(convert::publish)?;
    session.say(&format!(
        "published: {} objects written, {} were there, {} requests",
        done.written,
        done.there,
        site.requests()
    ));
    Ok(())
}

async fn check_bucket(site: &Bucket, report: &Path, manifest: &Manifest, item: &Item) -> Result<()> {
    let wrong = publish::check(site, report, manifest, &item.folder)
        .await
        .map_err(convert::publish)?;
    if wrong.len() > manifest.files.len() && wrong.iter().all(|line| line.ends_with(": missing")) {
        return Err(not_published(&site.location(&item.folder)));
    }
    said(&wrong, manifest)
}

fn to_folder(root: &Path, report: &Path, manifest: &Manifest, item: &Item) -> Result<()> {
    let names = manifest.files.keys().map(String::as_str).chain([MANIFEST_NAME]);
    let page = |path: &str| {
        Ok(Page {
            path: path.into(),
            bytes: read(report, path)?,
        })
    };
    let pages: Vec<Page> = names.map(page).collect::<Result<_>>()?;
    folder_site::publish(root, &pages, item).map(|_| ())
}

fn read(folder: &Path, path: &str) -> Result<Vec<u8>> {
    let path = folder.join(path);
    std::fs::read(&path).map_err(|e| Error::data(format!("{} cannot be read", path.display())).with_source(e))
}

fn not_published(place: &str) -> Error {
    Error::data(format!("{place} does not exist: the report is not published there"))
        .with_hint("publish it without --check")
}

fn check_folder(root: &Path, report: &Path, manifest: &Manifest, item: &Item) -> Result<()> {
    let place = root.join(&item.folder);
    if !place.is_dir() {
        return Err(not_published(&place.display().to_string()));
    }
    let mut wrong = folder::check(&place, manifest)
        .map_err(|e| Error::data(format!("{} cannot be read", place.display())).with_source(e))?;
    // What is published could not be verified without it.
    if !place.join(MANIFEST_NAME).is_file() {
        wrong.push(format!("{MANIFEST_NAME}: missing"));
    } else if read(&place, MANIFEST_NAME)? != read(report, MANIFEST_NAME)? {
        wrong.push(format!("{MANIFEST_NAME}: changed"));
    }
    said(&wrong, manifest)
}

fn said(wrong: &[String], manifest: &Manifest) -> Result<()> {
    for line in wrong {
        print(format!("{line}\n").as_bytes())?;
    }
    match wrong.len() {
        0 => print(format!("files: {} as the manifest says\n", manifest.files.len()).as_bytes()),
        1 => Err(Error::altered("1 published file differs from the report's")),
        n => Err(Error::altered(format!("{n} published files differ from the report's"))),
    }
}

/// What the lists say of the report, from its own documents.
fn item(report: &Path, manifest: &Manifest) -> Result<Item> {
    match manifest.kind.as_str() {
        "run" => document::<RunReport>(report, "data/report-data.json").map(|r| Item::of_run(&r)),
        _ => document::<Comparison>(report, "data/comparison.json").map(|c| Item::of_diff(&c)),
    }
}

fn document<T: DeserializeOwned>(report: &Path, path: &str) -> Result<T> {
    let fail = |reason: String| {
        convert::publish(PublishError::Store {
            location: report.join(path).display().to_string(),
            reason,
        })
    };
    let bytes = std::fs::read(report.join(path)).map_err(|e| fail(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_folder_is_one_that_a_browser_opens() {
        assert_eq!(file_link(Path::new("/srv/www")), "file:///srv/www");
        assert_eq!(file_link(Path::new("/a b/#1?/ü%")), "file:///a%20b/%231%3F/%C3%BC%25");
    }
}
