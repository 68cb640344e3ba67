//! Finds the ground truth and the prediction, with and without a golden dataset.

use super::error::IngestError;
use super::guess::{KEY, PREDICTION, TRUTH, plain};
use super::roles::{Parts, View};
use super::spec::ImportSpec;
use crate::model::Kind;

/// Finds the ground truth of both sides, and the golden key.
pub(crate) fn truths(
    spec: &ImportSpec,
    view: &View<'_>,
    columns: &[String],
    parts: &mut Parts,
) -> Result<(), IngestError> {
    let file = view.predictions.file.as_path();
    let Some((golden, golden_facts)) = view.golden else {
        parts.truth = match &spec.truth {
            Some(name) if columns.contains(name) => Some(name.clone()),
            Some(name) => return Err(TRUTH.missing(file, name, columns)),
            None => match TRUTH.guess(file, columns)? {
                None if parts.kind != Some(Kind::Text) => return Err(TRUTH.absent(file, columns)),
                guess => guess,
            },
        };
        return Ok(());
    };
    let golden_columns = golden_facts.names();
    let same = !spec.id.is_empty() && spec.id.iter().all(|column| golden_columns.contains(column));
    parts.golden_key = if !spec.golden_id.is_empty() {
        for column in &spec.golden_id {
            if !golden_columns.contains(column) {
                return Err(KEY.missing(&golden.file, column, &golden_columns));
            }
        }
        spec.golden_id.clone()
    } else if same {
        spec.id.clone()
    } else if parts.key.len() == 1 {
        let guess = KEY.guess(&golden.file, &golden_columns)?;
        vec![guess.ok_or_else(|| KEY.absent(&golden.file, &golden_columns))?]
    } else {
        let lacking = spec.id.iter().find(|column| !golden_columns.contains(column));
        let lacking = lacking.map_or("", String::as_str);
        return Err(KEY.missing(&golden.file, lacking, &golden_columns));
    };
    match &spec.truth {
        Some(name) => {
            parts.golden_truth = golden_columns.contains(name).then(|| name.clone());
            parts.truth = columns.contains(name).then(|| name.clone());
            if parts.golden_truth.is_none() && parts.truth.is_none() {
                return Err(TRUTH.missing(&golden.file, name, &golden_columns));
            }
        }
        None => {
            parts.golden_truth = TRUTH.guess(&golden.file, &golden_columns)?;
            parts.truth = match (TRUTH.guess(file, columns), &parts.golden_truth) {
                (Ok(guess), _) => guess,
                // The golden dataset decides; what the predictions say is only compared.
                (Err(_), Some(_)) => None,
                (Err(error), None) => return Err(error),
            };
            let none = parts.golden_truth.is_none() && parts.truth.is_none();
            if none && parts.kind != Some(Kind::Text) {
                return Err(TRUTH.absent(&golden.file, &golden_columns));
            }
        }
    }
    Ok(())
}

/// Finds the prediction.
pub(crate) fn prediction(
    spec: &ImportSpec,
    view: &View<'_>,
    columns: &[String],
    parts: &mut Parts,
) -> Result<String, IngestError> {
    let file = view.predictions.file.as_path();
    if let Some(name) = &spec.prediction {
        if parts.golden_truth.is_some() && spec.truth.is_none() {
            parts.truth.take_if(|truth| truth == name);
        }
        return if columns.contains(name) {
            Ok(name.clone())
        } else {
            Err(PREDICTION.missing(file, name, columns))
        };
    }
    let free: Vec<String> = columns
        .iter()
        .filter(|name| !parts.key.contains(name) && spec.truth.as_ref() != Some(name))
        .cloned()
        .collect();
    if let Some(guess) = PREDICTION.guess(file, &free)? {
        return Ok(guess);
    }
    // Beside a golden dataset that has the ground truth, a lone `label` is what the model said.
    let label = columns
        .iter()
        .find(|name| plain(name) == "label" && spec.truth.is_none());
    match label {
        Some(label) if parts.golden_truth.is_some() => {
            parts.truth = None;
            Ok(label.clone())
        }
        _ => Err(PREDICTION.absent(file, columns)),
    }
}
