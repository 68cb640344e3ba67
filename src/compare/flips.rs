//! Every regressed and fixed sample as a Parquet file, in key order.

use super::Job;
use super::encode::{LABEL_BITS, LABEL_MASK};
use super::error::CompareError;
use super::measured::outcome;
use super::pass::Pass;
use super::tally::Side;
use crate::model::{ColumnRoles, Kind};
use arrow::array::{ArrayRef, RecordBatch, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use std::io::Write;
use std::sync::Arc;

/// Rows per write: fixed, so that pages do not depend on how the pass was split.
const WRITE_ROWS: usize = 8192;

/// Writes the flips. Hidden columns are left out.
pub(super) fn parquet<W: Write + Send>(pass: &Pass, job: &Job, out: W) -> Result<(), CompareError> {
    let fail = |e: parquet::errors::ParquetError| CompareError::Arrow(format!("writing flips.parquet: {e}"));
    let columns = Columns::of(job);
    let properties = WriterProperties::builder()
        .set_compression(ZstdLevel::try_new(1).map_or(Compression::UNCOMPRESSED, Compression::ZSTD))
        .set_column_dictionary_enabled(ColumnPath::from("sample_id"), false)
        .set_created_by(format!("evaldiff {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&columns.schema), Some(properties)).map_err(fail)?;
    let mut left: Option<RecordBatch> = None;
    for batch in pass.flips.read()? {
        let mut batch = match left.take() {
            Some(rest) => arrow::compute::concat_batches(rest.schema_ref(), [&rest, &batch?])?,
            None => batch?,
        };
        while batch.num_rows() >= WRITE_ROWS {
            writer
                .write(&columns.batch(pass, &batch.slice(0, WRITE_ROWS))?)
                .map_err(fail)?;
            batch = batch.slice(WRITE_ROWS, batch.num_rows() - WRITE_ROWS);
        }
        left = Some(batch);
    }
    if let Some(rest) = left.filter(|b| b.num_rows() > 0) {
        writer.write(&columns.batch(pass, &rest)?).map_err(fail)?;
    }
    writer.close().map_err(fail)?;
    Ok(())
}

struct Columns {
    schema: SchemaRef,
    numbers: Vec<Number>,
    hide: Vec<bool>,
    slices: usize,
}

impl Columns {
    fn of(job: &Job) -> Columns {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let number = |name: &str| Field::new(name, DataType::Float64, true);
        let hidden = |name: &str| job.options.hide.iter().any(|h| h == name);
        let mut fields = vec![text("sample_id"), text("outcome")];
        if job.roles.kind().has_labels() {
            fields.extend([
                text("ground_truth"),
                text("baseline_prediction"),
                text("candidate_prediction"),
                number("baseline_confidence"),
                number("candidate_confidence"),
            ]);
        }
        let numbers = numbers(&job.roles);
        let numbers: Vec<Number> = numbers.into_iter().filter(|number| !hidden(&number.column)).collect();
        fields.extend(numbers.iter().map(|found| number(&found.name)));
        let hide: Vec<bool> = job.roles.slices.iter().map(|s| hidden(s)).collect();
        let shown = job.roles.slices.iter().zip(&hide).filter(|(_, hidden)| !**hidden);
        fields.extend(shown.map(|(name, _)| text(&format!("slice.{name}"))));
        Columns {
            schema: Arc::new(Schema::new(fields)),
            numbers,
            hide,
            slices: job.roles.slices.len(),
        }
    }

    fn batch(&self, pass: &Pass, batch: &RecordBatch) -> Result<RecordBatch, CompareError> {
        let [a, b] = Side::both(batch, pass.shape);
        let mut columns = vec![cast(batch.column(0), &DataType::Utf8)?];
        match &pass.measure {
            None => columns.extend(labelled(pass, &a, &b, batch.num_rows())),
            Some(measure) => {
                let outcomes = (0..batch.num_rows()).map(|row| outcome(measure.play(measure.values(&a, &b, row))));
                columns.push(Arc::new(StringArray::from_iter_values(outcomes)));
            }
        }
        columns.extend(self.numbers.iter().map(|number| {
            let side = [&a, &b][number.side];
            Arc::new(side.values[number.value].clone()) as ArrayRef
        }));
        for slice in (0..self.slices).filter(|&s| !self.hide[s]) {
            let mut out = StringBuilder::new();
            for i in 0..batch.num_rows() {
                match b.code(slice, i) as usize {
                    0 => out.append_null(),
                    code => out.append_value(&pass.slices[slice][code - 1]),
                }
            }
            columns.push(Arc::new(out.finish()));
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// A number that narrow rows carry, as a column of the file.
struct Number {
    name: String,
    /// The column of the table that it comes from.
    column: String,
    /// 0 is the baseline.
    side: usize,
    value: usize,
}

/// Truth and predictions, or scores and probabilities, of both sides.
fn numbers(roles: &ColumnRoles) -> Vec<Number> {
    let number = |name: String, column: &str, side, value| Number {
        name,
        column: column.to_owned(),
        side,
        value,
    };
    let sides = ["baseline", "candidate"].into_iter().enumerate();
    if roles.kind() == Kind::Numeric {
        // The truth is the same on both sides.
        let truth = roles
            .truth
            .iter()
            .map(|column| number("ground_truth".into(), column, 1, 0));
        let predictions = sides.map(|(side, name)| number(format!("{name}_prediction"), &roles.prediction, side, 1));
        return truth.chain(predictions).collect();
    }
    let columns = roles
        .scores
        .iter()
        .map(|score| &score.column)
        .chain(&roles.positive)
        .enumerate();
    let both = |(value, column): (usize, &String)| {
        let sides = sides.clone();
        sides
            .map(|(side, name)| number(format!("{name}_score.{column}"), column, side, value))
            .collect::<Vec<_>>()
    };
    columns.flat_map(both).collect()
}

/// Outcome, labels and confidences, where answers are right or wrong.
fn labelled(pass: &Pass, a: &Side<'_>, b: &Side<'_>, n: usize) -> Vec<ArrayRef> {
    let prediction = |side: &Side<'_>, i: usize| ((side.label(i) >> LABEL_BITS) & LABEL_MASK) as usize;
    let truth = |i: usize| (b.label(i) & LABEL_MASK) as usize;
    let labels = |code: &dyn Fn(usize) -> usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..n).map(|i| &*pass.labels[code(i)])))
    };
    let outcome = (0..n).map(|i| {
        if prediction(a, i) == truth(i) {
            "regressed"
        } else {
            "fixed"
        }
    });
    vec![
        Arc::new(StringArray::from_iter_values(outcome)),
        labels(&truth),
        labels(&|i| prediction(a, i)),
        labels(&|i| prediction(b, i)),
        Arc::new(a.confidence.clone()),
        Arc::new(b.confidence.clone()),
    ]
}
