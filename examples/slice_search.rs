//! Slice search on made-up flips over 30 columns, some of them correlated, one with rare values: time and memory.
//!
//! ```text
//! cargo run --release --example slice_search -- 1000000
//! cargo run --release --example slice_search -- 1000000 0.02 none
//! ```
//!
//! Arguments: samples, share that regresses everywhere (and as many that are fixed), and `none` to plant no slice.

use evaldiff::stats::search::{Change, SearchInput, SearchOptions, explores, search};
use evaldiff::stats::{Random, Seed};
use std::error::Error;
use std::time::Instant;

/// Three predicates (column, code); a quarter of the samples in it regress.
const PLANTED: [(usize, u16); 3] = [(0, 1), (11, 0), (22, 1)];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let samples: usize = args.first().map_or(Ok(1_000_000), |text| text.parse())?;
    let rate: f64 = args.get(1).map_or(Ok(0.02), |text| text.parse())?;
    let plant = args.get(2).map(String::as_str) != Some("none");

    let mut random = Seed(1).stream("slice search");
    let columns = columns(samples, &mut random);
    let change: Vec<f64> = (0..samples)
        .map(|row| {
            let inside = plant && PLANTED.iter().all(|(column, code)| columns[*column][row] == *code);
            let (luck, worse) = (random.uniform(), if inside { 0.25 } else { rate });
            f64::from(u8::from(luck < worse)) - f64::from(u8::from(luck > 1.0 - rate))
        })
        .collect();
    let explore: Vec<bool> = (0..samples as u64).map(|row| explores(&row.to_le_bytes())).collect();
    let views: Vec<&[u16]> = columns.iter().map(Vec::as_slice).collect();
    let input = SearchInput {
        columns: &views,
        change: &change,
        kind: Change::Flip,
        explore: &explore,
        clusters: None,
    };

    println!("{samples} samples, 30 columns{}", memory("VmRSS:", "held before"));
    let begun = Instant::now();
    let found = search(&input, &SearchOptions::default());
    println!("searched in {:.2?}{}", begun.elapsed(), memory("VmHWM:", "at most"));
    for (predicates, level) in found.levels.iter().enumerate() {
        println!("{} predicates: {level:?}", predicates + 1);
    }
    for slice in &found.slices {
        println!(
            "{:?}: score {:.2}, q {:.1e}, {}, explains {} more",
            slice.predicates,
            slice.score,
            slice.q_value,
            if slice.confirmed { "confirmed" } else { "not confirmed" },
            slice.folded.len()
        );
    }
    Ok(())
}

/// Columns of 2 to 12 values; every fifth repeats the one before it with 5% noise.
fn columns(samples: usize, random: &mut Random) -> Vec<Vec<u16>> {
    let mut columns: Vec<Vec<u16>> = Vec::new();
    for number in 0..30_u64 {
        let values = 2 + number * 7 % 11;
        let mut code = |row: usize| match columns.last() {
            Some(before) if number % 5 == 4 && random.below(20) > 0 => before[row],
            _ if number == 28 && random.below(2) == 0 => 0,
            _ if number == 28 => 1 + random.below(100) as u16,
            _ => random.below(values) as u16,
        };
        let column = (0..samples).map(&mut code).collect();
        columns.push(column);
    }
    columns
}

/// Memory of this process as Linux counts it; nothing elsewhere.
fn memory(field: &str, what: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map_or(String::new(), |kilobytes| format!(", {what} {} MiB", kilobytes / 1024))
}
