//! Evaluations of other kinds than classification: numbers, scored texts, probabilities of a positive class.

use crate::harness::{Output, Project, assert_same_trees, tree};
use std::fmt::Write;

const KINDS: [&str; 3] = ["numeric", "text", "binary"];

/// What a kind's files are compared with.
fn flags(kind: &str) -> &'static [&'static str] {
    match kind {
        "numeric" => &["--slice", "region", "--slice", "tier", "--tolerance", "0.25"],
        "text" => &[
            "--score",
            "helpful",
            "--score",
            "toxic:lower",
            "--slice",
            "region",
            "--slice",
            "tier",
            "--show",
            "text",
        ],
        _ => &["--positive", "p_yes", "--slice", "region", "--slice", "tier"],
    }
}

/// Predictions of a kind: keys in no order, values with many digits, some of them missing.
fn predictions(kind: &str, rows: usize, seed: usize) -> String {
    let mut out = match kind {
        "numeric" => String::from("sample_id,ground_truth,prediction,region,tier\n"),
        "text" => String::from("sample_id,ground_truth,prediction,helpful,toxic,text,region,tier\n"),
        _ => String::from("sample_id,ground_truth,prediction,p_yes,region,tier\n"),
    };
    for row in 0..rows {
        let key = (row * 7919) % rows;
        let dice = (key * 2_654_435_761 + seed * 40_503) % 1009;
        let (number, region, tier) = (
            dice as f64 / 7.0,
            ["north", "south", "west"][key % 3],
            ["free", "paid"][key % 2],
        );
        let _ = write!(out, "s-{key:06},");
        let _ = match kind {
            "numeric" if dice.is_multiple_of(97) => write!(out, "{},", key as f64 / 3.0),
            "numeric" => write!(out, "{},{}", key as f64 / 3.0, key as f64 / 3.0 + (number - 70.0) / 9.0),
            "text" if dice.is_multiple_of(89) => write!(out, "ref {key},,,0.5,input"),
            "text" => write!(
                out,
                "ref {key},{} {},{number},{},input",
                ["ref", "out"][dice % 2],
                key,
                number / 3.0
            ),
            _ => {
                let truth = ["no", "yes"][key % 2];
                let said = if dice.is_multiple_of(5) { "no" } else { truth };
                write!(out, "{truth},{said},{}", dice as f64 / 1009.0)
            }
        };
        let _ = writeln!(out, ",{region},{tier}");
    }
    out
}

/// A project with both files of a kind.
fn project(kind: &str, rows: usize) -> Project {
    let project = Project::new();
    project
        .file("v1.csv", predictions(kind, rows, 1))
        .file("v2.csv", predictions(kind, rows, 2));
    project
}

fn compare(project: &Project, kind: &str, more: &[&str]) -> Output {
    project.run(&[&["v1.csv", "v2.csv"][..], flags(kind), more].concat())
}

#[test]
fn neither_threads_nor_memory_nor_the_join_changes_a_byte() {
    for kind in KINDS {
        let project = project(kind, 3000);
        compare(&project, kind, &["--out", "first"]).ok();
        for (index, more) in [
            &["--threads", "1"][..],
            &["--threads", "8"],
            &["--memory-limit", "64MB"],
            &["--join", "hash", "--threads", "8"],
            &["--join", "hash", "--memory-limit", "16MiB"],
        ]
        .into_iter()
        .enumerate()
        {
            let out = format!("again-{index}");
            compare(&project, kind, &[more, &["--out", out.as_str()]].concat()).ok();
            let [first, again] = ["first", &out].map(|name| project.path().join(name));
            assert_same_trees(&first, &again, &format!("{kind} with {}", more.join(" ")));
        }
    }
}

#[test]
fn reports_of_every_kind_can_be_verified_and_rendered_again() {
    for kind in KINDS {
        let project = project(kind, 200);
        compare(&project, kind, &[]).ok();
        let report = project.report();
        project.run(&["verify", report.to_str().unwrap()]).ok();
        let data = report.join("data");
        project.run(&["render", data.to_str().unwrap(), "--out", "again"]).ok();
        for (name, bytes) in tree(&project.path().join("again")) {
            assert!(std::fs::read(report.join(&name)).unwrap() == bytes, "{kind}: {name}");
        }
        project.run(&[&["report", "v2", "--out", "single"][..]].concat()).ok();
        let single = &project.reports("single")[0];
        project.run(&["verify", single.to_str().unwrap()]).ok();
        let page = std::fs::read_to_string(single.join("index.html")).unwrap();
        let words = match kind {
            "numeric" => "Mean absolute error is",
            "text" => "Mean helpful is",
            _ => "Accuracy is",
        };
        assert!(page.contains(words), "{kind} without {words:?}");
    }
}

#[test]
fn a_report_on_one_version_has_what_one_version_can_say() {
    for (kind, worst) in [
        ("numeric", "highest mean absolute error first"),
        ("text", "lowest mean helpful first"),
        ("binary", "lowest accuracy first"),
    ] {
        let project = project(kind, 200);
        compare(&project, kind, &[]).ok();
        project.run(&["report", "v2", "--out", "single"]).ok();
        let single = &project.reports("single")[0];
        let page = std::fs::read_to_string(single.join("index.html")).unwrap();
        assert!(
            page.to_lowercase().contains(&format!("listed, {worst}")),
            "{kind}: {page}"
        );
        let labelled = kind == "binary";
        assert_eq!(page.contains("95% interval</th>"), labelled, "{kind}");
        assert_eq!(page.contains("with 95% intervals"), labelled, "{kind}");
        assert_eq!(page.contains("Drawn, 0 to 100%"), labelled, "{kind}");
        // With one version nothing can have changed.
        assert!(!page.contains("Unchanged"), "{kind}");
        assert!(!tree(single).keys().any(|name| name.contains("unchanged")), "{kind}");
        let report = std::fs::read(single.join("data/report-data.json")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let slices = report["slices"].as_array().unwrap().iter();
        let values: Vec<f64> = slices
            .filter_map(|slice| slice["value"].as_f64().or(slice["accuracy"].as_f64()))
            .collect();
        assert!(values.len() > 4, "{kind}: {report}");
        let in_order = |pair: &[f64]| {
            if kind == "numeric" {
                pair[0] >= pair[1]
            } else {
                pair[0] <= pair[1]
            }
        };
        assert!(values.windows(2).all(in_order), "{kind}: {values:?}");
    }
}

#[test]
fn pages_show_what_a_kind_has_and_nothing_else() {
    for (kind, shown, absent) in [
        (
            "numeric",
            &["Mean absolute error", "R²", "Wins and losses"][..],
            &["confusion", "Both wrong", "Calibration"][..],
        ),
        (
            "text",
            &["Mean helpful", "Exact match", "Wins and losses"],
            &["confusion", "Both wrong", "Calibration"],
        ),
        (
            "binary",
            &["ROC AUC", "Average precision", "Threshold of the baseline", "confusion"],
            &["Wins and losses"],
        ),
    ] {
        let project = project(kind, 200);
        let output = compare(&project, kind, &[]);
        output.ok();
        let page = std::fs::read_to_string(project.report().join("index.html")).unwrap();
        for words in shown {
            assert!(page.contains(words), "{kind} without {words:?}");
        }
        for words in absent {
            assert!(!page.contains(words), "{kind} with {words:?}");
        }
    }
}

#[test]
fn a_table_keeps_its_kind_and_flags_may_say_otherwise() {
    let project = project("text", 100);
    for version in ["v1", "v2"] {
        let file = format!("{version}.csv");
        let import = ["import", &file, "--model-version", version];
        project.run(&[&import[..], &["--score", "helpful"]].concat()).ok();
    }
    let found = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(found["roles"]["kind"], "text");
    assert_eq!(found["metrics"][0]["name"], "score.helpful");
    let other = ["v1", "v2", "--format", "json", "--score", "toxic:lower"];
    let found = project.run(&other).ok().json();
    assert_eq!(found["metrics"][0]["name"], "score.toxic");
    assert_eq!(found["metrics"][0]["direction"], "lower");
    let found = project
        .run(&["v1", "v2", "--format", "json", "--kind", "classification"])
        .ok()
        .json();
    assert_eq!(
        (&found["roles"]["kind"], &found["metrics"][0]["name"]),
        (&serde_json::Value::Null, &"accuracy".into())
    );
    project
        .run(&["v1", "v2", "--score", "helpfull"])
        .expect_code(2)
        .stderr_has("did you mean `helpful`?");
    project
        .run(&["v1", "v2", "--kind", "numeric"])
        .expect_code(2)
        .stderr_has("ground_truth");
}

#[test]
fn scores_may_be_yes_or_no_and_integers_of_a_table_stay_integers() {
    let project = Project::new();
    let rows = |v: usize| {
        let row = |i: usize| {
            format!(
                "{{\"id\":{i},\"output\":\"o\",\"good\":{},\"stars\":{}}}\n",
                i.is_multiple_of(v),
                i % 5 / v
            )
        };
        (0..40).map(row).collect::<String>()
    };
    project.file("v1.jsonl", rows(1)).file("v2.jsonl", rows(2));
    for version in ["v1", "v2"] {
        let file = format!("{version}.jsonl");
        let import = [
            "import",
            &file,
            "--model-version",
            version,
            "--pred",
            "output",
            "--score",
            "good",
        ];
        project.run(&import).ok();
    }
    // So far nobody had said that the stars are scores.
    project
        .run(&[
            "import",
            "v2.jsonl",
            "--model-version",
            "v3",
            "--pred",
            "output",
            "--score",
            "stars",
            "--score",
            "good",
        ])
        .ok();
    let found = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(
        (&found["metrics"][0]["baseline"], &found["metrics"][0]["candidate"]),
        (&1.0.into(), &0.5.into())
    );
    let found = project.run(&["v1", "v3", "--format", "json"]).ok().json();
    assert_eq!(
        (&found["metrics"][0]["baseline"], &found["metrics"][0]["candidate"]),
        (&2.0.into(), &0.8.into())
    );
    project.file("half.csv", "id,output,stars\n1,o,1.5\n");
    let half = [
        "import",
        "half.csv",
        "--model-version",
        "v4",
        "--pred",
        "output",
        "--score",
        "stars",
    ];
    project
        .run(&half)
        .expect_code(4)
        .stderr_has("\"stars\" is integer in the table but decimal");
}

#[test]
fn what_the_file_says_stands_below_what_the_table_knows() {
    let project = project("binary", 60);
    for version in ["v1", "v2"] {
        project
            .run(&["import", &format!("{version}.csv"), "--model-version", version])
            .ok();
    }
    project.file("evaldiff.toml", "[columns]\nkind = \"text\"\nscores = [\"p_yes\"]\n");
    let found = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(
        (&found["roles"]["kind"], &found["metrics"][0]["name"]),
        (&serde_json::Value::Null, &"accuracy".into())
    );
    let found = project
        .run(&["v1", "v2", "--format", "json", "--positive", "p_yes"])
        .ok()
        .json();
    assert_eq!(
        (&found["roles"]["kind"], &found["ranking"]["positive"]),
        (&"binary".into(), &"yes".into())
    );
}

#[test]
fn markup_in_outputs_is_shown_and_never_interpreted_and_long_ones_take_no_time() {
    let evil = "<script>alert(1)</script> {{evil}} <img src=x onerror=alert(2)>";
    let long = "word ".repeat(200_000);
    let row = |output: &str, score: f64| {
        let line = |key: &str, output: &str| serde_json::json!({"id": key, "reference": format!("{evil} as it was"), "output": output, "score": score});
        format!(
            "{}\n{}\n",
            line("a", output),
            line("b", &format!("{long}{output}{long}"))
        )
    };
    let project = Project::new();
    project
        .file("v1.jsonl", row(evil, 0.5))
        .file("v2.jsonl", row(&format!("{evil} and more"), 0.25));
    let roles = ["--truth", "reference", "--pred", "output", "--kind", "text"];
    project.run(&[&["v1.jsonl", "v2.jsonl"][..], &roles].concat()).ok();
    let pages = tree(&project.report());
    let mut marked = false;
    for (name, bytes) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        let page = String::from_utf8_lossy(bytes);
        assert!(
            !page.contains("<script>alert") && !page.contains("<img src=x"),
            "{name}"
        );
        marked |= page.contains("<ins> and more</ins>") || page.contains("<ins>and more</ins>");
    }
    assert!(marked, "the words that differ are not marked");
}

#[test]
fn texts_stay_out_of_every_file_without_payload() {
    let project = Project::new();
    for (name, output) in [("v1.csv", "alpha secret"), ("v2.csv", "beta secret")] {
        project.file(
            name,
            format!("id,reference,output,score\n1,gamma secret,{output},0.5\n2,gamma secret,x,0.1\n"),
        );
    }
    let roles = [
        "--truth",
        "reference",
        "--pred",
        "output",
        "--score",
        "score",
        "--no-payload",
    ];
    project.run(&[&["v1.csv", "v2.csv"][..], &roles].concat()).ok();
    for (name, bytes) in tree(&project.report()) {
        assert!(
            !String::from_utf8_lossy(&bytes).contains("secret"),
            "{name} holds an output"
        );
    }
}

#[test]
fn what_does_not_fit_a_kind_is_refused_with_a_way_out() {
    let cases: [(&str, &[&str], i32, &str, &str); 10] = [
        (
            "id,label,pred,helpful\n1,a,b,high\n",
            &["--score", "helpful"],
            4,
            "\"high\" is not a number",
            "line 2",
        ),
        (
            "id,label,pred\n1,a,b\n",
            &["--score", "helpful"],
            2,
            "no column \"helpful\" (--score)",
            "the columns are",
        ),
        ("id,label,pred\n1,a,b\n", &["--kind", "text"], 2, "score", "--score COL"),
        (
            "id,label,pred\n1,1.5,b\n",
            &["--kind", "numeric"],
            4,
            "\"b\" is not a number",
            "line 2",
        ),
        (
            "id,label,pred,p\n1,a,b,0.5\n2,c,c,0.5\n",
            &["--positive", "p"],
            2,
            "two labels, not `a`, `b`, `c`",
            "--kind classification",
        ),
        (
            "id,label,pred,p\n1,a,b,0.5\n",
            &["--positive", "p", "--positive-label", "x"],
            2,
            "no sample has the positive label `x`",
            "--positive-label",
        ),
        (
            "id,label,pred,p\n1,a,b,0.5\n",
            &["--min-effect", "2"],
            2,
            "a rate below 1, not 2",
            "--min-effect 0.01",
        ),
        (
            "id,label,pred\n1,a,b\n",
            &["--margin", "2"],
            2,
            "a margin of accuracy is a rate below 1, not 2",
            "--margin 0.01",
        ),
        (
            "id,label,pred,p\n1,a,b,0.5\n2,b,b,1.5\n",
            &["--positive", "p"],
            4,
            "v1.csv, line 3: column \"p\": probability 1.5 is outside 0 to 1",
            "--positive COL",
        ),
        (
            "id,label,pred\n1,1.5,2.5\n2,1.5,1e71\n",
            &[],
            4,
            "v1.csv, line 3: column \"pred\": numbers beyond 1e70",
            "write a number",
        ),
    ];
    for (text, flags, code, words, way_out) in cases {
        let project = Project::new();
        project.file("v1.csv", text).file("v2.csv", text);
        let output = project.run(&[&["v1.csv", "v2.csv"][..], flags].concat());
        output.expect_code(code).stderr_has(words).stderr_has(way_out);
    }
}

#[test]
fn a_margin_is_in_the_unit_of_what_is_measured() {
    let project = project("numeric", 400);
    let output = compare(&project, "numeric", &["--margin", "40"]);
    output
        .ok()
        .stdout_has("Not inferior: a loss of 40.000 or more is excluded");
    // The other way round nothing is lost, and a thousandth is too little to exclude.
    compare(&project, "numeric", &["--margin", "0.001", "--out", "small"])
        .expect_code(3)
        .stderr_has("too few to exclude a loss of 0.001");
}

#[test]
fn two_samples_are_too_few_and_the_page_says_so() {
    let project = Project::new();
    project
        .file("v1.csv", "id,label,pred\n1,1.5,1.5\n2,2.5,2.5\n")
        .file("v2.csv", "id,label,pred\n1,1.5,1.75\n2,2.5,2.75\n");
    let output = project.run(&["v1.csv", "v2.csv", "--format", "json"]);
    let found = output.ok().json();
    assert_eq!(
        (&found["detectable"], found["verdict"].as_str()),
        (&serde_json::Value::Null, Some("inconclusive"))
    );
    let page = std::fs::read_to_string(project.report().join("index.html")).unwrap();
    assert!(page.contains("They are too few for any change to be found with 80% power."));
}

#[test]
fn numbers_of_any_size_have_pages() {
    let project = Project::new();
    let text = |shift: i32| {
        let mut text = String::from("id,label,pred\n");
        for i in 0..40_i32 {
            let sign = if i % 3 == 0 { "-" } else { "" };
            let _ = writeln!(text, "{i},{sign}1.5e{},2.5e{}", i * 3 - 60, (i * 7 + shift) % 120 - 60);
        }
        text
    };
    project.file("v1.csv", text(0)).file("v2.csv", text(5));
    let found = project
        .run(&["v1.csv", "v2.csv", "--kind", "numeric", "--format", "json"])
        .ok()
        .json();
    let columns = found["residuals"]["columns"].as_array().unwrap();
    let n: u64 = columns.iter().map(|column| column["n"].as_u64().unwrap()).sum();
    assert_eq!(n, 40);
    assert!(std::fs::metadata(project.report().join("index.html")).unwrap().len() < 300_000);
}

#[test]
fn a_hidden_ground_truth_has_no_grid_of_residuals() {
    let project = Project::new();
    project
        .file("v1.csv", "id,label,pred\n1,1234.5,1200.5\n2,2.5,2.5\n")
        .file("v2.csv", "id,label,pred\n1,1234.5,1230.5\n2,2.5,2.75\n");
    let shown = project.run(&["v1.csv", "v2.csv", "--format", "json"]).ok().json();
    let columns = shown["residuals"]["columns"].as_array().unwrap();
    assert_eq!((&columns[0]["low"], &columns[0]["n"]), (&0.0.into(), &1.into()));
    assert_eq!(shown["shifts"]["bins"].as_array().unwrap().len(), 2 * 8);
    for hidden in ["ground_truth", "prediction"] {
        let found = project
            .run(&["v1", "v2", "--format", "json", "--hide", hidden])
            .ok()
            .json();
        assert_eq!(found.get("residuals"), None, "{hidden}");
    }
}

#[test]
fn the_wrong_positive_label_is_noticed() {
    let mut text = String::from("id,label,pred,p_fraud\n");
    for i in 0..40 {
        let truth = ["fraud", "legit"][i % 2];
        let _ = writeln!(text, "{i},{truth},{truth},{}", if i % 2 == 0 { 0.9 } else { 0.1 });
    }
    let project = Project::new();
    project.file("v1.csv", &text).file("v2.csv", &text);
    let words = ["v1.csv", "v2.csv", "--positive", "p_fraud", "--format", "json"];
    let found = project.run(&words).ok().json();
    let codes = |found: &serde_json::Value| found["warnings"].to_string().contains("ranks_inverted");
    assert!(codes(&found), "{}", found["warnings"]);
    let found = project
        .run(&[&words[..], &["--positive-label", "fraud"]].concat())
        .ok()
        .json();
    assert!(!codes(&found));
    assert_eq!(found["ranking"]["positive"], "fraud");
}

#[test]
fn small_errors_keep_their_digits_wherever_they_are_shown() {
    let project = Project::new();
    let file = |error: f64| {
        let mut text = String::from("id,ground_truth,prediction\n");
        for i in 0..100 {
            let _ = writeln!(text, "{i},0,{:e}", error * (1.0 + f64::from(i % 8) / 10.0));
        }
        text
    };
    project.file("v1.csv", file(1e-13)).file("v2.csv", file(2e-13));
    let output = project.run(&["v1.csv", "v2.csv", "--kind", "numeric"]);
    output.ok();
    let read = |name: &str| std::fs::read_to_string(project.report().join(name)).unwrap();
    for page in ["index.html", "summary.md"] {
        let text = read(page);
        assert!(text.contains("Mean absolute error rose 1.34e-13"), "{page}: {text}");
        assert!(text.contains("1.34e-13") && text.contains("2.68e-13"), "{page}");
    }
}
