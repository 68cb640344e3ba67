//! Numeric columns as codes.

/// A numeric column cut at its quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantileBins {
    /// Highest value of each bin, rising; bin `i` holds values above edge `i - 1` up to edge `i`.
    pub edges: Vec<f64>,
    /// Bin of every sample; one more than the last bin for values that are not a number.
    pub codes: Vec<u32>,
}

/// Cuts values into at most `bins` parts of about the same number of samples. Equal values share a bin, so that there
/// may be fewer.
pub fn quantile_bins(values: &[f64], bins: usize) -> QuantileBins {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    let ends = (1..=bins.max(1)).filter_map(|bin| sorted.get((n * bin / bins.max(1)).checked_sub(1)?).copied());
    let mut edges: Vec<f64> = ends.collect();
    edges.dedup_by(|a, b| *a <= *b);
    let code = |value: f64| {
        let bin = if value.is_nan() {
            edges.len()
        } else {
            edges.partition_point(|edge| *edge < value)
        };
        bin as u32
    };
    let codes = values.iter().map(|value| code(*value)).collect();
    QuantileBins { edges, codes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bins_are_a_table() {
        let bins = quantile_bins(&[5.0, 1.0, f64::NAN, 2.0, 4.0, 3.0, 6.0], 3);
        assert_eq!(
            (bins.edges, bins.codes),
            (vec![2.0, 4.0, 6.0], vec![2, 0, 3, 0, 1, 1, 2])
        );
        let tied = quantile_bins(&[0.0, 0.0, 0.0, 0.0, 7.0], 4);
        assert_eq!((tied.edges, tied.codes), (vec![0.0, 7.0], vec![0, 0, 0, 0, 1]));
        assert_eq!(quantile_bins(&[], 4).edges, Vec::<f64>::new());
        assert_eq!(quantile_bins(&[f64::NAN], 4).codes, [0]);
        assert_eq!(quantile_bins(&[1.0, 2.0], 0).codes, [0, 0]);
    }

    proptest! {
        #[test]
        fn every_value_lies_in_its_bin(values in proptest::collection::vec(-9.0_f64..9.0, 1..80), bins in 1_usize..12) {
            let cut = quantile_bins(&values, bins);
            prop_assert!(cut.edges.len() <= bins);
            for (value, code) in values.iter().zip(&cut.codes) {
                let code = *code as usize;
                prop_assert!(*value <= cut.edges[code] && (code == 0 || *value > cut.edges[code - 1]));
            }
        }
    }
}
