//! Finished answers on disk, so that nothing is paid for twice: whatever ends, the next `--resume` goes on from here.
//!
//! `<spool>/<run id>/run.json` says what the run is, `answers` holds frames: length, BLAKE3, one Arrow IPC stream each.
//! A frame is on disk before its answers count. What stands behind the last whole frame was never counted and is cut
//! off when the run is resumed.

use super::error::RunnerError;
use super::service::Identity;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

const FORMAT: u32 = 1;
const HEAD: usize = 8 + 32;
/// Bytes of a frame at most; a longer length is damage.
const MAX_FRAME: u64 = 1 << 31;

/// What a run was started with; it is resumed with the same or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// Version of this format.
    pub format: u32,
    /// Id of the run.
    pub run_id: String,
    /// Version of the model.
    pub model_version: String,
    /// The table that it will be appended to.
    pub table: String,
    /// Digest of the golden dataset, whatever the order of the samples.
    pub golden_digest: String,
    /// BLAKE3 of the file's bytes: samples are counted by their place in it.
    pub golden_bytes: String,
    /// Its samples.
    pub samples: u64,
    /// Name of the service.
    pub service_name: Option<String>,
    /// Its version.
    pub service_version: Option<String>,
    /// Digest of its interface.
    pub schema_digest: Option<String>,
    /// Digest of how requests are made and answers read.
    pub mapping_digest: String,
    /// Microseconds since the epoch.
    pub started_at: i64,
}

impl RunFile {
    /// The service as it said it was.
    pub fn service(&self) -> Identity {
        Identity {
            name: self.service_name.clone(),
            version: self.service_version.clone(),
            schema_digest: self.schema_digest.clone(),
        }
    }

    /// What differs from the run as it was started, in words.
    pub fn difference(&self, now: &RunFile) -> Option<String> {
        let samples = [
            (
                "the golden dataset has other samples",
                &self.golden_digest,
                &now.golden_digest,
            ),
            (
                "the file of the golden dataset was written anew",
                &self.golden_bytes,
                &now.golden_bytes,
            ),
            ("it is another table", &self.table, &now.table),
            ("it is another model version", &self.model_version, &now.model_version),
        ];
        let mapping = [(
            "requests are made or answers read in another way",
            &self.mapping_digest,
            &now.mapping_digest,
        )];
        let changed = |pairs: &[(&str, &String, &String)]| {
            let (what, before, after) = pairs.iter().find(|(_, before, after)| before != after)?;
            Some(format!("{what} ({} before, {} now)", short(before), short(after)))
        };
        // Another service may have another interface, and then it is asked in another way.
        let (before, after) = (self.service().tag(), now.service().tag());
        changed(&samples)
            .or_else(|| (before != after).then(|| format!("the service is {after}, it was {before}")))
            .or_else(|| changed(&mapping))
            .or_else(|| (self.schema_digest != now.schema_digest).then(|| format!("the interface of {after} changed")))
    }
}

fn short(text: &str) -> String {
    text.trim_start_matches("blake3:").chars().take(12).collect()
}

/// An unfinished run, as `evaldiff runs --unfinished` lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// What it is.
    pub run: RunFile,
    /// Samples that have an answer.
    pub answered: u64,
    /// Whether a process works on it now.
    pub in_use: bool,
}

/// Which samples have an answer, by their place in the golden dataset.
#[derive(Clone, Debug, Default)]
pub struct Done {
    words: Vec<u64>,
    count: u64,
}

impl Done {
    fn new(samples: u64) -> Done {
        Done {
            words: vec![0; samples.div_ceil(64) as usize],
            count: 0,
        }
    }

    fn add(&mut self, sample: u64) -> Result<(), String> {
        let word = self.words.get_mut((sample / 64) as usize);
        let word = word.ok_or_else(|| format!("an answer to sample {sample}, which there is not"))?;
        let bit = 1 << (sample % 64);
        if *word & bit != 0 {
            return Err(format!("two answers to sample {sample}"));
        }
        *word |= bit;
        self.count += 1;
        Ok(())
    }

    /// Whether the sample has an answer.
    pub fn has(&self, sample: u64) -> bool {
        let word = self.words.get((sample / 64) as usize);
        word.is_some_and(|word| word & (1 << (sample % 64)) != 0)
    }

    /// Samples that have one.
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// The spool of one run, locked.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    /// What the run is.
    pub run: RunFile,
    /// Held while this process works on the run.
    _lock: File,
}

impl Spool {
    /// Begins a run.
    ///
    /// # Errors
    /// Fails if the folder cannot be written.
    pub fn create(root: &Path, run: RunFile) -> Result<Spool, RunnerError> {
        let folder = root.join(&run.run_id);
        let fail = |e: std::io::Error| unusable(&folder, e);
        std::fs::create_dir_all(&folder).map_err(fail)?;
        let lock = lock(&folder)?;
        // The answers' file first: a folder with a run.json is a run, whenever this process is killed.
        File::create(folder.join("answers"))
            .and_then(|f| f.sync_all())
            .map_err(fail)?;
        let text = serde_json::to_vec_pretty(&run).map_err(|e| unusable(&folder, e))?;
        let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(fail)?;
        file.write_all(&text)
            .and_then(|()| file.as_file().sync_all())
            .map_err(fail)?;
        file.persist(folder.join("run.json")).map_err(|e| fail(e.error))?;
        File::open(&folder).and_then(|f| f.sync_all()).map_err(fail)?;
        let _ = File::open(root).and_then(|f| f.sync_all());
        Ok(Spool {
            folder,
            run,
            _lock: lock,
        })
    }

    /// Takes up a run that is unfinished, with the samples that have an answer. Cuts a torn end off.
    ///
    /// # Errors
    /// Fails if another process works on it, or if it is damaged before its end.
    pub fn open(root: &Path, run_id: &str) -> Result<(Spool, Done), RunnerError> {
        let folder = root.join(run_id);
        let lock = lock(&folder)?;
        let run = read_run(&folder)?;
        let spool = Spool {
            folder,
            run,
            _lock: lock,
        };
        let mut done = Done::new(spool.run.samples);
        let mut frames = spool.frames()?;
        while let Some(batch) = frames.next().transpose()? {
            let samples = batch.column(0).as_primitive::<UInt64Type>();
            for sample in samples.values() {
                done.add(*sample).map_err(|e| unusable(&spool.answers(), e))?;
            }
        }
        let whole = frames.whole;
        let torn = std::fs::metadata(spool.answers()).map_or(0, |found| found.len().saturating_sub(whole));
        if torn > 0 {
            tracing::warn!("the last {torn} bytes of the spool are no whole answers: what they held is asked again");
        }
        let file = OpenOptions::new().write(true).open(spool.answers());
        let cut = file.and_then(|f| f.set_len(whole).and_then(|()| f.sync_all()));
        cut.map_err(|e| unusable(&spool.answers(), e))?;
        Ok((spool, done))
    }

    /// Every unfinished run, oldest first.
    ///
    /// # Errors
    /// Fails if the folder cannot be read.
    pub fn list(root: &Path) -> Result<Vec<Unfinished>, RunnerError> {
        let mut found = Vec::new();
        let entries = match std::fs::read_dir(root) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            other => other.map_err(|e| unusable(root, e))?,
        };
        for entry in entries {
            let folder = entry.map_err(|e| unusable(root, e))?.path();
            // A run that was killed before it had a name asked nothing.
            let Ok(run) = read_run(&folder) else { continue };
            let mut answered = 0;
            match File::open(folder.join("answers")) {
                Ok(file) => {
                    for batch in Frames::new(&folder.join("answers"), file) {
                        answered += batch?.num_rows() as u64;
                    }
                }
                // Another process has just finished the run.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unusable(&folder, error)),
            }
            let in_use = matches!(try_lock(&folder), Ok(None));
            found.push(Unfinished { run, answered, in_use });
        }
        found.sort_by(|a, b| (a.run.started_at, &a.run.run_id).cmp(&(b.run.started_at, &b.run.run_id)));
        Ok(found)
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn answers(&self) -> PathBuf {
        self.folder.join("answers")
    }

    /// Appends to the end.
    ///
    /// # Errors
    /// Fails if the file cannot be opened.
    pub fn writer(&self) -> Result<SpoolWriter, RunnerError> {
        let path = self.answers();
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|e| unusable(&path, e))?;
        Ok(SpoolWriter { path, file })
    }

    /// All answers, in the order in which they came.
    ///
    /// # Errors
    /// Fails if the file cannot be opened.
    pub fn frames(&self) -> Result<Frames, RunnerError> {
        Frames::open(&self.answers())
    }

    /// Removes a run without any answer.
    ///
    /// # Errors
    /// Fails if the folder cannot be removed.
    pub fn remove_if_empty(self) -> Result<(), RunnerError> {
        match self.frames()?.next() {
            None => self.remove(),
            Some(_) => Ok(()),
        }
    }

    /// Removes the run: it is in the table.
    ///
    /// # Errors
    /// Fails if the folder cannot be removed.
    pub fn remove(self) -> Result<(), RunnerError> {
        // Without its run.json the folder is no run any more, should this process be killed in between.
        std::fs::remove_file(self.folder.join("run.json"))
            .and_then(|()| std::fs::remove_dir_all(&self.folder))
            .map_err(|e| unusable(&self.folder, e))?;
        if let Some(root) = self.folder.parent() {
            // Fails, as it should, while other runs are in it.
            let _ = std::fs::remove_dir(root);
        }
        Ok(())
    }
}

/// Appends frames; a frame is on disk when [`SpoolWriter::append`] returns.
#[derive(Debug)]
pub struct SpoolWriter {
    path: PathBuf,
    file: File,
}

impl SpoolWriter {
    /// Appends one batch.
    ///
    /// # Errors
    /// Fails if the disk is full or the file cannot be written.
    pub fn append(&mut self, batch: &RecordBatch) -> Result<(), RunnerError> {
        let mut frame = vec![0; HEAD];
        let mut writer = StreamWriter::try_new(&mut frame, &batch.schema()).map_err(|e| unusable(&self.path, e))?;
        let written = writer.write(batch).and_then(|()| writer.finish());
        written.map_err(|e| unusable(&self.path, e))?;
        drop(writer);
        let length = (frame.len() - HEAD) as u64;
        let digest = blake3::hash(&frame[HEAD..]);
        frame[..8].copy_from_slice(&length.to_le_bytes());
        frame[8..HEAD].copy_from_slice(digest.as_bytes());
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        written.map_err(|e| unusable(&self.path, e))
    }
}

/// Reads whole frames, up to the first that is none.
pub struct Frames {
    path: PathBuf,
    input: BufReader<File>,
    /// Bytes of the whole frames read so far.
    pub whole: u64,
}

impl Frames {
    fn open(path: &Path) -> Result<Frames, RunnerError> {
        let file = File::open(path).map_err(|e| unusable(path, e))?;
        Ok(Frames::new(path, file))
    }

    fn new(path: &Path, file: File) -> Frames {
        Frames {
            path: path.to_path_buf(),
            input: BufReader::with_capacity(1 << 16, file),
            whole: 0,
        }
    }

    fn read(&mut self) -> Result<Option<RecordBatch>, RunnerError> {
        let mut head = [0; HEAD];
        if !fill(&mut self.input, &mut head).map_err(|e| unusable(&self.path, e))? {
            return Ok(None);
        }
        let mut length = [0; 8];
        length.copy_from_slice(&head[..8]);
        let length = u64::from_le_bytes(length);
        if length == 0 || length > MAX_FRAME {
            return Ok(None);
        }
        let mut payload = Vec::new();
        let got = self.input.by_ref().take(length).read_to_end(&mut payload);
        let got = got.map_err(|e| unusable(&self.path, e))? as u64;
        if got < length || blake3::hash(&payload).as_bytes() != &head[8..HEAD] {
            return Ok(None);
        }
        let batch = StreamReader::try_new(payload.as_slice(), None).and_then(|mut stream| stream.next().transpose());
        let batch = batch.map_err(|e| unusable(&self.path, e))?;
        self.whole += HEAD as u64 + length;
        Ok(batch)
    }
}

impl Iterator for Frames {
    type Item = Result<RecordBatch, RunnerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Fills the buffer; false if the input ends before.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_run(folder: &Path) -> Result<RunFile, RunnerError> {
    let path = folder.join("run.json");
    let text = std::fs::read(&path).map_err(|e| unusable(&path, e))?;
    let run: RunFile = serde_json::from_slice(&text).map_err(|e| unusable(&path, e))?;
    if run.format == FORMAT {
        Ok(run)
    } else {
        Err(unusable(&path, "another version of evaldiff wrote it"))
    }
}

fn lock(folder: &Path) -> Result<File, RunnerError> {
    // A process that lists runs holds a lock for a moment.
    for _ in 0..20 {
        if let Some(lock) = try_lock(folder)? {
            return Ok(lock);
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Err(RunnerError::usage(
        format!("another process works on the run in {}", folder.display()),
        "wait for it, or end it",
    ))
}

/// The lock, or nothing if another process has it.
fn try_lock(folder: &Path) -> Result<Option<File>, RunnerError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|e| unusable(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(unusable(&path, e)),
    }
}

fn unusable(path: &Path, reason: impl std::fmt::Display) -> RunnerError {
    RunnerError::Spool {
        path: path.to_path_buf(),
        reason: reason.to_string(),
    }
}

impl RunFile {
    /// The version of the format that this program writes.
    pub const FORMAT: u32 = FORMAT;
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{StringArray, UInt64Array};
    use arrow::datatypes::{DataType, Field, Schema};
    use std::sync::Arc;

    fn run() -> RunFile {
        RunFile {
            format: FORMAT,
            run_id: "r".into(),
            model_version: "v1".into(),
            table: "a.b".into(),
            golden_digest: "blake3:00".into(),
            golden_bytes: "11".into(),
            samples: 100,
            service_name: Some("s".into()),
            service_version: Some("1".into()),
            schema_digest: None,
            mapping_digest: "m".into(),
            started_at: 5,
        }
    }

    fn batch(samples: &[u64]) -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("row", DataType::UInt64, false),
            Field::new("prediction", DataType::Utf8, true),
        ]);
        let labels = StringArray::from_iter_values(samples.iter().map(|s| format!("label {s}")));
        let rows = UInt64Array::from(samples.to_vec());
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(rows), Arc::new(labels)]).unwrap()
    }

    #[test]
    fn whatever_was_cut_off_the_whole_frames_stay() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::create(root.path(), run()).unwrap();
        let mut writer = spool.writer().unwrap();
        let path = spool.answers();
        let mut ends = vec![0];
        for samples in [&[3u64, 1][..], &[7], &[2, 99, 50]] {
            writer.append(&batch(samples)).unwrap();
            ends.push(std::fs::metadata(&path).unwrap().len());
        }
        let bytes = std::fs::read(&path).unwrap();
        drop(spool);
        // Every byte near the ends of frames, some between.
        let near = |cut: &usize| ends.iter().any(|end| (*end as usize).abs_diff(*cut) < 12);
        for cut in (0..=bytes.len()).filter(|cut| cut % 61 == 0 || near(cut)) {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let (spool, done) = Spool::open(root.path(), "r").unwrap();
            let whole = ends.iter().rposition(|end| *end <= cut as u64).unwrap();
            assert_eq!(done.count(), [0, 2, 3, 6][whole], "cut at {cut}");
            assert_eq!(std::fs::metadata(&path).unwrap().len(), ends[whole], "cut at {cut}");
            assert_eq!((done.has(3), done.has(0)), (whole > 0, false));
            // And writing goes on behind the last whole frame.
            if cut % 5 == 0 {
                spool.writer().unwrap().append(&batch(&[42])).unwrap();
                drop(spool);
                assert!(Spool::open(root.path(), "r").unwrap().1.has(42));
            }
        }
    }

    #[test]
    fn garbage_behind_the_end_is_no_frame() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::create(root.path(), run()).unwrap();
        spool.writer().unwrap().append(&batch(&[1])).unwrap();
        let path = spool.answers();
        drop(spool);
        let bytes = std::fs::read(&path).unwrap();
        for garbage in [vec![0; 500], vec![255; 500], bytes[..bytes.len() - 1].to_vec()] {
            std::fs::write(&path, [&bytes[..], &garbage].concat()).unwrap();
            assert_eq!(Spool::open(root.path(), "r").unwrap().1.count(), 1);
        }
    }

    #[test]
    fn one_process_at_a_time_and_lists_say_so() {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::create(root.path(), run()).unwrap();
        let error = Spool::open(root.path(), "r").unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
        assert!(Spool::list(root.path()).unwrap()[0].in_use);
        drop(spool);
        assert!(!Spool::list(root.path()).unwrap()[0].in_use);
        assert!(Spool::list(&root.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn differences_are_named() {
        type Change = fn(&mut RunFile);
        let table: [(Change, &str); 5] = [
            (
                |r| r.golden_digest = "blake3:ff".into(),
                "other samples (00 before, ff now)",
            ),
            (|r| r.golden_bytes = "22".into(), "written anew"),
            (
                |r| r.service_version = Some("2".into()),
                "the service is s:2, it was s:1",
            ),
            (|r| r.mapping_digest = "n".into(), "in another way"),
            (|r| r.schema_digest = Some("x".into()), "interface of s:1 changed"),
        ];
        assert_eq!(run().difference(&run()), None);
        for (change, words) in table {
            let mut now = run();
            change(&mut now);
            let found = run().difference(&now).unwrap();
            assert!(found.contains(words), "{found}");
        }
    }
}
