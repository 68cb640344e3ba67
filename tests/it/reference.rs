//! The comparison of tickets-v1 and those of other kinds, recomputed by scikit-learn, statsmodels and scipy.

use crate::harness::{Project, case_arguments, repository};
use std::ffi::OsString;
use std::process::Command;

/// A Python that has what the references need.
fn python() -> Option<OsString> {
    let python = std::env::var_os("EVALDIFF_PYTHON");
    if python.is_none() {
        println!(
            "skipped: EVALDIFF_PYTHON is unset; `make test` sets it to a Python with tests/reference/requirements.txt"
        );
    }
    python
}

#[test]
fn numbers_scores_and_ranks_agree_with_the_python_reference() {
    let Some(python) = python() else { return };
    for (case, columns) in [
        ("numeric", &[][..]),
        ("scored-text", &["--truth", "reference", "--pred", "output"]),
        ("binary-probability", &[]),
        ("label-changed", &[]),
    ] {
        let folder = repository().join("golden/cases").join(case);
        let [old, new] = ["baseline.csv", "candidate.csv"].map(|name| folder.join(name).to_str().unwrap().to_string());
        let arguments = case_arguments(case);
        let words = [old.as_str(), new.as_str(), "--format", "json"].into_iter();
        let words: Vec<&str> = words.chain(arguments.iter().map(String::as_str)).collect();
        let project = Project::new();
        let output = project.run(&words);
        project.file("comparison.json", &output.ok().stdout);
        let checked = Command::new(&python)
            .arg(repository().join("tests/reference/check_kinds.py"))
            .args(["--baseline", &old, "--candidate", &new, "--comparison"])
            .arg(project.path().join("comparison.json"))
            .args(columns)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let said = [&checked.stdout, &checked.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        assert!(checked.status.success(), "{case}: numbers differ:\n{}", said.concat());
    }
}

#[test]
fn every_number_agrees_with_the_python_reference() {
    let Some(python) = python() else { return };
    let tickets = repository().join("golden/tickets-v1");
    let file = |name: &str| tickets.join(name).to_str().unwrap().to_string();
    let (golden, old, new) = (
        file("golden.csv"),
        file("predictions-v0.7.1.csv"),
        file("predictions-v1.2.0.csv"),
    );
    let project = Project::new();
    let mut args = vec![
        old.as_str(),
        new.as_str(),
        "--golden",
        &golden,
        "--format",
        "json",
        "--top",
        "1",
    ];
    for column in ["language", "channel", "length_bucket", "priority", "product"] {
        args.extend(["--slice", column]);
    }
    let output = project.run(&args);
    project.file("comparison.json", &output.ok().stdout);
    let checked = Command::new(python)
        .arg(repository().join("tests/reference/check_sentiment.py"))
        .args([
            "--golden",
            &golden,
            "--baseline",
            &old,
            "--candidate",
            &new,
            "--only-failures",
        ])
        .arg("--comparison")
        .arg(project.path().join("comparison.json"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "numbers differ:\n{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
}
