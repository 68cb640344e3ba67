//! References: how a user names a run.

use super::error::StoreError;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

/// Before the name of a version that would be read otherwise: as a file, with `@` in it.
pub(crate) const VERSION_PREFIX: &str = "version:";

/// A reference as typed, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Newest run of a version: its name, or `version:<name>` for one that reads as something else.
    Version(String),
    /// `run:<uuid or unique prefix>`, `run:<id>@<version>`.
    Run(String),
    /// `snapshot:<id>`.
    Snapshot(i64),
    /// `tag:<name>`.
    Tag(String),
    /// `latest`, `latest~N`: the N-th newest run of any version.
    Latest(usize),
    /// `<version>@<date or time>`: the newest run of the version committed at or before that moment, in milliseconds.
    AsOf {
        /// The version.
        version: String,
        /// Last millisecond that counts.
        until_ms: i64,
    },
}

impl Reference {
    /// Takes a reference apart.
    ///
    /// # Errors
    /// [`StoreError::BadReference`] for an unreadable snapshot id, number or time.
    pub fn parse(text: &str) -> Result<Reference, StoreError> {
        let bad = |reason: &str| StoreError::BadReference {
            reference: text.into(),
            reason: reason.into(),
        };
        if text.trim().is_empty() {
            return Err(bad("it is empty"));
        }
        if let Some(prefix) = text.strip_prefix("run:") {
            return match prefix.is_empty() {
                true => Err(bad("it names no run")),
                false => Ok(Reference::Run(prefix.into())),
            };
        }
        if let Some(version) = text.strip_prefix(VERSION_PREFIX) {
            // Rows of other writers may have none, which has to be named too.
            return Ok(Reference::Version(version.into()));
        }
        if let Some(id) = text.strip_prefix("snapshot:") {
            return id
                .parse()
                .map(Reference::Snapshot)
                .map_err(|_| bad("a snapshot id is a whole number"));
        }
        if let Some(name) = text.strip_prefix("tag:") {
            return Ok(Reference::Tag(name.into()));
        }
        if text == "latest" {
            return Ok(Reference::Latest(0));
        }
        if let Some(n) = text.strip_prefix("latest~") {
            return n
                .parse()
                .map(Reference::Latest)
                .map_err(|_| bad("after `latest~` comes a whole number"));
        }
        match text.rsplit_once('@') {
            Some((version, moment)) if !version.is_empty() => match last_millisecond(moment) {
                Some(until_ms) => Ok(Reference::AsOf {
                    version: version.into(),
                    until_ms,
                }),
                // An `@` in a version's own name.
                None => Ok(Reference::Version(text.into())),
            },
            _ => Ok(Reference::Version(text.into())),
        }
    }
}

/// The last millisecond of a day in UTC, or of a full timestamp.
fn last_millisecond(moment: &str) -> Option<i64> {
    if let Ok(date) = NaiveDate::parse_from_str(moment, "%Y-%m-%d") {
        let next = date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN).and_utc();
        return Some(next.timestamp_millis() - 1);
    }
    DateTime::parse_from_rfc3339(moment)
        .ok()
        .map(|t| t.with_timezone(&Utc).timestamp_millis())
}

/// Most characters of a version's name.
const LONGEST_VERSION: usize = 128;

/// Checks the name of a version before it comes into a table: it must not read as another kind of reference.
///
/// # Errors
/// [`StoreError::BadVersion`].
pub fn check_version(name: &str) -> Result<(), StoreError> {
    let bad = |reason: String| {
        Err(StoreError::BadVersion {
            version: name.into(),
            reason,
        })
    };
    if name.chars().count() > LONGEST_VERSION {
        return bad(format!("it is longer than {LONGEST_VERSION} characters"));
    }
    match Reference::parse(name) {
        Ok(Reference::Version(read)) if read == name => Ok(()),
        Ok(Reference::AsOf { .. }) => Ok(()),
        _ => bad("it would be read as a reference to a run (latest, run:…, version:…, snapshot:…, tag:…)".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_cannot_be_named_like_another_reference() {
        for name in [
            "v1",
            "latest-2026",
            "runs",
            "v1@2026-03-01",
            "a:b",
            "snapshot",
            "ü".repeat(128).as_str(),
        ] {
            check_version(name).unwrap();
        }
        let long = "v".repeat(129);
        for name in [
            "latest",
            "latest~1",
            "latest~x",
            "run:1",
            "run:12345",
            "snapshot:5",
            "tag:gold",
            "version:v1",
            "",
            &long,
        ] {
            assert!(check_version(name).is_err(), "{name}");
        }
    }

    #[test]
    fn references_are_a_table() {
        let table = [
            ("v1.2.0", Reference::Version("v1.2.0".into())),
            ("version:", Reference::Version(String::new())),
            ("version:a.csv", Reference::Version("a.csv".into())),
            ("version:v1@2026-03-01", Reference::Version("v1@2026-03-01".into())),
            ("run:0192ab", Reference::Run("0192ab".into())),
            ("snapshot:-5", Reference::Snapshot(-5)),
            ("tag:golden", Reference::Tag("golden".into())),
            ("latest", Reference::Latest(0)),
            ("latest~2", Reference::Latest(2)),
            (
                "v1@1970-01-01",
                Reference::AsOf {
                    version: "v1".into(),
                    until_ms: 86_399_999,
                },
            ),
            (
                "v1@1970-01-01T00:00:01+00:00",
                Reference::AsOf {
                    version: "v1".into(),
                    until_ms: 1000,
                },
            ),
            ("team@home", Reference::Version("team@home".into())),
        ];
        for (text, expected) in table {
            assert_eq!(Reference::parse(text).unwrap(), expected, "{text}");
        }
        for text in ["", "  ", "snapshot:abc", "latest~x", "run:"] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }
}
