//! Tables that Spark wrote, and ours as Spark and DuckDB read them, in the one file of the embedded catalog.
//!
//! Both engines come from the environment that `EVALDIFF_SPARK` names (made from `tests/components/spark`); where it is unset, the
//! tests that need it say so and pass. One Spark session serves all tests of the process.

use crate::harness::{Project, finish, repository};
use crate::lake::{self, KEY, SECRET, WAREHOUSE, import, predictions};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What Spark did and saw, in a project that still holds it.
struct Session {
    project: Project,
    /// By shape, what Spark counted.
    shapes: Value,
    /// What Spark read of `ours.read`, and the snapshots it left of the tables named `kept`.
    ours: Value,
}

fn environment() -> Option<PathBuf> {
    let found = std::env::var_os("EVALDIFF_SPARK").filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: EVALDIFF_SPARK is unset; `make test` sets it to what tests/components/spark holds");
    }
    found.map(PathBuf::from)
}

/// A Python program of `tests/components/spark` on the project's catalog.
pub fn program(project: &Project, name: &str) -> Option<Command> {
    let venv = environment()?;
    let mut command = Command::new(venv.join("bin/python"));
    command
        .arg(repository().join("tests/components/spark").join(name))
        .arg(project.path().join(".evaldiff"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// Imports `a.csv` and `b.csv` by turns as `v1`, `v2` and so on.
fn import_versions(project: &Project, table: &str, versions: usize) {
    for version in 1..=versions {
        let file = ["b.csv", "a.csv"][version % 2];
        finish(import(project, file, &format!("v{version}"), table)).ok();
    }
}

/// The one session; a panic where it failed, for each test that needs it and without a second try.
fn session() -> Option<&'static Session> {
    static SHARED: OnceLock<Option<Session>> = OnceLock::new();
    environment()?;
    let started = SHARED.get_or_init(|| std::panic::catch_unwind(start).ok());
    Some(started.as_ref().expect("the Spark session of the tests failed"))
}

fn start() -> Session {
    let project = Project::new();
    project
        .file("a.csv", predictions(300, 7))
        .file("b.csv", predictions(300, 9));
    import_versions(&project, "ours.read", 2);
    import_versions(&project, "ours.kept", 4);
    import_versions(&project, "ours.cut", 2);
    import_versions(&project, "ours.packed", 2);
    written_by_pyiceberg(&project);
    let log = std::fs::File::create(project.path().join("spark.log")).unwrap();
    let mut spark = program(&project, "suite.py")
        .unwrap()
        .arg(project.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(spark.stdout.take().unwrap()).lines();
    let mut reach = |part: &str| {
        // Java may have something to say on standard output too.
        let line = said.by_ref().map(Result::unwrap).find(|line| line == part);
        let log = || std::fs::read_to_string(project.path().join("spark.log")).unwrap();
        assert!(line.is_some(), "{part}: {}", log());
    };
    reach("made");
    for table in ["ours.kept", "theirs.kept"] {
        publish(&project, table);
    }
    for (table, out) in [("ours.cut", "before"), ("ours.packed", "unpacked")] {
        project.run(&["v1", "v2", "--table", table, "--out", out]).ok();
    }
    spark.stdin.take().unwrap().write_all(b"on\n").unwrap();
    reach("expired");
    assert!(spark.wait().unwrap().success());
    let read = |name: &str| serde_json::from_slice(&std::fs::read(project.path().join(name)).unwrap()).unwrap();
    let (shapes, ours) = (read("shapes.json"), read("ours.json"));
    Session { project, shapes, ours }
}

/// The table `pyiceberg.written`: the rows of `a.csv` and `b.csv` in two commits, some deleted and changed by writing files anew.
fn written_by_pyiceberg(project: &Project) {
    let Some(venv) = lake::environment() else { return };
    let program = "
import os, pyarrow as pa, pyarrow.csv as csv
from pyiceberg.catalog.sql import SqlCatalog
root = os.environ['ROOT']
home = f'{root}/.evaldiff'
catalog = SqlCatalog('evaldiff', uri=f'sqlite:///{home}/catalog.db', warehouse=f'file://{home}/warehouse')
catalog.create_namespace('pyiceberg')
table = None
for version, file in (('v1', 'a.csv'), ('v2', 'b.csv')):
    rows = csv.read_csv(f'{root}/{file}')
    for name, value in (('model_version', version), ('run_id', 'run-' + version)):
        rows = rows.add_column(0, name, pa.array([value] * len(rows)))
    table = table or catalog.create_table('pyiceberg.written', schema=rows.schema)
    table.append(rows)
table.delete(\"sample_id == 's-00007' and model_version == 'v1'\")
table.overwrite(rows.slice(5, 1), \"sample_id == 's-00005' and model_version == 'v2'\")
with table.update_schema() as update:
    update.rename_column('ground_truth', 'truth')
with table.update_schema() as update:
    update.rename_column('truth', 'ground_truth')
";
    lake::python(&venv, program, &[("ROOT", project.path().to_str().unwrap())]);
}

/// A report of v1 and v2 with a pin, one of v3 and v4 without.
fn publish(project: &Project, table: &str) {
    let target = format!("file://{}/www", project.path().display());
    for (a, b, pin) in [("v1", "v2", true), ("v3", "v4", false)] {
        let out = site(table, pin);
        project.run(&[a, b, "--table", table, "--out", &out]).ok();
        let report = project.reports(&out).remove(0);
        let publish = ["publish", report.to_str().unwrap(), &target, "--no-pin"];
        project.run(&publish[..if pin { 3 } else { 4 }]).ok();
    }
}

fn site(table: &str, pin: bool) -> String {
    format!("{table}-{}", if pin { "pinned" } else { "unpinned" })
}

/// What a comparison of v1 and v2 counts, under the names that Spark's counts have.
fn counted(json: &Value) -> [(&'static str, u64); 7] {
    let parts = [
        ("accounting", "matched"),
        ("accounting", "only_baseline"),
        ("accounting", "only_candidate"),
        ("outcomes", "both_correct"),
        ("outcomes", "regressed"),
        ("outcomes", "fixed"),
        ("outcomes", "both_wrong"),
    ];
    parts.map(|(part, name)| (name, json[part][name].as_u64().unwrap()))
}

/// Shapes that are refused: the exit code, and what is said.
const REFUSED: [(&str, i32, &str); 4] = [
    // Spark's SQL calls v1's answers wrong, which are gone with the column; evaldiff calls them missing.
    (
        "column_dropped_and_added_again",
        3,
        "no sample can be compared: each of the 400 has no answer in one of the runs",
    ),
    ("deleted_by_equality", 4, "equality deletes apply to"),
    (
        "deleted_by_position_in_avro",
        4,
        "deletes rows and is in the format avro",
    ),
    ("deleted_by_position_in_orc", 4, "deletes rows and is in the format orc"),
];

/// Shapes with delete files that apply, and of which kind: that Spark really wrote them.
const DELETES: [(&str, u64); 11] = [
    ("deleted_by_position", 1),
    ("deleted_by_position_in_avro", 1),
    ("deleted_by_position_in_orc", 1),
    ("run_deleted_whole_among_runs", 1),
    ("deleted_by_position_among_runs", 1),
    ("deleted_by_position_in_parts", 1),
    ("deleted_then_appended", 1),
    ("updated_on_read", 1),
    ("deleted_by_vector", 1),
    ("deleted_by_vector_among_runs", 1),
    ("deleted_by_equality", 2),
];

#[test]
fn every_shape_that_spark_wrote_is_counted_as_spark_counts_it_or_refused() {
    let Some(session) = session() else { return };
    let (project, shapes) = (&session.project, session.shapes.as_object().unwrap());
    assert!(shapes.len() >= 30, "{} shapes", shapes.len());
    for (name, kind) in DELETES {
        assert_eq!(
            shapes[name]["deletes"],
            serde_json::json!([kind]),
            "delete files of {name}"
        );
    }
    let mut wrong = Vec::new();
    for (name, expected) in shapes {
        let table = format!("shapes.{name}");
        let compared = project.run(&["v1", "v2", "--table", &table, "--format", "json", "--out", &table]);
        if let Some((_, code, message)) = REFUSED.iter().find(|(shape, _, _)| shape == name) {
            compared.expect_code(*code).stderr_has(message);
            continue;
        }
        if compared.code != Some(0) {
            wrong.push(format!("{name}: {compared}"));
            continue;
        }
        let json = compared.json();
        for (what, n) in counted(&json) {
            if expected[what] != n {
                wrong.push(format!("{name}: {what} is {n}, Spark counts {}", expected[what]));
            }
        }
        // The list of runs and the report agree with it, and the report can be confirmed.
        let runs = project.run(&["runs", "--table", &table, "--format", "json"]);
        for side in ["baseline", "candidate"] {
            let own = |r: &&Value| r["run_id"] == json[side]["run_id"] && r["snapshot_id"] == json[side]["snapshot_id"];
            let listed = runs
                .ok()
                .json()
                .as_array()
                .unwrap()
                .iter()
                .find(own)
                .map(|r| r["rows"].clone());
            if listed.as_ref() != Some(&json[side]["rows"]) {
                wrong.push(format!(
                    "{name}: runs lists {listed:?}, the report {}",
                    json[side]["rows"]
                ));
            }
        }
        let report = project.reports(&table).remove(0);
        let verified = project.run(&["verify", report.to_str().unwrap(), "--digest"]);
        if verified.code != Some(0) {
            wrong.push(format!("{name}: {verified}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_that_spark_deleted_from_a_run_of_evaldiff_are_gone_and_older_reports_say_so() {
    let Some(session) = session() else { return };
    let project = &session.project;
    let expected = &session.ours["cut"];
    assert_eq!(expected["deletes"], serde_json::json!([1]));
    let compared = project.run(&["v1", "v2", "--table", "ours.cut", "--format", "json", "--out", "after"]);
    let json = compared.ok().json();
    assert_eq!(json["accounting"]["matched"], 297);
    for (what, n) in counted(&json) {
        assert_eq!(expected[what], n, "{what}");
    }
    let verify = |out: &str| project.run(&["verify", project.reports(out).remove(0).to_str().unwrap()]);
    verify("after").ok().stdout_has("verified");
    let before = verify("before");
    before
        .ok()
        .stdout_has("3 rows of the data files of run ")
        .stdout_has("were deleted by a later commit");
}

#[test]
fn duckdb_and_pyiceberg_count_in_the_shapes_what_spark_counts() {
    let Some(session) = session() else { return };
    let Some(lake) = lake::environment() else { return };
    let venvs = [("duckdb", environment().unwrap()), ("pyiceberg", lake)];
    for (engine, venv) in venvs {
        let output = Command::new(venv.join("bin/python"))
            .args(["-W", "ignore"])
            .arg(repository().join("tests/components/spark/readers.py"))
            .arg(session.project.path().join(".evaldiff"))
            .arg(engine)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let counts: Value = serde_json::from_slice(&output.stdout).unwrap();
        for (name, expected) in session.shapes.as_object().unwrap() {
            let of = |what: &str| expected[what].as_u64().unwrap();
            let rows = |only| serde_json::json!(of("matched") + of(only));
            let rows = serde_json::json!({"v1": rows("only_baseline"), "v2": rows("only_candidate")});
            // PyIceberg has no equality deletes, nor looks whether any is left that applies.
            if engine == "pyiceberg" && name.contains("equality") {
                let said = counts[name].as_str().unwrap();
                assert!(
                    said.contains("PyIceberg does not yet support equality deletes"),
                    "{said}"
                );
            } else if name.ends_with("_in_avro") || (name.ends_with("_in_orc") && engine == "duckdb") {
                let said = counts[name].as_str().unwrap();
                assert!(said.contains("not supported"), "{said}");
            } else {
                assert_eq!(counts[name], rows, "{engine} in {name}");
            }
        }
    }
}

/// The rows of `a.csv` and `b.csv`, imported as `v1` and `v2`, as other engines should read them.
fn imported(project: &Project, runs: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for (file, version, run) in [("a.csv", "v1", &runs[0]), ("b.csv", "v2", &runs[1])] {
        assert_eq!(run["model_version"], version);
        let text = std::fs::read_to_string(project.path().join(file)).unwrap();
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let confidence: f64 = cells[3].parse().unwrap();
            rows.push(serde_json::json!([
                run["run_id"],
                version,
                cells[0],
                cells[1],
                cells[2],
                confidence,
                cells[4],
                cells[5]
            ]));
        }
    }
    rows
}

#[test]
fn snapshots_before_a_deletion_that_is_not_applied_can_still_be_compared() {
    let Some(session) = session() else { return };
    let project = &session.project;
    let snapshot = |i: usize| {
        let id = &session.shapes["deleted_by_equality"]["snapshots"][i];
        format!("snapshot:{}", id.as_str().unwrap())
    };
    let (a, b) = (snapshot(0), snapshot(1));
    let compare = [
        a.as_str(),
        &b,
        "--table",
        "shapes.deleted_by_equality",
        "--format",
        "json",
        "--out",
        "earlier",
    ];
    let compared = project.run(&compare);
    compared
        .ok()
        .stderr_has("may be deleted by a later commit: equality deletes apply to");
    assert_eq!(compared.json()["accounting"]["matched"], 400);
    let report = project.reports("earlier").remove(0);
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("notice: rows of run run-v1 may be deleted by a later commit: equality deletes apply to");
}

#[test]
fn spark_and_duckdb_read_the_rows_snapshots_and_summaries_that_evaldiff_wrote() {
    let Some(session) = session() else { return };
    let project = &session.project;
    let duck = program(project, "duck.py")
        .unwrap()
        .args(["ours", "read"])
        .output()
        .unwrap();
    assert!(duck.status.success(), "{}", String::from_utf8_lossy(&duck.stderr));
    let duck: Value = serde_json::from_slice(&duck.stdout).unwrap();
    let spark = &session.ours;
    assert_eq!(spark["rows"], duck["rows"], "Spark and DuckDB read other rows");

    let runs = project
        .run(&["runs", "--table", "ours.read", "--format", "json"])
        .ok()
        .json();
    let imported = imported(project, &runs);
    assert_eq!(spark["rows"].as_array().unwrap(), &imported);

    let ids =
        |of: &Value, name: &str| -> Vec<Value> { of.as_array().unwrap().iter().map(|s| s[name].clone()).collect() };
    assert_eq!(ids(&runs, "snapshot_id"), ids(&spark["snapshots"], "id"));
    assert_eq!(Value::from(ids(&runs, "snapshot_id")), duck["snapshots"]);
    for (run, snapshot) in runs
        .as_array()
        .unwrap()
        .iter()
        .zip(spark["snapshots"].as_array().unwrap())
    {
        let summary = &snapshot["summary"];
        assert_eq!(snapshot["operation"], "append");
        assert_eq!(summary["evaldiff.run-id"], run["run_id"]);
        assert_eq!(summary["evaldiff.model-version"], run["model_version"]);
        assert_eq!(summary["evaldiff.row-count"], "300");
        assert!(summary["evaldiff.rows-digest"].as_str().unwrap().starts_with("blake3:"));
        assert!(
            summary["evaldiff.roles"]
                .as_str()
                .unwrap()
                .contains("\"truth\":\"ground_truth\"")
        );
    }
}

#[test]
fn a_pinned_report_survives_an_expiry_by_spark_and_of_the_other_is_said_what_is_gone() {
    let Some(session) = session() else { return };
    let project = &session.project;
    for table in ["ours.kept", "theirs.kept"] {
        let left = session.ours["left"][table].as_array().unwrap();
        assert_eq!(left.len(), 3, "v1 and v2 are pinned, v5 is current: {left:?}");
        let verify = |pin| {
            let report = project.reports(&site(table, pin)).remove(0);
            project.run(&["verify", report.to_str().unwrap()])
        };
        verify(true).ok().stdout_has("verified");
        let lost = verify(false);
        lost.expect_code(3).stderr_has("snapshots are gone: snapshot:");
        // Nothing deleted the rows; only of evaldiff's own is known what they were.
        lost.stdout_has(match table {
            "ours.kept" => "confirmed: the rows of v3 are still in the table, unchanged",
            _ => "not confirmed: the data files of v3 are still in the table, but no digest of its rows was recorded",
        });
        // Spark's v5 stands beside the runs before it, on whatever snapshot they are now.
        let compared = project.run(&["v4", "v5", "--table", table, "--format", "json", "--out", "later"]);
        assert_eq!(compared.ok().json()["candidate"]["run_id"], "run-v5");
    }
}

#[test]
fn rows_that_a_compaction_by_spark_wrote_anew_are_confirmed_though_their_snapshots_are_expired() {
    let Some(session) = session() else { return };
    let report = session.project.reports("unpacked").remove(0);
    let verified = session.project.run(&["verify", report.to_str().unwrap()]);
    verified.expect_code(3).stderr_has("snapshots are gone: snapshot:");
    for version in ["v1", "v2"] {
        verified.stdout_has(&format!(
            "confirmed: the rows of {version} are still in the table, unchanged (blake3:"
        ));
    }
    assert_eq!(
        verified.text().matches("in other data files than before").count(),
        2,
        "{verified}"
    );
}

#[test]
fn duckdb_and_spark_write_and_read_through_a_rest_catalog() {
    let (Some(venv), Some(lake)) = (environment(), lake::lake()) else {
        return;
    };
    let project = lake.project();
    project
        .file("a.csv", predictions(300, 7))
        .file("b.csv", predictions(300, 9));
    import_versions(&project, "duckread.predictions", 2);
    let duck = Command::new(venv.join("bin/python"))
        .arg(repository().join("tests/components/spark/duck_lake.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("CATALOG", format!("http://127.0.0.1:{}", lake.catalog))
        .env("S3", format!("127.0.0.1:{}", lake.s3))
        .envs([("WAREHOUSE", WAREHOUSE), ("KEY", KEY), ("SECRET", SECRET)])
        .output()
        .unwrap();
    assert!(duck.status.success(), "{}", String::from_utf8_lossy(&duck.stderr));
    let duck: Value = serde_json::from_slice(&duck.stdout).unwrap();
    for (name, expected) in duck["counted"].as_object().unwrap() {
        let table = format!("duck.{name}");
        let compared = project.run(&["v1", "v2", "--table", &table, "--format", "json", "--out", name]);
        let json = compared.ok().json();
        for (what, n) in counted(&json) {
            assert_eq!(expected.get(what).unwrap_or(&Value::from(0)), n, "{name}: {what}");
        }
        let deletes = json["baseline"]["delete_files"].is_array() || json["candidate"]["delete_files"].is_array();
        assert_eq!(deletes, name != "appended", "{name}: delete files of its runs");
        let report = project.reports(name).remove(0);
        project
            .run(&["verify", report.to_str().unwrap()])
            .ok()
            .stdout_has("verified");
    }
    let others = lake.python(
        "print([catalog.load_table('duck.' + t).scan().to_arrow().num_rows for t in ('appended', 'deleted', 'updated')])\n",
    );
    assert_eq!(others, "[800, 794, 800]\n");
    let list = ["runs", "--table", "duckread.predictions", "--format", "json"];
    let runs = project.run(&list).ok().json();
    assert_eq!(duck["read"]["rows"].as_array().unwrap(), &imported(&project, &runs));
    assert_eq!(
        duck["read"]["snapshots"],
        serde_json::json!([runs[0]["snapshot_id"], runs[1]["snapshot_id"]])
    );
    let same = project.run(&["v2", "v3", "--table", "duckread.predictions", "--format", "json"]);
    let same = same.ok().json();
    assert_eq!(same["candidate"]["run_id"], "duck");
    assert_eq!(same["accounting"]["matched"], 300);
    assert_eq!(same["outcomes"]["regressed"], 0);
    spark_through_the_same_catalog(lake, &project, &duck);
}

/// What DuckDB and evaldiff wrote, as Spark reads it; a table of Spark, and an expiry by it.
fn spark_through_the_same_catalog(lake: &lake::Lake, project: &Project, duck: &Value) {
    let (Some(venv), Some(handlers)) = (environment(), crate::catalogs::handlers_folder()) else {
        return;
    };
    let target = format!("file://{}/www", project.path().display());
    let publish = |out: &str, pair: [&str; 2], options: &[&str]| {
        let table = ["--table", "duckread.predictions", "--out", out];
        project.run(&[&pair[..], &table].concat()).ok();
        let report = project.reports(out).remove(0);
        let words = ["publish", report.to_str().unwrap(), target.as_str()];
        project.run(&[&words[..], options].concat()).ok();
        report
    };
    let pinned = publish("pinned", ["v1", "v2"], &[]);
    let unpinned = publish("unpinned", ["v2", "v3"], &["--no-pin"]);
    let output = Command::new(venv.join("bin/python"))
        .arg(repository().join("tests/components/spark/spark_lake.py"))
        .arg(project.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("CATALOG", format!("http://127.0.0.1:{}", lake.catalog))
        .env("S3", format!("127.0.0.1:{}", lake.s3))
        .env("HANDLERS", handlers)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs([("WAREHOUSE", WAREHOUSE), ("KEY", KEY), ("SECRET", SECRET)])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    let line = text
        .lines()
        .find_map(|line| line.split_once("SEEN "))
        .map(|(_, json)| json);
    let seen: Value = serde_json::from_str(line.unwrap_or_else(|| panic!("{text}{errors}"))).unwrap();
    for (name, expected) in duck["counted"].as_object().unwrap() {
        for (what, n) in expected.as_object().unwrap() {
            assert_eq!(&seen[name][what], n, "Spark reads {what} in duck.{name}");
        }
    }
    let ours: Vec<&Value> = seen["read"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row[1] != "v3")
        .collect();
    assert_eq!(
        ours,
        duck["read"]["rows"].as_array().unwrap().iter().collect::<Vec<_>>()
    );
    let compared = project.run(&[
        "v1",
        "v2",
        "--table",
        "sparked.predictions",
        "--format",
        "json",
        "--out",
        "sparked",
    ]);
    for (what, n) in counted(&compared.ok().json()) {
        assert_eq!(seen["sparked"][what], n, "evaldiff reads {what} in Spark's table");
    }
    // The first two snapshots are pinned, the third was not, the last is the table's.
    assert_eq!(seen["left"].as_array().unwrap().len(), 3, "{}", seen["left"]);
    project
        .run(&["verify", pinned.to_str().unwrap()])
        .ok()
        .stdout_has("verified");
    let lost = project.run(&["verify", unpinned.to_str().unwrap()]);
    let said = lost.expect_code(3).text() + &lost.stderr;
    assert!(said.contains("snapshots are gone"), "{lost}");
}

#[test]
fn spark_duckdb_and_evaldiff_read_the_same_of_a_table_that_pyiceberg_wrote() {
    let Some(session) = session() else { return };
    if lake::environment().is_none() {
        return;
    }
    let project = &session.project;
    let runs = serde_json::json!([
        {"run_id": "run-v1", "model_version": "v1"},
        {"run_id": "run-v2", "model_version": "v2"},
    ]);
    let mut expected = imported(project, &runs);
    expected.retain(|row| row[1] != "v1" || row[2] != "s-00007");
    let duck = program(project, "duck.py").unwrap();
    let duck = { duck }.args(["pyiceberg", "written"]).output().unwrap();
    assert!(duck.status.success(), "{}", String::from_utf8_lossy(&duck.stderr));
    let duck: Value = serde_json::from_slice(&duck.stdout).unwrap();
    let spark = &session.ours["written"];
    assert_eq!(spark["rows"].as_array().unwrap(), &expected, "Spark");
    assert_eq!(duck["rows"].as_array().unwrap(), &expected, "DuckDB");
    let snapshots = spark["snapshots"].as_array().unwrap();
    let snapshots: Vec<&Value> = snapshots.iter().map(|snapshot| &snapshot["id"]).collect();
    assert_eq!(
        duck["snapshots"].as_array().unwrap().iter().collect::<Vec<_>>(),
        snapshots
    );
    let compared = project.run(&[
        "v1",
        "v2",
        "--table",
        "pyiceberg.written",
        "--format",
        "json",
        "--out",
        "written",
    ]);
    let json = compared.ok().json();
    assert_eq!(json["accounting"]["matched"], 299);
    assert_eq!(json["accounting"]["only_candidate"], 1);
}
