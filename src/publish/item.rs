//! What the lists say of one report.

use crate::audit::manifest::Manifest;
use crate::model::report::RunReport;
use crate::model::{Comparison, PinnedRun};
use crate::names::safe_component;
use crate::report::format::counted;
use crate::report::headline::headline_metric;
use crate::report::trend::{Point, TrendSource};
use serde::{Deserialize, Serialize};

/// A headline metric of a report's versions, as the list keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// The table.
    pub table: String,
    /// Name of the metric.
    pub metric: String,
    /// The versions.
    pub points: Vec<TrendPoint>,
}

/// A version's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// The version.
    pub version: String,
    /// The run's sequence number.
    pub order: i64,
    /// The value in decimals.
    pub value: String,
}

impl Trend {
    fn of(table: &str, metric: &str, runs: &[(&PinnedRun, Option<f64>)]) -> Option<Trend> {
        let point = |(run, value): &(&PinnedRun, Option<f64>)| {
            Some(TrendPoint {
                version: run.model_version.clone(),
                order: run.sequence_number,
                value: (*value)?.to_string(),
            })
        };
        let points: Vec<TrendPoint> = runs.iter().filter_map(point).collect();
        (!points.is_empty()).then(|| Trend {
            table: table.to_owned(),
            metric: metric.to_owned(),
            points,
        })
    }

    /// As the page of newest reports takes it.
    pub fn source(&self) -> TrendSource {
        let point = |point: &TrendPoint| Point {
            version: point.version.clone(),
            order: point.order,
            value: point.value.parse().unwrap_or(f64::NAN),
        };
        TrendSource {
            table: self.table.clone(),
            metric: self.metric.clone(),
            points: self.points.iter().map(point).collect(),
        }
    }
}

/// One report, as lists and pointers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its folder, relative to the site.
    pub folder: String,
    /// `diff` or `run`.
    pub kind: String,
    /// What it is about.
    pub title: String,
    /// Where its numbers come from.
    pub subtitle: String,
    /// What it found.
    pub verdict: String,
    /// The headline metric of its versions.
    pub trend: Option<Trend>,
    /// Sequence numbers of candidate and baseline: the highest pair is the newest.
    pub order: (i64, i64),
}

impl Item {
    /// A comparison's report.
    pub fn of_diff(c: &Comparison) -> Item {
        Item {
            folder: diff_folder(&c.table, &c.baseline, &c.candidate, &c.config_digest),
            kind: "diff".into(),
            title: format!("{} against {}", c.candidate.model_version, c.baseline.model_version),
            subtitle: subtitle(&c.table, c.accounting.matched, &c.candidate),
            verdict: c.verdict.name().replace('_', " "),
            trend: headline_metric(c).and_then(|metric| {
                let runs = [(&c.baseline, metric.baseline), (&c.candidate, metric.candidate)];
                Trend::of(&c.table, &metric.name, &runs)
            }),
            order: (c.candidate.sequence_number, c.baseline.sequence_number),
        }
    }

    /// A single version's report.
    pub fn of_run(report: &RunReport) -> Item {
        Item {
            folder: run_folder(&report.table, &report.run, &report.config_digest),
            kind: "run".into(),
            title: report.model_version.clone(),
            subtitle: subtitle(&report.table, report.scored_samples, &report.run),
            verdict: String::new(),
            trend: report
                .metrics
                .first()
                .and_then(|metric| Trend::of(&report.table, &metric.name, &[(&report.run, metric.candidate)])),
            order: (report.run.sequence_number, 0),
        }
    }
}

/// Where numbers come from; with the date, since a pair of versions may be compared more than once.
fn subtitle(table: &str, samples: u64, run: &PinnedRun) -> String {
    let samples = counted(samples, "sample", "samples");
    format!("{table}, {samples}, committed {}", run.committed_at)
}

/// Folder of the report that a manifest belongs to, relative to the site; `None` if the manifest names other runs than a
/// report has.
pub fn folder_of(manifest: &Manifest) -> Option<String> {
    let (table, config) = (&manifest.table, &manifest.config_digest);
    match &manifest.runs[..] {
        [baseline, candidate] => Some(diff_folder(table, baseline, candidate, config)),
        [run] => Some(run_folder(table, run, config)),
        _ => None,
    }
}

/// Folder of a comparison's report, relative to the site.
pub fn diff_folder(table: &str, baseline: &PinnedRun, candidate: &PinnedRun, config: &str) -> String {
    format!(
        "{}/diffs/{}..{}/{}-{}-{config}",
        safe_component(table),
        safe_component(&baseline.model_version),
        safe_component(&candidate.model_version),
        baseline.snapshot_id,
        candidate.snapshot_id,
    )
}

/// Folder of a single version's report, relative to the site.
pub fn run_folder(table: &str, run: &PinnedRun, config: &str) -> String {
    format!(
        "{}/runs/{}/{}-{config}",
        safe_component(table),
        safe_component(&run.model_version),
        run.snapshot_id,
    )
}
