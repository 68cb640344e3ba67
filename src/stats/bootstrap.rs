//! Paired bootstrap of metrics that are functions of the joint table: macro F1 and the others without a closed form.

use super::MetricKind;
use super::classification::{RESAMPLED, values};
use super::confusion::{LabelCounts, add_to_marginals};
use super::intervals::{has_width_in_one, outer};
use super::percentile::{REPLICATES, percentile_interval};
use super::random::Seed;
use super::resampler::Resampler;
use super::sparse_counts::of_answers;
use crate::model::JointTable;

/// Cells up to which a table is resampled [`REPLICATES`] times; larger ones [`FEWER_REPLICATES`] times.
pub const MAX_CELLS: usize = 1_000;
/// Replicates for a table of more cells than [`MAX_CELLS`], whose ends are the order statistics 25 and 975.
pub const FEWER_REPLICATES: usize = 999;

/// Intervals of the differences, candidate minus baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct CountIntervals {
    /// Each metric with its interval, but those that no sample can change.
    pub intervals: Vec<(MetricKind, (f64, f64))>,
    /// Resamples that they rest on.
    pub replicates: usize,
}

/// Intervals of level `1 - alpha` for the differences of all metrics from macro F1 to MCC: the outer ends of percentile intervals
/// and of [`of_answers`].
///
/// Both versions are scored on the same resample of the samples, which is a multinomial draw over the cells of their
/// joint table; its cost depends on the number of cells and not on that of samples. `None` without samples, or unless
/// `0 < alpha < 1`.
pub fn bootstrap_counts(table: &JointTable, alpha: f64, seed: Seed) -> Option<CountIntervals> {
    let replicates = if table.cells.len() > MAX_CELLS {
        FEWER_REPLICATES
    } else {
        REPLICATES
    };
    bootstrap_counts_times(table, alpha, seed, replicates)
}

/// The same with so many replicates, for simulations.
pub fn bootstrap_counts_times(table: &JointTable, alpha: f64, seed: Seed, replicates: usize) -> Option<CountIntervals> {
    let mut found = percentile_counts(table, alpha, seed, replicates)?;
    for ((_, interval), sparse) in found.intervals.iter_mut().zip(of_answers(table, alpha)) {
        *interval = outer(*interval, sparse);
    }
    // Of what cannot be told, as where only one label occurs, nobody knows how much it would change.
    found.intervals.retain(|(_, interval)| has_width_in_one(interval));
    Some(found)
}

/// The percentile intervals alone.
pub fn percentile_counts(table: &JointTable, alpha: f64, seed: Seed, replicates: usize) -> Option<CountIntervals> {
    let counts: Vec<u64> = table.cells.values().copied().collect();
    let n: u64 = counts.iter().sum();
    if n == 0 {
        return None;
    }
    let (mut stream, resampler) = (seed.fast_stream("counts"), Resampler::new(&counts));
    let rows = Rows::new(table);
    let mut drawn = vec![0; counts.len()];
    let mut differences = RESAMPLED.map(|_| Vec::with_capacity(replicates));
    let mut versions = [(); 2].map(|()| vec![LabelCounts::default(); table.labels.len()]);
    for _ in 0..replicates {
        resampler.draw(&mut stream, &mut drawn);
        rows.add_up(&drawn, &mut versions);
        let [baseline, candidate] = versions.each_ref().map(|labels| values(labels, n));
        for (difference, (a, b)) in differences.iter_mut().zip(baseline.into_iter().zip(candidate)) {
            difference.push(b - a);
        }
    }
    let intervals = RESAMPLED.into_iter().zip(differences.iter_mut());
    let intervals = intervals.map(|(kind, values)| Some((kind, percentile_interval(values, alpha)?)));
    Some(CountIntervals {
        intervals: intervals.collect::<Option<_>>()?,
        replicates,
    })
}

/// The cells of a table by what the baseline's marginals need of them: each truth with each of its answers.
struct Rows {
    /// Truth and answer of the baseline, and how many cells they have.
    rows: Vec<(u32, u32, usize)>,
    /// The candidate's answer in each cell.
    answers: Vec<u32>,
}

impl Rows {
    fn new(table: &JointTable) -> Rows {
        let mut rows: Vec<(u32, u32, usize)> = Vec::new();
        for &(truth, answer, _) in table.cells.keys() {
            match rows.last_mut() {
                Some((last, before, cells)) if (*last, *before) == (truth, answer) => *cells += 1,
                _ => rows.push((truth, answer, 1)),
            }
        }
        let answers = table.cells.keys().map(|&(_, _, answer)| answer).collect();
        Rows { rows, answers }
    }

    /// Marginals of both versions from the counts of the cells.
    fn add_up(&self, counts: &[u64], versions: &mut [Vec<LabelCounts>; 2]) {
        let [baseline, candidate] = versions;
        baseline.fill(LabelCounts::default());
        candidate.fill(LabelCounts::default());
        let mut cells = counts.iter().zip(&self.answers);
        for &(truth, answer, width) in &self.rows {
            let mut sum = 0;
            for (&count, &other) in cells.by_ref().take(width) {
                sum += count;
                if let Some(label) = candidate.get_mut(other as usize) {
                    label.predicted += count;
                    label.correct += if other == truth { count } else { 0 };
                }
            }
            add_to_marginals(baseline, truth, answer, sum);
            if let Some(label) = candidate.get_mut(truth as usize) {
                label.support += sum;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(cells: &[((u32, u32, u32), u64)]) -> JointTable {
        JointTable {
            labels: ["a", "b", "c"].map(String::from).to_vec(),
            cells: cells.iter().copied().collect(),
        }
    }

    /// 600 samples of three labels.
    pub(in crate::stats) fn three() -> JointTable {
        table(&[
            ((0, 0, 0), 150),
            ((0, 0, 1), 20),
            ((0, 2, 0), 34),
            ((1, 1, 1), 180),
            ((1, 1, 2), 9),
            ((1, 0, 1), 40),
            ((2, 2, 2), 120),
            ((2, 1, 2), 25),
            ((2, 2, 0), 12),
            ((2, 0, 1), 10),
        ])
    }

    /// The bootstrap's variance of a mean is known: of recall of one label, and so of the mean over labels of equal,
    /// fixed support, it is close to that of independent proportions.
    #[test]
    fn width_is_that_of_the_normal_theory_where_there_is_one() {
        // All truths are one label: macro recall is accuracy over three labels, its difference (c - b) / n / 3.
        let table = table(&[((0, 0, 0), 800), ((0, 0, 1), 60), ((0, 1, 0), 90), ((0, 1, 1), 50)]);
        let found = bootstrap_counts(&table, 0.05, Seed(1)).expect("samples");
        let recall = found
            .intervals
            .iter()
            .find(|(kind, _)| *kind == MetricKind::MacroRecall);
        let (low, high) = recall.expect("varies").1;
        let (d, n) = (0.03_f64, 1_000.0_f64);
        let half = 1.96 * ((0.15 - d * d) / n).sqrt();
        assert!((low - (d - half) / 3.0).abs() < 0.0006, "{low}");
        assert!((high - (d + half) / 3.0).abs() < 0.0006, "{high}");
        assert_eq!(found.replicates, REPLICATES);
        // Precision is that of one label, which is always right.
        assert!(
            found
                .intervals
                .iter()
                .all(|(kind, _)| *kind != MetricKind::MacroPrecision)
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_and_another_nearly_the_same() {
        let one = bootstrap_counts(&three(), 0.05, Seed(1)).expect("samples");
        assert_eq!(Some(&one), bootstrap_counts(&three(), 0.05, Seed(1)).as_ref());
        // Most answers differ, so that nothing but the resamples counts.
        let dense = |seed| {
            let cells = three()
                .cells
                .into_iter()
                .map(|((truth, a, b), n)| ((truth, a, (b + 1) % 3), n));
            let cells = cells.collect();
            bootstrap_counts(&JointTable { cells, ..three() }, 0.05, Seed(seed)).expect("samples")
        };
        let (one, two) = (dense(1), dense(2));
        assert_ne!(one, two);
        for ((_, a), (_, b)) in one.intervals.iter().zip(&two.intervals) {
            assert!((a.0 - b.0).abs() < 0.006 && (a.1 - b.1).abs() < 0.006, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_hundred_million_samples_narrow_the_interval_and_cost_the_same() {
        let narrow = JointTable {
            cells: three().cells.into_iter().map(|(cell, n)| (cell, n * 160_000)).collect(),
            ..three()
        };
        let [wide, narrow] = [three(), narrow].map(|t| bootstrap_counts(&t, 0.05, Seed(3)).expect("samples"));
        for ((_, a), (_, b)) in wide.intervals.iter().zip(&narrow.intervals) {
            let factor = (a.1 - a.0) / (b.1 - b.0);
            assert!((factor / 400.0 - 1.0).abs() < 0.1, "{factor}");
        }
    }

    #[test]
    fn nothing_and_no_difference() {
        assert_eq!(bootstrap_counts(&JointTable::default(), 0.05, Seed(1)), None);
        assert_eq!(bootstrap_counts(&three(), 1.0, Seed(1)), None);
        // Both versions give the same answers, always one label: the next answers may differ all the same. MCC is then undefined.
        let same = bootstrap_counts(&table(&[((0, 0, 0), 5), ((1, 0, 0), 5)]), 0.05, Seed(1)).expect("samples");
        for (kind, (low, high)) in same.intervals.into_iter().filter(|(kind, _)| *kind != MetricKind::Mcc) {
            assert!(
                low < -0.03 && high > 0.03 && (low + high).abs() < 1e-9,
                "{kind:?} {low} {high}"
            );
        }
    }

    #[test]
    fn large_tables_take_fewer_replicates_and_say_so() {
        let labels = 50_u32;
        let cells =
            (0..labels).flat_map(|t| (0..labels).flat_map(move |a| (0..3).map(move |b| ((t, a, (a + b) % labels), 1))));
        let table = JointTable {
            labels: (0..labels).map(|i| format!("{i:02}")).collect(),
            cells: cells.collect(),
        };
        assert!(table.cells.len() > MAX_CELLS);
        let found = bootstrap_counts(&table, 0.05, Seed(1)).expect("samples");
        assert_eq!(found.replicates, FEWER_REPLICATES);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn intervals_are_ordered_and_in_range(
            cells in proptest::collection::btree_map((0_u32..3, 0_u32..3, 0_u32..3), 1_u64..50, 1..20),
            seed: u64,
        ) {
            let table = JointTable { cells, ..three() };
            for (kind, (low, high)) in bootstrap_counts(&table, 0.05, Seed(seed)).expect("samples").intervals {
                prop_assert!(-2.0 <= low && low <= high && high <= 2.0, "{kind:?}: {low} {high}");
            }
        }
    }
}
