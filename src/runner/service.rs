//! The model service: where it is, what it says of itself, one request.

use super::answer::clip;
use super::error::RunnerError;
use super::request::InputStyle;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;
use std::fmt;
use std::time::{Duration, Instant};

/// Bytes of an answer at most: more is no answer to a batch, and would have to be held in memory.
const MAX_ANSWER: usize = 256 << 20;
/// Header in which a service may name the Bento that answered.
const TAG_HEADER: &str = "x-bento-tag";
/// Words by which BentoML says that it does not know its version.
const UNKNOWN: [&str; 3] = ["none", "not available", ""];

/// What a service says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Name of the Bento.
    pub name: Option<String>,
    /// Its version; `None` when served from source, or by something else than BentoML.
    pub version: Option<String>,
    /// `blake3:<hex>` over its interface.
    pub schema_digest: Option<String>,
}

impl Identity {
    /// `name:version`, as far as known.
    pub fn tag(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "unknown".into());
        format!("{}:{}", part(&self.name), part(&self.version))
    }
}

/// An endpoint as the service describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Name of the endpoint.
    pub name: String,
    /// Its path.
    pub path: String,
    /// The style that its input asks for, with the member that holds the samples.
    pub style: Option<(InputStyle, String)>,
}

/// A running service.
#[derive(Clone)]
pub struct Service {
    client: Client,
    /// With user and password, which the client turns into a header.
    base: Url,
    shown: String,
    timeout: Duration,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("at", &self.shown)
            .finish_non_exhaustive()
    }
}

/// An answer with status 200.
#[derive(Debug)]
pub struct Reply {
    /// The body.
    pub body: Vec<u8>,
    /// The Bento that answered, where the service says so.
    pub tag: Option<String>,
    /// Wall time of the request.
    pub took: Duration,
}

/// Why a service is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// It may become so.
    Yet(String),
    /// It will not, however long one waits.
    Ever(String),
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens: the service may be starting again.
    Connection(String),
    /// The connection broke before the whole answer was there: the service ended, perhaps because of the request.
    Broken(String),
    /// 408, 429 or 503: asked too much.
    Overloaded(String, Option<Duration>),
    /// 504: the service gave up.
    TooSlow(String),
    /// No answer within the time limit: the service is slow, or away without having said so.
    Silent(String),
    /// Another 5xx: the model failed on this batch.
    Failed(String),
    /// A 4xx that concerns these samples.
    Rejected(String),
    /// A redirect, or a 4xx that concerns every request.
    Refused(String),
}

impl Failure {
    /// What happened, in words.
    pub fn text(&self) -> &str {
        match self {
            Failure::Connection(text)
            | Failure::Broken(text)
            | Failure::Overloaded(text, _)
            | Failure::TooSlow(text)
            | Failure::Silent(text)
            | Failure::Failed(text)
            | Failure::Rejected(text)
            | Failure::Refused(text) => text,
        }
    }
}

impl Service {
    /// A service at `url`; user and password in it become a header and are shown nowhere.
    ///
    /// # Errors
    /// A URL or header that is none.
    pub fn new(url: &str, headers: &[(String, String)], timeout: Duration) -> Result<Service, RunnerError> {
        let bad = |reason: String| RunnerError::usage(reason, "give a URL such as http://127.0.0.1:3000");
        // The URL itself is not repeated: it may hold a password.
        let mut base = Url::parse(url).map_err(|e| bad(format!("the service's URL cannot be read: {e}")))?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(bad("the service's URL begins with neither http:// nor https://".into()));
        }
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name
                .parse()
                .map_err(|_| RunnerError::usage(format!("`{name}` is no name of a header"), "see [service.headers]"))?;
            all.insert(name, secret(value)?);
        }
        if all.contains_key(AUTHORIZATION) && !(base.username().is_empty() && base.password().is_none()) {
            return Err(RunnerError::usage(
                "user and password of the service's URL become the header Authorization, and [service.headers] has one too",
                "keep one of the two",
            ));
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        base.set_query(None);
        base.set_fragment(None);
        let client = Client::builder()
            .default_headers(all)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10).min(timeout))
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true)
            .user_agent(concat!("evaldiff/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| RunnerError::Internal(format!("no HTTP client: {e}")))?;
        let shown = without_secrets(base.as_str());
        Ok(Service {
            client,
            base,
            shown,
            timeout,
        })
    }

    /// Where the service is, without secrets.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The URL of a path.
    ///
    /// # Errors
    /// A path that cannot be part of a URL.
    pub fn at(&self, path: &str) -> Result<Url, RunnerError> {
        self.base
            .join(path.trim_start_matches('/'))
            .map_err(|e| RunnerError::usage(format!("the endpoint `{path}` is no path: {e}"), "give --endpoint NAME"))
    }

    /// Whether the service says that it is ready; services that are no BentoML lack the path.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let url = self.at("readyz").map_err(|e| NotReady::Yet(e.to_string()))?;
        let response = self.client.get(url).timeout(Duration::from_secs(5)).send().await;
        let response = response.map_err(|error| NotReady::Yet(words(error)))?;
        let status = response.status();
        match status.as_u16() {
            200..=299 | 404 | 405 => Ok(()),
            300..=399 => Err(NotReady::Ever(redirect(status, response.headers()))),
            401 | 403 | 407 => Err(NotReady::Ever(format!("/readyz is answered with status {status}"))),
            _ => Err(NotReady::Yet(format!("answers /readyz with {status}"))),
        }
    }

    /// What the service says of itself, and its endpoints; nothing where it says nothing. A service that is away or
    /// overloaded is asked again for as long as `patience`.
    ///
    /// # Errors
    /// Why nobody can tell what the service says.
    pub async fn describe(&self, patience: Duration) -> Result<(Identity, Vec<Route>), RunnerError> {
        let docs = self.document("docs.json", patience).await?;
        let schema = self.document("schema.json", patience).await?;
        let info = |name: &str| {
            let text = docs
                .as_ref()?
                .pointer(&format!("/info/{name}"))?
                .as_str()?
                .trim()
                .to_string();
            is_version(&text).then_some(text)
        };
        // Legacy services never state their version; the first line of their description names the Bento.
        let described = || {
            let text = docs.as_ref()?.pointer("/info/description")?.as_str()?;
            let (name, version) = text.lines().next()?.strip_prefix("# ")?.trim().split_once(':')?;
            (Some(name) == info("title").as_deref() && is_version(version)).then(|| version.to_string())
        };
        let interface = schema.clone().or_else(|| docs.as_ref()?.get("paths").cloned());
        let identity = Identity {
            name: info("title"),
            version: info("version").or_else(described),
            schema_digest: interface.map(|value| digest(&value)),
        };
        Ok((identity, schema.as_ref().map(routes).unwrap_or_default()))
    }

    /// A document that a service may have. BentoML refuses even these while it is overloaded, which says nothing.
    async fn document(&self, path: &str, patience: Duration) -> Result<Option<Value>, RunnerError> {
        let url = self.at(path)?;
        let start = Instant::now();
        loop {
            let request = self.client.get(url.clone()).timeout(Duration::from_secs(10));
            let why = match request.send().await {
                Ok(response) => match response.status().as_u16() {
                    200..=299 => match response.bytes().await {
                        Ok(body) => return Ok(serde_json::from_slice(&body).ok()),
                        Err(error) => words(error),
                    },
                    408 | 429 | 502..=504 => format!("answers /{path} with {}", response.status()),
                    _ => return Ok(None),
                },
                Err(error) => words(error),
            };
            if start.elapsed() > patience {
                return Err(RunnerError::Unreachable {
                    what: format!("does not say what it is: {why}"),
                    hint: Some("run again when it answers; an unfinished run goes on with --resume".into()),
                });
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Sends one body.
    ///
    /// # Errors
    /// Every way in which there is no answer with status 200.
    pub async fn ask(&self, url: &Url, body: bytes::Bytes) -> Result<Reply, Failure> {
        let start = Instant::now();
        let request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .timeout(self.timeout)
            .body(body);
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        let tag = response
            .headers()
            .get(TAG_HEADER)
            .and_then(|v| v.to_str().ok())
            .map(String::from);
        let after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|v| v.to_str().ok())
            .and_then(seconds);
        if status.is_redirection() {
            return Err(Failure::Refused(redirect(status, response.headers())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Failure::Rejected(format!(
                    "an answer of more than {} MiB",
                    MAX_ANSWER >> 20
                )));
            }
            body.extend_from_slice(&chunk);
        }
        if status == StatusCode::OK {
            let took = start.elapsed();
            return Ok(Reply { body, tag, took });
        }
        let said = format!("status {}: {}", status.as_u16(), said(&body));
        Err(match status.as_u16() {
            408 | 429 | 503 => Failure::Overloaded(said, after),
            504 => Failure::TooSlow(said),
            500..=599 => Failure::Failed(said),
            401 | 403 | 404 | 405 | 407 | 415 => Failure::Refused(said),
            _ => Failure::Rejected(said),
        })
    }
}

/// Whether a text names something, rather than says that nobody knows.
fn is_version(text: &str) -> bool {
    !UNKNOWN.contains(&text.trim().to_lowercase().as_str())
}

fn secret(value: &str) -> Result<HeaderValue, RunnerError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        RunnerError::usage(
            "a header holds characters that no header may hold",
            "see [service.headers]",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The text of a transport error without the URL, which may hold secrets.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

fn broken(error: reqwest::Error) -> Failure {
    if error.is_timeout() && !error.is_connect() {
        Failure::Silent("no answer within the time limit (--timeout)".into())
    } else if error.is_connect() {
        Failure::Connection(words(error))
    } else {
        Failure::Broken(words(error))
    }
}

/// Redirects are not followed: a body would go to whom nobody named, with the headers that hold secrets.
fn redirect(status: StatusCode, headers: &HeaderMap) -> String {
    let to = headers.get(LOCATION).and_then(|v| v.to_str().ok());
    match to {
        Some(to) => format!(
            "status {} redirects to {}",
            status.as_u16(),
            clip(&without_secrets(to), 200)
        ),
        None => format!("status {status}"),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse::<u64>().ok().map(|s| Duration::from_secs(s.min(300)))
}

/// What an error body says, shortened: BentoML's `error`, else the text.
fn said(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => match (object.get("error").and_then(Value::as_str), object.get("detail")) {
            (Some(error), Some(detail)) => format!("{error} {detail}"),
            (Some(error), None) => error.to_string(),
            _ => Value::Object(object).to_string(),
        },
        Ok(other) => other.to_string(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let one_line: Vec<&str> = text.split_whitespace().collect();
    clip(&one_line.join(" "), 300)
}

/// A location without user, password and query.
fn without_secrets(location: &str) -> String {
    match Url::parse(location) {
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.to_string()
        }
        Err(_) => location.split('?').next().unwrap_or_default().to_string(),
    }
}

/// A digest that does not depend on the order of members.
fn digest(value: &Value) -> String {
    fn canonical(value: &Value, out: &mut String) {
        match value {
            Value::Object(object) => {
                let mut names: Vec<&String> = object.keys().collect();
                names.sort();
                out.push('{');
                for name in names {
                    out.push_str(&Value::from(name.as_str()).to_string());
                    out.push(':');
                    canonical(&object[name], out);
                    out.push(',');
                }
                out.push('}');
            }
            Value::Array(list) => {
                out.push('[');
                for item in list {
                    canonical(item, out);
                    out.push(',');
                }
                out.push(']');
            }
            other => out.push_str(&other.to_string()),
        }
    }
    let mut text = String::new();
    canonical(value, &mut text);
    format!("blake3:{}", blake3::hash(text.as_bytes()).to_hex())
}

/// The endpoints of BentoML's `schema.json`.
fn routes(schema: &Value) -> Vec<Route> {
    let list = schema.get("routes").and_then(Value::as_array);
    let route = |value: &Value| {
        Some(Route {
            name: value.get("name")?.as_str()?.to_string(),
            path: value.get("route")?.as_str()?.to_string(),
            style: value.pointer("/input/properties").and_then(style),
        })
    };
    list.into_iter().flatten().filter_map(route).collect()
}

/// The style for an input of one member: an array of scalars, or a data frame.
fn style(properties: &Value) -> Option<(InputStyle, String)> {
    let object = properties.as_object()?;
    let required: Vec<_> = object.iter().filter(|(_, p)| p.get("default").is_none()).collect();
    let [(name, property)] = required.as_slice() else {
        return None;
    };
    let style = match property.get("type")?.as_str()? {
        "dataframe" => match property.get("orient").and_then(Value::as_str) {
            Some("columns") => InputStyle::Columns,
            _ => InputStyle::Records,
        },
        "array" => match property.pointer("/items/type").and_then(Value::as_str) {
            Some("object") | None => InputStyle::Records,
            Some(_) => InputStyle::Texts,
        },
        _ => return None,
    };
    Some((style, (*name).clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn user_and_password_leave_the_url() {
        let service = Service::new("http://me:s%3Acret@127.0.0.1:9/api?key=1", &[], Duration::from_secs(1)).unwrap();
        assert_eq!(service.shown(), "http://127.0.0.1:9/api/");
        assert_eq!(service.at("/classify").unwrap().path(), "/api/classify");
        assert!(!format!("{service:?}").contains("cret"), "{service:?}");
    }

    #[test]
    fn urls_that_are_none_are_refused_without_being_repeated() {
        for url in ["127.0.0.1:3000/secret", "ftp://secret@host", "http://"] {
            let error = Service::new(url, &[], Duration::from_secs(1)).unwrap_err();
            assert!(error.is_usage() && !error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_schema_tells_endpoints_and_styles() {
        let schema = json!({"routes": [
            {"name": "classify", "route": "/classify", "input": {"properties": {
                "texts": {"type": "array", "items": {"type": "string"}}, "k": {"type": "integer", "default": 1}}}},
            {"name": "frame", "route": "/f", "input": {"properties": {"df": {"type": "dataframe", "orient": "records"}}}},
            {"name": "two", "route": "/t", "input": {"properties": {"a": {"type": "array"}, "b": {"type": "array"}}}}
        ]});
        let found: Vec<_> = routes(&schema).into_iter().map(|r| (r.name, r.style)).collect();
        assert_eq!(found[0], ("classify".into(), Some((InputStyle::Texts, "texts".into()))));
        assert_eq!(found[1], ("frame".into(), Some((InputStyle::Records, "df".into()))));
        assert_eq!(found[2], ("two".into(), None));
    }

    #[test]
    fn digests_ignore_the_order_of_members() {
        assert_eq!(
            digest(&json!({"a": [1, {"b": 2, "c": 3}]})),
            digest(&json!({"a": [1, {"c": 3, "b": 2}]}))
        );
        assert_ne!(digest(&json!([1, 2])), digest(&json!([2, 1])));
    }
}
