//! Numeric columns as codes.

/// Where a numeric column is cut into parts of about the same number of samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuantileBins {
    /// Highest value of each bin but the last, rising.
    edges: Vec<f64>,
}

impl QuantileBins {
    /// Cuts values into at most `bins` parts. Equal values share a bin, so that there may be fewer.
    pub fn of(mut values: Vec<f64>, bins: usize) -> QuantileBins {
        values.retain(|value| !value.is_nan());
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        let ends = (1..bins).filter_map(|bin| values.get((n * bin / bins).checked_sub(1)?));
        let mut edges: Vec<f64> = ends.copied().filter(|edge| Some(edge) < values.last()).collect();
        edges.dedup();
        QuantileBins { edges: short(&edges) }
    }

    /// The bin of a value: above the edge before it, up to its own.
    pub fn bin(&self, value: f64) -> u16 {
        self.edges.partition_point(|edge| *edge < value) as u16
    }

    /// The values of a bin: above the first, up to the second; `None` where there is no such end.
    pub fn ends(&self, bin: u16) -> [Option<f64>; 2] {
        let bin = usize::from(bin);
        [
            bin.checked_sub(1).and_then(|before| self.edges.get(before)),
            self.edges.get(bin),
        ]
        .map(Option::<&f64>::copied)
    }
}

/// The edges with as few digits, three at least, as keep them apart: near a quantile is as good, and is read more easily.
fn short(edges: &[f64]) -> Vec<f64> {
    let rounded = |digits: usize| -> Vec<f64> {
        let round = |edge: &f64| format!("{edge:.*e}", digits - 1).parse().unwrap_or(*edge);
        edges.iter().map(round).collect()
    };
    let apart = |edges: &Vec<f64>| edges.is_sorted_by(|a, b| a < b);
    (3..17).map(rounded).find(apart).unwrap_or_else(|| edges.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bins_are_a_table() {
        let values = [5.0, 1.0, f64::NAN, 2.0, 4.0, 3.0, 6.0];
        let bins = QuantileBins::of(values.to_vec(), 3);
        assert_eq!(bins.edges, [2.0, 4.0]);
        assert_eq!(
            [1.0, 2.0, 2.5, 4.0, 6.0, 9.0].map(|value| bins.bin(value)),
            [0, 0, 1, 1, 2, 2]
        );
        assert_eq!(
            [0, 1, 2].map(|bin| bins.ends(bin)),
            [[None, Some(2.0)], [Some(2.0), Some(4.0)], [Some(4.0), None]]
        );
        let long = (0..9).map(|i| 1e6 + f64::from(i)).chain([2.0 / 3.0]).collect();
        assert_eq!(QuantileBins::of(long, 3).edges, [1_000_001.0, 1_000_004.0]);
        assert_eq!(
            QuantileBins::of(vec![0.123_456, 1.0 / 3.0, 5.0], 3).edges,
            [0.123, 0.333]
        );
        assert_eq!(QuantileBins::of(vec![0.0, 0.0, 0.0, 0.0, 7.0], 4).edges, [0.0]);
        assert_eq!(QuantileBins::of(vec![3.0; 5], 4), QuantileBins::default());
        assert_eq!(QuantileBins::of(vec![f64::NAN], 4), QuantileBins::default());
        assert_eq!(QuantileBins::of(vec![1.0, 2.0], 0), QuantileBins::default());
    }

    proptest! {
        #[test]
        fn every_value_lies_in_its_bin(values in proptest::collection::vec(-9.0_f64..9.0, 1..80), bins in 1_usize..12) {
            let cut = QuantileBins::of(values.clone(), bins);
            prop_assert!(cut.edges.len() < bins);
            for value in values {
                let [above, up_to] = cut.ends(cut.bin(value));
                prop_assert!(above.is_none_or(|edge| value > edge) && up_to.is_none_or(|edge| value <= edge));
            }
        }
    }
}
