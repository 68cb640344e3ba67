//! promptfoo: what `promptfoo eval -o` writes as JSON or as JSONL.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use serde_json::Value;

use super::super::error::{IngestError, Place};
use super::super::format::TextInput;
use super::json::{self, Cells, Lines};
use super::{Declared, Record, Records};
use crate::model::ScoreRole;
use crate::model::verdict::Direction;

/// `failureReason` of a test whose provider failed; 1 is an assertion that failed.
const FAILED_TO_ANSWER: i64 = 2;

/// Column of what an answer cost.
const COST: &str = "cost";

/// The results of one evaluation.
pub(crate) struct Promptfoo {
    file: PathBuf,
    results: Results,
    provider: Option<String>,
    /// How often variables and prompt were met: trials of the same test.
    met: HashMap<(String, i64), u64>,
    prompts: BTreeSet<i64>,
    scores: Vec<String>,
    variables: Vec<String>,
    repeats: bool,
    /// Whether any result says what it cost.
    costs: bool,
}

enum Results {
    Document(u64, std::vec::IntoIter<Value>),
    Lines(Lines),
}

impl Promptfoo {
    /// Results written as one JSON document.
    pub(crate) fn document(file: PathBuf, mut input: TextInput) -> Result<Promptfoo, IngestError> {
        let text = json::document(&file, &mut input)?;
        let mut log = json::parse_document(&file, &text)?;
        let results = match log.pointer_mut("/results/results").map(Value::take) {
            Some(Value::Array(results)) => results,
            _ => {
                return Err(IngestError::NotFormat {
                    file,
                    expected: "promptfoo results",
                    reason: "it has no results.results, which version 3 of the format has".to_owned(),
                });
            }
        };
        Ok(Promptfoo::new(file, Results::Document(0, results.into_iter())))
    }

    /// Results written as one JSON object per line.
    pub(crate) fn lines(file: PathBuf, input: TextInput) -> Promptfoo {
        Promptfoo::new(file, Results::Lines(Lines::new(input)))
    }

    fn new(file: PathBuf, results: Results) -> Promptfoo {
        Promptfoo {
            file,
            results,
            provider: None,
            met: HashMap::new(),
            prompts: BTreeSet::new(),
            scores: Vec::new(),
            variables: Vec::new(),
            repeats: false,
            costs: false,
        }
    }

    fn result(&mut self) -> Result<Option<(u64, Value)>, IngestError> {
        match &mut self.results {
            Results::Document(number, results) => {
                *number += 1;
                Ok(results.next().map(|result| (*number, result)))
            }
            Results::Lines(lines) => lines.next(),
        }
    }

    /// Refuses what is a JSON object, but no result.
    fn check_shape(&self, number: u64, result: &Value) -> Result<(), IngestError> {
        let has = |name: &str| result.get(name).is_some();
        if has("vars")
            && ["response", "success", "error", "promptIdx", "testCase"]
                .into_iter()
                .any(has)
        {
            return Ok(());
        }
        let unit = if self.by_line() { "line" } else { "result" };
        Err(IngestError::NotFormat {
            file: self.file.clone(),
            expected: "promptfoo",
            reason: format!("{unit} {number} has no vars, or nothing that became of them, as a result has"),
        })
    }

    /// One run is of one model: a second provider is refused.
    fn check_provider(&mut self, number: u64, result: &Value) -> Result<(), IngestError> {
        let part = |name: &str| {
            result
                .get("provider")?
                .get(name)?
                .as_str()
                .filter(|text| !text.is_empty())
        };
        let plain = result.get("provider").and_then(Value::as_str);
        let Some(provider) = part("label").or_else(|| part("id")).or(plain) else {
            return Ok(());
        };
        match &self.provider {
            Some(known) if known != provider => Err(IngestError::BadValue {
                place: Place {
                    file: self.file.clone(),
                    number,
                    is_line: self.by_line(),
                },
                column: "provider".to_owned(),
                reason: format!("\"{provider}\" beside \"{known}\", and a run is of one model"),
                advice: "evaluate one provider at a time, as with promptfoo eval --filter-providers",
            }),
            Some(_) => Ok(()),
            None => {
                self.provider = Some(provider.to_owned());
                Ok(())
            }
        }
    }

    fn cells(&mut self, result: &Value) -> Cells {
        let get = |name: &str| result.get(name).filter(|value| !value.is_null());
        let test = json::digest(get("vars").unwrap_or(&Value::Null));
        let prompt = get("promptIdx").and_then(Value::as_i64).unwrap_or_default();
        let times = self.met.entry((test.clone(), prompt)).or_default();
        *times += 1;
        self.repeats |= *times > 1;
        self.prompts.insert(prompt);
        let errored = match get("failureReason").and_then(Value::as_i64) {
            Some(reason) => reason == FAILED_TO_ANSWER,
            None => get("error").is_some() && result.pointer("/response/output").is_none(),
        };

        let mut cells = Cells::default();
        cells.put("vars_hash", test);
        cells.put("prompt_idx", prompt);
        cells.put("repeat", *times);
        cells.put("prompt", result.pointer("/prompt/raw").map_or(Value::Null, json::text));
        cells.put("ground_truth", expected(result).map_or(Value::Null, json::text));
        cells.put(
            "prediction",
            result.pointer("/response/output").map_or(Value::Null, json::text),
        );
        cells.put("status", if errored { "error" } else { "ok" });
        let error = get("error").filter(|_| errored);
        cells.put("error", error.map_or(Value::Null, json::text));
        let latency = get("latencyMs").and_then(Value::as_f64);
        cells.put("latency_ms", latency);
        // Older versions state it with the response alone.
        let cost = get("cost")
            .or_else(|| result.pointer("/response/cost"))
            .and_then(json::number);
        self.costs |= cost.is_some();
        cells.put(COST, cost);
        self.score(&mut cells, "success", get("success").filter(|_| !errored));
        self.score(&mut cells, "score", get("score").filter(|_| !errored));
        for (name, value) in get("namedScores").and_then(Value::as_object).into_iter().flatten() {
            self.score(&mut cells, &format!("score_{name}"), Some(value).filter(|_| !errored));
        }
        for (name, value) in get("vars").and_then(Value::as_object).into_iter().flatten() {
            let column = format!("vars_{name}");
            if !value.is_array() && !value.is_object() && !self.variables.contains(&column) {
                self.variables.push(column.clone());
            }
            cells.put(column, value.clone());
        }
        if let Some(Value::Object(notes)) = get("metadata") {
            // Names that begin so are promptfoo's own.
            let own = |name: &&String| !name.starts_with('_');
            for name in notes.keys().filter(own) {
                cells.put(format!("metadata_{name}"), notes[name].clone());
            }
        }
        cells
    }

    fn score(&mut self, cells: &mut Cells, column: &str, value: Option<&Value>) {
        cells.put(column, value.and_then(json::number));
        if !self.scores.iter().any(|known| known == column) {
            self.scores.push(column.to_owned());
        }
    }
}

impl Records for Promptfoo {
    fn next(&mut self) -> Result<Option<Record>, IngestError> {
        let Some((number, result)) = self.result()? else {
            return Ok(None);
        };
        self.check_shape(number, &result)?;
        self.check_provider(number, &result)?;
        let cells = self.cells(&result);
        Ok(Some(Record { number, cells }))
    }

    fn declared(&self) -> Declared {
        let score = |column: &String| ScoreRole {
            column: column.clone(),
            direction: Direction::Higher,
        };
        let mut notices = Vec::new();
        if self.prompts.len() > 1 {
            notices.push(format!(
                "{} holds {} prompts, told apart by prompt_idx",
                self.file.display(),
                self.prompts.len()
            ));
        }
        Declared {
            key: ["vars_hash", "prompt_idx"].map(str::to_owned).to_vec(),
            repeat: self.repeats.then(|| "repeat".to_owned()),
            cost: self.costs.then(|| COST.to_owned()),
            scores: self.scores.iter().map(score).collect(),
            model: self.provider.clone(),
            notices,
            ..Declared::default()
        }
    }

    fn by_line(&self) -> bool {
        matches!(self.results, Results::Lines(_))
    }
}

/// What the first assertion of equality asks for.
fn expected(result: &Value) -> Option<&Value> {
    let assertions = result.pointer("/testCase/assert")?.as_array()?;
    let equals = |assertion: &&Value| assertion.get("type").and_then(Value::as_str) == Some("equals");
    assertions.iter().find(equals)?.get("value")
}
