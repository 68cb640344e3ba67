//! evaldiff: is the new model really better, and where did it get worse?
pub mod audit;
pub mod cli;
pub mod compare;
pub mod config;
pub mod engine;
pub mod error;
pub mod ingest;
pub mod model;
pub mod names;
pub mod stats;
pub mod store;
