//! How samples become the body of a request.

use super::error::RunnerError;
use super::work::Work;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The shape of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputStyle {
    /// `{"texts": ["…", "…"]}`: one column, an array of its values.
    Texts,
    /// `{"df": [{"text": "…"}, …]}`: an object per sample.
    Records,
    /// `{"df": {"text": ["…", …]}}`: an array per column.
    Columns,
    /// `{"columns": […], "index": […], "data": [[…], …]}` without anything around it, as services of 2023 take it.
    Split,
    /// As evaldiff.toml describes it.
    Json,
}

/// A body that evaldiff.toml describes, in JSON Pointers.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonRequest {
    /// Where the array of samples goes; the body itself if empty.
    pub batch: String,
    /// Where each input column goes within a sample; the sample is the bare value where the pointer is empty.
    pub sample: BTreeMap<String, String>,
    /// What stands in every body besides.
    pub constants: BTreeMap<String, Value>,
    /// One sample per request, which is the body itself.
    pub single: bool,
}

/// Makes request bodies.
#[derive(Clone, Debug)]
pub struct Encoder {
    style: InputStyle,
    /// The member that holds the samples.
    param: String,
    /// The input columns' names in the request.
    names: Vec<String>,
    json: JsonRequest,
    /// Pointers of `json.sample` by input column.
    places: Vec<String>,
}

impl Encoder {
    /// `inputs` are the golden dataset's input columns, `names` what they are called in the request.
    ///
    /// # Errors
    /// A style that cannot carry these columns.
    pub fn new(
        style: InputStyle,
        param: Option<String>,
        inputs: &[String],
        names: &BTreeMap<String, String>,
        json: JsonRequest,
    ) -> Result<Encoder, RunnerError> {
        if let Some(unknown) = names.keys().find(|name| !inputs.contains(name)) {
            return Err(RunnerError::usage(
                format!("service.names renames `{unknown}`, which is no input column"),
                format!("the input columns are {}; --input adds one", inputs.join(", ")),
            ));
        }
        if style == InputStyle::Texts && inputs.len() != 1 {
            return Err(RunnerError::usage(
                format!("the style texts sends one input column, not {}", inputs.join(", ")),
                "name one with --input, or send them all with --input-style records",
            ));
        }
        let mut places = Vec::new();
        if style == InputStyle::Json {
            if json.sample.is_empty() {
                return Err(RunnerError::usage(
                    "the style json needs a description of a sample",
                    "add to evaldiff.toml: [service.request.sample] with lines such as \"/text\" = \"text\"",
                ));
            }
            for input in inputs {
                let place = json.sample.iter().find(|(_, column)| *column == input);
                places.push(place.map(|(pointer, _)| pointer.clone()).unwrap_or_default());
            }
        }
        let default = if style == InputStyle::Texts { "texts" } else { "df" };
        Ok(Encoder {
            style,
            param: param.unwrap_or_else(|| default.to_string()),
            names: inputs
                .iter()
                .map(|input| names.get(input).unwrap_or(input).clone())
                .collect(),
            json,
            places,
        })
    }

    /// Whether a request carries one sample only.
    pub fn single(&self) -> bool {
        self.style == InputStyle::Json && self.json.single
    }

    /// Everything that shapes a body, for the digest of the mapping.
    pub fn describe(&self) -> Value {
        json!({
            "style": format!("{:?}", self.style),
            "param": self.param,
            "names": self.names,
            "batch": self.json.batch,
            "sample": self.json.sample,
            "constants": self.json.constants,
            "single": self.json.single,
        })
    }

    /// The body for some samples.
    ///
    /// # Errors
    /// Only if a described body contradicts itself.
    pub fn body(&self, work: &Work) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(64 + work.bytes);
        let inputs = &work.source.inputs;
        match self.style {
            InputStyle::Texts => {
                open(&mut out, &self.param);
                list(&mut out, work.rows.iter(), |out, row| write(out, &inputs[0], *row));
                out.push(b'}');
            }
            InputStyle::Records => {
                open(&mut out, &self.param);
                list(&mut out, work.rows.iter(), |out, row| {
                    out.push(b'{');
                    for (i, (name, array)) in self.names.iter().zip(inputs).enumerate() {
                        if i > 0 {
                            out.push(b',');
                        }
                        string(out, name);
                        out.push(b':');
                        write(out, array, *row);
                    }
                    out.push(b'}');
                });
                out.push(b'}');
            }
            InputStyle::Columns => {
                open(&mut out, &self.param);
                out.push(b'{');
                for (i, (name, array)) in self.names.iter().zip(inputs).enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    string(&mut out, name);
                    out.push(b':');
                    list(&mut out, work.rows.iter(), |out, row| write(out, array, *row));
                }
                out.extend_from_slice(b"}}");
            }
            InputStyle::Split => {
                out.extend_from_slice(b"{\"columns\":");
                list(&mut out, self.names.iter(), |out, name| string(out, name));
                out.extend_from_slice(b",\"index\":");
                list(&mut out, 0..work.rows.len(), |out, i| {
                    out.extend_from_slice(i.to_string().as_bytes());
                });
                out.extend_from_slice(b",\"data\":");
                list(&mut out, work.rows.iter(), |out, row| {
                    list(out, inputs.iter(), |out, array| write(out, array, *row));
                });
                out.push(b'}');
            }
            InputStyle::Json => {
                let value = self.described(work)?;
                serde_json::to_writer(&mut out, &value).map_err(|e| e.to_string())?;
            }
        }
        Ok(out)
    }

    fn described(&self, work: &Work) -> Result<Value, String> {
        let mut samples = Vec::with_capacity(work.rows.len());
        for row in &work.rows {
            let mut sample = Value::Null;
            for (array, place) in work.source.inputs.iter().zip(&self.places) {
                put(&mut sample, place, value(array, *row as usize))?;
            }
            samples.push(sample);
        }
        let mut body = Value::Null;
        if self.json.single {
            body = samples.pop().unwrap_or_default();
        } else {
            put(&mut body, &self.json.batch, Value::Array(samples))?;
        }
        for (pointer, constant) in &self.json.constants {
            put(&mut body, pointer, constant.clone())?;
        }
        Ok(body)
    }
}

fn open(out: &mut Vec<u8>, param: &str) {
    out.push(b'{');
    string(out, param);
    out.push(b':');
}

fn list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(b']');
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Writing text to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

fn write(out: &mut Vec<u8>, array: &ArrayRef, row: u32) {
    let row = row as usize;
    match array.data_type() {
        DataType::Utf8 if array.is_valid(row) => string(out, array.as_string::<i32>().value(row)),
        _ => {
            let _ = serde_json::to_writer(out, &value(array, row));
        }
    }
}

/// One cell as JSON; NaN, which JSON lacks, as null.
fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).into(),
        DataType::Boolean => array.as_boolean().value(row).into(),
        _ => arrow::util::display::array_value_to_string(array, row)
            .unwrap_or_default()
            .into(),
    }
}

/// Puts a value where a JSON Pointer points, making objects on the way.
fn put(root: &mut Value, pointer: &str, value: Value) -> Result<(), String> {
    let mut at = root;
    if !pointer.is_empty() {
        for part in pointer.split('/').skip(1) {
            let name = part.replace("~1", "/").replace("~0", "~");
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            let Value::Object(object) = at else {
                return Err(format!(
                    "the JSON Pointer {pointer} leads through something that is no object"
                ));
            };
            at = object.entry(name).or_insert(Value::Null);
        }
    }
    *at = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::InputBatch;
    use arrow::array::{Int64Array, StringArray};
    use std::sync::Arc;

    fn work() -> Work {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a \"b\""), None, Some("ü\n")]));
        let number: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
        let source = InputBatch {
            first: 10,
            keys: StringArray::from(vec!["x", "y", "z"]),
            inputs: vec![text, number],
        };
        Work::new(Arc::new(source), vec![0, 2])
    }

    fn encode(style: InputStyle, inputs: &[&str], json: JsonRequest) -> String {
        let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
        let encoder = Encoder::new(style, None, &inputs, &BTreeMap::new(), json).unwrap();
        String::from_utf8(encoder.body(&work()).unwrap()).unwrap()
    }

    #[test]
    fn every_style_has_its_body() {
        let both = ["text", "n"];
        assert_eq!(
            encode(InputStyle::Texts, &["text"], JsonRequest::default()),
            r#"{"texts":["a \"b\"","ü\n"]}"#
        );
        assert_eq!(
            encode(InputStyle::Records, &both, JsonRequest::default()),
            r#"{"df":[{"text":"a \"b\"","n":1},{"text":"ü\n","n":null}]}"#
        );
        assert_eq!(
            encode(InputStyle::Columns, &both, JsonRequest::default()),
            r#"{"df":{"text":["a \"b\"","ü\n"],"n":[1,null]}}"#
        );
        assert_eq!(
            encode(InputStyle::Split, &both, JsonRequest::default()),
            r#"{"columns":["text","n"],"index":[0,1],"data":[["a \"b\"",1],["ü\n",null]]}"#
        );
        let json = JsonRequest {
            batch: "/in/instances".into(),
            sample: BTreeMap::from([("/doc/text".into(), "text".into()), ("/n".into(), "n".into())]),
            constants: BTreeMap::from([("/in/model".into(), json!("m"))]),
            single: false,
        };
        assert_eq!(
            encode(InputStyle::Json, &both, json),
            r#"{"in":{"instances":[{"doc":{"text":"a \"b\""},"n":1},{"doc":{"text":"ü\n"},"n":null}],"model":"m"}}"#
        );
    }

    #[test]
    fn a_body_may_be_the_bare_list_or_one_sample() {
        let bare = JsonRequest {
            sample: BTreeMap::from([(String::new(), "text".into())]),
            ..JsonRequest::default()
        };
        assert_eq!(
            encode(InputStyle::Json, &["text"], bare.clone()),
            r#"["a \"b\"","ü\n"]"#
        );
        let single = JsonRequest {
            sample: BTreeMap::from([("/q".into(), "text".into())]),
            single: true,
            ..bare
        };
        assert_eq!(encode(InputStyle::Json, &["text"], single), r#"{"q":"ü\n"}"#);
    }
}
