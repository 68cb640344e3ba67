//! MLflow: `eval_results_table.json`, the rows of an evaluation as pandas splits them.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::super::error::{IngestError, Place};
use super::super::format::TextInput;
use super::json::{self, Cells};
use super::{Declared, Record, Records};
use crate::model::ScoreRole;
use crate::model::verdict::Direction;

/// Seconds, as MLflow names them.
const LATENCY: &str = "latency";

/// Which way a metric of MLflow is better: of its own, toxicity alone is better when it is low.
fn direction(column: &str) -> Direction {
    match column.split('/').next() {
        Some("toxicity") => Direction::Lower,
        _ => Direction::Higher,
    }
}

/// The rows of one table.
pub(crate) struct Mlflow {
    file: PathBuf,
    columns: Vec<String>,
    rows: std::vec::IntoIter<Vec<Value>>,
    number: u64,
}

#[derive(Deserialize)]
struct Table {
    columns: Vec<String>,
    data: Vec<Vec<Value>>,
}

impl Mlflow {
    pub(crate) fn new(file: PathBuf, mut input: TextInput) -> Result<Mlflow, IngestError> {
        let text = json::document(&file, &mut input)?;
        let document = json::parse_document(&file, &text)?;
        let table: Table = serde_json::from_value(document).map_err(|error| IngestError::NotFormat {
            file: file.clone(),
            expected: "MLflow table",
            reason: error.to_string(),
        })?;
        Ok(Mlflow {
            file,
            columns: table.columns,
            rows: table.data.into_iter(),
            number: 0,
        })
    }

    fn has(&self, name: &str) -> Option<String> {
        self.columns.iter().find(|column| *column == name).cloned()
    }
}

impl Records for Mlflow {
    fn next(&mut self) -> Result<Option<Record>, IngestError> {
        let Some(row) = self.rows.next() else {
            return Ok(None);
        };
        self.number += 1;
        if row.len() != self.columns.len() {
            return Err(IngestError::Ragged {
                place: Place {
                    file: self.file.clone(),
                    number: self.number,
                    is_line: false,
                },
                expected: self.columns.len(),
                found: row.len(),
            });
        }
        let mut cells = Cells::default();
        for (name, value) in self.columns.iter().zip(row) {
            match (name.as_str(), value.as_f64()) {
                (LATENCY, Some(seconds)) => cells.put("latency_ms", seconds * 1000.0),
                _ => cells.put(name.clone(), value),
            }
        }
        let number = self.number;
        Ok(Some(Record { number, cells }))
    }

    fn declared(&self) -> Declared {
        let scores = self.columns.iter().filter(|column| column.ends_with("/score"));
        let score = |column: &String| ScoreRole {
            column: column.clone(),
            direction: direction(column),
        };
        Declared {
            truth: self.has("targets"),
            prediction: self.has("outputs"),
            scores: scores.map(score).collect(),
            show: self.has("inputs").into_iter().collect(),
            ..Declared::default()
        }
    }

    fn by_line(&self) -> bool {
        false
    }
}
