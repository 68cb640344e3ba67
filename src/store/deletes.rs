//! Rows that delete files take out of data files: position deletes and deletion vectors are applied, equality deletes
//! refused.

use super::Objects;
use super::error::StoreError;
use super::files::{Live, LiveFile, data_file};
use crate::model::DataFile;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use flate2::Crc;
use futures::TryStreamExt;
use iceberg::spec::{DataContentType, DataFileFormat, SnapshotRef};
use iceberg::table::Table;
use object_store::ObjectStoreExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::{ParquetObjectReader, ParquetRecordBatchStreamBuilder};
use roaring::RoaringTreemap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Field ids of the two columns of a position delete file, the same in every table.
const FILE_PATH: i32 = i32::MAX - 101;
const POS: i32 = i32::MAX - 102;
/// What a deletion vector begins with, after its length.
const MAGIC: [u8; 4] = [0xD1, 0xD3, 0x39, 0x64];

/// The deleted rows of some data files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deleted {
    by_file: BTreeMap<String, Deletion>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Deletion {
    /// Positions of rows, in order.
    rows: Arc<Vec<u64>>,
    /// The delete files that say so.
    by: BTreeSet<DataFile>,
}

impl Deleted {
    /// Positions of the deleted rows of a data file, in order.
    pub fn of(&self, path: &str) -> Option<&Arc<Vec<u64>>> {
        self.by_file.get(path).map(|deletion| &deletion.rows)
    }

    /// Deleted rows of all files.
    pub fn count(&self) -> u64 {
        self.by_file.values().map(|deletion| deletion.rows.len() as u64).sum()
    }

    /// The delete files, sorted by path.
    pub fn files(&self) -> Vec<DataFile> {
        let files: BTreeSet<&DataFile> = self.by_file.values().flat_map(|deletion| &deletion.by).collect();
        files.into_iter().cloned().collect()
    }

    /// What delete files take out of the data files that are live as of a snapshot, as far as `wanted` names them.
    ///
    /// # Errors
    /// [`StoreError::Deletes`] where equality deletes apply to one of them, or where a delete file is in a format that is
    /// not read; [`StoreError::Rows`] where one is damaged.
    pub(super) async fn load(
        table: &Table,
        snapshot: &SnapshotRef,
        live: &Live,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Deleted, StoreError> {
        if live.deletes.is_empty() {
            return Ok(Deleted::default());
        }
        let refuse = |reason: String| StoreError::Deletes {
            table: table.identifier().to_string(),
            snapshot: snapshot.snapshot_id(),
            reason,
        };
        let data: BTreeMap<&str, &LiveFile> = live
            .data
            .iter()
            .filter(|f| wanted(f.entry.file_path()))
            .map(|f| (f.entry.file_path(), f))
            .collect();
        let objects = Objects::of(table);
        let mut found: BTreeMap<String, (Vec<u64>, BTreeSet<DataFile>)> = BTreeMap::new();
        for delete in &live.deletes {
            let entry = &delete.entry;
            if entry.content_type() == DataContentType::EqualityDeletes {
                if let Some(hit) = data.values().find(|file| equality_applies(table, delete, file)) {
                    let (by, to) = (entry.file_path(), hit.entry.file_path());
                    return Err(refuse(format!("equality deletes apply to {to} ({by})")));
                }
                continue;
            }
            let fail = |reason: String| StoreError::Rows(format!("{}: {reason}", entry.file_path()));
            let of = entry.data_file().referenced_data_file();
            if of.as_ref().is_some_and(|path| !data.contains_key(path.as_str())) {
                continue;
            }
            let lists = match (entry.file_format(), of) {
                (DataFileFormat::Puffin, Some(path)) => {
                    let positions = vector(&objects, delete).await.map_err(fail)?;
                    BTreeMap::from([(path, positions)])
                }
                (DataFileFormat::Parquet, _) => position_file(&objects, delete).await.map_err(fail)?,
                (format, _) => {
                    let path = entry.file_path();
                    return Err(refuse(format!("{path} deletes rows and is in the format {format}")));
                }
            };
            for (path, positions) in lists {
                // A file that was added after the deletion is not meant by it.
                let Some(file) = data.get(path.as_str()) else { continue };
                if file.entry.sequence_number() <= entry.sequence_number() {
                    let (rows, by) = found.entry(path).or_default();
                    rows.extend(positions);
                    by.insert(data_file(entry));
                }
            }
        }
        let by_file = found.into_iter().filter_map(|(path, (mut rows, by))| {
            let n = data.get(path.as_str())?.entry.record_count();
            rows.sort_unstable();
            rows.dedup();
            rows.retain(|&position| position < n);
            let rows = Arc::new(rows);
            Some((path, Deletion { rows, by }))
        });
        let by_file = by_file.collect();
        Ok(Deleted { by_file })
    }

    /// The part that concerns some data files.
    pub(super) fn only(&self, files: &[DataFile]) -> Deleted {
        let part = files
            .iter()
            .filter_map(|f| Some((f.path.clone(), self.by_file.get(&f.path)?.clone())));
        let by_file = part.collect();
        Deleted { by_file }
    }
}

/// Whether an equality delete file concerns a data file at all; whether it holds a value of its rows is not looked at.
fn equality_applies(table: &Table, delete: &LiveFile, data: &LiveFile) -> bool {
    let global = table
        .metadata()
        .partition_spec_by_id(delete.spec)
        .is_some_and(|spec| spec.is_unpartitioned());
    let same = delete.spec == data.spec && delete.entry.data_file().partition() == data.entry.data_file().partition();
    data.entry.sequence_number() < delete.entry.sequence_number() && (global || same)
}

/// The positions by data file that a Parquet file lists.
async fn position_file(objects: &Objects, delete: &LiveFile) -> Result<BTreeMap<String, Vec<u64>>, String> {
    let (store, path) = objects.at(delete.entry.file_path()).map_err(|e| e.to_string())?;
    let reader = ParquetObjectReader::new(store, path).with_file_size(delete.entry.file_size_in_bytes());
    let builder = ParquetRecordBatchStreamBuilder::new(reader)
        .await
        .map_err(|e| e.to_string())?;
    let leaf = |id: i32, name: &str| {
        let columns = builder.parquet_schema().columns();
        let is = |c: &parquet::schema::types::ColumnDescPtr| {
            let info = c.self_type().get_basic_info();
            info.has_id() && info.id() == id
        };
        let position = columns.iter().position(is);
        position.ok_or_else(|| format!("it lacks the column `{name}`"))
    };
    let (file, pos) = (leaf(FILE_PATH, "file_path")?, leaf(POS, "pos")?);
    // Columns come in file order, whatever was asked.
    let (at_file, at_pos) = if file < pos { (0, 1) } else { (1, 0) };
    let mask = ProjectionMask::leaves(builder.parquet_schema(), [file, pos]);
    let mut batches = builder.with_projection(mask).build().map_err(|e| e.to_string())?;
    let mut out: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    while let Some(batch) = batches.try_next().await.map_err(|e| e.to_string())? {
        let files = cast(batch.column(at_file), &DataType::Utf8).map_err(|e| e.to_string())?;
        let positions = cast(batch.column(at_pos), &DataType::Int64).map_err(|e| e.to_string())?;
        let (files, positions) = (files.as_string::<i32>(), positions.as_primitive::<Int64Type>());
        for i in 0..batch.num_rows() {
            if files.is_null(i) || positions.is_null(i) {
                return Err("it holds a row without file or position".into());
            }
            let position = u64::try_from(positions.value(i)).map_err(|_| "it holds a negative position")?;
            match out.get_mut(files.value(i)) {
                Some(list) => list.push(position),
                None => drop(out.insert(files.value(i).to_string(), vec![position])),
            }
        }
    }
    Ok(out)
}

/// The positions of a deletion vector: a blob in a Puffin file whose place the manifest tells.
async fn vector(objects: &Objects, delete: &LiveFile) -> Result<Vec<u64>, String> {
    let file = delete.entry.data_file();
    let place = |number: Option<i64>| number.and_then(|n| u64::try_from(n).ok());
    let (Some(offset), Some(size)) = (place(file.content_offset()), place(file.content_size_in_bytes())) else {
        return Err("the manifest does not say where in it the deletion vector is".into());
    };
    let (store, path) = objects.at(delete.entry.file_path()).map_err(|e| e.to_string())?;
    let blob = store
        .get_range(&path, offset..offset.saturating_add(size))
        .await
        .map_err(|e| e.to_string())?;
    let positions = parse_vector(&blob)?;
    // The count guards against a vector of another file or version.
    if positions.len() as u64 != delete.entry.record_count() {
        let (n, told) = (positions.len(), delete.entry.record_count());
        return Err(format!("it deletes {n} rows where the manifest says {told}"));
    }
    Ok(positions)
}

/// Length (big-endian, of magic and bitmap), magic, a 64-bit Roaring bitmap in its portable form, CRC-32 (big-endian).
fn parse_vector(blob: &[u8]) -> Result<Vec<u64>, String> {
    let damaged = || "the deletion vector in it is damaged".to_string();
    let (length, rest) = blob.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (body, sum) = rest.split_last_chunk::<4>().ok_or_else(damaged)?;
    let mut crc = Crc::new();
    crc.update(body);
    if u32::from_be_bytes(*length) as usize != body.len() || u32::from_be_bytes(*sum) != crc.sum() {
        return Err(damaged());
    }
    let bitmap = body.strip_prefix(&MAGIC).ok_or_else(damaged)?;
    let positions = RoaringTreemap::deserialize_from(bitmap).map_err(|_| damaged())?;
    Ok(positions.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(positions: &[u64]) -> Vec<u8> {
        let mut body = MAGIC.to_vec();
        RoaringTreemap::from_iter(positions.iter().copied())
            .serialize_into(&mut body)
            .unwrap();
        let mut crc = Crc::new();
        crc.update(&body);
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[..], &body, &crc.sum().to_be_bytes()].concat()
    }

    #[test]
    fn a_vector_is_read_and_a_damaged_one_refused() {
        let positions = [0, 7, 65_536, 1 << 33];
        let good = blob(&positions);
        assert_eq!(parse_vector(&good).unwrap(), positions);
        for i in 0..good.len() {
            let mut bad = good.clone();
            bad[i] ^= 1;
            assert!(parse_vector(&bad).is_err(), "byte {i}");
            assert!(parse_vector(&good[..i]).is_err(), "cut at {i}");
        }
    }
}
