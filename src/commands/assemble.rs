//! From counts to the comparison document.

use super::discovered;
use crate::audit::manifest::config_digest;
use crate::compare::{Compared, Job, Overlaps, PagedSlice, SliceRows};
use crate::model::comparison::{COMPARISON_SCHEMA, Clusters, RankingResult, Repeats, Warning};
use crate::model::slice::{Overlap, SliceDetail};
use crate::model::{Comparison, Counts, Direction, JointTable, Metric, PinnedRun, Predicate, SliceResult, Verdict};
use crate::names::safe_component;
use crate::stats::{self, MetricKind, ScoreSums, Seed};
use std::collections::{BTreeMap, BTreeSet};

/// Slices that get a page at most; the most harmful ones.
pub(super) const MAX_SLICE_PAGES: usize = 200;

/// Other slices that share regressed samples with one, at most.
const MAX_OVERLAPS: usize = 10;

/// The document, with full tables for the regression slices that get a page.
pub(super) fn comparison(job: &Job, compared: &Compared) -> Comparison {
    let counts = &compared.counts;
    let mut summary = match &compared.measured {
        Some(measured) => stats::summarise_measured(measured, &job.options, seed(job)),
        None => stats::summarise(counts, &job.options),
    };
    if let Some(clusters) = &compared.clusters {
        stats::allow_for_clusters(&mut summary, clusters, job.roles.kind(), &job.options);
    }
    let ranking = compared.binary.as_ref().map(|(positive, samples)| {
        let (metrics, ranking) = stats::summarise_ranking(positive, samples.clone(), &job.options);
        summary.metrics.extend(metrics);
        ranking
    });
    let resampling = match (&compared.clusters, &compared.measured) {
        (Some(clusters), _) => {
            let ranked = compared.ranked_by_cluster(job.options.alpha);
            let calibration = counts.calibration.as_ref();
            stats::judge_by_clusters(&mut summary, clusters, ranked, calibration, &job.options, seed(job))
        }
        // Of a run and itself nothing differs.
        (_, None) if job.is_one_run() => None,
        (_, Some(_)) => stats::resampled_measures(&summary.metrics, seed(job)),
        (_, None) => stats::resample(&mut summary.metrics, counts, job.options.alpha, seed(job)),
    };
    let few_changed = match (&compared.clusters, &compared.measured) {
        (None, Some(measured)) => stats::note_few_changed(&mut summary.metrics, measured, job.options.alpha),
        _ => None,
    };
    let mut label_changes = stats::label_changes(counts, &job.options);
    if let (Some(changes), Some(clusters)) = (&mut label_changes, &compared.clusters) {
        stats::relabel_by_clusters(changes, clusters, &job.options);
    }
    let mut pages = 0;
    let mut regressed = 0;
    for slice in summary.slices.iter_mut().filter(|s| s.verdict == Verdict::Regressed) {
        regressed += 1;
        if pages < MAX_SLICE_PAGES {
            pages += 1;
            slice.detail = Some(detail(job, compared, slug(pages, &slice.predicates), &slice.predicates));
        }
    }
    let whole = compared.measured.as_ref().map(|measured| &measured.whole);
    let tool_version = env!("CARGO_PKG_VERSION").to_string();
    let mut warnings = warnings(job, counts);
    warnings.extend(ranking.as_ref().and_then(|ranking| inverted(ranking, &summary.metrics)));
    warnings.extend(label_map(job, compared.mapped));
    warnings.extend(clusters(job, compared));
    warnings.extend(limited_clusters(compared));
    warnings.extend(few_clusters(compared, &summary));
    warnings.extend(few_changed.map(|text| Warning {
        code: "few_changed".into(),
        text,
    }));
    warnings.extend(costs(job, compared));
    if regressed > pages {
        let text = format!("{regressed} slices regressed; the {pages} most harmful ones have a page of their own");
        warnings.push(Warning {
            code: "slice_pages_capped".into(),
            text,
        });
    }
    Comparison {
        schema: COMPARISON_SCHEMA.into(),
        config_digest: config_digest(
            &job.roles,
            &job.options,
            &tool_version,
            [&job.baseline.run, &job.candidate.run],
        ),
        tool_version,
        table: job.candidate.table.clone(),
        baseline: job.baseline.run.clone(),
        candidate: job.candidate.run.clone(),
        roles: job.roles.clone(),
        options: job.options.clone(),
        verdict: summary.verdict,
        detectable: summary.detectable,
        non_inferiority: job
            .options
            .margin
            .map(|margin| stats::gate(&summary, compared.clusters.as_ref(), margin)),
        accounting: counts.accounting,
        outcomes: summary.outcomes,
        label_changes,
        metrics: summary.metrics,
        resampling,
        classes: summary.classes,
        confusion: summary.confusion,
        calibration: summary.calibration,
        scores: summary.scores,
        errors: whole.and_then(|whole| whole.error_sizes()),
        residuals: whole
            .filter(|_| !hides_numbers(job))
            .and_then(|whole| whole.residuals()),
        shifts: whole.and_then(|whole| whole.shifts()),
        ranking,
        repeats: repeats(compared),
        clusters: compared.clusters.as_ref().map(|clusters| Clusters {
            n: clusters.whole.clusters(),
            largest: clusters.largest,
            leaning: clusters.whole.leaning(),
            candidate_accuracy: stats::accuracy_by_cluster(clusters, job.options.alpha).map(|(low, high)| [low, high]),
        }),
        latency: compared.latency,
        cost: compared.cost,
        slices: summary.slices,
        slices_tested: summary.slices_tested,
        discovered: discovered::discovered(job, compared),
        warnings,
    }
}

/// Whether a number is hidden that a grid of residuals would give away.
fn hides_numbers(job: &Job) -> bool {
    let hidden = |column: &String| job.options.hide.contains(column);
    hidden(&job.roles.prediction) || job.roles.truth.as_ref().is_some_and(hidden)
}

/// What stands where a cost is expected and is none; and where nothing is left, so that nothing is shown.
fn costs(job: &Job, compared: &Compared) -> Vec<Warning> {
    let Some(column) = &job.roles.cost else {
        return Vec::new();
    };
    let one_run = job.is_one_run();
    let [baseline, candidate] = compared.invalid_costs;
    // A run that is compared with itself is one version, whose warning must not stand twice.
    let counts = match one_run {
        true => vec![("run", candidate)],
        false => vec![("baseline", baseline), ("candidate", candidate)],
    };
    let invalid = counts.into_iter().filter(|(_, n)| *n > 0).map(|(of, n)| Warning {
        code: "invalid_cost".into(),
        text: match n {
            1 => format!("1 cost of the {of} is negative or no number and does not count"),
            n => format!("{n} costs of the {of} are negative or no number and do not count"),
        },
    });
    let of = if one_run { "the run" } else { "either run" };
    let none = compared.cost.is_none().then(|| Warning {
        code: "no_cost".into(),
        text: format!("no answer of {of} has a cost in `{column}`: the report says nothing of costs"),
    });
    invalid.chain(none).collect()
}

/// Both versions ranking worse than chance is rather the wrong label taken for the positive one.
fn inverted(ranking: &RankingResult, metrics: &[Metric]) -> Option<Warning> {
    let auc = metrics.iter().find(|metric| metric.name == MetricKind::RocAuc.name())?;
    let worse = |value: Option<f64>| value.is_some_and(|value| value < 0.5);
    (worse(auc.baseline) && worse(auc.candidate)).then(|| Warning {
        code: "ranks_inverted".into(),
        text: format!(
            "both versions give samples of `{}` lower probabilities than others: is it really the positive label \
             (--positive-label)?",
            ranking.positive.escape_debug()
        ),
    })
}

/// What several trials per sample show.
fn repeats(compared: &Compared) -> Option<Repeats> {
    let trials = compared.trials.as_ref()?;
    let [baseline, candidate] = trials.each_ref().map(stats::repeats::summarise);
    Some(Repeats {
        baseline,
        candidate,
        right: stats::repeats::right_trials(trials),
    })
}

/// What a reader must know of a headline that stands on few or uneven clusters.
fn limited_clusters(compared: &Compared) -> Option<Warning> {
    let limit = stats::cluster_limit(compared.clusters.as_ref()?)?;
    Some(Warning {
        code: "limited_clusters".into(),
        text: format!("interval and test of the headline are sure to hold {limit}"),
    })
}

/// What a reader must know of slices that stand on few clusters.
fn few_clusters(compared: &Compared, summary: &stats::Summary) -> Option<Warning> {
    compared.clusters.as_ref()?;
    let untold = |slice: &&SliceResult| slice.n >= stats::MIN_SLICE_SIZE && slice.ci_low.is_none();
    let n = summary.slices.iter().filter(untold).count();
    (n > 0).then(|| Warning {
        code: "few_clusters".into(),
        text: format!(
            "{n} slice{} on few clusters, or on very uneven ones: no interval and no test of {}",
            if n == 1 { " stands" } else { "s stand" },
            if n == 1 { "it" } else { "them" }
        ),
    })
}

/// What a reader must know of clusters: where the runs disagree on them.
fn clusters(job: &Job, compared: &Compared) -> Option<Warning> {
    let (clusters, column) = (compared.clusters.as_ref()?, job.roles.cluster.as_ref()?);
    (clusters.differing > 0).then(|| Warning {
        code: "cluster_differs".into(),
        text: format!(
            "the runs disagree on `{column}` for {} matched samples: the candidate's cluster counts",
            clusters.differing
        ),
    })
}

/// How much a label map changed.
fn label_map(job: &Job, mapped: u64) -> Option<Warning> {
    let (code, text) = match (job.options.label_map.is_empty(), mapped) {
        (true, _) => return None,
        (false, 0) => (
            "label_map_unused",
            "no matched sample has a label that the label map names".to_string(),
        ),
        (false, n) => (
            "label_map",
            format!("the label map changed a label of {n} matched samples"),
        ),
    };
    let code = code.into();
    Some(Warning { code, text })
}

/// Where the random numbers of a comparison begin.
fn seed(job: &Job) -> Seed {
    let snapshot = |run: &PinnedRun| run.snapshot_id.parse().unwrap_or_default();
    Seed::of_snapshots(snapshot(&job.baseline.run), snapshot(&job.candidate.run))
}

/// What the page of a slice shows beside its numbers.
fn detail(job: &Job, compared: &Compared, slug: String, predicates: &[Predicate]) -> SliceDetail {
    let Some(measured) = &compared.measured else {
        let whole = compared.counts.table.summary();
        return stats::slice_detail(slug, &compared.slice_table(predicates), &whole);
    };
    let slice = measured.slices.iter().find(|slice| slice.predicates == predicates);
    let empty = ScoreSums::new(Direction::None, 0.0);
    let inside = slice.map_or(&empty, |slice| &slice.sums);
    let whole = measured.whole.headline().unwrap_or(&empty);
    stats::measured_slice_detail(slug, inside, whole, job.options.alpha)
}

/// The slices that have a page.
pub(super) fn paged_slices(comparison: &Comparison) -> Vec<PagedSlice> {
    let page = |s: &SliceResult| {
        Some(PagedSlice {
            slug: s.detail.as_ref()?.slug.clone(),
            rows: SliceRows::Regressed(s.predicates.clone()),
        })
    };
    let declared = comparison.slices.iter().filter_map(page);
    declared
        .chain(comparison.discovered.iter().flat_map(discovered::paged))
        .collect()
}

/// Notes in the details of each slice with a page which others its regressed samples lie in as well.
pub(super) fn add_overlaps(comparison: &mut Comparison, pages: &[PagedSlice], overlaps: &Overlaps) {
    // A search changes nothing of the declared slices: these name each other alone.
    let declared = comparison.slices.iter().filter(|slice| slice.detail.is_some()).count();
    let of_page: BTreeMap<&str, Vec<Overlap>> = pages
        .iter()
        .zip(overlaps)
        .enumerate()
        .map(|(i, (page, overlaps))| {
            let named = |other: usize| other != i && (other < declared || i >= declared);
            let shared = overlaps
                .iter()
                .enumerate()
                .filter(|(other, n)| named(*other) && **n > 0);
            let mut most: Vec<(u64, usize)> = shared.map(|(other, &n)| (n, other)).collect();
            // Pages are in the order of harm.
            most.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            let overlap = |(regressed, other): (u64, usize)| Overlap {
                slug: pages[other].slug.clone(),
                regressed,
            };
            let most = most.into_iter().take(MAX_OVERLAPS).map(overlap).collect();
            (page.slug.as_str(), most)
        })
        .collect();
    let declared = comparison.slices.iter_mut();
    let found = comparison.discovered.iter_mut().flat_map(|discovered| {
        let both = discovered.worse.slices.iter_mut().chain(&mut discovered.better.slices);
        both.map(|found| &mut found.slice)
    });
    for detail in declared.chain(found).filter_map(|slice| slice.detail.as_mut()) {
        detail.overlaps = of_page.get(detail.slug.as_str()).cloned().unwrap_or_default();
    }
}

/// Name of a slice's page: its rank, and its predicates as far as a path may hold them.
pub(super) fn slug(rank: usize, predicates: &[Predicate]) -> String {
    let words: Vec<String> = predicates
        .iter()
        .map(|p| format!("{}-{}", p.column, p.value.as_deref().unwrap_or("null")))
        .collect();
    format!("{rank:03}-{}", safe_component(&words.join("-")))
}

/// The first label of the ground truth and the first that a version predicts, if it never predicts one of the ground truth.
fn foreign_labels(table: &JointTable, predicted: impl Fn((u32, u32, u32)) -> u32) -> Option<[String; 2]> {
    let truth: BTreeSet<u32> = table.cells.keys().map(|(truth, _, _)| *truth).collect();
    let predicted: BTreeSet<u32> = table.cells.keys().map(|cell| predicted(*cell)).collect();
    let shown = |labels: &BTreeSet<u32>| {
        let label = labels.first().and_then(|label| table.labels.get(*label as usize));
        label.map(|label| label.chars().take(40).collect::<String>().escape_debug().to_string())
    };
    match truth.is_disjoint(&predicted) {
        true => Some([shown(&truth)?, shown(&predicted)?]),
        false => None,
    }
}

fn warnings(job: &Job, counts: &Counts) -> Vec<Warning> {
    let mut out = Vec::new();
    let mut warn = |code: &str, text: String| {
        out.push(Warning {
            code: code.into(),
            text,
        })
    };
    let (a, b) = (&job.baseline.run, &job.candidate.run);
    if job.is_one_run() {
        warn("same_run", "both references resolved to the same run".into());
    }
    if let (Some(x), Some(y)) = (&a.golden.digest, &b.golden.digest)
        && x != y
    {
        let text = "the runs were made on different golden data (their digests differ): only keys that both have, \
                    with the same ground truth, are compared";
        warn("golden_differs", text.into());
    }
    let accounting = &counts.accounting;
    let counted = [
        ("only_baseline", accounting.only_baseline, "only the baseline has"),
        ("only_candidate", accounting.only_candidate, "only the candidate has"),
        (
            "duplicate",
            accounting.duplicate,
            "more than one row of a run has the key of",
        ),
        ("errored", accounting.errored, "a run failed on"),
        (
            "label_changed",
            accounting.label_changed,
            "the ground truth differs between the runs for",
        ),
    ];
    for (code, n, what) in counted {
        if n > 0 {
            warn(
                code,
                format!(
                    "{what} {n} sample{}: left out of every metric",
                    if n == 1 { "" } else { "s" }
                ),
            );
        }
    }
    for (side, n) in ["baseline", "candidate"].iter().zip(counts.invalid_confidence) {
        if n > 0 {
            warn(
                "invalid_confidence",
                format!("{n} confidences of the {side} are NaN or outside 0..1 and do not count"),
            );
        }
    }
    for (column, n) in counts.slice_disagreements.iter().filter(|(_, n)| *n > 0) {
        warn(
            "slice_differs",
            format!("the runs disagree on `{column}` for {n} matched samples: the candidate's value counts"),
        );
    }
    let n = counts.accounting.matched;
    let outcomes = counts.table.outcomes();
    let correct = [
        outcomes.both_correct + outcomes.regressed,
        outcomes.both_correct + outcomes.fixed,
    ];
    if n > 0 && counts.folded_correct != correct {
        let rate = |k: u64| format!("{:.4}", k as f64 / n as f64);
        let sides = ["baseline", "candidate"]
            .into_iter()
            .zip(counts.folded_correct)
            .zip(correct);
        let changed: Vec<String> = sides
            .filter(|((_, folded), correct)| folded != correct)
            .map(|((side, folded), correct)| {
                let more = folded.abs_diff(correct);
                let (now, then) = (rate(correct), rate(folded));
                format!("{then} instead of {now} for the {side} ({more} more of {n} samples)")
            })
            .collect();
        let text = format!(
            "labels match exactly, and some differ only in case or white space: ignoring that, accuracy would be {}",
            changed.join(" and ")
        );
        warn("folded_labels", text);
    }
    for (side, known) in [
        ("baseline", foreign_labels(&counts.table, |(_, a, _)| a)),
        ("candidate", foreign_labels(&counts.table, |(_, _, b)| b)),
    ] {
        if let Some([truth, predicted]) = known {
            let text = format!(
                "no label that the {side} predicts is one of the ground truth (`{predicted}` is none, `{truth}` is one): they may be \
                 spelled otherwise, which --label-map FILE mends"
            );
            warn("no_common_label", text);
        }
    }
    if counts.table.labels.len() > stats::MAX_CONFUSION_LABELS {
        let text = format!(
            "{} distinct labels are more than {}: the confusion matrices are left out",
            counts.table.labels.len(),
            stats::MAX_CONFUSION_LABELS
        );
        warn("too_many_labels", text);
    }
    out
}
