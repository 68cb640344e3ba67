//! What several trials per sample show.

use super::distribution::{self, RightView};
use super::format::{NONE, count, percent};
use crate::model::comparison::{Repeats, Trials};
use serde::Serialize;

/// What trials show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RepeatView {
    /// The numbers, most general first.
    pub rows: Vec<RepeatRow>,
    /// Samples by how many of their trials were right.
    pub right: Option<RightView>,
}

/// A line with a value per version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RepeatRow {
    /// What it is.
    pub name: String,
    /// Of the baseline.
    pub baseline: String,
    /// Of the candidate.
    pub candidate: String,
}

/// The trials of both versions.
pub fn view(repeats: &Repeats) -> RepeatView {
    RepeatView {
        rows: rows(repeats),
        right: repeats.right.as_ref().map(distribution::right),
    }
}

/// The lines, most general first.
pub fn rows(repeats: &Repeats) -> Vec<RepeatRow> {
    let both = |name: String, of: &dyn Fn(&Trials) -> String| RepeatRow {
        name,
        baseline: of(&repeats.baseline),
        candidate: of(&repeats.candidate),
    };
    let mut rows = vec![
        both("Answered trials".to_owned(), &|side| count(side.trials)),
        both("Samples tried more than once".to_owned(), &|side| count(side.repeated)),
    ];
    if repeats.baseline.flaky.is_some() || repeats.candidate.flaky.is_some() {
        rows.push(both("Flaky samples".to_owned(), &|side| {
            side.flaky.map_or_else(|| NONE.to_owned(), count)
        }));
        rows.push(both("Flake rate".to_owned(), &|side| percent(side.flake_rate)));
    }
    let sides = [&repeats.baseline, &repeats.candidate];
    let mut ks: Vec<u64> = sides
        .iter()
        .flat_map(|side| side.pass_at.iter().map(|at| at.k))
        .collect();
    ks.sort_unstable();
    ks.dedup();
    for k in ks {
        rows.push(both(format!("pass@{k}"), &|side| {
            let at = side.pass_at.iter().find(|at| at.k == k);
            match at {
                Some(at) if at.left_out > 0 => {
                    format!(
                        "{} ({} samples have fewer trials)",
                        percent(at.value),
                        count(at.left_out)
                    )
                }
                at => percent(at.and_then(|at| at.value)),
            }
        }));
    }
    rows
}
