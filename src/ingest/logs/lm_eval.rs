//! lm-evaluation-harness: `samples_<task>_<date>.jsonl`, as `--log_samples` writes it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::super::error::IngestError;
use super::super::format::TextInput;
use super::json::{self, Cells, Lines};
use super::{Declared, Record, Records};
use crate::model::ScoreRole;
use crate::model::verdict::Direction;

/// Metrics of which less is better; a results file beside the samples overrides this.
const LOWER: [&str; 7] = [
    "perplexity",
    "word_perplexity",
    "byte_perplexity",
    "bits_per_byte",
    "brier_score",
    "ter",
    "wer",
];

/// The samples of one task.
pub(crate) struct LmEval {
    file: PathBuf,
    lines: Lines,
    task: String,
    results: Results,
    /// The line on which the last run of the file begins.
    start: u64,
    /// How often a document was met, by digest and filter: a dataset may hold it twice.
    met: HashMap<(String, String), u64>,
    scores: Vec<String>,
    no_numbers: BTreeSet<String>,
    filters: BTreeSet<String>,
    without_hash: bool,
}

/// What the file of results beside the samples adds.
#[derive(Default, Deserialize)]
struct Results {
    model_name: Option<String>,
    #[serde(default)]
    higher_is_better: BTreeMap<String, BTreeMap<String, Option<bool>>>,
}

impl LmEval {
    /// `ahead` is the same file, read for the places where a run begins.
    pub(crate) fn new(file: PathBuf, input: TextInput, ahead: TextInput) -> Result<LmEval, IngestError> {
        let (task, date) = names(&file);
        let start = last_run(Lines::new(ahead))?;
        Ok(LmEval {
            results: results(&file, date.as_deref()),
            file,
            lines: Lines::new(input),
            task,
            start,
            met: HashMap::new(),
            scores: Vec::new(),
            no_numbers: BTreeSet::new(),
            filters: BTreeSet::new(),
            without_hash: false,
        })
    }

    fn cells(&mut self, sample: &Value) -> Cells {
        let filter = filter(sample);
        let hash = match sample.get("doc_hash").and_then(Value::as_str) {
            Some(hash) => hash.chars().take(16).collect(),
            None => {
                self.without_hash = true;
                sample.get("doc").map(json::digest).unwrap_or_default()
            }
        };
        let times = self.met.entry((hash.clone(), filter.clone())).or_default();
        *times += 1;
        let hash = match *times {
            1 => hash,
            times => format!("{hash}#{times}"),
        };
        self.filters.insert(filter.clone());

        let mut cells = Cells::default();
        cells.put("task", self.task.clone());
        cells.put("doc_hash", hash);
        cells.put("filter", filter);
        cells.put("ground_truth", sample.get("target").map_or(Value::Null, json::text));
        cells.put("prediction", answer(sample.get("filtered_resps")));
        cells.put("input", input(sample.get("arguments")));
        for metric in sample.get("metrics").and_then(Value::as_array).into_iter().flatten() {
            let Some(metric) = metric.as_str() else { continue };
            match sample.get(metric) {
                None | Some(Value::Null) => cells.put(metric, Value::Null),
                Some(value) => match json::number(value) {
                    Some(number) => cells.put(metric, number),
                    None => {
                        self.no_numbers.insert(metric.to_owned());
                        continue;
                    }
                },
            }
            if !self.scores.iter().any(|known| known == metric) {
                self.scores.push(metric.to_owned());
            }
        }
        cells.put_all("doc_", sample.get("doc"));
        cells
    }

    fn direction(&self, metric: &str) -> Direction {
        let said = self.results.higher_is_better.get(&self.task);
        let higher = said.and_then(|metrics| metrics.get(metric).copied().flatten());
        match higher.unwrap_or(!LOWER.contains(&metric)) {
            true => Direction::Higher,
            false => Direction::Lower,
        }
    }

    fn notices(&self) -> Vec<String> {
        let file = self.file.display();
        let mut notices = Vec::new();
        if self.start > 1 {
            notices.push(format!(
                "{file} holds several runs, because lm-eval appends: the last one is taken, from line {}",
                self.start
            ));
        }
        if self.filters.len() > 1 {
            let filters: Vec<&str> = self.filters.iter().map(String::as_str).collect();
            notices.push(format!(
                "{file} scores every document with {} filters ({}), each of which counts as a sample: the slices of \
                 column filter tell them apart",
                filters.len(),
                filters.join(", ")
            ));
        }
        if !self.no_numbers.is_empty() {
            let names: Vec<&str> = self.no_numbers.iter().map(String::as_str).collect();
            notices.push(format!(
                "{file} has no numbers per sample for {}: left out",
                names.join(", ")
            ));
        }
        if self.without_hash {
            notices.push(format!(
                "{file} has no doc_hash: documents are told apart by their content"
            ));
        }
        notices
    }
}

impl Records for LmEval {
    fn next(&mut self) -> Result<Option<Record>, IngestError> {
        while let Some((number, sample)) = self.lines.next()? {
            if number >= self.start {
                let cells = self.cells(&sample);
                return Ok(Some(Record { number, cells }));
            }
        }
        Ok(None)
    }

    fn declared(&self) -> Declared {
        let score = |metric: &String| ScoreRole {
            column: metric.clone(),
            direction: self.direction(metric),
        };
        Declared {
            key: ["task", "doc_hash", "filter"].map(str::to_owned).to_vec(),
            scores: self.scores.iter().map(score).collect(),
            model: self.results.model_name.clone(),
            notices: self.notices(),
            ..Declared::default()
        }
    }

    fn by_line(&self) -> bool {
        true
    }
}

fn filter(sample: &Value) -> String {
    let filter = sample.get("filter").and_then(Value::as_str);
    filter.unwrap_or("none").to_owned()
}

/// The line on which the last run begins: the last one that repeats a document and filter of the run before it.
fn last_run(mut lines: Lines) -> Result<u64, IngestError> {
    let (mut start, mut seen) = (1, HashSet::new());
    while let Some((number, sample)) = lines.next()? {
        let document = (sample.get("doc_id").map(Value::to_string), filter(&sample));
        if seen.contains(&document) {
            start = number;
            seen.clear();
        }
        seen.insert(document);
    }
    Ok(start)
}

/// Task and date of `samples_<task>_<date>.jsonl`; the whole stem is the task where a file has another name.
fn names(file: &Path) -> (String, Option<String>) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split(".jsonl").next().unwrap_or_default();
    match stem.strip_prefix("samples_").and_then(|rest| rest.rsplit_once('_')) {
        Some((task, date)) if !task.is_empty() => (task.to_owned(), Some(date.to_owned())),
        _ => (stem.to_owned(), None),
    }
}

/// The results of the same run; nothing where they are not there or not readable.
fn results(file: &Path, date: Option<&str>) -> Results {
    let read = || {
        let text = std::fs::read_to_string(file.with_file_name(format!("results_{}.json", date?))).ok()?;
        serde_json::from_value(json::parse(&text).ok()?).ok()
    };
    read().unwrap_or_default()
}

/// What the model was asked: the first text of the first request.
fn input(arguments: Option<&Value>) -> Value {
    let first = match arguments {
        Some(Value::Object(requests)) => requests.values().next(),
        Some(Value::Array(requests)) => requests.first(),
        _ => None,
    };
    let text = match first {
        Some(Value::Object(parts)) => parts.values().next(),
        Some(Value::Array(parts)) => parts.first(),
        other => other,
    };
    text.map_or(Value::Null, json::text)
}

/// The answer: of choices the position of the likeliest, of one continuation whether it was the likeliest, else the text.
fn answer(responses: Option<&Value>) -> Value {
    let Some(Value::Array(responses)) = responses else {
        return responses.map_or(Value::Null, json::text);
    };
    let likelihoods: Option<Vec<f64>> = responses.iter().map(likelihood).collect();
    match (likelihoods.as_deref(), responses.as_slice()) {
        (_, []) => Value::Null,
        (Some([_]), [Value::Array(pair)]) => pair.get(1).map_or(Value::Null, json::text),
        (Some(choices), _) => Value::String(first_largest(choices).to_string()),
        (None, [one]) => json::text(one),
        (None, several) => Value::String(Value::Array(several.to_vec()).to_string()),
    }
}

/// The first of a pair of log-likelihood and "was it the likeliest", which newer versions write as texts.
fn likelihood(response: &Value) -> Option<f64> {
    match response {
        Value::Array(pair) if pair.len() == 2 => {
            let flag = matches!(&pair[1], Value::Bool(_)) || matches!(pair[1].as_str(), Some("True" | "False"));
            json::number(&pair[0]).filter(|_| flag)
        }
        _ => None,
    }
}

/// As numpy's argmax: the first of several that are equal.
fn first_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_every_kind_of_task() {
        let table = [
            (r#"["Paris"]"#, "\"Paris\""),
            (r#"[["-1.5", "False"], ["-0.5", "True"], ["-0.5", "False"]]"#, "\"1\""),
            (r#"[[-1.5, false], [-2.5, false]]"#, "\"0\""),
            (r#"[["-3.25", "True"]]"#, "\"True\""),
            (r#"[["a", "b"]]"#, r#""[\"a\",\"b\"]""#),
            (r#"["a", "b"]"#, r#""[\"a\",\"b\"]""#),
            ("[]", "null"),
        ];
        for (responses, expected) in table {
            let responses = json::parse(responses).unwrap();
            assert_eq!(answer(Some(&responses)).to_string(), expected, "{responses}");
        }
    }

    #[test]
    fn names_of_files() {
        let of = |name: &str| names(Path::new(name));
        let (task, date) = of("a/samples_mmlu_abstract_2026-11-25T09-30-28.788115.jsonl");
        assert_eq!(
            (task.as_str(), date.as_deref()),
            ("mmlu_abstract", Some("2026-11-25T09-30-28.788115"))
        );
        assert_eq!(of("mine.jsonl.gz"), ("mine".to_owned(), None));
    }
}
