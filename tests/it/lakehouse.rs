//! Runs in a REST catalog with their files in object storage: appended, compared, and read by others.

use crate::catalogs::{Server, on_each_server};
use crate::harness::{Output, Project, finish, without_seeded};
use crate::lake::{SECRET, import, leaks_nothing, predictions, two_versions};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

on_each_server![
    runs_are_appended_compared_and_verified,
    others_read_what_is_written,
    runs_that_others_appended_are_compared,
    eight_writers_lose_and_double_nothing,
    a_published_report_survives_the_expiry_of_snapshots,
    a_run_is_retracted_and_what_nobody_refers_to_is_cleaned_up,
    a_run_that_processes_import_at_once_is_there_once,
    a_run_that_others_appended_is_not_imported_again,
    every_shape_of_a_table_that_others_wrote_is_read_whole,
    a_run_that_was_deleted_is_read_as_of_its_snapshot_and_that_is_said,
    versions_of_every_spelling_are_stored_and_found,
    tables_in_nested_namespaces_are_found,
];

fn runs_are_appended_compared_and_verified(server: &Server) {
    let project = server.project();
    two_versions(&project, 3000, "basic.predictions");
    let table = ["--table", "basic.predictions"];
    let compared = project.run(&[&["v1", "v2", "--format", "json"][..], &table].concat());
    let json = leaks_nothing(compared.ok()).json();
    assert_eq!(json["accounting"]["matched"], 3000);
    let report = project.reports("site").remove(0);
    let verified = project.run(&["verify", report.to_str().unwrap()]);
    leaks_nothing(verified.ok());
    for (name, bytes) in crate::harness::tree(&project.path().join("site")) {
        let found = bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes());
        assert!(!found, "{name} holds a secret");
    }

    // The same comparison on the embedded catalog: other ids, the same numbers.
    let local = Project::new();
    two_versions(&local, 3000, "basic.predictions");
    let mut here = local.run(&["v1", "v2", "--format", "json"]).ok().json();
    let mut json = json;
    [&mut here, &mut json].into_iter().for_each(without_seeded);
    for part in ["accounting", "outcomes", "metrics", "classes", "confusion", "slices"] {
        assert_eq!(here[part], json[part], "{part}");
    }
}

fn others_read_what_is_written(server: &Server) {
    let project = server.project();
    project.file("a.csv", predictions(500, 7));
    finish(import(&project, "a.csv", "v1", "shared.predictions")).ok();
    let seen = server.python(
        "t = catalog.load_table('shared.predictions')\n\
         rows = sorted(t.scan().to_arrow().to_pylist(), key=lambda r: r['sample_id'])\n\
         print(len(rows), rows[7]['prediction'], rows[8]['prediction'], rows[8]['text'])\n\
         s = t.current_snapshot().summary.additional_properties\n\
         print(s['evaldiff.model-version'], s['evaldiff.row-count'], len(t.snapshots()))\n",
    );
    assert_eq!(seen, "500 maybe yes words of 8\nv1 500 1\n");
}

fn runs_that_others_appended_are_compared(server: &Server) {
    server.python(
        "import pyarrow as pa, datetime\n\
         catalog.create_namespace_if_not_exists('foreign')\n\
         def run(v, k): return pa.table({'run_id': [f'run-{v}'] * 400, 'model_version': [v] * 400,\n  \
         'eval_timestamp': pa.array([datetime.datetime(2026, 3, 1)] * 400, pa.timestamp('us')),\n  \
         'sample_id': [f's{i}' for i in range(400)][::-1], 'ground_truth': ['x'] * 400,\n  \
         'prediction': ['y' if i % k == 0 else 'x' for i in range(400)][::-1],\n  \
         'tags': pa.array([['a', 'b']] * 400, pa.list_(pa.string()))})\n\
         first = run('v1', 4)\n\
         t = catalog.create_table('foreign.results', schema=first.schema)\n\
         t.append(first)\n\
         t.append(run('v2', 8))\n",
    );
    let project = server.project();
    let compared = project.run(&["v1", "v2", "--table", "foreign.results", "--format", "json"]);
    let json = compared.ok().json();
    assert_eq!(json["outcomes"]["fixed"], 50);
    assert_eq!(json["outcomes"]["both_wrong"], 50);
}

fn eight_writers_lose_and_double_nothing(server: &Server) {
    const WRITERS: usize = 8;
    const EACH: usize = 20;
    let project = server.project();
    project.file("a.csv", predictions(50, 7));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let project = &project;
            scope.spawn(move || {
                for i in 0..EACH {
                    let version = format!("w{writer}-{i}");
                    let args = [
                        "--table",
                        "crowd.predictions",
                        "--run-id",
                        &uuid::Uuid::now_v7().to_string(),
                    ];
                    let mut command =
                        project.command(&[&["import", "a.csv", "--model-version", &version][..], &args].concat());
                    command.stdin(Stdio::null());
                    leaks_nothing(finish(command).ok());
                }
            });
        }
    });
    let runs = runs_of(&project, "crowd.predictions");
    let versions: BTreeSet<&str> = runs.iter().map(|r| r["model_version"].as_str().unwrap()).collect();
    assert_eq!((runs.len(), versions.len()), (WRITERS * EACH, WRITERS * EACH));
    let rows = server.python("print(catalog.load_table('crowd.predictions').scan().to_arrow().num_rows)\n");
    assert_eq!(rows.trim(), (WRITERS * EACH * 50).to_string());
    println!(
        "{}: {WRITERS} writer processes at once, {} runs acknowledged, {} present, each once and whole",
        server.name,
        WRITERS * EACH,
        runs.len()
    );
}

/// One run id, several processes: whoever is first brings the run, the same rows are as good, and others are refused.
fn a_run_that_processes_import_at_once_is_there_once(server: &Server) {
    let project = server.project();
    let table = "raced.predictions";
    project.file("a.csv", predictions(60, 7));
    project.file("b.csv", predictions(60, 9));
    finish(import(&project, "a.csv", "v0", table)).ok();
    for round in 0..3 {
        let id = uuid::Uuid::now_v7().to_string();
        let version = format!("v{}", round + 1);
        let codes: Vec<(bool, Output)> = std::thread::scope(|scope| {
            let one = |file: &'static str| {
                let mut command = import(&project, file, &version, table);
                command.args(["--run-id", &id]);
                scope.spawn(move || (file == "a.csv", finish(command)))
            };
            let all: Vec<_> = ["a.csv", "a.csv", "a.csv", "b.csv"].map(one).into_iter().collect();
            all.into_iter().map(|process| process.join().unwrap()).collect()
        });
        let said = |codes: &[(bool, Output)]| codes.iter().map(|(_, output)| output.to_string()).collect::<String>();
        let well = |of_a: bool| {
            codes
                .iter()
                .filter(|(a, output)| *a == of_a && output.code == Some(0))
                .count()
        };
        assert!(matches!((well(true), well(false)), (3, 0) | (0, 1)), "{}", said(&codes));
        for (_, output) in codes.iter().filter(|(_, output)| output.code != Some(0)) {
            output.expect_code(2).stderr_has("is there already, with other rows");
        }
    }
    let rows = server.python(&format!(
        "print(catalog.load_table('{table}').scan().to_arrow().num_rows)\n"
    ));
    assert_eq!(rows.trim(), "240");
}

/// A run that others brought under this id is not brought again.
fn a_run_that_others_appended_is_not_imported_again(server: &Server) {
    let project = server.project();
    let (table, id) = ("theirs.predictions", "01900000-0000-7000-8000-00000000000a");
    project.file("a.csv", predictions(60, 7));
    finish(import(&project, "a.csv", "v0", table)).ok();
    server.python(&format!(
        "import pyarrow as pa\nt = catalog.load_table('{table}')\nrows = t.scan().to_arrow()\n\
         put = lambda name, value: rows.set_column(rows.column_names.index(name), rows.schema.field(name), \
         pa.array([value] * len(rows), pa.string()))\n\
         rows = put('run_id', '{id}')\nrows = put('model_version', 'v1')\nt.append(rows)\n"
    ));
    let again = |file: &str| {
        let mut command = import(&project, file, "v1", table);
        command.args(["--run-id", id]);
        finish(command)
    };
    again("a.csv")
        .ok()
        .stdout_has("is already there")
        .stderr_has("only its number of rows could be compared");
    project.file("more.csv", predictions(61, 7));
    again("more.csv").expect_code(2).stderr_has("is there already");
    assert_eq!(runs_of(&project, table).len(), 2);
}

/// The runs of a table, as `evaldiff runs` lists them.
pub fn runs_of(project: &Project, table: &str) -> Vec<serde_json::Value> {
    let listed = project.run(&["runs", "--table", table, "--format", "json"]);
    listed.ok().json().as_array().unwrap().clone()
}

/// Expires every snapshot that nothing protects, as PyIceberg does.
const EXPIRE: &str = "
from datetime import datetime, timedelta
t.maintenance.expire_snapshots().older_than(datetime.now() + timedelta(days=1)).commit()
print(len(catalog.load_table(t.name()).snapshots()))
";

fn a_published_report_survives_the_expiry_of_snapshots(server: &Server) {
    let project = server.project();
    project
        .file("a.csv", predictions(200, 7))
        .file("b.csv", predictions(200, 9));
    for (file, version) in [("a.csv", "v1"), ("b.csv", "v2"), ("a.csv", "v3"), ("b.csv", "v4")] {
        finish(import(&project, file, version, "kept.predictions")).ok();
    }
    let compare = |a: &str, b: &str, out: &str| {
        project.run(&[a, b, "--table", "kept.predictions", "--out", out]).ok();
        project.reports(out).remove(0).to_str().unwrap().to_string()
    };
    let (kept, lost) = (compare("v1", "v2", "kept"), compare("v2", "v3", "lost"));
    let target = format!("file://{}/www", project.path().display());
    project.run(&["publish", &kept, &target]).ok().stderr_has("pinned");
    project.run(&["publish", &lost, &target, "--no-pin"]).ok();
    let properties = "import json\nfor k, v in catalog.load_table('kept.predictions').properties.items():\n  \
                      if k.startswith('evaldiff.published.'): print(k, len(json.loads(v)['snapshots']), v)\n";
    let held = server.python(properties);
    let folder = Path::new(&kept).strip_prefix(project.path().join("kept")).unwrap();
    let place = format!("{target}\0{}", folder.display());
    let digest = &blake3::hash(place.as_bytes()).to_hex()[..16];
    assert!(held.starts_with(&format!("evaldiff.published.{digest} 2 ")), "{held}");
    assert!(held.contains(&target) && held.lines().count() == 1, "{held}");
    let pins = project.run(&["pins", "lost", "--table", "kept.predictions"]);
    pins.ok().stdout_has("not pinned: the next expiry may take it");

    let left = server.python(&format!("t = catalog.load_table('kept.predictions')\n{EXPIRE}"));
    assert_eq!(left.trim(), "3", "v1 and v2 are pinned, v4 is current");
    project.run(&["verify", &kept]).ok().stdout_has("verified");
    let verified = project.run(&["verify", &lost]);
    verified
        .expect_code(3)
        .stdout_has("confirmed: the rows of v3 are still in the table");
    let pins = project.run(&["pins", "lost", "--table", "kept.predictions"]);
    pins.ok().stdout_has("gone: its reports have lost their evidence");

    project.run(&["unpin", &kept]).ok().stdout_has("no longer pinned");
    project.run(&["unpin", &kept]).ok().stdout_has("was not pinned");
    let tags = server.python("print(sorted(catalog.load_table('kept.predictions').metadata.refs))\n");
    assert_eq!(tags.trim(), "['main']");
    assert_eq!(server.python(properties), "");

    server.python("catalog.drop_table('kept.predictions')\n");
    let verified = project.run(&["verify", &kept]);
    verified
        .expect_code(3)
        .stderr_has("table kept.predictions is gone from the catalog");
}

fn a_run_is_retracted_and_what_nobody_refers_to_is_cleaned_up(server: &Server) {
    let project = server.project();
    let table = "mistakes.predictions";
    two_versions(&project, 60, table);
    finish(import(&project, "a.csv", "v2", table)).ok();
    let runs = project.run(&["runs", "--table", table, "--format", "json"]).ok().json();
    let wrong = runs[2]["run_id"].as_str().unwrap();
    let retract = ["runs", "--table", table, "--retract", wrong, "--why", "the old file"];
    leaks_nothing(project.run(&retract).ok());
    let compared = project.run(&["v1", "v2", "--table", table, "--format", "json"]);
    compared.ok().stderr_has("is retracted and was skipped: the old file");
    assert_eq!(compared.json()["candidate"]["run_id"], runs[1]["run_id"]);

    // A killed writer leaves such files. They are young here, which `gc` spares; the library is asked about all.
    server.python(&format!(
        "t = catalog.load_table('{table}')\n\
         for name in ('data/model_version=v9/left.parquet', 'metadata/left-m0.avro'):\n    \
         with t.io.new_output(f'{{t.location()}}/{{name}}').create() as file:\n        file.write(b'left')\n"
    ));
    project
        .run(&["gc", "--table", table])
        .ok()
        .stdout_has("0 files older than a day");
    let env = |_: &str| None;
    let config = evaldiff::config::Config::load(&Default::default(), &env, project.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = evaldiff::store::Store::open(&config.catalog).await.unwrap();
        let orphans = store.orphans(table, i64::MAX).await.unwrap().files;
        let names: Vec<&str> = orphans.iter().filter_map(|o| o.location.rsplit('/').next()).collect();
        assert_eq!(names, ["left.parquet", "left-m0.avro"]);
        for orphan in &orphans {
            store.delete_orphan(table, orphan).await.unwrap();
        }
        assert_eq!(store.orphans(table, i64::MAX).await.unwrap().files.len(), 0);
    });
    let again = project
        .run(&["v1", "v2", "--table", table, "--format", "json"])
        .ok()
        .json();
    assert_eq!(again["metrics"], compared.json()["metrics"]);
}

/// Rows as a PySpark job appends them: no word of evaldiff. `run(version, wrong, of)` has samples `of`, every `wrong`-th answer wrong.
const JOB: &str = "
import pyarrow as pa, datetime
catalog.create_namespace_if_not_exists('shapes')
def run(v, wrong, of=range(400), **more):
    of = list(of)
    at = pa.array([datetime.datetime(2026, 3, 1 + i % 3) for i in of], pa.timestamp('us'))
    return pa.table({'run_id': [f'run-{v}'] * len(of), 'model_version': [v] * len(of), 'eval_timestamp': at,
      'sample_id': [f's{i}' for i in of], 'ground_truth': ['x'] * len(of),
      'prediction': ['y' if i % wrong == 0 else 'x' for i in of], **{k: [x] * len(of) for k, x in more.items()}})
def table(name, first):
    if catalog.table_exists(f'shapes.{name}'):
        catalog.drop_table(f'shapes.{name}')
    return catalog.create_table(f'shapes.{name}', schema=first.schema)
";

/// (matched, regressed, fixed, both wrong) of `v1 v2`.
fn outcome(project: &Project, table: &str) -> [u64; 4] {
    let json = project
        .run(&["v1", "v2", "--table", table, "--format", "json"])
        .ok()
        .json();
    let at = |pointer: &str| json.pointer(pointer).unwrap().as_u64().unwrap();
    [
        "/accounting/matched",
        "/outcomes/regressed",
        "/outcomes/fixed",
        "/outcomes/both_wrong",
    ]
    .map(at)
}

fn every_shape_of_a_table_that_others_wrote_is_read_whole(server: &Server) {
    let shapes: [(&str, &str, [u64; 4]); 9] = [
        (
            "one_snapshot",
            "t = table('one_snapshot', run('v1', 4))
t.append(pa.concat_tables([run('v1', 4), run('v2', 8)]))",
            [400, 0, 50, 50],
        ),
        (
            "several_snapshots",
            "t = table('several_snapshots', run('v1', 4))
t.append(run('v1', 4, range(0, 150)))
t.append(run('v2', 8, range(0, 300)))
t.append(run('v1', 4, range(150, 400)))
t.append(run('v2', 8, range(300, 400)))",
            [400, 0, 50, 50],
        ),
        (
            "by_day",
            "from pyiceberg.transforms import DayTransform, IdentityTransform
t = table('by_day', run('v1', 4))
with t.update_spec() as s:
    s.add_field('eval_timestamp', DayTransform(), 'day')
t.append(pa.concat_tables([run('v1', 4), run('v2', 8)]))",
            [400, 0, 50, 50],
        ),
        (
            "by_version",
            "from pyiceberg.transforms import IdentityTransform
t = table('by_version', run('v1', 4))
with t.update_spec() as s:
    s.add_field('model_version', IdentityTransform(), 'model_version')
t.append(pa.concat_tables([run('v1', 4), run('v2', 8)]))",
            [400, 0, 50, 50],
        ),
        (
            "rows_deleted",
            "t = table('rows_deleted', run('v1', 4))
t.append(run('v1', 4)); t.append(run('v2', 8))
t.delete(\"sample_id in ('s0', 's4', 's1')\")",
            [397, 0, 49, 49],
        ),
        (
            "overwritten",
            "t = table('overwritten', run('v1', 4))
t.append(run('v1', 2)); t.append(run('v2', 8))
t.overwrite(run('v1', 4), overwrite_filter=\"model_version == 'v1'\")",
            [400, 0, 50, 50],
        ),
        (
            "renamed",
            "t = table('renamed', run('v1', 4, note=1))
t.append(run('v1', 4, note=1))
with t.update_schema() as s:
    s.rename_column('prediction', 'answer')
with t.update_schema() as s:
    # PyIceberg could not delete the newest column of all: it would send a lower last column id, which is refused.
    for name in ('prediction', 'later'):
        s.add_column(name, __import__('pyiceberg.types').types.StringType())
with t.update_schema() as s:
    s.delete_column('prediction'); s.move_first('ground_truth')
with t.update_schema() as s:
    s.rename_column('answer', 'prediction'); s.delete_column('note')
t.append(run('v2', 8, later='z').select([f.name for f in t.schema().fields]))",
            [400, 0, 50, 50],
        ),
        (
            "promoted",
            "import pyarrow.compute as pc
from pyiceberg.types import LongType, DoubleType
def scored(v, wrong, i, f):
    r = run(v, wrong)
    return r.append_column('bucket', pa.array([1] * 400, i)).append_column('confidence', pa.array([0.5] * 400, f))
t = table('promoted', scored('v1', 4, pa.int32(), pa.float32()))
t.append(scored('v1', 4, pa.int32(), pa.float32()))
with t.update_schema() as s:
    s.update_column('bucket', field_type=LongType()); s.update_column('confidence', field_type=DoubleType())
t.append(scored('v2', 8, pa.int64(), pa.float64()))",
            [400, 0, 50, 50],
        ),
        (
            "branched",
            "t = table('branched', run('v1', 4))
t.append(run('v1', 4)); t.append(run('v2', 8))
t.manage_snapshots().create_branch(snapshot_id=t.current_snapshot().snapshot_id, branch_name='trial').commit()
t.append(run('v2', 2), branch='trial')",
            [400, 0, 50, 50],
        ),
    ];
    let project = server.project();
    for (name, program, expected) in shapes {
        server.python(&format!("{JOB}\n{program}\n"));
        assert_eq!(outcome(&project, &format!("shapes.{name}")), expected, "{name}");
        let report = project
            .reports("site")
            .into_iter()
            .find(|r| r.to_str().unwrap().contains(&format!("shapes.{name}/")));
        project
            .run(&["verify", report.unwrap().to_str().unwrap()])
            .ok()
            .stdout_has("verified");
    }
}

fn a_run_that_was_deleted_is_read_as_of_its_snapshot_and_that_is_said(server: &Server) {
    let project = server.project();
    two_versions(&project, 100, "removed.predictions");
    let compare = ["v1", "v2", "--table", "removed.predictions"];
    let before = project.run(&compare);
    assert!(!before.ok().stderr.contains("notice"), "{before}");
    server.python("catalog.load_table('removed.predictions').delete(\"model_version == 'v1'\")\n");
    project
        .run(&compare)
        .ok()
        .stderr_has("notice: v1 is read as of its snapshot: 1 of the 1 data files");
    let report = project.reports("site").remove(0);
    project
        .run(&["verify", report.to_str().unwrap()])
        .ok()
        .stdout_has("were removed from the table by a later commit");
    // Also where it lost a row before it lost the rest.
    let delete = |what: &str| {
        server.python(&format!(
            "catalog.load_table('removed.predictions').delete(\"{what}\")\n"
        ))
    };
    delete("model_version == 'v2' and sample_id == 's-00001'");
    delete("model_version == 'v2'");
    project
        .run(&compare)
        .ok()
        .stderr_has("notice: v2 is read as of its snapshot");
}

/// SeaweedFS refuses objects in folders whose names it does not expect in a table.
fn versions_of_every_spelling_are_stored_and_found(server: &Server) {
    let project = server.project();
    project.file("a.csv", predictions(20, 7));
    for version in ["v0.7.1", "1.2.0+build~7", "Modèle 3/β"] {
        finish(import(&project, "a.csv", version, "spelled.predictions")).ok();
        let runs = project.run(&["runs", "--table", "spelled.predictions", "--format", "json"]);
        runs.ok().stdout_has(version);
    }
    project
        .run(&["v0.7.1", "1.2.0+build~7", "--table", "spelled.predictions"])
        .ok();
}

fn tables_in_nested_namespaces_are_found(server: &Server) {
    let project = server.project();
    two_versions(&project, 30, "deep.er.predictions");
    two_versions(&project, 30, "shallow.predictions");
    project.run(&["v1", "v2", "--table", "deep.er.predictions"]).ok();
    // Without a name, all there are to choose from.
    project
        .run(&["runs"])
        .expect_code(2)
        .stderr_has("deep.er.predictions")
        .stderr_has("shallow.predictions");
}
