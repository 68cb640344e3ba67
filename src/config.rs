//! Settings: evaldiff.toml, the environment and flags in rising precedence, merged and checked once.
//!
//! evaldiff.toml and the folder `.evaldiff` are looked for in the working folder, then in its parents, each on its
//! own. Every key is optional; relative paths are relative to the file's folder:
//!
//! ```toml
//! table = "ml_eval_results.predictions"  # EVALDIFF_TABLE, --table
//!
//! [catalog]
//! type = "sql"                           # the only one in this version
//! name = "evaldiff"                      # part of the catalog's key: all writers need the same
//! uri = "sqlite:///srv/eval/catalog.db"  # ICEBERG_CATALOG_URI; or a plain path; default <home>/catalog.db
//! warehouse = "file:///srv/eval/tables"  # ICEBERG_WAREHOUSE; or a plain path; default <home>/warehouse
//!
//! [columns]                              # --id, --truth, --pred, --conf, --status, --error, --latency, ...
//! id = ["ticket"]
//! truth = "intent"
//! prediction = "answer"
//! confidence = "score"
//! status = "status"
//! error = "error"
//! latency = "latency_ms"
//! slices = ["language", "channel"]       # --slice
//! show = ["text"]                        # --show
//!
//! [compare]
//! alpha = 0.05                           # --alpha
//! min_effect = 0.01                      # --min-effect; for slices and headline
//! top = 100                              # --top
//! hide = ["email"]                       # --hide adds to these
//! no_payload = false                     # --no-payload
//!
//! [engine]
//! memory_limit = "1GiB"                  # --memory-limit
//! threads = 2                            # --threads
//!
//! [report]
//! out = "site"                           # --out
//!
//! [service]                              # of `evaldiff run`; every key but names, labels, headers has a flag
//! url = "http://127.0.0.1:3000"          # --service; ${NAME} in url and headers is taken from the environment
//! ```
//!
//! An empty variable counts as unset. MODEL_VERSION belongs to the import request, not in here. Opens nothing but
//! evaldiff.toml.

pub use crate::cli::Env;
pub use crate::cli::request::{ColumnChoice, JoinStrategy, Overrides};
pub use crate::cli::values::TableName;

use crate::cli::location::{find, local, variable};
use crate::cli::request::ServiceChoice;
use crate::cli::toml_file::{self, CatalogKeys, TomlFile};
use crate::error::{Error, Result};
use crate::model::CompareOptions;
use std::path::{Path, PathBuf};

/// Name of the file.
pub const FILE_NAME: &str = "evaldiff.toml";
/// Name of the folder that holds the embedded catalog and warehouse.
pub const HOME_NAME: &str = ".evaldiff";

/// Merged settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The folder `.evaldiff` that was found, or the one to create: beside evaldiff.toml, else in the working folder;
    /// absolute.
    pub home: PathBuf,
    /// The evaldiff.toml that was read.
    pub file: Option<PathBuf>,
    /// The table, where anything names one; else the only table there is, else [`TableName::default`].
    pub table: Option<TableName>,
    /// Where the tables are.
    pub catalog: CatalogConfig,
    /// Column roles given by flags: stand above a table's own properties.
    pub column_flags: ColumnChoice,
    /// Column roles given by evaldiff.toml: stand below a table's own properties.
    pub column_file: ColumnChoice,
    /// Options that can change a byte of a report.
    pub compare: CompareOptions,
    /// Options that cannot.
    pub engine: EngineConfig,
    /// The model service of an evaluation.
    pub service: ServiceChoice,
    /// Folder of all reports: relative to the working folder if it was typed so.
    pub out: PathBuf,
}

/// Where the embedded catalog and its warehouse are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogConfig {
    /// Name of the catalog: part of its key, so every writer must use the same.
    pub name: String,
    /// The SQLite file, absolute.
    pub database: PathBuf,
    /// Folder of the tables, absolute.
    pub warehouse: PathBuf,
}

/// How the engine works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Most bytes that the engine's pool holds; `None` is unbounded.
    pub memory_limit: Option<u64>,
    /// Threads and partitions.
    pub threads: usize,
    /// How runs are joined.
    pub join: JoinStrategy,
}

impl Config {
    /// Settings of a working folder: its evaldiff.toml, below the environment, below flags.
    ///
    /// # Errors
    /// A usage error that names file and line, variable or flag.
    pub fn load(flags: &Overrides, env: Env<'_>, cwd: &Path) -> Result<Config> {
        let cwd = std::path::absolute(cwd)
            .map_err(|error| Error::usage("cannot tell the working folder").with_source(error))?;
        let file = match &flags.config {
            Some(path) => Some(cwd.join(path)),
            None => find(&cwd, FILE_NAME, Path::is_file),
        };
        let keys = file
            .as_deref()
            .map_or_else(|| Ok(TomlFile::default()), toml_file::read)?;
        let base = file.as_deref().and_then(Path::parent).unwrap_or(&cwd);
        let home = find(&cwd, HOME_NAME, Path::is_dir).unwrap_or_else(|| base.join(HOME_NAME));
        let column_file = ColumnChoice::from(keys.columns);
        one_role_each(&flags.columns, "on the command line")?;
        one_role_each(&column_file, "in evaldiff.toml")?;
        let table = match (&flags.table, variable(env, "EVALDIFF_TABLE")?) {
            (Some(table), _) => Some(table.clone()),
            (None, Some(text)) => {
                let parsed = text
                    .parse()
                    .map_err(|why: String| invalid("EVALDIFF_TABLE", &text, &why));
                Some(parsed?)
            }
            (None, None) => keys.table,
        };
        let from_env = ServiceChoice {
            bento: variable(env, "BENTO_TAG")?,
            golden: variable(env, "GOLDEN_DATASET_PATH")?,
            ..ServiceChoice::default()
        };
        let service = flags.service.clone().or(from_env).or(keys.service.choice(base, env)?);
        let defaults = CompareOptions::default();
        let min_effect = flags.min_effect.or(keys.compare.min_effect);
        let mut hide = keys.compare.hide;
        hide.extend(flags.hide.iter().cloned());
        hide.sort();
        hide.dedup();
        Ok(Config {
            catalog: catalog(keys.catalog, env, &cwd, base, &home)?,
            table,
            column_flags: flags.columns.clone(),
            column_file,
            compare: CompareOptions {
                alpha: flags.alpha.or(keys.compare.alpha).unwrap_or(defaults.alpha),
                min_effect_slice: min_effect.unwrap_or(defaults.min_effect_slice),
                min_effect_headline: min_effect.unwrap_or(defaults.min_effect_headline),
                top: flags.top.or(keys.compare.top).unwrap_or(defaults.top),
                hide,
                no_payload: flags.no_payload || keys.compare.no_payload,
            },
            engine: EngineConfig {
                memory_limit: flags.memory_limit.or(keys.engine.memory_limit),
                threads: flags.threads.or(keys.engine.threads).unwrap_or_else(cores),
                join: flags.join,
            },
            out: match (&flags.out, keys.report.out) {
                (Some(out), _) => out.clone(),
                (None, Some(out)) => base.join(out),
                (None, None) => PathBuf::from("site"),
            },
            service,
            home,
            file,
        })
    }

    /// Column roles for reading files: flags above evaldiff.toml.
    pub fn columns(&self) -> ColumnChoice {
        self.columns_of_table(ColumnChoice::default())
    }

    /// Column roles for reading a table: flags above the table's own properties above evaldiff.toml.
    pub fn columns_of_table(&self, properties: ColumnChoice) -> ColumnChoice {
        self.column_flags.clone().or(properties).or(self.column_file.clone())
    }
}

/// Database and warehouse: what the environment names relative to the working folder, the file's to its own.
fn catalog(keys: CatalogKeys, env: Env<'_>, cwd: &Path, base: &Path, home: &Path) -> Result<CatalogConfig> {
    let locate = |name: &str, typed: Option<String>, key: &str, default: &str, scheme: &str| {
        let (what, text, base) = match (variable(env, name)?, typed) {
            (Some(text), _) => (name, text, cwd),
            (None, Some(text)) => (key, text, base),
            (None, None) => return Ok(home.join(default)),
        };
        let path = local(&text, scheme).map_err(|reason| invalid(what, &text, reason))?;
        // Written into metadata: absolute, and without a needless `.`.
        Ok(base.join(path).components().collect())
    };
    Ok(CatalogConfig {
        database: locate("ICEBERG_CATALOG_URI", keys.uri, "catalog.uri", "catalog.db", "sqlite")?,
        warehouse: locate(
            "ICEBERG_WAREHOUSE",
            keys.warehouse,
            "catalog.warehouse",
            "warehouse",
            "file",
        )?,
        name: keys.name.unwrap_or_else(|| "evaldiff".into()),
    })
}

/// A value that has to change.
fn invalid(what: &str, text: &str, reason: &str) -> Error {
    Error::usage(format!("invalid {what} `{text}`: {reason}"))
}

/// Refuses a column that plays two of the parts that exclude each other.
fn one_role_each(columns: &ColumnChoice, place: &str) -> Result<()> {
    match columns.column_with_two_roles() {
        Some(column) => Err(Error::usage(format!("column `{column}` is given two roles {place}"))
            .with_hint("key, truth, prediction, confidence, status, error and latency are different columns")),
        None => Ok(()),
    }
}

/// Available cores.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
