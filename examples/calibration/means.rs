//! Means of scores and errors, and what is a function of them.

use crate::cell::{Plan, Table, grid, holds};
use evaldiff::model::{CalibrationSums, Direction, Verdict};
use evaldiff::stats::{MeanSums, MeanTest, NumericSums, Random, Seed, brier_interval};

/// How the differences of scores are distributed.
#[derive(Clone, Copy)]
enum Shape {
    Normal,
    Skewed,
    MostlyZero,
    /// A judge's grades: 5% move by one, 1% fall by four.
    Grades,
    /// All move a little, 1% fall by far more.
    Jitter,
}

impl Shape {
    /// One difference.
    fn draw(self, random: &mut Random) -> f64 {
        match self {
            Shape::Normal => random.normal(),
            // Exponential.
            Shape::Skewed => -1.0 - random.uniform().ln(),
            Shape::MostlyZero if random.uniform() < 0.9 => 0.0,
            Shape::MostlyZero => random.normal(),
            Shape::Grades => match random.uniform() {
                luck if luck < 0.01 => -4.0,
                luck if luck < 0.06 => sign(random, 0.5),
                _ => 0.0,
            },
            Shape::Jitter if random.uniform() < 0.01 => -0.9,
            Shape::Jitter => 0.02 * random.normal(),
        }
    }

    fn mean(self) -> f64 {
        match self {
            Shape::Normal | Shape::Skewed | Shape::MostlyZero => 0.0,
            Shape::Grades => -0.04,
            Shape::Jitter => -0.009,
        }
    }
}

/// Down with this probability, else up.
fn sign(random: &mut Random, down: f64) -> f64 {
    if random.uniform() < down { -1.0 } else { 1.0 }
}

/// How many scores change, and by how much either way.
#[derive(Clone, Copy)]
struct Sizes {
    name: &'static str,
    changed: f64,
    size: fn(&mut Random) -> f64,
}

impl Sizes {
    /// A pair of so many samples, of whose changes a share are falls.
    fn pair(self, random: &mut Random, n: u64, falls: f64) -> Option<MeanTest> {
        let mut sums = MeanSums::default();
        for _ in 0..n {
            let size = if random.uniform() < self.changed {
                (self.size)(random)
            } else {
                0.0
            };
            sums.add(size * sign(random, falls));
        }
        sums.test(0.05)
    }

    /// The share of falls at which the mean loss is the mean detectable effect that is stated; `None` where even falls alone are less.
    fn detected(self, n: u64) -> Option<f64> {
        let mut random = Seed(1).stream(&format!("detectable {n} {}", self.name));
        let size: f64 = (0..100_000).map(|_| (self.size)(&mut random)).sum::<f64>() / 1e5;
        let mut falls = 0.75;
        for _ in 0..12 {
            let stated = (0..1_000).filter_map(|_| self.pair(&mut random, n, falls)?.detectable);
            let stated: Vec<f64> = stated.collect();
            let loss = stated.iter().sum::<f64>() / stated.len() as f64;
            // A mean of (2 falls - 1) changes of this size.
            let wanted = (loss / (self.changed * size) + 1.0) / 2.0;
            falls = (falls + wanted) / 2.0;
        }
        (falls <= 1.0).then_some(falls)
    }
}

/// The second number once in ten times.
fn one_or(random: &mut Random, often: f64, seldom: f64) -> f64 {
    if random.uniform() < 0.1 { seldom } else { often }
}

fn verdict(test: &MeanTest) -> Verdict {
    test.verdict(Direction::Higher, 0.05, 0.0)
}

pub fn tables(plan: &Plan) -> Vec<Table> {
    let shapes = [
        ("normal", Shape::Normal),
        ("exponential", Shape::Skewed),
        ("nine of ten zero", Shape::MostlyZero),
        ("5% move by one, 1% fall by four", Shape::Grades),
        ("all move by 0.02, 1% fall by 0.9", Shape::Jitter),
    ];
    let named = |shapes: &[(&str, Shape)]| -> Vec<(String, Shape)> {
        let owned = shapes.iter().map(|(name, shape)| ((*name).to_owned(), *shape));
        owned.collect()
    };
    let interval = |random: &mut Random, n: u64, shape: Shape| {
        let mut sums = MeanSums::default();
        (0..n).for_each(|_| sums.add(shape.draw(random)));
        sums.test(0.05)?.interval
    };
    let sizes = |name, changed, size| (String::from(name), Sizes { name, changed, size });
    let sizes: [(String, Sizes); 6] = [
        sizes("all normal", 1.0, |random| random.normal().abs()),
        sizes("20% normal", 0.2, |random| random.normal().abs()),
        sizes("20% by one", 0.2, |_| 1.0),
        sizes("20% by one or four", 0.2, |random| one_or(random, 1.0, 4.0)),
        sizes("50% lognormal", 0.5, |random| random.normal().exp()),
        sizes("30% by 0.1 or one", 0.3, |random| one_or(random, 0.1, 1.0)),
    ];
    vec![
        grid(
            "**Mean difference**, by how differences are distributed: coverage of the 95% interval, %",
            &named(&shapes),
            |n, shape| {
                plan.share(&format!("mean {n} {}", shape as u8), |random, _| {
                    holds(interval(random, n, shape), shape.mean())
                })
            },
        ),
        grid(
            "**`--margin` at the true loss**: passes, %",
            &named(&shapes),
            |n, shape| {
                plan.share(&format!("margin {n} {}", shape as u8), |random, _| {
                    Some(interval(random, n, shape).is_some_and(|(low, _)| low > shape.mean()))
                })
            },
        ),
        grid(
            "**Verdict of a mean without a difference**, by how many change and by how much: improved or regressed, %",
            &sizes,
            |n, sizes| {
                plan.share(&format!("verdict of a mean {n} {}", sizes.name), |random, _| {
                    let test = sizes.pair(random, n, 0.5)?;
                    Some(matches!(verdict(&test), Verdict::Improved | Verdict::Regressed))
                })
            },
        ),
        grid(
            "**Power at the detectable effect of a mean**: regressed, %",
            &sizes,
            |n, sizes| {
                let falls = sizes.detected(n)?;
                plan.share(&format!("power of a mean {n} {}", sizes.name), |random, _| {
                    Some(verdict(&sizes.pair(random, n, falls)?) == Verdict::Regressed)
                })
            },
        ),
        brier(plan),
        roots(plan),
    ]
}

/// The Brier score where answers of one confidence flip, all for the worse.
fn brier(plan: &Plan) -> Table {
    let columns = [
        ("confidence 0.99, 1% flip", 0.99, 0.01),
        ("confidence 0.8, 5% flip", 0.8, 0.05),
    ];
    let columns = columns.map(|(name, confidence, flips)| (name.to_owned(), (confidence, flips)));
    grid(
        "**Brier score**: coverage of the 95% interval of its difference, %",
        &columns,
        |n, (confidence, flips): (f64, f64)| {
            let truth = flips * (confidence * confidence - (1.0 - confidence) * (1.0 - confidence));
            plan.share(&format!("brier {n} {flips}"), |random, _| {
                let mut sums = CalibrationSums::default();
                for _ in 0..n {
                    let flips = random.uniform() < flips;
                    sums.add([confidence; 2], [true, !flips]);
                }
                holds(brier_interval(&sums, 0.05), truth)
            })
        },
    )
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
