//! What answers cost: read from a column, added up for each run, shown wherever there is some.

use crate::harness::Project;
use std::fmt::Write;

/// Sixty answers, of which every tenth says nothing of its cost, and one something impossible.
fn predictions(cost: f64) -> String {
    let mut text = String::from("id,label,pred,usd\n");
    for i in 0..60 {
        let usd = match i {
            _ if i % 10 == 0 => String::new(),
            1 => "-1".to_owned(),
            _ => format!("{}", cost * f64::from(i % 4)),
        };
        let _ = writeln!(text, "{i},a,{},{usd}", if i % 7 == 0 { "b" } else { "a" });
    }
    text
}

#[test]
fn both_versions_are_set_side_by_side() {
    let project = Project::new();
    project
        .file("v1.csv", predictions(0.25))
        .file("v2.csv", predictions(0.5));
    let output = project.run(&["v1.csv", "v2.csv", "--cost", "usd"]);
    let line = "20.75 → 41.50 (+20.75) in total, 0.392 → 0.783 (+0.392) per answer; 14 without one";
    output.ok().stdout_has("Cost       20.75 → 41.50 (+20.75) in total,");
    let read = |name: &str| std::fs::read_to_string(project.report().join(name)).unwrap();
    assert!(
        read("summary.md").contains(&format!("- Cost: {line}")),
        "{}",
        read("summary.md")
    );
    let found: serde_json::Value = serde_json::from_str(&read("data/comparison.json")).unwrap();
    assert_eq!(found["cost"]["baseline"]["total"], 20.75);
    assert_eq!(found["cost"]["candidate"]["n"], 53);
    assert_eq!(found["cost"]["candidate"]["missing"], 7);
    assert_eq!(found["cost"]["total_delta"], 20.75);
    assert_eq!(found["roles"]["cost"], "usd");
    assert!(read("index.html").contains("<td class=\"num\">41.50</td>"));
    // The table remembers the column, and evidence and numbers of the cost are found again.
    let folder = project.report();
    project.run(&["verify", folder.to_str().unwrap()]).ok();
    let report = project.run(&["report", "v2", "--format", "json"]).ok().json();
    assert_eq!(report["cost"]["total"], 41.5);
}

#[test]
fn a_run_may_say_nothing() {
    let project = Project::new();
    let silent: String = predictions(1.0)
        .lines()
        .map(|line| format!("{}\n", line.rsplit_once(',').map_or(line, |(rest, _)| rest)))
        .collect();
    project.file("v1.csv", &silent).file("v2.csv", predictions(0.5));
    project.run(&["import", "v1.csv", "--model-version", "v1"]).ok();
    project
        .run(&["import", "v2.csv", "--model-version", "v2", "--cost", "usd"])
        .ok();
    let found = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(found["cost"]["baseline"], serde_json::Value::Null);
    assert_eq!(found["cost"]["total_delta"], serde_json::Value::Null);
    assert_eq!(found["cost"]["candidate"]["total"], 41.5);
    let page = std::fs::read_to_string(project.report().join("index.html")).unwrap();
    assert!(
        page.contains("<td class=\"num\">–</td><td class=\"num\">41.50</td>"),
        "{page}"
    );
}

#[test]
fn a_column_of_costs_is_nothing_else() {
    let project = Project::new();
    project
        .file("v1.csv", predictions(1.0))
        .file("v2.csv", predictions(2.0));
    let slice = ["v1.csv", "v2.csv", "--cost", "usd", "--slice", "usd"];
    project
        .run(&slice)
        .expect_code(2)
        .stderr_has("cannot be both the cost and a slice");
    let lost = ["v1.csv", "v2.csv", "--cost", "eur"];
    project
        .run(&lost)
        .expect_code(2)
        .stderr_has("has no column \"eur\" (--cost)");
    // Unless it is asked for, a column of that name is one like any other.
    let found = project.run(&["v1.csv", "v2.csv", "--format", "json"]).ok().json();
    assert_eq!(found.get("cost"), None);
}
