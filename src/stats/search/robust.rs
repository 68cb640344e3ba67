//! Confirmation where samples belong to clusters: a cluster takes the part of a sample.

use super::Change;
use crate::stats::clusters::ClusterSums;
use crate::stats::slices::MIN_SLICE_SIZE;
use crate::stats::student::student_two_sided;

/// Samples of one half, cluster by cluster: those of a slice, and what it is set against.
#[derive(Clone, Debug, Default)]
pub(super) struct Robust {
    /// Changes of the samples inside.
    pub(super) inside: ClusterSums,
    /// Per cluster the samples inside, less those of slices before, and the rest of these.
    parts: Vec<[Part; 2]>,
    current: Option<(u32, Cluster)>,
}

/// Samples of one cluster.
#[derive(Clone, Copy, Debug, Default)]
struct Cluster {
    inside: Part,
    parts: [Part; 2],
}

/// Sum over samples, and how many they are.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    sum: f64,
    n: f64,
}

impl Part {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1.0;
    }
}

impl Robust {
    /// Adds a sample of a cluster, whose samples come one after the other: whether it is inside, and whether a slice before
    /// this one has it already.
    pub(super) fn add(&mut self, cluster: u32, change: f64, kind: Change, inside: bool, covered: bool) {
        if self.current.is_none_or(|(current, _)| current != cluster) {
            self.flush();
            self.current = Some((cluster, Cluster::default()));
        }
        let Some((_, sums)) = &mut self.current else { return };
        if inside && change.is_finite() {
            sums.inside.add(change);
        }
        if !covered {
            // As single samples are compared: how many got worse, or by how much they changed.
            let value = match kind {
                Change::Flip => f64::from(kind.is_worse(change)),
                Change::Loss { .. } => change,
            };
            sums.parts[usize::from(!inside)].add(value);
        }
    }

    /// Ends the last cluster.
    pub(super) fn flush(&mut self) {
        if let Some((_, Cluster { inside, parts })) = self.current.take() {
            if inside.n > 0.0 {
                self.inside.add(inside.sum, inside.n as u64);
            }
            self.parts.push(parts);
        }
    }

    /// p value of no change and no excess, the larger of both.
    pub(super) fn p_value(&self, kind: Change) -> f64 {
        self.changed(kind).max(self.excess())
    }

    /// As of a declared slice; never below what the signs of so many clusters can reach. A mean change must also be more than
    /// the clusters' own signs allow: the error of a mean that one cluster makes up is too small.
    fn changed(&self, kind: Change) -> f64 {
        let signs = self.inside.mcnemar().max(libm::exp2(-(self.inside.leaning() as f64)));
        match kind {
            Change::Flip => signs,
            Change::Loss { .. } if self.inside.samples() < MIN_SLICE_SIZE => 1.0,
            Change::Loss { .. } => {
                let test = self.inside.test(0.05).and_then(|test| test.p_value);
                test.unwrap_or(1.0).max(signs)
            }
        }
    }

    /// One-sided p value that the samples inside got worse no more than the others: the difference of both means by its
    /// jackknife error over clusters, with the degrees of freedom of Welch and Satterthwaite. 1 where either side is in
    /// fewer than two clusters.
    fn excess(&self) -> f64 {
        let total = |side: usize| {
            self.parts.iter().fold(Part::default(), |all, parts| Part {
                sum: all.sum + parts[side].sum,
                n: all.n + parts[side].n,
            })
        };
        let totals = [total(0), total(1)];
        let clusters = [0, 1].map(|side| self.parts.iter().filter(|parts| parts[side].n > 0.0).count() as f64);
        if clusters.iter().any(|n| *n < 2.0) {
            return 1.0;
        }
        let means = totals.map(|all| all.sum / all.n);
        // By how much a mean changes without the cluster.
        let moved = |parts: &[Part; 2], side: usize| {
            let (part, all) = (parts[side], totals[side]);
            (part.sum - means[side] * part.n) / (all.n - part.n)
        };
        let mut products = [[0.0; 2]; 2];
        for parts in &self.parts {
            let moves = [moved(parts, 0), moved(parts, 1)];
            for (row, a) in products.iter_mut().zip(moves) {
                row.iter_mut().zip(moves).for_each(|(sum, b)| *sum += a * b);
            }
        }
        let [inside, outside] = [0, 1].map(|side| products[side][side] * (clusters[side] - 1.0) / clusters[side]);
        let error = inside + outside - 2.0 * products[0][1];
        let difference = means[0] - means[1];
        if error <= 0.0 {
            return if difference > 0.0 && inside + outside <= 0.0 {
                0.0
            } else {
                1.0
            };
        }
        let spread = inside * inside / (clusters[0] - 1.0) + outside * outside / (clusters[1] - 1.0);
        let freedom = (inside + outside) * (inside + outside) / spread;
        let t = difference / libm::sqrt(error);
        let tail = student_two_sided(t, freedom) / 2.0;
        if t > 0.0 { tail } else { 1.0 - tail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLIP: Change = Change::Flip;

    /// Clusters of four samples: so many of them are inside and regress as a whole, the others do not.
    fn of(inside: u32, regressed: u32, all: u32) -> Robust {
        let mut robust = Robust::default();
        for cluster in 0..all {
            let change = if cluster < regressed { 1.0 } else { 0.0 };
            for _ in 0..4 {
                robust.add(cluster, change, FLIP, cluster < inside, false);
            }
        }
        robust.flush();
        robust
    }

    #[test]
    fn a_cluster_counts_once() {
        let (many, few) = (of(40, 30, 200), of(4, 4, 200));
        assert!(many.p_value(FLIP) < 1e-4);
        // Four clusters that all regress are four coins, whatever they hold.
        assert!((few.p_value(FLIP) - 0.0625).abs() < 1e-12, "{}", few.p_value(FLIP));
        assert_eq!((many.inside.clusters(), many.inside.samples()), (40, 160));
    }

    #[test]
    fn what_got_worse_everywhere_is_no_excess() {
        let mut robust = Robust::default();
        for cluster in 0..100_u32 {
            for sample in 0..4 {
                let change = if cluster % 3 == 0 { 1.0 } else { 0.0 };
                robust.add(cluster, change, FLIP, sample % 2 == 0, false);
            }
        }
        robust.flush();
        assert!(robust.changed(FLIP) < 1e-6 && robust.excess() > 0.4);
    }

    #[test]
    fn one_cluster_that_makes_up_a_slice_confirms_nothing() {
        let loss = Change::Loss { tolerance: 0.0 };
        let mut robust = Robust::default();
        for sample in 0..500 {
            robust.add(0, 1.0 + f64::from(sample % 2), loss, true, false);
        }
        for cluster in 1..50_u32 {
            robust.add(cluster, 0.01 * f64::from(cluster % 5), loss, cluster < 20, false);
        }
        robust.flush();
        assert!(robust.p_value(loss) > 0.05, "{}", robust.p_value(loss));
        let nothing = Robust::default();
        assert!(nothing.p_value(loss) >= 1.0 && nothing.p_value(FLIP) >= 1.0);
    }
}
