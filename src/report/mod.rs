//! View models: what each page, the terminal and the summary show, as ready-made words.
//!
//! Pure: no template engine, no disk, no clock. View structs hold text and booleans only, so that a template can neither
//! round a number nor print a missing one.
//!
//! ```text
//! Comparison + SampleSet ─► overview, slice_page, samples, sample, method ─► site (templates)
//! RunReport  + SampleSet ─► run_report, samples, sample, method           ─► site
//! Comparison             ─► terminal, markdown
//! ```

pub mod bars;
pub mod calibration;
pub mod changes;
pub mod charts;
pub mod classes;
pub mod cost;
pub mod cut;
pub mod discovered;
pub mod distribution;
pub mod files;
pub mod format;
pub mod glossary;
pub mod headline;
pub mod index;
pub mod label_changes;
pub mod latency;
pub mod links;
pub mod lists;
pub mod llm_comparator;
pub mod markdown;
pub mod matrix;
pub mod measure;
pub mod media;
pub mod metadata;
pub mod method;
pub mod metrics;
pub mod overview;
pub mod parts;
pub mod payload;
mod pretty;
pub mod provenance;
pub mod repeats;
pub mod reproduce;
pub mod run_report;
pub mod sample;
pub mod samples;
pub mod scores;
pub mod slice_page;
pub mod slices;
pub mod sql;
pub mod square;
pub mod terminal;
pub mod trend;
pub mod undecided;
pub mod words;

pub use index::IndexEntry;
