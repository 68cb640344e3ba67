//! Page names and relative links of a report. The only place that knows where a page lies.

use crate::model::SampleSet;
use crate::model::samples::FlipCell;

/// Samples on one page of a list.
pub const PER_PAGE: usize = 50;

/// The overview.
pub const INDEX: &str = "index.html";
/// The page that explains every number.
pub const METHOD: &str = "method.html";
/// The page of what both runs record of themselves.
pub const CHANGES: &str = "changes.html";
/// The page with the queries that give the headline numbers.
pub const REPRODUCE: &str = "reproduce.html";
/// The page of all sample lists.
pub const LISTS: &str = "lists.html";
/// The summary for a pull request.
pub const SUMMARY: &str = "summary.md";

/// Files of a report folder that pages may link to but that are written elsewhere.
pub const EXTRA_FILES: [&str; 5] = [
    "data/comparison.json",
    "data/samples.json",
    "data/report-data.json",
    "data/flips.parquet",
    "manifest.json",
];

/// The page of a slice.
pub fn slice(slug: &str) -> String {
    format!("slices/{}.html", name(slug))
}

/// A sample, on the page that it shares with those whose ids begin alike: a report of thousands of samples is a few
/// hundred files, each of which costs a request to publish.
pub fn sample(id: &str) -> String {
    format!("{}#{}", sample_file(id), anchor(id))
}

/// The page that holds a sample.
pub fn sample_file(id: &str) -> String {
    let start: String = id.chars().take(2).collect();
    format!("sample/{}.html", name(&start))
}

/// A page of a sample list, from 1.
pub fn list(id: &str, page: usize) -> String {
    format!("samples/{}-{page}.html", name(&id.replacen(':', "-", 1)))
}

/// The first page of the list of flips with this truth and these answers, of which one is right; `None` where there is no
/// such list, and `data/flips.parquet` has the samples.
pub fn cell_list(samples: &SampleSet, truth: &str, baseline: &str, candidate: &str) -> Option<String> {
    let is_it = |cell: &FlipCell| cell.truth == truth && cell.baseline == baseline && cell.candidate == candidate;
    let found = samples
        .lists
        .iter()
        .find(|list| list.cell.as_ref().is_some_and(is_it))?;
    Some(list(&found.id, 1))
}

/// The anchor of a sample within its list.
pub fn anchor(id: &str) -> String {
    format!("s-{}", name(id))
}

/// Pages that a list of this many samples needs; an empty list has one.
pub fn pages(samples: usize) -> usize {
    samples.div_ceil(PER_PAGE).max(1)
}

/// The anchor of a metric on the page of definitions.
pub fn metric(name: &str) -> String {
    // An id without a dot can be named in a style sheet.
    format!("metric-{}", self::name(name).replace('.', "-"))
}

/// A relative link that no browser can take for another scheme or host.
pub fn relative(href: &str) -> String {
    let head = href.split(['/', '?', '#']).next().unwrap_or_default();
    if head.contains(':') || href.starts_with(['/', '\\']) {
        format!("./{href}")
    } else {
        href.to_owned()
    }
}

/// A file name: letters, digits, `.`, `_` and `-` stay, anything else becomes `_`. Names come from this tool and are
/// clean already; this keeps a tampered data folder from naming other files.
fn name(text: &str) -> String {
    let dirty = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-');
    text.replace(dirty, "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(slice("domain-tweets"), "slices/domain-tweets.html");
        assert_eq!(sample("3fab"), "sample/3f.html#s-3fab");
        assert_eq!(sample("../../x"), "sample/...html#s-.._.._x");
        assert_eq!(list("regressed", 2), "samples/regressed-2.html");
        assert_eq!(list("slice:a", 2), "samples/slice-a-2.html");
        assert_eq!(list("cell:01", 1), "samples/cell-01-1.html");
    }

    #[test]
    fn an_empty_list_has_a_page() {
        assert_eq!([0, 1, 50, 51].map(pages), [1, 1, 1, 2]);
    }

    #[test]
    fn links_cannot_leave_the_site() {
        assert_eq!(relative("a/b.html"), "a/b.html");
        assert_eq!(relative("javascript:alert(1)"), "./javascript:alert(1)");
        assert_eq!(relative("//evil.example/"), ".///evil.example/");
    }
}
