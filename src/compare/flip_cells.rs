//! The combinations of ground truth and both answers whose flips get a list of their own.

use super::encode::{LABEL_BITS, LABEL_MASK};
use super::pass::Pass;
use super::tally::Side;
use crate::model::samples::FlipCell;

/// Combinations with a list at most, those with the most flips.
pub(super) const MAX_CELLS: usize = 20;

/// Samples of each such list at most.
pub(super) const CELL_TOP: u64 = 50;

/// Label codes of ground truth and both answers.
type Codes = [u64; 3];

/// A combination, by label codes and in words.
pub(super) struct CellCodes {
    codes: Codes,
    flips: u64,
    pub(super) cell: FlipCell,
}

impl CellCodes {
    /// `regressed` or `fixed`.
    pub(super) fn outcome(&self) -> &'static str {
        let [truth, before, _] = self.codes;
        if before == truth { "regressed" } else { "fixed" }
    }
}

/// The place of the combination that a flip is of.
pub(super) fn place(cells: &[CellCodes], a: &Side<'_>, b: &Side<'_>, row: usize) -> Option<usize> {
    let (old, new) = (a.label(row), b.label(row));
    let answer = |label: u64| (label >> LABEL_BITS) & LABEL_MASK;
    let codes = [new & LABEL_MASK, answer(old), answer(new)];
    cells.iter().position(|cell| cell.codes == codes)
}

/// The combinations with the most flips, most first.
pub(super) fn chosen(pass: &Pass) -> Vec<CellCodes> {
    if pass.measure.is_some() {
        return Vec::new();
    }
    let text = |code: u32| {
        pass.labels
            .get(code as usize)
            .map_or_else(String::new, |text| text.to_string())
    };
    let flips = pass
        .tally
        .whole
        .iter()
        .map(|(_, cell, n)| (pass.tally.cells.triples[cell as usize], n));
    let flips = flips.filter(|((truth, a, b), n)| *n > 0 && (truth == a) != (truth == b));
    let codes = |((truth, a, b), flips): ((u32, u32, u32), u64)| CellCodes {
        codes: [truth, a, b].map(u64::from),
        flips,
        cell: FlipCell {
            truth: text(truth),
            baseline: text(a),
            candidate: text(b),
        },
    };
    let mut all: Vec<CellCodes> = flips.map(codes).collect();
    all.sort_by(|x, y| y.flips.cmp(&x.flips).then_with(|| x.cell.cmp(&y.cell)));
    all.truncate(MAX_CELLS);
    all
}
