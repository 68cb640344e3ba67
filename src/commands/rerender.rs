//! `evaldiff render`: pages from a report's data folder, offline.

use super::{Session, convert, media, print, theme};
use crate::cli::request::RenderRequest;
use crate::error::{Error, Result};
use crate::model::report::RunReport;
use crate::model::{CompareOptions, Comparison, SampleSet};
use crate::report::links;
use crate::site::{self, FolderSink, Page, Sink, Theme};
use std::path::Path;

/// Renders the pages of a report from its documents.
///
/// # Errors
/// Usage error if the folder lacks the documents; data error if they do not parse.
pub async fn render(session: &Session, request: &RenderRequest) -> Result<()> {
    let pages = pages(session, &session.cwd.join(&request.data))?;
    let out = session.cwd.join(&request.out);
    if out.is_dir() && std::fs::read_dir(&out).is_ok_and(|mut d| d.next().is_none()) {
        std::fs::remove_dir(&out)
            .map_err(|e| Error::data(format!("{} cannot be replaced", out.display())).with_source(e))?;
    }
    let mut sink = FolderSink::new(&out).map_err(convert::site)?;
    for page in &pages {
        sink.write(&page.path, &page.bytes).map_err(convert::site)?;
    }
    sink.commit().map_err(convert::site)?;
    print(format!("{}\n", super::diff::shown_path(session, &out.join("index.html"))).as_bytes())
}

/// The pages that a data folder stands for.
fn pages(session: &Session, data: &Path) -> Result<Vec<Page>> {
    let samples: SampleSet = read(&data.join("samples.json"))?;
    // Beside the data folder, whatever the path to it looks like.
    let files = media::of_report(&data.join(".."), &samples)?;
    let mut pages = html(session, data, &samples)?;
    pages.extend(media::pages(files));
    pages.extend(beside(data)?);
    Ok(pages)
}

/// The files that pages link to as they are: those of the data folder, and the manifest that lies beside it.
fn beside(data: &Path) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for path in links::EXTRA_FILES {
        let name = path.strip_prefix("data/");
        let from = name.map_or_else(|| data.join("..").join(path), |name| data.join(name));
        match std::fs::read(&from) {
            Ok(bytes) => pages.push(Page {
                path: path.to_owned(),
                bytes,
            }),
            // A data folder may have been taken out of its report.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::data(format!("{} cannot be read", from.display())).with_source(e)),
        }
    }
    Ok(pages)
}

fn html(session: &Session, data: &Path, samples: &SampleSet) -> Result<Vec<Page>> {
    let comparison = data.join("comparison.json");
    if comparison.is_file() {
        let comparison: Comparison = read(&comparison)?;
        let theme = theme_of(session, &comparison.options)?;
        return site::render_diff_with(&comparison, samples, theme.as_ref()).map_err(convert::site);
    }
    let report: RunReport = read(&data.join("report-data.json"))?;
    let theme = theme_of(session, &report.options)?;
    site::render_run_with(&report, samples, theme.as_ref()).map_err(convert::site)
}

/// The theme that was asked for; one that the report was not made with is said.
fn theme_of(session: &Session, options: &CompareOptions) -> Result<Option<Theme>> {
    let theme = theme::configured(session)?;
    let [recorded, given] = [options.theme.as_deref(), theme.as_ref().map(Theme::digest)];
    match (recorded, given) {
        (Some(digest), None) => Err(Error::usage(format!(
            "the report was made with the theme {}",
            digest.escape_debug()
        ))
        .with_hint("give its folder, or that of another one, with --theme")),
        (recorded, given) => {
            if recorded != given {
                session.say("notice: the report was made with another theme: its pages will not be the same");
            }
            Ok(theme)
        }
    }
}

/// Reads one document.
pub(super) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(|e| {
        Error::usage(format!("{} cannot be read", path.display()))
            .with_source(e)
            .with_hint("give the folder `data` of a report")
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Error::data(format!("{} is not a document of evaldiff", path.display())).with_source(e))
}
