//! The answer with the samples whose ground truth changed, under the old truth and under the new one.

use super::flips;
use crate::model::comparison::{LabelChanges, UnderTruth};
use crate::model::{CompareOptions, Counts, SliceCounts};

/// Accuracy under both ground truths; `None` where no sample changed its own.
pub fn label_changes(counts: &Counts, options: &CompareOptions) -> Option<LabelChanges> {
    let changed = &counts.relabelled;
    if changed.old.n == 0 {
        return None;
    }
    let matched = counts.table.summary();
    let under = |relabelled: &SliceCounts| {
        let mut all = matched;
        all.merge(relabelled);
        UnderTruth {
            n: all.n,
            relabelled_regressed: relabelled.regressed,
            relabelled_fixed: relabelled.fixed,
            accuracy: flips::accuracy(&all, options),
        }
    };
    Some(LabelChanges {
        relabelled: changed.old.n,
        corrections: changed.corrections,
        old_truth: under(&changed.old),
        new_truth: under(&changed.new),
    })
}
