//! Reduces the trials of a sample to one row before runs are paired: the answer of the majority, the mean of every
//! number. What comes out depends neither on the order of the trials nor on how they are spread over files.

use super::encode::{
    Codes, ERROR, LABEL_BITS, LABEL_MASK, Layout, NO_PREDICTION, NO_TRUTH, SKIPPED, Shape, narrow_schema,
};
use super::labels::Interner;
use crate::engine::EngineError;
use crate::engine::map::MapFactory;
use crate::model::Kind;
use crate::model::comparison::TrialCounts;
use crate::model::samples::SampleTrials;
use crate::stats::repeats::majority;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};
use datafusion::error::Result as DfResult;
use std::sync::Arc;

/// Set in a row's trials where right and wrong cannot be told apart.
const UNGRADED: u64 = 1 << 63;

/// The function that reduces batches which hold whole keys. The last column of its input tells trials apart; in its
/// output it says how many there were and how many were right.
pub(super) fn reducer(codes: &Arc<Codes>, layout: &Layout) -> MapFactory {
    let reducer = Arc::new(Reducer {
        labels: Arc::clone(&codes.labels),
        kind: layout.kind,
        shape: layout.shape,
    });
    Arc::new(move || {
        let reducer = Arc::clone(&reducer);
        Box::new(move |batch| reducer.reduce(&batch))
    })
}

struct Reducer {
    labels: Arc<Interner>,
    kind: Kind,
    shape: Shape,
}

/// What becomes of the rows of one key.
struct Reduced {
    /// The row that stands for all: the first one that gave the answer.
    row: usize,
    word: u64,
    trials: u64,
    /// Rows that count for means, and those of them that gave the answer.
    answered: Vec<usize>,
    agreeing: Vec<usize>,
}

/// Columns of a narrow batch.
struct Rows<'a> {
    positions: &'a UInt64Array,
    words: &'a UInt64Array,
    trials: &'a UInt64Array,
    first_value: Option<&'a Float64Array>,
    /// Digests of free-text answers.
    texts: Option<&'a UInt64Array>,
    /// Digests of their references.
    references: Option<&'a UInt64Array>,
}

/// Ground truths of one sample that differ; texts are not at hand.
type Truths = Option<[String; 2]>;

fn mixed(key: &str, truths: Truths) -> EngineError {
    let key = key.to_owned();
    EngineError::MixedTruth { key, truths }
}

impl Reducer {
    fn reduce(&self, batch: &RecordBatch) -> DfResult<RecordBatch> {
        let keys = batch.column(0).as_string_view();
        let last = batch.num_columns() - 1;
        let value = 1 + self.shape.width() - self.shape.values - 1;
        let text = value - self.shape.texts + 1;
        let rows = Rows {
            positions: batch.column(1).as_primitive::<UInt64Type>(),
            words: batch.column(2).as_primitive::<UInt64Type>(),
            trials: batch.column(last).as_primitive::<UInt64Type>(),
            texts: (self.shape.texts > 1).then(|| batch.column(text).as_primitive::<UInt64Type>()),
            references: (self.shape.texts > 1).then(|| batch.column(text - 1).as_primitive::<UInt64Type>()),
            first_value: (self.shape.values > 0).then(|| batch.column(value).as_primitive::<Float64Type>()),
        };
        let mut out = Vec::with_capacity(keys.len());
        let mut start = 0;
        while start < keys.len() {
            let same = |row: &usize| keys.value(*row) == keys.value(start);
            let end = (start + 1..keys.len()).take_while(same).last().unwrap_or(start) + 1;
            self.key(&rows, start..end, &mut out)
                .map_err(|truths| mixed(keys.value(start), truths))?;
            start = end;
        }
        let picked: UInt32Array = out.iter().map(|reduced| reduced.row as u32).collect();
        let kept = take_record_batch(batch, &picked)?;
        let mut columns = kept.columns().to_vec();
        columns[2] = words(&out, |reduced| reduced.word);
        columns[last] = words(&out, |reduced| reduced.trials);
        for (at, column) in batch.columns().iter().enumerate().skip(3) {
            if column.data_type() == &DataType::Float64 {
                let numbers = column.as_primitive::<Float64Type>();
                // A confidence is one of the answer; other numbers stand for themselves.
                let of = |reduced: &Reduced| match at {
                    3 => mean(numbers, &reduced.agreeing),
                    _ => mean(numbers, &reduced.answered),
                };
                columns[at] = Arc::new(out.iter().map(of).collect::<Float64Array>());
            }
        }
        Ok(RecordBatch::try_new(narrow_schema(self.shape), columns)?)
    }

    /// Reduces one key; two rows of one trial stay two rows, and the join sets the key aside as a duplicate.
    fn key(&self, rows: &Rows<'_>, range: std::ops::Range<usize>, out: &mut Vec<Reduced>) -> Result<(), Truths> {
        let mut trials: Vec<Option<u64>> = range.clone().map(|row| trial(rows.trials, row)).collect();
        trials.sort_unstable();
        if trials.windows(2).any(|pair| pair[0] == pair[1]) {
            out.extend(range.take(2).map(|row| untouched(rows, row)));
            return Ok(());
        }
        self.one_truth(rows, range.clone())?;
        const UNANSWERED: u64 = ERROR | SKIPPED | NO_PREDICTION | NO_TRUTH;
        let answered: Vec<usize> = range
            .clone()
            .filter(|row| rows.words.value(*row) & UNANSWERED == 0)
            .collect();
        if answered.is_empty() {
            // Of nothing but failures the gravest stands for all, as in the accounting of samples.
            let grave = |row: &usize| {
                let word = rows.words.value(*row);
                let failed = word & ERROR != 0 || (word & NO_PREDICTION != 0 && word & SKIPPED == 0);
                (!failed, word & SKIPPED == 0, rows.positions.value(*row))
            };
            out.extend(range.min_by_key(grave).map(|row| untouched(rows, row)));
            return Ok(());
        }
        let part = |row: usize, shift: u32| ((rows.words.value(row) >> shift) & LABEL_MASK) as u32;
        let of = |shift: u32| -> Vec<u32> { answered.iter().map(|row| part(*row, shift)).collect() };
        let (truth, answer) = (of(0).first().copied().unwrap_or_default(), self.most(&of(LABEL_BITS)));
        let text = rows
            .texts
            .and_then(|texts| most_frequent(answered.iter().map(|row| trial(texts, *row))));
        let agrees = |row: &usize| match (rows.texts, text) {
            (Some(texts), Some(text)) => trial(texts, *row) == text,
            _ => part(*row, LABEL_BITS) == answer,
        };
        let agreeing: Vec<usize> = answered.iter().copied().filter(agrees).collect();
        let row = agreeing.iter().copied().min_by_key(|row| rows.positions.value(*row));
        let row = row.unwrap_or(range.start);
        let flags = rows.words.value(row) & !(LABEL_MASK | LABEL_MASK << LABEL_BITS);
        let right = self.right(rows, &answered, |row| part(row, 0) == part(row, LABEL_BITS));
        out.push(Reduced {
            row,
            word: u64::from(truth) | u64::from(answer) << LABEL_BITS | flags,
            trials: (answered.len() as u64) << 32 | right,
            answered,
            agreeing,
        });
        Ok(())
    }

    /// Refuses trials of different ground truths: a majority of truths is the truth of none.
    fn one_truth(&self, rows: &Rows<'_>, range: std::ops::Range<usize>) -> Result<(), Truths> {
        let has_truth = |row: &usize| match (self.kind, rows.references) {
            (Kind::Text, references) => references.is_some_and(|texts| texts.is_valid(*row)),
            _ => rows.words.value(*row) & NO_TRUTH == 0,
        };
        let there: Vec<usize> = range.filter(has_truth).collect();
        let Some(&first) = there.first() else { return Ok(()) };
        let shown = |row: usize| match (self.kind, rows.first_value) {
            (Kind::Text, _) => None,
            (Kind::Numeric, Some(truths)) => Some(truths.value(row).to_string()),
            _ => Some(self.labels.text(self.label(rows, row)).to_string()),
        };
        let differs = |row: &&usize| match (self.kind, rows.references, rows.first_value) {
            (Kind::Text, Some(texts), _) => trial(texts, **row) != trial(texts, first),
            (Kind::Numeric, _, Some(truths)) => (truths.value(**row) - truths.value(first)).abs() > 0.0,
            _ => self.label(rows, **row) != self.label(rows, first),
        };
        match there.iter().find(differs) {
            Some(&other) => Err(shown(first).zip(shown(other)).map(|(first, other)| [first, other])),
            None => Ok(()),
        }
    }

    /// Code of a row's ground truth.
    fn label(&self, rows: &Rows<'_>, row: usize) -> u32 {
        (rows.words.value(row) & LABEL_MASK) as u32
    }

    /// Trials that were right: by their label, or by a first score that is 1, not 0.
    fn right(&self, rows: &Rows<'_>, answered: &[usize], same: impl Fn(usize) -> bool) -> u64 {
        if self.kind.has_labels() {
            return answered.iter().filter(|row| same(**row)).count() as u64;
        }
        let scores = rows.first_value.filter(|_| self.kind == Kind::Text);
        let Some(scores) = scores else { return UNGRADED };
        let is = |row: &usize, wanted: f64| (scores.value(*row) - wanted).abs() <= 0.0;
        match answered.iter().all(|row| is(row, 0.0) || is(row, 1.0)) {
            true => answered.iter().filter(|row| is(row, 1.0)).count() as u64,
            false => UNGRADED,
        }
    }

    /// The most frequent label; codes come in order of arrival, so that a draw is decided by the labels themselves.
    fn most(&self, codes: &[u32]) -> u32 {
        let first = codes.first().copied().unwrap_or_default();
        if codes.iter().all(|code| *code == first) {
            return first;
        }
        let mut order: Vec<(Arc<str>, u32)> = codes.iter().map(|code| (self.labels.text(*code), *code)).collect();
        order.sort();
        order.dedup();
        let place = |code: &u32| order.iter().position(|(_, known)| known == code).unwrap_or_default() as u32;
        let places: Vec<u32> = codes.iter().map(place).collect();
        let most = majority(&places).and_then(|place| order.get(place as usize));
        most.map_or(first, |(_, code)| *code)
    }
}

fn trial(trials: &UInt64Array, row: usize) -> Option<u64> {
    trials.is_valid(row).then(|| trials.value(row))
}

/// The most frequent digest of a text; of several, the smallest: texts have no order that a reader would miss.
fn most_frequent(digests: impl Iterator<Item = Option<u64>>) -> Option<Option<u64>> {
    let mut digests: Vec<Option<u64>> = digests.collect();
    digests.sort_unstable();
    let groups = digests.chunk_by(|a, b| a == b);
    let most = groups.max_by_key(|group| (group.len(), std::cmp::Reverse(group.first().copied())));
    most.and_then(|group| group.first().copied())
}

fn untouched(rows: &Rows<'_>, row: usize) -> Reduced {
    Reduced {
        row,
        word: rows.words.value(row),
        trials: 0,
        answered: vec![row],
        agreeing: vec![row],
    }
}

fn words(rows: &[Reduced], of: impl Fn(&Reduced) -> u64) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(rows.iter().map(of)))
}

/// The mean of the numbers that are there, added up in their own order.
fn mean(numbers: &Float64Array, rows: &[usize]) -> Option<f64> {
    let there = rows.iter().filter(|row| numbers.is_valid(**row));
    let mut values: Vec<f64> = there.map(|row| numbers.value(*row)).collect();
    values.sort_by(f64::total_cmp);
    match (values.first(), values.last()) {
        // The mean of equal numbers is that number, whatever rounding makes of the sum.
        (Some(low), Some(high)) if low.total_cmp(high).is_eq() => Some(*low),
        (None, _) => None,
        _ => Some(values.iter().sum::<f64>() / values.len() as f64),
    }
}

/// The trials of a sample, unpacked; `None` where none was answered, or where they are not right or wrong.
pub(super) fn of_sample(trials: u64) -> Option<SampleTrials> {
    let (answered, right) = (trials >> 32, trials & 0xFFFF_FFFF);
    (trials & UNGRADED == 0 && answered > 0).then_some(SampleTrials { answered, right })
}

/// Adds the trials of a matched sample.
pub(super) fn count(counts: &mut TrialCounts, trials: u64) {
    counts.ungraded |= trials & UNGRADED != 0;
    let (answered, right) = ((trials & !UNGRADED) >> 32, trials & 0xFFFF_FFFF);
    *counts.samples.entry((answered, right)).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_do_not_depend_on_the_order() {
        let numbers = Float64Array::from(vec![Some(0.1), Some(0.7), None, Some(0.2), Some(0.1)]);
        assert_eq!(mean(&numbers, &[0, 1, 2, 3]), mean(&numbers, &[3, 1, 0]));
        assert_eq!(mean(&numbers, &[0, 4]), Some(0.1));
        assert_eq!(mean(&numbers, &[2]), None);
    }

    #[test]
    fn trials_of_a_sample_are_told_where_they_are_right_or_wrong() {
        let trials = of_sample(5 << 32 | 3);
        assert_eq!(trials, Some(SampleTrials { answered: 5, right: 3 }));
        assert_eq!([of_sample(0), of_sample(5 << 32 | UNGRADED)], [None, None]);
    }

    #[test]
    fn the_most_frequent_text_counts() {
        let of = |digests: &[u64]| most_frequent(digests.iter().copied().map(Some)).flatten();
        assert_eq!(of(&[5, 9, 9]), Some(9));
        assert_eq!(of(&[9, 5]), Some(5));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn draws_are_decided_by_the_label_not_by_arrival() {
        let labels = Arc::new(Interner::default());
        let [z, a] = ["z", "a"].map(|text| labels.code(text));
        let reducer = Reducer {
            labels,
            kind: Kind::Classification,
            shape: Shape::default(),
        };
        assert_eq!(reducer.most(&[z, a]), a);
        assert_eq!(reducer.most(&[z, a, z]), z);
        assert_eq!(reducer.most(&[z, z]), z);
    }
}
