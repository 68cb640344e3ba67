//! Opens a file: what it is, whether it is compressed, and its first bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::error::{IngestError, Place};
use super::logs::{Log, Seen, seen};
use super::spec::InputFormat;

const BUFFER: usize = 256 * 1024;
const PARQUET: &[u8] = b"PAR1";
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const ZIP: &[u8] = b"PK\x03\x04";
/// Bytes at the beginning of a text by which it is recognised.
const HEAD: u64 = 64 * 1024;

/// A text file, decompressed and without byte-order mark.
pub(crate) struct TextInput {
    pub(crate) file: PathBuf,
    reader: Box<dyn BufRead + Send>,
    compression: Option<&'static str>,
}

impl TextInput {
    /// The bytes that can be read at once; none at the end.
    pub(crate) fn fill(&mut self) -> Result<&[u8], IngestError> {
        let (file, compression) = (&self.file, self.compression);
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(file, compression, &error)),
            }
        }
        // The buffer is filled now: asking again does no work, and satisfies the borrow checker.
        self.reader
            .fill_buf()
            .map_err(|error| read_error(file, compression, &error))
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        self.reader.consume(bytes);
    }

    /// Appends up to and including the next line feed; false at the end or beyond `limit` bytes.
    pub(crate) fn line(&mut self, line: &mut Vec<u8>, limit: u64) -> Result<bool, IngestError> {
        let read = (&mut self.reader).take(limit).read_until(b'\n', line);
        let read = read.map_err(|error| read_error(&self.file, self.compression, &error))?;
        Ok(read > 0)
    }
}

fn read_error(file: &Path, compression: Option<&'static str>, error: &std::io::Error) -> IngestError {
    let (file, reason) = (file.to_owned(), error.to_string());
    match compression {
        Some(format) => IngestError::Corrupt { file, format, reason },
        None => IngestError::Unreadable { file, reason },
    }
}

/// An opened file of known format.
pub(crate) enum Opened {
    Csv {
        input: TextInput,
        delimiter: u8,
    },
    Jsonl(TextInput),
    Parquet(File),
    /// The log of a tool as text.
    Log(Log, TextInput),
    /// The log of a tool as a zip archive.
    Archive(File),
}

/// Opens a file, detecting what `format` leaves open.
pub(crate) fn open(path: &Path, format: InputFormat) -> Result<Opened, IngestError> {
    let file = path.to_owned();
    let unreadable = |error: std::io::Error| IngestError::Unreadable {
        file: path.to_owned(),
        reason: error.to_string(),
    };
    let metadata = match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(IngestError::NotFound { file });
        }
        other => other.map_err(unreadable)?,
    };
    if metadata.is_dir() {
        return Err(IngestError::IsDirectory { file });
    }
    if !metadata.is_file() {
        let reason = "it is not a regular file, and the input is read twice".to_owned();
        return Err(IngestError::Unreadable { file, reason });
    }
    if metadata.len() == 0 {
        return Err(IngestError::Empty { file });
    }
    let mut handle = File::open(path).map_err(unreadable)?;
    let mut magic = Vec::new();
    handle.by_ref().take(4).read_to_end(&mut magic).map_err(unreadable)?;
    handle.seek(SeekFrom::Start(0)).map_err(unreadable)?;

    let extension = extension(path);
    if magic == PARQUET {
        return match format {
            InputFormat::Auto | InputFormat::Parquet | InputFormat::Lighteval => Ok(Opened::Parquet(handle)),
            other => Err(not(path, name(other), "it is a Parquet file")),
        };
    }
    if magic == ZIP {
        return match format {
            InputFormat::Auto | InputFormat::Inspect => Ok(Opened::Archive(handle)),
            other => Err(not(path, name(other), "it is a zip archive")),
        };
    }
    let parquet_name = matches!(extension.as_str(), "parquet" | "pq");
    if matches!(format, InputFormat::Parquet | InputFormat::Lighteval) || (format == InputFormat::Auto && parquet_name)
    {
        return Err(not(path, "Parquet", "it does not begin with the bytes PAR1"));
    }

    let (reader, compression): (Box<dyn Read + Send>, _) = if magic.starts_with(GZIP) {
        (
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, handle))),
            Some("gzip"),
        )
    } else if magic == ZSTD {
        let decoder = zstd::stream::read::Decoder::new(handle).map_err(unreadable)?;
        (Box::new(decoder), Some("zstd"))
    } else {
        (Box::new(handle), None)
    };
    text(path, reader, compression, format, &extension)
}

fn text(
    path: &Path,
    mut reader: Box<dyn Read + Send>,
    compression: Option<&'static str>,
    format: InputFormat,
    extension: &str,
) -> Result<Opened, IngestError> {
    let file = path.to_owned();
    let mut head = Vec::new();
    reader
        .by_ref()
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(|error| read_error(path, compression, &error))?;
    if head.is_empty() {
        return Err(IngestError::Empty { file });
    }
    if head.starts_with(PARQUET) {
        return Err(not(
            path,
            "CSV or JSONL",
            "it is a compressed Parquet file, which has its own compression",
        ));
    }
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(IngestError::InvalidUtf8 {
            place: Place::line(path, 1),
        });
    }
    if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        head.drain(..3);
    }
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    let log = log(format, &seen(&head));
    let jsonl = match (format, extension) {
        (InputFormat::Jsonl, _) => true,
        (InputFormat::Csv, _) => false,
        (_, "csv" | "tsv") => false,
        (_, "jsonl" | "ndjson" | "json") => true,
        _ => matches!(first, Some(b'{' | b'[')),
    };
    let reader = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(reader));
    let input = TextInput {
        file,
        reader: Box::new(reader),
        compression,
    };
    if let Some(log) = log {
        return Ok(Opened::Log(log, input));
    }
    Ok(match (jsonl, extension) {
        (true, _) => Opened::Jsonl(input),
        (false, "tsv") => Opened::Csv {
            input,
            delimiter: b'\t',
        },
        (false, _) => Opened::Csv { input, delimiter: b',' },
    })
}

/// Which tool's log a text is: the declared one, else the one that begins so.
fn log(format: InputFormat, seen: &Seen) -> Option<Log> {
    match format {
        InputFormat::Auto => seen.log(),
        InputFormat::LmEval => Some(Log::LmEval),
        InputFormat::Inspect => Some(Log::Inspect),
        InputFormat::Promptfoo => Some(seen.promptfoo()),
        InputFormat::Mlflow => Some(Log::Mlflow),
        InputFormat::Csv | InputFormat::Jsonl | InputFormat::Parquet | InputFormat::Lighteval => None,
    }
}

fn name(format: InputFormat) -> &'static str {
    match format {
        InputFormat::Auto => "readable",
        InputFormat::Csv => "CSV",
        InputFormat::Jsonl => "JSONL",
        InputFormat::Parquet | InputFormat::Lighteval => "Parquet",
        InputFormat::LmEval => "lm-eval",
        InputFormat::Inspect => "Inspect",
        InputFormat::Promptfoo => "promptfoo",
        InputFormat::Mlflow => "MLflow",
    }
}

fn not(path: &Path, expected: &'static str, reason: &str) -> IngestError {
    IngestError::NotFormat {
        file: path.to_owned(),
        expected,
        reason: reason.to_owned(),
    }
}

/// The lower-case extension, without that of a compression.
fn extension(path: &Path) -> String {
    let lower = |path: &Path| {
        path.extension()
            .map(|e| e.to_string_lossy().to_lowercase())
            .unwrap_or_default()
    };
    match lower(path).as_str() {
        "gz" | "gzip" | "zst" | "zstd" => path.file_stem().map(|stem| lower(Path::new(stem))).unwrap_or_default(),
        other => other.to_owned(),
    }
}
