//! The page that says how to get the numbers without evaldiff: what it prints is run, and gives the numbers of the page.
//!
//! DuckDB and Spark come from the environment that `EVALDIFF_SPARK` names, PyIceberg from that of `EVALDIFF_LAKE`; where one is
//! unset, its part is skipped.

use crate::engines::program;
use crate::harness::{Project, tree};
use crate::lake;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Tables of every kind, with names and labels that a query has to quote, and samples that do not count.
fn project() -> Project {
    let project = Project::new();
    for (version, name) in [(0, "a"), (1, "b")] {
        let mut labels = "part,key,it's \"x\" `y`,answer,state,region\n".to_string();
        let mut prices = "sample_id,ground_truth,prediction\n".to_string();
        let mut texts = "sample_id,ground_truth,prediction,stars\n".to_string();
        for i in 0..240_usize {
            let truth = ["it's", "a\\b", "\"q\""][i % 3];
            let answer = if i % (5 + version) == 0 { "A\\B" } else { truth };
            let state = if i % 50 == 7 { "error" } else { "ok" };
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let part = i % 2;
            writeln!(
                labels,
                "p{part},k{},{},{},{state},r{part}",
                i / 2,
                quoted(truth),
                quoted(answer)
            )
            .unwrap();
            let said = i as f64 / 8.0 + if i % (3 + version) == 0 { 0.75 } else { 0.25 };
            writeln!(prices, "s{i},{},{said}", i as f64 / 8.0).unwrap();
            let stars = if i % 31 == 3 {
                String::new()
            } else {
                ((i * (2 + version)) % 5).to_string()
            };
            writeln!(texts, "s{i},reference {i},output {i} of {version},{stars}").unwrap();
        }
        project.file(&format!("labels-{name}.csv"), labels);
        project.file(&format!("prices-{name}.csv"), prices);
        project.file(&format!("texts-{name}.csv"), texts);
    }
    project.file("map.json", r#"{"A\\B": "a\\b"}"#);
    project
}

/// The arguments of each comparison.
fn comparisons() -> [Vec<&'static str>; 3] {
    let columns = [
        "--id",
        "part",
        "--id",
        "key",
        "--truth",
        "it's \"x\" `y`",
        "--pred",
        "answer",
        "--status",
        "state",
    ];
    let rest = [
        "--slice",
        "region",
        "--label-map",
        "map.json",
        "--min-effect",
        "0",
        "--table",
        "eval.labels",
    ];
    [
        [&["labels-a.csv", "labels-b.csv"][..], &columns, &rest].concat(),
        vec![
            "prices-a.csv",
            "prices-b.csv",
            "--kind",
            "numeric",
            "--tolerance",
            "0.3",
            "--table",
            "eval.prices",
        ],
        vec![
            "texts-a.csv",
            "texts-b.csv",
            "--score",
            "stars:lower",
            "--table",
            "eval.texts",
        ],
    ]
}

/// What a page tells to run by a tool.
fn printed(page: &str, tool: &str) -> String {
    let section = page.split(&format!("<h2 id=\"{tool}\">")).nth(1).unwrap();
    let code = section.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    let escapes = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x60;", "`"),
        ("&#x3D;", "="),
        ("&amp;", "&"),
    ];
    escapes
        .iter()
        .fold(code.to_string(), |text, (from, to)| text.replace(from, to))
}

/// The numbers of a page by the names that queries give them.
fn numbers(page: &str) -> Vec<(String, f64)> {
    let rows = page.split("<tr><th scope=\"row\"><code>").skip(1);
    let number = |row: &str| {
        let name = row.split('<').next().unwrap().to_string();
        let value = row.split("class=\"num\">").nth(1).unwrap().split('<').next().unwrap();
        (name, value.replace(',', "").parse().unwrap())
    };
    rows.map(number).collect()
}

fn assert_same(page: &str, found: &Value, tool: &str) {
    let expected = numbers(page);
    assert!(expected.len() == 2 || expected.len() == 5, "{expected:?}");
    for (name, value) in &expected {
        let found = found[name].as_f64().unwrap_or(f64::NAN);
        assert!(
            (found - value).abs() < 1e-6,
            "{tool} {name}: {found} instead of {value}"
        );
    }
}

#[test]
fn what_the_page_prints_gives_its_numbers() {
    let project = project();
    let mut pages = Vec::new();
    for args in comparisons() {
        project.run(&args).ok();
        let table = args[args.len() - 1];
        project
            .run(&["report", "latest", "--table", table, "--out", "alone"])
            .ok();
    }
    for report in project.reports("site").iter().chain(&project.reports("alone")) {
        pages.push(std::fs::read_to_string(report.join("reproduce.html")).unwrap());
    }
    assert_eq!(pages.len(), 6);
    with_evaldiff(&project, &pages);
    with_engines(&project, &pages);
    with_pyiceberg(&project, &pages);
}

/// The command makes the same report: a folder that is there already, byte for byte.
fn with_evaldiff(project: &Project, pages: &[String]) {
    let binary = Path::new(env!("CARGO_BIN_EXE_evaldiff")).parent().unwrap();
    let before = tree(&project.path().join("site"));
    let sites = ["site", "site", "site", "alone", "alone", "alone"];
    for (page, site) in pages.iter().zip(sites) {
        let script = printed(page, "evaldiff") + &format!(" --out {site}\n");
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-ec", &script])
            .current_dir(project.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", binary.display()))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{script}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let after = tree(&project.path().join("site"));
    assert!(before.len() > 30 && before == after, "the command made another report");
    assert_eq!(project.reports("alone").len(), 3);
}

fn with_engines(project: &Project, pages: &[String]) {
    let Some(mut command) = program(project, "queries.py") else {
        return;
    };
    let queries: Vec<Value> = pages
        .iter()
        .map(|page| json!({"duckdb": printed(page, "duckdb"), "spark": printed(page, "spark")}))
        .collect();
    project.file("queries.json", serde_json::to_vec(&queries).unwrap());
    let output = command.arg(project.path().join("queries.json")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    for (page, found) in pages.iter().zip(&found) {
        assert_same(page, &found["duckdb"], "DuckDB");
        assert_same(page, &found["spark"], "Spark");
    }
}

fn with_pyiceberg(project: &Project, pages: &[String]) {
    let Some(venv) = lake::environment() else { return };
    let home = project.path().join(".evaldiff");
    let uri = format!("sqlite:///{}/catalog.db", home.display());
    let warehouse = format!("file://{}/warehouse", home.display());
    let catalog = [
        ("PYICEBERG_CATALOG__EVALDIFF__TYPE", "sql"),
        ("PYICEBERG_CATALOG__EVALDIFF__URI", uri.as_str()),
        ("PYICEBERG_CATALOG__EVALDIFF__WAREHOUSE", warehouse.as_str()),
    ];
    for page in pages {
        let text = lake::python(&venv, &printed(page, "pyiceberg"), &catalog);
        let pair = |line: &str| {
            let (name, value) = line.split_once(' ').unwrap();
            (name.to_string(), json!(value.parse::<f64>().unwrap()))
        };
        let found: serde_json::Map<String, Value> = text.lines().map(pair).collect();
        assert_same(page, &Value::Object(found), "PyIceberg");
    }
}
