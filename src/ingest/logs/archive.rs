//! A zip archive of JSON files, as Inspect writes it: deflated, or compressed with zstd.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};
use serde_json::Value;

use super::super::error::IngestError;
use super::json;

/// Bytes of one file of the archive at most, unpacked.
const ENTRY_BYTES: u64 = 1024 * 1024 * 1024;

/// An opened archive.
pub(crate) struct Archive {
    file: PathBuf,
    archive: ZipArchive<FileReader>,
    /// By name, in the order of the names.
    entries: Vec<(String, ZipArchiveEntryWayfinder, CompressionMethod)>,
}

impl Archive {
    pub(crate) fn open(file: PathBuf, handle: File) -> Result<Archive, IngestError> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::from_file(handle, &mut buffer).map_err(|error| corrupt(&file, &error))?;
        let mut entries = Vec::new();
        let mut all = archive.entries(&mut buffer);
        while let Some(entry) = all.next_entry().map_err(|error| corrupt(&file, &error))? {
            let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
            entries.push((name, entry.wayfinder(), entry.compression_method()));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Archive { file, archive, entries })
    }

    /// The names of all files, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, ..)| name.as_str())
    }

    /// Reads one file; a checksum that does not fit is an error.
    pub(crate) fn read(&self, name: &str) -> Result<Value, IngestError> {
        let found = self.entries.iter().find(|(known, ..)| known == name);
        let Some((_, wayfinder, method)) = found else {
            return Err(corrupt(&self.file, &format!("it lacks {name}")));
        };
        let entry = self
            .archive
            .get_entry(*wayfinder)
            .map_err(|error| corrupt(&self.file, &error))?;
        let packed = entry.reader();
        let unpacked: Box<dyn Read + '_> = match *method {
            CompressionMethod::STORE => Box::new(packed),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(packed)),
            CompressionMethod::ZSTD => {
                let decoder = zstd::stream::read::Decoder::new(packed);
                Box::new(decoder.map_err(|error| corrupt(&self.file, &error))?)
            }
            other => {
                let reason = format!("{name} is compressed with method {}", other.as_u16());
                return Err(corrupt(&self.file, &reason));
            }
        };
        let mut text = String::new();
        let read = entry
            .verifying_reader(unpacked)
            .take(ENTRY_BYTES)
            .read_to_string(&mut text);
        let read = read.map_err(|error| corrupt(&self.file, &format!("{name}: {error}")))?;
        if read as u64 >= ENTRY_BYTES {
            return Err(corrupt(&self.file, &format!("{name} is larger than 1 GiB")));
        }
        json::parse(&text).map_err(|error| json::damaged(&self.file.join(name), &error))
    }
}

fn corrupt(file: &Path, reason: &dyn std::fmt::Display) -> IngestError {
    IngestError::Corrupt {
        file: file.to_owned(),
        format: "Inspect log",
        reason: reason.to_string(),
    }
}
