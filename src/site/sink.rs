//! Where pages go: memory, or a folder that appears as a whole or not at all.

use super::error::SiteError;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use std::{io, process};

/// Takes files.
pub trait Sink {
    /// Takes one file; `path` has `/` between components and stays inside the report.
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), SiteError>;
}

/// Keeps files in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemorySink {
    /// The files by path.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Sink for MemorySink {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), SiteError> {
        checked(path)?;
        match self.files.insert(path.to_owned(), bytes.to_vec()) {
            Some(_) => Err(SiteError::Twice { path: path.to_owned() }),
            None => Ok(()),
        }
    }
}

/// Whether a folder was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    New,
    /// It was there already, with the same bytes.
    AlreadyThere,
    /// It was there, and files that it had lost are there again.
    Restored,
}

/// Writes a folder beside its target, and moves it there when everything is written.
#[derive(Debug)]
pub struct FolderSink {
    target: PathBuf,
    temporary: PathBuf,
}

impl FolderSink {
    /// Starts a folder that is to become `target`.
    pub fn new(target: &Path) -> Result<FolderSink, SiteError> {
        let outside = || SiteError::Outside {
            path: target.display().to_string(),
        };
        let name = target.file_name().and_then(|name| name.to_str()).ok_or_else(outside)?;
        let parent = target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        make_folder(parent)?;
        let temporary = parent.join(format!(".{name}.tmp-{}", process::id()));
        if let Err(source) = fs::remove_dir_all(&temporary)
            && source.kind() != io::ErrorKind::NotFound
        {
            return Err(failed("remove", &temporary)(source));
        }
        fs::create_dir(&temporary).map_err(failed("create", &temporary))?;
        Ok(FolderSink {
            target: target.to_owned(),
            temporary,
        })
    }

    /// Moves the folder to its target, unless the same folder is there already.
    pub fn commit(self) -> Result<Written, SiteError> {
        self.put(|sink| match sink.lacking()?.first() {
            Some(lost) => Err(sink.incomplete(lost, false)),
            None => Ok(Written::AlreadyThere),
        })
    }

    /// As [`FolderSink::commit`], but puts back what a folder that is there has lost. What it holds is not touched.
    pub fn restore(self) -> Result<Written, SiteError> {
        self.put(|sink| {
            let lost = sink.lacking()?;
            for name in &lost {
                let (from, to) = (sink.temporary.join(name), sink.target.join(name));
                make_folder(to.parent().unwrap_or(&sink.target))?;
                fs::rename(from, &to).map_err(failed("create", &to))?;
            }
            Ok(match lost.is_empty() {
                true => Written::AlreadyThere,
                false => Written::Restored,
            })
        })
    }

    /// Moves the folder to its target; `there` says what to do about one that is there.
    fn put(self, there: impl Fn(&FolderSink) -> Result<Written, SiteError>) -> Result<Written, SiteError> {
        if fs::symlink_metadata(&self.target).is_ok() {
            return there(&self);
        }
        sync(&self.temporary)?;
        match fs::rename(&self.temporary, &self.target) {
            Ok(()) => {}
            // Someone else was faster: good if they wrote the same.
            Err(_) if self.target.is_dir() => return there(&self),
            Err(source) => return Err(failed("create", &self.target)(source)),
        }
        if let Some(parent) = self.temporary.parent() {
            sync(parent)?;
        }
        Ok(Written::New)
    }

    /// The files that the target lacks. It may hold no other bytes, and nothing else.
    fn lacking(&self) -> Result<Vec<PathBuf>, SiteError> {
        if !self.target.is_dir() {
            return Err(SiteError::Different {
                path: self.target.clone(),
            });
        }
        let (new, old) = (files(&self.temporary)?, files(&self.target)?);
        for name in new.intersection(&old) {
            let (a, b) = (self.temporary.join(name), self.target.join(name));
            if b.is_dir() || fs::read(&a).map_err(failed("read", &a))? != fs::read(&b).map_err(failed("read", &b))? {
                return Err(SiteError::Different { path: b });
            }
        }
        match old.difference(&new).next() {
            Some(extra) => Err(self.incomplete(extra, true)),
            None => Ok(new.difference(&old).cloned().collect()),
        }
    }

    fn incomplete(&self, name: &Path, more: bool) -> SiteError {
        SiteError::Incomplete {
            folder: self.target.clone(),
            name: name.display().to_string(),
            more,
        }
    }
}

impl Sink for FolderSink {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), SiteError> {
        checked(path)?;
        let file = self.temporary.join(path);
        let mut created = File::create_new(&file);
        // Its folder is there already for most files.
        if let (Err(source), Some(folder)) = (&created, file.parent())
            && source.kind() == io::ErrorKind::NotFound
        {
            make_folder(folder)?;
            created = File::create_new(&file);
        }
        match created {
            Ok(mut open) => io::Write::write_all(&mut open, bytes).map_err(failed("write", &file)),
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                Err(SiteError::Twice { path: path.to_owned() })
            }
            Err(source) => Err(failed("create", &file)(source)),
        }
    }
}

impl Drop for FolderSink {
    fn drop(&mut self) {
        // After a commit it is gone already; otherwise a leftover does no harm and the next run of this process
        // removes it.
        let _ = fs::remove_dir_all(&self.temporary);
    }
}

fn checked(path: &str) -> Result<(), SiteError> {
    let plain = |part: &str| !part.is_empty() && Path::new(part).components().eq([Component::Normal(part.as_ref())]);
    if path.split('/').all(plain) && !path.contains(['\\', ':', '\0']) {
        return Ok(());
    }
    Err(SiteError::Outside { path: path.to_owned() })
}

/// The files below a folder, as paths from there.
fn files(folder: &Path) -> Result<BTreeSet<PathBuf>, SiteError> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(&inner).map_err(failed("read", &inner))? {
            let entry = entry.map_err(failed("read", &inner))?;
            match entry.file_type().map_err(failed("read", &inner))?.is_dir() {
                true => open.push(entry.path()),
                false => found.extend(entry.path().strip_prefix(folder).map(Path::to_path_buf)),
            }
        }
    }
    Ok(found)
}

fn make_folder(folder: &Path) -> Result<(), SiteError> {
    fs::create_dir_all(folder).map_err(failed("create", folder))
}

fn sync(folder: &Path) -> Result<(), SiteError> {
    File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(failed("sync", folder))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SiteError {
    let path = path.to_owned();
    move |source| SiteError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(target: &Path, files: &[(&str, &str)]) -> Result<Written, SiteError> {
        let mut sink = FolderSink::new(target)?;
        for (path, text) in files {
            sink.write(path, text.as_bytes())?;
        }
        sink.commit()
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_folder_appears_once_and_is_never_changed() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("deep/report");
        let files = [("index.html", "a"), ("sample/x.html", "b")];
        assert_eq!(write(&target, &files).unwrap(), Written::New);
        assert_eq!(write(&target, &files).unwrap(), Written::AlreadyThere);
        for other in [
            vec![("index.html", "a"), ("sample/x.html", "c")],
            vec![("index.html", "a")],
            vec![("index.html", "a"), ("sample/x.html", "b"), ("more", "")],
        ] {
            let error = write(&target, &other).unwrap_err();
            assert!(
                match &error {
                    SiteError::Different { path } => path.starts_with(&target),
                    SiteError::Incomplete { folder, .. } => *folder == target,
                    _ => false,
                },
                "{error}"
            );
        }
        fs::remove_file(target.join("sample/x.html")).unwrap();
        let error = write(&target, &files).unwrap_err().to_string();
        assert!(
            error.ends_with("report already exists and lacks sample/x.html"),
            "{error}"
        );
        fs::write(target.join("sample/x.html"), "b").unwrap();
        assert_eq!(fs::read_to_string(target.join("sample/x.html")).unwrap(), "b");
        assert_eq!(
            entries(target.parent().unwrap()),
            1,
            "temporary folders are left behind"
        );
    }

    #[test]
    fn what_a_folder_lost_is_put_back_and_what_it_holds_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("report");
        let files = [("index.html", "a"), ("sample/x.html", "b"), ("sample/y.html", "c")];
        let restore = || {
            let mut sink = FolderSink::new(&target)?;
            for (path, text) in files {
                sink.write(path, text.as_bytes())?;
            }
            sink.restore()
        };
        assert_eq!(restore().unwrap(), Written::New);
        assert_eq!(restore().unwrap(), Written::AlreadyThere);
        fs::remove_dir_all(target.join("sample")).unwrap();
        assert_eq!(restore().unwrap(), Written::Restored);
        assert_eq!(restore().unwrap(), Written::AlreadyThere);
        // One file is lost and another one altered: neither is written.
        fs::remove_file(target.join("index.html")).unwrap();
        fs::write(target.join("sample/y.html"), "other").unwrap();
        assert!(matches!(restore(), Err(SiteError::Different { path }) if path.ends_with("sample/y.html")));
        assert!(!target.join("index.html").exists());
        assert_eq!(fs::read_to_string(target.join("sample/y.html")).unwrap(), "other");
        assert_eq!(entries(root.path()), 1, "temporary folders are left behind");
    }

    #[test]
    fn nothing_appears_without_a_commit() {
        let root = tempfile::tempdir().unwrap();
        let mut sink = FolderSink::new(&root.path().join("report")).unwrap();
        sink.write("a", b"x").unwrap();
        assert!(matches!(sink.write("a", b"x"), Err(SiteError::Twice { .. })));
        drop(sink);
        assert_eq!(entries(root.path()), 0);
    }

    #[test]
    fn paths_stay_inside() {
        let root = tempfile::tempdir().unwrap();
        let mut folder = FolderSink::new(&root.path().join("report")).unwrap();
        let mut memory = MemorySink::default();
        for path in [
            "",
            "/etc/x",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a/.",
            "a\\..\\b",
            "c:x",
        ] {
            assert!(
                matches!(folder.write(path, b""), Err(SiteError::Outside { .. })),
                "{path}"
            );
            assert!(
                matches!(memory.write(path, b""), Err(SiteError::Outside { .. })),
                "{path}"
            );
        }
        memory.write("a/b.html", b"x").unwrap();
        assert_eq!(memory.files.len(), 1);
    }
}
