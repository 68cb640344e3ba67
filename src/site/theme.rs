//! A folder of templates and styles that stand in the place of the built-in ones.

use super::error::SiteError;
use super::templates::{self, Templates};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest file of a theme, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// How pages look: templates, style and script.
pub struct Theme {
    pub(super) templates: Templates,
    digest: String,
}

impl Theme {
    /// Reads a theme. A file `NAME.hbs` replaces the template of that name, `report.css` and `report.js` the style and the
    /// script, and `theme.css` is added to the style.
    ///
    /// # Errors
    /// Names the file, and its line, that is unknown, does not parse, or prints text unescaped.
    pub fn read(folder: &Path) -> Result<Theme, SiteError> {
        let files = files(folder)?;
        let mut hash = Sha256::new();
        for (name, text) in &files {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        let hex: String = hash
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Theme {
            templates: Templates::themed(folder, &files)?,
            digest: format!("sha256-{hex}"),
        })
    }

    /// Tells one theme from another: the beginning of a digest over the names and bytes of its files.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// The files of a theme by name.
fn files(folder: &Path) -> Result<BTreeMap<String, String>, SiteError> {
    let refused = |path: &Path, line, reason: String| SiteError::Theme {
        path: path.to_owned(),
        line,
        reason,
    };
    let io = |path: &Path, source| SiteError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let known = templates::file_names();
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| io(folder, source))? {
        paths.push(entry.map_err(|source| io(folder, source))?.path());
    }
    paths.sort();
    let mut files = BTreeMap::new();
    for path in paths {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if !known.contains(&name) {
            let reason = format!("is no file of a theme; those are {}", known.join(", "));
            return Err(refused(&path, None, reason));
        }
        let size = fs::metadata(&path).map_err(|source| io(&path, source))?.len();
        if size > MAX_FILE {
            return Err(refused(
                &path,
                None,
                format!("has {size} bytes; at most {MAX_FILE} are taken"),
            ));
        }
        let text = fs::read_to_string(&path).map_err(|source| io(&path, source))?;
        let unescaped = |line: &str| name.ends_with(".hbs") && (line.contains("{{{") || line.contains("{{&"));
        if let Some(line) = text.lines().position(unescaped) {
            let reason = "prints text of the data unescaped: use {{name}}".to_owned();
            return Err(refused(&path, Some(line + 1), reason));
        }
        files.insert(name, text);
    }
    Ok(files)
}
