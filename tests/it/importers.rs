//! The logs of evaluation tools: written by hand in their formats, and by the tools themselves.

use crate::harness::{Output, Project, repository};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A file of lm-eval with two documents under two filters; `hit` is what the first one scored.
fn lm_eval(hit: u8) -> String {
    let mut out = String::new();
    for (filter, answer) in [("strict", "Paris"), ("loose", "paris")] {
        for (doc, score) in [(0, hit), (1, 0)] {
            let sample = json!({
                "doc_id": doc, "doc": {"country": doc, "region": "eu", "list": [1]}, "target": "Paris",
                "arguments": {"gen_args_0": {"arg_0": "Capital <b>?", "arg_1": {"until": []}}},
                "resps": [[answer]], "filtered_resps": [answer], "filter": filter,
                "metrics": ["exact_match", "bleu"], "doc_hash": format!("{doc:064}"),
                "exact_match": score, "bleu": ["a", "b"],
            });
            out += &format!("{sample}\n");
        }
    }
    out
}

const SAMPLES: &str = "out/samples_capitals_2026-01-02T03-04-05.678901.jsonl";

#[test]
fn a_log_of_lm_eval_names_its_model_and_its_last_run_counts() {
    let project = Project::new();
    let results = r#"{"model_name": "tiny-1", "higher_is_better": {"capitals": {"exact_match": true}}, "x": NaN}"#;
    project
        .file(SAMPLES, lm_eval(0) + &lm_eval(1))
        .file("out/results_2026-01-02T03-04-05.678901.json", results);
    let shown = project.run(&["import", SAMPLES, "--dry-run"]);
    shown
        .ok()
        .stdout_has("would import tiny-1 into")
        .stdout_has("task + doc_hash + filter")
        .stdout_has("4 rows")
        .stdout_has("holds several runs, because lm-eval appends: the last one is taken, from line 5")
        .stdout_has("has no numbers per sample for bleu: left out")
        .stdout_has("2 filters (loose, strict)")
        .stdout_has("dropped \"doc_list\"");
    project.run(&["import", SAMPLES]).ok().stdout_has("imported: tiny-1");
    let report = project
        .run(&["report", "tiny-1", "--slice", "filter", "--format", "json"])
        .ok()
        .json();
    assert_eq!(value(&report, "score.exact_match"), 0.5, "of the last run, {report}");
    // Another encoding of the same file can be asked for.
    let plain = project.run(&[
        "import",
        SAMPLES,
        "--input-format",
        "jsonl",
        "--dry-run",
        "--model-version",
        "x",
    ]);
    plain.expect_code(2).stderr_has("looks like the prediction");
}

#[test]
fn a_file_without_a_model_needs_a_version() {
    let project = Project::new();
    project.file("mine.jsonl", lm_eval(1));
    project
        .run(&["import", "mine.jsonl"])
        .expect_code(2)
        .stderr_has("give --model-version <VERSION> or set MODEL_VERSION");
    assert!(project.runs().is_empty());
}

fn inspect(scores: &[&str], model: &str) -> String {
    let samples: Vec<String> = scores
        .iter()
        .enumerate()
        .map(|(i, score)| {
            let (id, epoch) = (i / 2, i % 2 + 1);
            let scores = match *score {
                "error" => r#""error": {"message": "it <i>broke</i>", "traceback": ""}"#.to_string(),
                value => format!(r#""scores": {{"match": {{"value": {value}, "answer": "a{i}"}}}}"#),
            };
            format!(
                r#"{{"id": {id}, "epoch": {epoch}, "input": "in {id}", "target": ["t"], "metadata": {{"topic": "x"}},
                "output": {{"completion": "said {i}", "choices": []}}, "total_time": 0.25, {scores}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"version": 2, "status": "success", "eval": {{"eval_id": "e", "task": "plus", "model": "{model}"}},
        "samples": [{}]}}"#,
        samples.join(",")
    )
}

#[test]
fn epochs_of_inspect_are_trials_and_scores_without_a_number_are_skipped() {
    let project = Project::new();
    // Samples 0 to 4, two epochs each: 1, 1/2, 3/4 (of C and P), one epoch unscored, all epochs failed.
    let scores = [
        r#""C""#, r#""C""#, r#""C""#, r#""I""#, r#""C""#, r#""P""#, r#""N""#, "NaN", "error", "error",
    ];
    project.file("a.json", inspect(&scores, "m/one"));
    let shown = project.run(&["import", "a.json", "--dry-run"]);
    shown
        .ok()
        .stdout_has("repeat")
        .stdout_has("2 errored, 1 skipped")
        .stdout_has("1 samples have no score and count as skipped");
    project.run(&["import", "a.json"]).ok().stdout_has("imported: m/one");
    let report = project.run(&["report", "m/one", "--format", "json"]).ok().json();
    assert_eq!(report["scoredSamples"], 4, "{report}");
    assert_eq!(value(&report, "score.score_match"), (1.0 + 0.5 + 0.75 + 0.0) / 4.0);
}

#[test]
fn one_trial_twice_is_refused_with_both_places() {
    let project = Project::new();
    project.file("a.csv", "id,label,pred,epoch\ns1,x,x,1\ns2,x,x,1\ns1,x,y,2\ns1,x,y,1\n");
    let args = ["import", "a.csv", "--model-version", "v1", "--repeat", "epoch"];
    project
        .run(&args)
        .expect_code(4)
        .stderr_has("duplicate key \"s1, repeat 1\": ")
        .stderr_has("a.csv, line 2")
        .stderr_has("a.csv, line 5");
    project.run(&args[..4]).expect_code(4).stderr_has("--repeat COL");
}

#[test]
fn results_of_promptfoo_are_told_apart_by_their_variables() {
    let project = Project::new();
    let result = |test: u8, country: &str, success: bool, reason: u8| {
        json!({
            "provider": {"id": "echo", "label": "parrot"}, "prompt": {"raw": format!("of {country}"), "label": "p"},
            "vars": {"country": country}, "response": {"output": format!("it is {country}")}, "success": success,
            "failureReason": reason, "error": if reason == 0 { Value::Null } else { "why".into() }, "score": 0.5,
            "namedScores": {"city": 1}, "latencyMs": 7, "cost": f64::from(test) / 8.0, "promptIdx": 0, "testIdx": test,
            "testCase": {"assert": [{"type": "equals", "value": "it is peru"}]}, "metadata": {"_own": 1, "area": "a"},
        })
    };
    let results = [
        result(0, "peru", true, 0),
        result(1, "chad", false, 1),
        result(2, "fiji", false, 2),
    ];
    let lines: String = results.iter().map(|result| format!("{result}\n")).collect();
    let document = json!({"evalId": "e", "results": {"version": 3, "timestamp": "t", "results": results}});
    project.file("out.jsonl", &lines).file("out.json", document.to_string());
    for file in ["out.jsonl", "out.json"] {
        let name = format!("of-{}", file.replace('.', "-"));
        project
            .run(&["import", file, "--model-version", &name])
            .ok()
            .stdout_has("3 rows");
        let report = project.run(&["report", &name, "--format", "json"]).ok().json();
        assert_eq!(
            value(&report, "score.success"),
            0.5,
            "{file}: a failed provider is no failed test"
        );
        assert_eq!(report["errored"], 1, "{file}");
        let cost = &report["cost"];
        assert_eq!(
            (&cost["n"], &cost["missing"], &cost["total"]),
            (&json!(3), &json!(0), &json!(0.375)),
            "{file}"
        );
    }
    project.file("two.jsonl", lines.replacen("parrot", "owl", 1));
    project
        .run(&["import", "two.jsonl", "--model-version", "v"])
        .expect_code(4)
        .stderr_has("two.jsonl, line 2: column \"provider\": \"parrot\" beside \"owl\"")
        .stderr_has("--filter-providers");
}

#[test]
fn a_table_of_mlflow_needs_a_key_of_its_own() {
    let project = Project::new();
    let table = r#"{"columns": ["q", "target", "outputs", "toxicity/v1/score", "latency"],
        "data": [["a", "x", "x", 0.25, 0.5], ["b", "x", "y", 0.75, 1.5]]}"#;
    project.file("eval_results_table.json", table);
    let args = ["import", "eval_results_table.json", "--model-version", "v"];
    project.run(&args).expect_code(2).stderr_has("--id COL");
    project.run(&[&args[..], &["--id", "q"]].concat()).ok();
    let report = project.run(&["report", "v", "--format", "json"]).ok().json();
    assert_eq!(value(&report, "score.toxicity/v1/score"), 0.5);
    assert_eq!(report["metrics"][0]["direction"], "lower", "the less toxic the better");
    project.file("torn.json", table.replace(", 1.5]", "]"));
    project
        .run(&["import", "torn.json", "--model-version", "v", "--id", "q"])
        .expect_code(4)
        .stderr_has("torn.json, row 2: 4 fields where the header has 5");
}

#[test]
fn damaged_logs_are_named_and_nothing_is_written() {
    let project = Project::new();
    let whole = inspect(&[r#""C""#, r#""I""#], "m");
    project
        .file("cut.json", &whole[..whole.len() - 20])
        .file("bad.eval", b"PK\x03\x04 and nothing else")
        .file("cut.jsonl", &lm_eval(1)[..900])
        .file(
            "other.json",
            r#"{"evalId": "e", "results": {"version": 2, "prompts": []}}"#,
        );
    let args = [
        "import",
        "plain.jsonl",
        "--model-version",
        "v",
        "--input-format",
        "promptfoo",
    ];
    project.file("plain.jsonl", "{\"id\": 1, \"label\": \"a\", \"pred\": \"a\"}\n");
    project
        .run(&args)
        .expect_code(4)
        .stderr_has("plain.jsonl is not a promptfoo file: line 1 has no vars");
    for (file, words) in [
        (
            "cut.json",
            "cut.json is damaged or incomplete (JSON): EOF while parsing",
        ),
        ("bad.eval", "bad.eval is damaged or incomplete (Inspect log)"),
        ("cut.jsonl", "cut.jsonl, line 3: not valid JSON"),
        ("other.json", "it has no results.results"),
    ] {
        let output = project.run(&["import", file, "--model-version", "v"]);
        output.expect_code(4).stderr_has(words);
    }
    assert!(project.runs().is_empty());
}

#[test]
fn trials_of_two_ground_truths_are_refused() {
    let project = Project::new();
    project.file(
        "a.csv",
        "row,id,label,pred,trial\n1,s1,a,a,0\n2,s2,b,b,0\n3,s1,a,a,1\n4,s1,c,a,2\n",
    );
    let import = ["import", "a.csv", "--model-version", "v1", "--id"];
    let trials = [&import[..], &["id", "--repeat", "trial"]].concat();
    for args in [trials.clone(), [&trials[..], &["--dry-run"]].concat()] {
        project
            .run(&args)
            .expect_code(4)
            .stderr_has("the trials of \"s1\" have two ground truths, \"a\" and \"c\": ")
            .stderr_has("a.csv, line 4 and ")
            .stderr_has("a.csv, line 5")
            .stderr_has("--golden FILE");
    }
    assert!(project.runs().is_empty());

    // A table in which they are there already: rows of their own, taken for trials by the comparison.
    for version in ["v1", "v2"] {
        project
            .run(&["import", "a.csv", "--model-version", version, "--id", "row"])
            .ok();
    }
    project
        .run(&["v1", "v2", "--id", "id", "--repeat", "trial"])
        .expect_code(4)
        .stderr_has("the trials of `s1` have two ground truths, `a` and `c`")
        .stderr_has("--label-map");
    project.file("map.csv", "c,a\n");
    project
        .run(&["v1", "v2", "--id", "id", "--repeat", "trial", "--label-map", "map.csv"])
        .ok();
}

#[test]
fn a_dry_run_finds_what_an_import_refuses() {
    let project = Project::new();
    project.file("a.csv", "id,label,pred\n1,a,a\n2,b,b\n1,a,b\n");
    project
        .run(&["import", "a.csv", "--model-version", "v", "--dry-run"])
        .expect_code(4)
        .stderr_has("duplicate key \"1\": ")
        .stderr_has("a.csv, line 4");
}

#[test]
fn trials_are_reduced_before_any_test() {
    let project = Project::new();
    // Of each sample three trials; s2 has a draw among two answers, s3 failed once, s4 always.
    let rows = |flips: [&str; 3]| {
        let mut out = String::from("id,label,pred,trial,status\n");
        for (trial, answer) in flips.iter().enumerate() {
            out += &format!("s1,a,{answer},{trial},ok\n");
        }
        out + "s2,a,b,0,ok\ns2,a,a,1,ok\ns2,a,,2,error\ns3,b,b,0,ok\ns3,b,b,1,ok\ns3,b,,2,error\n"
            + "s4,a,,0,error\ns4,a,,1,error\n"
    };
    project
        .file("old.csv", rows(["a", "a", "b"]))
        .file("new.csv", rows(["b", "a", "b"]));
    for (file, version) in [("old.csv", "v1"), ("new.csv", "v2")] {
        project
            .run(&["import", file, "--model-version", version, "--repeat", "trial"])
            .ok();
    }
    let compared = |args: &[&str]| {
        project
            .run(&[&["v1", "v2", "--format", "json"], args].concat())
            .ok()
            .json()
    };
    let comparison = compared(&[]);
    assert_eq!(comparison["accounting"]["matched"], 3, "{comparison}");
    assert_eq!(comparison["accounting"]["errored"], 1);
    // s1 turned by majority; the draw of s2 goes to the label that sorts first.
    assert_eq!(comparison["outcomes"]["regressed"], 1);
    assert_eq!(comparison["outcomes"]["both_correct"], 2);
    let baseline = &comparison["repeats"]["baseline"];
    assert_eq!(baseline["trials"], 7);
    assert_eq!((&baseline["repeated"], &baseline["flaky"]), (&json!(3), &json!(2)));
    assert_eq!(baseline["pass_at"][0]["k"], 1);
    let mean = baseline["pass_at"][0]["value"].as_f64().unwrap();
    assert!((mean - (2.0 / 3.0 + 0.5 + 1.0) / 3.0).abs() < 1e-15, "{mean}");
    assert_eq!(baseline["pass_at"][1], json!({"k": 3, "value": 1.0, "left_out": 2}));
    for args in [
        &["--threads", "1"][..],
        &["--join", "hash"],
        &["--join", "merge", "--threads", "8"],
    ] {
        assert_eq!(compared(args), comparison, "{args:?}");
    }
    let text = project.run(&["v1", "v2"]);
    text.ok().stdout_has("flake rate 66.7% → 66.7%");
    let page = std::fs::read_to_string(project.report().join("index.html")).unwrap();
    assert!(page.contains("pass@3") && page.contains("Samples tried more than once"));
    // s1 regressed: its page has one answer of each version, and how many of its trials were right.
    let samples = std::fs::read(project.report().join("data/samples.json")).unwrap();
    let samples: Value = serde_json::from_slice(&samples).unwrap();
    let sample = samples["samples"]
        .as_object()
        .unwrap()
        .values()
        .find(|one| one["key"] == json!(["s1"]))
        .unwrap();
    assert_eq!(
        sample["baseline"]["trials"],
        json!({"answered": 3, "right": 2}),
        "{sample}"
    );
    assert_eq!(sample["candidate"]["trials"], json!({"answered": 3, "right": 1}));
    let id = sample["id"].as_str().unwrap();
    let page = std::fs::read_to_string(project.report().join(format!("sample/{}.html", &id[..2]))).unwrap();
    assert!(page.contains("2 of 3 right") && page.contains("1 of 3 right"), "{page}");
    project.run(&["verify", project.report().to_str().unwrap()]).ok();
}

#[test]
fn a_label_map_unifies_spellings_and_is_part_of_the_evidence() {
    let project = Project::new();
    let rows = |guess: &str| format!("id,label,pred\ns1,POS,{guess}\ns2,neg,neg\ns3,positive,positive\n");
    project
        .file("old.csv", rows("positive"))
        .file("new.csv", rows("pos"))
        .file("map.csv", "spelling,label\nPOS,positive\npos,positive\n")
        .file("none.json", r#"{"nothing": "else"}"#);
    for (file, version) in [("old.csv", "v1"), ("new.csv", "v2")] {
        project.run(&["import", file, "--model-version", version]).ok();
    }
    let accuracy = |args: &[&str]| {
        let comparison = project
            .run(&[&["v1", "v2", "--format", "json"], args].concat())
            .ok()
            .json();
        let values = ["baseline", "candidate"].map(|side| comparison["metrics"][0][side].as_f64().unwrap());
        (values, comparison)
    };
    let (plain, first) = accuracy(&[]);
    assert_eq!(plain, [2.0 / 3.0; 2]);
    let (mapped, second) = accuracy(&["--label-map", "map.csv"]);
    assert_eq!(mapped, [1.0; 2]);
    assert_eq!(second["options"]["label_map"]["POS"], "positive");
    assert_ne!(first["config_digest"], second["config_digest"]);
    let said = |comparison: &Value, code: &str| {
        let warnings = comparison["warnings"].as_array().unwrap();
        warnings
            .iter()
            .any(|warning| warning["code"] == code && !warning["text"].as_str().unwrap().is_empty())
    };
    assert!(said(&second, "label_map") && !said(&first, "label_map"));
    assert!(said(&accuracy(&["--label-map", "none.json"]).1, "label_map_unused"));
    for report in project.reports("site") {
        project.run(&["verify", report.to_str().unwrap()]).ok();
    }
    project
        .run(&["v1", "v2", "--label-map", "gone.csv"])
        .expect_code(2)
        .stderr_has("the label map");
}

#[test]
fn samples_are_exported_for_llm_comparator() {
    let project = Project::new();
    let rows = |a: u8, b: u8| {
        format!(
            "id,input,label,output,score,topic\ns1,\"say \"\"hi\"\" <b>\",hi,hello \u{1f600},{a},x\ns2,bye,so,\"{{}}\\\",{b},y\n"
        )
    };
    project.file("old.csv", rows(1, 0)).file("new.csv", rows(0, 0));
    for (file, version) in [("old.csv", "v1"), ("new.csv", "v2")] {
        let args = [
            "import",
            file,
            "--model-version",
            version,
            "--score",
            "score",
            "--slice",
            "topic",
        ];
        project.run(&args).ok();
    }
    project.run(&["v1", "v2"]).ok();
    let report = project.report();
    let export = ["export", report.to_str().unwrap(), "--out", "lc.json"];
    project.run(&export).ok().stdout_has("samples into lc.json");
    let document: Value = serde_json::from_slice(&std::fs::read(project.path().join("lc.json")).unwrap()).unwrap();
    assert_eq!(document["models"], json!([{"name": "v1"}, {"name": "v2"}]));
    let examples = document["examples"].as_array().unwrap();
    let example = examples
        .iter()
        .find(|example| example["custom_fields"]["key"] == "s1")
        .unwrap();
    assert_eq!(example["input_text"], "say \"hi\" <b>");
    assert_eq!(example["output_text_a"], "hello \u{1f600}");
    assert_eq!(
        (&example["score"], &example["tags"]),
        (&json!(1.0), &json!(["regressed", "topic=x"]))
    );
    assert_eq!(example["custom_fields"]["score"], json!([1.0, 0.0]));
    project.run(&export).expect_code(2).stderr_has("is there already");
    project
        .run(&["export", "nowhere", "--out", "x"])
        .expect_code(2)
        .stderr_has("no report");
}

/// Logs that the tools themselves write, at the versions of tests/components/importers.
#[test]
fn real_tools_report_the_same_counts_and_headlines() {
    let Some(tools) = std::env::var_os("EVALDIFF_TOOLS") else {
        eprintln!("skipped: EVALDIFF_TOOLS names no environment with the tools (make importers-tools)");
        return;
    };
    let project = Project::new();
    let made = project.path().join("made");
    std::fs::create_dir(&made).unwrap();
    let script = repository().join("tests/components/importers/make.py");
    let mut command = Command::new(Path::new(&tools).join("bin/python"));
    command.arg(script).arg(&made);
    Output::of("make.py", command.output().unwrap()).ok();
    let expected: Value = serde_json::from_slice(&std::fs::read(made.join("expected.json")).unwrap()).unwrap();
    for (number, (log, says)) in expected.as_object().unwrap().iter().enumerate() {
        let (file, table) = (format!("made/{log}"), format!("logs.t{number}"));
        let mut args = vec!["import", &file, "--table", &table];
        if log.starts_with("mlflow") {
            args.extend([
                "--id",
                "question_id",
                "--truth",
                "answer",
                "--pred",
                "guess",
                "--model-version",
                "m",
            ]);
        }
        let model = says["model"].as_str().unwrap_or("m");
        let imported = project.run(&args);
        imported
            .ok()
            .stdout_has(&format!("imported: {model} into"))
            .stdout_has(&format!(" {} rows", says["rows"]));
        let slice = if says["filter"].is_null() {
            vec![]
        } else {
            vec!["--slice", "filter"]
        };
        let args = [&["report", model, "--table", &table, "--format", "json"][..], &slice].concat();
        let report = project.run(&args).ok().json();
        let mut found = report["metrics"][0]["candidate"].as_f64().unwrap();
        if let Some(filter) = says["filter"].as_str().filter(|filter| *filter != "none") {
            let slices = report["slices"].as_array().unwrap();
            let of = |slice: &&Value| slice["predicates"][0]["value"] == filter;
            found = slices.iter().find(of).unwrap()["value"].as_f64().unwrap();
        }
        let headline = says["headline"].as_f64().unwrap();
        assert!(
            (found - headline).abs() < 1e-12,
            "{log}: {found} where the tool says {headline}"
        );
        if !says["samples"].is_null() {
            assert_eq!(report["scoredSamples"], says["samples"], "{log}");
        }
    }
}

fn value(report: &Value, metric: &str) -> f64 {
    let metrics = report["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|found| found["name"] == metric);
    let found = found.unwrap_or_else(|| panic!("no metric {metric} in {metrics:?}"));
    found["candidate"].as_f64().unwrap()
}
