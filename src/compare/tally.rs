//! What one task counts while aligned rows stream by.

use super::cells::{CellTable, Cells};
use super::encode::{BAD_CONFIDENCE, ERROR, LABEL_BITS, LABEL_MASK, NO_PREDICTION, NO_TRUTH, SKIPPED, SLICES_PER_WORD};
use super::lists::{self, Lists};
use super::marks::Marks;
use super::rank::Carried;
use crate::model::{Accounting, AccountingClass, CalibrationSums, Outcome};
use arrow::array::{Array, AsArray, Float64Array, RecordBatch, StringViewArray, UInt32Array, UInt64Array};
use arrow::datatypes::{Float64Type, UInt64Type};

/// Counts of one task; those of several are merged in any order with the same result.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) accounting: Accounting,
    pub(super) cells: Cells,
    pub(super) whole: CellTable,
    pub(super) singles: Vec<CellTable>,
    pub(super) pairs: Vec<PairTable>,
    pub(super) calibration: CalibrationSums,
    pub(super) disagreements: Vec<u64>,
    pub(super) invalid_confidence: [u64; 2],
    pub(super) lists: Lists,
    /// What a search needs; `None` where there is none.
    pub(super) marks: Option<Marks>,
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
        slices: leading.slices.iter().map(|words| words.value(row)).collect(),
    }
}

/// One side of an aligned batch.
pub(super) struct Side<'a> {
    position: &'a UInt64Array,
    labels: &'a UInt64Array,
    pub(super) confidence: &'a Float64Array,
    slices: Vec<&'a UInt64Array>,
}

impl<'a> Side<'a> {
    /// Both sides of an aligned batch of runs with so many slice columns.
    pub(super) fn both(batch: &'a RecordBatch, slices: usize) -> [Side<'a>; 2] {
        let words = slices.div_ceil(SLICES_PER_WORD);
        [Side::of(batch, 2, words), Side::of(batch, 5 + words, words)]
    }

    fn of(batch: &'a RecordBatch, first: usize, words: usize) -> Side<'a> {
        let word = |i: usize| batch.column(i).as_primitive::<UInt64Type>();
        Side {
            position: word(first),
            labels: word(first + 1),
            confidence: batch.column(first + 2).as_primitive::<Float64Type>(),
            slices: (0..words).map(|i| word(first + 3 + i)).collect(),
        }
    }

    pub(super) fn position(&self, row: usize) -> Option<u64> {
        self.position.is_valid(row).then(|| self.position.value(row))
    }

    pub(super) fn confidence(&self, row: usize) -> Option<f64> {
        self.confidence.is_valid(row).then(|| self.confidence.value(row))
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
    pub(super) fn new(slices: usize, top: u64, marks: Option<Marks>) -> Tally {
        Tally {
            accounting: Accounting::default(),
            cells: Cells::default(),
            whole: CellTable::new(),
            singles: (0..slices).map(|_| CellTable::new()).collect(),
            pairs: (0..slices * slices.saturating_sub(1) / 2)
                .map(|_| PairTable::new())
                .collect(),
            calibration: CalibrationSums::default(),
            disagreements: vec![0; slices],
            invalid_confidence: [0; 2],
            lists: Lists::new(top),
            marks,
        }
    }

    /// Counts a batch; gives the rows that flipped.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> UInt32Array {
        let slices = self.singles.len();
        let keys = batch.column(0).as_string_view();
        let duplicate = batch.column(1).as_boolean();
        let [a, b] = Side::both(batch, slices);
        let mut flips = Vec::new();
        let mut matched = Vec::with_capacity(batch.num_rows());
        let mut cells = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let (la, lb) = (word(a.labels, row), word(b.labels, row));
            for (side, label) in [la, lb].into_iter().enumerate() {
                self.invalid_confidence[side] += u64::from(label.is_some_and(|l| l & BAD_CONFIDENCE != 0));
            }
            let class = classify(duplicate.value(row), la, lb);
            self.accounting.add(class, 1);
            if let Some(list) = lists::of_class(class) {
                self.lists.firsts[list].offer(0.0, keys.value(row), || carried(&a, &b, row));
                continue;
            }
            let (Some(la), Some(lb)) = (la, lb) else { continue };
            let outcome = self.matched(row, keys, la, lb, &a, &b);
            if matches!(outcome, Outcome::Regressed | Outcome::Fixed) {
                flips.push(row as u32);
            }
            matched.push(row);
            let cell = self.cells.number(truth(lb), prediction(la), prediction(lb));
            if let (Some(marks), Some(position)) = (&mut self.marks, b.position(row)) {
                marks.add(keys.value(row), position, cell);
            }
            cells.push(cell);
        }
        self.count(&matched, &cells, &a, &b);
        UInt32Array::from(flips)
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
        let map: Vec<u32> = other
            .cells
            .triples
            .iter()
            .map(|&(t, a, b)| self.cells.number(t, a, b))
            .collect();
        let cell = |c: u32| map[c as usize];
        other.whole.iter().for_each(|(g, c, n)| self.whole.add_n(g, cell(c), n));
        for (mine, theirs) in self.singles.iter_mut().zip(&other.singles) {
            theirs.iter().for_each(|(g, c, n)| mine.add_n(g, cell(c), n));
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(&other.pairs) {
            theirs.iter().for_each(|(a, b, c, n)| mine.add_n(a, b, cell(c), n));
        }
        self.calibration.merge(&other.calibration);
        for (mine, theirs) in self.disagreements.iter_mut().zip(other.disagreements) {
            *mine += theirs;
        }
        for (mine, theirs) in self.invalid_confidence.iter_mut().zip(other.invalid_confidence) {
            *mine += theirs;
        }
        self.lists.merge(other.lists);
        if let (Some(mine), Some(theirs)) = (&mut self.marks, other.marks) {
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
fn classify(duplicate: bool, a: Option<u64>, b: Option<u64>) -> AccountingClass {
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
    } else if truth(a) != truth(b) {
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
            assert_eq!(classify(duplicate, a, b), expected, "{duplicate} {a:?} {b:?}");
        }
    }
}
