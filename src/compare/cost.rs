//! What the answers of a run cost: sums over its rows, read apart from the join.

use super::Job;
use super::error::CompareError;
use crate::engine::files::RunFiles;
use crate::engine::scan_rows;
use crate::model::cost::{Cost, Costs};
use crate::stats::ExactSum;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use futures::TryStreamExt;
use std::sync::Arc;

/// Both runs' costs, `None` where neither has any; and how many values of each are none.
pub(super) async fn costs(
    job: &Job,
    baseline: &Arc<RunFiles>,
    candidate: &Arc<RunFiles>,
) -> Result<(Option<Costs>, [u64; 2]), CompareError> {
    let Some(column) = &job.roles.cost else {
        return Ok((None, [0; 2]));
    };
    let (baseline, candidate) = futures::try_join!(cost(job, column, baseline), cost(job, column, candidate))?;
    let costs = Costs::of(baseline.cost(), candidate.cost());
    Ok((costs, [baseline.invalid, candidate.invalid]))
}

async fn cost(job: &Job, column: &str, files: &Arc<RunFiles>) -> Result<Sums, CompareError> {
    let columns = vec![job.column(column, false)?];
    let mut rows = scan_rows(Arc::clone(files), columns);
    let mut sums = Sums::default();
    while let Some(batch) = rows.try_next().await? {
        sums.add(batch.column(0))?;
    }
    Ok(sums)
}

/// Costs added up without rounding, so that their order does not matter.
#[derive(Default)]
struct Sums {
    n: u64,
    missing: u64,
    /// Of those that are missing: something stands there, but no cost.
    invalid: u64,
    total: ExactSum,
}

impl Sums {
    /// Adds a column; what is no number, or negative, is missing.
    fn add(&mut self, column: &ArrayRef) -> Result<(), CompareError> {
        if !column.data_type().is_numeric() {
            self.missing += column.len() as u64;
            self.invalid += (column.len() - column.null_count()) as u64;
            return Ok(());
        }
        let numbers = cast(column, &DataType::Float64)?;
        for number in numbers.as_primitive::<Float64Type>() {
            match number.filter(|number| number.is_finite() && *number >= 0.0) {
                Some(number) => {
                    self.n += 1;
                    self.total.add(number);
                }
                None => {
                    self.missing += 1;
                    self.invalid += u64::from(number.is_some());
                }
            }
        }
        Ok(())
    }

    /// `None` where no row has a cost.
    fn cost(&self) -> Option<Cost> {
        let total = self.total.value();
        (self.n > 0).then(|| Cost {
            n: self.n,
            missing: self.missing,
            total,
            mean: total / self.n as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, StringArray};

    #[test]
    fn what_is_no_cost_is_counted_as_missing() {
        let mut sums = Sums::default();
        let column: ArrayRef = Arc::new(Float64Array::from(vec![
            Some(0.1),
            None,
            Some(-1.0),
            Some(f64::NAN),
            Some(0.2),
        ]));
        sums.add(&column).unwrap();
        sums.add(&(Arc::new(StringArray::from(vec!["free"])) as ArrayRef))
            .unwrap();
        let cost = sums.cost().unwrap();
        assert_eq!((cost.n, cost.missing, sums.invalid), (2, 4, 3));
        assert!((cost.total - 0.3).abs() < 1e-15 && (cost.mean - 0.15).abs() < 1e-15);
        assert_eq!(Sums::default().cost(), None);
        let mut invalid = Sums::default();
        invalid
            .add(&(Arc::new(Float64Array::from(vec![Some(-1.0), None])) as ArrayRef))
            .unwrap();
        assert_eq!((invalid.cost(), invalid.invalid), (None, 1));
    }
}
