//! The static site: the only place for templates.
//!
//! Turns view models of [`crate::report`] into bytes, and writes folders of them. Computes nothing.

mod error;
mod sink;
mod templates;
#[cfg(test)]
mod tests;
mod theme;

pub use error::SiteError;
pub use sink::{FolderSink, MemorySink, Sink, Written};
pub use theme::Theme;

use crate::model::report::RunReport;
use crate::model::{Comparison, Sample, SampleList, SampleSet};
use crate::report::cut::Cut;
use crate::report::lists::ListHead;
use crate::report::parts::Owner;
use crate::report::{
    IndexEntry, changes, cut, discovered, index, links, lists, markdown, method, overview, reproduce, run_report,
    sample, samples, slice_page, words,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::thread;
use templates::Templates;

/// Threads that render pages of samples, at most.
const MAX_THREADS: usize = 8;
/// Pages that are worth a thread.
const MIN_SHARE: usize = 16;

/// Bytes of a page of samples, at most, as long as the texts in it can be cut further.
const MAX_PAGE: usize = 300_000;
/// Characters that are left of every text, whatever else stands on its page.
const MIN_TEXT: usize = 150;

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path from the report's folder, with `/` between components.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Parses the templates beside what else is done, for those who will render pages.
pub fn prepare() {
    // Whoever renders first says what is wrong with them.
    thread::spawn(|| Templates::get().map(|_| ()));
}

/// Every page of a comparison, assets and the summary included, sorted by path; without `data/` and the manifest.
pub fn render_diff(comparison: &Comparison, samples: &SampleSet) -> Result<Vec<Page>, SiteError> {
    render_diff_with(comparison, samples, None)
}

/// As [`render_diff`], in a theme.
pub fn render_diff_with(
    comparison: &Comparison,
    samples: &SampleSet,
    theme: Option<&Theme>,
) -> Result<Vec<Page>, SiteError> {
    let owner = overview::owner(comparison);
    let mut site = Site::new(theme)?;
    site.page(
        "overview",
        links::INDEX.to_owned(),
        &overview::overview(comparison, samples),
    )?;
    site.page(
        "method",
        links::METHOD.to_owned(),
        &method::method(&owner, &comparison.options, &comparison.roles),
    )?;
    site.page(
        "changes",
        links::CHANGES.to_owned(),
        &changes::changes(comparison, &owner),
    )?;
    site.page(
        "reproduce",
        links::REPRODUCE.to_owned(),
        &reproduce::of_diff(comparison),
    )?;
    for slice in &comparison.slices {
        if let (Some(detail), Some(view)) = (
            &slice.detail,
            slice_page::slice_page(comparison, slice, samples, &owner),
        ) {
            site.page("slice", links::slice(&detail.slug), &view)?;
        }
    }
    for found in discovered::confirmed(comparison) {
        if let (Some(detail), Some(view)) = (
            &found.slice.detail,
            slice_page::discovered_page(comparison, found, samples, &owner),
        ) {
            site.page("slice", links::slice(&detail.slug), &view)?;
        }
    }
    site.samples(
        samples,
        &owner,
        |list| lists::head(comparison, list),
        lists::flips_query(comparison),
    )?;
    site.file(links::SUMMARY.to_owned(), markdown::summary(comparison).into_bytes());
    site.finish()
}

/// Every page of a single version, assets included, sorted by path; without `data/` and the manifest.
pub fn render_run(report: &RunReport, samples: &SampleSet) -> Result<Vec<Page>, SiteError> {
    render_run_with(report, samples, None)
}

/// As [`render_run`], in a theme.
pub fn render_run_with(report: &RunReport, samples: &SampleSet, theme: Option<&Theme>) -> Result<Vec<Page>, SiteError> {
    let owner = run_report::owner(report);
    let mut site = Site::new(theme)?;
    site.page(
        "run",
        links::INDEX.to_owned(),
        &run_report::run_overview(report, samples),
    )?;
    site.page(
        "method",
        links::METHOD.to_owned(),
        &method::method(&owner, &report.options, &report.roles),
    )?;
    site.page("reproduce", links::REPRODUCE.to_owned(), &reproduce::of_run(report))?;
    let head = |list: &SampleList| ListHead {
        title: words::own_list_title(&list.id),
        query: None,
    };
    site.samples(samples, &owner, head, None)?;
    site.finish()
}

/// The page of newest reports, or an archive page of older ones.
pub fn render_index(entries: &[IndexEntry], archives: &[(String, String)]) -> Result<Vec<u8>, SiteError> {
    Templates::get()?.render("index", links::INDEX, &index::index(entries, archives))
}

/// A page that points to a report.
pub fn render_pointer(title: &str, href: &str) -> Result<Vec<u8>, SiteError> {
    Templates::get()?.render("pointer", links::INDEX, &index::pointer(title, href))
}

/// Pages in the making.
struct Site<'a> {
    templates: &'a Templates,
    pages: Vec<Page>,
}

impl<'a> Site<'a> {
    fn new(theme: Option<&'a Theme>) -> Result<Site<'a>, SiteError> {
        let mut site = Site {
            templates: match theme {
                Some(theme) => &theme.templates,
                None => Templates::get()?,
            },
            pages: Vec::new(),
        };
        for (path, bytes) in site.templates.asset_files() {
            site.file(path, bytes);
        }
        Ok(site)
    }

    fn file(&mut self, path: String, bytes: Vec<u8>) {
        self.pages.push(Page { path, bytes });
    }

    fn page(&mut self, template: &str, path: String, view: &impl Serialize) -> Result<(), SiteError> {
        let bytes = self.templates.render(template, &path, view)?;
        self.file(path, bytes);
        Ok(())
    }

    fn samples(
        &mut self,
        set: &SampleSet,
        owner: &Owner,
        head: impl Fn(&SampleList) -> ListHead,
        flips: Option<String>,
    ) -> Result<(), SiteError> {
        let all = lists::lists_page(set, owner, &head, flips);
        self.page("lists", links::LISTS.to_owned(), &all)?;
        let filled: Vec<(&SampleList, ListHead)> = set
            .lists
            .iter()
            .filter(|list| list.total > 0)
            .map(|list| (list, head(list)))
            .collect();
        let numbered: Vec<(&SampleList, &ListHead, usize)> = filled
            .iter()
            .flat_map(|(list, head)| (1..=links::pages(list.ids.len())).map(move |page| (*list, head, page)))
            .collect();
        let pages = in_parallel(&numbered, |(list, head, page)| {
            let path = links::list(&list.id, *page);
            let view = samples::list_page(set, list, owner, head, *page);
            let bytes = self.templates.render("list", &path, &view)?;
            Ok(Page { path, bytes })
        })?;
        self.pages.extend(pages);
        let places = sample::places(set);
        let titles: BTreeMap<&str, String> = set
            .lists
            .iter()
            .map(|list| (list.id.as_str(), head(list).title))
            .collect();
        // Samples are sorted by id, so that those of one page stand together.
        let all: Vec<&Sample> = set.samples.values().collect();
        let together: Vec<&[&Sample]> = all
            .chunk_by(|a, b| links::sample_file(&a.id) == links::sample_file(&b.id))
            .collect();
        let view = |one: &Sample, cut: Cut| {
            let place = places.get(one.id.as_str()).copied();
            let title = place
                .and_then(|(list, _)| titles.get(list.id.as_str()))
                .map_or("", String::as_str);
            sample::sample_view(set, one, owner, place, title, cut)
        };
        let pages = in_parallel(&together, |some| {
            let path = some.first().map(|one| links::sample_file(&one.id)).unwrap_or_default();
            // A view of its own for each sample: the deeper a name stands in a view, the longer it takes to find.
            let page = sample::sample_page(some, owner);
            let render = |cut: Cut| -> Result<Vec<u8>, SiteError> {
                let mut bytes = self.templates.render("samples_head", &path, &page)?;
                for one in some.iter() {
                    bytes.extend(self.templates.render("sample", &path, &view(one, cut))?);
                }
                bytes.extend(self.templates.render("samples_foot", &path, &page)?);
                Ok(bytes)
            };
            // How long a text becomes on a page depends on what is in it and on what differs, so that it is tried.
            let mut cut = Cut::samples(cut::MOST);
            let mut bytes = render(cut)?;
            while bytes.len() > MAX_PAGE && cut.most / 2 >= MIN_TEXT {
                cut = Cut::samples(cut.most / 2);
                bytes = render(cut)?;
            }
            Ok(Page { path, bytes })
        })?;
        self.pages.extend(pages);
        Ok(())
    }

    /// The pages sorted by path; two pages with one path would overwrite each other.
    fn finish(mut self) -> Result<Vec<Page>, SiteError> {
        self.pages.sort_by(|a, b| a.path.cmp(&b.path));
        match self.pages.windows(2).find(|pair| pair[0].path == pair[1].path) {
            Some(pair) => Err(SiteError::Twice {
                path: pair[0].path.clone(),
            }),
            None => Ok(self.pages),
        }
    }
}

/// Renders pages on every core; the order of the pages is that of the items, however many cores there are.
fn in_parallel<T: Sync>(
    items: &[T],
    render: impl Fn(&T) -> Result<Page, SiteError> + Sync,
) -> Result<Vec<Page>, SiteError> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let share = items.len().div_ceil(threads).max(MIN_SHARE);
    let render = &render;
    let work = |part| move || -> Result<Vec<Page>, SiteError> { <[T]>::iter(part).map(render).collect() };
    let parts: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = items.chunks(share).map(|part| scope.spawn(work(part))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    let mut pages = Vec::with_capacity(items.len());
    for part in parts {
        pages.extend(part?);
    }
    Ok(pages)
}
