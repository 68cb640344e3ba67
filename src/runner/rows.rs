//! Answers as rows: what the spool holds, and the predictions file that a finished run is imported from.

use super::answer::Answer;
use super::error::RunnerError;
use super::spool::Spool;
use crate::ingest::GoldenDataset;
use crate::model::Kind;
use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The answers of one request.
#[derive(Debug, Default)]
pub struct Answered {
    /// Places of the samples in the golden dataset.
    pub samples: Vec<u64>,
    /// Their keys.
    pub keys: Vec<String>,
    /// Their answers.
    pub answers: Vec<Answer>,
    /// Wall time of the request in milliseconds.
    pub latency_ms: f64,
    /// Samples that the request carried.
    pub batch: i64,
}

/// A sample without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleError {
    /// Its place in the golden dataset.
    pub sample: u64,
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// The columns of the spool: the place of the sample, then those of the predictions file.
fn spool_schema(scores: &[String]) -> SchemaRef {
    let mut fields = vec![Field::new("row", DataType::UInt64, false)];
    fields.extend(columns(&DataType::Utf8, scores));
    Arc::new(Schema::new(fields))
}

/// The columns that every predictions file of the runner may have.
const COLUMNS: [(&str, DataType); 11] = [
    ("sample_id", DataType::Utf8),
    ("prediction", DataType::Utf8),
    ("confidence", DataType::Float64),
    ("status", DataType::Utf8),
    ("error", DataType::Utf8),
    ("latency_ms", DataType::Float64),
    ("batch_size", DataType::Int64),
    ("probabilities", DataType::Utf8),
    ("output", DataType::Utf8),
    ("tokens_in", DataType::Int64),
    ("tokens_out", DataType::Int64),
];

/// Whether a score cannot have this name, since the runner has a column of it.
pub fn is_taken(name: &str) -> bool {
    name == "row" || COLUMNS.iter().any(|(column, _)| *column == name)
}

fn columns(answer: &DataType, scores: &[String]) -> Vec<Field> {
    let own = COLUMNS.into_iter().map(|(name, data_type)| match name {
        "sample_id" | "status" => Field::new(name, data_type, false),
        "prediction" => Field::new(name, answer.clone(), true),
        _ => Field::new(name, data_type, true),
    });
    let scores = scores.iter().map(|name| Field::new(name, DataType::Float64, true));
    own.chain(scores).collect()
}

/// One batch of the answers of several requests; each has these scores.
pub(super) fn batch(answered: &[Answered], scores: &[String]) -> Result<RecordBatch, String> {
    let each = || answered.iter().flat_map(|a| &a.answers);
    let texts = |of: fn(&Answer) -> Option<&str>| -> ArrayRef { Arc::new(each().map(of).collect::<StringArray>()) };
    let numbers = |of: fn(&Answer) -> Option<i64>| -> ArrayRef { Arc::new(each().map(of).collect::<Int64Array>()) };
    let rows: UInt64Array = answered.iter().flat_map(|a| &a.samples).copied().collect();
    let n = rows.len();
    let keys: StringArray = answered.iter().flat_map(|a| &a.keys).map(Some).collect();
    let confidence: Float64Array = each().map(|a| a.confidence).collect();
    let spread = |a: &Answered| std::iter::repeat_n((a.latency_ms, a.batch), a.answers.len());
    let latency = Float64Array::from_iter_values(answered.iter().flat_map(spread).map(|(ms, _)| ms));
    let sizes = Int64Array::from_iter_values(answered.iter().flat_map(spread).map(|(_, n)| n));
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(rows),
        Arc::new(keys),
        texts(|a| Some(&a.label)),
        Arc::new(confidence),
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n("ok", n))),
        new_null_array(&DataType::Utf8, n),
        Arc::new(latency),
        Arc::new(sizes),
        texts(|a| a.probabilities.as_deref()),
        texts(|a| a.text.as_deref()),
        numbers(|a| a.tokens_in),
        numbers(|a| a.tokens_out),
    ];
    for at in 0..scores.len() {
        let score: Float64Array = each().map(|a| a.scores.get(at).copied().flatten()).collect();
        columns.push(Arc::new(score));
    }
    RecordBatch::try_new(spool_schema(scores), columns).map_err(|e| e.to_string())
}

fn failed(errors: &[SampleError], scores: &[String]) -> Result<RecordBatch, String> {
    let n = errors.len();
    let schema = spool_schema(scores);
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let text = |of: fn(&SampleError) -> &str| Arc::new(StringArray::from_iter_values(errors.iter().map(of)));
        match field.name().as_str() {
            "row" => Arc::new(UInt64Array::from_iter_values(errors.iter().map(|e| e.sample))),
            "sample_id" => text(|e| &e.key),
            "status" => text(|_| "error"),
            "error" => text(|e| &e.reason),
            _ => new_null_array(field.data_type(), n),
        }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).map_err(|e| e.to_string())
}

/// Writes the spooled answers and the samples without one as a predictions file beside the spool.
///
/// # Errors
/// Fails if the disk is full, or if the spool does not hold every sample once.
pub fn seal(spool: &Spool, dataset: &GoldenDataset, errors: &[SampleError]) -> Result<PathBuf, RunnerError> {
    let path = spool.folder().join("predictions.parquet");
    let fail = |e: &dyn std::fmt::Display| RunnerError::Spool {
        path: path.clone(),
        reason: e.to_string(),
    };
    let last = failed(errors, dataset.scores()).map_err(|e| fail(&e))?;
    let last = (last.num_rows() > 0).then_some(last);
    let batches = || Ok::<_, RunnerError>(spool.frames()?.chain(last.clone().map(Ok)));
    let fields = filled(columns(dataset.answer_type(), dataset.scores()), batches()?)?;
    let schema = Arc::new(Schema::new(fields));
    let zstd = ZstdLevel::try_new(1).map_or(Compression::UNCOMPRESSED, Compression::ZSTD);
    let properties = WriterProperties::builder()
        .set_compression(zstd)
        .set_max_row_group_row_count(Some(131_072))
        .build();
    let file = File::create(&path).map_err(|e| fail(&e))?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(|e| fail(&e))?;
    let mut rows = 0;
    for batch in batches()? {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        let batch = retyped(&batch, &schema).map_err(|e| fail(&e))?;
        writer.write(&batch).map_err(|e| fail(&e))?;
    }
    writer.close().map_err(|e| fail(&e))?;
    if rows != dataset.rows() {
        return Err(fail(&format!("{rows} answers to {} samples", dataset.rows())));
    }
    Ok(path)
}

/// Writes a predictions file with one made-up answer, to see whether a table could take the run.
///
/// # Errors
/// Fails if the golden dataset or the disk fails.
pub fn preflight(dataset: &GoldenDataset, path: &Path) -> Result<(), RunnerError> {
    let fail = |e: &dyn std::fmt::Display| RunnerError::Spool {
        path: path.to_path_buf(),
        reason: e.to_string(),
    };
    let first = dataset.batches()?.next().transpose()?;
    let key = first.map(|batch| batch.keys.value(0).to_string()).unwrap_or_default();
    let label = match dataset.kind() {
        Kind::Numeric => "0.5".into(),
        _ => dataset.labels().into_iter().next().unwrap_or_else(|| "text".into()),
    };
    let answered = Answered {
        samples: vec![0],
        keys: vec![key],
        answers: vec![Answer {
            label,
            confidence: dataset.kind().has_labels().then_some(0.5),
            scores: vec![Some(0.5); dataset.scores().len()],
            ..Answer::default()
        }],
        latency_ms: 1.0,
        batch: 1,
    };
    let schema = Arc::new(Schema::new(columns(dataset.answer_type(), dataset.scores())));
    let batch = batch(&[answered], dataset.scores())
        .and_then(|batch| retyped(&batch, &schema))
        .map_err(|e| fail(&e))?;
    let file = File::create(path).map_err(|e| fail(&e))?;
    let mut writer = ArrowWriter::try_new(file, schema, None).map_err(|e| fail(&e))?;
    writer.write(&batch).map_err(|e| fail(&e))?;
    writer.close().map(|_| ()).map_err(|e| fail(&e))
}

/// The columns of which any row has a value; the prediction and scores always.
fn filled(
    columns: Vec<Field>,
    batches: impl Iterator<Item = Result<RecordBatch, RunnerError>>,
) -> Result<Vec<Field>, RunnerError> {
    let mut has = vec![false; columns.len()];
    for batch in batches {
        for (has, column) in has.iter_mut().zip(&batch?.columns()[1..]) {
            *has |= column.null_count() < column.len();
        }
    }
    let keep = columns.into_iter().zip(has);
    Ok(keep
        .filter(|(field, has)| *has || field.name() == "prediction" || !is_taken(field.name()))
        .map(|(field, _)| field)
        .collect())
}

/// A batch of the spool as rows of the predictions file.
fn retyped(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let column = |field: &Arc<Field>| {
        let column = batch
            .column_by_name(field.name())
            .ok_or_else(|| format!("no column {}", field.name()))?;
        typed(column, field.data_type())
    };
    let columns: Result<Vec<ArrayRef>, String> = schema.fields().iter().map(column).collect();
    RecordBatch::try_new(Arc::clone(schema), columns?).map_err(|e| e.to_string())
}

/// Answers in the type of the ground truth: only labels that it knows, or that read like it, came this far.
fn typed(column: &ArrayRef, target: &DataType) -> Result<ArrayRef, String> {
    if column.data_type() == target {
        return Ok(Arc::clone(column));
    }
    let out = cast(column, target).map_err(|e| e.to_string())?;
    match (0..column.len()).find(|i| column.is_valid(*i) && out.is_null(*i)) {
        None => Ok(out),
        Some(i) => Err(format!(
            "the answer {:?} is none of type {target}",
            column.as_string::<i32>().value(i)
        )),
    }
}
