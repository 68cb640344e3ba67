//! Where the bytes of data files are: the native readers' way to the storage that iceberg's own reader would use.

use super::assumed_role::AssumedRole;
use super::catalog::{CA_BUNDLE, authorities, local_path};
use super::error::StoreError;
use super::places::Places;
use crate::model::DataFile;
use iceberg::table::Table;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Time that one request may take, and all attempts at it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const RETRY_TIMEOUT: Duration = Duration::from_secs(120);

/// Opens the stores in which a table's files are, with the table's own settings, those that its catalog vended included.
pub struct Objects {
    properties: HashMap<String, String>,
    places: Places,
    made: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

/// Properties may be secrets.
impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

/// Why a location cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// It is in none of the table's places.
    #[error("it is outside the table's location and its warehouse")]
    Outside,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<String> for LocationError {
    fn from(reason: String) -> Self {
        LocationError::Other(reason)
    }
}

impl From<&str> for LocationError {
    fn from(reason: &str) -> Self {
        LocationError::Other(reason.into())
    }
}

impl Objects {
    pub(super) fn of(table: &Table) -> Arc<Objects> {
        Arc::new(Objects {
            properties: table.file_io().config().props().clone(),
            places: Places::of(table),
            made: Mutex::default(),
        })
    }

    /// The store of a location and the path in it.
    ///
    /// # Errors
    /// [`LocationError::Outside`] where the table's manifests have no business, else why it cannot be read.
    pub fn at(&self, location: &str) -> Result<(Arc<dyn ObjectStore>, ObjectPath), LocationError> {
        if !self.places.hold(location) {
            return Err(LocationError::Outside);
        }
        if let Some(path) = local_path(location) {
            let path = ObjectPath::from_absolute_path(path).map_err(|e| e.to_string())?;
            let store = self.store("file", || Ok(Arc::new(LocalFileSystem::new())))?;
            return Ok((store, path));
        }
        let (scheme, rest) = location.split_once("://").ok_or("it is no location")?;
        let (bucket, key) = rest.split_once('/').ok_or("it names no object")?;
        if !matches!(scheme, "s3" | "s3a" | "s3n") {
            let reason = format!("locations with {scheme}:// cannot be read by this version");
            return Err(reason.into());
        }
        let path = ObjectPath::parse(key).map_err(|e| e.to_string())?;
        let store = self.store(bucket, || s3(&self.properties, bucket))?;
        Ok((store, path))
    }

    /// Those of some files that are not in storage any more; one request for each.
    ///
    /// # Errors
    /// Fails if the store does not answer, or denies to.
    pub async fn missing<'a>(&self, files: &'a [DataFile]) -> Result<Vec<&'a str>, StoreError> {
        let mut missing = Vec::new();
        for file in files {
            let fail = |reason: String| StoreError::Rows(format!("{}: {reason}", file.path));
            let (store, path) = self.at(&file.path).map_err(|e| fail(e.to_string()))?;
            match store.head(&path).await {
                Ok(_) => {}
                Err(object_store::Error::NotFound { .. }) => missing.push(file.path.as_str()),
                Err(error) => return Err(fail(refusal(&error))),
            }
        }
        Ok(missing)
    }

    fn store(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Arc<dyn ObjectStore>, String>,
    ) -> Result<Arc<dyn ObjectStore>, String> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = made.get(name) {
            return Ok(Arc::clone(store));
        }
        let store = make()?;
        made.insert(name.to_string(), Arc::clone(&store));
        Ok(store)
    }
}

/// A bucket by the properties of a catalog, for what is no table.
///
/// # Errors
/// Says which setting is wrong.
pub fn bucket(properties: &BTreeMap<String, String>, name: &str) -> Result<Arc<dyn ObjectStore>, String> {
    let mut properties = properties.clone().into_iter().collect();
    super::assumed_role::translate(&mut properties);
    s3(&properties, name)
}

/// A bucket, by PyIceberg's property names; what they leave open comes from the environment's `AWS_*` variables.
fn s3(properties: &HashMap<String, String>, bucket: &str) -> Result<Arc<dyn ObjectStore>, String> {
    let get = |name: &str| properties.get(name).filter(|v| !v.is_empty());
    let is = |name: &str| get(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 6,
        retry_timeout: RETRY_TIMEOUT,
    };
    let mut client = ClientOptions::new().with_timeout(REQUEST_TIMEOUT);
    if let Some(path) = get(CA_BUNDLE) {
        for authority in authorities(path, Certificate::from_pem_bundle)? {
            client = client.with_root_certificate(authority);
        }
    }
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retry)
        .with_virtual_hosted_style_request(!is("s3.path-style-access"))
        .with_skip_signature(is("s3.allow-anonymous"));
    if let Some(endpoint) = get("s3.endpoint") {
        client = client.with_allow_http(endpoint.starts_with("http://"));
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = get("s3.region").or_else(|| get("client.region")) {
        builder = builder.with_region(region);
    }
    if let (Some(id), Some(secret)) = (get("s3.access-key-id"), get("s3.secret-access-key")) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
    }
    if let Some(token) = get("s3.session-token") {
        builder = builder.with_token(token);
    }
    if let Some(role) = AssumedRole::of(properties)? {
        builder = builder.with_credentials(Arc::new(role));
    }
    let store = builder.with_client_options(client).build().map_err(|e| e.to_string())?;
    Ok(Arc::new(store))
}

/// What an object store's refusal is about, in a line: its own words, where it has some.
pub fn refusal(error: &object_store::Error) -> String {
    let whole = error.to_string();
    let between = |start: &str, end: &str| {
        let (_, rest) = whole.split_once(start)?;
        rest.split_once(end).map(|(found, _)| found.trim())
    };
    match (between("<Code>", "</Code>"), between("<Message>", "</Message>")) {
        (Some(code), Some(message)) => {
            let message = message
                .replace("&#39;", "'")
                .replace("&quot;", "\"")
                .replace("&amp;", "&");
            super::error::one_line(&format!("{message} ({code})"))
        }
        (Some(code), None) => super::error::one_line(code),
        _ => super::error::one_line(&whole),
    }
}
