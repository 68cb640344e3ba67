//! Disks that are full or read-only. Needs root and a kernel that lets it mount; says so and passes otherwise.

use crate::harness::{Project, command_in, finish, predictions};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory, unmounted when dropped.
pub struct Disk(pub PathBuf);

impl Disk {
    /// Mounts one; `None` with a printed reason where that is not allowed.
    pub fn new(folder: &Path, options: &str) -> Option<Disk> {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Disk(folder.to_path_buf())),
            Ok(output) => {
                println!(
                    "skipped: cannot mount a tmpfs: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                None
            }
            Err(error) => {
                println!("skipped: cannot run mount: {error}");
                None
            }
        }
    }

    /// Mounts it with other options.
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let status = Command::new("mount")
            .args(["-o", &options])
            .arg(&self.0)
            .status()
            .unwrap();
        assert!(status.success(), "cannot remount {}", self.0.display());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_no_run_appears() {
    let project = Project::new();
    let Some(disk) = Disk::new(&project.path().join("disk"), "size=1m") else {
        return;
    };
    project.file("small.csv", predictions(20, 1));
    let mut noise = String::from("id,label,pred,text\n");
    for row in 0..40_000_u64 {
        let hash = row
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let more = hash.rotate_left(31).wrapping_mul(0x94d0_49bb_1331_11eb);
        noise += &format!(
            "{row},a,b,{hash:016x}{more:016x}{:016x}{:016x}\n",
            hash ^ (more >> 7),
            more.wrapping_mul(hash | 1)
        );
    }
    project.file("large.csv", noise);
    let run = |args: &[&str]| finish(command_in(&disk.0, args));
    run(&["import", "../small.csv", "--model-version", "small"]).ok();
    let before = run(&["runs", "--format", "json"]).ok().json();
    let failed = run(&["import", "../large.csv", "--model-version", "large"]);
    failed.expect_code(4).stderr_has("No space left on device");
    assert_eq!(run(&["runs", "--format", "json"]).ok().json(), before);
    run(&["import", "../small.csv", "--model-version", "again"]).ok();
    std::fs::write(disk.0.join("filler"), vec![7; 4 << 20]).unwrap_err();
    let failed = run(&["small", "again"]);
    // SQLite needs a little room even to read, and says so in words of its own.
    failed.expect_code(4).stderr_has("error: ");
}

#[test]
fn a_read_only_disk_is_said() {
    let project = Project::new();
    let Some(disk) = Disk::new(&project.path().join("disk"), "size=8m") else {
        return;
    };
    project.file("a.csv", predictions(20, 1));
    let run = |args: &[&str]| finish(command_in(&disk.0, args));
    disk.remount("ro");
    run(&["import", "../a.csv", "--model-version", "v1"])
        .expect_code(4)
        .stderr_has("Read-only file system");
    disk.remount("rw");
    run(&["import", "../a.csv", "--model-version", "v1"]).ok();
    disk.remount("ro");
    let failed = run(&["import", "../a.csv", "--model-version", "v2"]);
    // SQLite reads on such a disk if it finds its log there, and not otherwise.
    let said = ["catalog.db", "Read-only file system"].map(|words| failed.expect_code(4).stderr.contains(words));
    assert_ne!(said, [false, false], "{failed}");
    let failed = run(&["v1", "v1"]);
    assert!(matches!(failed.code, Some(2 | 4)), "{failed}");
    disk.remount("rw");
    assert_eq!(
        run(&["runs", "--format", "json"]).ok().json().as_array().unwrap().len(),
        1
    );
}

#[test]
fn standard_output_that_is_full_is_an_error_and_a_closed_one_is_not() {
    let project = Project::with_runs("identical");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = project.command(&["runs", "--format", "json"]);
    command.stdout(full);
    let status = command.spawn().unwrap().wait().unwrap();
    assert_eq!(status.code(), Some(4));
    let mut command = project.command(&["man"]);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn several_processes_create_the_same_catalog_at_once() {
    for _ in 0..4 {
        let project = Project::new();
        project.file("a.csv", predictions(20, 1));
        let imports: Vec<_> = (0..5)
            .map(|n| {
                let command = project.command(&["import", "a.csv", "--model-version", &format!("v{n}")]);
                std::thread::spawn(move || finish(command))
            })
            .collect();
        for import in imports {
            import.join().unwrap().ok();
        }
        assert_eq!(project.runs().len(), 5);
    }
}

#[test]
fn a_retracted_run_is_skipped_and_that_is_said_everywhere() {
    let project = Project::with_runs("binary");
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let again = crate::harness::repository().join("golden/cases/binary/baseline.csv");
    let newer = "01900000-0000-7000-8000-000000000001";
    project
        .run(&[
            "import",
            again.to_str().unwrap(),
            "--model-version",
            "v2",
            "--run-id",
            newer,
        ])
        .ok();
    project.run(&["v1", "v2"]).ok().stdout_has(newer);

    project
        .run(&["runs", "--retract", newer])
        .expect_code(2)
        .stderr_has("--why");
    project
        .run(&["runs", "--retract", newer, "--why", "wrong data"])
        .ok()
        .stdout_has("is retracted");
    // The first reason stays.
    project.run(&["runs", "--retract", newer, "--why", "wrong data"]).ok();
    project
        .run(&["runs", "--retract", newer, "--why", "another reason"])
        .expect_code(2)
        .stderr_has("is retracted already: wrong data");
    project
        .run(&["runs", "--retract", "v1", "--why", "which one"])
        .expect_code(2)
        .stderr_has("`v1` is a version of")
        .stderr_has("give run:");
    let compared = project.run(&["v1", "v2"]);
    compared.ok().stderr_has("is retracted and was skipped: wrong data");
    assert!(!String::from_utf8_lossy(&compared.stdout).contains(newer), "{compared}");
    project.run(&["runs"]).ok().stdout_has("v2 (retracted)");
    // By its id it can still be read, and says what it is.
    project
        .run(&["v1", &format!("run:{newer}")])
        .ok()
        .stderr_has("is retracted: wrong data");

    let old = project.runs()[1]["run_id"].as_str().unwrap().to_string();
    project
        .run(&["runs", "--retract", &format!("run:{old}"), "--why", "also wrong"])
        .ok();
    let refused = project.run(&["v1", "v2"]);
    refused
        .expect_code(2)
        .stderr_has("`v2` is retracted")
        .stderr_has("run:");
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("was retracted: also wrong");
    // As any reference that means one run.
    let latest = project.run(&["runs", "--retract", "latest", "--why", "a whim"]);
    latest.ok().stdout_has(project.runs()[0]["run_id"].as_str().unwrap());
}

#[test]
fn a_run_id_stands_for_its_rows() {
    let project = Project::new();
    let id = "01900000-0000-7000-8000-000000000007";
    let import = |file: &str| project.run(&["import", file, "--model-version", "v1", "--run-id", id]);
    project.file("a.csv", "sample_id,ground_truth,prediction\n1,a,a\n2,b,b\n");
    project.file("sorted.csv", "sample_id,ground_truth,prediction\n2,b,b\n1,a,a\n");
    project.file("other.csv", "sample_id,ground_truth,prediction\n1,a,a\n2,b,a\n");
    import("a.csv").ok().stdout_has("imported");
    import("sorted.csv").ok().stdout_has("is already there");
    import("other.csv")
        .expect_code(2)
        .stderr_has("is there already, with other rows")
        .stderr_has("--run-id");
    assert_eq!(project.runs().len(), 1);
}

#[test]
fn a_version_whose_name_reads_as_a_file_has_a_reference() {
    let project = Project::new();
    project.file("a.csv", "sample_id,ground_truth,prediction\n1,a,a\n2,b,b\n");
    for version in ["old.csv", "v1@2026-03-01"] {
        project.run(&["import", "a.csv", "--model-version", version]).ok();
    }
    project
        .run(&["version:old.csv", "version:v1@2026-03-01"])
        .ok()
        .stdout_has("version old.csv");
    let misspelt = project.run(&["version:old.cvs", "latest"]);
    misspelt.expect_code(2).stderr_has("did you mean `old.csv`");
}

#[test]
fn only_old_files_to_which_nothing_refers_are_cleaned_up() {
    let project = Project::with_runs("binary");
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let before = project.warehouse();
    let data = before.keys().find(|name| name.ends_with(".parquet")).unwrap().clone();
    let warehouse = project.path().join(".evaldiff/warehouse");
    let folder = warehouse.join(&data).parent().unwrap().to_path_buf();
    for name in ["old.parquet", "young.parquet"] {
        std::fs::write(folder.join(name), b"left behind").unwrap();
    }
    // Everything but one file is older than a day, what is in use included.
    let made = Command::new("find")
        .arg(&warehouse)
        .args([
            "-type",
            "f",
            "!",
            "-name",
            "young.parquet",
            "-exec",
            "touch",
            "-d",
            "3 days ago",
            "{}",
            "+",
        ])
        .status()
        .unwrap();
    assert!(made.success());
    for args in [&["gc"][..], &["gc", "--dry-run"]] {
        let listed = project.run(args);
        listed
            .ok()
            .stdout_has("old.parquet (11 bytes)")
            .stdout_has("1 file older than a day");
        assert!(folder.join("old.parquet").exists());
    }
    project.run(&["gc", "--dry-run", "--delete"]).expect_code(2);
    project.run(&["gc", "--delete"]).ok().stdout_has("deleted");
    assert!(!folder.join("old.parquet").exists() && folder.join("young.parquet").exists());
    std::fs::remove_file(folder.join("young.parquet")).unwrap();
    assert_eq!(project.warehouse(), before);
    project.run(&["gc"]).ok().stdout_has("0 files older than a day");
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("verified");
}
