//! The page of one slice.

use super::bars::{Axis, Bar};
use super::classes::{self, ClassTable};
use super::format::{
    NONE, Unit, count, counted, level, number, p_value, points, round_percent, signed_count, unsigned_points,
};
use super::matrix::{self, Matrices};
use super::measure::Measure;
use super::parts::{Chrome, Fact, Owner, fact};
use super::samples::{self, SampleRow};
use super::slices::badge;
use super::words::{self, Badge, PredicateView, predicate_views};
use super::{discovered, links};
use crate::model::discovered::{DiscoveredSlice, HalfResult};
use crate::model::slice::SliceDetail;
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
    pub evidence: Vec<Fact>,
    /// Whether answers are right or wrong, so that there are labels to show.
    pub labelled: bool,
    /// What is compared with the rest.
    pub contrast_caption: String,
    /// Which samples are listed: `regressed`, or `fixed` where a discovered slice got better.
    pub listed: &'static str,
    /// Both halves of a discovered slice, where it was found and where it was tested.
    pub halves: Vec<HalfRow>,
    /// The slice, the rest and the whole.
    pub contrast: Vec<ContrastRow>,
    /// Confusion matrices.
    pub confusion: Matrices,
    /// Scores per label.
    pub classes: ClassTable,
    /// The first samples listed.
    pub samples: Vec<SampleRow>,
    /// All of them.
    pub list: Option<String>,
    /// How many there are.
    pub changed: String,
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
    Some(SlicePage {
        page: owner.below(&title, Vec::new()),
        predicates: predicate_views(&slice.predicates),
        sentence: sentence(comparison, &measure, slice, detail),
        labelled: measure.kind.has_labels(),
        contrast_caption: format!("{} inside and outside the slice", measure.title),
        listed,
        halves: Vec::new(),
        bar: axis.bar(slice.ci_low, slice.delta, slice.ci_high, badge.class),
        badge,
        evidence: evidence(comparison, &measure, slice),
        contrast: vec![
            ContrastRow {
                name: "This slice",
                n: count(slice.n),
                baseline: unit.value(slice.baseline),
                candidate: unit.value(slice.candidate),
                delta: unit.delta(slice.delta),
            },
            ContrastRow {
                name: "All other samples",
                n: count(detail.rest_n),
                baseline: unit.value(detail.rest_baseline),
                candidate: unit.value(detail.rest_candidate),
                delta: unit.delta(detail.rest_delta),
            },
        ],
        confusion: matrix::of_pair(&detail.confusion, None),
        classes: classes::of_pair(&detail.classes),
        samples: list
            .map(|list| samples::rows(samples, &list.ids, FIRST, false, measure.kind))
            .unwrap_or_default(),
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
    let confirming = &found.confirming;
    let badge = discovered::badge(found, alpha);
    let axis = Axis::around_zero([confirming.ci_low, confirming.ci_high].iter());
    let row = |name, half: &HalfResult| HalfRow {
        name,
        n: count(half.n),
        regressed: count(half.regressed),
        fixed: count(half.fixed),
        delta: points(half.delta),
        interval: Unit::Share.delta_interval(half.ci_low, half.ci_high),
    };
    Some(SlicePage {
        sentence: format!(
            "A search found this slice on one half of the samples. On the other half, which it had not seen: {} \
             ({} interval {}, q {}).",
            discovered::numbers(found),
            level(alpha),
            Unit::Share.delta_interval(confirming.ci_low, confirming.ci_high),
            p_value(Some(found.q_value), NONE),
        ),
        bar: axis.bar(confirming.ci_low, confirming.delta, confirming.ci_high, badge.class),
        badge,
        evidence: vec![
            fact("p-value (the larger of two)", p_value(Some(found.p_value), NONE)),
            fact("q-value over the slices found", p_value(Some(found.q_value), NONE)),
            fact(
                "Minimum effect",
                unsigned_points(Some(comparison.options.min_effect_slice)),
            ),
            fact("Score (SliceLine)", number(found.score, 2)),
            fact("Further slices that it explains", count(found.explains)),
            fact("Answers that changed", count(found.slice.churned)),
        ],
        halves: vec![
            row("Where it was found; the choice flatters it", &found.exploring),
            row("Where it was tested", confirming),
        ],
        ..slice_page(comparison, &found.slice, samples, owner)?
    })
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

fn evidence(comparison: &Comparison, measure: &Measure, slice: &SliceResult) -> Vec<Fact> {
    let (unit, labelled) = (measure.unit, measure.kind.has_labels());
    let origin = match slice.origin {
        Origin::Declared => "one value of a declared slice column",
        Origin::Crossed => "a pair of values of two slice columns",
        Origin::Discovered => "found by a search",
    };
    vec![
        fact("Matched samples", count(slice.n)),
        fact(&format!("Baseline {}", measure.lower()), unit.value(slice.baseline)),
        fact(&format!("Candidate {}", measure.lower()), unit.value(slice.candidate)),
        fact("Difference", unit.delta(slice.delta)),
        fact(
            &format!("{} interval", level(comparison.options.alpha)),
            format!(
                "{}{}",
                unit.delta_interval(slice.ci_low, slice.ci_high),
                if labelled { " points" } else { "" }
            ),
        ),
        fact(
            match (comparison.clusters.is_some(), labelled) {
                (false, true) => "p-value (McNemar mid-p)",
                (false, false) => "p-value (Student, paired)",
                (true, true) => "p-value (McNemar over clusters)",
                (true, false) => "p-value (Student, over clusters)",
            },
            p_value(slice.p_value, "not tested"),
        ),
        fact(
            &format!(
                "q-value over {}",
                counted(comparison.slices_tested, "tested slice", "tested slices")
            ),
            p_value(slice.q_value, "not tested"),
        ),
        fact("Regressed", count(slice.regressed)),
        fact("Fixed", count(slice.fixed)),
        fact("Harm (regressed minus fixed)", signed_count(slice.harm)),
        fact(
            if labelled {
                "Answers that changed"
            } else {
                "Samples that changed at all"
            },
            count(slice.churned),
        ),
        fact(
            &format!("Smallest change found with {} power", round_percent(POWER)),
            unit.size(slice.detectable),
        ),
        fact("Minimum effect", unit.size(Some(comparison.options.min_effect_slice))),
        fact("How it was chosen", origin),
    ]
}
