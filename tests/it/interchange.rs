//! The embedded catalog is PyIceberg's SqlCatalog as well: one file, two programs.

use crate::harness::{Project, finish, tree};
use crate::lake::{self, KEY, SECRET, WAREHOUSE, environment, import, lake, leaks_nothing, predictions, two_versions};
use std::process::Command;

/// Runs a Python program with the project's catalog opened by PyIceberg; gives what it printed.
pub fn python(project: &Project, program: &str) -> Option<String> {
    let venv = environment()?;
    let home = project.path().join(".evaldiff");
    let head = format!(
        "from pyiceberg.catalog.sql import SqlCatalog\n\
         catalog = SqlCatalog('evaldiff', uri='sqlite:///{0}/catalog.db', warehouse='file://{0}/warehouse')\n",
        home.display()
    );
    Some(lake::python(&venv, &format!("{head}{program}"), &[]))
}

#[test]
fn numbers_and_scores_that_pyiceberg_wrote_are_compared_as_what_they_are() {
    let project = Project::new();
    two_versions(&project, 10, "eval.predictions");
    let program = "import pyarrow as pa\n\
         def prices(v):\n    \
             said = [i / 3 + v * (-1) ** i for i in range(90)] + [float('nan')]\n    \
             return dict(ground_truth=[i / 3 for i in range(91)], prediction=said)\n\
         def texts(v):\n    \
             stars = pa.array([(i * v) % 5 for i in range(91)], pa.int32())\n    \
             return dict(prediction=['same'] * 91, stars=stars, good=[i % v == 0 for i in range(91)])\n\
         for name, columns in (('prices', prices), ('texts', texts)):\n    \
             for v in (1, 2):\n        \
                 rows = pa.table(dict(sample_id=[f's{i}' for i in range(91)], run_id=[f'r{v}'] * 91, \
                                      model_version=[f'v{v}'] * 91, **columns(v)))\n        \
                 if v == 1: t = catalog.create_table(f'eval.{name}', schema=rows.schema)\n        \
                 t.append(rows)\n";
    if python(&project, program).is_none() {
        return;
    }
    let prices = ["v1", "v2", "--table", "eval.prices", "--format", "json"];
    let found = project.run(&prices).ok().json();
    assert_eq!(found["roles"]["kind"], "numeric");
    assert_eq!(found["accounting"]["errored"], 1, "not a number is no prediction");
    assert_eq!(found["outcomes"]["regressed"], 90);
    let mae = &found["metrics"][0];
    let near = |value: &serde_json::Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-12;
    assert!(near(&mae["baseline"], 1.0) && near(&mae["candidate"], 2.0), "{mae}");

    let texts = [
        "v1",
        "v2",
        "--table",
        "eval.texts",
        "--score",
        "stars",
        "--score",
        "good:lower",
    ];
    let found = project.run(&[&texts[..], &["--format", "json"]].concat()).ok().json();
    let stars = |v: usize| (0..91).map(|i| (i * v % 5) as f64).sum::<f64>() / 91.0;
    let metrics = &found["metrics"];
    assert!(
        near(&metrics[0]["baseline"], stars(1)) && near(&metrics[0]["candidate"], stars(2)),
        "{metrics}"
    );
    assert!(
        near(&metrics[1]["baseline"], 1.0) && near(&metrics[1]["candidate"], 46.0 / 91.0),
        "{metrics}"
    );
    assert_eq!(found["roles"]["truth"], serde_json::Value::Null);
    let first = tree(&project.path().join("site/eval.texts"));
    project
        .run(&[&texts[..], &["--join", "merge", "--threads", "3", "--out", "merged"]].concat())
        .ok();
    assert!(
        first == tree(&project.path().join("merged/eval.texts")),
        "the join changed a byte"
    );
    for report in project.reports("site") {
        project.run(&["verify", report.to_str().unwrap()]).ok();
    }
}

#[test]
fn pyiceberg_reads_appends_to_and_expires_the_embedded_catalog() {
    let project = Project::new();
    two_versions(&project, 300, "eval.predictions");
    let Some(seen) = python(
        &project,
        "t = catalog.load_table('eval.predictions')\n\
         rows = t.scan(row_filter=\"model_version == 'v1'\").to_arrow()\n\
         s = t.current_snapshot().summary.additional_properties\n\
         print(catalog.list_tables('eval'), rows.num_rows, s['evaldiff.model-version'], len(t.snapshots()))\n\
         again = rows.set_column(rows.schema.get_field_index('model_version'), rows.schema.field('model_version'), \
         __import__('pyarrow').array(['v3'] * 300))\n\
         again = again.set_column(rows.schema.get_field_index('run_id'), rows.schema.field('run_id'), \
         __import__('pyarrow').array(['theirs'] * 300))\n\
         t.append(again)\n",
    ) else {
        return;
    };
    assert_eq!(seen, "[('eval', 'predictions')] 300 v2 2\n");
    // What they appended is a run like ours, with the roles of the table.
    let compared = project.run(&["v2", "v3", "--format", "json"]).ok().json();
    assert_eq!(compared["accounting"]["matched"], 300);
    assert_eq!(compared["candidate"]["run_id"], "theirs");
    let same = project.run(&["v1", "v3", "--format", "json"]).ok().json();
    assert_eq!(same["outcomes"]["regressed"], 0);
    assert_eq!(same["outcomes"]["fixed"], 0);

    // And ours goes on after theirs.
    finish(import(&project, "b.csv", "v4", "eval.predictions")).ok();
    let report = project
        .reports("site")
        .into_iter()
        .find(|r| r.to_str().unwrap().contains("v2..v3"))
        .unwrap();
    let target = format!("file://{}/www", project.path().display());
    project
        .run(&["publish", report.to_str().unwrap(), &target])
        .ok()
        .stderr_has("pinned");
    let left = python(
        &project,
        "from datetime import datetime, timedelta\n\
         t = catalog.load_table('eval.predictions')\n\
         t.maintenance.expire_snapshots().older_than(datetime.now() + timedelta(days=1)).commit()\n\
         print(len(catalog.load_table('eval.predictions').snapshots()))\n",
    );
    assert_eq!(left.as_deref(), Some("3\n"), "v2 and v3 are pinned, v4 is current");
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("verified");
}

/// PyIceberg's expiry takes the parent's id from what is left, and so does a deletion the place of a file among the others.
#[test]
fn runs_keep_their_order_when_all_older_snapshots_are_expired() {
    let project = Project::new();
    for (name, wrong) in [("old.csv", 3), ("new.csv", 7), ("other.csv", 9)] {
        project.file(name, predictions(300, wrong));
    }
    let with_id = |file: &str, version: &str, id: &str| {
        let mut command = import(&project, file, version, "eval.predictions");
        command.args(["--run-id", id]);
        finish(command)
    };
    // Ids that say nothing of the order.
    let [old, new, other, again] = ["f", "a", "c", "b"].map(|c| format!("{}-0000-7000-8000-000000000000", c.repeat(8)));
    with_id("old.csv", "v1", &old).ok();
    with_id("new.csv", "v1", &new).ok();
    with_id("other.csv", "v2", &other).ok();
    let expire = "t.maintenance.expire_snapshots().by_ids(\
                  [s.snapshot_id for s in t.snapshots() if s != t.current_snapshot()]).commit()\n\
                  print(len(catalog.load_table('eval.predictions').snapshots()))\n";
    let open = "t = catalog.load_table('eval.predictions')\n";
    let Some(left) = python(&project, &format!("{open}{expire}")) else {
        return;
    };
    assert_eq!(left, "1\n");
    let ids = || {
        let runs = project.run(&["runs", "--format", "json"]).ok().json();
        let list = runs.as_array().unwrap().iter();
        list.map(|run| run["run_id"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(), [&old, &new, &other].map(String::clone));
    let compared = project.run(&["v1", "latest", "--format", "json"]);
    compared
        .ok()
        .stderr_has("the snapshot that added run ")
        .stderr_has("is expired");
    let json = compared.json();
    assert_eq!(json["baseline"]["run_id"], new.as_str());
    assert_eq!(json["candidate"]["run_id"], other.as_str());

    // An import that is repeated finds its run; another version cannot take its id.
    with_id("new.csv", "v1", &new).ok().stdout_has("is already there");
    with_id("new.csv", "v9", &new)
        .expect_code(2)
        .stderr_has("is one of version `v1` already");

    let emptied = format!("{open}t.delete(\"run_id == '{again}'\")\n");
    with_id("new.csv", "v3", &again).ok();
    python(&project, &emptied).unwrap();
    with_id("new.csv", "v3", &again)
        .ok()
        .stdout_has("is already there")
        .stderr_has("were deleted by a later commit");

    let delete = format!("{open}t.delete(\"sample_id == 's-00004' and run_id == '{old}'\")\n{expire}");
    assert_eq!(python(&project, &delete).as_deref(), Some("1\n"));
    assert_eq!(ids(), [&old, &new, &other].map(String::clone));
    let json = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(json["baseline"]["run_id"], new.as_str());
    assert_eq!(json["accounting"]["matched"], 300);
    // Both are read as of one snapshot now, and each has a report of its own.
    let pair = |a: &str, b: &str| {
        project
            .run(&[&format!("run:{a}"), &format!("run:{b}"), "--format", "json"])
            .ok()
            .json()
    };
    assert_eq!(pair(&old, &other)["accounting"]["matched"], 299);
    assert_eq!(pair(&new, &other)["accounting"]["matched"], 300);
    for report in project.reports("site") {
        let verified = project.run(&["verify", report.to_str().unwrap()]);
        assert!(matches!(verified.code, Some(0 | 3)), "{verified}");
    }
}

#[test]
fn a_catalog_that_pyiceberg_made_is_opened_and_stays_its_own() {
    let Some(venv) = environment() else { return };
    let project = Project::new();
    std::fs::create_dir(project.path().join(".evaldiff")).unwrap();
    let open = format!(
        "from pyiceberg.catalog import load_catalog\n\
         catalog = load_catalog('evaldiff', type='sql', uri='sqlite:///{0}/catalog.db', warehouse='file://{0}/warehouse')\n",
        project.path().join(".evaldiff").display()
    );
    let make = "import pyarrow as pa\n\
                rows = pa.table({'run_id': ['a', 'b'], 'model_version': ['v1', 'v2'], 'sample_id': ['1', '1'], \
                'ground_truth': ['x', 'x'], 'prediction': ['x', 'y']})\n\
                catalog.create_namespace('theirs')\n\
                catalog.create_table('theirs.results', schema=rows.schema).append(rows)\n";
    lake::python(&venv, &format!("{open}{make}"), &[]);
    let json = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(json["outcomes"]["regressed"], 1);
    project.file("a.csv", predictions(40, 7));
    finish(import(&project, "a.csv", "v3", "ours.results")).ok();
    let count =
        "print([catalog.load_table(t).scan().to_arrow().num_rows for t in ('theirs.results', 'ours.results')])\n";
    assert_eq!(lake::python(&venv, &format!("{open}{count}"), &[]).trim(), "[2, 40]");
}

#[test]
fn files_of_two_tables_in_one_place_are_left_alone() {
    let project = Project::new();
    two_versions(&project, 30, "eval.predictions");
    let made = python(
        &project,
        "t = catalog.load_table('eval.predictions')\n\
         catalog.create_table('eval.beside', schema=t.schema(), location=t.location() + '/data/beside')\n",
    );
    if made.is_none() {
        return;
    }
    let alone = |table: &str| {
        for args in [&["gc", "--table", table][..], &["gc", "--delete", "--table", table]] {
            project
                .run(args)
                .expect_code(4)
                .stderr_has("in one place")
                .stderr_has("hint: ");
        }
    };
    alone("eval.predictions");
    alone("eval.beside");
    // Also where the other one only writes there.
    python(
        &project,
        "t = catalog.load_table('eval.predictions')\n\
         catalog.create_table('eval.writes', schema=t.schema(), location='file:///tmp/elsewhere', \
         properties={'write.data.path': t.location() + '/data'})\n\
         catalog.drop_table('eval.beside')\n",
    );
    alone("eval.predictions");
}

#[test]
fn a_table_whose_runs_cannot_be_told_apart_is_refused() {
    let project = Project::new();
    two_versions(&project, 30, "eval.predictions");
    let made = python(
        &project,
        "import pyarrow as pa\n\
         rows = pa.table({'Run_ID': ['a'], 'model_version': ['v1'], 'sample_id': ['1']})\n\
         catalog.create_table('eval.theirs', schema=rows.schema).append(rows)\n",
    );
    if made.is_none() {
        return;
    }
    for args in [
        &["runs", "--table", "eval.theirs"][..],
        &["v1", "v2", "--table", "eval.theirs"],
    ] {
        project
            .run(args)
            .expect_code(4)
            .stderr_has("eval.theirs has no column `run_id`")
            .stderr_has("`Run_ID`");
    }
}

/// PyIceberg deletes by writing files anew: the run stays the one it was, as old as it was, and what it lost is said.
#[test]
fn an_old_run_that_lost_rows_does_not_become_the_newest_of_its_version() {
    let project = Project::new();
    for (name, wrong) in [("old.csv", 3), ("new.csv", 7), ("other.csv", 9)] {
        project.file(name, predictions(300, wrong));
    }
    for (file, version) in [("old.csv", "v1"), ("new.csv", "v1"), ("other.csv", "v2")] {
        finish(import(&project, file, version, "eval.predictions")).ok();
    }
    let runs = || project.run(&["runs", "--format", "json"]).ok().json();
    let before = runs();
    let ids = |runs: &serde_json::Value| -> Vec<String> {
        let list = runs.as_array().unwrap().iter();
        list.map(|run| run["run_id"].as_str().unwrap().to_string()).collect()
    };
    let [old, new, other] = ids(&before).try_into().unwrap();
    let delete = format!(
        "t = catalog.load_table('eval.predictions')\n\
         t.delete(\"sample_id == 's-00004' and run_id == '{old}'\")\n\
         print(t.current_snapshot().summary.operation.value)\n"
    );
    let Some(done) = python(&project, &delete) else { return };
    assert_eq!(done, "overwrite\n");

    let after = runs();
    assert_eq!(ids(&after), [old.clone(), new.clone(), other]);
    for kept in ["committed_at", "golden"] {
        assert_eq!(after[0][kept], before[0][kept], "{kept}");
    }
    assert_eq!(after[0]["rows"], 299);
    assert_eq!(after[0]["accuracy"], serde_json::Value::Null, "that of the 300 rows");
    assert_eq!(after[1], before[1]);
    let compared = project.run(&["v1", "v2", "--format", "json"]);
    assert_eq!(compared.ok().json()["baseline"]["run_id"], new.as_str());
    assert!(!compared.stderr.contains("deleted later"), "{compared}");
    let of_old = project.run(&[&format!("run:{old}"), "v2", "--format", "json"]);
    of_old
        .ok()
        .stderr_has("1 of 300 rows of run ")
        .stderr_has("were deleted later: the 299 that are left are read");
    assert_eq!(of_old.json()["baseline"]["golden"], before[0]["golden"]);
    assert_eq!(of_old.json()["accounting"]["matched"], 299);
    // As of a moment before the deletion it has all of its rows.
    let then = before[0]["committed_at"].as_str().unwrap();
    let then = project
        .run(&[&format!("v1@{then}"), "v2", "--format", "json"])
        .ok()
        .json();
    assert_eq!(
        (&then["baseline"]["run_id"], &then["baseline"]["rows"]),
        (&old.as_str().into(), &300.into())
    );
}

/// One job of somebody else's evaluates several versions under one id, and writes them into one file.
#[test]
fn versions_under_one_run_id_are_told_apart() {
    let project = Project::new();
    two_versions(&project, 30, "eval.predictions");
    let made = python(
        &project,
        "import pyarrow as pa\n\
         names = ['run_id', 'model_version', 'sample_id', 'ground_truth', 'prediction']\n\
         row = lambda version, i, answer: dict(zip(names, ['job', version, f's{i}', 'x', answer]))\n\
         rows = [row('v1', i, 'x') for i in range(50)] + [row('v2', i, 'y') for i in range(50)] + [row(None, i, 'y') for i in range(9)]\n\
         rows = pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in names]))\n\
         t = catalog.create_table('eval.job', schema=rows.schema)\n\
         t.append(rows)\n\
         t.overwrite(rows)\n",
    );
    if made.is_none() {
        return;
    }
    let compared = project.run(&["v1", "v2", "--table", "eval.job", "--format", "json"]);
    compared.ok().stderr_lacks("deleted later");
    let compared = compared.json();
    assert_eq!(compared["accounting"]["matched"], 50);
    let rows = |side: &str| compared[side]["rows"].as_u64();
    assert_eq!((rows("baseline"), rows("candidate")), (Some(50), Some(50)));
    assert_eq!(compared["outcomes"]["regressed"], 50);
    let report = project.reports("site").remove(0);
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("verified");
    let queries = std::fs::read_to_string(report.join("reproduce.html")).unwrap();
    for query in [
        "AND &quot;model_version&quot; &#x3D; &#x27;v1&#x27;",
        "EqualTo(&quot;model_version&quot;, &quot;v2&quot;)",
    ] {
        assert!(queries.contains(query), "{query} in {queries}");
    }
    for args in [
        &["run:job", "v2", "--table", "eval.job"][..],
        &["runs", "--table", "eval.job", "--retract", "job", "--why", "a trial"],
    ] {
        project
            .run(args)
            .expect_code(2)
            .stderr_has("fits several runs: job@, job@v1, job@v2")
            .stderr_has("hint: give more characters of the run id, or one of these names after `run:`");
    }
    // One of them is retracted, and not what others write under its id later.
    let retract = |run: &str| project.run(&["runs", "--table", "eval.job", "--retract", run, "--why", "a trial"]);
    retract("v1").expect_code(2).stderr_has("hint: give run:job@v1");
    retract("run:job@v1").ok();
    let other = "t = catalog.load_table('eval.job')\nimport pyarrow as pa\n\
                 rows = t.scan(row_filter=\"model_version = 'v1'\").to_arrow()\n\
                 t.append(rows.set_column(rows.schema.get_field_index('model_version'), 'model_version', pa.array(['v3'] * len(rows))))\n";
    python(&project, other).unwrap();
    let refused = project.run(&["v1", "v2", "--table", "eval.job"]);
    refused.expect_code(2).stderr_has("`v1` is retracted");
    project.run(&["run:job@v3", "v2", "--table", "eval.job"]).ok();
    let none = project.run(&["version:", "v2", "--table", "eval.job", "--format", "json"]);
    assert_eq!(none.ok().json()["baseline"]["rows"], 9);
}

/// A run that a published report needs outlives the deletion of its rows and the expiry of everything else.
#[test]
fn a_pinned_run_of_which_nothing_is_left_is_read_as_of_its_snapshot_after_an_expiry() {
    let project = Project::new();
    two_versions(&project, 100, "eval.predictions");
    let id = project.runs()[0]["run_id"].as_str().unwrap().to_string();
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let target = format!("file://{}/www", project.path().display());
    project.run(&["publish", report.to_str().unwrap(), &target]).ok();
    let done = python(
        &project,
        "t = catalog.load_table('eval.predictions')\n\
         t.delete(\"model_version == 'v1' and sample_id == 's-00001'\")\n\
         t.delete(\"model_version == 'v1'\")\n",
    );
    if done.is_none() {
        return;
    }
    project
        .run(&["runs"])
        .ok()
        .stdout_has(&format!("all rows of run {id} were deleted later"));
    let expire = "from datetime import datetime, timedelta\n\
                  t = catalog.load_table('eval.predictions')\n\
                  t.maintenance.expire_snapshots().older_than(datetime.now() + timedelta(days=1)).commit()\n";
    python(&project, expire);
    let pinned = format!("run:{id}");
    for reference in ["v1", &pinned] {
        let compared = project.run(&[reference, "v2", "--format", "json"]);
        compared.ok().stderr_has("is read as of its snapshot");
        assert_eq!(compared.json()["accounting"]["matched"], 100);
    }
    project.file("other.csv", predictions(100, 9));
    let mut other = import(&project, "other.csv", "v1", "eval.predictions");
    other.args(["--run-id", &id]);
    finish(other).expect_code(2).stderr_has("is there already");
}

/// Equal counts are not equal rows: what was updated counts, also where a pin kept the snapshot before.
#[test]
fn a_pinned_run_whose_rows_were_updated_is_read_as_it_is_after_an_expiry() {
    let project = Project::new();
    two_versions(&project, 100, "eval.predictions");
    let id = project.runs()[0]["run_id"].as_str().unwrap().to_string();
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let target = format!("file://{}/www", project.path().display());
    project.run(&["publish", report.to_str().unwrap(), &target]).ok();
    let update = format!(
        "import pyarrow as pa\n\
         from datetime import datetime, timedelta\n\
         t = catalog.load_table('eval.predictions')\n\
         mine = \"run_id == '{id}'\"\n\
         rows = t.scan(row_filter=mine).to_arrow()\n\
         at = rows.schema.get_field_index('prediction')\n\
         t.overwrite(rows.set_column(at, rows.schema.field(at), pa.array(['neither'] * rows.num_rows, rows.schema.field(at).type)), mine)\n\
         theirs = rows.set_column(rows.schema.get_field_index('model_version'), rows.schema.field('model_version'), \
         pa.array(['v0'] * rows.num_rows, rows.schema.field('model_version').type))\n\
         t.append(theirs)\n\
         t.append(theirs.slice(0, 0))\n\
         t = catalog.load_table('eval.predictions')\n\
         t.maintenance.expire_snapshots().older_than(datetime.now() + timedelta(days=1)).commit()\n"
    );
    if python(&project, &update).is_none() {
        return;
    }
    let compared = project.run(&["v1", "v2", "--format", "json"]);
    compared.ok().stderr_has("were written anew");
    assert_eq!(compared.json()["metrics"][0]["baseline"], 0.0);
    // Another version under the same id is a run of its own.
    let other = project.run(&["v0", "v2", "--format", "json"]).ok().json();
    assert_eq!(other["accounting"]["matched"], 100);
    assert!(other["metrics"][0]["baseline"].as_f64().unwrap() > 0.5);
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("verified");
}

/// Files that were added to a table may have some values in the partition alone, or columns under other names; and files may be
/// older than the columns that tell runs apart.
#[test]
fn what_files_lack_comes_from_partitions_and_mapped_names() {
    let project = Project::new();
    two_versions(&project, 30, "eval.predictions");
    let program = r#"
import os, pyarrow as pa, pyarrow.parquet as pq
from datetime import datetime, timedelta
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import BinaryType, NestedField, StringType

names = ['run_id', 'model_version', 'sample_id', 'ground_truth', 'prediction']
folder = os.path.join(catalog.properties['warehouse'].removeprefix('file://'), 'eval')

def rows(version, answer, columns=names, ids=None):
    row = lambda i: dict(zip(names, [f'run-{version}', version, f's{i}', 'x', answer]))
    fields = [pa.field(n, pa.string(), metadata={'PARQUET:field_id': str(ids + i)} if ids else None)
              for i, n in enumerate(names) if n in columns]
    return pa.Table.from_pylist([row(i) for i in range(40)], schema=pa.schema(fields))

def write(table, rows, version):
    place = f'{folder}/{table}/data/{version}.parquet'
    os.makedirs(os.path.dirname(place), exist_ok=True)
    pq.write_table(rows, place)
    return place

catalog.create_table('eval.mapped', schema=rows('v1', 'x').schema)
for version, answer in [('v1', 'x'), ('v2', 'y')]:
    catalog.load_table('eval.mapped').add_files([write('mapped', rows(version, answer), version)])
with catalog.load_table('eval.mapped').update_schema() as change:
    change.rename_column('prediction', 'answer')
table = catalog.load_table('eval.mapped')
table.append(rows('v3', 'x').rename_columns(names[:4] + ['answer']))
table.maintenance.expire_snapshots().older_than(datetime.now() + timedelta(days=1)).commit()

catalog.create_table('eval.joint', schema=rows('v1', 'x').schema)
both = write('joint', pa.concat_tables([rows('v1', 'x'), rows('v2', 'y')]), 'both')
catalog.load_table('eval.joint').add_files([both])

def hive(name, by, kind, values, columns):
    fields = [NestedField(i + 1, n, StringType(), required=False) for i, n in enumerate(names)]
    schema = Schema(*fields, NestedField(6, 'domain', kind, required=False))
    spec = PartitionSpec(PartitionField(schema.find_field(by).field_id, 1000, IdentityTransform(), by))
    table = catalog.create_table('eval.' + name, schema=schema, partition_spec=spec)
    with table.transaction() as change, change.update_snapshot().fast_append() as append:
        for (version, answer), value in zip([('v1', 'x'), ('v2', 'y')], values):
            place = write(name, rows(version, answer, columns, 1), version)
            append.append_data_file(DataFile.from_args(
                content=DataFileContent.DATA, file_path='file://' + place, file_format=FileFormat.PARQUET,
                partition=Record(value), record_count=40, file_size_in_bytes=os.path.getsize(place), column_sizes={},
                value_counts={}, null_value_counts={}, nan_value_counts={}, lower_bounds={}, upper_bounds={},
                key_metadata=None, split_offsets=None, equality_ids=None, sort_order_id=None, spec_id=0))
hive('hive', 'domain', StringType(), ['mail', 'mail'], names)
hive('blobs', 'domain', BinaryType(), [b'a', b'a'], names)
hive('versions', 'model_version', StringType(), ['v1', 'v2'], [n for n in names if n != 'model_version'])
hive('nowhere', 'model_version', StringType(), [None, 'v2'], [n for n in names if n != 'model_version'])

early = catalog.create_table('eval.early', schema=rows('v1', 'x', names[2:]).schema)
early.append(rows('v0', 'x', names[2:]))
with catalog.load_table('eval.early').update_schema() as change:
    change.add_column('run_id', StringType())
    change.add_column('model_version', StringType())
for version, answer in [('v1', 'x'), ('v2', 'y')]:
    catalog.load_table('eval.early').append(rows(version, answer))
"#;
    if python(&project, program).is_none() {
        return;
    }
    let mapped = [
        "v1",
        "v3",
        "--table",
        "eval.mapped",
        "--pred",
        "answer",
        "--format",
        "json",
    ];
    let compared = project.run(&mapped);
    assert_eq!(compared.ok().json()["outcomes"]["both_correct"], 40);
    for table in ["mapped", "joint", "hive", "versions", "early"] {
        let name = format!("eval.{table}");
        let mut arguments = vec!["v1", "v2", "--table", &name, "--no-search", "--format", "json"];
        let answer = ["--pred", "answer"];
        arguments.extend(answer.iter().filter(|_| table == "mapped"));
        std::fs::remove_dir_all(project.path().join("site")).ok();
        let compared = project.run(&arguments);
        assert_eq!(compared.ok().json()["outcomes"]["regressed"], 40, "{table}");
        let report = project.report();
        project
            .run(&["verify", report.to_str().unwrap()])
            .ok()
            .stdout_has("verified");
    }
    let compared = project.run(&[
        "v1",
        "v2",
        "--table",
        "eval.hive",
        "--slice",
        "domain",
        "--no-search",
        "--format",
        "json",
    ]);
    assert!(compared.ok().json()["slices"].to_string().contains("\"mail\""));
    project
        .run(&["v1", "v2", "--table", "eval.blobs", "--show", "domain"])
        .expect_code(4)
        .stderr_has("lacks the column `domain`, and partition values of type binary are not read");
    // Rows that have no version, whatever the reason, can be named too.
    for table in ["eval.early", "eval.nowhere"] {
        let compared = project.run(&["version:", "v2", "--table", table, "--no-search", "--format", "json"]);
        assert_eq!(compared.ok().json()["outcomes"]["regressed"], 40, "{table}");
        project.run(&["runs", "--table", table]).ok().stdout_has("version:");
    }
}

/// A team's own configuration of PyIceberg leads to the same tables.
#[test]
fn a_catalog_of_pyiceberg_yaml_is_opened_by_its_name() {
    let Some(lake) = lake() else { return };
    let project = Project::new();
    project.file(
        "home/.pyiceberg.yaml",
        format!(
            "catalog:\n  default:\n    type: glue\n  team:\n    uri: http://127.0.0.1:{}\n    warehouse: {WAREHOUSE}\n    \
             scope: catalog\n    credential: {KEY}:{SECRET}\n    s3:\n      region: us-east-1\n      access-key-id: {KEY}\n    \
             s3.endpoint: http://127.0.0.1:{}\n",
            lake.catalog, lake.s3
        ),
    );
    project.file("a.csv", predictions(40, 7));
    let in_team = |mut command: Command| {
        command.env("PYICEBERG_HOME", project.path().join("home"));
        command.env("EVALDIFF_PYICEBERG", "team");
        command.env("PYICEBERG_CATALOG__TEAM__S3__SECRET_ACCESS_KEY", SECRET);
        finish(command)
    };
    leaks_nothing(in_team(import(&project, "a.csv", "v1", "yaml.predictions")).ok());
    let found = lake.python("print(catalog.load_table('yaml.predictions').scan().to_arrow().num_rows)\n");
    assert_eq!(found.trim(), "40");

    // evaldiff.toml names it as well, and what it says itself stands above.
    project.file(
        "evaldiff.toml",
        "table = \"yaml.predictions\"\n[catalog]\npyiceberg = \"team\"\nscope = \"catalog\"\n",
    );
    let mut runs = project.command(&["runs"]);
    runs.env("PYICEBERG_HOME", project.path().join("home"));
    runs.env("PYICEBERG_CATALOG__TEAM__S3__SECRET_ACCESS_KEY", SECRET);
    finish(runs).ok().stdout_has("v1");

    for (name, said) in [
        ("default", "catalog `default` is of type `glue`"),
        ("nobody", "has no catalog named `nobody`"),
    ] {
        let mut command = project.command(&["runs"]);
        command.env("PYICEBERG_HOME", project.path().join("home"));
        command.env("EVALDIFF_PYICEBERG", name);
        finish(command).expect_code(2).stderr_has(said);
    }
}

/// The same for an SQLite catalog, in SQLAlchemy's spelling.
#[test]
fn an_sqlite_catalog_of_pyiceberg_yaml_is_shared() {
    let Some(venv) = environment() else { return };
    let project = Project::new();
    std::fs::create_dir(project.path().join("tables")).unwrap();
    project.file(
        ".pyiceberg.yaml",
        format!(
            "catalog:\n  lab:\n    type: sql\n    uri: sqlite:///{0}/lab.db\n    warehouse: file://{0}/tables\n",
            project.path().display()
        ),
    );
    project.file("a.csv", predictions(40, 7));
    let reading = [
        ("EVALDIFF_PYICEBERG", "lab"),
        ("HOME", project.path().to_str().unwrap()),
    ];
    project
        .run_with(&["runs"], &reading)
        .expect_code(2)
        .stderr_has(&format!("there is no catalog at {}/lab.db", project.path().display()));
    let mut first = import(&project, "a.csv", "v1", "lab.predictions");
    first.env("EVALDIFF_PYICEBERG", "lab");
    first.env("HOME", project.path());
    finish(first).ok();
    let program = "from pyiceberg.catalog import load_catalog\n\
                   print(load_catalog('lab').load_table('lab.predictions').scan().to_arrow().num_rows)\n";
    let home = project.path().to_str().unwrap();
    let rows = lake::python(&venv, program, &[("PYICEBERG_HOME", home)]);
    assert_eq!(rows.trim(), "40");
}

/// Another catalog's table in the same database, and one whose location leads to the same files by a link.
#[test]
fn cleaning_up_knows_tables_that_the_catalog_does_not_show() {
    let Some(venv) = environment() else { return };
    let project = Project::with_runs("binary");
    let home = project.path().join(".evaldiff");
    std::os::unix::fs::symlink(home.join("warehouse"), home.join("link")).unwrap();
    let program = |name: &str, table: &str, more: &str| {
        format!(
            "import pyarrow as pa\nfrom pyiceberg.catalog.sql import SqlCatalog\n\
             catalog = SqlCatalog('{name}', uri='sqlite:///{0}/catalog.db', warehouse='file://{0}/warehouse')\n\
             catalog.create_namespace_if_not_exists('ml_eval_results')\nrows = pa.table({{'a': [1, 2]}})\n\
             t = catalog.create_table_if_not_exists('ml_eval_results.{table}', rows.schema{more})\n\
             if not t.scan().to_arrow().num_rows: t.append(rows)\nprint(t.scan().to_arrow().num_rows)\n",
            home.display()
        )
    };
    let linked = format!(
        ", location='file://{}/link/ml_eval_results/predictions'",
        home.display()
    );
    for (name, table, more) in [
        ("production", "predictions", ""),
        ("evaldiff", "linked", linked.as_str()),
    ] {
        let program = program(name, table, more);
        assert_eq!(lake::python(&venv, &program, &[]).trim(), "2");
        let aged = Command::new("find")
            .arg(home.join("warehouse"))
            .args(["-type", "f", "-exec", "touch", "-d", "3 days ago", "{}", "+"])
            .status();
        assert!(aged.unwrap().success());
        project
            .run(&["gc", "--delete", "--table", "ml_eval_results.predictions"])
            .expect_code(4)
            .stderr_has("are in one place");
        assert_eq!(lake::python(&venv, &program, &[]).trim(), "2", "{name}");
        lake::python(
            &venv,
            &format!("{program}catalog.drop_table('ml_eval_results.{table}')\n"),
            &[],
        );
    }
}
