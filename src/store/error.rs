//! What can go wrong in the store.

use std::path::PathBuf;

/// Errors of the store. Messages name the table, version, snapshot or file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The catalog file cannot be opened or is not a database.
    #[error("the catalog {path} cannot be opened: {reason}")]
    Catalog {
        /// Location of the catalog.
        path: String,
        /// Cause.
        reason: String,
    },
    /// No warehouse where one was expected.
    #[error("there is no evaldiff warehouse in {0} or any folder above it")]
    NoWarehouse(PathBuf),
    /// The named table does not exist.
    #[error("table {table} does not exist")]
    NoTable {
        /// Asked for.
        table: String,
        /// Tables of the catalog.
        known: Vec<String>,
    },
    /// Several tables and none named.
    #[error("the catalog holds several tables: {}", known.join(", "))]
    WhichTable {
        /// Tables of the catalog.
        known: Vec<String>,
    },
    /// No run answers to a reference.
    #[error("no run of {table} answers to `{reference}`")]
    NoRun {
        /// The table.
        table: String,
        /// The reference as typed.
        reference: String,
        /// The nearest versions, best first.
        nearest: Vec<String>,
    },
    /// Every run that answers to a reference was withdrawn.
    #[error("`{reference}` is retracted: {}", why.escape_debug())]
    Retracted {
        /// The reference as typed.
        reference: String,
        /// The newest of its runs.
        run_id: String,
        /// Why.
        why: String,
    },
    /// A prefix of a run id that fits several runs.
    #[error("`{reference}` fits several runs: {}", runs.join(", "))]
    AmbiguousRun {
        /// The reference as typed.
        reference: String,
        /// Run ids.
        runs: Vec<String>,
    },
    /// A reference that cannot be read.
    #[error("`{reference}` is not a reference: {reason}")]
    BadReference {
        /// The reference as typed.
        reference: String,
        /// Cause.
        reason: String,
    },
    /// The snapshot is gone from the table.
    #[error("snapshot {snapshot} of {table} is gone (expired or rolled back)")]
    SnapshotGone {
        /// The table.
        table: String,
        /// Its id.
        snapshot: String,
    },
    /// A snapshot that cannot be read as one run.
    #[error("snapshot {snapshot} of {table} cannot be read: {reason}")]
    Unreadable {
        /// The table.
        table: String,
        /// Its id.
        snapshot: i64,
        /// Cause.
        reason: String,
    },
    /// A column changed its type.
    #[error("column `{column}` is {table_type} in table {table} but {input_type} in the input")]
    TypeChanged {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Type in the table.
        table_type: String,
        /// Type in the input.
        input_type: String,
    },
    /// A column of a type that the table format has not.
    #[error("column `{column}` has type {data_type}, which the table cannot hold")]
    UnsupportedType {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
    },
    /// A commit whose result could not be found out.
    #[error("the commit of run {run_id} may or may not have happened: {reason}")]
    UncertainCommit {
        /// The run.
        run_id: String,
        /// Cause.
        reason: String,
    },
    /// A commit that certainly failed; its data files are deleted.
    #[error("run {run_id} was not committed: {reason}")]
    CommitFailed {
        /// The run.
        run_id: String,
        /// Cause.
        reason: String,
    },
    /// The stream of rows failed; nothing was committed.
    #[error("{0}")]
    Rows(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Anything that iceberg says.
    #[error("{context}: {}", cause(error))]
    Iceberg {
        /// What was being done.
        context: String,
        /// Cause; not a `source`, since its own text is a page of headers.
        error: Box<iceberg::Error>,
    },
}

impl StoreError {
    /// The way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            StoreError::Catalog { .. } => Some(
                "check ICEBERG_CATALOG_URI or [catalog] uri in evaldiff.toml; restore the file from a backup if it is damaged"
                    .into(),
            ),
            StoreError::NoWarehouse(_) => Some(
                "import a first run with `evaldiff import predictions.csv --model-version v1`, or run `evaldiff demo`".into(),
            ),
            StoreError::NoTable { known, .. } if known.is_empty() => {
                Some("the catalog has no table yet: import a first run with `evaldiff import`".into())
            }
            StoreError::NoTable { known, .. } => Some(format!("tables of this catalog: {}", known.join(", "))),
            StoreError::WhichTable { .. } => Some("name one with --table NS.TABLE or EVALDIFF_TABLE".into()),
            StoreError::NoRun { nearest, .. } if nearest.is_empty() => {
                Some("`evaldiff runs` lists what there is".into())
            }
            StoreError::NoRun { nearest, .. } => {
                Some(format!("did you mean {}? `evaldiff runs` lists all", nearest.join(" or ")))
            }
            StoreError::Retracted { run_id, .. } => Some(format!("to read it all the same: run:{run_id}")),
            StoreError::AmbiguousRun { .. } => Some("give more characters of the run id".into()),
            StoreError::UncertainCommit { run_id, .. } => {
                Some(format!("look with `evaldiff runs`; importing again with --run-id {run_id} is safe"))
            }
            StoreError::TypeChanged { .. } => {
                Some("convert the column in the input, or give it another name".into())
            }
            StoreError::Iceberg { .. } => {
                let text = self.to_string();
                WAYS_OUT
                    .iter()
                    .find(|(signs, _)| signs.iter().any(|sign| text.contains(sign)))
                    .map(|(_, hint)| hint.to_string())
            }
            _ => None,
        }
    }

    /// Whether a changed command line mends it (exit code 2) rather than the data or the storage (4).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            StoreError::NoWarehouse(_)
                | StoreError::NoTable { .. }
                | StoreError::WhichTable { .. }
                | StoreError::NoRun { .. }
                | StoreError::Retracted { .. }
                | StoreError::AmbiguousRun { .. }
                | StoreError::BadReference { .. }
        )
    }
}

/// Signs in what catalogs and stores say, with the way out; the first that fits.
const WAYS_OUT: [(&[&str], &str); 5] = [
    (
        &["invalid peer certificate"],
        "name the file of the authority that signed it: \"ssl.cabundle\" under [catalog.properties] in evaldiff.toml for the \
         catalog, SSL_CERT_FILE for catalog and storage",
    ),
    (
        &[
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "S3",
            "s3",
            "PermissionDenied",
            "opendal",
        ],
        "check the s3.* properties under [catalog.properties] in evaldiff.toml, or the AWS_* variables",
    ),
    (
        &[
            "error sending request",
            "Connection refused",
            "dns error",
            "timed out",
            "certificate",
        ],
        "check ICEBERG_CATALOG_URI or [catalog] uri in evaldiff.toml, and that the server runs",
    ),
    (
        &[
            "invalid_client",
            "NotAuthorized",
            "Unauthorized",
            "Forbidden",
            "Access Denied",
            "oken",
            "redential",
        ],
        "check credential or token under [catalog] in evaldiff.toml",
    ),
    (
        &[
            "arehouse",
            "bucket",
            "parameter of the namespace provided does not exist",
        ],
        "check warehouse under [catalog] in evaldiff.toml, or ICEBERG_WAREHOUSE",
    ),
];

/// What an error of iceberg is about, in a line: the server's own words where it has some, else iceberg's, and the
/// innermost cause.
pub(super) fn cause(error: &iceberg::Error) -> String {
    let whole = error.to_string();
    let answer = whole.find("json: ").and_then(|at| {
        let rest = &whole[at + "json: ".len()..];
        serde_json::Deserializer::from_str(rest)
            .into_iter::<serde_json::Value>()
            .next()?
            .ok()
    });
    let said = |pointer: &str| {
        let value = answer.as_ref()?.pointer(pointer)?;
        value.as_str().map(str::to_string)
    };
    let kind = said("/error/type").map(|kind| format!(" ({kind})")).unwrap_or_default();
    let mut text = match said("/error/message")
        .or_else(|| said("/error_description"))
        .or_else(|| said("/error"))
    {
        Some(message) => message + &kind,
        None => {
            let status = whole.find("status: ").map(|at| &whole[at + "status: ".len()..]);
            let status = status.and_then(|rest| rest.split([',', '}']).next()).map(str::trim);
            status.map_or_else(|| error.message().to_string(), |s| format!("{}: {s}", error.message()))
        }
    };
    let mut next = std::error::Error::source(error);
    let mut innermost = None;
    while let Some(cause) = next {
        innermost = Some(cause.to_string());
        next = cause.source();
    }
    if let Some(innermost) = innermost.filter(|inner| !text.contains(inner.as_str())) {
        text = format!("{text}: {innermost}");
    }
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Adds what was being done to an error of iceberg.
pub(crate) trait Context<T> {
    /// Names the action that failed.
    fn context(self, what: impl Into<String>) -> Result<T, StoreError>;
}

impl<T> Context<T> for iceberg::Result<T> {
    fn context(self, what: impl Into<String>) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::Iceberg {
            context: what.into(),
            error: Box::new(error),
        })
    }
}
