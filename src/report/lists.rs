//! Every list of samples on one page, and the query for what a list leaves out.

use super::format::count;
use super::parts::{Chrome, Link, Owner};
use super::{discovered, links, sql, words};
use crate::model::{Comparison, Predicate, SampleList, SampleSet, Verdict};
use serde::Serialize;

/// What a list is called, and where the samples are that it leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ListHead {
    /// Its title.
    pub title: String,
    /// A query of DuckDB, run in the report's folder, that gives all of its samples.
    pub query: Option<String>,
}

/// The page of all lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListsPage {
    /// What surrounds the page.
    pub page: Chrome,
    /// The lists by what they stand for.
    pub groups: Vec<Group>,
    /// A query for the confusions of all flips, those without a list included.
    pub flips: Option<String>,
}

/// Lists that stand for the same kind of thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// What they stand for.
    pub title: &'static str,
    /// The lists.
    pub rows: Vec<ListRow>,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListRow {
    /// Its first page.
    pub link: Link,
    /// Its samples.
    pub total: String,
    /// Those that the report shows.
    pub shown: String,
}

/// The page of all lists that are not empty.
pub fn lists_page(
    samples: &SampleSet,
    owner: &Owner,
    head: impl Fn(&SampleList) -> ListHead,
    flips: Option<String>,
) -> ListsPage {
    let row = |list: &SampleList| ListRow {
        link: Link {
            text: head(list).title,
            href: links::list(&list.id, 1),
        },
        total: count(list.total),
        shown: count(list.ids.len() as u64),
    };
    let group = |title, belongs: fn(&SampleList) -> bool| Group {
        title,
        rows: samples
            .lists
            .iter()
            .filter(|list| list.total > 0 && belongs(list))
            .map(row)
            .collect(),
    };
    let groups = [
        group("By outcome", |list| !list.id.contains(':')),
        group(
            "By ground truth and answers: the combinations with the most flips",
            |list| list.cell.is_some(),
        ),
        group("By slice", |list| list.id.starts_with("slice:")),
    ];
    ListsPage {
        page: owner.beside("Sample lists"),
        groups: groups.into_iter().filter(|group| !group.rows.is_empty()).collect(),
        flips,
    }
}

/// What a list of a comparison is called, and the query for all of its samples.
pub fn head(comparison: &Comparison, list: &SampleList) -> ListHead {
    let conditions = conditions(comparison, list);
    let order = if comparison.roles.kind().has_labels() && comparison.roles.confidence.is_some() {
        "candidate_confidence DESC NULLS LAST, sample_id"
    } else {
        "sample_id"
    };
    ListHead {
        title: title(comparison, list),
        query: conditions.map(|conditions| {
            format!(
                "SELECT * FROM 'data/flips.parquet'\nWHERE {}\nORDER BY {order};",
                conditions.join("\n  AND ")
            )
        }),
    }
}

/// How often which truth was answered how, over all flips; `None` where answers are measured.
pub fn flips_query(comparison: &Comparison) -> Option<String> {
    comparison.roles.kind().has_labels().then(|| {
        "SELECT ground_truth, baseline_prediction, candidate_prediction, count(*) AS samples\n\
         FROM 'data/flips.parquet'\nGROUP BY ALL\nORDER BY samples DESC;"
            .to_owned()
    })
}

fn title(comparison: &Comparison, list: &SampleList) -> String {
    if let Some(cell) = &list.cell {
        let [truth, before, now] = [&cell.truth, &cell.baseline, &cell.candidate].map(|label| words::brief(label));
        return format!("Truth {truth}: {before} before, {now} now");
    }
    let found = match list.id.strip_prefix("slice:") {
        Some(slug) if discovered::with_slug(comparison, slug).is_some() => ", found by search",
        _ => "",
    };
    match slice(comparison, list) {
        Some((what, predicates)) => format!(
            "{} where {}{found}",
            words::list_title(what),
            words::predicates(predicates)
        ),
        None => words::list_title(&list.id),
    }
}

/// The outcome of a slice's list, and what defines the slice.
fn slice<'a>(comparison: &'a Comparison, list: &SampleList) -> Option<(&'static str, &'a [Predicate])> {
    let slug = list.id.strip_prefix("slice:")?;
    if let Some(found) = discovered::with_slug(comparison, slug) {
        let better = found.verdict == Verdict::Improved;
        return Some((if better { "fixed" } else { "regressed" }, &found.predicates));
    }
    let has_slug = |slice: &&crate::model::SliceResult| slice.detail.as_ref().is_some_and(|detail| detail.slug == slug);
    let slice = comparison.slices.iter().find(has_slug)?;
    Some(("regressed", &slice.predicates))
}

/// What tells the samples of a list among the flips; `None` where the file cannot tell.
fn conditions(comparison: &Comparison, list: &SampleList) -> Option<Vec<String>> {
    let outcome = |name: &str| format!("outcome = {}", sql::text(name));
    let is = |column: &str, value: &str| format!("{} = {}", sql::name(column), sql::text(value));
    if let Some(cell) = &list.cell {
        return Some(vec![
            is("ground_truth", &cell.truth),
            is("baseline_prediction", &cell.baseline),
            is("candidate_prediction", &cell.candidate),
        ]);
    }
    if matches!(list.id.as_str(), "regressed" | "fixed") {
        return Some(vec![outcome(&list.id)]);
    }
    let (what, predicates) = slice(comparison, list)?;
    let column = |predicate: &Predicate| {
        let kept = !comparison.options.hide.contains(&predicate.column);
        (kept && comparison.roles.slices.contains(&predicate.column) && !is_binned(comparison, predicate))
            .then(|| format!("slice.{}", predicate.column))
    };
    let condition = |predicate: &Predicate| {
        let column = column(predicate)?;
        Some(match &predicate.value {
            Some(value) => is(&column, value),
            None => format!("{} IS NULL", sql::name(&column)),
        })
    };
    let found: Option<Vec<String>> = predicates.iter().map(condition).collect();
    Some([vec![outcome(what)], found?].concat())
}

fn is_binned(comparison: &Comparison, predicate: &Predicate) -> bool {
    let columns = comparison.discovered.iter().flat_map(|found| &found.columns);
    columns
        .filter(|column| column.column == predicate.column)
        .any(|column| column.binned)
}
