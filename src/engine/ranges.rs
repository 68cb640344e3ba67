//! Cuts two sorted runs into key ranges that can be merged independently of each other.

use super::files::{ReadColumn, RunFiles};
use super::merge::KeyRange;
use super::scan::Piece;
use parquet::file::statistics::Statistics;

/// Row groups of the baseline per range at most: with 131,072 rows each, about 1.3 million rows.
const GROUPS_PER_RANGE: usize = 10;
/// Ranges that a run is cut into at least, as far as it has row groups: work for some cores.
const MIN_RANGES: usize = 8;

/// Bounds of a row group's keys; the upper one may lie above the true maximum, the lower one below the minimum.
struct GroupBounds {
    file: usize,
    group: usize,
    low: String,
    high: String,
}

/// One merge task: the key range and the pieces of both sides that may hold its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeTask {
    /// The keys.
    pub range: KeyRange,
    /// Pieces of the baseline.
    pub left: Vec<Piece>,
    /// Pieces of the candidate.
    pub right: Vec<Piece>,
}

/// Cuts at row-group starts of the left run. One task over everything where a file lacks key statistics.
pub fn cut(left: &RunFiles, right: &RunFiles, left_key: &ReadColumn, right_key: &ReadColumn) -> Vec<RangeTask> {
    let (Some(a), Some(b)) = (bounds(left, left_key), bounds(right, right_key)) else {
        return vec![RangeTask {
            range: KeyRange::default(),
            left: everything(left),
            right: everything(right),
        }];
    };
    let per_range = (a.len() / MIN_RANGES).clamp(1, GROUPS_PER_RANGE);
    let mut cuts: Vec<String> = a.iter().step_by(per_range).skip(1).map(|g| g.low.clone()).collect();
    cuts.dedup();
    let mut tasks = Vec::with_capacity(cuts.len() + 1);
    let mut low = None;
    for high in cuts.into_iter().map(Some).chain([None]) {
        let range = KeyRange {
            low: low.clone(),
            high: high.clone(),
        };
        tasks.push(RangeTask {
            left: within(&a, &range),
            right: within(&b, &range),
            range,
        });
        low = high;
    }
    tasks
}

/// Every row group of every file, in order.
pub fn everything(files: &RunFiles) -> Vec<Piece> {
    let piece = |(file, row_groups): (usize, &Vec<usize>)| Piece {
        file,
        row_groups: row_groups.clone(),
    };
    files.row_groups.iter().enumerate().map(piece).collect()
}

/// Every row group in order, in pieces of at most so many.
pub fn split(files: &RunFiles, groups: usize) -> Vec<Piece> {
    let parts = |piece: Piece| -> Vec<Piece> {
        let chunks = piece.row_groups.chunks(groups.max(1));
        chunks
            .map(|row_groups| Piece {
                file: piece.file,
                row_groups: row_groups.to_vec(),
            })
            .collect()
    };
    everything(files).into_iter().flat_map(parts).collect()
}

/// The row groups of a run dealt out to `n` lists, for scans whose order does not matter.
pub fn dealt(files: &RunFiles, n: usize) -> Vec<Vec<Piece>> {
    let mut lists = vec![Vec::new(); n.max(1)];
    let mut i = 0;
    for (file, groups) in files.row_groups.iter().enumerate() {
        for &group in groups {
            lists[i % n.max(1)].push(Piece {
                file,
                row_groups: vec![group],
            });
            i += 1;
        }
    }
    lists
}

fn within(groups: &[GroupBounds], range: &KeyRange) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for group in groups {
        let reaches = range.low.as_ref().is_none_or(|low| &group.high >= low);
        let begins = range.high.as_ref().is_none_or(|high| &group.low < high);
        if !(reaches && begins) {
            continue;
        }
        match pieces.last_mut() {
            Some(piece) if piece.file == group.file => piece.row_groups.push(group.group),
            _ => pieces.push(Piece {
                file: group.file,
                row_groups: vec![group.group],
            }),
        }
    }
    pieces
}

/// The middle between the smallest and the largest number of a column, as far as the footers say.
pub fn middle(files: &RunFiles, column: &ReadColumn) -> Option<f64> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (open, groups) in files.files.iter().zip(&files.row_groups) {
        let leaf = open.leaf(column)?;
        for group in groups.iter().map(|&group| open.metadata.row_group(group)) {
            let (least, most) = match group.column(leaf).statistics()? {
                Statistics::Double(found) => (*found.min_opt()?, *found.max_opt()?),
                Statistics::Float(found) => (f64::from(*found.min_opt()?), f64::from(*found.max_opt()?)),
                Statistics::Int64(found) => (*found.min_opt()? as f64, *found.max_opt()? as f64),
                Statistics::Int32(found) => (f64::from(*found.min_opt()?), f64::from(*found.max_opt()?)),
                _ => return None,
            };
            (low, high) = (low.min(least), high.max(most));
        }
    }
    let middle = low / 2.0 + high / 2.0;
    middle.is_finite().then_some(middle)
}

fn bounds(files: &RunFiles, key: &ReadColumn) -> Option<Vec<GroupBounds>> {
    let mut out = Vec::new();
    for (file, open) in files.files.iter().enumerate() {
        let leaf = open.leaf(key)?;
        for &group in &files.row_groups[file] {
            let Some(Statistics::ByteArray(statistics)) = open.metadata.row_group(group).column(leaf).statistics()
            else {
                return None;
            };
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
            let low = text(statistics.min_opt()?.data())?;
            // A cut maximum that could not be incremented is no upper bound; then nothing can be ruled out.
            let high = text(statistics.max_opt()?.data())?;
            out.push(GroupBounds { file, group, low, high });
        }
    }
    Some(out)
}
