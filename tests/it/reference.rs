//! The comparison of tickets-v1, recomputed by scikit-learn, statsmodels and scipy.

use crate::harness::{Project, repository};
use std::process::Command;

#[test]
fn every_number_agrees_with_the_python_reference() {
    let Some(python) = std::env::var_os("EVALDIFF_PYTHON") else {
        println!(
            "skipped: EVALDIFF_PYTHON is unset; `make test` sets it to a Python with tests/reference/requirements.txt"
        );
        return;
    };
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
