//! The verdict in one sentence, made from the statistics.

use super::format::{Unit, count, counted, level, round_percent};
use super::links;
use super::measure::{Measure, lower};
use super::words::{self, PredicateView, metric_title, predicate_views};
use crate::model::{Comparison, Metric, NonInferiority, SliceResult, Verdict};
use crate::stats::POWER;
use serde::Serialize;

/// The sentence in its parts, so that each renderer can isolate and escape the data in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// `better`, `worse`, `noise` or `unknown`.
    pub class: &'static str,
    /// One word for the verdict.
    pub word: &'static str,
    /// The sentence up to the slice with the most harm.
    pub lead: String,
    /// The slice with the most harm among those that regressed.
    pub worst: Option<WorstSlice>,
}

/// The slice with the most harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorstSlice {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// The same as one text.
    #[serde(skip)]
    pub text: String,
    /// "-14.8 points on 2,812 samples".
    pub numbers: String,
    /// Its page, if it has one.
    pub href: Option<String>,
}

impl Headline {
    /// The whole sentence; `data` escapes what came from data.
    pub fn sentence(&self, data: impl Fn(&str) -> String) -> String {
        match &self.worst {
            Some(worst) => format!("{}; most harm: {}, {}.", self.lead, data(&worst.text), worst.numbers),
            None => format!("{}.", self.lead),
        }
    }
}

/// The metric that the verdict stands on.
pub fn headline_metric(comparison: &Comparison) -> Option<&Metric> {
    let accuracy = comparison.metrics.iter().find(|metric| metric.name == "accuracy");
    accuracy.or_else(|| comparison.metrics.iter().find(|metric| metric.verdict.is_some()))
}

/// Whether a loss of the margin that was asked for can be excluded, in a sentence; `None` where none was.
pub fn non_inferiority(comparison: &Comparison) -> Option<String> {
    let metric = headline_metric(comparison)?;
    let margin = Unit::of_metric(&metric.name).size(comparison.options.margin);
    let interval = Unit::of_metric(&metric.name).delta_interval(metric.ci_low, metric.ci_high);
    let interval = format!("{} interval {interval}", level(comparison.options.alpha));
    Some(match comparison.non_inferiority? {
        NonInferiority::Shown => format!("Not inferior: a loss of {margin} or more is excluded ({interval})."),
        NonInferiority::NotShown => {
            format!("Non-inferiority is not shown: a loss of {margin} or more cannot be excluded ({interval}).")
        }
        NonInferiority::NotComparable => {
            let why = why_untold(comparison);
            format!("Nothing tells whether a loss of {margin} can be excluded: {why}.")
        }
    })
}

/// Of a mean that never changed nobody knows by how much it would.
pub const UNCHANGED: &str = "no sample changed, so that no change has a size";

/// Why no interval of the headline is sure to hold.
pub fn why_untold(comparison: &Comparison) -> &'static str {
    let outcomes = &comparison.outcomes;
    let delta = headline_metric(comparison).and_then(|metric| metric.delta);
    match comparison.clusters {
        _ if outcomes.regressed + outcomes.fixed == 0 && delta == Some(0.0) => UNCHANGED,
        Some(_) => "clusters are too few, or too uneven",
        None => "the samples are too few",
    }
}

/// Slices that regressed, most harm first.
pub fn regressions(comparison: &Comparison) -> impl Iterator<Item = &SliceResult> {
    comparison
        .slices
        .iter()
        .filter(|slice| slice.verdict == Verdict::Regressed)
}

/// Says what the comparison found.
pub fn headline(comparison: &Comparison) -> Headline {
    let (class, word) = match comparison.verdict {
        Verdict::Improved => ("better", "Improved"),
        Verdict::Regressed => ("worse", "Regressed"),
        Verdict::Unchanged => ("noise", "Unchanged"),
        Verdict::Inconclusive => ("unknown", "Inconclusive"),
        Verdict::NotComparable => ("unknown", "Not comparable"),
    };
    let unit = Measure::of(&comparison.roles).unit;
    let worst = regressions(comparison).next().map(|slice| WorstSlice {
        predicates: predicate_views(&slice.predicates),
        text: words::predicates(&slice.predicates),
        numbers: format!(
            "{} on {}",
            unit.delta(slice.delta),
            counted(slice.n, "sample", "samples")
        ),
        href: slice.detail.as_ref().map(|detail| links::slice(&detail.slug)),
    });
    Headline {
        class,
        word,
        lead: format!("{}{}", whole(comparison), slices(comparison)),
        worst,
    }
}

fn whole(comparison: &Comparison) -> String {
    let outcomes = &comparison.outcomes;
    let matched = comparison.accounting.matched;
    match comparison.verdict {
        Verdict::NotComparable => return "The runs cannot be compared: no sample is in both and scored".to_owned(),
        Verdict::Inconclusive => {
            let verb = if outcomes.regressed + outcomes.fixed == 1 {
                "was"
            } else {
                "were"
            };
            if let Some(clusters) = comparison.clusters {
                return format!(
                    "Too few clusters to tell: {} of {} lean either way, with {} regressed and {} fixed among {} matched samples",
                    count(clusters.leaning),
                    count(clusters.n),
                    count(outcomes.regressed),
                    count(outcomes.fixed),
                    count(matched),
                );
            }
            return format!(
                "Too few samples changed to tell: {} regressed and {} fixed among {} matched {verb} not enough for any test",
                count(outcomes.regressed),
                count(outcomes.fixed),
                count(matched),
            );
        }
        Verdict::Improved | Verdict::Regressed | Verdict::Unchanged => {}
    }
    if outcomes.regressed + outcomes.fixed == 0 && comparison.roles.kind().has_labels() {
        return format!(
            "None of the {} matched samples changed between right and wrong",
            count(matched)
        );
    }
    let Some(metric) = headline_metric(comparison) else {
        return "No metric was computed".to_owned();
    };
    let name = metric_title(&metric.name);
    let unit = Unit::of_metric(&metric.name);
    let interval = unit.delta_interval(metric.ci_low, metric.ci_high);
    let interval = format!("{} interval {interval}", level(comparison.options.alpha));
    let size = unit.size(metric.delta);
    let verb = if metric.delta.is_some_and(|delta| delta < 0.0) {
        "fell"
    } else {
        "rose"
    };
    let significant = metric.p_value.is_some_and(|p| p < comparison.options.alpha);
    match comparison.verdict {
        Verdict::Unchanged if significant => format!(
            "{name} {verb} {size} ({interval}), not more than the minimum effect of {}",
            unit.size(Some(comparison.options.min_effect_headline)),
        ),
        Verdict::Unchanged if comparison.detectable.is_none() && !comparison.roles.kind().has_labels() => {
            format!(
                "{name} is the same on every one of the {} matched samples",
                count(matched)
            )
        }
        Verdict::Unchanged => {
            let power = match comparison.detectable {
                Some(least) => format!(
                    "; a change of {} would be found with {} power",
                    unit.size(Some(least)),
                    round_percent(POWER)
                ),
                None => String::new(),
            };
            format!(
                "The change in {} is within noise: {} ({interval}{power})",
                lower(&name),
                unit.delta(metric.delta)
            )
        }
        _ => format!("{name} {verb} {size} ({interval})"),
    }
}

/// What a slice has to be to be tested.
pub(super) fn testable(comparison: &Comparison) -> &'static str {
    match comparison.clusters {
        Some(_) => "large enough, and in enough clusters,",
        None => "large enough",
    }
}

fn slices(comparison: &Comparison) -> String {
    if comparison.verdict == Verdict::NotComparable || comparison.slices.is_empty() {
        return String::new();
    }
    let joint = if comparison.verdict == Verdict::Regressed {
        "and"
    } else {
        "but"
    };
    match regressions(comparison).count() as u64 {
        0 if comparison.slices_tested == 0 => format!(", and no slice was {} to be tested", testable(comparison)),
        0 => format!(
            ", and none of {} regressed",
            counted(comparison.slices_tested, "tested slice", "tested slices")
        ),
        n => format!(", {joint} {} regressed", counted(n, "slice", "slices")),
    }
}
