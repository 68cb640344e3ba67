//! Where the files come from that samples name: a folder while a report is made, the report itself ever after.

use super::Session;
use crate::audit::manifest::FileDigest;
use crate::compare::Job;
use crate::error::{Error, Result};
use crate::media::{Folder, Linked, MediaFiles, Nowhere};
use crate::model::media::MEDIA_FOLDER;
use crate::model::samples::Answer;
use crate::model::{Media, MediaFile, NoMedia, SampleSet};
use crate::site::Page;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folder in which files are looked for; none is opened where no column names any.
///
/// # Errors
/// Usage error if the folder is not there.
pub(super) fn linked(session: &Session, job: &Job) -> Result<Box<dyn Linked>> {
    if job.roles.media.is_empty() || job.options.no_payload {
        return Ok(Box::new(Nowhere));
    }
    let root = &session.config.media_root;
    match Folder::open(root) {
        Ok(folder) => Ok(Box::new(folder)),
        Err(error) => Err(
            Error::usage(format!("{} is no folder that can be read", root.display()))
                .with_source(error)
                .with_hint("give the folder of the files that samples name with --media-root"),
        ),
    }
}

/// Says how many files were not found: most often all of them, in a folder that nobody meant.
pub(super) fn say_missing(session: &Session, samples: &SampleSet) {
    let missing = values(samples).filter(|media| media.absent == Some(NoMedia::Missing));
    let names: BTreeSet<&str> = missing.filter_map(|media| media.name.as_deref()).collect();
    if let Some(first) = names.first() {
        session.say(&format!(
            "notice: {} of the files that samples name not found below {}, the first is `{}`; --media-root says where to look",
            names.len(),
            session.config.media_root.display(),
            first.escape_debug()
        ));
    }
}

/// The files as pages of a report.
pub(super) fn pages(files: MediaFiles) -> impl Iterator<Item = Page> {
    files.into_iter().map(|(path, bytes)| Page { path, bytes })
}

/// Paths of the files that samples show.
pub(super) fn paths(samples: &SampleSet) -> BTreeSet<String> {
    let files = values(samples).filter_map(|media| media.file.as_ref());
    files.filter_map(MediaFile::path).collect()
}

/// The files that samples show, from the report that they belong to: each has to have the bytes that it is called after.
///
/// # Errors
/// Data error that names the file which is missing or was altered.
pub(super) fn of_report(report: &Path, samples: &SampleSet) -> Result<MediaFiles> {
    let mut files = MediaFiles::new();
    for file in values(samples).filter_map(|media| media.file.as_ref()) {
        let path = path(file)?;
        if let Entry::Vacant(slot) = files.entry(path) {
            let bytes = read(report, file, slot.key())?;
            slot.insert(bytes);
        }
    }
    Ok(files)
}

fn values(samples: &SampleSet) -> impl Iterator<Item = &Media> {
    let answers = samples.samples.values().flat_map(|s| [&s.baseline, &s.candidate]);
    answers
        .flatten()
        .flat_map(|answer: &Answer| answer.media.iter().flatten())
}

fn path(file: &MediaFile) -> Result<String> {
    let path = file.path();
    path.ok_or_else(|| Error::data(format!("samples.json: {:?} is no SHA-256", file.sha256)))
}

fn read(report: &Path, file: &MediaFile, path: &str) -> Result<Vec<u8>> {
    let at = report.join(path);
    let bytes = std::fs::read(&at).map_err(|e| {
        Error::data(format!("{} cannot be read", at.display()))
            .with_source(e)
            .with_hint(format!(
                "the folder `{MEDIA_FOLDER}` of the report has to lie beside its folder `data`"
            ))
    })?;
    match FileDigest::of(&bytes).sha256 == file.sha256 {
        true => Ok(bytes),
        false => Err(Error::data(format!(
            "{} has other bytes than it is called after",
            at.display()
        ))),
    }
}

/// What a report records of the names in its samples, with its own files: what lies outside may have changed since.
pub(super) struct Recorded {
    report: PathBuf,
    named: BTreeMap<String, Media>,
}

impl Recorded {
    /// Takes the names from a report's samples.
    pub(super) fn new(report: &Path, samples: &SampleSet) -> Recorded {
        let named = |media: &Media| Some((media.name.clone()?, media.clone()));
        Recorded {
            report: report.to_owned(),
            named: values(samples).filter_map(named).collect(),
        }
    }
}

impl Linked for Recorded {
    fn read(&self, name: &str) -> std::result::Result<Vec<u8>, NoMedia> {
        let media = self.named.get(name).ok_or(NoMedia::Missing)?;
        match &media.file {
            Some(file) => path(file)
                .and_then(|path| read(&self.report, file, &path))
                .map_err(|_| NoMedia::Unreadable),
            None => Err(media.absent.unwrap_or(NoMedia::Missing)),
        }
    }
}
