//! The error that a command ends with: what kind it is, what happened, why, and what to do about it.
//!
//! | code | kind | meaning |
//! |---|---|---|
//! | 0 | none | compared, imported, shown (also when something regressed), or a reader closed the pipe |
//! | 1 | [`ErrorKind::Regression`], [`ErrorKind::Altered`] | a gate found a regression, or `verify` found altered evidence |
//! | 2 | [`ErrorKind::Usage`] | a changed command line or configuration mends it |
//! | 3 | [`ErrorKind::NotComparable`] | no matched sample, or evidence that can no longer be confirmed |
//! | 4 | [`ErrorKind::Data`] | the content of data or storage, or a service |
//!
//! Each module keeps its own error enum and converts it with [`Error::new`] and [`Error::with_source`]; nothing in here
//! knows those modules.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Write};

/// Result of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A gate found a regression.
    Regression,
    /// `verify` found altered evidence.
    Altered,
    /// The command line or the configuration has to change.
    Usage,
    /// There is nothing to compare, or evidence can no longer be confirmed.
    NotComparable,
    /// The content of data or storage, or a service.
    Data,
}

impl ErrorKind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Regression | ErrorKind::Altered => 1,
            ErrorKind::Usage => 2,
            ErrorKind::NotComparable => 3,
            ErrorKind::Data => 4,
        }
    }
}

/// A failure with its cause and the way out.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    on_stdout: bool,
}

impl Error {
    /// An error of any kind; the message is lower case, without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            hint: None,
            source: None,
            on_stdout: false,
        }
    }

    /// A gate found a regression.
    pub fn regression(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Regression, message)
    }

    /// Evidence was altered.
    pub fn altered(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Altered, message)
    }

    /// The command line or the configuration has to change.
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Usage, message)
    }

    /// There is nothing to compare or to confirm.
    pub fn not_comparable(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::NotComparable, message)
    }

    /// Data, storage or a service is at fault.
    pub fn data(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Data, message)
    }

    /// Writing to standard output failed; a reader that closed the pipe is no failure.
    ///
    /// Only this constructor treats a broken pipe as success: one towards storage or a service stays an error.
    pub fn stdout(source: io::Error) -> Self {
        let mut error = Error::data("cannot write to standard output").with_source(source);
        error.on_stdout = true;
        error
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What happened, without its cause.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code of the process; 0 where the reader of standard output just left.
    pub fn exit_code(&self) -> u8 {
        if self.is_broken_pipe() {
            0
        } else {
            self.kind.exit_code()
        }
    }

    /// Whether the reader of standard output closed the pipe.
    pub fn is_broken_pipe(&self) -> bool {
        self.on_stdout
            && self
                .source
                .as_deref()
                .and_then(|source| source.downcast_ref::<io::Error>())
                .is_some_and(|source| source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Message and causes joined with `: `, on one line, each said once.
    pub fn chain(&self) -> String {
        let mut text = one_line(&self.message);
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            let piece = match error.downcast_ref::<Error>() {
                Some(ours) => one_line(&ours.message),
                None => one_line(&error.to_string()),
            };
            // Many libraries repeat their cause in their own text.
            if !piece.is_empty() && !text.ends_with(&piece) {
                text.push_str(": ");
                text.push_str(&piece);
            }
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.chain())?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", one_line(hint)),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Writes an error for a person: one line, and the hint on a line of its own; nothing for a broken pipe.
///
/// A writer that fails is ignored: there is nowhere left to say so.
pub fn report_error(error: &Error, w: &mut impl Write) {
    if !error.is_broken_pipe() {
        let _ = writeln!(w, "{error}");
    }
}

/// Folds line breaks into spaces and shows other control characters escaped: data may end up in a message.
fn one_line(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut out = String::with_capacity(text.len());
    for c in lines.join(" ").chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_documented_codes() {
        let left = || io::Error::from(io::ErrorKind::BrokenPipe);
        for (error, code) in [
            (Error::regression("x"), 1),
            (Error::altered("x"), 1),
            (Error::usage("x"), 2),
            (Error::not_comparable("x"), 3),
            (Error::data("x").with_source(left()), 4),
            (Error::stdout(left()), 0),
            (Error::stdout(io::ErrorKind::StorageFull.into()), 4),
        ] {
            let mut out = Vec::new();
            report_error(&error, &mut out);
            assert_eq!((error.exit_code(), out.is_empty()), (code, code == 0));
        }
    }

    #[test]
    fn prints_the_chain_once_and_the_hint_below() {
        let inner = Error::data("no\n  file\u{1b}[31m").with_source("no file\u{1b}[31m");
        let error = Error::usage("reading a").with_source(inner).with_hint("see");
        let text = "error: reading a: no file\\u{1b}[31m\nhint: see";
        assert_eq!(error.to_string(), text);
    }
}
