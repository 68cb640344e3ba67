//! The closed set of verdicts, and which way a metric is better.

use serde::{Deserialize, Serialize};

/// Which way a metric is better; `none` for those that are neither (churn, mean confidence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither way is better.
    None,
}

/// The answer to "is it better?", given once and outside the renderer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Better, significantly and by more than the minimum effect.
    Improved,
    /// Worse, significantly and by more than the minimum effect.
    Regressed,
    /// Nothing differs, or the difference is within noise or below the minimum effect.
    Unchanged,
    /// Too few flips for any result to be significant.
    Inconclusive,
    /// No sample that both versions can be judged on.
    NotComparable,
}

/// Answer to whether the candidate is worse by less than a margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NonInferiority {
    /// The whole interval lies above the margin: as good as the baseline, or better.
    Shown,
    /// It does not: a loss as large as the margin, or larger, cannot be excluded.
    NotShown,
    /// There is no interval, no better direction, or no margin that is a number from 0 on.
    NotComparable,
}

impl Verdict {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Improved => "improved",
            Verdict::Regressed => "regressed",
            Verdict::Unchanged => "unchanged",
            Verdict::Inconclusive => "inconclusive",
            Verdict::NotComparable => "not_comparable",
        }
    }
}
