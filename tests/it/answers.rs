//! Services that answer numbers, or texts with scores, evaluated by a real BentoML server.

use crate::bento::{rows, server};
use crate::harness::Project;
use serde_json::Value;
use std::fmt::Write;

fn metric(report: &Value, name: &str) -> f64 {
    let metrics = report["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|metric| metric["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {metrics:?}"))["candidate"]
        .as_f64()
        .unwrap()
}

#[test]
fn a_service_of_numbers_is_evaluated_as_numeric_targets() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let mut golden = "sample_id,text,price,doc\n".to_owned();
    for i in 0..12 {
        writeln!(golden, "k{i},estimate is={},{i}.5,d{}", f64::from(i) + 0.75, i / 3).unwrap();
    }
    project.file("golden.csv", &golden);
    let flags = ["--endpoint", "estimate", "--truth", "price", "--cluster", "doc"];
    // Prices are no labels.
    server
        .run(&project, &flags)
        .expect_code(4)
        .stderr_has("column \"price\"")
        .stderr_has("--kind numeric");
    let numeric = [&flags[..], &["--kind", "numeric"]].concat();
    server.run(&project, &numeric).ok().stdout_has("12 rows");
    let report = project.run(&["report", "1.0.0", "--format", "json"]).ok().json();
    assert!((metric(&report, "mae") - 0.25).abs() < 1e-12, "{report}");
    assert_eq!(
        (&report["roles"]["kind"], &report["roles"]["cluster"]),
        (&"numeric".into(), &"doc".into())
    );
    assert_eq!(rows(&project)[0].prediction, "0.75");

    // An answer in words is an error of its sample, and of the run where none is allowed for.
    project.file("golden.csv", golden + "k99,estimate nothing,1.5,d9\n");
    let url = server.url();
    let again = [
        "run",
        "--golden",
        "golden.csv",
        "--model-version",
        "1.0.0",
        "--service",
        &url,
    ];
    project
        .run(&[&again[..], &numeric].concat())
        .expect_code(4)
        .stderr_has("the answer is text, not a number");
    project
        .run(&[&again[..], &numeric, &["--max-errors", "1"]].concat())
        .ok();
    let failed: Vec<_> = rows(&project).into_iter().filter(|row| row.status == "error").collect();
    assert_eq!((failed.len(), failed[0].key.as_str()), (1, "k99"));
}

#[test]
fn a_service_of_texts_brings_its_scores() {
    let Some(server) = server() else { return };
    let project = Project::new();
    // Without a ground truth: scores are enough.
    project.file(
        "golden.csv",
        "sample_id,text\na,write one\nb,write quiet\nc,write three\n",
    );
    let flags = ["--endpoint", "write", "--score", "helpful", "--score", "toxic:lower"];
    server.run(&project, &flags).ok().stdout_has("3 rows");
    let predictions: Vec<String> = rows(&project).into_iter().map(|row| row.prediction).collect();
    assert_eq!(predictions, ["WRITE ONE", "WRITE QUIET", "WRITE THREE"]);
    let report = project.run(&["report", "1.0.0", "--format", "json"]).ok().json();
    assert!((metric(&report, "score.helpful") - (9 + 11 + 11) as f64 / 24.0).abs() < 1e-12);
    assert!((metric(&report, "score.toxic") - 0.25).abs() < 1e-12);

    for (more, words) in [
        (
            &["--kind", "text"][..],
            "texts are judged by scores, and none was named",
        ),
        (&["--score", "confidence"], "no score can be called `confidence`"),
        (
            &["--kind", "numeric", "--score", "helpful"],
            "belongs to texts, and answers are numeric",
        ),
        (&["--kind", "binary"], "invalid value 'binary'"),
    ] {
        server.run(&project, more).expect_code(2).stderr_has(words);
    }
    server
        .run(&project, &["--endpoint", "write", "--score", "polite"])
        .expect_code(4)
        .stderr_has("no score \"polite\" in the answer, which has");
}
