//! Where things are: variables of the environment, local locations, files found upwards.

use super::Env;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A variable of the environment; empty counts as unset.
pub(crate) fn variable(env: Env<'_>, name: &str) -> Result<Option<String>> {
    match env(name)
        .filter(|value| !value.is_empty())
        .map(|value| value.into_string())
    {
        Some(Err(_)) => Err(Error::usage(format!("{name} is not valid UTF-8"))),
        Some(Ok(text)) => Ok(Some(text)),
        None => Ok(None),
    }
}

/// The local path of `sqlite:///abs`, `file:///abs` or a plain path.
pub(crate) fn local(text: &str, scheme: &str) -> std::result::Result<String, &'static str> {
    let other = match scheme {
        "sqlite" => "this version has SQL catalogs in SQLite only: give sqlite:///absolute/path.db or a plain path",
        _ => "this version keeps its warehouse in a local folder only: give file:///absolute/path or a plain path",
    };
    let path = match text.strip_prefix(scheme).and_then(|rest| rest.strip_prefix(':')) {
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        None if text.contains("://") => return Err(other),
        None if text.trim().is_empty() => return Err("a location holds more than white space"),
        None => return Ok(text.to_string()),
    };
    // As sqlx reads it; warehouse locations are taken verbatim by every Iceberg library.
    let path = match scheme {
        "sqlite" => path
            .split('?')
            .next()
            .unwrap_or_default()
            .replace("%23", "#")
            .replace("%3F", "?")
            .replace("%25", "%"),
        _ => path.to_string(),
    };
    if path.is_empty() || path.starts_with(":memory:") {
        Err(other)
    } else {
        Ok(path)
    }
}

/// The nearest entry of a name in a folder or above it.
pub(crate) fn find(from: &Path, name: &str, fits: fn(&Path) -> bool) -> Option<PathBuf> {
    from.ancestors().map(|folder| folder.join(name)).find(|path| fits(path))
}
