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
    let line = "20.75 → 41.50 (+20.75) in total, 0.392 → 0.783 (+0.392) per answer; without one 7 → 7";
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
    for side in ["baseline", "candidate"] {
        let warning = format!("1 cost of the {side} is negative or no number and does not count");
        assert!(read("index.html").contains(&warning), "{warning}");
    }
    assert!(read("index.html").contains("<td class=\"num\">41.50</td>"));
    // The table remembers the column, and evidence and numbers of the cost are found again.
    let folder = project.report();
    project.run(&["verify", folder.to_str().unwrap()]).ok();
    let report = project.run(&["report", "v2", "--format", "json"]).ok().json();
    assert_eq!(report["cost"]["total"], 41.5);
    let warning = "1 cost of the run is negative or no number and does not count";
    assert_eq!(report["warnings"][0]["text"], warning);
}

#[test]
fn costs_that_are_none_do_not_vanish_in_silence() {
    let project = Project::new();
    let negative = predictions(0.5).replace(",0\n", ",-1\n").replace(",0.5\n", ",-1\n");
    let negative = negative.replace(",1\n", ",-2\n").replace(",1.5\n", ",-1\n");
    project.file("v1.csv", &negative).file("v2.csv", &negative);
    let found = project
        .run(&["v1.csv", "v2.csv", "--cost", "usd", "--format", "json"])
        .ok()
        .json();
    assert_eq!(found["cost"], serde_json::Value::Null);
    let texts: Vec<&str> = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|w| w["text"].as_str())
        .collect();
    for side in ["baseline", "candidate"] {
        let text = format!("54 costs of the {side} are negative or no number and do not count");
        assert!(texts.contains(&text.as_str()), "{texts:?}");
    }
    let none = "no answer of either run has a cost in `usd`: the report says nothing of costs";
    assert!(texts.contains(&none), "{texts:?}");
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
    // All of the answers of a run that says nothing are without a cost.
    let summary = std::fs::read_to_string(project.report().join("summary.md")).unwrap();
    assert!(summary.contains("per answer; without one 60 → 7"), "{summary}");
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
