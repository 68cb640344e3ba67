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

/// The address of a PostgreSQL database without its password, and the password; `None` for other locations.
///
/// SQLAlchemy's spellings, which name a driver, mean the same: `postgresql+psycopg2://user:password@host/database`.
pub(crate) fn postgres(text: &str) -> Option<(String, Option<String>)> {
    let (scheme, rest) = text.split_once("://")?;
    let kind = scheme.split('+').next().unwrap_or_default();
    if !["postgresql", "postgres"].contains(&kind) {
        return None;
    }
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
    let (place, password) = match place.rsplit_once('@').map(|(who, host)| (who.split_once(':'), host)) {
        Some((Some((user, password)), host)) => (format!("{user}@{host}"), Some(password.to_string())),
        _ => (place.to_string(), None),
    };
    let (secret, open): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| is_secret(pair));
    let given = secret
        .first()
        .and_then(|pair| pair.split_once('='))
        .map(|(_, value)| value.to_string());
    let query = if open.concat().is_empty() {
        String::new()
    } else {
        format!("?{}", open.join("&"))
    };
    Some((format!("postgresql://{place}{query}"), password.or(given)))
}

/// Whether a part of a query is a password.
fn is_secret(pair: &str) -> bool {
    pair.starts_with("password=")
}

/// An address as it may be shown: without what stands before an `@`, which may be a password, and without one in its query.
pub(crate) fn without_credentials(address: &str) -> String {
    let (place, query) = match address.split_once('?') {
        Some((place, query)) if address.contains("://") => (place, Some(query)),
        _ => (address, None),
    };
    let place = match place
        .split_once("://")
        .map(|(scheme, rest)| (scheme, rest.rsplit_once('@')))
    {
        Some((scheme, Some((_, host)))) => format!("{scheme}://…@{host}"),
        _ => place.to_string(),
    };
    let shown = |pair| if is_secret(pair) { "password=…" } else { pair };
    match query.map(|query| query.split('&').map(shown).collect::<Vec<_>>().join("&")) {
        Some(query) => format!("{place}?{query}"),
        None => place,
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
        for (text, address, password) in [
            ("postgresql://u:p@h/db", "postgresql://u@h/db", Some("p")),
            ("postgres://h/db", "postgresql://h/db", None),
            (
                "postgresql+psycopg2://h/db?user=u&password=a@b&sslmode=require",
                "postgresql://h/db?user=u&sslmode=require",
                Some("a@b"),
            ),
            ("postgresql://u@h/db?password=p", "postgresql://u@h/db", Some("p")),
            (
                "postgresql://u:p@h/db?sslmode=require",
                "postgresql://u@h/db?sslmode=require",
                Some("p"),
            ),
        ] {
            assert_eq!(
                postgres(text),
                Some((address.to_string(), password.map(str::to_string))),
                "{text}"
            );
        }
        for (address, shown) in [
            ("http://u:p@h/x", "http://…@h/x"),
            (
                "postgresql://h/db?user=u&password=p&x=1",
                "postgresql://h/db?user=u&password=…&x=1",
            ),
            ("postgresql://u:p@h/db?password=p", "postgresql://…@h/db?password=…"),
            ("what?password=p", "what?password=p"),
        ] {
            assert_eq!(without_credentials(address), shown);
        }
    }
}
