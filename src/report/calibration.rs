//! Calibration: the reliability diagram and its table.

use super::charts::Chart;
use super::charts::flip_confidence::flip_confidence;
use super::charts::reliability::reliability;
use super::format::{NONE, Unit, count, counted, number, percent};
use crate::model::comparison::{Calibration, CalibrationBin, FlipConfidence};
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
    /// How sure both versions were of the samples that flipped.
    pub flips: Option<FlipView>,
    /// Largest gap of the baseline.
    pub mce_baseline: String,
    /// Largest gap of the candidate.
    pub mce_candidate: String,
}

/// Confidence in the answers to the samples that flipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlipView {
    /// The counts, drawn.
    pub chart: Chart,
    /// One row per bin that holds a sample.
    pub rows: Vec<FlipRow>,
}

/// Samples of one bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlipRow {
    /// Its edges.
    pub range: String,
    /// Regressed by the baseline's confidence, by the candidate's; fixed likewise.
    pub counts: Vec<String>,
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
    /// Accuracy minus confidence, in points.
    pub gap: String,
}

/// The calibration table; one side where `single`.
pub fn calibration(data: &Calibration, single: bool) -> CalibrationView {
    let pairs = data.baseline.iter().zip(&data.candidate).enumerate();
    let rows = pairs.filter(|(_, (a, b))| a.n + b.n > 0).map(|(i, (a, b))| BinRow {
        range: range(i, a),
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
        flips: data.flips.as_ref().map(|flips| flip_view(flips, &data.baseline)),
        mce_baseline: percent(data.mce[0]),
        mce_candidate: percent(data.mce[1]),
    }
}

fn range(i: usize, bin: &CalibrationBin) -> String {
    let open = if i == 0 { "[" } else { "(" };
    format!("{open}{} to {}]", number(bin.low, 3), number(bin.high, 3))
}

fn flip_view(flips: &FlipConfidence, bins: &[CalibrationBin]) -> FlipView {
    let edges: Vec<[f64; 2]> = bins.iter().map(|bin| [bin.low, bin.high]).collect();
    let (regressed, fixed) = (&flips.regressed, &flips.fixed);
    let columns = [
        &regressed.baseline,
        &regressed.candidate,
        &fixed.baseline,
        &fixed.candidate,
    ];
    let row = |(i, bin): (usize, &CalibrationBin)| {
        let counts = columns.map(|column| column.get(i).copied().unwrap_or_default());
        counts.iter().any(|&n| n > 0).then(|| FlipRow {
            range: range(i, bin),
            counts: counts.map(count).to_vec(),
        })
    };
    FlipView {
        chart: flip_confidence(flips, &edges),
        rows: bins.iter().enumerate().filter_map(row).collect(),
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
        gap: gap.map_or_else(
            || NONE.to_owned(),
            |gap| Unit::Share.delta(Some(gap)).replace(" points", ""),
        ),
    }
}
