//! Odd inputs that are accepted, and what becomes of them.

use crate::harness::{Output, Project, finish, predictions, tree, without_seeded};
use serde_json::Value;
use std::collections::BTreeSet;

/// Imports `old.csv` and `new.csv` by comparing them, and returns the comparison.
fn compare(project: &Project, old: impl AsRef<[u8]>, new: impl AsRef<[u8]>, args: &[&str]) -> Value {
    project.file("old.csv", old).file("new.csv", new);
    let all = [&["old.csv", "new.csv", "--format", "json"][..], args].concat();
    project.run(&all).ok().json()
}

/// What two comparisons of the same samples share, wherever the bytes came from.
fn numbers(comparison: &Value) -> Value {
    let names = [
        "accounting",
        "outcomes",
        "metrics",
        "classes",
        "confusion",
        "calibration",
        "slices",
        "verdict",
    ];
    let mut comparison = comparison.clone();
    without_seeded(&mut comparison);
    names.iter().map(|name| comparison[*name].clone()).collect()
}

#[test]
fn line_ends_and_byte_order_marks_change_nothing() {
    let (old, new) = (predictions(60, 1), predictions(60, 2));
    let args = ["--slice", "region"];
    let plain = numbers(&compare(&Project::new(), &old, &new, &args));
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let marked = |text: &str| format!("\u{feff}{text}");
    let open = |text: &str| text.trim_end().to_string();
    assert_eq!(
        numbers(&compare(&Project::new(), crlf(&old), crlf(&new), &args)),
        plain,
        "CRLF"
    );
    assert_eq!(
        numbers(&compare(&Project::new(), marked(&old), marked(&new), &args)),
        plain,
        "byte-order mark"
    );
    assert_eq!(
        numbers(&compare(&Project::new(), marked(&crlf(&old)), open(&new), &args)),
        plain,
        "no last line end"
    );
}

#[test]
fn a_cell_of_a_mebibyte_and_a_key_of_ten_kibibytes_are_shown() {
    let (cell, key) = ("x".repeat(1 << 20), "k".repeat(10 << 10));
    let file = |prediction: &str| {
        format!("id,text,label,pred\n1,{cell},a,{prediction}\n{key},short,a,{prediction}\n3,c,a,a\n")
    };
    let project = Project::new();
    let found = compare(&project, file("a"), file("b"), &[]);
    assert_eq!(found["outcomes"]["regressed"], 2);
    let samples = std::fs::read_to_string(project.report().join("data/samples.json")).unwrap();
    assert!(samples.contains(&key), "the long key is cut in samples.json");
    for (name, _) in tree(&project.path().join("site")) {
        assert!(name.split('/').all(|part| part.len() < 200), "{name}");
    }
}

#[test]
fn confidences_that_are_no_number_are_counted_and_left_out() {
    let file = |first: &str| format!("id,label,pred,conf\n1,a,a,{first}\n2,a,a,0.5\n3,b,a,0.75\n4,b,b,1\n");
    let found = compare(&Project::new(), file("NaN"), file(""), &[]);
    assert_eq!(found["accounting"]["matched"], 4);
    assert_eq!(found["calibration"]["n"], 3);
    assert_eq!(found["calibration"]["excluded"], 1);
}

#[test]
fn labels_that_differ_by_case_alone_raise_a_warning() {
    let file = |prediction: &str| format!("id,label,pred\n1,spam,{prediction}\n2,ham,ham\n3,spam,spam\n");
    let found = compare(&Project::new(), file("spam"), file("Spam "), &[]);
    assert_eq!(found["outcomes"]["regressed"], 1);
    let codes: Vec<_> = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| &warning["code"])
        .collect();
    assert!(codes.iter().any(|code| *code == "folded_labels"), "{codes:?}");
}

#[test]
fn any_version_name_gets_safe_paths_of_its_own() {
    let project = Project::new();
    project
        .file("old.csv", predictions(30, 1))
        .file("new.csv", predictions(30, 2));
    let names = [
        "a/b",
        "../../x",
        "..",
        "two words",
        "🚀",
        "Case",
        "case",
        "CASE",
        "v1.",
        "-v",
        "per%20cent",
        "a\\b",
        "C:x",
    ];
    project.run(&["import", "old.csv", "--model-version", "base"]).ok();
    for name in names {
        let version = format!("--model-version={name}");
        project.run(&["import", "new.csv", &version]).ok();
    }
    let listed: BTreeSet<String> = versions(&project.runs());
    for name in names {
        assert!(listed.contains(name), "{name:?} is not listed in {listed:?}");
        let found = project
            .run(&["diff", "--format", "json", "--", "base", name])
            .ok()
            .json();
        assert_eq!(found["candidate"]["model_version"], name);
    }
    assert_eq!(project.reports("site").len(), names.len());
    let around: Vec<_> = std::fs::read_dir(project.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(
        around.len(),
        4,
        "something stands beside .evaldiff, site and the two files: {around:?}"
    );
    for root in ["site", ".evaldiff/warehouse"] {
        let folders: BTreeSet<String> = tree(&project.path().join(root))
            .into_keys()
            .filter_map(|name| name.rsplit_once('/').map(|(folder, _)| folder.to_string()))
            .collect();
        let folded: BTreeSet<String> = folders.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(
            folders.len(),
            folded.len(),
            "folders of {root} that differ by case alone: {folders:?}"
        );
        for folder in &folders {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-=/".contains(c);
            assert!(folder.chars().all(plain), "{root}/{folder} is no safe path");
        }
    }
}

/// The versions of listed runs.
fn versions(runs: &[Value]) -> BTreeSet<String> {
    runs.iter()
        .map(|run| run["model_version"].as_str().unwrap_or_default().to_string())
        .collect()
}

#[test]
fn processes_that_import_at_once_all_succeed() {
    let project = Project::new();
    project.file("a.csv", predictions(500, 1));
    for round in 0..3 {
        let names: Vec<String> = (0..2).map(|process| format!("v{round}-{process}")).collect();
        let started: Vec<_> = names
            .iter()
            .map(|name| {
                let command = project.command(&["import", "a.csv", "--model-version", name]);
                std::thread::spawn(move || finish(command))
            })
            .collect();
        let outputs: Vec<Output> = started.into_iter().map(|thread| thread.join().unwrap()).collect();
        for output in &outputs {
            output.ok();
        }
        let listed = versions(&project.runs());
        assert_eq!(listed.len(), 2 * (round + 1), "{listed:?}");
    }
    let found = project.run(&["v0-0", "v2-1", "--format", "json"]).ok().json();
    assert_eq!(found["accounting"]["matched"], 500);
    assert_eq!(found["verdict"], "unchanged");
}

#[test]
fn an_import_of_the_same_run_id_changes_nothing() {
    let project = Project::new();
    project.file("a.csv", predictions(50, 1));
    let args = [
        "import",
        "a.csv",
        "--model-version",
        "v1",
        "--run-id",
        "0192f3a4-7c1e-7d52-9b0a-6f1e2d3c4b5a",
    ];
    project.run(&args).ok();
    let (runs, files) = (project.runs(), project.warehouse());
    project.run(&args).ok();
    assert_eq!((project.runs(), project.warehouse()), (runs, files));
}

#[test]
fn new_columns_evolve_the_table_and_old_runs_stay_readable() {
    let project = Project::new();
    project.file("old.csv", "id,label,pred\n1,a,a\n2,b,a\n");
    project.file("new.csv", "id,label,pred,conf,country\n1,a,a,0.5,de\n2,b,b,0.5,fr\n");
    project.run(&["import", "old.csv", "--model-version", "v1"]).ok();
    project
        .run(&["import", "new.csv", "--model-version", "v2", "--slice", "country"])
        .ok();
    let found = project
        .run(&["v1", "v2", "--slice", "country", "--format", "json"])
        .ok()
        .json();
    assert_eq!(found["outcomes"]["fixed"], 1);
    let declared: Vec<_> = found["slices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slice| &slice["predicates"][0]["value"])
        .collect();
    assert_eq!(declared.len(), 2, "{declared:?}");
}

#[test]
fn csv_jsonl_and_compressed_files_are_the_same_run() {
    use std::io::Write;
    let csv = predictions(40, 1);
    let mut jsonl = String::new();
    for line in csv.lines().skip(1) {
        let c: Vec<&str> = line.split(',').collect();
        let row = serde_json::json!({"sample_id": c[0], "text": c[1], "ground_truth": c[2], "prediction": c[3],
            "confidence": c[4].parse::<f64>().unwrap(), "region": c[5]});
        jsonl += &format!("{row}\n");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(jsonl.as_bytes()).unwrap();
    let zstd = zstd::encode_all(csv.as_bytes(), 3).unwrap();
    let project = Project::new();
    project.file("a.csv", &csv).file("b.jsonl", &jsonl);
    project
        .file("c.jsonl.gz", gzip.finish().unwrap())
        .file("d.csv.zst", zstd);
    project.run(&["import", "a.csv", "--model-version", "a"]).ok();
    for (file, version) in [("b.jsonl", "b"), ("c.jsonl.gz", "c"), ("d.csv.zst", "d")] {
        project.run(&["import", file, "--model-version", version]).ok();
        let found = project
            .run(&["a", version, "--slice", "region", "--format", "json"])
            .ok()
            .json();
        assert_eq!(found["verdict"], "unchanged");
        assert_eq!(
            found["baseline"]["rows_digest"], found["candidate"]["rows_digest"],
            "{file}"
        );
        assert_eq!(found["accounting"]["matched"], 40);
    }
}
