//! Tables with a column of a type that iceberg 0.10.1 cannot parse: they are sound, and the other tables of the catalog are none
//! the worse for them.

use crate::harness::{Project, finish};
use crate::interchange::python;
use crate::lake::{import, two_versions};
use crate::surgery;
use serde_json::json;
use std::process::Command;

/// Gives the table `odd.shapes` a column of such a type.
fn spoil(project: &Project, kind: &str) {
    surgery::edit_table(project, "shapes", |metadata| {
        let fields = metadata["schemas"][0]["fields"].as_array_mut().unwrap();
        fields.push(json!({"id": 99, "name": "raw", "required": false, "type": kind}));
        metadata["last-column-id"] = 99.into();
    });
}

/// Runs of `eval.predictions`, and one of `odd.shapes`.
fn project() -> Project {
    let project = Project::new();
    two_versions(&project, 60, "eval.predictions");
    finish(import(&project, "a.csv", "v1", "odd.shapes")).ok();
    project
}

#[test]
fn a_column_of_an_unknown_type_is_named_and_nobody_is_told_to_restore_a_backup() {
    for kind in ["variant", "unknown", "geometry(srid:4326)", "geography"] {
        let project = project();
        spoil(&project, kind);
        for args in [
            &["runs", "--table", "odd.shapes"][..],
            &["v1", "v1", "--table", "odd.shapes"],
            &["gc", "--table", "odd.shapes"],
            &["pins", "--table", "odd.shapes"],
            &["import", "a.csv", "--model-version", "v2", "--table", "odd.shapes"],
        ] {
            let said = project.run(args);
            said.expect_code(4)
                .stderr_has("table odd.shapes has a column of a type that this version cannot read")
                .stderr_has(&format!("`raw` ({kind})"))
                .stderr_has("hint: keep predictions in a table without such columns");
            assert!(!said.stderr.contains("backup"), "{said}");
        }
        project.run(&["v1", "v2", "--table", "eval.predictions"]).ok();
        project
            .run(&["pins"])
            .ok()
            .stderr_has("notice: left out: table odd.shapes has");
    }
}

#[test]
fn files_that_such_a_table_names_are_no_orphans_of_another_one() {
    let project = project();
    // A file in the place of the first table that the second one took over.
    let given = "import pyarrow as pa, pyarrow.parquet as pq\n\
                 t = catalog.load_table('odd.shapes')\n\
                 rows = t.scan().to_arrow()\n\
                 plain = pa.schema([pa.field(f.name, f.type, nullable=f.nullable) for f in rows.schema])\n\
                 place = catalog.load_table('eval.predictions').location().removeprefix('file://') + '/data/'\n\
                 for name in ('given', 'left'):\n    \
                     pq.write_table(pa.Table.from_arrays(rows.columns, schema=plain), place + name + '.parquet')\n\
                 t.add_files(['file://' + place + 'given.parquet'])\n\
                 print(place)\n";
    let Some(place) = python(&project, given) else { return };
    let file = |name: &str| std::path::Path::new(place.trim()).join(name);
    for name in ["given.parquet", "left.parquet"] {
        let aged = Command::new("touch")
            .args(["-d", "3 days ago"])
            .arg(file(name))
            .status();
        assert!(aged.unwrap().success());
    }
    spoil(&project, "variant");
    let said = project.run(&["gc", "--delete", "--table", "eval.predictions"]);
    said.ok()
        .stderr_has("notice: table odd.shapes has a column")
        .stderr_has("the files that it names are spared")
        .stdout_has("left.parquet")
        .stdout_has("1 file older than a day");
    assert!(file("given.parquet").exists() && !file("left.parquet").exists());

    // A file that tells what it names is gone: nothing is deleted then.
    std::fs::copy(file("given.parquet"), file("left.parquet")).unwrap();
    let aged = Command::new("touch")
        .args(["-d", "3 days ago"])
        .arg(file("left.parquet"))
        .status();
    assert!(aged.unwrap().success());
    let folder = project.path().join(".evaldiff/warehouse/odd/shapes/metadata");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().ends_with("-m0.avro") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let said = project.run(&["gc", "--delete", "--table", "eval.predictions"]);
    said.expect_code(4).stderr_has("whose files have to be known");
    assert!(file("left.parquet").exists());
}
