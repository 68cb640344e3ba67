//! How samples spread, as pages show it: residuals by ground truth, changes by their size, trials by how many were right.

use super::charts::errors::edge;
use super::charts::residuals::{self, Shade, shades};
use super::charts::{Chart, right_trials, shifts};
use super::format::{Unit, count, counted, setting};
use super::measure::Measure;
use crate::model::distribution::{ResidualColumn, Residuals, RightBin, RightTrials, ShiftBin, Shifts};
use crate::model::{Comparison, Direction, Kind};
use serde::Serialize;

/// Residuals of both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResidualView {
    /// Of the baseline, then of the candidate.
    pub sides: Vec<ResidualSide>,
    /// Which shade stands for how many samples.
    pub shades: Vec<ShadeView>,
    /// Ranges of the residuals: the headers of both tables.
    pub ranges: Vec<String>,
    /// Samples beyond the edges.
    pub beyond: Option<String>,
}

/// A shade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShadeView {
    /// Its class.
    pub class: &'static str,
    /// Samples of a cell that has it.
    pub samples: String,
}

/// Residuals of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResidualSide {
    /// Which version.
    pub version: &'static str,
    /// The mark of a mean.
    pub sign: &'static str,
    /// The grid, drawn.
    pub chart: Chart,
    /// Columns of the grid that hold samples.
    pub rows: Vec<ResidualRow>,
}

/// Samples whose ground truth is in one range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResidualRow {
    /// The range.
    pub truths: String,
    /// How many.
    pub n: String,
    /// Their mean residual.
    pub mean: String,
    /// How many have a residual in which range.
    pub counts: Vec<String>,
}

/// Changes by their size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShiftView {
    /// What a gain is.
    pub note: String,
    /// Samples beyond the edges.
    pub beyond: Option<String>,
    /// The counts, drawn.
    pub chart: Chart,
    /// One row per bin, ties in the middle.
    pub rows: Vec<ShiftRow>,
}

/// Samples with a gain in one range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShiftRow {
    /// The range.
    pub range: String,
    /// How many.
    pub n: String,
}

/// Trials by how many were right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RightView {
    /// What the bins count.
    pub title: String,
    /// The counts, drawn.
    pub chart: Chart,
    /// One row per bin.
    pub rows: Vec<RightRow>,
}

/// Samples with as many right trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RightRow {
    /// How many.
    pub range: String,
    /// Samples of the baseline.
    pub baseline: String,
    /// Samples of the candidate.
    pub candidate: String,
}

/// The residuals of a comparison.
pub fn residuals(grid: &Residuals) -> ResidualView {
    let shades = shades(grid);
    let side = |candidate: bool| ResidualSide {
        version: if candidate { "candidate" } else { "baseline" },
        sign: if candidate { "◆" } else { "○" },
        chart: residuals::residuals(grid, candidate, &shades),
        rows: grid
            .columns
            .iter()
            .filter(|column| column.n > 0)
            .map(|column| row(column, candidate))
            .collect(),
    };
    let shade = |shade: &Shade| ShadeView {
        class: shade.class,
        samples: residuals::range(shade),
    };
    ResidualView {
        sides: vec![side(false), side(true)],
        shades: shades.iter().map(shade).collect(),
        ranges: grid.edges.windows(2).map(|ends| range(ends[0], ends[1])).collect(),
        beyond: beyond(&[
            (grid.beyond.truth, "by their ground truth"),
            (grid.beyond.baseline, "by the baseline's residual"),
            (grid.beyond.candidate, "by the candidate's residual"),
        ]),
    }
}

fn row(column: &ResidualColumn, candidate: bool) -> ResidualRow {
    let counts = if candidate { &column.candidate } else { &column.baseline };
    ResidualRow {
        truths: format!("[{} to {})", edge(column.low), edge(column.high)),
        n: count(column.n),
        mean: Unit::Measured.delta(column.means[usize::from(candidate)]),
        counts: counts.iter().map(|n| count(*n)).collect(),
    }
}

/// A range of residuals: closed away from zero, and on both sides around it.
fn range(low: f64, high: f64) -> String {
    let open = if low < 0.0 { '[' } else { '(' };
    let close = if high > 0.0 { ']' } else { ')' };
    format!("{open}{} to {}{close}", edge(low), edge(high))
}

/// What is counted at an edge although it lies beyond.
fn beyond(counts: &[(u64, &str)]) -> Option<String> {
    let there = counts.iter().filter(|(n, _)| *n > 0);
    let named: Vec<String> = there
        .map(|(n, how)| format!("{} {how}", counted(*n, "sample", "samples")))
        .collect();
    (!named.is_empty()).then(|| format!("Counted at the edge although they lie beyond it: {}.", named.join(", ")))
}

/// The changes of a comparison.
pub fn shifts(found: &Shifts, comparison: &Comparison) -> ShiftView {
    let row = |bin: &ShiftBin| ShiftRow {
        range: shifts::range(bin),
        n: count(bin.n),
    };
    let tie = ShiftRow {
        range: "tie".to_owned(),
        n: count(found.ties),
    };
    let (losses, wins): (Vec<&ShiftBin>, Vec<&ShiftBin>) = found.bins.iter().partition(|bin| bin.low < 0.0);
    ShiftView {
        note: note(comparison),
        beyond: beyond(&[(found.beyond[0], "by their loss"), (found.beyond[1], "by their win")]),
        chart: shifts::shifts(found),
        rows: losses
            .into_iter()
            .map(row)
            .chain([tie])
            .chain(wins.into_iter().map(row))
            .collect(),
    }
}

fn note(comparison: &Comparison) -> String {
    let roles = &comparison.roles;
    let first = roles.scores.first().filter(|_| roles.kind() == Kind::Text);
    let gain = match first {
        None => "The gain of a sample is the baseline's absolute error minus the candidate's".to_owned(),
        Some(score) => {
            let title = Measure::of(roles).lower();
            let name = title.strip_prefix("mean ").unwrap_or(&title);
            match score.direction {
                Direction::Lower => {
                    format!("The gain of a sample is the baseline's score {name} minus the candidate's")
                }
                Direction::Higher | Direction::None => {
                    format!("The gain of a sample is the candidate's score {name} minus the baseline's")
                }
            }
        }
    };
    let tie = match comparison.options.tolerance {
        tolerance if tolerance > 0.0 => format!("a tie is at most {} either way", setting(tolerance)),
        _ => "a tie is no change at all".to_owned(),
    };
    format!("{gain}; {tie}.")
}

/// The trials of a comparison.
pub fn right(found: &RightTrials) -> RightView {
    let row = |bin: &RightBin| RightRow {
        range: right_trials::range(found, bin),
        baseline: count(bin.baseline),
        candidate: count(bin.candidate),
    };
    RightView {
        title: match found.of {
            Some(of) => format!("Right trials of {}", setting(of as f64)),
            None => "Share of right trials".to_owned(),
        },
        chart: right_trials::right_trials(found),
        rows: found.bins.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_closed_away_from_zero() {
        let ranges = [(-4.0, -3.5), (-0.5, 0.5), (0.5, 1.0)].map(|(low, high)| range(low, high));
        assert_eq!(ranges, ["[-4 to -3.5)", "[-0.5 to 0.5]", "(0.5 to 1]"]);
    }

    #[test]
    fn what_lies_beyond_is_said() {
        assert_eq!(beyond(&[(0, "a"), (0, "b")]), None);
        assert_eq!(
            beyond(&[(1, "by their loss"), (0, "b"), (1200, "by their win")]).unwrap(),
            "Counted at the edge although they lie beyond it: 1 sample by their loss, 1,200 samples by their win."
        );
    }

    #[test]
    fn unequal_trials_are_shares() {
        let bin = |low, high| RightBin {
            low,
            high,
            baseline: 1,
            candidate: 2,
        };
        let bins = vec![bin(0.0, 0.0), bin(0.0, 0.1), bin(0.9, 1.0), bin(1.0, 1.0)];
        let view = right(&RightTrials { of: None, bins });
        let ranges: Vec<&str> = view.rows.iter().map(|row| row.range.as_str()).collect();
        assert_eq!(ranges, ["none", "(0% to 10%]", "(90% to 100%)", "all"]);
    }
}
