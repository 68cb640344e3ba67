//! `evaldiff verify`: every answer and exit code of the design.

use crate::harness::{Output, Project, predictions};
use crate::surgery;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A project with runs v1 and v2 and one report.
fn project() -> (Project, PathBuf) {
    let project = Project::with_runs("slice-regression");
    project.run(&["v1", "v2", "--slice", "region", "--slice", "tier"]).ok();
    let report = project.report();
    (project, report)
}

fn verify(project: &Project, report: &Path) -> Output {
    project.run(&["verify", report.to_str().unwrap()])
}

/// Everything that was said.
fn said(output: &Output) -> String {
    output.text() + &output.stderr
}

#[track_caller]
fn says(output: &Output, words: &str) {
    assert!(said(output).contains(words), "{words:?} is not said: {output}");
}

fn flip_a_byte(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Local paths of the data files of a side.
fn data_files(report: &Path, side: &str) -> Vec<PathBuf> {
    let text = std::fs::read(report.join("data/comparison.json")).unwrap();
    let comparison: Value = serde_json::from_slice(&text).unwrap();
    let files = comparison[side]["data_files"].as_array().unwrap();
    files
        .iter()
        .map(|file| PathBuf::from(file["path"].as_str().unwrap().trim_start_matches("file://")))
        .collect()
}

fn snapshot(project: &Project, version: &str) -> String {
    let run = project
        .runs()
        .into_iter()
        .find(|run| run["model_version"] == version)
        .unwrap();
    run["snapshot_id"].as_str().unwrap().to_string()
}

#[test]
fn an_untouched_report_is_confirmed_by_whoever_asks() {
    let (project, report) = project();
    verify(&project, &report).ok();
    for flags in [
        &["--threads", "1"][..],
        &["--threads", "8"],
        &["--memory-limit", "64MB"],
    ] {
        project
            .run(&[&["verify", report.to_str().unwrap()][..], flags].concat())
            .ok();
    }
    project
        .run_with(&["verify", report.to_str().unwrap()], &[("TZ", "Asia/Tokyo")])
        .ok();
    let moved = project.path().join("elsewhere");
    std::fs::rename(&report, &moved).unwrap();
    verify(&project, &moved).ok();
    project.run(&["report", "v2", "--out", "single"]).ok();
    verify(&project, &project.reports("single")[0]).ok();
}

#[test]
fn a_flipped_byte_in_any_file_is_named() {
    let (project, report) = project();
    let names: Vec<String> = crate::harness::tree(&report).into_keys().collect();
    let chosen = names
        .iter()
        .filter(|name| !name.starts_with("sample/") && *name != "manifest.json");
    for name in chosen {
        let path = report.join(name);
        let before = std::fs::read(&path).unwrap();
        flip_a_byte(&path);
        let output = verify(&project, &report);
        output.expect_code(1);
        says(&output, name);
        std::fs::write(&path, before).unwrap();
    }
    verify(&project, &report).ok();
}

#[test]
fn a_page_that_is_gone_or_was_added_is_named() {
    let (project, report) = project();
    let page = std::fs::read_dir(report.join("sample"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let name = page.file_name().into_string().unwrap();
    let before = std::fs::read(page.path()).unwrap();
    std::fs::remove_file(page.path()).unwrap();
    let output = verify(&project, &report);
    output.expect_code(1);
    says(&output, &name);
    std::fs::write(page.path(), before).unwrap();
    std::fs::write(report.join("planted.html"), "<p>").unwrap();
    let output = verify(&project, &report);
    output.expect_code(1);
    says(&output, "planted.html");
}

#[test]
fn numbers_forged_together_with_their_digests_are_found_by_recomputing() {
    let (project, report) = project();
    let path = report.join("data/comparison.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let forged = text.replacen("\"verdict\": \"", "\"verdict\":  \"", 1);
    let forged = if forged == text {
        text.replacen("\"verdict\":\"", "\"verdict\": \"", 1)
    } else {
        forged
    };
    assert_ne!(forged, text);
    std::fs::write(&path, &forged).unwrap();
    repair_digest(&report, "data/comparison.json");
    let output = verify(&project, &report);
    output.expect_code(1);
    says(&output, "comparison.json");
}

/// Replaces a file's digest and size in the manifest, as a careful forger would.
fn repair_digest(report: &Path, name: &str) {
    let bytes = std::fs::read(report.join(name)).unwrap();
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = report.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let file = &mut manifest["files"][name];
    assert!(
        file["sha256"].is_string() && file["size"].is_u64(),
        "{name} is not in the manifest"
    );
    file["sha256"] = digest.into();
    file["size"] = bytes.len().into();
    std::fs::write(path, serde_json::to_string_pretty(&manifest).unwrap() + "\n").unwrap();
}

#[test]
fn a_data_file_replaced_in_the_warehouse_is_named() {
    let (project, report) = project();
    let (old, new) = (data_files(&report, "baseline"), data_files(&report, "candidate"));
    let before = std::fs::read(&new[0]).unwrap();
    let name = new[0].file_name().unwrap().to_str().unwrap().to_string();
    std::fs::copy(&old[0], &new[0]).unwrap();
    let output = verify(&project, &report);
    output.expect_code(1);
    says(&output, &name);
    std::fs::write(&new[0], &before).unwrap();
    // Any byte: in the keys, in a column without a role, in the footer.
    for at in [90, before.len() / 2, before.len() - 20] {
        let mut bytes = before.clone();
        bytes[at] ^= 1;
        std::fs::write(&new[0], bytes).unwrap();
        let output = verify(&project, &report);
        output.expect_code(1);
        says(&output, &name);
        std::fs::write(&new[0], &before).unwrap();
    }
    verify(&project, &report).ok();
}

#[test]
fn later_appends_and_deletes_are_only_mentioned() {
    let (project, report) = project();
    project.file("more.csv", predictions(20, 3));
    project.run(&["import", "more.csv", "--model-version", "v3"]).ok();
    verify(&project, &report).ok();

    let project = Project::with_runs("slice-regression");
    project.run(&["v1", "v2"]).ok();
    surgery::delete_newest_run(&project);
    let output = verify(&project, &project.report());
    output.ok();
    says(&output, "removed from the table by a later commit");
}

#[test]
fn an_expired_snapshot_cannot_be_confirmed_and_altered_rows_are_still_found() {
    let (project, report) = project();
    let old = snapshot(&project, "v1");
    surgery::expire(&project, &old);
    let output = verify(&project, &report);
    output.expect_code(3);
    says(&output, &old);
    assert!(said(&output).contains("confirmed"), "{output}");
    let output = project.run(&["diff", &format!("snapshot:{old}"), "v2"]);
    assert!(matches!(output.code, Some(2..=4)), "{output}");
    output.stderr_has("is gone");
    let (a, b) = (data_files(&report, "baseline"), data_files(&report, "candidate"));
    std::fs::copy(&b[0], &a[0]).unwrap();
    verify(&project, &report).expect_code(1);
}

#[test]
fn another_tool_version_checks_digests_and_numbers_and_says_what_it_skips() {
    let (project, report) = project();
    let here = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    for name in ["data/comparison.json", "manifest.json"] {
        let path = report.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let changed: String = text
            .lines()
            .map(|line| if line.contains("tool_version") { line.replace(&here, "\"0.0.9\"") } else { line.to_string() } + "\n")
            .collect();
        assert_ne!(changed, text, "no tool_version in {name}");
        std::fs::write(
            path,
            if text.ends_with('\n') {
                &changed[..]
            } else {
                changed.trim_end()
            },
        )
        .unwrap();
        if name != "manifest.json" {
            repair_digest(&report, name);
        }
    }
    let output = verify(&project, &report);
    output.ok();
    says(&output, "0.0.9");
    let index = report.join("index.html");
    flip_a_byte(&index);
    verify(&project, &report).expect_code(1);
}

#[test]
fn storage_that_cannot_be_reached_is_said() {
    let (project, report) = project();
    std::fs::rename(project.path().join(".evaldiff"), project.path().join("unplugged")).unwrap();
    verify(&project, &report).expect_code(4);
    std::fs::rename(project.path().join("unplugged"), project.path().join(".evaldiff")).unwrap();
    verify(&project, &report).ok();
}

#[test]
fn a_folder_without_a_manifest_is_no_report() {
    let project = Project::new();
    project.run(&["verify", "none"]).expect_code(2).stderr_has("none");
    std::fs::create_dir(project.path().join("empty")).unwrap();
    project
        .run(&["verify", "empty"])
        .expect_code(2)
        .stderr_has("manifest.json");
    project.file("odd/manifest.json", "{");
    let output = project.run(&["verify", "odd"]);
    assert!(matches!(output.code, Some(1 | 2 | 4)), "{output}");
    output.stderr_has("manifest.json");
}
