//! `evaldiff export`: the samples of a report for LLM Comparator.

use super::{Session, convert, print, rerender};
use crate::cli::request::ExportRequest;
use crate::error::{Error, Result};
use crate::model::{Comparison, SampleSet};
use crate::report::llm_comparator;

/// Writes the samples that a comparison's report shows, side by side, as LLM Comparator reads them.
///
/// # Errors
/// Usage error if the folder holds no comparison or the file is there already.
pub async fn export(session: &Session, request: &ExportRequest) -> Result<()> {
    let folder = session.cwd.join(&request.folder);
    let data = [folder.join("data"), folder]
        .into_iter()
        .find(|folder| folder.join("samples.json").is_file());
    let data = data.ok_or_else(|| {
        Error::usage(format!("{} is no report of a comparison", request.folder.display()))
            .with_hint("give the folder that holds a report's index.html and data")
    })?;
    let comparison: Comparison = rerender::read(&data.join("comparison.json"))?;
    let samples: SampleSet = rerender::read(&data.join("samples.json"))?;
    let document = llm_comparator::document(&comparison, &samples);
    let out = session.cwd.join(&request.out);
    if out.exists() {
        let text = format!("{} is there already", request.out.display());
        return Err(Error::usage(text).with_hint("name another file with --out"));
    }
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(convert::json)?;
    bytes.push(b'\n');
    std::fs::write(&out, bytes)
        .map_err(|e| Error::data(format!("{} cannot be written", request.out.display())).with_source(e))?;
    let n = document.examples.len();
    print(format!("{n} samples into {}\n", request.out.display()).as_bytes())
}
