//! The DataFusion session, the scan of a pinned run's files and the ordered-merge join.
//!
//! Knows rows and keys, not metrics. The scan is a leaf of our own rather than DataFusion's Parquet source, because
//! categorical columns are read as dictionaries (and so become small codes without hashing a string per row), each
//! footer is read once whatever the number of key ranges, and row positions come for free, which lets payload be
//! fetched afterwards for single samples.

pub mod error;
pub mod files;
pub mod lookup;
pub mod map;
pub mod merge;
pub mod ordered;
mod pool;
pub mod ranges;
pub mod scan;
pub mod whole;

pub use error::EngineError;

use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{MemoryPool, UnboundedMemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::path::PathBuf;
use std::sync::Arc;

/// Rows per batch that travels through the engine.
pub const BATCH_ROWS: usize = 8_192;

/// Limits of the engine; none of them can change a result.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Bytes of DataFusion's memory pool; unbounded if `None`.
    pub memory_limit: Option<u64>,
    /// Tasks that run at once.
    pub threads: usize,
    /// Folder for spilled data; the system's temporary folder if `None`.
    pub spill: Option<PathBuf>,
}

/// A DataFusion session.
#[derive(Clone)]
pub struct Engine {
    context: Arc<TaskContext>,
    options: EngineOptions,
}

impl Engine {
    /// Makes a session within the limits.
    ///
    /// # Errors
    /// Fails if the spill folder cannot be made.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        let pool: Arc<dyn MemoryPool> = match options.memory_limit {
            Some(bytes) => Arc::new(pool::RoomyPool::new(usize::try_from(bytes).unwrap_or(usize::MAX))),
            None => Arc::new(UnboundedMemoryPool::default()),
        };
        let mode = match &options.spill {
            Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
            None => DiskManagerMode::OsTmpDirectory,
        };
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode))
            .build_arc()?;
        // A merge of spilled runs holds some batches of each of them: within a tight limit they have to be small.
        let batch = options.memory_limit.map_or(BATCH_ROWS, |bytes| {
            usize::try_from(bytes >> 16)
                .unwrap_or(BATCH_ROWS)
                .clamp(1024, BATCH_ROWS)
        });
        // Small sort reservations: the default of 10 MB per sort would not fit a tight memory limit twice.
        let config = SessionConfig::new()
            .with_batch_size(batch)
            .with_target_partitions(options.threads.max(1))
            .with_sort_spill_reservation_bytes(4 << 20);
        let context = SessionContext::new_with_config_rt(config, runtime).task_ctx();
        Ok(Engine { context, options })
    }

    /// The context in which plans are executed.
    pub fn context(&self) -> Arc<TaskContext> {
        Arc::clone(&self.context)
    }

    /// Tasks that run at once.
    pub fn threads(&self) -> usize {
        self.options.threads.max(1)
    }

    /// Bytes of the memory pool.
    pub fn memory_limit(&self) -> Option<u64> {
        self.options.memory_limit
    }
}

/// All rows of a run in file order, with the wanted columns and their positions.
pub fn scan_rows(
    files: Arc<files::RunFiles>,
    columns: Vec<files::ReadColumn>,
) -> futures::stream::BoxStream<'static, Result<arrow::array::RecordBatch, EngineError>> {
    let pieces = ranges::everything(&files);
    scan_pieces(files, columns, pieces)
}

/// The same of some row groups.
pub fn scan_pieces(
    files: Arc<files::RunFiles>,
    columns: Vec<files::ReadColumn>,
    pieces: Vec<scan::Piece>,
) -> futures::stream::BoxStream<'static, Result<arrow::array::RecordBatch, EngineError>> {
    use datafusion::physical_plan::ExecutionPlan;
    use futures::{StreamExt, TryStreamExt};
    let scan = scan::RunScanExec::new(files, columns, vec![pieces]);
    match scan.execute(0, Arc::new(TaskContext::default())) {
        Ok(stream) => stream.map_err(EngineError::from).boxed(),
        Err(error) => futures::stream::once(async move { Err(error.into()) }).boxed(),
    }
}
