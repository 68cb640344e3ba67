//! Pieces that several pages share.

use super::format::{count, counted, share_of};
use super::{links, words};
use crate::model::{Comparison, Kind, SampleSet};
use serde::Serialize;

/// What surrounds every page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chrome {
    /// Title of the browser's tab.
    pub title: String,
    /// Path from the page to the report's folder: empty or `../`.
    pub root: &'static str,
    /// Links to the pages above, outermost first.
    pub crumbs: Vec<Link>,
    /// What the page itself is called in the line of crumbs.
    pub here: String,
    /// Which tool and settings made the page.
    pub made_by: String,
    /// Whether the report compares two versions.
    pub pair: bool,
    /// Whether the page shows files of the report: it may load nothing but its style and script otherwise.
    pub media: bool,
}

/// A link to another page of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its text.
    pub text: String,
    /// Its relative target.
    pub href: String,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A count in a table of counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountRow {
    /// What is counted.
    pub name: String,
    /// What that means.
    pub meaning: String,
    /// How many.
    pub n: String,
    /// Of all, in percent.
    pub share: String,
    /// The list of samples.
    pub href: Option<String>,
    /// Whether there are none.
    pub zero: bool,
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WarningView {
    /// Stable name.
    pub code: String,
    /// One sentence.
    pub text: String,
}

/// The report that a page belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What the overview is called.
    pub name: String,
    /// Which tool and settings made it.
    pub made_by: String,
    /// What kind of evaluation it is about.
    pub kind: Kind,
    /// Names of the key's columns.
    pub key: Vec<String>,
    /// Versions on both sides; a single-version report has no candidate.
    pub baseline: String,
    /// The new version.
    pub candidate: Option<String>,
}

impl Owner {
    /// What surrounds a page one folder below the overview.
    pub fn below(&self, title: &str, mut crumbs: Vec<Link>) -> Chrome {
        crumbs.insert(
            0,
            Link {
                text: self.name.clone(),
                href: format!("../{}", links::INDEX),
            },
        );
        Chrome {
            title: format!("{title} · {}", self.name),
            root: "../",
            crumbs,
            here: title.to_owned(),
            made_by: self.made_by.clone(),
            pair: self.candidate.is_some(),
            media: false,
        }
    }

    /// What surrounds a page beside the overview.
    pub fn beside(&self, title: &str) -> Chrome {
        Chrome {
            title: format!("{title} · {}", self.name),
            root: "",
            crumbs: vec![Link {
                text: self.name.clone(),
                href: links::INDEX.to_owned(),
            }],
            here: title.to_owned(),
            made_by: self.made_by.clone(),
            pair: self.candidate.is_some(),
            media: false,
        }
    }
}

/// The line that names tool and settings.
pub fn made_by(tool_version: &str, config_digest: &str) -> String {
    format!(
        "evaldiff {}, configuration {}",
        words::visible(tool_version),
        words::visible(config_digest)
    )
}

/// A fact.
pub fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
    }
}

/// One row of counts, linked to its list of samples where there is one.
pub fn count_row(id: &str, meaning: &str, n: u64, total: u64, samples: &SampleSet) -> CountRow {
    CountRow {
        name: words::list_title(id),
        meaning: meaning.to_owned(),
        n: count(n),
        share: share_of(n, total),
        href: list_href(id, samples),
        zero: n == 0,
    }
}

/// The first page of a list, where it has any samples.
pub fn list_href(id: &str, samples: &SampleSet) -> Option<String> {
    let list = samples.lists.iter().find(|list| list.id == id && list.total > 0)?;
    Some(links::list(&list.id, 1))
}

/// The columns whose values were kept out.
pub fn hidden(samples: &SampleSet) -> Vec<String> {
    samples.hidden.iter().map(|column| words::visible(column)).collect()
}

/// How many clusters the samples belong to, in words; `None` where no column tells.
pub fn clusters(comparison: &Comparison) -> Option<String> {
    let (clusters, column) = (comparison.clusters?, comparison.roles.cluster.as_ref()?);
    Some(format!(
        "{} of up to {} (by {}), which intervals, tests and verdicts allow for",
        counted(clusters.n, "cluster", "clusters"),
        counted(clusters.largest, "sample", "samples"),
        words::visible(column),
    ))
}

/// The warnings, fit for showing.
pub fn warnings(warnings: &[crate::model::comparison::Warning]) -> Vec<WarningView> {
    let view = |w: &crate::model::comparison::Warning| WarningView {
        code: words::visible(&w.code),
        text: words::visible(&w.text),
    };
    warnings.iter().map(view).collect()
}
