//! What the pass notes of each matched sample where samples belong to clusters, and what the clusters add up to.

use super::encode::{SLICES_PER_WORD, Shape};
use super::measure::Measure;
use super::pass::Pass;
use super::tally::Side;
use crate::model::{JointTable, Predicate};
use crate::stats::{ClusterCounts, ClusterEvidence, ClusterSums, CountClusters, MeanSums, Spread};
use std::collections::BTreeMap;

/// The samples that one task has seen: 12 bytes each, or 8 and all that they are measured by; 16 for a confidence, and 8 for
/// every four slice columns.
#[derive(Debug)]
pub(super) struct ClusterRows {
    slices: usize,
    clusters: Vec<u64>,
    /// Number of the (truth, baseline, candidate) of each sample, where answers are right or wrong.
    cells: Vec<u32>,
    /// As many for each sample: both confidences, or the evidence of what is measured.
    values: Vec<f64>,
    width: usize,
    /// Slice words, as many per sample as the slices need.
    words: Vec<u64>,
    differing: u64,
    /// Samples whose ground truth changed: their cluster, and their change under the old and under the new one.
    relabelled: Vec<(u64, [i8; 2])>,
}

/// A slice by its number among columns and pairs of them, and the codes of its values.
type Slice = (usize, u64, u64);

impl ClusterRows {
    pub(super) fn new(shape: Shape, measure: Option<&Measure>) -> ClusterRows {
        let of_labels = if shape.confidence { 2 } else { 0 };
        ClusterRows {
            slices: shape.slices,
            clusters: Vec::new(),
            cells: Vec::new(),
            values: Vec::new(),
            width: measure.map_or(of_labels, Measure::evidence_width),
            words: Vec::new(),
            differing: 0,
            relabelled: Vec::new(),
        }
    }

    /// Notes a matched sample by its cell; one without a cluster is a cluster of its own.
    pub(super) fn add(&mut self, key: &str, a: &Side<'_>, b: &Side<'_>, row: usize, cell: u32) {
        self.note(key, a, b, row);
        self.cells.push(cell);
        if self.width > 0 {
            let confidences = [a, b].map(|side| side.confidence(row).unwrap_or(f64::NAN));
            self.values.extend(confidences);
        }
    }

    /// The same where answers are measured.
    pub(super) fn add_measured(&mut self, key: &str, a: &Side<'_>, b: &Side<'_>, row: usize, measure: &Measure) {
        self.note(key, a, b, row);
        measure.evidence(a, b, row, &mut self.values);
    }

    fn note(&mut self, key: &str, a: &Side<'_>, b: &Side<'_>, row: usize) {
        let [old, new] = [a, b].map(|side| side.cluster(row));
        self.differing += u64::from(old != new);
        self.clusters.push(cluster_of(key, b, row));
        self.words.extend(b.slices.iter().map(|words| words.value(row)));
    }

    /// Notes a sample whose ground truth changed, by both of these and both answers.
    pub(super) fn add_relabelled(
        &mut self,
        key: &str,
        b: &Side<'_>,
        row: usize,
        truths: [u32; 2],
        [old, new]: [u32; 2],
    ) {
        let change = |truth: u32| i8::from(new == truth) - i8::from(old == truth);
        self.relabelled.push((cluster_of(key, b, row), truths.map(change)));
    }

    /// Takes in what another task has seen; `cell` translates its cells.
    pub(super) fn merge(&mut self, other: ClusterRows, cell: impl Fn(u32) -> u32) {
        self.clusters.extend(other.clusters);
        self.cells.extend(other.cells.into_iter().map(cell));
        self.values.extend(other.values);
        self.words.extend(other.words);
        self.differing += other.differing;
        self.relabelled.extend(other.relabelled);
    }

    /// The cluster of each matched sample, in the order in which they were added.
    pub(super) fn clusters(&self) -> &[u64] {
        &self.clusters
    }

    fn values(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    fn code(&self, row: usize, slice: usize) -> u64 {
        let words = self.slices.div_ceil(SLICES_PER_WORD);
        let word = self.words[row * words + slice / SLICES_PER_WORD];
        (word >> (16 * (slice % SLICES_PER_WORD))) & 0xFFFF
    }

    /// Every slice that a sample is in.
    fn slices_of(&self, row: usize) -> Vec<Slice> {
        let n = self.slices;
        let singles = (0..n).map(|i| (i, self.code(row, i), 0));
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let pairs = pairs.enumerate();
        singles
            .chain(pairs.map(|(pair, (i, j))| (n + pair, self.code(row, i), self.code(row, j))))
            .collect()
    }

    /// Rows in the order of their clusters, and within these of their cells: what is not summed exactly depends on it in the
    /// last bits.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.clusters.len()).collect();
        order.sort_unstable_by_key(|row| (self.clusters[*row], self.cells.get(*row)));
        order
    }
}

/// The cluster of a row of the candidate; a sample that belongs to none is one of its own.
pub(super) fn cluster_of(key: &str, b: &Side<'_>, row: usize) -> u64 {
    b.cluster(row).unwrap_or_else(|| alone(key))
}

/// The cluster of a sample that belongs to none.
fn alone(key: &str) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("evaldiff a sample that is its own cluster");
    hasher.update(key.as_bytes());
    let hash = hasher.finalize();
    u64::from_le_bytes(hash.as_bytes().first_chunk::<8>().copied().unwrap_or_default())
}

/// Sums over clusters as they are added one by one.
struct Sums<'a> {
    pass: &'a Pass,
    rows: &'a ClusterRows,
    /// By cell: its place in the joint table, the change of being right, and which version is.
    cells: Vec<Cell>,
    whole: ClusterSums,
    slices: BTreeMap<Slice, ClusterSums>,
    right: ClusterSums,
    largest: u64,
    relabelled: Relabelled,
    evidence: ClusterEvidence,
}

/// What a sample of one cell is.
#[derive(Clone, Copy)]
struct Cell {
    place: usize,
    correct: [bool; 2],
}

impl<'a> Sums<'a> {
    fn new(pass: &'a Pass, rows: &'a ClusterRows, table: &JointTable) -> Sums<'a> {
        let evidence = match &pass.measure {
            Some(measure) => measure.clusters(),
            None => ClusterEvidence::Labels {
                counts: Box::new(CountClusters::new(table)),
                confidence: (rows.width > 0).then(Box::default),
            },
        };
        let places: Vec<(u32, u32, u32)> = table.cells.keys().copied().collect();
        let cells = pass.places().map(|(truth, a, b)| Cell {
            // A cell without matched samples has no place, and no row.
            place: places.binary_search(&(truth, a, b)).unwrap_or(usize::MAX),
            correct: [a == truth, b == truth],
        });
        Sums {
            cells: cells.collect(),
            pass,
            rows,
            whole: ClusterSums::default(),
            slices: BTreeMap::new(),
            right: ClusterSums::default(),
            largest: 0,
            relabelled: Relabelled::new(&rows.relabelled),
            evidence,
        }
    }

    /// Adds a cluster by its rows.
    fn add(&mut self, cluster: u64, members: &[usize]) {
        let mut all = MeanSums::default();
        let mut parts: BTreeMap<Slice, MeanSums> = BTreeMap::new();
        for &row in members {
            let change = self.change(row);
            all.add(change);
            for slice in self.rows.slices_of(row) {
                parts.entry(slice).or_default().add(change);
            }
        }
        let samples = members.len() as u64;
        self.whole.add_samples(all.spread());
        if self.pass.measure.is_none() {
            let right = members.iter().filter(|row| self.cell(**row).correct[1]).count();
            self.right.add(right as f64, samples);
        }
        for (slice, part) in parts {
            let sums: &mut ClusterSums = self.slices.entry(slice).or_default();
            sums.add_samples(part.spread());
        }
        self.largest = self.largest.max(samples);
        self.relabelled.add(cluster, all.spread());
        self.add_evidence(members);
    }

    /// New minus old: of being right, of the absolute error or of the first score.
    fn change(&self, row: usize) -> f64 {
        if let Some(measure) = &self.pass.measure {
            return measure.change_of(self.rows.values(row));
        }
        let [old, new] = self.cell(row).correct.map(f64::from);
        new - old
    }

    fn cell(&self, row: usize) -> Cell {
        self.cells[self.rows.cells[row] as usize]
    }

    fn add_evidence(&mut self, members: &[usize]) {
        let (rows, cells) = (self.rows, &self.cells);
        if let Some(measure) = &self.pass.measure {
            return measure.add_cluster(&mut self.evidence, members.iter().map(|row| rows.values(*row)));
        }
        let ClusterEvidence::Labels { counts, confidence } = &mut self.evidence else {
            return;
        };
        let cell = |row: usize| rows.cells[row];
        let runs = members.chunk_by(|a, b| cell(*a) == cell(*b));
        counts.add(runs.map(|run| (cells[cell(run[0]) as usize].place, run.len() as u64)));
        if let Some(confidence) = confidence {
            let sample = |row: &usize| {
                let values = rows.values(*row).first_chunk::<2>().copied()?;
                let valid = values.iter().all(|value| value.is_finite());
                valid.then(|| (values, cells[cell(*row) as usize].correct))
            };
            confidence.add(members.iter().filter_map(sample));
        }
    }
}

/// Sums over clusters of the matched and the relabelled samples, under both ground truths of these.
struct Relabelled {
    /// Changes under both ground truths of the clusters that are not summed yet.
    open: BTreeMap<u64, [Spread; 2]>,
    sums: [ClusterSums; 2],
    any: bool,
}

impl Relabelled {
    fn new(samples: &[(u64, [i8; 2])]) -> Relabelled {
        let mut open: BTreeMap<u64, [Spread; 2]> = BTreeMap::new();
        for (cluster, changes) in samples {
            for (sums, change) in open.entry(*cluster).or_default().iter_mut().zip(changes) {
                *sums = sums.and(Spread::of_flips(1, u64::from(*change > 0), u64::from(*change < 0)));
            }
        }
        Relabelled {
            any: !open.is_empty(),
            open,
            sums: Default::default(),
        }
    }

    /// Adds a cluster by what its matched samples add up to.
    fn add(&mut self, cluster: u64, matched: Spread) {
        if self.any {
            let more = self.open.remove(&cluster).unwrap_or_default();
            for (sums, more) in self.sums.iter_mut().zip(more) {
                sums.add_samples(matched.and(more));
            }
        }
    }

    /// Adds the clusters without a matched sample.
    fn finish(mut self) -> [ClusterSums; 2] {
        for changes in std::mem::take(&mut self.open).into_values() {
            for (sums, change) in self.sums.iter_mut().zip(changes) {
                sums.add_samples(change);
            }
        }
        self.sums
    }
}

impl Pass {
    /// What the clusters add up to, `table` being the joint counts; `None` where no column tells them.
    pub(super) fn clusters(&self, table: &JointTable) -> Option<ClusterCounts> {
        let rows = self.tally.clusters.as_ref()?;
        let mut sums = Sums::new(self, rows, table);
        let order = rows.order();
        for members in order.chunk_by(|a, b| rows.clusters[*a] == rows.clusters[*b]) {
            sums.add(rows.clusters[members[0]], members);
        }
        let n = self.slice_names.len();
        let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
        let predicate = |column: usize, code: u64| Predicate {
            column: self.slice_names[column].clone(),
            value: self.slice_value(column, code),
        };
        let named = sums.slices.into_iter().map(|((number, first, second), sums)| {
            let predicates = match number.checked_sub(n) {
                None => vec![predicate(number, first)],
                Some(pair) => {
                    let (i, j) = pairs[pair];
                    vec![predicate(i, first), predicate(j, second)]
                }
            };
            (predicates, sums)
        });
        Some(ClusterCounts {
            slices: named.collect(),
            whole: sums.whole,
            right: sums.right,
            largest: sums.largest,
            differing: rows.differing,
            relabelled: sums.relabelled.finish(),
            evidence: sums.evidence,
        })
    }
}
