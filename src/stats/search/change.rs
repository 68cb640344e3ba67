//! What the change of a sample is: a flip, or so much of a loss.

use crate::stats::scores::exceeds;

/// What the numbers are that a search is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// 1 regressed, -1 fixed, 0 neither.
    Flip,
    /// By how much a loss grew: an absolute error, or a score towards what is worse.
    Loss {
        /// What it may grow by without being an error.
        tolerance: f64,
    },
}

impl Change {
    /// SliceLine's error of a sample: its change if it got worse, else 0. What is not a number is no error.
    pub(super) fn error(self, change: f64) -> f64 {
        let worse = match self {
            Change::Flip => change > 0.0,
            Change::Loss { tolerance } => exceeds(change, tolerance),
        };
        if worse { change } else { 0.0 }
    }

    /// Whether a sample got worse.
    pub fn is_worse(self, change: f64) -> bool {
        self.error(change) > 0.0
    }
}
