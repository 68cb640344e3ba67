//! Lists of samples, a page at a time.

use super::format::{Unit, count, counted, number};
use super::links::{self, PER_PAGE};
use super::lists::ListHead;
use super::parts::{Chrome, Owner};
use super::{media, words};
use crate::model::samples::Answer;
use crate::model::{Kind, Sample, SampleList, SampleSet};
use serde::Serialize;

/// Characters of the first payload column that a row shows.
const PREVIEW: usize = 140;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListPage {
    /// What surrounds the page.
    pub page: Chrome,
    /// Title of the list.
    pub title: String,
    /// Which samples the page shows, and how they were chosen.
    pub note: String,
    /// The query for the samples that the list leaves out.
    pub query: Option<String>,
    /// Whether only one version is shown.
    pub single: bool,
    /// Whether any sample has a start to show.
    pub previewed: bool,
    /// The samples.
    pub rows: Vec<SampleRow>,
    /// The pages before and after this one.
    pub moves: Moves,
    /// The pages of the list, where there are several.
    pub pages: Vec<PageLink>,
}

/// Where the keys lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Moves {
    /// Back.
    pub prev: Option<String>,
    /// On.
    pub next: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageLink {
    /// Its number.
    pub text: String,
    /// Its address.
    pub href: String,
    /// Whether it is this one.
    pub current: bool,
}

/// One sample in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleRow {
    /// Its key.
    pub key: String,
    /// Its page.
    pub href: String,
    /// Whether only one version is shown.
    pub single: bool,
    /// Its anchor in the list.
    pub anchor: String,
    /// Ground truth.
    pub truth: Option<String>,
    /// The baseline's answer.
    pub baseline: Option<AnswerView>,
    /// The candidate's answer.
    pub candidate: Option<AnswerView>,
    /// The start of its first payload column, or what its first image or sound is.
    pub preview: Option<String>,
    /// Whether any row of the table has such a start, and the table a column of them.
    pub previewed: bool,
}

/// An answer in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnswerView {
    /// The prediction, or why there is none.
    pub text: String,
    /// Whether the text is a prediction.
    pub data: bool,
    /// Its first score, or its confidence.
    pub confidence: Option<String>,
    /// `right` or `wrong`; nothing where it cannot be told.
    pub mark: Option<&'static str>,
}

/// A page of a list; the first one is 1.
pub fn list_page(samples: &SampleSet, list: &SampleList, owner: &Owner, head: &ListHead, page: usize) -> ListPage {
    let title = &head.title;
    let last = links::pages(list.ids.len());
    let start = (page - 1) * PER_PAGE;
    let ids: &[String] = list.ids.get(start..).unwrap_or_default();
    let single = owner.candidate.is_none();
    let rows = rows(samples, ids, PER_PAGE, single, owner.kind);
    let kept = list.ids.len() as u64;
    let which = if kept < list.total {
        format!(
            "{} of {} kept",
            counted(kept, "sample is", "samples are"),
            count(list.total)
        )
    } else {
        counted(list.total, "sample", "samples")
    };
    let place = if last > 1 {
        format!(", page {page} of {last}")
    } else {
        String::new()
    };
    let tab = if last > 1 {
        format!("{title}, page {page}")
    } else {
        title.clone()
    };
    let href = |page| format!("../{}", links::list(&list.id, page));
    let pages = (1..=last).map(|i| PageLink {
        text: i.to_string(),
        href: href(i),
        current: i == page,
    });
    ListPage {
        page: owner.below(&tab, Vec::new()),
        title: title.clone(),
        query: head.query.clone().filter(|_| kept < list.total),
        note: format!("{which}{place}. Order: {}.", words::visible(&list.order)),
        single,
        previewed: rows.iter().any(|row| row.previewed),
        rows,
        moves: Moves {
            prev: (page > 1).then(|| page - 1).map(href),
            next: (page < last).then(|| page + 1).map(href),
        },
        pages: if last > 1 { pages.collect() } else { Vec::new() },
    }
}

/// Rows of the first samples of a list.
pub fn rows(samples: &SampleSet, ids: &[String], most: usize, single: bool, kind: Kind) -> Vec<SampleRow> {
    let known = ids.iter().take(most).filter_map(|id| samples.samples.get(id));
    let mut rows: Vec<SampleRow> = known.map(|sample| row(sample, single, kind)).collect();
    let any = rows.iter().any(|row| row.preview.is_some());
    rows.iter_mut().for_each(|row| row.previewed = any);
    rows
}

fn row(sample: &Sample, single: bool, kind: Kind) -> SampleRow {
    let answer = |of: &Answer| answer(of, kind);
    let sides = [sample.candidate.as_ref(), sample.baseline.as_ref()];
    let truth = sides.into_iter().flatten().find_map(|answer| answer.truth.as_deref());
    let text = sides
        .into_iter()
        .flatten()
        .find_map(|answer| answer.payload.iter().flatten().next());
    SampleRow {
        key: key(sample),
        href: format!("../{}", links::sample(&sample.id)),
        anchor: links::anchor(&sample.id),
        truth: truth.map(|truth| label(truth, kind)),
        single,
        baseline: sample.baseline.as_ref().filter(|_| !single).map(answer),
        candidate: if single {
            sides.into_iter().flatten().next()
        } else {
            sample.candidate.as_ref()
        }
        .map(answer),
        previewed: false,
        preview: text.map(|text| preview(text)).or_else(|| media::preview(sample)),
    }
}

/// A label in full, of a text the beginning.
fn label(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Text if !text.is_empty() => preview(text),
        _ => words::brief(text),
    }
}

fn answer(answer: &Answer, kind: Kind) -> AnswerView {
    let mark =
        answer.truth.as_ref().zip(answer.prediction.as_ref()).map(
            |(truth, prediction)| {
                if truth == prediction { "right" } else { "wrong" }
            },
        );
    let (text, data) = match (&answer.prediction, answer.status.as_deref()) {
        (_, Some(status)) if status != "ok" => (words::visible(status), false),
        (Some(prediction), _) => (label(prediction, kind), true),
        (None, _) if answer.scores.iter().any(Option::is_some) => ("empty".to_owned(), false),
        (None, _) => ("no prediction".to_owned(), false),
    };
    AnswerView {
        text,
        data,
        confidence: match answer.scores.first() {
            Some(score) => score
                .filter(|score| score.is_finite())
                .map(|score| Unit::Measured.value(Some(score))),
            None => answer.confidence.filter(|c| c.is_finite()).map(|c| number(c, 2)),
        },
        mark: mark.filter(|_| data && kind.has_labels()),
    }
}

/// The key of a sample as one text.
pub fn key(sample: &Sample) -> String {
    sample
        .key
        .iter()
        .map(|part| words::brief(part))
        .collect::<Vec<_>>()
        .join(" / ")
}

fn preview(text: &str) -> String {
    let mut short: String = words::visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = short.char_indices().nth(PREVIEW) {
        short.truncate(end);
        short.push('…');
    }
    short
}
