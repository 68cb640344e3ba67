//! A summary that allows for clusters: the headline and the slices are judged by clusters instead of samples.

use super::by_cluster::{ClusterEvidence, note_limit};
use super::clusters::{ClusterSums, ClusterTest};
use super::intervals::{has_width, outer, tango};
use super::means::detectable;
use super::slices::{MIN_SLICE_SIZE, family};
use super::summary::Summary;
use super::verdict::{Evidence, confirmed, verdict};
use crate::model::comparison::LabelChanges;
use crate::model::{CompareOptions, Direction, Kind, Metric, Predicate, SliceResult, Verdict};
use std::collections::BTreeMap;

/// Clusters below which interval and test were not found to hold, as docs/CALIBRATION.md measures it; clusters of different
/// sizes count as [`ClusterSums::effective`] says.
pub const FEW_CLUSTERS: u64 = 10;
/// Share of the samples in one cluster above which intervals were not found to hold, however many others there are, if it
/// is [`LARGER_THAN_MEAN`].
pub const LARGE_CLUSTER: f64 = 0.15;
/// How many times as large as the mean a cluster is that counts as large.
pub(super) const LARGER_THAN_MEAN: f64 = 2.0;

/// What the clusters of the matched samples add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterCounts {
    /// The whole.
    pub whole: ClusterSums,
    /// Declared and crossed slices by their predicates.
    pub slices: BTreeMap<Vec<Predicate>, ClusterSums>,
    /// Right answers of the candidate; empty where answers are measured.
    pub right: ClusterSums,
    /// Samples of the largest cluster.
    pub largest: u64,
    /// Matched samples whose cluster differs between the runs (the candidate's counts).
    pub differing: u64,
    /// Matched and relabelled samples, under the old ground truth of these and under the new one.
    pub relabelled: [ClusterSums; 2],
    /// What the metrics beside the headline are judged by.
    pub evidence: ClusterEvidence,
}

/// Gives the headline metric and the slices the intervals, tests and verdicts of their clusters.
pub fn allow_for_clusters(summary: &mut Summary, counts: &ClusterCounts, kind: Kind, options: &CompareOptions) {
    let alpha = options.alpha;
    let Some(headline) = summary.metrics.first_mut() else {
        return;
    };
    let direction = headline.direction;
    let of = |interval| {
        if kind.has_labels() {
            Of::Rate(interval)
        } else {
            Of::Mean
        }
    };
    let found = Judged::of(&counts.whole, of(headline.ci_low.zip(headline.ci_high)), alpha);
    summary.verdict = found.give(headline, options);
    summary.detectable = found.detectable;
    if let Some(score) = summary.scores.first_mut() {
        score.detectable = found.detectable;
    }
    let mut slices = std::mem::take(&mut summary.slices);
    let empty = ClusterSums::default();
    let slice = |slice: &SliceResult| {
        let sums = counts.slices.get(&slice.predicates).unwrap_or(&empty);
        Judged::of(sums, of(slice.ci_low.zip(slice.ci_high)), alpha).unless_few()
    };
    let judged: Vec<Judged> = slices.iter().map(slice).collect();
    for (slice, found) in slices.iter_mut().zip(&judged) {
        slice.ci_low = found.interval.map(|(low, _)| low);
        slice.ci_high = found.interval.map(|(_, high)| high);
        slice.p_value = found.p_value.filter(|_| found.samples >= MIN_SLICE_SIZE);
        slice.q_value = None;
        slice.detectable = found.detectable;
    }
    let deltas: Vec<Option<f64>> = slices.iter().map(|slice| slice.delta).collect();
    (summary.slices, summary.slices_tested) = family(slices, |i, q_value| {
        // Too small to be tested is inconclusive even if nothing differs in it.
        if (1..MIN_SLICE_SIZE).contains(&judged[i].samples) || judged[i].few {
            return Verdict::Inconclusive;
        }
        let evidence = judged[i].evidence(deltas[i], q_value, direction);
        confirmed(verdict(&evidence, alpha, options.min_effect_slice), judged[i].interval)
    });
}

/// Gives the accuracies under both ground truths the intervals, tests and verdicts of their clusters.
pub fn relabel_by_clusters(changes: &mut LabelChanges, counts: &ClusterCounts, options: &CompareOptions) {
    let both = [&mut changes.old_truth, &mut changes.new_truth];
    for (under, sums) in both.into_iter().zip(&counts.relabelled) {
        let single = under.accuracy.ci_low.zip(under.accuracy.ci_high);
        Judged::of(sums, Of::Rate(single), options.alpha).give(&mut under.accuracy, options);
        note_limit(&mut under.accuracy, sums.clusters(), counts);
    }
}

/// How many clusters of one size these would have to weigh as much as, if they do not: more where sizes are very different.
pub(super) fn wanting(sums: &ClusterSums) -> Option<u64> {
    let effective = sums.effective();
    let uneven = sums.clusters() as f64 > 2.0 * effective;
    let least = if uneven { 2 * FEW_CLUSTERS } else { FEW_CLUSTERS };
    (effective < least as f64).then_some(least)
}

/// What the mean of the samples of clusters is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// Right answers, more or fewer of them: with Tango's interval of the samples by themselves, where it is known.
    Rate(Option<(f64, f64)>),
    /// Differences of any size.
    Mean,
}

/// The interval of samples by themselves, as much wider as clusters make the error of the mean: it holds where few samples change, which
/// Student's over clusters does not.
fn widened((low, high): (f64, f64), sums: &ClusterSums, test: &ClusterTest) -> (f64, f64) {
    let own = sums.singles().and_then(|singles| singles.error());
    let factor = test
        .standard_error
        .zip(own.filter(|own| *own > 0.0))
        .map_or(1.0, |(error, own)| error / own);
    let end = |end: f64| test.mean + (end - test.mean) * factor.max(1.0);
    (end(low), end(high))
}

/// Tango's or the like for the samples by themselves.
fn of_singles(sums: &ClusterSums, alpha: f64) -> Option<(f64, f64)> {
    let singles = sums.singles()?;
    singles.interval(singles.error()?, alpha)
}

/// What the clusters of the whole or of a slice say.
pub(super) struct Judged {
    pub(super) interval: Option<(f64, f64)>,
    pub(super) p_value: Option<f64>,
    pub(super) detectable: Option<f64>,
    samples: u64,
    leaning: u64,
    /// Whether clusters are fewer than interval and test were found to hold for.
    few: bool,
}

impl Judged {
    /// Of clusters' differences, new minus old.
    pub(super) fn of(sums: &ClusterSums, of: Of, alpha: f64) -> Judged {
        let test = sums.test(alpha);
        let student = test.and_then(|test| test.interval);
        let (single, most) = match of {
            Of::Rate(single) => (single, Some(1.0)),
            // A cluster may change in all its samples by as much as the one that changed most.
            Of::Mean => (of_singles(sums, alpha), sums.singles().map(|singles| singles.largest)),
        };
        let interval = match (of, sums.leaning()) {
            // No spread at all would make an interval without width: what as many single samples would say is the least.
            (Of::Rate(_), 0) => tango(0, 0, sums.clusters(), alpha),
            _ => student.map(|student| {
                let single = single.zip(test).map(|(single, test)| widened(single, sums, &test));
                let leans = matches!(of, Of::Rate(_)) || sums.few_lean() || !has_width(&student);
                let leans = sums.of_leans(most, alpha).filter(|_| leans);
                outer(outer(student, single), leans)
            }),
        };
        let bounded = |(low, high): (f64, f64)| match of {
            Of::Rate(_) => (low.max(-1.0), high.min(1.0)),
            Of::Mean => (low, high),
        };
        let signs = libm::exp2(-(sums.leaning() as f64));
        let leans = if sums.is_sparse() { sums.mcnemar() } else { 0.0 };
        Judged {
            // Of what never changed nobody knows by how much it changes where it does.
            interval: interval.map(bounded).filter(has_width),
            p_value: match of {
                Of::Rate(_) => test.map(|_| sums.mcnemar()),
                Of::Mean => test.and_then(|test| test.p_value).map(|p| p.max(signs).max(leans)),
            },
            detectable: test
                .and_then(|test| {
                    let freedom = test.clusters as f64 - 1.0;
                    detectable(test.mean, test.standard_error?, freedom, interval.map(bounded), alpha)
                })
                .filter(|found| matches!(of, Of::Mean) || *found <= 1.0),
            samples: sums.samples(),
            leaning: sums.leaning(),
            few: wanting(sums).is_some(),
        }
    }

    /// Nothing of it where clusters are few: a slice has no room for a note.
    pub(super) fn unless_few(self) -> Judged {
        match self.few {
            true => Judged {
                interval: None,
                p_value: None,
                detectable: None,
                ..self
            },
            false => self,
        }
    }

    /// Gives a metric interval, p value and verdict.
    fn give(&self, metric: &mut Metric, options: &CompareOptions) -> Verdict {
        metric.ci_low = self.interval.map(|(low, _)| low);
        metric.ci_high = self.interval.map(|(_, high)| high);
        metric.p_value = self.p_value;
        let evidence = self.evidence(metric.delta, self.p_value, metric.direction);
        let verdict = confirmed(
            verdict(&evidence, options.alpha, options.min_effect_headline),
            self.interval,
        );
        metric.verdict = Some(verdict);
        verdict
    }

    /// A cluster that leans takes the part of a flip: the direction of each is as good as a coin if nothing changed.
    fn evidence(&self, delta: Option<f64>, p_value: Option<f64>, direction: Direction) -> Evidence {
        Evidence {
            n: self.samples,
            flips: self.leaning,
            churned: self.leaning,
            delta,
            p_value,
            direction,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Counts, JointTable};
    use crate::stats::means::Spread;
    use crate::stats::summarise;

    /// 100 samples, 20 of which regress; clusters of so many samples each.
    fn summary(size: u64, regressed_clusters: u64) -> (Summary, ClusterCounts) {
        let table = JointTable {
            labels: ["a", "b"].map(String::from).to_vec(),
            cells: [
                ((0, 0, 0), 100 - size * regressed_clusters),
                ((0, 0, 1), size * regressed_clusters),
            ]
            .into(),
        };
        let counts = Counts {
            table,
            ..Counts::default()
        };
        let mut clusters = ClusterCounts::default();
        for i in 0..100 / size {
            let change = if i < regressed_clusters { -(size as f64) } else { 0.0 };
            clusters.whole.add_samples(Spread::of_flips(size, 0, (-change) as u64));
        }
        let options = CompareOptions::default();
        let mut summary = summarise(&counts, &options);
        allow_for_clusters(&mut summary, &clusters, Kind::Classification, &options);
        (summary, clusters)
    }

    #[test]
    fn as_many_flips_are_less_evidence_in_fewer_clusters() {
        let [many, few, four] = [(1, 20), (4, 5), (5, 4)].map(|(size, regressed)| summary(size, regressed).0);
        assert_eq!((many.verdict, few.verdict), (Verdict::Regressed, Verdict::Regressed));
        assert!(many.metrics[0].p_value < few.metrics[0].p_value);
        assert!(many.detectable < few.detectable);
        // (4 x 5)^2 / (4 x 25) = 4 is significant by chi-squared alone, though no outcome of four coins is.
        assert_eq!(four.verdict, Verdict::Inconclusive);
        assert!(four.metrics[0].p_value.is_some_and(|p| p < 0.05));
    }

    #[test]
    fn without_a_change_the_interval_has_the_width_that_single_clusters_leave() {
        let (summary, _) = summary(10, 0);
        let accuracy = &summary.metrics[0];
        assert_eq!((summary.verdict, accuracy.p_value), (Verdict::Unchanged, Some(1.0)));
        assert_eq!(accuracy.ci_low.zip(accuracy.ci_high), tango(0, 0, 10, 0.05));
    }

    /// A rate over clusters of so many samples, so many of which lose so many.
    fn rate(clusters: u64, size: u64, leaning: u64, lost: u64) -> (f64, f64) {
        let mut sums = ClusterSums::default();
        for i in 0..clusters {
            sums.add_samples(Spread::of_flips(size, 0, if i < leaning { lost } else { 0 }));
        }
        let single = tango(0, leaning * lost, clusters * size, 0.05);
        Judged::of(&sums, Of::Rate(single), 0.05).interval.expect("defined")
    }

    #[test]
    fn no_interval_is_without_width_and_a_loss_never_narrows_one() {
        // Every document loses one of its samples: Student's error is nothing.
        let (low, high) = rate(20, 15, 20, 1);
        assert!(low < -0.09 && high > -0.05, "{low} {high}");
        // Whole clusters may flip: what they say as units is the least, whether none, one or three lean.
        let lows: Vec<f64> = (0..6).map(|leaning| rate(100, 10, leaning, 1).0).collect();
        assert!(
            lows.windows(2).all(|pair| pair[1] <= pair[0]) && lows[0] < -0.03,
            "{lows:?}"
        );
        let units = tango(0, 1, 40, 0.05).expect("defined");
        assert!(rate(40, 5, 1, 5).0 <= units.0);
    }

    /// That all of twelve documents fall as wholes does not say that nearly all do.
    #[test]
    fn means_of_clusters_that_change_alike_are_told_by_their_number() {
        let mut sums = ClusterSums::default();
        (0..12).for_each(|_| sums.add_samples(Spread::of_flips(500, 0, 500)));
        let (low, high) = Judged::of(&sums, Of::Mean, 0.05).interval.expect("defined");
        let (least, most) = tango(0, 12, 12, 0.05).expect("clusters");
        assert!(low <= least && (high - most).abs() < 1e-9, "{low} {high}");
    }

    /// The coverage of a rate whose clusters flip as wholes, by the exact binomial, where five are expected to.
    #[test]
    fn intervals_hold_where_whole_clusters_flip() {
        for (clusters, size) in [(100, 10), (50, 20), (40, 5)] {
            for expected in [1.0, 2.0, 3.0, 4.0, 5.0, 8.0] {
                let p = expected / clusters as f64;
                let mut weight = libm::pow(1.0 - p, clusters as f64);
                let mut held = 0.0;
                for leaning in 0..=clusters {
                    let (low, high) = rate(clusters, size, leaning, size);
                    if low <= -p && -p <= high {
                        held += weight;
                    }
                    weight *= (clusters - leaning) as f64 / (leaning + 1) as f64 * p / (1.0 - p);
                }
                assert!(held >= 0.93, "{clusters} clusters, {expected} expected to flip: {held}");
            }
        }
    }

    #[test]
    fn without_samples_there_is_no_number() {
        let options = CompareOptions::default();
        let mut summary = summarise(&Counts::default(), &options);
        allow_for_clusters(&mut summary, &ClusterCounts::default(), Kind::Classification, &options);
        assert_eq!(
            (summary.verdict, summary.metrics[0].p_value),
            (Verdict::NotComparable, None)
        );
        assert_eq!(summary.metrics[0].ci_low, None);
    }
}
