//! The one folder in which files are looked for that samples name.

use super::Linked;
use crate::model::NoMedia;
use crate::model::media::MAX_MEDIA_FILE;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

/// A folder that no name leads out of.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Without links.
    root: PathBuf,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn open(root: &Path) -> io::Result<Folder> {
        let root = root.canonicalize()?;
        match root.is_dir() {
            true => Ok(Folder { root }),
            false => Err(ErrorKind::NotADirectory.into()),
        }
    }

    /// The file of that name, where it lies in the folder once all links are followed.
    fn find(&self, name: &str) -> Result<PathBuf, NoMedia> {
        // Refused as it is written, also where `..` would lead back in: the file system is not asked what lies outside.
        let named = Path::new(name);
        let up = named.components().any(|part| part == Component::ParentDir);
        let inside = named.is_relative() || named.starts_with(&self.root);
        if up || !inside || name.contains('\0') {
            return Err(NoMedia::Outside);
        }
        let path = self.root.join(named).canonicalize().map_err(|e| absent(&e))?;
        match path.starts_with(&self.root) {
            true => Ok(path),
            false => Err(NoMedia::Outside),
        }
    }
}

impl Linked for Folder {
    fn read(&self, name: &str) -> Result<Vec<u8>, NoMedia> {
        let path = self.find(name)?;
        // Before it is opened: a pipe would be waited for.
        let about = path.metadata().map_err(|e| absent(&e))?;
        if !about.is_file() {
            return Err(NoMedia::Unreadable);
        }
        if about.len() > MAX_MEDIA_FILE {
            return Err(NoMedia::TooLarge);
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(|e| absent(&e))?;
        // It may grow meanwhile.
        file.take(MAX_MEDIA_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| absent(&e))?;
        match bytes.len() as u64 > MAX_MEDIA_FILE {
            true => Err(NoMedia::TooLarge),
            false => Ok(bytes),
        }
    }
}

fn absent(error: &io::Error) -> NoMedia {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => NoMedia::Missing,
        _ => NoMedia::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_are_followed_inside_and_never_out() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(outer.path().join("root-2")).unwrap();
        fs::write(root.join("a/b/x.png"), "x").unwrap();
        for secret in ["secret.png", "root-2/secret.png"] {
            fs::write(outer.path().join(secret), "secret").unwrap();
        }
        let folder = Folder::open(&root).unwrap();
        let text = |path: PathBuf| path.display().to_string();
        let absolute = text(folder.root.join("a/b/x.png"));
        for good in ["a/b/x.png", "./a//b/x.png", absolute.as_str()] {
            assert_eq!(folder.read(good), Ok(b"x".to_vec()), "{good}");
        }
        let beside = text(outer.path().canonicalize().unwrap().join("root-2/secret.png"));
        let bad = [
            ("../secret.png", NoMedia::Outside),
            ("a/../../secret.png", NoMedia::Outside),
            ("a/../a/b/x.png", NoMedia::Outside),
            (beside.as_str(), NoMedia::Outside),
            ("/etc/passwd", NoMedia::Outside),
            ("a\0b", NoMedia::Outside),
            ("a", NoMedia::Unreadable),
            ("", NoMedia::Unreadable),
            ("none.png", NoMedia::Missing),
            ("a/b/x.png/y", NoMedia::Missing),
            ("..\\secret.png", NoMedia::Missing),
            ("%2e%2e/secret.png", NoMedia::Missing),
            ("~/secret.png", NoMedia::Missing),
        ];
        for (name, why) in bad {
            assert_eq!(folder.read(name), Err(why), "{name:?}");
        }
        assert!(Folder::open(&root.join("a/b/x.png")).is_err());
        assert!(Folder::open(&outer.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_and_never_out() {
        use std::os::unix::fs::symlink;
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("x.png"), "x").unwrap();
        fs::write(outer.path().join("secret.png"), "secret").unwrap();
        symlink(root.join("x.png"), root.join("inside.png")).unwrap();
        symlink("../secret.png", root.join("outside.png")).unwrap();
        symlink(outer.path(), root.join("up")).unwrap();
        symlink("circle.png", root.join("circle.png")).unwrap();
        let link = outer.path().join("link");
        symlink(&root, &link).unwrap();
        for root in [&root, &link] {
            let folder = Folder::open(root).unwrap();
            assert_eq!(folder.read("inside.png"), Ok(b"x".to_vec()));
            for name in ["outside.png", "up/secret.png"] {
                assert_eq!(folder.read(name), Err(NoMedia::Outside), "{name}");
            }
            assert_eq!(folder.read("circle.png"), Err(NoMedia::Unreadable));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for_and_a_large_file_not_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(root.path().join("pipe"))
            .status();
        assert!(made.unwrap().success());
        assert_eq!(folder.read("pipe"), Err(NoMedia::Unreadable));
        let large = File::create(root.path().join("large.png")).unwrap();
        large.set_len(MAX_MEDIA_FILE).unwrap();
        assert_eq!(
            folder.read("large.png").map(|bytes| bytes.len() as u64),
            Ok(MAX_MEDIA_FILE)
        );
        large.set_len(1 << 40).unwrap();
        assert_eq!(folder.read("large.png"), Err(NoMedia::TooLarge));
    }
}
