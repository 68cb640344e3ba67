//! Where a table's files may be: a manifest can name any location, and whoever wrote it need not be whom it is read by.

use super::catalog::local_path;
use super::error::StoreError;
use iceberg::table::Table;
use std::collections::BTreeMap;

/// Properties by which a table says that its files are elsewhere.
const DECLARED: [&str; 4] = [
    "write.data.path",
    "write.metadata.path",
    "write.object-storage.path",
    "write.folder-storage.path",
];

/// Property of the catalog's configuration with further places, separated by commas: a table may have been moved, or have
/// taken over files where they were.
const ALSO_READ: &str = "evaldiff.also-read";

/// The locations below which a table's files are read.
#[derive(Clone, Debug)]
pub(super) struct Places {
    roots: Vec<String>,
    /// A table in object storage has no business in this machine's files, whatever it declares.
    local: bool,
}

/// Where a table's properties say that it writes.
fn by_properties(table: &Table) -> impl Iterator<Item = &String> {
    let properties = table.metadata().properties();
    DECLARED.iter().filter_map(|name| properties.get(*name))
}

/// The places of a table that is known by its metadata's JSON.
pub(super) fn declared_by(location: &str, properties: &BTreeMap<String, String>) -> Vec<String> {
    let further = DECLARED.iter().filter_map(|name| properties.get(*name));
    further.cloned().chain([location.to_string()]).collect()
}

impl Places {
    /// The location of a table, and where else its properties say that it writes.
    pub(super) fn declared(table: &Table) -> Vec<String> {
        let location = table.metadata().location().to_string();
        by_properties(table).cloned().chain([location]).collect()
    }

    pub(super) fn of(table: &Table) -> Places {
        let metadata = table.metadata();
        let configured = table.file_io().config().props();
        let also = configured.get(ALSO_READ).into_iter().flat_map(|list| list.split(','));
        let warehouse = configured.get("warehouse");
        let all = by_properties(table).chain(warehouse).map(String::as_str).chain(also);
        Places::new(metadata.location(), all)
    }

    fn new<'a>(location: &'a str, further: impl Iterator<Item = &'a str>) -> Places {
        let roots = std::iter::once(location).chain(further).map(str::trim);
        Places {
            // A warehouse that is a name is no place, and neither is a whole disk.
            roots: roots
                .filter_map(plain)
                .filter(|root| root.contains("://") && root != "file://")
                .collect(),
            local: local_path(location).is_some(),
        }
    }

    /// Whether a location is in one of them.
    pub(super) fn hold(&self, location: &str) -> bool {
        let Some(plain) = plain(location) else { return false };
        (self.local || local_path(location).is_none())
            && self.roots.iter().any(|root| {
                plain
                    .strip_prefix(root.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            })
    }

    /// Refuses what is in none of them.
    pub(super) fn check(&self, location: &str) -> Result<(), StoreError> {
        match self.hold(location) {
            true => Ok(()),
            false => Err(StoreError::Outside(location.to_string())),
        }
    }
}

/// A location in the one form in which two can be compared; `None` if it climbs.
fn plain(location: &str) -> Option<String> {
    let whole = match (local_path(location), location.split_once("://")) {
        (Some(path), _) => format!("file://{}", path.display()),
        (None, Some(("s3a" | "s3n", rest))) => format!("s3://{rest}"),
        _ => location.to_string(),
    };
    let climbs = whole.split('/').any(|part| matches!(part, "." | ".."));
    (!climbs).then(|| whole.trim_end_matches('/').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_a_place_is_in_it() {
        let further = ["elsewhere", "s3://other/data/", "file:///etc", "/"];
        let places = Places::new("s3a://lake/ns/t", further.into_iter());
        for inside in [
            "s3://lake/ns/t/data/a.parquet",
            "s3n://lake/ns/t/x",
            "s3://other/data/b",
        ] {
            assert!(places.hold(inside), "{inside}");
        }
        for outside in [
            "s3://lake/ns/t2/data/a.parquet",
            "s3://lake/ns/t",
            "s3://lake/ns/t/../u/a.parquet",
            "s3://other/b",
            "elsewhere/b",
            "file:///etc/passwd",
            "/etc/passwd",
            "",
        ] {
            assert!(!places.hold(outside), "{outside}");
        }
        let local = Places::new("file:///w/t", std::iter::empty());
        assert!(local.hold("/w/t/data/a") && local.hold("file:/w/t/data/a") && !local.hold("file:///w/u/a"));
    }
}
