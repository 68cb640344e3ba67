//! A catalog that a team configured for PyIceberg: `.pyiceberg.yaml` and the variables that stand above it.
//!
//! Looked for as PyIceberg does: in PYICEBERG_HOME, the home folder, the working folder; then beside evaldiff.toml. Names of properties are the same
//! here and there; parts of nested keys are joined by dots.

use super::Env;
use super::location::{is_server, postgres, variable};
use super::toml_file::{CatalogKeys, CatalogType};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use yaml_rust2::{Yaml, YamlLoader};

/// Name of the file.
const FILE_NAME: &str = ".pyiceberg.yaml";
/// Properties that are also read from `PYICEBERG_CATALOG__<NAME>__<PROPERTY>`, with `__` for a dot and `_` for a dash.
const FROM_ENVIRONMENT: [&str; 13] = [
    "type",
    "uri",
    "warehouse",
    "credential",
    "token",
    "scope",
    "oauth2-server-uri",
    "ssl.cabundle",
    "s3.endpoint",
    "s3.region",
    "s3.access-key-id",
    "s3.secret-access-key",
    "s3.session-token",
];

/// What is configured under a catalog's name, as if evaldiff.toml held it.
///
/// # Errors
/// A usage error that names the file if there is none, it is damaged or lacks the name, or if the catalog is of a kind that
/// evaldiff cannot open.
pub(crate) fn catalog(name: &str, env: Env<'_>, folders: [&Path; 2]) -> Result<CatalogKeys> {
    let [cwd, _] = folders;
    let file = file(env, folders)?;
    let mut found = match &file {
        Some(path) => read(path, name)?,
        None => None,
    };
    for property in FROM_ENVIRONMENT {
        let upper = |text: &str| text.to_uppercase().replace('.', "__").replace('-', "_");
        let variable_name = format!("PYICEBERG_CATALOG__{}__{}", upper(name), upper(property));
        if let Some(value) = variable(env, &variable_name)? {
            found.get_or_insert_default().insert(property.to_string(), value);
        }
    }
    let place = file
        .as_ref()
        .map_or_else(|| FILE_NAME.to_string(), |path| path.display().to_string());
    let Some(properties) = found else {
        return Err(
            Error::usage(format!("{place} has no catalog named `{name}`")).with_hint(format!(
                "it is looked for in PYICEBERG_HOME, the home folder, the working folder and beside evaldiff.toml, under `catalog:` `{name}:`"
            )),
        );
    };
    // A relative path means what it means to PyIceberg, unless only evaldiff finds the file.
    let beside = file
        .as_deref()
        .and_then(Path::parent)
        .filter(|folder| *folder == folders[1]);
    keys(name, &place, properties, beside.unwrap_or(cwd))
}

fn file(env: Env<'_>, here: [&Path; 2]) -> Result<Option<PathBuf>> {
    let folders = [variable(env, "PYICEBERG_HOME")?, variable(env, "HOME")?];
    let folders = folders.into_iter().flatten().map(PathBuf::from);
    let mut places = folders
        .chain(here.map(Path::to_path_buf))
        .map(|folder| folder.join(FILE_NAME));
    Ok(places.find(|path| path.is_file()))
}

/// The properties under `catalog.<name>`; `None` if there is no such entry.
fn read(path: &Path, name: &str) -> Result<Option<BTreeMap<String, String>>> {
    let fail = |reason: &dyn std::fmt::Display| Error::usage(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| fail(&e))?;
    let documents = YamlLoader::load_from_str(&text).map_err(|e| fail(&e))?;
    let Some(entry) = documents
        .first()
        .and_then(|all| all["catalog"].as_hash())
        .and_then(|all| {
            let wanted = |key: &Yaml| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case(name));
            all.iter().find(|(key, _)| wanted(key)).map(|(_, entry)| entry)
        })
    else {
        return Ok(None);
    };
    let mut properties = BTreeMap::new();
    flatten(entry, "", &mut properties).map_err(|key| fail(&format!("`{key}` of catalog `{name}` is no text")))?;
    Ok(Some(properties))
}

/// Texts by dotted keys.
///
/// # Errors
/// The key of a value that is no text, number or truth value.
fn flatten(value: &Yaml, key: &str, into: &mut BTreeMap<String, String>) -> std::result::Result<(), String> {
    let text = match value {
        Yaml::Hash(entries) => {
            for (part, inner) in entries {
                let part = part.as_str().ok_or_else(|| key.to_string())?;
                let dotted = match key.is_empty() {
                    true => part.to_string(),
                    false => format!("{key}.{part}"),
                };
                flatten(inner, &dotted, into)?;
            }
            return Ok(());
        }
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(truth) => truth.to_string(),
        _ => return Err(key.to_string()),
    };
    into.insert(key.to_string(), text);
    Ok(())
}

fn keys(name: &str, place: &str, mut properties: BTreeMap<String, String>, cwd: &Path) -> Result<CatalogKeys> {
    let uri = properties.remove("uri");
    let kind = match (properties.remove("type").as_deref(), &uri) {
        (Some("rest"), _) => CatalogType::Rest,
        (Some("sql"), _) => CatalogType::Sql,
        (None, Some(uri)) if is_server(uri) => CatalogType::Rest,
        (None, Some(uri)) if uri.starts_with("sqlite") || postgres(uri).is_some() => CatalogType::Sql,
        (kind, _) => {
            let kind = kind.map_or_else(|| "of no type".to_string(), |kind| format!("of type `{kind}`"));
            return Err(Error::usage(format!("{place}: catalog `{name}` is {kind}")).with_hint(
                "evaldiff opens catalogs of type `rest`, and of type `sql` in an SQLite file or in PostgreSQL",
            ));
        }
    };
    // SQLAlchemy's spelling: a path after three slashes is relative, after four it is absolute.
    let uri = uri.map(|uri| match uri.strip_prefix("sqlite:///") {
        Some(path) => cwd.join(path).display().to_string(),
        None => uri,
    });
    Ok(CatalogKeys {
        kind: Some(kind),
        // Part of the key of an SQL catalog's rows: PyIceberg writes the catalog's name there.
        name: Some(name.to_string()),
        uri,
        warehouse: properties.remove("warehouse"),
        credential: properties.remove("credential"),
        token: properties.remove("token"),
        scope: properties.remove("scope"),
        properties,
        pyiceberg: None,
    })
}
