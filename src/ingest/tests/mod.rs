//! Whole imports over files in a temporary folder.

mod bad;
mod formats;
mod order;
mod roles;
mod types;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::util::display::array_value_to_string;
use datafusion::execution::TaskContext;
use futures::StreamExt;

use super::{ImportPlan, ImportSpec, IngestError, KnownColumn, plan};

/// A temporary folder with input files.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    pub(super) fn gzip(&self, name: &str, content: &str) -> PathBuf {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content.as_bytes()).unwrap();
        self.write(name, encoder.finish().unwrap())
    }

    pub(super) fn parquet(&self, name: &str, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = std::fs::File::create(self.path(name)).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self.path(name)
    }
}

pub(super) fn of(file: PathBuf) -> ImportSpec {
    ImportSpec {
        files: vec![file],
        ..ImportSpec::default()
    }
}

pub(super) fn run(spec: &ImportSpec) -> Result<ImportPlan, IngestError> {
    plan(spec, &[], &|_| {})
}

/// All rows, sorted, as `a|b|c` with `~` for null.
pub(super) async fn rows(plan: ImportPlan) -> Result<Vec<String>, IngestError> {
    rows_with(plan, Arc::new(TaskContext::default())).await
}

pub(super) async fn rows_with(plan: ImportPlan, ctx: Arc<TaskContext>) -> Result<Vec<String>, IngestError> {
    let schema = plan.schema();
    let mut stream = plan.sorted(ctx).await?;
    let mut out = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        assert_eq!(batch.schema(), schema);
        out.extend(printed(&batch));
    }
    Ok(out)
}

pub(super) fn printed(batch: &RecordBatch) -> Vec<String> {
    let cell = |array: &ArrayRef, row| {
        if array.is_null(row) {
            "~".to_owned()
        } else {
            array_value_to_string(array, row).unwrap()
        }
    };
    let line = |row| {
        batch
            .columns()
            .iter()
            .map(|array| cell(array, row))
            .collect::<Vec<_>>()
            .join("|")
    };
    (0..batch.num_rows()).map(line).collect()
}

/// The error with the folder cut from its paths, its kind and its hint.
pub(super) fn failure(folder: &Folder, error: &IngestError) -> String {
    let prefix = format!("{}/", folder.0.path().display());
    let hint = error.hint().unwrap_or_default();
    format!("{error} [{:?}] {hint}", error.kind()).replace(&prefix, "")
}
