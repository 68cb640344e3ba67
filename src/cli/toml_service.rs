//! `[service]` of evaldiff.toml: where a model service is and how it is asked.

use super::Env;
use super::choice::InputStyle;
use super::location::expanded;
use super::request::{Amount, MaxErrors, ServiceChoice};
use super::values;
use crate::error::{Error, Result};
use crate::runner::{AnswerFields, JsonRequest};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `[service]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServiceKeys {
    url: Option<String>,
    bento: Option<String>,
    bentoml: Option<PathBuf>,
    version: Option<String>,
    endpoint: Option<String>,
    input_style: Option<InputStyle>,
    param: Option<String>,
    inputs: Vec<String>,
    names: BTreeMap<String, String>,
    #[serde(deserialize_with = "request")]
    request: JsonRequest,
    #[serde(deserialize_with = "answer")]
    answer: AnswerFields,
    labels: Vec<String>,
    any_label: bool,
    headers: BTreeMap<String, String>,
    golden: Option<String>,
    #[serde(deserialize_with = "batch_size")]
    batch_size: Option<Amount>,
    #[serde(deserialize_with = "concurrency")]
    concurrency: Option<Amount>,
    #[serde(deserialize_with = "timeout")]
    timeout: Option<Duration>,
    #[serde(deserialize_with = "max_errors")]
    max_errors: Option<MaxErrors>,
}

/// What was written may hold secrets.
impl std::fmt::Debug for ServiceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceKeys").finish_non_exhaustive()
    }
}

impl ServiceKeys {
    /// The choice, with paths from the file's folder and `${NAME}` from the environment.
    pub(crate) fn choice(self, base: &Path, env: Env<'_>) -> Result<ServiceChoice> {
        if self.url.is_some() && self.bento.is_some() {
            return Err(Error::usage("evaldiff.toml names a service by url and by bento")
                .with_hint("keep one of the two keys in [service]"));
        }
        let golden = self.golden.map(|text| match text.contains("://") {
            true => text,
            false => base.join(text).display().to_string(),
        });
        // A bare name is looked for in PATH.
        let bentoml = self.bentoml.map(|path| match path.components().count() {
            1 => path,
            _ => base.join(path),
        });
        let mut headers = BTreeMap::new();
        for (name, value) in self.headers {
            headers.insert(name, expanded(&value, env)?);
        }
        Ok(ServiceChoice {
            url: self.url.map(|url| expanded(&url, env)).transpose()?,
            bento: self.bento,
            bentoml,
            version: self.version,
            endpoint: self.endpoint,
            style: self.input_style,
            param: self.param,
            inputs: self.inputs,
            names: self.names,
            request: self.request,
            answer: self.answer,
            labels: self.labels,
            any_label: self.any_label,
            headers,
            golden,
            batch_size: self.batch_size,
            concurrency: self.concurrency,
            timeout: self.timeout,
            max_errors: self.max_errors,
        })
    }
}

/// A text or a whole number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Number(u64),
    Text(String),
}

fn word<'de, D: Deserializer<'de>, T>(
    from: D,
    read: fn(&str) -> std::result::Result<T, String>,
) -> std::result::Result<Option<T>, D::Error> {
    let text = match Word::deserialize(from)? {
        Word::Number(n) => n.to_string(),
        Word::Text(text) => text,
    };
    read(&text).map(Some).map_err(D::Error::custom)
}

fn batch_size<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Amount>, D::Error> {
    word(from, values::batch_size)
}

fn concurrency<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Amount>, D::Error> {
    word(from, values::concurrency)
}

fn timeout<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Duration>, D::Error> {
    word(from, values::duration)
}

fn max_errors<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<MaxErrors>, D::Error> {
    word(from, values::max_errors)
}

/// Refuses what is no JSON Pointer (RFC 6901).
fn pointer<E: serde::de::Error>(text: &str) -> std::result::Result<(), E> {
    if text.is_empty() || text.starts_with('/') {
        Ok(())
    } else {
        Err(E::custom(format!(
            "`{text}` is no JSON Pointer: it begins with `/`, as in \"/{text}\""
        )))
    }
}

fn request<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<JsonRequest, D::Error> {
    let request = JsonRequest::deserialize(from)?;
    pointer(&request.batch)?;
    request
        .sample
        .keys()
        .chain(request.constants.keys())
        .try_for_each(|p| pointer(p))?;
    Ok(request)
}

fn answer<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<AnswerFields, D::Error> {
    let a = AnswerFields::deserialize(from)?;
    let all = [
        &a.batch,
        &a.label,
        &a.confidence,
        &a.probabilities,
        &a.text,
        &a.tokens_in,
        &a.tokens_out,
    ];
    all.into_iter().flatten().try_for_each(|p| pointer(p))?;
    Ok(a)
}
