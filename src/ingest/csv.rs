//! CSV and TSV: records of text with exact line numbers, in bounded memory.

use arrow::array::StringBuilder;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::error::{IngestError, Place};
use super::format::TextInput;
use super::raw::{MAX_COLUMNS, RECORD_BYTES, RawBatch, RawColumn, RawKind, RawReader, TextBatch, check_names};

/// Reads a CSV file; an empty field is a null, quoted or not.
pub(crate) struct CsvReader {
    input: TextInput,
    records: Records,
    columns: Vec<RawColumn>,
    batch: TextBatch,
}

impl CsvReader {
    /// Opens the file and reads its header.
    pub(crate) fn new(mut input: TextInput, delimiter: u8) -> Result<Self, IngestError> {
        let mut records = Records::new(delimiter);
        if !records.next(&mut input)? {
            return Err(IngestError::NoRows { file: input.file });
        }
        let names: Vec<String> = records.fields(&input)?.map(|field| field.trim().to_owned()).collect();
        if let [only] = names.as_slice() {
            let separators = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars"), (',', "commas")];
            if let Some((_, found)) = separators.iter().find(|(mark, _)| only.contains(*mark)) {
                return Err(IngestError::Delimiter {
                    file: input.file,
                    header: only.clone(),
                    found,
                });
            }
        }
        check_names(&input.file, &names)?;
        let batch = TextBatch {
            columns: names.iter().map(|_| StringBuilder::new()).collect(),
            ..TextBatch::default()
        };
        let columns = names
            .into_iter()
            .map(|name| RawColumn {
                name,
                kind: RawKind::Open,
            })
            .collect();
        Ok(CsvReader {
            input,
            records,
            columns,
            batch,
        })
    }
}

impl RawReader for CsvReader {
    fn columns(&self) -> &[RawColumn] {
        &self.columns
    }

    fn next_batch(&mut self) -> Result<Option<RawBatch>, IngestError> {
        while !self.batch.full() && self.records.next(&mut self.input)? {
            let (expected, found) = (self.columns.len(), self.records.count);
            if expected != found {
                return Err(IngestError::Ragged {
                    place: self.records.place(&self.input),
                    expected,
                    found,
                });
            }
            for (column, field) in self.records.fields(&self.input)?.enumerate() {
                self.batch.push(column, (!field.is_empty()).then_some(field));
            }
            self.batch.lines.push(self.records.start);
        }
        Ok(self.batch.take())
    }
}

/// One record at a time, over a buffer that grows as needed.
struct Records {
    parser: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Fields of the current record.
    count: usize,
    /// The line on which the current record begins.
    start: u64,
    /// The line on which the next byte stands.
    line: u64,
}

impl Records {
    fn new(delimiter: u8) -> Self {
        Records {
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            text: vec![0; 16 * 1024],
            ends: vec![0; 64],
            count: 0,
            start: 1,
            line: 1,
        }
    }

    fn place(&self, input: &TextInput) -> Place {
        Place::line(&input.file, self.start)
    }

    /// Reads the next record; false at the end of the file.
    fn next(&mut self, input: &mut TextInput) -> Result<bool, IngestError> {
        self.skip_blank_lines(input)?;
        self.start = self.line;
        let (mut written, mut ended, mut quotes) = (0, 0, 0);
        loop {
            let bytes = input.fill()?;
            let at_end = bytes.is_empty();
            let (result, read, wrote, ends) =
                self.parser
                    .read_record(bytes, &mut self.text[written..], &mut self.ends[ended..]);
            let used = bytes.get(..read).unwrap_or_default();
            self.line += count(used, b'\n');
            quotes += count(used, b'"');
            input.consume(read);
            written += wrote;
            ended += ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.text.len() < RECORD_BYTES => {
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() <= 64 * MAX_COLUMNS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    let reason = "the record is longer than 64 MiB".to_owned();
                    return Err(IngestError::BadRecord {
                        place: self.place(input),
                        reason,
                    });
                }
                ReadRecordResult::Record => {
                    if at_end && quotes % 2 == 1 {
                        let reason = "a quoted field that begins in this record never ends".to_owned();
                        return Err(IngestError::BadRecord {
                            place: self.place(input),
                            reason,
                        });
                    }
                    self.count = ended;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    fn skip_blank_lines(&mut self, input: &mut TextInput) -> Result<(), IngestError> {
        loop {
            let bytes = input.fill()?;
            let blank = bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            let (lines, more) = (count(&bytes[..blank], b'\n'), blank > 0 && blank == bytes.len());
            input.consume(blank);
            self.line += lines;
            if !more {
                return Ok(());
            }
        }
    }

    fn fields(&self, input: &TextInput) -> Result<impl Iterator<Item = &str>, IngestError> {
        let ends = &self.ends[..self.count];
        let bytes = &self.text[..ends.last().copied().unwrap_or(0)];
        let invalid = || IngestError::InvalidUtf8 {
            place: self.place(input),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| invalid())?;
        if !ends.iter().all(|end| text.is_char_boundary(*end)) {
            return Err(invalid());
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        Ok(starts
            .zip(ends)
            .map(|(start, end)| text.get(start..*end).unwrap_or_default()))
    }
}

fn count(bytes: &[u8], wanted: u8) -> u64 {
    bytes.iter().filter(|byte| **byte == wanted).count() as u64
}
