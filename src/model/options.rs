//! What a comparison was asked to do, fully resolved: part of the evidence, and hashed into a report's address.

use serde::{Deserialize, Serialize};

/// Which column plays which part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRoles {
    /// The columns that together identify a sample.
    pub key: Vec<String>,
    /// Ground truth.
    pub truth: String,
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
    /// Loss of accuracy, as an absolute rate, that has to be excluded; null where nothing is demanded.
    #[serde(default)]
    pub margin: Option<f64>,
    /// Whether slices are searched for.
    #[serde(default = "searching")]
    pub search: bool,
    /// The columns to search; all that qualify where there are none.
    #[serde(default)]
    pub search_columns: Vec<String>,
}

fn searching() -> bool {
    true
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
            margin: None,
            search: true,
            search_columns: Vec::new(),
        }
    }
}
