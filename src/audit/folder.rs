//! Checks a report's folder against its manifest, file by file.

use super::manifest::{FileDigest, MANIFEST_NAME, Manifest};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// What is wrong with the files of a report; empty if nothing. Each line names a file.
///
/// # Errors
/// Fails if the folder cannot be read.
pub fn check(folder: &Path, manifest: &Manifest) -> io::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found)?;
    for (path, digest) in &manifest.files {
        if !found.contains(path) {
            wrong.push(format!("{path}: missing"));
            continue;
        }
        if FileDigest::of(&std::fs::read(folder.join(path))?) != *digest {
            wrong.push(format!("{path}: changed"));
        }
    }
    let extra = found
        .iter()
        .filter(|p| *p != MANIFEST_NAME && !manifest.files.contains_key(*p));
    wrong.extend(extra.map(|path| format!("{path}: not in the manifest")));
    Ok(wrong)
}

fn walk(root: &Path, folder: &Path, out: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(root, &entry.path(), out)?;
        } else if let Ok(path) = entry.path().strip_prefix(root) {
            let parts: Vec<_> = path.components().map(|c| c.as_os_str().to_string_lossy()).collect();
            out.insert(parts.join("/"));
        }
    }
    Ok(())
}
