//! Simulates pairs of versions whose truth is known, and prints how often intervals hold it and verdicts are right: the
//! tables of docs/CALIBRATION.md.
//!
//! ```text
//! cargo run --release --example calibration -- 5000
//! cargo run --release --example calibration -- 5000 accuracy ece
//! ```

mod accuracy;
mod cell;
mod clusters;
mod counts;
mod means;
mod ranks;
mod reported;

use cell::{Plan, Table};

type Part = (&'static str, fn(&Plan) -> Vec<Table>);

const PARTS: [Part; 7] = [
    ("accuracy", accuracy::tables),
    ("counts", counts::tables),
    ("ece", counts::calibration),
    ("means", means::tables),
    ("ranks", ranks::tables),
    ("clusters", clusters::tables),
    ("reported", reported::tables),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let pairs = match args.next() {
        Some(text) => text.parse()?,
        None => 5_000,
    };
    let chosen: Vec<String> = args.collect();
    if let Some(unknown) = chosen.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        return Err(format!(
            "unknown part {unknown}; there are {}",
            PARTS.map(|(part, _)| part).join(", ")
        )
        .into());
    }
    let plan = Plan { pairs };
    for (_, tables) in PARTS
        .iter()
        .filter(|(part, _)| chosen.is_empty() || chosen.iter().any(|name| name == part))
    {
        for table in tables(&plan) {
            println!("{table}");
        }
    }
    Ok(())
}
