//! `evaldiff render`: pages from a report's data folder, offline.

use super::{Session, convert, print};
use crate::cli::request::RenderRequest;
use crate::error::{Error, Result};
use crate::model::report::RunReport;
use crate::model::{Comparison, SampleSet};
use crate::site::{self, FolderSink, Page, Sink};
use std::path::Path;

/// Renders the pages of a report from its documents.
///
/// # Errors
/// Usage error if the folder lacks the documents; data error if they do not parse.
pub async fn render(session: &Session, request: &RenderRequest) -> Result<()> {
    let pages = pages(&session.cwd.join(&request.data))?;
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
pub(super) fn pages(data: &Path) -> Result<Vec<Page>> {
    let samples: SampleSet = read(&data.join("samples.json"))?;
    let comparison = data.join("comparison.json");
    if comparison.is_file() {
        let comparison: Comparison = read(&comparison)?;
        return site::render_diff(&comparison, &samples).map_err(convert::site);
    }
    let report: RunReport = read(&data.join("report-data.json"))?;
    site::render_run(&report, &samples).map_err(convert::site)
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
