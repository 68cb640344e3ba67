//! The samples of a comparison as LLM Comparator (Kahng et al. 2024) reads them.

use crate::model::samples::Answer;
use crate::model::{Comparison, Outcome, Sample, SampleSet};
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// Where it comes from, and its further fields.
    pub metadata: Metadata,
    /// Baseline, candidate.
    pub models: [Model; 2],
    /// Samples by id.
    pub examples: Vec<Example>,
}

/// What the file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metadata {
    /// Table and snapshots.
    pub source_path: String,
    /// Names and types of the further fields.
    pub custom_fields_schema: Vec<Field>,
}

/// A further field of every example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// `string`, `number` or `per_model_number`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A model version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Its name.
    pub name: String,
}

/// One sample side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// What was asked.
    pub input_text: String,
    /// Outcome and slices.
    pub tags: Vec<String>,
    /// The baseline's output.
    pub output_text_a: String,
    /// The candidate's output.
    pub output_text_b: String,
    /// 1 where the baseline did better, -1 where the candidate did, else 0.
    pub score: f64,
    /// Nobody rated by hand.
    pub individual_rater_scores: [(); 0],
    /// Key, ground truth, scores.
    pub custom_fields: BTreeMap<String, serde_json::Value>,
}

/// The samples that a report shows and both versions have.
pub fn document(comparison: &Comparison, samples: &SampleSet) -> Document {
    let model = |name: &String| Model { name: name.clone() };
    let field = |name: &str, kind| Field {
        name: name.to_owned(),
        kind,
    };
    let mut fields = vec![field("key", "string"), field("ground_truth", "string")];
    let scores = comparison.roles.scores.iter().map(|score| score.column.as_str());
    fields.extend(scores.map(|name| field(name, "per_model_number")));
    Document {
        metadata: Metadata {
            source_path: format!(
                "{} {} {}",
                comparison.table, comparison.baseline.reference, comparison.candidate.reference
            ),
            custom_fields_schema: fields,
        },
        models: [&comparison.baseline.model_version, &comparison.candidate.model_version].map(model),
        examples: samples
            .samples
            .values()
            .filter_map(|sample| example(comparison, samples, sample))
            .collect(),
    }
}

fn example(comparison: &Comparison, samples: &SampleSet, sample: &Sample) -> Option<Example> {
    let (baseline, candidate) = (sample.baseline.as_ref()?, sample.candidate.as_ref()?);
    let mut tags = vec![sample.outcome.clone()];
    let slices = sample.slices.iter();
    tags.extend(slices.map(|(column, value)| format!("{column}={}", value.as_deref().unwrap_or("(none)"))));
    let mut custom = BTreeMap::new();
    custom.insert("key".to_owned(), sample.key.join(" | ").into());
    custom.insert("ground_truth".to_owned(), candidate.truth.clone().into());
    for (i, score) in comparison.roles.scores.iter().enumerate() {
        let of = |answer: &Answer| answer.scores.get(i).copied().flatten();
        custom.insert(score.column.clone(), vec![of(baseline), of(candidate)].into());
    }
    let said = |answer: &Answer| answer.prediction.clone().unwrap_or_default();
    Some(Example {
        input_text: input(samples, candidate),
        tags,
        output_text_a: said(baseline),
        output_text_b: said(candidate),
        score: match sample.outcome.as_str() {
            name if name == Outcome::Regressed.name() => 1.0,
            name if name == Outcome::Fixed.name() => -1.0,
            _ => 0.0,
        },
        individual_rater_scores: [],
        custom_fields: custom,
    })
}

/// The payload: its only column as it is, several with their names.
fn input(samples: &SampleSet, answer: &Answer) -> String {
    let cells = samples.columns.iter().zip(&answer.payload);
    let shown: Vec<(&String, &String)> = cells
        .filter_map(|(name, value)| Some((name, value.as_ref()?)))
        .collect();
    match shown.as_slice() {
        [(_, only)] => (*only).clone(),
        several => {
            let lines: Vec<String> = several.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            lines.join("\n")
        }
    }
}
