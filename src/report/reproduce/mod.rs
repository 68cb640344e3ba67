//! How anybody gets the headline numbers of a report without evaldiff, and with it.

mod command;
mod pyiceberg;
mod query;

use super::format::{count, number, setting};
use super::headline::headline_metric;
use super::parts::{Chrome, Owner};
use super::{overview, run_report};
use crate::model::report::RunReport;
use crate::model::{ColumnRoles, CompareOptions, Comparison, Direction, Kind, PinnedRun};
use serde::Serialize;

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReproducePage {
    /// What surrounds the page.
    pub page: Chrome,
    /// The numbers that the queries give.
    pub numbers: Vec<NumberRow>,
    /// Why there are no queries, where there are none.
    pub left_out: Option<&'static str>,
    /// The ways to get them.
    pub ways: Vec<Way>,
}

/// A headline number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NumberRow {
    /// What the queries call it.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Its value.
    pub value: String,
}

/// One way to get the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Its anchor.
    pub id: &'static str,
    /// The tool.
    pub tool: &'static str,
    /// What has to be there.
    pub needs: &'static str,
    /// What to run.
    pub text: String,
}

/// One or two runs and how their answers are judged.
struct Subject<'a> {
    table: &'a str,
    runs: Vec<(&'static str, &'a PinnedRun)>,
    roles: &'a ColumnRoles,
    options: &'a CompareOptions,
}

impl Subject<'_> {
    /// Name of the value that a query gives for a version.
    fn total(&self, version: &str) -> String {
        let what = if self.roles.kind().has_labels() {
            "correct"
        } else {
            "mean"
        };
        match self.runs.len() {
            1 => what.to_owned(),
            _ => format!("{version}_{what}"),
        }
    }

    /// Whether a lower value is better.
    fn lower_is_better(&self) -> bool {
        match self.roles.kind() {
            Kind::Numeric => true,
            Kind::Text => self
                .roles
                .scores
                .first()
                .is_some_and(|score| score.direction == Direction::Lower),
            Kind::Classification | Kind::Binary => false,
        }
    }
}

/// The page of a comparison.
pub fn of_diff(comparison: &Comparison) -> ReproducePage {
    let subject = Subject {
        table: &comparison.table,
        runs: vec![("baseline", &comparison.baseline), ("candidate", &comparison.candidate)],
        roles: &comparison.roles,
        options: &comparison.options,
    };
    let outcomes = &comparison.outcomes;
    let metric = headline_metric(comparison);
    let [baseline, candidate] = match comparison.roles.kind().has_labels() {
        true => [
            (
                "baseline_correct",
                "right answers of the baseline",
                count(outcomes.both_correct + outcomes.regressed),
            ),
            (
                "candidate_correct",
                "right answers of the candidate",
                count(outcomes.both_correct + outcomes.fixed),
            ),
        ],
        false => [
            (
                "baseline_mean",
                "mean of what the baseline is judged by",
                mean(metric.and_then(|m| m.baseline)),
            ),
            (
                "candidate_mean",
                "mean of what the candidate is judged by",
                mean(metric.and_then(|m| m.candidate)),
            ),
        ],
    };
    page(
        &overview::owner(comparison),
        &subject,
        [
            ("n", "matched samples", count(comparison.accounting.matched)),
            baseline,
            candidate,
            ("regressed", "samples that got worse", count(outcomes.regressed)),
            ("fixed", "samples that got better", count(outcomes.fixed)),
        ],
    )
}

/// The page of a single version.
pub fn of_run(report: &RunReport) -> ReproducePage {
    let subject = Subject {
        table: &report.table,
        runs: vec![("run", &report.run)],
        roles: &report.roles,
        options: &report.options,
    };
    let value = match report.roles.kind().has_labels() {
        true => {
            let n = report.scored_samples as f64;
            let correct = report.overall_accuracy.map_or(0.0, |accuracy| (accuracy * n).round());
            ("correct", "right answers", count(correct as u64))
        }
        false => {
            let metric = report.metrics.first().and_then(|metric| metric.candidate);
            ("mean", "mean of what the version is judged by", mean(metric))
        }
    };
    let n = ("n", "scored samples", count(report.scored_samples));
    page(&run_report::owner(report), &subject, [n, value])
}

fn mean(value: Option<f64>) -> String {
    let written = |value: f64| match value.abs() {
        // Six digits would be zeros.
        size if size > 0.0 && size < 1e-4 => setting(value),
        _ => number(value, 6),
    };
    value.map_or_else(|| "none".to_owned(), written)
}

fn page<const N: usize>(
    owner: &Owner,
    subject: &Subject<'_>,
    numbers: [(&'static str, &'static str, String); N],
) -> ReproducePage {
    let row = |(name, meaning, value)| NumberRow { name, meaning, value };
    let repeated = subject.roles.repeat.is_some();
    ReproducePage {
        page: owner.beside("Reproduce"),
        numbers: numbers.map(row).to_vec(),
        left_out: repeated.then_some(
            "The trials of a sample are reduced to one answer before anything is counted, which is more than a short query: \
             there is only the command.",
        ),
        ways: if repeated {
            vec![command::way(subject)]
        } else {
            [query::ways(subject), vec![pyiceberg::way(subject), command::way(subject)]].concat()
        },
    }
}
