//! The page of one slice.

use super::bars::{Axis, Bar};
use super::classes::{self, ClassTable};
use super::format::{NONE, Unit, count, counted, level, number, p_value, round_percent, share_of, signed_count};
use super::matrix::{self, Matrices};
use super::measure::Measure;
use super::parts::{Chrome, Owner};
use super::samples::{self, Moves, SampleRow};
use super::slices::badge;
use super::words::{self, Badge, PredicateView, predicate_views};
use super::{discovered, links};
use crate::model::discovered::{DiscoveredSlice, HalfResult};
use crate::model::slice::{Overlap, SliceDetail};
use crate::model::{Comparison, Origin, SampleSet, SliceResult, Verdict};
use crate::stats::POWER;
use serde::Serialize;

/// Samples that the page itself shows.
const FIRST: usize = 10;

/// The page of one slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlicePage {
    /// What surrounds the page.
    pub page: Chrome,
    /// What defines the slice.
    pub predicates: Vec<PredicateView>,
    /// The answer.
    pub badge: Badge,
    /// The evidence in one sentence.
    pub sentence: String,
    /// The interval drawn.
    pub bar: Option<Bar>,
    /// The evidence.
    pub evidence: Vec<Evidence>,
    /// Whether answers are right or wrong, so that there are labels to show.
    pub labelled: bool,
    /// What is compared with the rest.
    pub contrast_caption: String,
    /// Which samples are listed: `regressed`, or `fixed` where a discovered slice got better.
    pub listed: &'static str,
    /// The pages of the slices before and after this one.
    pub moves: Moves,
    /// Other slices in which its regressed samples lie.
    pub overlaps: Vec<OverlapRow>,
    /// Both halves of a discovered slice, where it was found and where it was tested.
    pub halves: Vec<HalfRow>,
    /// The slice, the rest and the whole.
    pub contrast: Vec<ContrastRow>,
    /// Confusion matrices.
    pub confusion: Matrices,
    /// Scores per label.
    pub classes: ClassTable,
    /// Whether any of the first samples has a start to show.
    pub previewed: bool,
    /// The first samples listed.
    pub samples: Vec<SampleRow>,
    /// All of them.
    pub list: Option<String>,
    /// How many there are.
    pub changed: String,
}

/// A number and the word that explains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its anchor on the page of definitions; empty where it needs none.
    pub anchor: &'static str,
}

/// Another slice with samples of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverlapRow {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Its page.
    pub href: String,
    /// Regressed samples in both.
    pub regressed: String,
    /// Of the regressed samples of this slice.
    pub share: String,
}

/// A discovered slice in one half of the samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HalfRow {
    /// Which half.
    pub name: &'static str,
    /// Its samples.
    pub n: String,
    /// Right, now wrong.
    pub regressed: String,
    /// Wrong, now right.
    pub fixed: String,
    /// The difference.
    pub delta: String,
    /// Its interval.
    pub interval: String,
}

/// Accuracy in one part of the samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContrastRow {
    /// Which part.
    pub name: &'static str,
    /// Its samples.
    pub n: String,
    /// Baseline accuracy.
    pub baseline: String,
    /// Candidate accuracy.
    pub candidate: String,
    /// The difference.
    pub delta: String,
}

/// The page of a slice; none where the slice has no details.
pub fn slice_page(
    comparison: &Comparison,
    slice: &SliceResult,
    samples: &SampleSet,
    owner: &Owner,
) -> Option<SlicePage> {
    let detail = slice.detail.as_ref()?;
    let title = words::predicates(&slice.predicates);
    let axis = Axis::around_zero([slice.ci_low, slice.ci_high, detail.rest_delta].iter());
    let badge = badge(slice, comparison.options.alpha);
    let measure = Measure::of(&comparison.roles);
    let unit = measure.unit;
    let id = format!("slice:{}", detail.slug);
    let list = samples.lists.iter().find(|list| list.id == id && list.total > 0);
    let better = slice.origin == Origin::Discovered && slice.verdict == Verdict::Improved;
    let (listed, changed) = if better {
        ("fixed", slice.fixed)
    } else {
        ("regressed", slice.regressed)
    };
    let rows = list
        .map(|list| samples::rows(samples, &list.ids, FIRST, false, measure.kind))
        .unwrap_or_default();
    Some(SlicePage {
        page: owner.below(&title, Vec::new()),
        predicates: predicate_views(&slice.predicates),
        sentence: sentence(comparison, &measure, slice, detail),
        labelled: measure.kind.has_labels(),
        contrast_caption: format!("{} inside and outside the slice", measure.title),
        listed,
        moves: moves(comparison, &detail.slug),
        overlaps: overlaps(comparison, slice, detail),
        halves: Vec::new(),
        bar: axis.bar(slice.ci_low, slice.delta, slice.ci_high, badge.class),
        badge,
        evidence: evidence(comparison, &measure, slice),
        contrast: vec![
            contrast(
                "This slice",
                slice.n,
                unit,
                [slice.baseline, slice.candidate, slice.delta],
            ),
            contrast(
                "All other samples",
                detail.rest_n,
                unit,
                [detail.rest_baseline, detail.rest_candidate, detail.rest_delta],
            ),
        ],
        confusion: matrix::of_pair(&detail.confusion, None),
        classes: classes::of_pair(&detail.classes),
        previewed: rows.iter().any(|row| row.previewed),
        samples: rows,
        list: list.map(|list| format!("../{}", links::list(&list.id, 1))),
        changed: counted(changed, "sample", "samples"),
    })
}

/// The page of a slice that a search found; none where it was not confirmed.
pub fn discovered_page(
    comparison: &Comparison,
    found: &DiscoveredSlice,
    samples: &SampleSet,
    owner: &Owner,
) -> Option<SlicePage> {
    let alpha = comparison.options.alpha;
    let measure = Measure::of(&comparison.roles);
    let unit = measure.unit;
    let confirming = &found.confirming;
    let badge = discovered::badge(found, alpha);
    let axis = Axis::around_zero([confirming.ci_low, confirming.ci_high].iter());
    let row = |name, half: &HalfResult| HalfRow {
        name,
        n: count(half.n),
        regressed: count(half.regressed),
        fixed: count(half.fixed),
        delta: unit.delta(half.delta),
        interval: unit.delta_interval(half.ci_low, half.ci_high),
    };
    Some(SlicePage {
        sentence: format!(
            "A search found this slice on one half of the samples. On the other half, which it had not seen: {} \
             ({} interval {}, q {}).",
            discovered::numbers(found, unit),
            level(alpha),
            unit.delta_interval(confirming.ci_low, confirming.ci_high),
            p_value(Some(found.q_value), NONE),
        ),
        bar: axis.bar(confirming.ci_low, confirming.delta, confirming.ci_high, badge.class),
        badge,
        evidence: vec![
            told(
                "term-p-value",
                "p-value (the larger of two)",
                p_value(Some(found.p_value), NONE),
            ),
            told(
                "term-q-value",
                "q-value over the slices found",
                p_value(Some(found.q_value), NONE),
            ),
            told(
                "term-minimum-effect",
                "Minimum effect",
                unit.size(Some(comparison.options.min_effect_slice)),
            ),
            told("searching", "Score (SliceLine)", number(found.score, 2)),
            told("searching", "Further slices that it explains", count(found.explains)),
            told(churn_term(&measure), churned(&measure), count(found.slice.churned)),
        ],
        halves: vec![
            row("Where it was found; the choice flatters it", &found.exploring),
            row("Where it was tested", confirming),
        ],
        ..slice_page(comparison, &found.slice, samples, owner)?
    })
}

fn told(anchor: &'static str, name: &str, value: impl Into<String>) -> Evidence {
    Evidence {
        name: name.to_owned(),
        value: value.into(),
        anchor,
    }
}

/// Every slice with a page: those declared by harm, then those found.
fn paged(comparison: &Comparison) -> impl Iterator<Item = (&SliceResult, &str)> {
    let found = discovered::confirmed(comparison).map(|found| &found.slice);
    let slices = comparison.slices.iter().chain(found);
    slices.filter_map(|slice| Some((slice, slice.detail.as_ref()?.slug.as_str())))
}

fn moves(comparison: &Comparison, slug: &str) -> Moves {
    let slugs: Vec<&str> = paged(comparison).map(|(_, slug)| slug).collect();
    let at = slugs.iter().position(|other| *other == slug);
    let place = |at: usize| slugs.get(at).map(|slug| format!("../{}", links::slice(slug)));
    Moves {
        prev: at.and_then(|at| at.checked_sub(1)).and_then(place),
        next: at.and_then(|at| place(at + 1)),
    }
}

fn overlaps(comparison: &Comparison, slice: &SliceResult, detail: &SliceDetail) -> Vec<OverlapRow> {
    let row = |overlap: &Overlap| {
        let (other, slug) = paged(comparison).find(|(_, slug)| *slug == overlap.slug)?;
        // A search may find a slice that was declared as well.
        if other.predicates == slice.predicates {
            return None;
        }
        Some(OverlapRow {
            predicates: predicate_views(&other.predicates),
            href: format!("../{}", links::slice(slug)),
            regressed: count(overlap.regressed),
            share: share_of(overlap.regressed, slice.regressed),
        })
    };
    detail.overlaps.iter().filter_map(row).collect()
}

/// "3 of 57": where the slice stands among all declared and crossed ones.
fn place_by_harm(comparison: &Comparison, slice: &SliceResult) -> Option<String> {
    let at = comparison
        .slices
        .iter()
        .position(|other| other.predicates == slice.predicates)?;
    let all = count(comparison.slices.len() as u64);
    (slice.origin != Origin::Discovered).then(|| format!("{} of {all}", count(at as u64 + 1)))
}

/// The smallest change that would be found, or why there is none.
fn detectable(measure: &Measure, slice: &SliceResult) -> String {
    match slice.detectable {
        None if slice.churned > 0 && slice.verdict == Verdict::Inconclusive => {
            "none, the samples are too few".to_owned()
        }
        least => measure.unit.size(least),
    }
}

fn contrast(name: &'static str, n: u64, unit: Unit, [baseline, candidate, delta]: [Option<f64>; 3]) -> ContrastRow {
    let [baseline, candidate] = unit.values(baseline, candidate);
    ContrastRow {
        name,
        n: count(n),
        baseline,
        candidate,
        delta: unit.delta(delta),
    }
}

/// What differs in a sample that is counted as changed.
fn churned(measure: &Measure) -> &'static str {
    match measure.kind.has_labels() {
        true => "Answers that changed",
        false => "Samples that changed at all",
    }
}

/// Where the method page explains that.
fn churn_term(measure: &Measure) -> &'static str {
    match measure.kind.has_labels() {
        true => "metric-churn",
        false => "",
    }
}

fn sentence(comparison: &Comparison, measure: &Measure, slice: &SliceResult, detail: &SliceDetail) -> String {
    let unit = measure.unit;
    let verb = |delta: Option<f64>| match delta {
        Some(delta) if delta < 0.0 => format!("fell {}", unit.size(Some(delta))),
        Some(delta) if delta > 0.0 => format!("rose {}", unit.size(Some(delta))),
        Some(_) => "did not change".to_owned(),
        None => "is unknown".to_owned(),
    };
    format!(
        "{} {} on {} ({} interval {}); on all other samples it {}.",
        measure.title,
        verb(slice.delta),
        counted(slice.n, "sample", "samples"),
        level(comparison.options.alpha),
        unit.delta_interval(slice.ci_low, slice.ci_high),
        verb(detail.rest_delta),
    )
}

fn evidence(comparison: &Comparison, measure: &Measure, slice: &SliceResult) -> Vec<Evidence> {
    let (unit, labelled) = (measure.unit, measure.kind.has_labels());
    let [baseline, candidate] = unit.values(slice.baseline, slice.candidate);
    let origin = match slice.origin {
        Origin::Declared => "one value of a declared slice column",
        Origin::Crossed => "a pair of values of two slice columns",
        Origin::Discovered => "found by a search",
    };
    vec![
        told("term-matched", "Matched samples", count(slice.n)),
        told("term-versions", &format!("Baseline {}", measure.lower()), baseline),
        told("term-versions", &format!("Candidate {}", measure.lower()), candidate),
        told("term-difference", "Difference", unit.delta(slice.delta)),
        told(
            "term-interval",
            &format!("{} interval", level(comparison.options.alpha)),
            format!(
                "{}{}",
                unit.delta_interval(slice.ci_low, slice.ci_high),
                if labelled { " points" } else { "" }
            ),
        ),
        told(
            "term-p-value",
            match (comparison.clusters.is_some(), labelled) {
                (false, true) => "p-value (McNemar mid-p)",
                (false, false) => "p-value (Student, paired)",
                (true, true) => "p-value (McNemar over clusters)",
                (true, false) => "p-value (Student, over clusters)",
            },
            p_value(slice.p_value, "not tested"),
        ),
        told(
            "term-q-value",
            &format!(
                "q-value over {}",
                counted(comparison.slices_tested, "tested slice", "tested slices")
            ),
            p_value(slice.q_value, "not tested"),
        ),
        told("term-regressed", "Regressed", count(slice.regressed)),
        told("term-fixed", "Fixed", count(slice.fixed)),
        told("term-harm", "Harm (regressed minus fixed)", signed_count(slice.harm)),
        told(
            "term-harm",
            "Place among all slices, most harm first",
            place_by_harm(comparison, slice).unwrap_or_else(|| NONE.to_owned()),
        ),
        told(churn_term(measure), churned(measure), count(slice.churned)),
        told(
            "term-detectable",
            &format!("Smallest change found with {} power", round_percent(POWER)),
            detectable(measure, slice),
        ),
        told(
            "term-minimum-effect",
            "Minimum effect",
            unit.size(Some(comparison.options.min_effect_slice)),
        ),
        told("term-slice", "How it was chosen", origin),
    ]
}
