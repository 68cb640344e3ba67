//! Columns that were added to a table with a default (`initial-default` of format v3): rows in older files have that value.

use crate::harness::Project;
use crate::surgery;
use serde_json::{Value, json};

/// Runs `v1` and `v2` written before the column was added.
fn project(kind: &str, default: Value) -> Project {
    let project = Project::with_runs("slice-regression");
    let (id, name) = (77, "desk");
    surgery::add_column(
        &project,
        json!({"id": id, "name": name, "required": false, "type": kind, "initial-default": default, "write-default": default}),
    );
    project
}

#[test]
fn rows_that_are_older_than_a_column_have_its_default() {
    for (kind, default, shown) in [
        ("string", json!("mail"), "mail"),
        ("int", json!(42), "42"),
        ("boolean", json!(true), "true"),
        ("date", json!("2024-02-29"), "2024-02-29"),
        (
            "uuid",
            json!("f79c3e09-677c-4bbd-a479-3f349cb785e7"),
            "f79c3e09-677c-4bbd-a479-3f349cb785e7",
        ),
    ] {
        let project = project(kind, default);
        let compared = project.run(&["v1", "v2", "--slice", "desk", "--show", "desk", "--format", "json"]);
        let json = compared.ok().json();
        let slices = json["slices"].as_array().unwrap();
        let matched = &json["accounting"]["matched"];
        let whole = slices.iter().find(|s| s.to_string().contains(&format!("\"{shown}\"")));
        let whole = whole.unwrap_or_else(|| panic!("no slice of {shown}: {slices:?}"));
        assert!(whole.to_string().contains(&format!(":{matched}")), "{whole}");
        let report = project.report();
        let samples = std::fs::read_to_string(report.join("data/samples.json")).unwrap();
        assert!(
            samples.contains(&format!("\"{shown}\"")),
            "the samples do not show {shown}"
        );
        project
            .run(&["verify", report.to_str().unwrap()])
            .ok()
            .stdout_has("verified");
    }
}

#[test]
fn a_default_that_is_not_read_is_refused_where_it_would_count() {
    for (kind, default) in [
        ("time", "01:02:03"),
        // iceberg 0.10.1 drops this one.
        ("timestamp_ns", "2024-02-29T01:02:03.000000004"),
    ] {
        let project = project(kind, json!(default));
        project.run(&["v1", "v2"]).ok();
        project
            .run(&["v1", "v2", "--show", "desk"])
            .expect_code(4)
            .stderr_has(&format!(
                "lacks the column `desk`, and defaults of type {kind} are not read by this version"
            ))
            .stderr_has("hint: ");
    }
}
