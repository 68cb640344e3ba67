//! What a service answers: matched to samples by position, judged field by field.

use crate::model::Kind;
use crate::model::kind::LARGEST_NUMBER;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Names under which services give a label, most likely first.
const LABELS: [&str; 6] = ["label", "prediction", "predicted_label", "class", "category", "output"];
/// Names under which services give a number, most likely first.
const NUMBERS: [&str; 6] = ["prediction", "value", "output", "result", "predicted_value", "estimate"];
/// Names under which services give a text that a model wrote, most likely first.
const TEXTS: [&str; 8] = [
    "output",
    "text",
    "answer",
    "completion",
    "response",
    "generated_text",
    "prediction",
    "content",
];
/// Names under which services give the probability of that label.
const CONFIDENCES: [&str; 5] = ["confidence", "score", "probability", "prob", "proba"];
/// Names under which services give a probability per label.
const PROBABILITIES: [&str; 4] = ["probabilities", "probs", "scores", "predictions"];

/// Where the parts of an answer stand, as JSON Pointers; what is `None` is looked for under its usual names.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerFields {
    /// The array of answers within the body.
    pub batch: Option<String>,
    /// The label, within one answer; the number or text where answers are of these kinds.
    pub label: Option<String>,
    /// The probability of that label.
    pub confidence: Option<String>,
    /// A probability per label: an object, or an array in the order of `classes`.
    pub probabilities: Option<String>,
    /// The labels of an array of probabilities.
    pub classes: Vec<String>,
    /// Text that the model wrote.
    pub text: Option<String>,
    /// Tokens read.
    pub tokens_in: Option<String>,
    /// Tokens written.
    pub tokens_out: Option<String>,
}

/// The answer to one sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The label, in the spelling in which labels are compared; or a number in digits that give it back, or a text.
    pub label: String,
    /// Its probability.
    pub confidence: Option<f64>,
    /// The scores that were asked for, in their order.
    pub scores: Vec<Option<f64>>,
    /// A probability per label, as a JSON object.
    pub probabilities: Option<String>,
    /// Text that the model wrote.
    pub text: Option<String>,
    /// Tokens read.
    pub tokens_in: Option<i64>,
    /// Tokens written.
    pub tokens_out: Option<i64>,
}

/// Reads answers; remembers of the first one whether answers have a confidence.
#[derive(Debug, Default)]
pub struct Decoder {
    fields: AnswerFields,
    single: bool,
    kind: Kind,
    scores: Vec<String>,
    has_confidence: OnceLock<bool>,
}

impl Decoder {
    /// `single`: the body is the answer to one sample.
    pub fn new(fields: AnswerFields, single: bool) -> Decoder {
        Decoder {
            fields,
            single,
            ..Decoder::default()
        }
    }

    /// Reads answers of this kind, and of texts the members with these names as scores.
    #[must_use]
    pub fn of(self, kind: Kind, scores: Vec<String>) -> Decoder {
        Decoder { kind, scores, ..self }
    }

    /// Everything that decides how an answer is read, for the digest of the mapping.
    pub fn describe(&self) -> Value {
        let f = &self.fields;
        json!({
            "batch": f.batch, "label": f.label, "confidence": f.confidence, "probabilities": f.probabilities,
            "classes": f.classes, "text": f.text, "tokens_in": f.tokens_in, "tokens_out": f.tokens_out,
        })
    }

    /// The answers to `n` samples, in their order; per sample what is wrong with its answer.
    ///
    /// # Errors
    /// Says why the body cannot be matched to the samples at all.
    pub fn read(&self, body: &[u8], n: usize) -> Result<Vec<Result<Answer, String>>, String> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            let nan = body.windows(3).any(|w| w == b"NaN") || body.windows(8).any(|w| w == b"Infinity");
            let why = if nan {
                ": it holds NaN or Infinity, which JSON lacks"
            } else {
                ""
            };
            format!("the answer is not valid JSON ({error}){why}")
        })?;
        if self.single {
            let answer = match &self.fields.batch {
                Some(pointer) => found(&value, pointer)?,
                None => &value,
            };
            return Ok(vec![self.one(answer)]);
        }
        let answers = self.list(&value)?;
        if answers.len() != n {
            return Err(format!(
                "{} answers to {n} sample{}",
                answers.len(),
                if n == 1 { "" } else { "s" }
            ));
        }
        Ok(answers.iter().map(|answer| self.one(answer)).collect())
    }

    fn list<'a>(&self, value: &'a Value) -> Result<&'a [Value], String> {
        if let Some(pointer) = &self.fields.batch {
            return match found(value, pointer)? {
                Value::Array(list) => Ok(list),
                other => Err(format!("{pointer} is {}, not an array of answers", kind(other))),
            };
        }
        match value {
            Value::Array(list) => Ok(list),
            Value::Object(object) => {
                let mut lists = object.values().filter_map(Value::as_array);
                match (lists.next(), lists.next()) {
                    (Some(only), None) => Ok(only),
                    _ => Err(format!(
                        "the answer is an object with members {}, not an array; service.answer.batch tells where the answers are",
                        names(value)
                    )),
                }
            }
            other => Err(format!("the answer is {}, not an array", kind(other))),
        }
    }

    fn one(&self, value: &Value) -> Result<Answer, String> {
        let answer = match self.kind {
            Kind::Classification | Kind::Binary => self.labelled(value)?,
            Kind::Numeric => Answer {
                label: number(self.stated(value, &NUMBERS, "number")?)?,
                ..Answer::default()
            },
            Kind::Text => Answer {
                label: written(self.stated(value, &TEXTS, "text")?)?,
                scores: self
                    .scores
                    .iter()
                    .map(|name| score(value, name))
                    .collect::<Result<_, _>>()?,
                ..Answer::default()
            },
        };
        self.with_notes(value, answer)
    }

    /// What was answered, where it is neither right nor wrong.
    fn stated<'a>(&self, value: &'a Value, usual: &[&str], what: &str) -> Result<&'a Value, String> {
        match (&self.fields.label, value) {
            (Some(pointer), _) => found(value, pointer),
            (None, Value::Object(_)) => member(value, usual).ok_or_else(|| {
                let names = names(value);
                format!("no {what} in the answer, which has {names}; service.answer.label tells where it is")
            }),
            (None, bare) => Ok(bare),
        }
    }

    fn labelled(&self, value: &Value) -> Result<Answer, String> {
        let f = &self.fields;
        let mut out = Answer::default();
        let probabilities = match &f.probabilities {
            Some(pointer) => Some(found(value, pointer)?),
            None if f.label.is_none() => member(value, &PROBABILITIES).filter(|v| v.is_object()),
            None => None,
        };
        let best = match probabilities {
            Some(given) => {
                let pairs = self.pairs(given)?;
                let object: serde_json::Map<_, _> = pairs.iter().map(|(l, p)| (l.clone(), json!(p))).collect();
                out.probabilities = Some(Value::Object(object).to_string());
                pairs
                    .into_iter()
                    .max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
            }
            None => None,
        };
        let stated = match (&f.label, value) {
            (Some(pointer), _) => Some(found(value, pointer)?),
            (None, Value::Object(_)) => member(value, &LABELS),
            (None, bare) => Some(bare),
        };
        out.label = match (stated, &best, &f.text) {
            (Some(given), ..) => label(given)?,
            (None, Some((label, _)), _) => label.clone(),
            (None, None, Some(pointer)) => label(found(value, pointer)?)?,
            (None, None, None) => {
                return Err(format!(
                    "no label in the answer, which has {}; service.answer.label tells where it is",
                    names(value)
                ));
            }
        };
        out.confidence = self.confidence(value, best.map(|(_, p)| p))?;
        Ok(out)
    }

    /// The answer with what else was asked for: text and tokens.
    fn with_notes(&self, value: &Value, mut out: Answer) -> Result<Answer, String> {
        let f = &self.fields;
        out.text = match &f.text {
            Some(pointer) => Some(label(found(value, pointer)?)?),
            None => None,
        };
        let tokens = |pointer: &Option<String>| match pointer {
            Some(pointer) => match found(value, pointer)? {
                Value::Null => Ok(None),
                number => match number.as_i64().filter(|n| *n >= 0) {
                    Some(n) => Ok(Some(n)),
                    None => Err(format!("{pointer} is {}, not a count of tokens", kind(number))),
                },
            },
            None => Ok(None),
        };
        out.tokens_in = tokens(&f.tokens_in)?;
        out.tokens_out = tokens(&f.tokens_out)?;
        Ok(out)
    }

    fn confidence(&self, value: &Value, best: Option<f64>) -> Result<Option<f64>, String> {
        let given = match &self.fields.confidence {
            Some(pointer) => Some(found(value, pointer)?),
            None => member(value, &CONFIDENCES),
        };
        let given = given.filter(|v| !v.is_null());
        let present = given.is_some() || best.is_some();
        let expected = *self.has_confidence.get_or_init(|| present);
        if expected && !present {
            return Err("no confidence in the answer, where other answers have one".into());
        }
        match given {
            None => Ok(best),
            Some(given) => match given.as_f64() {
                Some(p) if (0.0..=1.0).contains(&p) => Ok(Some(p)),
                Some(p) => Err(format!("the confidence is {p}, outside 0 to 1")),
                None => Err(format!("the confidence is {}, not a number", kind(given))),
            },
        }
    }

    fn pairs(&self, given: &Value) -> Result<Vec<(String, f64)>, String> {
        let number = |v: &Value| match v.as_f64().filter(|p| (0.0..=1.0).contains(p)) {
            Some(p) => Ok(p),
            None => Err(format!("a probability is {}, not a number from 0 to 1", shown(v))),
        };
        match given {
            Value::Object(object) => object.iter().map(|(l, p)| Ok((l.clone(), number(p)?))).collect(),
            Value::Array(list) if list.len() == self.fields.classes.len() => {
                let pairs = self.fields.classes.iter().zip(list);
                pairs.map(|(l, p)| Ok((l.clone(), number(p)?))).collect()
            }
            Value::Array(list) => Err(format!(
                "{} probabilities for {} classes (service.answer.classes)",
                list.len(),
                self.fields.classes.len()
            )),
            other => Err(format!("the probabilities are {}", kind(other))),
        }
    }
}

fn found<'a>(value: &'a Value, pointer: &str) -> Result<&'a Value, String> {
    let missing = || format!("no {pointer} in the answer, which has {}", names(value));
    value.pointer(pointer).ok_or_else(missing)
}

fn member<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| value.get(name))
}

/// A label as text: one spelling for whole numbers and booleans.
fn label(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("the label is empty".into()),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(whole), _) => Ok(whole.to_string()),
            (None, Some(f)) if f.fract() == 0.0 && f.abs() < 9e15 => Ok(format!("{f:.0}")),
            _ => Err(format!("the label is {n}, a decimal number")),
        },
        other => Err(format!("the label is {}", kind(other))),
    }
}

/// A number, in digits that give it back.
fn number(value: &Value) -> Result<String, String> {
    match value.as_f64() {
        Some(number) if number.abs() <= LARGEST_NUMBER => Ok(number.to_string()),
        Some(number) => Err(format!("the answer is {number:e}, beyond {LARGEST_NUMBER:e}")),
        None => Err(format!("the answer is {}, not a number", kind(value))),
    }
}

/// A text that a model wrote; it may be empty.
fn written(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(format!("the answer is {}, not text", kind(other))),
    }
}

/// A score of an answer; null where the service has none.
fn score(value: &Value, name: &str) -> Result<Option<f64>, String> {
    let given = value.get(name).ok_or_else(|| {
        let names = names(value);
        format!("no score \"{}\" in the answer, which has {names}", clip(name, 40))
    })?;
    match given {
        Value::Null => Ok(None),
        Value::Bool(yes) => Ok(Some(f64::from(u8::from(*yes)))),
        given => match given.as_f64().filter(|score| score.abs() <= LARGEST_NUMBER) {
            Some(score) => Ok(Some(score)),
            None => Err(format!(
                "the score \"{}\" is {}, not a number",
                clip(name, 40),
                shown(given)
            )),
        },
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn shown(value: &Value) -> String {
    clip(&value.to_string(), 40)
}

fn names(value: &Value) -> String {
    match value {
        Value::Object(object) if object.is_empty() => "no members".into(),
        Value::Object(object) => {
            let names: Vec<_> = object
                .keys()
                .take(8)
                .map(|name| format!("\"{}\"", clip(name, 40)))
                .collect();
            names.join(", ")
        }
        other => kind(other).into(),
    }
}

/// The beginning of a text that others wrote.
pub fn clip(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: AnswerFields, body: &str, n: usize) -> Result<Vec<Result<Answer, String>>, String> {
        Decoder::new(fields, false).read(body.as_bytes(), n)
    }

    fn labels(body: &str, n: usize) -> Vec<String> {
        let answers = read(AnswerFields::default(), body, n).unwrap();
        answers
            .into_iter()
            .map(|a| a.map_or_else(|e| format!("error: {e}"), |a| a.label))
            .collect()
    }

    #[test]
    fn usual_shapes_are_understood() {
        assert_eq!(
            labels(r#"[{"label":"a","confidence":0.5},{"label":2,"confidence":1}]"#, 2),
            ["a", "2"]
        );
        assert_eq!(labels(r#"["a", true, 3.0]"#, 3), ["a", "true", "3"]);
        assert_eq!(labels(r#"{"predictions":[{"prediction":"x"}]}"#, 1), ["x"]);
        assert_eq!(labels(r#"[{"probabilities":{"a":0.2,"b":0.8}}]"#, 1), ["b"]);
    }

    #[test]
    fn what_is_wrong_is_said_per_sample() {
        let body = r#"[{"label":"a","confidence":0.5},{"confidence":0.5},{"label":null,"confidence":0.5},
            {"label":"a","confidence":7},{"label":"a","confidence":"x"},{"label":"a"},{"label":1.5,"confidence":0.1}]"#;
        let expected = [
            "a",
            "error: no label in the answer, which has \"confidence\"; service.answer.label tells where it is",
            "error: the label is null",
            "error: the confidence is 7, outside 0 to 1",
            "error: the confidence is text, not a number",
            "error: no confidence in the answer, where other answers have one",
            "error: the label is 1.5, a decimal number",
        ];
        assert_eq!(labels(body, 7), expected);
    }

    #[test]
    fn a_body_that_cannot_be_matched_is_refused_whole() {
        let table = [
            (r#"["a"]"#, "1 answers to 2 samples"),
            ("[NaN, 1.0]", "NaN or Infinity, which JSON lacks"),
            ("good", "not valid JSON"),
            ("7", "a number, not an array"),
            (r#"{"a":[1],"b":[2]}"#, "service.answer.batch"),
        ];
        for (body, words) in table {
            let error = read(AnswerFields::default(), body, 2).unwrap_err();
            assert!(error.contains(words), "{body}: {error}");
        }
    }

    #[test]
    fn pointers_reach_other_shapes() {
        let fields = AnswerFields {
            batch: Some("/data/out".into()),
            probabilities: Some("/p".into()),
            classes: vec!["neg".into(), "pos".into()],
            text: Some("/say".into()),
            tokens_in: Some("/usage/in".into()),
            ..AnswerFields::default()
        };
        let body = r#"{"data":{"out":[{"p":[0.3,0.7],"say":"hm","usage":{"in":12}}]}}"#;
        let answer = read(fields.clone(), body, 1).unwrap().remove(0).unwrap();
        assert_eq!((answer.label.as_str(), answer.confidence), ("pos", Some(0.7)));
        assert_eq!(answer.probabilities.as_deref(), Some(r#"{"neg":0.3,"pos":0.7}"#));
        assert_eq!((answer.text.as_deref(), answer.tokens_in), (Some("hm"), Some(12)));
        let body = r#"{"data":{"out":[{"p":[0.3],"say":"hm"}]}}"#;
        let error = read(fields, body, 1).unwrap().remove(0).unwrap_err();
        assert_eq!(error, "1 probabilities for 2 classes (service.answer.classes)");
    }

    /// What each answer is, or what is wrong with it.
    fn of(kind: Kind, scores: &[&str], body: &str) -> Vec<String> {
        let scores: Vec<String> = scores.iter().map(|name| (*name).to_owned()).collect();
        let decoder = Decoder::new(AnswerFields::default(), false).of(kind, scores);
        let n = serde_json::from_str::<Vec<Value>>(body).unwrap().len();
        let shown = |answer: Answer| format!("{} {:?}", answer.label, answer.scores);
        let answers = decoder.read(body.as_bytes(), n).unwrap().into_iter();
        answers
            .map(|answer| answer.map_or_else(|why| format!("error: {why}"), shown))
            .collect()
    }

    #[test]
    fn numbers_are_read_as_they_are() {
        let body =
            r#"[1.5, {"prediction": -3}, {"value": 1e-7, "score": 3}, {"prediction": "1.5"}, null, 1e71, {"p": 1}]"#;
        assert_eq!(
            of(Kind::Numeric, &[], body),
            [
                "1.5 []",
                "-3 []",
                "0.0000001 []",
                "error: the answer is text, not a number",
                "error: the answer is null, not a number",
                "error: the answer is 1e71, beyond 1e70",
                "error: no number in the answer, which has \"p\"; service.answer.label tells where it is",
            ]
        );
    }

    #[test]
    fn texts_have_the_scores_that_were_asked_for() {
        let body = r#"[{"output": "a b", "good": 0.5, "safe": true, "score": "high"}, {"output": "", "good": null, "safe": 1},
            {"output": "x", "good": 1}, {"output": 7, "good": 1, "safe": 1}, {"output": "x", "good": "much", "safe": 1}, "bare"]"#;
        assert_eq!(
            of(Kind::Text, &["good", "safe"], body),
            [
                "a b [Some(0.5), Some(1.0)]",
                " [None, Some(1.0)]",
                "error: no score \"safe\" in the answer, which has \"output\", \"good\"",
                "error: the answer is a number, not text",
                "error: the score \"good\" is \"much\", not a number",
                "error: no score \"good\" in the answer, which has text",
            ]
        );
    }
}
