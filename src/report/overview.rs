//! The overview of a comparison: the answer first, then the evidence.

use super::calibration::{self, CalibrationView};
use super::classes::{self, ClassTable};
use super::discovered::{self, Search};
use super::files::{self, FileLink};
use super::format::{count, counted, level, unsigned_points};
use super::headline::{self, Headline};
use super::latency::{self, LatencyView};
use super::matrix::{self, Matrices};
use super::metadata::{self, MetadataDiff};
use super::metrics::{self, MetricRow};
use super::parts::{self, Chrome, CountRow, Fact, Link, Owner, WarningView, count_row, fact, made_by};
use super::provenance::{self, ProvenanceRow};
use super::slices::{self, RegressionView, SliceTable};
use super::{format, links, words};
use crate::model::{AccountingClass, Comparison, Outcome, SampleSet};
use crate::stats::POWER;
use serde::Serialize;

/// The overview of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// What surrounds the page.
    pub page: Chrome,
    /// The old version.
    pub baseline: String,
    /// The new version.
    pub candidate: String,
    /// The answer.
    pub headline: Headline,
    /// Whether a loss of the margin can be excluded.
    pub non_inferiority: Option<String>,
    /// What could have been found.
    pub detectable: Option<String>,
    /// Power at which it would.
    pub power: String,
    /// Matched samples and intervals, in words.
    pub basis: String,
    /// What a reader must know.
    pub warnings: Vec<WarningView>,
    /// Columns kept out.
    pub hidden: Vec<String>,
    /// Slices that regressed.
    pub regressions: Vec<RegressionView>,
    /// How many more there are.
    pub more_regressions: Option<String>,
    /// Metrics.
    pub metrics: Vec<MetricRow>,
    /// Level of the intervals.
    pub level: String,
    /// Matched samples by outcome.
    pub outcomes: Vec<CountRow>,
    /// Keys by class.
    pub accounting: Vec<CountRow>,
    /// All keys.
    pub keys: String,
    /// Lists of samples.
    pub lists: Vec<Link>,
    /// Slices.
    pub slices: SliceTable,
    /// What a search for slices found.
    pub search: Option<Search>,
    /// Scores per label.
    pub classes: ClassTable,
    /// Confusion matrices.
    pub confusion: Matrices,
    /// Calibration.
    pub calibration: Option<CalibrationView>,
    /// How long answers took.
    pub latency: Option<LatencyView>,
    /// What both runs say of themselves.
    pub metadata: MetadataDiff,
    /// The table and the tool.
    pub facts: Vec<Fact>,
    /// What pins both runs.
    pub provenance: Vec<ProvenanceRow>,
    /// Files beside the pages.
    pub files: Vec<FileLink>,
}

/// The report that the pages of a comparison belong to.
pub fn owner(comparison: &Comparison) -> Owner {
    let baseline = words::shown(&comparison.baseline.model_version);
    let candidate = words::shown(&comparison.candidate.model_version);
    Owner {
        name: format!("{baseline} → {candidate}"),
        made_by: made_by(&comparison.tool_version, &comparison.config_digest),
        key: comparison.roles.key.clone(),
        baseline,
        candidate: Some(candidate),
    }
}

/// The overview of a comparison.
pub fn overview(comparison: &Comparison, samples: &SampleSet) -> Overview {
    let owner = owner(comparison);
    let keys = comparison.accounting.total();
    let matched = comparison.accounting.matched;
    let outcomes = [
        (Outcome::Regressed, comparison.outcomes.regressed),
        (Outcome::Fixed, comparison.outcomes.fixed),
        (Outcome::BothWrong, comparison.outcomes.both_wrong),
        (Outcome::BothCorrect, comparison.outcomes.both_correct),
    ];
    let outcome = |(outcome, n): (Outcome, u64)| {
        let meaning = match outcome {
            Outcome::BothWrong => format!(
                "{}; {} of them with the same wrong answer",
                words::outcome_meaning(outcome),
                count(comparison.outcomes.both_wrong_same),
            ),
            Outcome::BothCorrect | Outcome::Regressed | Outcome::Fixed => words::outcome_meaning(outcome).to_owned(),
        };
        count_row(outcome.name(), &meaning, n, matched, samples)
    };
    let class = |class: AccountingClass| {
        count_row(
            class.name(),
            words::class_meaning(class),
            comparison.accounting.get(class),
            keys,
            samples,
        )
    };
    let level = level(comparison.options.alpha);
    Overview {
        page: Chrome {
            title: format!("{} · {}", owner.name, words::visible(&comparison.table)),
            root: "",
            crumbs: Vec::new(),
            here: words::visible(&comparison.table),
            made_by: owner.made_by.clone(),
        },
        headline: headline::headline(comparison),
        non_inferiority: headline::non_inferiority(comparison),
        detectable: comparison.detectable.map(|least| unsigned_points(Some(least))),
        power: format::round_percent(POWER),
        basis: format!(
            "Every metric stands on the {} that both versions answered against the same ground truth.",
            counted(matched, "matched sample", "matched samples"),
        ),
        warnings: parts::warnings(&comparison.warnings),
        hidden: parts::hidden(samples),
        regressions: slices::regressions(comparison),
        more_regressions: slices::more_regressions(comparison),
        metrics: metrics::of_pair(comparison),
        level,
        outcomes: outcomes.into_iter().map(outcome).collect(),
        accounting: AccountingClass::ALL.into_iter().rev().map(class).collect(),
        keys: count(keys),
        lists: other_lists(comparison, samples),
        slices: slices::slices(comparison),
        search: discovered::search(comparison),
        classes: classes::of_pair(&comparison.classes),
        confusion: matrix::of_pair(&comparison.confusion),
        latency: comparison.latency.as_ref().map(latency::pair),
        calibration: comparison
            .calibration
            .as_ref()
            .map(|data| calibration::calibration(data, false)),
        metadata: metadata::metadata(&comparison.baseline, &comparison.candidate),
        facts: facts(comparison),
        provenance: provenance::of_pair(&comparison.baseline, &comparison.candidate),
        files: files::of_diff(),
        baseline: owner.baseline,
        candidate: owner.candidate.unwrap_or_default(),
    }
}

fn facts(comparison: &Comparison) -> Vec<Fact> {
    let uuid = words::shown(&comparison.candidate.table_uuid);
    let uuid = if comparison.baseline.table_uuid == comparison.candidate.table_uuid {
        uuid
    } else {
        format!(
            "{} (baseline), {uuid} (candidate)",
            words::shown(&comparison.baseline.table_uuid)
        )
    };
    let resampling = comparison.resampling.as_ref().map(|resampling| {
        let resamples = counted(resampling.replicates, "resample", "resamples");
        let seed = words::visible(&resampling.seed);
        fact(
            "Intervals by bootstrap",
            format!("{resamples}, seed {seed} (from both snapshot ids)"),
        )
    });
    let facts = [
        fact("Table", words::visible(&comparison.table)),
        fact("Table UUID", uuid),
        fact("Configuration digest", words::visible(&comparison.config_digest)),
        fact("Tool", format!("evaldiff {}", words::visible(&comparison.tool_version))),
    ];
    facts.into_iter().chain(resampling).collect()
}

/// Lists that no row of counts and no slice page links to.
fn other_lists(comparison: &Comparison, samples: &SampleSet) -> Vec<Link> {
    let slug = |id: &str| {
        comparison
            .slices
            .iter()
            .chain(discovered::confirmed(comparison).map(|found| &found.slice))
            .filter_map(|s| s.detail.as_ref())
            .any(|d| format!("slice:{}", d.slug) == id)
    };
    let named = |id: &str| {
        AccountingClass::ALL.iter().any(|class| class.name() == id)
            || ["regressed", "fixed", "both_wrong", "both_correct"].contains(&id)
    };
    let lists = samples
        .lists
        .iter()
        .filter(|list| list.total > 0 && !named(&list.id) && !slug(&list.id));
    lists
        .map(|list| Link {
            text: words::list_title(&list.id),
            href: links::list(&list.id, 1),
        })
        .collect()
}
