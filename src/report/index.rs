//! The page of newest reports, and pages that point to one.

use super::parts::Link;
use super::trend::{self, TrendSource, TrendView};
use super::{links, sql, words};
use serde::Serialize;

/// A report in the list of newest reports.
#[derive(Clone, Debug, PartialEq)]
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
    /// What it says of the table's headline metric; absent in lists of older sites.
    pub trend: Option<TrendSource>,
}

/// The page of newest reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexView {
    /// The headline metric over versions, by table.
    pub trends: Vec<TrendView>,
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
    /// The table, where the list says it.
    pub table: String,
    /// The versions, as a JSON array: the script filters by them.
    pub versions: String,
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
        table: entry
            .trend
            .as_ref()
            .map_or_else(String::new, |trend| words::visible(&trend.table)),
        versions: versions(entry.trend.as_ref()),
    };
    let archive = |(title, href): &(String, String)| Link {
        text: words::visible(title),
        href: links::relative(href),
    };
    IndexView {
        trends: trend::trends(entries.iter().filter_map(|entry| entry.trend.as_ref())),
        entries: entries.iter().map(entry).collect(),
        archives: archives.iter().map(archive).collect(),
    }
}

fn versions(trend: Option<&TrendSource>) -> String {
    let points = trend.iter().flat_map(|trend| &trend.points);
    let versions: Vec<String> = points.map(|point| sql::python(&words::shown(&point.version))).collect();
    format!("[{}]", versions.join(","))
}

/// A page that points to another.
pub fn pointer(title: &str, href: &str) -> PointerView {
    PointerView {
        title: words::visible(title),
        href: links::relative(href),
    }
}
