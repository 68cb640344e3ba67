//! From the modules' errors to the top one: kind and hint are decided near each module, exit codes here.

use crate::compare::CompareError;
use crate::engine::EngineError;
use crate::error::Error;
use crate::ingest::{IngestError, IngestErrorKind};
use crate::publish::PublishError;
use crate::runner::RunnerError;
use crate::site::SiteError;
use crate::store::StoreError;
use std::error::Error as StdError;

fn kind(usage: bool, text: String, hint: Option<String>) -> Error {
    let error = if usage { Error::usage(text) } else { Error::data(text) };
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// An error and its causes on one line, each said once.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let piece = cause.to_string();
        if !text.contains(&piece) {
            text.push_str(": ");
            text.push_str(&piece);
        }
        next = cause.source();
    }
    text
}

pub(super) fn store(error: StoreError) -> Error {
    let hint = error.hint();
    // A snapshot that is gone can no longer be confirmed.
    if matches!(error, StoreError::SnapshotGone { .. }) {
        return Error::not_comparable(error.to_string())
            .with_hint("`evaldiff runs` lists the runs that are there".to_string());
    }
    kind(error.is_usage(), chain(&error), hint)
}

pub(super) fn engine(error: EngineError) -> Error {
    compare(CompareError::Engine(error))
}

pub(super) fn compare(error: CompareError) -> Error {
    kind(error.is_usage(), error.to_string(), error.hint())
}

pub(super) fn ingest(error: IngestError) -> Error {
    kind(error.kind() == IngestErrorKind::Usage, chain(&error), error.hint())
}

pub(super) fn publish(error: PublishError) -> Error {
    let hint = error.hint();
    match error {
        PublishError::Different(_) => {
            let text = error.to_string();
            hint.into_iter().fold(Error::altered(text), Error::with_hint)
        }
        _ => kind(false, error.to_string(), hint),
    }
}

pub(super) fn runner(error: RunnerError) -> Error {
    kind(error.is_usage(), chain(&error), error.hint())
}

pub(super) fn site(error: SiteError) -> Error {
    let hint = match &error {
        SiteError::Different { .. } => Some("choose another folder with --out".to_string()),
        SiteError::Theme { .. } => Some(
            "a theme's files are named like evaldiff's own, in its folder templates, and name the same fields"
                .to_string(),
        ),
        SiteError::Incomplete { folder, .. } => Some(format!(
            "a report's folder is written whole and never changed: move {} away and run this again",
            folder.display()
        )),
        _ => None,
    };
    kind(hint.is_some(), chain(&error), hint)
}

pub(super) fn json(error: serde_json::Error) -> Error {
    Error::data(format!("a document cannot be written: {error}"))
}
