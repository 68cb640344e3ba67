//! The probabilities of the positive class, sample by sample: what ranks cannot do without.

use super::error::CompareError;
use super::pass::Pass;
use super::tally::{Side, Tally};
use crate::model::ColumnRoles;
use crate::stats::BinarySample;

/// A matched sample's cell of the joint counts, and both versions' probabilities.
pub(super) type RankedRow = (u32, [f64; 2]);

impl Tally {
    /// Keeps the probabilities of matched samples.
    pub(super) fn rank(&mut self, matched: &[usize], cells: &[u32], a: &Side<'_>, b: &Side<'_>) {
        let rows = matched.iter().zip(cells);
        self.ranked
            .extend(rows.map(|(&row, &cell)| (cell, [a.value(0, row), b.value(0, row)])));
    }
}

impl Pass {
    /// The positive label and the samples; `None` where no column has its probability.
    ///
    /// # Errors
    /// [`CompareError::NotBinary`] for more than two labels, or a positive one that no sample has.
    pub(super) fn binary(
        &self,
        roles: &ColumnRoles,
        labels: &[String],
    ) -> Result<Option<(String, Vec<BinarySample>)>, CompareError> {
        if self.shape.values == 0 || self.measure.is_some() {
            return Ok(None);
        }
        let unknown = roles.positive_label.as_ref().filter(|label| !labels.contains(label));
        if labels.len() > 2 || (unknown.is_some() && !labels.is_empty()) {
            return Err(CompareError::NotBinary {
                labels: labels.iter().take(5).cloned().collect(),
                more: labels.len().saturating_sub(5),
                positive: unknown.cloned(),
            });
        }
        let positive = roles
            .positive_label
            .as_ref()
            .or(labels.last())
            .cloned()
            .unwrap_or_default();
        let is_positive = |code: u32| *self.labels[code as usize] == *positive;
        let sample = |&(cell, scores): &RankedRow| {
            let (truth, a, b) = self.tally.cells.triples[cell as usize];
            BinarySample {
                positive: is_positive(truth),
                predicted: [is_positive(a), is_positive(b)],
                scores,
            }
        };
        let samples = self.tally.ranked.iter().map(sample).collect();
        Ok(Some((positive, samples)))
    }
}
