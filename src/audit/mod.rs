//! The evidence of a report: digests of what was read, the manifest of what was written, and their verification.

pub mod rows_digest;
