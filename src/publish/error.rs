//! What can go wrong while publishing.

/// Errors of publishing. Messages name the object.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The store refuses, or cannot be reached.
    #[error("{location}: {reason}")]
    Store {
        /// The object.
        location: String,
        /// Cause, without credentials.
        reason: String,
    },
    /// An object is there with other bytes.
    #[error("{0} is there already, with other bytes")]
    Different(String),
    /// The list is gone, though reports were published.
    #[error("{0} is gone, and a new list would forget the reports that were published before")]
    ListLost(String),
    /// The list cannot be read.
    #[error("{location} is damaged: {reason}")]
    Damaged {
        /// The object.
        location: String,
        /// Cause.
        reason: String,
    },
    /// The store does not keep what publishing relies on.
    #[error("the store does not honour {0}: two publishers at once would overwrite each other")]
    Unconditional(&'static str),
    /// Other publishers were always faster.
    #[error("{0} was changed by others each time")]
    Contended(String),
    /// A page could not be rendered.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
    /// A document could not be written.
    #[error("{0}")]
    Document(String),
}

impl PublishError {
    /// The way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            PublishError::Store { reason, .. } => crate::store::way_to_store(reason).unwrap_or(
                "check the bucket, and the s3.* properties under [catalog.properties] or the AWS_* variables",
            ),
            PublishError::Different(_) => {
                "published reports are never overwritten: verify the folder with `evaldiff verify`, or publish elsewhere"
            }
            PublishError::ListLost(_) | PublishError::Damaged { .. } => {
                "restore that object from an older version of it or a backup; if there is none, remove what is left of it and \
                 everything below listed/ and archive/ beside it, and publish each report again"
            }
            PublishError::Unconditional(_) => "publish to a store with conditional writes, or to file:///…",
            PublishError::Contended(_) => "publish again: what is there already is not written twice",
            PublishError::Site(_) | PublishError::Document(_) => return None,
        };
        Some(hint.into())
    }
}
