//! Charts as view models: marks with ready-made coordinates, which one template (`partials/chart.hbs`) writes as SVG.
//!
//! Every chart has a title and a description for those who cannot see it; the same numbers stand in a table on its page.
//! Colours are classes, so that the style sheet decides them, and no meaning rests on colour alone: shapes and words say
//! the same.

pub mod axis;
pub mod balance;
pub mod curves;
pub mod errors;
pub mod flip_confidence;
pub mod paired;
pub mod reliability;
pub mod residuals;
pub mod right_trials;
pub mod run_slices;
pub mod scale;
pub mod shape;
pub mod shifts;
pub mod slices;

use super::format::coordinate;
use serde::Serialize;

/// A chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// What its ids begin with; unique on a page.
    pub id: String,
    /// Its title, which is read out.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// Which kind of chart it is, for the style sheet.
    pub class: &'static str,
    /// Width in SVG units.
    pub width: String,
    /// Height in SVG units.
    pub height: String,
    /// Whether it holds links, so that it is more than a picture.
    pub linked: bool,
    /// Back to front.
    pub marks: Vec<Mark>,
}

/// A shape or a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// How it looks.
    pub class: &'static str,
    /// Its outline.
    pub path: Option<String>,
    /// Its words.
    pub text: Option<Text>,
    /// The page that it leads to.
    pub href: Option<String>,
    /// What it stands for.
    pub name: Option<String>,
}

/// A text at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Where it starts, ends or has its middle, by its class.
    pub x: String,
    /// Its base line.
    pub y: String,
    /// The text.
    pub words: String,
}

impl Mark {
    /// A shape.
    pub fn shape(class: &'static str, path: String) -> Mark {
        Mark {
            class,
            path: Some(path),
            text: None,
            href: None,
            name: None,
        }
    }

    /// A text.
    pub fn text(class: &'static str, x: f64, y: f64, words: impl Into<String>) -> Mark {
        Mark {
            class,
            path: None,
            text: Some(Text {
                x: coordinate(x),
                y: coordinate(y),
                words: words.into(),
            }),
            href: None,
            name: None,
        }
    }

    /// The mark with what it stands for.
    pub fn named(self, name: impl Into<String>) -> Mark {
        Mark {
            name: Some(name.into()),
            ..self
        }
    }
}
