//! Writes a run's rows as Parquet files sorted by key, and digests them on the way.

use super::append::NewRun;
use super::catalog::local_path;
use super::contract::{self, EVAL_TIMESTAMP, KEY, MODEL_VERSION, RUN_ID};
use super::error::{Context, StoreError};
use super::partition;
use crate::audit::files_digest::files_digest;
use crate::audit::rows_digest::RowsDigest;
use crate::model::ColumnRoles;
use crate::names::safe_component;
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use iceberg::spec::{DataContentType, DataFile, DataFileFormat, PartitionKey, Struct};
use iceberg::table::Table;
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, LocationGenerator};
use iceberg::writer::file_writer::rolling_writer::{RollingFileWriter, RollingFileWriterBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use std::sync::{Arc, Mutex};

/// Rows per row group: small enough that a key range costs little beyond itself, large enough to compress.
const ROW_GROUP_ROWS: usize = 131_072;
/// Bytes per data page: decoded in the processor's cache.
const PAGE_BYTES: usize = 128 * 1024;
/// Bytes per data page of columns that are only looked up for single samples: a look-up decodes one page.
const PAYLOAD_PAGE_BYTES: usize = 16 * 1024;
/// Bytes per row group where rows hold images or sounds: it is held in memory until it is written.
const MEDIA_GROUP_BYTES: usize = 64 * 1024 * 1024;
/// Bytes after which a new file is begun.
const TARGET_FILE_BYTES: usize = 512 * 1024 * 1024;

/// Puts files into a folder named after the model version, made safe: iceberg's own generator writes partition values
/// into the path as they are, so that a version named `../x` would leave the table.
#[derive(Clone, Debug)]
struct RunLocations {
    folder: String,
    made: Arc<Mutex<Vec<String>>>,
}

impl LocationGenerator for RunLocations {
    fn generate_location(&self, _: Option<&PartitionKey>, file_name: &str) -> String {
        let path = format!("{}/{file_name}", self.folder);
        if let Ok(mut made) = self.made.lock() {
            made.push(path.clone());
        }
        path
    }
}

/// A run's files, ready to be committed.
pub(super) struct WrittenRun {
    pub(super) files: Vec<DataFile>,
    pub(super) rows: u64,
    pub(super) rows_digest: String,
    /// Over the bytes of the files, where they are local.
    pub(super) files_digest: Option<String>,
    /// Samples with truth and prediction, and those among them that agree.
    pub(super) scored: (u64, u64),
}

/// Writes one run.
pub(super) struct RunWriter {
    inner: RollingFileWriter<ParquetWriterBuilder, RunLocations, DefaultFileNameGenerator>,
    schema: SchemaRef,
    partition: Option<PartitionKey>,
    partition_value: Struct,
    spec_id: i32,
    run_id: String,
    model_version: String,
    evaluated_at: i64,
    digest: RowsDigest,
    rows: u64,
    scored: (u64, u64),
    /// Truth and prediction, where an answer is right or wrong.
    labels: Option<[String; 2]>,
    made: Arc<Mutex<Vec<String>>>,
}

impl RunWriter {
    pub(super) fn new(table: &Table, run: &NewRun) -> Result<RunWriter, StoreError> {
        let metadata = table.metadata();
        let schema = metadata.current_schema();
        let arrow_schema = Arc::new(contract::arrow_schema(table)?);
        let made = Arc::new(Mutex::new(Vec::new()));
        // Named as a partition's folder would be: object stores that look at a table's layout (SeaweedFS's table buckets)
        // take a dot in no other folder.
        let version = safe_component(&run.model_version);
        let folder = format!("{}/data/model_version={version}", metadata.location());
        let names = DefaultFileNameGenerator::new(
            format!("{}-{}", run.run_id, uuid::Uuid::now_v7().simple()),
            None,
            DataFileFormat::Parquet,
        );
        let builder = ParquetWriterBuilder::new(writer_properties(&arrow_schema, run), Arc::clone(schema));
        let rolling = RollingFileWriterBuilder::new(
            builder,
            TARGET_FILE_BYTES,
            table.file_io().clone(),
            RunLocations {
                folder,
                made: Arc::clone(&made),
            },
            names,
        );
        let spec = metadata.default_partition_spec();
        let value = partition::of(table, run)?;
        let partition = PartitionKey::new(spec.as_ref().clone(), Arc::clone(schema), value.clone());
        Ok(RunWriter {
            inner: rolling.build(),
            schema: arrow_schema,
            partition: Some(partition),
            partition_value: value,
            spec_id: spec.spec_id(),
            run_id: run.run_id.clone(),
            model_version: run.model_version.clone(),
            evaluated_at: run.evaluated_at,
            digest: RowsDigest::new(&run.roles),
            rows: 0,
            scored: (0, 0),
            labels: labels(&run.roles),
            made,
        })
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) async fn write(&mut self, input: &RecordBatch) -> Result<(), StoreError> {
        self.digest.update(input).map_err(|e| StoreError::Rows(e.to_string()))?;
        self.count_correct(input)?;
        let n = input.num_rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let column: ArrayRef = match (field.name().as_str(), input.column_by_name(field.name())) {
                (RUN_ID, _) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&self.run_id, n))),
                (MODEL_VERSION, _) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                    &self.model_version,
                    n,
                ))),
                (EVAL_TIMESTAMP, _) => {
                    Arc::new(TimestampMicrosecondArray::from_value(self.evaluated_at, n).with_timezone("+00:00"))
                }
                (_, Some(column)) => Arc::clone(column),
                (_, None) => new_null_array(field.data_type(), n),
            };
            let column = match column.data_type() == field.data_type() {
                true => column,
                false => cast(&column, field.data_type())
                    .map_err(|e| StoreError::Rows(format!("column `{}`: {e}", field.name())))?,
            };
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(StoreError::NullRequired(field.name().clone()));
            }
            columns.push(column);
        }
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| StoreError::Rows(e.to_string()))?;
        self.inner
            .write(&self.partition, &batch)
            .await
            .context("writing a data file")?;
        self.rows += n as u64;
        Ok(())
    }

    fn count_correct(&mut self, input: &RecordBatch) -> Result<(), StoreError> {
        let Some([truth, prediction]) = &self.labels else {
            return Ok(());
        };
        let (Some(truth), Some(prediction)) = (input.column_by_name(truth), input.column_by_name(prediction)) else {
            return Ok(());
        };
        let same = arrow::compute::kernels::cmp::eq(truth, prediction).map_err(|e| StoreError::Rows(e.to_string()))?;
        self.scored.0 += (same.len() - same.null_count()) as u64;
        self.scored.1 += same.true_count() as u64;
        Ok(())
    }

    /// Finishes the files and makes them durable; on failure gives the error and every path that may exist.
    pub(super) async fn close(self) -> Result<WrittenRun, (StoreError, Vec<String>)> {
        let made = Arc::clone(&self.made);
        let paths = move || made.lock().map(|m| m.clone()).unwrap_or_default();
        let builders = match self.inner.close().await.context("closing a data file") {
            Ok(builders) => builders,
            Err(error) => return Err((error, paths())),
        };
        let mut files = Vec::with_capacity(builders.len());
        for mut builder in builders {
            builder
                .content(DataContentType::Data)
                .partition(self.partition_value.clone())
                .partition_spec_id(self.spec_id);
            match builder.build() {
                Ok(file) => files.push(file),
                Err(error) => return Err((StoreError::Rows(format!("describing a data file: {error}")), paths())),
            }
        }
        for file in &files {
            if let Err(error) = make_durable(file.file_path()) {
                return Err((error, paths()));
            }
        }
        let local: Option<Vec<_>> = files.iter().map(|f| local_path(f.file_path())).collect();
        let files_digest = match local.map(|paths| files_digest(&paths)).transpose() {
            Ok(digest) => digest,
            Err(e) => return Err((StoreError::Rows(format!("reading a data file back: {e}")), paths())),
        };
        Ok(WrittenRun {
            files,
            files_digest,
            rows: self.rows,
            rows_digest: self.digest.finish(),
            scored: self.scored,
        })
    }
}

/// The columns that tell right from wrong; numbers and texts are neither.
fn labels(roles: &ColumnRoles) -> Option<[String; 2]> {
    let truth = roles.truth.clone().filter(|_| roles.kind().has_labels())?;
    Some([truth, roles.prediction.clone()])
}

/// The catalog's commit is durable, so what it refers to has to be on disk before it.
fn make_durable(location: &str) -> Result<(), StoreError> {
    let Some(path) = local_path(location) else {
        return Ok(());
    };
    let sync = |p: &std::path::Path| std::fs::File::open(p).and_then(|f| f.sync_all());
    let result = sync(&path).and_then(|()| path.parent().map_or(Ok(()), sync));
    result.map_err(|source| StoreError::Io {
        path: path.display().to_string(),
        source,
    })
}

/// iceberg 0.10.1 applies none of the table's `write.parquet.*` properties: without these, files are uncompressed.
fn writer_properties(schema: &SchemaRef, run: &NewRun) -> WriterProperties {
    let zstd = ZstdLevel::try_new(3).map_or(Compression::UNCOMPRESSED, Compression::ZSTD);
    let mut builder = WriterProperties::builder()
        .set_compression(zstd)
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_data_page_size_limit(PAGE_BYTES)
        // A page's size is looked at after so many rows.
        .set_write_batch_size(128)
        .set_created_by(format!("evaldiff {}", env!("CARGO_PKG_VERSION")));
    let narrow = |name: &str| {
        let roles = &run.roles;
        let label = roles.truth.as_deref() == Some(name) || name == roles.prediction;
        (label && roles.kind().has_labels()) || roles.slices.iter().any(|s| s == name)
    };
    if !run.roles.media.is_empty() {
        builder = builder.set_max_row_group_bytes(Some(MEDIA_GROUP_BYTES));
    }
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let name = field.name().as_str();
        if name == KEY {
            // Keys are unique: a dictionary would only be built and thrown away.
            builder = builder.set_column_dictionary_enabled(path, false);
        } else if run.roles.media.iter().any(|media| media == name) {
            // Nothing is ever looked for among them; the same image may stand in many rows, so that a dictionary may pay.
            builder = builder
                .set_column_statistics_enabled(path.clone(), EnabledStatistics::None)
                .set_column_data_page_size_limit(path, PAYLOAD_PAGE_BYTES);
        } else if field.data_type() == &DataType::Float64 {
            builder = builder.set_column_dictionary_enabled(path, false);
        } else if field.data_type() == &DataType::Utf8 && !narrow(name) && name != RUN_ID && name != MODEL_VERSION {
            builder = builder.set_column_data_page_size_limit(path, PAYLOAD_PAGE_BYTES);
        }
    }
    builder.build()
}
