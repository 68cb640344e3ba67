//! Decides which column of which file plays which part.

use std::path::Path;

use super::error::IngestError;
use super::facts::Facts;
use super::guess::{
    CONFIDENCE, COST, ERROR, INPUTS, KEY, LATENCY, POSITIVE, REPEAT, RESERVED, Role, SCORE, STATUS, missing, plain,
};
use super::labels::{prediction, truths};
use super::raw::Input;
use super::spec::ImportSpec;
use super::types::friendly;
use super::unique::check_distinct;
use crate::model::{Direction, Kind, ScoreRole};

/// Which of the two inputs a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Predictions,
    Golden,
}

/// The parts, as columns of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) key: Vec<String>,
    /// Empty without a golden dataset.
    pub(crate) golden_key: Vec<String>,
    /// The predictions' own ground truth; only compared if the golden dataset has one.
    pub(crate) truth: Option<String>,
    pub(crate) golden_truth: Option<String>,
    pub(crate) prediction: String,
    pub(crate) confidence: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) latency: Option<String>,
    pub(crate) cost: Option<String>,
    /// `None` where the values of ground truth and prediction tell.
    pub(crate) kind: Option<Kind>,
    pub(crate) scores: Vec<ScoreRole>,
    pub(crate) positive: Option<String>,
    pub(crate) positive_label: Option<String>,
    /// Which trial of its sample a row is.
    pub(crate) repeat: Option<String>,
    /// What samples that belong together have in common.
    pub(crate) cluster: Option<(Side, String)>,
    /// Columns to show, in their order.
    pub(crate) show: Vec<(Side, String)>,
    /// Columns of images and sounds, in their order.
    pub(crate) media: Vec<(Side, String)>,
    /// Declared slice columns, in their order.
    pub(crate) slices: Vec<(Side, String)>,
}

/// What the inputs look like, as far as they have been read.
pub(crate) struct View<'a> {
    pub(crate) predictions: &'a Input,
    pub(crate) facts: &'a Facts,
    pub(crate) golden: Option<(&'a Input, &'a Facts)>,
    /// What the cells of a column of predictions are, as far as they were seen.
    pub(crate) numbers: &'a dyn Fn(&str) -> Numbers,
}

/// What the cells of a column are, blank ones apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Numbers {
    /// All from 0 to 1, or NaN.
    Unit,
    /// All numbers.
    Any,
    /// Something else too.
    Other,
}

/// Resolves all parts.
pub(crate) fn resolve(spec: &ImportSpec, view: &View<'_>) -> Result<Parts, IngestError> {
    let file = view.predictions.file.as_path();
    let columns = view.facts.names();
    let key = keys(spec, file, &columns)?;
    let mut parts = Parts {
        key,
        golden_key: Vec::new(),
        truth: None,
        golden_truth: None,
        prediction: String::new(),
        confidence: None,
        status: optional(&STATUS, &spec.status, file, &columns)?,
        error: optional(&ERROR, &spec.error, file, &columns)?,
        latency: optional(&LATENCY, &spec.latency, file, &columns)?,
        cost: optional(&COST, &spec.cost, file, &columns)?,
        kind: kind(spec),
        scores: Vec::new(),
        positive: None,
        positive_label: None,
        repeat: optional(&REPEAT, &spec.repeat, file, &columns)?,
        cluster: None,
        show: Vec::new(),
        media: Vec::new(),
        slices: Vec::new(),
    };
    if spec.error.is_none() {
        parts
            .error
            .take_if(|name| !is_type(view.facts, name, &["text", "empty"]));
    }
    if spec.latency.is_none() {
        parts
            .latency
            .take_if(|name| !is_type(view.facts, name, &["integer", "decimal", "empty"]));
    }
    match parts.kind {
        Some(Kind::Text) => parts.scores = scores(spec, file, &columns)?,
        Some(Kind::Binary) => {
            let positive = optional(&POSITIVE, &spec.positive, file, &columns)?;
            parts.positive = Some(positive.ok_or_else(|| POSITIVE.absent(file, &columns))?);
            parts.positive_label.clone_from(&spec.positive_label);
        }
        _ => {}
    }
    truths(spec, view, &columns, &mut parts)?;
    parts.prediction = prediction(spec, view, &columns, &mut parts)?;
    parts.confidence = match &spec.confidence {
        Some(_) => optional(&CONFIDENCE, &spec.confidence, file, &columns)?,
        // Of a number or a text nobody says how probable it is.
        None if parts.kind.is_some_and(|kind| !kind.has_labels()) => None,
        None => {
            let likely = |name: &&String| {
                let most = if plain(name).starts_with("conf") {
                    Numbers::Any
                } else {
                    Numbers::Unit
                };
                (view.numbers)(name) <= most && parts.positive.as_ref() != Some(*name)
            };
            let likely: Vec<String> = columns.iter().filter(likely).cloned().collect();
            CONFIDENCE.guess(file, &likely)?
        }
    };
    parts.show = shown(spec, view, &columns)?;
    for column in &spec.media {
        let media = locate(view, column, "--media", "an image or sound")?;
        if !parts.media.contains(&media) {
            parts.media.push(media);
        }
    }
    if let Some(column) = &spec.cluster {
        parts.cluster = Some(locate(view, column, "--cluster", "the cluster")?);
    }
    for column in &spec.slices {
        let slice = locate(view, column, "--slice", "a slice")?;
        if !parts.slices.contains(&slice) {
            parts.slices.push(slice);
        }
    }
    check_distinct(&parts)?;
    check_cluster(&parts)?;
    Ok(parts)
}

/// What was answered cannot say which samples belong together.
fn check_cluster(parts: &Parts) -> Result<(), IngestError> {
    let Some((_, column)) = &parts.cluster else {
        return Ok(());
    };
    let truths = [&parts.truth, &parts.golden_truth];
    let first = match truths.into_iter().flatten().any(|truth| truth == column) {
        true => "ground truth",
        false if parts.prediction == *column => "prediction",
        false => return Ok(()),
    };
    Err(IngestError::TwoRoles {
        column: column.clone(),
        first,
        second: "cluster",
    })
}

/// The kind of evaluation, as far as what was asked tells.
fn kind(spec: &ImportSpec) -> Option<Kind> {
    let implied = Kind::implied(!spec.scores.is_empty(), spec.positive.is_some());
    spec.kind.or(implied)
}

/// The scores that were named, else the column that is called so.
fn scores(spec: &ImportSpec, file: &Path, columns: &[String]) -> Result<Vec<ScoreRole>, IngestError> {
    if let Some(lost) = spec.scores.iter().find(|score| !columns.contains(&score.column)) {
        return Err(SCORE.missing(file, &lost.column, columns));
    }
    if !spec.scores.is_empty() {
        return Ok(spec.scores.clone());
    }
    let column = SCORE.guess(file, columns)?.ok_or_else(|| SCORE.absent(file, columns))?;
    let direction = Direction::Higher;
    Ok(vec![ScoreRole { column, direction }])
}

fn keys(spec: &ImportSpec, file: &Path, columns: &[String]) -> Result<Vec<String>, IngestError> {
    for column in &spec.id {
        if !columns.contains(column) {
            return Err(KEY.missing(file, column, columns));
        }
    }
    if !spec.id.is_empty() {
        return Ok(spec.id.clone());
    }
    Ok(vec![
        KEY.guess(file, columns)?.ok_or_else(|| KEY.absent(file, columns))?,
    ])
}

fn optional(
    role: &Role,
    wanted: &Option<String>,
    file: &Path,
    columns: &[String],
) -> Result<Option<String>, IngestError> {
    match wanted {
        // An empty name says that no column plays this part, whatever it is called.
        Some(name) if name.is_empty() => Ok(None),
        Some(name) if columns.contains(name) => Ok(Some(name.clone())),
        Some(name) => Err(role.missing(file, name, columns)),
        None => role.guess(file, columns),
    }
}

fn shown(spec: &ImportSpec, view: &View<'_>, columns: &[String]) -> Result<Vec<(Side, String)>, IngestError> {
    let mut shown = Vec::new();
    let mut add = |column: (Side, String)| {
        if !shown.iter().any(|(_, name): &(Side, String)| *name == column.1) {
            shown.push(column);
        }
    };
    let golden_columns = view.golden.map(|(_, facts)| facts.names()).unwrap_or_default();
    let named = |names: &[String], input: &str| names.iter().find(|name| plain(name) == input).cloned();
    let taken = |name: &String| {
        [&spec.id, &spec.slices, &spec.media]
            .iter()
            .any(|list| list.contains(name))
    };
    let single = |name: &String| {
        [&spec.truth, &spec.prediction, &spec.confidence]
            .iter()
            .any(|o| o.as_ref() == Some(name))
    };
    for input in INPUTS {
        let own = named(columns, input).map(|name| (Side::Predictions, name));
        let column = own.or_else(|| named(&golden_columns, input).map(|name| (Side::Golden, name)));
        if let Some(column) = column.filter(|(_, name)| !taken(name) && !single(name)) {
            add(column);
        }
    }
    for column in &spec.show {
        add(locate(view, column, "--show", "shown")?);
    }
    Ok(shown)
}

/// Finds a column that a flag names: in the predictions, else in the golden dataset.
fn locate(
    view: &View<'_>,
    column: &str,
    flag: &'static str,
    role: &'static str,
) -> Result<(Side, String), IngestError> {
    if RESERVED.contains(&column) {
        return Err(IngestError::Reserved {
            column: column.to_owned(),
            role,
        });
    }
    if view.facts.get(column).is_some() {
        return Ok((Side::Predictions, column.to_owned()));
    }
    let mut columns = view.facts.names();
    if let Some((_, facts)) = view.golden {
        if facts.get(column).is_some() {
            return Ok((Side::Golden, column.to_owned()));
        }
        columns.extend(facts.names());
    }
    Err(missing(&view.predictions.file, column, flag, &columns))
}

fn is_type(facts: &Facts, name: &str, wanted: &[&str]) -> bool {
    facts.get(name).is_some_and(|column| {
        column.unusable.is_none() && column.data_type().is_ok_and(|found| wanted.contains(&friendly(&found)))
    })
}
