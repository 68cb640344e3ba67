//! The overview of a single version.

use super::bars::{Axis, Bar};
use super::calibration::{self, CalibrationView};
use super::charts::run_slices::{RunSliceChart, run_slices};
use super::classes::{self, ClassTable};
use super::cost::{self, CostView};
use super::files::{self, FileLink};
use super::format::{Unit, count, counted, level, percent};
use super::latency::{self, LatencyView};
use super::matrix::{self, Matrices};
use super::measure::Measure;
use super::metrics::{self, ValueRow};
use super::parts::{self, Chrome, Fact, Link, Owner, WarningView, fact, made_by};
use super::provenance::{self, ProvenanceRow};
use super::slices::MAX_SLICES;
use super::words::{self, PredicateView, predicate_views};
use super::{links, metadata};
use crate::model::SampleSet;
use crate::model::report::{RunReport, RunSlice};
use serde::Serialize;

/// The overview of a single version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunOverview {
    /// What surrounds the page.
    pub page: Chrome,
    /// The version.
    pub version: String,
    /// The answer in one sentence.
    pub sentence: String,
    /// Whether answers are right or wrong, so that there are labels to show.
    pub labelled: bool,
    /// What slices are judged by.
    pub measure: String,
    /// What a reader must know.
    pub warnings: Vec<WarningView>,
    /// Columns kept out.
    pub hidden: Vec<String>,
    /// Level of the intervals.
    pub level: String,
    /// Whether any metric has an interval.
    pub metric_intervals: bool,
    /// Metrics.
    pub metrics: Vec<ValueRow>,
    /// Rows by class.
    pub accounting: Vec<Fact>,
    /// Lists of samples.
    pub lists: Vec<Link>,
    /// Slices, worst first.
    pub slices: Vec<RunSliceRow>,
    /// Whether any of them has an interval.
    pub slice_intervals: bool,
    /// What is listed.
    pub slices_note: String,
    /// Accuracy and size of the slices, drawn.
    pub slice_chart: Option<RunSliceChart>,
    /// Scores per label.
    pub classes: ClassTable,
    /// Confusion matrix.
    pub confusion: Matrices,
    /// Calibration.
    pub calibration: Option<CalibrationView>,
    /// How long answers took.
    pub latency: Option<LatencyView>,
    /// What answers cost.
    pub cost: Option<CostView>,
    /// What the run says of itself.
    pub properties: Vec<String>,
    /// The table and the tool.
    pub facts: Vec<Fact>,
    /// What pins the run.
    pub provenance: Vec<ProvenanceRow>,
    /// Files beside the pages.
    pub files: Vec<FileLink>,
}

/// One slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSliceRow {
    /// What defines it.
    pub predicates: Vec<PredicateView>,
    /// Scored samples.
    pub n: String,
    /// Accuracy, or the mean of what is measured.
    pub accuracy: String,
    /// Its interval.
    pub interval: String,
    /// Its interval drawn, with the overall accuracy as reference.
    pub bar: Option<Bar>,
}

/// The report that the pages of a single version belong to.
pub fn owner(report: &RunReport) -> Owner {
    let version = words::shown(&report.model_version);
    Owner {
        name: version.clone(),
        made_by: made_by(&report.tool_version, &report.config_digest),
        kind: report.roles.kind(),
        key: report.roles.key.clone(),
        baseline: version,
        candidate: None,
    }
}

/// The overview of a single version.
pub fn run_overview(report: &RunReport, samples: &SampleSet) -> RunOverview {
    let owner = owner(report);
    let measure = Measure::of(&report.roles);
    let lists = samples.lists.iter().filter(|list| list.total > 0);
    RunOverview {
        page: Chrome {
            title: format!("{} · {}", owner.name, words::visible(&report.table)),
            root: "",
            crumbs: Vec::new(),
            here: words::visible(&report.table),
            made_by: owner.made_by,
            pair: false,
            media: false,
        },
        version: owner.baseline,
        sentence: sentence(report),
        labelled: report.roles.kind().has_labels(),
        measure: measure.title.clone(),
        warnings: parts::warnings(&report.warnings),
        hidden: parts::hidden(samples),
        level: level(report.options.alpha),
        metric_intervals: report.metrics.iter().any(|metric| metric.ci_low.is_some()),
        metrics: metrics::of_run(&report.metrics),
        accounting: accounting(report),
        lists: lists
            .map(|list| Link {
                text: format!(
                    "{}: {}",
                    words::own_list_title(&list.id),
                    counted(list.total, "sample", "samples")
                ),
                href: links::list(&list.id, 1),
            })
            .collect(),
        slices: report
            .slices
            .iter()
            .take(MAX_SLICES)
            .map(|slice| slice_row(report, slice))
            .collect(),
        slice_intervals: report
            .slices
            .iter()
            .take(MAX_SLICES)
            .any(|slice| slice.ci_low.is_some()),
        slice_chart: run_slices(report),
        slices_note: match report.slices.len() {
            n if n > MAX_SLICES => format!(
                "{} of {} slices are listed, {} {} first; the rest are in data/report-data.json.",
                count(MAX_SLICES as u64),
                count(n as u64),
                measure.worst(),
                measure.lower(),
            ),
            0 if report.roles.slices.is_empty() => "No slice columns were given.".to_owned(),
            n => format!(
                "{} listed, {} {} first.",
                counted(n as u64, "slice is", "slices are"),
                measure.worst(),
                measure.lower()
            ),
        },
        classes: classes::of_run(&report.per_class),
        confusion: matrix::of_run(&report.confusion_matrix.labels, &report.confusion_matrix.counts),
        latency: report.latency.as_ref().map(latency::single),
        cost: report.cost.as_ref().map(cost::single),
        calibration: report
            .calibration
            .as_ref()
            .map(|data| calibration::calibration(data, true)),
        properties: metadata::lines(&report.run),
        facts: vec![
            fact("Table", words::visible(&report.table)),
            fact("Table UUID", words::visible(&report.run.table_uuid)),
            fact("Configuration digest", words::visible(&report.config_digest)),
            fact("Tool", format!("evaldiff {}", words::visible(&report.tool_version))),
        ],
        provenance: provenance::of_run(&report.run),
        files: files::of_run(),
    }
}

fn sentence(report: &RunReport) -> String {
    let scored = counted(report.scored_samples, "scored sample", "scored samples");
    let measure = Measure::of(&report.roles);
    match report.overall_accuracy {
        None if !measure.kind.has_labels() && report.scored_samples > 0 => {
            let value = report.metrics.first().and_then(|metric| metric.candidate);
            format!("{} is {} on {scored}.", measure.title, measure.unit.value(value))
        }
        Some(accuracy) => {
            let interval = accuracy_interval(report);
            format!("Accuracy is {} on {scored}{interval}.", percent(Some(accuracy)))
        }
        None => "No sample was scored, so there is no accuracy.".to_owned(),
    }
}

/// " (95% interval 86.0% to 88.4%)"; empty where there is none.
pub(super) fn accuracy_interval(report: &RunReport) -> String {
    let [low, high] = report.accuracy_interval;
    let interval = Unit::Share.value_interval(low, high);
    let text = format!(" ({} interval {interval})", level(report.options.alpha));
    if low.is_some() { text } else { String::new() }
}

fn accounting(report: &RunReport) -> Vec<Fact> {
    vec![
        fact("Rows", count(report.total_samples)),
        fact("Scored", count(report.scored_samples)),
        fact("Errored", count(report.errored)),
        fact("Skipped", count(report.skipped)),
        fact("Unlabelled", count(report.unlabelled)),
        fact("Duplicate keys", count(report.duplicate)),
    ]
}

fn slice_row(report: &RunReport, slice: &RunSlice) -> RunSliceRow {
    let axis = Axis::share(report.overall_accuracy.unwrap_or_default());
    RunSliceRow {
        predicates: predicate_views(&slice.predicates),
        n: count(slice.n),
        accuracy: match slice.value {
            Some(value) => Measure::of(&report.roles).unit.value(Some(value)),
            None => percent(slice.accuracy),
        },
        interval: Unit::Share.value_interval(slice.ci_low, slice.ci_high),
        bar: axis.bar(slice.ci_low, slice.accuracy, slice.ci_high, "noise"),
    }
}
