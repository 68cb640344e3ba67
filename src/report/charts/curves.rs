//! ROC and precision-recall curves of both versions, with the points at which they decide.

use super::scale::{Scale, plain};
use super::{Chart, Mark, shape};
use crate::model::Confusion;
use crate::model::comparison::{OperatingPoint, RankingResult};
use crate::report::format::{counted, percent};

const SIZE: [f64; 2] = [420.0, 372.0];
const LEFT: f64 = 46.0;
const RIGHT: f64 = 406.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 314.0;

/// A kind of curve: where its points lie, in shares of both axes.
struct Plane {
    id: &'static str,
    title: &'static str,
    axes: [&'static str; 2],
    place: fn(&OperatingPoint, &RankingResult) -> Option<[f64; 2]>,
}

const ROC: Plane = Plane {
    id: "roc",
    title: "ROC curves",
    axes: ["False positive rate", "True positive rate"],
    place: |point, ranking| {
        let share = |n: u64, of: u64| (of > 0).then(|| n as f64 / of as f64);
        Some([
            share(point.false_positives, ranking.negatives)?,
            share(point.true_positives, ranking.positives)?,
        ])
    },
};

const PRECISION_RECALL: Plane = Plane {
    id: "precision-recall",
    title: "Precision-recall curves",
    axes: ["Recall", "Precision"],
    place: |point, ranking| {
        let answered = point.true_positives + point.false_positives;
        (answered > 0 && ranking.positives > 0).then(|| {
            [
                point.true_positives as f64 / ranking.positives as f64,
                point.true_positives as f64 / answered as f64,
            ]
        })
    },
};

/// Both charts; none where a comparison has no operating points.
pub fn curves(ranking: &RankingResult, confusion: &Confusion) -> Vec<Chart> {
    if ranking.baseline_points.is_empty() && ranking.candidate_points.is_empty() {
        return Vec::new();
    }
    let planes = [ROC, PRECISION_RECALL];
    planes.map(|plane| chart(&plane, ranking, confusion)).to_vec()
}

fn chart(plane: &Plane, ranking: &RankingResult, confusion: &Confusion) -> Chart {
    let x = Scale::linear([0.0, 1.0], [LEFT, RIGHT]);
    let y = Scale::linear([0.0, 1.0], [BOTTOM, TOP]);
    let mut marks = frame(plane, &x, &y);
    let sides = [
        ("Baseline", "a line", "a", &ranking.baseline_points, &confusion.baseline),
        (
            "Candidate",
            "b line",
            "b",
            &ranking.candidate_points,
            &confusion.candidate,
        ),
    ];
    for (version, line, class, points, answers) in sides {
        let place = |point: &OperatingPoint| (plane.place)(point, ranking).map(|[across, up]| [x.at(across), y.at(up)]);
        let start = (plane.id == ROC.id).then(|| [x.at(0.0), y.at(0.0)]);
        let path: Vec<[f64; 2]> = start.into_iter().chain(points.iter().filter_map(place)).collect();
        marks.push(Mark::shape(line, shape::line(&path)));
        let decided = decision(&ranking.positive, &confusion.labels, answers);
        let at = decided.and_then(|decided| Some((decided, (plane.place)(&decided, ranking)?)));
        marks.extend(at.map(|(_, [across, up])| {
            let name = format!(
                "{version} as it answers: {} {}, {} {}",
                plane.axes[1].to_lowercase(),
                percent(Some(up)),
                plane.axes[0].to_lowercase(),
                percent(Some(across))
            );
            let at = [x.at(across), y.at(up)];
            let path = if class == "a" {
                shape::circle(at, 6.0)
            } else {
                shape::diamond(at, 7.0)
            };
            Mark::shape(class, path).named(name)
        }));
    }
    Chart {
        id: plane.id.to_owned(),
        title: plane.title.to_owned(),
        description: format!(
            "{} against {} of both versions over {} and {}; a mark shows where a version decides.",
            plane.axes[1],
            plane.axes[0].to_lowercase(),
            counted(ranking.positives, "positive sample", "positive samples"),
            counted(ranking.negatives, "negative one", "negative ones"),
        ),
        class: "curve",
        width: format!("{}", SIZE[0]),
        height: format!("{}", SIZE[1]),
        linked: false,
        marks,
    }
}

/// The answers of a version as an operating point.
fn decision(positive: &str, labels: &[String], answers: &[Vec<u64>]) -> Option<OperatingPoint> {
    let column = labels.iter().position(|label| label == positive)?;
    let of = |truth: usize| answers.get(truth)?.get(column).copied();
    let wrong = (0..labels.len()).filter(|&truth| truth != column).filter_map(of).sum();
    Some(OperatingPoint {
        threshold: 0.0,
        true_positives: of(column)?,
        false_positives: wrong,
    })
}

fn frame(plane: &Plane, x: &Scale, y: &Scale) -> Vec<Mark> {
    let mut marks = Vec::new();
    let (ticks, digits) = x.ticks(5);
    for tick in ticks {
        let (across, up) = (x.at(tick), y.at(tick));
        marks.push(Mark::shape("grid", shape::line(&[[LEFT, up], [RIGHT, up]])));
        marks.push(Mark::text("tick end", LEFT - 6.0, up + 4.0, plain(tick, digits)));
        marks.push(Mark::text("tick", across, BOTTOM + 18.0, plain(tick, digits)));
    }
    if plane.id == ROC.id {
        marks.push(Mark::shape("zero", shape::line(&[[LEFT, BOTTOM], [RIGHT, TOP]])));
    }
    marks.push(Mark::text("tick start", 4.0, TOP - 10.0, plane.axes[1]));
    marks.push(Mark::text("tick end", RIGHT, BOTTOM + 38.0, plane.axes[0]));
    marks
}
