//! The files beside the pages.

use super::links;
use serde::Serialize;

/// A file beside the pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileLink {
    /// Its path.
    pub href: &'static str,
    /// What it holds.
    pub what: &'static str,
}

/// The files of a comparison.
pub fn of_diff() -> Vec<FileLink> {
    vec![
        file("data/comparison.json", "every number of this report at full precision"),
        file("data/samples.json", "every sample that a page shows"),
        file(
            "data/report-data.json",
            "the candidate on its own, on all of its samples",
        ),
        file("data/flips.parquet", "every sample that regressed or was fixed"),
        file(links::SUMMARY, "the summary for a pull request"),
        file("manifest.json", "digests of every file of this report"),
    ]
}

/// The files of a single version.
pub fn of_run() -> Vec<FileLink> {
    vec![
        file("data/report-data.json", "every number of this report at full precision"),
        file("data/samples.json", "every sample that a page shows"),
        file("manifest.json", "digests of every file of this report"),
    ]
}

fn file(href: &'static str, what: &'static str) -> FileLink {
    FileLink { href, what }
}
