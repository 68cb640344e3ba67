//! The opened files of a run: footers read once, columns found by field id.

use super::error::EngineError;
use crate::model::DataFile;
use crate::store::{
    self, Absent, FILE_NAMES, LocationError, MODEL_VERSION, Objects, RUN_ID, ResolvedRun, column_position,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetObjectReader};
use parquet::arrow::{PARQUET_FIELD_ID_META_KEY, parquet_to_arrow_schema};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bits of a row position that hold the row within its file; the bits above hold the file.
pub const ROW_BITS: u32 = 40;

/// Files whose footers are read at once.
const OPEN_AT_ONCE: usize = 8;
/// Bytes from a file's end that are read first: the footer, as a rule, and most indexes.
const FOOTER_BYTES: usize = 64 << 10;

/// One data file with its footer.
#[derive(Clone, Debug)]
pub struct OpenFile {
    /// What the manifest says of it.
    pub file: DataFile,
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    /// The footer.
    pub metadata: Arc<ParquetMetaData>,
    /// What all of its rows have in columns by which the table is partitioned, by field id.
    pub partition: BTreeMap<i32, Absent>,
    /// Positions of rows that are deleted, in order; usually none.
    pub deleted: Option<Arc<Vec<u64>>>,
}

/// The files of a run.
#[derive(Clone, Debug)]
pub struct RunFiles {
    /// In key order where the run is sorted.
    pub files: Vec<Arc<OpenFile>>,
    /// Where the files hold rows of other runs too: what those that count have in which column.
    pub only: Vec<(ReadColumn, String)>,
    /// Of each file the row groups that may hold rows which count.
    pub row_groups: Vec<Vec<usize>>,
}

impl RunFiles {
    /// Reads every footer and checks each file against its manifest entry.
    ///
    /// # Errors
    /// [`EngineError::File`] if one is missing or damaged, [`EngineError::Altered`] if its size or rows differ.
    pub async fn open(run: &ResolvedRun) -> Result<RunFiles, EngineError> {
        let (files, objects) = (&run.run.data_files, &run.objects);
        let mut only = Vec::new();
        if run.mixed_files {
            for (column, value) in [(RUN_ID, &run.run.run_id), (MODEL_VERSION, &run.run.model_version)] {
                only.push((ReadColumn::of(&run.schema, column, true)?, value.clone()));
            }
        }
        let open = stream::iter(files)
            .map(|file| {
                let partition = run.partitions.of(&file.path);
                open_file(objects, file, partition, run.deleted.of(&file.path))
            })
            .buffered(OPEN_AT_ONCE);
        let files: Vec<Arc<OpenFile>> = open.map_ok(Arc::new).try_collect().await?;
        let row_groups = files.iter().map(|file| candidates(file, &only)).collect();
        Ok(RunFiles {
            files,
            only,
            row_groups,
        })
    }

    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|f| f.file.rows).sum()
    }

    /// A reader for one of the files.
    pub fn reader(&self, file: &OpenFile) -> ParquetObjectReader {
        ParquetObjectReader::new(Arc::clone(&file.store), file.path.clone()).with_file_size(file.file.size)
    }
}

/// The row groups of a file whose statistics do not rule out that they hold such rows: a file of many runs is read in part.
fn candidates(file: &OpenFile, only: &[(ReadColumn, String)]) -> Vec<usize> {
    let leaves: Vec<(Option<usize>, &str)> = only
        .iter()
        .map(|(column, value)| (file.leaf(column), value.as_str()))
        .collect();
    let may_hold = |group: &RowGroupMetaData| {
        leaves.iter().all(|(leaf, value)| {
            let statistics = leaf.and_then(|leaf| group.column(leaf).statistics());
            statistics.is_none_or(|statistics| may_be(statistics, value))
        })
    };
    let groups = file.metadata.row_groups().iter().enumerate();
    groups.filter(|(_, group)| may_hold(group)).map(|(i, _)| i).collect()
}

/// Whether a column chunk may hold a text. Null counts as empty, as it does where runs are told apart.
fn may_be(statistics: &Statistics, value: &str) -> bool {
    let Statistics::ByteArray(texts) = statistics else {
        return true;
    };
    // Old writers compared bytes as signed numbers.
    if statistics.is_min_max_deprecated() {
        return true;
    }
    // A cut bound lies outside of the values, a maximum that could not be incremented excepted: that is a prefix of some.
    match (texts.min_opt(), texts.max_opt()) {
        (Some(low), Some(high)) if !value.is_empty() => {
            let (low, high, value) = (low.data(), high.data(), value.as_bytes());
            low <= value && (value <= high || value.starts_with(high))
        }
        _ => true,
    }
}

async fn open_file(
    objects: &Objects,
    file: &DataFile,
    partition: BTreeMap<i32, Absent>,
    deleted: Option<&Arc<Vec<u64>>>,
) -> Result<OpenFile, EngineError> {
    let fail = |reason: String| EngineError::File {
        path: file.path.clone(),
        reason,
    };
    let altered = |reason: String| EngineError::Altered {
        path: file.path.clone(),
        reason,
    };
    let (store, path) = objects.at(&file.path).map_err(|error| match error {
        LocationError::Outside => EngineError::Outside(file.path.clone()),
        LocationError::Other(reason) => fail(reason),
    })?;
    let size = store.head(&path).await.map_err(|e| fail(reason(&e)))?.size;
    if size != file.size {
        return Err(altered(format!(
            "it has {size} bytes where the manifest says {}",
            file.size
        )));
    }
    let mut reader = ParquetObjectReader::new(Arc::clone(&store), path.clone())
        .with_file_size(size)
        .with_footer_size_hint(FOOTER_BYTES);
    // The offset index is small and lets look-ups read single pages; the column index is not needed.
    let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
    let metadata = reader
        .get_metadata(Some(&options))
        .await
        .map_err(|e| altered(e.to_string()))?;
    let rows = metadata.file_metadata().num_rows();
    if rows as u64 != file.rows {
        return Err(altered(format!(
            "it has {rows} rows where the manifest says {}",
            file.rows
        )));
    }
    Ok(OpenFile {
        file: file.clone(),
        store,
        path,
        metadata,
        partition,
        deleted: deleted.cloned(),
    })
}

/// Why a file cannot be read: the operating system's words, or the store's.
fn reason(error: &object_store::Error) -> String {
    match error {
        object_store::Error::NotFound { .. } => "it does not exist".into(),
        other => store::refusal(other),
    }
}

/// A column to read, as the run's schema knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadColumn {
    /// Name in the pinned schema.
    pub name: String,
    /// Field id: what identifies the column in the files.
    pub field_id: Option<i32>,
    /// Its type there, which its values get whatever their file has.
    pub data_type: DataType,
    /// Whether text is to be read as a dictionary.
    pub dictionary: bool,
    /// What rows have in files that lack it.
    pub absent: Absent,
    /// Its names in files without field ids.
    pub names: Vec<String>,
}

impl ReadColumn {
    /// The column of that name in a snapshot's schema.
    ///
    /// # Errors
    /// [`EngineError::NoColumn`].
    pub fn of(schema: &Schema, name: &str, dictionary: bool) -> Result<ReadColumn, EngineError> {
        let field = schema
            .field_with_name(name)
            .map_err(|_| EngineError::NoColumn(name.to_string()))?;
        Ok(ReadColumn {
            name: name.to_string(),
            field_id: field_id(field),
            data_type: field.data_type().clone(),
            dictionary,
            absent: Absent::of(field),
            names: file_names(field),
        })
    }

    /// The same column with the type that it has in another snapshot's schema, if that is the wider one: of two runs, only
    /// one may have been written after its type was promoted.
    pub fn widened(mut self, other: &Schema) -> ReadColumn {
        let same = |field: &&Arc<Field>| match self.field_id {
            Some(id) => field_id(field) == Some(id),
            None => *field.name() == self.name,
        };
        if let Some(field) = other.fields().iter().find(same)
            && store::widens(field.data_type(), &self.data_type)
        {
            self.data_type = field.data_type().clone();
        }
        self
    }
}

fn file_names(field: &Field) -> Vec<String> {
    let mapped = field.metadata().get(FILE_NAMES);
    let mapped = mapped.and_then(|json| serde_json::from_str(json).ok());
    mapped.unwrap_or_else(|| vec![field.name().clone()])
}

fn field_id(field: &Field) -> Option<i32> {
    field
        .metadata()
        .get(PARQUET_FIELD_ID_META_KEY)
        .and_then(|id| id.parse().ok())
}

/// How the wanted columns lie in one file.
pub struct FileColumns {
    /// Reader metadata with the dictionary hints.
    pub metadata: ArrowReaderMetadata,
    /// Per wanted column its root position in the file; `None` if the file lacks it.
    pub roots: Vec<Option<usize>>,
    /// Per wanted column what its rows have if the file lacks it.
    pub absent: Vec<Absent>,
}

impl OpenFile {
    /// Where a column lies among the leaves.
    pub fn leaf(&self, column: &ReadColumn) -> Option<usize> {
        let found = self.columns(std::slice::from_ref(column)).ok()?;
        let root = (*found.roots.first()?)?;
        let descriptor = self.metadata.file_metadata().schema_descr();
        (0..descriptor.num_columns()).find(|&i| descriptor.get_column_root_idx(i) == root)
    }

    /// Finds the wanted columns, by field id, or by name where the file has no ids at all, and what stands for those it lacks. `key` is read as views.
    ///
    /// # Errors
    /// [`EngineError::File`] if the schema cannot be read, [`EngineError::Default`] if a column is missing whose value is
    /// then unknown.
    pub fn columns(&self, wanted: &[ReadColumn]) -> Result<FileColumns, EngineError> {
        let fail = |e: parquet::errors::ParquetError| EngineError::File {
            path: self.file.path.clone(),
            reason: e.to_string(),
        };
        let descriptor = self.metadata.file_metadata().schema_descr();
        let schema = parquet_to_arrow_schema(descriptor, None).map_err(fail)?;
        let fields = schema.fields().iter().map(|f| (field_id(f), f.name().as_str()));
        let find = |column: &ReadColumn| column_position(fields.clone(), column.field_id, &column.names);
        let roots: Vec<Option<usize>> = wanted.iter().map(find).collect();
        let given = |column: &ReadColumn| column.field_id.and_then(|id| self.partition.get(&id)).cloned();
        let absent = wanted
            .iter()
            .map(|column| given(column).unwrap_or_else(|| column.absent.clone()));
        let absent: Vec<Absent> = absent.collect();
        for ((column, absent), _) in wanted
            .iter()
            .zip(&absent)
            .zip(&roots)
            .filter(|(_, root)| root.is_none())
        {
            if let Absent::Unread(what) = absent {
                return Err(EngineError::Default {
                    path: self.file.path.clone(),
                    column: column.name.clone(),
                    what: what.clone(),
                });
            }
        }
        let hinted = hint(&schema, wanted, &roots);
        let options = ArrowReaderOptions::new().with_schema(hinted);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(&self.metadata), options).map_err(fail)?;
        Ok(FileColumns {
            metadata,
            roots,
            absent,
        })
    }
}

fn hint(schema: &Schema, wanted: &[ReadColumn], roots: &[Option<usize>]) -> SchemaRef {
    let mut fields: Vec<Field> = schema.fields().iter().map(|f| f.as_ref().clone()).collect();
    for (column, root) in wanted.iter().zip(roots) {
        let Some(field) = root.and_then(|i| fields.get_mut(i)) else {
            continue;
        };
        if matches!(
            field.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        ) {
            let data_type = match column.dictionary {
                true => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                false => DataType::Utf8View,
            };
            *field = field.clone().with_data_type(data_type);
        }
    }
    Arc::new(Schema::new(fields))
}
