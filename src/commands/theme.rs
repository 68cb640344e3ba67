//! Which theme the pages of a report have.

use super::{Session, convert};
use crate::error::{Error, Result};
use crate::model::{CompareOptions, Kind};
use crate::site::{self, SiteError, Theme};

/// The theme that was asked for; `None` for the built-in one.
///
/// # Errors
/// Usage error that names the file, and its line, that cannot be used.
pub(super) fn configured(session: &Session) -> Result<Option<Theme>> {
    let folder = session.config.theme.as_deref();
    if folder.is_none() {
        site::prepare();
    }
    folder.map(Theme::read).transpose().map_err(|e| match e {
        SiteError::Io { .. } => Error::usage(convert::chain(&e)).with_hint("give the folder of a theme with --theme"),
        other => convert::site(other),
    })
}

/// The options of a comparison whose pages have this theme.
pub(super) fn options(session: &Session, kind: Kind, theme: Option<&Theme>) -> Result<CompareOptions> {
    let mut options = session.config.options(kind)?;
    options.theme = theme.map(|theme| theme.digest().to_owned());
    Ok(options)
}

/// What a report's pages can be rendered with again.
pub(super) enum Recorded {
    /// The theme that it was made with, or none.
    Same(Option<Box<Theme>>),
    /// It was made with a theme that was not given.
    Missing,
}

/// The theme that a report records.
///
/// # Errors
/// Usage error if another one was given.
pub(super) fn recorded(session: &Session, digest: Option<&str>) -> Result<Recorded> {
    let Some(digest) = digest else {
        return Ok(Recorded::Same(None));
    };
    match configured(session)? {
        None => Ok(Recorded::Missing),
        Some(theme) if theme.digest() == digest => Ok(Recorded::Same(Some(Box::new(theme)))),
        Some(theme) => Err(Error::usage(format!(
            "the report was made with the theme {}, and --theme is {}",
            digest.escape_debug(),
            theme.digest()
        ))
        .with_hint("give the theme as it was then, or none: numbers are checked all the same")),
    }
}
