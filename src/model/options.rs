//! What a comparison was asked to do, fully resolved: part of the evidence, and hashed into a report's address.

use super::kind::Kind;
use super::verdict::Direction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which column plays which part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRoles {
    /// The columns that together identify a sample.
    pub key: Vec<String>,
    /// Ground truth; only scored texts may be without.
    pub truth: Option<String>,
    /// Prediction.
    pub prediction: String,
    /// Probability of the predicted label.
    pub confidence: Option<String>,
    /// `ok`, `error` or `skipped`.
    pub status: Option<String>,
    /// Why a sample has status `error`.
    pub error: Option<String>,
    /// Milliseconds that the answer took.
    pub latency: Option<String>,
    /// Slice columns, in the order in which they were declared.
    pub slices: Vec<String>,
    /// Payload columns, worth showing for a sample (inputs, outputs).
    pub show: Vec<String>,
    /// What kind of evaluation this is; classification where nothing says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Scores of a free-text output, the headline first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreRole>,
    /// Probability of the positive class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// The positive label; else the one of two that sorts last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive_label: Option<String>,
    /// Number of the trial, where a sample was tried several times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<String>,
    /// What samples that belong together have in common: a document, a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Columns of images and sounds: their bytes, or names of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// What an answer cost, in whatever currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

impl ColumnRoles {
    /// The kind of evaluation.
    pub fn kind(&self) -> Kind {
        let implied = Kind::implied(!self.scores.is_empty(), self.positive.is_some());
        self.kind.or(implied).unwrap_or_default()
    }

    /// Which way what samples are judged by is better: an error less, accuracy more, a score as it was declared.
    pub fn direction(&self) -> Direction {
        match (self.kind(), self.scores.first()) {
            (Kind::Numeric, _) => Direction::Lower,
            (Kind::Text, Some(score)) => score.direction,
            _ => Direction::Higher,
        }
    }
}

/// A column of scores, and which way is better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreRole {
    /// The column.
    pub column: String,
    /// Higher or lower.
    pub direction: Direction,
}

/// Options of a comparison that can change a byte of its report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompareOptions {
    /// Significance level; intervals have level 1 - alpha.
    pub alpha: f64,
    /// A slice regresses only if it changes by more than this absolute rate.
    pub min_effect_slice: f64,
    /// The same for the headline.
    pub min_effect_headline: f64,
    /// Regressed samples shown; other lists show 100 at most.
    pub top: u64,
    /// Columns whose values are kept out of every file.
    pub hide: Vec<String>,
    /// Whether inputs and outputs are kept out of every file.
    pub no_payload: bool,
    /// What a score or an absolute error may change by without counting as regressed or fixed, in its own unit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tolerance: f64,
    /// Other spellings of labels, and the labels that they count as.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub label_map: BTreeMap<String, String>,
    /// Loss that has to be excluded: of accuracy as an absolute rate, of an error or a score in its own unit; null where
    /// nothing is demanded.
    #[serde(default)]
    pub margin: Option<f64>,
    /// Whether slices are searched for.
    #[serde(default = "searching")]
    pub search: bool,
    /// The columns to search; all that qualify where there are none.
    #[serde(default)]
    pub search_columns: Vec<String>,
    /// Digest of the theme of the pages; absent for the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// Digest of what became of the files that samples name; absent where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
}

fn searching() -> bool {
    true
}

fn is_zero(value: &f64) -> bool {
    value.abs() <= 0.0
}

impl Default for CompareOptions {
    fn default() -> Self {
        CompareOptions {
            alpha: 0.05,
            min_effect_slice: 0.01,
            min_effect_headline: 0.0,
            top: 100,
            hide: Vec::new(),
            no_payload: false,
            tolerance: 0.0,
            label_map: BTreeMap::new(),
            margin: None,
            search: true,
            search_columns: Vec::new(),
            theme: None,
            media: None,
        }
    }
}
