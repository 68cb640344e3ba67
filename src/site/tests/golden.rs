//! Whole pages as committed files: golden/pages. A change of them is looked at in the diff.
//!
//! `UPDATE_GOLDEN=1 cargo test --lib site::tests::golden` takes the pages that templates and view models make now.

use super::*;
use std::path::Path;

#[test]
fn whole_pages_are_the_committed_ones() {
    let compared = render_diff(&comparison(), &samples(3)).unwrap();
    let sample = compared.iter().find(|page| page.path.starts_with("sample/")).unwrap();
    let single = render_run(&report(), &samples(3)).unwrap();
    let pages = [
        ("overview.html", find(&compared, "index.html")),
        ("slice.html", find(&compared, "slices/domain-0.html")),
        ("sample.html", sample),
        ("run.html", find(&single, "index.html")),
    ];
    let differ: Vec<&str> = pages
        .into_iter()
        .filter(|(name, page)| differs(name, &plain_assets(text(page), &compared)))
        .map(|(name, _)| name)
        .collect();
    assert!(
        differ.is_empty(),
        "{differ:?} of golden/pages differ. If that is meant, take them with UPDATE_GOLDEN=1 and look at the diff."
    );
}

fn find<'a>(pages: &'a [Page], path: &str) -> &'a Page {
    pages.iter().find(|page| page.path == path).unwrap()
}

/// Without the digests in the names of style and script, so that a change of these alone changes no page here.
fn plain_assets(html: &str, pages: &[Page]) -> String {
    let assets = pages.iter().filter(|page| page.path.starts_with("assets/"));
    assets.fold(html.to_owned(), |html, asset| {
        let extension = asset.path.rsplit('.').next().unwrap();
        html.replace(&asset.path, &format!("assets/report.{extension}"))
    })
}

fn differs(name: &str, html: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/pages").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, html).unwrap();
    }
    std::fs::read_to_string(&path).unwrap_or_default() != html
}
