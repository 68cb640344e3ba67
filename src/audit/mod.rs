//! The evidence of a report: digests of what was read, the manifest of what was written, and their verification.

pub mod files_digest;
pub mod folder;
pub mod manifest;
pub mod rows_digest;
