//! From what the search found to the document.

use super::assemble::slug;
use crate::compare::{Discovery, Found, Job, PagedSlice, SliceRows};
use crate::model::{Discovered, Findings, SliceCounts};
use crate::stats::{self, Sense};

/// The document's part; confirmed slices get a page, with their full tables.
pub(super) fn discovered(job: &Job, discovery: &Discovery, whole: &SliceCounts) -> Discovered {
    let found = |found, sense| findings(job, found, sense, whole);
    Discovered {
        columns: discovery.columns.clone(),
        left_out: discovery.left_out.clone(),
        halves: discovery.worse.search.halves,
        one_in: discovery.one_in,
        min_support: discovery.worse.search.min_support,
        worse: found(&discovery.worse, Sense::Worse),
        better: found(&discovery.better, Sense::Better),
    }
}

fn findings(job: &Job, found: &Found, sense: Sense, whole: &SliceCounts) -> Findings {
    let mut findings = Findings {
        levels: stats::search_levels(&found.search),
        slices: Vec::new(),
    };
    let mut pages = 0;
    for (slice, by_code) in found.slices.iter().zip(&found.search.slices) {
        let mut result = stats::discovered(by_code, &slice.predicates, &slice.table, sense, job.options.alpha);
        if result.confirmed {
            pages += 1;
            let word = match sense {
                Sense::Worse => "worse",
                Sense::Better => "better",
            };
            let slug = format!("{word}-{}", slug(pages, &slice.predicates));
            result.slice.detail = Some(stats::slice_detail(slug, &slice.table, whole));
        }
        findings.slices.push(result);
    }
    findings
}

/// The discovered slices that have a page.
pub(super) fn paged(discovered: &Discovered) -> Vec<PagedSlice> {
    let pages = |findings: &Findings, rows: fn(usize) -> SliceRows| -> Vec<PagedSlice> {
        let slices = findings.slices.iter().enumerate();
        let page = |(at, found): (usize, &crate::model::DiscoveredSlice)| {
            Some(PagedSlice {
                slug: found.slice.detail.as_ref()?.slug.clone(),
                rows: rows(at),
            })
        };
        slices.filter_map(page).collect()
    };
    [
        pages(&discovered.worse, SliceRows::Worse),
        pages(&discovered.better, SliceRows::Better),
    ]
    .concat()
}
