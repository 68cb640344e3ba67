//! Several samples of one document: what metrics and slices are judged by, what the search confirms, and what is said.

use crate::harness::{Output, Project, assert_same_trees, repository, tree};
use serde_json::Value;
use std::fmt::Write;

/// 50 documents of `copies` like samples each: 2 regress, 12 are fixed. Documents are named from `prefix`; without one
/// the column is empty.
fn predictions(candidate: bool, copies: usize, prefix: &str) -> String {
    let mut out = String::from("sample_id,label,pred,lang,tier,doc\n");
    for document in 0..50 {
        let right = match document {
            0..2 => !candidate,
            2..14 => candidate,
            _ => document % 3 > 0,
        };
        let name = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}{document}")
        };
        for copy in 0..copies {
            let (pred, lang) = (["b", "a"][usize::from(right)], ["de", "en"][usize::from(document < 20)]);
            let tier = ["free", "paid"][copy % 2];
            let _ = writeln!(out, "s-{document}-{copy},a,{pred},{lang},{tier},{name}");
        }
    }
    out
}

fn project(copies: usize, prefix: &str) -> Project {
    let project = Project::new();
    project
        .file("v1.csv", predictions(false, copies, prefix))
        .file("v2.csv", predictions(true, copies, prefix));
    project
}

fn compare(project: &Project, more: &[&str]) -> Output {
    project.run(&[&["v1.csv", "v2.csv", "--slice", "lang"], more].concat())
}

fn compared(project: &Project, more: &[&str]) -> Value {
    compare(project, &[more, &["--format", "json"]].concat()).ok().json()
}

fn close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() < 1e-12, "{value} instead of {expected}");
}

/// scipy 1.17.1: `chi2.sf(100 / 14, 1)`, and Student's interval of 12 ones and 2 minus ones in 50.
fn assert_reference(found: &Value) {
    let accuracy = &found["metrics"][0];
    close(&accuracy["p_value"], 0.007526315166457882);
    // Fewer than twenty lean: Student's interval is the least, and about what it is.
    for (end, student, outwards) in [
        ("ci_low", 0.05935903055145303, -1.0),
        ("ci_high", 0.340640969448547, 1.0),
    ] {
        let further = outwards * (accuracy[end].as_f64().unwrap() - student);
        assert!((0.0..0.01).contains(&(further + 1e-12)), "{accuracy}");
    }
    assert_eq!(found["verdict"], "improved");
}

/// A gate passes only where something was shown; slices of few clusters get no verdict; and a label is no cluster.
#[test]
fn what_clusters_cannot_tell_is_not_passed() {
    let project = Project::new();
    let rows = |right: &dyn Fn(usize) -> bool| {
        let mut out = String::from("id,label,pred,score,document,group,part,tenth\n");
        for i in 0..400 {
            let (pred, score) = if right(i) { ("yes", 1) } else { ("no", 0) };
            let document = if i < 200 { i / 100 } else { i };
            let group = if i < 200 { "few" } else { "many" };
            out += &format!("s{i},yes,{pred},{score},d{document},{group},all,t{}\n", i / 10);
        }
        out
    };
    project.file("a.csv", rows(&|_| true));
    project.file("b.csv", rows(&|i| i % 40 != 0));
    // One cluster of everything, and one loss among many: neither shows that a loss is excluded.
    let gate = |more: &[&str]| project.run(&[&["a.csv", "b.csv", "--no-search", "--margin", "0.5"], more].concat());
    gate(&["--cluster", "part"])
        .expect_code(3)
        .stderr_has("whether a loss of 50.0 points is excluded cannot be told: clusters are too few");
    gate(&[]).ok();
    // Of 0/1 scores one loss is what it is of answers; of scores that never changed nothing is known.
    let score = |margin: &str| {
        let score = ["--score", "score", "--kind", "text", "--margin", margin];
        project.run(&[&["a.csv", "b.csv", "--no-search"], &score[..]].concat())
    };
    project.file("b.csv", rows(&|i| i != 7));
    score("0.0075").expect_code(3);
    score("0.015").ok();
    project.file("b.csv", rows(&|_| true));
    score("0.015")
        .expect_code(3)
        .stderr_has("cannot be told: no sample changed");
    let clustered = |margin: &str| {
        let score = [
            "--score",
            "score",
            "--kind",
            "text",
            "--cluster",
            "tenth",
            "--margin",
            margin,
        ];
        project.run(&[&["a.csv", "b.csv", "--no-search"], &score[..]].concat())
    };
    clustered("0.015")
        .expect_code(3)
        .stderr_has("cannot be told: no sample changed");
    // One of ten samples of every document is lost: that is one of ten samples, not a tenth of each document for sure.
    project.file("b.csv", rows(&|i| i % 10 != 0));
    clustered("0.11").expect_code(1);
    clustered("0.15").ok();
    project.file("b.csv", rows(&|i| i != 7));
    // Half of the samples in two clusters: no interval of that slice.
    let compared = project.run(&[
        "a.csv",
        "b.csv",
        "--cluster",
        "document",
        "--slice",
        "group",
        "--no-search",
        "--format",
        "json",
    ]);
    let json = compared.ok().json();
    for slice in json["slices"].as_array().unwrap() {
        let few = slice.to_string().contains("\"few\"");
        assert_eq!(slice["ci_low"].is_null(), few, "{slice}");
        assert!(!few || slice["verdict"] == "inconclusive", "{slice}");
    }
    assert!(json["warnings"].to_string().contains("1 slice stands on few clusters"));
    project
        .run(&["a.csv", "b.csv", "--cluster", "label"])
        .expect_code(2)
        .stderr_has("cluster");
}

#[test]
fn samples_of_their_own_cluster_give_the_clustered_formulas() {
    for prefix in ["d", ""] {
        let found = compared(&project(1, prefix), &["--cluster", "doc"]);
        assert_reference(&found);
        assert_eq!(found["clusters"]["n"], 50);
        assert_eq!(found["clusters"]["largest"], 1);
        assert_eq!(found["clusters"]["leaning"], 14);
    }
}

#[test]
fn copies_of_a_sample_are_no_evidence_if_they_are_one_cluster() {
    let project = project(4, "d");
    let ignored = compared(&project, &[]);
    let found = compared(&project, &["--cluster", "doc"]);
    assert_reference(&found);
    assert_eq!(
        (&ignored["clusters"], &found["clusters"]["largest"]),
        (&Value::Null, &4.into())
    );
    let width = |found: &Value| {
        let end = |name: &str| found[name].as_f64().unwrap();
        end("ci_high") - end("ci_low")
    };
    assert!(width(&found["metrics"][0]) > 1.5 * width(&ignored["metrics"][0]));
    for slice in found["slices"].as_array().unwrap() {
        let same = |other: &&Value| other["predicates"] == slice["predicates"];
        let alone = ignored["slices"].as_array().unwrap().iter().find(same).unwrap();
        assert_eq!(slice["delta"], alone["delta"]);
        assert!(width(slice) > 1.5 * width(alone), "{slice}");
        // 14 of the 20 English documents flip, and they alone: (12 - 2)^2 / 14 again.
        if slice["predicates"][0]["value"] == "en" {
            close(&slice["p_value"], 0.007526315166457882);
            assert_eq!(slice["verdict"], "improved");
        } else {
            assert_eq!(
                (&slice["verdict"], &slice["p_value"]),
                (&"unchanged".into(), &1.0.into())
            );
        }
    }
}

#[test]
fn few_documents_are_inconclusive_however_many_samples_they_have() {
    let project = Project::new();
    for (file, pred) in [("v1.csv", "a"), ("v2.csv", "b")] {
        let rows = (0..400).map(|i| format!("s-{i},a,{},d{}\n", if i < 200 { pred } else { "a" }, i / 50));
        project.file(file, format!("id,label,pred,doc\n{}", rows.collect::<String>()));
    }
    let ignored = project.run(&["v1.csv", "v2.csv", "--format", "json"]).ok().json();
    assert_eq!(ignored["verdict"], "regressed");
    let args = ["v1.csv", "v2.csv", "--cluster", "doc", "--format", "json"];
    let found = project.run(&args).ok().json();
    assert_eq!(found["verdict"], "inconclusive");
    let note = found["metrics"][0]["note"].as_str().unwrap();
    assert!(note.contains("there are 8"), "{note}");
}

#[test]
fn measured_answers_are_judged_by_clusters_too() {
    let project = Project::new();
    for (copies, folder) in [(1, "one"), (3, "three")] {
        for (version, by) in [("v1", 0.0), ("v2", 1.0)] {
            let mut out = String::from("id,truth,prediction,doc\n");
            for document in 0..40 {
                let error = f64::from(document % 7) + by * f64::from(document % 5 - 1) / 3.0;
                for copy in 0..copies {
                    let _ = writeln!(out, "s-{document}-{copy},1.5,{},d{document}", 1.5 + error);
                }
            }
            project.file(&format!("{folder}/{version}.csv"), out);
        }
    }
    let run = |folder: &str, more: &[&str]| {
        let files = ["v1", "v2"].map(|version| format!("{folder}/{version}.csv"));
        let args = [
            &[files[0].as_str(), &files[1], "--kind", "numeric", "--format", "json"],
            more,
        ]
        .concat();
        project.run(&args).ok().json()["metrics"].clone()
    };
    let (alone, clustered) = (run("one", &[]), run("three", &["--cluster", "doc"]));
    // Clusters of one sample are the paired test, and copies within a cluster change nothing.
    for name in ["delta", "p_value", "ci_low", "ci_high"] {
        close(&clustered[0][name], alone[0][name].as_f64().unwrap());
    }
    // Root mean squared error, R2 and mean error: drawn without clusters, linearised with them.
    for (alone, clustered) in alone.as_array().unwrap().iter().zip(clustered.as_array().unwrap()) {
        let ends = |metric: &Value| ["ci_low", "ci_high"].map(|end| metric[end].as_f64());
        match (ends(alone), ends(clustered)) {
            ([Some(low), Some(high)], [Some(a), Some(b)]) => {
                let off = (a - low).abs().max((b - high).abs());
                assert!(off < 0.15 * (high - low), "{alone} {clustered}");
            }
            (alone, clustered) => assert_eq!(alone, clustered),
        }
        assert_eq!(alone["note"], clustered["note"]);
    }
}

/// 200 documents of `copies` like samples each, judged in every way that labels can be: with confidence, probabilities and
/// a ground truth that changes in every tenth document.
fn ranked(candidate: bool, copies: usize, relabelled: bool) -> String {
    let mut out = String::from("id,label,pred,confidence,probability,doc\n");
    for document in 0..200_usize {
        let luck = |by: usize| (document * by % 101) as f64 / 101.0;
        let old = 0.7 * luck(37) + if document % 3 == 0 { 0.3 } else { 0.0 };
        let new = (old + 0.3 * (luck(59) - 0.45)).clamp(0.0, 1.0);
        let probability = if candidate { new } else { old };
        let confidence = probability.max(1.0 - probability);
        let pred = ["no", "yes"][usize::from(probability > 0.5)];
        let changed = relabelled && candidate && document % 10 == 9;
        let label = ["no", "yes"][usize::from((document % 3 == 0) != changed)];
        for copy in 0..copies {
            let _ = writeln!(
                out,
                "s-{document}-{copy},{label},{pred},{confidence:.4},{probability:.4},d{document}"
            );
        }
    }
    out
}

fn compare_ranked(copies: usize, relabelled: bool, more: &[&str]) -> Value {
    let project = Project::new();
    project
        .file("v1.csv", ranked(false, copies, relabelled))
        .file("v2.csv", ranked(true, copies, relabelled));
    let columns = ["--conf", "confidence", "--positive", "probability", "--format", "json"];
    project
        .run(&[&["v1.csv", "v2.csv"], &columns[..], more].concat())
        .ok()
        .json()
}

fn ends(metric: &Value) -> Option<(f64, f64)> {
    metric["ci_low"].as_f64().zip(metric["ci_high"].as_f64())
}

#[test]
fn every_metric_of_copies_in_clusters_is_as_sure_as_that_of_the_samples_alone() {
    let alone = compare_ranked(1, false, &[]);
    let clustered = compare_ranked(4, false, &["--cluster", "doc"]);
    let both = |found: &Value| found["metrics"].as_array().unwrap().clone();
    let (alone, found) = (both(&alone), both(&clustered));
    assert_eq!((alone.len(), found.len()), (16, 16));
    for (alone, found) in alone.iter().zip(&found) {
        assert_eq!(alone["name"], found["name"]);
        assert_eq!(ends(alone).is_some(), ends(found).is_some(), "{found}");
        assert_eq!(
            (&alone["p_value"].is_null(), &alone["verdict"]),
            (&found["p_value"].is_null(), &found["verdict"]),
            "{found}"
        );
        if let (Some((low, high)), Some((a, b))) = (ends(alone), ends(found)) {
            let off = (a - low).abs().max((b - high).abs());
            assert!(off < 0.1 * (high - low), "{alone} {found}");
        }
    }
    // The calibration error alone is drawn.
    assert_eq!(clustered["resampling"]["replicates"], 9_999);
}

#[test]
fn few_clusters_leave_the_metrics_beside_the_headline_without_an_interval() {
    let project = Project::new();
    for version in ["v1", "v2"] {
        let all = ranked(version == "v2", 8, false);
        let rows = all.lines().take(1 + 8 * 9).map(|row| format!("{row}\n"));
        project.file(&format!("{version}.csv"), rows.collect::<String>());
    }
    let columns = ["--conf", "confidence", "--positive", "probability", "--cluster", "doc"];
    let args = [&["v1.csv", "v2.csv", "--format", "json"], &columns[..]].concat();
    let found = project.run(&args).ok().json();
    let metrics = found["metrics"].as_array().unwrap();
    assert!(ends(&metrics[0]).is_some());
    assert!(metrics[0]["note"].as_str().unwrap().contains("there are 9"));
    for metric in metrics
        .iter()
        .skip(1)
        .filter(|metric| metric["name"] != "relative_negative_flip_rate")
    {
        assert_eq!(
            (ends(metric), &metric["p_value"], &metric["verdict"]),
            (None, &Value::Null, &Value::Null)
        );
        let note = metric["note"].as_str().unwrap_or_default();
        assert!(
            note.contains("no interval: it is sure to hold from 10 clusters on; there are"),
            "{metric}"
        );
    }
    assert_eq!(found["resampling"], Value::Null);
}

#[test]
fn one_large_cluster_leaves_them_without_an_interval_too() {
    let project = Project::new();
    for version in ["v1", "v2"] {
        // 60 documents; every other sample is of the first.
        let rows = ranked(version == "v2", 2, false);
        let rows = rows.lines().take(121).enumerate().map(|(at, row)| match at % 2 {
            1 => format!("{}d0\n", &row[..=row.rfind(',').unwrap()]),
            _ => format!("{row}\n"),
        });
        project.file(&format!("{version}.csv"), rows.collect::<String>());
    }
    let args = ["v1.csv", "v2.csv", "--format", "json", "--cluster", "doc"];
    let found = project.run(&args).ok().json();
    assert_eq!(found["clusters"]["n"], 60);
    let limit = "no cluster of more than twice the mean size has more than 15% of the samples; the largest has 51%";
    for (at, metric) in found["metrics"].as_array().unwrap().iter().enumerate() {
        assert_eq!(ends(metric).is_some(), at == 0, "{metric}");
        let note = metric["note"].as_str().unwrap_or_default();
        assert!(
            note.contains(limit)
                || note.contains("weigh as much as 20 of one size")
                || metric["name"] == "relative_negative_flip_rate",
            "{metric}"
        );
    }
}

#[test]
fn changed_labels_are_judged_by_clusters_under_both_truths() {
    let alone = compare_ranked(1, true, &[]);
    let found = compare_ranked(5, true, &["--cluster", "doc"]);
    for truth in ["old_truth", "new_truth"] {
        let accuracy = |found: &Value| found["label_changes"][truth]["accuracy"].clone();
        let (alone, found) = (accuracy(&alone), accuracy(&found));
        let ((low, high), (a, b)) = (ends(&alone).unwrap(), ends(&found).unwrap());
        assert!(
            (a - low).abs().max((b - high).abs()) < 0.1 * (high - low),
            "{alone} {found}"
        );
        assert_eq!(alone["verdict"], found["verdict"]);
    }
    assert_eq!(found["label_changes"]["old_truth"]["n"], 1_000);
}

#[test]
fn further_scores_and_references_are_judged_by_clusters() {
    let project = Project::new();
    for copies in [1, 4] {
        for version in ["v1", "v2"] {
            let by = f64::from(u8::from(version == "v2"));
            let mut out = String::from("id,label,output,grade,length,doc\n");
            for document in 0..60_i32 {
                let luck = |factor: i32| f64::from(document * factor % 17) / 17.0;
                let (grade, length) = (luck(5) + by * (luck(3) - 0.3), 9.0 * luck(7) + by * (luck(11) - 0.2));
                let output = ["good", "bad"][usize::from(luck(7) > 0.4 + 0.3 * by * luck(5))];
                for copy in 0..copies {
                    let _ = writeln!(
                        out,
                        "s-{document}-{copy},good,{output},{grade:.3},{length:.3},d{document}"
                    );
                }
            }
            project.file(&format!("{version}-{copies}.csv"), out);
        }
    }
    let run = |copies: usize, more: &[&str]| {
        let files = ["v1", "v2"].map(|version| format!("{version}-{copies}.csv"));
        let scores = [
            "--pred",
            "output",
            "--score",
            "grade",
            "--score",
            "length:lower",
            "--format",
            "json",
        ];
        let args = [&[files[0].as_str(), &files[1]], &scores[..], more].concat();
        project.run(&args).ok().json()
    };
    let (alone, found) = (run(1, &[]), run(4, &["--cluster", "doc"]));
    let (metrics, expected) = (
        found["metrics"].as_array().unwrap(),
        alone["metrics"].as_array().unwrap(),
    );
    assert_eq!(metrics.len(), 3);
    for (found, alone) in metrics.iter().zip(expected) {
        let ((low, high), (a, b)) = (ends(alone).unwrap(), ends(found).unwrap());
        assert!(
            (a - low).abs().max((b - high).abs()) < 0.15 * (high - low),
            "{alone} {found}"
        );
        assert_eq!(alone["verdict"], found["verdict"]);
    }
    for (found, alone) in [0, 1].map(|i| (&found["scores"][i], &alone["scores"][i])) {
        // As sixty samples by themselves.
        let [found, alone] = [found, alone].map(|score| score["detectable"].as_f64().unwrap());
        assert!((found / alone - 1.0).abs() < 1e-9, "{found} {alone}");
    }
}

/// As good as random: splitmix64.
fn mixed(number: u64) -> u64 {
    let step = |z: u64, by: u32, times: u64| (z ^ (z >> by)).wrapping_mul(times);
    let z = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    step(step(z, 30, 0xBF58_476D_1CE4_E5B9), 27, 0x94D0_49BB_1331_11EB) >> 31
}

/// Documents of eight samples that flip as a whole, six in a hundred either way, and columns that tell documents apart: of
/// every twelfth document by `planted` half regress.
fn flipping(candidate: bool, planted: bool) -> String {
    let mut out = String::from("id,label,pred,doc,team,shelf,tier\n");
    for document in 0..600_u64 {
        let luck = mixed(document);
        let worse = luck % 100 < 6 || (planted && document % 12 == 3 && luck.is_multiple_of(2));
        let right = match luck % 100 {
            _ if worse => !candidate,
            94..100 => candidate,
            _ => true,
        };
        let (pred, team, shelf) = (["b", "a"][usize::from(right)], document % 12, (luck >> 8) % 40);
        for copy in 0..8 {
            let tier = (luck >> copy) % 3;
            let _ = writeln!(out, "s-{document}-{copy},a,{pred},d{document},t{team},f{shelf},p{tier}");
        }
    }
    out
}

#[test]
fn the_search_confirms_by_clusters_what_is_there_and_nothing_else() {
    let search = |planted: bool, more: &[&str]| {
        let project = Project::new();
        project
            .file("v1.csv", flipping(false, planted))
            .file("v2.csv", flipping(true, planted));
        let columns = [
            "--search-column",
            "team",
            "--search-column",
            "shelf",
            "--search-column",
            "tier",
        ];
        let args = [&["v1.csv", "v2.csv", "--format", "json"], &columns[..], more].concat();
        project.run(&args).ok().json()
    };
    let confirmed = |found: &Value| -> Vec<Value> {
        let slices = ["worse", "better"].map(|way| found["discovered"][way]["slices"].as_array().unwrap().clone());
        let slices = slices.concat().into_iter();
        slices.filter(|slice| slice["confirmed"] == true).collect()
    };
    let by_document = ["--cluster", "doc"];
    assert_eq!(confirmed(&search(false, &by_document)), [Value::Null; 0]);
    assert!(!confirmed(&search(false, &[])).is_empty());
    let found = search(true, &by_document);
    let searched = found["discovered"]["columns"].as_array().unwrap().iter();
    let searched: Vec<&Value> = searched.map(|column| &column["column"]).collect();
    assert_eq!(searched, ["team", "shelf", "tier"]);
    // A cluster is whole in one half.
    let halves = [0, 1].map(|half| found["discovered"]["halves"][half].as_u64().unwrap());
    assert!(halves.iter().all(|half| half % 8 == 0 && *half > 1_600), "{halves:?}");
    let confirmed = confirmed(&found);
    assert_eq!(confirmed.len(), 1, "{confirmed:?}");
    assert_eq!(confirmed[0]["slice"]["predicates"][0]["value"], "t3");
    let width = |part: &Value| {
        let (low, high) = ends(part).unwrap();
        high - low
    };
    let alone = search(true, &["--slice", "team"]);
    let mut declared = alone["slices"].as_array().unwrap().iter();
    let declared = declared.find(|slice| slice["predicates"][0]["value"] == "t3").unwrap();
    assert!(
        width(&confirmed[0]["slice"]) > 2.0 * width(declared),
        "{} {declared}",
        confirmed[0]
    );
    assert!(width(&confirmed[0]["confirming"]) > width(&confirmed[0]["slice"]));
}

#[test]
fn neither_threads_nor_memory_nor_the_join_changes_a_byte() {
    let project = project(30, "d");
    let cluster = ["--cluster", "doc", "--slice", "tier"];
    compare(&project, &[&cluster[..], &["--out", "first"]].concat()).ok();
    for (index, more) in [
        &["--threads", "1"][..],
        &["--threads", "8", "--join", "merge"],
        &["--join", "hash", "--threads", "8"],
        &["--join", "hash", "--memory-limit", "16MiB"],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("again-{index}");
        compare(&project, &[&cluster[..], more, &["--out", &out]].concat()).ok();
        let [first, again] = ["first", &out].map(|name| project.path().join(name));
        assert_same_trees(&first, &again, &more.join(" "));
    }
}

#[test]
fn the_report_says_what_allows_for_clusters_and_can_be_verified() {
    let project = project(4, "d");
    let output = compare(&project, &["--cluster", "doc"]);
    output.ok();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("50 clusters of up to 4 samples (by doc)"), "{said}");
    let report = project.report();
    let schema = std::fs::read(repository().join("docs/comparison-1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let comparison = std::fs::read(report.join("data/comparison.json")).unwrap();
    validator
        .validate(&serde_json::from_slice(&comparison).unwrap())
        .unwrap();
    let page = std::fs::read_to_string(report.join("index.html")).unwrap();
    for words in ["50 clusters of up to 4 samples (by doc)", "Slices found by search"] {
        assert!(page.contains(words), "the page lacks {words:?}");
    }
    let summary = std::fs::read_to_string(report.join("summary.md")).unwrap();
    assert!(
        summary.contains("- Clusters: 50 clusters of up to 4 samples (by doc)"),
        "{summary}"
    );
    let method = std::fs::read_to_string(report.join("method.html")).unwrap();
    assert!(method.contains("McNemar&#x27;s test over clusters") || method.contains("McNemar's test over clusters"));
    project.run(&["verify", report.to_str().unwrap()]).ok();
    let data = report.join("data");
    project.run(&["render", data.to_str().unwrap(), "--out", "again"]).ok();
    for (name, bytes) in tree(&project.path().join("again")) {
        assert!(std::fs::read(report.join(&name)).unwrap() == bytes, "{name}");
    }
    // One version by itself: copies in a cluster make its accuracy no surer.
    let interval = |project: &Project| {
        project.run(&["report", "v2", "--out", "single"]).ok();
        let single = project.reports("single")[0].clone();
        let page = std::fs::read_to_string(single.join("index.html")).unwrap();
        assert!(page.contains("the interval of accuracy allows for the clusters of"));
        let report = std::fs::read(single.join("data/report-data.json")).unwrap();
        let report: Value = serde_json::from_slice(&report).unwrap();
        report["accuracyInterval"].clone()
    };
    let alone = super::clusters::project(1, "d");
    compare(&alone, &["--cluster", "doc"]).ok();
    let (many, one) = (interval(&project), interval(&alone));
    for end in 0..2 {
        close(&many[end], one[end].as_f64().unwrap());
    }
}

#[test]
fn a_table_keeps_its_cluster_column_and_a_golden_dataset_may_bring_it() {
    let project = project(2, "ignored");
    let mut golden = String::from("sample_id,label,document\n");
    for document in 0..50 {
        for copy in 0..2 {
            let _ = writeln!(golden, "s-{document}-{copy},a,d{document}");
        }
    }
    project
        .file("golden.csv", golden)
        .file("evaldiff.toml", "[columns]\ncluster = \"document\"\n");
    for version in ["v1", "v2"] {
        let file = format!("{version}.csv");
        let import = ["import", &file, "--model-version", version, "--golden", "golden.csv"];
        project.run(&import).ok();
    }
    std::fs::remove_file(project.path().join("evaldiff.toml")).unwrap();
    let found = project.run(&["v1", "v2", "--format", "json"]).ok().json();
    assert_eq!(found["roles"]["cluster"], "document");
    assert_reference(&found);
    let found = project
        .run(&["v1", "v2", "--cluster", "lang", "--format", "json"])
        .ok()
        .json();
    assert_eq!(found["clusters"]["n"], 2);
}

#[test]
fn a_cluster_that_differs_is_the_candidates() {
    let project = project(2, "d");
    project.file("v1.csv", predictions(false, 2, "d").replace(",d7\n", ",d8\n"));
    let found = compared(&project, &["--cluster", "doc"]);
    assert_reference(&found);
    let warnings = found["warnings"].as_array().unwrap();
    let differs = warnings
        .iter()
        .find(|warning| warning["code"] == "cluster_differs")
        .unwrap();
    assert!(
        differs["text"].as_str().unwrap().contains("for 2 matched samples"),
        "{differs}"
    );
}

#[test]
fn a_cluster_column_that_is_missing_is_refused() {
    let project = project(1, "d");
    compare(&project, &["--cluster", "docs"])
        .expect_code(2)
        .stderr_has("v1.csv has no column \"docs\" (--cluster)")
        .stderr_has("did you mean \"doc\"?");
    assert!(project.warehouse().is_empty());
    compare(&project, &[]).ok();
    project
        .run(&["v1", "v2", "--cluster", "docs"])
        .expect_code(2)
        .stderr_has("`docs`")
        .stderr_has("`doc`");
}
