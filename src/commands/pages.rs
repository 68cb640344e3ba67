//! Every file of a report but its manifest, in memory: pages, documents, flips.

use super::{convert, media};
use crate::audit::manifest::{FileDigest, MANIFEST_SCHEMA, Manifest, json_bytes};
use crate::compare::{Compared, Job};
use crate::error::Result;
use crate::media::MediaFiles;
use crate::model::comparison::Warning;
use crate::model::report::{REPORT_SCHEMA, RunClass, RunConfusion, RunReport, RunSlice};
use crate::model::{Comparison, Direction, PinnedRun, SampleSet};
use crate::site::{self, Page, Theme};
use crate::stats;
use std::collections::{BTreeMap, BTreeSet};

/// All files of a comparison's report: pages, then documents.
pub(super) fn of_diff(
    job: &Job,
    compared: &Compared,
    c: &Comparison,
    samples: &SampleSet,
    files: MediaFiles,
    theme: Option<&Theme>,
) -> Result<Vec<Page>> {
    let flips = || {
        let mut bytes = Vec::new();
        compared.write_flips(job, &mut bytes).map(|()| bytes)
    };
    // Pages and flips have nothing in common but their time.
    let (pages, flips) = std::thread::scope(|scope| {
        let flips = scope.spawn(flips);
        let pages = site::render_diff_with(c, samples, theme);
        (
            pages,
            flips.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    let mut pages = pages.map_err(convert::site)?;
    pages.extend(media::pages(files));
    pages.push(document("data/comparison.json", c)?);
    pages.push(document("data/samples.json", samples)?);
    pages.push(document("data/report-data.json", &run_report(c))?);
    pages.push(Page {
        path: "data/flips.parquet".into(),
        bytes: flips.map_err(convert::compare)?,
    });
    let manifest = manifest("diff", c, vec![c.baseline.clone(), c.candidate.clone()], &pages);
    pages.push(document("manifest.json", &manifest)?);
    Ok(pages)
}

/// All files of a single run's report.
pub(super) fn of_run(
    c: &Comparison,
    samples: &SampleSet,
    files: MediaFiles,
    theme: Option<&Theme>,
) -> Result<Vec<Page>> {
    let report = run_report(c);
    let samples = &without_unchanged(samples);
    let mut files = files;
    let shown = media::paths(samples);
    files.retain(|path, _| shown.contains(path));
    let mut pages = site::render_run_with(&report, samples, theme).map_err(convert::site)?;
    pages.extend(media::pages(files));
    pages.push(document("data/report-data.json", &report)?);
    pages.push(document("data/samples.json", samples)?);
    let manifest = manifest("run", c, vec![c.candidate.clone()], &pages);
    pages.push(document("manifest.json", &manifest)?);
    Ok(pages)
}

/// The samples of a run on its own: where answers are measured all of them are "unchanged", which says nothing of one run.
fn without_unchanged(samples: &SampleSet) -> SampleSet {
    let mut kept = samples.clone();
    kept.lists.retain(|list| list.id != "unchanged");
    let listed: BTreeSet<&String> = kept.lists.iter().flat_map(|list| &list.ids).collect();
    kept.samples.retain(|id, _| listed.contains(id));
    kept
}

fn document<T: serde::Serialize>(path: &str, document: &T) -> Result<Page> {
    Ok(Page {
        path: path.into(),
        bytes: json_bytes(document).map_err(convert::json)?,
    })
}

fn manifest(kind: &str, c: &Comparison, runs: Vec<PinnedRun>, pages: &[Page]) -> Manifest {
    Manifest {
        schema: MANIFEST_SCHEMA.into(),
        kind: kind.into(),
        tool_version: c.tool_version.clone(),
        table: c.table.clone(),
        config_digest: c.config_digest.clone(),
        roles: c.roles.clone(),
        options: c.options.clone(),
        runs,
        files: pages
            .iter()
            .map(|p| (p.path.clone(), FileDigest::of(&p.bytes)))
            .collect::<BTreeMap<_, _>>(),
    }
}

/// The candidate of a comparison on its own. A run compared with itself gives the report over all of its samples; in
/// a comparison's folder it stands over the matched samples.
pub(super) fn run_report(c: &Comparison) -> RunReport {
    let labelled = c.roles.kind().has_labels();
    let n = c.accounting.matched;
    let correct = c.outcomes.both_correct + c.outcomes.fixed;
    let rate = |k: u64, n: u64| (n > 0).then(|| k as f64 / n as f64);
    let wilson = |k: u64, n: u64| stats::wilson(k, n, c.options.alpha).map(|(low, high)| [low, high]);
    let overall = match c.clusters {
        Some(clusters) => clusters.candidate_accuracy,
        None => wilson(correct, n),
    };
    let overall = overall.filter(|_| labelled).map_or([None, None], |ends| ends.map(Some));
    // Slices of clusters: what each one's clusters say is known of the pair alone.
    let by_itself = labelled && c.clusters.is_none();
    let metrics = c
        .metrics
        .iter()
        .filter(|m| m.baseline.is_some() || m.name == "accuracy")
        .map(|m| {
            let mut m = m.clone();
            (m.baseline, m.delta, m.ci_low, m.ci_high, m.p_value, m.verdict) = (None, None, None, None, None, None);
            if m.name == "accuracy" {
                [m.ci_low, m.ci_high] = overall;
            }
            m.note = m.note.map(|note| note.replace("both versions", "this version"));
            m
        });
    let slice = |s: &crate::model::SliceResult| {
        let k = s.candidate.map_or(0, |a| (a * s.n as f64).round() as u64);
        let interval = wilson(k, s.n).filter(|_| by_itself);
        let [ci_low, ci_high] = interval.map_or([None, None], |ends| ends.map(Some));
        RunSlice {
            predicates: s.predicates.clone(),
            n: s.n,
            accuracy: s.candidate.filter(|_| labelled),
            value: s.candidate.filter(|_| !labelled),
            ci_low,
            ci_high,
        }
    };
    let mut slices: Vec<RunSlice> = c.slices.iter().map(slice).collect();
    // The worst first; slices without a value last.
    let less_is_better = c.roles.direction() == Direction::Lower;
    slices.sort_by(|a, b| {
        let badness = |value: f64| if less_is_better { -value } else { value };
        let value = |s: &RunSlice| s.accuracy.or(s.value).map_or(f64::INFINITY, badness);
        value(a)
            .total_cmp(&value(b))
            .then(b.n.cmp(&a.n))
            .then_with(|| a.predicates.cmp(&b.predicates))
    });
    RunReport {
        schema: REPORT_SCHEMA.into(),
        tool_version: c.tool_version.clone(),
        table: c.table.clone(),
        config_digest: c.config_digest.clone(),
        model_version: c.candidate.model_version.clone(),
        evaluation_timestamp: c.candidate.committed_at.clone(),
        snapshot_id: c.candidate.snapshot_id.clone(),
        run_id: c.candidate.run_id.clone(),
        total_samples: c.candidate.rows,
        scored_samples: n,
        errored: c.accounting.errored,
        skipped: c.accounting.skipped,
        unlabelled: c.accounting.unlabelled,
        duplicate: c.accounting.duplicate,
        overall_accuracy: rate(correct, n).filter(|_| labelled),
        accuracy_interval: overall,
        metrics: metrics.collect(),
        per_class: c
            .classes
            .iter()
            .map(|r| RunClass {
                label: r.label.clone(),
                support: r.support,
                scores: r.candidate,
            })
            .collect(),
        confusion_matrix: RunConfusion {
            labels: c.confusion.labels.clone(),
            counts: c.confusion.candidate.clone(),
        },
        calibration: c.calibration.clone(),
        latency: c.latency.and_then(|both| both.candidate),
        cost: c.cost.and_then(|both| both.candidate),
        slices,
        run: c.candidate.clone(),
        roles: c.roles.clone(),
        options: c.options.clone(),
        warnings: run_warnings(c),
    }
}

/// What a reader of the candidate's own report must know.
fn run_warnings(c: &Comparison) -> Vec<Warning> {
    let kept = c.warnings.iter().filter(|w| w.code != "same_run").cloned();
    let labelled = c.roles.kind().has_labels();
    let clusters = c.roles.cluster.as_ref().zip(c.clusters).filter(|_| labelled);
    let clusters = clusters.map(|(column, clusters)| Warning {
        code: "cluster_intervals".into(),
        text: match clusters.candidate_accuracy {
            Some(_) => format!(
                "the interval of accuracy allows for the clusters of `{column}`; slices have none, which would take each sample for itself"
            ),
            None => format!("no intervals: the clusters of `{column}` are too few, or too uneven, for one to be sure to hold"),
        },
    });
    kept.chain(clusters).collect()
}
