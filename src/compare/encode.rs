//! Turns the scanned columns of one side into narrow rows: key, position, one word for labels and status, the
//! confidence, and slice codes packed four to a word; behind them what is measured of the answer, if anything.

use super::error::CompareError;
use super::labels::Interner;
use super::measure::{digests, numbers, unanswered};
use crate::engine::EngineError;
use crate::engine::map::MapFactory;
use crate::model::Kind;
use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Float64Builder, Int32Array, RecordBatch, StringArray, StringViewArray,
    StringViewBuilder, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Schema, SchemaRef};
use datafusion::error::{DataFusionError, Result as DfResult};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bits of a label code within the word.
pub(super) const LABEL_BITS: u32 = 28;
/// Mask of a label code.
pub(super) const LABEL_MASK: u64 = (1 << LABEL_BITS) - 1;
/// No truth.
pub(super) const NO_TRUTH: u64 = 1 << 56;
/// No prediction.
pub(super) const NO_PREDICTION: u64 = 1 << 57;
/// Status `error`.
pub(super) const ERROR: u64 = 1 << 58;
/// Status `skipped`.
pub(super) const SKIPPED: u64 = 1 << 59;
/// The confidence was there but NaN or outside 0..1.
pub(super) const BAD_CONFIDENCE: u64 = 1 << 60;
/// The label map changed the ground truth or the prediction.
pub(super) const MAPPED: u64 = 1 << 61;
/// Slice codes per word.
pub(super) const SLICES_PER_WORD: usize = 4;

/// The interners of a pass: one for all labels, one per slice column.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) labels: Arc<Interner>,
    /// Other spellings of labels.
    pub(super) spellings: Arc<BTreeMap<String, String>>,
    pub(super) slices: Vec<Arc<Interner>>,
}

/// Where the roles stand among the scanned columns.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) keys: usize,
    pub(super) truth: bool,
    pub(super) status: bool,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
}

/// What narrow rows hold besides key, position, labels and confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Slice columns.
    pub(super) slices: usize,
    /// Digests of texts: of ground truth and prediction, or none.
    pub(super) texts: usize,
    /// Numbers: truth and prediction, scores, or the probability of the positive class.
    pub(super) values: usize,
    /// Whether trials are told apart.
    pub(super) repeats: bool,
    /// Whether samples belong to clusters.
    pub(super) cluster: bool,
    /// Whether labels come with a confidence.
    pub(super) confidence: bool,
}

impl Shape {
    /// Words of slice codes.
    pub(super) fn words(self) -> usize {
        self.slices.div_ceil(SLICES_PER_WORD)
    }

    /// Columns of a row besides its key.
    pub(super) fn width(self) -> usize {
        3 + self.words() + usize::from(self.cluster) + self.texts + self.values + usize::from(self.repeats)
    }
}

/// Schema of narrow rows: `key`, `position`, `labels`, `confidence`, slice words, the cluster's digest, digests of
/// texts, numbers, and what tells trials apart.
pub(super) fn narrow_schema(shape: Shape) -> SchemaRef {
    let mut fields = vec![
        Field::new("key", DataType::Utf8View, false),
        Field::new("position", DataType::UInt64, false),
        Field::new("labels", DataType::UInt64, false),
        Field::new("confidence", DataType::Float64, true),
    ];
    fields.extend((0..shape.words()).map(|i| Field::new(format!("s{i}"), DataType::UInt64, false)));
    if shape.cluster {
        fields.push(Field::new("cluster", DataType::UInt64, true));
    }
    fields.extend((0..shape.texts).map(|i| Field::new(format!("t{i}"), DataType::UInt64, true)));
    fields.extend((0..shape.values).map(|i| Field::new(format!("v{i}"), DataType::Float64, true)));
    if shape.repeats {
        fields.push(Field::new("trials", DataType::UInt64, true));
    }
    Arc::new(Schema::new(fields))
}

/// The function that encodes a side's batches. `kept`: they are held for long, in a sort or a hash table, so that keys
/// must not hold on to the whole pages that they were decoded into.
pub(super) fn encoder(codes: Arc<Codes>, layout: Layout, kept: bool) -> MapFactory {
    let schema = narrow_schema(layout.shape);
    Arc::new(move || {
        let mut encoder = Encoder {
            schema: Arc::clone(&schema),
            layout: layout.clone(),
            kept,
            truth: Column::labels(&codes),
            prediction: Column::labels(&codes),
            slices: codes.slices.iter().map(Column::new).collect(),
        };
        Box::new(move |batch| encoder.encode(&batch))
    })
}

struct Encoder {
    schema: SchemaRef,
    layout: Layout,
    kept: bool,
    truth: Column,
    prediction: Column,
    slices: Vec<Column>,
}

impl Encoder {
    /// Scanned order: keys, truth?, prediction, confidence?, status?, slices, scores or probability, repeat?,
    /// cluster?, position.
    fn encode(&mut self, batch: &RecordBatch) -> DfResult<RecordBatch> {
        let n = batch.num_rows();
        let mut at = self.layout.keys;
        let mut next = || {
            at += 1;
            batch.column(at - 1)
        };
        let mut words = vec![0u64; n];
        let mut measured: Vec<ArrayRef> = Vec::with_capacity(self.layout.shape.texts + self.layout.shape.values);
        match self.layout.kind {
            Kind::Classification | Kind::Binary => {
                self.truth.add(next(), 0, NO_TRUTH, &mut words)?;
                self.prediction.add(next(), LABEL_BITS, NO_PREDICTION, &mut words)?;
            }
            Kind::Numeric => {
                measured.push(numbers(next(), NO_TRUTH, &mut words)?);
                measured.push(numbers(next(), NO_PREDICTION, &mut words)?);
            }
            Kind::Text => {
                measured.push(match self.layout.truth {
                    true => digests(next())?,
                    false => Arc::new(UInt64Array::new_null(n)),
                });
                measured.push(digests(next())?);
            }
        }
        let confidence = match self.layout.shape.confidence {
            true => confidence(next(), &mut words)?,
            false => Float64Array::new_null(n),
        };
        if self.layout.status {
            status(next(), &mut words)?;
        }
        let mut slice_words = vec![vec![0u64; n]; self.layout.shape.words()];
        for (i, column) in self.slices.iter_mut().enumerate() {
            let shift = 16 * (i % SLICES_PER_WORD) as u32;
            column.add_slice(next(), shift, &mut slice_words[i / SLICES_PER_WORD])?;
        }
        match self.layout.kind {
            Kind::Classification | Kind::Numeric => {}
            Kind::Binary => measured.push(numbers(next(), 0, &mut words)?),
            Kind::Text => {
                let first = numbers(next(), NO_TRUTH, &mut words)?;
                if let Some(output) = measured.last() {
                    unanswered(output, &first, NO_PREDICTION, &mut words);
                }
                measured.push(first);
                for _ in 1..self.layout.shape.values {
                    measured.push(numbers(next(), 0, &mut words)?);
                }
            }
        }
        if self.layout.shape.repeats {
            measured.push(digests(next())?);
        }
        let cluster = match self.layout.shape.cluster {
            true => Some(digests(next())?),
            false => None,
        };
        let position = Arc::clone(batch.column(batch.num_columns() - 1));
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(match (keys(batch, self.layout.keys)?, self.kept) {
                (keys, true) => keys.gc(),
                (keys, false) => keys,
            }),
            position,
            Arc::new(UInt64Array::from(words)),
            Arc::new(confidence),
        ];
        columns.extend(
            slice_words
                .into_iter()
                .map(|w| Arc::new(UInt64Array::from(w)) as ArrayRef),
        );
        columns.extend(cluster);
        columns.extend(measured);
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// The key as text; several columns are joined as an import would do it: `|` between them, `|` and `\` escaped.
fn keys(batch: &RecordBatch, n: usize) -> DfResult<StringViewArray> {
    let no_null = |array: &dyn Array, name: &str| match array.null_count() {
        0 => Ok(()),
        _ => Err(DataFusionError::from(EngineError::DataFusion(format!(
            "key column `{name}` has null values"
        )))),
    };
    let name = |i: usize| batch.schema_ref().field(i).name().clone();
    if n == 1 {
        let array = cast(batch.column(0), &DataType::Utf8View)?;
        no_null(&array, &name(0))?;
        return Ok(array.as_string_view().clone());
    }
    let mut parts: Vec<StringArray> = Vec::with_capacity(n);
    for i in 0..n {
        let array = cast(batch.column(i), &DataType::Utf8)?;
        no_null(&array, &name(i))?;
        parts.push(array.as_string::<i32>().clone());
    }
    let mut out = StringViewBuilder::new();
    let mut key = String::new();
    for row in 0..batch.num_rows() {
        key.clear();
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                key.push('|');
            }
            key.push_str(&part.value(row).replace('\\', "\\\\").replace('|', "\\|"));
        }
        out.append_value(&key);
    }
    Ok(out.finish())
}

fn confidence(array: &ArrayRef, words: &mut [u64]) -> DfResult<Float64Array> {
    let array = cast(array, &DataType::Float64)?;
    let array = array.as_primitive::<Float64Type>();
    let valid = |c: f64| (0.0..=1.0).contains(&c);
    if array.null_count() == 0 && array.values().iter().all(|&c| valid(c)) {
        return Ok(array.clone());
    }
    let mut out = Float64Builder::with_capacity(array.len());
    for (i, word) in words.iter_mut().enumerate() {
        match array.is_valid(i).then(|| array.value(i)) {
            Some(c) if valid(c) => out.append_value(c),
            Some(_) => {
                *word |= BAD_CONFIDENCE;
                out.append_null();
            }
            None => out.append_null(),
        }
    }
    Ok(out.finish())
}

fn status(array: &ArrayRef, words: &mut [u64]) -> DfResult<()> {
    let flag = |text: &str| match text {
        t if t.eq_ignore_ascii_case("error") => ERROR,
        t if t.eq_ignore_ascii_case("skipped") => SKIPPED,
        _ => 0,
    };
    if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
        let values = dictionary.values().as_string::<i32>();
        let flags: Vec<u64> = (0..values.len()).map(|i| flag(values.value(i))).collect();
        if flags.iter().all(|&f| f == 0) {
            return Ok(());
        }
        for (i, word) in words.iter_mut().enumerate().filter(|(i, _)| dictionary.is_valid(*i)) {
            *word |= flags[dictionary.keys().value(i) as usize];
        }
        return Ok(());
    }
    let array = cast(array, &DataType::Utf8)?;
    let array = array.as_string::<i32>();
    for (i, word) in words.iter_mut().enumerate().filter(|(i, _)| array.is_valid(*i)) {
        *word |= flag(array.value(i));
    }
    Ok(())
}

/// One categorical column: remembers how the last dictionary's entries are coded.
pub(super) struct Column {
    interner: Arc<Interner>,
    last: Option<ArrayRef>,
    codes: Vec<u64>,
    spellings: Arc<BTreeMap<String, String>>,
    /// For each code whether the label map gave it; empty without one.
    mapped: Vec<bool>,
}

impl Column {
    pub(super) fn new(interner: &Arc<Interner>) -> Column {
        Column {
            interner: Arc::clone(interner),
            last: None,
            codes: Vec::new(),
            spellings: Arc::default(),
            mapped: Vec::new(),
        }
    }

    fn labels(codes: &Codes) -> Column {
        Column {
            spellings: Arc::clone(&codes.spellings),
            ..Column::new(&codes.labels)
        }
    }

    /// Puts label codes at `shift`, or sets `missing`.
    fn add(&mut self, array: &ArrayRef, shift: u32, missing: u64, words: &mut [u64]) -> DfResult<()> {
        let indices = self.indices(array)?;
        if self.mapped.contains(&true) {
            for (word, index) in words.iter_mut().zip(&indices) {
                let mapped = index.is_some_and(|index| self.mapped[index as usize]);
                *word |= if mapped { MAPPED } else { 0 };
            }
        }
        if self.interner.len() as u64 > LABEL_MASK {
            return Err(DataFusionError::External(Box::new(CompareError::TooManyLabels(
                LABEL_MASK as usize,
            ))));
        }
        if indices.null_count() == 0 {
            for (word, index) in words.iter_mut().zip(indices.values()) {
                *word |= self.codes[*index as usize] << shift;
            }
            return Ok(());
        }
        for (i, word) in words.iter_mut().enumerate() {
            *word |= if indices.is_valid(i) {
                self.codes[indices.value(i) as usize] << shift
            } else {
                missing
            };
        }
        Ok(())
    }

    /// Puts slice codes at `shift`; 0 is null.
    fn add_slice(&mut self, array: &ArrayRef, shift: u32, words: &mut [u64]) -> DfResult<()> {
        let indices = self.indices(array)?;
        // Beyond 16 bits the column is refused after the pass; saturating keeps the words apart until then.
        let code = |index: i32| (self.codes[index as usize] + 1).min(0xFFFF) << shift;
        if indices.null_count() == 0 {
            words
                .iter_mut()
                .zip(indices.values())
                .for_each(|(word, index)| *word |= code(*index));
            return Ok(());
        }
        for (i, word) in words.iter_mut().enumerate() {
            if indices.is_valid(i) {
                *word |= code(indices.value(i));
            }
        }
        Ok(())
    }

    /// A code per row; 0 is null.
    pub(super) fn slice_codes(&mut self, array: &ArrayRef) -> DfResult<Vec<u16>> {
        let mut words = vec![0; array.len()];
        self.add_slice(array, 0, &mut words)?;
        Ok(words.into_iter().map(|word| word as u16).collect())
    }

    /// Distinct values so far.
    pub(super) fn values(&self) -> usize {
        self.interner.len()
    }

    /// Row by row an index into `codes`, which is made to fit.
    fn indices(&mut self, array: &ArrayRef) -> DfResult<Int32Array> {
        let dictionary = match array.data_type() {
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => {
                Arc::clone(array)
            }
            _ => {
                let text = cast(array, &DataType::Utf8)?;
                cast(
                    &text,
                    &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                )?
            }
        };
        let dictionary = dictionary.as_dictionary::<Int32Type>();
        let values = dictionary.values();
        let same = self
            .last
            .as_ref()
            .is_some_and(|last| last.to_data().ptr_eq(&values.to_data()));
        if !same {
            let texts = values.as_string::<i32>();
            let code = |i: usize| {
                if texts.is_valid(i) {
                    let text = texts.value(i);
                    let label = self.spellings.get(text).map_or(text, String::as_str);
                    u64::from(self.interner.code(label))
                } else {
                    0
                }
            };
            self.codes = (0..texts.len()).map(code).collect();
            if !self.spellings.is_empty() {
                let mapped = |i: usize| texts.is_valid(i) && self.spellings.contains_key(texts.value(i));
                self.mapped = (0..texts.len()).map(mapped).collect();
            }
            self.last = Some(Arc::clone(values));
        }
        Ok(dictionary.keys().clone())
    }
}
