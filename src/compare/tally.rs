//! What one task counts while aligned rows stream by.

use super::cells::{CellTable, Cells};
use super::clusters::{ClusterRows, cluster_of};
use super::encode::{
    BAD_CONFIDENCE, ERROR, LABEL_BITS, LABEL_MASK, MAPPED, NO_PREDICTION, NO_TRUTH, SKIPPED, SLICES_PER_WORD, Shape,
};
use super::lists::{self, Lists};
use super::marks::Marks;
use super::measure::Measure;
use super::measured::Measured;
use super::rank::Carried;
use super::ranked::RankedRow;
use super::repeats;
use crate::model::comparison::TrialCounts;
use crate::model::{Accounting, AccountingClass, CalibrationSums, Outcome, Relabelled};
use arrow::array::{Array, AsArray, Float64Array, RecordBatch, StringViewArray, UInt32Array, UInt64Array};
use arrow::datatypes::{Float64Type, UInt64Type};

/// Counts of one task; those of several are merged in any order with the same result.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) accounting: Accounting,
    pub(super) relabelled: Relabelled,
    pub(super) cells: Cells,
    pub(super) whole: CellTable,
    pub(super) singles: Vec<CellTable>,
    pub(super) pairs: Vec<PairTable>,
    pub(super) calibration: CalibrationSums,
    pub(super) disagreements: Vec<u64>,
    pub(super) invalid_confidence: [u64; 2],
    pub(super) lists: Lists,
    /// Where answers are measured rather than right or wrong.
    pub(super) measured: Option<Measured>,
    /// Where answers are ranked by the probability of a positive class.
    pub(super) ranked: Vec<RankedRow>,
    /// How often matched samples were tried: baseline, candidate.
    pub(super) trials: [TrialCounts; 2],
    /// Matched samples with a label that the label map changed.
    pub(super) mapped: u64,
    pub(super) shape: Shape,
    /// What a search needs; `None` where there is none.
    pub(super) marks: Option<Marks>,
    /// Where samples belong to clusters.
    pub(super) clusters: Option<ClusterRows>,
}

/// The codes of a batch's matched samples in one slice column.
#[derive(Debug, Default)]
struct Codes {
    codes: Vec<u32>,
    largest: u64,
}

/// Counts per pair of slice codes.
#[derive(Debug)]
pub(super) struct PairTable {
    stride: u64,
    table: CellTable,
}

impl PairTable {
    fn new() -> PairTable {
        PairTable {
            stride: 16,
            table: CellTable::new(),
        }
    }

    fn add_all(&mut self, a: &Codes, b: &Codes, cells: &[u32], cell: u32) {
        if b.largest >= self.stride {
            self.widen(b.largest);
        }
        let stride = self.stride;
        let groups = a
            .codes
            .iter()
            .zip(&b.codes)
            .map(|(&a, &b)| u64::from(a) * stride + u64::from(b));
        let rows = groups.zip(cells.iter().copied());
        self.table.add_all(rows, a.largest * stride + b.largest, cell);
    }

    fn add_n(&mut self, a: u64, b: u64, cell: u32, n: u64) {
        if b >= self.stride {
            self.widen(b);
        }
        self.table.add_n(a * self.stride + b, cell, n);
    }

    fn widen(&mut self, b: u64) {
        let stride = (b + 1).next_power_of_two();
        let mut table = CellTable::new();
        for (group, cell, n) in self.table.iter() {
            table.add_n(group / self.stride * stride + group % self.stride, cell, n);
        }
        *self = PairTable { stride, table };
    }

    /// (first code, second code, cell, count).
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64, u32, u64)> + '_ {
        self.table
            .iter()
            .map(|(group, cell, n)| (group / self.stride, group % self.stride, cell, n))
    }
}

/// What a list keeps of a row.
pub(super) fn carried(a: &Side<'_>, b: &Side<'_>, row: usize) -> Carried {
    let leading = if b.position(row).is_some() { b } else { a };
    Carried {
        positions: [a.position(row), b.position(row)],
        labels: [a, b].map(|side| word(side.labels, row).unwrap_or_default()),
        confidence: [a.confidence(row), b.confidence(row)],
        trials: [a, b].map(|side| side.trials.and_then(|trials| word(trials, row)).unwrap_or_default()),
        slices: leading.slices.iter().map(|words| words.value(row)).collect(),
    }
}

/// One side of an aligned batch.
pub(super) struct Side<'a> {
    position: &'a UInt64Array,
    labels: &'a UInt64Array,
    pub(super) confidence: &'a Float64Array,
    pub(super) slices: Vec<&'a UInt64Array>,
    cluster: Option<&'a UInt64Array>,
    pub(super) texts: Vec<&'a UInt64Array>,
    pub(super) values: Vec<&'a Float64Array>,
    trials: Option<&'a UInt64Array>,
}

impl<'a> Side<'a> {
    /// Both sides of an aligned batch of rows of this shape.
    pub(super) fn both(batch: &'a RecordBatch, shape: Shape) -> [Side<'a>; 2] {
        [Side::of(batch, 2, shape), Side::of(batch, 2 + shape.width(), shape)]
    }

    fn of(batch: &'a RecordBatch, first: usize, shape: Shape) -> Side<'a> {
        let word = |i: usize| batch.column(i).as_primitive::<UInt64Type>();
        let number = |i: usize| batch.column(i).as_primitive::<Float64Type>();
        let slices = first + 3;
        let cluster = slices + shape.words();
        let texts = cluster + usize::from(shape.cluster);
        let values = texts + shape.texts;
        Side {
            position: word(first),
            labels: word(first + 1),
            confidence: number(first + 2),
            slices: (slices..cluster).map(word).collect(),
            cluster: shape.cluster.then(|| word(cluster)),
            texts: (texts..values).map(word).collect(),
            values: (values..values + shape.values).map(number).collect(),
            trials: shape.repeats.then(|| word(values + shape.values)),
        }
    }

    pub(super) fn position(&self, row: usize) -> Option<u64> {
        self.position.is_valid(row).then(|| self.position.value(row))
    }

    pub(super) fn confidence(&self, row: usize) -> Option<f64> {
        self.confidence.is_valid(row).then(|| self.confidence.value(row))
    }

    /// The digest of the cluster that a row is of; `None` where it is of none.
    pub(super) fn cluster(&self, row: usize) -> Option<u64> {
        word(self.cluster?, row)
    }

    /// A number; not a number where there is none.
    pub(super) fn value(&self, i: usize, row: usize) -> f64 {
        let number = self.values.get(i).filter(|numbers| numbers.is_valid(row));
        number.map_or(f64::NAN, |numbers| numbers.value(row))
    }

    /// The digest of a text.
    pub(super) fn text(&self, i: usize, row: usize) -> Option<u64> {
        let text = self.texts.get(i).filter(|texts| texts.is_valid(row));
        text.map(|texts| texts.value(row))
    }

    pub(super) fn label(&self, row: usize) -> u64 {
        self.labels.value(row)
    }

    #[inline]
    pub(super) fn code(&self, slice: usize, row: usize) -> u64 {
        (self.slices[slice / SLICES_PER_WORD].value(row) >> (16 * (slice % SLICES_PER_WORD))) & 0xFFFF
    }
}

impl Tally {
    pub(super) fn new(shape: Shape, measure: Option<&Measure>, top: u64, marks: Option<Marks>) -> Tally {
        let slices = shape.slices;
        Tally {
            accounting: Accounting::default(),
            relabelled: Relabelled::default(),
            cells: Cells::default(),
            whole: CellTable::new(),
            singles: (0..slices).map(|_| CellTable::new()).collect(),
            pairs: (0..slices * slices.saturating_sub(1) / 2)
                .map(|_| PairTable::new())
                .collect(),
            calibration: CalibrationSums::default(),
            disagreements: vec![0; slices],
            invalid_confidence: [0; 2],
            lists: Lists::new(measure.is_none(), top),
            measured: measure.map(|measure| Measured::new(measure, slices)),
            ranked: Vec::new(),
            trials: Default::default(),
            mapped: 0,
            shape,
            marks,
            clusters: shape.cluster.then(|| ClusterRows::new(shape, measure)),
        }
    }

    /// Counts a batch; gives the rows that flipped.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> UInt32Array {
        if let Some(mut measured) = self.measured.take() {
            let flips = self.add_measured(&mut measured, batch);
            self.measured = Some(measured);
            return flips;
        }
        let keys = batch.column(0).as_string_view();
        let duplicate = batch.column(1).as_boolean();
        let [a, b] = Side::both(batch, self.shape);
        let mut flips = Vec::new();
        let mut matched = Vec::with_capacity(batch.num_rows());
        let mut cells = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let (la, lb) = self.words(&a, &b, row);
            let class = classify(duplicate.value(row), la, lb, |a, b| truth(a) == truth(b));
            if !self.belongs(class, keys.value(row), &a, &b, row) {
                if let (AccountingClass::LabelChanged, Some(la), Some(lb)) = (class, la, lb) {
                    let [truths, answers] = [[la, lb].map(truth), [la, lb].map(prediction)];
                    self.relabelled.add(truths, answers);
                    if let Some(clusters) = &mut self.clusters {
                        clusters.add_relabelled(keys.value(row), &b, row, truths, answers);
                    }
                }
                continue;
            }
            let (Some(la), Some(lb)) = (la, lb) else { continue };
            let outcome = self.matched(row, keys, la, lb, &a, &b);
            if matches!(outcome, Outcome::Regressed | Outcome::Fixed) {
                flips.push(row as u32);
            }
            matched.push(row);
            let cell = self.cells.number(truth(lb), prediction(la), prediction(lb));
            if let Some(clusters) = &mut self.clusters {
                clusters.add(keys.value(row), &a, &b, row, cell);
            }
            if let (Some(marks), Some(position)) = (&mut self.marks, b.position(row)) {
                let cluster = self.shape.cluster.then(|| cluster_of(keys.value(row), &b, row));
                marks.add(keys.value(row), position, cell, cluster);
            }
            cells.push(cell);
        }
        self.count(&matched, &cells, &a, &b);
        if self.shape.values > 0 {
            self.rank(&matched, &cells, &a, &b);
        }
        UInt32Array::from(flips)
    }

    /// The words of both sides; counts confidences that are none.
    #[inline]
    pub(super) fn words(&mut self, a: &Side<'_>, b: &Side<'_>, row: usize) -> (Option<u64>, Option<u64>) {
        let words = (word(a.labels, row), word(b.labels, row));
        for (side, label) in [words.0, words.1].into_iter().enumerate() {
            self.invalid_confidence[side] += u64::from(label.is_some_and(|l| l & BAD_CONFIDENCE != 0));
        }
        words
    }

    /// Accounts for a key, and lists it where it is not matched; says whether it is.
    #[inline]
    pub(super) fn belongs(
        &mut self,
        class: AccountingClass,
        key: &str,
        a: &Side<'_>,
        b: &Side<'_>,
        row: usize,
    ) -> bool {
        self.accounting.add(class, 1);
        if class != AccountingClass::Matched {
            self.lists.of(class.name(), 0.0, key, || carried(a, b, row));
            return false;
        }
        self.mapped += u64::from((a.label(row) | b.label(row)) & MAPPED != 0);
        for (counts, side) in self.trials.iter_mut().zip([a, b]) {
            if let Some(trials) = side.trials {
                repeats::count(counts, trials.value(row));
            }
        }
        true
    }

    /// Counts matched samples in every table, table by table.
    fn count(&mut self, matched: &[usize], cells: &[u32], a: &Side<'_>, b: &Side<'_>) {
        let Some(&cell) = cells.iter().max() else { return };
        self.whole.add_all(cells.iter().map(|&c| (0, c)), 0, cell);
        let mut columns = Vec::with_capacity(self.singles.len());
        for (i, single) in self.singles.iter_mut().enumerate() {
            let codes: Vec<u32> = matched.iter().map(|&row| b.code(i, row) as u32).collect();
            let differ = matched
                .iter()
                .zip(&codes)
                .filter(|(row, code)| a.code(i, **row) != u64::from(**code));
            self.disagreements[i] += differ.count() as u64;
            let largest = u64::from(codes.iter().copied().max().unwrap_or(0));
            let rows = codes.iter().map(|&g| u64::from(g)).zip(cells.iter().copied());
            single.add_all(rows, largest, cell);
            columns.push(Codes { codes, largest });
        }
        let mut pairs = self.pairs.iter_mut();
        for (i, first) in columns.iter().enumerate() {
            for second in &columns[i + 1..] {
                if let Some(pair) = pairs.next() {
                    pair.add_all(first, second, cells, cell);
                }
            }
        }
    }

    #[inline]
    fn matched(&mut self, row: usize, keys: &StringViewArray, la: u64, lb: u64, a: &Side<'_>, b: &Side<'_>) -> Outcome {
        let (correct_a, correct_b) = (prediction(la) == truth(la), prediction(lb) == truth(lb));
        let outcome = Outcome::of(correct_a, correct_b);
        let (ca, cb) = (a.confidence(row), b.confidence(row));
        match (ca, cb) {
            (Some(ca), Some(cb)) => self.calibration.add([ca, cb], [correct_a, correct_b]),
            _ => self.calibration.excluded += 1,
        }
        let (list, rank) = lists::of_outcome(outcome, cb);
        self.lists.firsts[list].offer(rank, keys.value(row), || carried(a, b, row));
        outcome
    }

    /// Takes in the counts of another task.
    pub(super) fn merge(&mut self, other: Tally) {
        for class in AccountingClass::ALL {
            self.accounting.add(class, other.accounting.get(class));
        }
        self.relabelled.merge(&other.relabelled);
        let map: Vec<u32> = other
            .cells
            .triples
            .iter()
            .map(|&(t, a, b)| self.cells.number(t, a, b))
            .collect();
        // Where answers are measured there are no cells.
        let cell = |c: u32| map.get(c as usize).copied().unwrap_or_default();
        other.whole.iter().for_each(|(g, c, n)| self.whole.add_n(g, cell(c), n));
        for (mine, theirs) in self.singles.iter_mut().zip(&other.singles) {
            theirs.iter().for_each(|(g, c, n)| mine.add_n(g, cell(c), n));
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(&other.pairs) {
            theirs.iter().for_each(|(a, b, c, n)| mine.add_n(a, b, cell(c), n));
        }
        let ranked = other.ranked.into_iter();
        self.ranked.extend(ranked.map(|(c, scores)| (cell(c), scores)));
        self.calibration.merge(&other.calibration);
        for (mine, theirs) in self.disagreements.iter_mut().zip(other.disagreements) {
            *mine += theirs;
        }
        for (mine, theirs) in self.invalid_confidence.iter_mut().zip(other.invalid_confidence) {
            *mine += theirs;
        }
        self.mapped += other.mapped;
        for (mine, theirs) in self.trials.iter_mut().zip(&other.trials) {
            mine.merge(theirs);
        }
        self.lists.merge(other.lists);
        if let (Some(mine), Some(theirs)) = (&mut self.measured, other.measured) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.marks, other.marks) {
            mine.merge(theirs, cell);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.clusters, other.clusters) {
            mine.merge(theirs, cell);
        }
    }
}

fn word(labels: &UInt64Array, row: usize) -> Option<u64> {
    labels.is_valid(row).then(|| labels.value(row))
}

fn truth(word: u64) -> u32 {
    (word & LABEL_MASK) as u32
}

fn prediction(word: u64) -> u32 {
    ((word >> LABEL_BITS) & LABEL_MASK) as u32
}

/// The accounting class of a key, in the order of precedence. A skipped sample has no prediction by nature, so that
/// only a missing prediction of a sample that was *not* skipped counts as an error.
#[inline]
pub(super) fn classify(
    duplicate: bool,
    a: Option<u64>,
    b: Option<u64>,
    same_truth: impl FnOnce(u64, u64) -> bool,
) -> AccountingClass {
    let (a, b) = match (duplicate, a, b) {
        (true, _, _) => return AccountingClass::Duplicate,
        (false, Some(_), None) => return AccountingClass::OnlyBaseline,
        (false, None, _) => return AccountingClass::OnlyCandidate,
        (false, Some(a), Some(b)) => (a, b),
    };
    let errored = |w: u64| w & ERROR != 0 || (w & NO_PREDICTION != 0 && w & SKIPPED == 0);
    if errored(a) || errored(b) {
        AccountingClass::Errored
    } else if (a | b) & SKIPPED != 0 {
        AccountingClass::Skipped
    } else if (a | b) & NO_TRUTH != 0 {
        AccountingClass::Unlabelled
    } else if !same_truth(a, b) {
        AccountingClass::LabelChanged
    } else {
        AccountingClass::Matched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_a_table() {
        use AccountingClass::*;
        let ok = |t: u64, p: u64| Some(t | p << LABEL_BITS);
        let none = |flags: u64| Some(flags);
        let table = [
            (true, ok(0, 0), ok(0, 0), Duplicate),
            (true, None, ok(0, 0), Duplicate),
            (false, ok(0, 0), None, OnlyBaseline),
            (false, None, ok(0, 0), OnlyCandidate),
            (false, none(ERROR), none(SKIPPED), Errored),
            (false, ok(0, 0), none(NO_PREDICTION), Errored),
            (false, ok(0, 0), none(NO_PREDICTION | SKIPPED), Skipped),
            (false, none(NO_TRUTH), ok(0, 0), Unlabelled),
            (false, ok(0, 1), ok(1, 1), LabelChanged),
            (false, ok(1, 0), ok(1, 1), Matched),
        ];
        for (duplicate, a, b, expected) in table {
            let found = classify(duplicate, a, b, |a, b| truth(a) == truth(b));
            assert_eq!(found, expected, "{duplicate} {a:?} {b:?}");
        }
    }
}
