//! By how much samples got worse and better: losses on the left, wins on the right, ties between them.

use super::errors::edge;
use super::scale::{Scale, samples};
use super::{Chart, Mark, shape};
use crate::model::distribution::{ShiftBin, Shifts};
use crate::report::format::{count, counted};

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 508.0;
const TOP: f64 = 38.0;
const BASE: f64 = 190.0;
/// Every so many bins have their outer edge written.
const LABELLED: usize = 4;
/// What is left of a bar that is cut, above the cut and for it.
const CUT: [f64; 2] = [8.0, 5.0];

/// The bars. One of more ties than any other has samples is cut, so that it does not flatten what matters.
pub fn shifts(shifts: &Shifts) -> Chart {
    let losses = shifts.bins.iter().filter(|bin| bin.low < 0.0).count();
    let slots = shifts.bins.len() + 1;
    let x = Scale::linear([0.0, slots as f64], [LEFT, RIGHT]);
    let most = shifts.bins.iter().map(|bin| bin.n).max().unwrap_or_default().max(1);
    let height = |n: u64| n as f64 / most as f64 * (BASE - TOP);
    let bar = |slot: usize, tall: f64| {
        let (left, right) = (x.at(slot as f64) + 1.0, x.at(slot as f64 + 1.0) - 1.0);
        shape::rectangle([left, BASE - tall], right - left, tall)
    };
    let middle = (x.at(losses as f64) + x.at(losses as f64 + 1.0)) / 2.0;
    let mut marks = vec![
        Mark::shape("grid", shape::line(&[[LEFT, BASE], [RIGHT, BASE]])),
        Mark::text("tick start", 4.0, TOP - 24.0, "Samples"),
        Mark::text("tick end", LEFT - 6.0, TOP + 4.0, samples(most as f64)),
        Mark::text("tick end", LEFT - 6.0, BASE + 4.0, "0"),
        Mark::text("worse start", LEFT, BASE + 44.0, "← worse"),
        Mark::text("better end", RIGHT, BASE + 44.0, "better →"),
        Mark::text("tick", middle, BASE + 44.0, "Gain"),
        Mark::text("tick", middle, BASE + 20.0, "tie"),
    ];
    for (i, bin) in shifts.bins.iter().enumerate().filter(|(_, bin)| bin.n > 0) {
        let (class, slot) = if i < losses {
            ("worse bin", i)
        } else {
            ("better bin", i + 1)
        };
        let name = format!("{}: {}", range(bin), counted(bin.n, "sample", "samples"));
        marks.push(Mark::shape(class, bar(slot, height(bin.n))).named(name));
    }
    if shifts.ties > 0 {
        let whole = BASE - TOP;
        let path = if shifts.ties > most {
            let (left, right) = (x.at(losses as f64) + 1.0, x.at(losses as f64 + 1.0) - 1.0);
            bar(losses, whole - CUT[0] - CUT[1]) + &shape::rectangle([left, TOP], right - left, CUT[0])
        } else {
            bar(losses, height(shifts.ties))
        };
        let tall = height(shifts.ties).min(whole);
        marks.push(Mark::shape("tie bin", path).named(counted(shifts.ties, "tie", "ties")));
        marks.push(Mark::text("tick", middle, BASE - tall - 6.0, count(shifts.ties)));
    }
    // The outermost edge is always written.
    let every = if losses.is_multiple_of(LABELLED) {
        LABELLED
    } else {
        losses
    };
    let outer = |bin: &ShiftBin| if bin.low < 0.0 { bin.low } else { bin.high };
    for (i, bin) in shifts.bins.iter().enumerate() {
        // The outer edge of a loss is on its left, that of a win on its right.
        let (steps, place) = if i < losses {
            (losses - i, i)
        } else {
            (i + 1 - losses, i + 2)
        };
        if steps.is_multiple_of(every) {
            let words = signed(outer(bin));
            // What stands at an end must not be cut off there.
            let half = 5.0 * words.len() as f64;
            let place = x.at(place as f64).clamp(half, WIDTH - half);
            marks.push(Mark::text("tick", place, BASE + 20.0, words));
        }
    }
    let side = |loss: bool| -> u64 {
        let bins = shifts.bins.iter().filter(|bin| (bin.low < 0.0) == loss);
        bins.map(|bin| bin.n).sum()
    };
    Chart {
        id: "shift-sizes".to_owned(),
        title: "Sizes of the changes".to_owned(),
        description: format!(
            "{}, {} and {} by the size of the change. The table has the numbers.",
            counted(side(true), "loss", "losses"),
            counted(shifts.ties, "tie", "ties"),
            counted(side(false), "win", "wins"),
        ),
        class: "shifts",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks,
    }
}

fn signed(value: f64) -> String {
    match value > 0.0 {
        true => format!("+{}", edge(value)),
        false => edge(value),
    }
}

/// The edges of a bin in words; the closed one is away from zero.
pub fn range(bin: &ShiftBin) -> String {
    let (low, high) = (signed(bin.low), signed(bin.high));
    match bin.low < 0.0 {
        true => format!("[{low} to {high})"),
        false => format!("({low} to {high}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ties: u64) -> Chart {
        let bin = |low: f64, high: f64, n| ShiftBin { low, high, n };
        let bins = vec![
            bin(-1.0, -0.5, 2),
            bin(-0.5, 0.0, 0),
            bin(0.0, 0.5, 4),
            bin(0.5, 1.0, 1),
        ];
        shifts(&Shifts {
            bins,
            ties,
            beyond: [0; 2],
        })
    }

    #[test]
    fn losses_are_left_and_wins_right() {
        let chart = of(3);
        let named = |class: &str| -> Vec<String> {
            let marks = chart.marks.iter().filter(|mark| mark.class == class);
            marks.filter_map(|mark| mark.name.clone()).collect()
        };
        assert_eq!(named("worse bin"), ["[-1 to -0.5): 2 samples"]);
        assert_eq!(
            named("better bin"),
            ["(0 to +0.5]: 4 samples", "(+0.5 to +1]: 1 sample"]
        );
        assert_eq!(named("tie bin"), ["3 ties"]);
        assert_eq!(
            chart.description,
            "2 losses, 3 ties and 5 wins by the size of the change. The table has the numbers."
        );
    }

    #[test]
    fn many_ties_are_cut_but_counted() {
        let tie = |chart: &Chart| {
            chart
                .marks
                .iter()
                .find(|mark| mark.class == "tie bin")
                .and_then(|mark| mark.path.clone())
        };
        assert_eq!(tie(&of(4)).unwrap().matches('M').count(), 1);
        let cut = of(4000);
        assert_eq!(tie(&cut).unwrap().matches('M').count(), 2);
        assert!(
            cut.marks
                .iter()
                .any(|mark| mark.text.as_ref().is_some_and(|text| text.words == "4,000"))
        );
    }
}
