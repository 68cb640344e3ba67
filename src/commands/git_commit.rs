//! The commit of the code under evaluation, which the runs that are written note.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// The commit, asked for when it is wanted: most commands write no run.
#[derive(Clone, Debug)]
pub struct GitCommit {
    folder: PathBuf,
    sha: Arc<OnceLock<Option<String>>>,
}

impl GitCommit {
    /// The one that was named, else that of the repository of a folder.
    pub fn new(named: Option<String>, folder: &Path) -> GitCommit {
        let sha = OnceLock::new();
        if named.is_some() {
            let _ = sha.set(named);
        }
        GitCommit {
            folder: folder.to_owned(),
            sha: Arc::new(sha),
        }
    }

    /// Its name; `None` where there is no repository, or no git. The first answer stays.
    pub fn sha(&self) -> Option<&str> {
        self.sha.get_or_init(|| of_repository(&self.folder)).as_deref()
    }
}

fn of_repository(folder: &Path) -> Option<String> {
    let git = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(folder)
        .output()
        .ok()?;
    let sha = String::from_utf8(git.stdout).ok()?.trim().to_string();
    (git.status.success() && !sha.is_empty()).then_some(sha)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_named_counts_and_else_a_repository() {
        let folder = tempfile::tempdir().expect("a folder");
        let named = GitCommit::new(Some("abc".into()), folder.path());
        assert_eq!(named.sha(), Some("abc"));
        assert_eq!(GitCommit::new(None, folder.path()).sha(), None);
        let here = GitCommit::new(None, Path::new(env!("CARGO_MANIFEST_DIR")));
        assert_eq!(here.clone().sha(), here.sha());
    }
}
