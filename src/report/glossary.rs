//! The words of a report, each with an anchor that marks beside numbers lead to.

use super::format::{count, level, round_percent, setting};
use super::measure::Measure;
use crate::model::{ColumnRoles, CompareOptions, Kind};
use crate::stats::{MIN_SLICE_SIZE, POWER};
use serde::Serialize;

/// A word and what it means here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// Its anchor on the page of definitions, behind `term-`.
    pub id: &'static str,
    /// The word.
    pub name: &'static str,
    /// What it means.
    pub meaning: String,
}

/// The words that a report of one version, or of two, uses.
pub fn terms(single: bool, roles: &ColumnRoles, options: &CompareOptions) -> Vec<Term> {
    let term = |id, name, meaning: &str| Term {
        id,
        name,
        meaning: meaning.to_owned(),
    };
    let mut all = vec![
        term(
            "sample",
            "Sample",
            "One input of a golden dataset, told from the others by its key.",
        ),
        term(
            "golden",
            "Golden dataset",
            "The samples with their ground truth, named by a version and the digest of their content.",
        ),
        term(
            "run",
            "Run",
            "One evaluation of one model version over a golden dataset; one snapshot of the table.",
        ),
        term(
            "snapshot",
            "Snapshot",
            "The state of an Iceberg table after a commit. Its number pins what was read.",
        ),
        term(
            "manifest",
            "Manifest",
            "The file manifest.json, which names every file of the report, and every data file read, with its digest.",
        ),
    ];
    if !single && roles.kind() == Kind::Numeric {
        all.push(term(
            "residual",
            "Residual",
            "The prediction less the ground truth; above zero the prediction is too high.",
        ));
    }
    if !single && !roles.kind().has_labels() {
        all.push(term(
            "gain",
            "Gain",
            "Of a sample, by how much the candidate is better: the fall of the absolute error, or the change of the first \
             score towards what is better. Below zero it is a loss.",
        ));
    }
    if !single && roles.repeat.is_some() {
        all.push(term(
            "right-trials",
            "Right trials",
            "Of a sample, how many of its answered trials were right: all or none in a sample that is not flaky. Where \
             samples have unequal or many trials, their share counts.",
        ));
    }
    if roles.cost.is_some() {
        all.push(term(
            "cost",
            "Cost",
            "What an answer cost, as its run says, in the unit of that column: a number that is not negative.",
        ));
    }
    if single {
        all.push(term(
            "scored",
            "Scored samples",
            "Samples with status ok, a prediction and a ground truth.",
        ));
    } else {
        all.extend(of_pairs(roles, options));
    }
    all
}

fn of_pairs(roles: &ColumnRoles, options: &CompareOptions) -> Vec<Term> {
    let unit = Measure::of(roles).unit;
    let (level, alpha) = (level(options.alpha), setting(options.alpha));
    let effect = unit.size(Some(options.min_effect_slice));
    let labelled = roles.kind().has_labels();
    let table: [(&'static str, &'static str, String); 13] = [
        ("versions", "Baseline and candidate", "The old and the new version. Differences are new minus old.".into()),
        ("matched", "Matched samples", "Samples that both versions answered and that have the same ground truth in both runs.".into()),
        ("regressed", "Regressed", if labelled { "Right before, wrong now." } else { "Worse than before by more than the tolerance." }.into()),
        ("fixed", "Fixed", if labelled { "Wrong before, right now." } else { "Better than before by more than the tolerance." }.into()),
        ("harm", "Harm", "Of a slice, regressed minus fixed samples. Slices are ordered by it.".into()),
        ("slice", "Slice", "The samples in which columns have certain values: one value of a declared column, a pair of values of two, or what a search found.".into()),
        ("regression-slice", "Slice that regressed", format!("A slice in which the candidate is worse, with a q-value below {alpha} and by more than the minimum effect, {effect}.")),
        ("difference", "Difference", "The candidate's value minus the baseline's, on the same samples.".into()),
        ("interval", "Interval", format!("What the difference could be as far as these samples tell, at a level of {level}, not adjusted for the number of slices.")),
        ("p-value", "p-value", "How often chance alone would give a difference as large or larger, were the versions equally good.".into()),
        ("q-value", "q-value", format!("The p-value allowing for the number of slices tested: of all slices with a q-value below {alpha}, at most about that share is there by chance. Slices with fewer than {} matched samples are not tested.", count(MIN_SLICE_SIZE))),
        ("detectable", "Smallest change found", format!("The difference that as many samples would show to be significant in {} of all cases.", round_percent(POWER))),
        ("minimum-effect", "Minimum effect", "The difference below which a change counts as too small to matter.".into()),
    ];
    table
        .into_iter()
        .map(|(id, name, meaning)| Term { id, name, meaning })
        .collect()
}
