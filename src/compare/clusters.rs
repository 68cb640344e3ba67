//! What the pass notes of each matched sample where samples belong to clusters, and what the clusters add up to.

use super::encode::{SLICES_PER_WORD, Shape};
use super::pass::Pass;
use super::tally::Side;
use crate::model::Predicate;
use crate::stats::{ClusterCounts, ClusterSums, ExactSum};
use std::collections::BTreeMap;

/// The samples that one task has seen: 16 bytes each, and 8 for every four slice columns.
#[derive(Debug)]
pub(super) struct ClusterRows {
    slices: usize,
    clusters: Vec<u64>,
    /// New minus old: of being right, of the absolute error or of the first score; not a number where there is none.
    changes: Vec<f64>,
    /// Slice words, as many per sample as the slices need.
    words: Vec<u64>,
    differing: u64,
}

/// A slice by its number among columns and pairs of them, and the codes of its values.
type Slice = (usize, u64, u64);

impl ClusterRows {
    pub(super) fn new(shape: Shape) -> ClusterRows {
        ClusterRows {
            slices: shape.slices,
            clusters: Vec::new(),
            changes: Vec::new(),
            words: Vec::new(),
            differing: 0,
        }
    }

    /// Notes a matched sample; one without a cluster is a cluster of its own.
    pub(super) fn add(&mut self, key: &str, a: &Side<'_>, b: &Side<'_>, row: usize, change: f64) {
        let [old, new] = [a, b].map(|side| side.cluster(row));
        self.differing += u64::from(old != new);
        self.clusters.push(new.unwrap_or_else(|| alone(key)));
        self.changes.push(change);
        self.words.extend(b.slices.iter().map(|words| words.value(row)));
    }

    /// Takes in what another task has seen.
    pub(super) fn merge(&mut self, other: ClusterRows) {
        self.clusters.extend(other.clusters);
        self.changes.extend(other.changes);
        self.words.extend(other.words);
        self.differing += other.differing;
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

    /// Sums over clusters for the whole and for each slice, and the samples of the largest cluster.
    fn sums(&self) -> (ClusterSums, BTreeMap<Slice, ClusterSums>, u64) {
        let counted = |row: &usize| self.changes[*row].is_finite();
        let mut order: Vec<usize> = (0..self.clusters.len()).filter(counted).collect();
        order.sort_unstable_by_key(|row| self.clusters[*row]);
        let (mut whole, mut slices, mut largest) = (ClusterSums::default(), BTreeMap::new(), 0);
        for cluster in order.chunk_by(|a, b| self.clusters[*a] == self.clusters[*b]) {
            let mut sum = ExactSum::default();
            let mut parts: BTreeMap<Slice, (ExactSum, u64)> = BTreeMap::new();
            for &row in cluster {
                sum.add(self.changes[row]);
                for slice in self.slices_of(row) {
                    let (sum, samples) = parts.entry(slice).or_default();
                    sum.add(self.changes[row]);
                    *samples += 1;
                }
            }
            whole.add(sum.value(), cluster.len() as u64);
            for (slice, (sum, samples)) in parts {
                let sums: &mut ClusterSums = slices.entry(slice).or_default();
                sums.add(sum.value(), samples);
            }
            largest = largest.max(cluster.len() as u64);
        }
        (whole, slices, largest)
    }
}

/// The cluster of a sample that belongs to none.
fn alone(key: &str) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("evaldiff a sample that is its own cluster");
    hasher.update(key.as_bytes());
    let hash = hasher.finalize();
    u64::from_le_bytes(hash.as_bytes().first_chunk::<8>().copied().unwrap_or_default())
}

impl Pass {
    /// What the clusters add up to; `None` where no column tells them.
    pub(super) fn clusters(&self) -> Option<ClusterCounts> {
        let rows = self.tally.clusters.as_ref()?;
        let (whole, slices, largest) = rows.sums();
        let n = self.slice_names.len();
        let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
        let predicate = |column: usize, code: u64| Predicate {
            column: self.slice_names[column].clone(),
            value: self.slice_value(column, code),
        };
        let named = slices.into_iter().map(|((number, first, second), sums)| {
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
            whole,
            slices: named.collect(),
            largest,
            differing: rows.differing,
        })
    }
}
