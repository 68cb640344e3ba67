//! A prefix of an object store, written only on conditions.

use super::error::PublishError;
use bytes::Bytes;
use futures::StreamExt;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Reports never change; what leads to them does.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const SHORT: &str = "public, max-age=60";

/// How long others may keep an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Forever,
    Shortly,
}

/// Where a site is published.
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    shown: String,
    requests: AtomicU64,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.shown).finish()
    }
}

/// What an object was when it was read.
pub(super) struct Seen {
    pub(super) bytes: Bytes,
    version: UpdateVersion,
}

impl Bucket {
    /// A prefix of a store; `shown` is the location as messages name it.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path, shown: &str) -> Bucket {
        Bucket {
            store,
            prefix,
            shown: shown.trim_end_matches('/').to_string(),
            requests: AtomicU64::new(0),
        }
    }

    /// The location of an object, as messages name it.
    pub fn location(&self, path: &str) -> String {
        format!("{}/{path}", self.shown)
    }

    /// Requests sent so far, repeated ones not counted.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn at(&self, path: &str) -> Path {
        self.requests.fetch_add(1, Ordering::Relaxed);
        path.split('/')
            .fold(self.prefix.clone(), |folder, part| folder.join(part))
    }

    fn failed(&self, path: &str, error: &Error) -> PublishError {
        PublishError::Store {
            location: self.location(path),
            reason: crate::store::refusal(error),
        }
    }

    async fn put(&self, path: &str, bytes: Bytes, keep: Keep, mode: PutMode) -> Result<UpdateVersion, Error> {
        let options = PutOptions {
            mode,
            attributes: attributes(path, keep),
            ..PutOptions::default()
        };
        let put = self
            .store
            .put_opts(&self.at(path), PutPayload::from_bytes(bytes), options)
            .await?;
        Ok(put.into())
    }

    /// Writes an object that may not be there yet; says whether it is new. The same bytes are as good.
    pub(super) async fn create(&self, path: &str, bytes: Bytes, keep: Keep) -> Result<bool, PublishError> {
        match self.put(path, bytes.clone(), keep, PutMode::Create).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => match self.read(path).await? {
                Some(seen) if seen.bytes == bytes => Ok(false),
                _ => Err(PublishError::Different(self.location(path))),
            },
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    /// Writes an object that should be there with these bytes, if it is not; says whether it was not.
    pub(super) async fn restore(&self, path: &str, bytes: Bytes) -> Result<bool, PublishError> {
        match self.read(path).await? {
            Some(seen) if seen.bytes == bytes => Ok(false),
            Some(_) => Err(PublishError::Different(self.location(path))),
            None => self.create(path, bytes, Keep::Forever).await,
        }
    }

    /// Writes an object unless it changed since it was `seen`, or was absent then; says whether it did.
    pub(super) async fn swap(&self, path: &str, seen: Option<&Seen>, bytes: Vec<u8>) -> Result<bool, PublishError> {
        let mode = match seen {
            Some(seen) => PutMode::Update(seen.version.clone()),
            None => PutMode::Create,
        };
        match self.put(path, bytes.into(), Keep::Shortly, mode).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    /// An object with its version; `None` if there is none.
    pub(super) async fn read(&self, path: &str) -> Result<Option<Seen>, PublishError> {
        let found = match self.store.get(&self.at(path)).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed(path, &error)),
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let bytes = found.bytes().await.map_err(|e| self.failed(path, &e))?;
        Ok(Some(Seen { bytes, version }))
    }

    /// Whether an object is there.
    pub(super) async fn has(&self, path: &str) -> Result<bool, PublishError> {
        match self.store.head(&self.at(path)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    /// Whether there is an object below a folder.
    pub(super) async fn holds(&self, folder: &str) -> Result<bool, PublishError> {
        let found = self.store.list(Some(&self.at(folder))).next().await;
        match found.transpose() {
            Ok(found) => Ok(found.is_some()),
            Err(error) => Err(self.failed(folder, &error)),
        }
    }

    /// Tries whether the store honours `If-None-Match` and `If-Match`: some take them and write all the same.
    pub(super) async fn try_conditions(&self) -> Result<(), PublishError> {
        let path = format!(".evaldiff-trial-{}", uuid::Uuid::now_v7().simple());
        let result = self.conditions(&path).await;
        let removed = self.store.delete(&self.at(&path)).await;
        result?;
        match removed {
            // A publisher need not be allowed to delete.
            Err(Error::NotFound { .. } | Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) | Ok(()) => {
                Ok(())
            }
            Err(error) => Err(self.failed(&path, &error)),
        }
    }

    async fn conditions(&self, path: &str) -> Result<(), PublishError> {
        let put = |text: &'static str, mode| self.put(path, Bytes::from_static(text.as_bytes()), Keep::Shortly, mode);
        let first = put("1", PutMode::Create).await.map_err(|e| self.failed(path, &e))?;
        match put("2", PutMode::Create).await {
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
            Ok(_) => return Err(PublishError::Unconditional("If-None-Match")),
            Err(error) => return Err(self.failed(path, &error)),
        }
        put("3", PutMode::Update(first.clone()))
            .await
            .map_err(|e| self.failed(path, &e))?;
        match put("4", PutMode::Update(first)).await {
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => Ok(()),
            Ok(_) => Err(PublishError::Unconditional("If-Match")),
            Err(error) => Err(self.failed(path, &error)),
        }
    }
}

fn attributes(path: &str, keep: Keep) -> Attributes {
    let kind = match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "md" => "text/markdown; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "parquet" => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    };
    let cache = match keep {
        Keep::Forever => IMMUTABLE,
        Keep::Shortly => SHORT,
    };
    Attributes::from_iter([(Attribute::ContentType, kind), (Attribute::CacheControl, cache)])
}
