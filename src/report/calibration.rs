//! Calibration by confidence bin: does a version know when it is wrong?

use super::format::{NONE, coordinate, count, counted, plain, signed};
use crate::model::comparison::{Calibration, CalibrationBin};
use serde::Serialize;

/// Side of the reliability diagram in SVG units.
const SIZE: f64 = 200.0;

/// The calibration table and diagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CalibrationView {
    /// What the table stands on, in words.
    pub basis: String,
    /// Names of the versions: two for a comparison, one for a single run.
    pub sides: Vec<SideView>,
    /// Bins that hold a sample of any version.
    pub rows: Vec<BinRow>,
    /// How many bins are empty, in words.
    pub note: Option<String>,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideView {
    /// "Baseline", "Candidate" or "Run".
    pub name: &'static str,
    /// Class of its dots: `dot-a` or `dot-b`.
    pub class: &'static str,
    /// Largest gap of a bin (MCE).
    pub mce: String,
    /// One dot for each bin with samples.
    pub dots: Vec<Dot>,
}

/// A bin in the reliability diagram: confidence to the right, accuracy upwards, area by samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dot {
    /// Right.
    pub x: String,
    /// Down.
    pub y: String,
    /// Radius.
    pub r: String,
}

/// One bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinRow {
    /// "0.800 to 0.867".
    pub range: String,
    /// One entry for each version.
    pub cells: Vec<BinCell>,
}

/// One bin of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinCell {
    /// Samples.
    pub n: String,
    /// Mean confidence.
    pub confidence: String,
    /// Accuracy.
    pub accuracy: String,
    /// Accuracy minus confidence: negative is overconfident.
    pub gap: String,
    /// "overconfident", "underconfident" or nothing.
    pub word: &'static str,
}

/// Both versions, or one.
pub fn calibration(calibration: &Calibration, paired: bool) -> CalibrationView {
    let mut basis = format!("Over {} with a valid confidence", counted(calibration.n, "sample", "samples"));
    basis += if paired { " in both versions" } else { "" };
    basis += &match calibration.excluded {
        0 => ".".to_owned(),
        n => format!("; {} without one left out.", count(n)),
    };
    let bins: Vec<&Vec<CalibrationBin>> =
        if paired { vec![&calibration.baseline, &calibration.candidate] } else { vec![&calibration.candidate] };
    let names: &[(&str, &str)] =
        if paired { &[("Baseline", "dot-a"), ("Candidate", "dot-b")] } else { &[("Run", "dot-b")] };
    let mce = if paired { &calibration.mce[..] } else { &calibration.mce[1..] };
    let sides = names.iter().zip(&bins).zip(mce).map(|((&(name, class), bins), &mce)| SideView {
        name,
        class,
        mce: plain(mce),
        dots: bins.iter().filter_map(|bin| dot(bin, calibration.n)).collect(),
    });
    let sides = sides.collect();
    let all = bins.iter().map(|bins| bins.len()).max().unwrap_or(0);
    let rows: Vec<BinRow> = (0..all).filter_map(|i| row(&bins, i)).collect();
    let empty = all - rows.len();
    let note = (empty > 0).then(|| format!("{} not shown.", counted(empty as u64, "empty bin", "empty bins")));
    CalibrationView { basis, sides, rows, note }
}

fn row(bins: &[&Vec<CalibrationBin>], i: usize) -> Option<BinRow> {
    let bins: Vec<Option<&CalibrationBin>> = bins.iter().map(|bins| bins.get(i)).collect();
    let filled = bins.iter().flatten().any(|bin| bin.n > 0);
    let edges = bins.iter().flatten().next()?;
    filled.then(|| BinRow {
        range: format!("{:.3} to {:.3}", edges.low, edges.high),
        cells: bins.iter().map(|bin| cell(*bin)).collect(),
    })
}

fn cell(bin: Option<&CalibrationBin>) -> BinCell {
    let gap = bin.and_then(|bin| Some(bin.accuracy? - bin.confidence?));
    BinCell {
        n: count(bin.map_or(0, |bin| bin.n)),
        confidence: plain(bin.and_then(|bin| bin.confidence)),
        accuracy: plain(bin.and_then(|bin| bin.accuracy)),
        gap: gap.map_or_else(|| NONE.to_owned(), |gap| signed(gap, 3)),
        word: match gap {
            Some(gap) if gap < 0.0 => "overconfident",
            Some(gap) if gap > 0.0 => "underconfident",
            _ => "",
        },
    }
}

fn dot(bin: &CalibrationBin, n: u64) -> Option<Dot> {
    let (x, y) = (bin.confidence?, bin.accuracy?);
    let share = bin.n as f64 / n.max(1) as f64;
    Some(Dot {
        x: coordinate(x.clamp(0.0, 1.0) * SIZE),
        y: coordinate((1.0 - y.clamp(0.0, 1.0)) * SIZE),
        r: coordinate(2.0 + 12.0 * share.sqrt()),
    })
}
