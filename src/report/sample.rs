//! Samples: what both versions said, side by side.

use super::cut::Cut;
use super::format::{Unit, count, milliseconds, number};
use super::links::{self, PER_PAGE};
use super::media::{self, MediaView};
use super::parts::{Chrome, Fact, Link, Owner};
use super::payload::{self, PayloadView};
use super::{samples, words};
use crate::model::samples::Answer;
use crate::model::{Kind, Sample, SampleList, SampleSet};
use serde::Serialize;
use std::collections::BTreeMap;

/// A page of samples, of which a browser shows the one that the address names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SamplePage {
    /// What surrounds the page.
    pub page: Chrome,
}

/// The head of a column of answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionHead {
    /// `Baseline`, `Candidate`, or nothing where there is one version only.
    pub role: &'static str,
    /// The version.
    pub name: String,
}

/// One sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleView {
    /// Its anchor.
    pub anchor: String,
    /// The key by column.
    pub key: Vec<Fact>,
    /// The same as one text.
    pub label: String,
    /// Outcome or accounting class.
    pub outcome: String,
    /// `better`, `worse` or `noise`.
    pub class: &'static str,
    /// What the answers are.
    pub caption: &'static str,
    /// The versions, as columns.
    pub versions: Vec<VersionHead>,
    /// What their rows say.
    pub fields: Vec<FieldRow>,
    /// Inputs and outputs.
    pub payload: Vec<PayloadView>,
    /// Images and sounds.
    pub media: Vec<MediaView>,
    /// Columns kept out.
    pub hidden: Vec<String>,
    /// Slice columns.
    pub slices: Vec<FieldValue>,
    /// The sample before it in its first list.
    pub prev: Option<String>,
    /// The sample after it.
    pub next: Option<String>,
    /// Its place in that list.
    pub place: Option<Link>,
}

/// One field of both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldRow {
    /// Its name.
    pub name: String,
    /// What the first version says, a dash for nothing.
    pub first: String,
    /// What the second version says, where there are two.
    pub second: Option<String>,
    /// Whether they differ.
    pub differs: bool,
}

/// A slice column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldValue {
    /// Its name.
    pub name: String,
    /// Its value; absent where it is null.
    pub value: Option<String>,
}

/// Where each sample stands: its first list, and its place there.
pub fn places(samples: &SampleSet) -> BTreeMap<&str, (&SampleList, usize)> {
    let mut places = BTreeMap::new();
    for list in samples.lists.iter().filter(|list| list.total > 0) {
        for (i, id) in list.ids.iter().enumerate() {
            places.entry(id.as_str()).or_insert((list, i));
        }
    }
    places
}

/// What surrounds some samples.
pub fn sample_page(some: &[&Sample], owner: &Owner) -> SamplePage {
    let title = match some {
        [only] => samples::key(only),
        several => format!("{} samples", several.len()),
    };
    SamplePage {
        page: Chrome {
            media: some.iter().any(|sample| media::has_files(sample)),
            ..owner.below(&title, Vec::new())
        },
    }
}

/// A sample and where it stands, its texts cut.
pub fn sample_view(
    samples: &SampleSet,
    sample: &Sample,
    owner: &Owner,
    place: Option<(&SampleList, usize)>,
    title: &str,
    cut: Cut,
) -> SampleView {
    let single = owner.candidate.is_none();
    let neighbour = |at: Option<usize>| {
        let id = place.and_then(|(list, _)| list.ids.get(at?))?;
        samples
            .samples
            .contains_key(id)
            .then(|| format!("../{}", links::sample(id)))
    };
    let at = place.map(|(_, at)| at);
    let column = |(i, value): (usize, &String)| Fact {
        name: owner
            .key
            .get(i)
            .map_or_else(|| "key".to_owned(), |name| words::visible(name)),
        value: cut.text(value),
    };
    let slice = |(name, value): &(String, Option<String>)| FieldValue {
        name: words::visible(name),
        value: value.as_deref().map(|value| cut.text(value)),
    };
    let key: Vec<Fact> = sample.key.iter().enumerate().map(column).collect();
    let label: Vec<&str> = key.iter().map(|part| part.value.as_str()).collect();
    SampleView {
        anchor: links::anchor(&sample.id),
        label: label.join(", "),
        key,
        outcome: if single {
            words::own_list_title(&sample.outcome)
        } else {
            words::list_title(&sample.outcome)
        },
        class: match sample.outcome.as_str() {
            "regressed" => "worse",
            "fixed" => "better",
            "both_wrong" if single => "worse",
            "both_correct" if single => "better",
            _ => "noise",
        },
        caption: if single {
            "What the version said"
        } else {
            "What both versions said"
        },
        versions: versions(owner),
        fields: fields(samples, sample, single, owner.kind, cut),
        payload: payloads(samples, sample, single, owner.kind, cut),
        media: media::media(samples, sample, single),
        hidden: super::parts::hidden(samples),
        slices: sample.slices.iter().map(slice).collect(),
        prev: neighbour(at.and_then(|at| at.checked_sub(1))),
        next: neighbour(at.map(|at| at + 1)),
        place: place.map(|(list, at)| Link {
            text: format!("{title}: {} of {}", at + 1, list.ids.len()),
            href: format!(
                "../{}#{}",
                links::list(&list.id, at / PER_PAGE + 1),
                links::anchor(&sample.id)
            ),
        }),
    }
}

/// A field's name, whether it stands there although neither version says anything, and what a version says.
type Field<'a> = (String, bool, Box<dyn Fn(&Answer) -> Option<String> + 'a>);

fn field<'a>(name: &str, always: bool, get: impl Fn(&Answer) -> Option<String> + 'a) -> Field<'a> {
    (name.to_owned(), always, Box::new(get))
}

fn fields(samples: &SampleSet, sample: &Sample, single: bool, kind: Kind, cut: Cut) -> Vec<FieldRow> {
    let only = sample.candidate.as_ref().or(sample.baseline.as_ref());
    let (a, b) = if single {
        (only, only)
    } else {
        (sample.baseline.as_ref(), sample.candidate.as_ref())
    };
    let right = |answer: &Answer| {
        let (truth, prediction) = (answer.truth.as_ref()?, answer.prediction.as_ref()?);
        Some(if truth == prediction { "right" } else { "wrong" }.to_owned())
    };
    let text = |text: &Option<String>| text.as_deref().map(words::shown);
    let mut all: Vec<Field<'_>> = match kind {
        // Texts stand below, with the words marked that differ.
        Kind::Text => Vec::new(),
        _ => vec![
            field("Ground truth", true, |answer| text(&answer.truth)),
            field("Prediction", true, |answer| text(&answer.prediction)),
        ],
    };
    match kind {
        Kind::Classification | Kind::Binary => all.push(field("Judged", false, right)),
        Kind::Numeric => all.push(field("Absolute error", false, absolute_error)),
        Kind::Text => {}
    }
    all.push(field("Trials", false, |answer| {
        let trials = answer.trials?;
        Some(format!("{} of {} right", count(trials.right), count(trials.answered)))
    }));
    for (i, name) in samples.scores.iter().enumerate() {
        let score = move |answer: &Answer| {
            answer
                .scores
                .get(i)
                .copied()
                .flatten()
                .map(|score| Unit::Measured.value(Some(score)))
        };
        all.push(field(&words::visible(name), true, score));
    }
    let confidence = |answer: &Answer| answer.confidence.filter(|c| c.is_finite()).map(|c| number(c, 4));
    let latency = |answer: &Answer| {
        let latency = answer.latency_ms.filter(|l| l.is_finite());
        latency.map(|l| milliseconds(Some(l)))
    };
    all.extend([
        field("Confidence", false, confidence),
        field("Status", false, |answer| text(&answer.status)),
        field("Error", false, |answer| text(&answer.error)),
        field("Latency", false, latency),
    ]);
    let rows = all.into_iter().filter_map(|(name, always, get)| {
        let (baseline, candidate) = (a.and_then(&get), b.and_then(&get));
        if !always && baseline.is_none() && candidate.is_none() {
            return None;
        }
        let differs = baseline != candidate;
        let cell = |text: Option<String>| text.map_or_else(|| "–".to_owned(), |text| cut.text(&text));
        Some(FieldRow {
            name,
            first: cell(baseline),
            second: (!single).then(|| cell(candidate)),
            differs,
        })
    });
    rows.collect()
}

fn absolute_error(answer: &Answer) -> Option<String> {
    let read = |text: &Option<String>| text.as_ref()?.parse::<f64>().ok();
    let error = read(&answer.prediction)? - read(&answer.truth)?;
    error.is_finite().then(|| Unit::Measured.size(Some(error)))
}

fn versions(owner: &Owner) -> Vec<VersionHead> {
    let head = |role, name: &String| VersionHead {
        role,
        name: name.clone(),
    };
    match &owner.candidate {
        Some(candidate) => vec![head("Baseline", &owner.baseline), head("Candidate", candidate)],
        None => vec![head("", &owner.baseline)],
    }
}

fn payloads(samples: &SampleSet, sample: &Sample, single: bool, kind: Kind, cut: Cut) -> Vec<PayloadView> {
    let text = |answer: &Option<Answer>, i: usize| answer.as_ref().and_then(|a| a.payload.get(i).cloned().flatten());
    let one_sided = sample.baseline.is_none() || sample.candidate.is_none();
    let column = |(i, column): (usize, &String)| {
        let (a, b) = (text(&sample.baseline, i), text(&sample.candidate, i));
        if single || one_sided {
            payload::single(column, b.or(a).as_deref(), cut)
        } else {
            payload::payload(column, a.as_deref(), b.as_deref(), cut)
        }
    };
    let mut all = match kind {
        Kind::Text => outputs(sample, single || one_sided, cut),
        _ => Vec::new(),
    };
    all.extend(samples.columns.iter().enumerate().filter_map(column));
    all
}

/// The outputs against each other, and each against the reference.
fn outputs(sample: &Sample, single: bool, cut: Cut) -> Vec<PayloadView> {
    let (baseline, candidate) = (sample.baseline.as_ref(), sample.candidate.as_ref());
    let output = |answer: Option<&Answer>| answer.and_then(|answer| answer.prediction.clone());
    let reference = [candidate, baseline]
        .into_iter()
        .flatten()
        .find_map(|answer| answer.truth.as_deref());
    let (a, b) = (output(baseline), output(candidate));
    let (a, b) = (a.as_deref(), b.as_deref());
    let against = |title, side, text: Option<&str>| {
        let texts = reference.zip(text);
        texts.and_then(|(reference, text)| {
            payload::compare(title, ("Reference", Some(reference)), (side, Some(text)), cut)
        })
    };
    let views = if single {
        vec![
            payload::single("Output", b.or(a), cut),
            against("Output against the reference", "Output", b.or(a)),
        ]
    } else if a == b {
        vec![
            payload::single("Output of both versions", a, cut),
            against("Output against the reference", "Output", a),
        ]
    } else {
        vec![
            payload::payload("Output", a, b, cut),
            against("Baseline against the reference", "Baseline", a),
            against("Candidate against the reference", "Candidate", b),
        ]
    };
    views.into_iter().flatten().collect()
}
