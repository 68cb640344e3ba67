//! Tables with a column of a type that iceberg 0.10.1 cannot parse (`variant`, `geometry` and whatever comes): what can be said
//! of them from the JSON of their metadata, and which files they name.

use super::error::StoreError;
use super::{Store, catalog, objects};
use apache_avro::Reader;
use apache_avro::types::Value as AvroValue;
use iceberg::TableIdent;
use iceberg::io::FileIO;
use object_store::ObjectStoreExt;
use object_store::path::Path as ObjectPath;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;

/// Primitive types that iceberg 0.10.1 parses; besides `fixed[…]` and `decimal(…)`.
const KNOWN: [&str; 14] = [
    "boolean",
    "int",
    "long",
    "float",
    "double",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "timestamp_ns",
    "timestamptz_ns",
    "string",
    "uuid",
    "binary",
];

/// A table that iceberg cannot read, by the JSON of its metadata.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unread {
    /// `namespace.table`.
    pub(super) name: String,
    /// Columns with the types that are not read.
    pub(super) columns: Vec<String>,
    metadata: Value,
}

impl Unread {
    /// The table, if its metadata have a column of a type that is not read.
    fn of(name: String, metadata: Value) -> Option<Unread> {
        let schemas = metadata["schemas"].as_array().map_or(&[][..], Vec::as_slice);
        let mut columns = Vec::new();
        for schema in schemas.iter().chain(metadata.get("schema")) {
            unread_in(schema, "", &mut columns);
        }
        columns.dedup();
        (!columns.is_empty()).then_some(Unread {
            name,
            columns,
            metadata,
        })
    }

    /// The error that a command ends with which needs this table.
    pub(super) fn error(&self) -> StoreError {
        StoreError::UnreadColumns {
            table: self.name.clone(),
            columns: self.columns.clone(),
        }
    }

    pub(super) fn location(&self) -> &str {
        self.metadata["location"].as_str().unwrap_or_default()
    }

    pub(super) fn properties(&self) -> BTreeMap<String, String> {
        serde_json::from_value(self.metadata["properties"].clone()).unwrap_or_default()
    }

    /// Every file that the metadata, the snapshots and their manifests name.
    ///
    /// # Errors
    /// Fails if one of them cannot be read.
    pub(super) async fn files(&self, storage: &FileIO) -> Result<Vec<String>, StoreError> {
        let mut files = Vec::new();
        for (list, name) in [
            ("metadata-log", "metadata-file"),
            ("statistics", "statistics-path"),
            ("partition-statistics", "statistics-path"),
        ] {
            files.extend(texts(&self.metadata[list], name));
        }
        let lists: Vec<String> = texts(&self.metadata["snapshots"], "manifest-list").collect();
        let mut manifests = Vec::new();
        for list in &lists {
            manifests.extend(self.named_in(storage, list, &["manifest_path"]).await?);
        }
        manifests.sort();
        manifests.dedup();
        for manifest in &manifests {
            files.extend(self.named_in(storage, manifest, &["data_file", "file_path"]).await?);
        }
        files.extend(lists);
        files.extend(manifests);
        Ok(files)
    }

    /// The texts of one field of all records of an Avro file.
    async fn named_in(&self, storage: &FileIO, place: &str, field: &[&str]) -> Result<Vec<String>, StoreError> {
        let fail = |reason: String| {
            StoreError::Rows(format!(
                "reading {place} of {}, whose files have to be known: {reason}",
                self.name
            ))
        };
        let input = storage.new_input(place).map_err(|e| fail(e.to_string()))?;
        let bytes = input.read().await.map_err(|e| fail(e.to_string()))?;
        let mut found = Vec::new();
        for record in Reader::new(bytes.as_ref()).map_err(|e| fail(e.to_string()))? {
            let record = record.map_err(|e| fail(e.to_string()))?;
            let value = field.iter().try_fold(&record, |value, name| of_record(value, name));
            match value {
                Some(AvroValue::String(text)) => found.push(text.clone()),
                _ => return Err(fail(format!("it has no {}", field.join(".")))),
            }
        }
        Ok(found)
    }
}

fn of_record<'a>(value: &'a AvroValue, name: &str) -> Option<&'a AvroValue> {
    match value {
        AvroValue::Record(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
        _ => None,
    }
}

fn texts<'a>(list: &'a Value, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let entries = list.as_array().map_or(&[][..], Vec::as_slice).iter();
    entries.filter_map(move |entry| Some(entry[name].as_str()?.to_string()))
}

/// Names the columns of a struct, and of what it holds, whose types are not read.
fn unread_in(of: &Value, path: &str, out: &mut Vec<String>) {
    for field in of["fields"].as_array().map_or(&[][..], Vec::as_slice) {
        let name = field["name"].as_str().unwrap_or_default();
        let path = if path.is_empty() {
            name.to_string()
        } else {
            format!("{path}.{name}")
        };
        unread_type(&field["type"], &path, out);
    }
}

fn unread_type(kind: &Value, path: &str, out: &mut Vec<String>) {
    match kind.as_str() {
        Some(text) => {
            let sized = text.starts_with("fixed[") || text.starts_with("decimal(");
            let named = format!("`{}` ({})", path.escape_debug(), text.escape_debug());
            if !sized && !KNOWN.contains(&text) && !out.contains(&named) {
                out.push(named);
            }
        }
        None => {
            unread_in(kind, path, out);
            for part in ["element", "key", "value"].iter().filter_map(|part| kind.get(*part)) {
                unread_type(part, path, out);
            }
        }
    }
}

impl Store {
    /// What kept iceberg from reading a table, if that was the type of a column.
    pub(super) async fn unread(&self, ident: &TableIdent, error: &iceberg::Error) -> Option<Unread> {
        let whole = error.to_string();
        // Other errors are not worth a request.
        if !whole.contains("untagged enum") && !whole.contains("parse") {
            return None;
        }
        let answer = whole.split_once("json: ").and_then(|(_, rest)| {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            values.next()?.ok()
        });
        let metadata = match answer {
            Some(mut answer) => answer["metadata"].take(),
            None => {
                let place = self.metadata_location(ident).await?;
                self.metadata_at(&place).await?
            }
        };
        Unread::of(ident.to_string(), metadata)
    }

    /// The same of a table of any catalog in the database, by the place of its metadata.
    pub(super) async fn unread_at(&self, name: &str, place: &str) -> Option<Unread> {
        Unread::of(name.to_string(), self.metadata_at(place).await?)
    }

    async fn metadata_at(&self, place: &str) -> Option<Value> {
        let bytes = match catalog::local_path(place) {
            Some(path) => std::fs::read(path).ok()?,
            None => {
                let (_, rest) = place.split_once("://")?;
                let (bucket, key) = rest.split_once('/')?;
                let store = objects::bucket(&self.location.properties, bucket).ok()?;
                let found = store.get(&ObjectPath::parse(key).ok()?).await.ok()?;
                found.bytes().await.ok()?.to_vec()
            }
        };
        metadata_json(place, &bytes)
    }
}

/// The JSON of a metadata file; `None` if it is none.
pub(super) fn metadata_json(place: &str, bytes: &[u8]) -> Option<Value> {
    if !place.ends_with(".gz.metadata.json") {
        return serde_json::from_slice(bytes).ok();
    }
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_of_unknown_types_are_named_with_their_path() {
        let field = |name: &str, kind: Value| json!({"id": 1, "name": name, "required": false, "type": kind});
        let list = json!({"type": "list", "element-id": 2, "element": "geometry(srid:1)", "element-required": false});
        let inner = json!({"type": "struct", "fields": [field("b", json!("unknown")), field("c", json!("fixed[4]"))]});
        let schema = json!({"type": "struct", "fields": [
            field("id", json!("string")), field("price", json!("decimal(9,2)")), field("raw", json!("variant")),
            field("shapes", list), field("a", inner),
        ]});
        let metadata = json!({"schemas": [schema, schema]});
        let unread = Unread::of("ns.t".into(), metadata).unwrap();
        let named = ["`raw` (variant)", "`shapes` (geometry(srid:1))", "`a.b` (unknown)"];
        assert_eq!(unread.columns, named);
        let sound = json!({"schemas": [{"type": "struct", "fields": [field("id", json!("timestamptz_ns"))]}]});
        assert_eq!(Unread::of("ns.t".into(), sound), None);
    }
}
