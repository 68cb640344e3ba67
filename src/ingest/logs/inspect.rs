//! Inspect: a JSON log, or a `.eval` archive with a JSON file per sample.

use std::fs::File;
use std::path::PathBuf;

use serde_json::Value;

use super::super::error::IngestError;
use super::super::format::TextInput;
use super::archive::Archive;
use super::json::{self, Cells};
use super::{Declared, Record, Records};
use crate::model::ScoreRole;
use crate::model::verdict::Direction;

/// The samples of one log.
pub(crate) struct Inspect {
    file: PathBuf,
    samples: Samples,
    number: u64,
    task: Value,
    model: Option<String>,
    status: String,
    scores: Vec<String>,
    epochs: bool,
    unscored: u64,
    unreadable: u64,
}

enum Samples {
    Document(std::vec::IntoIter<Value>),
    Archive(Box<Archive>, std::vec::IntoIter<String>),
}

impl Inspect {
    /// A log written as JSON.
    pub(crate) fn document(file: PathBuf, mut input: TextInput) -> Result<Inspect, IngestError> {
        let text = json::document(&file, &mut input)?;
        let mut log = json::parse_document(&file, &text)?;
        drop(text);
        let samples = match log.get_mut("samples").map(Value::take) {
            Some(Value::Array(samples)) => samples,
            _ => Vec::new(),
        };
        Ok(Inspect::new(file, &log, Samples::Document(samples.into_iter())))
    }

    /// A log written as an archive.
    pub(crate) fn archive(file: PathBuf, handle: File) -> Result<Inspect, IngestError> {
        let archive = Archive::open(file.clone(), handle)?;
        // The header is written last: what an evaluation that broke off leaves is in its journal.
        let header = ["header.json", "_journal/start.json"]
            .into_iter()
            .find(|header| archive.names().any(|name| name == *header));
        let Some(header) = header else {
            return Err(IngestError::NotFormat {
                file,
                expected: "log that evaldiff reads",
                reason: "it is a zip archive without the header.json of an Inspect log".to_owned(),
            });
        };
        let header = archive.read(header)?;
        let sample = |name: &&str| name.starts_with("samples/") && name.ends_with(".json");
        let names: Vec<String> = archive.names().filter(sample).map(str::to_owned).collect();
        let samples = Samples::Archive(Box::new(archive), names.into_iter());
        Ok(Inspect::new(file, &header, samples))
    }

    fn new(file: PathBuf, log: &Value, samples: Samples) -> Inspect {
        let text = |path: &str| log.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Inspect {
            file,
            samples,
            number: 0,
            task: text("/eval/task").map_or(Value::Null, Value::String),
            model: text("/eval/model"),
            status: text("/status").unwrap_or_else(|| "unfinished".to_owned()),
            scores: Vec::new(),
            epochs: false,
            unscored: 0,
            unreadable: 0,
        }
    }

    fn sample(&mut self) -> Result<Option<Value>, IngestError> {
        match &mut self.samples {
            Samples::Document(samples) => Ok(samples.next()),
            Samples::Archive(archive, names) => match names.next() {
                Some(name) => archive.read(&name).map(Some),
                None => Ok(None),
            },
        }
    }

    fn cells(&mut self, sample: &Value) -> Cells {
        let texts = Texts(sample.get("attachments"));
        let get = |name: &str| sample.get(name).filter(|value| !value.is_null());
        let epoch = get("epoch").cloned().unwrap_or_else(|| 1.into());
        self.epochs |= epoch.as_i64().is_some_and(|epoch| epoch > 1);
        let scores = self.scores(get("scores"));
        let first = get("scores")
            .and_then(Value::as_object)
            .and_then(|scores| scores.values().next());
        let answer = first
            .and_then(|score| score.get("answer"))
            .filter(|answer| !answer.is_null());
        let output = completion(&texts, get("output"));

        let mut cells = Cells::default();
        cells.put("sample_id", get("id").map_or(Value::Null, json::text));
        cells.put("epoch", epoch);
        cells.put("task", self.task.clone());
        cells.put(
            "input",
            get("input").map_or(Value::Null, |input| texts.conversation(input)),
        );
        cells.put("ground_truth", get("target").map_or(Value::Null, one_or_list));
        cells.put("prediction", answer.map_or_else(|| output.clone(), json::text));
        cells.put("output", output);
        let error = get("error").map(|error| error.get("message").unwrap_or(error));
        let status = if error.is_some() {
            "error"
        } else if get("invalidation").is_some() || scores.iter().all(|(_, value)| value.is_none()) {
            self.unscored += 1;
            "skipped"
        } else {
            "ok"
        };
        cells.put("status", status);
        cells.put("error", error.map_or(Value::Null, json::text));
        let seconds = get("total_time").and_then(Value::as_f64);
        cells.put("latency_ms", seconds.map(|seconds| seconds * 1000.0));
        for (name, value) in scores {
            cells.put(name, value);
        }
        cells.put_all("metadata_", get("metadata"));
        cells
    }

    /// Every score of a sample by the name of its column.
    fn scores(&mut self, scores: Option<&Value>) -> Vec<(String, Option<f64>)> {
        let mut found = Vec::new();
        for (scorer, score) in scores.and_then(Value::as_object).into_iter().flatten() {
            match score.get("value") {
                Some(Value::Object(parts)) => {
                    let part = |(name, value): (&String, &Value)| (format!("score_{scorer}_{name}"), value.clone());
                    found.extend(parts.iter().map(part));
                }
                value => found.push((format!("score_{scorer}"), value.cloned().unwrap_or_default())),
            }
        }
        for (name, _) in &found {
            if !self.scores.contains(name) {
                self.scores.push(name.clone());
            }
        }
        let mut read = |value: &Value| {
            let number = grade(value);
            self.unreadable += u64::from(number.is_none() && !value.is_null());
            number
        };
        found.into_iter().map(|(name, value)| (name, read(&value))).collect()
    }
}

impl Records for Inspect {
    fn next(&mut self) -> Result<Option<Record>, IngestError> {
        let Some(sample) = self.sample()? else {
            return Ok(None);
        };
        self.number += 1;
        let (number, cells) = (self.number, self.cells(&sample));
        Ok(Some(Record { number, cells }))
    }

    fn declared(&self) -> Declared {
        let file = self.file.display();
        let mut notices = Vec::new();
        if self.status != "success" {
            notices.push(format!(
                "{file}: the evaluation did not end well, its status is {}",
                self.status
            ));
        }
        if self.unscored > 0 {
            notices.push(format!(
                "{file}: {} samples have no score and count as skipped",
                self.unscored
            ));
        }
        if self.unreadable > 0 {
            notices.push(format!("{file}: {} scores are no numbers: left empty", self.unreadable));
        }
        let score = |column: &String| ScoreRole {
            column: column.clone(),
            direction: Direction::Higher,
        };
        Declared {
            key: vec!["sample_id".to_owned()],
            repeat: self.epochs.then(|| "epoch".to_owned()),
            scores: self.scores.iter().map(score).collect(),
            show: vec!["output".to_owned()],
            model: self.model.clone(),
            notices,
            ..Declared::default()
        }
    }

    fn by_line(&self) -> bool {
        false
    }
}

/// A score as a number: correct 1, partial one half, incorrect and no answer 0, as Inspect's own metrics count them.
fn grade(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("C") => Some(1.0),
        Some("P") => Some(0.5),
        Some("I" | "N") => Some(0.0),
        Some(word) if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("yes") => Some(1.0),
        Some(word) if word.eq_ignore_ascii_case("false") || word.eq_ignore_ascii_case("no") => Some(0.0),
        _ => json::number(value),
    }
}

/// Targets are one text or several that count alike.
fn one_or_list(target: &Value) -> Value {
    match target {
        Value::Array(several) => match several.as_slice() {
            [one] => json::text(one),
            _ => json::text(target),
        },
        one => json::text(one),
    }
}

fn completion(texts: &Texts<'_>, output: Option<&Value>) -> Value {
    let said = output.and_then(|output| output.get("completion"));
    match said {
        Some(said) if said.as_str() != Some("") => texts.content(said),
        _ => {
            let content = output.and_then(|output| output.pointer("/choices/0/message/content"));
            content.map_or(Value::Null, |content| texts.content(content))
        }
    }
}

/// Texts of a sample; long ones are kept apart and referred to.
struct Texts<'a>(Option<&'a Value>);

impl Texts<'_> {
    fn resolve<'b>(&'b self, text: &'b str) -> &'b str {
        let name = text.strip_prefix("attachment://");
        let kept = name.and_then(|name| self.0?.get(name)?.as_str());
        kept.unwrap_or(text)
    }

    /// The text of a message: plain, or in parts.
    fn content(&self, content: &Value) -> Value {
        match content {
            Value::String(text) => Value::String(self.resolve(text).to_owned()),
            Value::Array(parts) => {
                let text = |part: &Value| {
                    part.get("text")
                        .and_then(Value::as_str)
                        .map(|text| self.resolve(text).to_owned())
                };
                Value::String(parts.iter().filter_map(text).collect::<Vec<_>>().join("\n"))
            }
            other => json::text(other),
        }
    }

    /// An input: a text, or messages with their roles.
    fn conversation(&self, input: &Value) -> Value {
        let Value::Array(messages) = input else {
            return self.content(input);
        };
        let line = |message: &Value| {
            let role = message.get("role").and_then(Value::as_str).unwrap_or("user");
            let content = message
                .get("content")
                .map_or(Value::Null, |content| self.content(content));
            format!("{role}: {}", content.as_str().unwrap_or_default())
        };
        Value::String(messages.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_count_as_inspect_counts_them() {
        let table = [
            (r#""C""#, Some(1.0)),
            (r#""I""#, Some(0.0)),
            (r#""P""#, Some(0.5)),
            (r#""N""#, Some(0.0)),
            ("true", Some(1.0)),
            ("0.25", Some(0.25)),
            (r#""7""#, Some(7.0)),
            (r#""Yes""#, Some(1.0)),
            (r#""maybe""#, None),
            ("NaN", None),
            ("[1]", None),
        ];
        for (value, expected) in table {
            assert_eq!(grade(&json::parse(value).unwrap()), expected, "{value}");
        }
    }

    #[test]
    fn messages_and_attachments_become_texts() {
        let attachments = json::parse(r#"{"h": "long"}"#).unwrap();
        let texts = Texts(Some(&attachments));
        let input = json::parse(
            r#"[{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "attachment://h"}, {"type": "image"}]}]"#,
        );
        assert_eq!(texts.conversation(&input.unwrap()), "system: s\nuser: long");
        assert_eq!(texts.conversation(&"attachment://gone".into()), "attachment://gone");
    }
}
