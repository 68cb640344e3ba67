//! The golden cases: every folder of golden/cases, compared with its expected.json.

use crate::harness::{Project, case_arguments, repository, tree, without_seeded};
use serde_json::Value;
use std::path::Path;

const ACCEPT: &str = "UPDATE_GOLDEN=1 cargo test --locked --test it cases";

#[test]
fn every_golden_case_gives_the_expected_comparison() {
    let accept = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let mut failures = Vec::new();
    for case in names() {
        let mut found = compare(&case);
        redact(&mut found);
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        let path = repository().join(format!("golden/cases/{case}/expected.json"));
        if accept {
            std::fs::write(&path, &text).unwrap();
        }
        match std::fs::read_to_string(&path) {
            Ok(expected) if expected == text => {}
            Ok(expected) => failures.push(format!("{case}: {}", first_difference(&expected, &text))),
            Err(error) => failures.push(format!("{}: {error}", path.display())),
        }
    }
    assert!(
        failures.is_empty(),
        "{} golden cases differ.\n{}\nIf the new numbers are right, accept them and look at the diff:\n  {ACCEPT}\n",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn every_golden_case_fits_the_schema() {
    let path = repository().join("docs/comparison-1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(&path).expect("the schema")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in names() {
        let found = compare(&case);
        let errors: Vec<String> = validator
            .iter_errors(&found)
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        assert!(
            errors.is_empty(),
            "{case} breaks {}:\n{}",
            path.display(),
            errors.join("\n")
        );
    }
    let mut wrong = compare("identical");
    wrong["verdict"] = "better".into();
    assert!(!validator.is_valid(&wrong), "the schema takes any verdict");
}

/// The cases by name.
fn names() -> Vec<String> {
    let folder = repository().join("golden/cases");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 10, "where have the golden cases gone?");
    names
}

/// Runs a case as a newcomer would; standard output is exactly the report's comparison.json.
fn compare(case: &str) -> Value {
    let project = Project::new();
    for file in ["baseline.csv", "candidate.csv"] {
        let path = repository().join("golden/cases").join(case).join(file);
        project.file(file, std::fs::read(path).unwrap());
    }
    for (name, bytes) in tree(&repository().join("golden/cases").join(case).join("files")) {
        project.file(&format!("files/{name}"), bytes);
    }
    let args = case_arguments(case);
    let words: Vec<&str> = ["baseline.csv", "candidate.csv", "--format", "json"]
        .into_iter()
        .chain(args.iter().map(String::as_str))
        .collect();
    let output = project.run(&words);
    let not_comparable = case == "no-match";
    output.expect_code(if not_comparable { 3 } else { 0 });
    let written = std::fs::read(project.report().join("data/comparison.json")).unwrap();
    assert!(
        written == output.stdout,
        "{case}: standard output is not data/comparison.json: {output}"
    );
    assert_complete(&project.report(), case);
    output.json()
}

/// What every report holds, whatever it says.
fn assert_complete(report: &Path, case: &str) {
    let names = [
        "index.html",
        "summary.md",
        "manifest.json",
        "data/samples.json",
        "data/flips.parquet",
    ];
    for name in names {
        assert!(report.join(name).is_file(), "{case}: the report lacks {name}");
    }
}

/// Replaces what no two runs share.
fn redact(comparison: &mut Value) {
    without_seeded(comparison);
    for name in ["tool_version", "config_digest"] {
        comparison[name] = format!("[{name}]").into();
    }
    for side in ["baseline", "candidate"] {
        let run = &mut comparison[side];
        for name in [
            "ref",
            "run_id",
            "snapshot_id",
            "table_uuid",
            "committed_at",
            "manifest_list",
        ] {
            assert!(run[name].is_string(), "{side}.{name} is {}", run[name]);
            run[name] = format!("[{name}]").into();
        }
        for file in run["data_files"].as_array_mut().into_iter().flatten() {
            file["path"] = "[path]".into();
            file["size"] = 0.into();
        }
        let properties = run["properties"].as_object_mut().unwrap();
        properties.remove("evaldiff.git-sha");
        for name in ["evaldiff.run-id", "evaldiff.files-digest"] {
            if let Some(value) = properties.get_mut(name) {
                *value = format!("[{name}]").into();
            }
        }
    }
}

/// The first line in which two texts differ, with the line above it.
fn first_difference(expected: &str, found: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let at = (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i)).unwrap_or(0);
    let show = |lines: &[&str]| lines.get(at).map_or("(end of file)", |line| line.trim()).to_string();
    let above = at.checked_sub(1).map_or("", |i| a[i].trim());
    format!(
        "line {}: expected {}, found {}   (after {above})",
        at + 1,
        show(&a),
        show(&b)
    )
}
