//! The page of newest reports, and pages that point to one.

use super::links;
use super::parts::Link;
use super::words;
use serde::Serialize;

/// A report in the list of newest reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// What kind of report: `diff`, `run`.
    pub kind: String,
    /// What it is about.
    pub title: String,
    /// Where its numbers come from.
    pub subtitle: String,
    /// Path of its page from the index.
    pub href: String,
    /// What it found.
    pub verdict: String,
}

/// The page of newest reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexView {
    /// The reports.
    pub entries: Vec<EntryView>,
    /// Pages of older reports.
    pub archives: Vec<Link>,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// What kind of report.
    pub kind: String,
    /// What it is about.
    pub title: String,
    /// Where its numbers come from.
    pub subtitle: String,
    /// Path of its page.
    pub href: String,
    /// What it found.
    pub verdict: String,
}

/// A page that points to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointerView {
    /// What it points to.
    pub title: String,
    /// Where that is.
    pub href: String,
}

/// The page of newest reports.
pub fn index(entries: &[IndexEntry], archives: &[(String, String)]) -> IndexView {
    let entry = |entry: &IndexEntry| EntryView {
        kind: match entry.kind.as_str() {
            "diff" => "Comparison".to_owned(),
            "run" => "Single version".to_owned(),
            other => words::visible(other),
        },
        title: words::visible(&entry.title),
        subtitle: words::visible(&entry.subtitle),
        href: links::relative(&entry.href),
        verdict: words::visible(&entry.verdict),
    };
    let archive = |(title, href): &(String, String)| Link {
        text: words::visible(title),
        href: links::relative(href),
    };
    IndexView {
        entries: entries.iter().map(entry).collect(),
        archives: archives.iter().map(archive).collect(),
    }
}

/// A page that points to another.
pub fn pointer(title: &str, href: &str) -> PointerView {
    PointerView {
        title: words::visible(title),
        href: links::relative(href),
    }
}
