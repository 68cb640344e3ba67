//! Flipped rows in key order: in memory while they are few, in a temporary file beyond.

use super::error::CompareError;
use arrow::array::RecordBatch;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use std::fs::File;
use std::io::{BufReader, BufWriter};

/// Bytes kept in memory.
const MEMORY: usize = 48 << 20;

/// Batches that are written once and read several times.
#[derive(Default)]
pub(super) struct Spool {
    batches: Vec<RecordBatch>,
    bytes: usize,
    writer: Option<FileWriter<BufWriter<File>>>,
    file: Option<tempfile::NamedTempFile>,
}

impl Spool {
    /// Appends a batch.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<(), CompareError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.bytes += batch.get_array_memory_size();
        self.batches.push(batch);
        if self.bytes > MEMORY { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), CompareError> {
        let io = |e: std::io::Error| CompareError::Arrow(format!("spilling flipped samples: {e}"));
        if self.writer.is_none()
            && let Some(first) = self.batches.first()
        {
            let file = tempfile::NamedTempFile::new().map_err(io)?;
            let out = BufWriter::new(file.reopen().map_err(io)?);
            self.writer = Some(FileWriter::try_new(out, first.schema_ref())?);
            self.file = Some(file);
        }
        if let Some(writer) = &mut self.writer {
            for batch in self.batches.drain(..) {
                writer.write(&batch)?;
            }
        }
        self.bytes = 0;
        Ok(())
    }

    /// Ends writing.
    pub(super) fn finish(&mut self) -> Result<(), CompareError> {
        if self.writer.is_some() {
            self.spill()?;
        }
        if let Some(mut writer) = self.writer.take() {
            writer.finish()?;
        }
        Ok(())
    }

    /// All batches in order.
    pub(super) fn read(
        &self,
    ) -> Result<Box<dyn Iterator<Item = Result<RecordBatch, CompareError>> + '_>, CompareError> {
        match &self.file {
            None => Ok(Box::new(self.batches.iter().cloned().map(Ok))),
            Some(file) => {
                let input = file.reopen().map_err(|e| CompareError::Arrow(e.to_string()))?;
                let reader = FileReader::try_new(BufReader::new(input), None)?;
                Ok(Box::new(reader.map(|batch| batch.map_err(CompareError::from))))
            }
        }
    }
}
