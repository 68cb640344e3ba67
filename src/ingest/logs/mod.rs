//! The logs that evaluation tools write: a module per tool turns one sample of its log into cells, and [`LogReader`]
//! makes columns of them. What docs/IMPORTERS.md promises is decided here.

mod archive;
mod detect;
mod inspect;
mod json;
mod lighteval;
mod lm_eval;
mod mlflow;
mod promptfoo;
mod reader;

use std::fs::File;
use std::path::{Path, PathBuf};

use super::error::IngestError;
use super::format::TextInput;
use super::raw::RawReader;
use super::spec::ImportSpec;
use crate::model::ScoreRole;
pub(crate) use detect::{Seen, seen};
pub(crate) use json::Cells;
pub(crate) use lighteval::is_lighteval;
use reader::LogReader;

/// A tool whose logs are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// lm-evaluation-harness: a line per document and filter.
    LmEval,
    /// Inspect: a JSON document.
    Inspect,
    /// promptfoo: a JSON document.
    Promptfoo,
    /// promptfoo: a line per result.
    PromptfooLines,
    /// MLflow: a table as pandas splits it.
    Mlflow,
}

/// What a log says of its own columns and of its run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Columns that together identify a sample; empty where the user has to know.
    pub(crate) key: Vec<String>,
    pub(crate) truth: Option<String>,
    pub(crate) prediction: Option<String>,
    pub(crate) repeat: Option<String>,
    pub(crate) cost: Option<String>,
    /// The headline first.
    pub(crate) scores: Vec<ScoreRole>,
    pub(crate) show: Vec<String>,
    /// The model that was evaluated.
    pub(crate) model: Option<String>,
    /// What a person should know.
    pub(crate) notices: Vec<String>,
}

impl Declared {
    /// Takes in what a further file of the same run says.
    pub(crate) fn merge(&mut self, other: Declared) {
        if self.key.is_empty() {
            self.key = other.key;
        }
        self.truth = self.truth.take().or(other.truth);
        self.prediction = self.prediction.take().or(other.prediction);
        self.repeat = self.repeat.take().or(other.repeat);
        self.cost = self.cost.take().or(other.cost);
        for score in other.scores {
            if !self.scores.iter().any(|known| known.column == score.column) {
                self.scores.push(score);
            }
        }
        for column in other.show {
            if !self.show.contains(&column) {
                self.show.push(column);
            }
        }
        if self.model.is_some() && other.model.is_some() && self.model != other.model {
            let names = [&self.model, &other.model].map(|name| name.clone().unwrap_or_default());
            self.notices
                .push(format!("the logs are of several models: {}", names.join(", ")));
        }
        self.model = self.model.take().or(other.model);
        self.notices.extend(other.notices);
    }

    /// The request with this wherever it says nothing.
    pub(crate) fn complete(&self, spec: &ImportSpec) -> ImportSpec {
        let mut spec = spec.clone();
        if spec.id.is_empty() {
            spec.id.clone_from(&self.key);
        }
        spec.truth = spec.truth.or_else(|| self.truth.clone());
        spec.prediction = spec.prediction.or_else(|| self.prediction.clone());
        spec.repeat = spec.repeat.or_else(|| self.repeat.clone());
        spec.cost = spec.cost.or_else(|| self.cost.clone());
        if spec.scores.is_empty() {
            spec.scores.clone_from(&self.scores);
        }
        let free = |column: &&String| !spec.show.contains(column) && !spec.slices.contains(column);
        let show: Vec<String> = self.show.iter().filter(free).cloned().collect();
        spec.show.extend(show);
        spec
    }
}

/// One sample of a log.
pub(crate) struct Record {
    /// The line, or the position in the document, from 1.
    pub(crate) number: u64,
    pub(crate) cells: Cells,
}

/// Reads a log sample by sample.
pub(crate) trait Records: Send {
    /// The next sample, or nothing at the end.
    fn next(&mut self) -> Result<Option<Record>, IngestError>;
    /// What the log says of itself, as far as it was read.
    fn declared(&self) -> Declared;
    /// Whether numbers of records are lines of the file.
    fn by_line(&self) -> bool;
}

/// A reader of a text log. `again` opens the same file once more, for those that look ahead.
pub(crate) fn text_reader(
    log: Log,
    file: &Path,
    input: TextInput,
    again: &dyn Fn() -> Result<TextInput, IngestError>,
) -> Result<Box<dyn RawReader>, IngestError> {
    let file = file.to_owned();
    let records: Box<dyn Records> = match log {
        Log::LmEval => Box::new(lm_eval::LmEval::new(file.clone(), input, again()?)?),
        Log::Inspect => Box::new(inspect::Inspect::document(file.clone(), input)?),
        Log::Promptfoo => Box::new(promptfoo::Promptfoo::document(file.clone(), input)?),
        Log::PromptfooLines => Box::new(promptfoo::Promptfoo::lines(file.clone(), input)),
        Log::Mlflow => Box::new(mlflow::Mlflow::new(file.clone(), input)?),
    };
    Ok(Box::new(LogReader::new(file, records)))
}

/// A reader of Inspect's `.eval` archives.
pub(crate) fn archive_reader(file: &Path, handle: File) -> Result<Box<dyn RawReader>, IngestError> {
    let records = inspect::Inspect::archive(file.to_owned(), handle)?;
    Ok(Box::new(LogReader::new(file.to_owned(), Box::new(records))))
}

/// A reader of lighteval's details.
pub(crate) fn details_reader(file: PathBuf, handle: File) -> Result<Box<dyn RawReader>, IngestError> {
    let records = lighteval::Lighteval::new(file.clone(), handle)?;
    Ok(Box::new(LogReader::new(file, Box::new(records))))
}
