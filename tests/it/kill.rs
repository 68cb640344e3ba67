//! `kill -9` at moments spread over an import: the table never shows a part of a run.

use crate::harness::{Project, predictions};
use std::process::Stdio;
use std::time::{Duration, Instant};

const ROWS: usize = 10_000;
const MOMENTS: u32 = 50;

#[test]
fn an_import_killed_at_any_moment_leaves_no_partial_run() {
    let project = Project::new();
    project.file("new.csv", predictions(ROWS, 1));
    let import = |version: &str| {
        let mut command = project.command(&["import", "new.csv", "--model-version", version, "--slice", "region"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    // How long an import takes, the creation of the table included.
    let start = Instant::now();
    assert!(import("whole").status().unwrap().success());
    let whole = start.elapsed();
    std::fs::remove_dir_all(project.path().join(".evaldiff")).unwrap();

    let (mut full, mut absent) = (0, 0);
    for moment in 0..MOMENTS {
        let version = format!("k{moment}");
        // The first five meet an empty folder, so that creating the catalog is interrupted as well.
        if moment < 5 {
            let _ = std::fs::remove_dir_all(project.path().join(".evaldiff"));
        }
        let step = if moment < 5 { moment * 10 } else { moment };
        let mut child = import(&version).spawn().unwrap();
        std::thread::sleep(whole * step / (MOMENTS - 1) + Duration::from_millis(u64::from(step) / 4));
        child.kill().unwrap();
        child.wait().unwrap();
        let runs = seen(&project);
        for (name, rows) in &runs {
            assert_eq!(
                *rows, ROWS as u64,
                "run {name} is partial after a kill at moment {moment}"
            );
        }
        match runs.iter().any(|(name, _)| *name == version) {
            true => full += 1,
            false => absent += 1,
        }
    }
    println!("{MOMENTS} kills over {whole:?}: {absent} left no run, {full} came after the commit");
    assert!(absent >= 10, "the kills came too late to mean anything");

    let start = Instant::now();
    assert!(import("last").status().unwrap().success(), "no import works any more");
    assert!(import("last").status().unwrap().success());
    println!("two imports afterwards took {:?}", start.elapsed());
    let found = project.run(&["last", "latest~1", "--format", "json"]).ok().json();
    assert_eq!(found["accounting"]["matched"], ROWS);
    assert_eq!(found["verdict"], "unchanged");
}

/// Versions and rows of the listed runs; a killed first import may leave no table or no catalog.
fn seen(project: &Project) -> Vec<(String, u64)> {
    let output = project.run(&["runs", "--format", "json"]);
    if output.code == Some(2) {
        let known = ["no evaldiff warehouse", "does not exist"];
        assert!(known.iter().any(|words| output.stderr.contains(words)), "{output}");
        return Vec::new();
    }
    let runs = output.ok().json();
    let runs = runs.as_array().unwrap().iter();
    runs.map(|run| {
        (
            run["model_version"].as_str().unwrap().to_string(),
            run["rows"].as_u64().unwrap(),
        )
    })
    .collect()
}
