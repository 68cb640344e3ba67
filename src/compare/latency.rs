//! How long the answers of a run took: percentiles over its rows, read apart from the join.

use super::Job;
use super::error::CompareError;
use crate::engine::files::RunFiles;
use crate::engine::scan_rows;
use crate::model::comparison::{Latencies, Latency};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use futures::TryStreamExt;
use hdrhistogram::Histogram;
use std::sync::Arc;

/// Column with the samples that a request carried, as the runner writes it.
pub(super) const BATCH_SIZE: &str = "batch_size";
/// Longest time and largest batch that are told apart: a day, in microseconds.
const LONGEST: u64 = 86_400_000_000;
/// Significant digits: percentiles are right to a thousandth.
const DIGITS: u8 = 3;

/// Both runs' latencies; `None` where neither has any.
pub(super) async fn latencies(
    job: &Job,
    baseline: &Arc<RunFiles>,
    candidate: &Arc<RunFiles>,
) -> Result<Option<Latencies>, CompareError> {
    let Some(column) = &job.roles.latency else {
        return Ok(None);
    };
    let (baseline, candidate) = futures::try_join!(latency(job, column, baseline), latency(job, column, candidate))?;
    Ok((baseline.is_some() || candidate.is_some()).then_some(Latencies { baseline, candidate }))
}

async fn latency(job: &Job, column: &str, files: &Arc<RunFiles>) -> Result<Option<Latency>, CompareError> {
    let mut columns = vec![job.column(column, false)?];
    columns.extend(job.column(BATCH_SIZE, false).ok());
    let (mut times, mut batches) = (histogram()?, histogram()?);
    let mut rows = scan_rows(Arc::clone(files), columns.clone());
    while let Some(batch) = rows.try_next().await? {
        record(&mut times, batch.column(0), 1000.0)?;
        if columns.len() > 1 {
            record(&mut batches, batch.column(1), 1.0)?;
        }
    }
    let at = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1000.0;
    Ok((!times.is_empty()).then(|| Latency {
        n: times.len(),
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        batch_size: (!batches.is_empty()).then(|| batches.value_at_quantile(0.5)),
    }))
}

fn histogram() -> Result<Histogram<u64>, CompareError> {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).map_err(|e| CompareError::Arrow(e.to_string()))
}

/// Counts every number of a column, scaled; what is no time is left out.
fn record(histogram: &mut Histogram<u64>, column: &ArrayRef, scale: f64) -> Result<(), CompareError> {
    if column.data_type().is_numeric() {
        let numbers = cast(column, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        for number in numbers
            .iter()
            .flatten()
            .filter(|number| number.is_finite() && *number >= 0.0)
        {
            histogram.saturating_record((number * scale).round() as u64);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Float64Array;

    #[test]
    fn percentiles_are_right_to_a_thousandth() {
        let mut times = histogram().unwrap();
        let column: ArrayRef = Arc::new(
            (1..=10_000)
                .map(|i| Some(f64::from(i) / 10.0))
                .collect::<Float64Array>(),
        );
        record(&mut times, &column, 1000.0).unwrap();
        for (quantile, expected) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
            let found = times.value_at_quantile(quantile) as f64 / 1000.0;
            assert!((found - expected).abs() <= expected / 1000.0, "{quantile}: {found}");
        }
    }

    #[test]
    fn what_is_no_time_is_left_out() {
        let mut times = histogram().unwrap();
        let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(-1.0), None, Some(f64::NAN), Some(1e300)]));
        record(&mut times, &column, 1000.0).unwrap();
        assert_eq!(times.len(), 1);
    }
}
