//! Pure types of the domain: runs, outcomes, counts, metrics, slices, verdicts and the comparison document.
//!
//! Imports nothing else of this crate, and no engine, store or template type: what stands here can be read,
//! serialised and tested without a table or a disk.

pub mod catalog;
pub mod comparison;
pub mod confidence;
pub mod cost;
pub mod counts;
pub mod discovered;
pub mod distribution;
pub mod kind;
pub mod media;
pub mod options;
pub mod outcome;
pub mod report;
pub mod run;
pub mod samples;
pub mod slice;
pub mod verdict;

pub use catalog::{CatalogKind, CatalogLocation, PASSWORD, QUERY};
pub use comparison::{ClassRow, Comparison, Confusion, Metric, Side};
pub use confidence::{CalibrationSums, ConfidenceSums};
pub use counts::{Counts, JointTable, Relabelled, SliceCounts, SliceTable};
pub use discovered::{Discovered, DiscoveredSlice, Findings};
pub use kind::Kind;
pub use media::{Media, MediaFile, MediaType, NoMedia};
pub use options::{ColumnRoles, CompareOptions, ScoreRole};
pub use outcome::{Accounting, AccountingClass, Outcome, Outcomes};
pub use run::{DataFile, Golden, PinnedRun};
pub use samples::{Sample, SampleList, SampleSet};
pub use slice::{Origin, Predicate, SliceResult};
pub use verdict::{Direction, NonInferiority, Verdict};
