//! Every way in which an evaluation can fail, with what to do about it.

use std::path::PathBuf;

/// Why an evaluation ended without a run.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The request or the configuration has to change.
    #[error("{reason}")]
    Usage {
        /// What is wrong.
        reason: String,
        /// The way out.
        hint: Option<String>,
    },
    /// The service cannot be reached, or does not become ready.
    #[error("the service {what}")]
    Unreachable {
        /// What was seen last.
        what: String,
        /// The way out.
        hint: Option<String>,
    },
    /// The service refuses every request of this kind.
    #[error("the service refuses the request: {what}")]
    Refused {
        /// Status and what the service says.
        what: String,
        /// The way out.
        hint: Option<String>,
    },
    /// The service is another one than was asked for, or it changed during the run.
    #[error("{reason}")]
    OtherService {
        /// What was expected and what was found.
        reason: String,
        /// The way out.
        hint: String,
    },
    /// More samples failed than are allowed.
    #[error("{errors} of {total} samples failed, {allowed} may; the first: sample {key}: {reason}")]
    TooManyErrors {
        /// Samples that failed.
        errors: u64,
        /// Samples of the golden dataset.
        total: u64,
        /// Samples that may fail.
        allowed: u64,
        /// Samples that were answered.
        answered: u64,
        /// The first one's key.
        key: String,
        /// Why it failed.
        reason: String,
    },
    /// The golden dataset cannot be used.
    #[error(transparent)]
    Golden(#[from] crate::ingest::IngestError),
    /// The golden dataset cannot be fetched from object storage.
    #[error("{uri} cannot be fetched: {reason}")]
    Fetch {
        /// Its location.
        uri: String,
        /// Why.
        reason: String,
    },
    /// The spool cannot be written or read.
    #[error("the spool {} cannot be used: {reason}", .path.display())]
    Spool {
        /// Folder or file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What an unfinished run was started with is no longer so.
    #[error("run {run_id} cannot be resumed: {reason}")]
    Differs {
        /// The run.
        run_id: String,
        /// What changed.
        reason: String,
    },
    /// The user or the system asked to stop.
    #[error("interrupted with {done} of {total} samples answered")]
    Interrupted {
        /// Samples answered so far.
        done: u64,
        /// Samples of the golden dataset.
        total: u64,
    },
    /// The same, before there was anything to keep.
    #[error("interrupted before anything was asked")]
    Stopped {
        /// Whether the run has answers from before.
        resumed: bool,
    },
    /// A task of our own failed.
    #[error("the evaluation failed: {0}")]
    Internal(String),
}

impl RunnerError {
    /// A request that has to change.
    pub fn usage(reason: impl Into<String>, hint: impl Into<String>) -> RunnerError {
        RunnerError::Usage {
            reason: reason.into(),
            hint: Some(hint.into()),
        }
    }

    /// Whether a changed command line or configuration mends it.
    pub fn is_usage(&self) -> bool {
        match self {
            RunnerError::Usage { .. } | RunnerError::Differs { .. } => true,
            RunnerError::Golden(error) => error.kind() == crate::ingest::IngestErrorKind::Usage,
            _ => false,
        }
    }

    /// A way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            RunnerError::Usage { hint, .. }
            | RunnerError::Unreachable { hint, .. }
            | RunnerError::Refused { hint, .. } => hint.clone(),
            RunnerError::OtherService { hint, .. } => Some(hint.clone()),
            RunnerError::Golden(error) => error.hint(),
            RunnerError::Fetch { .. } => Some(
                "check the location and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL".into(),
            ),
            RunnerError::TooManyErrors { answered: 0, reason, .. } if reason.starts_with("the label ") => Some(
                "if the model may give labels that the ground truth lacks, allow them with --any-label or [service] labels"
                    .into(),
            ),
            RunnerError::TooManyErrors { answered: 0, .. } => Some(
                "no sample at all was answered: check --endpoint, --input-style and --input, or [service.request] and \
                 [service.answer] in evaldiff.toml"
                    .into(),
            ),
            RunnerError::TooManyErrors { .. } => {
                Some("mend the service and go on with --resume, or allow failures with --max-errors".into())
            }
            RunnerError::Spool { reason, .. } if is_full(reason) => {
                Some("free some space, then go on with --resume".into())
            }
            RunnerError::Spool { path, .. } => Some(format!(
                "`evaldiff runs --unfinished` lists what is there; without {} a new run begins",
                path.display()
            )),
            RunnerError::Differs { .. } => {
                Some("start anew without --resume; `evaldiff runs --unfinished` lists what is there".into())
            }
            RunnerError::Stopped { resumed: false } | RunnerError::Interrupted { done: 0, .. } => {
                Some("start it again".into())
            }
            RunnerError::Interrupted { .. } | RunnerError::Stopped { .. } => {
                Some("the answers are kept: go on with --resume".into())
            }
            RunnerError::Internal(_) => None,
        }
    }
}

/// Whether the system says that a disk or a quota is full.
fn is_full(reason: &str) -> bool {
    ["No space left", "os error 28", "quota exceeded", "os error 122"]
        .iter()
        .any(|words| reason.contains(words))
}
