//! What planning an import comes to.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::compose::Composer;
use super::error::{IngestError, list};
use super::guess::PREDICTION;
use super::layout::{Layout, Make, OutColumn};
use super::logs::Declared;
use super::plan::Scans;
use super::preview::preview;
use super::raw::Input;
use super::roles::{Parts, Side};
use super::spec::{ImportSpec, InputCounts, KnownColumn};
use super::types::friendly;
use crate::model::{ColumnRoles, Kind};

/// Inputs that were read once and found good: what they hold, and how their rows will be stored.
#[derive(Clone, Debug)]
pub struct ImportPlan {
    pub(crate) inputs: Vec<Input>,
    pub(crate) golden: Option<Input>,
    pub(crate) key: Vec<String>,
    pub(crate) layout: Layout,
    pub(crate) presorted: bool,
    roles: ColumnRoles,
    counts: InputCounts,
    digest: String,
    warnings: Vec<String>,
    model: Option<String>,
    preview: RecordBatch,
}

/// Composes the rows, says what is noteworthy, and makes the preview.
pub(crate) fn finish(
    spec: &ImportSpec,
    known: &[KnownColumn],
    inputs: Vec<Input>,
    golden: Option<Input>,
    parts: &Parts,
    scans: Scans,
    declared: Declared,
) -> Result<ImportPlan, IngestError> {
    let golden_facts = scans.golden.as_ref().map(|scan| &scan.facts);
    let mut composer = Composer {
        parts,
        predictions: &scans.predictions.facts,
        golden: golden_facts,
        known,
        guess_slices: spec.slices.is_empty(),
        warnings: declared.notices,
    };
    let layout = composer.compose()?;
    let mut warnings = composer.warnings;
    let counts = scans.predictions.counts;
    for (file, names) in &scans.predictions.files {
        let lacks = |name: &String| !names.contains(name);
        let lacking: Vec<String> = scans.predictions.facts.names().into_iter().filter(lacks).collect();
        if !lacking.is_empty() {
            warnings.push(format!("{} lacks {}: null there", file.display(), list(&lacking)));
        }
    }
    if counts.truth_differs > 0 {
        warnings.push(format!(
            "{} of {} rows have another ground truth than the golden dataset, which is taken",
            counts.truth_differs, counts.rows
        ));
    }
    if counts.golden_without_prediction > 0 {
        warnings.push(format!(
            "{} of {} golden samples have no prediction",
            counts.golden_without_prediction, counts.golden_samples
        ));
    }
    if counts.nan_confidence > 0 {
        warnings.push(format!(
            "{} rows have the confidence NaN, stored as null",
            counts.nan_confidence
        ));
    }
    let digest = match &scans.golden {
        Some(golden) => golden.digest.finish(),
        None => scans.predictions.digest.finish(),
    };
    let preview = preview(&inputs, golden.as_ref(), &layout)?;
    let (roles, presorted, key) = (roles(&layout, parts), scans.predictions.sorted, parts.key.clone());
    Ok(ImportPlan {
        inputs,
        golden,
        key,
        layout,
        presorted,
        roles,
        counts,
        digest,
        warnings,
        model: declared.model,
        preview,
    })
}

fn roles(layout: &Layout, parts: &Parts) -> ColumnRoles {
    let of = |role: &str| {
        layout
            .columns
            .iter()
            .find(|column| column.role == role)
            .map(|column| column.name.clone())
    };
    let all = |part: &str| -> Vec<String> {
        layout
            .columns
            .iter()
            .filter(|column| column.role.contains(part))
            .map(|column| column.name.clone())
            .collect()
    };
    ColumnRoles {
        key: all("key"),
        truth: of("ground truth"),
        prediction: of("prediction").unwrap_or_default(),
        confidence: of("confidence"),
        status: of("status"),
        error: of("error text"),
        latency: of("latency"),
        cost: parts.cost.clone(),
        slices: all("slice"),
        show: all("shown"),
        media: all("media"),
        kind: kind(layout, parts),
        scores: parts.scores.clone(),
        positive: parts.positive.clone(),
        positive_label: parts.positive_label.clone(),
        repeat: of("repeat"),
        cluster: parts.cluster.as_ref().map(|(_, name)| name.clone()),
    }
}

/// The kind of evaluation, unless it is the usual one.
fn kind(layout: &Layout, parts: &Parts) -> Option<Kind> {
    let numeric = |column: &&OutColumn| column.role == PREDICTION.name && column.make == Make::Number;
    let found = layout.columns.iter().find(numeric).map(|_| Kind::Numeric);
    parts.kind.or(found).filter(|kind| *kind != Kind::Classification)
}

impl ImportPlan {
    /// The parts of the columns, by their names in the table.
    pub fn roles(&self) -> &ColumnRoles {
        &self.roles
    }

    /// For each column of the table: its source, its name, its part and its type, in words.
    pub fn mapping(&self) -> Vec<(String, String, String, String)> {
        let golden = |side: Side| if side == Side::Golden { "golden:" } else { "" };
        let row = |column: &OutColumn| {
            let source = format!("{}{}", golden(column.side), column.source);
            (
                source,
                column.name.clone(),
                column.role.to_owned(),
                friendly(&column.cast.target).to_owned(),
            )
        };
        self.layout.columns.iter().map(row).collect()
    }

    /// The schema of the sorted rows; the store adds run_id, model_version and eval_timestamp.
    pub fn schema(&self) -> SchemaRef {
        self.layout.schema()
    }

    /// The first five rows, in the order of the files.
    pub fn preview(&self) -> RecordBatch {
        self.preview.clone()
    }

    /// What the first pass counted.
    pub fn counts(&self) -> InputCounts {
        self.counts
    }

    /// `blake3:<hex>` over the samples, whatever their order.
    ///
    /// Of a golden file: key, ground truth and all other columns. Without one: key, ground truth, the usual input
    /// columns and the declared slices of the predictions, not what the model said.
    pub fn golden_digest(&self) -> String {
        self.digest.clone()
    }

    /// The model that the log of a tool names.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What a person should know although nothing is wrong.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The files in the order given, for messages.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.inputs.iter().map(|input| input.file.as_path())
    }
}
