//! The golden dataset as the source of an evaluation: judged whole before the first request, then streamed.

use std::collections::HashSet;
use std::path::PathBuf;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;

use super::bound::column;
use super::convert::{Cast, label};
use super::error::IngestError;
use super::find::batch_keys;
use super::guess::{INPUTS, KEY, PREDICTION, TRUTH, missing, plain};
use super::look::{Depth, look};
use super::raw::{Input, RawReader};
use super::roles::Parts;
use super::scan_golden::scan_golden;
use super::spec::InputFormat;
use super::types::table_type;
use super::values::same_label;
use crate::model::Kind;

/// Different ground truths beyond which a dataset is no classification, so that any answer is a label.
const MAX_LABELS: usize = 1000;

/// Which columns of a golden dataset play which part; empty or `None` means guessed by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldenSpec {
    /// A local file: CSV, JSONL or Parquet.
    pub file: PathBuf,
    /// Columns that together identify a sample.
    pub id: Vec<String>,
    /// Ground truth.
    pub truth: Option<String>,
    /// Columns that a model is asked about.
    pub inputs: Vec<String>,
    /// What its answers are.
    pub kind: Kind,
    /// Scores that each of them brings along.
    pub scores: Vec<String>,
}

/// A golden dataset that was read once and found good.
#[derive(Clone, Debug)]
pub struct GoldenDataset {
    input: Input,
    key: Vec<String>,
    truth: Option<String>,
    kind: Kind,
    scores: Vec<String>,
    truth_type: DataType,
    labels: Option<HashSet<String>>,
    inputs: Vec<(String, Cast)>,
    rows: u64,
    digest: String,
}

/// Samples in the order of the file.
pub struct InputBatch {
    /// The number of the first one, from 0.
    pub first: u64,
    /// Their keys; several key columns are joined as an import joins them.
    pub keys: StringArray,
    /// One array per input column.
    pub inputs: Vec<ArrayRef>,
}

impl GoldenDataset {
    /// Reads the whole file once: every sample has a key of its own and a ground truth (only texts may be without any), every
    /// column is there.
    ///
    /// # Errors
    /// Names file, column and row of what is wrong.
    pub fn open(spec: &GoldenSpec) -> Result<GoldenDataset, IngestError> {
        let input = Input {
            file: spec.file.clone(),
            format: InputFormat::Auto,
            media: Vec::new(),
        };
        let mut parts = parts(spec, &input, Depth::Head);
        if parts.is_err() {
            // A JSONL field may appear late.
            parts = self::parts(spec, &input, Depth::Whole);
        }
        let (parts, inputs) = parts?;
        // In the spelling in which labels are compared; one more than is allowed tells that there are too many.
        let mut labels: HashSet<String> = HashSet::new();
        let scan = scan_golden(&input, &parts, |truth| {
            let truth = same_label(truth);
            if labels.len() <= MAX_LABELS && !labels.contains(truth) {
                labels.insert(truth.to_owned());
            }
        })?;
        let facts = |name: &str, flag: &'static str| {
            let found = scan.facts.get(name);
            found.ok_or_else(|| missing(&input.file, name, flag, &scan.facts.names()))
        };
        let truth_type = match (spec.kind, &parts.golden_truth) {
            (Kind::Numeric, _) => DataType::Float64,
            (Kind::Text, _) | (_, None) => DataType::Utf8,
            (Kind::Classification | Kind::Binary, Some(truth)) => {
                label(facts(truth, TRUTH.flag)?, TRUTH.name, None)?.data_type
            }
        };
        let few = spec.kind.has_labels() && labels.len() <= MAX_LABELS;
        let mut casts = Vec::with_capacity(inputs.len());
        for name in inputs {
            let of = facts(&name, "--input")?;
            if let Some((found, file)) = &of.unusable {
                return Err(IngestError::RoleType {
                    file: file.clone(),
                    column: name,
                    role: "input",
                    found: found.clone(),
                    flag: "--input",
                });
            }
            let cast = Cast {
                target: table_type(&of.data_type()?),
                integral: false,
                stated: !of.is_open(),
            };
            casts.push((name, cast));
        }
        Ok(GoldenDataset {
            key: parts.golden_key,
            truth: parts.golden_truth,
            kind: spec.kind,
            scores: spec.scores.clone(),
            truth_type,
            labels: few.then_some(labels),
            inputs: casts,
            rows: scan.facts.rows,
            digest: scan.digest.finish(),
            input,
        })
    }

    /// Samples.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// `blake3:<hex>` over the samples, whatever their order: the digest that an import of this file records.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The key's columns.
    pub fn key(&self) -> &[String] {
        &self.key
    }

    /// The column with the ground truth; texts may have none.
    pub fn truth(&self) -> Option<&str> {
        self.truth.as_deref()
    }

    /// What the answers to it are.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The scores that answers bring along.
    pub fn scores(&self) -> &[String] {
        &self.scores
    }

    /// The type of an answer: of a label text, integer or boolean.
    pub fn answer_type(&self) -> &DataType {
        &self.truth_type
    }

    /// Names of the input columns.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|(name, _)| name.as_str())
    }

    /// Whether the ground truth knows a label; any is known where the dataset is no classification.
    pub fn knows_label(&self, label: &str) -> bool {
        self.labels
            .as_ref()
            .is_none_or(|known| known.contains(same_label(label)))
    }

    /// The labels of the ground truth, sorted; empty where there are too many for a classification.
    pub fn labels(&self) -> Vec<String> {
        let mut all: Vec<String> = self.labels.iter().flatten().cloned().collect();
        all.sort();
        all
    }

    /// The samples, batch by batch.
    ///
    /// # Errors
    /// Fails if the file is gone.
    pub fn batches(&self) -> Result<InputBatches<'_>, IngestError> {
        Ok(InputBatches {
            dataset: self,
            reader: self.input.reader()?,
            next: 0,
        })
    }
}

/// Reads the samples of a golden dataset in the order of its file.
pub struct InputBatches<'a> {
    dataset: &'a GoldenDataset,
    reader: Box<dyn RawReader>,
    next: u64,
}

impl Iterator for InputBatches<'_> {
    type Item = Result<InputBatch, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl InputBatches<'_> {
    fn read(&mut self) -> Result<Option<InputBatch>, IngestError> {
        let Some(batch) = self.reader.next_batch()? else {
            if self.next == self.dataset.rows {
                return Ok(None);
            }
            return Err(IngestError::Changed {
                reason: format!("{} rows instead of {}", self.next, self.dataset.rows),
            });
        };
        let (input, columns) = (&self.dataset.input, self.reader.columns());
        let keys = batch_keys(input, &self.dataset.key, columns, &batch)?;
        let place = |row: usize| batch.at.place(&input.file, row);
        let inputs = self.dataset.inputs.iter().map(|(name, cast)| {
            let array = column(columns, &batch, name);
            cast.apply(&array, name, &place)
        });
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let first = self.next;
        self.next += batch.rows as u64;
        Ok(Some(InputBatch { first, keys, inputs }))
    }
}

/// The parts of a golden file's columns, and the names of the inputs.
fn parts(spec: &GoldenSpec, input: &Input, depth: Depth) -> Result<(Parts, Vec<String>), IngestError> {
    let looked = look(std::slice::from_ref(input), None, depth)?;
    let columns = looked.facts.names();
    let file = input.file.as_path();
    for name in &spec.id {
        if !columns.contains(name) {
            return Err(KEY.missing(file, name, &columns));
        }
    }
    let key = match spec.id.as_slice() {
        [] => vec![KEY.guess(file, &columns)?.ok_or_else(|| KEY.absent(file, &columns))?],
        named => named.to_vec(),
    };
    let truth = match &spec.truth {
        Some(name) if columns.contains(name) => Some(name.clone()),
        Some(name) => return Err(TRUTH.missing(file, name, &columns)),
        None => TRUTH.guess(file, &columns)?,
    };
    if truth.is_none() && spec.kind != Kind::Text {
        return Err(TRUTH.absent(file, &columns));
    }
    for name in &spec.inputs {
        if !columns.contains(name) {
            return Err(missing(file, name, "--input", &columns));
        }
    }
    let inputs = match spec.inputs.as_slice() {
        [] => {
            let usual = INPUTS
                .iter()
                .find_map(|usual| columns.iter().find(|name| plain(name) == *usual));
            let usual = usual.ok_or_else(|| IngestError::NoColumnFor {
                file: file.to_owned(),
                role: "input of the model",
                flag: "--input",
                columns: columns.clone(),
                nearest: Vec::new(),
            })?;
            vec![usual.clone()]
        }
        named => named.to_vec(),
    };
    let parts = Parts {
        key: key.clone(),
        golden_key: key,
        truth: None,
        golden_truth: truth,
        prediction: PREDICTION.stored_as.to_owned(),
        confidence: None,
        status: None,
        error: None,
        latency: None,
        cost: None,
        kind: Some(spec.kind),
        scores: Vec::new(),
        positive: None,
        positive_label: None,
        repeat: None,
        cluster: None,
        show: Vec::new(),
        media: Vec::new(),
        slices: Vec::new(),
    };
    Ok((parts, inputs))
}
