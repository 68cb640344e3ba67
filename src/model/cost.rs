//! What answers cost.

use serde::{Deserialize, Serialize};

/// What the answers of both versions cost, over all rows of their runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// Of the baseline; null where its run says nothing.
    pub baseline: Option<Cost>,
    /// Of the candidate.
    pub candidate: Option<Cost>,
    /// Candidate less baseline, in total; null unless both are known.
    pub total_delta: Option<f64>,
    /// Candidate less baseline, in the mean of an answer.
    pub mean_delta: Option<f64>,
}

/// What the answers of a run cost, in the unit of its column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Rows with a cost: a number that is not negative.
    pub n: u64,
    /// Rows without one, which count in neither number.
    pub missing: u64,
    /// All costs added up.
    pub total: f64,
    /// Their mean.
    pub mean: f64,
}

impl Costs {
    /// Both runs side by side; `None` where neither says anything.
    pub fn of(baseline: Option<Cost>, candidate: Option<Cost>) -> Option<Costs> {
        let delta = |of: fn(&Cost) -> f64| Some(of(candidate.as_ref()?) - of(baseline.as_ref()?));
        (baseline.is_some() || candidate.is_some()).then(|| Costs {
            baseline,
            candidate,
            total_delta: delta(|cost| cost.total),
            mean_delta: delta(|cost| cost.mean),
        })
    }
}
