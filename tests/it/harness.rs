//! A project folder, the binary run in it, and what came out.
//!
//! ```ignore
//! let project = Project::new();
//! project.file("a.csv", "id,label,pred\n1,x,x\n");
//! project.run(&["import", "a.csv", "--model-version", "v1"]).ok();
//! project.run(&["v9", "v1"]).expect_code(2).stderr_has("`v1`");
//! ```

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of its own, with its own `.evaldiff` as soon as something is imported.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty folder.
    pub fn new() -> Project {
        let folder = tempfile::Builder::new().prefix("evaldiff-it-").tempdir().unwrap();
        for above in folder.path().ancestors().skip(1) {
            for name in [".evaldiff", "evaldiff.toml"] {
                let found = above.join(name);
                assert!(
                    !found.exists(),
                    "{} would be found by every test: remove it",
                    found.display()
                );
            }
        }
        Project { folder }
    }

    /// A folder with runs `v1` (baseline) and `v2` (candidate) of a golden case.
    pub fn with_runs(case: &str) -> Project {
        let project = Project::new();
        for (file, version) in [("baseline", "v1"), ("candidate", "v2")] {
            let path = repository().join(format!("golden/cases/{case}/{file}.csv"));
            let args = ["import", path.to_str().unwrap(), "--model-version", version];
            project
                .run(
                    &[
                        &args[..],
                        &case_arguments(case).iter().map(String::as_str).collect::<Vec<_>>(),
                    ]
                    .concat(),
                )
                .ok();
        }
        project
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with the folders above it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// The binary with an environment that holds nothing of evaldiff, to be run in the folder.
    pub fn command(&self, args: &[&str]) -> Command {
        command_in(self.path(), args)
    }

    /// Runs the binary in the folder.
    pub fn run(&self, args: &[&str]) -> Output {
        finish(self.command(args))
    }

    /// Runs the binary in the folder with variables such as `TZ`.
    pub fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = self.command(args);
        command.envs(env.iter().copied());
        finish(command)
    }

    /// Every run of the table as `evaldiff runs --format json` lists them; none without a warehouse.
    pub fn runs(&self) -> Vec<Value> {
        let output = self.run(&["runs", "--format", "json"]);
        if output.code == Some(2) && !self.path().join(".evaldiff/catalog.db").exists() {
            return Vec::new();
        }
        match output.ok().json() {
            Value::Array(runs) => runs,
            other => panic!("`evaldiff runs --format json` is no array: {other}"),
        }
    }

    /// Every file that could become part of a table, with its size.
    pub fn warehouse(&self) -> BTreeMap<String, u64> {
        let files = tree(&self.path().join(".evaldiff/warehouse"));
        files
            .into_iter()
            .map(|(name, bytes)| (name, bytes.len() as u64))
            .collect()
    }

    /// Folders below `site` (or another one) that hold a report.
    pub fn reports(&self, out: &str) -> Vec<PathBuf> {
        let root = self.path().join(out);
        let manifests = tree(&root).into_keys().filter(|name| name.ends_with("manifest.json"));
        manifests
            .map(|name| root.join(name).parent().unwrap().to_path_buf())
            .collect()
    }

    /// The only report below `site`.
    pub fn report(&self) -> PathBuf {
        match self.reports("site").as_slice() {
            [one] => one.clone(),
            other => panic!("expected one report, found {other:?}"),
        }
    }
}

/// The binary in any folder.
pub fn command_in(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evaldiff"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).env_clear();
    for name in ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs a command to its end.
pub fn finish(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    Output::of(&format!("evaldiff {}", words.join(" ")), output)
}

/// What came out of one run of the binary.
pub struct Output {
    what: String,
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Output {
    /// What came out of a command that was run elsewhere.
    pub fn of(what: &str, output: std::process::Output) -> Output {
        Output {
            what: what.to_string(),
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
        .never_panics()
    }

    /// Fails unless the exit code is 0.
    pub fn ok(&self) -> &Self {
        self.expect_code(0)
    }

    /// Fails unless the exit code is this one.
    pub fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "exit code of {self}");
        self
    }

    /// Fails unless standard error holds the words.
    pub fn stderr_has(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "standard error lacks {words:?} in {self}");
        self
    }

    /// Fails if standard error holds the words.
    pub fn stderr_lacks(&self, words: &str) -> &Self {
        assert!(!self.stderr.contains(words), "{self}");
        self
    }

    /// Fails unless standard output holds the words.
    pub fn stdout_has(&self, words: &str) -> &Self {
        assert!(self.text().contains(words), "standard output lacks {words:?} in {self}");
        self
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    fn never_panics(self) -> Self {
        let died = self.stderr.contains("panicked") || self.code.is_none_or(|code| code > 4);
        assert!(!died, "crashed: {self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stdout: String = self.text().chars().take(4000).collect();
        let (what, code, stderr) = (&self.what, self.code, &self.stderr);
        write!(
            f,
            "\n$ {what}\nexit code {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

/// Every file below a folder by its relative path; empty if there is no such folder.
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                out.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(root, root, &mut out);
    out
}

/// Takes away what depends on the ids of the snapshots: the seed and resampled intervals, each of which has to hold its
/// difference.
pub fn without_seeded(comparison: &mut Value) {
    let Some(resampling) = comparison.get_mut("resampling") else {
        return;
    };
    resampling["seed"] = "[seed]".into();
    for metric in comparison["metrics"].as_array_mut().unwrap() {
        let resampled = [
            "macro_f1",
            "weighted_f1",
            "macro_precision",
            "macro_recall",
            "kappa",
            "mcc",
            "ece",
            "rmse",
            "r2",
        ];
        let resampled = resampled.contains(&metric["name"].as_str().unwrap());
        // What no sample changed has no interval.
        let has_interval = !(metric["ci_low"].is_null() && metric["ci_high"].is_null());
        if let (true, Some(delta)) = (resampled && has_interval, metric["delta"].as_f64()) {
            let end = |name: &str| metric[name].as_f64().unwrap_or(f64::NAN);
            assert!(end("ci_low") <= delta && delta <= end("ci_high"), "{metric}");
            (metric["ci_low"], metric["ci_high"]) = ("[low]".into(), "[high]".into());
        }
    }
}

/// Fails unless both folders hold the same files with the same bytes; names those that differ.
pub fn assert_same_trees(left: &Path, right: &Path, why: &str) {
    let (a, b) = (tree(left), tree(right));
    assert!(!a.is_empty(), "{} is empty", left.display());
    let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let differ: Vec<_> = names.into_iter().filter(|name| a.get(*name) != b.get(*name)).collect();
    assert!(
        differ.is_empty(),
        "{why}: {} files differ: {:?}",
        differ.len(),
        &differ[..differ.len().min(20)]
    );
}

/// The arguments that a golden case adds to its two files.
pub fn case_arguments(case: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository().join(format!("golden/cases/{case}/case.toml"))).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let args = table["args"].as_array().unwrap();
    args.iter().map(|arg| arg.as_str().unwrap().to_string()).collect()
}

/// Rows of a predictions file with unlike keys: `sample_id,text,ground_truth,prediction,confidence,region`.
pub fn predictions(rows: usize, seed: usize) -> String {
    let mut out = String::from("sample_id,text,ground_truth,prediction,confidence,region\n");
    for row in 0..rows {
        let key = (row * 7919) % rows.max(1);
        let dice = (row * 2_654_435_761 + seed * 40_503) % 1000;
        let truth = ["a", "b", "c"][row % 3];
        let guess = if dice < 800 { truth } else { ["b", "c", "a"][row % 3] };
        let region = ["north", "south", "west"][dice % 3];
        out += &format!("s-{key:07},text number {row} {dice},{truth},{guess},0.{dice:03},{region}\n");
    }
    out
}
