//! How many trials of a sample were right: samples of both versions side by side.

use super::{Chart, paired};
use crate::model::distribution::{RightBin, RightTrials};
use crate::report::format::{count, round_percent};

/// Numbers of right trials that are written at most.
const LABELS: usize = 11;

/// Bars of both versions by how many of the trials were right.
pub fn right_trials(right: &RightTrials) -> Chart {
    let bins = &right.bins;
    let baseline: Vec<u64> = bins.iter().map(|bin| bin.baseline).collect();
    let candidate: Vec<u64> = bins.iter().map(|bin| bin.candidate).collect();
    let title = match right.of {
        Some(of) => format!("Right trials of {}", count(of)),
        None => "Share of right trials".to_owned(),
    };
    let last = bins.len().saturating_sub(1) as f64;
    let labels = match right.of {
        Some(_) => {
            let every = bins.len().div_ceil(LABELS).max(1);
            let labelled = bins.iter().enumerate().step_by(every);
            labelled
                .map(|(i, bin)| (i as f64 + 0.5, count(bin.low as u64)))
                .collect()
        }
        None => vec![
            (0.5, "none".to_owned()),
            ((last + 1.0) / 2.0, "50%".to_owned()),
            (last + 0.5, "all".to_owned()),
        ],
    };
    let words = paired::Words {
        id: "right-trials",
        axis: title.clone(),
        title,
        description: "Samples of both versions by how many of their trials were right. The table has the numbers."
            .to_owned(),
        labels,
    };
    paired::chart(words, &baseline, &candidate)
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
