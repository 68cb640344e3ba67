//! The embedded catalog is PyIceberg's SqlCatalog as well: one file, two programs.

use crate::harness::{Project, finish};
use crate::lake::{self, environment, import, two_versions};

/// Runs a Python program with the project's catalog opened by PyIceberg; gives what it printed.
fn python(project: &Project, program: &str) -> Option<String> {
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
