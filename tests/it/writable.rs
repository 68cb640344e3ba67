//! Runs into tables that others made: their partitions are written as they have them, and what cannot be written is refused
//! before anything changes.

use crate::harness::Project;
use crate::interchange::python;
use crate::lake::two_versions;

const HEAD: &str = r#"
from pyiceberg.partitioning import PartitionField, PartitionSpec, UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.transforms import *
from pyiceberg.types import *

def make(name, by=None, properties={}, **changed):
    kinds = dict(run_id=StringType(), model_version=StringType(), eval_timestamp=TimestamptzType(), sample_id=StringType(),
                 ground_truth=StringType(), prediction=StringType())
    kinds.update(changed)
    fields = [NestedField(i + 1, name, kind[0] if isinstance(kind, tuple) else kind, required=isinstance(kind, tuple))
              for i, (name, kind) in enumerate(kinds.items()) if kind]
    schema = Schema(*fields)
    spec = UNPARTITIONED_PARTITION_SPEC
    if by:
        spec = PartitionSpec(*[PartitionField(schema.find_field(column).field_id, 1000 + i, transform, f'p{i}')
                               for i, (column, transform) in enumerate(by)])
    return catalog.create_table('eval.' + name, schema=schema, partition_spec=spec, properties=properties)
"#;

#[test]
fn partitions_of_what_a_run_has_one_of_are_written() {
    let project = Project::new();
    two_versions(&project, 60, "eval.predictions");
    let tables = r#"
make('days', [('eval_timestamp', DayTransform())])
make('hours', [('eval_timestamp', HourTransform()), ('model_version', IdentityTransform())], eval_timestamp=TimestampType())
make('months', [('eval_timestamp', MonthTransform()), ('run_id', BucketTransform(16))])
make('years', [('eval_timestamp', YearTransform()), ('model_version', TruncateTransform(1)), ('run_id', VoidTransform())])
make('times', [('eval_timestamp', IdentityTransform())])
"#;
    if python(&project, &format!("{HEAD}{tables}")).is_none() {
        return;
    }
    let names = ["days", "hours", "months", "years", "times"];
    for name in names {
        let table = format!("eval.{name}");
        for (file, version) in [("a.csv", "v1"), ("b.csv", "v2")] {
            project
                .run(&["import", file, "--model-version", version, "--table", &table])
                .ok();
        }
        project.run(&["v1", "v2", "--table", &table]).ok();
    }
    for report in project.reports("site") {
        project
            .run(&["verify", report.to_str().unwrap()])
            .ok()
            .stdout_has("verified");
    }
    // Others find the rows by their partitions, and have made the same ones of the values.
    let check = format!(
        r#"
from datetime import datetime, timedelta, timezone
for name in {names:?}:
    table = catalog.load_table('eval.' + name)
    zone = None if name == 'hours' else timezone.utc
    now = datetime.now(timezone.utc).replace(tzinfo=zone)
    today = f"eval_timestamp > '{{(now - timedelta(hours=1)).isoformat()}}' and eval_timestamp < '{{(now + timedelta(hours=1)).isoformat()}}'"
    for version in ('v1', 'v2'):
        found = table.scan(row_filter=f"model_version = '{{version}}' and {{today}}").to_arrow()
        assert len(found) == 60, (name, version, len(found))
    ids = set(table.scan().to_arrow()['run_id'].to_pylist())
    assert len(ids) == 2 and len(table.scan(row_filter=f"run_id = '{{min(ids)}}'").to_arrow()) == 60, name
    for task in table.scan().plan_files():
        spec = table.specs()[task.file.spec_id]
        row = table.scan(row_filter=f"run_id in {{tuple(ids)}}").to_arrow()
        rows = [r for r in row.to_pylist() if r['model_version'] in task.file.file_path]
        assert rows, task.file.file_path
        for i, field in enumerate(spec.fields):
            source = table.schema().find_field(field.source_id)
            value = rows[0][source.name]
            if isinstance(value, datetime):
                value = int(value.replace(tzinfo=timezone.utc).timestamp()) * 1_000_000 + value.microsecond
            expected = field.transform.transform(source.field_type)(value)
            assert task.file.partition[i] == expected, (name, field, task.file.partition[i], expected)
print('same')
"#
    );
    assert_eq!(python(&project, &check).unwrap().trim(), "same");
}

#[test]
fn a_table_that_could_not_be_used_any_more_is_refused_and_stays_as_it_was() {
    let project = Project::new();
    two_versions(&project, 60, "eval.predictions");
    project.file("cased.csv", "id,label,pred,channel\n1,a,a,mail\n2,a,b,chat\n");
    project.file("both.csv", "id,label,pred,lang,Lang\n1,a,a,de,en\n2,a,b,de,en\n");
    let tables = r#"
make('domains', [('domain', IdentityTransform())], domain=StringType())
make('keys', [('sample_id', BucketTransform(4))])
make('numbers', run_id=LongType())
make('versions', model_version=IntegerType())
make('dates', eval_timestamp=DateType())
make('bare', run_id=None, model_version=None)
make('needs', reviewer=(StringType(),))
make('cased', Channel=StringType())
make('ids', sample_id=LongType())
make('elsewhere', properties={'write.metadata.path': catalog.properties['warehouse'] + '/meta'})
"#;
    if python(&project, &format!("{HEAD}{tables}")).is_none() {
        return;
    }
    let another = "import into another table";
    for (table, file, reason, way_out) in [
        (
            "domains",
            "a.csv",
            "it is partitioned by `domain`, of which a run has more than one value",
            another,
        ),
        (
            "keys",
            "a.csv",
            "it is partitioned by bucket[4] of `sample_id`",
            another,
        ),
        (
            "numbers",
            "a.csv",
            "its column `run_id` is of type long, and evaldiff writes text",
            another,
        ),
        (
            "versions",
            "a.csv",
            "its column `model_version` is of type int, and evaldiff writes text",
            another,
        ),
        (
            "dates",
            "a.csv",
            "its column `eval_timestamp` is of type date, and evaldiff writes a timestamp",
            another,
        ),
        ("bare", "a.csv", "has no column `run_id`", ""),
        (
            "needs",
            "a.csv",
            "it requires a value of `reviewer`, which the run does not have",
            "add the column to the input",
        ),
        (
            "cased",
            "cased.csv",
            "the columns `Channel` and `channel` differ in case alone",
            "another name: `Channel`",
        ),
        (
            "ids",
            "a.csv",
            "\"sample_id\" is integer in the table, and evaldiff writes keys as text",
            another,
        ),
        (
            "elsewhere",
            "a.csv",
            "its property write.metadata.path puts metadata into",
            "unset that property",
        ),
        (
            "predictions",
            "both.csv",
            "the columns `lang` and `Lang` differ in case alone",
            "another name",
        ),
        (
            "none",
            "both.csv",
            "the columns `lang` and `Lang` differ in case alone",
            "another name",
        ),
    ] {
        let name = format!("eval.{table}");
        for dry in [&["--dry-run"][..], &[]] {
            let import = [&["import", file, "--model-version", "v9", "--table", &name], dry].concat();
            let refused = project.run(&import);
            assert!(
                refused.code.is_some_and(|code| code == 4 || code == 2),
                "{table}: {refused}"
            );
            refused.stderr_has(reason).stderr_has(way_out);
        }
    }
    let check = "for space, name in sorted(catalog.list_tables('eval')):\n    \
                 t = catalog.load_table((space, name))\n    \
                 if name != 'predictions': assert not t.snapshots() and len(t.schemas()) == 1, name\n\
                 print(len(catalog.load_table('eval.predictions').snapshots()), catalog.table_exists('eval.none'))\n";
    assert_eq!(python(&project, check).unwrap().trim(), "2 False");
    // What it adds to a table is said.
    project.file("more.csv", "id,label,pred,channel,n\n1,a,a,mail,1\n2,a,b,chat,2\n");
    project
        .run(&[
            "import",
            "more.csv",
            "--model-version",
            "v3",
            "--table",
            "eval.predictions",
        ])
        .ok()
        .stderr_has("notice: eval.predictions gets the column `n`");
}

/// Another engine renamed what every run has: a new run would have it in another column.
#[test]
fn a_renamed_label_column_is_said_before_a_run_is_added() {
    let project = Project::new();
    two_versions(&project, 60, "eval.predictions");
    for (column, part) in [
        ("ground_truth", "ground truth"),
        ("prediction", "prediction"),
        ("sample_id", "key"),
    ] {
        let rename = |from: &str, to: &str| {
            let program = format!(
                "with catalog.load_table('eval.predictions').update_schema(allow_incompatible_changes=True) as change:\n    \
                 change.rename_column('{from}', '{to}')\n"
            );
            python(&project, &program).is_some()
        };
        if !rename(column, "other") {
            return;
        }
        project
            .run(&["import", "a.csv", "--model-version", "v3"])
            .expect_code(4)
            .stderr_has(&format!(
                "its column `{column}`, the {part} of its runs, was renamed or dropped"
            ))
            .stderr_has("hint: have another engine rename it back");
        rename("other", column);
    }
    project.run(&["import", "b.csv", "--model-version", "v3"]).ok();
    project.run(&["v1", "v3"]).ok();
}

/// A moment is looked at as the table was then, whatever was rolled back since.
#[test]
fn a_moment_before_a_rollback_has_what_was_there_then() {
    let project = Project::new();
    two_versions(&project, 60, "eval.predictions");
    let first = project.runs()[0]["run_id"].clone();
    project.file("c.csv", crate::lake::predictions(60, 3));
    project.run(&["import", "c.csv", "--model-version", "v1"]).ok();
    let runs = project.runs();
    let newer = &runs[2];
    let program = "t = catalog.load_table('eval.predictions')\n\
                   first = sorted(t.snapshots(), key=lambda s: s.sequence_number)[1]\n\
                   t.manage_snapshots().set_current_snapshot(snapshot_id=first.snapshot_id).commit()\n";
    if python(&project, program).is_none() {
        return;
    }
    let baseline = |reference: &str| {
        let compared = project.run(&[reference, "v2", "--format", "json"]);
        compared.ok().json()["baseline"]["run_id"].clone()
    };
    let moment = newer["committed_at"].as_str().unwrap();
    assert_eq!(baseline(&format!("v1@{moment}")), newer["run_id"]);
    assert_eq!(baseline("v1"), first);
}
