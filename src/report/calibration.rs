//! Calibration: the reliability diagram and its table.

use super::charts::Chart;
use super::charts::reliability::reliability;
use super::format::{NONE, Unit, count, counted, number, percent};
use crate::model::comparison::{Calibration, CalibrationBin};
use serde::Serialize;

/// Calibration of both versions by confidence bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CalibrationView {
    /// How many samples it stands on.
    pub note: String,
    /// Accuracy against confidence, drawn.
    pub chart: Chart,
    /// One row per bin that holds a sample on either side.
    pub rows: Vec<BinRow>,
    /// Largest gap of the baseline.
    pub mce_baseline: String,
    /// Largest gap of the candidate.
    pub mce_candidate: String,
}

/// One bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinRow {
    /// Its edges.
    pub range: String,
    /// Baseline, then candidate.
    pub sides: Vec<BinSide>,
}

/// One version in one bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinSide {
    /// Samples.
    pub n: String,
    /// Mean confidence.
    pub confidence: String,
    /// Share of correct answers.
    pub accuracy: String,
    /// Accuracy minus confidence.
    pub gap: String,
}

/// The calibration table; one side where `single`.
pub fn calibration(data: &Calibration, single: bool) -> CalibrationView {
    let pairs = data.baseline.iter().zip(&data.candidate).enumerate();
    let rows = pairs.filter(|(_, (a, b))| a.n + b.n > 0).map(|(i, (a, b))| BinRow {
        range: format!(
            "{}{} to {}]",
            if i == 0 { "[" } else { "(" },
            number(a.low, 3),
            number(a.high, 3)
        ),
        sides: if single { vec![side(a)] } else { vec![side(a), side(b)] },
    });
    let excluded = match data.excluded {
        0 => "none is left out".to_owned(),
        n => format!(
            "{} left out for want of a valid confidence",
            counted(n, "sample is", "samples are")
        ),
    };
    CalibrationView {
        note: format!(
            "{} counted; {excluded}. Empty bins are not listed.",
            counted(data.n, "sample is", "samples are")
        ),
        chart: reliability(data, single),
        rows: rows.collect(),
        mce_baseline: percent(data.mce[0]),
        mce_candidate: percent(data.mce[1]),
    }
}

fn side(bin: &CalibrationBin) -> BinSide {
    let gap = bin
        .accuracy
        .zip(bin.confidence)
        .map(|(accuracy, confidence)| accuracy - confidence);
    BinSide {
        n: count(bin.n),
        confidence: percent(bin.confidence),
        accuracy: percent(bin.accuracy),
        gap: gap.map_or_else(|| NONE.to_owned(), |gap| Unit::Share.delta(Some(gap))),
    }
}
