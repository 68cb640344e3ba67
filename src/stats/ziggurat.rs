//! Normal random numbers, hundreds of thousands a millisecond or two.

use super::random::{Generator, Random};
use std::sync::LazyLock;

/// Layers of the same area; the lowest one holds the tail.
const LAYERS: usize = 256;
/// Where the tail begins, and the area of a layer: for 256 layers these two fit together.
const TAIL: f64 = 3.654_152_885_361_009;
const AREA: f64 = 0.004_928_673_233_974_655;

/// The ziggurat of Marsaglia and Tsang (2000), Journal of Statistical Software 5(8), with as many random bits for a number as
/// Doornik (2005), "An improved ziggurat method to generate normal random samples", asks for.
struct Ziggurat {
    /// How wide each layer is, from the lowest on, and the density there; the last is the peak.
    widths: [f64; LAYERS + 1],
    heights: [f64; LAYERS + 1],
}

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(Ziggurat::new);

impl Ziggurat {
    fn new() -> Ziggurat {
        let mut widths = [0.0; LAYERS + 1];
        widths[1] = TAIL;
        for layer in 2..LAYERS {
            let below: f64 = widths[layer - 1];
            widths[layer] = libm::sqrt(-2.0 * libm::log(AREA / below + density(below)));
        }
        // As wide as a rectangle would have to be that holds the tail as well.
        widths[0] = AREA / density(TAIL);
        Ziggurat {
            heights: widths.map(density),
            widths,
        }
    }
}

/// The normal density, with 1 as its peak.
fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

/// A standard normal number.
pub(super) fn normal(random: &mut Random<impl Generator>) -> f64 {
    let Ziggurat { widths, heights } = &*ZIGGURAT;
    loop {
        // The lowest bits choose the layer, the upper ones sign and place.
        let bits = random.bits();
        let layer = bits as usize % LAYERS;
        let place = ((bits >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64) - 1.0;
        let x = place * widths[layer];
        if x.abs() < widths[layer + 1] {
            return x;
        }
        if layer == 0 {
            return tail(random).copysign(place);
        }
        let (low, high) = (heights[layer], heights[layer + 1]);
        if low + (high - low) * random.uniform() < density(x) {
            return x;
        }
    }
}

/// A number beyond the layers: Marsaglia (1964), "Generating a variable from the tail of the normal distribution".
fn tail(random: &mut Random<impl Generator>) -> f64 {
    loop {
        let beyond = -libm::log(random.uniform()) / TAIL;
        if -2.0 * libm::log(random.uniform()) > beyond * beyond {
            return TAIL + beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Seed, normal_cdf, normal_quantile};

    #[test]
    fn layers_have_the_same_area_and_end_at_the_peak() {
        let Ziggurat { widths, heights } = &*ZIGGURAT;
        for layer in 1..LAYERS {
            let area = widths[layer] * (heights[layer + 1] - heights[layer]);
            assert!((area / AREA - 1.0).abs() < 1e-9, "layer {layer}: {area}");
        }
        assert_eq!(heights[LAYERS].to_bits(), 1.0_f64.to_bits());
    }

    /// Pearson's statistic over 200 classes of the same probability, and over ten of the upper tail, below their 0.9999
    /// quantiles (280 and 34).
    #[test]
    fn numbers_follow_their_distribution() {
        let mut random = Seed(8).fast_stream("ziggurat");
        let draws: Vec<f64> = (0..400_000).map(|_| normal(&mut random)).collect();
        let mut seen = [0_u32; 200];
        for x in &draws {
            seen[(normal_cdf(*x) * 200.0).min(199.0) as usize] += 1;
        }
        let statistic: f64 = seen.iter().map(|&n| (f64::from(n) - 2_000.0).powi(2) / 2_000.0).sum();
        assert!(statistic < 280.0, "{statistic}");
        // From 3 on 1,080 are expected, a tenth of them beyond the layers.
        let place = |tenths: i32| normal_quantile(1.0 - 0.000_134_989_8 * f64::from(tenths)).unwrap_or(f64::INFINITY);
        let class = |tenths: i32| place(tenths)..place(tenths - 1);
        let seen = |tenths: i32| draws.iter().filter(|x| class(tenths).contains(&x.abs())).count() as f64;
        let statistic: f64 = (1..=10).map(|tenths| (seen(tenths) - 107.99).powi(2) / 107.99).sum();
        assert!(statistic < 34.0, "{statistic}");
    }
}
