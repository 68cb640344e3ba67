//! What can go wrong in the store.

use super::advice::{ALSO_READ_HINT, RESTORE_HINT, way_out, without_words};
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
    /// The configured catalog file does not exist.
    #[error("there is no catalog at {}", .0.display())]
    NoCatalog(PathBuf),
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
    /// A version where a single run has to be named.
    #[error("`{version}` is a version of {table}, and one of its runs is to be named")]
    NotARun {
        /// The table.
        table: String,
        /// The version as typed.
        version: String,
        /// Its run ids, newest first.
        runs: Vec<String>,
    },
    /// A run that was withdrawn before, for another reason.
    #[error("run {run_id} is retracted already: {}", why.escape_debug())]
    RetractedBefore {
        /// The run.
        run_id: String,
        /// The reason that was given then.
        why: String,
    },
    /// Two tables with files in one place.
    #[error("the files of {table} and {other} are in one place, {location}: whose an unused one is cannot be told")]
    SharedPlace {
        /// The table.
        table: String,
        /// The other one.
        other: String,
        /// Location of the table.
        location: String,
    },
    /// A run id that another version's run has.
    #[error("run {run_id} is one of version `{}` already", version.escape_debug())]
    RunTaken {
        /// The run.
        run_id: String,
        /// Its version.
        version: String,
    },
    /// Other rows for a run that is there.
    #[error("run {0} is there already, with other rows, column roles or golden dataset")]
    OtherRows(String),
    /// A name that no version of a model can have.
    #[error("`{}` cannot be the version of a model: {reason}", shortened(version))]
    BadVersion {
        /// The name.
        version: String,
        /// Cause.
        reason: String,
    },
    /// A table whose runs cannot be told apart.
    #[error("{table} has no column `{column}`, by which runs are told apart")]
    NoRunColumn {
        /// The table.
        table: String,
        /// The column that is missing.
        column: &'static str,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A column whose values cannot name a run.
    #[error("column `{column}` of {table} has type {data_type}, by which runs cannot be told apart")]
    RunColumnType {
        /// The table.
        table: String,
        /// The column.
        column: &'static str,
        /// Its type.
        data_type: String,
    },
    /// Every run that answers to a reference was withdrawn.
    #[error("`{reference}` is retracted: {}", why.escape_debug())]
    Retracted {
        /// The reference as typed.
        reference: String,
        /// The name of the newest of its runs.
        run: String,
        /// Why.
        why: String,
    },
    /// A prefix of a run id that fits several runs.
    #[error("`{}` fits several runs: {}", shortened(reference), listed(runs, ", "))]
    AmbiguousRun {
        /// The reference as typed.
        reference: String,
        /// Their names.
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
    /// A table with columns of types that iceberg cannot parse, though the table is sound.
    #[error("table {table} has a column of a type that this version cannot read: {}", columns.join(", "))]
    UnreadColumns {
        /// The table.
        table: String,
        /// The columns with their types.
        columns: Vec<String>,
    },
    /// Rows that are deleted in a way that evaldiff does not apply.
    #[error("{table} cannot be read as of snapshot {snapshot}: {reason}")]
    Deletes {
        /// The table.
        table: String,
        /// Its snapshot.
        snapshot: i64,
        /// Which delete file applies to what.
        reason: String,
    },
    /// A data file of another format than Parquet.
    #[error("the data file {0} is not Parquet, and others are not read")]
    NotParquet(String),
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
    /// A table of others that is made so that evaldiff cannot write to it.
    #[error("{table} cannot take a run: {reason}")]
    NotWritable {
        /// The table.
        table: String,
        /// Why.
        reason: String,
        /// What to do.
        way_out: &'static str,
    },
    /// Two columns that are one where case does not count.
    #[error("the columns `{}` and `{}` differ in case alone, so that other engines could no longer write the table", known.escape_debug(), column.escape_debug())]
    CaseOnly {
        /// Of the input.
        column: String,
        /// The other one.
        known: String,
    },
    /// A row without a value that the table requires.
    #[error("a row has no value in `{}`, and the table requires one", .0.escape_debug())]
    NullRequired(String),
    /// A column of a type that the table format has not.
    #[error("column `{column}` has type {data_type}, which the table cannot hold")]
    UnsupportedType {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
    },
    /// A property that says what a published report needs, and cannot be read.
    #[error("property {property} of {table} cannot be read: {reason}")]
    Holder {
        /// The table.
        table: String,
        /// Its name.
        property: String,
        /// Cause.
        reason: String,
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
    /// A manifest or the metadata name a file where the table's files have no business to be.
    #[error("{0} is not read: it is outside the table's location and its warehouse")]
    Outside(String),
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
            StoreError::Catalog { reason, .. } => Some(
                way_out(reason)
                    .unwrap_or(
                        "check ICEBERG_CATALOG_URI or [catalog] uri in evaldiff.toml; restore the file from a backup if it \
                         is damaged",
                    )
                    .into(),
            ),
            StoreError::NoWarehouse(_) => Some(
                "import a first run with `evaldiff import predictions.csv --model-version v1`, or run `evaldiff demo`".into(),
            ),
            StoreError::NoCatalog(_) => Some(
                "check ICEBERG_CATALOG_URI, `uri` under [catalog] in evaldiff.toml or in .pyiceberg.yaml; `evaldiff import` \
                 creates the catalog"
                    .into(),
            ),
            StoreError::NotARun { runs, .. } => {
                let runs: Vec<String> = runs.iter().map(|id| format!("run:{id}")).collect();
                Some(format!("give {}", listed(&runs, " or ")))
            }
            StoreError::RetractedBefore { .. } => {
                Some("the first reason stays, so that what reports say of it does not change".into())
            }
            StoreError::SharedPlace { .. } => {
                Some("move one of the tables to a place of its own, or clean up with the engine that wrote it".into())
            }
            StoreError::RunTaken { .. } | StoreError::OtherRows(_) => Some("leave --run-id out, or give another one".into()),
            StoreError::BadVersion { .. } => Some("give another name with --model-version".into()),
            StoreError::NoRunColumn { column, columns, .. } => Some(format!(
                "its columns are {}: rename one to `{column}` (ALTER TABLE … RENAME COLUMN), or add it",
                columns.join(", ")
            )),
            StoreError::RunColumnType { column, .. } => Some(format!(
                "have the job that writes the table write texts, numbers or UUIDs there: rename this column (ALTER TABLE … \
                 RENAME COLUMN) and add `{column}` anew"
            )),
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
            StoreError::Retracted { run, .. } => Some(format!("to read it all the same: run:{}", run.escape_debug())),
            StoreError::AmbiguousRun { .. } => {
                Some("give more characters of the run id, or one of these names after `run:`".into())
            }
            StoreError::UncertainCommit { run_id, .. } => {
                Some(format!("look with `evaldiff runs`; importing again with --run-id {run_id} is safe"))
            }
            StoreError::Deletes { .. } => Some(
                "have the engine that wrote the table apply them, in Spark by CALL CATALOG.system.rewrite_data_files(table => \
                 'NS.TABLE', options => map('delete-file-threshold', '1'))"
                    .into(),
            ),
            StoreError::UnreadColumns { .. } => Some(
                "keep predictions in a table without such columns: the table is sound, but dropping the column does not help \
                 while older schemas in its metadata have it"
                    .into(),
            ),
            StoreError::NotParquet(_) => Some(
                "have the engine that wrote the table write it anew, in Spark by ALTER TABLE … SET TBLPROPERTIES \
                 ('write.format.default' = 'parquet') and CALL CATALOG.system.rewrite_data_files(table => 'NS.TABLE', options \
                 => map('rewrite-all', 'true'))"
                    .into(),
            ),
            StoreError::NotWritable { way_out, .. } => Some((*way_out).to_string()),
            StoreError::CaseOnly { column, known } => Some(format!(
                "give the column `{}` of the input another name: `{}` if that is what it is; a table that has key, labels or \
                 predictions under such a name can be compared, but takes no imports",
                column.escape_debug(),
                known.escape_debug()
            )),
            StoreError::NullRequired(_) => Some("fill the column in the input, or import into another table".into()),
            StoreError::TypeChanged { .. } => {
                Some("convert the column in the input, or give it another name".into())
            }
            StoreError::Holder { table, property, .. } => Some(format!(
                "publish that report again, or have another engine remove the property, in Spark by ALTER TABLE {table} UNSET \
                 TBLPROPERTIES ('{property}')"
            )),
            StoreError::Outside(_) => Some(ALSO_READ_HINT.into()),
            StoreError::Unreadable { .. } => Some("`evaldiff runs` lists the runs that can be read".into()),
            StoreError::CommitFailed { reason, .. } => Some(
                way_out(reason)
                    .unwrap_or("nothing was written; look at the catalog, and import again")
                    .into(),
            ),
            StoreError::Rows(text) => way_out(text).map(str::to_string),
            StoreError::Iceberg { error, context } => {
                // Not in the context: it names locations, which may hold any word.
                let text = format!("{} {error}", cause(error));
                let damaged = context.starts_with("reading the manifest").then_some(RESTORE_HINT);
                way_out(&text).or(damaged).map(str::to_string)
            }
            _ => None,
        }
    }

    /// Whether a changed command line mends it (exit code 2) rather than the data or the storage (4).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            StoreError::NoWarehouse(_)
                | StoreError::NoCatalog(_)
                | StoreError::NotARun { .. }
                | StoreError::RetractedBefore { .. }
                | StoreError::BadVersion { .. }
                | StoreError::RunTaken { .. }
                | StoreError::OtherRows(_)
                | StoreError::NoTable { .. }
                | StoreError::WhichTable { .. }
                | StoreError::NoRun { .. }
                | StoreError::Retracted { .. }
                | StoreError::AmbiguousRun { .. }
                | StoreError::BadReference { .. }
        )
    }
}

/// A name as messages show it: the beginning of a long one.
fn shortened(name: &str) -> String {
    let shown: String = name.chars().take(40).collect();
    let cut = if shown.len() < name.len() { "…" } else { "" };
    format!("{}{cut}", shown.escape_debug())
}

/// Most runs that a message names.
const MOST_NAMED: usize = 8;

/// Names of runs, as they are typed.
fn listed(runs: &[String], between: &str) -> String {
    let mut named: Vec<String> = runs
        .iter()
        .take(MOST_NAMED)
        .map(|run| run.escape_debug().to_string())
        .collect();
    if runs.len() > named.len() {
        named.push(format!("{} more", runs.len() - named.len()));
    }
    named.join(between)
}

/// What an object store said, from opendal's text, which has a page of headers before it; and about which object.
fn refused_by_store(text: &str) -> Option<String> {
    let between = |start: &str, end: &str| {
        let (_, rest) = text.split_once(start)?;
        rest.split_once(end).map(|(found, _)| found)
    };
    if without_words(text) {
        return Some(format!("{}there is no such object", asked(text)));
    }
    let said = between("S3Error { code: \"", "\", message: \"").zip(between("\", message: \"", "\", resource"));
    let (code, message) = said?;
    Some(format!("{}{message} ({code})", asked(text)))
}

/// The object about which a store was asked, from opendal's text, with a colon behind it.
fn asked(text: &str) -> String {
    let found = ["uri: ", "url: "].iter().find_map(|name| text.split_once(name));
    let address = found.and_then(|(_, rest)| rest.split([',', ' ', '?', '}']).next());
    address.map(|address| format!("{address}: ")).unwrap_or_default()
}

/// A text on one line, and not longer than a few.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What an error of iceberg is about, in a line: the server's own words where it has some, else iceberg's, and the
/// innermost cause.
pub(super) fn cause(error: &iceberg::Error) -> String {
    let whole = error.to_string();
    if let Some(refused) = refused_by_store(&whole) {
        return one_line(&refused);
    }
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
        // What follows would be how iceberg failed to read the answer.
        Some(message) => return one_line(&(message + &kind)),
        None if error.message() == "Failure in doing io operation" => asked(&whole).trim_end_matches(": ").to_string(),
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
    one_line(&text)
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
