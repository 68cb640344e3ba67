//! The list behind the index, and the pointer beside a pair's reports.

use super::item::{Item, Trend};
use crate::audit::manifest::Manifest;
use crate::report::index::IndexEntry;
use crate::site::{self, Page, SiteError};
use serde::{Deserialize, Serialize};

/// The list behind `index.html`; it also marks a folder as one of ours.
pub const LIST_NAME: &str = "reports.json";
/// Reports on the index page before the older half is sealed into an archive page.
const SEAL_AT: usize = 200;
/// Reports per archive page.
const ARCHIVE: usize = 100;

/// The newest reports, newest first, and how many archive pages hold the older ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    archives: usize,
    reports: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    kind: String,
    title: String,
    subtitle: String,
    href: String,
    verdict: String,
    /// Absent in lists of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trend: Option<Trend>,
}

impl List {
    /// Puts a report in front; gives the archive page that is full now, which never changes again. Nothing happens to a
    /// report that is listed already.
    ///
    /// # Errors
    /// Fails if the archive page cannot be rendered.
    pub fn add(&mut self, item: &Item) -> Result<Option<Page>, SiteError> {
        let entry = Entry {
            kind: item.kind.clone(),
            title: item.title.clone(),
            subtitle: item.subtitle.clone(),
            href: format!("{}/index.html", item.folder),
            verdict: item.verdict.clone(),
            trend: item.trend.clone(),
        };
        if self.reports.iter().any(|known| known.href == entry.href) {
            return Ok(None);
        }
        self.reports.insert(0, entry);
        if self.reports.len() < SEAL_AT {
            return Ok(None);
        }
        let sealed = self.reports.split_off(self.reports.len() - ARCHIVE);
        self.archives += 1;
        let entries: Vec<IndexEntry> = sealed.iter().map(|e| e.view("../")).collect();
        Ok(Some(Page {
            path: format!("archive/{}.html", self.archives),
            bytes: site::render_index(&entries, &[])?,
        }))
    }

    /// Whether the index page has the report.
    pub(super) fn names(&self, item: &Item) -> bool {
        let href = format!("{}/index.html", item.folder);
        self.reports.iter().any(|entry| entry.href == href)
    }

    /// Paths of the archive pages, newest first.
    pub(super) fn archive_pages(&self) -> impl Iterator<Item = String> {
        (1..=self.archives).rev().map(|n| format!("archive/{n}.html"))
    }

    /// Names of the folders of a pair's reports on the index page.
    pub(super) fn names_in<'a>(&'a self, pair: &'a str) -> impl Iterator<Item = &'a str> {
        self.reports.iter().filter_map(move |entry| {
            let name = entry.href.strip_prefix(pair)?.strip_prefix('/')?;
            name.strip_suffix("/index.html")
        })
    }

    /// The index page.
    ///
    /// # Errors
    /// Fails if it cannot be rendered.
    pub fn page(&self) -> Result<Vec<u8>, SiteError> {
        let entries: Vec<IndexEntry> = self.reports.iter().map(|e| e.view("")).collect();
        let archives: Vec<(String, String)> = (1..=self.archives)
            .rev()
            .map(|n| (format!("Archive {n}"), format!("archive/{n}.html")))
            .collect();
        site::render_index(&entries, &archives)
    }
}

impl Entry {
    fn view(&self, up: &str) -> IndexEntry {
        IndexEntry {
            kind: self.kind.clone(),
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            href: format!("{up}{}", self.href),
            verdict: self.verdict.clone(),
            trend: self.trend.as_ref().map(Trend::source),
        }
    }
}

/// Which of a pair's reports is the newest: the one with the highest candidate, then baseline sequence number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Newest {
    candidate: i64,
    baseline: i64,
    folder: String,
}

impl Newest {
    /// The folder of the pair, and this report's place in it; `None` for a report that belongs to no pair.
    pub fn of(item: &Item) -> Option<(&str, Newest)> {
        let (pair, name) = item.folder.rsplit_once('/').filter(|_| item.kind == "diff")?;
        let newest = Newest {
            candidate: item.order.0,
            baseline: item.order.1,
            folder: name.to_string(),
        };
        Some((pair, newest))
    }

    /// A report of a pair by what its manifest says; `None` if that is no comparison's.
    pub fn in_folder(name: &str, manifest: &Manifest) -> Option<Newest> {
        let [baseline, candidate] = &manifest.runs[..] else {
            return None;
        };
        Some(Newest {
            candidate: candidate.sequence_number,
            baseline: baseline.sequence_number,
            folder: name.to_string(),
        })
    }

    /// Name of its folder in that of the pair.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    /// The page that leads there.
    ///
    /// # Errors
    /// Fails if it cannot be rendered.
    pub fn page(&self, title: &str) -> Result<Vec<u8>, SiteError> {
        site::render_pointer(title, &format!("{}/index.html", self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(i: i64) -> Item {
        Item {
            folder: format!("t/diffs/a..b/{i}"),
            kind: "diff".into(),
            title: format!("report {i}"),
            subtitle: String::new(),
            verdict: String::new(),
            trend: None,
            order: (i, 0),
        }
    }

    #[test]
    fn every_report_stands_in_the_index_or_in_one_sealed_page() {
        let mut list = List::default();
        let mut sealed = Vec::new();
        for i in 0..1000 {
            sealed.extend(list.add(&item(i)).unwrap());
            assert!(list.add(&item(i)).unwrap().is_none(), "listed twice");
        }
        let mut pages: Vec<String> = sealed
            .iter()
            .map(|p| String::from_utf8(p.bytes.clone()).unwrap())
            .collect();
        pages.push(String::from_utf8(list.page().unwrap()).unwrap());
        for i in 0..1000 {
            let places = pages
                .iter()
                .filter(|p| p.contains(&format!("diffs/a..b/{i}/index.html")))
                .count();
            assert_eq!(places, 1, "report {i}");
        }
        let names: Vec<&str> = sealed.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(names[..2], ["archive/1.html", "archive/2.html"]);
        assert!(list.reports.len() < SEAL_AT);
    }

    #[test]
    fn a_list_of_an_older_version_is_read_and_not_listed_twice() {
        let old = r#"{"archives": 0, "reports": [{"kind": "diff", "title": "report 1", "subtitle": "",
                      "href": "t/diffs/a..b/1/index.html", "verdict": "improved"}]}"#;
        let mut list: List = serde_json::from_str(old).unwrap();
        let before = list.clone();
        list.add(&item(1)).unwrap();
        assert_eq!(list, before);
        assert!(
            String::from_utf8(list.page().unwrap())
                .unwrap()
                .contains("t/diffs/a..b/1/index.html")
        );
    }
}
