//! Every bad input: message, exit code, nothing written.

use crate::harness::{Output, Project, predictions};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One bad input: files by name, arguments, exit code, words on standard error.
struct Bad {
    name: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    args: Vec<&'static str>,
    code: i32,
    says: Vec<&'static str>,
}

/// A bad predictions file called `bad.*`, imported as version `bad`.
fn import(
    name: &'static str,
    file: &'static str,
    content: impl Into<Vec<u8>>,
    code: i32,
    says: &[&'static str],
) -> Bad {
    Bad {
        name,
        files: vec![(file, content.into())],
        args: vec!["import", file, "--model-version", "bad"],
        code,
        says: says.to_vec(),
    }
}

impl Bad {
    fn with(mut self, args: &[&'static str]) -> Self {
        self.args.extend(args);
        self
    }
}

const HEAD: &str = "sample_id,text,ground_truth,prediction,confidence,region\n";

fn table() -> Vec<Bad> {
    let row = |cells: &str| format!("{HEAD}s-1,one,a,a,0.5,north\n{cells}\n");
    let plain = |args: &[&'static str], name, code, says: &[&'static str]| Bad {
        name,
        files: vec![],
        args: args.to_vec(),
        code,
        says: says.to_vec(),
    };
    let many: Vec<String> = (0..10_000).map(|index| format!("c{index}")).collect();
    let users: String = (0..1_500).map(|user| format!("s-{user},t,a,a,0.5,u{user}\n")).collect();
    let parquet = parquet_file();
    vec![
        plain(
            &["import", "none.csv", "--model-version", "bad"],
            "missing file",
            2,
            &["none.csv does not exist"],
        ),
        plain(&["none.csv", "v0"], "missing file as a reference", 2, &["none.csv"]),
        plain(
            &["import", ".", "--model-version", "bad"],
            "folder",
            2,
            &["is a directory, not a file"],
        ),
        plain(
            &["import", "good.csv", "--model-version", ""],
            "empty version name",
            2,
            &["more than white space"],
        ),
        plain(
            &["import", "good.csv", "--model-version", " "],
            "blank version name",
            2,
            &["more than white space"],
        ),
        plain(
            &["import", "good.csv"],
            "no version name",
            2,
            &["--model-version", "MODEL_VERSION"],
        ),
        plain(
            &["import", "good.csv", "--model-version", "v", "--table", "other"],
            "table name without namespace",
            2,
            &["namespace.table"],
        ),
        plain(
            &["v0", "v0", "--table", "no.such"],
            "unknown table",
            2,
            &["no.such does not exist", "ml_eval_results"],
        ),
        plain(
            &["v0", "v0", "--slice", "regoin"],
            "unknown slice column",
            2,
            &["regoin", "region"],
        ),
        import("empty file", "bad.csv", "", 4, &["bad.csv is empty"]),
        import("header only", "bad.csv", HEAD, 4, &["bad.csv has no rows"]),
        import("header only, JSONL", "bad.jsonl", "\n", 4, &["bad.jsonl has no rows"]),
        import(
            "wrong delimiter",
            "bad.csv",
            row("").replace(',', ";"),
            4,
            &["separated by semicolons?"],
        ),
        import(
            "too few fields",
            "bad.csv",
            row("s-2,two,a"),
            4,
            &["bad.csv, line 3: 3 fields where the header has 6"],
        ),
        import(
            "too many fields",
            "bad.csv",
            row("s-2,two,a,a,0.5,x,y"),
            4,
            &["line 3: 7 fields"],
        ),
        import(
            "open quote",
            "bad.csv",
            row("s-2,\"two,a,a,0.5,x"),
            4,
            &["line 3: a quoted field"],
        ),
        import(
            "invalid UTF-8",
            "bad.csv",
            [row("").trim().as_bytes(), b"\ns-2,\xff,a,a,0.5,x\n"].concat(),
            4,
            &["bad.csv, line 3: not valid UTF-8"],
        ),
        import(
            "truncated Parquet",
            "bad.parquet",
            &parquet[..parquet.len() / 2],
            4,
            &["damaged or incomplete (Parquet)"],
        ),
        import(
            "not Parquet",
            "bad.parquet",
            "sample_id\n",
            4,
            &["is not a Parquet file", "--input-format"],
        ),
        import(
            "truncated gzip",
            "bad.csv.gz",
            [0x1f, 0x8b, 8, 0, 0],
            4,
            &["damaged or incomplete (gzip)"],
        ),
        import(
            "missing column",
            "bad.csv",
            row("").replace("prediction", "predicton"),
            2,
            &["looks like the prediction", "nearest names are \"predicton\""],
        ),
        import(
            "column that was asked for",
            "bad.csv",
            row(""),
            2,
            &["has no column \"labl\"", "--truth"],
        )
        .with(&["--truth", "labl"]),
        import(
            "nearest to what was asked for",
            "bad.csv",
            row(""),
            2,
            &["regio", "\"region\""],
        )
        .with(&["--slice", "regio"]),
        import(
            "duplicated key",
            "bad.csv",
            row("s-1,one,a,b,0.5,x"),
            4,
            &["duplicate key", "s-1", "line 2", "line 3"],
        ),
        import(
            "null key",
            "bad.csv",
            row(",two,a,a,0.5,x"),
            4,
            &["line 3: no key: column \"sample_id\" is empty"],
        ),
        import(
            "null truth",
            "bad.csv",
            row("s-2,two,,a,0.5,x"),
            4,
            &["line 3: no ground truth"],
        ),
        import(
            "labels that are lists",
            "bad.jsonl",
            "{\"id\":\"1\",\"label\":[\"a\"],\"pred\":\"a\"}\n",
            4,
            &["cannot be the ground truth: it is a list"],
        ),
        import(
            "confidence above 1",
            "bad.csv",
            row("s-2,two,a,a,1.5,x"),
            4,
            &["confidence 1.5 is outside 0 to 1"],
        ),
        import(
            "confidence below 0",
            "bad.csv",
            row("s-2,two,a,a,-0.1,x"),
            4,
            &["confidence -0.1 is outside 0 to 1"],
        ),
        import(
            "unknown status",
            "bad.csv",
            "id,label,pred,status\n1,a,a,done\n",
            4,
            &["none of ok, error, skipped"],
        ),
        import(
            "mixed types, JSONL",
            "bad.jsonl",
            "{\"id\":1,\"label\":\"a\",\"pred\":\"a\"}\n{\"id\":\"x\",\"label\":\"a\",\"pred\":\"a\"}\n",
            4,
            &["\"id\" is text here but integer on line 1"],
        ),
        import(
            "not JSON",
            "bad.jsonl",
            "{\"id\":1,\n",
            4,
            &["bad.jsonl, line 1: not valid JSON"],
        ),
        import(
            "changed column type",
            "bad.jsonl",
            "{\"sample_id\":\"s-1\",\"ground_truth\":\"a\",\"prediction\":\"a\",\"region\":7}\n",
            4,
            &["\"region\" is text in the table but integer"],
        ),
        import(
            "10,000 columns",
            "bad.csv",
            many.join(",") + "\n",
            4,
            &["has 10000 columns, more than 2000"],
        ),
        import(
            "slice of 1,500 values",
            "bad.csv",
            format!("{HEAD}{users}"),
            2,
            &["slice column \"region\"", "more than 1000 different values", "bin it"],
        )
        .with(&["--slice", "region"]),
        import("run id", "bad.csv", row(""), 2, &["a run id is a UUID"]).with(&["--run-id", "7"]),
        import(
            "two columns that could be the confidence",
            "bad.csv",
            "id,label,pred,conf,prob\n1,a,a,0.5,0.5\n",
            2,
            &["could be the confidence", "\"conf\", \"prob\"", "--conf conf"],
        ),
        import(
            "text as a confidence",
            "bad.csv",
            row("s-2,two,a,a,high,x"),
            2,
            &["bad.csv", "confidence"],
        ),
        import(
            "two columns of one name",
            "bad.csv",
            "id,label,label\n1,a,b\n",
            4,
            &["two columns named \"label\""],
        ),
        import(
            "prediction outside the golden dataset",
            "bad.csv",
            "sample_id,prediction\nx-1,a\n",
            4,
            &["x-1", "good.csv lacks"],
        )
        .with(&["--golden", "good.csv"]),
    ]
}

fn parquet_file() -> Vec<u8> {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..2000));
    let labels: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..2000).map(|row| format!("label {}", row % 7)),
    ));
    let batch = RecordBatch::try_from_iter([("id", ids), ("label", labels.clone()), ("pred", labels)]).unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

/// A project with one good run of version `v0`, and its file `good.csv`.
fn project() -> Project {
    let project = Project::new();
    project.file("good.csv", predictions(40, 1));
    project
        .run(&["import", "good.csv", "--model-version", "v0", "--slice", "region"])
        .ok();
    project
}

#[test]
fn bad_input_is_refused_with_a_message_and_nothing_is_written() {
    let project = project();
    let (mut runs, mut files) = (project.runs(), project.warehouse());
    let known: String = ["import", "diff", "runs"]
        .iter()
        .map(|command| project.run(&[command, "--help"]).ok().text())
        .collect();
    let known: BTreeSet<&str> = flags(&known).collect();
    let mut failures = Vec::new();
    for bad in table() {
        for (name, content) in &bad.files {
            project.file(name, content);
        }
        let output = project.run(&bad.args);
        if output.code != Some(bad.code) {
            failures.push(format!("{}: expected exit code {}{output}", bad.name, bad.code));
        }
        let lacks: Vec<_> = bad
            .says
            .iter()
            .filter(|words| !output.stderr.contains(**words))
            .collect();
        if !lacks.is_empty() {
            failures.push(format!("{}: the message lacks {lacks:?}{output}", bad.name));
        }
        for flag in flags(&output.stderr).filter(|flag| !known.contains(flag)) {
            failures.push(format!("{}: names {flag}, and there is no such flag{output}", bad.name));
        }
        if bad.args[0] == "import" && !output.stdout.is_empty() {
            failures.push(format!("{}: something on standard output{output}", bad.name));
        }
        if project.runs() != runs || project.warehouse() != files {
            failures.push(format!("{}: something was written{output}", bad.name));
            (runs, files) = (project.runs(), project.warehouse());
        }
        for (name, _) in &bad.files {
            std::fs::remove_file(project.path().join(name)).unwrap();
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// The long flags that a text names.
fn flags(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.len() > 2 && word.starts_with("--"))
}

#[test]
fn a_refused_first_import_leaves_no_warehouse() {
    let project = Project::new();
    project.file("bad.csv", format!("{HEAD}s-1,one,a,a,7,north\n"));
    project
        .run(&["import", "bad.csv", "--model-version", "v1"])
        .expect_code(4);
    assert!(project.warehouse().is_empty(), "{:?}", project.warehouse());
    project.run(&["runs"]).expect_code(2);
}

#[test]
fn decimal_labels_are_refused() {
    let project = Project::new();
    project.file("bad.csv", format!("{HEAD}s-1,one,0.5,a,0.7,north\n"));
    let output = project.run(&["import", "bad.csv", "--model-version", "v1"]);
    output
        .expect_code(4)
        .stderr_has("it is decimal, as 0.5")
        .stderr_has("--kind numeric");
    assert!(project.warehouse().is_empty());
}

#[test]
fn a_version_cannot_be_named_like_another_reference() {
    let project = Project::new();
    project.file("latest.csv", "sample_id,ground_truth,prediction\n1,a,a\n");
    let long = "v".repeat(300);
    for name in ["latest", "latest~1", "run:1", "snapshot:5", "tag:gold", &long] {
        project
            .run(&["import", "latest.csv", "--model-version", name])
            .expect_code(2)
            .stderr_has("cannot be the version of a model")
            .stderr_has("--model-version");
    }
    project.run(&["latest.csv", "latest.csv"]).expect_code(2);
    assert!(!project.path().join(".evaldiff").exists());
}

#[test]
fn a_dry_run_writes_nothing() {
    let project = Project::new();
    project.file("good.csv", predictions(40, 1));
    let output = project.run(&["import", "good.csv", "--model-version", "v1", "--dry-run"]);
    output.ok();
    let all = output.text() + &output.stderr;
    for word in ["sample_id", "ground_truth", "prediction", "s-0000000", "40"] {
        assert!(all.contains(word), "no {word:?} in {output}");
    }
    assert!(!project.path().join(".evaldiff").exists(), "{output}");
}

#[test]
fn a_corrupt_catalog_is_named() {
    let project = project();
    let database = project.path().join(".evaldiff/catalog.db");
    for name in ["catalog.db-wal", "catalog.db-shm"] {
        let _ = std::fs::remove_file(project.path().join(".evaldiff").join(name));
    }
    std::fs::write(
        &database,
        "this is no database, and long enough to be looked at ".repeat(100),
    )
    .unwrap();
    for args in [
        &["runs"][..],
        &["v0", "v0"],
        &["import", "good.csv", "--model-version", "v1"],
    ] {
        project
            .run(args)
            .expect_code(4)
            .stderr_has("catalog.db")
            .stderr_has("hint: ");
    }
    assert!(std::fs::read(&database).unwrap().starts_with(b"this is no database"));
}

#[test]
fn deleted_data_files_are_named() {
    let project = project();
    project.file("new.csv", predictions(40, 2));
    project.run(&["import", "new.csv", "--model-version", "v1"]).ok();
    for name in project
        .warehouse()
        .into_keys()
        .filter(|name| name.ends_with(".parquet"))
    {
        std::fs::remove_file(project.path().join(".evaldiff/warehouse").join(name)).unwrap();
    }
    let output = project.run(&["v0", "v1"]);
    output.expect_code(4).stderr_has(".parquet");
    assert!(project.reports("site").is_empty(), "{output}");
    project.run(&["runs"]).ok();
}

#[test]
fn a_report_whose_data_files_are_lost_says_what_is_still_confirmed() {
    let project = Project::with_runs("binary");
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let lost = project
        .warehouse()
        .into_keys()
        .find(|name| name.contains("model_version=v2") && name.ends_with(".parquet"));
    std::fs::remove_file(project.path().join(".evaldiff/warehouse").join(lost.unwrap())).unwrap();
    let verified = project.run(&["verify", report.to_str().unwrap()]);
    verified
        .expect_code(3)
        .stdout_has("rows of v1: as recorded")
        .stdout_has("not confirmed: 1 of 1 data files of v2")
        .stderr_has("data files are gone from storage");
}

#[test]
fn an_output_folder_with_foreign_files_is_left_alone() {
    let project = project();
    project.file("new.csv", predictions(40, 2));
    project.run(&["import", "new.csv", "--model-version", "v1"]).ok();
    project
        .file("mine/thesis.txt", "years of work")
        .file("mine/index.html", "my home page");
    let output = project.run(&["v0", "v1", "--out", "mine"]);
    output.expect_code(2).stderr_has("mine");
    let left: Vec<String> = crate::harness::tree(&project.path().join("mine")).into_keys().collect();
    assert_eq!(left, ["index.html", "thesis.txt"], "{output}");
    let output: Output = project.run(&["v0", "v1", "--out", "good.csv"]);
    output.expect_code(2).stderr_has("good.csv");
}
