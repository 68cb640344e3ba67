//! Reads prediction files and golden datasets: formats, column roles, validation, join and sort by key.
//!
//! Every input is read twice, in batches, so that memory does not grow with the number of rows: [`plan`] reads it once
//! to judge every row and to decide names and types, and [`ImportPlan::sorted`] reads it again to yield the rows of the
//! table in the order of their keys. Knows nothing of tables, catalogs or runs.

mod bound;
mod compose;
mod compose_labels;
mod convert;
mod csv;
mod dataset;
mod digest;
mod error;
mod facts;
mod find;
mod format;
mod golden;
mod guess;
mod hint;
mod jsonl;
mod jsonrow;
mod kept;
mod labels;
mod layout;
mod logs;
mod look;
mod parquet;
mod place;
mod plan;
mod planned;
mod preview;
mod raw;
mod roles;
mod scan;
mod scan_golden;
mod sort;
mod source;
mod spec;
mod types;
mod unique;
mod values;

pub use dataset::{GoldenDataset, GoldenSpec, InputBatch};
pub use error::{IngestError, IngestErrorKind, Place};
pub use plan::plan;
pub use planned::ImportPlan;
pub use sort::SortedRows;
pub use spec::{ImportSpec, InputCounts, InputFormat, KnownColumn};

#[cfg(test)]
mod tests;
