//! Wins, ties and losses as parts of one bar.

use super::{Chart, Mark, shape};
use crate::report::format::{counted, share_of};

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 18.0;

/// The bar: what got better from the left, what got worse from the right, ties between them and half as high.
pub fn balance(id: &str, counts: [u64; 3]) -> Chart {
    let all: u64 = counts.iter().sum();
    let widths = counts.map(|n| if all == 0 { 0.0 } else { n as f64 / all as f64 * WIDTH });
    let words = ["win", "tie", "loss"].into_iter().zip(["wins", "ties", "losses"]);
    let named: Vec<String> = counts
        .iter()
        .zip(words)
        .map(|(&n, (one, many))| format!("{} ({})", counted(n, one, many), share_of(n, all)))
        .collect();
    let part = |i: usize| {
        let left: f64 = widths.iter().take(i).sum();
        let (class, top) = [("better part", 0.0), ("tie part", 5.0), ("worse part", 0.0)][i];
        Mark::shape(class, shape::rectangle([left, top], widths[i], HEIGHT - 2.0 * top)).named(named[i].as_str())
    };
    Chart {
        id: id.to_owned(),
        title: "Wins, ties and losses".to_owned(),
        description: named.join(", "),
        class: "balance",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks: (0..3).filter(|&i| counts[i] > 0).map(part).collect(),
    }
}
