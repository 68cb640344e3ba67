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
        "sqlite" => {
            "a catalog is an SQLite file (sqlite:///absolute/path.db or a plain path), a PostgreSQL database \
             (postgresql://user@host/database) or a REST server (http://…, https://…)"
        }
        _ => {
            "a warehouse is a local folder (file:///absolute/path or a plain path) or in object storage (s3://bucket/prefix)"
        }
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

/// Whether a catalog is a server's address.
pub(crate) fn is_server(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme))
}

/// The address of a PostgreSQL database without its password and query, the password, and the query; `None` for other locations.
///
/// SQLAlchemy's spellings, which name a driver, mean the same: `postgresql+psycopg2://user:password@host/database`.
pub(crate) fn postgres(text: &str) -> Option<(String, Option<String>, Option<String>)> {
    let (scheme, rest) = text.split_once("://")?;
    let kind = scheme.split('+').next().unwrap_or_default();
    if !["postgresql", "postgres"].contains(&kind) {
        return None;
    }
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query.to_string()).filter(|query| !query.is_empty())),
        None => (rest, None),
    };
    Some(
        match place.rsplit_once('@').map(|(who, host)| (who.split_once(':'), host)) {
            Some((Some((user, password)), host)) => {
                (format!("postgresql://{user}@{host}"), Some(password.to_string()), query)
            }
            _ => (format!("postgresql://{place}"), None, query),
        },
    )
}

/// An address as it may be shown: without what stands before an `@`, which may be a password, and without its query, which
/// may hold one.
pub(crate) fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_string();
    };
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, _)| (place, "?…"));
    match place.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{query}"),
        None => format!("{scheme}://{place}{query}"),
    }
}

/// Whether a location is in object storage.
pub(crate) fn is_object_store(text: &str) -> bool {
    ["s3://", "s3a://"].iter().any(|scheme| text.starts_with(scheme))
}

/// `file://` URL of an absolute path: the form in which every location is written into metadata.
pub(crate) fn file_url(path: &Path) -> String {
    format!("file://{}", path.to_string_lossy())
}

/// A text with every `${NAME}` replaced by the variable of that name.
pub(crate) fn expanded(text: &str, env: Env<'_>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        let value = variable(env, name)?.ok_or_else(|| {
            Error::usage(format!("evaldiff.toml uses ${{{name}}}, which is not set"))
                .with_hint(format!("set {name} in the environment"))
        })?;
        out.push_str(before);
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_passwords_are_told_apart() {
        for (text, address, password, query) in [
            ("postgresql://u:p@h/db", "postgresql://u@h/db", Some("p"), None),
            ("postgres://h/db", "postgresql://h/db", None, None),
            (
                "postgresql+psycopg2://h/db?user=u&password=a@b",
                "postgresql://h/db",
                None,
                Some("user=u&password=a@b"),
            ),
            (
                "postgresql://u:p@h/db?sslmode=require",
                "postgresql://u@h/db",
                Some("p"),
                Some("sslmode=require"),
            ),
        ] {
            let own = |text: Option<&str>| text.map(str::to_string);
            assert_eq!(
                postgres(text),
                Some((address.to_string(), own(password), own(query))),
                "{text}"
            );
        }
        for (address, shown) in [
            ("http://u:p@h/x", "http://…@h/x"),
            ("postgresql://h/db?user=u&password=p", "postgresql://h/db?…"),
            ("postgresql://u:p@h/db?password=p", "postgresql://…@h/db?…"),
            ("what?password=p", "what?password=p"),
        ] {
            assert_eq!(without_credentials(address), shown);
        }
    }
}
