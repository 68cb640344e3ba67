//! The overview of a comparison: the answer first, then the evidence.

use super::calibration::{self, CalibrationView};
use super::charts::slices::{SliceChart, slice_chart};
use super::classes::{self, ClassTable};
use super::cost::{self, CostView};
use super::discovered::{self, Search};
use super::distribution::{self, ResidualView, ShiftView};
use super::files::{self, FileLink};
use super::format::{count, counted, level};
use super::headline::{self, Headline};
use super::label_changes::{self, LabelChangesView};
use super::latency::{self, LatencyView};
use super::matrix::{self, Matrices};
use super::measure::{self, Measure};
use super::metadata::{self, MetadataDiff};
use super::metrics::{self, MetricGroup};
use super::parts::{self, Chrome, CountRow, Fact, Link, Owner, WarningView, count_row, fact, made_by};
use super::provenance::{self, ProvenanceRow};
use super::repeats::{self, RepeatView};
use super::scores::{self, ErrorView, RankingView, ScoreView};
use super::slices::{self, RegressionView, SliceTable};
use super::square::{self, Square};
use super::undecided::{self, Undecided};
use super::{format, links, words};
use crate::model::{AccountingClass, Comparison, Kind, SampleSet, Verdict};
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
    /// Whether samples changed, and none would do: they are too few.
    pub too_few: bool,
    /// Power at which it would.
    pub power: String,
    /// Matched samples and intervals, in words.
    pub basis: String,
    /// What pins both runs, at a glance.
    pub pins: Vec<Fact>,
    /// What a reader must know.
    pub warnings: Vec<WarningView>,
    /// Columns kept out.
    pub hidden: Vec<String>,
    /// Slices that regressed.
    pub regressions: Vec<RegressionView>,
    /// How many more there are.
    pub more_regressions: Option<String>,
    /// How much each slice changed, drawn.
    pub slice_chart: Option<SliceChart>,
    /// Metrics.
    pub metrics: Vec<MetricGroup>,
    /// What the numbers leave open.
    pub undecided: Undecided,
    /// Level of the intervals.
    pub level: String,
    /// Matched samples by what they were and what they are, where answers are right or wrong.
    pub square: Option<Square>,
    /// Matched samples by outcome, where answers are measured.
    pub outcomes: Vec<CountRow>,
    /// The answer with the samples whose ground truth changed.
    pub label_changes: Option<LabelChangesView>,
    /// Keys by class.
    pub accounting: Vec<CountRow>,
    /// All keys.
    pub keys: String,
    /// Lists of samples.
    pub lists: Vec<Link>,
    /// Whether answers are right or wrong, so that there are labels to show.
    pub labelled: bool,
    /// How the samples changed by each score.
    pub scores: Vec<ScoreView>,
    /// How large the errors are, where targets are numbers.
    pub errors: Option<ErrorView>,
    /// Residuals by ground truth.
    pub residuals: Option<ResidualView>,
    /// By how much samples got better or worse.
    pub shifts: Option<ShiftView>,
    /// How both versions rank by probability.
    pub ranking: Option<RankingView>,
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
    /// What several trials per sample show.
    pub repeats: Option<RepeatView>,
    /// How long answers took.
    pub latency: Option<LatencyView>,
    /// What answers cost.
    pub cost: Option<CostView>,
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
        kind: comparison.roles.kind(),
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
    let labelled = owner.kind.has_labels();
    let basis = match owner.kind {
        Kind::Text => "that have a score in both versions",
        _ => "that both versions answered against the same ground truth",
    };
    let class = |class: AccountingClass| {
        count_row(
            class.name(),
            words::class_meaning(class, owner.kind),
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
            pair: true,
            media: false,
        },
        headline: headline::headline(comparison),
        non_inferiority: headline::non_inferiority(comparison),
        detectable: comparison
            .detectable
            .map(|least| Measure::of(&comparison.roles).unit.size(Some(least))),
        too_few: comparison.detectable.is_none() && comparison.verdict == Verdict::Inconclusive,
        power: format::round_percent(POWER),
        basis: format!(
            "Every metric stands on the {} {basis}.{}",
            counted(matched, "matched sample", "matched samples"),
            parts::clusters(comparison).map_or_else(String::new, |clusters| format!(" They are in {clusters}.")),
        ),
        pins: pins(comparison),
        warnings: parts::warnings(&comparison.warnings),
        hidden: parts::hidden(samples),
        regressions: slices::regressions(comparison),
        more_regressions: slices::more_regressions(comparison),
        slice_chart: slice_chart(comparison),
        metrics: metrics::of_pair(comparison),
        undecided: undecided::undecided(comparison),
        level,
        square: labelled.then(|| square::square(comparison, samples)),
        outcomes: outcomes(comparison, samples),
        label_changes: label_changes::label_changes(comparison),
        accounting: AccountingClass::ALL.into_iter().rev().map(class).collect(),
        keys: count(keys),
        lists: other_lists(comparison, samples),
        labelled,
        scores: scores::scores(comparison),
        errors: comparison.errors.as_ref().map(scores::error_sizes),
        residuals: comparison.residuals.as_ref().map(distribution::residuals),
        shifts: comparison
            .shifts
            .as_ref()
            .map(|shifts| distribution::shifts(shifts, comparison)),
        ranking: comparison
            .ranking
            .as_ref()
            .map(|ranking| scores::ranking(ranking, &comparison.confusion)),
        slices: slices::slices(comparison),
        search: discovered::search(comparison),
        classes: classes::of_pair(&comparison.classes),
        confusion: matrix::of_pair(&comparison.confusion, Some(samples)),
        repeats: comparison.repeats.as_ref().map(repeats::view),
        latency: comparison.latency.as_ref().map(latency::pair),
        cost: comparison
            .cost
            .as_ref()
            .map(|costs| cost::pair(costs, [comparison.baseline.rows, comparison.candidate.rows])),
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

/// Matched samples by outcome, where answers are measured.
fn outcomes(comparison: &Comparison, samples: &SampleSet) -> Vec<CountRow> {
    let (counts, matched) = (&comparison.outcomes, comparison.accounting.matched);
    let counts = [counts.regressed, counts.fixed, counts.unchanged];
    let measured = measure::outcomes(comparison.roles.kind(), &comparison.options);
    let rows = measured.iter().zip(counts);
    rows.map(|((name, meaning), n)| count_row(name, meaning, n, matched, samples))
        .collect()
}

/// What pins both runs, at a glance.
fn pins(comparison: &Comparison) -> Vec<Fact> {
    vec![
        fact("Baseline", words::visible(&comparison.baseline.reference)),
        fact("Candidate", words::visible(&comparison.candidate.reference)),
        fact("Table", words::visible(&comparison.table)),
    ]
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
            || ["regressed", "fixed", "both_wrong", "both_correct", "unchanged"].contains(&id)
    };
    let lists = samples
        .lists
        .iter()
        // Cells of the confusion matrices lead to the lists of flips.
        .filter(|list| list.total > 0 && list.cell.is_none() && !named(&list.id) && !slug(&list.id));
    lists
        .map(|list| Link {
            text: words::list_title(&list.id),
            href: links::list(&list.id, 1),
        })
        .collect()
}
