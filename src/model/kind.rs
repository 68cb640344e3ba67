//! The kinds of evaluation.

use serde::{Deserialize, Serialize};

/// Largest number that is measured: errors are squared, and their squares again.
pub const LARGEST_NUMBER: f64 = 1e70;

/// What two values of a sample may differ by and be the same, as a share of the largest number that they were made of: what binary leaves of the
/// difference of equal decimals is noise, and no change.
pub const ROUNDING: f64 = 1e-12;

/// What the answers of a model are, and so what a sample can regress in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One label of several: right or wrong.
    #[default]
    Classification,
    /// One label of two, with a probability of the positive one.
    Binary,
    /// A number with a true value: an error.
    Numeric,
    /// Free text with one or more scores.
    Text,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Classification, Kind::Binary, Kind::Numeric, Kind::Text];

    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Classification => "classification",
            Kind::Binary => "binary",
            Kind::Numeric => "numeric",
            Kind::Text => "text",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What columns imply where nothing was said: scores belong to texts, a probability of a positive class to two labels.
    pub fn implied(scores: bool, positive: bool) -> Option<Kind> {
        match (scores, positive) {
            (true, _) => Some(Kind::Text),
            (false, true) => Some(Kind::Binary),
            (false, false) => None,
        }
    }

    /// Whether an answer is right or wrong; otherwise it is measured, in the unit of an error or a score.
    pub fn has_labels(self) -> bool {
        match self {
            Kind::Classification | Kind::Binary => true,
            Kind::Numeric | Kind::Text => false,
        }
    }
}
