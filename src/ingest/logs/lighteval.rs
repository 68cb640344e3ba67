//! lighteval: `details_<task>_<date>.parquet`, with the columns of older and of newer versions.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::datatypes::Schema;
use arrow::json::{ArrayWriter, WriterBuilder, writer::JsonArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use serde_json::Value;

use super::super::error::IngestError;
use super::json::{self, Cells};
use super::{Declared, Record, Records};
use crate::model::ScoreRole;
use crate::model::verdict::Direction;

/// Rows that are turned into JSON at a time: prompts are long.
const ROWS: usize = 256;
/// What is read of a file; token numbers are left where they are.
const READ: [&str; 11] = [
    "doc",
    "metric",
    "model_response",
    "example",
    "full_prompt",
    "predictions",
    "gold",
    "choices",
    "gold_index",
    "metrics",
    "pred_logits",
];

/// The samples of one task.
pub(crate) struct Lighteval {
    file: PathBuf,
    batches: ParquetRecordBatchReader,
    rows: std::vec::IntoIter<Value>,
    number: u64,
    task: String,
    model: Option<String>,
    met: HashMap<String, u64>,
    scores: Vec<String>,
}

/// Whether these are the columns of details.
pub(crate) fn is_lighteval(schema: &Schema) -> bool {
    let has = |names: &[&str]| names.iter().all(|name| schema.field_with_name(name).is_ok());
    has(&["doc", "metric", "model_response"]) || has(&["full_prompt", "predictions", "metrics", "gold_index"])
}

impl Lighteval {
    pub(crate) fn new(file: PathBuf, handle: File) -> Result<Lighteval, IngestError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(handle).map_err(|error| corrupt(&file, &error))?;
        if !is_lighteval(builder.schema()) {
            return Err(IngestError::NotFormat {
                file,
                expected: "lighteval details",
                reason: "it has neither doc, metric and model_response nor the columns of older versions".to_owned(),
            });
        }
        let fields = builder.schema().fields().iter().enumerate();
        let read = fields.filter(|(_, field)| READ.contains(&field.name().as_str()));
        let mask = ProjectionMask::roots(builder.parquet_schema(), read.map(|(at, _)| at).collect::<Vec<_>>());
        let builder = builder.with_projection(mask).with_batch_size(ROWS);
        let batches = builder.build().map_err(|error| corrupt(&file, &error))?;
        let (task, model) = names(&file);
        Ok(Lighteval {
            file,
            batches,
            rows: Vec::new().into_iter(),
            number: 0,
            task,
            model,
            met: HashMap::new(),
            scores: Vec::new(),
        })
    }

    fn row(&mut self) -> Result<Option<Value>, IngestError> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            let Some(batch) = self.batches.next() else {
                return Ok(None);
            };
            let batch = batch.map_err(|error| corrupt(&self.file, &error))?;
            let mut writer: ArrayWriter<Vec<u8>> = WriterBuilder::new()
                .with_explicit_nulls(false)
                .build::<_, JsonArray>(Vec::new());
            let written = writer.write(&batch).and_then(|()| writer.finish());
            written.map_err(|error| corrupt(&self.file, &error))?;
            let rows: Vec<Value> =
                serde_json::from_slice(&writer.into_inner()).map_err(|error| corrupt(&self.file, &error))?;
            self.rows = rows.into_iter();
        }
    }

    fn cells(&mut self, row: &Value) -> Cells {
        let newer = row.get("doc").is_some();
        let at = |new: &str, old: &str| {
            row.pointer(if newer { new } else { old })
                .filter(|value| !value.is_null())
        };
        let query = at("/doc/query", "/example").unwrap_or(&Value::Null);
        let choices = at("/doc/choices", "/choices").and_then(Value::as_array);
        let gold = at("/doc/gold_index", "/gold_index");
        let hash = json::digest(&Value::Array(vec![query.clone(), Value::from(choices.cloned())]));
        let times = self.met.entry(hash.clone()).or_default();
        *times += 1;
        let hash = match *times {
            1 => hash,
            times => format!("{hash}#{times}"),
        };
        let task = row.pointer("/doc/task_name").and_then(Value::as_str);

        let mut cells = Cells::default();
        cells.put("task", task.unwrap_or(&self.task));
        cells.put("example_hash", hash);
        cells.put(
            "input",
            at("/doc/query", "/full_prompt").map_or(Value::Null, json::text),
        );
        cells.put("ground_truth", truth(gold, choices, row.get("gold")));
        let likelihoods = at("/model_response/logprobs", "/pred_logits");
        cells.put(
            "prediction",
            answer(likelihoods, choices, at("/model_response/text", "/predictions")),
        );
        for (name, value) in at("/metric", "/metrics")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(number) = json::number(value) {
                cells.put(name, number);
                if !self.scores.contains(name) {
                    self.scores.push(name.clone());
                }
            }
        }
        cells
    }
}

impl Records for Lighteval {
    fn next(&mut self) -> Result<Option<Record>, IngestError> {
        let Some(row) = self.row()? else {
            return Ok(None);
        };
        self.number += 1;
        let (number, cells) = (self.number, self.cells(&row));
        Ok(Some(Record { number, cells }))
    }

    fn declared(&self) -> Declared {
        let score = |column: &String| ScoreRole {
            column: column.clone(),
            direction: Direction::Higher,
        };
        Declared {
            key: ["task", "example_hash"].map(str::to_owned).to_vec(),
            scores: self.scores.iter().map(score).collect(),
            model: self.model.clone(),
            ..Declared::default()
        }
    }

    fn by_line(&self) -> bool {
        false
    }
}

/// Task of `details_<task>_<date>.parquet`, and model of `details/<model>/<date>/`.
fn names(file: &Path) -> (String, Option<String>) {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let task = stem.strip_prefix("details_").unwrap_or(&stem);
    let task = task.rsplit_once('_').map_or(task, |(task, _)| task);
    let folders: Vec<String> = file
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let details = folders.iter().rposition(|folder| folder == "details");
    let model = details.and_then(|at| folders.get(at + 1..folders.len().saturating_sub(1)));
    let model = model.filter(|parts| !parts.is_empty()).map(|parts| parts.join("/"));
    (task.to_owned(), model)
}

/// The choice that is right, else the gold text.
fn truth(index: Option<&Value>, choices: Option<&Vec<Value>>, gold: Option<&Value>) -> Value {
    let index = match index {
        Some(Value::Array(several)) => several.first().and_then(Value::as_u64),
        other => other.and_then(Value::as_u64),
    };
    let choice = index.and_then(|index| choices?.get(usize::try_from(index).ok()?));
    choice.or(gold).map_or(Value::Null, first_text)
}

/// The likeliest of several choices, else what the model wrote.
fn answer(likelihoods: Option<&Value>, choices: Option<&Vec<Value>>, text: Option<&Value>) -> Value {
    let numbers = |values: &Value| {
        values
            .as_array()?
            .iter()
            .map(Value::as_f64)
            .collect::<Option<Vec<f64>>>()
    };
    if let (Some(numbers), Some(choices)) = (likelihoods.and_then(numbers), choices)
        && numbers.len() > 1
        && numbers.len() == choices.len()
    {
        let best = (0..numbers.len()).fold(0, |best, at| if numbers[at] > numbers[best] { at } else { best });
        return first_text(&choices[best]);
    }
    text.map_or(Value::Null, first_text)
}

fn first_text(value: &Value) -> Value {
    match value {
        Value::Array(several) => several.first().map_or(Value::Null, first_text),
        Value::String(text) => Value::String(text.trim().to_owned()),
        other => json::text(other),
    }
}

fn corrupt(file: &Path, error: &dyn std::fmt::Display) -> IngestError {
    IngestError::Corrupt {
        file: file.to_owned(),
        format: "Parquet",
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::arrow::ArrowWriter;
    use std::io::Cursor;
    use std::sync::Arc;

    /// Details with these rows, below a folder named after their model.
    fn details(rows: &[Value]) -> (tempfile::TempDir, PathBuf) {
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let (schema, _) = arrow::json::reader::infer_json_schema(Cursor::new(&lines), None).unwrap();
        let schema = Arc::new(schema);
        let mut reader = arrow::json::ReaderBuilder::new(Arc::clone(&schema))
            .build(Cursor::new(&lines))
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("details/org/tiny/2026-01-02T03-04-05");
        std::fs::create_dir_all(&below).unwrap();
        let file = below.join("details_lighteval|gsm8k|0_2026-01-02T03-04-05.parquet");
        let mut writer = ArrowWriter::try_new(File::create(&file).unwrap(), schema, None).unwrap();
        writer.write(&reader.next().unwrap().unwrap()).unwrap();
        writer.close().unwrap();
        (folder, file)
    }

    /// The cells of every sample, and what the log declares.
    fn read(rows: &[Value]) -> (Vec<HashMap<String, Value>>, Declared) {
        let (_folder, file) = details(rows);
        let mut log = Lighteval::new(file.clone(), File::open(&file).unwrap()).unwrap();
        let mut samples = Vec::new();
        while let Some(record) = log.next().unwrap() {
            samples.push(record.cells.into_iter().collect());
        }
        (samples, log.declared())
    }

    #[test]
    fn newer_details() {
        let row = |logprobs: Value, text: Value| {
            serde_json::json!({
                "doc": {"query": "2+2?", "choices": [" 3", " 4"], "gold_index": [1], "task_name": "sums", "id": "0"},
                "model_response": {"text": text, "logprobs": logprobs, "input_tokens": [1, 2]},
                "metric": {"acc": 1.0},
            })
        };
        let (samples, declared) = read(&[
            row([-2.5, -0.5].into(), ["x"].into()),
            row([-1.5].into(), [" 4 "].into()),
        ]);
        assert_eq!(samples[0]["ground_truth"], "4");
        assert_eq!(samples[0]["prediction"], "4", "the likeliest choice");
        assert_eq!(samples[1]["prediction"], "4", "the text");
        assert_eq!(samples[0]["task"], "sums");
        assert_eq!(
            samples[1]["example_hash"],
            format!("{}#2", samples[0]["example_hash"].as_str().unwrap())
        );
        assert_eq!(declared.model.as_deref(), Some("org/tiny"));
        assert_eq!(declared.scores[0].column, "acc");
    }

    #[test]
    fn older_details() {
        let row = serde_json::json!({
            "example": "Capital?", "full_prompt": "Q: Capital?", "predictions": ["Paris"], "gold": ["Paris", "paris"],
            "choices": ["Paris"], "gold_index": [0], "metrics": {"em": 0.5, "f1": 1}, "input_tokens": [[1]],
        });
        let (samples, declared) = read(&[row]);
        assert_eq!(
            (&samples[0]["input"], &samples[0]["ground_truth"]),
            (&"Q: Capital?".into(), &"Paris".into())
        );
        assert_eq!(
            (&samples[0]["prediction"], &samples[0]["em"]),
            (&"Paris".into(), &0.5.into())
        );
        assert_eq!(samples[0]["task"], "lighteval|gsm8k|0");
        assert_eq!(declared.scores.len(), 2);
    }
}
