//! What samples are judged by, in words: accuracy, an absolute error, a score.

use super::format::Unit;
use super::words::metric_title;
use crate::model::{ColumnRoles, CompareOptions, Direction, Kind, Outcome};
use crate::stats::{MetricKind, SCORE_PREFIX};

/// What pages call the value of a slice and of the headline, and how they write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The kind of evaluation.
    pub kind: Kind,
    /// Title of the metric.
    pub title: String,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
}

impl Measure {
    /// What runs with these roles are judged by.
    pub fn of(roles: &ColumnRoles) -> Measure {
        let kind = roles.kind();
        let name = match (kind, roles.scores.first()) {
            (Kind::Numeric, _) => MetricKind::Mae.name().to_owned(),
            (Kind::Text, Some(score)) => format!("{SCORE_PREFIX}{}", score.column),
            _ => MetricKind::Accuracy.name().to_owned(),
        };
        Measure {
            kind,
            title: metric_title(&name),
            unit: Unit::of_metric(&name),
            direction: roles.direction(),
        }
    }

    /// The title within a sentence.
    pub fn lower(&self) -> String {
        lower(&self.title)
    }

    /// At which end of its scale the worst stand: lists begin there.
    pub fn worst(&self) -> &'static str {
        match self.direction {
            Direction::Lower => "highest",
            Direction::Higher | Direction::None => "lowest",
        }
    }
}

/// A metric's title within a sentence.
pub fn lower(title: &str) -> String {
    match title.strip_prefix("Mean ") {
        _ if title == "Accuracy" => "accuracy".to_owned(),
        Some(rest) => format!("mean {rest}"),
        None => title.to_owned(),
    }
}

/// The outcomes of a kind, as they stand on pages, with what they mean; what is right or wrong has four.
pub fn outcomes(kind: Kind, options: &CompareOptions) -> Vec<(&'static str, String)> {
    let by = match options.tolerance {
        tolerance if tolerance > 0.0 => format!(" by more than {}", Unit::Measured.value(Some(tolerance))),
        _ => String::new(),
    };
    let measured = |worse: &str, better: &str, same: &str| {
        vec![
            (Outcome::Regressed.name(), format!("{worse}{by}")),
            (Outcome::Fixed.name(), format!("{better}{by}")),
            ("unchanged", same.to_owned()),
        ]
    };
    match kind {
        Kind::Classification | Kind::Binary => Vec::new(),
        Kind::Numeric => measured(
            "the absolute error grew",
            "the absolute error shrank",
            "neither grew nor shrank by more than the tolerance",
        ),
        Kind::Text => measured(
            "the first score is worse",
            "the first score is better",
            "neither worse nor better by more than the tolerance",
        ),
    }
}
