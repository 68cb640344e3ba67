//! The files digest: BLAKE3 over the bytes of a run's data files, so that a file changed in place is noticed whatever
//! byte it is, also in columns that have no role.

use std::io;
use std::path::{Path, PathBuf};

/// Digest over the files' names and contents, in name order: `blake3:<hex>`.
///
/// # Errors
/// Fails if a file cannot be read.
pub fn files_digest(paths: &[PathBuf]) -> io::Result<String> {
    let mut lines = Vec::with_capacity(paths.len());
    for path in paths {
        lines.push(format!("{}\0{}\n", name(path), content_digest(path)?));
    }
    lines.sort();
    Ok(format!("blake3:{}", blake3::hash(lines.concat().as_bytes()).to_hex()))
}

fn content_digest(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn name(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}
