//! Cells of a simulation, run side by side, and the tables that they make.

use evaldiff::stats::{Random, Seed};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sample sizes of the tables.
pub const SIZES: [u64; 8] = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
/// Replicates of a bootstrap inside a simulation; the program uses 9,999.
pub const REPLICATES: usize = 999;

/// How much to simulate.
pub struct Plan {
    /// Pairs per cell.
    pub pairs: u64,
}

/// A table whose numbers are shares.
pub struct Table {
    /// What stands above it.
    pub title: String,
    /// What the rows are, and the columns.
    pub head: Vec<String>,
    /// Name of a row, and its cells; a cell that cannot be is `None`.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n", self.title)?;
        writeln!(out, "| {} |", self.head.join(" | "))?;
        writeln!(out, "|---{}|", "|--:".repeat(self.head.len() - 1))?;
        for (name, cells) in &self.rows {
            let cells = cells
                .iter()
                .map(|cell| cell.map_or("–".to_owned(), |share| format!("{:.1}", 100.0 * share)));
            writeln!(out, "| {name} | {} |", cells.collect::<Vec<_>>().join(" | "))?;
        }
        Ok(())
    }
}

impl Plan {
    /// The share of simulated pairs for which `trial` holds; pairs without an answer (`None`) do not count.
    pub fn share(&self, name: &str, mut trial: impl FnMut(&mut Random, Seed) -> Option<bool>) -> Option<f64> {
        let mut random = Seed(0).stream(name);
        let (mut held, mut all) = (0_u64, 0_u64);
        for pair in 0..self.pairs {
            if let Some(holds) = trial(&mut random, Seed(pair)) {
                all += 1;
                held += u64::from(holds);
            }
        }
        (all > 0).then(|| held as f64 / all as f64)
    }
}

/// Runs cells on all cores; each has a stream of its own, so that the numbers do not depend on how many there are.
pub fn all<Input: Sync, Output: Send>(inputs: &[Input], cell: impl Fn(&Input) -> Output + Sync) -> Vec<Output> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Output)>> = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(index) else { break };
                    let output = cell(input);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, output));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, output)| output).collect()
}

/// Rows of sizes, columns of anything, and a share for each.
pub fn grid<Column: Sync + Copy>(
    title: &str,
    columns: &[(String, Column)],
    share: impl Fn(u64, Column) -> Option<f64> + Sync,
) -> Table {
    let inputs: Vec<(u64, Column)> = SIZES
        .into_iter()
        .flat_map(|n| columns.iter().map(move |(_, column)| (n, *column)))
        .collect();
    let shares = all(&inputs, |(n, column)| share(*n, *column));
    let rows = SIZES.iter().zip(shares.chunks(columns.len()));
    let mut head = vec!["n".to_owned()];
    head.extend(columns.iter().map(|(name, _)| name.clone()));
    Table {
        title: title.to_owned(),
        head,
        rows: rows.map(|(n, cells)| (n.to_string(), cells.to_vec())).collect(),
    }
}

/// Whether an interval holds a value.
pub fn holds(interval: Option<(f64, f64)>, value: f64) -> Option<bool> {
    interval.map(|(low, high)| low <= value && value <= high)
}

/// Distributes `n` draws over cells of these probabilities, which add up to 1.
pub fn multinomial(random: &mut Random, mut n: u64, probabilities: &[f64]) -> Vec<u64> {
    let mut rest = 1.0_f64;
    let drawn = probabilities.iter().map(|p| {
        let drawn = random.binomial(n, if rest > *p { p / rest } else { 1.0 });
        n -= drawn;
        rest -= p;
        drawn
    });
    drawn.collect()
}
