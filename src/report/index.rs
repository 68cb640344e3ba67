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
    let alike = |entry: &IndexEntry| {
        let same = |other: &&IndexEntry| {
            (&other.kind, &other.title, &other.subtitle) == (&entry.kind, &entry.title, &entry.subtitle)
        };
        entries.iter().filter(same).count() > 1
    };
    let entry = |entry: &IndexEntry| EntryView {
        kind: match entry.kind.as_str() {
            "diff" => "Comparison".to_owned(),
            "run" => "Single version".to_owned(),
            other => words::visible(other),
        },
        title: words::visible(&entry.title),
        subtitle: match configuration(&entry.href).filter(|_| alike(entry)) {
            Some(digest) => words::visible(&format!("{}, configuration {digest}", entry.subtitle)),
            None => words::visible(&entry.subtitle),
        },
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

/// The digest of a report's options, by the end of its folder's name: it tells reports on the same runs apart.
fn configuration(href: &str) -> Option<&str> {
    let folder = href.strip_suffix("/index.html")?.rsplit('/').next()?;
    folder.rsplit_once('-').map(|(_, digest)| digest)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_that_differ_in_options_alone_are_told_apart() {
        let entry = |title: &str, config: &str| IndexEntry {
            kind: "diff".into(),
            title: title.into(),
            subtitle: "t, 1 sample".into(),
            href: format!("t/diffs/a..b/1-2-{config}/index.html"),
            verdict: "improved".into(),
            trend: None,
        };
        let view = index(&[entry("one", "aa"), entry("two", "bb"), entry("two", "cc")], &[]);
        let subtitles: Vec<&str> = view.entries.iter().map(|entry| entry.subtitle.as_str()).collect();
        let told = [
            "t, 1 sample",
            "t, 1 sample, configuration bb",
            "t, 1 sample, configuration cc",
        ];
        assert_eq!(subtitles, told);
    }
}
