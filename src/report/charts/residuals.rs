//! Residuals against the ground truth: how many samples lie in each cell of a grid, of one version.

use super::errors::edge;
use super::scale::{self, Scale, difference, plain};
use super::{Chart, Mark, shape};
use crate::model::distribution::{ResidualColumn, Residuals};
use crate::report::format::{count, counted};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 406.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 272.0;
/// Shades, from the lightest.
const SHADES: [&str; 5] = ["d1", "d2", "d3", "d4", "d5"];

/// Samples of a cell that have one shade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shade {
    /// Its class.
    pub class: &'static str,
    /// Fewest samples.
    pub low: u64,
    /// Most.
    pub high: u64,
}

/// The shades for both versions: their bounds grow by equal ratios up to the fullest cell of either.
pub fn shades(residuals: &Residuals) -> Vec<Shade> {
    let cells = |column: &ResidualColumn| column.baseline.iter().chain(&column.candidate).max().copied();
    let most = residuals.columns.iter().filter_map(cells).max().unwrap_or_default();
    let last = SHADES.len();
    let mut bounds = vec![0];
    for i in 1..=last {
        let bound = match i {
            _ if i == last => most,
            _ => libm::floor(libm::pow(most as f64, i as f64 / last as f64) * (1.0 + 1e-12)) as u64,
        };
        if bounds.last().is_some_and(|before| *before < bound) {
            bounds.push(bound);
        }
    }
    let used = bounds.len() - 1;
    let shade = |(i, ends): (usize, &[u64])| Shade {
        class: SHADES[last - used + i],
        low: ends[0] + 1,
        high: ends[1],
    };
    bounds.windows(2).enumerate().map(shade).collect()
}

/// The grid of one version, with the mean of each column.
pub fn residuals(residuals: &Residuals, candidate: bool, shades: &[Shade]) -> Chart {
    let edges = &residuals.edges;
    let ends = |low: Option<f64>, high: Option<f64>| [low.unwrap_or_default(), high.unwrap_or_default()];
    let truths = ends(
        residuals.columns.first().map(|column| column.low),
        residuals.columns.last().map(|column| column.high),
    );
    let x = Scale::linear(truths, [LEFT, RIGHT]);
    let y = Scale::linear(ends(edges.first().copied(), edges.last().copied()), [BOTTOM, TOP]);
    let cells = |column: &ResidualColumn| match candidate {
        true => column.candidate.clone(),
        false => column.baseline.clone(),
    };
    let mut paths = vec![String::new(); shades.len()];
    for column in &residuals.columns {
        let (left, right) = (x.at(column.low), x.at(column.high));
        for (ends, n) in edges.windows(2).zip(cells(column)) {
            let shade = shades.iter().position(|shade| (shade.low..=shade.high).contains(&n));
            if let Some(path) = shade.and_then(|shade| paths.get_mut(shade)) {
                let top = y.at(ends[1]);
                *path += &shape::rectangle([left, top], right - left, y.at(ends[0]) - top);
            }
        }
    }
    let shaded = shades.iter().zip(paths).filter(|(_, path)| !path.is_empty());
    let mut marks: Vec<Mark> = shaded.map(|(shade, path)| Mark::shape(shade.class, path)).collect();
    marks.extend(frame(&x, &y, &residuals.columns));
    marks.extend(means(residuals, candidate, &x, &y));
    let version = if candidate { "candidate" } else { "baseline" };
    let n: u64 = residuals.columns.iter().map(|column| column.n).sum();
    Chart {
        id: format!("residuals-{version}"),
        title: format!("Residuals of the {version}"),
        description: format!(
            "Residuals of {} of the {version} against their ground truth, from {} to {}: darker cells hold more \
             samples, and marks show the mean of each column. The table has the numbers.",
            counted(n, "sample", "samples"),
            edge(truths[0]),
            edge(truths[1])
        ),
        class: "residuals",
        width: format!("{WIDTH}"),
        height: format!("{HEIGHT}"),
        linked: false,
        marks,
    }
}

/// The mean residual of each column that has samples; what lies beyond is drawn at the edge.
fn means(residuals: &Residuals, candidate: bool, x: &Scale, y: &Scale) -> Vec<Mark> {
    let place = |column: &ResidualColumn| {
        let mean = column.means[usize::from(candidate)]?;
        Some([x.at((column.low + column.high) / 2.0), y.at(mean)])
    };
    let points: Vec<[f64; 2]> = residuals.columns.iter().filter_map(place).collect();
    let (line, mark) = if candidate { ("b line", "b") } else { ("a line", "a") };
    let at = |point: &[f64; 2]| match candidate {
        true => shape::diamond(*point, 3.5),
        false => shape::circle(*point, 3.0),
    };
    let shapes: String = points.iter().map(at).collect();
    vec![Mark::shape(line, shape::line(&points)), Mark::shape(mark, shapes)]
}

fn frame(x: &Scale, y: &Scale, columns: &[ResidualColumn]) -> Vec<Mark> {
    let middle = y.at(0.0);
    let mut marks = vec![
        Mark::shape("zero", shape::line(&[[LEFT, middle], [RIGHT, middle]])),
        Mark::shape("grid", shape::line(&[[LEFT, TOP], [LEFT, BOTTOM], [RIGHT, BOTTOM]])),
        Mark::text("tick start", 4.0, TOP - 12.0, "Residual"),
        Mark::text("tick end", RIGHT, BOTTOM + 42.0, "Ground truth"),
    ];
    let (ticks, digits) = y.ticks(5);
    let words = scale::short(&ticks, |tick| difference(tick, digits));
    let ticks = ticks.into_iter().zip(words);
    marks.extend(ticks.map(|(tick, words)| Mark::text("tick end", LEFT - 6.0, y.at(tick) + 4.0, words)));
    let ticks: Vec<(f64, String)> = match columns {
        // One truth alone has no scale.
        [only] => vec![(only.low, edge(only.low))],
        _ => {
            let (ticks, digits) = x.ticks(4);
            let words = scale::short(&ticks, |tick| plain(tick, digits));
            ticks.into_iter().zip(words).collect()
        }
    };
    marks.extend(ticks.into_iter().map(|(tick, words)| {
        // What stands at an end must not be cut off there.
        let place = x.at(tick).min(WIDTH - 4.5 * words.len() as f64);
        Mark::text("tick", place, BOTTOM + 20.0, words)
    }));
    marks
}

/// Samples that have a shade, in words.
pub fn range(shade: &Shade) -> String {
    match shade.low == shade.high {
        true => count(shade.low),
        false => format!("{} to {}", count(shade.low), count(shade.high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::distribution::Beyond;

    fn grid(counts: [u64; 2]) -> Residuals {
        let column = |low: f64, n: u64| ResidualColumn {
            low,
            high: low + 10.0,
            n,
            means: [Some(0.5), None],
            baseline: vec![0, n, 0],
            candidate: vec![n, 0, 0],
        };
        Residuals {
            edges: vec![-2.0, -1.0, 1.0, 2.0],
            columns: vec![column(0.0, counts[0]), column(10.0, counts[1])],
            beyond: Beyond::default(),
        }
    }

    #[test]
    fn shades_grow_by_equal_ratios_and_the_fullest_cell_is_the_darkest() {
        let texts = |most| -> Vec<String> {
            let shades = shades(&grid([1, most]));
            shades
                .iter()
                .map(|shade| format!("{} {}", shade.class, range(shade)))
                .collect()
        };
        assert_eq!(texts(1), ["d5 1"]);
        assert_eq!(texts(7), ["d1 1", "d2 2", "d3 3", "d4 4", "d5 5 to 7"]);
        assert_eq!(
            texts(100_000),
            [
                "d1 1 to 10",
                "d2 11 to 100",
                "d3 101 to 1,000",
                "d4 1,001 to 10,000",
                "d5 10,001 to 100,000"
            ]
        );
        assert!(shades(&grid([0, 0])).is_empty());
    }

    #[test]
    fn cells_of_one_shade_are_one_path() {
        let grid = grid([1, 9]);
        let shades = shades(&grid);
        let chart = residuals(&grid, false, &shades);
        let cells: Vec<&Mark> = chart.marks.iter().filter(|mark| mark.class.starts_with('d')).collect();
        assert_eq!(cells.len(), 2);
        // The middle row of the right column: from -1 to 1 of -2 to 2.
        assert_eq!(cells[1].path.as_deref(), Some("M241 87.5h165v123h-165z"));
        assert_eq!(chart.marks.iter().filter(|mark| mark.class == "a").count(), 1);
    }
}
