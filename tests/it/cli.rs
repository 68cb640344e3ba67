//! The command line as a user meets it.

use crate::harness::{Project, predictions, tree};
use crate::surgery;
use serde_json::Value;
use std::path::Path;

#[test]
fn help_version_completions_and_the_manual_page() {
    let project = Project::new();
    project
        .run(&["--help"])
        .ok()
        .stdout_has("References:")
        .stdout_has("Exit codes:")
        .stdout_has("latest~1");
    project.run(&["-h"]).ok().stdout_has("Usage: evaldiff");
    project
        .run(&["--version"])
        .ok()
        .stdout_has(concat!("evaldiff ", env!("CARGO_PKG_VERSION")));
    for command in [
        "diff",
        "import",
        "runs",
        "report",
        "render",
        "verify",
        "demo",
        "completions",
        "man",
    ] {
        project.run(&[command, "--help"]).ok().stdout_has("Usage: evaldiff");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        project
            .run(&["completions", shell])
            .ok()
            .stdout_has("evaldiff")
            .stdout_has("model-version");
    }
    project
        .run(&["man"])
        .ok()
        .stdout_has(".TH evaldiff")
        .stdout_has("COMMAND IMPORT");
    project.run(&[]).expect_code(2);
    let left: Vec<_> = std::fs::read_dir(project.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_newcomer_compares_two_files() {
    let project = Project::new();
    project.file(
        "old.csv",
        "id,question,label,answer\n1,What?,x,x\n2,Who?,y,x\n3,Why?,x,x\n",
    );
    project.file(
        "new.csv",
        "id,question,label,answer\n1,What?,x,y\n2,Who?,y,y\n3,Why?,x,x\n",
    );
    let output = project.run(&["old.csv", "new.csv"]);
    output.ok().stdout_has("snapshot:");
    let text = output.text();
    for line in text.lines().filter(|line| !line.contains(" -> snapshot:")) {
        assert!(line.chars().count() <= 120, "too wide for a terminal: {line}");
    }
    assert!(text.lines().count() <= 60, "too long for a terminal: {output}");
    let index = project.path().join(text.lines().last().unwrap().trim());
    assert!(
        index.ends_with("index.html") && index.is_file(),
        "no report at {}: {output}",
        index.display()
    );
    assert_eq!(project.runs().len(), 2);
    let page = std::fs::read_to_string(index).unwrap();
    assert!(page.contains("old") && page.contains("new"));
}

#[test]
fn columns_that_cannot_be_guessed_are_named() {
    let project = Project::new();
    let file = |pick: &str| format!("ticket,subject,intent,choice\n7,Hello,a,{pick}\n8,Bye,b,b\n");
    project.file("old.csv", file("a")).file("new.csv", file("b"));
    project
        .run(&["old.csv", "new.csv"])
        .expect_code(2)
        .stderr_has("looks like the key")
        .stderr_has("--id");
    let args = [
        "old.csv", "new.csv", "--id", "ticket", "--truth", "intent", "--pred", "choice", "--show", "subject",
    ];
    project.run(&args).ok();
    let samples = std::fs::read_to_string(project.report().join("data/samples.json")).unwrap();
    assert!(samples.contains("Hello"), "{samples}");
}

#[test]
fn an_unknown_version_is_answered_with_the_nearest_names() {
    let project = Project::with_runs("identical");
    project
        .run(&["v3", "v1"])
        .expect_code(2)
        .stderr_has("no run of")
        .stderr_has("`v3`")
        .stderr_has("`v1`");
    project.run(&["report", "v22"]).expect_code(2).stderr_has("`v2`");
    project.run(&["report", "v1@2000-01-01"]).expect_code(2);
    project.run(&["report", "run:ffffffff"]).expect_code(2);
    project
        .run(&["report", "snapshot:x"])
        .expect_code(2)
        .stderr_has("whole number");
    project
        .run(&["report", "tag:none"])
        .expect_code(2)
        .stderr_has("tag:none");
    project.run(&["report", "latest~7"]).expect_code(2);
    Project::new()
        .run(&["v1", "v2"])
        .expect_code(2)
        .stderr_has("no evaldiff warehouse")
        .stderr_has("evaldiff import");
}

#[test]
fn of_two_runs_of_one_version_the_newest_is_taken_and_both_are_named() {
    let project = Project::new();
    project
        .file("a.csv", predictions(30, 1))
        .file("b.csv", predictions(30, 2));
    for (file, version) in [("a.csv", "v1"), ("a.csv", "v2"), ("b.csv", "v2")] {
        project.run(&["import", file, "--model-version", version]).ok();
    }
    let runs = project.runs();
    let ids: Vec<&str> = runs
        .iter()
        .filter(|run| run["model_version"] == "v2")
        .map(|run| text(run, "run_id"))
        .collect();
    assert_eq!(ids.len(), 2);
    let output = project.run(&["v1", "v2"]);
    output.ok();
    let all = output.text() + &output.stderr;
    for id in &ids {
        assert!(
            all.contains(&id[..8]) && all.contains(id),
            "run {id} is not named in {output}"
        );
    }
    let found = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    let newest = runs.iter().max_by_key(|run| text(run, "run_id")).unwrap();
    assert_eq!(found["candidate"]["run_id"], newest["run_id"]);
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} is no string in {value}"))
}

#[test]
fn every_form_of_reference_finds_its_run() {
    let project = Project::with_runs("binary");
    let runs = project.runs();
    assert_eq!(runs.len(), 2);
    let by_version = |version: &str| runs.iter().find(|run| run["model_version"] == version).unwrap();
    let (old, new) = (by_version("v1"), by_version("v2"));
    surgery::tag(&project, "release", text(old, "snapshot_id"));
    let tomorrow = (chrono::Utc::now() + chrono::Days::new(1)).format("%Y-%m-%d");
    let references = [
        ("v1".to_string(), old),
        (format!("v1@{tomorrow}"), old),
        (format!("run:{}", text(old, "run_id")), old),
        (format!("snapshot:{}", text(old, "snapshot_id")), old),
        ("tag:release".to_string(), old),
        ("latest~1".to_string(), old),
        ("latest".to_string(), new),
        (format!("v2@{tomorrow}T00:00:00Z"), new),
    ];
    for (reference, run) in references {
        let found = project.run(&["diff", &reference, "v2", "--format", "json"]).ok().json();
        assert_eq!(found["baseline"]["snapshot_id"], run["snapshot_id"], "{reference}");
        assert_eq!(
            text(&found["baseline"], "ref"),
            format!("snapshot:{}", text(run, "snapshot_id"))
        );
    }
}

#[test]
fn the_list_of_runs_says_what_there_is() {
    let project = Project::with_runs("binary");
    let runs = project.runs();
    for (run, version) in runs.iter().zip(["v1", "v2"]) {
        assert_eq!(run["model_version"], version, "{run}");
        assert!(run["rows"].as_u64().is_some_and(|rows| rows > 0), "{run}");
        for name in ["run_id", "snapshot_id", "committed_at"] {
            assert!(run[name].is_string(), "{name} in {run}");
        }
    }
    let output = project.run(&["runs"]);
    output
        .ok()
        .stdout_has("v1")
        .stdout_has("v2")
        .stdout_has(text(&runs[0], "snapshot_id"));
    let one = project.run(&["runs", "v2", "--format", "json"]).ok().json();
    assert_eq!(one.as_array().unwrap().len(), 1);
    project.run(&["runs", "v7"]).expect_code(2).stderr_has("v7");
}

#[test]
fn json_is_exactly_the_document_and_markdown_the_summary() {
    let project = Project::with_runs("binary");
    let json = project.run(&["v1", "v2", "--format", "json"]);
    json.ok();
    let report = project.report();
    assert!(
        std::fs::read(report.join("data/comparison.json")).unwrap() == json.stdout,
        "{json}"
    );
    assert_eq!(json.json()["schema"], "evaldiff.comparison/1");
    assert!(
        json.stderr.contains("snapshot:"),
        "what references resolved to is not said: {json}"
    );
    let markdown = project.run(&["v1", "v2", "--format", "markdown"]);
    assert!(
        std::fs::read(report.join("summary.md")).unwrap() == markdown.ok().stdout,
        "{markdown}"
    );
}

#[test]
fn the_document_survives_being_read_and_written() {
    let project = Project::with_runs("slice-regression");
    let output = project.run(&["v1", "v2", "--slice", "region", "--slice", "tier", "--format", "json"]);
    let mut again = serde_json::to_vec_pretty(&output.ok().json()).unwrap();
    again.push(b'\n');
    let (before, after) = (output.text(), String::from_utf8(again).unwrap());
    let differ: Vec<_> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
    assert!(
        differ.is_empty(),
        "numbers change by being read (serde_json's float_roundtrip?): {differ:?}"
    );
}

#[test]
fn the_report_on_one_run_holds_what_dashboards_expect() {
    let project = Project::with_runs("multiclass");
    let output = project.run(&["report", "v2", "--format", "json"]);
    let data = output.ok().json();
    let report = project.report();
    assert!(
        std::fs::read(report.join("data/report-data.json")).unwrap() == output.stdout,
        "{output}"
    );
    assert_eq!(data["modelVersion"], "v2");
    assert!(data["overallAccuracy"].is_f64() && data["totalSamples"].is_u64());
    for name in ["evaluationTimestamp", "snapshotId", "runId"] {
        assert!(data[name].is_string(), "{name}");
    }
    let labels = data["confusionMatrix"]["labels"].as_array().unwrap().len();
    assert_eq!(data["perClass"].as_array().unwrap().len(), labels);
    let index = project
        .run(&["report", "v2"])
        .ok()
        .text()
        .lines()
        .last()
        .unwrap()
        .to_string();
    assert!(project.path().join(index.trim()).is_file(), "{index}");
    let below = report.strip_prefix(project.path().join("site")).unwrap().to_path_buf();
    let parts: Vec<_> = below.iter().map(|part| part.to_str().unwrap()).collect();
    assert_eq!(parts[..3], ["ml_eval_results.predictions", "runs", "v2"]);
    assert!(parts[3].starts_with(text(&data, "snapshotId")), "{below:?}");
}

#[test]
fn rendering_the_data_folder_gives_the_same_pages() {
    let project = Project::with_runs("slice-regression");
    for args in [&["v1", "v2"][..], &["report", "v1"]] {
        let out = format!("site-{}", args[0]);
        project
            .run(&[args, &["--out", &out, "--slice", "region", "--slice", "tier"]].concat())
            .ok();
        let [report] = &project.reports(&out)[..] else {
            panic!("one report in {out}")
        };
        let data = report.join("data");
        let again = format!("again-{}", args[0]);
        project.run(&["render", data.to_str().unwrap(), "--out", &again]).ok();
        let (before, after) = (tree(report), tree(&project.path().join(&again)));
        // What pages link to is there too: documents, flips, the manifest.
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        assert!(before.len() > 3, "{before:?}");
        for (name, bytes) in &after {
            assert!(before.get(name) == Some(bytes), "{name} differs");
        }
        project.run(&["verify", &again]).ok();
        // A data folder on its own gives pages as well.
        let alone = project.path().join(format!("alone-{}", args[0]));
        std::fs::rename(project.path().join(&again).join("data"), &alone).unwrap();
        let out = format!("from-{}", args[0]);
        project.run(&["render", alone.to_str().unwrap(), "--out", &out]).ok();
        let files = tree(&project.path().join(&out));
        assert!(!files.contains_key("manifest.json") && files.contains_key("data/samples.json"));
        assert_eq!(files.len() + 1, before.len());
    }
}

#[test]
fn every_link_of_a_report_leads_to_a_file_of_the_site() {
    let project = Project::with_runs("hostile-text");
    project.run(&["v1", "v2", "--slice", "origin"]).ok();
    let site = project.path().join("site");
    let files = tree(&site);
    let mut links = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".html")) {
        let page = String::from_utf8_lossy(bytes);
        for hostile in ["<script>alert", "onmouseover=\"", "<b>bold", "href=\"javascript:"] {
            assert!(!page.contains(hostile), "{name} holds {hostile:?} unescaped");
        }
        assert!(page.contains("Content-Security-Policy"), "{name} has no policy");
        for attribute in ["href=\"", "src=\""] {
            for (at, _) in page.match_indices(attribute) {
                let link = page[at + attribute.len()..].split('"').next().unwrap();
                links += 1;
                let path = link.split(['#', '?']).next().unwrap();
                let target = site.join(name).parent().unwrap().join(path);
                let fine = path.is_empty() || path == "data:,";
                assert!(fine || exists(&target, &site), "{name} links to {link}");
            }
        }
    }
    assert!(links > 20, "only {links} links");
}

/// Whether a link leads to a file inside the site.
fn exists(target: &Path, site: &Path) -> bool {
    target
        .canonicalize()
        .is_ok_and(|path| path.is_file() && path.starts_with(site.canonicalize().unwrap()))
}

#[test]
fn hidden_columns_and_payload_are_in_no_file() {
    let project = Project::new();
    let file = |pick: &str| format!("id,text,mail,label,pred\n1,sesame-open,ann@secret.example,a,{pick}\n2,x,y,b,b\n");
    project.file("old.csv", file("a")).file("new.csv", file("b"));
    let show = ["old.csv", "new.csv", "--show", "text", "--show", "mail"];
    let holds = |out: &str, words: &str| {
        tree(&project.path().join(out))
            .values()
            .any(|bytes| String::from_utf8_lossy(bytes).contains(words))
    };
    project.run(&[&show[..], &["--out", "all"]].concat()).ok();
    assert!(holds("all", "sesame-open") && holds("all", "ann@secret.example"));
    project
        .run(&[&show[..], &["--out", "some", "--hide", "mail"]].concat())
        .ok();
    assert!(holds("some", "sesame-open") && !holds("some", "ann@secret.example"));
    project
        .run(&[&show[..], &["--out", "none", "--no-payload"]].concat())
        .ok();
    assert!(!holds("none", "sesame-open") && !holds("none", "ann@secret.example"));
    // What cannot be hidden is no warning: nothing is written.
    for (args, words) in [
        (&["--slice", "mail", "--hide", "mail"][..], "its values name the slices"),
        (&["--hide", "prediction"], "its labels are what is counted"),
        (&["--hide", "pred"], "there is no column `pred` to hide"),
    ] {
        project
            .run(&[&show[..2], args, &["--out", "refused"]].concat())
            .expect_code(2)
            .stderr_has(words)
            .stderr_has("hint: ");
        assert!(!project.path().join("refused").join("index.html").exists());
    }
}

#[test]
fn no_matched_sample_is_not_comparable() {
    let project = Project::with_runs("no-match");
    let output = project.run(&["v1", "v2", "--format", "json"]);
    assert_eq!(output.expect_code(3).json()["verdict"], "not_comparable");
    assert!(project.report().join("index.html").is_file());
}

#[test]
fn swapping_the_sides_negates_and_a_run_equals_itself() {
    let project = Project::with_runs("slice-regression");
    let json = |a: &str, b: &str| {
        project
            .run(&[a, b, "--slice", "region", "--format", "json"])
            .ok()
            .json()
    };
    let (there, back, same) = (json("v1", "v2"), json("v2", "v1"), json("v1", "v1"));
    assert_eq!(there["outcomes"]["regressed"], back["outcomes"]["fixed"]);
    assert_eq!(
        there["metrics"][0]["delta"].as_f64().unwrap(),
        -back["metrics"][0]["delta"].as_f64().unwrap()
    );
    assert_eq!(same["verdict"], "unchanged");
    assert_eq!(
        same["outcomes"]["regressed"].as_u64().unwrap() + same["outcomes"]["fixed"].as_u64().unwrap(),
        0
    );
}

#[test]
fn settings_rise_from_file_over_environment_to_flags() {
    let project = Project::with_runs("binary");
    project.file(
        "evaldiff.toml",
        "[compare]\nalpha = 0.2\n[report]\nout = \"from-file\"\n",
    );
    let found = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(found["options"]["alpha"], 0.2);
    assert_eq!(project.reports("from-file").len(), 1);
    let found = project
        .run(&["v1", "v2", "--alpha", "0.1", "--out", "flag", "--format", "json"])
        .ok()
        .json();
    assert_eq!(found["options"]["alpha"], 0.1);
    assert_eq!(project.reports("flag").len(), 1);
    let env = [("EVALDIFF_TABLE", "no.such")];
    project.run_with(&["runs"], &env).expect_code(2).stderr_has("no.such");
    project
        .run_with(&["runs", "--table", "ml_eval_results.predictions"], &env)
        .ok();
    project.file("evaldiff.toml", "[compare]\nalhpa = 0.2\n");
    project
        .run(&["runs"])
        .expect_code(2)
        .stderr_has("evaldiff.toml:2")
        .stderr_has("did you mean `alpha`");
}

#[test]
fn the_demonstration_leaves_settings_alone_that_are_not_its_own() {
    let project = Project::new();
    let own = "table = \"mine.predictions\"\n";
    project.file(".evaldiff/kept", "").file("evaldiff.toml", own);
    project
        .run(&["demo", "."])
        .expect_code(2)
        .stderr_has("holds an evaldiff.toml that is not the demonstration's");
    assert_eq!(
        std::fs::read_to_string(project.path().join("evaldiff.toml")).unwrap(),
        own
    );
    assert!(!project.path().join("golden.csv").exists());
}

#[test]
fn the_demonstration_shows_everything_offline() {
    let project = Project::new();
    // A catalog that the folder above names is not the demonstration's.
    project.file("evaldiff.toml", "[catalog]\nuri = \"http://127.0.0.1:1\"\n");
    let output = project.run(&["demo", "tour"]);
    output.ok();
    let all = output.text() + &output.stderr;
    for words in ["evaldiff import", "evaldiff v0.7.1 v1.2.0"] {
        assert!(all.contains(words), "{words:?} is not said in {output}");
    }
    let last = output.text().lines().last().unwrap().trim().to_string();
    let index = project.path().join(last);
    assert!(index.ends_with("index.html") && index.is_file(), "{output}");
    assert!(
        index.parent().unwrap().join("slices").is_dir(),
        "the demonstration has no regression slice"
    );
    let report = index.parent().unwrap().to_str().unwrap().to_string();
    assert_eq!(
        std::fs::read_dir(project.path()).unwrap().count(),
        2,
        "something stands beside the folder"
    );
    crate::harness::finish(crate::harness::command_in(
        &project.path().join("tour"),
        &["verify", &report],
    ))
    .ok();
}
