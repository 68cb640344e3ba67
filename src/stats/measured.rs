//! Answers that are measured rather than right or wrong: numbers against true ones, texts by their scores.

use super::by_cluster::{FEW_CARRYING, few_change_most};
use super::flips;
use super::means::MeanTest;
use super::metrics::MetricKind;
use super::numeric::NumericSums;
use super::random::Seed;
use super::resample::add_note;
use super::scores::{ScoreSummary, ScoreSums};
use super::shifts::ShiftBins;
use super::slices::{MIN_SLICE_SIZE, family};
use super::summary::Summary;
use crate::model::comparison::{ErrorDistribution, ScoreResult};
use crate::model::distribution::{Residuals, Shifts};
use crate::model::slice::SliceDetail;
use crate::model::{
    CompareOptions, Confusion, Metric, Origin, Outcomes, Predicate, ScoreRole, SliceCounts, SliceResult, Verdict,
};

/// What stands before a column's name in the name of its metric, so that it is never taken for one of ours.
pub const SCORE_PREFIX: &str = "score.";

/// Everything that a pass measures.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredCounts {
    /// The whole.
    pub whole: Measures,
    /// Every slice value and pair of values seen, in any order.
    pub slices: Vec<MeasuredSlice>,
}

/// Sums over all matched samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Measures {
    /// Numbers against true numbers.
    Numeric(Box<NumericSums>),
    /// Texts.
    Text {
        /// Each score in the order of the roles, the headline first.
        scores: Vec<(ScoreRole, ScoreSums)>,
        /// Outputs that equal the reference, over the samples with one; `None` without references.
        exact: Option<SliceCounts>,
        /// By how much the first score got better or worse.
        shifts: ShiftBins,
    },
}

/// Sums over the headline value in one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredSlice {
    /// What defines the slice.
    pub predicates: Vec<Predicate>,
    /// Declared or crossed.
    pub origin: Origin,
    /// Absolute errors, or the first score.
    pub sums: ScoreSums,
}

impl Measures {
    /// Samples by the size of their absolute errors; `None` for texts, or without samples.
    pub fn error_sizes(&self) -> Option<ErrorDistribution> {
        match self {
            Measures::Numeric(sums) => sums.sizes(),
            Measures::Text { .. } => None,
        }
    }

    /// Residuals by ground truth; `None` for texts, or without samples.
    pub fn residuals(&self) -> Option<Residuals> {
        match self {
            Measures::Numeric(sums) => sums.residuals(),
            Measures::Text { .. } => None,
        }
    }

    /// By how much samples got better or worse in what they regress in; `None` where none did.
    pub fn shifts(&self) -> Option<Shifts> {
        match self {
            Measures::Numeric(sums) => sums.shifts().distribution(),
            Measures::Text { shifts, .. } => shifts.distribution(),
        }
    }

    /// Absolute errors, or the first score: what samples regress in.
    pub fn headline(&self) -> Option<&ScoreSums> {
        match self {
            Measures::Numeric(sums) => Some(sums.absolute()),
            Measures::Text { scores, .. } => scores.first().map(|(_, sums)| sums),
        }
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &Measures) {
        match (self, other) {
            (Measures::Numeric(sums), Measures::Numeric(part)) => sums.merge(part),
            (
                Measures::Text { scores, exact, shifts },
                Measures::Text {
                    scores: part,
                    exact: more,
                    shifts: others,
                },
            ) => {
                for ((_, sums), (_, part)) in scores.iter_mut().zip(part) {
                    sums.merge(part);
                }
                shifts.merge(others);
                if let (Some(counts), Some(part)) = (exact, more) {
                    counts.merge(part);
                }
            }
            _ => {}
        }
    }
}

/// Computes every number of a comparison of measured answers.
pub fn summarise_measured(counts: &MeasuredCounts, options: &CompareOptions, seed: Seed) -> Summary {
    let headline = counts.whole.headline();
    let summary = headline.and_then(|sums| sums.summary(options.alpha));
    let verdict = summary.map_or(Verdict::NotComparable, |found| {
        let direction = headline.map_or(crate::model::Direction::None, ScoreSums::direction);
        let least = options.min_effect_headline;
        found.difference.verdict(direction, options.alpha, least)
    });
    let (mut metrics, scores) = match &counts.whole {
        Measures::Numeric(sums) => numeric(sums, options, seed),
        Measures::Text { scores, exact, .. } => text(scores, exact.as_ref(), options),
    };
    if let Some(first) = metrics.first_mut() {
        first.verdict = Some(verdict);
    }
    let [fixed, unchanged, regressed] = headline.map_or([0; 3], ScoreSums::plays);
    let (slices, slices_tested) = slices(&counts.slices, options);
    Summary {
        verdict,
        detectable: summary.and_then(|found| found.difference.detectable),
        outcomes: Outcomes {
            regressed,
            fixed,
            unchanged,
            ..Outcomes::default()
        },
        metrics,
        classes: Vec::new(),
        confusion: Confusion::default(),
        calibration: None,
        scores,
        slices,
        slices_tested,
    }
}

/// Says beside a mean if a few of the samples that differ change by most: others that would have changed as much, and happen not to be there, are
/// not allowed for. Gives what it says of the headline.
pub fn note_few_changed(metrics: &mut [Metric], counts: &MeasuredCounts, alpha: f64) -> Option<String> {
    let named = match &counts.whole {
        Measures::Numeric(sums) => vec![(MetricKind::Mae.name().to_owned(), sums.absolute())],
        Measures::Text { scores, .. } => scores
            .iter()
            .map(|(role, sums)| (format!("{SCORE_PREFIX}{}", role.column), sums))
            .collect(),
    };
    let mut of_headline = None;
    for (i, (name, sums)) in named.into_iter().enumerate() {
        let Some(found) = sums.summary(alpha) else { continue };
        let MeanTest {
            differing, carrying, ..
        } = found.difference;
        let differing = differing as f64;
        let metric = metrics
            .iter_mut()
            .find(|metric| metric.name == name && metric.ci_low.is_some());
        let Some(metric) = metric.filter(|_| carrying < FEW_CARRYING && carrying < differing / 2.0) else {
            continue;
        };
        let said = few_change_most("samples that differ", differing, carrying);
        add_note(metric, &said);
        if i == 0 {
            of_headline = Some(said);
        }
    }
    of_headline
}

fn numeric(sums: &NumericSums, options: &CompareOptions, seed: Seed) -> (Vec<Metric>, Vec<ScoreResult>) {
    let Some(found) = sums.summary(options.alpha, seed) else {
        let empty = MetricKind::NUMERIC.map(|kind| kind.of_versions(None, None));
        return (
            empty.to_vec(),
            vec![result(MetricKind::Mae.name(), sums.absolute(), None)],
        );
    };
    let r2 = match found.r2 {
        Some(values) => MetricKind::R2.tested(values, found.r2_interval, None, None),
        None => MetricKind::R2.of_versions(None, Some("undefined: the truths do not vary".into())),
    };
    let mut metrics = vec![
        mean(MetricKind::Mae, &found.absolute),
        MetricKind::Rmse.tested(found.rmse, found.rmse_interval, None, None),
        r2,
        mean(MetricKind::MeanError, &found.signed),
    ];
    let MeanTest {
        differing, carrying, ..
    } = found.absolute.difference;
    for metric in metrics
        .iter_mut()
        .skip(1)
        .take(2)
        .filter(|metric| metric.ci_low.is_some())
    {
        if differing == 0 {
            (metric.ci_low, metric.ci_high) = (None, None);
        } else if carrying < FEW_CARRYING {
            let few = format!(
                "as many as {carrying:.1} samples make up the change: the interval is not sure to hold below {FEW_CARRYING}"
            );
            add_note(metric, &few);
        }
    }
    let result = result(MetricKind::Mae.name(), sums.absolute(), Some(&found.absolute));
    (metrics, vec![result])
}

fn text(
    scores: &[(ScoreRole, ScoreSums)],
    exact: Option<&SliceCounts>,
    options: &CompareOptions,
) -> (Vec<Metric>, Vec<ScoreResult>) {
    let (mut metrics, mut results) = (Vec::new(), Vec::new());
    for (role, sums) in scores {
        let name = format!("{SCORE_PREFIX}{}", role.column);
        let found = sums.summary(options.alpha);
        results.push(result(&name, sums, found.as_ref()));
        metrics.push(score(name, role, sums, found.as_ref(), options));
    }
    metrics.extend(exact.map(|counts| Metric {
        name: MetricKind::ExactMatch.name().to_owned(),
        ..flips::accuracy(counts, options)
    }));
    (metrics, results)
}

/// A score's means with Student's interval and test.
fn score(
    name: String,
    role: &ScoreRole,
    sums: &ScoreSums,
    found: Option<&ScoreSummary>,
    options: &CompareOptions,
) -> Metric {
    let excluded = found.map_or(0, |found| found.excluded);
    let verdict = found.map(|found| {
        let (alpha, least) = (options.alpha, options.min_effect_headline);
        found.difference.verdict(sums.direction(), alpha, least)
    });
    let metric = match found {
        Some(found) => mean(MetricKind::Mae, found),
        None => MetricKind::Mae.of_versions(None, None),
    };
    Metric {
        name,
        direction: role.direction,
        verdict,
        note: (excluded > 0).then(|| format!("matched samples left out for want of this score: {excluded}")),
        ..metric
    }
}

/// A pair of means with the interval and test of their difference.
fn mean(kind: MetricKind, found: &ScoreSummary) -> Metric {
    let difference = &found.difference;
    Metric {
        delta: Some(difference.mean),
        ..kind.tested(found.means, difference.interval, difference.p_value, None)
    }
}

fn result(metric: &str, sums: &ScoreSums, found: Option<&ScoreSummary>) -> ScoreResult {
    let [wins, ties, losses] = sums.plays();
    ScoreResult {
        metric: metric.to_owned(),
        n: sums.n(),
        excluded: sums.excluded(),
        wins,
        ties,
        losses,
        detectable: found.and_then(|found| found.difference.detectable),
    }
}

/// Every slice with its evidence, most harm first, and how many were tested together by Student's paired test.
fn slices(tables: &[MeasuredSlice], options: &CompareOptions) -> (Vec<SliceResult>, u64) {
    let results = tables.iter().map(|slice| untested(slice, options.alpha)).collect();
    family(results, |i, q_value| {
        let sums = &tables[i].sums;
        let Some(found) = sums.summary(options.alpha) else {
            return Verdict::NotComparable;
        };
        // Too small to be tested is inconclusive even if nothing differs in it.
        if sums.n() < MIN_SLICE_SIZE {
            return Verdict::Inconclusive;
        }
        let adjusted = MeanTest {
            p_value: q_value,
            ..found.difference
        };
        adjusted.verdict(sums.direction(), options.alpha, options.min_effect_slice)
    })
}

/// A slice with everything but what depends on the other slices.
pub(super) fn untested(slice: &MeasuredSlice, alpha: f64) -> SliceResult {
    let found = slice.sums.summary(alpha);
    let difference = found.map(|found| found.difference);
    let interval = difference.and_then(|difference| difference.interval);
    let [fixed, _, regressed] = slice.sums.plays();
    SliceResult {
        predicates: slice.predicates.clone(),
        origin: slice.origin,
        n: slice.sums.n(),
        baseline: found.map(|found| found.means[0]),
        candidate: found.map(|found| found.means[1]),
        delta: difference.map(|difference| difference.mean),
        ci_low: interval.map(|(low, _)| low),
        ci_high: interval.map(|(_, high)| high),
        regressed,
        fixed,
        churned: difference.map_or(0, |difference| difference.differing),
        harm: regressed as i64 - fixed as i64,
        p_value: difference
            .filter(|difference| difference.n >= MIN_SLICE_SIZE)
            .and_then(|difference| difference.p_value),
        q_value: None,
        detectable: difference.and_then(|difference| difference.detectable),
        verdict: Verdict::Inconclusive,
        detail: None,
    }
}

/// What the page of a slice shows beside its numbers: the means of the rest of the samples.
pub fn measured_slice_detail(slug: String, slice: &ScoreSums, whole: &ScoreSums, alpha: f64) -> SliceDetail {
    let rest = whole.without(slice);
    let found = rest.summary(alpha);
    SliceDetail {
        slug,
        confusion: Confusion::default(),
        classes: Vec::new(),
        rest_n: rest.n(),
        rest_baseline: found.map(|found| found.means[0]),
        rest_candidate: found.map(|found| found.means[1]),
        rest_delta: found.map(|found| found.difference.mean),
        overlaps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Direction;

    fn sums(direction: Direction, pairs: &[(f64, f64)]) -> ScoreSums {
        let mut sums = ScoreSums::new(direction, 0.1);
        pairs.iter().for_each(|(a, b)| {
            sums.add(*a, *b);
        });
        sums
    }

    fn slice(value: &str, sums: ScoreSums) -> MeasuredSlice {
        MeasuredSlice {
            predicates: vec![Predicate {
                column: "lang".into(),
                value: Some(value.into()),
            }],
            origin: Origin::Declared,
            sums,
        }
    }

    fn of_scores(direction: Direction, slices: Vec<MeasuredSlice>, pairs: &[(f64, f64)]) -> Summary {
        let role = ScoreRole {
            column: "accuracy".into(),
            direction,
        };
        let whole = Measures::Text {
            scores: vec![(role, sums(direction, pairs))],
            exact: None,
            shifts: ShiftBins::default(),
        };
        summarise_measured(&MeasuredCounts { whole, slices }, &CompareOptions::default(), Seed(1))
    }

    #[test]
    fn a_score_falls_by_its_direction() {
        let worse: Vec<(f64, f64)> = (0..40)
            .map(|i| (f64::from(i), f64::from(i) - 1.0 - f64::from(i % 3)))
            .collect();
        for (direction, verdict, outcomes) in [
            (Direction::Higher, Verdict::Regressed, (40, 0)),
            (Direction::Lower, Verdict::Improved, (0, 40)),
        ] {
            let summary = of_scores(direction, Vec::new(), &worse);
            assert_eq!(summary.verdict, verdict);
            assert_eq!((summary.outcomes.regressed, summary.outcomes.fixed), outcomes);
            assert_eq!(summary.metrics[0].name, "score.accuracy");
            assert_eq!(summary.metrics[0].direction, direction);
        }
    }

    #[test]
    fn slices_are_tested_by_their_means_and_from_thirty_samples_on() {
        let pairs =
            |n: usize, by: f64| -> Vec<(f64, f64)> { (0..n).map(|i| (1.0, 1.0 - by * (1 + i % 4) as f64)).collect() };
        let slices = vec![
            slice("small", sums(Direction::Higher, &pairs(29, 0.5))),
            slice("worse", sums(Direction::Higher, &pairs(30, 0.5))),
            slice("same", sums(Direction::Higher, &pairs(30, 0.0))),
        ];
        let summary = of_scores(Direction::Higher, slices, &pairs(89, 0.5));
        let found: Vec<_> = summary
            .slices
            .iter()
            .map(|s| (s.predicates[0].value.as_deref().unwrap_or_default(), s.verdict, s.harm))
            .collect();
        assert_eq!(
            found,
            [
                ("worse", Verdict::Regressed, 30),
                ("small", Verdict::Inconclusive, 29),
                ("same", Verdict::Unchanged, 0)
            ]
        );
        assert_eq!(summary.slices_tested, 2);
        assert!(summary.slices[0].q_value > summary.slices[0].p_value);
    }

    #[test]
    fn the_rest_is_what_is_not_in_the_slice() {
        let (inside, outside) = ([(0.1, 0.2), (0.3, 0.7)], [(0.5, 0.1), (0.2, 0.2), (1e9, 0.0)]);
        let whole = sums(Direction::Higher, &[&inside[..], &outside[..]].concat());
        let rest = whole.without(&sums(Direction::Higher, &inside));
        assert_eq!(rest, sums(Direction::Higher, &outside));
    }

    #[test]
    fn nothing_matched_is_not_comparable() {
        let summary = of_scores(Direction::Higher, vec![slice("a", sums(Direction::Higher, &[]))], &[]);
        assert_eq!(
            (summary.verdict, summary.slices[0].verdict),
            (Verdict::NotComparable, Verdict::NotComparable)
        );
        assert_eq!(summary.metrics[0].delta, None);
        let whole = Measures::Numeric(Box::new(NumericSums::new(0.0, 0.0)));
        let counts = MeasuredCounts {
            whole,
            slices: Vec::new(),
        };
        let summary = summarise_measured(&counts, &CompareOptions::default(), Seed(1));
        assert_eq!((summary.verdict, summary.metrics.len()), (Verdict::NotComparable, 4));
    }
}
