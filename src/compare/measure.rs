//! What is measured of an answer, where it is neither right nor wrong: an absolute error, or scores.

use super::tally::Side;
use crate::model::kind::LARGEST_NUMBER;
use crate::model::{ColumnRoles, CompareOptions, Direction, Kind, ScoreRole, SliceCounts};
use crate::stats::search::Change;
use crate::stats::{
    ClusterEvidence, ClusterSums, MeanSums, Measures, NumericClusters, NumericSums, Play, SCORE_PREFIX, ScoreSums,
    ShiftBins, errors, paired, play,
};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result as DfResult;
use std::sync::Arc;

/// How a job measures answers.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    numeric: bool,
    scores: Vec<ScoreRole>,
    references: bool,
    tolerance: f64,
    pivot: f64,
}

impl Measure {
    /// `None` where answers are right or wrong. The pivot is any number near the true ones.
    pub(super) fn new(roles: &ColumnRoles, options: &CompareOptions, pivot: f64) -> Option<Measure> {
        (!roles.kind().has_labels()).then(|| Measure {
            numeric: roles.kind() == Kind::Numeric,
            scores: roles.scores.clone(),
            references: roles.truth.is_some(),
            tolerance: options.tolerance,
            pivot,
        })
    }

    /// Sums over no sample.
    pub(super) fn sums(&self) -> Measures {
        if self.numeric {
            return Measures::Numeric(Box::new(NumericSums::new(self.tolerance, self.pivot)));
        }
        let sums = |role: &ScoreRole| (role.clone(), ScoreSums::new(role.direction, self.tolerance));
        Measures::Text {
            scores: self.scores.iter().map(sums).collect(),
            exact: self.references.then(SliceCounts::default),
            shifts: ShiftBins::default(),
        }
    }

    /// Sums over no sample of what samples regress in.
    pub(super) fn headline(&self) -> ScoreSums {
        ScoreSums::new(self.direction(), self.tolerance)
    }

    fn direction(&self) -> Direction {
        let score = self.scores.first().filter(|_| !self.numeric);
        score.map_or(Direction::Lower, |score| score.direction)
    }

    /// What a matched sample may have regressed in, of both versions.
    pub(super) fn values(&self, a: &Side<'_>, b: &Side<'_>, row: usize) -> [f64; 2] {
        match self.numeric {
            true => errors(b.value(0, row), [a, b].map(|side| side.value(1, row))).map(f64::abs),
            false => paired([a, b].map(|side| side.value(0, row))),
        }
    }

    /// Numbers that [`Measure::evidence`] gives for a sample.
    pub(super) fn evidence_width(&self) -> usize {
        match self.numeric {
            true => 3,
            false => 2 * self.scores.len() + usize::from(self.references),
        }
    }

    /// All that a sample is measured by: truth and both answers; or the scores of both versions, and where there are
    /// references whether the output became equal to its own (1), no longer is (-1) or neither.
    pub(super) fn evidence(&self, a: &Side<'_>, b: &Side<'_>, row: usize, out: &mut Vec<f64>) {
        if self.numeric {
            return out.extend([b.value(0, row), a.value(1, row), b.value(1, row)]);
        }
        out.extend((0..self.scores.len()).flat_map(|i| paired([a, b].map(|side| side.value(i, row)))));
        if self.references {
            let Some(reference) = b.text(0, row) else {
                return out.push(f64::NAN);
            };
            let [old, new] = [a, b].map(|side| f64::from(side.text(1, row) == Some(reference)));
            out.push(new - old);
        }
    }

    /// By how much the headline's value of a sample changed, by its evidence.
    pub(super) fn change_of(&self, evidence: &[f64]) -> f64 {
        match (self.numeric, evidence) {
            (true, &[truth, a, b, ..]) => {
                let [old, new] = errors(truth, [a, b]).map(f64::abs);
                new - old
            }
            (false, [a, b, ..]) => b - a,
            _ => f64::NAN,
        }
    }

    /// Sums over no cluster.
    pub(super) fn clusters(&self) -> ClusterEvidence {
        if self.numeric {
            return ClusterEvidence::Numeric(Box::new(NumericClusters::new(self.pivot)));
        }
        let further = self.scores.iter().skip(1);
        ClusterEvidence::Text {
            scores: further
                .map(|score| (format!("{SCORE_PREFIX}{}", score.column), ClusterSums::default()))
                .collect(),
            exact: self.references.then(Box::default),
        }
    }

    /// Adds a cluster by the evidence of its samples.
    pub(super) fn add_cluster<'a>(&self, sums: &mut ClusterEvidence, samples: impl Iterator<Item = &'a [f64]> + Clone) {
        match sums {
            ClusterEvidence::Numeric(sums) => {
                let numbers = samples.filter_map(|sample| sample.first_chunk::<3>().copied());
                sums.add(numbers.filter(|numbers| numbers.iter().all(|number| number.is_finite())));
            }
            ClusterEvidence::Text { scores, exact } => {
                for (i, (_, sums)) in scores.iter_mut().enumerate() {
                    let at = 2 * (i + 1);
                    add_mean(sums, samples.clone().map(|sample| sample[at + 1] - sample[at]));
                }
                if let Some(exact) = exact {
                    let change = |sample: &[f64]| sample.last().copied().unwrap_or(f64::NAN);
                    add_mean(exact, samples.map(change));
                }
            }
            ClusterEvidence::None | ClusterEvidence::Labels { .. } => {}
        }
    }

    /// By how much the candidate is worse.
    pub(super) fn loss(&self, [baseline, candidate]: [f64; 2]) -> f64 {
        match self.direction() {
            Direction::Higher => baseline - candidate,
            Direction::Lower => candidate - baseline,
            Direction::None => 0.0,
        }
    }

    /// What these losses are to a search.
    pub(super) fn change(&self) -> Change {
        Change::Loss {
            tolerance: self.tolerance,
        }
    }

    /// How the candidate did.
    pub(super) fn play(&self, [baseline, candidate]: [f64; 2]) -> Play {
        play(baseline, candidate, self.direction(), self.tolerance)
    }

    /// Whether both sides were judged against the same truth; for texts without references always.
    pub(super) fn same_truth(&self, a: &Side<'_>, b: &Side<'_>, row: usize) -> bool {
        match self.numeric {
            true => (a.value(0, row) - b.value(0, row)).abs() <= 0.0,
            false => a.text(0, row) == b.text(0, row),
        }
    }

    /// Adds a matched sample.
    pub(super) fn add(&self, sums: &mut Measures, a: &Side<'_>, b: &Side<'_>, row: usize) {
        match sums {
            Measures::Numeric(sums) => {
                sums.add(b.value(0, row), a.value(1, row), b.value(1, row));
            }
            Measures::Text { scores, exact, shifts } => {
                for (i, (_, sums)) in scores.iter_mut().enumerate() {
                    let [baseline, candidate] = [a.value(i, row), b.value(i, row)];
                    let play = sums.add(baseline, candidate);
                    if let Some(play) = play.filter(|_| i == 0) {
                        shifts.add(baseline, candidate, play);
                    }
                }
                if let (Some(exact), Some(reference)) = (exact, b.text(0, row)) {
                    let outputs = [a.text(1, row), b.text(1, row)];
                    let [right_a, right_b] = outputs.map(|output| output == Some(reference));
                    exact.n += 1;
                    exact.both_correct += u64::from(right_a && right_b);
                    exact.regressed += u64::from(right_a && !right_b);
                    exact.fixed += u64::from(!right_a && right_b);
                    exact.churned += u64::from(outputs[0] != outputs[1]);
                }
            }
        }
    }
}

/// Adds a cluster by the changes of its samples; those that are no number do not count, nor does a cluster of them alone.
fn add_mean(sums: &mut ClusterSums, changes: impl Iterator<Item = f64>) {
    let mut samples = MeanSums::default();
    changes
        .filter(|change| change.is_finite())
        .for_each(|change| samples.add(change));
    let samples = samples.spread();
    if samples.n > 0 {
        sums.add_samples(samples);
    }
}

/// A column of numbers; what is null, not finite or too large is null, and marked as `missing`.
pub(super) fn numbers(array: &ArrayRef, missing: u64, words: &mut [u64]) -> DfResult<ArrayRef> {
    let array = cast(array, &DataType::Float64)?;
    let array = array.as_primitive::<Float64Type>();
    let kept: Float64Array = array
        .iter()
        .map(|number| number.filter(|number| number.abs() <= LARGEST_NUMBER))
        .collect();
    for (row, word) in words.iter_mut().enumerate() {
        if kept.is_null(row) {
            *word |= missing;
        }
    }
    Ok(Arc::new(kept))
}

/// A column of texts as digests of 64 bits: two texts of one sample are told apart, however long they are.
pub(super) fn digests(array: &ArrayRef) -> DfResult<ArrayRef> {
    let texts = cast(array, &DataType::Utf8)?;
    let texts: &StringArray = texts.as_string::<i32>();
    let digest = |text: &str| {
        let hash = blake3::hash(text.as_bytes());
        u64::from_le_bytes(hash.as_bytes().first_chunk::<8>().copied().unwrap_or_default())
    };
    let digests: UInt64Array = texts.iter().map(|text| text.map(digest)).collect();
    Ok(Arc::new(digests))
}

/// Marks rows that have neither an output nor a score: an output may be empty, and then a score says so.
pub(super) fn unanswered(output: &ArrayRef, score: &ArrayRef, missing: u64, words: &mut [u64]) {
    for (row, word) in words.iter_mut().enumerate() {
        if output.is_null(row) && score.is_null(row) {
            *word |= missing;
        }
    }
}
