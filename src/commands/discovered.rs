//! From what the search found to the document.

use super::assemble::slug;
use crate::compare::{Compared, Discovery, Found, Job, PagedSlice, SliceRows};
use crate::model::slice::SliceDetail;
use crate::model::{Discovered, Findings};
use crate::stats::{self, Measures, Sense, SliceSums};

/// The document's part; confirmed slices get a page, with their full tables.
pub(super) fn discovered(job: &Job, compared: &Compared) -> Option<Discovered> {
    let discovery: &Discovery = compared.discovery.as_ref()?;
    let found = |found, sense| findings(job, compared, found, sense);
    Some(Discovered {
        columns: discovery.columns.clone(),
        left_out: discovery.left_out.clone(),
        halves: discovery.worse.search.halves,
        one_in: discovery.one_in,
        min_support: discovery.worse.search.min_support,
        worse: found(&discovery.worse, Sense::Worse),
        better: found(&discovery.better, Sense::Better),
    })
}

fn findings(job: &Job, compared: &Compared, found: &Found, sense: Sense) -> Findings {
    let mut findings = Findings {
        levels: stats::search_levels(&found.search),
        slices: Vec::new(),
    };
    let mut pages = 0;
    for (slice, by_code) in found.slices.iter().zip(&found.search.slices) {
        let mut result = stats::discovered(by_code, &slice.predicates, &slice.sums, sense, job.options.alpha);
        if result.confirmed {
            pages += 1;
            let word = match sense {
                Sense::Worse => "worse",
                Sense::Better => "better",
            };
            let slug = format!("{word}-{}", slug(pages, &slice.predicates));
            result.slice.detail = detail(job, compared, slug, &slice.sums);
        }
        findings.slices.push(result);
    }
    findings
}

/// What the page of a slice shows beside its numbers.
fn detail(job: &Job, compared: &Compared, slug: String, sums: &SliceSums) -> Option<SliceDetail> {
    match sums {
        SliceSums::Counts(table) => Some(stats::slice_detail(slug, table, &compared.counts.table.summary())),
        SliceSums::Measured(inside) => {
            let whole = compared.measured.as_ref().map(|measured| &measured.whole);
            let whole = whole.and_then(Measures::headline)?;
            Some(stats::measured_slice_detail(slug, inside, whole, job.options.alpha))
        }
    }
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
