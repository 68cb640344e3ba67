//! Types of columns in tables of other writers: equal values are equal whatever type a file has them in, or the comparison
//! is refused.

use crate::harness::{Output, Project};
use crate::interchange::python;
use crate::lake::two_versions;
use serde_json::Value;

/// `make(NAME, column=(TYPE, VALUE of row and version))` makes the table `eval.NAME`, by default of texts: 100 samples, of
/// which v1 has every fourth wrong and v2 every sixth. Returned is a function that appends rows of a version.
const MAKE: &str = r"
import datetime, decimal, uuid
import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.types import *

text = StringType()
right = lambda i, v: i % 2
said = lambda i, v: (i + 1) % 2 if i % (4 if v == 1 else 6) == 0 else i % 2

def make(name, once=False, **columns):
    base = dict(run_id=(text, lambda i, v: f'r{v}'), model_version=(text, lambda i, v: f'v{v}'),
                sample_id=(text, lambda i, v: f's{i}'), ground_truth=(text, lambda i, v: 'xz'[right(i, v)]),
                prediction=(text, lambda i, v: 'xz'[said(i, v)]))
    base.update(columns)
    fields = [NestedField(i + 1, column, of, required=False) for i, (column, (of, _)) in enumerate(base.items())]
    catalog.create_table(f'eval.{name}', schema=Schema(*fields))
    def append(*versions):
        t = catalog.load_table(f'eval.{name}')
        rows = [{c: value(i, v) for c, (_, value) in base.items()} for v in versions for i in range(100)]
        t.append(pa.Table.from_pylist(rows, schema=t.schema().as_arrow()))
    if once: append(1, 2)
    else: append(1); append(2)

def labels(name, truth, prediction):
    make(name, ground_truth=(truth[0], lambda i, v: truth[1](right(i, v))),
         prediction=(prediction[0], lambda i, v: prediction[1](said(i, v))))

def promote(name, of, *columns):
    with catalog.load_table(f'eval.{name}').update_schema() as update:
        for column in columns: update.update_column(column, of)
";

/// A project with the tables that a program makes; `None` without PyIceberg.
fn project(program: &str) -> Option<Project> {
    let project = Project::new();
    two_versions(&project, 10, "eval.predictions");
    python(&project, &format!("{MAKE}{program}")).map(|_| project)
}

fn compare(project: &Project, table: &str, args: &[&str]) -> Output {
    let table = format!("eval.{table}");
    project.run(&[&["v1", "v2", "--table", &table, "--format", "json"], args].concat())
}

/// Right in v1 and in v2, of 100 samples.
fn right(json: &Value) -> [u64; 2] {
    assert_eq!(json["accounting"]["matched"], 100);
    let of = |name: &str| json["outcomes"][name].as_u64().unwrap();
    [of("both_correct") + of("regressed"), of("both_correct") + of("fixed")]
}

#[test]
fn labels_of_types_that_write_equal_values_differently_are_refused() {
    let program = "
D = decimal.Decimal
day = lambda k: datetime.date(2026, 1, 1 + k)
moment = lambda k: datetime.datetime(2026, 1, 1 + k)
zoned = lambda k: moment(k).replace(tzinfo=datetime.timezone.utc)
whole, dec, truth = (IntegerType(), int), (DecimalType(10, 2), D), (BooleanType(), lambda k: k == 1)
labels('dec_int', dec, whole)
labels('int_dec', whole, dec)
labels('dec_dec', dec, (DecimalType(12, 4), D))
labels('bool_int', truth, whole)
labels('date_ts', (DateType(), day), (TimestampType(), moment))
labels('ntz_tz', (TimestampType(), moment), (TimestamptzType(), zoned))
labels('bool_str', truth, (text, lambda k: str(k == 1)))
labels('str_ts', (text, lambda k: str(moment(k))), (TimestampType(), moment))
labels('dec_str', dec, (text, str))
labels('int_long', whole, (LongType(), int))
labels('int_text', whole, (text, str))
labels('bool_bool', truth, truth)
labels('bool_text', truth, (text, lambda k: str(k == 1).lower()))
labels('dec_wide', dec, (DecimalType(20, 2), D))
labels('whole_dec', (DecimalType(10, 0), D), whole)
labels('date_text', (DateType(), day), (text, lambda k: str(day(k))))
";
    let Some(project) = project(program) else { return };
    for (table, truth, prediction) in [
        ("dec_int", "decimal(10, 2)", "integer"),
        ("int_dec", "integer", "decimal(10, 2)"),
        ("dec_dec", "decimal(10, 2)", "decimal(12, 4)"),
        ("bool_int", "boolean", "integer"),
        ("date_ts", "date", "timestamp without zone"),
        ("ntz_tz", "timestamp without zone", "timestamp with zone"),
        // What the texts hold tells.
        ("bool_str", "boolean", "text"),
        ("str_ts", "text", "timestamp without zone"),
        ("dec_str", "decimal(10, 2)", "text"),
    ] {
        compare(&project, table, &[])
            .expect_code(2)
            .stderr_has(&format!("`ground_truth` ({truth}) and `prediction` ({prediction})"))
            .stderr_has("hint: cast one of them")
            .stderr_has("--label-map");
    }
    assert!(project.reports("site").is_empty(), "a report was written");
    compare(&project, "bool_str", &[])
        .expect_code(2)
        .stderr_has("`false` and `False`");
    for table in [
        "int_long",
        "int_text",
        "bool_bool",
        "bool_text",
        "dec_wide",
        "whole_dec",
        "date_text",
    ] {
        assert_eq!(right(&compare(&project, table, &[]).ok().json()), [75, 83], "{table}");
    }

    // The ways out.
    for table in ["dec_int", "dec_dec"] {
        compare(&project, table, &[]).stderr_has("--kind numeric");
        let json = compare(&project, table, &["--kind", "numeric"]).ok().json();
        assert_eq!(json["metrics"][0]["baseline"], 0.25, "{table}");
    }
    project.file("python.json", r#"{"True": "true", "False": "false"}"#);
    project.file("numbers.json", r#"{"1": "true", "0": "false"}"#);
    project.file("half.json", r#"{"1": "true"}"#);
    project.file("other.json", r#"{"n/a": "none"}"#);
    for (table, map) in [("bool_str", "python.json"), ("bool_int", "numbers.json")] {
        assert_eq!(
            right(&compare(&project, table, &["--label-map", map]).ok().json()),
            [75, 83]
        );
    }
    compare(&project, "bool_int", &["--label-map", "half.json"])
        .expect_code(2)
        .stderr_has("`false` and `0`");
    compare(&project, "date_ts", &["--label-map", "other.json"]).expect_code(2);
}

#[test]
fn files_that_are_older_than_a_promotion_have_the_values_of_newer_ones() {
    let program = "
import struct
single = lambda x: struct.unpack('f', struct.pack('f', x))[0]
key, band = (FloatType(), lambda i, v: single(i / 10)), (FloatType(), lambda i, v: single(i % 3 / 10))
def promoted(name, to, *columns, **types):
    make(name, **types)
    t = catalog.load_table(f'eval.{name}')
    t.delete(\"model_version == 'v2'\")
    rows = t.scan().to_arrow()
    promote(name, to, *columns)
    t = catalog.load_table(f'eval.{name}')
    said2 = ['xz'[said(i, 2)] for i in range(100)]
    at = lambda c: rows.schema.get_field_index(c)
    rows = rows.set_column(at('run_id'), 'run_id', pa.array(['r2'] * 100))
    rows = rows.set_column(at('model_version'), 'model_version', pa.array(['v2'] * 100))
    if 'prediction' not in types: rows = rows.set_column(at('prediction'), 'prediction', pa.array(said2))
    t.append(rows.cast(t.schema().as_arrow()))
promoted('floats', DoubleType(), 'sample_id', 'band', 'note', sample_id=key, band=band, note=band)
promoted('ints', LongType(), 'sample_id', 'band', sample_id=(IntegerType(), lambda i, v: i), band=(IntegerType(), lambda i, v: i % 3))
D = decimal.Decimal
promoted('decimals', DecimalType(20, 2), 'sample_id', 'band', sample_id=(DecimalType(10, 2), lambda i, v: D(i)),
         band=(DecimalType(9, 2), lambda i, v: D(i % 3)))
make('versions', once=True, model_version=(FloatType(), lambda i, v: single(v / 10)))
promote('versions', DoubleType(), 'model_version')
";
    let Some(project) = project(program) else { return };
    for table in ["floats", "ints", "decimals"] {
        let json = compare(&project, table, &["--slice", "band"]).ok().json();
        assert_eq!(right(&json), [75, 83], "{table}");
        let sizes = |json: &Value| -> Vec<u64> {
            let slices = json["slices"].as_array().unwrap().iter();
            let declared = slices.filter(|slice| slice["predicates"].as_array().unwrap().len() == 1);
            let mut sizes: Vec<u64> = declared.map(|slice| slice["n"].as_u64().unwrap()).collect();
            sizes.sort_unstable();
            sizes
        };
        assert_eq!(sizes(&json), [33, 33, 34], "{table}: {}", json["slices"]);
        // The candidate is the one whose schema is the older one.
        let name = format!("eval.{table}");
        let back = project.run(&["v2", "v1", "--table", &name, "--slice", "band", "--format", "json"]);
        assert_eq!(right(&back.ok().json()), [83, 75], "{table}");
    }
    let floats = compare(&project, "floats", &["--show", "note", "--out", "shown"])
        .ok()
        .json();
    assert_eq!(right(&floats), [75, 83]);
    let samples = std::fs::read_to_string(project.reports("shown")[0].join("data/samples.json")).unwrap();
    assert!(
        samples.contains("0.10000000149011612") && !samples.contains("\"0.1\""),
        "{samples}"
    );
    for report in project.reports("site").iter().chain(&project.reports("shown")) {
        project.run(&["verify", report.to_str().unwrap()]).ok();
    }
    // Of files with rows of several runs those of each are told apart, by what the version is now.
    let versions = [
        "0.10000000149011612",
        "0.20000000298023224",
        "--table",
        "eval.versions",
        "--format",
        "json",
    ];
    assert_eq!(right(&project.run(&versions).ok().json()), [75, 83]);
}

#[test]
fn uuids_are_their_texts_wherever_they_stand() {
    let program = "
some = lambda n: uuid.UUID(int=n * 7919 + 1).bytes
of, other = UUIDType(), (UUIDType(), lambda i, v: some(i % 3))
for once in (False, True):
    make(f'runs{int(once)}', once=once, run_id=(of, lambda i, v: some(v)))
make('versions', once=True, model_version=(of, lambda i, v: some(v)))
make('keys', sample_id=(of, lambda i, v: some(i)))
make('labels', ground_truth=(of, lambda i, v: some(right(i, v))), prediction=(of, lambda i, v: some(said(i, v))))
make('mixed', ground_truth=(of, lambda i, v: some(right(i, v))),
     prediction=(text, lambda i, v: str(uuid.UUID(bytes=some(said(i, v))))))
make('beside', slice=other, note=other)
";
    let Some(project) = project(program) else { return };
    let some = |n: u128| uuid::Uuid::from_u128(n * 7919 + 1).hyphenated().to_string();
    for table in ["runs0", "runs1"] {
        let listed = project.run(&["runs", "--table", &format!("eval.{table}"), "--format", "json"]);
        let listed = listed.ok().json();
        assert_eq!(listed[0]["run_id"], some(1));
        assert_eq!(right(&compare(&project, table, &[]).ok().json()), [75, 83], "{table}");
    }
    let versions = [&some(1), &some(2), "--table", "eval.versions", "--format", "json"];
    assert_eq!(right(&project.run(&versions).ok().json()), [75, 83]);
    for table in ["keys", "labels", "mixed"] {
        assert_eq!(right(&compare(&project, table, &[]).ok().json()), [75, 83], "{table}");
    }
    let by_key = compare(&project, "keys", &["--out", "keys"]);
    by_key.ok();
    let report = &project.reports("keys")[0];
    let samples = std::fs::read_to_string(report.join("data/samples.json")).unwrap();
    assert!(samples.contains(&some(4)), "no key {}", some(4));
    let args = ["--slice", "slice", "--show", "note", "--out", "beside"];
    let json = compare(&project, "beside", &args).ok().json();
    assert!(json["slices"].to_string().contains(&some(2)), "{}", json["slices"]);
    let report = &project.reports("beside")[0];
    let samples = std::fs::read_to_string(report.join("data/samples.json")).unwrap();
    assert!(samples.contains(&some(0)));
    project.run(&["verify", report.to_str().unwrap()]).ok();
}

#[test]
fn columns_without_texts_are_refused_by_name_where_they_are_needed() {
    let program = "
fixed = (FixedType(4), lambda i, v: b'\\xff\\xfe%02d' % i)
raw = (BinaryType(), lambda i, v: b'\\xff\\xfe%02d' % i)
part = NestedField(100, 'a', IntegerType(), required=False)
parts = (StructType(part), lambda i, v: dict(a=i))
several = (ListType(101, text, element_required=False), lambda i, v: [f's{i}'])
pairs = (MapType(102, text, 103, IntegerType(), value_required=False), lambda i, v: [('k', i)])
for name, column in dict(fixed=fixed, binary=raw, struct=parts, list=several, map=pairs).items():
    make(f'key_{name}', sample_id=column)
    make(f'label_{name}', prediction=column)
    make(f'run_{name}', run_id=column)
    make(f'version_{name}', model_version=column)
    make(f'beside_{name}', text=column, note=column)
";
    let Some(project) = project(program) else { return };
    for (kind, shown) in [
        ("fixed", "fixed(4)"),
        ("binary", "binary"),
        ("struct", "struct"),
        ("list", "list"),
        ("map", "map"),
    ] {
        for (table, column, role) in [("key", "sample_id", "a key"), ("label", "prediction", "prediction")] {
            compare(&project, &format!("{table}_{kind}"), &[])
                .expect_code(2)
                .stderr_has(&format!(
                    "column `{column}` has type {shown}, which cannot serve as {role}"
                ))
                .stderr_has("hint: ");
        }
        for (table, column) in [("run", "run_id"), ("version", "model_version")] {
            let name = format!("eval.{table}_{kind}");
            for output in [
                compare(&project, &format!("{table}_{kind}"), &[]),
                project.run(&["runs", "--table", &name]),
            ] {
                let refused = format!("column `{column}` of {name} has type {shown}");
                output
                    .expect_code(4)
                    .stderr_has(&refused)
                    .stderr_has("hint: have the job that writes the table");
            }
        }
        assert_eq!(
            right(&compare(&project, &format!("beside_{kind}"), &[]).ok().json()),
            [75, 83],
            "{kind}"
        );
    }
    for kind in ["fixed", "struct", "map"] {
        compare(&project, &format!("beside_{kind}"), &["--show", "note"])
            .expect_code(2)
            .stderr_has("column `note` has type ")
            .stderr_has("cannot serve as what a report shows");
    }
}

/// Labels may be spelled in ways that no rule of types knows: that no prediction is ever one of the ground truth is said.
#[test]
fn labels_that_have_nothing_in_common_are_said() {
    let project = Project::new();
    project.file("a.csv", "id,label,pred\n1,1,1.0x\n2,0,0.0x\n3,1,1.0x\n");
    project.file("b.csv", "id,label,pred\n1,1,1\n2,0,0\n3,1,0\n");
    let compared = project.run(&["a.csv", "b.csv", "--format", "json"]);
    let said = "no label that the baseline predicts is one of the ground truth (`0.0x` is none, `0` is one)";
    compared.ok().stderr_lacks("the candidate predicts");
    let warnings = compared.json()["warnings"].to_string();
    assert!(
        warnings.contains(said) && !warnings.contains("that the candidate predicts"),
        "{warnings}"
    );
}
