//! How many trials of a sample were right: samples of both versions side by side.

use super::scale::{Scale, samples};
use super::{Chart, Mark, paired, shape};
use crate::model::distribution::{RightBin, RightTrials};
use crate::report::format::{count, round_percent};

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 508.0;
const TOP: f64 = 26.0;
const BASE: f64 = 196.0;
/// Numbers of right trials that are written at most.
const LABELS: usize = 11;

/// Bars of both versions by how many of the trials were right.
pub fn right_trials(right: &RightTrials) -> Chart {
    let bins = &right.bins;
    let x = Scale::linear([0.0, bins.len() as f64], [LEFT, RIGHT]);
    let edges: Vec<[f64; 2]> = (0..bins.len()).map(|i| [i as f64, i as f64 + 1.0]).collect();
    let baseline: Vec<u64> = bins.iter().map(|bin| bin.baseline).collect();
    let candidate: Vec<u64> = bins.iter().map(|bin| bin.candidate).collect();
    let most = baseline.iter().chain(&candidate).max().copied().unwrap_or_default();
    let axis = match right.of {
        Some(of) => format!("Right trials of {}", count(of)),
        None => "Share of right trials".to_owned(),
    };
    let mut marks = vec![
        Mark::shape("grid", shape::line(&[[LEFT, BASE], [RIGHT, BASE]])),
        Mark::text("tick start", 4.0, TOP - 12.0, "Samples"),
        Mark::text("tick end", LEFT - 6.0, TOP + 4.0, samples(most as f64)),
        Mark::text("tick end", LEFT - 6.0, BASE + 4.0, "0"),
        Mark::text("tick end", RIGHT, BASE + 42.0, axis.as_str()),
    ];
    marks.extend(paired::bars(&x, &edges, &[&baseline, &candidate], [TOP, BASE]));
    let label = |place: f64, words: String| Mark::text("tick", x.at(place), BASE + 18.0, words);
    match right.of {
        Some(_) => {
            let every = bins.len().div_ceil(LABELS).max(1);
            let labelled = bins.iter().enumerate().step_by(every);
            marks.extend(labelled.map(|(i, bin)| label(i as f64 + 0.5, count(bin.low as u64))));
        }
        None => {
            let last = bins.len().saturating_sub(1) as f64;
            marks.push(label(0.5, "none".to_owned()));
            marks.push(label((last + 1.0) / 2.0, "50%".to_owned()));
            marks.push(label(last + 0.5, "all".to_owned()));
        }
    }
    Chart {
        id: "right-trials".to_owned(),
        title: axis,
        description: "Samples of both versions by how many of their trials were right. The table has the numbers."
            .to_owned(),
        class: "errors",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks,
    }
}

/// What a bin holds, in words.
pub fn range(right: &RightTrials, bin: &RightBin) -> String {
    let share = round_percent;
    match right.of {
        Some(_) => count(bin.low as u64),
        None if bin.high <= 0.0 => "none".to_owned(),
        None if bin.low >= 1.0 => "all".to_owned(),
        None if bin.high >= 1.0 => format!("({} to {})", share(bin.low), share(bin.high)),
        None => format!("({} to {}]", share(bin.low), share(bin.high)),
    }
}
