//! The golden dataset as a local file: fetched from object storage where it lies there.

use super::error::RunnerError;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as ObjectPath;
use std::io::Write;
use std::path::Path;

/// Fetches `s3://bucket/key` into a file, piece by piece. Credentials, region and endpoint come from the environment's
/// `AWS_*` variables.
///
/// # Errors
/// [`RunnerError::Fetch`] without the credentials in it.
pub async fn fetch(uri: &str, into: &Path) -> Result<(), RunnerError> {
    let fail = |reason: String| RunnerError::Fetch {
        uri: uri.to_string(),
        reason,
    };
    let rest = uri
        .strip_prefix("s3://")
        .ok_or_else(|| fail("only s3:// locations can be fetched".into()))?;
    let (bucket, key) = rest
        .split_once('/')
        .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
        .ok_or_else(|| fail("it is written s3://bucket/key".into()))?;
    let endpoint = std::env::var("AWS_ENDPOINT_URL_S3").or_else(|_| std::env::var("AWS_ENDPOINT_URL"));
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    if let Ok(endpoint) = endpoint {
        builder = builder
            .with_allow_http(endpoint.starts_with("http://"))
            .with_endpoint(endpoint);
    }
    let store = builder.build().map_err(|e| fail(e.to_string()))?;
    let location = ObjectPath::from_url_path(key).map_err(|e| fail(e.to_string()))?;
    let found = store.get(&location).await.map_err(|e| match e {
        object_store::Error::NotFound { .. } => {
            RunnerError::usage(format!("{uri} does not exist"), "check bucket and key of --golden")
        }
        // What the store says may be a page long.
        other => fail(super::answer::clip(&other.to_string(), 300)),
    })?;
    let mut file = std::fs::File::create(into).map_err(|e| fail(format!("{}: {e}", into.display())))?;
    let mut pieces = found.into_stream();
    while let Some(piece) = pieces.try_next().await.map_err(|e| fail(e.to_string()))? {
        file.write_all(&piece)
            .map_err(|e| fail(format!("{}: {e}", into.display())))?;
    }
    file.sync_all().map_err(|e| fail(format!("{}: {e}", into.display())))
}

/// BLAKE3 of a file's bytes.
///
/// # Errors
/// Fails if it cannot be read.
pub fn bytes_digest(file: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}
