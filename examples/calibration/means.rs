//! Means of scores and errors, and what is a function of them.

use crate::cell::{Plan, Table, grid, holds};
use evaldiff::stats::{MeanSums, NumericSums, Random};

/// How the differences of scores are distributed.
#[derive(Clone, Copy)]
enum Shape {
    Normal,
    Skewed,
    MostlyZero,
}

impl Shape {
    /// One difference, with mean 0.
    fn draw(self, random: &mut Random) -> f64 {
        match self {
            Shape::Normal => random.normal(),
            // Exponential.
            Shape::Skewed => -1.0 - random.uniform().ln(),
            Shape::MostlyZero if random.uniform() < 0.9 => 0.0,
            Shape::MostlyZero => random.normal(),
        }
    }
}

pub fn tables(plan: &Plan) -> Vec<Table> {
    let shapes = [
        ("normal", Shape::Normal),
        ("exponential", Shape::Skewed),
        ("nine of ten zero", Shape::MostlyZero),
    ];
    let columns: Vec<(String, Shape)> = shapes
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), *shape))
        .collect();
    vec![
        grid(
            "**Mean difference**, by how differences are distributed: coverage of Student's 95% interval, %",
            &columns,
            |n, shape| {
                plan.share(&format!("mean {n} {}", shape as u8), |random, _| {
                    let mut sums = MeanSums::default();
                    (0..n).for_each(|_| sums.add(shape.draw(random)));
                    holds(sums.test(0.05)?.interval, 0.0)
                })
            },
        ),
        roots(plan),
    ]
}

/// RMSE and R2 where the errors of both versions are alike in part.
fn roots(plan: &Plan) -> Table {
    let columns = [("RMSE", false), ("R2", true)];
    let columns: Vec<(String, bool)> = columns.iter().map(|(name, r2)| ((*name).to_owned(), *r2)).collect();
    // Variances of the errors are .25 + .16 and .25 + .25; that of the truths is 4.
    let (rmse, r2) = (0.5_f64.sqrt() - 0.41_f64.sqrt(), (0.41 - 0.5) / 4.0);
    grid(
        "**Numeric targets**: coverage of the 95% bootstrap interval, %",
        &columns,
        |n, is_r2| {
            plan.share(&format!("numeric {n}"), |random, seed| {
                let mut sums = NumericSums::new(0.1, 0.0);
                for _ in 0..n {
                    let (truth, shared) = (2.0 * random.normal(), 0.5 * random.normal());
                    sums.add(
                        truth,
                        truth + shared + 0.4 * random.normal(),
                        truth + shared + 0.5 * random.normal(),
                    );
                }
                let found = sums.summary(0.05, seed)?;
                if is_r2 {
                    holds(found.r2_interval, r2)
                } else {
                    holds(found.rmse_interval, rmse)
                }
            })
        },
    )
}
