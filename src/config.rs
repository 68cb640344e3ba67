//! Settings: evaldiff.toml, the environment and flags in rising precedence, merged and checked once.
//!
//! evaldiff.toml and the folder `.evaldiff` are looked for in the working folder, then in its parents, each on its
//! own. Every key is optional; relative paths are relative to the file's folder:
//!
//! ```toml
//! table = "ml_eval_results.predictions"  # EVALDIFF_TABLE, --table
//!
//! [catalog]
//! type = "sql"                           # or "rest", which an http(s) address implies
//! name = "evaldiff"                      # part of an SQL catalog's key: all writers need the same
//! uri = "sqlite:///srv/eval/catalog.db"  # ICEBERG_CATALOG_URI; or a plain path; default <home>/catalog.db; or, in a build with
//!                                        # the feature `postgres`, "postgresql://user:${PASSWORD}@host/database"
//! warehouse = "file:///srv/eval/tables"  # ICEBERG_WAREHOUSE; or a plain path, s3://…, or a REST warehouse's name
//! credential = "${CATALOG_CREDENTIAL}"   # id:secret of a REST catalog (OAuth2); or `token`; `scope` too
//! pyiceberg = "production"               # EVALDIFF_PYICEBERG; a catalog of .pyiceberg.yaml, for what is not given here
//!
//! [catalog.properties]                   # further ones by their PyIceberg names
//! "s3.endpoint" = "http://127.0.0.1:8333"
//! "s3.access-key-id" = "${S3_KEY}"       # ${NAME} comes from the environment
//! "s3.secret-access-key" = "${S3_SECRET}"
//!
//! [columns]                              # --id, --truth, --pred, --conf, --status, --error, --latency, ...
//! id = ["ticket"]
//! truth = "intent"
//! prediction = "answer"
//! confidence = "score"
//! status = "status"
//! error = "error"
//! latency = "latency_ms"
//! cost = "usd"                           # --cost
//! slices = ["language", "channel"]       # --slice
//! show = ["text"]                        # --show
//! media = ["photo"]                      # --media
//! kind = "text"                          # --kind
//! scores = ["helpful:higher"]            # --score
//! positive = "p_fraud"                   # --positive
//! positive_label = "fraud"               # --positive-label
//! repeat = "epoch"                       # --repeat
//! cluster = "document"                   # --cluster
//!
//! [compare]
//! alpha = 0.05                           # --alpha
//! min_effect = 0.01                      # --min-effect; for slices and headline
//! tolerance = 0.1                        # --tolerance; in the unit of a score or an absolute error
//! margin = 0.01                          # --margin
//! search = true                          # --no-search
//! search_columns = ["language"]          # --search-column
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
//! theme = "our-theme"                    # --theme
//! media_root = "images"                  # --media-root
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

use crate::cli::label_map;
use crate::cli::location::{
    file_url, find, is_object_store, is_server, local, postgres, variable, without_credentials,
};
use crate::cli::pyiceberg;
use crate::cli::request::ServiceChoice;
use crate::cli::toml_file::{self, CatalogKeys, CatalogType, TomlFile};
use crate::error::{Error, Result};
use crate::model::{CatalogKind, CatalogLocation, CompareOptions, Kind, PASSWORD, QUERY};
use std::collections::BTreeMap;
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
    pub catalog: CatalogLocation,
    /// Column roles given by flags: stand above a table's own properties.
    pub column_flags: ColumnChoice,
    /// Column roles given by evaldiff.toml: stand below a table's own properties.
    pub column_file: ColumnChoice,
    /// Options that can change a byte of a report.
    pub compare: CompareOptions,
    /// Whether a minimum effect was given, rather than left to the kind of evaluation.
    pub min_effect_given: bool,
    /// Options that cannot.
    pub engine: EngineConfig,
    /// The model service of an evaluation.
    pub service: ServiceChoice,
    /// Folder of all reports: relative to the working folder if it was typed so.
    pub out: PathBuf,
    /// Folder of a theme.
    pub theme: Option<PathBuf>,
    /// Folder in which the files are that samples name: the given one, else that of evaldiff.toml, else the working folder.
    pub media_root: PathBuf,
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
                margin: flags.margin.or(keys.compare.margin),
                search: !flags.no_search && (!flags.search_columns.is_empty() || keys.compare.search.unwrap_or(true)),
                search_columns: match flags.search_columns.is_empty() {
                    true => keys.compare.search_columns,
                    false => flags.search_columns.clone(),
                },
                top: flags.top.or(keys.compare.top).unwrap_or(defaults.top),
                hide,
                no_payload: flags.no_payload || keys.compare.no_payload,
                tolerance: flags.tolerance.or(keys.compare.tolerance).unwrap_or(defaults.tolerance),
                label_map: match &flags.label_map {
                    Some(path) => label_map::read(&cwd.join(path))?,
                    None => defaults.label_map,
                },
                theme: None,
                media: None,
            },
            min_effect_given: min_effect.is_some(),
            engine: EngineConfig {
                memory_limit: flags.memory_limit.or(keys.engine.memory_limit),
                threads: flags.threads.or(keys.engine.threads).unwrap_or_else(cores),
                join: flags.join,
            },
            theme: match (&flags.theme, keys.report.theme) {
                (Some(theme), _) => Some(cwd.join(theme)),
                (None, theme) => theme.map(|theme| base.join(theme)),
            },
            media_root: match (&flags.media_root, keys.report.media_root) {
                (Some(root), _) => cwd.join(root),
                (None, Some(root)) => base.join(root),
                (None, None) => base.to_path_buf(),
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

    /// The options of a comparison of this kind: the default of the minimum effect is a rate, which measured answers,
    /// in whatever unit, have none of.
    ///
    /// # Errors
    /// A usage error for a minimum effect or a margin that no rate can have.
    pub fn options(&self, kind: Kind) -> Result<CompareOptions> {
        let mut options = self.compare.clone();
        if !kind.has_labels() && !self.min_effect_given {
            options.min_effect_slice = 0.0;
        }
        if kind.has_labels() && options.min_effect_slice >= 1.0 {
            let text = format!(
                "a minimum effect of accuracy is a rate below 1, not {}",
                options.min_effect_slice
            );
            return Err(Error::usage(text).with_hint("give --min-effect 0.01 for one percentage point"));
        }
        if let Some(margin) = options.margin.filter(|margin| kind.has_labels() && *margin >= 1.0) {
            let text = format!("a margin of accuracy is a rate below 1, not {margin}");
            return Err(Error::usage(text).with_hint("give --margin 0.01 for one percentage point"));
        }
        Ok(options)
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

/// Catalog and warehouse: what the environment names relative to the working folder, the file's to its own.
fn catalog(keys: CatalogKeys, env: Env<'_>, cwd: &Path, base: &Path, home: &Path) -> Result<CatalogLocation> {
    let keys = keys.expanded(env)?;
    let mut keys = match variable(env, "EVALDIFF_PYICEBERG")?.or_else(|| keys.pyiceberg.clone()) {
        Some(name) => keys.or(pyiceberg::catalog(&name, env, [cwd, base])?),
        None => keys,
    };
    let typed = |name: &'static str, key: &'static str, text: &Option<String>| match (variable(env, name)?, text) {
        (Some(text), _) => Ok(Some((name, text, cwd))),
        (None, Some(text)) => Ok(Some((key, text.clone(), base))),
        (None, None) => Ok::<_, Error>(None),
    };
    let uri = typed("ICEBERG_CATALOG_URI", "catalog.uri", &keys.uri)?;
    let warehouse = typed("ICEBERG_WAREHOUSE", "catalog.warehouse", &keys.warehouse)?;
    let kind = match uri {
        Some((what, uri, _)) if is_server(&uri) => {
            if uri.contains(['@', '?', '#']) {
                return Err(Error::usage(format!("{what} holds credentials or a query")).with_hint(
                    "give the address alone, and secrets as `credential = \"${NAME}\"` or `token = \"${NAME}\"` under [catalog] \
                     in evaldiff.toml",
                ));
            }
            CatalogKind::Rest {
                uri: uri.trim_end_matches('/').to_string(),
                warehouse: warehouse.map(|(_, text, _)| text),
            }
        }
        Some((what, uri, _)) if keys.kind != Some(CatalogType::Rest) && postgres(&uri).is_some() => {
            let (uri, password, query) = postgres(&uri).unwrap_or_default();
            let apart = [(PASSWORD, password), (QUERY, known_parameters(query)?)];
            let apart = apart
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_string(), value?)));
            keys.properties.extend(apart);
            postgres_catalog(what, uri, warehouse)?
        }
        Some((what, uri, _)) if keys.kind == Some(CatalogType::Rest) => {
            return Err(invalid(
                what,
                &uri,
                "a REST catalog has an address with http:// or https://",
            ));
        }
        None if keys.kind == Some(CatalogType::Rest) => {
            return Err(Error::usage("a catalog of type `rest` needs an address")
                .with_hint("give `uri = \"https://…\"` under [catalog] in evaldiff.toml, or ICEBERG_CATALOG_URI"));
        }
        uri => CatalogKind::Sql {
            database: place(uri, "sqlite", home.join("catalog.db"))?,
            warehouse: tables(warehouse, home)?,
        },
    };
    let mut properties = keys.properties;
    let named = [
        ("credential", keys.credential),
        ("token", keys.token),
        ("scope", keys.scope),
    ];
    properties.extend(
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_string(), value?))),
    );
    if let Some(bundle) = properties.get_mut("ssl.cabundle") {
        *bundle = base.join(&*bundle).display().to_string();
    }
    complete(&mut properties, env)?;
    tidy(&mut properties)?;
    Ok(CatalogLocation {
        kind,
        name: keys.name.unwrap_or_else(|| "evaldiff".into()),
        properties,
    })
}

/// Parameters of a PostgreSQL address that sqlx 0.8 knows: it logs others with their values, which may be secrets.
const PARAMETERS: [&str; 12] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// The query of a PostgreSQL address, if all of its parameters are known.
fn known_parameters(query: Option<String>) -> Result<Option<String>> {
    let pairs = query.iter().flat_map(|query| query.split('&'));
    let mut names = pairs.map(|pair| pair.split_once('=').filter(|(_, value)| !value.contains('@')));
    let known = |name: &str| PARAMETERS.contains(&name) || name.starts_with("options");
    match names.find(|pair| !pair.is_some_and(|(name, _)| known(name))) {
        None => Ok(query),
        // What stands there may be the rest of a password.
        Some(unknown) => {
            let plain = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || "-_".contains(c));
            let name = unknown.map(|(name, _)| name).filter(plain);
            let name = name.map(|name| format!(" `{name}`")).unwrap_or_default();
            Err(Error::usage(format!(
                "the address of the PostgreSQL catalog has a parameter{name} that is not known"
            ))
            .with_hint(format!(
                "known are {}; a ? in a password is written as %3F, an @ as %40",
                PARAMETERS.join(", ")
            )))
        }
    }
}

/// A catalog in PostgreSQL: shared by several machines, so that nothing is guessed of where its tables are.
fn postgres_catalog(what: &str, uri: String, warehouse: Option<(&str, String, &Path)>) -> Result<CatalogKind> {
    if !cfg!(feature = "postgres") {
        return Err(Error::usage(format!(
            "{what} is in PostgreSQL, which this build of evaldiff leaves out"
        ))
        .with_hint("build it with `cargo install --path . --features postgres`"));
    }
    if warehouse.is_none() {
        return Err(Error::usage("a catalog in PostgreSQL needs a place for its tables").with_hint(
            "give `warehouse = \"s3://bucket/prefix\"` (or file:///…) under [catalog] in evaldiff.toml, or ICEBERG_WAREHOUSE",
        ));
    }
    Ok(CatalogKind::Postgres {
        uri,
        warehouse: tables(warehouse, Path::new("/"))?,
    })
}

/// Location of an SQL catalog's tables.
fn tables(typed: Option<(&str, String, &Path)>, home: &Path) -> Result<String> {
    Ok(match typed {
        Some((_, text, _)) if is_object_store(&text) => text.trim_end_matches('/').to_string(),
        local => file_url(&place(local, "file", home.join("warehouse"))?),
    })
}

/// What the properties leave open, as object stores that are not Amazon's need it.
fn complete(properties: &mut BTreeMap<String, String>, env: Env<'_>) -> Result<()> {
    if !properties.contains_key("s3.endpoint") {
        for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
            if let Some(endpoint) = variable(env, name)? {
                properties.insert("s3.endpoint".into(), endpoint);
                break;
            }
        }
    }
    let mut default = |when: &str, name: &str, value: &str| {
        if properties.contains_key(when) && !properties.contains_key(name) {
            properties.insert(name.into(), value.into());
        }
    };
    default("s3.endpoint", "s3.path-style-access", "true");
    default("s3.endpoint", "s3.region", "us-east-1");
    // Keys that are given are the ones to use: nobody else is asked for some.
    default("s3.access-key-id", "s3.disable-ec2-metadata", "true");
    default("s3.access-key-id", "s3.disable-config-load", "true");
    Ok(())
}

/// Refuses properties that no server could be sent, or that would have to be shown with a secret; a line break at their end, as
/// files of secrets have it, is taken off.
fn tidy(properties: &mut BTreeMap<String, String>) -> Result<()> {
    for (name, value) in properties {
        let kept = value.trim_end_matches(['\r', '\n']).len();
        value.truncate(kept);
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let header = name.strip_prefix("header.");
        if header.is_some_and(|header| header.is_empty() || !header.chars().all(is_token)) {
            return Err(Error::usage(format!("`{}` names no header", name.escape_debug()))
                .with_hint("write \"header.X-Name\" = \"value\" under [catalog.properties] in evaldiff.toml"));
        }
        let signed = (name == "rest.sigv4-enabled"
            && !["", "0", "no", "off", "false"].contains(&value.to_lowercase().as_str()))
            || (["auth.type", "rest.auth.type"].contains(&name.as_str()) && value.eq_ignore_ascii_case("sigv4"));
        if signed {
            return Err(Error::usage(
                "requests to the catalog would have to be signed (SigV4), which evaldiff does not do",
            )
            .with_hint("give a credential or a token, or an address of the catalog that asks for no signature"));
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(Error::usage(format!(
                "the value of `{}` has a line break or another control character",
                name.escape_debug()
            ))
            .with_hint("correct the value, or the variable or file that it comes from"));
        }
        let is_address = ["endpoint", "uri", "url"].iter().any(|end| name.ends_with(end));
        let rest = value.split_once("://").map(|(_, rest)| rest);
        let host = rest
            .or(is_address.then_some(value.as_str()))
            .and_then(|rest| rest.split('/').next());
        if host.is_some_and(|host| host.contains('@')) {
            return Err(Error::usage(format!("the address in `{}` holds credentials", name.escape_debug())).with_hint(
                "give the address alone, and keys of their own: \"s3.access-key-id\" and \"s3.secret-access-key\" under \
                 [catalog.properties] in evaldiff.toml",
            ));
        }
    }
    Ok(())
}

/// An absolute path from what was typed, relative to where it was typed.
fn place(typed: Option<(&str, String, &Path)>, scheme: &str, default: PathBuf) -> Result<PathBuf> {
    let Some((what, text, base)) = typed else {
        return Ok(default);
    };
    let path = local(&text, scheme).map_err(|reason| invalid(what, &text, reason))?;
    // Written into metadata: absolute, and without a needless `.`.
    Ok(base.join(path).components().collect())
}

/// A value that has to change.
fn invalid(what: &str, text: &str, reason: &str) -> Error {
    let text = without_credentials(text);
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
