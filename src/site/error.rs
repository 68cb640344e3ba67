//! What can go wrong when pages are rendered or written.

use std::io;
use std::path::PathBuf;

/// A page could not be rendered or written.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A template does not parse.
    #[error("template {name} does not parse")]
    Template {
        /// Its name.
        name: &'static str,
        /// Where it breaks.
        #[source]
        source: Box<handlebars::TemplateError>,
    },
    /// A page cannot be rendered.
    #[error("cannot render {path}")]
    Render {
        /// The page.
        path: String,
        /// What the template misses.
        #[source]
        source: Box<handlebars::RenderError>,
    },
    /// A file of a theme is not as it has to be.
    #[error("{}{} {reason}", path.display(), line.map_or_else(String::new, |line| format!(", line {line}:")))]
    Theme {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// Two pages have the same path.
    #[error("two pages would be written to {path}")]
    Twice {
        /// The path.
        path: String,
    },
    /// A path that leaves the folder.
    #[error("{path:?} is not a path inside the report")]
    Outside {
        /// The path.
        path: String,
    },
    /// The folder exists and holds other bytes.
    #[error("{} already exists with other content", path.display())]
    Different {
        /// The first file that differs.
        path: PathBuf,
    },
    /// The folder exists and lacks a file, or has one too many.
    #[error("{} already exists and {}", folder.display(), if *more { format!("also holds {name}") } else { format!("lacks {name}") })]
    Incomplete {
        /// The report's folder.
        folder: PathBuf,
        /// Path of the file in it.
        name: String,
        /// Whether it is one too many.
        more: bool,
    },
    /// The disk says no.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}
