//! How samples spread: errors over the ground truth, changes over their size, right trials over trials.

use serde::{Deserialize, Serialize};

/// Residuals, prediction less ground truth, of both versions on one grid over the ground truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// Edges of the rows, rising and symmetric about zero. The row around zero is closed, every other one at its edge
    /// away from zero.
    pub edges: Vec<f64>,
    /// By ground truth, rising and without gaps.
    pub columns: Vec<ResidualColumn>,
    /// Samples counted in the outermost columns and rows although they lie beyond these.
    pub beyond: Beyond,
}

/// Samples whose ground truth is in [low, high).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResidualColumn {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Samples.
    pub n: u64,
    /// Mean residual of baseline and candidate; null without samples.
    pub means: [Option<f64>; 2],
    /// Samples by the row of the baseline's residual, in rising order.
    pub baseline: Vec<u64>,
    /// By that of the candidate.
    pub candidate: Vec<u64>,
}

/// Samples beyond the edges of a grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beyond {
    /// By their ground truth.
    pub truth: u64,
    /// By the baseline's residual.
    pub baseline: u64,
    /// By the candidate's.
    pub candidate: u64,
}

/// Samples by how much better the candidate did in the headline value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shifts {
    /// Losses and then wins, rising.
    pub bins: Vec<ShiftBin>,
    /// Samples within the tolerance, which are in no bin.
    pub ties: u64,
    /// Samples counted in the outermost bins although they lost or won more: losses, wins.
    pub beyond: [u64; 2],
}

/// Samples whose gain is in (low, high], or for a loss in [low, high).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShiftBin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Samples.
    pub n: u64,
}

/// Matched samples by how many of their trials were right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RightTrials {
    /// Trials of every sample, if all have as many; null where the bins are shares of right trials.
    pub of: Option<u64>,
    /// From none right to all right.
    pub bins: Vec<RightBin>,
}

/// Samples with as many right trials, or with a share of them in (low, high]; but those without a right trial, and those
/// without a wrong one, have a bin of their own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RightBin {
    /// Fewest right trials, or the lower edge.
    pub low: f64,
    /// Most, or the upper edge.
    pub high: f64,
    /// Samples of the baseline.
    pub baseline: u64,
    /// Samples of the candidate.
    pub candidate: u64,
}
