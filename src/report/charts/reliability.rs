//! The reliability diagram: accuracy against confidence by bin (Guo et al. 2017), with the sizes of the bins below.

use super::scale::{Scale, plain};
use super::{Chart, Mark, paired, shape};
use crate::model::comparison::{Calibration, CalibrationBin};
use crate::report::format::{counted, percent};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 430.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 406.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 314.0;
/// Where the bars for the sizes of the bins begin and end.
const SIZES: [f64; 2] = [354.0, 396.0];

/// The diagram of both versions, or of the first alone.
pub fn reliability(data: &Calibration, single: bool) -> Chart {
    let x = Scale::linear([0.0, 1.0], [LEFT, RIGHT]);
    let y = Scale::linear([0.0, 1.0], [BOTTOM, TOP]);
    let sides: &[(&str, &[CalibrationBin])] = if single {
        &[("", &data.baseline)]
    } else {
        &[("Baseline: ", &data.baseline), ("Candidate: ", &data.candidate)]
    };
    let mut marks = frame(&x, &y);
    let edges: Vec<[f64; 2]> = data.baseline.iter().map(|bin| [bin.low, bin.high]).collect();
    let sizes = |bins: &[CalibrationBin]| -> Vec<u64> { bins.iter().map(|bin| bin.n).collect() };
    let counts: Vec<Vec<u64>> = sides.iter().map(|(_, bins)| sizes(bins)).collect();
    let counts: Vec<&[u64]> = counts.iter().map(Vec::as_slice).collect();
    marks.extend(paired::bars(&x, &edges, &counts, SIZES));
    for (i, (version, bins)) in sides.iter().enumerate() {
        marks.extend(curve(&x, &y, bins, version, single || i == 1));
    }
    Chart {
        id: "reliability".to_owned(),
        title: "Reliability diagram".to_owned(),
        description: format!(
            "Accuracy against mean confidence of {} in {} bins, with the number of samples of each bin below. On the \
             diagonal confidence is what it claims. The table has the numbers.",
            counted(data.n, "sample", "samples"),
            data.baseline.len()
        ),
        class: "reliability",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks,
    }
}

fn frame(x: &Scale, y: &Scale) -> Vec<Mark> {
    let mut marks = Vec::new();
    let (ticks, digits) = x.ticks(5);
    for tick in ticks {
        let (across, up) = (x.at(tick), y.at(tick));
        marks.push(Mark::shape("grid", shape::line(&[[LEFT, up], [RIGHT, up]])));
        marks.push(Mark::text("tick end", LEFT - 6.0, up + 4.0, plain(tick, digits)));
        marks.push(Mark::text("tick", across, BOTTOM + 18.0, plain(tick, digits)));
    }
    marks.push(Mark::shape("zero", shape::line(&[[LEFT, BOTTOM], [RIGHT, TOP]])));
    marks.push(Mark::text("tick start", 4.0, TOP - 10.0, "Accuracy"));
    marks.push(Mark::text("tick end", RIGHT, BOTTOM + 36.0, "Confidence"));
    marks.push(Mark::text("tick start", LEFT, SIZES[1] + 18.0, "Samples by bin"));
    marks
}

fn curve(x: &Scale, y: &Scale, bins: &[CalibrationBin], version: &str, candidate: bool) -> Vec<Mark> {
    let full = bins
        .iter()
        .filter_map(|bin| Some((bin, bin.confidence?, bin.accuracy?)));
    let points: Vec<_> = full.map(|(bin, c, a)| (bin, [x.at(c), y.at(a)])).collect();
    let line: Vec<[f64; 2]> = points.iter().map(|(_, at)| *at).collect();
    let point = |(bin, at): &(&CalibrationBin, [f64; 2])| {
        let name = format!(
            "{version}accuracy {} at confidence {}, {}",
            percent(bin.accuracy),
            percent(bin.confidence),
            counted(bin.n, "sample", "samples")
        );
        match candidate {
            true => Mark::shape("b", shape::diamond(*at, 4.5)),
            false => Mark::shape("a", shape::circle(*at, 3.5)),
        }
        .named(name)
    };
    let class = if candidate { "b line" } else { "a line" };
    std::iter::once(Mark::shape(class, shape::line(&line)))
        .chain(points.iter().map(point))
        .collect()
}
