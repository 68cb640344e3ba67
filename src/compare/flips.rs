//! Every regressed and fixed sample as a Parquet file, in key order.

use super::Job;
use super::encode::{LABEL_BITS, LABEL_MASK};
use super::error::CompareError;
use super::measure::Measure;
use super::measured::outcome;
use super::pass::Pass;
use super::tally::Side;
use crate::model::Kind;
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, StringBuilder};
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
    hide: Vec<bool>,
    slices: usize,
}

impl Columns {
    fn of(job: &Job) -> Columns {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let number = |name: &str| Field::new(name, DataType::Float64, true);
        let hidden = |name: &str| job.options.hide.iter().any(|h| h == name);
        let mut fields = vec![text("sample_id"), text("outcome")];
        match job.roles.kind() {
            Kind::Classification | Kind::Binary => fields.extend([
                text("ground_truth"),
                text("baseline_prediction"),
                text("candidate_prediction"),
                number("baseline_confidence"),
                number("candidate_confidence"),
            ]),
            Kind::Numeric => fields.extend([
                number("ground_truth"),
                number("baseline_prediction"),
                number("candidate_prediction"),
            ]),
            Kind::Text => fields.extend(job.roles.scores.iter().flat_map(|score| {
                ["baseline", "candidate"].map(|side| number(&format!("{side}_score.{}", score.column)))
            })),
        }
        let hide: Vec<bool> = job.roles.slices.iter().map(|s| hidden(s)).collect();
        let shown = job.roles.slices.iter().zip(&hide).filter(|(_, hidden)| !**hidden);
        fields.extend(shown.map(|(name, _)| text(&format!("slice.{name}"))));
        Columns {
            schema: Arc::new(Schema::new(fields)),
            hide,
            slices: job.roles.slices.len(),
        }
    }

    fn batch(&self, pass: &Pass, batch: &RecordBatch) -> Result<RecordBatch, CompareError> {
        let [a, b] = Side::both(batch, pass.shape);
        let mut columns = vec![cast(batch.column(0), &DataType::Utf8)?];
        match &pass.measure {
            None => columns.extend(labelled(pass, &a, &b, batch.num_rows())),
            Some(measure) => columns.extend(measured(measure, &a, &b, batch.num_rows())),
        }
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

/// Outcome and numbers, where answers are measured.
fn measured(measure: &Measure, a: &Side<'_>, b: &Side<'_>, n: usize) -> Vec<ArrayRef> {
    let outcomes = (0..n).map(|row| outcome(measure.play(measure.values(a, b, row))));
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(outcomes))];
    let number = |numbers: &&Float64Array| Arc::new((*numbers).clone()) as ArrayRef;
    match measure.is_numeric() {
        // The truth is the same on both sides.
        true => columns.extend(
            b.values
                .iter()
                .take(1)
                .chain(a.values.iter().skip(1))
                .chain(b.values.iter().skip(1))
                .map(number),
        ),
        false => columns.extend(a.values.iter().zip(&b.values).flat_map(|(a, b)| [number(a), number(b)])),
    }
    columns
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
