//! `evaldiff verify` of a report whose snapshots are expired, after another engine changed the table: what it says of the
//! rows has to be true.

use crate::harness::{Output, Project, finish};
use crate::interchange::python;
use crate::lake::{import, predictions, two_versions};
use std::path::{Path, PathBuf};

const OPEN: &str = "t = catalog.load_table('eval.predictions')\n";
/// The rows of `v1` as they are now.
const ROWS: &str = "import pyarrow as pa\nrows = t.scan(row_filter=\"model_version == 'v1'\").to_arrow()\n";
const EXPIRE: &str = "t.maintenance.expire_snapshots().by_ids(\
                      [s.snapshot_id for s in t.snapshots() if s != t.current_snapshot()]).commit()\n\
                      print(len(catalog.load_table('eval.predictions').snapshots()))\n";

/// Runs `v1` and `v2` of 300 rows, and a report without a pin.
fn project() -> (Project, PathBuf) {
    let project = Project::new();
    two_versions(&project, 300, "eval.predictions");
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    (project, report)
}

/// What `verify` says after PyIceberg ran a program on the table and expired every older snapshot; `None` without it.
fn after(project: &Project, report: &Path, program: &str) -> Option<Output> {
    let left = python(project, &format!("{OPEN}{ROWS}{program}{EXPIRE}"))?;
    assert_eq!(left, "1\n");
    Some(project.run(&["verify", report.to_str().unwrap()]))
}

#[test]
fn rows_that_a_compaction_wrote_anew_are_found_and_confirmed() {
    let (project, report) = project();
    // In another order and in two files, as compactions leave them.
    let anew = "back = rows.take(pa.array(range(299, -1, -1)))\n\
                t.overwrite(back.slice(0, 100), \"model_version == 'v1'\")\n\
                t.append(back.slice(100))\n";
    let Some(said) = after(&project, &report, anew) else {
        return;
    };
    said.expect_code(3)
        .stdout_has("confirmed: the rows of v1 are still in the table, unchanged (blake3:")
        .stdout_has("in other data files")
        .stdout_has("confirmed: the rows of v2 are still in the table")
        .stderr_has("snapshots are gone: ");
    assert!(!said.text().contains("not confirmed"), "{said}");
}

/// One file for two runs of a version, the second of which has other roles.
#[test]
fn rows_that_share_a_file_with_another_run_are_confirmed_by_the_roles_that_they_were_written_with() {
    let project = Project::new();
    project
        .file("a.csv", predictions(300, 7))
        .file("b.csv", predictions(300, 9));
    finish(import(&project, "a.csv", "v1", "eval.predictions")).ok();
    let further = [
        "import",
        "b.csv",
        "--model-version",
        "v1",
        "--slice",
        "channel",
        "--slice",
        "text",
    ];
    project.run(&further).ok();
    let runs = project.runs();
    let run = |i: usize| format!("run:{}", runs[i]["run_id"].as_str().unwrap());
    project.run(&[&run(0), &run(1), "--slice", "channel"]).ok();
    let report = project.reports("site").remove(0);
    let one_file = "t.overwrite(rows.sort_by('sample_id'), \"model_version == 'v1'\")\n";
    let Some(said) = after(&project, &report, one_file) else {
        return;
    };
    said.expect_code(3);
    assert_eq!(
        said.text().matches("are still in the table, unchanged").count(),
        2,
        "{said}"
    );
}

#[test]
fn rows_that_are_left_of_a_run_are_counted() {
    let (project, report) = project();
    let few = "t.delete(\"model_version == 'v1' and sample_id < 's-00003'\")\n";
    let Some(said) = after(&project, &report, few) else {
        return;
    };
    said.expect_code(3)
        .stdout_has("not confirmed: 297 of the 300 rows of v1 (snapshot:")
        .stdout_has("confirmed: the rows of v2 are still in the table, unchanged");
    assert!(!said.text().contains("no longer"), "{said}");
    let none = "t.delete(\"model_version == 'v2'\")\n";
    let said = after(&project, &report, none).unwrap();
    said.expect_code(3)
        .stdout_has("not confirmed: the rows of v2 (snapshot:")
        .stdout_has("are no longer in the table");
}

#[test]
fn rows_that_came_to_a_run_later_are_noticed() {
    let (project, report) = project();
    // A commit between them, lest the last snapshot be the one that is expired.
    let more = "t.append(rows.slice(0, 3).set_column(rows.schema.get_field_index('sample_id'), \
                rows.schema.field('sample_id'), pa.array(['x1', 'x2', 'x3'])))\n";
    let Some(said) = after(&project, &report, more) else {
        return;
    };
    said.expect_code(3)
        .stdout_has("confirmed: the rows of v1 are still in the table, unchanged")
        .stdout_has("notice: 3 rows were added to run ");
    assert_eq!(said.text().matches("notice:").count(), 1, "{said}");
}

#[test]
fn rows_that_were_changed_while_files_were_written_anew_are_altered() {
    let (project, report) = project();
    let changed = "said = ['maybe'] + rows['prediction'].to_pylist()[1:]\n\
                   said[1] = 'maybe'\n\
                   t.overwrite(rows.set_column(rows.schema.get_field_index('prediction'), \
                   rows.schema.field('prediction'), pa.array(said)), \"model_version == 'v1'\")\n";
    let Some(said) = after(&project, &report, changed) else {
        return;
    };
    said.expect_code(1).stderr_has("the rows of v1 (snapshot:");
}
