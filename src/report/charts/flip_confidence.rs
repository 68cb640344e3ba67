//! How sure both versions were of the samples that flipped.

use super::scale::{Scale, plain, samples};
use super::{Chart, Mark, paired, shape};
use crate::model::comparison::{BinCounts, FlipConfidence};
use crate::report::format::counted;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 406.0;
/// Top and base line of the regressed samples, then of the fixed ones.
const PANELS: [[f64; 2]; 2] = [[34.0, 134.0], [174.0, 274.0]];

/// Two panels of bars by confidence bin: the regressed samples and the fixed ones.
pub fn flip_confidence(flips: &FlipConfidence, edges: &[[f64; 2]]) -> Chart {
    let x = Scale::linear([0.0, 1.0], [LEFT, RIGHT]);
    let panels = [("Regressed", &flips.regressed), ("Fixed", &flips.fixed)];
    let mut marks = Vec::new();
    for ((title, counts), [top, base]) in panels.into_iter().zip(PANELS) {
        let most = counts
            .baseline
            .iter()
            .chain(&counts.candidate)
            .max()
            .copied()
            .unwrap_or_default();
        marks.push(Mark::text("tick start", LEFT, top - 12.0, title));
        marks.push(Mark::text("tick end", LEFT - 6.0, top + 4.0, samples(most as f64)));
        marks.push(Mark::text("tick end", LEFT - 6.0, base + 4.0, "0"));
        marks.push(Mark::shape("grid", shape::line(&[[LEFT, base], [RIGHT, base]])));
        marks.extend(paired::bars(
            &x,
            edges,
            &[&counts.baseline, &counts.candidate],
            [top, base],
        ));
    }
    let (ticks, digits) = x.ticks(5);
    let base = PANELS[1][1];
    marks.extend(
        ticks
            .into_iter()
            .map(|tick| Mark::text("tick", x.at(tick), base + 18.0, plain(tick, digits))),
    );
    marks.push(Mark::text("tick end", RIGHT, base + 38.0, "Confidence"));
    let n = |counts: &BinCounts| counts.baseline.iter().sum::<u64>();
    Chart {
        id: "flip-confidence".to_owned(),
        title: "Confidence of the samples that flipped".to_owned(),
        description: format!(
            "Confidence of both versions in their answers to {} and {}, by bin.",
            counted(n(&flips.regressed), "regressed sample", "regressed samples"),
            counted(n(&flips.fixed), "fixed one", "fixed ones"),
        ),
        class: "flip-confidence",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks,
    }
}
