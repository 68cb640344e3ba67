//! What one pass over the joined runs counts. Integers only, so that the result does not depend on the order of the
//! rows, the number of partitions or the kind of join.

use super::confidence::CalibrationSums;
use super::outcome::{Accounting, Outcome, Outcomes};
use super::slice::{Origin, Predicate};
use std::collections::BTreeMap;

/// Matched samples per (ground truth, baseline prediction, candidate prediction).
///
/// Every count-based metric is a function of this table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JointTable {
    /// Sorted union (bytewise) of the truths and both versions' predictions over *all* matched samples of the
    /// comparison; a slice's table has the same labels as the whole, so that averages run over the same set.
    pub labels: Vec<String>,
    /// (truth, baseline prediction, candidate prediction) as indices into `labels`; only non-zero cells.
    pub cells: BTreeMap<(u32, u32, u32), u64>,
}

impl JointTable {
    /// Matched samples.
    pub fn n(&self) -> u64 {
        self.cells.values().sum()
    }

    /// Counts by outcome.
    pub fn outcomes(&self) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for (&(truth, a, b), &n) in &self.cells {
            match Outcome::of(a == truth, b == truth) {
                Outcome::BothCorrect => outcomes.both_correct += n,
                Outcome::Regressed => outcomes.regressed += n,
                Outcome::Fixed => outcomes.fixed += n,
                Outcome::BothWrong => {
                    outcomes.both_wrong += n;
                    if a == b {
                        outcomes.both_wrong_same += n;
                    }
                }
            }
        }
        outcomes
    }

    /// The five numbers that suffice for a slice without a page.
    pub fn summary(&self) -> SliceCounts {
        let outcomes = self.outcomes();
        SliceCounts {
            n: self.n(),
            both_correct: outcomes.both_correct,
            regressed: outcomes.regressed,
            fixed: outcomes.fixed,
            churned: self.cells.iter().filter(|((_, a, b), _)| a != b).map(|(_, n)| n).sum(),
        }
    }
}

/// Counts of one slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SliceCounts {
    /// Matched samples.
    pub n: u64,
    /// Both versions right.
    pub both_correct: u64,
    /// Right, now wrong (b of the statistics page).
    pub regressed: u64,
    /// Wrong, now right (c of the statistics page).
    pub fixed: u64,
    /// Samples whose prediction differs.
    pub churned: u64,
}

impl SliceCounts {
    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &SliceCounts) {
        self.n += other.n;
        self.both_correct += other.both_correct;
        self.regressed += other.regressed;
        self.fixed += other.fixed;
        self.churned += other.churned;
    }

    /// Samples that the baseline answered correctly.
    pub fn correct_baseline(&self) -> u64 {
        self.both_correct + self.regressed
    }

    /// Samples that the candidate answered correctly.
    pub fn correct_candidate(&self) -> u64 {
        self.both_correct + self.fixed
    }
}

/// Samples that both versions answered and whose ground truth differs between the runs, counted under both truths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relabelled {
    /// Under the old ground truth, the baseline's.
    pub old: SliceCounts,
    /// Under the new one, the candidate's.
    pub new: SliceCounts,
    /// Samples that are a flip under at least one of them. None is the same flip under both: an answer that is right
    /// under one ground truth is wrong under another.
    pub corrections: u64,
}

impl Relabelled {
    /// Adds a sample by codes of its labels: the old and the new ground truth, the answers of baseline and candidate.
    pub fn add(&mut self, [old, new]: [u32; 2], answers: [u32; 2]) {
        let (old, new) = (under(old, answers), under(new, answers));
        self.old.merge(&old);
        self.new.merge(&new);
        let flips = [old, new].map(|counts| counts.regressed + counts.fixed);
        self.corrections += u64::from(flips != [0, 0]);
    }

    /// Adds the samples of another part.
    pub fn merge(&mut self, other: &Relabelled) {
        self.old.merge(&other.old);
        self.new.merge(&other.new);
        self.corrections += other.corrections;
    }
}

/// One sample under a ground truth.
fn under(truth: u32, answers: [u32; 2]) -> SliceCounts {
    let [right_a, right_b] = answers.map(|answer| answer == truth);
    SliceCounts {
        n: 1,
        both_correct: u64::from(right_a && right_b),
        regressed: u64::from(right_a && !right_b),
        fixed: u64::from(!right_a && right_b),
        churned: u64::from(answers[0] != answers[1]),
    }
}

/// A slice with its counts, and its full table where it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceTable {
    /// What defines the slice, in the order of the declared columns.
    pub predicates: Vec<Predicate>,
    /// Declared or crossed.
    pub origin: Origin,
    /// Its counts.
    pub counts: SliceCounts,
}

/// Everything that the pass over both runs yields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Keys by class.
    pub accounting: Accounting,
    /// The whole.
    pub table: JointTable,
    /// What the table leaves out because the runs disagree on the ground truth.
    pub relabelled: Relabelled,
    /// Every slice value and pair of values seen, in any order.
    pub slices: Vec<SliceTable>,
    /// Confidence sums; `None` where the runs have no confidence column.
    pub calibration: Option<CalibrationSums>,
    /// Per slice column: matched samples whose value differs between the runs (the candidate's counts).
    pub slice_disagreements: Vec<(String, u64)>,
    /// Rows read with a confidence that is NaN or outside 0..1: baseline, candidate.
    pub invalid_confidence: [u64; 2],
    /// Correct answers if labels were folded (case and white space): baseline, candidate.
    pub folded_correct: [u64; 2],
}
