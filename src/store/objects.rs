//! Where the bytes of data files are: the native readers' way to the storage that iceberg's own reader would use.

use super::catalog::{CA_BUNDLE, local_path};
use iceberg::table::Table;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, RetryConfig};
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
    /// A table in object storage has no business in this machine's files, whatever its manifests say.
    local: bool,
    made: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

/// Properties may be secrets.
impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects")
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}

impl Objects {
    pub(super) fn of(table: &Table) -> Arc<Objects> {
        Arc::new(Objects {
            properties: table.file_io().config().props().clone(),
            local: local_path(table.metadata().location()).is_some(),
            made: Mutex::default(),
        })
    }

    /// The store of a location and the path in it.
    ///
    /// # Errors
    /// Says why the location cannot be read.
    pub fn at(&self, location: &str) -> Result<(Arc<dyn ObjectStore>, ObjectPath), String> {
        if let Some(path) = local_path(location) {
            if !self.local {
                return Err("a manifest of a table in object storage names a local file".into());
            }
            let path = ObjectPath::from_absolute_path(path).map_err(|e| e.to_string())?;
            let store = self.store("file", || Ok(Arc::new(LocalFileSystem::new())))?;
            return Ok((store, path));
        }
        let (scheme, rest) = location.split_once("://").ok_or("it is no location")?;
        let (bucket, key) = rest.split_once('/').ok_or("it names no object")?;
        if !matches!(scheme, "s3" | "s3a" | "s3n") {
            return Err(format!("locations with {scheme}:// cannot be read by this version"));
        }
        let path = ObjectPath::parse(key).map_err(|e| e.to_string())?;
        let store = self.store(bucket, || s3(&self.properties, bucket))?;
        Ok((store, path))
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
    s3(&properties.clone().into_iter().collect(), name)
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
        let fail = |reason: &dyn fmt::Display| format!("{CA_BUNDLE}, {path}: {reason}");
        let pem = std::fs::read(path).map_err(|e| fail(&e))?;
        for authority in Certificate::from_pem_bundle(&pem).map_err(|e| fail(&e))? {
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
    let store = builder.with_client_options(client).build().map_err(|e| e.to_string())?;
    Ok(Arc::new(store))
}
