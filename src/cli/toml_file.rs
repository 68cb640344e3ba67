//! evaldiff.toml as written: its keys, their checks, and errors that name file, line and nearest key.

use super::Env;
use super::args::distinct;
use super::location::{expanded, is_server, local, postgres, without_credentials};
use super::request::ColumnChoice;
use super::toml_service::ServiceKeys;
use super::values::{self, TableName};
use crate::error::{Error, Result};
use crate::model::{Kind, ScoreRole};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The whole file. Not `Debug`: it may hold secrets.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TomlFile {
    pub(crate) table: Option<TableName>,
    pub(crate) catalog: CatalogKeys,
    pub(crate) columns: ColumnKeys,
    pub(crate) compare: CompareKeys,
    pub(crate) engine: EngineKeys,
    pub(crate) report: ReportKeys,
    pub(crate) service: ServiceKeys,
}

/// `[catalog]`. Not `Debug`: it may hold secrets.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CatalogKeys {
    #[serde(rename = "type")]
    pub(crate) kind: Option<CatalogType>,
    #[serde(deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "uri")]
    pub(crate) uri: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) warehouse: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) credential: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) token: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) scope: Option<String>,
    pub(crate) properties: BTreeMap<String, String>,
    /// Name of a catalog in .pyiceberg.yaml, for what the other keys leave open.
    #[serde(deserialize_with = "text")]
    pub(crate) pyiceberg: Option<String>,
}

impl CatalogKeys {
    /// What is set here, else what is set there.
    pub(crate) fn or(self, other: CatalogKeys) -> CatalogKeys {
        let mut properties = other.properties;
        properties.extend(self.properties);
        CatalogKeys {
            kind: self.kind.or(other.kind),
            name: self.name.or(other.name),
            uri: self.uri.or(other.uri),
            warehouse: self.warehouse.or(other.warehouse),
            credential: self.credential.or(other.credential),
            token: self.token.or(other.token),
            scope: self.scope.or(other.scope),
            properties,
            pyiceberg: self.pyiceberg.or(other.pyiceberg),
        }
    }

    /// With `${NAME}` replaced in every value.
    ///
    /// # Errors
    /// A usage error that names a variable which is not set.
    pub(crate) fn expanded(mut self, env: Env<'_>) -> Result<CatalogKeys> {
        let named = [
            &mut self.uri,
            &mut self.warehouse,
            &mut self.credential,
            &mut self.token,
            &mut self.scope,
        ];
        let named = named.into_iter().flatten();
        for value in named.chain(self.properties.values_mut()) {
            *value = expanded(value, env)?;
        }
        Ok(self)
    }
}

/// The kinds of catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CatalogType {
    Sql,
    Rest,
}

/// `[columns]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ColumnKeys {
    #[serde(deserialize_with = "texts")]
    id: Vec<String>,
    #[serde(deserialize_with = "text")]
    truth: Option<String>,
    #[serde(deserialize_with = "text")]
    prediction: Option<String>,
    #[serde(deserialize_with = "text")]
    confidence: Option<String>,
    #[serde(deserialize_with = "text")]
    status: Option<String>,
    #[serde(deserialize_with = "text")]
    error: Option<String>,
    #[serde(deserialize_with = "text")]
    latency: Option<String>,
    #[serde(deserialize_with = "text")]
    cost: Option<String>,
    #[serde(deserialize_with = "texts")]
    slices: Vec<String>,
    #[serde(deserialize_with = "texts")]
    show: Vec<String>,
    #[serde(deserialize_with = "texts")]
    media: Vec<String>,
    kind: Option<Kind>,
    #[serde(deserialize_with = "scores")]
    scores: Vec<ScoreRole>,
    #[serde(deserialize_with = "text")]
    positive: Option<String>,
    positive_label: Option<String>,
    #[serde(deserialize_with = "text")]
    repeat: Option<String>,
    #[serde(deserialize_with = "text")]
    cluster: Option<String>,
}

/// `[compare]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CompareKeys {
    #[serde(deserialize_with = "alpha")]
    pub(crate) alpha: Option<f64>,
    #[serde(deserialize_with = "min_effect")]
    pub(crate) min_effect: Option<f64>,
    #[serde(deserialize_with = "tolerance")]
    pub(crate) tolerance: Option<f64>,
    #[serde(deserialize_with = "margin")]
    pub(crate) margin: Option<f64>,
    pub(crate) search: Option<bool>,
    #[serde(deserialize_with = "texts")]
    pub(crate) search_columns: Vec<String>,
    #[serde(deserialize_with = "top")]
    pub(crate) top: Option<u64>,
    #[serde(deserialize_with = "texts")]
    pub(crate) hide: Vec<String>,
    pub(crate) no_payload: bool,
}

/// `[engine]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EngineKeys {
    #[serde(deserialize_with = "memory")]
    pub(crate) memory_limit: Option<u64>,
    #[serde(deserialize_with = "threads")]
    pub(crate) threads: Option<usize>,
}

/// `[report]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReportKeys {
    pub(crate) out: Option<PathBuf>,
    pub(crate) theme: Option<PathBuf>,
    pub(crate) media_root: Option<PathBuf>,
}

impl From<ColumnKeys> for ColumnChoice {
    fn from(keys: ColumnKeys) -> Self {
        ColumnChoice {
            key: keys.id,
            truth: keys.truth,
            prediction: keys.prediction,
            confidence: keys.confidence,
            status: keys.status,
            error: keys.error,
            latency: keys.latency,
            cost: keys.cost,
            slices: keys.slices,
            show: keys.show,
            media: keys.media,
            kind: keys.kind,
            scores: keys.scores,
            positive: keys.positive,
            positive_label: keys.positive_label,
            repeat: keys.repeat,
            cluster: keys.cluster,
        }
    }
}

/// Makes a `deserialize_with` function of a check.
macro_rules! checked {
    ($name:ident: $raw:ty => $out:ty, $check:expr) => {
        fn $name<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<$out, D::Error> {
            <$raw>::deserialize(from).and_then(|raw| $check(raw).map_err(D::Error::custom))
        }
    };
}

checked!(alpha: f64 => Option<f64>, |v| values::alpha(v).map(Some));
checked!(min_effect: f64 => Option<f64>, |v| values::min_effect(v).map(Some));
checked!(tolerance: f64 => Option<f64>, |v| values::tolerance(v).map(Some));
checked!(scores: Vec<String> => Vec<ScoreRole>, |v: Vec<String>| v
    .iter()
    .map(|score| values::score(score))
    .collect::<std::result::Result<_, _>>()
    .map(distinct));
checked!(margin: f64 => Option<f64>, |v| values::margin(v).map(Some));
checked!(top: i64 => Option<u64>, |v| values::top(v).map(Some));
checked!(threads: i64 => Option<usize>, |v| values::threads(v).map(Some));
checked!(memory: String => Option<u64>, |v: String| values::memory(&v).map(Some));
checked!(uri: String => Option<String>, |v: String| match v.contains("${") || is_server(&v) || postgres(&v).is_some() {
    true => Ok(Some(v)),
    false => local(&v, "sqlite").map(|_| Some(v.clone())),
});
checked!(text: String => Option<String>, |v: String| values::name(&v).map(Some));
checked!(texts: Vec<String> => Vec<String>, |v: Vec<String>| v
    .iter()
    .map(|name| values::name(name))
    .collect::<std::result::Result<_, _>>()
    .map(distinct));

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<TomlFile> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::usage(format!("cannot read {}", path.display())).with_source(error))?;
    toml::from_str(&text).map_err(|error| explain(path, &text, &error))
}

/// A line of the file as it may be shown: without what may be a secret.
fn shown(line: &str) -> String {
    let secret = ["credential", "token", "secret", "password", "key"];
    match line.split_once('=') {
        Some((key, _)) if secret.iter().any(|word| key.to_lowercase().contains(word)) => format!("{key}= …"),
        _ => without_credentials(line),
    }
}

/// A parse error with file, line, the line itself and, for an unknown key, the nearest known one.
fn explain(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    let line = shown(text.lines().nth(before).unwrap_or_default().trim());
    let place = format!("{}:{}", path.display(), before + 1);
    let message = error.message();
    let Some(rest) = message.strip_prefix("unknown field `") else {
        return Error::usage(format!("{place}: `{line}`: {message}"));
    };
    let mut words = rest.split('`').step_by(2);
    let unknown = words.next().unwrap_or_default();
    let known: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let unknown_key = Error::usage(format!("{place}: unknown key `{unknown}`"));
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(score, _)| *score > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => unknown_key.with_hint(format!("did you mean `{name}`?")),
        None => unknown_key.with_hint(format!("known here: {}", known.join(", "))),
    }
}
