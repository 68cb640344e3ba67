//! Images and sounds of samples: from the table or from files into the report, and never from outside of their folder.

use crate::harness::{Project, assert_same_trees, case_arguments, repository, tree};
use arrow::array::{ArrayRef, BinaryArray, RecordBatch, StringArray, StructArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn case(name: &str) -> Vec<u8> {
    std::fs::read(repository().join("golden/cases/media").join(name)).unwrap()
}

/// The golden case as a project: its files, a file that it must not read, and its report.
fn project(more: &[&str]) -> (Project, PathBuf) {
    let project = Project::new();
    for name in ["baseline.csv", "candidate.csv"] {
        project.file(name, case(name));
    }
    for (name, bytes) in tree(&repository().join("golden/cases/media/files")) {
        project.file(&format!("lake/files/{name}"), bytes);
    }
    // Beside the folder of the files: `../outside.png` names it.
    project.file("outside.png", case("files/circle-red.png"));
    let mut args = vec!["diff", "baseline.csv", "candidate.csv", "--media-root", "lake"];
    let columns = case_arguments("media");
    args.extend(columns.iter().map(String::as_str));
    args.extend(more);
    let output = project.run(&args);
    output.ok();
    if more.is_empty() {
        output
            .stderr_has("notice: 2 of the files that samples name not found below")
            .stderr_has("--media-root");
    }
    let report = project.report();
    (project, report)
}

fn json(report: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(report.join("data").join(name)).unwrap()).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a column of one version's row.
fn value<'a>(samples: &'a Value, key: &str, side: &str, column: usize) -> &'a Value {
    let all = samples["samples"].as_object().unwrap().values();
    let found = all
        .into_iter()
        .find(|sample| sample["key"][0].as_str().unwrap().starts_with(key));
    &found.unwrap()[side]["media"][column]
}

#[test]
fn files_lie_in_the_report_by_their_digest_and_what_is_left_out_says_why() {
    let (project, report) = project(&[]);
    let samples = json(&report, "samples.json");
    let circle = case("files/circle-red.png");
    let photo = value(&samples, "m-01", "baseline", 0);
    assert_eq!(photo["name"], "files/circle-red.png");
    assert_eq!(photo["file"]["sha256"], sha256(&circle).as_str());
    assert_eq!(
        (&photo["file"]["type"], &photo["file"]["size"]),
        (&"image/png".into(), &518.into())
    );
    assert_eq!(photo["file"]["pixels"], serde_json::json!([64, 48]));
    let path = format!("media/{}.png", sha256(&circle));
    assert_eq!(std::fs::read(report.join(&path)).unwrap(), circle);
    for (key, column, why) in [
        ("m-05", 0, "missing"),
        ("m-06", 0, "outside"),
        ("m-06", 1, "outside"),
        ("m-07", 0, "svg"),
        ("m-07", 1, "svg"),
        ("m-08", 0, "other_type"),
        ("m-08", 1, "unreadable"),
        ("m-09", 0, "remote"),
        ("m-09", 1, "no_name"),
        ("m-10", 1, "missing"),
    ] {
        let found = value(&samples, key, "candidate", column);
        assert_eq!(found["absent"], why, "{key} {column}: {found}");
        assert!(found["file"].is_null(), "{found}");
    }
    assert!(value(&samples, "m-11", "baseline", 0).is_null());

    let files = tree(&report.join("media"));
    // Three photos, one of them also drawn, five more drawings, and two tones.
    assert_eq!(files.len(), 3 + 5 + 2, "{:?}", files.keys());
    let manifest: Value = serde_json::from_slice(&std::fs::read(report.join("manifest.json")).unwrap()).unwrap();
    for (name, bytes) in &files {
        assert_eq!(name.split('.').next(), Some(sha256(bytes).as_str()));
        assert!(bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"RIFF"), "{name}");
        assert_eq!(
            manifest["files"][format!("media/{name}")]["sha256"],
            sha256(bytes).as_str()
        );
    }
    let pages: Vec<(String, String)> = tree(&report)
        .into_iter()
        .filter(|(name, _)| name.ends_with(".html"))
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()))
        .collect();
    for (name, page) in &pages {
        let loads = page.contains("<img") || page.contains("<audio");
        assert_eq!(loads, page.contains("media-src 'self'"), "{name}");
        assert!(!loads || name.starts_with("sample/"), "{name}");
        assert!(!page.contains("<img src=x") && !page.contains("<b>x</b>"), "{name}");
    }
    assert!(
        pages
            .iter()
            .any(|(_, page)| page.contains(&format!("src=\"../{path}\"")))
    );

    // What lies outside may change: the report has its own.
    std::fs::remove_dir_all(project.path().join("lake")).unwrap();
    project.file("lake/files/circle-red.png", b"other");
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("byte for byte the same");
    project
        .run(&["render", report.join("data").to_str().unwrap(), "--out", "again"])
        .ok();
    let again = tree(&project.path().join("again"));
    for name in again.keys() {
        assert_eq!(again[name], tree(&report)[name], "{name}");
    }
    assert_eq!(
        again.keys().filter(|name| name.starts_with("media/")).count(),
        files.len()
    );

    let target = format!("file://{}", project.path().join("published").display());
    project.run(&["publish", report.to_str().unwrap(), &target]).ok();
    let published = project.reports("published");
    assert_same_trees(&report, &published[0], "published");
}

#[test]
fn an_altered_file_is_found_by_whoever_reads_it() {
    let (project, report) = project(&[]);
    let media = report.join("media");
    let file = media.join(tree(&media).into_keys().next().unwrap());
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let name = format!("media/{}", file.file_name().unwrap().to_str().unwrap());
    let path = report.to_str().unwrap();
    project
        .run(&["verify", path])
        .expect_code(1)
        .stderr_has(&format!("{name}: changed"));
    let data = report.join("data");
    let render = ["render", data.to_str().unwrap(), "--out", "again"];
    project
        .run(&render)
        .expect_code(4)
        .stderr_has("other bytes than it is called after");
    std::fs::remove_file(&file).unwrap();
    project
        .run(&["verify", path])
        .expect_code(1)
        .stderr_has(&format!("{name}: missing"));
    project.run(&render).expect_code(4).stderr_has("cannot be read");
    assert!(!project.path().join("again").exists());

    // A digest that leads elsewhere comes from nobody but a person who altered the document.
    let samples = std::fs::read_to_string(data.join("samples.json")).unwrap();
    let digest = file.file_stem().unwrap().to_str().unwrap();
    std::fs::write(data.join("samples.json"), samples.replace(digest, "../../../outside")).unwrap();
    project.run(&render).expect_code(4).stderr_has("is no SHA-256");
}

#[test]
fn other_files_make_another_report_and_the_same_ones_the_same() {
    let (project, report) = project(&[]);
    let args = ["diff", "baseline.csv", "candidate.csv"].map(str::to_owned).into_iter();
    let args: Vec<String> = args.chain(case_arguments("media")).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let lake = project.path().join("lake");
    project.file("evaldiff.toml", "[report]\nmedia_root = \"lake\"\n");
    project.run(&args).ok();
    assert_eq!(project.report(), report);
    std::fs::write(lake.join("files/circle-red.png"), case("files/square-blue.png")).unwrap();
    project.run(&args).ok();
    assert_eq!(project.reports("site").len(), 2);
    let none = [&args[..], &["--media-root", "nowhere"]].concat();
    project.run(&none).expect_code(2).stderr_has("--media-root");
}

#[test]
fn what_is_hidden_is_neither_read_nor_kept() {
    let (_project, report) = project(&["--hide", "drawn", "--hide", "sound"]);
    let samples = json(&report, "samples.json");
    assert_eq!(samples["media"], serde_json::json!(["photo"]));
    assert_eq!(samples["hidden"], serde_json::json!(["drawn", "sound"]));
    assert_eq!(tree(&report.join("media")).len(), 3);
    let (_project, report) = project(&["--no-payload"]);
    assert!(!report.join("media").exists());
    assert!(json(&report, "samples.json")["media"].is_null());
    assert!(json(&report, "comparison.json")["options"]["media"].is_null());
}

/// Predictions with bytes in a column of their own, and as Hugging Face's datasets keep them.
fn parquet(answers: [&str; 3]) -> Vec<u8> {
    let (circle, square) = (case("files/circle-red.png"), case("files/square-blue.png"));
    let bytes = |values: [Option<&[u8]>; 3]| Arc::new(BinaryArray::from(values.to_vec())) as ArrayRef;
    let text = |values: [Option<&str>; 3]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let field =
        |name: &str, array: &ArrayRef| Arc::new(arrow::datatypes::Field::new(name, array.data_type().clone(), true));
    let (inner, path) = (
        bytes([Some(&square), Some(&circle), None]),
        text([Some("a.png"), None, Some("c.png")]),
    );
    let nested = StructArray::new(
        vec![field("bytes", &inner), field("path", &path)].into(),
        vec![inner, path],
        Some(vec![true, false, true].into()),
    );
    let batch = RecordBatch::try_from_iter([
        ("sample_id", text([Some("a"), Some("b"), Some("c")])),
        ("label", text([Some("x"), Some("y"), Some("x")])),
        ("prediction", text(answers.map(Some))),
        ("photo", bytes([Some(&circle), Some(b"<html>"), None])),
        ("image", Arc::new(nested) as ArrayRef),
    ])
    .unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

#[test]
fn bytes_go_through_the_table() {
    let project = Project::new();
    project.file("old.parquet", parquet(["x", "y", "y"]));
    project.file("new.parquet", parquet(["x", "x", "x"]));
    let media = ["--media", "photo", "--media", "image"];
    for version in ["old", "new"] {
        let file = format!("{version}.parquet");
        let output = project.run(&[&["import", &file, "--model-version", version][..], &media].concat());
        output.ok();
        assert!(!output.stderr.contains("dropped"), "{output}");
    }
    project.run(&["old", "new"]).ok();
    let report = project.report();
    let samples = json(&report, "samples.json");
    let (circle, square) = (
        sha256(&case("files/circle-red.png")),
        sha256(&case("files/square-blue.png")),
    );
    assert_eq!(value(&samples, "a", "candidate", 0)["file"]["sha256"], circle.as_str());
    assert_eq!(value(&samples, "a", "candidate", 1)["file"]["sha256"], square.as_str());
    assert_eq!(value(&samples, "b", "baseline", 0)["absent"], "other_type");
    assert!(value(&samples, "b", "baseline", 1).is_null(), "a pair that is null");
    assert!(value(&samples, "c", "baseline", 1).is_null(), "a pair without bytes");
    assert_eq!(tree(&report.join("media")).len(), 2);
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("rows of new: as recorded");
    // A golden dataset lends images as it lends texts.
    project.file("golden.parquet", parquet(["", "", ""]));
    let mut answers = String::from("sample_id,prediction\n");
    answers.extend(["a,x\n", "b,y\n", "c,y\n"]);
    project.file("lent.csv", &answers);
    let golden = [
        "report",
        "lent.csv",
        "--golden",
        "golden.parquet",
        "--media",
        "photo",
        "--out",
        "lent",
    ];
    project.run(&golden).ok();
    let lent = project.reports("lent").remove(0);
    let samples = json(&lent, "samples.json");
    assert_eq!(value(&samples, "a", "candidate", 0)["file"]["sha256"], circle.as_str());
    // Without the role nothing is taken of them, as ever.
    project.file("else.parquet", parquet(["y", "y", "y"]));
    let plain = project.run(&["import", "else.parquet", "--model-version", "else"]);
    plain.ok().stderr_has("dropped \"photo\", \"image\"");
    project
        .run(&["import", "else.parquet", "--model-version", "else", "--show", "photo"])
        .expect_code(4)
        .stderr_has("it is binary");
    for column in ["label", "none", "prediction"] {
        let output = project.run(&["import", "else.parquet", "--model-version", "else", "--media", column]);
        assert_ne!(output.code, Some(0), "{output}");
        output.stderr_has(column);
    }
    project
        .run(&["old", "new", "--media", "none"])
        .expect_code(2)
        .stderr_has("is not in the candidate's run");
    project
        .run(&["old", "new", "--media", "eval_timestamp"])
        .expect_code(2)
        .stderr_has("neither bytes nor text");
}
